"""A SRAT that lacks the range of one memory costs every node, as the model says.

What is left is one node of all memory. The HMAT is still read: since it names only domains that the
SRAT has, the figures of the first domain are shown as those of all memory.
"""

from harness import linux, predicted, qemu, tables
from harness.truth import MIB

PROGRAMS = ("vm_predict",)


def machine(kernel):
    entries = [tables.processor(0, 0), tables.processor(0, 1)]
    entries += [tables.memory(*piece) for piece in qemu.affinity(predicted.SIZES) if piece[0] != 2]
    structures = [
        tables.locality(tables.ACCESS_LATENCY, 1000, [0], [0, 1, 2], [[100, 200, 300]]),
        tables.locality(tables.ACCESS_BANDWIDTH, 1000, [0], [0, 1, 2], [[100, 50, 20]]),
    ]
    made = predicted.machine({"srat": tables.srat(entries), "hmat": tables.hmat(2, structures)})
    ram = [(0, 0xA0000), (MIB, sum(predicted.SIZES.values()) - MIB)]
    words = " ".join(f"{base:#x}+{length:#x}" for base, length in ram)
    made.script = made.script.replace('"$(uname -r)"', f'"$(uname -r)" {words}')
    return made


def check_machine(report, results, kernel):
    linux.check_nodes(report, results.sysfs(), online="0", has_memory="0")


def check(report, results, kernel):
    found = predicted.compare(report, results)
    report.equal("the SRAT is used", False, found["srat_used"])
    report.equal("the HMAT is used", True, found["hmat_used"])
    predicted.says(report, found, "512 MiB of the memory map are in no range")
