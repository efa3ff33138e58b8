"""A machine whose node 1 is held back by firmware, as device-dax dax0.0, that programs can map."""

from . import linux, placed
from .machine import Machine
from .placed import SIZES
from .truth import MIB

BASE = SIZES[0]  # of node 1, which lies after node 0
MODULES = ["device_dax", "dax_hmem"]
# The kernel must not settle in the range; and the range is all of its node, since dax_hmem makes no
# device of a part.
COMMAND_LINE = f"nokaslr memmap={SIZES[1]}%{BASE:#x}-1+0xefffffff"

# 6.12 keeps the device for kmem until somebody gives it to device_dax; 6.1 does so at once.
BIND = {
    "6.12": 'echo dax0.0 >/sys/bus/dax/drivers/device_dax/new_id || fail "bind dax0.0"',
    "6.1": "",
}


def machine(script, kernel, **parts):
    """`script` has {bind} where programs are to be able to map the device, and names of parts."""
    return Machine(placed.arguments(), script.format(bind=BIND[kernel], **parts),
                   command_line=COMMAND_LINE, modules=MODULES)  # fmt: skip


def check_machine(report, results):
    """Of a script that keeps `sysfs` before binding and `sysfs_bound` after it."""
    linux.check_nodes(report, results.sysfs(), online="0,2", has_memory="0,2")
    check_device(report, results.sysfs("sysfs_bound"))


def check_device(report, sysfs):
    device = "bus/dax/devices/dax0.0"
    report.equal("dax0.0/size", str(SIZES[1]), sysfs.get(f"{device}/size"))
    report.equal("dax0.0/align", str(2 * MIB), sysfs.get(f"{device}/align"))
    report.equal("driver", "device_dax", sysfs.get(f"{device}/driver", "").rpartition("/")[2])
