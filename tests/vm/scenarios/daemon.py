"""hetmemd: everybody sees what root sees, also after hotplug, and after it was killed in a storm.

Two processors, two memories, and a third node that is empty until memory is plugged into it. The
daemon runs in a network namespace of its own, as its systemd unit has it.
"""

import json

from harness import linux, qemu
from harness.machine import Machine
from harness.truth import MIB, figures, merged, target

SIZES = {0: 768 * MIB, 1: 512 * MIB, 2: 0}
SOCKET = {0: 0, 1: 1, 2: 0}
# Node 1's memory as seen from node 0 and so on: only the HMAT has the pairs of different nodes.
FIGURES = {
    (0, 0): (96, 101, 204800, 179200), (0, 1): (141, 152, 81920, 71680),
    (0, 2): (218, 224, 30720, 20480), (1, 0): (142, 154, 80896, 70656),
    (1, 1): (97, 103, 203776, 178176), (1, 2): (263, 277, 20480, 10240),
}  # fmt: skip
KILLS = 6

PROGRAMS = ("hetmemd",)

SCRIPT = (
    """
mkdir -p /run
run=/run/hetmem
say_generation() { readlink $run/current | sed s,generations/,,; }
generation_is() { [ "$(say_generation)" -ge "$1" ]; }
pid_in_health() { grep -q "\\"pid\\": $1," $run/health.json 2>/dev/null; }
start_daemon() {
    unshare -n hetmemd 2>>/results/daemon.log &
    DAEMON=$!
    eventually pid_in_health $DAEMON
}
switches() { sed -n 's/^voluntary_ctxt_switches:[^0-9]*//p' /proc/$DAEMON/status; }
# All parts of what is published are there and of one generation.
whole() {
    number=$(say_generation)
    here=$run/generations/$number
    for file in snapshot private topology.json history.jsonl hwloc.xml \\
        hmem/mem_tgt0/firmware_id fsroot/sys/devices/system/node/online; do
        [ -s $here/$file ] || fail "generation $number has no $file"
    done
    tail -n 1 $here/history.jsonl | grep -q "\\"generation\\":$number," || fail "history of $number"
    hetmem show --json --from $here/topology.json >/dev/null || fail "topology.json of $number"
}
storm() {
    while [ ! -e /tmp/calm ]; do
        for block in /sys/devices/system/memory/memory[0-9]; do
            echo change >$block/uevent
        done
    done
}
plugging
keep_sysfs sysfs
keep root_alone hetmem show --json
keep_as_user user_alone hetmem show --json

start_daemon
whole
keep status cat /proc/$DAEMON/status
keep root hetmem show --json
keep_as_user user hetmem show --json
for file in current/private current/adopted requests lock; do
    su -s /bin/sh -c "cat $run/$file" user 2>/dev/null && fail "everybody reads $file"
done

before=$(switches)
sleep 4
keep idle echo $before $(switches)

plug dimm0 2 256
keep_as_user user_plugged hetmem show --json
eventually generation_is 2
eventually grep -q node2 $run/history.jsonl
keep root_plugged hetmem show --json
unplug dimm0
keep_as_user user_unplugged hetmem show --json

other=$([ "$(cat /sys/kernel/mm/numa/demotion_enabled)" = true ] && echo false || echo true)
echo $other >/sys/kernel/mm/numa/demotion_enabled || fail demotion
eventually grep -q demotion $run/history.jsonl
keep history cat $run/history.jsonl
keep health cat $run/health.json
whole

number=$(say_generation)
kill $DAEMON
wait $DAEMON
keep ended echo $?
keep left cat $run/topology.json
start_daemon
keep restarted echo $number $(say_generation)
"""
    + "".join(
        f"""
rm -f /tmp/calm
storm & STORM=$!
{"plug dimm1 2 256" if turn % 2 == 0 else "unplug dimm1"} & PLUG=$!
usleep {40_000 + 70_000 * turn}
kill -9 $DAEMON
wait $DAEMON
[ ! -e $run/current ] || whole
start_daemon
wait $PLUG
: >/tmp/calm
wait $STORM
eventually hetmem show --json >/dev/null
keep_as_user storm{turn} hetmem show --json
whole
"""
        for turn in range(KILLS)
    )
    + """
keep after cat $run/health.json
keep status_after cat /proc/$DAEMON/status
keep last_history cat $run/history.jsonl
kill $DAEMON
wait $DAEMON
"""
)


def machine(kernel):
    arguments = ["-machine", "q35,hmat=on", "-smp", "4,sockets=2,cores=2,threads=1"]
    arguments += qemu.memories(SIZES, cpus={0: "0-1", 1: "2-3"}, initiators=SOCKET)
    for pair, values in FIGURES.items():
        arguments += qemu.locality(*pair, *values)
    return Machine(arguments, SCRIPT, hotplug=True)


