"""What the kernel itself is expected to show, so that a scenario first proves its machine.

`sysfs` is what Results.sysfs() gives: path below /sys -> content.
"""

from .truth import MIB

# What x86 Linux makes a memory block of on machines this small.
BLOCK = 128 * MIB

NODE = "devices/system/node"
TIERS = "devices/virtual/memory_tiering"


def check_attributes(report, sysfs, node, access, initiators, *values):
    """nodeN/accessM: its linked initiators and its four numbers, in the kernel's ns and MB/s."""
    read_ns, write_ns, read_mbps, write_mbps = values
    folder = f"{NODE}/node{node}/access{access}/initiators"
    linked = sorted(
        path.removeprefix(f"{folder}/") for path in sysfs if path.startswith(f"{folder}/node")
    )
    report.equal(folder, [f"node{number}" for number in sorted(initiators)], linked)
    for name, value in (
        ("read_latency", read_ns), ("write_latency", write_ns),
        ("read_bandwidth", read_mbps), ("write_bandwidth", write_mbps),
    ):  # fmt: skip
        report.equal(f"{folder}/{name}", str(value), sysfs.get(f"{folder}/{name}"))


def check_no_attributes(report, sysfs, node=None):
    """No accessN anywhere, or none at one node."""
    start = NODE if node is None else f"{NODE}/node{node}/"
    shown = [path for path in sysfs if path.startswith(start) and "/access" in path]
    report.equal("access files", [], shown)


def check_nodes(report, sysfs, **expected):
    """online="0-2", has_cpu="0", ... as the node directory's own lists have it."""
    for name, value in expected.items():
        report.equal(f"{NODE}/{name}", value, sysfs.get(f"{NODE}/{name}"))


def check_tiers(report, sysfs, tiers):
    """tier -> list of nodes; no tier besides these."""
    shown = {
        path.removeprefix(f"{TIERS}/memory_tier").removesuffix("/nodelist"): value
        for path, value in sysfs.items()
        if path.startswith(f"{TIERS}/memory_tier")
    }
    report.equal("memory tiers", {str(tier): nodes for tier, nodes in tiers.items()}, shown)


def has_table(sysfs, signature):
    return f"firmware/acpi/tables/{signature}" in sysfs


def memory_of_node(sysfs, node, pieces, **more):
    """A target that is a node whose memory is all online. pieces: (pxm, base, length), as
    qemu.affinity has them. The size is what the kernel has left to give (it keeps some for
    itself); that the memory is what was configured is seen from ranges and blocks."""
    [pxm] = {pxm for pxm, _, _ in pieces}
    blocks = -(-sum(length for _, _, length in pieces) // BLOCK)
    return {
        "state": "online", "node": node, "pxm": pxm, "reserved": False, "reserved_reason": "",
        "size": int(sysfs.get(f"{NODE}/node{node}/MemTotal", -1)) * 1024,
        "ranges": [{"base": base, "length": length} for _, base, length in pieces],
        "block_size": BLOCK, "blocks": blocks, "blocks_online": blocks, **more,
    }  # fmt: skip
