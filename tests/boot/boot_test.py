# SPDX-License-Identifier: MIT
"""Boots: every machine, CPU model and memory size; scripts/run's own exit statuses; repeatable runs."""
import re
import struct
import tempfile

import counts
import harness
import terminal

Failed = harness.Failed


def expect(done, status, out=None):
    if done.status != status:
        raise Failed("status %d, not %d" % (done.status, status), done.details())
    if status == 0 and done.err:
        raise Failed("something is on stderr", done.details())
    if out is not None and not re.fullmatch(out, done.out, re.DOTALL):
        raise Failed("stdout is not as it should be", done.details())


def boots_with(system, options, least=0, most=1 << 40):
    """A command runs, and the memory it sees is between these (in kB)."""
    done = system.run_alone(["--", "cat", "/proc/meminfo"], options)
    expect(done, 0)
    total = int(re.search(rb"MemTotal:\s+(\d+) kB", done.out).group(1))
    if not least <= total <= most:
        raise Failed("%d kB of memory, not %d to %d" % (total, least, most), done.details())


def boots_to_prompt(system, options):
    with terminal.Terminal(system, options) as shell, shell.leaving_nothing():
        shell.command("echo $((6 * 7))", "42")


def own_status(system, options, command, status, line, **how):
    """scripts/run's own statuses come with exactly one line on stderr."""
    done = system.run(command, options=options, **how)
    expect(done, status, b"")
    if not re.fullmatch(line + rb"\n", done.err):
        raise Failed("stderr is not one line like %r" % line, done.details())


def foreign_program(system):
    with tempfile.NamedTemporaryFile(suffix=".elf") as file:
        # An ELF header of x86-64 (machine 62).
        file.write(b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 2, 62) + bytes(44))
        file.flush()
        own_status(system, [], [file.name], 125, rb"scripts/run: .*: a program for x86-64.*")


def other_guest(system, arch):
    other = "riscv64" if arch == "i386" else "i386"
    own_status(system, [], ["build/init-" + other], 125, rb"scripts/run: .*: a program for %s.*" % other.encode())


def repeatable(system):
    """With counted instructions and a seed, two runs give the same random numbers."""
    outs = []
    for seed in ("5", "5", "6"):
        done = system.run_alone(["--", "sh", "-c", "head -c 16 /dev/urandom | od -An -tx1"], ["--icount", "--seed", seed])
        expect(done, 0)
        outs.append(done.out)
    if outs[0] != outs[1]:
        raise Failed("two runs with one seed differ", "%r\n%r" % (outs[0], outs[1]))
    if outs[0] == outs[2]:
        raise Failed("another seed changes nothing", "%r" % outs[0])


def counted_wait(system):
    """With counted instructions, a guest that waits for the host goes on when it is served."""
    with terminal.Terminal(system, ["--icount"]) as shell, shell.leaving_nothing():
        for _ in range(10):
            shell.command("echo $((6 * 7))", "42")


def log_file(system):
    """--log gets the serial line, which says nothing on our streams."""
    done = system.run_alone(["--", "true"], ["--append", "log"])
    expect(done, 0, b"")
    if not done.log.strip():
        raise Failed("the log is empty")


def idle(system):
    """At the prompt the guest halts: QEMU needs next to no time of the host's CPU."""
    with terminal.Terminal(system) as shell:
        shell.command("echo ready", "ready")
        # On a busy host, QEMU may be late with what was before.
        busy = min(shell.cpu_seconds_during(3) for _ in range(2))
        shell.leave()
    if busy > 0.3:
        raise Failed("QEMU used %.2f s of 3 at the prompt" % busy)


def profile(system):
    """What scripts/profile tells is what the guest's clock and the operations themselves say."""
    null, read = counts.measure(system.arch, ["=null-call", "=read-1"])
    for operation in (null, read):
        mean = operation.section.total / operation.runs
        if abs(mean - operation.by_clock) > 2: # rounded down, and over 200 runs riscv64's clock counts 100 at a time
            raise Failed("%s: %.1f instructions counted, %d by the clock" % (operation.name, mean, operation.by_clock))
    programs = null.section.by_program()
    if null.section.space_switches or {"kernel", "bench"} - set(programs) or set(programs) - {"kernel", "bench", "vdso"}:
        raise Failed("getppid needs more than its program and the kernel: %d switches, %r" %
                     (null.section.space_switches, programs))
    switches, calls = read.section.space_switches / read.runs, read.section.kernel_calls()
    if not 2 <= switches < 2.1 or "vfs" not in read.section.by_program() or calls[counts.SHORT_WAY] < read.runs:
        raise Failed("a read is not one visit to vfs: %.2f switches, %r" % (switches, calls))


def tests(system):
    arch = system.arch
    memory = [
        ("memory_64M", lambda: boots_with(system, ["--memory", "64M"], 20 << 10, 64 << 10)),
        ("memory_2G", lambda: boots_with(system, ["--memory", "2G"], 1800 << 10, 2048 << 10)),
    ]
    i386 = [
        ("cpu_qemu32", lambda: boots_with(system, ["--cpu", "qemu32"])),
        ("cpu_without_sysenter", lambda: boots_with(system, ["--cpu", "max,-sep"])),
        ("cpu_pentium2", lambda: boots_with(system, ["--cpu", "pentium2"])),
        ("machine_pc", lambda: boots_to_prompt(system, ["--machine", "pc"])),
        ("machine_pc_qemu32", lambda: boots_to_prompt(system, ["--machine", "pc", "--cpu", "qemu32"])),
    ]
    statuses = [
        ("status_panic", lambda: own_status(system, ["--append", "init=/nothing"], ["--", "true"], 120,
                                            rb"scripts/run: guest panic: no init found")),
        ("status_timeout", lambda: own_status(system, [], ["--", "sleep", "1000"], 124, rb"scripts/run: timed out.*",
                                              timeout=5)),
        ("status_missing", lambda: own_status(system, [], ["./no-such-program"], 122, rb"scripts/run: .*no such file")),
        ("status_not_elf", lambda: own_status(system, [], ["README.md"], 123, rb"scripts/run: README.md: not an ELF file")),
        ("status_foreign", lambda: foreign_program(system)),
        ("status_other_guest", lambda: other_guest(system, arch)),
        ("status_powered_off", lambda: own_status(system, [], ["--", "poweroff", "-f"], 121, rb"scripts/run: the guest ended.*")),
        ("status_usage", lambda: own_status(system, ["--no-such-option"], ["--", "true"], 2, rb"scripts/run: unknown option.*")),
    ]
    others = [
        ("prompt", lambda: boots_to_prompt(system, [])),
        ("repeatable", lambda: repeatable(system)),
        ("counted_wait", lambda: counted_wait(system)),
        ("log", lambda: log_file(system)),
        ("idle", lambda: idle(system)),
        ("profile", lambda: profile(system)),
    ]
    table = memory + (i386 if arch == "i386" else []) + statuses + others
    return [("boot/%s/%s" % (arch, name), function) for name, function in table]


