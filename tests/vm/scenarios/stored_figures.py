"""What root keeps of measured and given figures counts for everybody, with hetmemd and without.

Known figures are imported: those of emulated memory would be noise. A user's own count for that
user only, and not in a set-user-id program.
"""

import base64
import json

from harness import linux, qemu, tables
from harness.machine import Machine
from harness.truth import MIB, merged

PROGRAMS = ("hetmemd",)

SIZES = {0: 768 * MIB, 1: 256 * MIB, 2: 256 * MIB}
# Read and write latency in ns, read and write bandwidth in MB/s, from node 0.
AT_BOOT = {0: (100, 110, 102400, 92160), 1: (130, 135, 204800, 153600), 2: (300, 310, 30720, 20480)}
# As firmware says them later.
LATER = {0: (100, 110, 102400, 92160), 1: (130, 135, 204800, 153600), 2: (700, 710, 30720, 20480)}
KINDS = (tables.READ_LATENCY, tables.WRITE_LATENCY, tables.READ_BANDWIDTH, tables.WRITE_BANDWIDTH)


def hmat(values):
    """Base units: a nanosecond and a GiB/s of 1024 MB/s."""
    matrices = []
    for place, kind in enumerate(KINDS):
        unit = 1 if place < 2 else 1024
        base = 1000 if place < 2 else 1024
        entries = [[values[node][place] // unit for node in values]]
        matrices.append(tables.locality(kind, base, [0], list(values), entries))
    return tables.hmat(2, matrices)


def given(name, node, latency, source="measured"):
    figure = {"initiator": "node0", "target": f"node{node}", "source": source,
              "read_latency": latency, "origin": "a book"}  # fmt: skip
    document = {"format": "hetmem-figures", "version": 1, "given": [figure]}
    return f"cat >/tmp/{name}.json <<'END'\n{json.dumps(document)}\nEND\n"


SCRIPT = (
    given("first", 1, "91 ns")
    + given("second", 2, "250 ns")
    + given("third", 1, "92 ns", "override")
    + given("own", 0, "77 ns")
    + f"echo {base64.b64encode(hmat(LATER)).decode()} | base64 -d >/tmp/later.hmat\n"
    + """
mkdir -p /run /sbin
[ -e /sbin/hetmemd ] || ln -s /bin/hetmemd /sbin/hetmemd
run=/run/hetmem
start_daemon() {
    hetmemd 2>>/results/daemon.log &
    DAEMON=$!
    eventually grep -q "\\"pid\\": $DAEMON," $run/health.json
}
published() { grep -q '"source": "'$1'", "quantity": "read_latency"' $run/current/topology.json; }
not_published() { ! published $1; }

keep_sysfs sysfs
keep first hetmem measure --import /tmp/first.json
keep alone hetmem show --json
keep_as_user user_alone hetmem show --json

start_daemon
keep_as_user user_first hetmem show --json
keep second hetmem measure --import /tmp/second.json
eventually grep -q 250000 $run/current/topology.json
keep_as_user user_second hetmem show --json
hetmem watch --json >/results/watch.out 2>/results/watch.err &
watch=$!
eventually grep -q generation /results/watch.out
keep third hetmem measure --import /tmp/third.json
eventually published override
eventually grep -q override /results/watch.out
kill $watch
keep_as_user user_third hetmem show --json

kill -9 $DAEMON
wait $DAEMON
keep forget hetmem measure --forget node1
keep_as_user user_forgotten hetmem show --json
start_daemon
eventually not_published override
keep_as_user user_published hetmem show --json

keep_as_user own hetmem measure --import /tmp/own.json
keep_as_user user_own hetmem show --json
keep not_users hetmem show --json
cp /bin/hetmem /tmp/hetmem
chmod 4755 /tmp/hetmem
keep_as_user set_uid /tmp/hetmem show --json

keep adopt hetmem adopt /tmp/later.hmat
keep lapsed hetmem show --json
keep_as_user user_lapsed hetmem show --json
keep firmware hetmem adopt --firmware
keep_as_user user_again hetmem show --json
chmod 666 /var/lib/hetmem/figures.json
kill $DAEMON
wait $DAEMON
rm -r $run
keep_as_user distrusted hetmem show --json
"""
)


def machine(kernel):
    arguments = ["-machine", "q35", "-smp", "2"]
    arguments += qemu.memories(SIZES, cpus={0: "0-1"})
    return Machine(arguments, SCRIPT, tables={"hmat": hmat(AT_BOOT)})


def check_machine(report, results, kernel):
    sysfs = results.sysfs()
    linux.check_nodes(report, sysfs, online="0-2", has_cpu="0", has_memory="0-2")
    for node in (0, 1, 2):
        linux.check_attributes(report, sysfs, node, 0, [0], *AT_BOOT[node])


FIRMWARE = {0: (100, "hmat"), 1: (130, "hmat"), 2: (300, "hmat")}
# An ordinary user who finds nothing published has the kernel's.
KERNEL = {0: (100, "sysfs"), 1: (130, "sysfs"), 2: (300, "sysfs")}
FIRST = {1: (91, "measured")}
SECOND = {**FIRST, 2: (250, "measured")}
THIRD = {1: (92, "override"), 2: (250, "measured")}
ONE_LEFT = {2: (250, "measured")}


def check(report, results, kernel):
    read(report, results, "alone", {**FIRMWARE, **FIRST})
    read(report, results, "user_alone", {**KERNEL, **FIRST})
    read(report, results, "user_first", {**FIRMWARE, **FIRST})
    read(report, results, "user_second", {**FIRMWARE, **SECOND})
    read(report, results, "user_third", {**FIRMWARE, **THIRD})
    for moment in ("user_forgotten", "user_published", "not_users", "set_uid"):
        read(report, results, moment, {**FIRMWARE, **ONE_LEFT})
    read(report, results, "user_own", {**FIRMWARE, **ONE_LEFT, 0: (77, "measured")})
    later = {0: (100, "hma"), 1: (130, "hma"), 2: (700, "hma")}
    for moment, found in (("lapsed", later), ("user_lapsed", {**later, 0: (77, "measured")})):
        read(report, results, moment, found)
        told = " ".join(n["what"] + ": " + n["why"] for n in results.json(moment)["notices"])
        report.contains(f"{moment}: notice", told, "node0 -> node2, 250 ns: lapsed",
                        "said 300 ns then and says 700 ns now")
    read(report, results, "user_again", {**FIRMWARE, **ONE_LEFT, 0: (77, "measured")})
    read(report, results, "distrusted", {**KERNEL, 0: (77, "measured")})
    told = [n["why"] for n in results.json("distrusted")["notices"]]
    report.true("distrusted: told", "somebody else may write it" in told, f"{told}")
    check_watch(report, results)


def read(report, results, moment, expected):
    """The read latency of each memory and where it is from."""
    known = merged(results.json(moment))
    found = {
        node: (known["node0", f"node{node}"]["read_latency"]["value"] / 1000,
               known["node0", f"node{node}"]["read_latency"]["source"])
        for node in SIZES
    }  # fmt: skip
    report.equal(moment, expected, found)


def check_watch(report, results):
    lines = [json.loads(line) for line in results.file("watch.out").decode().splitlines()]
    told = [(c["target"], c["before"], c["after"]) for line in lines[1:] for c in line["changes"]
            if c["kind"] == "figure"]  # fmt: skip
    report.equal("hetmem watch", [("node1", "91 ns (measured)", "92 ns (override)")], told)
