"""hetmem measure: this machine's own memory, on buffers so small and in times so short that nothing
is learnt of its speed. Figures go to a store of the test's own."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import unittest

import command
from command import environment, hetmem

# What it takes to see that all works.
SMALL = ("--buffer", "768K", "--allow-cached", "--budget", "0.02")
ALL_METRICS = 10


class Measure(command.TestCase):
    def setUp(self):
        super().setUp()
        self.store = self.place / "hetmem" / "figures.json"
        self.env = environment(XDG_STATE_HOME=str(self.place))

    def run_it(self, *words, check=True):
        """As the user whose store it is, which root would otherwise not use."""
        done = hetmem("measure", *words, check=False, env=self.env)
        if check:
            self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def measured(self, *words):
        return json.loads(self.run_it(*words, *SMALL, "--no-store", "--json").stdout)["measured"]

    def kept(self, *words):
        return json.loads(self.run_it("--list", "--store", "user", "--json", *words).stdout)


class Figures(Measure):
    def test_every_metric_of_every_memory(self):
        names = {t["name"]: t for t in command.described()["targets"]}
        cells = self.measured()
        by_target = {}
        for cell in cells:
            by_target.setdefault(cell["target"], set()).add(cell["what"])
            self.assertFalse(names[cell["target"]]["reserved"])
            self.assertGreaterEqual(cell["n"], 3)
            self.assertEqual(cell["in"], "cpu_cache")
            self.assertIn(cell["interference"], ("quiet", "disturbed", "unknown"))
        self.assertTrue(by_target)
        for metrics in by_target.values():
            self.assertEqual(len(metrics), ALL_METRICS)

    def test_what_is_asked_for_and_nothing_else(self):
        name = command.described()["targets"][0]["name"]
        cells = self.measured(name, "--metric", "triad_bandwidth,local_latency")
        self.assertEqual({(c["target"], c["what"]) for c in cells},
                         {(name, "local_latency"), (name, "triad_bandwidth")})

    def test_the_cpus_that_the_command_may_use(self):
        cpu = min(os.sched_getaffinity(0))
        done = subprocess.run(
            ["taskset", "-c", str(cpu), command.HETMEM, "measure", "--quick", *SMALL, "--no-store",
             "--json"], capture_output=True, text=True, env=self.env, timeout=60, check=True)
        self.assertEqual({c["cpus"] for c in json.loads(done.stdout)["measured"]}, {str(cpu)})

    def test_text_tells_what_a_figure_is_worth(self):
        text = self.run_it("--quick", *SMALL, "--no-store").stdout
        for words in ("latency, local to the TLB", "read bandwidth", "95 % interval", "samples",
                      "fits the CPU's cache: no figure of the memory"):
            self.assertIn(words, " ".join(text.split()))
        self.assertLessEqual(max(map(len, text.splitlines())), 80)

    def test_one_line_for_each_figure_where_there_is_room(self):
        text = self.run_it("--quick", *SMALL, "--no-store", "--width", "250").stdout
        self.assertRegex(text, r"95 % interval +n .* threads +verdict +how")

    def test_curves_end_with_the_knee(self):
        done = self.run_it("--metric", "local_latency", "--curves", *SMALL, "--no-store")
        if len(os.sched_getaffinity(0)) == 1:
            self.assertIn("no curve", done.stdout)
        else:
            self.assertRegex(done.stdout, r"Latency under load .*100 % of it reads")
            self.assertRegex(done.stdout, r"Knee \(twice the idle latency\): (at|not reached)")

    def test_a_program_that_spins_on_the_cpu_is_told(self):
        cpu = min(os.sched_getaffinity(0))
        with subprocess.Popen(
                ["taskset", "-c", str(cpu), "python3", "-c",
                 "print(flush=True)\nwhile True: pass"], stdout=subprocess.PIPE) as disturber:
            try:
                disturber.stdout.readline()
                done = subprocess.run(
                    ["taskset", "-c", str(cpu), command.HETMEM, "measure", "--metric",
                     "local_latency", "--buffer", "768K", "--allow-cached", "--budget", "0.6",
                     "--no-store", "--json"],
                    capture_output=True, text=True, env=self.env, timeout=60, check=True)
            finally:
                disturber.kill()
        for cell in json.loads(done.stdout)["measured"]:
            self.assertEqual(cell["interference"], "disturbed")
            self.assertRegex(cell["why"], f"of CPU {cpu}")

    def test_an_ordinary_user_may(self):
        if os.geteuid() != 0:
            self.skipTest("this is one")
        done = hetmem("measure", "--quick", *SMALL, "--no-store", "--json", user=65534, env=self.env)
        self.assertEqual({c["what"] for c in json.loads(done.stdout)["measured"]},
                         {"local_latency", "read_bandwidth", "nontemporal_write_bandwidth"})


class Refused(Measure):
    def test_a_buffer_that_caches_hold(self):
        self.assertIn("caches", self.fails("measure", "--buffer", "1M", "--no-store", env=self.env))

    def test_names_that_nobody_has(self):
        self.assertIn("'hbm99'", self.fails("measure", "hbm99", "--no-store", env=self.env))
        self.assertIn("'node99'", self.fails("measure", "--initiator", "node99", "--no-store",
                                             env=self.env))

    def test_a_metric_that_nobody_has(self):
        said = self.fails("measure", "--metric", "speed", code=2, env=self.env)
        self.assertEqual(said.count("'speed'"), 1)
        self.assertIn("local_latency, random_latency, ", said)

    def test_usage(self):
        for words in (("--metric", "speed"), ("--list", "--forget"), ("--budget", "0"),
                      ("--import", "f.json", "node0"), ("--store", "moon")):
            self.fails("measure", *words, code=2)


class Store(Measure):
    def test_kept_listed_and_forgotten(self):
        done = self.run_it("--quick", *SMALL, "--store", "user")
        self.assertIn(str(self.store), done.stderr)
        kept = self.kept()["measured"]
        self.assertEqual(len(kept) % 3, 0)
        self.assertTrue(kept)
        self.assertIn("just now", self.run_it("--list", "--store", "user").stdout)
        again = self.run_it("--metric", "local_latency", *SMALL, "--store", "user", "--json")
        fresh = {(c["initiator"], c["target"]): c for c in json.loads(again.stdout)["measured"]}
        self.assertEqual(len(self.kept()["measured"]), len(kept), "replaced, not added")
        for cell in self.kept()["measured"]:
            if cell["what"] == "local_latency":
                self.assertEqual(cell, fresh[cell["initiator"], cell["target"]])
        name = kept[0]["target"]
        of_it = sum(c["target"] == name for c in kept)
        self.assertEqual({c["target"] for c in self.kept(name)["measured"]}, {name})
        done = self.run_it("--forget", name, "--store", "user")
        self.assertIn(f"{of_it} figures", done.stderr)
        self.assertNotIn(name, {c["target"] for c in self.kept()["measured"]})
        self.run_it("--forget", "--store", "user")
        self.assertIn("Nothing is kept", self.run_it("--list", "--store", "user").stdout)

    def test_names_of_which_nothing_is_kept(self):
        for what in ("--list", "--forget"):
            done = self.run_it(what, "node77", "--store", "user", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("nothing is kept of 'node77'", done.stderr)

    def test_a_store_that_cannot_be_read_is_told_before_the_work(self):
        self.store.parent.mkdir()
        self.store.write_text("figures\n")
        done = self.run_it("--quick", *SMALL, "--store", "user", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "")
        self.assertIn("figures.json", done.stderr)
        self.assertEqual(self.store.read_text(), "figures\n")

    def test_what_cannot_be_kept_is_printed_all_the_same(self):
        (self.place / "hetmem").write_text("no directory\n")
        done = self.run_it("--metric", "local_latency", *SMALL, "--store", "user", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("local to the TLB", done.stdout)

    def test_nothing_is_kept_unless_asked(self):
        self.run_it("--quick", *SMALL, "--no-store")
        self.assertFalse(self.store.exists())

    def test_import_is_used_at_once(self):
        target = next(t for t in command.described()["targets"] if not t["reserved"])["name"]
        initiator = next(i for i in command.described()["initiators"] if i["kind"] == "cpu")["name"]
        given = {"format": "hetmem-figures", "version": 1,
                 "given": [{"initiator": initiator, "target": target, "read_latency": "123 ns",
                            "origin": "a book"}]}
        file = self.place / "given.json"
        file.write_text(json.dumps(given))
        self.assertIn("1 figure kept", self.run_it("--import", file, "--store", "user").stderr)
        shown = json.loads(hetmem("show", "--json", env=self.env).stdout)
        self.assertIn("override", {f["source"] for f in shown["figures"]})
        self.assertIn("a book", self.run_it("--list", "--store", "user").stdout)

    def test_import_of_what_is_wrong_names_the_place(self):
        file = self.place / "given.json"
        file.write_text('{"format": "hetmem-figures",\n "version": 1,\n "given": [{]}')
        self.assertIn("line 3", self.fails("measure", "--import", file, env=self.env))
        file.write_text(json.dumps({"format": "hetmem-figures", "version": 1, "given": [
            {"initiator": "node0", "target": "node0", "read_latency": "fast", "origin": ""}]}))
        self.assertIn("read_latency", self.fails("measure", "--import", file, env=self.env))
        self.assertIn("nosuch.json", self.fails("measure", "--import",
                                                self.place / "nosuch.json", env=self.env))
        self.assertFalse(self.store.exists())


class Interrupted(Measure):
    """At a terminal, where a bar shows how far it is."""

    def run_at_terminal(self, *words, until):
        """Sends SIGINT when `until` says so of what was shown. Status, output, what was shown."""
        ours, its = pty.openpty()
        self.addCleanup(os.close, ours)
        with subprocess.Popen([command.HETMEM, "measure", *words], stdout=subprocess.PIPE,
                              stderr=its, stdin=subprocess.DEVNULL, env=self.env,
                              start_new_session=True) as process:
            os.close(its)
            self.addCleanup(process.kill)
            said = ""
            while not until(said):
                ready, _, _ = select.select([ours], [], [], 50)
                self.assertTrue(ready, f"said only {said!r}")
                said += os.read(ours, 4096).decode()
            process.send_signal(signal.SIGINT)
            output = process.communicate(timeout=50)[0].decode()
            try:
                while more := os.read(ours, 4096):
                    said += more.decode()
            except OSError:
                pass  # the other end is closed, and all of it was read
        return process.returncode, output, said

    def test_ctrl_c_keeps_what_is_done(self):
        def a_second_has_passed(said):
            left = [int(number) for number in re.findall(r"at most (\d+) s left", said)]
            return len(left) > 1 and left[-1] < max(left) - 1

        status, output, said = self.run_at_terminal(
            "--metric", "local_latency", "--buffer", "768K", "--allow-cached", "--precision",
            "0.01", "--budget", "600", "--store", "user", until=a_second_has_passed)
        self.assertEqual(status, 130)
        self.assertIn("measuring [", said)
        self.assertIn(str(self.store), said)
        self.assertIn("latency, local to the TLB", output)
        self.assertIn("stopped early", output)
        cells = self.kept()["measured"]
        self.assertEqual({c["what"] for c in cells}, {"local_latency"})
        self.assertFalse(cells[0]["converged"])
        self.assertGreaterEqual(cells[0]["n"], 3)


if __name__ == "__main__":
    unittest.main()
