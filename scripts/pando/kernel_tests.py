# SPDX-License-Identifier: MIT
"""tests/kernel in a guest: native programs in place of the servers, which tell "ok NAME" or "not ok NAME: why" in
the kernel's log and power off with the number of failures as status."""
import os
import select
import signal
import time

import guest
import harness
import run
import tree

SECONDS = 900


def boot(arch, words=()):
    """The log, and whether QEMU was still running at the deadline."""
    build = os.path.join(tree.BUILD, arch)
    machine = guest.Machine(arch, os.path.join(build, "kernel"),
                            run.initial_archive([os.path.join(build, "kernel-tests.cpio")], b""))
    machine.append = ["log"] + list(words)
    machine.icount = True  # tests of the scheduler count time, which must not be the busy host's
    reading, writing = os.pipe()
    null = os.open("/dev/null", os.O_RDWR)
    pid = guest.spawn(machine.command() + ["-serial", "stdio"], [machine.initrd_fd], null, writing, writing)
    for fd in (writing, null, machine.initrd_fd):
        os.close(fd)
    log, deadline, late = b"", time.monotonic() + SECONDS, False
    while True:
        if not select.select([reading], [], [], max(0, deadline - time.monotonic()))[0]:
            late = True
            break
        data = os.read(reading, 65536)
        if not data:
            break
        log += data
    os.close(reading)
    if late:
        os.kill(pid, signal.SIGKILL)
    status = guest.exit_status(os.waitpid(pid, 0)[1])
    return log, status, late


def job(arch, selection):
    def run_tests():
        log, status, late = boot(arch)
        results = []
        for line in log.decode(errors="replace").replace("\r", "").split("\n"):
            good, bad = line.startswith("ok "), line.startswith("not ok ")
            if good or bad:
                name, _, why = line[3 if good else 7:].partition(": ")
                results.append(harness.Result("kernel/%s/%s" % (arch, name.strip()), why or "failed" if bad else None))
        results = [result for result in results if selection.takes(result.name)]
        machine = guest.Machine(arch, "", 0)
        panic = guest.panic_line(log)
        if panic or late or not results or (machine.powered_off(status) == any(not r.passed for r in results)):
            reason = panic or ("did not end within %d s" % SECONDS if late else "ended with QEMU's status %d" % status)
            if not (results and not panic and not late and selection.filters):
                results.append(harness.Result("kernel/%s/whole" % arch, reason, harness.tail(log)))
        return results
    return run_tests
