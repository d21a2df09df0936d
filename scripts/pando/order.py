# SPDX-License-Identifier: MIT
"""The order in which the linker places functions and variables: first what the operations of tests/bench use.

After every change of the space QEMU translates each page anew that is touched, and looks up each jump that leaves its
page. So what is used most where spaces change most stands together.
"""
import collections
import os

import counts
from tree import ROOT

# program -> the file that meson.build gives to the linker
FILES = {"kernel": "kernel/hot.order", "pm": "servers/pm/hot.order", "vfs": "servers/vfs/hot.order"}


def numbered(symbol):
    """Whether the compiler made the name unique. The next change of the program numbers it otherwise."""
    return symbol.rpartition(".")[2].isdigit()


def scores(architectures):
    """{program: {symbol: score}}: the sum of the shares of space switches among the instructions of its operations."""
    found = {program: collections.Counter() for program in FILES}
    for arch in architectures:
        counts.build(arch)
        for operation in counts.measure(arch, [], data=True):
            section = operation.section
            used = {pair for pair, count in section.instructions.items() if 2 * count >= operation.runs} | section.data
            for program, symbol in used:
                if program in FILES and symbol and not numbered(symbol):
                    found[program][symbol] += section.space_switches / section.total
    return found


def write(architectures):
    for program, found in scores(architectures).items():
        with open(os.path.join(ROOT, FILES[program]), "w", encoding="ascii") as file:
            file.write("# Written by scripts/profile --order.\n")
            file.writelines(symbol + "\n" for symbol in sorted(found, key=lambda symbol: (-found[symbol], symbol)))
