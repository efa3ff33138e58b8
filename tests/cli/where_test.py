"""hetmem where: where the memory of a process is."""

import json
import os
import signal
import subprocess
import sys
import unittest
from pathlib import Path

import command
from command import HETMEM, environment, hetmem

# A process with 64 MiB of its own, which says when it has them.
HOLDER = """
import mmap, sys
memory = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for at in range(0, 64 << 20, 4096):
    memory[at] = 1
print("ready", flush=True)
sys.stdin.read()
"""


class Holder(command.TestCase):
    def setUp(self):
        super().setUp()
        if not Path("/proc/self/numa_maps").exists():
            self.skipTest("a kernel without NUMA")
        self.holder = subprocess.Popen([sys.executable, "-c", HOLDER], text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(self.stop)
        self.assertEqual(self.holder.stdout.readline(), "ready\n")
        self.pid = self.holder.pid

    def stop(self):
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()


class Where(Holder):
    def test_targets_add_up_to_what_is_present(self):
        document = json.loads(hetmem("where", self.pid, "--json").stdout)
        self.assertEqual(document["pid"], self.pid)
        self.assertIn("python", document["command"])
        self.assertEqual(document["present"], sum(t["bytes"] for t in document["targets"]))
        self.assertGreaterEqual(document["present"], 64 << 20)
        self.assertEqual(document["unknown"], 0)
        self.assertNotIn("mappings", document)
        for target in document["targets"]:
            self.assertEqual(target["target"], f"node{target['node']}")

    def test_mappings_are_those_of_the_kernel(self):
        document = json.loads(hetmem("where", self.pid, "--maps", "--json").stdout)
        expected = 0
        for line in Path(f"/proc/{self.pid}/numa_maps").read_text().splitlines():
            words = dict(w.split("=", 1) for w in line.split() if "=" in w)
            pages = sum(int(n) for key, n in words.items() if key[0] == "N" and key[1:].isdigit())
            expected += pages * int(words.get("kernelpagesize_kB", 4)) * 1024
        counted = sum(t["bytes"] for m in document["mappings"] for t in m["targets"])
        self.assertEqual(counted, expected)
        self.assertEqual(document["present"], expected)
        names = [m["name"] for m in document["mappings"]]
        self.assertIn("[heap]", names)
        self.assertIn("[stack]", names)
        self.assertIn("[anon]", names)
        large = [m for m in document["mappings"] if m["length"] >= 64 << 20
                 and sum(t["bytes"] for t in m["targets"]) >= 64 << 20]
        self.assertEqual(len(large), 1)
        starts = [int(m["start"], 16) for m in document["mappings"]]
        self.assertEqual(starts, sorted(starts))

    def test_for_people(self):
        text = hetmem("where", self.pid).stdout
        first, *targets = text.splitlines()
        self.assertIn(f"(process {self.pid})", first)
        self.assertTrue(all(line.split()[0].startswith("node") for line in targets), text)
        self.assertIn("%", targets[0])
        text = hetmem("where", self.pid, "--maps").stdout
        self.assertIn("  [heap]  ", text)
        self.assertNotIn("\033", text)

    def test_a_watch_ends_with_the_process(self):
        watch = subprocess.Popen([HETMEM, "where", str(self.pid), "--json", "--watch", "0.05"],
                                 stdout=subprocess.PIPE, text=True, env=environment())
        self.addCleanup(watch.stdout.close)
        for _ in range(3):
            self.assertEqual(json.loads(watch.stdout.readline())["pid"], self.pid)
        self.holder.send_signal(signal.SIGKILL)
        self.holder.wait()
        watch.communicate(timeout=60)
        self.assertEqual(watch.returncode, 0)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_somebody_elses_process_says_what_would_help(self):
        line = self.fails("where", self.pid, user=65534)
        self.assertIn("CAP_SYS_PTRACE", line)


class Misuse(command.TestCase):
    def test_a_process_that_is_not_there(self):
        self.assertIn("no process 99999999", self.fails("where", 99999999))

    def test_words_that_make_no_sense(self):
        self.assertIn("PID is required", self.fails("where", code=2))
        self.assertIn("'init' is no process number", self.fails("where", "init", code=2))
        self.assertIn("'0' is no process number", self.fails("where", "0", code=2))
        for seconds in ("soon", "0", "1e9", "nan"):
            self.assertIn(f"'{seconds}' is no number of seconds",
                          self.fails("where", 1, f"--watch={seconds}", code=2))


if __name__ == "__main__":
    unittest.main()
