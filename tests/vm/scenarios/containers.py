"""Limits of a container: memory.max, memory.high, a cpuset, a seccomp filter; and a fork."""

from harness import linux, placed
from harness.machine import Machine
from harness.truth import MIB

PROGRAMS = ("vm_place",)

SCRIPT = """
keep_sysfs sysfs
cgroups
cgroup small memory.max=200M
cgroup outer memory.max=220M
echo +memory >/sys/fs/cgroup/outer/cgroup.subtree_control
cgroup outer/inner
cgroup soft memory.high=200M
cgroup node0 cpuset.mems=0
cgroup nodes02 cpuset.mems=0,2
hold bystander in_cgroup small vm_place bystander 50
keep over_max in_cgroup small vm_place allocate bind:node1 300
keep chain_over_max in_cgroup small vm_place allocate chain:node1,node2 300
keep base_over_max in_cgroup small vm_place allocate bind:node1 300 --pages=base --threads=2
keep prefer_over_max in_cgroup small vm_place pool bind:node2 100000
keep under_max in_cgroup small vm_place allocate bind:node1 64
keep race_under_max in_cgroup small vm_place race 4 bind:node1 8
release bystander
keep over_outer in_cgroup outer/inner vm_place allocate bind:node1 300
keep over_high in_cgroup soft vm_place allocate bind:node1 300
keep migrate_over_max in_cgroup small vm_place allocate bind:node1 100 --migrate=bind:node2
keep forbidden in_cgroup node0 vm_place allocate bind:node1 64
keep forbidden_chain in_cgroup node0 vm_place allocate chain:node0,node1 64
keep forbidden_best in_cgroup nodes02 vm_place allocate best:read_bandwidth 64
keep allowed in_cgroup nodes02 vm_place allocate bind:node2 64
keep one_node in_cgroup node0 vm_place allocate bind:node0 1000
keep one_node_fits in_cgroup node0 vm_place allocate bind:node0 300
keep one_node_chain in_cgroup node0 vm_place pool best:capacity 1000000
keep filter vm_place allocate bind:node1 64 --seccomp=container
keep filter_prefer vm_place allocate prefer:node1 64 --seccomp=container
keep filter_pool vm_place pool bind:node1 100000 --seccomp=container
keep nice_bind vm_place allocate bind:node1 64 --seccomp=nice
keep nice_chain vm_place allocate chain:node1,node2 600 --seccomp=nice
keep nice_interleave vm_place allocate interleave:node1:3,node2:1 64 --seccomp=nice
keep nice_migrate vm_place allocate bind:node1 64 --seccomp=nice --migrate=bind:node2
keep nice_too_much vm_place allocate bind:node1 600 --seccomp=nice
keep fork vm_place fork bind:node1 200
keep fork_kept vm_place fork bind:node1 100 --keep-on-fork
keep fork_interleave vm_place fork interleave:node1:1,node2:1 64
"""


def machine(kernel):
    return Machine(placed.arguments(), SCRIPT)


def check_machine(report, results, kernel):
    linux.check_nodes(report, results.sysfs(), online="0-2", has_memory="0-2")


def check(report, results, kernel):
    _check_memory_limits(report, results)
    _check_cpusets(report, results)
    _check_filters(report, results)
    _check_forks(report, results)
    placed.nobody_killed(report, results)


def _check_memory_limits(report, results):
    for name in ("over_max", "chain_over_max", "base_over_max"):
        placed.refused(
            report, results, name, "target_full", "memory.max", "small", reason="cgroup"
        )
    placed.refused(report, results, "over_outer", "target_full", "memory.max", "outer",
                   reason="cgroup")  # fmt: skip
    placed.refused(report, results, "over_high", "target_full", "memory.high", "soft",
                   reason="cgroup")  # fmt: skip
    _whole(report, results, "under_max", {1: 64})
    pool = placed.done(report, results, "prefer_over_max")
    report.contains("pool under a limit", pool["refused"]["what"], "memory.max")
    report.equal("pool under a limit: intact", True, pool["intact"])
    racers = placed.done(report, results, "race_under_max")["racers"]
    for racer in racers:
        report.equal("race under a limit",
                     (0, "target_full", "cgroup", True),
                     (racer["signal"], racer["refused"]["outcome"],
                      racer["refused"].get("reason"), racer["intact"]))  # fmt: skip
    report.equal("bystander", True, placed.done(report, results, "bystander").get("contents"))
    moved = placed.done(report, results, "migrate_over_max")
    report.equal("moving needs no more of the limit", "done", moved["migrate"]["outcome"])
    placed.lies(report, "migrate_over_max", moved["migrated"], {2: 100 * MIB})


