"""An HMAT that comes at run time: by the firmware's _HMA, and by an administrator's hand.

The machine starts with an HMAT of revision 1, which reserves node 1 and knows node 2. What _HMA
returns knows neither a reservation nor node 2, but node 3, which is empty until a DIMM is plugged
into it. Nothing in Linux asks _HMA, so that all of it is hetmemd's doing; acpiexec evaluates.
"""

import base64
import json

from harness import linux, qemu, tables
from harness.machine import Machine
from harness.truth import MIB, UNKNOWN, as_written, figures, merged, target

PROGRAMS = ("hetmemd", "acpiexec")

SIZES = {0: 768 * MIB, 1: 256 * MIB, 2: 256 * MIB, 3: 0}
PLUGGED = 256 * MIB
HINTED = 1

# Read and write latency in ns, read and write bandwidth in MB/s, from node 0.
NOTHING = (UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)
AT_BOOT = {0: (100, 110, 102400, 92160), 1: (130, 135, 204800, 153600),
           2: (300, 310, 30720, 20480), 3: NOTHING}
BY_METHOD = {0: (100, 110, 102400, 92160), 1: (150, 160, 180224, 143360), 2: NOTHING,
             3: (230, 240, 40960, 30720)}
BY_HAND = {0: (101, 111, 102000, 92000), 1: (155, 165, 170000, 140000),
           2: (305, 315, 29000, 19000), 3: NOTHING}  # fmt: skip

KINDS = (tables.READ_LATENCY, tables.WRITE_LATENCY, tables.READ_BANDWIDTH, tables.WRITE_BANDWIDTH)


