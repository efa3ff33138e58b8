"""Reserved memory stays as it was under everything that did not name it, also when all else is full."""

from harness import placed, reserved
from harness.truth import MIB

PROGRAMS = ("vm_place",)

# The reserved memory is the fastest by far: a ranking that took it would take it first.
SCRIPT = """
keep_sysfs sysfs
{bind}
keep_sysfs sysfs_bound
keep stamp vm_place stamp /dev/dax0.0
hold bystander vm_place bystander 50
keep best vm_place allocate best:read_bandwidth 300
keep best_all vm_place allocate best:read_latency 2000
keep chain vm_place allocate chain:node2,node0 700
keep prefer vm_place allocate prefer:node2 600
keep interleave vm_place allocate interleave:node0:1,node2:1 200
keep pool vm_place pool best:read_bandwidth 1000000
keep kind vm_place allocate bind:dram 100
hold hog vm_place hog 2:70 0:100
keep best_full vm_place allocate best:read_bandwidth 300
keep malloc vm_place bystander 20
release hog
keep stamped vm_place stamped /dev/dax0.0
# The check can fail: what is named is used.
keep named vm_place allocate bind:dax0.0 2
keep touched vm_place stamped /dev/dax0.0
release bystander
"""


def machine(kernel):
    return reserved.machine(SCRIPT, kernel)


def check_machine(report, results, kernel):
    reserved.check_machine(report, results)


def check(report, results, kernel):
    placed.lies(report, "best", placed.done(report, results, "best").get("first", {}),
                {0: 300 * MIB})  # fmt: skip
    placed.refused(report, results, "best_all", "target_full")
    placed.refused(report, results, "best_full", "target_full")
    for name in ("chain", "prefer", "interleave", "kind"):
        found = placed.done(report, results, name).get("first", {})
        nodes = set(found.get("where", {}).get("bytes", {}))
        report.true(f"{name}: ordinary memory only", nodes and nodes <= {"node0", "node2"},
                    f"{nodes}")  # fmt: skip
    pool = placed.done(report, results, "pool")
    report.true("pool: ordinary memory only", set(pool["where"]["bytes"]) <= {"node0", "node2"},
                f"{pool['where']}")  # fmt: skip
    placed.done(report, results, "malloc")
    report.equal("bystander", True, placed.done(report, results, "bystander").get("contents"))
    placed.done(report, results, "stamp")
    report.equal("the device is as it was", True,
                 placed.done(report, results, "stamped").get("contents"))  # fmt: skip
    placed.done(report, results, "named")
    report.equal("after it was named", False,
                 placed.done(report, results, "touched").get("contents"))  # fmt: skip
    placed.nobody_killed(report, results)
