"""All memories nearly full, with a bystander: every request ends in an error, and nobody is killed."""

from harness import linux, placed
from harness.machine import Machine
from harness.truth import MIB

PROGRAMS = ("vm_place",)

SCRIPT = """
keep_sysfs sysfs
hold bystander vm_place bystander 100
hold hog vm_place hog 2:60 1:60 0:100
keep meminfo cat /sys/devices/system/node/node0/meminfo /sys/devices/system/node/node1/meminfo
keep bind vm_place allocate bind:node1 300
keep bind_base vm_place allocate bind:node1 300 --pages=base --threads=2
keep no_headroom vm_place allocate bind:node1 300 --headroom=1
keep local vm_place allocate bind:node0 500
keep chain vm_place allocate chain:node1,node2,node0 700
keep best vm_place allocate best:read_bandwidth 700
keep interleave vm_place allocate interleave:node1:1,node2:1 400
keep race vm_place race 4 chain:node2,node1,node0 2
keep pool vm_place pool chain:node1,node2,node0 1000000
keep malloc vm_place bystander 4
release hog
keep cache_file dd if=/dev/zero of=/tmp/file bs=1M count=300
keep afterwards vm_place allocate bind:node1 300
release bystander
"""

REFUSED = ("bind", "bind_base", "no_headroom", "local", "chain", "best", "interleave")


def machine(kernel):
    return Machine(placed.arguments(), SCRIPT)


def check_machine(report, results, kernel):
    linux.check_nodes(report, results.sysfs(), online="0-2", has_memory="0-2")
    free = [int(line.split()[3]) for line in results.output("meminfo").splitlines()
            if "MemFree:" in line]  # fmt: skip
    report.true("the machine is nearly full", max(free) * 1024 < 130 * MIB, f"{free} kB")


def check(report, results, kernel):
    for name in REFUSED:
        found = placed.refused(report, results, name, "target_full")
        report.true(f"{name}: reason", found.get("reason") in ("target", "system"), f"{found}")
    placed.race_ended_well(report, results)
    placed.pool_ended_well(report, results)
    placed.done(report, results, "malloc")
    again = placed.done(report, results, "afterwards")
    placed.lies(report, "afterwards", again.get("first", {}), {1: 300 * MIB})
    report.equal("bystander", True, placed.done(report, results, "bystander").get("contents"))
    placed.nobody_killed(report, results)
