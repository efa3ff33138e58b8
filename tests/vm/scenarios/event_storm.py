"""Bursts of events are one look; events that were lost cost a look at everything, and no change.

The kernel is made to announce its memory blocks by thousands, and a DIMM is plugged meanwhile.
Where events do not arrive at all that is said, and what hetmemd publishes is followed.
"""

import json

from harness import qemu
from harness.machine import Machine
from harness.truth import GIB, MIB

PROGRAMS = ("vm_monitor", "hetmemd")

SIZES = {0: GIB, 1: 512 * MIB, 2: 0}
FIGURES = {
    0: (100, 105, 102400, 92160), 1: (120, 125, 409600, 307200), 2: (300, 310, 30720, 20480),
}  # fmt: skip
PLUGGED = 1024

SCRIPT = f"""
# said NAME TEXT: a program that follows has said this.
said() {{
    grep -q "$2" "/results/$1.err"
}}

plugging

# Quiet for longer than this emulation ever pauses.
hold calm vm_monitor follow --quiet=1000 --longest=60000
keep storm_1 vm_monitor storm 1000
eventually said calm "looks: 1"
release calm

# As programs do it, and a burst that is more than noise.
hold plugged vm_monitor follow
plug dimm0 2 {PLUGGED}
eventually said plugged "node2 appeared"
must unplug dimm0
eventually said plugged "node2 vanished"
release plugged

# A reader without privileges, that is, with the usual buffer; it does not get to read.
hold stalled su -s /bin/sh user -c "vm_monitor follow"
kill -STOP $HELD
keep storm_2 vm_monitor storm 3000
plug dimm1 2 {PLUGGED}
kill -CONT $HELD
eventually said stalled "node2 appeared"
release stalled

# Where no event arrives.
unshare -U -r -n hetmem watch --json >/results/deaf.out 2>/results/deaf.err &
deaf=$!
eventually test -s /results/deaf.out
hetmemd >/results/hetmemd.out 2>&1 &
hetmemd=$!
eventually test -e /run/hetmem/current
unshare -U -r -n hetmem watch --json >/results/told.out 2>/results/told.err &
told=$!
eventually test -s /results/told.out
must unplug dimm1
heard() {{
    grep -q '"kind":"target_vanished","target":"node2"' "/results/$1.out"
}}
eventually heard told
eventually heard deaf
kill $deaf $told
# One that follows both hears of a burst once.
hold both vm_monitor follow
plug dimm2 2 {PLUGGED}
eventually said both "node2 appeared"
release both
kill $hetmemd
"""


def machine(kernel):
    arguments = ["-machine", "q35,hmat=on", "-smp", "2"]
    arguments += qemu.memories(SIZES, cpus={0: "0-1"}, initiators={0: 0, 1: 0, 2: 0})
    for node, values in FIGURES.items():
        arguments += qemu.locality(0, node, *values)
    return Machine(arguments, SCRIPT, hotplug=True)


def check_machine(report, results, kernel):
    report.equal("events of the first storm", {"written": 1000}, results.json("storm_1"))
    report.equal("events of the second storm", {"written": 3000}, results.json("storm_2"))


def check(report, results, kernel):
    calm = results.json("calm")
    report.equal("a thousand events: looks", 1, calm["status"]["looks"])
    report.equal("a thousand events: generations", [], calm["generations"])
    report.true("a thousand events: heard or lost",
                calm["status"]["seen"] >= 1000 or calm["status"]["lost"] > 0)

    plugged = results.json("plugged")
    report.equal("plugged: topology that was held", True, plugged["first_unchanged"])
    print("generations were there",
          [round(g["ms"], 1) for g in plugged["generations"]],
          "ms after the kernel's last event so far;",
          plugged["status"]["seen"], "events,", plugged["status"]["looks"], "looks")

    stalled = results.json("stalled")
    report.true("stalled: events were lost", stalled["status"]["lost"] > 0)
    report.true("stalled: and not all were heard", stalled["status"]["seen"] < 3000)
    report.equal("stalled: memories in the end",
                 {"node0": "online", "node1": "online", "node2": "online"}, stalled["targets"])

    deaf = [json.loads(line) for line in results.output("deaf").splitlines()]
    report.equal("no events: that is said", False, deaf[0]["events"])
    report.contains("no events: the remark", deaf[0]["remark"], "user namespace", "hetmemd")
    report.equal("no events: nothing is published at first", False, deaf[0]["published"])
    told = [json.loads(line) for line in results.output("told").splitlines()]
    report.equal("told by hetmemd: events", (False, True), (told[0]["events"], told[0]["published"]))
    for name, lines in (("told", told), ("appeared later", deaf)):
        numbers = [line["generation"] for line in lines]
        report.equal(f"{name}: generations grow", sorted(set(numbers)), numbers)

    both = results.json("both")
    report.equal("both: published is followed", True, both["status"]["published"])
    print("with hetmemd, generations were there",
          [round(g["ms"], 1) for g in both["generations"]], "ms after the kernel's last event;",
          both["status"]["looks"], "looks")
