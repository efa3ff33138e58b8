"""A machine that a scenario describes, and what comes of booting it in QEMU.

Emulation in software (TCG) is used even where a faster way exists: a scenario then does the same
everywhere, and no machine that runs the tests needs special rights.
"""

import base64
import hashlib
import io
import json
import shlex
import shutil
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

from . import initramfs

QEMU = "qemu-system-x86_64"
PACKAGE = "qemu-system-x86"


class MachineError(RuntimeError):
    """The guest did not come to its end; the text says where it stopped."""


@dataclass
class Machine:
    """What a scenario boots. modules are loaded in this order before the script runs,
    later_modules lie ready as /modules/NAME.ko for the script; files are made in the work folder:
    name -> size in bytes. hotplug: the script may plug and unplug memory (guest/functions). early: what
    stands in front of the initrd, as a guest made it; guest_files: path in the guest -> content."""

    arguments: list
    script: str
    command_line: str = ""
    tables: dict = field(default_factory=dict)
    modules: list = field(default_factory=list)
    later_modules: list = field(default_factory=list)
    files: dict = field(default_factory=dict)
    hotplug: bool = False
    early: bytes = b""
    guest_files: dict = field(default_factory=dict)


class Results:
    """What the guest's script kept, by name."""

    def __init__(self, members):
        self._members = members

    def names(self):
        return sorted(name.removesuffix(".out") for name in self._members if name.endswith(".out"))

    def file(self, name):
        if name not in self._members:
            raise MachineError(f"the guest handed over no {name}")
        return self._members[name]

    def has_file(self, name):
        return name in self._members

    def output(self, name):
        return self.file(f"{name}.out").decode(errors="replace")

    def errors(self, name):
        return self.file(f"{name}.err").decode(errors="replace")

    def status(self, name):
        return int(self.file(f"{name}.status"))

    def exit(self, name):
        """How something ended that was free to fail: `attempt` in the guest's script."""
        return int(self.file(f"{name}.exit"))

    def sysfs(self, name="sysfs"):
        """What keep_sysfs wrote: path below /sys -> content or target of the link."""
        lines = (line.partition("=") for line in self.output(name).splitlines())
        return {path.removeprefix("/sys/"): value.strip() for path, _, value in lines}

    def json(self, name):
        """The output of a command that must have succeeded and printed JSON."""
        if self.status(name) != 0:
            raise MachineError(
                f"{name}: exit status {self.status(name)}\n{self.errors(name).strip()}"
            )
        try:
            return json.loads(self.output(name))
        except ValueError as why:
            raise MachineError(f"{name}: not JSON ({why}):\n{self.output(name)[:2000]}") from None


def prepare(machine, kernel, programs, work, fetch=()):
    """Writes what QEMU needs into the work folder. fetch: files of the guest to hand over."""
    for name, size in machine.files.items():
        with open(work / name, "wb") as made:
            made.truncate(size)
    script = machine.script
    for number, path in enumerate(fetch):
        script += f"\nmust cp {shlex.quote(path)} /results/fetched-{number}\n"
    built = initramfs.build(
        kernel, machine.modules, machine.later_modules, script, programs, machine.tables,
        machine.guest_files,
    )  # fmt: skip
    (work / "initrd").write_bytes(machine.early + built)


def command(machine, kernel, work, shell=False):
    if not shutil.which(QEMU):
        raise initramfs.BuildError(f"{QEMU} is not installed (package {PACKAGE})")
    # The kernel panics when its timer does not tick in time at start, as on a host that is busy.
    line = f"console=ttyS0 panic=-1 loglevel=4 no_timer_check {machine.command_line}"
    if shell:
        line += " hetmem_shell"
        serial = ["-serial", "mon:stdio", "-serial", "null"]
    else:
        serial = ["-serial", "file:console", "-serial", "file:results"]
    if machine.hotplug:
        # A third serial port leads to QEMU's own monitor, so that the script itself says when.
        serial += [
            "-chardev", "socket,id=qmp,path=qmp.sock,server=on,wait=off",
            "-mon", "chardev=qmp,mode=control",
            "-chardev", "socket,id=wire,path=qmp.sock", "-serial", "chardev:wire",
        ]  # fmt: skip
    return [
        QEMU, "-accel", "tcg", "-cpu", "max", *machine.arguments,
        "-display", "none", "-monitor", "none", "-no-reboot", "-net", "none", *serial,
        "-kernel", str(kernel.image), "-initrd", "initrd", "-append", line.strip(),
    ]  # fmt: skip


# QEMU's emulation of several processors now and then lets one of them run into an instruction that
# the kernel is just patching on another. That is neither the kernel's fault nor ours.
EMULATION_FAULT = "Oops: int3"


def boot(machine, kernel, work, seconds):
    """Runs a prepared machine to its end and returns its Results."""
    try:
        return _boot(machine, kernel, work, seconds)
    except MachineError:
        if EMULATION_FAULT not in console(work):
            raise
        print(f"the emulation failed ('{EMULATION_FAULT}'); once more")
        for left in ("console", "results", "qmp.sock"):
            (work / left).unlink(missing_ok=True)
        return _boot(machine, kernel, work, seconds)


def _boot(machine, kernel, work, seconds):
    called = command(machine, kernel, work)
    (work / "command").write_text(f"cd {shlex.quote(str(work))} && {shlex.join(called)}\n")
    try:
        done = subprocess.run(
            called, cwd=work, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=seconds, check=False,
        )
    except subprocess.TimeoutExpired:
        raise MachineError(f"the guest was still running after {seconds} s") from None
    if done.returncode != 0:
        raise MachineError(f"{QEMU} ended with status {done.returncode}:\n{done.stderr.strip()}")
    results = Results(unpack(_read(work / "results")))
    if results.has_file("guest-failed"):
        raise MachineError(f"a step of the guest's script failed: {results.file('guest-failed')}")
    return results


def console(work):
    return _read(work / "console").decode(errors="replace").replace("\r\n", "\n")


def unpack(stream):
    """The files that the guest's hand_over sent; see guest/functions."""
    lines = [line.strip() for line in stream.decode("ascii", errors="replace").splitlines()]
    if "hetmem-results-begin" not in lines:
        raise MachineError("the guest ended without handing over results")
    lines = lines[lines.index("hetmem-results-begin") + 1 :]
    ends = [i for i, line in enumerate(lines) if line.startswith("hetmem-results-end ")]
    if not ends:
        raise MachineError("the guest ended while handing over results")
    packed = base64.b64decode("".join(lines[: ends[0]]))
    if hashlib.sha256(packed).hexdigest() != lines[ends[0]].split()[1]:
        raise MachineError("the results were damaged on their way from the guest")
    members = {}
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
        for member in archive.getmembers():
            if member.isfile():
                members[member.name.removeprefix("./")] = archive.extractfile(member).read()
    return members


def _read(path):
    return Path(path).read_bytes() if Path(path).exists() else b""
