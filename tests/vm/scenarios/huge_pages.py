"""Pools of huge pages, 2 MiB and 1 GiB, a node at a time; an empty one is an error and no kill."""

from harness import linux, placed, qemu
from harness.machine import Machine
from harness.truth import GIB, MIB

PROGRAMS = ("vm_place",)

SIZES = {0: GIB, 1: GIB + 256 * MIB, 2: 256 * MIB}
# A page of 1 GiB needs a whole aligned GiB that nothing else was put into: with node 0 alone below
# 4 GiB, where kernel and initrd go, that is the first of node 1.
LAYOUT = "max-ram-below-4g=1G"
COMMAND_LINE = "hugepagesz=1G hugepages=1:1"

SCRIPT = """
keep_sysfs sysfs
nodes=/sys/devices/system/node
for size in 2048 1048576; do
    [ -d $nodes/node1/hugepages/hugepages-${size}kB ] || fail "no huge pages of $size kB"
done
keep none_2m vm_place allocate bind:node1 2 --pages=2m
keep none_1g vm_place allocate bind:node0 1024 --pages=1g
echo 40 >$nodes/node1/hugepages/hugepages-2048kB/nr_hugepages
echo 20 >$nodes/node2/hugepages/hugepages-2048kB/nr_hugepages
keep pools cat $nodes/node1/hugepages/hugepages-1048576kB/free_hugepages \\
    $nodes/node1/hugepages/hugepages-2048kB/free_hugepages \\
    $nodes/node2/hugepages/hugepages-2048kB/free_hugepages
keep one_2m vm_place allocate bind:node1 64 --pages=2m
keep all_2m vm_place allocate bind:node2 40 --pages=2m
keep too_many vm_place allocate bind:node2 42 --pages=2m
keep chain vm_place allocate chain:node2,node1 100 --pages=2m
keep chain_exhausted vm_place allocate chain:node2,node1 122 --pages=2m
keep interleave vm_place allocate interleave:node1:3,node2:1 40 --pages=2m
keep one_1g vm_place allocate bind:node1 1024 --pages=1g
keep two_1g vm_place allocate bind:node1 2048 --pages=1g
keep elsewhere_1g vm_place allocate bind:node2 1024 --pages=1g
keep pool vm_place pool bind:node1 65536 --pages=2m
keep unmovable vm_place allocate bind:node1 16 --pages=2m --migrate=bind:node2
keep pools_after cat $nodes/node1/hugepages/hugepages-1048576kB/free_hugepages \\
    $nodes/node1/hugepages/hugepages-2048kB/free_hugepages \\
    $nodes/node2/hugepages/hugepages-2048kB/free_hugepages
"""


def machine(kernel):
    arguments = ["-machine", f"q35,{LAYOUT}", "-smp", "2"]
    arguments += qemu.memories(SIZES, cpus={0: "0-1"})
    return Machine(arguments, SCRIPT, command_line=COMMAND_LINE)


def check_machine(report, results, kernel):
    linux.check_nodes(report, results.sysfs(), online="0-2", has_memory="0-2")
    report.equal("free huge pages", ["1", "40", "20"], results.output("pools").split())


def check(report, results, kernel):
    for name in ("none_2m", "none_1g", "too_many", "chain_exhausted", "two_1g", "elsewhere_1g"):
        placed.refused(
            report, results, name, "target_full", "pool of", "nr_hugepages",
            reason="huge_page_pool",
        )
    report.contains("none_2m", placed.document(results, "none_2m")["what"], "node1")
    _whole(report, results, "one_2m", {1: 64 * MIB})
    _whole(report, results, "all_2m", {2: 40 * MIB})
    _whole(report, results, "chain", {2: 40 * MIB, 1: 60 * MIB})
    _whole(report, results, "interleave", {1: 30 * MIB, 2: 10 * MIB})
    _whole(report, results, "one_1g", {1: GIB})
    pool = placed.done(report, results, "pool")
    report.equal("pool: ends with", "allocation_failed", pool["refused"]["outcome"])
    report.equal("pool: all of the huge pages", {"node1": 80 * MIB}, pool["full"]["targets"])
    # Moving one would drag a page of the pool along.
    unmovable = placed.done(report, results, "unmovable")
    report.equal("a huge page is not moved", "error", unmovable["migrate"]["outcome"])
    placed.lies(report, "unmovable", unmovable["migrated"], {1: 16 * MIB})
    report.equal("pools afterwards", ["1", "40", "20"], results.output("pools_after").split())
    placed.nobody_killed(report, results)


def _whole(report, results, name, expected):
    found = placed.done(report, results, name)
    placed.lies(report, name, found.get("first", {}), expected)
    placed.kept(report, name, found.get("first", {}))
    report.equal(f"{name}: contents", True, found.get("contents"))
