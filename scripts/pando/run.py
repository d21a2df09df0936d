# SPDX-License-Identifier: MIT
"""The host side of scripts/run: options, what goes into the guest, and the exit status (see USAGE)."""
import fcntl
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cpio  # noqa: E402
import elf  # noqa: E402
import guest  # noqa: E402
from tree import BUILD, ROOT  # noqa: E402


USAGE_ERROR = 2
MISSING_TOOLS = 117
BUILD_FAILED = 118
QEMU_FAILED = 119
PANIC = 120
NO_STATUS = 121
FILE_MISSING = 122
NOT_ELF = 123
TIMED_OUT = 124
FOREIGN = 125

USAGE = """\
usage: scripts/run [options]                    the guest's shell on this terminal (Ctrl-A x ends it)
       scripts/run [options] -- COMMAND ARGS    a command of the guest
       scripts/run [options] ./program ARGS     a Linux program of the host's, i386 or riscv64, put in the guest

A command's standard input, output and error are ours, and we exit with its status (128 + signal if one killed
it). Without a command, and with standard input not a terminal, the guest's sh reads it.

options:
  --arch A            i386 (default) or riscv64; a program's own header decides otherwise
  --machine M         microvm (default for i386) or pc (shell on the terminal only); virt for riscv64
  --timeout S         end the guest after S seconds
  --memory M          as QEMU's -m (default 256M)
  --cpu MODEL         as QEMU's -cpu (default max)
  --log FILE          write the guest's serial line (kernel and servers' log) to FILE
  --gdb               wait for a debugger on port 1234 before the first instruction
  --icount            count instructions instead of time: every run is the same
  --seed N            seed of the guest's random numbers
  --append ARGS       more words for the kernel's command line
  --qemu WORD         one more word for QEMU's own command line, may be repeated
  --add FILE[:PATH]   put a file or directory of the host's in the guest (default: in /), may be repeated
  --user UID          run as this user and group (default 0)
  --env NAME=VALUE    set a variable of the command's environment, may be repeated
  --kernel FILE       boot this kernel instead of Pando's (what Linux programs do can then be compared)
  --initrd FILE       with this initial archive instead of Pando's; several follow one another
  --no-install        install nothing: say what is missing and exit with 117

exit status: the command's, or
  2    wrong usage                       121  guest ended before the command's status was known
  117  tools are missing                 122  file missing
  118  the build failed                  123  not an ELF program
  119  QEMU failed                       124  timed out
  120  guest panic                       125  a program for a foreign architecture
126 and 127 come from the guest's init: the command could not be executed, or was not found.
"""

WITH_VALUE = ("arch", "machine", "timeout", "memory", "cpu", "log", "seed", "append", "qemu", "add", "user", "env",
              "kernel", "initrd")
REPEATED = ("append", "qemu", "add", "env", "initrd")
FLAGS = ("gdb", "icount", "no-install")
MACHINES = {"i386": ("microvm", "pc"), "riscv64": ("virt",)}


class Failure(Exception):
    """Ends the run with one line on stderr and this exit status."""

    def __init__(self, status, line):
        super().__init__(line)
        self.status = status


def parse(arguments):
    """Options as a dictionary, the guest command after "--" or None, the host program and its arguments or None."""
    options = {name: [] for name in REPEATED}
    at = 0
    while at < len(arguments):
        word = arguments[at]
        if word == "--":
            return options, arguments[at + 1:] or None, None
        if not word.startswith("-"):
            return options, None, arguments[at:]
        name, equals, value = word[2:].partition("=")
        at += 1
        if name in FLAGS and word.startswith("--") and not equals:
            options[name] = True
        elif name in WITH_VALUE and word.startswith("--"):
            if not equals:
                if at == len(arguments):
                    raise Failure(USAGE_ERROR, "%s needs a value" % word)
                value = arguments[at]
                at += 1
            if name in REPEATED:
                options[name].append(value)
            else:
                options[name] = value
        else:
            raise Failure(USAGE_ERROR, "unknown option %s (see --help)" % word)
    return options, None, None


