#!/usr/bin/env python3
"""Makes the /sys and /proc of a very large machine, to time reading it.

    bench/made_up_root.py --nodes 1024 --blocks 100000 /dev/shm/hetmem-1024

Every node has one CPU and its share of the memory blocks, so every node is an initiator and a
target: the HMAT is full, nodes x nodes entries in each of four data types. Node directories hold
what Linux puts there; of the files that nobody reads, those that cost nothing to leave out are
left out. The content is the same in every run.
"""

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "cli"))
import firmware  # noqa: E402

BLOCK = 128 << 20
PAGE = 4096


def write(path: str, content) -> None:
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def mask(cpu: int, cpus: int) -> str:
    """A bit mask as the kernel prints it: 32-bit words with commas between them."""
    words = [0] * ((cpus + 31) // 32)
    words[-1 - cpu // 32] = 1 << cpu % 32
    return ",".join(f"{word:08x}" for word in words) + "\n"


def distance(a: int, b: int) -> int:
    return 10 if a == b else 12 + min(abs(a - b), 200)


def latency_entry(a: int, b: int) -> int:
    return 80 + distance(a, b)


def bandwidth_entry(a: int, b: int) -> int:
    return 4000 // distance(a, b)


def write_node(here: str, node: int, nodes: int, blocks: range) -> None:
    os.makedirs(here)
    total = len(blocks) * BLOCK
    write(f"{here}/cpulist", f"{node}\n")
    write(f"{here}/cpumap", mask(node, nodes))
    write(f"{here}/meminfo", "".join(
        f"Node {node} {name + ':':<15} {value:8} kB\n" for name, value in (
            ("MemTotal", total >> 10), ("MemFree", total >> 11), ("MemUsed", total >> 11),
            ("SwapCached", 0), ("Active", 1024), ("Inactive", 2048), ("Dirty", 0), ("Writeback", 0),
            ("FilePages", 4096), ("Mapped", 512), ("AnonPages", 512), ("Shmem", 64),
            ("KernelStack", 32), ("PageTables", 16), ("NFS_Unstable", 0), ("Bounce", 0),
            ("Slab", 128), ("SReclaimable", 64), ("SUnreclaim", 64), ("AnonHugePages", 0))))
    write(f"{here}/distance", " ".join(str(distance(node, n)) for n in range(nodes)) + "\n")
    for page in (2048, 1048576):
        pool = f"{here}/hugepages/hugepages-{page}kB"
        os.makedirs(pool)
        for name in ("nr_hugepages", "free_hugepages", "surplus_hugepages"):
            write(f"{pool}/{name}", "0\n")
    for access in (0, 1):
        initiators = f"{here}/access{access}/initiators"
        os.makedirs(initiators)
        for name, value in (("read_latency", latency_entry(node, node)),
                            ("write_latency", latency_entry(node, node)),
                            ("read_bandwidth", bandwidth_entry(node, node) * 100),
                            ("write_bandwidth", bandwidth_entry(node, node) * 100)):
            write(f"{initiators}/{name}", f"{value}\n")
        os.symlink(f"../../../node{node}", f"{initiators}/node{node}")
    os.symlink(f"../../cpu/cpu{node}", f"{here}/cpu{node}")
    for block in blocks:
        os.symlink(f"../../memory/memory{block}", f"{here}/memory{block}")


def write_cpu(here: str, cpu: int, cpus: int) -> None:
    topology = f"{here}/topology"
    os.makedirs(topology)
    write(f"{topology}/physical_package_id", f"{cpu // 8}\n")
    first = cpu // 8 * 8
    package = f"{first}-{min(first + 7, cpus - 1)}\n"
    write(f"{topology}/package_cpus_list", package)
    write(f"{topology}/core_siblings_list", package)


def zoneinfo(node: int, pages: int) -> str:
    return (f"Node {node}, zone   Normal\n"
            f"  per-node stats\n      nr_inactive_anon 0\n      nr_active_anon 0\n"
            f"  pages free     {pages // 2}\n        boost    0\n        min      1000\n"
            f"        low      2000\n        high     3000\n        spanned  {pages}\n"
            f"        present  {pages}\n        managed  {pages - pages // 64}\n"
            f"        cma      0\n        protection: (0, 0, 0, 0, 0)\n"
            f"      nr_free_pages {pages // 2}\n      numa_hit     0\n"
            f"  pagesets\n    cpu: {node}\n              count: 0\n              high:  14\n"
            f"              batch: 7\n  vm stats threshold: 10\n"
            f"  node_unreclaimable:  0\n  start_pfn:           {1 << 18}\n")


def write_tables(here: str, nodes: int, shares) -> None:
    os.makedirs(here)
    everyone = range(nodes)
    latencies = [[latency_entry(i, t) for t in everyone] for i in everyone]
    bandwidths = [[bandwidth_entry(i, t) for t in everyone] for i in everyone]
    write(f"{here}/HMAT", firmware.hmat(
        *(firmware.proximity(n, n) for n in everyone),
        firmware.localities(firmware.READ_LATENCY, everyone, everyone, 1000, latencies),
        firmware.localities(firmware.WRITE_LATENCY, everyone, everyone, 1000, latencies),
        firmware.localities(firmware.READ_BANDWIDTH, everyone, everyone, 100, bandwidths),
        firmware.localities(firmware.WRITE_BANDWIDTH, everyone, everyone, 100, bandwidths)))
    write(f"{here}/SRAT", firmware.srat(
        *(firmware.srat_cpu(n, n) for n in everyone),
        *(firmware.srat_memory(n, share.start * BLOCK, len(share) * BLOCK)
          for n, share in enumerate(shares))))
    write(f"{here}/SLIT", firmware.slit([[distance(i, t) for t in everyone] for i in everyone]))


def make(root: str, nodes: int, blocks: int) -> None:
    first = 8
    shares = [range(first + blocks * n // nodes, first + blocks * (n + 1) // nodes)
              for n in range(nodes)]
    system = f"{root}/sys/devices/system"
    os.makedirs(f"{system}/node")
    everyone = f"0-{nodes - 1}\n"
    for name in ("online", "possible", "has_cpu", "has_memory", "has_normal_memory"):
        write(f"{system}/node/{name}", everyone)
    write(f"{system}/node/has_generic_initiator", "\n")
    os.makedirs(f"{system}/memory")
    write(f"{system}/memory/block_size_bytes", f"{BLOCK:x}\n")
    write(f"{system}/memory/auto_online_blocks", "online\n")
    for share in shares:
        for block in share:
            os.mkdir(f"{system}/memory/memory{block}")
            write(f"{system}/memory/memory{block}/state", "online\n")
    os.makedirs(f"{system}/cpu")
    write(f"{system}/cpu/online", everyone)
    for node, share in enumerate(shares):
        write_node(f"{system}/node/node{node}", node, nodes, share)
        write_cpu(f"{system}/cpu/cpu{node}", node, nodes)
    tier = f"{root}/sys/devices/virtual/memory_tiering/memory_tier4"
    os.makedirs(tier)
    write(f"{tier}/nodelist", everyone)
    weights = f"{root}/sys/kernel/mm/mempolicy/weighted_interleave"
    os.makedirs(weights)
    for node in range(nodes):
        write(f"{weights}/node{node}", "1\n")
    os.makedirs(f"{root}/sys/kernel/mm/numa")
    write(f"{root}/sys/kernel/mm/numa/demotion_enabled", "false\n")
    write_tables(f"{root}/sys/firmware/acpi/tables", nodes, shares)
    os.makedirs(f"{root}/proc/sys/kernel")
    write(f"{root}/proc/sys/kernel/osrelease", "6.12.9\n")
    write(f"{root}/proc/sys/kernel/arch", "x86_64\n")
    write(f"{root}/proc/zoneinfo", "".join(
        zoneinfo(n, len(share) * BLOCK // PAGE) for n, share in enumerate(shares)))
    write(f"{root}/proc/cpuinfo", "".join(
        f"processor\t: {cpu}\nvendor_id\t: ExampleCorp\ncpu family\t: 6\nmodel\t\t: 143\n"
        f"model name\t: Example Processor 9000\nstepping\t: 1\ncpu MHz\t\t: 2000.000\n"
        f"apicid\t\t: {cpu}\ninitial apicid\t: {cpu}\nflags\t\t: {'fpu vme de pse tsc ' * 40}\n\n"
        for cpu in range(nodes)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--nodes", type=int, default=1024)
    parser.add_argument("--blocks", type=int, default=100_000)
    parser.add_argument("root", help="a directory that does not exist; /dev/shm is a good place")
    asked = parser.parse_args()
    make(asked.root, asked.nodes, asked.blocks)


if __name__ == "__main__":
    main()
