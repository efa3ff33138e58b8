"""A DIMM comes and goes three times: its figures are there each time, though sysfs loses them.

Node 2 is empty until a DIMM is plugged into it; the HMAT knows its figures from the beginning. The
kernel shows them after the first plug only. No hetmemd runs: whoever may read the tables needs none.
"""

import json

from harness import qemu
from harness.linux import BLOCK, NODE
from harness.machine import Machine
from harness.truth import GIB, MIB, figures, target

PROGRAMS = ("vm_monitor",)

SIZES = {0: GIB, 1: 512 * MIB, 2: 0}
FIGURES = {
    0: (100, 105, 102400, 92160), 1: (120, 125, 409600, 307200), 2: (300, 310, 30720, 20480),
}  # fmt: skip
PLUGGED = 256 * MIB
ROUNDS = (1, 2, 3)

SCRIPT = (
    """
# follower_says N TEXT: the program that follows has said this N times.
follower_says() {
    [ "$(grep -c "$2" /results/follower.err)" -eq "$1" ]
}

plugging
hold follower vm_monitor follow
hetmem watch --json >/results/watch.out 2>/results/watch.err &
watch=$!
eventually test -s /results/watch.out
keep_sysfs sysfs_0
keep show_0 hetmem show --json
"""
    + "".join(
        f"""
plug dimm{n} 2 {PLUGGED // MIB}
eventually follower_says {n} "node2 appeared"
keep_sysfs sysfs_{n}
keep show_{n} hetmem show --json
keep rank_{n} hetmem rank --by read_latency --from-cpu 0 --json
must unplug dimm{n}
eventually follower_says {n} "node2 vanished"
keep show_gone_{n} hetmem show --json
"""
        for n in ROUNDS
    )
    + f"""
all_heard() {{
    [ "$(grep -c '"kind":"target_vanished","target":"node2"' /results/watch.out)" -eq {len(ROUNDS)} ]
}}
eventually all_heard
kill $watch
release follower
"""
)


def machine(kernel):
    arguments = ["-machine", "q35,hmat=on", "-smp", "2"]
    arguments += qemu.memories(SIZES, cpus={0: "0-1"}, initiators={0: 0, 1: 0, 2: 0})
    for node, values in FIGURES.items():
        arguments += qemu.locality(0, node, *values)
    return Machine(arguments, SCRIPT, hotplug=True)


def check_machine(report, results, kernel):
    report.equal("nodes at first", "0-1", results.sysfs("sysfs_0").get(f"{NODE}/online"))
    latency = f"{NODE}/node2/access0/initiators/read_latency"
    for n in ROUNDS:
        sysfs = results.sysfs(f"sysfs_{n}")
        report.equal(f"plug {n}: nodes", "0-2", sysfs.get(f"{NODE}/online"))
        report.equal(f"plug {n}: read latency in sysfs", "300" if n == 1 else None,
                     sysfs.get(latency))


def check(report, results, kernel):
    for n in ROUNDS:
        document = results.json(f"show_{n}")
        memory = target(document, "node2")
        for name, value in (("state", "online"), ("blocks_online", PLUGGED // BLOCK), ("pxm", 2)):
            report.equal(f"plug {n}: {name}", value, memory.get(name))
        report.equal(f"plug {n}: figures", figures(*FIGURES[2]), _of_node2(document))
        ranking = results.json(f"rank_{n}")
        report.equal(f"plug {n}: ranking", [("node0", 100_000), ("node1", 120_000),
                                            ("node2", 300_000)],
                     [(place["target"], place["value"]) for place in ranking["places"]])
        gone = results.json(f"show_gone_{n}")
        report.equal(f"unplug {n}: node2", {}, target(gone, "node2"))
        report.equal(f"unplug {n}: room", "absent", target(gone, "pxm2").get("state"))
    _check_watch(report, results)
    _check_follower(report, results)


def _of_node2(document):
    """The figures of node2 from the initiator that reaches it best."""
    best = next((b for b in document["best"] if b["target"] == "node2"), {})
    return {q: (best.get(q) or {}).get("value") for q in figures(*FIGURES[2])}


def _check_watch(report, results):
    lines = [json.loads(line) for line in results.output("watch").splitlines()]
    first, generations = lines[0], lines[1:]
    report.equal("watch: events arrive", True, first["events"])
    report.equal("watch: remark", "", first["remark"])
    report.equal("watch: memories at first", ["node0", "node1", "pxm2"],
                 sorted(t["name"] for t in first["targets"]))
    numbers = [line["generation"] for line in lines]
    report.equal("watch: generations grow", sorted(set(numbers)), numbers)
    told = [
        (c["kind"], c["target"])
        for line in generations
        for c in line["changes"]
        if c["kind"] in ("target_appeared", "target_vanished") and c["target"] == "node2"
    ]
    report.equal("watch: what node2 did",
                 [("target_appeared", "node2"), ("target_vanished", "node2")] * len(ROUNDS), told)
    # As many as states that somebody could see: the node, its blocks one by one, its tier.
    report.true("watch: few generations", len(generations) <= 4 * 2 * len(ROUNDS),
                f"{len(generations)} for {2 * len(ROUNDS)} changes")


def _check_follower(report, results):
    found = results.json("follower")
    report.equal("a topology that was held", True, found.get("first_unchanged"))
    report.equal("memories in the end", {"node0": "online", "node1": "online", "pxm2": "absent"},
                 found.get("targets"))
    times = [round(g["ms"], 1) for g in found.get("generations", [])]
    print(f"generations were there {times} ms after the kernel's last event")