def number(options, name, kind):
    try:
        return kind(options[name]) if name in options else None
    except ValueError:
        raise Failure(USAGE_ERROR, "--%s needs a number" % name)


def build(targets):
    """Sets up the build and makes these, or everything if there are none. Two runs at once take turns."""
    if os.environ.get("PANDO_BUILT"):
        return
    os.makedirs(BUILD, exist_ok=True)
    with open(os.path.join(BUILD, ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(BUILD, "build.ninja")):
            run_quietly(["meson", "setup", "--native-file", os.path.join(ROOT, "scripts/native.ini"), BUILD, ROOT])
        run_quietly(["ninja", "-C", BUILD] + targets)


def run_quietly(command):
    """The command's output is shown only if it fails, on stderr."""
    output = os.memfd_create("build")
    pid = guest.spawn(command, [], os.open("/dev/null", os.O_RDONLY), output, output)
    if os.waitpid(pid, 0)[1] != 0:
        size = os.fstat(output).st_size
        sys.stderr.buffer.write(os.pread(output, size, 0))
        raise Failure(BUILD_FAILED, "%s failed" % " ".join(command[:2]))


def check_program(path, options):
    if not os.path.exists(path):
        raise Failure(FILE_MISSING, "%s: no such file" % path)
    try:
        arch = elf.guest_architecture(path)
    except elf.ForeignArchitecture as error:
        raise Failure(FOREIGN, "%s: %s" % (path, error))
    except (elf.NotElf, OSError) as error:
        raise Failure(NOT_ELF, "%s: %s" % (path, getattr(error, "strerror", None) or error))
    if options.get("arch", arch) != arch:
        raise Failure(FOREIGN, "%s: a program for %s, not for %s" % (path, arch, options["arch"]))
    return arch


def run_file(options, command):
    """The text of /etc/pando/run; user/init/init.c describes its records."""
    records = []
    if "user" in options:
        records.append("u%d" % number(options, "user", int))
    records += ["eTERM=" + os.environ["TERM"]] if os.environ.get("TERM") else []
    records += ["e" + variable for variable in options["env"]]
    records += ["a" + word for word in command or []]
    return b"".join(os.fsencode(record) + b"\0" for record in records)


def added_files(options, program, archives, command):
    """The last archive: what to run, --add files and the host program."""
    writer = cpio.Writer()
    if options["add"]:
        writer.assume(*known_directories(archives))
    for item in options["add"]:
        source, _, path = item.partition(":")
        if not os.path.exists(source):
            raise Failure(FILE_MISSING, "%s: no such file" % source)
        if not path or path.endswith("/"):
            path += os.path.basename(os.path.abspath(source))
        writer.tree(os.path.realpath(source), path)
    # Every root file system has these two.
    writer.assume("etc", "bin")
    if program:
        with open(program[0], "rb") as file:
            writer.file(command[0], file.read(), 0o755)
    writer.file("etc/pando/run", run_file(options, command))
    return writer.bytes()


def initial_archive(paths, extra):
    """A memfd with these archives followed by ours; each starts at a multiple of four bytes."""
    fd = os.memfd_create("initrd")
    for path in paths:
        try:
            base = open(path, "rb")
        except OSError as error:
            raise Failure(FILE_MISSING, "%s: %s" % (path, error.strerror))
        with base:
            size = os.fstat(base.fileno()).st_size
            at = 0
            while at < size:
                at += os.sendfile(fd, base.fileno(), at, size - at)
        os.write(fd, bytes(-size % 4))
    view = memoryview(extra)
    while view:
        view = view[os.write(fd, view):]
    return fd


def known_directories(paths):
    """The directories of the archives before ours, which must not be made again with other modes."""
    names = []
    for path in paths:
        with open(path, "rb") as file:
            names += cpio.directories(file.read())
    return names


def make_machine(options, arch, initrd):
    kernel = options.get("kernel") or os.path.join(BUILD, arch, "kernel")
    if not os.path.exists(kernel):
        raise Failure(BUILD_FAILED, "%s: no such file" % kernel)
    machine = guest.Machine(arch, kernel, initrd)
    machine.machine = options.get("machine", MACHINES[arch][0])
    if machine.machine not in MACHINES[arch]:
        raise Failure(USAGE_ERROR, "--machine for %s is one of: %s" % (arch, " ".join(MACHINES[arch])))
    machine.memory = options.get("memory", machine.memory)
    machine.cpu = options.get("cpu", machine.cpu)
    machine.append, machine.words = options["append"], options["qemu"]
    machine.gdb, machine.icount = "gdb" in options, "icount" in options
    machine.seed = number(options, "seed", int)
    return machine


def qemu_failure(messages):
    lines = messages.split("\n")
    return Failure(QEMU_FAILED, "QEMU failed: %s" % lines[-1] if messages else "QEMU failed")


def check_end(machine, status, timed_out, log, timeout):
    """What went wrong with the guest as a whole, if anything did."""
    panic = guest.panic_line(log)
    if panic:
        raise Failure(PANIC, "guest " + panic)
    if timed_out:
        raise Failure(TIMED_OUT, "timed out after %g s" % timeout)
    if machine.arch == "i386" and status == 0:
        raise Failure(PANIC, "guest panic: the machine was reset")
    if not machine.powered_off(status):
        raise Failure(PANIC, "guest panic: the machine stopped with status %d" % status)


def run_command(machine, options, timeout):
    session = guest.Session(machine, options.get("log"), stop_at_status="kernel" in options)
    for number_ in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number_, lambda number_, frame: sys.exit(128 + number_))
    session.run(timeout)
    if session.reader_gone:
        return 128 + signal.SIGPIPE
    messages = session.messages()
    if messages and not log_tells(session) and not session.timed_out and not session.status_line:
        raise qemu_failure(messages)
    word, _, value = session.status_line.decode().strip().partition(" ")
    if not (session.stop_at_status and word):
        check_end(machine, session.qemu_status, session.timed_out, session.log(), timeout)
    if session.stuck:
        raise Failure(NO_STATUS, "the guest did not power off")
    if word not in ("exit", "signal"):
        raise Failure(NO_STATUS, "the guest ended before the command's status was known")
    return int(value) + (128 if word == "signal" else 0)


