"""A firmware whose HMAT is wrong: it is mended, and comes back when the override is removed.

The HMAT is QEMU's own. It says that node 1 is the slow memory, where it is the fast one.
"""

import json

from harness import linux, overridden, qemu
from harness.truth import GIB, MIB

BOOTS = 3

SIZES = {0: GIB, 1: 512 * MIB, 2: 512 * MIB}
WRONG = {0: (100, 100, 102400, 102400), 1: (300, 350, 30720, 20480),
         2: (120, 140, 409600, 307200)}  # fmt: skip
RIGHT = {0: WRONG[0], 1: WRONG[2], 2: WRONG[1]}
TIERS = {"wrong": {1: "2", 4: "0", 58: "1"}, "right": {1: "1", 4: "0", 58: "2"}}
ONE_TIER = {4: "0-2"}


def _set(node, values):
    quantities = ("read_latency", "write_latency", "read_bandwidth", "write_bandwidth")
    units = ("ns", "ns", "MB/s", "MB/s")
    return "".join(
        f" --set node0,node{node},{quantity}={value}{unit}"
        for quantity, value, unit in zip(quantities, values, units)
    )


MEND = f"""
keep_sysfs sysfs
keep original cat /sys/firmware/acpi/tables/HMAT
keep table hetmem table build{_set(1, RIGHT[1])}{_set(2, RIGHT[2])} -o /tmp/right.hmat
keep json hetmem table decode /tmp/right.hmat --json
cp /results/json.out /tmp/right.json
keep install hetmem override --hmat /tmp/right.json --install --yes
"""
LOOK = """
keep_sysfs sysfs
attempt status hetmem override --status --json
attempt check hetmem check --json
keep saved cat /var/lib/hetmem/override/original/HMAT
keep diff_of_saved sh -c 'hetmem table diff /var/lib/hetmem/override/original/HMAT /sys/firmware/acpi/tables/HMAT; [ $? = 1 ]'
keep remove hetmem override --remove --yes
"""
LAST = """
keep_sysfs sysfs
keep original cat /sys/firmware/acpi/tables/HMAT
"""


def arguments():
    made = ["-machine", "q35,hmat=on", "-smp", "2"]
    made += qemu.memories(SIZES, cpus={0: "0-1"}, initiators={0: 0, 1: 0, 2: 0})
    made += qemu.distances({(0, 1): 15, (0, 2): 28, (1, 2): 30})
    for node, values in WRONG.items():
        made += qemu.locality(0, node, *values)
    return made


def machine(kernel):
    return overridden.first_boot(arguments(), MEND)


def next_machine(kernel, boots):
    scripts = {1: LOOK, 2: LAST}
    if len(boots) in scripts:
        return overridden.next_boot(arguments(), scripts[len(boots)], boots[-1])
    return None


def check_machine(report, boots, kernel):
    for number in (0, 2):
        _check_shown(report, boots[number], WRONG, "wrong", kernel)


def check(report, boots, kernel):
    _check_shown(report, boots[1], RIGHT, "right", kernel)
    firmwares = boots[0].file("original.out")
    report.true("the firmware's table was saved", boots[1].file("saved.out") == firmwares)
    report.true("the firmware's table is back", boots[2].file("original.out") == firmwares)
    report.equal("--status", "in force", json.loads(boots[1].output("status"))["state"])
    report.contains("hetmem table diff", boots[1].output("diff_of_saved"), "300 ns", "120 ns")
    found = overridden.findings(boots[1], "check")
    report.true("hetmem check says that it is in force", "override-in-force" in found)
    left = [path for path in overridden.disk(boots[2]) if "hetmem" in path]
    report.equal("files that are left", [], left)


def _check_shown(report, boot, values, which, kernel):
    sysfs = boot.sysfs()
    linux.check_nodes(report, sysfs, online="0-2", has_cpu="0", has_memory="0-2")
    for node, row in values.items():
        linux.check_attributes(report, sysfs, node, 0, [0], *row)
    linux.check_tiers(report, sysfs, TIERS[which] if kernel == "6.12" else ONE_TIER)
