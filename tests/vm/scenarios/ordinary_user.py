"""An ordinary user may not read firmware's tables: the kernel's figures, and a word on the rest."""

from harness import linux, qemu
from harness.machine import Machine
from harness.truth import MIB, NOTHING_KNOWN, UNKNOWN, Truth, compare, figures

SIZES = {0: 768 * MIB, 1: 768 * MIB, 2: 256 * MIB, 3: 256 * MIB}
SOCKET = {0: 0, 1: 1, 2: 0, 3: 1}
# The best pairs only: those are all that the kernel shows.
LOCAL = {
    (0, 0): (96, 101, 204800, 179200), (1, 1): (97, 103, 203776, 178176),
    (0, 2): (118, 124, 819200, 614400), (1, 3): (119, 126, 818176, 613376),
}  # fmt: skip
DISTANCES = {(0, 1): 21, (0, 2): 13, (0, 3): 23, (1, 2): 23, (1, 3): 13, (2, 3): 25}
REMOTE = (160, 170, 81920, 71680)
TABLES = ("HMAT", "SRAT", "SLIT")

SCRIPT = """
keep_sysfs sysfs
keep_as_user who id -u
keep_as_user show hetmem show --json
keep_as_user text hetmem show
keep_as_user matrix hetmem show --matrix
"""


def machine(kernel):
    arguments = ["-machine", "q35,hmat=on", "-smp", "4,sockets=2,cores=2,threads=1"]
    arguments += qemu.memories(SIZES, cpus={0: "0-1", 1: "2-3"}, initiators=SOCKET)
    arguments += qemu.distances(DISTANCES)
    for initiator in (0, 1):
        for node in SIZES:
            arguments += qemu.locality(initiator, node, *LOCAL.get((initiator, node), REMOTE))
    return Machine(arguments, SCRIPT)


def check_machine(report, results, kernel):
    sysfs = results.sysfs()
    report.equal("user id", "1000", results.output("who").strip())
    linux.check_nodes(report, sysfs, online="0-3", has_cpu="0-1", has_memory="0-3")
    for node, socket in SOCKET.items():
        linux.check_attributes(report, sysfs, node, 0, [socket], *LOCAL[socket, node])


def check(report, results, kernel):
    document = results.json("show")
    truth = Truth(
        initiators={
            f"node{node}": {"kind": "cpu", "node": node, "cpus": cpus, "pxm": UNKNOWN}
            for node, cpus in ((0, "0-1"), (1, "2-3"))
        },
        targets={
            f"node{node}": qemu.memory_of_node(
                results.sysfs(), SIZES, node, pxm=UNKNOWN, ranges=[]
            )
            for node in SIZES
        },
        access={
            (f"node{i}", f"node{t}"): figures(*LOCAL[i, t]) if (i, t) in LOCAL else NOTHING_KNOWN
            for i in (0, 1) for t in SIZES
        },
        best={f"node{node}": f"node{socket}" for node, socket in SOCKET.items()},
        sources=("sysfs",),
    )  # fmt: skip
    compare(report, truth, document)
    report.equal("disagreements", [], document["disagreements"])
    report.equal("distances", [[10, 21, 13, 23], [21, 10, 23, 13]], document["distances"])
    for table in TABLES:
        told = [entry["status"] for entry in document["sources"] if entry["what"] == table]
        report.equal(f"status of {table}", ["not_permitted"], told)
    notices = " ".join(
        f"{notice['what']} {notice['why']} {notice['help']}" for notice in document["notices"]
    )
    report.contains("the notices", notices, *TABLES, "root")
    report.contains("hetmem show", results.output("text"), "HMAT", "root")
