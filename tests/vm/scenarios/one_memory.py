"""A machine with one memory and nothing more: placements work, and what is too much is an error."""

from harness import linux, placed, qemu
from harness.machine import Machine
from harness.truth import MIB

PROGRAMS = ("vm_place",)

SCRIPT = """
keep_sysfs sysfs
hold bystander vm_place bystander 50
keep bind vm_place allocate bind:node0 200
keep best vm_place allocate best:read_bandwidth 100
keep kind vm_place allocate bind:dram 100
keep interleave vm_place allocate interleave:node0:3 100
keep too_much vm_place allocate bind:node0 2000
keep too_much_base vm_place allocate bind:node0 2000 --pages=base --threads=2
keep chain vm_place allocate chain:node0 700
keep best_too_much vm_place allocate best:capacity 2000
keep race vm_place race 4 bind:node0 16
keep pool vm_place pool bind:node0 100000
keep other vm_place allocate bind:node1 10
release bystander
"""


def machine(kernel):
    return Machine(["-machine", "q35", "-smp", "2", *qemu.memories({0: 768 * MIB}, {0: "0-1"})],
                   SCRIPT)  # fmt: skip


def check_machine(report, results, kernel):
    linux.check_nodes(report, results.sysfs(), online="0", has_memory="0")


def check(report, results, kernel):
    for name, mib in (("bind", 200), ("best", 100), ("kind", 100), ("interleave", 100)):
        found = placed.done(report, results, name)
        placed.lies(report, name, found.get("first", {}), {0: mib * MIB})
        placed.kept(report, name, found.get("first", {}))
    for name in ("too_much", "too_much_base", "chain", "best_too_much"):
        found = placed.refused(report, results, name, "target_full")
        report.true(f"{name}: reason", found.get("reason") in ("target", "system"), f"{found}")
    placed.race_ended_well(report, results)
    placed.pool_ended_well(report, results)
    placed.refused(report, results, "other", "no_such_target", "node1")
    report.equal("bystander", True, placed.done(report, results, "bystander").get("contents"))
    placed.nobody_killed(report, results)
