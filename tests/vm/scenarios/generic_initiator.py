"""A Generic Initiator takes a node of its own, so that proximity domains and nodes differ.

Linux numbers the domains of processors first, then Generic Initiators, then memories in the order
of the SRAT: domains 0, 5, 7 and 3 become nodes 0, 1, 2 and 3. The initiator is a PCI device that
the guest really has, in the domain that the SRAT says.
"""

from harness import linux, qemu, tables
from harness.machine import Machine
from harness.truth import MIB, Truth, compare, compare_ranking, figures, target

SIZES = {0: 1024 * MIB, 1: 512 * MIB, 2: 512 * MIB}
MEMORY_PXMS = {0: 0, 1: 7, 2: 3}  # of QEMU's three nodes
NODE_OF = {0: 0, 5: 1, 7: 2, 3: 3}
GENERIC_INITIATOR = 5
DEVICE = "0000:00:03.0"

# (initiator pxm, memory pxm): read ns, write ns, read MB/s, write MB/s
FIGURES = {
    (0, 0): (100, 105, 102400, 92160), (0, 7): (250, 255, 61440, 51200),
    (0, 3): (180, 185, 71680, 66560), (5, 0): (230, 235, 40960, 30720),
    (5, 7): (80, 85, 409600, 307200), (5, 3): (320, 325, 20480, 10240),
}  # fmt: skip

SCRIPT = """
keep_sysfs sysfs
keep show hetmem show --json
keep text hetmem show --matrix
keep rank hetmem rank --by read_latency --from-cpu 0 --json
keep rank_gi hetmem rank --by read_latency --from-initiator gi1 --json
"""


def machine(kernel):
    arguments = ["-machine", "q35", "-smp", "2", "-device", "virtio-rng-pci,addr=03.0"]
    arguments += qemu.memories(SIZES, cpus={0: "0-1"})
    initiators, memories = [0, GENERIC_INITIATOR], [0, 7, 3]
    srat = [tables.processor(0, apic) for apic in (0, 1)]
    srat += [tables.memory(*piece) for piece in qemu.affinity(SIZES, MEMORY_PXMS)]
    srat.append(tables.generic_initiator(GENERIC_INITIATOR, 0, 0, 3, 0))
    hmat = [
        tables.memory_attributes(0, initiator_pxm=0),
        tables.memory_attributes(7, initiator_pxm=GENERIC_INITIATOR),
        tables.memory_attributes(3, initiator_pxm=0),
    ]
    # The tables count picoseconds and MB/s.
    for position, (data_type, base, unit) in enumerate((
        (tables.READ_LATENCY, 1000, 1000), (tables.WRITE_LATENCY, 500, 1000),
        (tables.READ_BANDWIDTH, 10, 1), (tables.WRITE_BANDWIDTH, 1024, 1),
    )):  # fmt: skip
        rows = [[FIGURES[i, t][position] * unit // base for t in memories] for i in initiators]
        hmat.append(tables.locality(data_type, base, initiators, memories, rows))
    return Machine(
        arguments, SCRIPT,
        tables={
            "srat": tables.srat(srat),
            "hmat": tables.hmat(2, hmat),
            "slit": tables.slit(distances()),
            "ssdt": tables.ssdt_with_proximity(GENERIC_INITIATOR),
        },
    )  # fmt: skip


def distances():
    """By domain. Domains that nobody has are as far as any."""
    rows = [[10 if a == b else 99 for b in range(8)] for a in range(8)]
    for a, b, value in (0, 7, 24), (0, 3, 17), (0, 5, 22), (5, 7, 12), (5, 3, 31), (3, 7, 33):
        rows[a][b] = rows[b][a] = value
    return rows


def check_machine(report, results, kernel):
    sysfs = results.sysfs()
    linux.check_nodes(
        report, sysfs, online="0-3", has_cpu="0", has_memory="0,2-3", has_generic_initiator="1"
    )
    for access in (0, 1):
        linux.check_attributes(report, sysfs, 0, access, [0], *FIGURES[0, 0])
        linux.check_attributes(report, sysfs, 3, access, [0], *FIGURES[0, 3])
    linux.check_attributes(report, sysfs, 2, 0, [1], *FIGURES[GENERIC_INITIATOR, 7])
    linux.check_attributes(report, sysfs, 2, 1, [0], *FIGURES[0, 7])
    report.equal(
        "node of the device", "1", sysfs.get(f"bus/pci/devices/{DEVICE}/numa_node")
    )
    report.equal("distances of node 0", "10 22 24 17", sysfs.get(f"{linux.NODE}/node0/distance"))


def check(report, results, kernel):
    document = results.json("show")
    pieces = qemu.affinity(SIZES, MEMORY_PXMS)
    names = {0: "node0", GENERIC_INITIATOR: "gi1"}
    truth = Truth(
        initiators={
            "node0": {"kind": "cpu", "node": 0, "pxm": 0, "cpus": "0-1", "device": ""},
            "gi1": {
                "kind": "generic_initiator", "node": 1, "pxm": GENERIC_INITIATOR, "cpus": "",
                "device": f"pci {DEVICE}",
            },
        },
        targets={
            f"node{NODE_OF[pxm]}": linux.memory_of_node(
                results.sysfs(), NODE_OF[pxm], [piece for piece in pieces if piece[0] == pxm],
                cpus="0-1" if pxm == 0 else "",
            )
            for pxm in MEMORY_PXMS.values()
        },
        access={
            (names[i], f"node{NODE_OF[t]}"): figures(*v) for (i, t), v in FIGURES.items()
        },
        best={"node0": "node0", "node2": "gi1", "node3": "node0"},
    )  # fmt: skip
    compare(report, truth, document)
    report.equal("disagreements", [], document["disagreements"])
    report.equal("defects", [], document["defects"])
    order = [entry["name"] for entry in document["initiators"]]
    shown = dict(zip(order, document["distances"], strict=True))
    targets = [entry["name"] for entry in document["targets"]]
    for initiator, values in (("node0", (10, 24, 17)), ("gi1", (22, 12, 31))):
        expected = dict(zip(("node0", "node2", "node3"), values, strict=True))
        report.equal(f"distances of {initiator}", expected,
                     dict(zip(targets, shown.get(initiator, []), strict=False)))
    for name, initiator, order in (
        ("rank", 0, (0, 3, 7)), ("rank_gi", GENERIC_INITIATOR, (7, 0, 3)),
    ):  # fmt: skip
        expected = [
            (f"node{NODE_OF[t]}", figures(*FIGURES[initiator, t])["read_latency"]) for t in order
        ]
        about = f"hetmem rank from {names[initiator]}"
        compare_ranking(report, expected, results.json(name), about)
    for name in ("node0", "node2", "node3"):
        reason = target(document, name).get("pxm_reason", "")
        report.contains(f"how the domain of {name} was found", reason, "SRAT memory range")
    report.contains("hetmem show", results.output("text"), DEVICE)
