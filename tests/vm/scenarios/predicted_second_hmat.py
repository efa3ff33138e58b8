"""A second HMAT with another OEM ID is added and ignored; the first one's figures hold."""

from harness import linux, predicted, qemu, tables
from harness.machine import Machine

PROGRAMS = predicted.PROGRAMS

FIGURES = {0: (100, 105, 102400, 92160), 1: (120, 125, 409600, 307200), 2: (300, 310, 30720, 20480)}


def foreign():
    structures = [tables.locality(tables.ACCESS_LATENCY, 1000, [0], [0, 1, 2], [[1, 2, 3]])]
    made = tables.hmat(2, structures)
    return tables.with_checksum(made[:10] + b"OTHER " + made[16:])


def machine(kernel):
    arguments = ["-machine", "q35,hmat=on", "-smp", "2"]
    arguments += qemu.memories(predicted.SIZES, cpus={0: "0-1"}, initiators={0: 0, 1: 0, 2: 0})
    for node, values in FIGURES.items():
        arguments += qemu.locality(0, node, *values)
    return Machine(arguments, predicted.SCRIPT, tables={"hmat": foreign()})


def check_machine(report, results, kernel):
    sysfs = results.sysfs()
    linux.check_nodes(report, sysfs, online="0-2", has_memory="0-2")
    for name in ("HMAT1", "HMAT2"):
        report.true(f"the kernel has {name}", linux.has_table(sysfs, name))
    for node, values in FIGURES.items():
        linux.check_attributes(report, sysfs, node, 0, [0], *values)


def check(report, results, kernel):
    found = predicted.compare(report, results)
    report.equal("the HMAT is used", True, found["hmat_used"])
    report.equal("tiers of the HMAT", kernel != "6.1", found["tiers_from_hmat"])
