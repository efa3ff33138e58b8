"""hetmem rank: the order, the reasons, and what is left out."""

import json
import os
import re
import subprocess
import unittest
from pathlib import Path

import command
import firmware
import machines
from command import described, environment, hetmem


def ranked(*words, **more):
    return json.loads(hetmem("rank", "--json", *words, **more).stdout)


def names(places):
    return [place["target"] for place in places]


class Order(command.TestCase):
    def setUp(self):
        super().setUp()
        self.machine = machines.two_sockets(self.place / "machine")
        self.root = ("--root", self.place / "machine")

    def test_by_each_quantity_from_a_cpu(self):
        expected = {
            "read_latency": ["node0", "node2", "node1", "node3"],
            "write_latency": ["node0", "node2", "node1", "node3"],
            "read_bandwidth": ["node2", "node0", "node3", "node1"],
            "write_bandwidth": ["node2", "node0", "node3", "node1"],
        }
        for criterion, order in expected.items():
            ranking = ranked("--by", criterion, "--from-cpu", 1, *self.root)
            self.assertEqual(names(ranking["places"]), order, criterion)
            self.assertEqual(ranking["source"], "hmat")
            self.assertEqual(ranking["from"], ["node0"])

    def test_the_values_are_those_of_the_table(self):
        ranking = ranked("--by", "read_bandwidth", "--from-cpu", 2, *self.root)
        self.assertEqual(ranking["unit"], "B/s")
        self.assertEqual([p["value"] for p in ranking["places"]],
                         [401_000_000_000, 201_000_000_000, 71_000_000_000, 61_000_000_000])
        self.assertEqual([p["value"] for p in ranked("--by", "read_latency", "--from-initiator",
                                                     "node1", *self.root)["places"]],
                         [101_000, 121_000, 181_000, 211_000])

    def test_several_initiators_count_by_the_worst(self):
        # The worst of both: node0 181, node1 180, node2 211, node3 210.
        order = ["node1", "node0", "node3", "node2"]
        for words in (("--from-cpu", 0, "--from-cpu", 3),
                      ("--from-initiator", "node1", "--from-cpu", 1), ()):
            ranking = ranked("--by", "read_latency", *words, *self.root)
            self.assertEqual(names(ranking["places"]), order)
            self.assertEqual(ranking["from"], ["node0", "node1"])

    def test_by_size(self):
        ranking = ranked("--by", "capacity", *self.root)
        self.assertEqual(names(ranking["places"])[:2], ["node0", "node1"])
        self.assertEqual(ranking["unit"], "B")
        self.machine.write("sys/devices/system/node/node3/meminfo",
                           "Node 3 MemTotal: 1048576 kB\nNode 3 MemFree: 1048576 kB\n"
                           "Node 3 MemUsed: 0 kB\n")
        self.machine.write("sys/devices/system/node/node0/meminfo",
                           "Node 0 MemTotal: 4194304 kB\nNode 0 MemFree: 1024 kB\n")
        self.assertEqual(names(ranked("--by", "free", *self.root)["places"]),
                         ["node1", "node3", "node2", "node0"])

    def test_the_text_says_the_order_and_why(self):
        text = hetmem("rank", "--by", "read_bandwidth", "--from-cpu", 0, *self.root).stdout
        lines = text.splitlines()
        self.assertIn("read bandwidth", lines[0])
        self.assertIn("node0", lines[0])
        self.assertRegex(lines[1], r"1 +node2 +HBM +400 GB/s \(hmat\)")
        self.assertRegex(lines[4], r"4 +node1 +DRAM +60 GB/s \(hmat\)")

    def test_unreachable_memory_is_last_and_says_so(self):
        self.machine.tables(HMAT=firmware.hmat(firmware.localities(
            firmware.READ_LATENCY, [0, 1], [0, 1, 4, 5], 1000,
            [[100, firmware.UNREACHABLE, firmware.UNKNOWN, 210], [180, 101, 211, 121]])))
        places = ranked("--by", "read_latency", "--from-cpu", 0, *self.root)["places"]
        values = {p["target"]: p["value"] for p in places}
        self.assertEqual(values, {"node0": 100_000, "node3": 210_000, "node2": None,
                                  "node1": "unreachable"})
        self.assertEqual(names(places)[:2], ["node0", "node3"])

    def test_without_any_figure_the_nearest_is_first_and_a_note_says_why(self):
        for path in (self.place / "machine/sys/firmware").rglob("HMAT"):
            path.unlink()
        for node in range(4):
            for name in ("read_bandwidth", "write_bandwidth", "read_latency", "write_latency"):
                for number in (0, 1):
                    self.machine.write(f"sys/devices/system/node/node{node}/access{number}/"
                                       f"initiators/{name}", "0\n")
        ranking = ranked("--by", "read_latency", "--from-cpu", 2, *self.root)
        self.assertEqual(names(ranking["places"]), ["node1", "node3", "node0", "node2"])
        self.assertIsNone(ranking["source"])
        self.assertNotEqual(ranking["remarks"], [])

    def test_a_saved_description_ranks_like_the_machine(self):
        file = self.place / "saved.json"
        file.write_text(hetmem("show", "--json", *self.root).stdout)
        for words in (("--by", "write_latency", "--from-cpu", 3), ("--by", "free", "--all")):
            self.assertEqual(hetmem("rank", *words, "--from", file).stdout,
                             hetmem("rank", *words, *self.root).stdout)


