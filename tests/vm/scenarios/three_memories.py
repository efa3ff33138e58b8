"""Three memories of different speed behind one processor, one of them with a side cache.

The HMAT is QEMU's own, so that neither of our two encoders had a hand in it.
"""

from harness import linux, qemu
from harness.machine import Machine
from harness.truth import GIB, MIB, Truth, compare, figures, target

SIZES = {0: GIB, 1: 512 * MIB, 2: 512 * MIB}
# read ns, write ns, read MB/s, write MB/s
FIGURES = {
    0: (100, 100, 102400, 102400), 1: (120, 140, 409600, 307200), 2: (300, 350, 30720, 20480),
}  # fmt: skip
DISTANCES = {(0, 1): 15, (0, 2): 28, (1, 2): 30}
# What 6.12 makes of node 2 (mm/memory-tiers.c): 576 x 650/200 of the latencies x 204800/51200 of
# the bandwidths is 7488, and 7488 / 128 is 58. 6.1 makes no tiers from the HMAT.
TIERS = {"6.12": {0: 4, 1: 1, 2: 58}, "6.1": {0: 4, 1: 4, 2: 4}}

SCRIPT = """
keep_sysfs sysfs
keep show hetmem show --json
keep text hetmem show
"""


def machine(kernel):
    arguments = ["-machine", "q35,hmat=on", "-smp", "2"]
    arguments += qemu.memories(SIZES, cpus={0: "0-1"}, initiators={0: 0, 1: 0, 2: 0})
    arguments += qemu.distances(DISTANCES)
    for node, values in FIGURES.items():
        arguments += qemu.locality(0, node, *values)
    arguments += [
        "-numa",
        "hmat-cache,node-id=2,size=64M,level=1,associativity=direct,policy=write-back,line=64",
    ]
    return Machine(arguments, SCRIPT)


def check_machine(report, results, kernel):
    sysfs = results.sysfs()
    linux.check_nodes(report, sysfs, online="0-2", has_cpu="0", has_memory="0-2")
    for node, values in FIGURES.items():
        for access in (0, 1):
            linux.check_attributes(report, sysfs, node, access, [0], *values)
    cache = f"{linux.NODE}/node2/memory_side_cache/index1"
    for name, value in (
        ("size", 64 * MIB), ("line_size", 64), ("indexing", 0), ("write_policy", 0),
    ):  # fmt: skip
        report.equal(f"{cache}/{name}", str(value), sysfs.get(f"{cache}/{name}"))
    linux.check_tiers(
        report, sysfs, {1: "1", 4: "0", 58: "2"} if kernel == "6.12" else {4: "0-2"}
    )


def check(report, results, kernel):
    document = results.json("show")
    truth = Truth(
        initiators={"node0": {"kind": "cpu", "node": 0, "pxm": 0, "cpus": "0-1", "device": ""}},
        targets={
            f"node{node}": qemu.memory_of_node(
                results.sysfs(), SIZES, node,
                cpus="0-1" if node == 0 else "", tier=TIERS[kernel][node],
            )
            for node in SIZES
        },
        access={("node0", f"node{node}"): figures(*values) for node, values in FIGURES.items()},
        best={f"node{node}": "node0" for node in SIZES},
    )  # fmt: skip
    compare(report, truth, document)
    report.equal("distances", [[10, 15, 28]], document["distances"])
    report.equal("defects", [], document["defects"])
    report.equal("disagreements", [], document["disagreements"])
    for node in (0, 1):
        report.equal(f"caches of node{node}", [], target(document, f"node{node}").get("caches"))
    caches = target(document, "node2").get("caches", [])
    if report.equal("number of caches of node2", 1, len(caches)):
        for name, value in (
            ("level", 1), ("size", 64 * MIB), ("line_size", 64), ("associativity", "direct"),
            ("write_policy", "write-back"), ("source", "hmat"),
        ):  # fmt: skip
            report.equal(f"cache of node2: {name}", value, caches[0].get(name))
    report.contains("hetmem show", results.output("text"), "node0", "node1", "node2", "64 MiB")
