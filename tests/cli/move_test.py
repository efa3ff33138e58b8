"""hetmem move: brings a process to other memories. What needs several is tested on a real kernel."""

import json
import os
import pty
import subprocess
import unittest
from pathlib import Path

import command
from command import HETMEM, environment, hetmem
from where_test import Holder


def one_node():
    return Path("/sys/devices/system/node/online").read_text().strip() == "0"


def may_move():
    """A container's seccomp filter forbids it."""
    done = hetmem("move", os.getpid(), "node0", "--maps", "[stack]", check=False)
    return done.returncode == 0


@unittest.skipUnless(one_node(), "for machines with one memory")
class Move(Holder):
    def setUp(self):
        super().setUp()
        if not may_move():
            self.skipTest("pages cannot be moved here")

    def test_where_all_is_nothing_moves(self):
        document = json.loads(hetmem("move", self.pid, "node0", "--json").stdout)
        self.assertEqual(document["pid"], self.pid)
        self.assertEqual(document["placement"], "bind:node0")
        self.assertIs(document["complete"], True)
        self.assertEqual(document["moved"], 0)
        self.assertEqual(document["remaining"], 0)
        self.assertGreaterEqual(document["present"], 64 << 20)
        self.assertEqual([t["target"] for t in document["targets"]], ["node0"])

    def test_for_people(self):
        text = hetmem("move", self.pid, "chain:node0").stdout
        self.assertRegex(text, r"^moved 0 B; all .* MiB are where chain:node0 says\n$")

    def test_a_pattern_chooses_mappings(self):
        stack = json.loads(hetmem("move", self.pid, "node0", "--maps", "[stack]", "--json").stdout)
        self.assertTrue(0 < stack["present"] < 1 << 20, stack)
        self.assertIn("no mapping called */none*",
                      self.fails("move", self.pid, "node0", "--maps", "*/none*"))

    def test_the_bar_is_gone_from_the_terminal_at_the_end(self):
        terminal, theirs = pty.openpty()
        done = subprocess.run([HETMEM, "move", str(self.pid), "node0"], stdout=subprocess.PIPE,
                              stderr=theirs, text=True, env=environment(), timeout=60, check=True)
        os.close(theirs)
        try:
            shown = os.read(terminal, 65536).decode()
        except OSError:
            shown = ""
        os.close(terminal)
        self.assertTrue(shown == "" or shown.endswith("\033[K"), shown)
        self.assertNotIn("\033", done.stdout)


class Misuse(command.TestCase):
    def test_memories_and_processes_that_are_not_there(self):
        self.assertIn("'nowhere'", self.fails("move", os.getpid(), "nowhere"))
        self.assertIn("no process 99999999", self.fails("move", 99999999, "node0"))

    def test_pages_in_use_go_to_no_directory(self):
        line = self.fails("move", os.getpid(), f"bind:{self.place}")
        self.assertIn(str(self.place), line)

    def test_words_that_make_no_sense(self):
        self.assertIn("PLACEMENT is required", self.fails("move", 1, code=2))
        self.assertIn("'x' is no size", self.fails("move", 1, "node0", "--headroom=x", code=2))
        self.assertIn("no process number", self.fails("move", "one", "node0", code=2))


if __name__ == "__main__":
    unittest.main()
