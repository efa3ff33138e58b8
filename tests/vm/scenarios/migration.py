"""Regions move while four threads write to them: no count is lost; all or nothing, or as far as it goes."""

from harness import linux, placed
from harness.machine import Machine
from harness.truth import MIB

PROGRAMS = ("vm_place",)

# Moving single pages that four threads write to takes Linux 6.1 milliseconds each under emulation.
SCRIPT = """
keep_sysfs sysfs
echo 0 >/proc/sys/kernel/numa_balancing
keep whole vm_place writers bind:node1 48 bind:node2
keep base vm_place writers bind:node1 4 bind:node2 --pages=base
keep to_chain vm_place writers bind:node0 220 chain:node1,node2 --headroom=300
keep to_interleave vm_place writers bind:node0 32 interleave:node1:3,node2:1
keep from_interleave vm_place writers interleave:node1:1,node2:1 32 bind:node0
# What the kernel holds back for its CPUs varies by tens of MiB.
hold hog vm_place hog 2:120
keep rolled_back vm_place writers bind:node1 96 bind:node2
keep rolled_back_base vm_place allocate bind:node1 96 --pages=base --migrate=bind:node2
keep as_far vm_place writers bind:node1 96 bind:node2 --as-far
release hog
hold bystander vm_place bystander 50
keep moved hetmem move $HELD bind:node2
keep where hetmem where $HELD --json
keep numa_maps cat /proc/$HELD/numa_maps
release bystander
"""


def machine(kernel):
    return Machine(placed.arguments(), SCRIPT)


def check_machine(report, results, kernel):
    linux.check_nodes(report, results.sysfs(), online="0-2", has_memory="0-2")


def check(report, results, kernel):
    _check_complete(report, results, "whole", {1: 48}, {2: 48})
    _check_complete(report, results, "base", {1: 4}, {2: 4})
    _check_complete(report, results, "to_interleave", {0: 32}, {1: 24, 2: 8})
    _check_complete(report, results, "from_interleave", {1: 16, 2: 16}, {0: 32})
    found = _check_contents(report, results, "to_chain")
    state = found.get("migrated", {})
    shares = {node: placed.on(state, node) for node in (1, 2)}
    report.equal("to_chain: together", 220 * MIB, sum(shares.values()))
    report.true("to_chain: node1 first, to its headroom", 100 * MIB < shares[1] < 220 * MIB,
                f"{shares}; {found.get('migrate', {}).get('what')}")  # fmt: skip
    _check_rolled_back(report, _check_contents(report, results, "rolled_back"), "rolled_back")
    base = placed.done(report, results, "rolled_back_base")
    report.equal("rolled_back_base: contents", True, base.get("contents"))
    _check_rolled_back(report, base, "rolled_back_base")
    _check_as_far(report, results)
    _check_process(report, results)
    placed.nobody_killed(report, results)


def _check_contents(report, results, name):
    found = placed.done(report, results, name)
    report.equal(f"{name}: every count arrived", True, found.get("every_count_arrived"))
    report.equal(f"{name}: what nobody wrote", True, found.get("contents"))
    report.true(f"{name}: it was written meanwhile", found.get("rounds", 0) >= 8, f"{found}")
    return found


def _check_rolled_back(report, found, name):
    went = found.get("migrate", {})
    report.equal(f"{name}: outcome", "target_full", went.get("outcome"))
    report.equal(f"{name}: could not be put back", 0, went.get("strayed"))
    placed.lies(report, name, found.get("migrated", {}), {1: 96 * MIB})
    placed.kept(report, name, found.get("migrated", {}))


def _check_complete(report, results, name, before, after):
    found = _check_contents(report, results, name)
    went = found.get("migrate", {})
    report.equal(f"{name}: outcome", "done", went.get("outcome"))
    result = went.get("result", {})
    report.equal(f"{name}: complete", True, result.get("complete"))
    report.equal(f"{name}: moved", sum(before.values()) * MIB, result.get("moved"))
    report.equal(f"{name}: remaining", 0, result.get("remaining"))
    for when, where in (("first", before), ("migrated", after)):
        state = found.get(when, {})
        expected = {node: mib * MIB for node, mib in where.items()}
        placed.lies(report, f"{name}, {when}", state, expected)
        placed.kept(report, f"{name}, {when}", state)


def _check_as_far(report, results):
    found = _check_contents(report, results, "as_far")
    result = found.get("migrate", {}).get("result", {})
    state = found.get("migrated", {})
    report.equal("as_far: complete", False, result.get("complete"))
    report.true("as_far: some went", 2 * MIB <= result.get("moved", 0) < 96 * MIB, f"{result}")
    report.true("as_far: says why", bool(result.get("why")), f"{result}")
    report.equal("as_far: moved", placed.on(state, 2), result.get("moved"))
    report.equal("as_far: remaining", placed.on(state, 1), result.get("remaining"))
    placed.lies(report, "as_far", state, {n: placed.on(state, n) for n in (1, 2)})
    placed.kept(report, "as_far", state, strayed=placed.on(state, 1))


def _check_process(report, results):
    """`hetmem move`: another program's pages, which it does not notice."""
    maps = results.output("numa_maps")
    words = [word for line in maps.splitlines() if "anon=" in line for word in line.split()]
    pages = {n: sum(int(w[3:]) for w in words if w.startswith(f"N{n}=")) for n in (0, 1, 2)}
    report.true("bystander: on node2 now", pages[2] * 4096 >= 50 * MIB, f"{pages}")
    report.equal("bystander: contents", True, placed.done(report, results, "bystander")["contents"])