def _check_cpusets(report, results):
    for name in ("forbidden", "forbidden_chain"):
        placed.refused(report, results, name, "not_permitted", "node1", "cpuset")
    best = placed.done(report, results, "forbidden_best").get("first", {})
    placed.lies(report, "best of what is allowed", best, {0: 64 * MIB})
    _whole(report, results, "allowed", {2: 64})
    found = placed.refused(report, results, "one_node", "target_full")
    report.true("one_node: reason", found.get("reason") in ("target", "system"), f"{found}")
    _whole(report, results, "one_node_fits", {0: 300})
    pool = placed.done(report, results, "one_node_chain")
    report.equal("pool in one node", ["node0"], list(pool["where"]["bytes"]))


def _check_filters(report, results):
    placed.refused(report, results, "filter", "not_permitted", "mbind", "CAP_SYS_NICE")
    pool = placed.document(results, "filter_pool")
    if pool.get("outcome") == "done":
        report.contains("filter_pool", pool["refused"].get("what", ""), "mbind")
    else:
        placed.refused(report, results, "filter_pool", "not_permitted", "mbind")
    # Without the page query numa_maps counts, and all of it.
    _whole(report, results, "nice_bind", {1: 64}, query=False)
    _whole(report, results, "nice_interleave", {1: 48, 2: 16}, query=False)
    chain = placed.done(report, results, "nice_chain").get("first", {})
    report.equal("nice_chain: together", 600 * MIB, placed.on(chain, 1) + placed.on(chain, 2))
    report.true("nice_chain: node1 first", placed.on(chain, 1) > 380 * MIB, f"{chain}")
    placed.refused(report, results, "nice_too_much", "target_full", "node1", reason="target")
    moved = placed.done(report, results, "nice_migrate")
    # Without move_pages, but mbind moves as well.
    report.equal("moving under the filter", "done", moved["migrate"]["outcome"])
    placed.lies(report, "nice_migrate", moved["migrated"], {2: 64 * MIB}, query=False)


def _check_forks(report, results):
    for name, where in (("fork", {1: 200}), ("fork_interleave", {1: 32, 2: 32})):
        found = placed.done(report, results, name)
        report.equal(f"{name}: the child", "has none of it", found.get("child"))
        report.equal(f"{name}: contents", True, found.get("contents"))
        placed.lies(report, f"{name}, after the parent wrote", found.get("later", {}),
                    {node: mib * MIB for node, mib in where.items()})  # fmt: skip
        placed.kept(report, name, found.get("later", {}))
    copied = placed.done(report, results, "fork_kept")
    report.equal("fork_kept: the child", "has its copy", copied.get("child"))
    report.equal("fork_kept: contents", True, copied.get("contents"))
    # Where the copies came to lie is the kernel's affair; what verify() says of it must be so.
    state = copied.get("later", {})
    report.equal("fork_kept: verify() is right", state["numa_maps"].get("1", 0) == 100 * MIB,
                 state["verify"]["kept"])  # fmt: skip


def _whole(report, results, name, mib, query=True):
    found = placed.done(report, results, name)
    expected = {node: size * MIB for node, size in mib.items()}
    for when in ("first", "later"):
        placed.lies(report, f"{name}, {when}", found.get(when, {}), expected, query)
        placed.kept(report, f"{name}, {when}", found.get(when, {}))
    report.equal(f"{name}: contents", True, found.get("contents"))
