"""Demotion and NUMA balancing may undo a placement; verify() counts again, and is right."""

from harness import linux, placed
from harness.machine import Machine
from harness.truth import MIB

PROGRAMS = ("vm_place",)

# Reclaim is asked for, in a group of its own: what demotes then is the kernel's own way of making
# room, without a machine that has to be filled for it.
SCRIPT = """
keep_sysfs sysfs
cgroups
cgroup holder
cgroup locked
echo 1 >/sys/kernel/mm/numa/demotion_enabled || fail demotion_enabled
echo 1 >/proc/sys/kernel/numa_balancing || fail numa_balancing
hold strict in_cgroup holder vm_place allocate bind:node0 200 --pages=base
hold locked in_cgroup locked vm_place allocate bind:node0 64 --pages=base --locked
for group in holder locked; do
    # An error only says that not all of it could be reclaimed.
    echo 120M >/sys/fs/cgroup/$group/memory.reclaim
done
keep vmstat grep -E '^(pgdemote|numa_pte|pgmigrate)' /proc/vmstat
release strict
release locked
keep spun vm_place spin bind:node2 64 --pages=base
keep spun_interleave vm_place spin interleave:node1:1,node2:1 64 --pages=base
keep numa grep -E '^(pgdemote|numa_|pgmigrate)' /proc/vmstat
"""


def machine(kernel):
    return Machine(placed.arguments(), SCRIPT)


def check_machine(report, results, kernel):
    linux.check_nodes(report, results.sysfs(), online="0-2", has_memory="0-2")


def check(report, results, kernel):
    strict = placed.done(report, results, "strict")
    placed.lies(report, "strict, at return", strict.get("first", {}), {0: 200 * MIB}, kernel != "6.1")
    placed.kept(report, "strict, at return", strict.get("first", {}))
    later = strict.get("later", {})
    elsewhere = {node: placed.on(later, node) for node in (0, 1, 2)}
    placed.lies(report, "strict, after reclaim", later, elsewhere, kernel != "6.1")
    strayed = elsewhere[1] + elsewhere[2]
    # Whether the kernel demotes depends on its tiers; 6.12 has a slower one here.
    if kernel == "6.12":
        report.true("the kernel demoted some", strayed > 10 * MIB, results.output("vmstat"))
    placed.kept(report, "strict, after reclaim", later, strayed=strayed)
    report.equal("strict: contents", True, strict.get("contents"))
    locked = placed.done(report, results, "locked")
    placed.lies(report, "locked, after reclaim", locked.get("later", {}), {0: 64 * MIB},
                kernel != "6.1")  # fmt: skip
    placed.kept(report, "locked, after reclaim", locked.get("later", {}))
    _check_balancing(report, results, "spun", {2: 64})
    _check_balancing(report, results, "spun_interleave", {1: 32, 2: 32})
    placed.nobody_killed(report, results)


def _check_balancing(report, results, name, mib):
    """Used all the time from a CPU of another node, under a policy: it stays."""
    found = placed.done(report, results, name)
    expected = {node: size * MIB for node, size in mib.items()}
    for when in ("first", "later"):
        placed.lies(report, f"{name}, {when}", found.get(when, {}), expected, query=False)
        placed.kept(report, f"{name}, {when}", found.get(when, {}))
    report.true(f"{name}: balancing looked at it", found.get("scanned", 0) > 0, f"{found}")
    report.equal(f"{name}: contents", True, found.get("contents"))
