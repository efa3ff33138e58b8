"""Fast memory is pulled out under running programs and plugged in again: what they are told, and when."""

from harness import linux, placed, qemu, watched
from harness.machine import Machine
from harness.truth import GIB, MIB

PROGRAMS = ("vm_watch", "vm_place")

# Node 2 is the fastest, once it has a DIMM.
SIZES = {0: GIB, 1: 512 * MIB, 2: 0}
FIGURES = {
    0: (100, 105, 102400, 92160), 1: (300, 310, 30720, 20480), 2: (120, 125, 409600, 307200),
}  # fmt: skip
PLUGGED = 512  # MiB
HELD = 64  # MiB, by the region, and as much by the pool

SCRIPT = f"""
plugging
plug hbm 2 {PLUGGED}
keep_sysfs sysfs
hold holder vm_watch bind:node2 {HELD}
hold bystander vm_watch bind:node1 {HELD}

unplug hbm
await holder 'leaving node2 pool: * nothing of '
keep where_away hetmem where $(cat /tmp/holder.pid) --json
keep_sysfs sysfs_away
hold chooser vm_watch best:read_bandwidth {HELD}
attempt refused vm_place allocate bind:node2 {HELD}

plug hbm 2 {PLUGGED}
await holder 'returned node2 pool: node2 is there again: '
await chooser 'better node2 pool: '
keep_sysfs sysfs_again
release holder
release chooser
release bystander
keep anew vm_place allocate best:read_bandwidth {HELD}
"""


def machine(kernel):
    arguments = ["-machine", "q35,hmat=on", "-smp", "2"]
    arguments += qemu.memories(SIZES, cpus={0: "0-1"}, initiators=dict.fromkeys(SIZES, 0))
    for node, values in FIGURES.items():
        arguments += qemu.locality(0, node, *values)
    return Machine(arguments, watched.FUNCTIONS + SCRIPT, hotplug=True)


def check_machine(report, results, kernel):
    for name, nodes in (("sysfs", "0-2"), ("sysfs_away", "0-1"), ("sysfs_again", "0-2")):
        linux.check_nodes(report, results.sysfs(name), online=nodes, has_memory=nodes)


def check(report, results, kernel):
    _check_holder(report, watched.ended_well(report, results, "holder"))
    places = {t["target"]: t["bytes"] for t in results.json("where_away")["targets"]}
    report.equal("hetmem where, while it is away: node2", None, places.get("node2"))

    chooser = watched.ended_well(report, results, "chooser")
    bystander = watched.ended_well(report, results, "bystander")
    for owner in ("region", "pool"):
        watched.told(report, "chooser", chooser, owner, [("better", "node2")])
        report.contains(f"chooser: what the {owner} is told",
                        watched.event(chooser, owner, "better", "node2")["what"],
                        "node2 is the best by read_bandwidth now: 409.6 GB/s",
                        "node0 has 102.4 GB/s")  # fmt: skip
        watched.told(report, "bystander", bystander, owner, [])
    watched.lies(report, "chooser: nothing was moved", chooser["later"]["where"], {"node0": HELD})

    placed.refused(report, results, "refused", "no_such_target", "node2")
    placed.lies(report, "anew", placed.done(report, results, "anew")["first"], {2: HELD * MIB})
    placed.nobody_killed(report, results)


def _check_holder(report, found):
    watched.lies(report, "holder: at first", found["first"]["where"], {"node2": HELD})
    for owner in ("region", "pool"):
        about = f"holder, {owner}"
        watched.told(report, "holder", found, owner, [("leaving", "node2"), ("returned", "node2")])
        told = [e for e in found["events"] if e["owner"] == owner]
        report.equal(f"{about}: contents whenever it was told", {True}, {e["intact"] for e in told})
        left = watched.event(found, owner, "leaving", "node2")
        report.contains(f"{about}: what is told", left["what"], f"nothing of {PLUGGED} MiB is left")
        now = left["now"]["bytes"]
        report.equal(f"{about}: on node2 by then", None, now.get("node2"))
        report.true(f"{about}: all of it is elsewhere", sum(now.values()) >= HELD * MIB, f"{left}")
        back = watched.event(found, owner, "returned", "node2")
        report.equal(f"{about}: nothing moves back by itself", now, back["now"]["bytes"])
    # The library's count is the kernel's.
    later = found["later"]
    by_node = {f"node{n}": size for n, size in later["numa_maps"].items()}
    report.equal("holder: later", by_node, later["where"]["bytes"])
    placed.kept(report, "holder: later", later, strayed=HELD * MIB)
