"""What hetmem's model of Linux says that a kernel makes of tables, beside what it made of them.

vm_predict sees nothing but the tables that the kernel has; everything that it says is compared with
what the same kernel shows after it has booted with them.
"""

import json

from . import linux, qemu
from .machine import Machine
from .truth import MIB

PROGRAMS = ("vm_predict",)

SURPRISES = ("kernel-as-predicted", "initiator-links", "figures-lost")
FIGURES = ("read_latency", "write_latency", "read_bandwidth", "write_bandwidth")
DRAM_TIER = 4
DEFAULT_DISTANCES = {True: "10", False: "20"}  # within a node, between nodes

SCRIPT = """
keep_sysfs sysfs
keep predicted vm_predict /sys/firmware/acpi/tables "$(uname -r)"
attempt check hetmem check --json
"""

# Every machine has the same memories; who has processors differs.
SIZES = {0: 512 * MIB, 1: 512 * MIB, 2: 512 * MIB}


def machine(tables, cpus=None, arguments=()):
    made = ["-machine", "q35", "-smp", "2"]
    made += qemu.memories(SIZES, cpus=cpus or {0: "0-1"})
    return Machine([*made, *arguments], SCRIPT, tables=tables)


def compare(report, results, predicted=None):
    """All that was predicted, and nothing else, is what sysfs shows. The prediction, for more."""
    predicted, sysfs = predicted or results.json("predicted"), results.sysfs()
    online = _numbers(sysfs.get(f"{linux.NODE}/online", ""))
    shown = [f"node{number}" for number in _numbers(sysfs.get(f"{linux.NODE}/has_memory", ""))]
    by_node = {f"node{target['node']}": target for target in predicted["targets"]}
    report.equal("nodes with memory", sorted(by_node), sorted(shown))
    for node, target in by_node.items():
        _compare_access(report, sysfs, node, target)
        _compare_caches(report, sysfs, node, target)
        cpus = sysfs.get(f"{linux.NODE}/{node}/cpulist", "")
        report.equal(f"{node} has processors", target["has_cpus"], cpus != "")
    _compare_tiers(report, sysfs, by_node)
    if not predicted["slit_used"]:
        for node in online:
            distances = [DEFAULT_DISTANCES[other == node] for other in online]
            report.equal(f"distances of node{node}", " ".join(distances),
                         sysfs.get(f"{linux.NODE}/node{node}/distance"))  # fmt: skip
    _compare_check(report, results, predicted)
    return predicted


def _compare_check(report, results, predicted):
    """hetmem check looks at the same machine, and finds that the kernel did as it does."""
    try:
        findings = json.loads(results.output("check"))["findings"]
    except ValueError:
        report.true("hetmem check --json", False, results.errors("check"))
        return
    found = {finding["check"] for finding in findings}
    surprises = [finding for finding in findings if finding["check"] in SURPRISES]
    report.equal("hetmem check: what the kernel did otherwise", [], surprises)
    for table in ("srat", "hmat"):
        report.equal(f"hetmem check: {table}-dropped", not predicted[f"{table}_used"],
                     f"{table}-dropped" in found)  # fmt: skip


def target(predicted, pxm):
    return next(target for target in predicted["targets"] if target["pxm"] == pxm)


def says(report, predicted, *texts):
    for text in texts:
        report.true(f"a reason says '{text}'", any(text in said for said in predicted["reasons"]),
                    f"{predicted['reasons']}")  # fmt: skip


def _compare_access(report, sysfs, node, target):
    for name in ("access0", "access1"):
        folder = f"{linux.NODE}/{node}/{name}/initiators/"
        files = {path.removeprefix(folder): value for path, value in sysfs.items()
                 if path.startswith(folder)}  # fmt: skip
        if name not in target:
            report.equal(f"{node}/{name}", {}, files)
            continue
        expected = {figure: str(target[name][figure]) for figure in FIGURES}
        found = {figure: files.get(figure) for figure in FIGURES}
        report.equal(f"{node}/{name}: figures", expected, found)
        # All of these machines number their nodes as their domains, but where a scenario says
        # otherwise by `nodes`.
        nodes = target.get("nodes", {})
        linked = sorted(f"node{nodes.get(pxm, pxm)}" for pxm in target[name]["initiators"])
        report.equal(f"{node}/{name}: initiators", linked,
                     sorted(name for name in files if name.startswith("node")))  # fmt: skip


def _compare_caches(report, sysfs, node, target):
    folder = f"{linux.NODE}/{node}/memory_side_cache/index"
    found = {}
    for path, value in sysfs.items():
        level, _, name = path.removeprefix(folder).partition("/")
        if path.startswith(folder) and name in ("size", "line_size", "indexing", "write_policy"):
            found.setdefault(level, {})[name] = int(value)
    report.equal(f"{node}: side caches", target["caches"], found)


def _compare_tiers(report, sysfs, by_node):
    """6.1 has one tier of all memory, and the model says nothing of it."""
    tiers = {}
    for path, nodes in sysfs.items():
        if path.startswith(f"{linux.TIERS}/memory_tier"):
            tier = int(path.removeprefix(f"{linux.TIERS}/memory_tier").removesuffix("/nodelist"))
            tiers[tier] = _numbers(nodes)
    expected = {}
    for node, target in sorted(by_node.items()):
        number = int(node.removeprefix("node"))
        expected.setdefault(target.get("tier", DRAM_TIER), []).append(number)
    report.equal("tiers", expected, tiers)


def _numbers(listed):
    """The kernel's 0-1,3 as [0, 1, 3]."""
    numbers = []
    for piece in filter(None, listed.split(",")):
        first, _, last = piece.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return numbers
