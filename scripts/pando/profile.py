# SPDX-License-Identifier: MIT
"""scripts/profile: where the instructions of one operation of tests/bench go (see USAGE)."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import counts  # noqa: E402
import harness  # noqa: E402
import order  # noqa: E402
import system_costs  # noqa: E402

LIMIT = 40

USAGE = """\
usage: scripts/profile [--arch A] [--all] OPERATION...
       scripts/profile --order

  --arch A   i386 (default) or riscv64
  --all      every symbol, not only the first %d

Guest instructions of operations of tests/bench in Pando, exactly counted, by program and symbol; then by program;
space switches, kernel calls and traps. Everything is for one run of the operation. Operations are chosen by a part
of their names, as in scripts/bench; "=NAME" chooses just that one. "boot" alone is everything from the machine's
first instruction to the shell's prompt. --order writes the files by which kernel and servers are linked (hot.order).
""" % LIMIT


def parse(arguments):
    arch, everything, names = "i386", False, []
    words = iter(arguments)
    for word in words:
        if word == "--help":
            sys.stdout.write(USAGE)
            sys.exit(0)
        if word == "--arch":
            arch = next(words, "")
        elif word == "--all":
            everything = True
        elif word.startswith("-"):
            sys.exit("scripts/profile: unknown option %s (see --help)" % word)
        else:
            names.append(word)
    if arch not in harness.ARCHITECTURES or not names:
        sys.exit(USAGE)
    return arch, everything, names


def plain(title, counted, runs):
    print(title)
    for name, count in counted.items():
        print("  %-36s %10.2f" % (name, count / runs))
    print()


def show(operation, everything):
    section, runs = operation.section, operation.runs
    total = section.total / runs
    print("# %s: %.1f instructions, mean of %d runs; by the guest's clock %s\n" %
          (operation.name, total, runs, operation.by_clock))
    symbols = [(program, symbol, count / runs) for (program, symbol), count in section.instructions.most_common()]
    width = max(len(symbol) for _, symbol, _ in symbols) + 1
    line = "%-16s%-" + str(width) + "s%14.1f %6.1f%%"
    print("%-16s%-*s%14s %7s" % ("program", width, "symbol", "instructions", "share"))
    for program, symbol, count in symbols if everything else symbols[:LIMIT]:
        print(line % (program, symbol, count, 100 * count / total))
    if not everything and len(symbols) > LIMIT:
        rest = sum(count for _, _, count in symbols[LIMIT:])
        print(line % ("", "%d others (--all)" % (len(symbols) - LIMIT), rest, 100 * rest / total))
    print()
    plain("by program", section.by_program(), runs)
    plain("space switches", {"": section.space_switches}, runs)
    plain("traps", section.traps_by_name(), runs)
    plain("kernel calls", section.kernel_calls(), runs)


def main(arguments):
    if arguments == ["--order"]:
        order.write(harness.ARCHITECTURES)
        return 0
    arch, everything, names = parse(arguments)
    counts.build(arch)
    if names == ["boot"]:
        section = system_costs.counted_boot(system_costs.System(arch, False))
        show(counts.Operation("boot", section.total, 1, section), everything)
        return 0
    for operation in counts.measure(arch, names):
        show(operation, everything)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
