"""hetmem report: the page as it is asked for on the command line (tests/report has it in a
browser)."""

import json
import os
import stat
import unittest
import xml.etree.ElementTree as xml

import command
import machines
from command import described, hetmem

XHTML = "{http://www.w3.org/1999/xhtml}"


def words_in(element):
    return " ".join("".join(element.itertext()).split())


def section(page, name):
    return words_in(page.find(f".//{XHTML}section[@id='{name}']"))


class Report(command.TestCase):
    def report(self, *words, **more):
        """The page, read as XML."""
        return xml.fromstring(hetmem("report", "-o", "-", *words, **more).stdout)

    def machine(self, make=machines.two_sockets):
        root = self.place / "machine"
        root.mkdir()
        make(root)
        return root

    def test_this_machine(self):
        page = self.report(env=command.environment(XDG_STATE_HOME=str(self.place)))
        nodes = [n for n in os.listdir("/sys/devices/system/node") if n.startswith("node")]
        for node in nodes:
            self.assertIn(node, section(page, "machine"))
        self.assertNotIn("Nothing was checked", section(page, "findings"))

    def test_a_file_of_its_own_name_and_one_line_that_says_so(self):
        root = self.machine()
        done = hetmem("report", "--root", root, cwd=self.place)
        self.assertRegex(done.stdout, r"^hetmem-report\.html: \d+ errors?, \d+ warnings?\n$")
        xml.parse(self.place / "hetmem-report.html")
        self.assertEqual(sorted(p.name for p in self.place.iterdir()),
                         ["hetmem-report.html", "machine"])

    def test_a_file_by_name(self):
        root = self.machine()
        file = self.place / "memory.html"
        file.write_text("an older one")
        self.assertTrue(hetmem("report", "--root", root, "-o", file).stdout.startswith(str(file)))
        self.assertTrue(file.read_text().startswith("<!DOCTYPE html>"))
        self.assertEqual(stat.S_IMODE(file.stat().st_mode) & 0o044, 0o044,
                         "of a copy, everybody may read it")

    @unittest.skipIf(os.geteuid() != 0, "only root's report is private")
    def test_what_root_makes_of_the_running_machine_is_its_own(self):
        file = self.place / "memory.html"
        hetmem("report", "-o", file, env=command.environment(XDG_STATE_HOME=str(self.place)))
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)

    def test_every_figure_with_its_source(self):
        page = self.report("--root", self.machine())
        figures = section(page, "figures")
        self.assertIn("Read latency, ns, all from hmat", figures)
        for latency in (100, 180, 120, 210):
            self.assertRegex(figures, rf"\b{latency}\b")
        self.assertIn("/sys/firmware/acpi/tables/HMAT", section(page, "provenance"))

    def test_what_is_wrong_is_found_and_told(self):
        root = self.machine()
        table = bytearray((root / "sys/firmware/acpi/tables/HMAT").read_bytes())
        table[9] ^= 0x55  # the checksum
        (root / "sys/firmware/acpi/tables/HMAT").write_bytes(table)
        findings = section(self.report("--root", root), "findings")
        self.assertIn("The checksum of a table is wrong", findings)
        self.assertIn("table-checksum", findings)
        self.assertIn("What to do", findings)

    def test_no_check_when_not_wanted(self):
        page = self.report("--root", self.machine(), "--no-check")
        self.assertIn("Nothing was checked", section(page, "findings"))
        done = hetmem("report", "--root", self.place / "machine", "--no-check", "-o",
                      self.place / "page.html")
        self.assertTrue(done.stdout.endswith("page.html: nothing was checked\n"))

    def test_a_captured_machine(self):
        root = self.machine()
        archive = self.place / "machine.tar.gz"
        hetmem("capture", archive, "--root", root)
        page = self.report("--root", archive)
        self.assertIn("all from hmat", section(page, "figures"))
        self.assertNotIn("Nothing was checked", section(page, "findings"))

    def test_a_saved_description_has_no_tables_to_check(self):
        root = self.machine()
        saved = self.place / "saved.json"
        saved.write_text(hetmem("show", "--json", "--root", root).stdout)
        page = self.report("--from", saved)
        self.assertIn("all from hmat", section(page, "figures"))
        self.assertIn("Nothing was checked", section(page, "findings"))

    def test_half_of_it_unknown(self):
        page = self.report("--root", self.machine(machines.desk))
        self.assertIn("Not one latency or bandwidth is known", section(page, "figures"))
        self.assertIn("Nothing was measured", section(page, "measured"))
        self.assertIn("No curve was measured", section(page, "curves"))

    def test_figures_of_the_machines_store(self):
        root = self.machine()
        store = root / "var/lib/hetmem/figures.json"
        store.parent.mkdir(parents=True)
        store.write_text(json.dumps({
            "format": "hetmem-figures", "version": 1,
            "given": [{"initiator": "node0", "target": "node2", "source": "measured",
                       "origin": "a stopwatch", "read_latency": "133 ns"}]}))
        page = self.report("--root", root)
        self.assertIn("133 ns", section(page, "measured"))
        self.assertIn("a stopwatch", section(page, "measured"))
        self.assertRegex(section(page, "figures"), r"133 measured")

    def test_names_from_outside_are_no_markup(self):
        root = self.machine()
        saved = described("--root", root)
        evil = "<script>alert(1)</script>"
        saved["machine"]["cpu_model"] = evil
        saved["targets"][0]["kind_reason"] = evil
        file = self.place / "evil.json"
        file.write_text(json.dumps(saved))
        text = hetmem("report", "-o", "-", "--from", file).stdout
        self.assertNotIn("<script", text)
        self.assertIn(evil, words_in(xml.fromstring(text)))

    def test_a_processor_without_a_name_is_called_by_its_architecture(self):
        saved = described("--root", self.machine())
        saved["machine"]["cpu_model"] = "06/57"
        saved["machine"]["architecture"] = "x86_64"
        file = self.place / "unnamed.json"
        file.write_text(json.dumps(saved))
        page = hetmem("report", "-o", "-", "--from", file).stdout
        self.assertIn("<h1>Unknown x86_64 processor</h1>", page)

    def test_a_table_that_is_absent_is_not_said_to_need_root(self):
        saved = described("--root", self.machine())
        saved["figures"] = []
        file = self.place / "few.json"
        for status, words in (("absent", "The firmware has no table of them"),
                              ("not_permitted", "needs root to be read")):
            for one in saved["sources"]:
                if one["what"] == "HMAT":
                    one["status"] = status
            file.write_text(json.dumps(saved))
            self.assertIn(words, section(self.report("--from", file), "figures"))

    def test_a_link_stays_a_link(self):
        there = self.place / "there.html"
        there.write_text("old")
        link = self.place / "link.html"
        link.symlink_to(there)
        hetmem("report", "--root", self.machine(), "-o", link)
        self.assertTrue(link.is_symlink())
        self.assertIn("<html", there.read_text())

    def test_what_cannot_be_written_is_told(self):
        root = self.machine()
        self.assertIn("/nowhere/page.html", self.fails("report", "--root", root, "-o",
                                                       "/nowhere/page.html"))
        self.fails("report", "--root", self.place / "absent")
        self.fails("report", "-o", "", code=2)
        self.fails("report", "--root", root, "--from", "x", code=2)

    def test_a_pipe_that_closed_is_told(self):
        read, write = os.pipe()
        os.close(read)
        done = command.subprocess.run(
            [command.HETMEM, "report", "-o", "-", "--root", str(self.machine())], stdout=write,
            stderr=command.subprocess.PIPE, text=True, env=command.environment(), check=False,
            restore_signals=False, timeout=60)
        os.close(write)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write to standard output", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
