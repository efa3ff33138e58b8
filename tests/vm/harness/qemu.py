"""Pieces of QEMU command lines that several scenarios share."""

from . import linux
from .linux import BLOCK
from .truth import MIB


def memories(sizes, cpus, initiators=None):
    """Nodes with memory in the order of the addresses. sizes: bytes by node; cpus: node -> "0-1";
    initiators: node -> the node that reaches it best (needs hmat=on). Every size is a multiple of
    128 MiB, the smallest piece of memory that Linux gives to a node here. A node of size 0 is
    empty until memory is plugged into it (Machine(hotplug=True))."""
    pluggable = ",slots=4,maxmem=8G" if 0 in sizes.values() else ""
    arguments = ["-m", f"{sum(sizes.values()) // MIB}M{pluggable}"]
    for node, size in sizes.items():
        assert size % BLOCK == 0
        described = f"node,nodeid={node}" + (f",memdev=m{node}" if size else "")
        if node in cpus:
            described += f",cpus={cpus[node]}"
        if initiators:
            described += f",initiator={initiators[node]}"
        if size:
            arguments += ["-object", f"memory-backend-ram,size={size // MIB}M,id=m{node}"]
        arguments += ["-numa", described]
    return arguments


def distances(pairs):
    """SLIT entries of node pairs; QEMU makes the other direction the same."""
    arguments = []
    for (source, destination), value in pairs.items():
        arguments += ["-numa", f"dist,src={source},dst={destination},val={value}"]
    return arguments


def locality(initiator, target, read_ns, write_ns, read_mbps, write_mbps):
    """One pair of QEMU's own HMAT. Its M is what the table counts as one MB/s."""
    pair = f"hmat-lb,initiator={initiator},target={target},hierarchy=memory"
    arguments = []
    for data_type, value in (
        ("read-latency", f"latency={read_ns}"), ("write-latency", f"latency={write_ns}"),
        ("read-bandwidth", f"bandwidth={read_mbps}M"),
        ("write-bandwidth", f"bandwidth={write_mbps}M"),
    ):  # fmt: skip
        arguments += ["-numa", f"{pair},data-type={data_type},{value}"]
    return arguments


def affinity(sizes, pxms=None):
    """(pxm, base, length) of each piece of memory, as q35 lays the nodes out below 4 GiB and as
    its own SRAT has it: the hole below 1 MiB belongs to nobody."""
    pieces, base = [], 0
    for node, size in sizes.items():
        pxm = pxms[node] if pxms else node
        if base == 0:
            pieces += [(pxm, 0, 0xA0000), (pxm, MIB, size - MIB)]
        else:
            pieces.append((pxm, base, size))
        base += size
    assert base <= 0x80000000, "q35 moves memory above 2 GiB elsewhere"
    return pieces


def memory_of_node(sysfs, sizes, node, **more):
    """linux.memory_of_node where pxm and node are both QEMU's number."""
    pieces = [piece for piece in affinity(sizes) if piece[0] == node]
    return linux.memory_of_node(sysfs, node, pieces, **more)
