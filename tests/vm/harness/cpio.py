"""Writes cpio archives as the kernel unpacks them (the "newc" form), without a cpio program.

An initramfs holds a device node for the console, which only root could make on disk; written
straight into the archive it needs no rights at all.
"""

import stat

REGULAR = stat.S_IFREG
DIRECTORY = stat.S_IFDIR
LINK = stat.S_IFLNK
CHARACTER_DEVICE = stat.S_IFCHR


class Archive:
    """Members are added in the order in which they are to be unpacked."""

    def __init__(self):
        self._parts = []
        self._names = set()
        self._inode = 0

    def add_directory(self, name):
        """Also makes the directories above; a directory that is there already is left alone."""
        path = ""
        for part in name.strip("/").split("/"):
            path = f"{path}/{part}" if path else part
            if path not in self._names:
                self._add(path, DIRECTORY | 0o755, b"")

    def add_file(self, name, data, mode=0o644):
        self._add_parents(name)
        self._add(name.strip("/"), REGULAR | mode, data)

    def add_link(self, name, to):
        self._add_parents(name)
        self._add(name.strip("/"), LINK | 0o777, to.encode())

    def add_character_device(self, name, major, minor):
        self._add_parents(name)
        self._add(name.strip("/"), CHARACTER_DEVICE | 0o600, b"", (major, minor))

    def bytes(self):
        return b"".join(self._parts) + _member("TRAILER!!!", 0, 0, b"", (0, 0))

    def _add_parents(self, name):
        above = name.strip("/").rpartition("/")[0]
        if above:
            self.add_directory(above)

    def _add(self, name, mode, data, device=(0, 0)):
        if name in self._names:
            raise ValueError(f"{name} is in the archive twice")
        self._names.add(name)
        self._inode += 1
        self._parts.append(_member(name, self._inode, mode, data, device))


def _member(name, inode, mode, data, device):
    fields = [
        inode, mode, 0, 0, 1, 0, len(data), 0, 0, device[0], device[1], len(name) + 1, 0,
    ]
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    return _padded(header + name.encode() + b"\0") + _padded(data)


def _padded(data):
    return data + b"\0" * (-len(data) % 4)
