"""hetmem run: sqlite3, which knows nothing of us, has its memory where each placement says.

Node 1 is held back as a dax device. What is where is counted from the kernel's own numa_maps and
maps, read by the program's child while the database is full.
"""

import re

from harness import linux, placed, reserved
from harness.truth import MIB

PROGRAMS = ("sqlite3", "lib/hetmem/libhetmem-malloc.so")

ROWS, ROW = 1600, 60_000
CONTENT = ROWS * ROW  # bytes in the database; with sqlite's own a little more
KEPT = 430  # MiB of headroom

# What the kernel keeps by itself, and what the preloaded malloc does.
RUNS = {
    "bind": "--bind node2 --cpus-near node2",
    "hard": "--bind node2 --hard",
    "even": "--interleave node0,node2",
    "weighted": "--interleave node0:1,node2:3",
    "chain": f"--chain node2,node0 --headroom {KEPT}M",
    "large": "--bind node2 --large 2K",
    "device": "--bind dax0.0",
    "device_chain": "--chain dax0.0,node2 --large 2K",
}

SCRIPT = """
cat >/tmp/fill.sql <<'END'
create table t (b);
with recursive n(i) as (select 1 union all select i + 1 from n where i < {rows})
    insert into t select zeroblob({row}) from n;
.shell cat /proc/$PPID/numa_maps >/results/$RUN.maps
.shell cat /proc/$PPID/maps >/results/$RUN.ranges
.shell cat /sys/devices/system/node/node2/meminfo >/results/$RUN.meminfo
select count(*), sum(length(b)) from t;
END
run() {{
    RUN=$1
    export RUN
    shift
    keep "$RUN" hetmem run "$@" -- sqlite3 -batch :memory: ".read /tmp/fill.sql"
}}
{bind}
keep_sysfs sysfs_bound
{runs}
run verified --chain node2,node0 --headroom 64M --verify
attempt full hetmem run --chain node2 --headroom {kept}M -- sqlite3 -batch -bail :memory: ".read /tmp/fill.sql"
attempt static hetmem run --chain node2,node0 -- busybox true
attempt directory hetmem run --bind /tmp -- sqlite3 :memory: .exit
"""


def machine(kernel):
    runs = "\n".join(f"run {name} {options}" for name, options in RUNS.items())
    return reserved.machine(SCRIPT, kernel, rows=ROWS, row=ROW, runs=runs, kept=KEPT)


def check_machine(report, results, kernel):
    linux.check_nodes(report, results.sysfs("sysfs_bound"), online="0,2", has_memory="0,2")
    reserved.check_device(report, results.sysfs("sysfs_bound"))


def check(report, results, kernel):
    for name in [*RUNS, "verified"]:
        report.equal(f"{name}: exit status ({results.errors(name).strip()})", 0,
                     results.status(name))
        report.equal(f"{name}: sqlite's answer", f"{ROWS}|{CONTENT}",
                     results.output(name).strip())
    counted = {name: anonymous(results, name) for name in RUNS}

    for name in ("bind", "hard"):
        _mostly(report, name, counted[name], {2: 1.0})
    report.contains("hard: the warning", results.errors("hard"), "warning", "node2", "kills")
    report.equal("policy of bind", {"prefer:2"}, policies(results, "bind"))
    report.equal("policy of hard", {"bind:2"}, policies(results, "hard"))
    _mostly(report, "even", counted["even"], {0: 0.5, 2: 0.5})
    _mostly(report, "weighted", counted["weighted"], {0: 0.25, 2: 0.75})
    _mostly(report, "large", counted["large"], {2: 1.0}, least=0.9)

    # The chain fills node 2 down to the headroom and no further.
    chain = counted["chain"]
    free = int(re.search(r"MemFree: +(\d+) kB", results.file("chain.meminfo").decode())[1]) // 1024
    report.true("chain: node 2 first", chain.get(2, 0) > 20 * MIB, f"{chain}")
    report.true("chain: then node 0", chain.get(0, 0) > 20 * MIB, f"{chain}")
    report.true("chain: the headroom is kept", KEPT - 8 <= free <= KEPT + 40, f"{free} MiB free")
    report.true("chain: all of it", sum(chain.values()) > CONTENT, f"{chain}")

    device = mapped(results, "device", "/dev/dax0.0")
    report.true("device: all of it", CONTENT < device < 1.3 * CONTENT, f"{device // MIB} MiB")
    report.true("device: nothing else", sum(counted["device"].values()) < 8 * MIB,
                f"{counted['device']}")
    device = mapped(results, "device_chain", "/dev/dax0.0")
    report.true("device first, free again", device > 0.5 * CONTENT, f"{device // MIB} MiB")

    said = results.errors("verified")
    found = re.search(r"of it placed by malloc: (.*)", said)
    report.true("--verify: told at exit", "at exit: " in said and found is not None, said)
    largest = re.search(r"most that was seen: .*node2 ([\d.]+) MiB", said)
    # It is looked at now and then: seldom, where looking takes long.
    report.true("--verify: the most that was seen", largest is not None
                and 10 < float(largest[1]) < 1.5 * CONTENT / MIB, said)

    report.true("a full chain is an error of the program", results.exit("full") not in (0, 137),
                f"{results.exit('full')}")
    report.contains("a full chain", results.errors("full").lower(), "out of memory")
    report.contains("static", results.errors("static"), "statically linked")
    report.equal("static: exit status", 1, results.exit("static"))
    report.contains("directory", results.errors("directory"), "directory")
    placed.nobody_killed(report, results)


def anonymous(results, name):
    """Bytes by node of what belongs to no file."""
    found = {}
    for line in results.file(f"{name}.maps").decode().splitlines():
        if " file=" in line:
            continue
        page = re.search(r"kernelpagesize_kB=(\d+)", line)
        for node, pages in re.findall(r" N(\d+)=(\d+)", line):
            found[int(node)] = found.get(int(node), 0) + int(pages) * int(page[1]) * 1024
    return found


def policies(results, name):
    return {line.split()[1] for line in results.file(f"{name}.maps").decode().splitlines()}


def mapped(results, name, file):
    """Bytes of the mappings of a file."""
    bytes_there = 0
    for line in results.file(f"{name}.ranges").decode().splitlines():
        if line.endswith(file):
            start, end = line.split()[0].split("-")
            bytes_there += int(end, 16) - int(start, 16)
    return bytes_there


def _mostly(report, name, counted, shares, least=0.97):
    """All of the content, spread so; what is not of malloc may be elsewhere, 2 % and 2 MiB."""
    everything = sum(counted.values())
    report.true(f"{name}: all of it", everything > CONTENT, f"{counted}")
    for node, share in shares.items():
        there = counted.get(node, 0)
        low = (share if share < 1 else least) * everything - 0.02 * everything - 2 * MIB
        high = share * everything + 0.02 * everything + 2 * MIB
        report.true(f"{name}: node{node}", low <= there <= high, f"{counted}")