def log_tells(session):
    return bool(session.log())


def run_interactive(machine, options, timeout):
    status, timed_out, log = guest.interactive(machine, options.get("log"), timeout)
    if status == 0 and not guest.panic_line(log):
        # Ctrl-A x; a reset looks the same, and its reason is on the screen.
        return 0
    check_end(machine, status, timed_out, log, timeout)
    return 0


def main(arguments):
    options, command, program = parse(arguments)
    arch = options.get("arch")
    if program:
        arch = check_program(program[0], options)
        command = ["/bin/" + os.path.basename(program[0])] + program[1:]
    arch = arch or "i386"
    if arch not in MACHINES:
        raise Failure(USAGE_ERROR, "--arch is one of: %s" % " ".join(MACHINES))
    if not options["initrd"] or "kernel" not in options:
        build(["kernel-" + arch, "archive-%s.cpio" % arch])
    timeout = number(options, "timeout", float)
    on_terminal = not command and (os.isatty(0) or options.get("machine") == "pc")
    if not on_terminal and options.get("machine") == "pc" and "kernel" not in options:
        raise Failure(USAGE_ERROR, "the pc machine has no ports for a command: it gives the shell on a terminal only")
    if not command and not on_terminal:
        command = ["sh"]
    archives = options["initrd"] or [os.path.join(BUILD, arch, "archive.cpio")]
    machine = make_machine(options, arch, initial_archive(archives, added_files(options, program, archives, command)))
    if on_terminal:
        return run_interactive(machine, options, timeout)
    return run_command(machine, options, timeout)


if __name__ == "__main__":
    # A descriptor that the caller closed must not be taken by one of ours.
    while os.open("/dev/null", os.O_RDWR) < 2:
        pass
    try:
        sys.exit(main(sys.argv[1:]))
    except Failure as failure:
        sys.stderr.write("scripts/run: %s\n" % failure)
        sys.exit(failure.status)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
