# SPDX-License-Identifier: MIT
"""scripts/bench: the same static program in Pando and on Linux, counted in guest instructions and wall time."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import oracle  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TABLE = os.path.join(ROOT, "docs", "performance.md")
REGRESSION = 1.10  # how much of the committed count is still the same speed
TIMEOUT = "600"

USAGE = """\
usage: scripts/bench [--arch A] [--wall] [--pando] [--check] [OPERATION...]

  --arch A   i386 (default) or riscv64
  --wall     wall time under plain TCG beside guest instructions
  --pando    only Pando's half: needs no Linux kernel
  --check    compare Pando's instructions with the committed table (docs/performance.md); exit 1 if an operation
             takes more than 10 % more
Operations are chosen by a part of their names.
"""


class Options:
    def __init__(self, arguments):
        self.arch, self.wall, self.pando, self.check, self.filters = "i386", False, False, False, []
        words = iter(arguments)
        for word in words:
            if word == "--help":
                sys.stdout.write(USAGE)
                sys.exit(0)
            elif word == "--arch":
                self.arch = next(words, "")
            elif word in ("--wall", "--pando", "--check"):
                setattr(self, word[2:], True)
            elif word.startswith("-"):
                sys.exit("scripts/bench: unknown option %s (see --help)" % word)
            else:
                self.filters.append(word)
        if self.arch not in oracle.ARCHITECTURES:
            sys.exit("scripts/bench: --arch is one of: %s" % " ".join(oracle.ARCHITECTURES))


def run(options, extra):
    """{operation: figure} of one run of the program in a guest."""
    program = os.path.join(ROOT, "build", "bench-" + options.arch)
    command = [os.path.join(ROOT, "scripts", "run"), "--arch", options.arch, "--memory", "512M", "--timeout", TIMEOUT]
    done = subprocess.run(command + extra + [program] + options.filters, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True)
    figures = {}
    for line in done.stdout.splitlines():
        name, _, value = line.partition(" ")
        figures[name] = int(value)
    if done.returncode != 0:
        print("(ended with status %d after %d operations)" % (done.returncode, len(figures)), file=sys.stderr)
    return figures


def on_linux(options, archive, extra):
    return run(options, ["--kernel", oracle.kernel(options.arch), "--initrd", archive, "--machine",
                         oracle.MACHINE[options.arch]] + extra)


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
            print("%s: %d instructions, %d committed" % (name, figures[name], before))
            worse += 1
    print("%d operations compared, %d regressed" % (len(figures), worse))
    return 1 if worse else 0


def show(titles, columns):
    """A Markdown table; a ratio behind each pair of columns (Linux, Pando)."""
    print("| operation | " + " | ".join(titles) + " |")
    print("| --- |" + " ---: |" * len(titles))
    names = list(columns[-1]) if columns[-1] else list(columns[0])
    for name in names:
        cells = []
        for i, column in enumerate(columns):
            value = column.get(name)
            cells.append("-" if value is None else format(value, ","))
            if i % 2 == 1:
                before = columns[i - 1].get(name)
                cells.append("%.2f" % (value / before) if value is not None and before else "-")
        print("| %s | %s |" % (name, " | ".join(cells)))


def build(arch):
    directory = os.path.join(ROOT, "build")
    if not os.path.exists(os.path.join(directory, "build.ninja")):
        subprocess.run(["meson", "setup", "--native-file", os.path.join(ROOT, "scripts/native.ini"), directory, ROOT],
                       check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", directory, "bench-" + arch, "archive-%s.cpio" % arch, "kernel-" + arch], check=True,
                   stdout=subprocess.DEVNULL)


def main(arguments):
    options = Options(arguments)
    build(options.arch)
    pando = run(options, ["--icount"])
    if options.check:
        return check(options, pando)
    if options.pando:
        show(["Pando"], [pando])
        return 0
    with tempfile.NamedTemporaryFile(suffix=".cpio") as archive:
        with open(os.path.join(ROOT, "build", "rootfs-%s.cpio" % options.arch), "rb") as base:
            data = base.read()
        archive.write(data + bytes(-len(data) % 4) + oracle.overlay(options.arch))
        archive.flush()
        columns = [on_linux(options, archive.name, ["--icount"]), pando]
        titles = ["Linux", "Pando", "ratio"]
        if options.wall:
            columns += [on_linux(options, archive.name, []), run(options, [])]
            titles += ["Linux, ns", "Pando, ns", "ratio"]
    show(titles, columns)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
