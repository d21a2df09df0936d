# SPDX-License-Identifier: MIT
"""One guest in QEMU: its command line, the host's ends of its four ports, and how it ended.

The ports are virtio-serial ports; each has a connected socket for its host side. The end of what we send on the
socket of the guest's standard input is the guest's end of file.
"""
import os
import select
import signal
import socket
import time

PORTS = ("stdin", "stdout", "stderr", "status")
CHUNK = 65536
# A pipe that polls writable takes this much without blocking (PIPE_BUF), so one slow reader blocks nothing else.
PIPE_CHUNK = 4096
# How long a guest that has told its status may take to power off.
POWER_OFF_SECONDS = 30


class Machine:
    """What stands on QEMU's command line, apart from the serial line and the ports.

    `initrd_fd` is a descriptor of the whole initial archive (a memfd or an open file).
    """

    def __init__(self, arch, kernel, initrd_fd):
        self.arch, self.kernel, self.initrd_fd = arch, kernel, initrd_fd
        self.machine = "microvm" if arch == "i386" else "virt"
        self.memory, self.cpu = "256M", "max"
        self.append, self.words = [], []
        self.icount = self.gdb = False
        self.seed = None

    def command(self):
        command = ["qemu-system-" + self.arch, "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
                   "-m", self.memory, "-kernel", self.kernel, "-initrd", "/dev/fd/%d" % self.initrd_fd]
        append = list(self.append)
        if self.arch == "i386":
            features = ",acpi=off,pit=on,pic=on,rtc=on,isa-serial=on" if self.machine == "microvm" else ""
            command += ["-M", self.machine + features, "-cpu", self.cpu, "-device",
                        "isa-debug-exit,iobase=0xf4,iosize=1"]
        else:
            # QEMU 7.2 has no "max" for riscv64; rv64 is its model with every ratified extension.
            command += ["-M", self.machine, "-bios", "default", "-cpu", "rv64" if self.cpu == "max" else self.cpu]
        if self.icount:
            command += ["-icount", "shift=0,sleep=off", "-rtc", "base=2024-01-01T00:00:00,clock=vm"]
        if self.seed is not None:
            command += ["-seed", str(self.seed)]
            append.append("seed=%d" % self.seed)
        if self.gdb:
            command += ["-s", "-S"]
        if append:
            command += ["-append", " ".join(append)]
        return command + self.words

    def ports_device(self):
        """Pando's driver is for virtio-mmio; another kernel's (--kernel) may be for PCI."""
        return "virtio-serial-pci" if self.machine == "pc" else "virtio-serial-device"

    def powered_off(self, qemu_status):
        """Whether QEMU's exit status says that the guest powered off in good order.

        isa-debug-exit makes (value << 1) | 1 of the value written, power-off writes 0; a QEMU that exits with 0 on
        i386 was reset (a triple fault). The riscv64 finisher gives 0 for power-off.
        """
        return qemu_status == (1 if self.arch == "i386" else 0)


def spawn(command, inherit, stdin=None, stdout=None, stderr=None):
    """Starts QEMU with the descriptors of `inherit`, and its standard streams replaced where given."""
    pid = os.fork()
    if pid:
        return pid
    try:
        for number, fd in enumerate((stdin, stdout, stderr)):
            if fd is not None:
                os.dup2(fd, number)
        for fd in inherit:
            os.set_inheritable(fd, True)
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, ("%s: %s\n" % (command[0], error.strerror)).encode())
    finally:
        os._exit(127)


def exit_status(wait_status):
    code = os.waitstatus_to_exitcode(wait_status)
    return 128 - code if code < 0 else code


