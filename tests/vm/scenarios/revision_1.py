"""A revision-1 HMAT: other units, reservation hints, unreachable and missing cells.

QEMU makes no such table, so this one is our own and comes through the initrd.
"""

from harness import linux, qemu, tables, truth as truths
from harness.machine import Machine
from harness.tables import NOT_PROVIDED, UNREACHABLE
from harness.truth import MIB, Truth, compare, compare_ranking, figures

SIZES = {0: 1024 * MIB, 1: 512 * MIB, 2: 256 * MIB, 3: 256 * MIB}
PROCESSOR = {0: 0, 1: 1, 2: 0, 3: 1}
HINTED = (2,)
HINT = "reservation hint of the HMAT; Linux does not heed it"
NO, OFF = NOT_PROVIDED, UNREACHABLE

# Entries as in the table, a row for each initiator. In revision 1 entry times base unit over ten
# is ns or MB/s (the kernel's hmat_normalize); 1234 and 12345 are there to be no whole numbers.
READ_LATENCY = (1, [[1000, 1500, 1234, OFF], [1500, 1000, OFF, NO]])
WRITE_LATENCY = (10, [[110, 160, 140, OFF], [160, 110, OFF, 360]])
READ_BANDWIDTH = (1024, [[2000, 800, 8000, OFF], [800, 2000, OFF, 300]])
WRITE_BANDWIDTH = (1, [[20000, 12345, 60000, OFF], [NO, 20000, OFF, 3000]])

# The same worked out by hand.
GONE = truths.UNREACHABLE
UNKNOWN = truths.UNKNOWN
FIGURES = {
    (0, 0): (100, 110, 204800, 2000), (0, 1): (150, 160, 81920, 1234.5),
    (0, 2): (123.4, 140, 819200, 6000), (0, 3): (GONE, GONE, GONE, GONE),
    (1, 0): (150, 160, 81920, UNKNOWN), (1, 1): (100, 110, 204800, 2000),
    (1, 2): (GONE, GONE, GONE, GONE), (1, 3): (UNKNOWN, 360, 30720, 300),
}  # fmt: skip

SCRIPT = """
keep_sysfs sysfs
keep show hetmem show --json
keep text hetmem show --matrix
keep rank hetmem rank --by read_bandwidth --from-cpu 0 --json
keep rank_all hetmem rank --by read_bandwidth --from-cpu 1 --all --json
"""


def machine(kernel):
    arguments = ["-machine", "q35", "-smp", "2"]
    arguments += qemu.memories(SIZES, cpus={0: "0", 1: "1"})
    nodes = list(SIZES)
    structures = [
        tables.address_range(
            pxm, base, length, processor_pxm=PROCESSOR[pxm], reservation_hint=pxm in HINTED
        )
        for pxm, base, length in qemu.affinity(SIZES)
        if base != 0  # of node 0 the piece from 1 MiB, that below is not worth a line to firmware
    ]
    structures += [
        tables.locality(data_type, base, [0, 1], nodes, rows)
        for data_type, (base, rows) in (
            (tables.READ_LATENCY, READ_LATENCY), (tables.WRITE_LATENCY, WRITE_LATENCY),
            (tables.READ_BANDWIDTH, READ_BANDWIDTH), (tables.WRITE_BANDWIDTH, WRITE_BANDWIDTH),
        )
    ]  # fmt: skip
    return Machine(arguments, SCRIPT, tables={"hmat": tables.hmat(1, structures)})


def check_machine(report, results, kernel):
    sysfs = results.sysfs()
    linux.check_nodes(report, sysfs, online="0-3", has_cpu="0-1", has_memory="0-3")
    for access in (0, 1):
        linux.check_attributes(report, sysfs, 0, access, [0], 100, 110, 204800, 2000)
        linux.check_attributes(report, sysfs, 1, access, [1], 100, 110, 204800, 2000)
        linux.check_attributes(report, sysfs, 2, access, [0], 124, 140, 819200, 6000)
        # A missing cell is 0 there: the kernel has no word for "unknown".
        linux.check_attributes(report, sysfs, 3, access, [1], 0, 360, 30720, 300)


def check(report, results, kernel):
    document = results.json("show")
    truth = Truth(
        initiators={
            f"node{node}": {"kind": "cpu", "node": node, "pxm": node, "cpus": str(node)}
            for node in (0, 1)
        },
        targets={
            f"node{node}": qemu.memory_of_node(
                results.sysfs(), SIZES, node, reserved=node in HINTED,
                reserved_reason=HINT if node in HINTED else "",
            )
            for node in SIZES
        },
        access={(f"node{i}", f"node{t}"): figures(*v) for (i, t), v in FIGURES.items()},
        best={f"node{node}": f"node{socket}" for node, socket in PROCESSOR.items()},
    )  # fmt: skip
    compare(report, truth, document)
    report.equal("defects", [], document["defects"])
    # That the kernel rounds 123.4 ns up to 124 is no contradiction.
    report.equal("disagreements", [], document["disagreements"])
    compare_ranking(
        report, [("node0", _bandwidth(0, 0)), ("node1", _bandwidth(0, 1)), ("node3", GONE)],
        results.json("rank"), "hetmem rank", left_out=["node2"],
    )  # fmt: skip
    compare_ranking(
        report,
        [("node1", _bandwidth(1, 1)), ("node0", _bandwidth(1, 0)), ("node3", _bandwidth(1, 3)),
         ("node2", GONE)],
        results.json("rank_all"), "hetmem rank --all",
    )  # fmt: skip
    report.contains("hetmem show --matrix", results.output("text"), "unreachable", "unknown")


def _bandwidth(initiator, memory):
    return figures(*FIGURES[initiator, memory])["read_bandwidth"]
