# SPDX-License-Identifier: MIT
"""Writes cpio archives of the "newc" kind (man 5 cpio), which the kernel takes as initial archive.

Several archives may follow one another: a later one adds to the earlier ones, or replaces files of theirs.
"""
import os
import stat


class Writer:
    """Collects entries in memory; `bytes()` gives the archive with its trailer."""

    def __init__(self):
        self.parts = []
        self.directories = {""}
        self.inode = 0

    def entry(self, name, mode, data=b"", rdev=(0, 0), mtime=0, owner=(0, 0)):
        """One entry as it is: the mode with its type, no parents made. The methods below are what most want."""
        encoded = os.fsencode(name) + b"\0"
        self.inode += 1
        fields = (self.inode, mode, *owner, 1, mtime, len(data), 0, 0, rdev[0], rdev[1], len(encoded), 0)
        header = b"070701" + b"".join(b"%08X" % field for field in fields)
        self.parts += [header, encoded, bytes(-(len(header) + len(encoded)) % 4), data, bytes(-len(data) % 4)]

    def assume(self, *directories):
        """These directories are in an earlier archive: do not write them again, so their modes stay."""
        self.directories.update(directory.strip("/") for directory in directories)

    def directory(self, path, mode=0o755):
        path = path.strip("/")
        if path not in self.directories:
            self.directory(os.path.dirname(path))
            self.directories.add(path)
            self.entry(path, stat.S_IFDIR | mode)

    def file(self, path, data, mode=0o644):
        self.directory(os.path.dirname(path.strip("/")))
        self.entry(path.strip("/"), stat.S_IFREG | mode, data)

    def symlink(self, path, target):
        self.directory(os.path.dirname(path.strip("/")))
        self.entry(path.strip("/"), stat.S_IFLNK | 0o777, os.fsencode(target))

    def device(self, path, mode, major, minor):
        self.directory(os.path.dirname(path.strip("/")))
        self.entry(path.strip("/"), mode, rdev=(major, minor))

    def tree(self, source, path):
        """A host file, symbolic link or whole directory, with its permissions but owned by root."""
        status = os.lstat(source)
        mode = stat.S_IMODE(status.st_mode)
        if stat.S_ISLNK(status.st_mode):
            self.symlink(path, os.readlink(source))
        elif stat.S_ISDIR(status.st_mode):
            self.directory(path, mode)
            for name in sorted(os.listdir(source)):
                self.tree(os.path.join(source, name), path + "/" + name)
        else:
            with open(source, "rb") as file:
                self.file(path, file.read(), mode)

    def bytes(self):
        trailer = Writer()
        trailer.entry("TRAILER!!!", 0)
        return b"".join(self.parts + trailer.parts)


def directories(archive):
    """The names of the directories in an archive (or several in a row), read from its headers alone."""
    names, at = [], 0
    while archive[at:at + 6] == b"070701":
        header = archive[at:at + 110]
        mode, size, length = int(header[14:22], 16), int(header[54:62], 16), int(header[94:102], 16)
        name = archive[at + 110:at + 110 + length - 1]
        if stat.S_ISDIR(mode):
            names.append(os.fsdecode(bytes(name)))
        at += 110 + length + -(110 + length) % 4
        at += size + -size % 4
        while archive[at:at + 1] == b"\0":
            at += 1
    return names
