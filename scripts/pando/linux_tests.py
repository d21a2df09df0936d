# SPDX-License-Identifier: MIT
"""tests/linux in a guest: many topics in one boot, each compared with what real Linux printed.

A topic that takes the guest down, or that does not end, is blamed for it; the others go on in a new boot.
"""
import difflib
import os
import select
import subprocess
import time

import harness

EXPECTED = os.path.join(harness.ROOT, "tests", "linux", "expected")
PROGRAM = "/tests/linux-tests"
TOPIC_SECONDS = 120
BOOT_SECONDS = 120


def topics():
    """All topics, in the order of the sources: what TOPIC(...) registers."""
    names = []
    directory = os.path.join(harness.ROOT, "tests", "linux")
    for name in sorted(os.listdir(directory)):
        if name.endswith(".c"):
            with open(os.path.join(directory, name), encoding="utf-8") as file:
                names += [line[6:line.index(")")] for line in file if line.startswith("TOPIC(")]
    return sorted(set(names))


def expected_path(topic, arch):
    own = os.path.join(EXPECTED, "%s.%s.txt" % (topic, arch))
    return own if os.path.exists(own) else os.path.join(EXPECTED, "%s.txt" % topic)


def expected(topic, arch):
    try:
        with open(expected_path(topic, arch), encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except FileNotFoundError:
        return None


class Batch:
    """One boot of a list of topics; `outputs` is what each printed, "exit N" last."""

    def __init__(self, system, names, mode="--batch"):
        self.names = list(names)
        self.outputs = {}
        self.blamed = None
        self.reason = self.details = ""
        self.log_path = harness.log_file()
        self.process = subprocess.Popen(
            system.command(["tests"], ["--log", self.log_path]) + ["--", PROGRAM, mode] + self.names,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=harness.guest_environment(),
            cwd=harness.ROOT)

    def run(self):
        current, lines, held = None, [], b""
        deadline = time.monotonic() + BOOT_SECONDS
        out = self.process.stdout.fileno()
        while True:
            if not select.select([out], [], [], max(0, deadline - time.monotonic()))[0]:
                self._end(current, "did not end within %d s" % TOPIC_SECONDS if current else "the guest did not start",
                          lines)
                return
            data = os.read(out, 65536)
            if not data:
                break
            *whole, held = (held + data).split(b"\n")
            for line in whole:
                text = line.decode("utf-8", "surrogateescape")
                if text.startswith("@@ begin "):
                    current, lines = text[9:], []
                    deadline = time.monotonic() + TOPIC_SECONDS
                elif text.startswith("@@ end %s " % current):
                    self.outputs[current] = "\n".join(lines + [text[8 + len(current):], ""])
                    current = None
                    deadline = time.monotonic() + TOPIC_SECONDS
                else:
                    lines.append(text)
        self._end(current, None, lines)

    def _end(self, current, reason, lines):
        if reason:
            self.process.terminate()
        errors = self.process.stderr.read().decode(errors="replace").strip()
        status = self.process.wait()
        log = harness.take_log(self.log_path)
        left = [name for name in self.names if name not in self.outputs]
        if not left:
            return
        self.blamed = current or left[0]
        self.reason = reason or errors.split("\n")[-1] or "the guest ended with status %d" % status
        self.details = "--- guest log\n%s\n--- output\n%s" % (harness.tail(log), harness.tail("\n".join(lines)))


def collect(system, names, mode="--batch"):
    """Runs the topics in as many boots as it takes. Returns outputs, and (reason, details) of those blamed."""
    outputs, blamed, left = {}, {}, list(names)
    while left:
        batch = Batch(system, left, mode)
        batch.run()
        outputs.update(batch.outputs)
        if batch.blamed:
            blamed[batch.blamed] = (batch.reason, batch.details)
        left = [name for name in left if name not in outputs and name not in blamed]
    return outputs, blamed


def compare(topic, arch, output):
    """A result's reason and details; None if the output is as expected."""
    wanted = expected(topic, arch)
    if wanted is None:
        return "no expected output is recorded (scripts/test --oracle --record)", output
    if output == wanted:
        return None, ""
    lines = difflib.unified_diff(wanted.split("\n"), output.split("\n"), "Linux", "here", lineterm="", n=1)
    return "prints something else than Linux", harness.tail("\n".join(lines), 40)


def job(system, names, kind="linux"):
    def run():
        outputs, blamed = collect(system, names)
        results = []
        for topic in names:
            name = "%s/%s/%s" % (kind, system.arch if system.is_pando else system.name, topic)
            if topic in blamed:
                results.append(harness.Result(name, *blamed[topic]))
            else:
                results.append(harness.Result(name, *compare(topic, system.arch, outputs[topic])))
        return results
    return run


# Not compared: how objects lie in pages decides these too.
LEAK_LOOSE = ("free_frames", "pm_heap_pages", "vfs_heap_pages", "pm_frames", "vfs_frames")


# What slack is: some pages of a process that stays, and that a signal found deeper in its stack than before.
SLACK = 8


def read_counts(text):
    """/proc/pando/counts and counts-vfs. `frames` is without the pages of the two heaps, whose bytes are counted."""
    counts = {name: int(value) for name, value in (line.split() for line in text.strip().split("\n"))}
    counts["frames"] -= counts["pm_heap_pages"] + counts["vfs_heap_pages"]
    return counts


def leaks(before, after, slack=()):
    """What differs between two counts, as text; None if all of it is back. Names in slack may by a few."""
    changed = ["%s %+d" % (name, after[name] - before[name]) for name in before if name not in LEAK_LOOSE
               and abs(after[name] - before[name]) > (SLACK if name in slack else 0)]
    return "left behind: %s" % ", ".join(changed) if changed else None


# Each of the two heaps keeps 32 free pages; the rest is for caches, and for what objects that stay leave free in theirs.
PAGES_KEPT = 128


def pages_kept(before, after):
    """What a burst has cost for good, as text; None if it is within bounds. Caches may be filled by it."""
    lost = before["free_frames"] - after["free_frames"]
    return "%d pages kept" % lost if lost > PAGES_KEPT else None


def leak_reason(output):
    before, _, after = output.rpartition("exit 0")[0].partition("--\n")
    return leaks(read_counts(before), read_counts(after))


def leak_job(system, names):
    """Also what a topic leaves behind counts: of everything there must be as much after it as before."""
    def run():
        outputs, blamed = collect(system, names, "--leaks")
        results = []
        for topic in names:
            reason, details = blamed.get(topic) or (leak_reason(outputs[topic]), "")
            results.append(harness.Result("leak/%s/%s" % (system.name, topic), reason, details))
        return results
    return run


def record(arch, outputs, other_outputs):
    """Writes what real Linux printed: one file if both architectures agree, else one for each."""
    os.makedirs(EXPECTED, exist_ok=True)
    for topic, output in outputs.items():
        common = os.path.join(EXPECTED, "%s.txt" % topic)
        own = os.path.join(EXPECTED, "%s.%s.txt" % (topic, arch))
        same = other_outputs.get(topic, output) == output
        for path in (common, own):
            if os.path.exists(path) and path != (common if same else own) and (path == own or not same):
                os.unlink(path)
        with open(common if same else own, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(output)