class Stream:
    """One direction: bytes from `source` to `sink`, at most one chunk held between them."""

    def __init__(self, source, sink, limit=CHUNK):
        self.source, self.sink, self.limit = source, sink, limit
        self.held = b""

    def poll_interest(self):
        if self.held:
            return self.sink, select.POLLOUT
        return self.source, select.POLLIN

    def read(self):
        """False at the end of the source."""
        try:
            self.held = os.read(self.source, CHUNK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return bool(self.held)

    def write(self):
        try:
            self.held = self.held[os.write(self.sink, self.held[:self.limit]):]
        except BlockingIOError:
            pass


class Session:
    """A guest that runs one command, its streams pumped between our descriptors and the ports.

    `run` returns when QEMU has ended or the deadline has passed; then `status_line`, `qemu_status`, `timed_out`,
    `reader_gone` and `log()` say what happened.
    """

    def __init__(self, machine, log_path=None, stdin=0, stdout=1, stderr=2, stop_at_status=False):
        self.machine, self.stop_at_status = machine, stop_at_status
        self.outer = {"stdin": stdin, "stdout": stdout, "stderr": stderr}
        self.log_path = log_path
        self.log_fd = None if log_path else os.memfd_create("serial")
        self.messages_fd = os.memfd_create("qemu")
        self.status_line = b""
        self.qemu_status = None
        self.timed_out = self.reader_gone = self.stuck = False
        self.pid = None

    def start(self):
        pairs = {name: socket.socketpair() for name in PORTS}
        inherit = [pair[1].fileno() for pair in pairs.values()] + [self.machine.initrd_fd]
        path = self.log_path
        if path is None:
            path = "/dev/fd/%d" % self.log_fd
            inherit.append(self.log_fd)
        command = self.machine.command()
        command += ["-chardev", "file,id=serial,path=" + path.replace(",", ",,"), "-serial", "chardev:serial",
                    "-device", self.machine.ports_device()]
        for name, pair in pairs.items():
            command += ["-chardev", "socket,id=%s,fd=%d" % (name, pair[1].fileno()),
                        "-device", "virtserialport,chardev=%s,name=org.pando.%s" % (name, name)]
        null = os.open("/dev/null", os.O_RDWR)
        self.pid = spawn(command, inherit, null, null, self.messages_fd)
        os.close(null)
        self.ports = {}
        for name, (ours, theirs) in pairs.items():
            theirs.close()
            ours.setblocking(False)
            self.ports[name] = ours

    def run(self, timeout=None):
        self.start()
        deadline = time.monotonic() + timeout if timeout is not None else None
        try:
            self._pump(deadline)
        finally:
            if self.qemu_status is None:
                os.kill(self.pid, signal.SIGKILL)
                self.qemu_status = exit_status(os.waitpid(self.pid, 0)[1])

    def _streams(self):
        streams = {}
        streams["stdin"] = Stream(self.outer["stdin"], self.ports["stdin"].fileno())
        for name in ("stdout", "stderr"):
            streams[name] = Stream(self.ports[name].fileno(), self.outer[name], PIPE_CHUNK)
        streams["status"] = Stream(self.ports["status"].fileno(), None)
        return streams

    def _pump(self, deadline):
        streams = self._streams()
        ended = os.pidfd_open(self.pid)
        power_off = None
        while self.qemu_status is None or any(name in streams for name in PORTS[1:]):
            poll, owners = select.poll(), {}
            if self.qemu_status is None:
                poll.register(ended, select.POLLIN)
            for name, stream in streams.items():
                fd, interest = stream.poll_interest()
                poll.register(fd, interest)
                owners[fd] = name
            limit = min((moment for moment in (deadline, power_off) if moment is not None), default=None)
            wait = None if limit is None else max(0, limit - time.monotonic()) * 1000
            events = poll.poll(wait)
            if not events and limit is not None and time.monotonic() >= limit:
                self.stuck = limit == power_off
                self.timed_out = not self.stuck
                return
            for fd, event in events:
                if fd == ended:
                    self.qemu_status = exit_status(os.waitpid(self.pid, 0)[1])
                    streams.pop("stdin", None)
                elif owners[fd] in streams:
                    self._move(streams, owners[fd], event)
            if self.reader_gone:
                return
            if b"\n" in self.status_line and power_off is None:
                if self.stop_at_status:
                    self._drain(streams)
                    return
                power_off = time.monotonic() + POWER_OFF_SECONDS

    def _drain(self, streams):
        """For a kernel that cannot power off: what the guest wrote before its status is in the sockets by now."""
        for name in ("stdout", "stderr"):
            while name in streams and (streams[name].held or streams[name].read()) and streams[name].held:
                streams[name].write()

    def _move(self, streams, name, event):
        stream = streams[name]
        try:
            if stream.held:
                stream.write()
            elif not stream.read():
                del streams[name]
                if name == "stdin":
                    # Not close: QEMU drops what it has not yet read of a socket that is gone.
                    self.ports["stdin"].shutdown(socket.SHUT_WR)
        except OSError:
            del streams[name]
            self.reader_gone = name in ("stdout", "stderr")
        if name == "status":
            self.status_line += stream.held
            stream.held = b""

    def log(self):
        if self.log_path:
            with open(self.log_path, "rb") as file:
                return file.read()
        return self._whole(self.log_fd)

    def messages(self):
        """What QEMU itself had to say."""
        return self._whole(self.messages_fd).decode(errors="replace").strip()

    @staticmethod
    def _whole(fd):
        return os.pread(fd, os.fstat(fd).st_size, 0)


def panic_line(log):
    for line in log.replace(b"\r", b"\n").split(b"\n"):
        if line.startswith(b"panic: "):
            return line.decode(errors="replace")
    return None


def interactive(machine, log_path=None, timeout=None):
    """The terminal is the guest's serial line (Ctrl-A x ends QEMU). Returns QEMU's exit status and the log."""
    log_fd = os.memfd_create("serial")
    path = log_path or "/dev/fd/%d" % log_fd
    command = machine.command() + [
        "-chardev", "stdio,id=serial,mux=on,signal=off,logappend=off,logfile=" + path.replace(",", ",,"),
        "-serial", "chardev:serial", "-mon", "chardev=serial,mode=readline"]
    pid = spawn(command, [log_fd, machine.initrd_fd])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ended = os.pidfd_open(pid)
    timed_out = not select.select([ended], [], [], timeout)[0]
    if timed_out:
        # QEMU puts the terminal back in order when it is asked to end.
        os.kill(pid, signal.SIGTERM)
    status = exit_status(os.waitpid(pid, 0)[1])
    if log_path:
        with open(log_path, "rb") as file:
            return status, timed_out, file.read()
    return status, timed_out, os.pread(log_fd, os.fstat(log_fd).st_size, 0)
