"""Builds what the guest boots into: busybox, the programs under test with the libraries they
need, the kernel modules and guest script of the scenario, and the firmware tables it overrides."""

import gzip
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import cpio

GUEST = Path(__file__).resolve().parent / "guest"
LIBRARIES = "lib/x86_64-linux-gnu"  # where the loader looks without being told
BUSYBOX_PACKAGE = "busybox-static"


class BuildError(RuntimeError):
    """Something that the guest needs is not on this machine."""


def build(kernel, modules, later_modules, script, programs, tables, files=()):
    """The bytes for qemu -initrd.

    modules: names in the order of loading. later_modules: for the script to load. script: what
    the guest runs. programs: name in the guest -> path here; a name with a slash is no program in
    /bin but this file. tables: name -> bytes, handed to the kernel as overrides. files: path in the
    guest -> content; a script (#!) may be run.
    """
    root = cpio.Archive()
    for folder in ("proc", "sys", "dev", "tmp", "root", "results", "etc", LIBRARIES):
        root.add_directory(folder)
    root.add_character_device("dev/console", 5, 1)
    root.add_file("etc/passwd", b"root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n")
    root.add_file("etc/group", b"root:x:0:\nuser:x:1000:\n")
    _add_busybox(root, taken=set(programs))
    _add_programs(root, programs)
    loaded = [name for name in modules if _add_module(root, kernel, name)]
    for name in later_modules:
        _add_module(root, kernel, name)
    root.add_file("modules/order", "".join(f"{name}\n" for name in loaded).encode())
    for name in ("init", "functions"):
        root.add_file(name, (GUEST / name).read_bytes(), 0o755)
    root.add_file("scenario", script.encode())
    for name, content in dict(files).items():
        root.add_file(name, content, 0o755 if content.startswith(b"#!") else 0o644)
    return _override(tables) + gzip.compress(root.bytes(), 1, mtime=0)


def _override(tables):
    """The kernel looks for tables in an archive that is not compressed and stands first
    (Documentation/admin-guide/acpi/initrd_table_override.rst)."""
    if not tables:
        return b""
    archive = cpio.Archive()
    for name, data in tables.items():
        archive.add_file(f"kernel/firmware/acpi/{name.lower()}.aml", data)
    return archive.bytes()


def _add_module(root, kernel, name):
    """False when there is nothing to load because it is built into the kernel."""
    data = kernel.module(name)
    if data is not None:
        root.add_file(f"modules/{name}.ko", data)
    return data is not None


def _add_busybox(root, taken):
    busybox = shutil.which("busybox")
    if not busybox:
        raise BuildError(f"busybox is not installed (package {BUSYBOX_PACKAGE})")
    if _libraries_of(Path(busybox)):
        raise BuildError(f"{busybox} is not static (package {BUSYBOX_PACKAGE} has one that is)")
    root.add_file("bin/busybox", Path(busybox).read_bytes(), 0o755)
    listed = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    for applet in listed.stdout.split():
        if applet != "busybox" and applet not in taken:
            root.add_link(f"bin/{applet}", "busybox")


def _add_programs(root, programs):
    libraries = {}
    for name, path in programs.items():
        path = Path(path).resolve()
        if not os.access(path, os.X_OK) or not path.is_file():
            raise BuildError(f"{path} is not a program")
        root.add_file(name if "/" in name else f"bin/{name}", _stripped(path), 0o755)
        libraries.update(_libraries_of(path))
    for name, path in sorted(libraries.items()):
        data = _stripped(Path(path))
        if name.startswith("/"):
            root.add_file(name, data, 0o755)  # the dynamic loader is named by its whole path
        else:
            root.add_file(f"{LIBRARIES}/{name}", data, 0o755)


def _stripped(path):
    """Without what only a debugger reads: that is most of a program built for work, and in the guest
    it would be memory."""
    strip = shutil.which("strip")
    if not strip or not path.read_bytes().startswith(b"\x7fELF"):
        return path.read_bytes()
    with tempfile.NamedTemporaryFile() as smaller:
        called = [strip, "--strip-debug", "-o", smaller.name, str(path)]
        done = subprocess.run(called, capture_output=True, check=False)
        return Path(smaller.name if done.returncode == 0 else path).read_bytes()


def _libraries_of(program):
    """Shared libraries by name, as the loader of this machine finds them; empty when static."""
    listed = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False)
    if "not a dynamic executable" in listed.stderr + listed.stdout:
        return {}
    if listed.returncode != 0:
        raise BuildError(f"ldd {program} failed: {listed.stderr.strip()}")
    found = {}
    for line in listed.stdout.splitlines():
        if "not found" in line:
            raise BuildError(f"{program} needs a library that is not here: {line.strip()}")
        if named := re.match(r"\s*(\S+) => (/\S+) \(", line):
            found[named[1]] = named[2]
        elif loader := re.match(r"\s*(/\S+) \(", line):
            found[loader[1]] = loader[1]
    return found