class LeftOut(command.TestCase):
    def test_reserved_memory_unless_all_is_asked_for(self):
        machines.everything(self.place)
        words = ("--by", "capacity", "--root", self.place)
        ranking = ranked(*words)
        self.assertNotIn("dax0.0", names(ranking["places"]))
        why = {one["target"]: one["why"] for one in ranking["left_out"]}
        self.assertIn("reserved", why["dax0.0"])
        self.assertIn("dax0.0", names(ranked(*words, "--all")["places"]))
        self.assertRegex(hetmem("rank", *words).stdout, r"(?s)Left out:.*dax0\.0 .*reserved")

    def test_an_initiator_or_cpu_that_is_not_there(self):
        machines.desk(self.place)
        words = ("rank", "--by", "free", "--root", self.place)
        self.assertIn("gi9", self.fails(*words, "--from-initiator", "gi9"))
        self.assertIn("77", self.fails(*words, "--from-cpu", "77"))


class Here(command.TestCase):
    def test_this_machine_from_where_the_command_runs(self):
        cpu = min(os.sched_getaffinity(0))
        here = described()
        initiator = next(i["name"] for i in here["initiators"]
                         if cpu in cpus_of(i["cpus"]))
        ranking = ranked("--by", "read_latency",
                         preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
        self.assertEqual(ranking["from"], [initiator])
        self.assertNotEqual(ranking["places"], [])

    @unittest.skipIf(os.geteuid() != 0, "only root can show the process another status file")
    def test_nodes_outside_the_cpuset_are_not_allowed_here(self):
        # A mount namespace in which /sys shows two nodes of which the process may use one.
        machines.two_sockets(self.place)
        script = ('mount --bind "$1/sys/devices/system/node" /sys/devices/system/node && '
                  'exec "$2" rank --by capacity --json')
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, "sh", str(self.place), command.HETMEM],
            capture_output=True, text=True, env=environment(), check=False)
        if done.returncode != 0 and "hetmem" not in done.stderr:
            self.skipTest(f"no mount namespaces here: {done.stderr.strip()}")
        ranking = json.loads(done.stdout)
        status = Path("/proc/self/status").read_text(encoding="ascii")
        allowed = cpus_of(re.search(r"^Mems_allowed_list:\s*(\S*)", status, re.MULTILINE)[1])
        for node in range(4):
            listed = ranking["places"] if node in allowed else ranking["left_out"]
            self.assertIn(f"node{node}", names(listed))
        for one in ranking["left_out"]:
            self.assertEqual(one["why"], "not allowed here")


def cpus_of(ranges):
    """ "0-2,8" -> {0, 1, 2, 8} """
    numbers = set()
    for part in filter(None, ranges.split(",")):
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return numbers


if __name__ == "__main__":
    unittest.main()
