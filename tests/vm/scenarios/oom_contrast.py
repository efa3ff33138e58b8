"""700 MiB on a node of 512 MiB: peers' strict requests end in a kill or stray, ours in an error.

docs/oom-contrast.md is what --document writes.
"""

from harness import linux, placed
from harness.machine import Machine
from harness.truth import MIB

PROGRAMS = ("vm_peers", "vm_place", "numactl")

ASKED, NODE = 700 * MIB, 1

# name, what is called, in words for the table
PEERS = {
    "numactl": ("numactl --membind=1 vm_peers touch 700 1", "`numactl --membind`, malloc"),
    "numa": ("vm_peers numa 700 1", "libnuma, `numa_set_strict(1)`, `numa_alloc_onnode`"),
    "hwloc": ("vm_peers hwloc 700 1", "hwloc, `HWLOC_MEMBIND_STRICT`"),
    "memkind": ("vm_peers memkind 700 1", "memkind, `MEMKIND_HBW` on that node"),
    "memkind_dax": ("vm_peers memkind_dax 700 1", "memkind, `MEMKIND_DAX_KMEM` on that node"),
    "bind": ("vm_peers bind 700 1", "`mbind(MPOL_BIND)`, `MADV_POPULATE_WRITE`"),
    "preferred": ("vm_peers preferred 700 1", "`mbind(MPOL_PREFERRED)`, `MADV_POPULATE_WRITE`"),
}
# What all of them do with a request that fits.
FITTING = ("numa", "hwloc", "memkind")

SCRIPT = """
keep_sysfs sysfs
keep ours vm_place allocate bind:node1 700
""" + "".join(f"attempt {name} {called}\n" for name, (called, _) in PEERS.items()) + "".join(
    f"keep {name}_fits vm_peers {name} 64 1\n" for name in FITTING
) + """
keep ours_again vm_place allocate bind:node1 300
"""  # fmt: skip


def machine(kernel):
    return Machine(placed.arguments(), SCRIPT)


def check_machine(report, results, kernel):
    linux.check_nodes(report, results.sysfs(), online="0-2", has_memory="0-2")


def check(report, results, kernel):
    for name in PEERS:
        report.true(f"{name} dies or strays", _outcome(results, name) != "all there",
                    _outcome(results, name))  # fmt: skip
    # The contrast is one of the request, not of a program that does not work.
    for name in FITTING:
        report.equal(f"{name}, 64 MiB", {str(NODE): 64 * MIB},
                     placed.document(results, f"{name}_fits").get("bytes"))  # fmt: skip
    ours = placed.refused(report, results, "ours", "target_full", "node1", reason="target")
    report.true("what could have been had", 300 * MIB < ours.get("available", 0) < 512 * MIB,
                f"{ours.get('available')}")  # fmt: skip
    held = ours.get("left_behind", {})
    report.true("nothing is held", "node0" in held and held.get("node1", 0) < MIB, f"{held}")
    again = placed.done(report, results, "ours_again")
    placed.lies(report, "ours, 300 MiB", again.get("first", {}), {NODE: 300 * MIB})
    ours_killed = [
        line for line in results.output("dmesg").splitlines()
        if "Killed process" in line and "vm_place" in line
    ]  # fmt: skip
    report.equal("of ours, killed", [], ours_killed)


def _outcome(results, name):
    if results.exit(name) == 137:
        return "killed"
    found = placed.document(results, name)
    if "refused" in found:
        return f"refused: {found['refused']}"
    there = found.get("bytes", {}).get(str(NODE), 0)
    if there >= ASKED:
        return "all there"
    return f"strays: {round((ASKED - there) / MIB)} of 700 MiB elsewhere" if found else "failed"


def document(results, release):
    """The rows of docs/oom-contrast.md for this kernel."""
    rows = [f"| {words} | {_outcome(results, name)} |" for name, (_, words) in PEERS.items()]
    ours = placed.document(results, "ours")
    rows.append(f"| hetmem, `bind` | `{ours['outcome']}`, reason `{ours['reason']}`, "
                f"{ours['available'] // MIB} MiB could be had; nothing held |")  # fmt: skip
    return "\n".join([f"Linux {release}:", "", "| the request | what came of it |", "|---|---|",
                      *rows, ""])  # fmt: skip
