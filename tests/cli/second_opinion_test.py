"""hwloc reads the same machines: both must see the same memory and the same figures.

hwloc knows what the kernel passes on, so it is compared with what hetmem has from sysfs. Exits with
77, which ctest reports as skipped, when lstopo is not installed.
"""

import os
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree as xml

import command
import machines
from command import described, saved_machines

LSTOPO = shutil.which("lstopo-no-graphics")
QUANTITIES = {"ReadLatency": "read_latency", "WriteLatency": "write_latency",
              "ReadBandwidth": "read_bandwidth", "WriteBandwidth": "write_bandwidth"}


def bits(mask):
    """ "0x00000001,0x00000003" -> {0, 1, 32} """
    number = 0
    for word in mask.split(","):
        number = number << 32 | int(word or "0", 16)
    return {bit for bit in range(number.bit_length()) if number >> bit & 1}


class Hwloc:
    """What hwloc says of a root."""

    def __init__(self, root):
        # Its corrections of single models of machine are off: the files themselves are compared.
        env = dict(os.environ, HWLOC_FSROOT=str(root), HWLOC_COMPONENTS="-x86,linux",
                   HWLOC_KNL_NUMA_QUIRK="0", HWLOC_KEEP_NVIDIA_GPU_NUMA_NODES="1")
        tree = xml.fromstring(subprocess.run([LSTOPO, "--of", "xml"], env=env, check=True,
                                             capture_output=True).stdout)
        nodes = tree.findall(".//object[@type='NUMANode']")
        self.sizes = {int(n.get("os_index")): int(n.get("local_memory", "0")) for n in nodes}
        number = {n.get("gp_index"): int(n.get("os_index")) for n in nodes}
        self.caches = {}
        for cache in tree.findall(".//object[@type='MemCache']"):
            for node in cache.findall(".//object[@type='NUMANode']"):
                self.caches[int(node.get("os_index"))] = (int(cache.get("cache_size")),
                                                          int(cache.get("cache_linesize")))
        self.figures = {}
        for attribute in tree.findall("memattr"):
            if attribute.get("name") in QUANTITIES:
                for value in attribute.findall("memattr_value"):
                    cpus = frozenset(bits(value.get("initiator_cpuset")))
                    key = (QUANTITIES[attribute.get("name")], cpus,
                           number[value.get("target_obj_gp_index")])
                    self.figures[key] = int(value.get("value"))
        self.distances = {}
        for matrix in tree.findall("distances2[@name='NUMALatency']"):
            indexes = [int(i) for part in matrix.findall("indexes") for i in part.text.split()]
            values = [int(v) for part in matrix.findall("u64values") for v in part.text.split()]
            for n, value in enumerate(values):
                self.distances[indexes[n // len(indexes)], indexes[n % len(indexes)]] = value


def cpus_of(ranges):
    numbers = set()
    for part in filter(None, ranges.split(",")):
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return frozenset(numbers)


class SecondOpinion(command.TestCase):
    def agree(self, root):
        hwloc, ours = Hwloc(root), described("--root", root)
        targets, initiators = ours["targets"], ours["initiators"]
        ordinary = {t["node"]: t for t in targets if t["state"] in ("online", "partly_online")
                    and t["node"] is not None and t["size"]}
        # hwloc also lists nodes without memory; whether those are targets is a matter of taste. Of
        # nodes that claim the same CPUs, which no kernel has, it keeps but one.
        cpus = [cpu for target in ordinary.values() for cpu in cpus_of(target["cpus"])]
        sizes = {n: t["size"] for n, t in ordinary.items()
                 if len(cpus) == len(set(cpus)) or n in hwloc.sizes}
        self.assertEqual(sizes, {n: size for n, size in hwloc.sizes.items() if size})

        for node, cache in hwloc.caches.items():
            self.assertEqual([(c["size"], c["line_size"]) for c in ordinary[node]["caches"]],
                             [cache])
        known = {}
        for table in ours["figures"]:
            if table["source"] != "sysfs" or table["level"] != 0:
                continue
            scale = 1000 if table["unit"] == "ps" else 1_000_000
            for initiator, row in zip(initiators, table["values"]):
                for target, value in zip(targets, row):
                    if value is not None and initiator["kind"] == "cpu":
                        known[table["quantity"], cpus_of(initiator["cpus"]),
                              target["node"]] = value // scale
        self.assertEqual(known, hwloc.figures)

        for row, initiator in zip(ours["distances"], initiators):
            for value, target in zip(row, targets):
                pair = (initiator["node"], target["node"])
                if pair in hwloc.distances:
                    self.assertEqual(value, hwloc.distances[pair], pair)
        return len(known)

    def test_made_up_machines(self):
        figures = 0
        for make in (machines.desk, machines.two_sockets, machines.everything):
            with self.subTest(make.__name__):
                make(self.place / make.__name__)
                figures += self.agree(self.place / make.__name__)
        self.assertEqual(figures, 2 * 4 * 4)  # two machines, four nodes, four quantities

    def test_saved_machines(self):
        archives = saved_machines()
        if not archives:
            self.skipTest("no saved machines (HETMEM_SAVED_MACHINES, ../shared/machines)")
        for archive in archives:
            with self.subTest(archive.name):
                place = self.place / archive.name
                place.mkdir()
                subprocess.run(["tar", "-xf", archive, "-C", place], check=True)
                self.agree(next(path.parent for path in place.glob("*/sys")))


if __name__ == "__main__":
    if LSTOPO is None:
        print("skipped: lstopo-no-graphics is not installed (Debian: hwloc-nox)")
        sys.exit(77)
    unittest.main()
