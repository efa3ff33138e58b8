"""What the guest's programs say of memory that was asked for, and what must be true of it.

vm_place prints one JSON object; its parts named "first" and "later" are states: what the library
counts, and what the kernel says when it is asked without the library (tests/vm/programs/report.cpp).
"""

import json

from . import qemu
from .truth import GIB, MIB

# Three memories: an ordinary one with the CPUs, a small fast one, a small slow one.
SIZES = {0: GIB, 1: 512 * MIB, 2: 512 * MIB}
# read ns, write ns, read MB/s, write MB/s, from the CPUs
FIGURES = {
    0: (100, 105, 102400, 92160), 1: (120, 125, 409600, 307200), 2: (300, 310, 30720, 20480),
}  # fmt: skip


def arguments(sizes=None, figures=None, cpus="0-1"):
    """QEMU's arguments for such a machine."""
    sizes = sizes or SIZES
    figures = figures or FIGURES
    made = ["-machine", "q35,hmat=on", "-smp", "2"]
    made += qemu.memories(sizes, cpus={0: cpus}, initiators=dict.fromkeys(sizes, 0))
    for node, values in figures.items():
        if node in sizes:
            made += qemu.locality(0, node, *values)
    return made


def document(results, name):
    """What a program printed; {} when it was killed before it did."""
    try:
        return json.loads(results.output(name))
    except ValueError:
        return {}


def outcome(results, name):
    """Of `vm_place`: "done", the name of what was thrown, or how it died."""
    found = document(results, name)
    if "outcome" in found:
        return found["outcome"]
    return f"no answer; {results.errors(name).strip()[-300:]}"


def done(report, results, name):
    """The document of a program that must have got what it asked for."""
    found = document(results, name)
    report.equal(f"{name}: outcome", "done", found.get("outcome", outcome(results, name)))
    if found.get("outcome") != "done":
        report.differences.append(f"{name} said: {found.get('what', '')}")
    return found


def refused(report, results, name, expected, *words, reason=None):
    """The document of a program that must have been refused, and told why in words."""
    found = document(results, name)
    report.equal(f"{name}: outcome", expected, outcome(results, name))
    report.contains(f"{name}: the error", found.get("what", ""), *words)
    if reason is not None:
        report.equal(f"{name}: reason", reason, found.get("reason"))
    return found


def lies(report, about, state, expected, query=True):
    """All of a state is as expected (bytes by node, none left out), whoever is asked. query: False
    where the kernel's page query is known to lie."""
    expected = {str(node): size for node, size in expected.items() if size}
    by_name = {f"node{node}": size for node, size in expected.items()}
    where = state.get("where", {})
    report.equal(f"{about}: where()", by_name, where.get("bytes"))
    for name in ("absent", "unknown"):
        report.equal(f"{about}: where(): {name}", 0, where.get(name))
    report.equal(f"{about}: numa_maps", expected, state.get("numa_maps"))
    if query:
        report.equal(f"{about}: move_pages", expected, state.get("move_pages"))


def kept(report, about, state, strayed=0):
    verified = state.get("verify", {})
    report.equal(f"{about}: verify(): kept", strayed == 0, verified.get("kept"))
    report.equal(f"{about}: verify(): strayed", strayed, verified.get("strayed"))


def on(state, node):
    """Bytes on a node, as the library counts."""
    return state.get("where", {}).get("bytes", {}).get(f"node{node}", 0)


def nobody_killed(report, results):
    """The kernel's own log: neither the system's OOM killer nor a cgroup's acted, and nothing
    crashed."""
    said = [
        line.strip()
        for line in results.output("dmesg").splitlines()
        if "Out of memory" in line or "oom-kill" in line or "Killed process" in line
        or "invoked oom-killer" in line or "segfault at" in line or "general protection" in line
    ]  # fmt: skip
    report.equal("kills and crashes in the kernel's log", [], said)


def race_ended_well(report, results):
    """`keep race vm_place race ...`: all were refused in the end, none was killed or lost anything."""
    for racer in done(report, results, "race")["racers"]:
        report.equal("race", (0, "target_full", True, 0),
                     (racer["signal"], racer["refused"]["outcome"], racer["intact"],
                      racer["strayed"]))  # fmt: skip


def pool_ended_well(report, results):
    """`keep pool vm_place pool ...` with more than there is: refused, and what it had is intact."""
    pool = done(report, results, "pool")
    report.equal("pool", ("allocation_failed", True),
                 (pool["refused"]["outcome"], pool["intact"]))  # fmt: skip
