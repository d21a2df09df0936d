# SPDX-License-Identifier: MIT
"""What every kind of test uses: results, jobs that run two at a time, and a guest command to completion.

Time-outs here and in the tests are for what hangs: many times what the slowest machine needs, as no test that passes
waits for one.
"""
import os
import subprocess
import sys
import tempfile
import threading
import time
import traceback

from tree import BUILD, ROOT

RUN = [sys.executable, "-I", os.path.join(ROOT, "scripts", "pando", "run.py")]
ARCHITECTURES = ("i386", "riscv64")


class Result:
    def __init__(self, name, reason=None, details=""):
        self.name, self.reason, self.details = name, reason, details

    @property
    def passed(self):
        return self.reason is None

    def report(self):
        return "not ok %s: %s\n%s" % (self.name, self.reason, indented(self.details))


class Failed(Exception):
    """A test's own verdict: one line, and what helps to understand it."""

    def __init__(self, reason, details=""):
        super().__init__(reason)
        self.reason, self.details = reason, details


class Completed:
    """A guest command that has ended: scripts/run's status, both streams, and the guest's log."""

    def __init__(self, status, out, err, log):
        self.status, self.out, self.err, self.log = status, out, err, log

    def details(self):
        parts = []
        for title, data in (("guest log", self.log), ("stdout", self.out), ("stderr", self.err)):
            if data.strip():
                parts.append("--- %s, %d bytes\n%s" % (title, len(data), tail(data, 12)))
        return "\n".join(parts)


def tail(data, lines=25):
    """The last lines, each cut to a bearable length and without control characters."""
    text = data.decode(errors="replace") if isinstance(data, bytes) else data
    kept = text.replace("\r", "").rstrip().split("\n")[-lines:]
    return "\n".join("".join(c if c.isprintable() else "?" for c in line[:160]) for line in kept)


def indented(text):
    return "".join("    %s\n" % line for line in text.rstrip().split("\n")) if text.strip() else ""


# Of a run's output only the end may be shown.
DIGEST_CHARACTERS = 900


def digest(failed):
    """What failed and why, in so little space: of each test's details the end, while there is room."""
    share = DIGEST_CHARACTERS // len(failed)
    text = ""
    for number, result in enumerate(failed):
        head = "not ok %s: %s" % (result.name, result.reason)
        more = "and %d more\n" % (len(failed) - number)
        if len(text) + min(len(head), 200) + len(more) > DIGEST_CHARACTERS:
            return text + more
        text += head[:200] + "\n"
        room = share - len(head)
        if room > 100:
            text += indented(result.details.strip()[-room:])
    return text


def guest_environment():
    """For scripts/run below us: everything is built already."""
    environment = dict(os.environ, PANDO_BUILT="1")
    environment.pop("TERM", None)
    return environment


def log_file():
    """A file for a guest's serial line, removed by whoever reads it."""
    handle, path = tempfile.mkstemp(prefix="pando-log.")
    os.close(handle)
    return path


def take_log(path):
    with open(path, "rb") as file:
        log = file.read()
    os.unlink(path)
    return log


class System:
    """What tests run on: Pando, or real Linux with the same user land. Archives are those of the build."""

    def __init__(self, arch, archives=("archive",), options=(), name=None):
        self.arch, self.archives, self.options = arch, tuple(archives), list(options)
        self.name = name or arch
        self.is_pando = name is None

    def command(self, more_archives=(), options=()):
        """scripts/run with its options, without what is to run."""
        words = RUN + ["--arch", self.arch] + self.options
        for archive in self.archives + tuple(more_archives):
            words += ["--initrd", os.path.join(BUILD, self.arch, archive + ".cpio")]
        return words + list(options)

    def run_alone(self, command, options=(), archives=(), stdin=b""):
        """The same, but on Pando it says on its standard error if a guest command leaves anything behind."""
        if self.is_pando and command[0] == "--":
            command, archives = ["--", "/tests/left-behind"] + command[1:], list(archives) + ["tests"]
        return self.run(command, stdin, options, archives)

    def run(self, command, stdin=b"", options=(), archives=(), timeout=300):
        """One scripts/run to its end. `command` begins with "--", or with a host program."""
        log = log_file()
        process = subprocess.run(
            self.command(archives, ["--log", log, "--timeout", str(timeout)] + list(options)) + list(command),
            input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=guest_environment(), cwd=ROOT, check=False)
        return Completed(process.returncode, process.stdout, process.stderr, take_log(log))


class Runner:
    """Runs jobs (functions that return results) with two workers, and tells each result as it comes."""

    def __init__(self, workers=2, verbose=False):
        self.workers, self.verbose = workers, verbose
        self.jobs, self.results = [], []
        self.lock = threading.Lock()

    def add(self, name, job):
        """`name` is for a job that breaks before it has results of its own."""
        self.jobs.append((name, job))

    def run(self):
        pending = iter(self.jobs)
        threads = [threading.Thread(target=self._work, args=(pending,)) for _ in range(self.workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.results

    def _work(self, pending):
        while True:
            with self.lock:
                name, job = next(pending, (None, None))
            if job is None:
                return
            began = time.monotonic()
            try:
                results = job()
            except Failed as failure:
                results = [Result(name, failure.reason, failure.details)]
            except Exception as error:  # A broken test is a failed test, never a lost one.
                results = [Result(name, "%s: %s" % (type(error).__name__, error), traceback.format_exc())]
            with self.lock:
                for result in results:
                    self._tell(result, time.monotonic() - began)

    def _tell(self, result, seconds):
        self.results.append(result)
        if not result.passed:
            print(result.report(), end="")
        elif self.verbose:
            print("ok %s (%.1f s)" % (result.name, seconds))
        sys.stdout.flush()


def single(name, function):
    """A job of one test: passes if the function returns."""
    def job():
        function()
        return [Result(name)]
    return job
