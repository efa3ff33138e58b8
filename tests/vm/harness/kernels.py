"""Debian's cloud kernels, unpacked into a cache folder without installing them.

    kernel = kernels.fetch("6.12")
    kernel.image            # boots with qemu -kernel
    kernel.module("kmem")   # the bytes of kmem.ko

Packages are taken with `apt-get download`, which needs no root. Once unpacked nothing is asked of
the network again.
"""

import fcntl
import lzma
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

# A metapackage always names the newest build of its series; that build is its one dependency of
# the same kind.
METAPACKAGES = {"6.12": "linux-image-6.12-cloud-amd64", "6.1": "linux-image-cloud-amd64"}
SERIES = tuple(METAPACKAGES)


class FetchError(RuntimeError):
    """A kernel that is not cached could not be had. Always a failure, never a reason to skip."""


class Kernel:
    """One unpacked kernel package."""

    def __init__(self, series, root):
        self.series = series
        self.root = root
        self.release = (root / "release").read_text().strip()
        self.image = root / "boot" / f"vmlinuz-{self.release}"
        self._modules = {}
        for path in (root / "lib" / "modules" / self.release).rglob("*.ko*"):
            self._modules[path.name.split(".ko")[0].replace("-", "_")] = path

    def module(self, name):
        """The module's bytes, decompressed; None when it is built into this kernel."""
        path = self._modules.get(name.replace("-", "_"))
        if path is None:
            builtin = self.root / "lib" / "modules" / self.release / "modules.builtin"
            names = {Path(line).stem.replace("-", "_") for line in builtin.read_text().split()}
            if name.replace("-", "_") in names:
                return None
            raise FetchError(f"kernel {self.release} has no module {name}, built in or not")
        data = path.read_bytes()
        return lzma.decompress(data) if path.suffix == ".xz" else data


def cache_folder():
    """$HETMEM_VM_CACHE, else .cache/vm in the source tree."""
    chosen = os.environ.get("HETMEM_VM_CACHE")
    return Path(chosen) if chosen else Path(__file__).resolve().parents[3] / ".cache" / "vm"


def fetch(series, cache=None, report=lambda line: None):
    """The kernel of a series, downloaded first if the cache lacks it."""
    cache = cache_folder() if cache is None else Path(cache)
    final = cache / series
    if not (final / "release").exists():
        cache.mkdir(parents=True, exist_ok=True)
        # Two tests may start at once: the second one waits here and then finds the work done.
        with open(cache / f"{series}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (final / "release").exists():
                _download_and_unpack(series, cache, final, report)
    return Kernel(series, final)


def _download_and_unpack(series, cache, final, report):
    for tool in ("apt-get", "dpkg", "dpkg-deb"):
        if not shutil.which(tool):
            raise FetchError(f"{tool} is not installed: the kernels are Debian packages")
    with tempfile.TemporaryDirectory(dir=cache, prefix=f"{series}.") as work:
        work = Path(work)
        report(f"downloading Debian's {series} cloud kernel into {final}")
        meta = _apt_download(METAPACKAGES[series], work)
        package = _image_package(meta)
        image = _apt_download(package, work)
        tree = work / "tree"
        _run(["dpkg", "-x", str(image), str(tree)])
        release = package.removeprefix("linux-image-")
        if not (tree / "boot" / f"vmlinuz-{release}").exists():
            raise FetchError(f"{image.name} holds no boot/vmlinuz-{release}")
        (tree / "release").write_text(release + "\n")
        if final.exists():  # a folder without `release`: not ours to trust
            shutil.rmtree(final)
        os.rename(tree, final)


def _image_package(meta):
    depends = _run(["dpkg-deb", "-f", str(meta), "Depends"])
    names = [part.split()[0] for part in depends.replace("|", ",").split(",") if part.strip()]
    for name in names:
        if name.startswith("linux-image-"):
            return name
    raise FetchError(f"{meta.name} depends on no kernel image: '{depends.strip()}'")


def _apt_download(package, folder):
    before = set(folder.glob("*.deb"))
    try:
        _run(["apt-get", "-q", "download", package], cwd=folder)
    except FetchError as why:
        raise FetchError(
            f"{why}\nThe kernel {package} is not in the cache and could not be downloaded. "
            "If apt does not know the package, its lists are missing: run `apt-get update` as "
            "root first; kernel 6.12 is in the suite bookworm-security. Without a network, copy a "
            "filled cache folder here and name it in HETMEM_VM_CACHE."
        ) from None
    new = set(folder.glob("*.deb")) - before
    if len(new) != 1:
        raise FetchError(f"apt-get download {package} left {len(new)} packages, expected one")
    return new.pop()


def _run(command, cwd=None):
    done = subprocess.run(
        command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    if done.returncode != 0:
        told = (done.stderr or done.stdout).strip()
        raise FetchError(f"`{' '.join(command)}` failed with status {done.returncode}:\n{told}")
    return done.stdout
