# SPDX-License-Identifier: MIT
"""Guest instructions by program and symbol, from what scripts/profile-plugin.c writes.

Spaces have different programs at the same addresses, and the plugin sees no page table. But it tells pages apart, and
a page's instructions are found in one program only: what is at that address, or for a program that is placed
anywhere, at that distance from a page's begin.
"""
import bisect
import collections
import glob
import os
import struct
import subprocess
import tempfile

import run
from tree import BUILD, ROOT

CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "pando")
SERVERS = ("pm", "vfs", "root", "console", "virtio-serial")
MEMORY = "512M" # of the benchmark's guests
PAGE = 4096
PLUGIN = os.path.join(BUILD, "profile-plugin.so")
ET_DYN, PT_LOAD, EXECUTABLE = 3, 1, 1
NOT_OURS = "(not ours)" # firmware
SHORT_WAY = "call, reply_receive, copy_in, copy_out (short way)" # kernel/fast.c
NATIVE_CALL, LINUX_CALL, EXCEPTION, INTERRUPT = "kernel call", "Linux call", "exception", "interrupt"
# i386: a stub for each vector of exceptions and interrupts (arch/i386/offsets.h).
STUB_SIZE, STUBS, EXCEPTIONS = 16, 0x70, 0x20


class Program:
    """The executable segments and the function symbols of an ELF file."""

    def __init__(self, name, path, is_kernel=False):
        self.name, self.is_kernel = name, is_kernel
        with open(path, "rb") as file:
            data = file.read()
        wide = data[4] == 2
        kind, = struct.unpack_from("<H", data, 16)
        offset, = struct.unpack_from("<Q" if wide else "<I", data, 32 if wide else 28)
        size, count = struct.unpack_from("<HH", data, 54 if wide else 42)
        self.placed_anywhere = kind == ET_DYN
        self.segments = []
        for at in range(offset, offset + size * count, size):
            if wide:
                kind, flags, start, address, physical, length = struct.unpack_from("<IIQQQQ", data, at)
            else:
                kind, start, address, physical, length, _, flags = struct.unpack_from("<IIIIIII", data, at)
            if kind == PT_LOAD and flags & EXECUTABLE:
                text = data[start:start + length]
                self.segments.append((address, 0, text))
                if is_kernel: # before it has turned paging on
                    self.segments.append((physical, physical - address, text))
        self.symbols, self.data = self._symbols(path)
        self.addresses = [address for address, _ in self.symbols]

    @staticmethod
    def _symbols(path):
        """[(address, name)] of the functions; [(address, name, bytes)] of the variables that share pages with others."""
        text = subprocess.run(["llvm-nm-19", "--defined-only", "--print-size", path], check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        functions, data = {}, []
        for line in text.splitlines():
            address, *size, kind, name = line.split()
            if kind in "tTwW" and name[0] not in ".$":
                functions.setdefault(int(address, 16), name)
            elif kind in "bBdDrR" and size and int(size[0], 16) < PAGE // 2:
                data.append((int(address, 16), name, int(size[0], 16)))
        return sorted(functions.items()), sorted(data)

    def has(self, page):
        """Whether all these instructions stand at their addresses, (address, bytes) each; if so, the distance from
        the file's addresses to the guest's."""
        for address, bias, text in self.segments:
            if self._matches(page, address, text):
                return bias
        if self.placed_anywhere:
            first = page[0][0]
            for address, _, text in self.segments:
                for bias in range(first - address - len(text) & -PAGE, first - address + PAGE & -PAGE, PAGE):
                    if self._matches(page, address + bias, text):
                        return bias
        return None

    @staticmethod
    def _matches(page, address, text):
        return all(address <= where and text[where - address:where - address + len(code)] == code for where, code in page)

    def symbol(self, address):
        """(name, start) of the function at this address of the file's, else of the segment's begin."""
        i = bisect.bisect_right(self.addresses, address) - 1
        return (self.symbols[i][1], self.symbols[i][0]) if i >= 0 else ("?", 0)

    def data_symbol(self, address):
        """The variable that contains the address, or None."""
        i = bisect.bisect_right(self.data, (address + 1,)) - 1
        if i >= 0 and address < self.data[i][0] + self.data[i][2]:
            return self.data[i][1]
        return None

    def address_of(self, symbol):
        return next((address for address, name in self.symbols if name == symbol), None)

    def bytes_at(self, address, length):
        for start, _, text in self.segments:
            if start <= address < start + len(text):
                return text[address - start:address - start + length]
        return b""


def programs(arch):
    """Everything that can run in the benchmark's guest. The order decides between equals."""
    found = [Program("kernel", os.path.join(BUILD, "kernel-" + arch), True)]
    found += [Program(name, os.path.join(BUILD, "%s-%s" % (name, arch))) for name in SERVERS]
    found += [Program(name, os.path.join(BUILD, "%s-%s" % (name, arch))) for name in ("bench", "init")]
    guest = os.path.join(CACHE, "root", arch)
    others = [os.path.join(BUILD, "vdso-%s.so" % arch), os.path.join(guest, "bin", "busybox"),
              os.path.join(guest, "bin", "dash")]
    others += glob.glob(os.path.join(guest, "usr", "lib", "ld-linux*.so.*"))
    others += glob.glob(os.path.join(guest, "usr", "lib", "*", "libc.so.6"))
    return found + [Program(os.path.basename(path).split("-" + arch)[0], path) for path in others if os.path.exists(path)]


class Section:
    """What ran between two markers.

    instructions: {(program name, symbol): how many}; calls: {kernel call: how often its general handler ran};
    traps: {(program name or None, kind): how many}; space_switches, total; data: {(program name, variable)}, if they
    were asked for.
    """

    def __init__(self):
        self.instructions = collections.Counter()
        self.calls = collections.Counter()
        self.traps = collections.Counter()
        self.space_switches = self.total = 0
        self.data = set()

    def by_program(self):
        """{program: instructions}, most first."""
        sums = collections.Counter()
        for (program, _), count in self.instructions.items():
            sums[program] += count
        return dict(sums.most_common())

    def traps_by_name(self):
        return {kind + (" of " + program if program else ""): count
                for (program, kind), count in self.traps.most_common()}

    def kernel_calls(self):
        """{name: how many}, those that never reach a handler as one."""
        made = sum(count for (program, kind), count in self.traps.items() if kind == NATIVE_CALL)
        return {**dict(self.calls.most_common()), SHORT_WAY: made - sum(self.calls.values())}


def is_space_switch(arch, code):
    """mov to cr3; csrrw to satp."""
    if arch == "i386":
        return code[:2] == b"\x0f\x22" and code[2] & 0xf8 == 0xd8
    return len(code) == 4 and int.from_bytes(code, "little") & 0xfff0707f == 0x18001073


def is_user_trap(arch, code):
    """int 0x80, sysenter; ecall."""
    if arch == "i386":
        return code in (b"\xcd\x80", b"\x0f\x34")
    return code == b"\x73\x00\x00\x00"


class Operation:
    """One operation: runs of it, instructions of one by the guest's clock and what all ran."""

    def __init__(self, name, by_clock, runs, section):
        self.name, self.by_clock, self.runs, self.section = name, by_clock, runs, section


class Reader:
    """Turns the plugin's output into sections. A page keeps its program from one section to the next."""

    def __init__(self, arch):
        self.arch = arch
        self.programs = programs(arch)

    def sections(self, path):
        """A list of Section."""
        sections, pages = [], None
        with open(path, encoding="ascii") as file:
            for line in file:
                if line == "section\n":
                    pages = collections.defaultdict(list)
                    sections.append(pages)
                else:
                    address, place, code, count, *data = line.split()
                    pages[place, int(address, 16) // PAGE].append(
                        (int(address, 16), bytes.fromhex(code), int(count), [int(at, 16) for at in data]))
        return [self._section(pages) for pages in sections]

    def _section(self, pages):
        section = Section()
        for lines in pages.values():
            program, bias = self._owner([(address, code) for address, code, *_ in lines])
            for address, code, count, data in lines:
                self._account(section, program, address - bias, code, count)
                if program:
                    section.data |= {(program.name, program.data_symbol(at)) for at in data}
        return section

    def _owner(self, page):
        for program in self.programs:
            bias = program.has(page)
            if bias is not None:
                return program, bias
        return None, 0

    def _account(self, section, program, address, code, count):
        section.total += count
        if not program:
            section.instructions[NOT_OURS, "%x" % (address & -PAGE)] += count
            return
        name, start = program.symbol(address)
        section.instructions[program.name, name] += count
        if not program.is_kernel:
            if is_user_trap(self.arch, code):
                section.traps[program.name, NATIVE_CALL if program.name in SERVERS else LINUX_CALL] += count
            return
        if is_space_switch(self.arch, code):
            section.space_switches += count
        if address == start and name.startswith("do_"):
            section.calls[name[3:]] += count
        kind = self._entry(program, name, address, start)
        if kind:
            section.traps[None, kind] += count

    @staticmethod
    def _entry(kernel, name, address, start):
        """What the kernel was entered for, if this is where it is."""
        stubs = kernel.address_of("vector_stubs")
        if stubs is None:
            return {"trap_fault": EXCEPTION, "trap_interrupt": INTERRUPT}.get(name) if address == start else None
        vector, rest = divmod(address - stubs, STUB_SIZE)
        if rest == 0 and 0 <= vector < STUBS:
            return EXCEPTION if vector < EXCEPTIONS else INTERRUPT
        return None


def build(arch):
    archives = ["%s-%s.cpio" % (name, arch) for name in ("archive", "extra", "rootfs", "kernel-tests")]
    run.build(["bench-" + arch, "kernel-" + arch, "profile-plugin.so"] + archives)


def measure(arch, names, data=False):
    """A list of Operation, from one run of tests/bench in Pando, with the variables they use if data; everything must
    be built."""
    with tempfile.NamedTemporaryFile(suffix=".counts") as out:
        command = [os.path.join(ROOT, "scripts", "run"), "--icount"]
        command += guest_options(arch) + plugin_arguments(arch, out.name, data)
        done = subprocess.run(command + [os.path.join(BUILD, "bench-" + arch)] + names,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              env=dict(os.environ, PANDO_BUILT="1"), check=False)
        lines = [line.split() for line in done.stdout.splitlines()]
        sections = Reader(arch).sections(out.name)
    if done.returncode != 0 or len(sections) != len(lines):
        raise RuntimeError("tests/bench ended with status %d after %d operations, %d of them counted" %
                           (done.returncode, len(lines), len(sections)))
    return [Operation(name, int(figure), int(runs), section)
            for (name, figure, runs), section in zip(lines, sections)]


def plugin_arguments(arch, out, data):
    """Words for scripts/run that count the sections of tests/bench into the file."""
    bench = Program("bench", os.path.join(BUILD, "bench-" + arch))
    markers = []
    for name in ("begin", "end"):
        address = bench.address_of("bench_" + name)
        markers.append("%s=%x:%s" % (name, address, bench.bytes_at(address, 15).hex()))
    return ["--qemu=-plugin", "--qemu=%s,out=%s,data=%d,%s" % (PLUGIN, out, data, ",".join(markers))]


def guest_options(arch):
    """Options of scripts/run for the benchmark's guest."""
    archives = [os.path.join(BUILD, arch, name + ".cpio") for name in ("archive", "extra")]
    return ["--arch", arch, "--memory", MEMORY, "--timeout", "600"] + ["--initrd=" + path for path in archives]
