"""hetmem show: what it prints, for whom, and where the machine comes from."""

import json
import os
import pty
import re
import subprocess
import termios
import struct
import fcntl
import unittest

import command
import firmware
import machines
from command import described, environment, hetmem

ESCAPE = "\x1b["


def on_a_terminal(*words, columns=80, **variables):
    """Runs the command with a terminal of that width as standard output."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    with subprocess.Popen([command.HETMEM, *map(str, words)], stdin=subprocess.DEVNULL,
                          stdout=theirs, stderr=subprocess.PIPE,
                          env=environment(**variables)) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # Linux says EIO when the other side is closed
                break
            if not piece:
                break
            shown += piece
        process.wait()
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def widest(text):
    return max(len(line) for line in text.split("\n"))


class Drawing(command.TestCase):
    def test_this_machine(self):
        shown = hetmem("show").stdout
        nodes = [n for n in os.listdir("/sys/devices/system/node") if re.fullmatch(r"node\d+", n)]
        for node in nodes:
            self.assertIn(node, shown)

    def test_every_memory_with_its_figures_and_their_source(self):
        machines.two_sockets(self.place)
        shown = hetmem("show", "--root", self.place).stdout
        for word in ("node0", "node1", "node2", "node3", "DRAM", "HBM", "hmat", "4 GiB"):
            self.assertIn(word, shown)
        for figures in machines.TWO_SOCKETS_FIGURES.values():
            for latency in figures[:2]:
                self.assertRegex(shown, rf"\b{latency}")
            for bandwidth in figures[2:]:
                self.assertRegex(shown, rf"\b{bandwidth // 1000}")

    def test_the_matrix_of_a_single_initiator_only_when_asked(self):
        machines.desk(self.place)
        matrix = hetmem("show", "--matrix", "--root", self.place).stdout
        self.assertGreater(matrix.count("\n"), hetmem("show", "--root", self.place)
                           .stdout.count("\n"))

    def test_no_line_is_wider_than_asked_and_none_narrower_than_80_is_tried(self):
        machines.everything(self.place)
        for asked, width in ((80, 80), (100, 100), (132, 132), (20, 80)):
            shown = hetmem("show", "--root", self.place, "--width", asked).stdout
            self.assertLessEqual(widest(shown), width)
        self.assertEqual(hetmem("show", "--root", self.place, "--width", 20).stdout,
                         hetmem("show", "--root", self.place, "--width", 80).stdout)

    def test_as_wide_as_the_terminal(self):
        machines.everything(self.place)
        words = ("show", "--root", self.place, "--color", "never")
        self.assertEqual(on_a_terminal(*words, columns=120),
                         hetmem(*words, "--width", 120).stdout)
        self.assertEqual(on_a_terminal(*words, columns=40), hetmem(*words, "--width", 80).stdout)

    def test_colour_on_a_terminal_only(self):
        machines.two_sockets(self.place)
        words = ("show", "--root", self.place)
        self.assertNotIn(ESCAPE, hetmem(*words).stdout)
        self.assertIn(ESCAPE, hetmem(*words, "--color", "always").stdout)
        self.assertIn(ESCAPE, on_a_terminal(*words))
        self.assertNotIn(ESCAPE, on_a_terminal(*words, "--color", "never"))
        self.assertNotIn(ESCAPE, on_a_terminal(*words, NO_COLOR="1"))
        self.assertNotIn(ESCAPE, on_a_terminal(*words, TERM="dumb"))
        self.assertIn(ESCAPE, on_a_terminal(*words, "--color", "always", NO_COLOR="1"))

    def test_colour_changes_nothing_but_colour(self):
        machines.two_sockets(self.place)
        words = ("show", "--root", self.place)
        colored = hetmem(*words, "--color", "always").stdout
        self.assertEqual(re.sub(r"\x1b\[[0-9;]*m", "", colored), hetmem(*words).stdout)

    def test_unicode_where_the_locale_is_utf8(self):
        machines.two_sockets(self.place)
        words = ("show", "--root", self.place)
        for locale in ({"LC_ALL": "C.UTF-8"}, {"LC_ALL": None, "LANG": "de_DE.utf8"},
                       {"LC_ALL": "", "LC_CTYPE": "en_US.UTF-8", "LANG": "C"}):
            self.assertFalse(hetmem(*words, env=environment(**locale)).stdout.isascii(), locale)
        for locale in ({"LC_ALL": "C"}, {"LC_ALL": None}, {"LC_ALL": "POSIX", "LANG": "C.UTF-8"},
                       {"LC_ALL": None, "LANG": "de_DE.ISO-8859-1"}):
            self.assertTrue(hetmem(*words, env=environment(**locale)).stdout.isascii(), locale)
        self.assertTrue(hetmem(*words, "--ascii").stdout.isascii())

    def test_names_in_a_saved_file_cannot_steer_the_terminal(self):
        machines.two_sockets(self.place)
        saved = described("--root", self.place)
        saved["machine"]["cpu_model"] = "evil \x1b]0;title\x07\x1b[2J\r\nmodel"
        saved["targets"][0]["kind_reason"] = "\x1b[31mred\x9b0m"
        saved["targets"][1]["name"] = "no\x1b[2Jde1"
        file = self.place / "evil.json"
        file.write_text(json.dumps(saved))
        for words in (("show", "--from", file), ("rank", "--by", "free", "--from", file)):
            shown = hetmem(*words, text=False).stdout.decode()
            self.assertEqual([c for c in shown if ord(c) < 32 and c != "\n" or
                              127 <= ord(c) < 160], [])


class Files(command.TestCase):
    def test_json_is_what_from_reads_back(self):
        machines.everything(self.place / "machine")
        first = hetmem("show", "--json", "--root", self.place / "machine").stdout
        file = self.place / "saved.json"
        file.write_text(first)
        self.assertEqual(hetmem("show", "--json", "--from", file).stdout, first)
        self.assertEqual(hetmem("show", "--from", file).stdout,
                         hetmem("show", "--root", self.place / "machine").stdout)

    def test_json_has_every_figure_of_the_tables(self):
        machines.two_sockets(self.place)
        machine = described("--root", self.place)
        self.assertEqual(machine["format"], "hetmem-topology")
        self.assertEqual(machine["version"], 1)
        node_of = {pxm: f"node{node}" for node, pxm in machines.TWO_SOCKETS_PXM.items()}
        rows = {i["name"]: n for n, i in enumerate(machine["initiators"])}
        columns = {t["name"]: n for n, t in enumerate(machine["targets"])}
        names = ("read_latency", "write_latency", "read_bandwidth", "write_bandwidth")
        tables = {f["quantity"]: f for f in machine["figures"]
                  if f["source"] == "hmat" and f["level"] == 0}
        for (initiator, target), figures in machines.TWO_SOCKETS_FIGURES.items():
            for name, figure in zip(names, figures):
                unit, scale = ("ps", 1000) if "latency" in name else ("B/s", 1_000_000)
                self.assertEqual(tables[name]["unit"], unit)
                self.assertEqual(
                    tables[name]["values"][rows[node_of[initiator]]][columns[node_of[target]]],
                    figure * scale)

    def test_unknown_unreachable_and_known_are_three_things(self):
        machine = machines.two_sockets(self.place)
        machine.tables(HMAT=firmware.hmat(firmware.localities(
            firmware.READ_LATENCY, [0, 1], [0, 1, 4, 5], 1000,
            [[100, firmware.UNREACHABLE, firmware.UNKNOWN, 210], [180, 101, 211, 121]])))
        figures = [f for f in described("--root", self.place)["figures"]
                   if f["source"] == "hmat" and f["quantity"] == "read_latency"]
        self.assertEqual(figures[0]["values"][0], [100_000, "unreachable", None, 210_000])

    def test_packages_that_the_kernel_does_not_number(self):
        machine = machines.desk(self.place)
        for cpu in machine.cpus():
            machine.write(f"sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id", "-1\n")
        file = self.place / "saved.json"
        file.write_text(hetmem("show", "--json", "--root", self.place).stdout)
        self.assertIn("node0", hetmem("show", "--from", file).stdout)

    def test_the_least_that_a_saved_file_must_hold(self):
        file = self.place / "x.json"
        least = {"format": "hetmem-topology", "version": 1, "initiators": [],
                 "targets": [{"name": "somewhere"}], "of_a_later_time": {}}
        file.write_text(json.dumps(least))
        self.assertIn("somewhere", hetmem("show", "--from", file).stdout)
        least["targets"][0]["size"] = "big"
        file.write_text(json.dumps(least))
        self.assertRegex(self.fails("show", "--from", file),
                         r'x\.json: targets\[0\]\.size: expected .*, found "big"$')

    def test_svg_is_a_file_or_standard_output(self):
        machines.two_sockets(self.place / "machine")
        file = self.place / "picture.svg"
        self.assertEqual(hetmem("show", "--root", self.place / "machine", "--svg", file).stdout, "")
        picture = file.read_text()
        self.assertIn("<svg", picture)
        self.assertIn("node3", picture)
        self.assertEqual(
            hetmem("show", "--root", self.place / "machine", "--svg", "-").stdout, picture)
        self.assertEqual(sorted(p.name for p in self.place.iterdir()), ["machine", "picture.svg"])

    def test_an_old_picture_survives_a_failure(self):
        file = self.place / "picture.svg"
        file.write_text("old")
        self.fails("show", "--root", self.place / "nowhere", "--svg", file)
        self.assertEqual(file.read_text(), "old")
        self.assertIn("no/where.svg",
                      self.fails("show", "--svg", self.place / "no" / "where.svg"))


class Roots(command.TestCase):
    def test_links_of_a_copy_stay_inside_it(self):
        # The link would lead to this machine's node directory if it were followed from "/".
        (self.place / "sys/devices/system").mkdir(parents=True)
        os.symlink("/sys/devices/system/node", self.place / "sys/devices/system/node")
        self.fails("show", "--root", self.place)

    def test_what_has_no_memory_is_no_machine(self):
        self.assertIn(str(self.place), self.fails("show", "--root", self.place))
        self.assertIn("nowhere", self.fails("show", "--root", self.place / "nowhere"))

    def test_a_broken_table_is_told_and_the_rest_shown(self):
        machine = machines.two_sockets(self.place)
        table = machine.root / "sys/firmware/acpi/tables/HMAT"
        table.write_bytes(table.read_bytes()[:-3])
        shown = hetmem("show", "--root", self.place).stdout
        self.assertIn("HMAT", shown)
        self.assertIn("node3", shown)
        self.assertNotEqual(described("--root", self.place)["defects"], [])

    def test_a_saved_file_that_is_none_names_the_place(self):
        file = self.place / "x.json"
        for content, word in (("{", "x.json"), ("{}", "format"), ("[]", "x.json"),
                              ('{"format": "hetmem-topology", "version": 99}', "version")):
            file.write_text(content)
            self.assertIn(word, self.fails("show", "--from", file))
        self.assertIn("absent.json", self.fails("show", "--from", self.place / "absent.json"))


@unittest.skipIf(os.geteuid() != 0, "only root can become another user")
class OrdinaryUser(command.TestCase):
    def test_what_could_not_be_read_is_told(self):
        machine = machines.two_sockets(self.place)
        for table in (machine.root / "sys/firmware/acpi/tables").iterdir():
            table.chmod(0o400)
        self.place.chmod(0o755)
        words = ("show", "--root", self.place)
        shown = hetmem(*words, user=65534).stdout
        self.assertIn("sysfs", shown)  # the local figures are there, from the kernel
        self.assertIn("HMAT", shown)
        self.assertRegex(shown, "root")
        statuses = {s["what"]: s["status"] for s in json.loads(
            hetmem(*words, "--json", user=65534).stdout)["sources"]}
        self.assertEqual(statuses["HMAT"], "not_permitted")


if __name__ == "__main__":
    unittest.main()
