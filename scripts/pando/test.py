# SPDX-License-Identifier: MIT
"""The host side of scripts/test: which tests there are, built and run, and the last line (see USAGE)."""
import fnmatch
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(os.path.dirname(HERE)), "tests", "boot")]
import boot_test  # noqa: E402
import harness  # noqa: E402
import interactive_test  # noqa: E402
import kernel_tests  # noqa: E402
import linux_tests  # noqa: E402
import oracle  # noqa: E402
import run  # noqa: E402
import shell_test  # noqa: E402
import tree  # noqa: E402

USAGE = """\
usage: scripts/test [options] [FILTER...]
  --arch A     only this architecture (i386 or riscv64); host tests run only without it, or with i386
  --all        also the checks: scripts/check, and scripts/bench --pando --check
  --list       the names of the tests, without running them
  --verbose    tell the tests that passed too
  --jobs N     how many run at a time (default 2)
  --oracle     run the linux, shell and interactive tests on Debian's Linux kernels instead of Pando
  --record     with --oracle: write what tests/linux printed there as the expected output

A test's name is KIND/ARCH/NAME, with the kinds check, bench, host, kernel, linux, leak, delay, fail, boot, shell
and interactive. FILTER selects those whose names contain it (or match it, with * and ?). What fails is told at once, and
again at the end, shortest last. Ends with "N passed, N failed"; the status is 0 only if none failed and at least one ran.
"""

# So many topics of tests/linux share a boot, that both workers have something to do.
LINUX_BATCH = 60


class Selection:
    def __init__(self, filters):
        self.filters = filters

    def takes(self, name):
        return not self.filters or any(word in name or fnmatch.fnmatch(name, word) for word in self.filters)


def checks(architectures):
    """What a change must pass besides the tests. The longest of all jobs is among them, so they come first."""
    if "i386" in architectures:
        yield "check/any/sources", lambda: host_command(["scripts/check", "--jobs", "1"])
    for arch in architectures:
        yield ("bench/%s/counts" % arch,
               lambda arch=arch: host_command(["scripts/bench", "--arch", arch, "--pando", "--check"]))