def check_machine(report, results, kernel):
    linux.check_nodes(report, results.sysfs(), online="0-1", has_cpu="0-1", has_memory="0-1")


def check(report, results, kernel):
    _check_views(report, results)
    _check_process(report, results)
    _check_changes(report, results)
    _check_storm(report, results)


def _check_views(report, results):
    """What everybody sees is what root sees, less addresses."""
    alone = _pairs_known(results.json("user_alone"))
    report.equal("pairs that an ordinary user knows without hetmemd", [(0, 0), (1, 1)], alone)
    for moment in ("root", "user"):
        _check_figures(report, results.json(moment), f"as {moment}", present=(0, 1))
    report.equal("root and user", _comparable(results.json("root")), _comparable(results.json("user")))
    for entry in results.json("user")["targets"]:
        report.equal(f"{entry['name']}: addresses for everybody", [], entry["ranges"])
    for entry in results.json("root")["targets"]:
        if entry["state"] == "online":
            report.true(f"{entry['name']}: addresses for root", entry["ranges"])


def _check_figures(report, document, about, present):
    known = merged(document)
    for (i, t), values in FIGURES.items():
        if t in present:
            pair = known.get((f"node{i}", f"node{t}"), {})
            found = {name: figure and figure["value"] for name, figure in pair.items()}
            report.equal(f"{about}: node{i} -> node{t}", figures(*values), found)


def _pairs_known(document):
    return sorted(
        (int(i.removeprefix("node")), int(t.removeprefix("node")))
        for (i, t), values in merged(document).items() if values["read_latency"] is not None
    )  # fmt: skip


def _comparable(document):
    """Less what changes by itself, and what only root is told."""
    for entry in document["targets"]:
        entry.update(free=None, ranges=None)
        for pool in entry["huge_pages"]:
            pool["free"] = None
    for part in ("sources", "notices"):
        document.pop(part)
    return document


def _check_process(report, results):
    for name in ("status", "status_after"):
        lines = results.output(name).splitlines()
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        for capabilities in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            report.equal(f"{name}: {capabilities}", 0, int(status[capabilities], 16))
        report.equal(f"{name}: threads", "1", status["Threads"])
        report.equal(f"{name}: no new privileges", "1", status["NoNewPrivs"])
        kib = int(status["VmHWM"].split()[0])
        report.true(f"{name}: at most 8 MiB resident", kib <= 8192, f"{kib} KiB")
    before, after = results.output("idle").split()
    report.equal("wake-ups while nothing happens", before, after)
    report.equal("exit status after SIGTERM", "0", results.output("ended").strip())
    before, after = results.output("restarted").split()
    report.equal("the generation after a restart", before, after)


def _check_changes(report, results):
    for moment in ("user_plugged", "root_plugged"):
        document = results.json(moment)
        entry = target(document, "node2")
        report.equal(f"{moment}: state of node2", "online", entry.get("state"))
        report.equal(f"{moment}: size of node2", 256 * MIB, entry.get("size"))
        _check_figures(report, document, moment, present=(0, 1, 2))
    gone = target(results.json("user_unplugged"), "node2")
    report.true("node2 is gone for everybody", gone.get("state") != "online", str(gone))
    lines = [json.loads(line) for line in results.output("history").splitlines()]
    report.equal("first cause", "start", lines[0]["cause"])
    numbers = [line["generation"] for line in lines]
    report.equal("numbers of generations", list(range(1, len(lines) + 1)), numbers)
    told = [change for line in lines for change in line["changes"]]
    report.true(
        "plugging is told of",
        any(c["target"] == "node2" and c["after"] == "online" for c in told), str(told)[:500],
    )  # fmt: skip
    report.true("demotion is told of", any(c["kind"] == "setting" for c in told), str(told)[:500])
    health = json.loads(results.output("health"))
    report.true("events arrive in its network namespace", health["events"]["seen"] > 0, str(health))
    report.equal("events arrive", True, health["events"]["arrive"])
    report.equal("last error", None, health["last_error"])
    report.true("plugging makes few generations", len(lines) <= 8, str(numbers))


def _check_storm(report, results):
    for turn in range(KILLS):
        document = results.json(f"storm{turn}")
        present = (0, 1, 2) if turn % 2 == 0 else (0, 1)
        _check_figures(report, document, f"after storm {turn}", present)
        state = target(document, "node2").get("state", "absent")
        report.equal(f"after storm {turn}: node2 is online", turn % 2 == 0, state == "online")
    report.equal("last error after the storms", None, json.loads(results.output("after"))["last_error"])
    lines = [json.loads(line) for line in results.output("last_history").splitlines()]
    numbers = [line["generation"] for line in lines]
    report.equal("generations are numbered on", sorted(set(numbers)), numbers)
