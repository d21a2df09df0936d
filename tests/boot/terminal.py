# SPDX-License-Identifier: MIT
"""A person at the guest's terminal: scripts/run under pexpect, and a shell whose prompt nothing else prints."""
import contextlib
import os
import re
import termios
import time

import pexpect

import harness
import linux_tests

PROMPT = "pando-prompt> "
# What a session may not leave more of; frames by a few, since the shell keeps some memory, for its history.
COUNTED = ("tasks", "ports", "spaces", "calls", "routes", "irqs", "quotas", "handles", "threads", "clients", "frames")
SECONDS = 120


def keep_line_ends():
    """The guest's terminal has made CR LF already; QEMU leaves this setting of ours alone."""
    settings = termios.tcgetattr(0)
    settings[1] &= ~termios.ONLCR
    termios.tcsetattr(0, termios.TCSANOW, settings)


class Terminal:
    """Use as a context manager: QEMU is gone afterwards, whatever happened."""

    def __init__(self, system, options=(), archives=()):
        self.is_pando = system.is_pando
        self.log = harness.log_file()
        words = system.command(archives, ["--log", self.log] + list(options))
        environment = dict(harness.guest_environment(), TERM="linux")
        self.child = pexpect.spawn(words[0], words[1:], env=environment, cwd=harness.ROOT, timeout=SECONDS,
                                   encoding="utf-8", codec_errors="replace", dimensions=(24, 80),
                                   preexec_fn=keep_line_ends)
        self.child.delaybeforesend = None
        self.seen = ""

    def __enter__(self):
        try:
            self.expect_prompt_of_any_shell()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, error, trace):
        self.close()

    def close(self):
        if self.child.isalive():
            self.child.terminate(force=True)
        self.child.close(force=True)
        if os.path.exists(self.log):
            os.unlink(self.log)

    def expect_prompt_of_any_shell(self):
        # busybox's line editor asks the terminal for its cursor behind the prompt, if nothing was typed yet.
        self.expect(r"[#$] (?:\x1b\[6n)?$")
        # In two words, so that the echo of this line is not taken for the prompt.
        self.line("PS1=pando-'prompt> '")
        self.prompt()

    def expect(self, pattern):
        """Waits for the pattern; returns what came before it."""
        try:
            self.child.expect(pattern)
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            what = "the terminal ended" if isinstance(error, pexpect.EOF) else "nothing came in %d s" % SECONDS
            raise harness.Failed("%s, waiting for %r" % (what, pattern),
                                 harness.tail(self.seen[-1500:] + "|" + (self.child.before or "")[-1500:])) from None
        self.seen += self.child.before + (self.child.after if isinstance(self.child.after, str) else "")
        return self.child.before

    def type(self, text):
        self.child.send(text)

    def line(self, text):
        self.child.send(text + "\r")

    def control(self, letter):
        self.child.send(chr(ord(letter.upper()) - 64))

    def prompt(self):
        return self.expect(re.escape(PROMPT))

    def command(self, text, *patterns):
        """Types a command and returns its output, without echo, up to the next prompt; the patterns must be in it."""
        self.line(text)
        output = self.prompt()
        output = output.replace("\r", "").partition("\n")[2]
        for pattern in patterns:
            if not re.search(pattern, output):
                raise harness.Failed("%r has no %r" % (text, pattern), output[-1000:])
        return output

    def start(self, text, more=""):
        """Begins a program in the foreground; only once it runs is the terminal set for it, and ours to type on."""
        self.line("sh -c 'echo started; exec %s'%s" % (text, more))
        self.expect("\nstarted\r?\n")

    @contextlib.contextmanager
    def leaving_nothing(self):
        """What is done within leaves nothing behind on Pando; then the shell is left."""
        before = self.counts()
        yield
        left = linux_tests.leaks(before, self.counts(), slack=("frames",))
        if left:
            raise harness.Failed(left)
        self.leave()

    def counts(self):
        """{name: value} of what is COUNTED, on Pando."""
        if not self.is_pando:
            return {}
        text = self.command("cat /proc/pando/counts /proc/pando/counts-vfs", r"tasks \d", r"clients \d")
        counts = linux_tests.read_counts("".join(re.findall(r"^\w+ \d+\n", text, re.MULTILINE)))
        return {name: counts[name] for name in COUNTED}

    def leave(self):
        """The shell's end powers the guest off."""
        self.line("exit")
        self.expect(pexpect.EOF)
        self.child.close()
        if self.child.exitstatus != 0:
            raise harness.Failed("scripts/run ended with %s" % self.child.exitstatus, harness.tail(self.seen[-1500:]))

    def cpu_seconds_during(self, seconds):
        """What QEMU, the child of scripts/run, used of the host's CPU in a time of doing nothing."""
        with open("/proc/%d/task/%d/children" % (self.child.pid, self.child.pid), encoding="ascii") as file:
            qemu = int(file.read().split()[0])
        began = self._cpu_seconds(qemu)
        time.sleep(seconds)
        return self._cpu_seconds(qemu) - began

    @staticmethod
    def _cpu_seconds(pid):
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