def host_command(command):
    done = subprocess.run(command, cwd=harness.ROOT, env=harness.guest_environment(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise harness.Failed("status %d" % done.returncode, harness.tail(done.stdout, 40))


def host_tests(selection):
    """What meson knows as tests: unit tests, and checks of the build. Not its suite of guests, which is us."""
    with open(os.path.join(tree.BUILD, "meson-info", "intro-tests.json"), encoding="utf-8") as file:
        described = json.load(file)
    for test in described:
        suite = test["suite"][0].partition(":")[2] or "any"
        name = "host/%s/%s" % (suite, test["name"])
        if suite != "guest" and selection.takes(name):
            yield name, lambda test=test: host_test(test)


def host_test(test):
    environment = dict(os.environ, **test["env"])
    done = subprocess.run(test["cmd"], cwd=test["workdir"] or tree.BUILD, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)
    if done.returncode:
        raise harness.Failed("status %d" % done.returncode, harness.tail(done.stdout, 40))


def linux_jobs(system, selection):
    names = [name for name in linux_tests.topics() if selection.takes("linux/%s/%s" % (system.name, name))]
    for at in range(0, len(names), LINUX_BATCH):
        yield "linux/%s" % system.name, linux_tests.job(system, names[at:at + LINUX_BATCH])


# What passes between programs, pm and vfs is held for times that this number decides (tests/delay).
DELAY_SEED = 1
DELAY_ROUNDS = 1000


def delay_jobs(arch, selection):
    """The topics again where every call of vfs takes longer than anybody would like."""
    system = harness.System(arch, ("archive", "delay"), ["--icount", "--seed", "1", "--append", "delay=%d" % DELAY_SEED])
    names = [name for name in linux_tests.topics() if selection.takes("delay/%s/%s" % (arch, name))]
    for at in range(0, len(names), LINUX_BATCH):
        yield "delay/%s" % arch, linux_tests.job(system, names[at:at + LINUX_BATCH], "delay")
    yield from single_jobs([("delay/%s/rounds" % arch, lambda: delay_rounds(system))], selection)


def delay_rounds(system):
    """Signals, stops, kills, execs and exits against callers of the delaying server: nothing lost, doubled or stuck."""
    done = system.run(["--", "/tests/delay-rounds", str(DELAY_ROUNDS), str(DELAY_SEED)])
    if done.status != 0:
        raise harness.Failed("status %d" % done.status, done.details())
    met = re.findall(r"(\d+) (\w+)", done.out.decode())
    if len(met) != 10 or any(int(number) < 100 for number, _ in met):
        raise harness.Failed("hardly tested", done.details())


def failure_sweep(system, where):
    """Each allocation in turn fails: the program is told, or killed, and nothing is left behind."""
    done = system.run(["--", "/tests/failures", where], options=["--icount", "--seed", "1"], archives=["tests"])
    if done.status != 0:
        raise harness.Failed("status %d" % done.status, done.details())
    figures = re.fullmatch(r"(\d+) failed: (\d+) unharmed, (\d+) refused, (\d+) killed\n", done.out.decode())
    if not figures or int(figures.group(1)) < 50 or int(figures.group(3)) < 20:
        raise harness.Failed("hardly tested", done.details())


def failure_tests(system):
    return [("fail/%s/%s" % (system.name, where), lambda where=where: failure_sweep(system, where))
            for where in ("kernel", "pm", "vfs")]


def leak_jobs(system, selection):
    names = [name for name in linux_tests.topics() if selection.takes("leak/%s/%s" % (system.name, name))]
    for at in range(0, len(names), LINUX_BATCH):
        yield "leak/%s" % system.name, linux_tests.leak_job(system, names[at:at + LINUX_BATCH])


def single_jobs(tests, selection):
    for name, function in tests:
        if selection.takes(name):
            yield name, harness.single(name, function)


def pando_jobs(architectures, selection, with_checks=False):
    if with_checks:
        yield from single_jobs(checks(architectures), selection)
    if "i386" in architectures:
        yield from single_jobs(host_tests(selection), selection)
    for arch in architectures:
        system = harness.System(arch)
        if selection.takes("kernel/%s" % arch) or any("kernel/%s/" % arch in word for word in selection.filters):
            yield "kernel/%s" % arch, kernel_tests.job(arch, selection)
        yield from linux_jobs(system, selection)
        yield from leak_jobs(system, selection)
        yield from delay_jobs(arch, selection)
        yield from single_jobs(failure_tests(system), selection)
        yield from single_jobs(boot_test.tests(system), selection)
        yield from single_jobs(shell_test.tests(system), selection)
        yield from single_jobs(interactive_test.tests(system), selection)


def oracle_jobs(architectures, selection):
    for arch in architectures:
        system = oracle.system(arch)
        yield from linux_jobs(system, selection)
        yield from single_jobs(shell_test.tests(system), selection)
        yield from single_jobs(interactive_test.tests(system), selection)


def record(architectures, selection):
    """Twice on each: what differs from one run to the next is no test."""
    outputs, unstable = {}, []
    topics = [name for name in linux_tests.topics() if selection.takes("linux/%s" % name)]
    for arch in architectures:
        system = oracle.system(arch)
        outputs[arch], blamed = linux_tests.collect(system, topics)
        again, blamed_again = linux_tests.collect(system, topics)
        unstable += ["%s/%s" % (arch, topic) for topic in {**blamed, **blamed_again}]
        unstable += ["%s/%s" % (arch, topic) for topic in outputs[arch] if outputs[arch][topic] != again.get(topic)]
    for arch in architectures:
        others = [outputs[other] for other in architectures if other != arch]
        linux_tests.record(arch, outputs[arch], others[0] if others else {})
    for name in unstable:
        print("not ok linux/%s: not the same twice" % name)
    count = len(topics) * len(architectures)
    print("%d passed, %d failed" % (count - len(unstable), len(unstable)))
    return 1 if unstable else 0


def names_of(jobs, architectures, selection, on_linux):
    """For --list: batches are told topic by topic; what a kernel test program runs, only it knows."""
    names = [name for name, _ in jobs if name.count("/") == 2 or name.startswith("kernel/")]
    for arch in architectures:
        system = "linux-" + arch if on_linux else arch
        kinds = ("linux",) if on_linux else ("linux", "leak", "delay")
        names += ["%s/%s/%s" % (kind, system, topic) for kind in kinds for topic in linux_tests.topics()]
    return [name for name in names if selection.takes(name)]


def main(arguments):
    architectures, filters, flags, jobs_at_once = list(harness.ARCHITECTURES), [], set(), 2
    words = iter(arguments)
    for word in words:
        if word == "--arch":
            architectures = [next(words, "")]
        elif word == "--jobs":
            jobs_at_once = int(next(words, "2"))
        elif word in ("--all", "--list", "--verbose", "--oracle", "--record"):
            flags.add(word)
        elif word.startswith("-"):
            sys.stderr.write(USAGE)
            return 2
        else:
            filters.append(word)
    if not set(architectures) <= set(harness.ARCHITECTURES):
        sys.stderr.write("scripts/test: --arch is one of: %s\n" % " ".join(harness.ARCHITECTURES))
        return 2
    run.build([])  # everything, once; the tests then find it ready
    selection = Selection(filters)
    if "--record" in flags:
        return record(architectures, selection)
    if "--oracle" in flags:
        jobs = list(oracle_jobs(architectures, selection))
    else:
        jobs = list(pando_jobs(architectures, selection, "--all" in flags))
    if "--list" in flags:
        print("\n".join(names_of(jobs, architectures, selection, "--oracle" in flags)))
        return 0
    runner = harness.Runner(jobs_at_once, "--verbose" in flags)
    for name, job in jobs:
        runner.add(name, job)
    return tell(runner.run())


def tell(results):
    """The end of the output says by itself what failed and why."""
    failed = sorted((result for result in results if not result.passed), key=lambda result: -len(result.report()))
    if failed:
        print("\nfailed:\n" + "".join(result.report() for result in failed) + "\nin short:\n" + harness.digest(failed))
    print("%d passed, %d failed" % (len(results) - len(failed), len(failed)))
    return 1 if failed or not results else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except run.Failure as failure:
        sys.stderr.write("scripts/test: %s\n" % failure)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
