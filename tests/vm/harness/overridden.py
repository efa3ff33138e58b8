"""A guest with what `hetmem override --install` expects of a machine: an installed kernel, its
initrd, and a program that makes initrds. What that made is what the next boot starts with.

The guest has nothing that outlives it: save_state() hands over what a disk would keep.
"""

import json

from .machine import Machine

# Behind what the kernel looks for stands the compressed part, which the host adds: this is its place.
REST = b"\x1f\x8b the compressed part of an initrd\n"

# As far as tables are concerned, this is what initramfs-tools does.
HOOK_FUNCTIONS = b"""prepend_earlyinitramfs() {
    cat "${1}" >>"${__TMPEARLYCPIO}"
}
"""
UPDATE_INITRAMFS = b"""#!/bin/sh
set -e
[ "$*" = "-u -k all" ]
export __TMPEARLYCPIO=/tmp/early
for kernel in /boot/vmlinuz-*; do
    image=/boot/initrd.img-${kernel#/boot/vmlinuz-}
    : >$__TMPEARLYCPIO
    for hook in /etc/initramfs-tools/hooks/*; do
        [ ! -x "$hook" ] || "$hook"
    done
    cat $__TMPEARLYCPIO /rest >$image.new
    mv $image.new $image
done
"""

# First in a scenario's script: the disk, as the boot before left it, or as it is when all begins.
BEGIN = """
if [ -e /state.tar ]; then
    must tar -xf /state.tar -C /
else
    mkdir -p /boot /etc/initramfs-tools/hooks
    : >/boot/vmlinuz-$(uname -r)
    cp /rest /boot/initrd.img-$(uname -r)
fi
mount -t securityfs none /sys/kernel/security 2>/dev/null
"""
# Last: for the next boot.
END = """
mkdir -p /var/lib
must tar -cf /results/state.tar -C / boot etc/initramfs-tools var/lib
cp /boot/initrd.img-$(uname -r) /results/initrd
(cd / && find boot etc/initramfs-tools var/lib -type f | sort | xargs sha256sum) >/results/disk
"""


def first_boot(arguments, script, files=None, **more):
    return Machine(arguments, BEGIN + script + END, guest_files=_files(files), **more)


def next_boot(arguments, script, before, files=None, **more):
    """What the boot before left starts this one."""
    initrd = before.file("initrd")
    assert initrd.endswith(REST)
    kept = {"state.tar": before.file("state.tar")}
    return Machine(
        arguments, BEGIN + script + END, guest_files=_files(files) | kept,
        early=initrd[: -len(REST)], **more,
    )  # fmt: skip


def disk(results):
    """path -> checksum of everything that outlives the boot."""
    lines = results.file("disk").decode().splitlines()
    return {path: checksum for checksum, _, path in (line.partition("  ") for line in lines)}


def _files(more):
    return {
        "rest": REST,
        "usr/share/initramfs-tools/hook-functions": HOOK_FUNCTIONS,
        "usr/sbin/update-initramfs": UPDATE_INITRAMFS,
    } | (more or {})


def findings(results, name):
    """id of the check -> its findings, of what `hetmem check --json` printed."""
    by_check = {}
    for finding in json.loads(results.output(name))["findings"]:
        by_check.setdefault(finding["check"], []).append(finding)
    return by_check
