"""Four programs race for a small memory: nobody is killed, nothing is lost, the sums are right."""

from harness import linux, placed
from harness.machine import Machine
from harness.truth import MIB

PROGRAMS = ("vm_place",)

SCRIPT = """
keep_sysfs sysfs
hold bystander vm_place bystander 100
keep before cat /sys/devices/system/node/node1/meminfo
keep strict vm_place race 4 bind:node1 16
keep small vm_place race 4 bind:node1 3 --pages=base --headroom=4
keep last_page vm_place race 4 bind:node1 1 --headroom=16 --threads=2
keep ordered vm_place race 4 chain:node1,node2 32
keep all_of_it vm_place race 4 chain:node1,node2,node0 48
keep after cat /sys/devices/system/node/node1/meminfo
release bystander
"""

# What may remain of node1 when each of the four was refused: its own headroom, the reserve that the
# others' pieces in flight need, and less than one request each.
RACES = {"strict": (16, [1]), "small": (3, [1]), "last_page": (1, [1]), "ordered": (32, [1, 2]),
         "all_of_it": (48, [0, 1, 2])}  # fmt: skip


def machine(kernel):
    return Machine(placed.arguments(), SCRIPT)


def check_machine(report, results, kernel):
    linux.check_nodes(report, results.sysfs(), online="0-2", has_memory="0-2")


def check(report, results, kernel):
    before = _free(results, "before")
    for name, (each, nodes) in RACES.items():
        racers = placed.done(report, results, name)["racers"]
        report.equal(f"{name}: killed by a signal", [0] * 4, [r["signal"] for r in racers])
        report.equal(f"{name}: refused with", ["target_full"] * 4,
                     [r["refused"]["outcome"] for r in racers])  # fmt: skip
        report.equal(f"{name}: contents", [True] * 4, [r["intact"] for r in racers])
        report.equal(f"{name}: strayed", [0] * 4, [r["strayed"] for r in racers])
        for number, racer in enumerate(racers):
            report.equal(f"{name}: racer {number}: bytes", racer["regions"] * each * MIB,
                         sum(racer["bytes"].values()))  # fmt: skip
            strange = set(racer["bytes"]) - {f"node{node}" for node in nodes}
            report.equal(f"{name}: racer {number}: memories not asked for", set(), strange)
        taken = sum(racer["bytes"].get("node1", 0) for racer in racers)
        report.true(f"{name}: no more than there was", taken < before, f"{taken / MIB:.0f} MiB")
        unused = before - taken
        # Each racer may hold back a piece that it did not get, and the reserve for it.
        allowed = 4 * (each + 34) * MIB
        report.true(f"{name}: most of node1 was had", unused < allowed,
                    f"{unused / MIB:.0f} MiB were left")  # fmt: skip
    left = _free(results, "after")
    # But for what the kernel keeps there for itself once node0 was full.
    report.true("all was given back", before - left < 64 * MIB, f"{before - left}")
    report.equal("bystander", True, placed.done(report, results, "bystander").get("contents"))
    placed.nobody_killed(report, results)


def _free(results, name):
    for line in results.output(name).splitlines():
        if "MemFree:" in line:
            return int(line.split()[3]) * 1024
    return 0
