"""One structure of an HMAT names a memory that the SRAT does not have: all of it is dropped."""

from harness import linux, predicted, tables

PROGRAMS = predicted.PROGRAMS


def machine(kernel):
    structures = [
        tables.locality(tables.ACCESS_LATENCY, 1000, [0], [0, 1, 2], [[100, 200, 300]]),
        tables.locality(tables.ACCESS_BANDWIDTH, 1000, [0], [0, 1, 2], [[100, 50, 20]]),
        tables.memory_attributes(1),
        tables.memory_attributes(5),
    ]
    return predicted.machine({"hmat": tables.hmat(2, structures)})


def check_machine(report, results, kernel):
    linux.check_nodes(report, results.sysfs(), online="0-2", has_memory="0-2")
    report.contains("the kernel's log", results.output("dmesg"), "hmat: Ignoring: Invalid table")


def check(report, results, kernel):
    found = predicted.compare(report, results)
    report.equal("the HMAT is used", False, found["hmat_used"])
    predicted.says(report, found, "memory domain 5 has no memory in the SRAT")
