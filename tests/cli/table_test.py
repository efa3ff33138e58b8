"""hetmem table: decode, encode, diff and build as people run them."""

import json
import shutil
import subprocess
import unittest

import command
import firmware
import machines
from command import HETMEM, environment, hetmem

GIB = 1 << 30


def a_table():
    return firmware.hmat(
        firmware.proximity(0, 0), firmware.proximity(2),
        firmware.localities(firmware.READ_LATENCY, [0, 1], [0, 1, 2], 1000,
                            [[100, 180, 300], [180, 100, firmware.UNREACHABLE]]),
        firmware.side_cache(2, GIB))


def an_srat():
    return firmware.srat(firmware.srat_cpu(0, 0), firmware.srat_cpu(1, 1),
                         firmware.srat_memory(0, 0, GIB), firmware.srat_memory(1, GIB, GIB),
                         firmware.srat_memory(2, 2 * GIB, GIB))


def dumped(signature, table):
    """As acpidump prints it."""
    lines = [f"{signature} @ 0x0000000000000000"]
    for at in range(0, len(table), 16):
        part = table[at:at + 16]
        shown = "".join(chr(b) if 32 <= b < 127 else "." for b in part)
        lines.append(f"    {at:04X}: {' '.join(f'{b:02X}' for b in part):<47}  {shown}")
    return "\n".join(lines) + "\n\n"


def sealed(table):
    table = bytearray(table)
    table[9] = 0
    table[9] = -sum(table) % 256
    return bytes(table)


class Tables(command.TestCase):
    def file(self, name, content):
        place = self.place / name
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
        return place


class Decode(Tables):
    def test_a_table_in_words(self):
        text = hetmem("table", "decode", self.file("HMAT", a_table())).stdout
        self.assertIn("Proximity Domain for the Attached Initiator  0\n", text)
        self.assertIn("  ns, from \\ to    0    1            2\n", text)
        self.assertIn("              1  180  100  unreachable\n", text)
        self.assertNotIn("wrong", text)

    def test_from_standard_input(self):
        done = subprocess.run([HETMEM, "table", "decode", "-"], input=a_table(),
                              capture_output=True, env=environment(), check=True)
        self.assertTrue(done.stdout.startswith(b"HMAT, "))

    def test_text_of_acpidump(self):
        dump = self.file("dump.txt", dumped("HMAT", a_table()) + dumped("SRAT", an_srat()) +
                         dumped("DSDT", firmware.table(b"DSDT", 2, b"")))
        text = hetmem("table", "decode", dump).stdout
        self.assertIn("HMAT, ", text)
        self.assertIn("Memory Affinity", text)
        self.assertTrue(text.endswith("not shown: DSDT\n"), text)
        text = hetmem("table", "decode", dump, "--signature", "SRAT").stdout
        self.assertTrue(text.startswith("SRAT, "))
        self.assertIn("several tables (HMAT, SRAT, DSDT)",
                      self.fails("table", "decode", dump, "--json"))
        self.assertIn("there is no SLIT",
                      self.fails("table", "decode", dump, "--signature", "SLIT"))

    def test_the_srat_of_a_dump_is_held_against_the_hmat(self):
        dump = self.file("dump.txt", dumped("HMAT", a_table()) +
                         dumped("SRAT", firmware.srat(firmware.srat_memory(0, 0, GIB))))
        self.assertIn("Where it does not fit the SRAT", hetmem("table", "decode", dump).stdout)

    def test_what_is_no_table(self):
        text = self.fails("table", "decode", self.file("x", b"GIF89a...."))
        self.assertIn("x: expected an HMAT, SRAT, SLIT or CDAT, found \"GIF8\"\n", text)
        self.assertIn("/nowhere", self.fails("table", "decode", "/nowhere"))
        self.assertIn("dump.txt:2: ", self.fails(
            "table", "decode", self.file("dump.txt", "HMAT @ 0x0\n    0000: zz\n")))


