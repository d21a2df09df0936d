# SPDX-License-Identifier: MIT
"""Real Linux as the tests' oracle: Debian's kernel, the guest's own archive, and an /init that finds the ports."""
import lzma
import os

import cpio
import harness
import tree

ARCHITECTURES = ("i386", "riscv64")
# In the order of their dependencies; those that a kernel has built in are not among its module files.
MODULES = ("virtio", "virtio_ring", "virtio_mmio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci",
           "virtio_console")
# Debian's i386 kernel takes no virtio-mmio devices from its command line, so the oracle there is the pc machine.
MACHINE = {"i386": "pc", "riscv64": "virt"}

INIT = """\
#!/bin/busybox sh
# What Pando's servers do and Linux leaves to user land; then the same process 1 as on Pando.
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mkdir -p /dev/pts /dev/shm /dev/virtio-ports
/bin/busybox mount -t devpts -o ptmxmode=666 devpts /dev/pts
/bin/busybox mount -t tmpfs tmpfs /dev/shm
/bin/busybox mount -t tmpfs tmpfs /tmp
/bin/busybox ln -sf /proc/self/fd /dev/fd
for number in 0 1 2; do
    set -- stdin stdout stderr
    shift $number
    /bin/busybox ln -sf /proc/self/fd/$number /dev/$1
done
for module in %s; do
    [ ! -e /lib/oracle/$module.ko ] || /bin/busybox insmod /lib/oracle/$module.ko
done
# The host names the ports one by one, this one last; on a terminal there are none.
for device in /sys/bus/virtio/devices/*; do
    [ -e "$device" ] || continue
    until /bin/busybox grep -q status /sys/class/virtio-ports/*/name 2>/dev/null; do :; done
    for port in /sys/class/virtio-ports/*; do
        /bin/busybox ln -s /dev/${port##*/} /dev/virtio-ports/$(/bin/busybox cat $port/name)
    done
done
exec /sbin/init
""" % " ".join(MODULES)


def cache():
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "pando")


def kernel(arch):
    return os.path.join(cache(), "oracle", arch, "vmlinuz")


def overlay(arch):
    """The archive to append to the guest's own."""
    writer = cpio.Writer()
    writer.directory("sys")
    writer.directory("lib/oracle")
    for directory, _, names in os.walk(os.path.join(cache(), "oracle", arch, "modules", "kernel", "drivers")):
        for name in names:
            stem = name.partition(".")[0]
            if stem in MODULES:
                with open(os.path.join(directory, name), "rb") as file:
                    data = file.read()
                if name.endswith(".xz"):
                    data = lzma.decompress(data)
                writer.file("lib/oracle/%s.ko" % stem, data)
    writer.file("init", INIT.encode(), 0o755)
    return writer.bytes()


def system(arch):
    """The tests' view of it; writes the overlay beside the build's archives."""
    with open(os.path.join(tree.BUILD, arch, "oracle.cpio"), "wb") as file:
        file.write(overlay(arch))
    options = ["--kernel", kernel(arch), "--machine", MACHINE[arch], "--append", "console=ttyS0"]
    return harness.System(arch, ("rootfs", "oracle"), options, "linux-" + arch)
