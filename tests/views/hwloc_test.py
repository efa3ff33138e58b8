"""The views for existing programs, as Debian's unmodified hwloc sees them.

Exits with 77, which ctest reports as skipped, where hwloc's programs are not installed.
"""

import json
import os
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))

import command
import machines
from command import described, environment

LSTOPO = "lstopo-no-graphics"
WRITE_VIEWS = os.environ.get("WRITE_VIEWS", "write_views")
# hwloc would ask the real processor otherwise, also where the machine is another.
NOT_THIS_PROCESSOR = {"HWLOC_COMPONENTS": "-x86"}
# Has hwloc check each of its own structures, and abort.
CHECKED = {"HWLOC_DEBUG_CHECK": "1"}


def run(*words, **variables):
    done = subprocess.run([str(w) for w in words], env=environment(**CHECKED, **variables),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{words}: exit {done.returncode}\n{done.stderr}")
    return done


class Seen:
    """What hwloc makes of a machine."""

    def __init__(self, **variables):
        done = run(LSTOPO, "--of", "xml", "--no-io", **variables)
        if done.stderr:
            raise AssertionError(done.stderr)
        document = ET.fromstring(done.stdout)
        self.objects = list(document.iter("object"))
        self.by_gp_index = {o.get("gp_index"): o for o in self.objects}
        self.attributes = {}  # name -> {(node, CPUs): value}
        for attribute in document.iter("memattr"):
            values = self.attributes.setdefault(attribute.get("name"), {})
            for value in attribute:
                node = self.by_gp_index[value.get("target_obj_gp_index")].get("os_index")
                values[int(node), value.get("initiator_cpuset")] = int(value.get("value"))
        self.distances = {d.get("name"): [int(v) for values in d.iter("u64values")
                                          for v in values.text.split()]
                          for d in document.iter("distances2")}

    def shapes(self, groups=True):
        """Every object with its number, CPUs, nodes and size."""
        return sorted(
            (o.get("type"), int(o.get("os_index") or -1), o.get("cpuset"), o.get("nodeset"),
             o.get("local_memory") or o.get("cache_size") or "")
            for o in self.objects if groups or o.get("type") != "Group")

    def node(self, number):
        return next(o for o in self.objects
                    if o.get("type") == "NUMANode" and o.get("os_index") == str(number))

    def infos(self, number):
        return {i.get("name"): i.get("value") for i in self.node(number).findall("info")}


class ViewsTest(command.TestCase):
    def views(self, machine, *topology):
        """Writes them; the variables by which hwloc is pointed to each."""
        place = self.place / "views"
        shutil.rmtree(place, ignore_errors=True)
        run(WRITE_VIEWS, machine, place, *topology)
        return {"HWLOC_FSROOT": str(place / "fsroot")}, {"HWLOC_XMLFILE": str(place / "hwloc.xml")}


class ThisMachine(ViewsTest):
    def test_hwloc_sees_the_same_with_and_without_us(self):
        root, xml = self.views("/")
        plain = Seen()
        for view in (root, xml):
            for binding in ({}, {"HWLOC_THISSYSTEM": "1"}):
                with self.subTest(view=view, binding=binding):
                    self.assertEqual(Seen(**view, **binding).shapes(), plain.shapes())

    def test_binding_works(self):
        first = Seen().shapes()
        node = next(number for kind, number, *_ in first if kind == "NUMANode")
        plain = run("hwloc-bind", "--membind", f"numanode:{0}", "--", "hwloc-bind", "--get",
                    "--membind", "--nodeset").stdout
        self.assertEqual(plain, f"0x{1 << node:08x} (bind)\n")
        for view in self.views("/"):
            bound = run("hwloc-bind", "--membind", "numanode:0", "--", "env", "-i",
                        "PATH=" + os.environ["PATH"], "hwloc-bind", "--get", "--membind",
                        "--nodeset", **view, HWLOC_THISSYSTEM="1").stdout
            self.assertEqual(bound, plain)


class SavedMachines(ViewsTest):
    def test_hwloc_sees_what_it_sees_in_their_own_files(self):
        if not command.saved_machines():
            self.skipTest("no saved machines (HETMEM_SAVED_MACHINES, ../shared/machines)")
        # Nodes that share CPUs, as one of them has: hwloc leaves them out unless told not to.
        odd = {"HWLOC_DEBUG_ALLOW_OVERLAPPING_NODE_CPUSETS": "1", "HWLOC_HIDE_ERRORS": "2"}
        # Knights Landing: hwloc puts what it knows of it in place of what the kernel says.
        odd["HWLOC_KNL_NUMA_QUIRK"] = "0"
        for archive in command.saved_machines():
            with self.subTest(archive.name):
                to = self.place / archive.name
                to.mkdir()
                subprocess.run(["tar", "-xf", archive, "-C", to], check=True)
                machine = next(path.parent for path in to.glob("*/sys"))
                root, xml = self.views(machine)
                plain = Seen(HWLOC_FSROOT=str(machine), **NOT_THIS_PROCESSOR, **odd)
                from_root = Seen(**root, **NOT_THIS_PROCESSOR, **odd)
                self.assertEqual(from_root.shapes(), plain.shapes())
                self.assertEqual(from_root.attributes, plain.attributes)
                self.assertEqual(from_root.distances, plain.distances)
                from_xml = Seen(**xml, **odd)
                self.assertEqual(from_xml.shapes(groups=False), plain.shapes(groups=False))
                for name, values in plain.attributes.items():
                    self.assertLessEqual(values.items(), from_xml.attributes[name].items())


class MadeUpMachines(ViewsTest):
    def test_every_pair_of_two_sockets(self):
        machines.two_sockets(self.place / "machine")
        root, xml = self.views(self.place / "machine")
        from_root = Seen(**root, **NOT_THIS_PROCESSOR)
        from_xml = Seen(**xml)
        cpus = {0: "0x00000003", 1: "0x0000000c"}
        names = ("ReadLatency", "WriteLatency", "ReadBandwidth", "WriteBandwidth")
        for node, pxm in machines.TWO_SOCKETS_PXM.items():
            near = node % 2
            for socket in (0, 1):
                figures = machines.TWO_SOCKETS_FIGURES[socket, pxm]
                for name, value in zip(names, figures):
                    at = (node, cpus[socket])
                    self.assertEqual(from_xml.attributes[name][at], value)
                    if socket == near:
                        self.assertEqual(from_root.attributes[name][at], value)
                    else:
                        self.assertNotIn(at, from_root.attributes[name])
                mean = (figures[2] + figures[3]) // 2
                self.assertEqual(from_xml.attributes["Bandwidth"][node, cpus[socket]], mean)
        self.assertEqual(from_root.distances["NUMALatency"][:4], [10, 21, 13, 23])
        self.assertEqual(from_xml.distances["NUMALatency"], [10, 21, 21, 10])
        self.assertEqual([from_xml.node(n).get("subtype") for n in range(4)],
                         ["DRAM", "DRAM", "HBM", "HBM"])

    def test_memories_with_a_side_cache_and_those_that_are_not_online(self):
        machines.everything(self.place / "machine")
        for view in self.views(self.place / "machine"):
            seen = Seen(**view, **({} if "HWLOC_XMLFILE" in view else NOT_THIS_PROCESSOR))
            nodes = [int(o.get("os_index")) for o in seen.objects if o.get("type") == "NUMANode"]
            self.assertEqual(sorted(nodes), [0, 1, 2, 3])
            cache = next(o for o in seen.objects if o.get("type") == "MemCache")
            self.assertEqual(cache.get("cache_size"), "268435456")
            self.assertEqual(cache.find("object").get("os_index"), "1")

    def improved(self, figures):
        """What somebody measured on two_sockets(): (initiator, target) -> bytes/s."""
        document = described("--root", self.place / "machine")
        initiators = [i["name"] for i in document["initiators"]]
        targets = [t["name"] for t in document["targets"]]
        for quantity in ("read_bandwidth", "write_bandwidth"):
            document["figures"].insert(0, {
                "source": "measured", "quantity": quantity, "unit": "B/s", "level": 0,
                "values": [[figures.get((i, t)) for t in targets] for i in initiators]})
        saved = self.place / "improved.json"
        saved.write_text(json.dumps(document))
        return self.views(self.place / "machine", saved)

    def chosen(self, view, *where):
        """The nodes that hwloc-bind chooses by bandwidth; nothing is bound on a made-up machine."""
        told = run("hwloc-bind", "--best-memattr", "bandwidth", "-v", *where, "--membind", "all",
                   "--", "true", **view,
                   **({} if "HWLOC_XMLFILE" in view else NOT_THIS_PROCESSOR)).stderr
        line = next(l for l in told.splitlines() if l.startswith("memory binding is now"))
        return line.split()[4]

    def test_hwloc_bind_chooses_by_what_was_measured(self):
        machines.two_sockets(self.place / "machine")
        for view in self.views(self.place / "machine"):
            self.assertEqual(self.chosen(view, "--cpubind", "package:0"), "0x00000004")
            self.assertEqual(self.chosen(view, "--cpubind", "package:1"), "0x00000008")
        # The fast memory of socket 0 is slower than its DDR.
        for view in self.improved({("node0", "node2"): 90_000_000_000}):
            self.assertEqual(self.chosen(view, "--cpubind", "package:0"), "0x00000001")
            self.assertEqual(self.chosen(view, "--cpubind", "package:1"), "0x00000008")
            self.assertEqual(Seen(**view, **({} if "HWLOC_XMLFILE" in view else NOT_THIS_PROCESSOR))
                             .attributes["ReadBandwidth"][2, "0x00000003"], 90_000)

    def test_remote_memory_that_is_the_best_is_found_in_the_xml(self):
        machines.two_sockets(self.place / "machine")
        _, xml = self.improved({("node1", "node2"): 500_000_000_000,
                                ("node0", "node2"): 600_000_000_000})
        self.assertEqual(self.chosen(xml, "--cpubind", "package:1"), "0x00000004")

    def test_text_that_would_break_xml(self):
        machine = machines.Machine(self.place / "machine")
        machine.node(0, 2 * machines.GIB, cpus=[0, 1])
        machine.package(0, [0, 1])
        machine.distances({0: [10]})
        machine.node_lists()
        machine.base(model='A "B" <C> & \u00b5\x1b[31m')
        _, xml = self.views(self.place / "machine")
        seen = Seen(**xml)
        self.assertEqual(seen.infos(0)["HetmemName"], "node0")
        package = next(o for o in seen.objects if o.get("type") == "Package")
        model = package.find("info").get("value")
        self.assertTrue(model.startswith('A "B" <C> & '), model)


if __name__ == "__main__":
    if not shutil.which(LSTOPO) or not shutil.which("hwloc-bind"):
        print("skipped: no lstopo-no-graphics and hwloc-bind (package hwloc-nox)")
        sys.exit(77)
    unittest.main()
