# SPDX-License-Identifier: MIT
"""What a system as a whole costs: from QEMU's start to the shell's prompt, memory in use there, size of its image."""
import os
import re
import socket
import statistics
import tempfile
import time

import counts
import guest
import oracle
import run
import tree

MEMORY_MIB = 256
PROMPT = b"/ # "
BOOTS = 10
SECONDS = 120


class System:
    """Pando, or Debian's Linux with the same user land."""

    def __init__(self, arch, on_linux):
        self.arch, self.on_linux = arch, on_linux
        build = os.path.join(tree.BUILD, arch)
        self.kernel = oracle.kernel(arch) if on_linux else os.path.join(build, "kernel")
        self.archives = [os.path.join(build, "rootfs.cpio" if on_linux else "archive.cpio")]
        self.overlay = oracle.overlay(arch) if on_linux else b""

    def image_kib(self):
        files = [self.kernel] + self.archives
        return (sum(os.path.getsize(file) for file in files) + len(self.overlay)) // 1024

    def machine(self):
        machine = guest.Machine(self.arch, self.kernel, run.initial_archive(self.archives, self.overlay))
        machine.memory = "%dM" % MEMORY_MIB
        if self.on_linux:
            machine.machine = oracle.MACHINE[self.arch]
            machine.append = ["console=ttyS0", "quiet"]
        return machine


class Boot:
    """A guest whose serial line is ours, up to its prompt. Use as a context manager."""

    def __init__(self, machine):
        self.started = time.monotonic()
        self.line, theirs = socket.socketpair()
        self.line.settimeout(SECONDS)
        null = os.open("/dev/null", os.O_RDWR)
        command = machine.command() + ["-chardev", "socket,id=serial,fd=%d" % theirs.fileno(),
                                       "-serial", "chardev:serial"]
        self.pid = guest.spawn(command, [theirs.fileno(), machine.initrd_fd], null, null, null)
        for fd in (null, machine.initrd_fd):
            os.close(fd)
        theirs.close()

    def __enter__(self):
        try:
            self.until_prompt()
        except BaseException:
            self.__exit__()
            raise
        self.seconds = time.monotonic() - self.started
        return self

    def __exit__(self, *_):
        """SIGTERM, so that plugins tell what they know."""
        os.kill(self.pid, 15)
        os.waitpid(self.pid, 0)
        self.line.close()

    def until_prompt(self):
        seen = b""
        while PROMPT not in seen:
            data = self.line.recv(65536)
            if not data:
                raise RuntimeError("QEMU ended before the prompt: %r" % seen[-200:])
            seen += data
        return seen

    def command(self, text):
        self.line.sendall(text.encode() + b"\n")
        return self.until_prompt().decode(errors="replace")


def counted_boot(system):
    """counts.Section of all that ran from the first instruction to the prompt, firmware included."""
    with tempfile.NamedTemporaryFile(suffix=".counts") as out:
        machine = system.machine()
        machine.icount, machine.seed = True, 1
        machine.words = ["-plugin", "%s,out=%s" % (counts.PLUGIN, out.name)]
        with Boot(machine):
            pass
        return counts.Reader(system.arch).sections(out.name)[0]


def boot_milliseconds(system):
    times = []
    for _ in range(BOOTS):
        with Boot(system.machine()) as boot:
            times.append(boot.seconds * 1000)
    return round(statistics.median(times))


def memory_kib(system):
    """All memory of the machine but what is free."""
    with Boot(system.machine()) as boot:
        return MEMORY_MIB * 1024 - int(re.search(r"MemFree:\s+(\d+) kB", boot.command("cat /proc/meminfo")).group(1))


def figures(arch, on_linux, wall):
    """{row: figure}"""
    system = System(arch, on_linux)
    found = {"boot, instructions": counted_boot(system).total, "memory at the prompt, KiB": memory_kib(system),
             "image, KiB": system.image_kib()}
    if wall:
        found["boot, ms"] = boot_milliseconds(system)
    return found
