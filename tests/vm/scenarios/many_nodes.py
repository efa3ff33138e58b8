"""128 nodes, as many as QEMU has: numbers beyond one word of a node mask are ordinary."""

from harness import placed
from harness.machine import Machine
from harness.truth import MIB

PROGRAMS = ("vm_place",)

LAST = 127
SIZES = {0: 768 * MIB, **dict.fromkeys(range(1, LAST), 8 * MIB), LAST: 512 * MIB}

SCRIPT = """
keep online cat /sys/devices/system/node/online
keep bind vm_place allocate bind:node127 64
keep chain vm_place allocate chain:node127,node0 192 --headroom=150
keep interleave vm_place allocate interleave:node127:3,node0:1 32
hold region vm_place allocate bind:node0 32 --migrate=bind:node127
keep where hetmem where $HELD --json
release region
keep small_node vm_place allocate bind:node100 2 --pages=base --headroom=1
keep too_much vm_place allocate bind:node127 600
keep no_such vm_place allocate bind:node128 10
"""


def machine(kernel):
    arguments = ["-machine", "q35", "-smp", "2", "-m", f"{sum(SIZES.values()) // MIB}M"]
    for node, size in SIZES.items():
        cpus = ",cpus=0-1" if node == 0 else ""
        arguments += [
            "-object", f"memory-backend-ram,size={size // MIB}M,id=m{node}",
            "-numa", f"node,nodeid={node},memdev=m{node}{cpus}",
        ]  # fmt: skip
    return Machine(arguments, SCRIPT)


def check_machine(report, results, kernel):
    report.equal("nodes", f"0-{LAST}", results.output("online").strip())


def check(report, results, kernel):
    for name, expected in (
        ("bind", {LAST: 64 * MIB}), ("interleave", {LAST: 24 * MIB, 0: 8 * MIB}),
    ):  # fmt: skip
        found = placed.done(report, results, name).get("first", {})
        placed.lies(report, name, found, expected)
        placed.kept(report, name, found)
    chain = placed.done(report, results, "chain").get("first", {})
    shares = {node: placed.on(chain, node) for node in (LAST, 0)}
    report.equal("chain: together", 192 * MIB, sum(shares.values()))
    report.true("chain: on both", min(shares.values()) > 8 * MIB, f"{shares}")
    placed.lies(report, "chain", chain, shares)
    moved = placed.done(report, results, "region")
    report.equal("migrate: contents", True, moved.get("contents"))
    placed.lies(report, "migrate", moved.get("migrated", {}), {LAST: 32 * MIB})
    said = {t["target"]: t["bytes"] for t in results.json("where")["targets"]}
    report.true("hetmem where", said.get("node127", 0) >= 32 * MIB, f"{said}")
    # Most of a node this small is the kernel's: the request may be refused, and says which node.
    small = placed.document(results, "small_node")
    if small.get("outcome") == "done":
        placed.lies(report, "small_node", small["first"], {100: 2 * MIB})
    else:
        placed.refused(report, results, "small_node", "target_full", "node100", reason="target")
    placed.refused(report, results, "too_much", "target_full", "node127", reason="target")
    placed.refused(report, results, "no_such", "no_such_target", "node128")
    placed.nobody_killed(report, results)