class Encode(Tables):
    def test_there_and_back(self):
        damaged = bytearray(a_table())
        damaged[60] ^= 0xFF
        for name, table in (("hmat", a_table()), ("srat", an_srat()),
                            ("slit", firmware.slit([[10, 20], [20, 10]])),
                            ("cdat", firmware.cdat(firmware.cdat_memory(0, 0, GIB),
                                                   firmware.cdat_figure(0, 1, 1000, 150))),
                            ("damaged", bytes(damaged)), ("cut", a_table()[:-7])):
            text = hetmem("table", "decode", self.file(name, table), "--json").stdout
            self.assertEqual(json.loads(text)["table"], "CDAT" if name == "cdat" else
                             name.upper() if len(name) == 4 and name != "cut" else "HMAT")
            out = self.place / "out.aml"
            hetmem("table", "encode", self.file("in.json", text), "-o", out)
            self.assertEqual(out.read_bytes(), table, name)
            done = hetmem("table", "encode", self.place / "in.json", text=False)
            self.assertEqual(done.stdout, table, name)

    def test_an_edit_is_sealed(self):
        table = json.loads(hetmem("table", "decode", self.file("HMAT", a_table()),
                                  "--json").stdout)
        matrix = table["structures"][2]
        matrix["values"][0][2] = 250
        del matrix["entries"]
        edited = self.file("edited.json", json.dumps(table))
        text = hetmem("table", "diff", self.place / "HMAT", edited, check=False).stdout
        self.assertEqual(text, "read latency from domain 0 to domain 2: 300 ns, now 250 ns\n")

    def test_mistakes_are_told_with_line_field_and_reason(self):
        text = hetmem("table", "decode", self.file("HMAT", a_table()), "--json").stdout
        wrong = self.file("wrong.json", text.replace("[100, 180, 300],", "[100, 180, 70000],", 1))
        line = text[:text.index("[100, 180, 300]")].count("\n") + 1
        self.assertIn(f"wrong.json:{line}: structures[2].entries[0][2]: 70000 does not fit 16 bits\n",
                      self.fails("table", "encode", wrong))
        typo = self.file("typo.json", text.replace("entry_base_unit", "entry_base_unti", 1))
        said = self.fails("table", "encode", typo)
        self.assertIn("structures[2].entry_base_unti: there is no such field here; there are type, "
                      "flags, data_type, ", said)
        typo.write_text(text.replace("creator_id", "creater_id", 1))
        self.assertIn(": creater_id: there is no such field here", self.fails("table", "encode", typo))

    @unittest.skipUnless(shutil.which("iasl"), "iasl (package acpica-tools) is not installed")
    def test_iasl_reads_what_was_encoded(self):
        text = hetmem("table", "decode", self.file("HMAT", a_table()), "--json").stdout
        hetmem("table", "encode", self.file("in.json", text), "-o", self.place / "out.aml")
        subprocess.run(["iasl", "-d", "out.aml"], cwd=self.place, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shown = (self.place / "out.dsl").read_text()
        self.assertIn("Entry : 012C", shown)
        self.assertNotIn("rror", shown)


class Diff(Tables):
    def diff(self, a, b, *words):
        return hetmem("table", "diff", self.file("a", a), self.file("b", b), *words, check=False)

    def test_exit_status_is_that_of_diff(self):
        done = self.diff(a_table(), a_table())
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        other = sealed(a_table()[:4] + a_table()[4:24] + b"\x02" + a_table()[25:])
        done = self.diff(a_table(), other)
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertEqual(done.stdout, "OEM Revision: 1, now 2\nthe same figures\n")
        done = self.diff(a_table(), an_srat())
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("different kinds: HMAT and SRAT", done.stderr)
        done = self.diff(a_table(), b"nonsense")
        self.assertEqual(done.returncode, 2)
        self.assertIn("/b: expected an HMAT", done.stderr)
        self.fails("table", "diff", self.place / "a", "/nowhere", code=2)

    def test_of_a_dump_the_table_that_the_other_is(self):
        dump = dumped("SRAT", an_srat()) + dumped("HMAT", a_table())
        self.assertEqual(self.diff(dump, a_table()).returncode, 0)
        self.assertEqual(self.diff(an_srat(), dump).returncode, 0)
        done = self.diff(dump, dump)
        self.assertEqual(done.returncode, 2)
        self.assertTrue(done.stderr.endswith("--signature chooses one\n"), done.stderr)

    def test_json(self):
        changed = firmware.hmat(
            firmware.proximity(0, 0), firmware.proximity(2),
            firmware.localities(firmware.READ_LATENCY, [0, 1], [0, 1, 2], 1000,
                                [[100, 180, 300], [180, 100, 400]]),
            firmware.side_cache(2, 2 * GIB))
        done = self.diff(a_table(), changed, "--json")
        self.assertEqual(done.returncode, 1)
        told = json.loads(done.stdout)
        self.assertFalse(told["same"] or told["same_content"])
        self.assertEqual((told["format"], told["version"]), ("hetmem-table-diff", 1))
        self.assertEqual(told["figures"], [
            {"quantity": "read latency", "about": "", "from": 1, "to": 2, "unit": "ps",
             "before": "unreachable", "after": 400_000}])
        self.assertEqual([f["field"] for f in told["fields"]], ["Memory Side Cache Size"])


class Build(Tables):
    def setUp(self):
        super().setUp()
        (self.place / "tables").mkdir()
        self.tables = ("--tables", self.place / "tables")
        self.out = self.place / "new.aml"

    def put(self, name, table):
        (self.place / "tables" / name).write_bytes(table)

    def test_one_cell_of_the_table_in_force(self):
        self.put("HMAT", a_table())
        self.put("SRAT", an_srat())
        text = hetmem("table", "build", *self.tables, "--set", "pxm0,pxm2,read_latency=250ns",
                      "-o", self.out).stdout
        self.assertIn("  read latency from domain 0 to domain 2: 300 ns becomes 250 ns (override)\n",
                      text)
        self.assertIn("What Linux 6.12 makes of it:\n", text)
        self.assertIn("memory of domain 2 ", text)
        told = json.loads(hetmem("table", "diff", self.place / "tables" / "HMAT", self.out,
                                 "--json", check=False).stdout)
        self.assertEqual([(f["from"], f["to"], f["after"]) for f in told["figures"]],
                         [(0, 2, 250_000)])
        self.assertEqual([f["field"] for f in told["fields"]], ["OEM Revision"])
        self.assertEqual(told["removed"] + told["added"], [])
        self.assertEqual(sum(self.out.read_bytes()) % 256, 0)

    def test_without_an_hmat(self):
        self.put("SRAT", an_srat())
        figures = [f"--set=pxm{i},pxm{t},{what}={value}" for i, t, what, value in (
            (0, 0, "latency", "100ns"), (0, 0, "bandwidth", "100GB/s"),
            (1, 1, "latency", "100ns"), (1, 1, "bandwidth", "100GB/s"),
            (0, 2, "latency", "300ns"), (0, 2, "bandwidth", "20GB/s"))]
        told = json.loads(hetmem("table", "build", *self.tables, *figures, "-o", self.out,
                                 "--json").stdout)
        self.assertEqual(len(told["changes"]), 12)
        self.assertEqual((told["oem_id"], told["oem_revision"]), ("MADEUP", 1))
        self.assertEqual((told["format"], told["version"]), ("hetmem-table-build", 1))
        after = told["linux"]["after"]
        self.assertTrue(after["hmat_used"] and after["tiers_from_hmat"], after)
        tiers = {t["pxm"]: t["tier"] for t in after["targets"]}
        self.assertEqual((tiers[0], tiers[1]), (4, 4))
        self.assertGreater(tiers[2], 4)
        self.assertFalse(told["linux"]["before"]["hmat_used"])
        text = hetmem("table", "decode", self.out).stdout
        self.assertNotIn("wrong", text)

    def test_a_cell_that_is_given_twice_is_refused(self):
        self.put("HMAT", a_table())
        self.put("SRAT", an_srat())
        self.assertIn("pxm0,pxm2,latency=91ns: another --set gives that read latency too", self.fails(
            "table", "build", *self.tables, "--set", "pxm0,pxm2,read_latency=90ns", "--set",
            "pxm0,pxm2,latency=91ns", code=2))

    def test_nothing_is_written_without_a_file(self):
        self.put("HMAT", a_table())
        self.put("SRAT", an_srat())
        text = hetmem("table", "build", *self.tables, "--set", "pxm0,pxm2,latency=90ns").stdout
        self.assertTrue(text.endswith("Nothing is written without -o FILE.\n"))
        self.assertEqual(sorted(p.name for p in self.place.iterdir()), ["tables"])

    def test_names_of_a_machine(self):
        machine = machines.two_sockets(self.place / "machine")
        del machine
        before = self.place / "machine/sys/firmware/acpi/tables/HMAT"
        text = hetmem("table", "build", "--root", self.place / "machine", "--set",
                      "node0,node3,read_latency=333ns", "-o", self.out).stdout
        self.assertIn("becomes 333 ns (override)", text)
        told = json.loads(hetmem("table", "diff", before, self.out, "--json", check=False).stdout)
        self.assertEqual([f["after"] for f in told["figures"]], [333_000])
        self.assertIn("no memory is called node99", self.fails(
            "table", "build", "--root", self.place / "machine", "--set",
            "node0,node99,read_latency=333ns"))

    def cell(self, initiator, target, median, around):
        return {"initiator": initiator, "target": target, "what": "local_latency", "unit": "ps",
                "median": median, "low": median - around, "high": median + around,
                "least": median - around, "most": median + around, "n": 20, "converged": True,
                "in": "memory", "interference": "quiet"}

    def test_what_was_measured_and_given(self):
        machine = machines.two_sockets(self.place / "machine")
        store = {"format": "hetmem-figures", "version": 1,
                 "given": [{"initiator": "node0", "target": "node3", "source": "override",
                            "read_latency": "333 ns"}],
                 "measured": [self.cell("node0", "node0", 120_000, 2_000),
                              self.cell("node1", "node1", 122_000, 2_000),
                              self.cell("node0", "node1", 190_000, 1_000)]}
        root = ("--root", self.place / "machine")
        self.assertIn("nothing to build from", self.fails("table", "build", *root))
        figures = self.file("figures.json", json.dumps(store))
        from_file = json.loads(hetmem("table", "build", *root, "--from", figures, "-o", self.out,
                                      "--json").stdout)
        machine.write("var/lib/hetmem/figures.json", json.dumps(store))
        kept = json.loads(hetmem("table", "build", *root, "-o", self.out, "--json").stdout)
        self.assertEqual(from_file, kept)
        told = json.loads(hetmem("table", "diff", self.place / "machine/sys/firmware/acpi/tables/HMAT",
                                 self.out, "--json", check=False).stdout)
        after = {(f["quantity"], f["from"], f["to"]): f["after"] for f in told["figures"]}
        merged = [v for (what, a, b), v in after.items() if a == b]
        self.assertEqual(merged, [121_000, 121_000])
        self.assertEqual(sorted(after.values()), [121_000, 121_000, 190_000, 333_000])
        self.assertIn("not reliably different (120 ns to 122 ns), so all get 121 ns",
                      "".join(kept["remarks"]))

    def test_figures_to_doubt_are_told(self):
        machine = machines.two_sockets(self.place / "machine")
        (self.place / "machine/sys/firmware/acpi/tables/HMAT").unlink()
        doubtful = self.cell("node0", "node1", 190_000, 2_000)
        doubtful["interference"] = "disturbed"
        store = {"format": "hetmem-figures", "version": 1, "measured": [doubtful]}
        figures = self.file("figures.json", json.dumps(store))
        machine.write("var/lib/hetmem/figures.json", "{")
        text = hetmem("table", "build", "--root", self.place / "machine", "--from", figures).stdout
        self.assertIn("Note: read latency from domain 0 to domain 1: 190 ns was measured while "
                      "disturbed", text)
        self.assertRegex(text, "Note: the machine's figures: .*figures.json")

    def test_a_table_that_linux_would_drop_is_mended(self):
        self.put("HMAT", firmware.hmat(firmware.proximity(0, 0), firmware.proximity(9),
                                       firmware.proximity(2)))
        self.put("SRAT", an_srat())
        text = hetmem("table", "build", *self.tables, "-o", self.out).stdout
        self.assertIn("No figure changes; the table is mended.\n", text)
        self.assertIn("no memory in domain 9", text)
        self.assertEqual(hetmem("table", "decode", self.out).stdout.count("\nat "), 2)

    def test_a_store_that_cannot_be_read_is_named(self):
        machine = machines.two_sockets(self.place / "machine")
        machine.write("var/lib/hetmem/figures.json", "{broken")
        for words in ((), ("--set", "node0,node3,read_latency=333ns")):
            said = self.fails("table", "build", "--root", self.place / "machine", *words)
            self.assertIn(f"{self.place}/machine/var/lib/hetmem/figures.json: ", said)
            self.assertNotIn("Bad message", said)

    def test_what_cannot_be_built(self):
        self.put("SRAT", an_srat())
        self.assertIn("nothing to build from", self.fails("table", "build", *self.tables))
        self.assertIn("memory in domain 7", self.fails(
            "table", "build", *self.tables, "--set", "pxm0,pxm7,latency=90ns"))
        self.assertIn("expected FROM,TO,QUANTITY=VALUE", self.fails(
            "table", "build", *self.tables, "--set", "pxm0", code=2))
        last = bytearray(a_table())
        last[24:28] = b"\xff" * 4
        self.put("HMAT", sealed(last))
        self.assertIn("0xFFFFFFFF", self.fails(
            "table", "build", *self.tables, "--set", "pxm0,pxm2,latency=90ns"))

    @unittest.skipUnless(shutil.which("iasl"), "iasl (package acpica-tools) is not installed")
    def test_iasl_reads_what_was_built(self):
        self.put("SRAT", an_srat())
        hetmem("table", "build", *self.tables, "--set", "pxm0,pxm2,latency=90ns", "-o", self.out)
        done = subprocess.run(["iasl", "-d", self.out], cwd=self.place, check=True,
                              capture_output=True, text=True)
        self.assertNotIn("rror", done.stdout + done.stderr)
        self.assertIn("Entry Base Unit", self.out.with_suffix(".dsl").read_text())


class Usage(Tables):
    def test_misuse(self):
        for words in ((), ("guess",), ("decode",), ("diff", "a"), ("encode",),
                      ("build", "--tables", "a", "--root", "b")):
            of = " ".join(("table",) + (words[:1] if words != ("guess",) else ()))
            self.assertIn(f"(see hetmem {of} --help)", self.fails("table", *words, code=2))

    def test_help(self):
        for words in ((), ("decode",), ("encode",), ("diff",), ("build",)):
            text = hetmem("table", *words, "--help").stdout
            self.assertIn("Examples", text)
            for line in text.split("\n"):
                self.assertLessEqual(len(line), 80, line)


if __name__ == "__main__":
    unittest.main()
