"""Every placement on three memories: filled in the caller's order, and equal to move_pages' answer."""

from harness import linux, placed
from harness.machine import Machine
from harness.truth import MIB

PROGRAMS = ("vm_place",)

SCRIPT = """
keep_sysfs sysfs
keep bind vm_place allocate bind:node1 300
keep base vm_place allocate bind:node2 64 --pages=base
keep locked vm_place allocate bind:node2 64 --locked
keep one_name vm_place allocate node2 16
keep chain vm_place allocate chain:node1,node2,node0 1000
# Not the order of numbers, of distance or of speed, and not the kernel's.
keep chain_backwards vm_place allocate chain:node2,node1 600
hold headroom vm_place allocate chain:node1,node2 300 --headroom=250
keep meminfo cat /sys/devices/system/node/node1/meminfo
release headroom
keep best vm_place allocate best:read_bandwidth 100
keep best_overflows vm_place allocate best:read_bandwidth 600
keep largest vm_place allocate best:capacity 100
keep prefer vm_place allocate prefer:node2 100
keep prefer_too_much vm_place allocate prefer:node2 600
keep directory vm_place allocate bind:/tmp 32
keep exhausted vm_place allocate chain:node1,node2 1100
keep too_much vm_place allocate bind:node1 600
keep everything vm_place allocate chain:node0,node1,node2 3000
keep no_such vm_place allocate bind:node7 10
keep pool vm_place pool chain:node1,node2 65536
keep pool_limit vm_place pool bind:node2 4000 --limit=64
keep after cat /sys/devices/system/node/node1/meminfo /sys/devices/system/node/node2/meminfo
"""


def machine(kernel):
    return Machine(placed.arguments(), SCRIPT)


def check_machine(report, results, kernel):
    linux.check_nodes(report, results.sysfs(), online="0-2", has_memory="0-2")


def check(report, results, kernel):
    whole(report, results, "bind", {1: 300})
    whole(report, results, "base", {2: 64})
    whole(report, results, "locked", {2: 64})
    whole(report, results, "one_name", {2: 16})
    # From 512 MiB the kernel keeps some, and 32 MiB stay for others.
    most = range(300, 480)  # of 512, of which the kernel has its part
    filled_in_order(report, results, "chain", [(1, most), (2, most), (0, range(40, 400))], 1000)
    filled_in_order(report, results, "chain_backwards", [(2, most), (1, range(120, 300))], 600)
    held = filled_in_order(
        report, results, "headroom", [(1, range(150, 262)), (2, range(38, 150))], 300
    )
    free = figure(results.output("meminfo"), 1, "MemFree")
    report.true("what must stay free on node1 does", free >= 250 * MIB, f"{free / MIB:.1f} MiB")
    report.true("and no more than that", free < 290 * MIB, f"{free / MIB:.1f} MiB; {held}")
    whole(report, results, "best", {1: 100})
    filled_in_order(report, results, "best_overflows", [(1, most), (0, range(120, 300))], 600)
    whole(report, results, "largest", {0: 100})
    whole(report, results, "prefer", {2: 100})
    _check_preferred(report, results)
    directory = placed.done(report, results, "directory").get("first", {})
    report.equal("directory: where()", 32 * MIB, sum(directory["where"]["bytes"].values()))
    placed.refused(report, results, "exhausted", "target_full", reason="target")
    found = placed.refused(report, results, "too_much", "target_full", "node1", reason="target")
    report.true("too_much: what could be had", 300 * MIB < found["available"] < 480 * MIB,
                f"{found['available']}")  # fmt: skip
    placed.refused(report, results, "everything", "target_full")
    placed.refused(report, results, "no_such", "no_such_target", "node7")
    _check_pools(report, results)
    for node in (1, 2):
        free = figure(results.output("after"), node, "MemFree")
        report.true(f"all of node{node} was given back", free > 400 * MIB, f"{free / MIB:.0f} MiB")
    placed.nobody_killed(report, results)


def whole(report, results, name, mib):
    """All of it where it was asked, before and after something else was looked at."""
    found = placed.done(report, results, name)
    expected = {node: size * MIB for node, size in mib.items()}
    for when in ("first", "later"):
        placed.lies(report, f"{name}, {when}", found.get(when, {}), expected)
        placed.kept(report, f"{name}, {when}", found.get(when, {}))
    report.equal(f"{name}: came zeroed", True, found.get("zeroed"))
    report.equal(f"{name}: contents", True, found.get("contents"))
    policies = found.get("first", {}).get("policies", [])
    report.true(f"{name}: no binding policy is left behind",
                policies and not any(p.startswith("bind") for p in policies), f"{policies}")  # fmt: skip
    return found


def filled_in_order(report, results, name, shares, total):
    """shares: (node, MiB from-to) in the order of filling."""
    found = placed.done(report, results, name)
    state = found.get("first", {})
    expected = {node: placed.on(state, node) for node, _ in shares}
    report.equal(f"{name}: together", total * MIB, sum(expected.values()))
    for node, mib in shares:
        share = expected[node] // MIB
        report.true(f"{name}: MiB on node{node} in {mib}", share in mib, f"{share}")
    placed.lies(report, name, state, expected)
    placed.kept(report, name, state)
    report.equal(f"{name}: contents", True, found.get("contents"))
    return expected


def figure(meminfo, node, name):
    for line in meminfo.splitlines():
        words = line.split()
        if words[:2] == ["Node", str(node)] and words[2] == f"{name}:":
            return int(words[3]) * 1024
    return 0


def _check_preferred(report, results):
    state = placed.done(report, results, "prefer_too_much").get("first", {})
    total = sum(state["where"]["bytes"].values())
    report.equal("prefer_too_much: all of it is somewhere", 600 * MIB, total)
    report.true("prefer_too_much: most on node2", placed.on(state, 2) > 300 * MIB, f"{state}")
    strayed = state["verify"]["strayed"]
    report.equal("prefer_too_much: verify() counts the rest", total - placed.on(state, 2), strayed)


def _check_pools(report, results):
    pool = placed.done(report, results, "pool")
    report.equal("pool: ends with", "allocation_failed", pool["refused"]["outcome"])
    report.equal("pool: objects are intact", True, pool["intact"])
    nodes = pool["where"]["bytes"]
    report.equal("pool: memories", {"node1", "node2"}, set(nodes))
    for node in ("node1", "node2"):
        share = nodes.get(node, 0)
        report.true(f"pool: most of {node}", share > 350 * MIB, f"{share / MIB:.0f} MiB")
        granted = pool["full"]["targets"].get(node, 0)
        report.true(f"pool: granted on {node}", granted >= share, f"{granted}, {share}")
    report.true("pool: is given back", pool["trimmed"] >= 0.9 * pool["full"]["held"], f"{pool}")
    report.equal("pool: nothing in use", 0, pool["empty"]["live"])
    limited = placed.done(report, results, "pool_limit")
    report.true("pool_limit: is named", "limit" in limited["refused"].get("what", ""), f"{limited}")
    report.true("pool_limit: held", limited["full"]["held"] <= 64 * MIB, f"{limited['full']}")
    report.true("pool_limit: used", limited["full"]["in_use"] > 48 * MIB, f"{limited['full']}")
