# SPDX-License-Identifier: MIT
"""Which guest an ELF program is for, from its header (System V gABI)."""
import struct

ET_EXEC, ET_DYN = 2, 3
# (class, machine) of each architecture: little-endian, 32 bits with EM_386; 64 bits with EM_RISCV.
GUESTS = {(1, 3): "i386", (2, 243): "riscv64"}
NAMES = {(2, 62): "x86-64", (2, 183): "aarch64", (1, 40): "arm", (1, 243): "riscv32", (2, 22): "s390x"}


class NotElf(Exception):
    pass


class ForeignArchitecture(Exception):
    pass


def guest_architecture(path):
    with open(path, "rb") as file:
        header = file.read(20)
    if len(header) < 20 or header[:4] != b"\x7fELF":
        raise NotElf("not an ELF file")
    kind = header[4]
    if header[5] != 1:
        raise ForeignArchitecture("a big-endian program, not one for i386 or riscv64")
    file_type, machine = struct.unpack_from("<HH", header, 16)
    if file_type not in (ET_EXEC, ET_DYN):
        raise NotElf("an ELF file but not a program")
    if (kind, machine) not in GUESTS:
        name = NAMES.get((kind, machine), "machine %d" % machine)
        raise ForeignArchitecture("a program for %s, not for i386 or riscv64" % name)
    return GUESTS[kind, machine]
