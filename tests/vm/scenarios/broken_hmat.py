"""An HMAT with one bad structure: Linux drops the whole table, hetmem shows what is readable.

The structure of the write bandwidths is too short for its last entry. Everything else is sound,
also the structure behind it, so one figure alone cannot be had.
"""

from harness import linux, qemu, tables
from harness.machine import Machine
from harness.truth import MIB, UNKNOWN, Truth, compare, figures

SIZES = {0: 1024 * MIB, 1: 512 * MIB}
FIGURES = {0: (100, 105, 102400, 92160), 1: (250, 260, 61440, UNKNOWN)}

SCRIPT = """
keep_sysfs sysfs
keep show hetmem show --json
keep text hetmem show
"""


def machine(kernel):
    arguments = ["-machine", "q35", "-smp", "2"]
    arguments += qemu.memories(SIZES, cpus={0: "0-1"})
    hmat, _, _ = table()
    return Machine(arguments, SCRIPT, tables={"hmat": hmat})


def table():
    """The table, where its bad structure starts, and the length that one should have."""
    before = [
        tables.memory_attributes(0, initiator_pxm=0),
        tables.memory_attributes(1, initiator_pxm=0),
        tables.locality(tables.READ_LATENCY, 1000, [0], [0, 1], [[100, 250]]),
        tables.locality(tables.WRITE_LATENCY, 1000, [0], [0, 1], [[105, 260]]),
    ]
    sound = tables.locality(tables.WRITE_BANDWIDTH, 1024, [0], [0, 1], [[90, 50]])
    short = len(sound) - 2
    bad = sound[:4] + short.to_bytes(4, "little") + sound[8:short]
    after = tables.locality(tables.READ_BANDWIDTH, 1024, [0], [0, 1], [[100, 60]])
    start = tables.HEADER_LENGTH + 4 + sum(len(structure) for structure in before)
    return tables.hmat(2, [*before, bad, after]), start, len(sound)


def check_machine(report, results, kernel):
    sysfs = results.sysfs()
    linux.check_nodes(report, sysfs, online="0-1", has_cpu="0", has_memory="0-1")
    linux.check_no_attributes(report, sysfs)
    report.true("the machine has an HMAT", linux.has_table(sysfs, "HMAT"))
    report.contains("the kernel's log", results.output("dmesg"), "hmat: Ignoring: Invalid table")


def check(report, results, kernel):
    document = results.json("show")
    truth = Truth(
        initiators={"node0": {"kind": "cpu", "node": 0, "pxm": 0, "cpus": "0-1"}},
        targets={
            f"node{node}": qemu.memory_of_node(results.sysfs(), SIZES, node) for node in SIZES
        },
        access={("node0", f"node{node}"): figures(*values) for node, values in FIGURES.items()},
        best={"node0": "node0", "node1": "node0"},
        sources=("hmat",),
    )  # fmt: skip
    compare(report, truth, document)
    hmat = [entry for entry in document["sources"] if entry["what"] == "HMAT"]
    report.equal("status of the HMAT", ["malformed"], [entry["status"] for entry in hmat])
    _, start, length = table()
    if report.equal("number of defects", 1, len(document["defects"])):
        defect = document["defects"][0]
        report.equal("table of the defect", "HMAT", defect["table"])
        report.equal("offset: the structure's length field", start + 4, defect["offset"])
        report.contains("what was expected", defect["expected"], f"{length} bytes")
        report.contains("what was found", defect["found"], str(length - 2))
        report.true("what Linux does is said", bool(defect["linux_does"]))
    report.contains("hetmem show", results.output("text"), "HMAT")
