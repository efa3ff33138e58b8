"""Persistent memory is not measured, not even by name, until somebody says that its contents may go."""

from harness import linux, placed
from harness.machine import Machine
from harness.truth import MIB

PROGRAMS = ("vm_place",)

SMALL = "--quick --buffer 2M --allow-cached --budget 0.05"
# The first 128 MiB of node 2, which the kernel is told to take for persistent memory.
BASE = placed.SIZES[0] + placed.SIZES[1]
SIZE = 128 * MIB
COMMAND_LINE = f"nokaslr memmap={SIZE}!{BASE:#x}"
MODULES = ["libnvdimm", "nd_e820", "device_dax", "dax_pmem"]

# As ndctl makes a namespace of the kind devdax.
SCRIPT = f"""
nd=/sys/bus/nd/devices
eventually test -e $nd/region0/dax_seed
seed=$(cat $nd/region0/dax_seed)
echo 6f1d2a8e-3b0c-4a53-9a55-0c4b7f1e2d33 >$nd/$seed/uuid || fail uuid
echo {2 * MIB} >$nd/$seed/align || fail align
echo ram >$nd/$seed/mode || fail mode
echo namespace0.0 >$nd/$seed/namespace || fail namespace
echo $seed >/sys/bus/nd/drivers/dax_pmem/bind || fail "bind $seed"
eventually test -c /dev/dax0.0
keep_sysfs sysfs
keep show hetmem show --json
keep stamp vm_place stamp /dev/dax0.0
keep everything hetmem measure {SMALL} --no-store --json
attempt refused hetmem measure dax0.0 {SMALL} --no-store
keep untouched vm_place stamped /dev/dax0.0
keep allowed hetmem measure dax0.0 {SMALL} --destroy-contents --no-store --json
keep touched vm_place stamped /dev/dax0.0
"""


def machine(kernel):
    return Machine(placed.arguments(), SCRIPT, command_line=COMMAND_LINE, modules=MODULES)


def check_machine(report, results, kernel):
    sysfs = results.sysfs()
    linux.check_nodes(report, sysfs, online="0-2", has_memory="0-2")
    driver = sysfs.get("bus/dax/devices/dax0.0/driver", "").rpartition("/")[2]
    report.equal("driver", "device_dax", driver)


def check(report, results, kernel):
    dax = [t for t in results.json("show")["targets"] if t["name"] == "dax0.0"]
    report.equal("origin", [["pmem"]], [[d["origin"] for d in t["dax"]] for t in dax])
    found = results.json("everything")
    report.equal("what is measured without a name", {"node0", "node1", "node2"},
                 {c["target"] for c in found["measured"]})  # fmt: skip
    report.equal("refused: exit status", 1, results.exit("refused"))
    report.contains("refused: why", results.errors("refused"), "dax0.0", "persistent")
    report.equal("its contents are as they were", True, results.json("untouched")["contents"])
    report.equal("when it is allowed", {("dax0.0", 3)},
                 {(c["target"], len(results.json("allowed")["measured"]))
                  for c in results.json("allowed")["measured"]})  # fmt: skip
    report.equal("its contents went", False, results.json("touched")["contents"])
