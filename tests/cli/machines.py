"""Made-up machines: directories with a /sys and a /proc as Linux would show them."""

import os
from pathlib import Path

import firmware

GIB = 1 << 30
BLOCK = 128 << 20


def ranges(numbers) -> str:
    """[0, 1, 2, 8] -> "0-2,8", as the kernel writes lists."""
    parts = []
    for number in sorted(numbers):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


class Machine:
    """Writes the files of one machine below `root`."""

    def __init__(self, root):
        self.root = Path(root)
        self.nodes = {}
        self.next_block = 8  # the first GiB is left out, as on real machines part of it is

    def write(self, path: str, content) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            place.write_bytes(content)
        else:
            place.write_text(content)

    def link(self, path: str, to: str) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        os.symlink(to, place)

    def base(self, kernel="6.12.9", model="Example Processor 9000") -> None:
        self.write("proc/sys/kernel/osrelease", kernel + "\n")
        self.write("proc/sys/kernel/arch", "x86_64\n")
        self.write("proc/cpuinfo", "".join(
            f"processor\t: {cpu}\nvendor_id\t: ExampleCorp\ncpu family\t: 6\nmodel\t\t: 143\n"
            f"model name\t: {model}\nstepping\t: 1\napicid\t\t: {cpu}\n"
            f"Serial\t\t: 00000000deadbeef\n\n"
            for cpu in self.cpus()))
        self.write("sys/devices/system/cpu/online", ranges(self.cpus()) + "\n")
        self.write("sys/devices/system/memory/block_size_bytes", f"{BLOCK:x}\n")
        self.write("sys/devices/system/memory/auto_online_blocks", "online\n")

    def cpus(self):
        return sorted(cpu for node in self.nodes.values() for cpu in node["cpus"])

    def node(self, number: int, size: int, cpus=(), free=None) -> None:
        """A node whose memory lies behind that of the nodes before it."""
        free = size // 2 if free is None else free
        blocks = range(self.next_block, self.next_block + size // BLOCK)
        self.next_block += size // BLOCK
        self.nodes[number] = {"cpus": list(cpus), "size": size, "base": blocks.start * BLOCK}
        here = f"sys/devices/system/node/node{number}"
        self.write(f"{here}/cpulist", ranges(cpus) + "\n")
        self.write(f"{here}/meminfo",
                   f"Node {number} MemTotal:       {size // 1024} kB\n"
                   f"Node {number} MemFree:        {free // 1024} kB\n"
                   f"Node {number} MemUsed:        {(size - free) // 1024} kB\n"
                   f"Node {number} HugePages_Total:     0\n")
        for page in (2048, 1048576):
            self.write(f"{here}/hugepages/hugepages-{page}kB/nr_hugepages", "0\n")
            self.write(f"{here}/hugepages/hugepages-{page}kB/free_hugepages", "0\n")
        for block in blocks:
            self.write(f"sys/devices/system/memory/memory{block}/state", "online\n")
            self.link(f"{here}/memory{block}", f"../../memory/memory{block}")

    def package(self, number: int, cpus) -> None:
        for cpu in cpus:
            here = f"sys/devices/system/cpu/cpu{cpu}/topology"
            self.write(f"{here}/physical_package_id", f"{number}\n")
            self.write(f"{here}/package_cpus_list", ranges(cpus) + "\n")
            self.write(f"{here}/core_siblings_list", ranges(cpus) + "\n")
            # What hwloc needs before it believes in a CPU.
            mask = f"{sum(1 << c for c in cpus):08x}\n"
            self.write(f"{here}/package_cpus", mask)
            self.write(f"{here}/core_siblings", mask)
            self.write(f"{here}/core_id", f"{cpu}\n")
            self.write(f"{here}/core_cpus", f"{1 << cpu:08x}\n")
            self.write(f"{here}/thread_siblings", f"{1 << cpu:08x}\n")

    def distances(self, rows) -> None:
        """`rows`: node -> distances in the order of the nodes."""
        for number, row in rows.items():
            self.write(f"sys/devices/system/node/node{number}/distance",
                       " ".join(str(d) for d in row) + "\n")

    def access(self, target: int, initiators, figures, classes=(0, 1)) -> None:
        """`figures`: read and write latency in ns, read and write bandwidth in MB/s."""
        names = ("read_latency", "write_latency", "read_bandwidth", "write_bandwidth")
        for number in classes:
            here = f"sys/devices/system/node/node{target}/access{number}/initiators"
            for name, value in zip(names, figures):
                self.write(f"{here}/{name}", f"{value}\n")
            for initiator in initiators:
                self.link(f"{here}/node{initiator}", f"../../../node{initiator}")

    def node_lists(self, generic_initiators=()) -> None:
        here = "sys/devices/system/node"
        present = set(self.nodes) | set(generic_initiators)
        self.write(f"{here}/online", ranges(present) + "\n")
        self.write(f"{here}/possible", ranges(present) + "\n")
        self.write(f"{here}/has_cpu",
                   ranges(n for n, node in self.nodes.items() if node["cpus"]) + "\n")
        self.write(f"{here}/has_memory",
                   ranges(n for n, node in self.nodes.items() if node["size"]) + "\n")
        self.write(f"{here}/has_generic_initiator", ranges(generic_initiators) + "\n")
        masks = {n: sum(1 << c for c in node["cpus"]) for n, node in self.nodes.items()}
        for number, mask in masks.items():
            self.write(f"{here}/node{number}/cpumap", f"{mask:08x}\n")

    def tables(self, **tables: bytes) -> None:
        for name, content in tables.items():
            self.write(f"sys/firmware/acpi/tables/{name}", content)


def desk(root) -> Machine:
    """One node and nothing else: what most people sit in front of."""
    machine = Machine(root)
    machine.node(0, 2 * GIB, cpus=[0, 1])
    machine.package(0, [0, 1])
    machine.distances({0: [10]})
    machine.node_lists()
    machine.base()
    return machine


# What the tables of two_sockets() say: initiator pxm -> target pxm -> figures in ns and MB/s.
TWO_SOCKETS_FIGURES = {
    (0, 0): (100, 110, 200_000, 150_000), (0, 1): (180, 190, 60_000, 50_000),
    (0, 4): (120, 130, 400_000, 300_000), (0, 5): (210, 220, 70_000, 55_000),
    (1, 0): (181, 191, 61_000, 51_000), (1, 1): (101, 111, 201_000, 151_000),
    (1, 4): (211, 221, 71_000, 56_000), (1, 5): (121, 131, 401_000, 301_000),
}
TWO_SOCKETS_PXM = {0: 0, 1: 1, 2: 4, 3: 5}  # of the nodes


def two_sockets(root) -> Machine:
    """Each socket has DDR (nodes 0, 1) and HBM without CPUs (nodes 2, 3; pxm 4, 5)."""
    machine = Machine(root)
    machine.node(0, 4 * GIB, cpus=[0, 1])
    machine.node(1, 4 * GIB, cpus=[2, 3])
    machine.node(2, 1 * GIB)
    machine.node(3, 1 * GIB)
    machine.package(0, [0, 1])
    machine.package(1, [2, 3])
    distances = {0: [10, 21, 13, 23], 1: [21, 10, 23, 13], 2: [13, 23, 10, 33], 3: [23, 13, 33, 10]}
    machine.distances(distances)
    for target, nearest in ((0, 0), (1, 1), (2, 0), (3, 1)):
        machine.access(target, [nearest], TWO_SOCKETS_FIGURES[nearest, TWO_SOCKETS_PXM[target]])
    machine.node_lists()
    machine.base()
    machine.tables(HMAT=two_sockets_hmat(), SRAT=two_sockets_srat(machine),
                   SLIT=firmware.slit([[10, 21, 255, 255, 13, 23], [21, 10, 255, 255, 23, 13],
                                       [255, 255, 10, 255, 255, 255], [255, 255, 255, 10, 255, 255],
                                       [13, 23, 255, 255, 10, 33], [23, 13, 255, 255, 33, 10]]))
    return machine


def two_sockets_hmat() -> bytes:
    initiators, targets = [0, 1], [0, 1, 4, 5]
    kinds = ((firmware.READ_LATENCY, 1000, 1), (firmware.WRITE_LATENCY, 1000, 1),
             (firmware.READ_BANDWIDTH, 1000, 1000), (firmware.WRITE_BANDWIDTH, 1000, 1000))
    matrices = [
        firmware.localities(kind, initiators, targets, base,
                            [[TWO_SOCKETS_FIGURES[i, t][n] // scale for t in targets]
                             for i in initiators])
        for n, (kind, base, scale) in enumerate(kinds)]
    return firmware.hmat(firmware.proximity(0, 0), firmware.proximity(1, 1),
                         firmware.proximity(4, 0), firmware.proximity(5, 1), *matrices)


def two_sockets_srat(machine: Machine) -> bytes:
    memories = [firmware.srat_memory(TWO_SOCKETS_PXM[n], node["base"], node["size"])
                for n, node in machine.nodes.items()]
    return firmware.srat(firmware.srat_cpu(0, 0), firmware.srat_cpu(0, 1), firmware.srat_cpu(1, 2),
                         firmware.srat_cpu(1, 3), *memories)


def everything(root) -> Machine:
    """A machine with one of each thing that the kernel has an interface for."""
    machine = two_sockets(root)
    # a node behind a memory-side cache, with tiers, weights and huge pages
    cache = "sys/devices/system/node/node1/memory_side_cache/index1"
    for name, value in (("size", "268435456"), ("line_size", "64"), ("indexing", "0"),
                        ("write_policy", "0"), ("address_mode", "1")):
        machine.write(f"{cache}/{name}", value + "\n")
    machine.write("sys/devices/virtual/memory_tiering/memory_tier4/nodelist", "0-1\n")
    machine.write("sys/devices/virtual/memory_tiering/memory_tier2/nodelist", "2-3\n")
    machine.write("sys/kernel/mm/numa/demotion_enabled", "false\n")
    for node, weight in enumerate((5, 5, 9, 9)):
        machine.write(f"sys/kernel/mm/mempolicy/weighted_interleave/node{node}", f"{weight}\n")
    pool = "sys/devices/system/node/node0/hugepages/hugepages-2048kB"
    machine.write(f"{pool}/nr_hugepages", "64\n")
    machine.write(f"{pool}/free_hugepages", "60\n")
    # a block of node 3 that is offline
    block = machine.nodes[3]["base"] // BLOCK
    machine.write(f"sys/devices/system/memory/memory{block}/state", "offline\n")
    # soft-reserved memory as a dax device, which would become node 4
    device = "sys/devices/platform/hmem.0/dax0.0"
    base = 0x2000000000
    for name, value in (("size", str(2 * GIB)), ("align", "2097152"), ("target_node", "4"),
                        ("numa_node", "0"), ("resource", hex(base))):
        machine.write(f"{device}/{name}", value + "\n")
    machine.write("sys/bus/dax/drivers/device_dax/bind", "")
    machine.link(f"{device}/driver", "../../../../bus/dax/drivers/device_dax")
    machine.link("sys/bus/dax/devices/dax0.0", "../../../devices/platform/hmem.0/dax0.0")
    machine.write("proc/iomem", "00001000-0009ffff : System RAM\n"
                  f"{base:x}-{base + 2 * GIB - 1:x} : Soft Reserved\n"
                  f"  {base:x}-{base + 2 * GIB - 1:x} : dax0.0\n"
                  "fd000000-fdffffff : 0000:00:02.0\n")
    # a CXL device with its table, and the region and dax device on it
    port = "sys/devices/platform/ACPI0017:00/root0/port1/endpoint2"
    memory = "sys/devices/pci0000:0c/0000:0c:00.0/0000:0d:00.0/mem0"
    region = "sys/devices/platform/ACPI0017:00/root0/decoder0.0/region0"
    machine.write(f"{memory}/ram/size", hex(GIB) + "\n")
    machine.write(f"{memory}/pmem/size", "0x0\n")
    machine.write(f"{memory}/numa_node", "1\n")
    machine.write(f"{memory}/serial", "0xc0ffee5e7e01\n")
    machine.write(f"{port}/CDAT", firmware.cdat(
        firmware.cdat_memory(0, 0, GIB),
        firmware.cdat_figure(0, firmware.READ_LATENCY, 1000, 150),
        firmware.cdat_figure(0, firmware.READ_BANDWIDTH, 1000, 32)))
    machine.link(f"{port}/uport", "../../../../../pci0000:0c/0000:0c:00.0/0000:0d:00.0/mem0")
    machine.write(f"{port}/decoder2.0/mode", "ram\n")
    machine.write(f"{region}/size", hex(GIB) + "\n")
    machine.write(f"{region}/resource", "0x3000000000\n")
    machine.write(f"{region}/mode", "ram\n")
    machine.write(f"{region}/uuid", "3f2504e0-4f89-11d3-9a0c-0305e82c3301\n")
    machine.write(f"{region}/interleave_ways", "1\n")
    machine.write(f"{region}/target0", "decoder2.0\n")
    for name, value in (("read_latency", 300), ("write_latency", 310), ("read_bandwidth", 30000),
                        ("write_bandwidth", 28000)):
        machine.write(f"{region}/access0/{name}", f"{value}\n")
        machine.write(f"{region}/access1/{name}", f"{value}\n")
    dax = f"{region}/dax_region0/dax1.0"
    for name, value in (("size", str(GIB)), ("align", "2097152"), ("target_node", "5"),
                        ("numa_node", "1"), ("resource", "0x3000000000")):
        machine.write(f"{dax}/{name}", value + "\n")
    machine.link("sys/bus/dax/devices/dax1.0",
                 "../../../devices/platform/ACPI0017:00/root0/decoder0.0/region0/dax_region0/dax1.0")
    for name, to in (("mem0", "pci0000:0c/0000:0c:00.0/0000:0d:00.0/mem0"),
                     ("endpoint2", "platform/ACPI0017:00/root0/port1/endpoint2"),
                     ("decoder2.0", "platform/ACPI0017:00/root0/port1/endpoint2/decoder2.0"),
                     ("decoder0.0", "platform/ACPI0017:00/root0/decoder0.0"),
                     ("root0", "platform/ACPI0017:00/root0"),
                     ("port1", "platform/ACPI0017:00/root0/port1"),
                     ("region0", "platform/ACPI0017:00/root0/decoder0.0/region0")):
        machine.link(f"sys/bus/cxl/devices/{name}", f"../../../devices/{to}")
    # a Generic Initiator: pxm 7, a PCI device on node 6, near the HBM of socket 0
    machine.write("sys/devices/pci0000:00/0000:00:03.0/numa_node", "6\n")
    machine.link("sys/bus/pci/devices/0000:00:03.0", "../../../devices/pci0000:00/0000:00:03.0")
    machine.write("sys/devices/system/node/node6/cpulist", "\n")
    machine.write("sys/devices/system/node/node6/meminfo", "Node 6 MemTotal:       0 kB\n"
                  "Node 6 MemFree:        0 kB\n")
    machine.write("sys/devices/system/node/node6/distance", "13 23 10 33 10\n")
    machine.node_lists(generic_initiators=[6])
    machine.write("sys/devices/system/node/online", "0-3,6\n")
    machine.write("sys/devices/system/node/possible", "0-7\n")
    srat = firmware.srat(
        *(firmware.srat_cpu(pxm, cpu) for cpu, pxm in ((0, 0), (1, 0), (2, 1), (3, 1))),
        *(firmware.srat_memory(TWO_SOCKETS_PXM[n], node["base"], node["size"])
          for n, node in machine.nodes.items()),
        firmware.srat_memory(6, base, 2 * GIB),
        firmware.srat_generic_initiator(7, 0, 0, 3, 0))
    machine.tables(SRAT=srat, HMAT1=two_sockets_hmat())
    # what is never needed: none of it may be in a capture
    machine.write("proc/cmdline", "root=UUID=3f2504e0-4f89-11d3-9a0c-0305e82c3301\n")
    machine.write("proc/version", "Linux version 6.12.9 (somebody@secret-host)\n")
    machine.write("proc/sys/kernel/hostname", "secret-host\n")
    machine.write("sys/class/dmi/id/product_serial", "SERIAL-1234567\n")
    machine.write("sys/class/net/eth0/address", "52:54:00:12:34:56\n")
    return machine
