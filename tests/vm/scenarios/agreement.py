"""numastat, numa_maps, libnuma and hwloc agree with where(), also where Linux 6.1's page query lies."""

from harness import linux, placed
from harness.machine import Machine
from harness.truth import MIB

PROGRAMS = ("vm_agree", "vm_place", "numastat", "numactl")

SCRIPT = """
keep_sysfs sysfs
must mount -t debugfs none /sys/kernel/debug
echo 0 >/proc/sys/kernel/numa_balancing
hold quiet vm_agree chain:node1,node2 600
keep quiet_numastat numastat -p $HELD
keep quiet_maps cat /proc/$HELD/numa_maps
keep quiet_where hetmem where $HELD --json
release quiet
hold other vm_agree interleave:node0:1,node1:1,node2:2 256 --pages=base
keep other_numastat numastat -p $HELD
keep other_maps cat /proc/$HELD/numa_maps
keep other_where hetmem where $HELD --json
release other
echo 1 >/proc/sys/kernel/numa_balancing
cd /sys/kernel/debug/sched/numa_balancing
echo 1 >scan_delay_ms
echo 10 >scan_period_min_ms
echo 20 >scan_period_max_ms
cd /
# Memory with a policy is none of balancing's: only ordinary memory is marked.
hold balanced vm_agree ordinary 128{lies}
keep balanced_numastat numastat -p $HELD
keep balanced_maps cat /proc/$HELD/numa_maps
keep balanced_where hetmem where $HELD --json
# Marks go and come again while where() looks.
release balanced
echo 0 >/proc/sys/kernel/numa_balancing
keep strict vm_place allocate bind:node1 256
keep strict_chain vm_place allocate chain:node2,node1 600 --pages=base
"""


def machine(kernel):
    lies = " --until-it-lies" if kernel == "6.1" else ""
    return Machine(placed.arguments(), SCRIPT.format(lies=lies))


def check_machine(report, results, kernel):
    linux.check_nodes(report, results.sysfs(), online="0-2", has_memory="0-2")


def check(report, results, kernel):
    for name in ("quiet", "other", "balanced"):
        found = placed.done(report, results, name)
        state = found.get("state", {})
        counted = {node: placed.on(state, node) for node in (0, 1, 2)}
        # malloc's memory begins within a page.
        slack = 8192 if name == "balanced" else 0
        total = sum(counted.values())
        report.true(f"{name}: where(): all of it", 0 <= total - found["size"] <= slack, f"{total}")
        if name == "balanced":
            _check_ordinary(report, results, found, counted, kernel)
            continue
        placed.lies(report, name, state, counted)
        _check_outside(report, results, name, counted)
        report.equal(f"{name}: hwloc_get_area_memlocation",
                     [node for node, size in counted.items() if size], found["hwloc"])  # fmt: skip
        report.equal(f"{name}: numa_move_pages", {str(n): s for n, s in counted.items() if s},
                     found["libnuma"])  # fmt: skip
    query = kernel != "6.1"
    strict = placed.done(report, results, "strict").get("first", {})
    placed.lies(report, "strict", strict, {1: 256 * MIB}, query)
    chain = placed.done(report, results, "strict_chain").get("first", {})
    shares = {node: placed.on(chain, node) for node in (1, 2)}
    report.equal("strict_chain: together", 600 * MIB, sum(shares.values()))
    placed.lies(report, "strict_chain", chain, shares, query)
    placed.kept(report, "strict_chain", chain)
    placed.nobody_killed(report, results)


def _check_ordinary(report, results, found, counted, kernel):
    """malloc's memory, that balancing has marked: where() tells of all of it."""
    state = found["state"]
    for name in ("absent", "unknown"):
        report.equal(f"balanced: where(): {name}", 0, state["where"][name])
    _check_outside(report, results, "balanced", counted)
    if kernel == "6.1":
        report.equal("the page query of 6.1 lies here", True, found.get("page_query_lies"))


def _check_outside(report, results, name, counted):
    """What others see of the whole process: the region, and some MiB of its own."""
    own = 24 * MIB
    maps = {node: 0 for node in counted}
    for line in results.output(f"{name}_maps").splitlines():
        size = next((int(w[18:]) for w in line.split() if w.startswith("kernelpagesize_kB=")), 4)
        for node in maps:
            pages = (int(w[w.index("=") + 1:]) for w in line.split() if w.startswith(f"N{node}="))
            maps[node] += sum(pages) * size * 1024
    for line in results.output(f"{name}_numastat").splitlines():
        words = line.split()
        if words[:1] == ["Private"]:
            for node, size in counted.items():
                seen = float(words[1 + node]) * MIB
                report.true(f"{name}: numastat of node{node}", size <= seen + 0.01 * MIB
                            and seen < size + own, f"{seen / MIB:.2f}, {size / MIB:.2f}")  # fmt: skip
            break
    else:
        report.true(f"{name}: numastat knows the process", False)
    said = {entry["target"]: entry["bytes"] for entry in _targets(results, f"{name}_where")}
    for node, size in counted.items():
        report.true(f"{name}: numa_maps of node{node}", size <= maps[node] < size + own,
                    f"{maps[node]}, {size}")  # fmt: skip
        report.equal(f"{name}: hetmem where of node{node} and numa_maps", maps[node],
                     said.get(f"node{node}", 0))  # fmt: skip


def _targets(results, name):
    return results.json(name)["targets"]
