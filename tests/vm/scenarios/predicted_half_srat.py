"""A Generic Initiator that is not enabled hides the processors behind it, and a bad HMAT structure.

The second processor is then in no domain, and Linux deals it out to the first node.
"""

from harness import linux, predicted, qemu, tables

PROGRAMS = predicted.PROGRAMS


def machine(kernel):
    device = tables.generic_initiator(7, 0, 0, 3, 0)
    entries = [tables.processor(0, 0), device[:24] + bytes(4) + device[28:], tables.processor(1, 1)]
    entries += [tables.memory(*piece) for piece in qemu.affinity(predicted.SIZES)]
    short = tables.locality(tables.ACCESS_BANDWIDTH, 1000, [0, 1], [0, 1], [[9, 8], [8, 9]])
    structures = [
        tables.locality(tables.ACCESS_LATENCY, 1000, [0], [0, 1, 2], [[100, 200, 300]]),
        short[:4] + (len(short) - 2).to_bytes(4, "little") + short[8:-2],
    ]
    return predicted.machine(
        {"srat": tables.srat(entries), "hmat": tables.hmat(2, structures)}, {0: "0", 1: "1"}
    )


def check_machine(report, results, kernel):
    linux.check_nodes(report, results.sysfs(), online="0-2", has_cpu="0", has_memory="0-2")


def check(report, results, kernel):
    found = predicted.compare(report, results)
    report.equal("the HMAT is used", False, found["hmat_used"])
    predicted.says(report, found, "Generic Initiator that is not enabled", "Linux ignores the whole")
