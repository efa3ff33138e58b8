"""Machines that others saved: each is described, and a capture of it describes the same.

Looks for archives where HETMEM_SAVED_MACHINES says, else in ../shared/machines beside the checkout;
exits with 77, which ctest reports as skipped, when there are none.
"""

import subprocess
import sys
import unittest

import command
from command import described, hetmem, saved_machines


class SavedMachines(command.TestCase):
    def setUp(self):
        super().setUp()
        self.machines = {}
        for archive in saved_machines():
            to = self.place / archive.name
            to.mkdir()
            subprocess.run(["tar", "-xf", archive, "-C", to], check=True)
            self.machines[archive] = next(path.parent for path in to.glob("*/sys"))

    def test_each_is_described_and_a_capture_of_it_describes_the_same(self):
        for archive, root in self.machines.items():
            with self.subTest(archive.name):
                description = described("--root", root)
                self.assertNotEqual(description["targets"], [])
                capture = self.place / "x.tar.gz"
                hetmem("capture", "--root", root, capture)
                self.assertEqual(described("--root", capture), description)

    def test_each_is_drawn_and_ranked(self):
        for archive, root in self.machines.items():
            with self.subTest(archive.name):
                shown = hetmem("show", "--root", root, "--ascii").stdout
                self.assertLessEqual(max(map(len, shown.split("\n"))), 80)
                ranking = hetmem("rank", "--by", "capacity", "--root", root).stdout
                for target in described("--root", root)["targets"]:
                    if target["size"]:
                        self.assertIn(target["name"], shown)
                        self.assertIn(target["name"], ranking)

    def test_other_archives_than_our_own_are_read_too(self):
        archive, root = next(iter(self.machines.items()))
        self.assertEqual(described("--root", archive), described("--root", root))


if __name__ == "__main__":
    if not saved_machines():
        print("skipped: no saved machines (HETMEM_SAVED_MACHINES, ../shared/machines)")
        sys.exit(77)
    unittest.main()
