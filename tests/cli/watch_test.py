"""hetmem watch: how it begins and ends. That it tells of changes is shown where memory can be
plugged (tests/vm/scenarios/hotplug.py)."""

import json
import os
import select
import signal
import subprocess
import unittest

import command
from command import HETMEM, described, environment


class Watch(command.TestCase):
    def start(self, *words):
        watch = subprocess.Popen([HETMEM, "watch", *words], text=True, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
        self.addCleanup(self.end, watch)
        return watch

    def end(self, watch):
        if watch.poll() is None:
            watch.kill()
        watch.communicate()

    def test_the_first_line_comes_at_once_and_says_what_is_watched(self):
        line = self.start().stdout.readline()
        self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z  generation \d+: .*; .*\n$")
        self.assertRegex(line, r"kernel's events arrive|hetmemd|netlink")

    def test_the_first_line_of_json_has_the_memories(self):
        line = json.loads(self.start("--json").stdout.readline())
        self.assertEqual([t["name"] for t in line["targets"]],
                         [t["name"] for t in described()["targets"]])
        self.assertEqual(line["events"], line["remark"] == "")
        self.assertIn(line["published"], (True, False))

    def test_it_ends_by_the_signal_that_ends_it(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            watch = self.start()
            watch.stdout.readline()
            watch.send_signal(number)
            self.assertEqual(watch.wait(timeout=60), -number)
            self.assertEqual(watch.stderr.read(), "")

    def test_without_changes_it_says_no_more_and_waits(self):
        watch = self.start("--changes", "1")
        watch.stdout.readline()
        ready, _, _ = select.select([watch.stdout], [], [], 0)
        self.assertEqual(ready, [])
        self.assertIsNone(watch.poll())

    def test_a_full_disk_ends_it(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([HETMEM, "watch"], stdout=full, stderr=subprocess.PIPE, text=True,
                                  env=environment(), timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left", done.stderr)

    @unittest.skipUnless(os.geteuid() == 0 and os.access("/usr/bin/unshare", os.X_OK),
                         "needs root and unshare")
    def test_where_events_do_not_arrive_that_is_said(self):
        watch = subprocess.Popen(["unshare", "--user", "--net", HETMEM, "watch", "--json"],
                                 text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, env=environment())
        self.addCleanup(self.end, watch)
        text = watch.stdout.readline()
        if not text:
            self.skipTest(watch.stderr.read())
        line = json.loads(text)
        self.assertFalse(line["events"])
        self.assertIn("user namespace", line["remark"])
        self.assertIn("hetmemd", line["remark"])


if __name__ == "__main__":
    unittest.main()
