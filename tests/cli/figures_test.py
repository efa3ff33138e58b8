"""Measured and given figures: what a machine's store changes in show, rank and capture."""

import json
import tarfile
import unittest

import command
import firmware
import machines
from command import described, hetmem

STORE = "var/lib/hetmem/figures.json"


def store(*given, **more):
    return json.dumps({"format": "hetmem-figures", "version": 1, "given": list(given), **more})


def given(initiator, target, source="measured", **figures):
    return {"initiator": initiator, "target": target, "source": source, **figures}


def figure(description, source, quantity, initiator, target):
    """One source's word; None when it says nothing."""
    row = [i["name"] for i in description["initiators"]].index(initiator)
    column = [t["name"] for t in description["targets"]].index(target)
    for layer in description["figures"]:
        if (layer["source"], layer["quantity"], layer["level"]) == (source, quantity, 0):
            return layer["values"][row][column]
    return None


class Figures(command.TestCase):
    def setUp(self):
        super().setUp()
        self.root = self.place / "machine"
        self.machine = machines.two_sockets(self.root)

    def shown(self):
        return hetmem("show", "--root", self.root).stdout

    def test_are_shown_with_their_source(self):
        self.assertNotIn("measured", self.shown())
        self.machine.write(STORE, store(given("node0", "node2", read_latency="250 ns"),
                                        given("node0", "node0", source="override",
                                              read_bandwidth="190 GB/s")))
        text = self.shown()
        self.assertIn("250 ns (measured)", text)
        self.assertIn("190 GB/s (override)", text)
        self.assertIn("measured: measured on this machine", text)
        self.assertIn("override: given by hand", text)
        self.assertIn("250 ns (measured) is used, not 120 ns (hmat)", " ".join(text.split()))

    def test_are_a_source_like_the_others(self):
        self.machine.write(STORE, store(given("node0", "node2", read_latency=250500)))
        description = described("--root", self.root)
        self.assertEqual(figure(description, "measured", "read_latency", "node0", "node2"), 250500)
        self.assertEqual(figure(description, "hmat", "read_latency", "node0", "node2"), 120000)
        report = [s for s in description["sources"] if s["path"] == "/" + STORE]
        self.assertEqual([(s["status"], s["detail"]) for s in report],
                         [("used", "0 measured, 1 given")])

    def rank(self, *words):
        return json.loads(hetmem("rank", "--by", "read_latency", "--root", self.root, "--from-initiator",
                                 "node0", "--json", *words).stdout)

    def test_rank_compares_figures_of_one_source(self):
        self.machine.write(STORE, store(given("node0", "node1", read_latency="1 ns")))
        order = self.rank()
        self.assertEqual(order["source"], "hmat")
        self.assertEqual([p["target"] for p in order["places"]],
                         ["node0", "node2", "node1", "node3"])
        self.assertIn("measured covers 1 of 4 targets: not comparable", order["remarks"][0])
        self.machine.write(STORE, store(*(given("node0", f"node{n}", read_latency=f"{ns} ns")
                                          for n, ns in enumerate((130, 190, 110, 220)))))
        order = self.rank()
        self.assertEqual(order["source"], "measured")
        self.assertEqual([p["target"] for p in order["places"]],
                         ["node2", "node0", "node1", "node3"])
        self.assertEqual(order["remarks"], [])

    def test_lapse_when_a_table_says_something_new(self):
        entry = given("node0", "node2", read_latency="250 ns",
                      declared=[{"source": "hmat", "value": 120000}])
        self.machine.write(STORE, store(entry))
        self.assertIn("250 ns (measured)", self.shown())
        self.machine.tables(HMAT=firmware.hmat(firmware.localities(
            firmware.READ_LATENCY, [0, 1], [0, 1, 4, 5], 1000,
            [[100, 180, 200, 210], [181, 101, 211, 121]])))
        text = " ".join(self.shown().split())
        self.assertNotIn("250 ns (measured)", text)
        self.assertIn("hmat said 120 ns then and says 200 ns now", text)

    def test_of_another_machine_are_not_used(self):
        self.machine.write(STORE, store(given("node0", "node2", read_latency="250 ns"),
                                        machine={"cpu_model": "Somebody else's CPU"}))
        text = " ".join(self.shown().split())
        self.assertNotIn("250 ns", text)
        self.assertIn("they are of another machine (Somebody else's CPU)", text)

    def test_that_cannot_be_read_are_told_with_the_place(self):
        for content, place in ((store(given("node0", "node2", read_latency="250 GB/s")),
                                "given[0].read_latency: expected a latency"),
                               (store(given("node0", "node2", read_latancy=1)),
                                "given[0].read_latancy: nothing is called so here"),
                               ("{\n\n oops", "line 3")):
            self.machine.write(STORE, content)
            text = " ".join(self.shown().split())
            self.assertIn(f"/{STORE}", text)
            self.assertIn(place, text)

    def test_a_capture_takes_them_along(self):
        self.machine.write(STORE, store(
            given("node0", "node2", read_latency="250 ns"),
            machine={"modalias": "dmi:svnSecret:", "cpu_model": ""}).replace(
                '"modalias"', '\n"modalias"').replace('"cpu_model"', '\n"cpu_model"'))
        archive = self.place / "captured.tar.gz"
        hetmem("capture", "--root", self.root, archive)
        self.assertEqual(figure(described("--root", archive), "measured", "read_latency", "node0",
                                "node2"), 250000)
        with tarfile.open(archive) as files:
            kept = files.extractfile(f"hetmem-capture/{STORE}").read()
        self.assertNotIn(b"Secret", kept)

    def test_no_description_of_another_machine_has_this_users_own(self):
        own = self.place / "state/hetmem/figures.json"
        own.parent.mkdir(parents=True)
        own.write_text(store(given("node0", "node2", read_latency="250 ns")), encoding="utf-8")
        own.chmod(0o600)
        environment = command.environment(XDG_STATE_HOME=str(self.place / "state"))
        self.assertNotIn("250 ns", hetmem("show", "--root", self.root, env=environment).stdout)

    def test_a_users_own_are_of_this_machine(self):
        here = described()
        initiator, target = here["initiators"][0]["name"], here["targets"][0]["name"]
        own = self.place / "state/hetmem/figures.json"
        own.parent.mkdir(parents=True)
        own.write_text(store(given(initiator, target, read_latency="4321 ns")), encoding="utf-8")
        own.chmod(0o600)
        environment = command.environment(XDG_STATE_HOME=str(self.place / "state"))
        self.assertIn("4321 ns (measured)", hetmem("show", env=environment).stdout)
        own.chmod(0o666)
        text = " ".join(hetmem("show", env=environment).stdout.split())
        self.assertNotIn("4321 ns", text)
        self.assertIn("somebody else may write it", text)


if __name__ == "__main__":
    unittest.main()
