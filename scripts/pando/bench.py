# SPDX-License-Identifier: MIT
"""scripts/bench: the same static program in Pando and on Linux, in guest instructions and wall time (see USAGE)."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import counts  # noqa: E402
import kernel_tests  # noqa: E402
import oracle  # noqa: E402
import system_costs  # noqa: E402
from tree import BUILD, ROOT  # noqa: E402

TABLE = os.path.join(ROOT, "docs", "performance.md")
REGRESSION = 1.10  # how much of the committed count is still the same speed
LINUX_RUNS = 3
# Pando's own: rows of the table, and what tests/kernel calls them.
KERNEL_ROWS = {"kernel-call-reply": "call_reply", "kernel-notify-receive": "notify_receive", "kernel-page-in": "page_in"}

USAGE = """\
usage: scripts/bench [--arch A] [--wall] [--pando] [--check] [OPERATION...]

  --arch A   i386 (default) or riscv64
  --wall     wall time under plain TCG beside guest instructions
  --pando    only Pando's half: needs no Linux kernel
  --check    compare Pando's instructions with the committed table (docs/performance.md); exit 1 if an operation
             takes more than 10 % more
Operations are chosen by a part of their names. Without any, the second table is about the system as a whole.
"""


class Options:
    def __init__(self, arguments):
        self.arch, self.wall, self.pando, self.check, self.filters = "i386", False, False, False, []
        words = iter(arguments)
        for word in words:
            if word == "--arch":
                self.arch = next(words, "")
            elif word in ("--wall", "--pando", "--check"):
                setattr(self, word[2:], True)
            elif word.startswith("-"):
                sys.exit("scripts/bench: unknown option %s (see --help)" % word)
            else:
                self.filters.append(word)
        if self.arch not in oracle.ARCHITECTURES:
            sys.exit("scripts/bench: --arch is one of: %s" % " ".join(oracle.ARCHITECTURES))


def run(options, extra, where=None):
    """{operation: figure} of one run of the program in a guest."""
    command = [os.path.join(ROOT, "scripts", "run")] + (where or counts.guest_options(options.arch)) + extra
    done = subprocess.run(command + [os.path.join(BUILD, "bench-" + options.arch)] + options.filters,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    figures = {}
    for line in done.stdout.splitlines():
        name, value, _ = line.split()
        figures[name] = int(value)
    if done.returncode != 0:
        print("(ended with status %d after %d operations)" % (done.returncode, len(figures)), file=sys.stderr)
    return figures


def counted(options):
    """{operation: instructions} and {operation: space switches} of one run of it in Pando."""
    operations = counts.measure(options.arch, options.filters)
    instructions = {operation.name: operation.by_clock for operation in operations}
    instructions.update(kernel_rows(options))
    return (instructions,
            {operation.name: round(operation.section.space_switches / operation.runs) for operation in operations})


def kernel_rows(options):
    """What tests/kernel measures of the kernel alone."""
    wanted = [row for row in KERNEL_ROWS if not options.filters or any(word in row for word in options.filters)]
    if not wanted:
        return {}
    log, _, _ = kernel_tests.boot(options.arch, ["only=bench/"])
    told = dict(re.findall(r"^bench (\w+) (\d+)\r?$", log.decode(errors="replace"), re.MULTILINE))
    return {row: int(told[KERNEL_ROWS[row]]) for row in wanted}


def on_linux(options, archive, extra):
    """The least of some runs: Linux's own timers and workers are in all of them, and not the same twice."""
    where = ["--arch", options.arch, "--memory", counts.MEMORY, "--timeout", "600", "--kernel", oracle.kernel(options.arch),
             "--initrd", archive, "--machine", oracle.MACHINE[options.arch]]
    runs = [run(options, extra, where) for _ in range(LINUX_RUNS)]
    return {name: min(figures[name] for figures in runs if name in figures) for name in runs[0]}


def linux_archive(arch, file):
    """The guest's own root file system under Linux."""
    for name in ("rootfs", "extra"):
        with open(os.path.join(BUILD, arch, name + ".cpio"), "rb") as base:
            data = base.read()
        file.write(data + bytes(-len(data) % 4))
    file.write(oracle.overlay(arch))
    file.flush()


def committed(arch):
    """Pando's instruction counts in docs/performance.md: rows under the heading of the architecture."""
    counts, current = {}, None
    with open(TABLE, encoding="utf-8") as file:
        for line in file:
            heading = re.match(r"## .*\b(i386|riscv64)\b", line)
            if heading:
                current = heading.group(1)
            cells = [cell.strip() for cell in line.split("|")]
            if current == arch and len(cells) > 4 and cells[3].replace(",", "").isdigit():
                counts[cells[1]] = int(cells[3].replace(",", ""))
    return counts


def check(options, figures):
    worse = 0
    for name, before in committed(options.arch).items():
        if name in figures and figures[name] > before * REGRESSION:
            print("%s: %d, %d committed" % (name, figures[name], before))
            worse += 1
    print("%d operations compared, %d regressed" % (len(figures), worse))
    return 1 if worse else 0


def show(names, columns):
    """A Markdown table of (title, {operation: figure}); a column of the title "ratio" divides the two before it."""
    print("| operation | " + " | ".join(title for title, _ in columns) + " |")
    print("| --- |" + " ---: |" * len(columns))
    for name in names:
        cells = []
        for i, (title, figures) in enumerate(columns):
            if title == "ratio":
                linux, pando = columns[i - 2][1].get(name), columns[i - 1][1].get(name)
                cells.append("%.2f" % (pando / linux) if linux and pando is not None else "-")
            else:
                cells.append(format(figures[name], ",") if name in figures else "-")
        print("| %s | %s |" % (name, " | ".join(cells)))


def columns_of(options, pando, switches):
    with tempfile.NamedTemporaryFile(suffix=".cpio") as archive:
        linux_archive(options.arch, archive)
        columns = [("Linux", on_linux(options, archive.name, ["--icount"])), ("Pando", pando), ("ratio", {}),
                   ("switches", switches)]
        if options.wall:
            columns += [("Linux, ns", on_linux(options, archive.name, [])), ("Pando, ns", run(options, [])),
                        ("ratio", {})]
    return columns


def main(arguments):
    options = Options(arguments)
    counts.build(options.arch)
    pando, switches = counted(options)
    whole = {} if options.filters else system_costs.figures(options.arch, False, options.wall)
    if options.check:
        return check(options, {**pando, **whole})
    show(list(pando), [("Pando", pando), ("switches", switches)] if options.pando else
         columns_of(options, pando, switches))
    if whole:
        print()
        linux = {} if options.pando else system_costs.figures(options.arch, True, options.wall)
        show(list(whole), [("Pando", whole)] if options.pando else [("Linux", linux), ("Pando", whole), ("ratio", {})])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