def hmat(revision, values, structures=()):
    """Base units: a nanosecond and a MB/s, which revision 1 counts in tenths."""
    known = [node for node, row in values.items() if row != NOTHING]
    matrices = []
    for place, kind in enumerate(KINDS):
        entries = [values[node][place] for node in known]
        unit = 1 if place < 2 else 1024 if all(e % 1024 == 0 for e in entries) else 1000
        base = unit * (10 if revision == 1 else 1000 if place < 2 else 1)
        matrices.append(
            tables.locality(kind, base, [0], known, [[entry // unit for entry in entries]])
        )
    return tables.hmat(revision, [*structures, *matrices])


def boot_hmat():
    sizes = {node: size for node, size in SIZES.items() if size}
    ranges = [
        tables.address_range(
            pxm, base, length, processor_pxm=0, reservation_hint=pxm == HINTED
        )
        for pxm, base, length in qemu.affinity(sizes) if base != 0
    ]  # fmt: skip
    return hmat(1, AT_BOOT, ranges)


def damaged(table):
    return table[:-1] + bytes([table[-1] ^ 1])


def contradictory():
    """Two values for one pair, each structure by itself in order."""
    return tables.hmat(
        2, [tables.locality(tables.READ_LATENCY, 1000, [0], [1], [[ns]]) for ns in (150, 160)]
    )


def as_file(name, content):
    return f"echo {base64.b64encode(content).decode()} | base64 -d >/tmp/{name}\n"


SCRIPT = (
    as_file("by-hand.hmat", hmat(2, BY_HAND))
    + as_file("damaged.hmat", damaged(hmat(2, BY_HAND)))
    + as_file("contradictory.hmat", contradictory())
    + """
mkdir -p /run /sbin /usr/bin
[ -e /sbin/hetmemd ] || ln -s /bin/hetmemd /sbin/hetmemd
[ -e /usr/bin/acpiexec ] || ln -s /bin/acpiexec /usr/bin/acpiexec
run=/run/hetmem
start_daemon() {
    hetmemd 2>>/results/daemon.log &
    DAEMON=$!
    eventually grep -q "\\"pid\\": $DAEMON," $run/health.json
}
changes_seen() { [ "$(wc -l </results/watch.out)" -ge "$1" ]; }

plugging
keep_sysfs sysfs
keep at_boot hetmem show --json
hetmem watch --json >/results/watch.out 2>/results/watch.err &
watch=$!
eventually changes_seen 1

start_daemon
keep by_method hetmem show --json
keep_as_user user hetmem show --json
keep first_history cat $run/history.jsonl
keep health cat $run/health.json
eventually changes_seen 2
kill $watch

attempt damaged hetmem adopt /tmp/damaged.hmat
attempt contradictory hetmem adopt /tmp/contradictory.hmat
attempt by_a_user su -s /bin/sh -c "hetmem adopt /tmp/by-hand.hmat" user
keep after_refusals hetmem show --json

plug dimm0 3 256
eventually grep -q node3 $run/history.jsonl
keep plugged hetmem show --json
keep_as_user user_plugged hetmem show --json

kill -9 $DAEMON
wait $DAEMON
start_daemon
keep restarted hetmem show --json
keep_as_user user_restarted hetmem show --json

keep adopt hetmem adopt /tmp/by-hand.hmat
keep by_hand hetmem show --json
unplug dimm0
keep by_hand_unplugged hetmem show --json
keep_as_user user_by_hand hetmem show --json

keep evaluate hetmem adopt --evaluate
keep evaluated hetmem show --json

keep firmware hetmem adopt --firmware
keep firmwares hetmem show --json
kill $DAEMON
wait $DAEMON
keep once hetmem adopt /tmp/by-hand.hmat
keep by_once hetmem show --json
keep_as_user user_once hetmem show --json
cp $run/history.jsonl /results/history
"""
)


def machine(kernel):
    arguments = ["-machine", "q35", "-smp", "2"]
    arguments += qemu.memories(SIZES, cpus={0: "0-1"})
    ours = {"hmat": boot_hmat(), "ssdt": tables.ssdt_with_hma(hmat(2, BY_METHOD))}
    return Machine(arguments, SCRIPT, tables=ours, hotplug=True)


def check_machine(report, results, kernel):
    sysfs = results.sysfs()
    linux.check_nodes(report, sysfs, online="0-2", has_cpu="0", has_memory="0-2")
    for node in (0, 1, 2):
        linux.check_attributes(report, sysfs, node, 0, [0], *AT_BOOT[node])


def check(report, results, kernel):
    there, plugged = (0, 1, 2), (0, 1, 2, 3)
    _check(report, results, "at_boot", AT_BOOT, "hmat", there)
    for moment in ("by_method", "user", "after_refusals"):
        _check(report, results, moment, BY_METHOD, "hma", there)
    for moment in ("plugged", "user_plugged", "restarted", "user_restarted"):
        _check(report, results, moment, BY_METHOD, "hma", plugged)
        node3 = target(results.json(moment), "node3")
        report.equal(f"{moment}: size of node3", PLUGGED, node3.get("size"))
    _check(report, results, "by_hand", BY_HAND, "hma", plugged)
    for moment in ("by_hand_unplugged", "user_by_hand"):
        _check(report, results, moment, BY_HAND, "hma", there)
    _check(report, results, "evaluated", BY_METHOD, "hma", there)
    _check(report, results, "firmwares", AT_BOOT, "hmat", there)
    for moment in ("by_once", "user_once"):
        _check(report, results, moment, BY_HAND, "hma", there)
    _check_refusals(report, results)
    _check_what_is_told(report, results)


def _check(report, results, moment, values, source, present):
    """Every figure, where it is from, and what is reserved."""
    document = results.json(moment)
    known = merged(document)
    for node in present:
        expected = {
            quantity: as_written(value, quantity, [source])
            for quantity, value in figures(*values[node]).items()
        }
        found = known.get(("node0", f"node{node}"))
        report.equal(f"{moment}: node0 -> node{node}", expected, found)
        entry = target(document, f"node{node}")
        report.equal(f"{moment}: node{node} is reserved", node == HINTED, entry.get("reserved"))
    stale = [one["source"] for one in document["figures"] if one["source"] == "hmat"]
    report.equal(f"{moment}: the firmware's table is in use", source == "hmat", bool(stale))
    report.equal(f"{moment}: disagreements", [], document["disagreements"])
    hint = target(document, f"node{HINTED}").get("reserved_reason", "")
    report.contains(f"{moment}: reserved, because", hint, "reservation hint of")
    report.equal(f"{moment}: by an earlier table", source == "hma", "earlier" in hint)


def _check_refusals(report, results):
    for name, words in (
        ("damaged", "at offset 9 expected"),
        ("contradictory", "150000 ps, found 160000 ps"),
        ("by_a_user", "only root"),
    ):
        report.equal(f"{name}: exit status", 1, results.exit(name))
        report.contains(f"{name}: the reason", results.errors(name), words)


def _check_what_is_told(report, results):
    first = json.loads(results.output("first_history").splitlines()[0])
    report.equal("the first generation", 1, first["generation"])
    health = json.loads(results.output("health"))
    report.contains("health.json", json.dumps(health), "_SB._HMA, evaluated by acpiexec")
    lines = [json.loads(line) for line in results.file("watch.out").decode().splitlines()]
    told = [change for line in lines[1:] for change in line["changes"]]
    for node in (1, 2):
        latencies = [
            (c["before"], c["after"]) for c in told
            if c["kind"] == "figure" and c["target"] == f"node{node}" and c["what"] == "read_latency"
        ]  # fmt: skip
        after = "150 ns (hma)" if node == 1 else "unknown"
        report.equal(f"hetmem watch of node{node}", [(f"{AT_BOOT[node][0]} ns (hmat)", after)],
                     latencies)
    report.contains("hetmem adopt", results.output("adopt"), "by-hand.hmat, given by hand",
                    "node0 -> node2: unknown, now 305 ns (hma)")
    report.contains("hetmem adopt --evaluate", results.output("evaluate"), "acpiexec",
                    "node0 -> node2: 305 ns (hma), now unknown")
    history = [json.loads(line) for line in results.file("history").decode().splitlines()]
    numbers = [line["generation"] for line in history]
    report.equal("generations", list(range(1, len(numbers) + 1)), numbers)
    report.equal("adoptions", 4, sum(line["cause"] == "adopted" for line in history))
