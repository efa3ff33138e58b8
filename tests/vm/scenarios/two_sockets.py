"""Two sockets, each with DDR and HBM: every pair is known, also the remote ones.

Linux shows only the best initiators of a memory. All 32 figures here differ, so that none can
stand in for another.
"""

from harness import linux, qemu
from harness.machine import Machine
from harness.truth import MIB, QUANTITIES, Truth, compare, compare_ranking, figures

SIZES = {0: 768 * MIB, 1: 768 * MIB, 2: 256 * MIB, 3: 256 * MIB}
SOCKET = {0: 0, 1: 1, 2: 0, 3: 1}
# (initiator, target): read ns, write ns, read MB/s, write MB/s
FIGURES = {
    (0, 0): (96, 101, 204800, 179200), (0, 1): (141, 152, 81920, 71680),
    (0, 2): (118, 124, 819200, 614400), (0, 3): (163, 177, 92160, 76800),
    (1, 0): (142, 154, 80896, 70656), (1, 1): (97, 103, 203776, 178176),
    (1, 2): (164, 179, 91136, 75776), (1, 3): (119, 126, 818176, 613376),
}  # fmt: skip
DISTANCES = {(0, 1): 21, (0, 2): 13, (0, 3): 23, (1, 2): 23, (1, 3): 13, (2, 3): 25}

PROGRAMS = ("tar", "gzip")  # `hetmem capture` calls tar

SCRIPT = """
keep_sysfs sysfs
keep show hetmem show --json
keep text hetmem show --matrix
keep rank0 hetmem rank --by read_bandwidth --from-cpu 0 --json
keep rank3 hetmem rank --by write_latency --from-cpu 3 --json
keep rank_worst hetmem rank --by read_bandwidth --from-cpu 1 --from-cpu 2 --json
keep rank_text hetmem rank --by read_bandwidth --from-cpu 0
keep capture hetmem capture /tmp/b.tar.gz
keep again hetmem show --json --root /tmp/b.tar.gz
"""


def machine(kernel):
    arguments = ["-machine", "q35,hmat=on", "-smp", "4,sockets=2,cores=2,threads=1"]
    arguments += qemu.memories(SIZES, cpus={0: "0-1", 1: "2-3"}, initiators=SOCKET)
    arguments += qemu.distances(DISTANCES)
    for pair, values in FIGURES.items():
        arguments += qemu.locality(*pair, *values)
    return Machine(arguments, SCRIPT)


def check_machine(report, results, kernel):
    sysfs = results.sysfs()
    linux.check_nodes(report, sysfs, online="0-3", has_cpu="0-1", has_memory="0-3")
    for node, socket in SOCKET.items():
        # The local initiator alone is linked, with its own figures: the remote ones are nowhere.
        for access in (0, 1):
            linux.check_attributes(report, sysfs, node, access, [socket], *FIGURES[socket, node])


def check(report, results, kernel):
    document = results.json("show")
    truth = truth_of_the_machine(results.sysfs())
    compare(report, truth, document)
    report.equal("disagreements", [], document["disagreements"])
    report.equal(
        "packages", [{"id": 0, "cpus": "0-1"}, {"id": 1, "cpus": "2-3"}], document["packages"]
    )
    report.equal("distances", [[10, 21, 13, 23], [21, 10, 23, 13]], document["distances"])
    report.equal("defects", [], document["defects"])
    _check_sysfs_alone(report, document)
    _check_rankings(report, results)
    compare(report, truth, results.json("again"), "hetmem show --json --root CAPTURE")


def truth_of_the_machine(sysfs):
    return Truth(
        initiators={
            f"node{node}": {
                "kind": "cpu", "node": node, "pxm": node, "cpus": cpus, "package": node,
            }
            for node, cpus in ((0, "0-1"), (1, "2-3"))
        },
        targets={
            f"node{node}": qemu.memory_of_node(
                sysfs, SIZES, node, cpus={0: "0-1", 1: "2-3"}.get(node, ""), package=SOCKET[node],
                caches=[], kind="dram" if node in (0, 1) else "hbm",
            )
            for node in SIZES
        },
        access={(f"node{i}", f"node{t}"): figures(*v) for (i, t), v in FIGURES.items()},
        best={f"node{node}": f"node{socket}" for node, socket in SOCKET.items()},
    )  # fmt: skip


def _check_sysfs_alone(report, document):
    """What came from the kernel's files is kept apart and has no remote pair."""
    targets = [entry["name"] for entry in document["targets"]]
    seen = 0
    for matrix in document["figures"]:
        if matrix["source"] != "sysfs":
            continue
        seen += 1
        for i, row in enumerate(matrix["values"]):
            for name, value in zip(targets, row, strict=True):
                local = SOCKET[int(name.removeprefix("node"))] == i
                report.equal(f"sysfs {matrix['quantity']} node{i} -> {name}: known",
                             local, value is not None)
    report.equal("quantities that sysfs knows", len(QUANTITIES), seen)


def _check_rankings(report, results):
    def order(column, initiators, nodes):
        quantity = QUANTITIES[column]
        pick = max if column < 2 else min  # the worst of several initiators counts
        return [
            (f"node{t}", pick(figures(*FIGURES[i, t])[quantity] for i in initiators)) for t in nodes
        ]

    compare_ranking(
        report, order(2, [0], [2, 0, 3, 1]), results.json("rank0"), "by read bandwidth from CPU 0"
    )
    compare_ranking(
        report, order(1, [1], [1, 3, 0, 2]), results.json("rank3"), "by write latency from CPU 3"
    )
    compare_ranking(
        report, order(2, [0, 1], [3, 2, 1, 0]), results.json("rank_worst"),
        "by read bandwidth from CPUs of both sockets",
    )  # fmt: skip
    lines = [line.split() for line in results.output("rank_text").splitlines()]
    report.equal(
        "places of hetmem rank", [["1", "node2"], ["2", "node0"], ["3", "node3"], ["4", "node1"]],
        [words[:2] for words in lines if words and words[0].isdigit()],
    )  # fmt: skip
