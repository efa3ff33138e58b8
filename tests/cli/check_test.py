"""hetmem check as a user and a script meet it."""

import json
import os
import unittest

import firmware
from command import TestCase, hetmem

GIB = 1 << 30
FINE, WARNINGS, ERRORS = 0, 3, 4


def tables(latency=((100, 130), (130, 100)), distances=((10, 20), (20, 10)), attached=1):
    return {
        "HMAT": firmware.hmat(firmware.proximity(0, 0), firmware.proximity(1, attached),
                              firmware.localities(0, [0, 1], [0, 1], 1000, latency),
                              firmware.localities(3, [0, 1], [0, 1], 1000,
                                                  [[200, 100], [100, 200]])),
        "SRAT": firmware.srat(firmware.srat_cpu(0, 0), firmware.srat_cpu(1, 1),
                              firmware.srat_memory(0, 0, GIB), firmware.srat_memory(1, GIB, GIB)),
        "SLIT": firmware.slit(distances),
    }


class Check(TestCase):
    def folder(self, **changes):
        place = self.place / "tables"
        place.mkdir(exist_ok=True)
        for name, table in tables(**changes).items():
            (place / f"{name}.dat").write_bytes(table)
        return place

    def checked(self, *words, status):
        done = hetmem("check", *words, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def findings(self, *words, status):
        return json.loads(self.checked(*words, "--json", status=status))["findings"]

    def test_good_tables(self):
        text = self.checked("--tables", self.folder(), status=FINE)
        self.assertIn("nothing found", text)
        self.assertIn("not looked at\n", text)

    def test_exit_status_is_of_the_worst(self):
        asymmetric = self.folder(latency=((100, 150), (130, 100)))
        self.assertEqual([f["severity"] for f in self.findings("--tables", asymmetric, status=FINE)],
                         ["info"])
        slow = self.folder(latency=((150, 130), (130, 100)))
        self.assertIn("local-slower",
                      [f["check"] for f in self.findings("--tables", slow, status=WARNINGS)])
        broken = self.folder(distances=((10, 10), (10, 10)))
        found = self.findings("--tables", broken, status=ERRORS)
        self.assertEqual(found[0]["check"], "slit-rejected")
        self.assertIn("Ignores the whole SLIT", found[0]["linux_does"])
        self.assertIn("ACPI", found[0]["section"])

    def test_only_skip_and_severity(self):
        place = self.folder(latency=((150, 130), (130, 100)), distances=((10, 10), (10, 10)))
        only = self.findings("--tables", place, "--only", "local-slower,slit-asymmetric",
                             status=WARNINGS)
        self.assertEqual({f["check"] for f in only}, {"local-slower"})
        rest = self.findings("--tables", place, "--skip", "slit-rejected", status=WARNINGS)
        self.assertNotIn("slit-rejected", {f["check"] for f in rest})
        worst = self.findings("--tables", place, "--severity", "error", status=ERRORS)
        self.assertEqual({f["severity"] for f in worst}, {"error"})

    def test_of_another_kernel(self):
        far = self.folder()
        (far / "HMAT.dat").write_bytes(firmware.hmat(
            firmware.proximity(0, 0), firmware.proximity(1),
            firmware.localities(0, [0], [0, 1], 1000, [[100, 300]]),
            firmware.localities(3, [0], [0, 1], 1000, [[200, 50]])))
        (far / "SRAT.dat").write_bytes(firmware.srat(
            firmware.srat_cpu(0, 0), firmware.srat_memory(0, 0, GIB),
            firmware.srat_memory(1, GIB, GIB)))
        self.assertEqual(self.findings("--tables", far, "--kernel", "6.12", "--only", "one-tier",
                                       status=FINE), [])
        old = self.findings("--tables", far, "--kernel", "6.1", "--only", "one-tier", status=FINE)
        self.assertIn("6.1", old[0]["what"])

    def test_text_of_acpidump(self):
        dump = self.place / "dump.txt"
        text = ""
        for name, table in tables(distances=((10, 9), (9, 10))).items():
            text += f"{name} @ 0x0000000000000000\n"
            for at in range(0, len(table), 16):
                row = table[at:at + 16]
                text += f"  {at:04X}: " + " ".join(f"{b:02X}" for b in row).ljust(47) + "  .\n"
            text += "\n"
        dump.write_text(text)
        self.assertEqual(self.findings("--tables", dump, status=ERRORS)[0]["about"],
                         "SLIT, offset 45")

    def machine(self):
        root = self.place / "root"
        files = {"sys/devices/system/node/online": "0-1\n",
                 "sys/devices/system/node/has_memory": "0-1\n",
                 "sys/devices/system/node/node0/cpulist": "0\n",
                 "sys/devices/system/node/node0/meminfo": "Node 0 MemTotal: 1048576 kB\n",
                 "sys/devices/system/node/node1/cpulist": "1\n",
                 "sys/devices/system/node/node1/meminfo": "Node 1 MemTotal: 1048576 kB\n",
                 "sys/firmware/memmap/0/start": "0x0\n",
                 "sys/firmware/memmap/0/end": f"{2 * GIB - 1:#x}\n",
                 "sys/firmware/memmap/0/type": "System RAM\n",
                 "proc/sys/kernel/osrelease": "6.12.9\n"}
        for path, content in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(content)
        place = root / "sys/firmware/acpi/tables"
        place.mkdir(parents=True)
        for name, table in tables(distances=((10, 9), (9, 10))).items():
            (place / name).write_bytes(table)
        return root

    def test_a_machine_and_its_archive_are_checked_alike(self):
        root = self.machine()
        of_directory = self.findings("--root", root, "--only", "slit-rejected", status=ERRORS)
        self.assertEqual(len(of_directory), 2)
        archive = self.place / "desk.tar.gz"
        hetmem("capture", "--root", root, archive)
        self.assertEqual(self.findings("--root", archive, "--only", "slit-rejected", status=ERRORS),
                         of_directory)

    def assert_an_archive_tells_what_is_outside_the_srat(self, root):
        archive = self.place / "desk.tar.gz"
        hetmem("capture", "--root", root, archive)
        found = self.findings("--root", archive, "--only", "hotplug-outside-srat,ram-outside-srat",
                              status=WARNINGS)
        self.assertEqual(found[0]["about"], f"{2 * GIB:#x}-{4 * GIB - 1:#x}")

    def test_an_archive_has_what_is_held_against_the_srat(self):
        root = self.machine()
        (root / "sys/firmware/memmap/0/end").write_text(f"{4 * GIB - 1:#x}\n")
        self.assert_an_archive_tells_what_is_outside_the_srat(root)

    def test_an_archive_has_the_memory_map_of_proc_where_that_is_the_only_one(self):
        root = self.machine()
        for file in ("start", "end", "type"):
            (root / "sys/firmware/memmap/0" / file).unlink()
        (root / "proc/iomem").write_text(f"00000000-{4 * GIB - 1:x} : System RAM\n")
        self.assert_an_archive_tells_what_is_outside_the_srat(root)

    def test_an_ordinary_user_is_told_what_was_not_looked_at(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become somebody else")
        root = self.machine()
        (root / "sys/firmware/acpi/tables/HMAT").chmod(0o400)
        self.place.chmod(0o755)
        done = hetmem("check", "--root", root, "--json", check=False, user=65534)
        self.assertEqual(done.stderr, "")
        self.assertIn("/sys/firmware/acpi/tables/HMAT: only root may read it (run as root)",
                      json.loads(done.stdout)["not_looked_at"])

    def test_this_machine(self):
        done = hetmem("check", check=False)
        self.assertIn(done.returncode, (FINE, WARNINGS, ERRORS), done.stderr)
        self.assertEqual(done.stderr, "")

    def test_lists_and_explains(self):
        listed = self.checked("--list", status=FINE)
        self.assertIn("hmat-unknown-domain", listed)
        self.assertTrue(all(len(line) <= 80 for line in listed.splitlines()))
        self.assertIn("10 everywhere", self.checked("--explain", "slit-rejected", status=FINE))

    def test_output_to_a_file_has_no_colour_and_80_columns(self):
        text = self.checked("--tables", self.folder(distances=((10, 9), (9, 10))), status=ERRORS)
        self.assertNotIn("\x1b", text)
        self.assertTrue(all(len(line) <= 80 for line in text.splitlines()), text)

    def test_what_is_asked_wrongly(self):
        for option in ("--only", "--skip", "--explain"):
            said = self.fails("check", option, "nonsense", code=2)
            self.assertIn("no check 'nonsense'", said)
            self.assertEqual(said.count("(see "), 1, said)
        self.assertIn("no version", self.fails("check", "--kernel", "new", code=2))
        self.assertIn("fatal", self.fails("check", "--severity", "fatal", code=2))
        self.fails("check", "--list", "--json", code=2)
        self.fails("check", "--root", "/", "--tables", "x", code=2)

    def test_what_cannot_be_looked_at(self):
        self.assertIn("absent", self.fails("check", "--tables", self.place / "absent"))
        (self.place / "text").write_text("no table\n")
        self.assertIn("no HMAT", self.fails("check", "--tables", self.place / "text"))
        (self.place / "empty").mkdir()
        self.assertIn(f"{self.place}/empty", self.fails("check", "--root", self.place / "empty"))

    def test_a_full_machine_takes_no_time_to_speak_of(self):
        nodes = range(512)
        place = self.place / "large"
        place.mkdir()
        row = [[100 if i == t else 130 + (i + t) % 7 for t in nodes] for i in nodes]
        (place / "HMAT").write_bytes(firmware.hmat(
            *(firmware.localities(kind, nodes, nodes, 1000, row) for kind in (1, 2, 4, 5))))
        (place / "SRAT").write_bytes(firmware.srat(
            *(firmware.srat_cpu(n, n) for n in nodes),
            *(firmware.srat_memory(n, n * GIB, GIB) for n in nodes)))
        (place / "SLIT").write_bytes(firmware.slit(
            bytes(10 if i == t else 20 for t in nodes) for i in nodes))
        self.checked("--tables", place, "--json", status=WARNINGS)


if __name__ == "__main__":
    unittest.main()
