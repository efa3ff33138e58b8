"""The harness itself, without a guest: a scenario must fail when a figure differs, and the tables
it feeds to a guest must be what they say."""

import base64
import contextlib
import copy
import gzip
import hashlib
import io
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import (  # noqa: E402
    command, cpio, initramfs, kernels, machine, placed, qemu, tables, truth,
)  # fmt: skip

EXAMPLE = truth.Truth(
    initiators={"node0": {"kind": "cpu", "cpus": "0-1"}},
    targets={"node0": {"size": 1024, "reserved": False}, "node1": {"size": 512, "reserved": True}},
    access={
        ("node0", "node0"): truth.figures(100, 110, 2000, 1000),
        ("node0", "node1"): truth.figures(300, truth.UNREACHABLE, truth.UNKNOWN, 500),
    },
    best={"node0": "node0", "node1": "node0"},
)


def described(example):
    """The JSON form of exactly what a Truth says."""
    pairs = [
        {"initiator": i, "target": t}
        | {q: truth.as_written(f[q], q, example.sources) for q in truth.QUANTITIES}
        for (i, t), f in example.access.items()
    ]
    return {
        "format": "hetmem-topology",
        "initiators": [{"name": name} | copy.deepcopy(a) for name, a in example.initiators.items()],
        "targets": [{"name": name} | copy.deepcopy(a) for name, a in example.targets.items()],
        "best": [copy.deepcopy(p) for p in pairs if example.best[p["target"]] == p["initiator"]],
        "figures": [
            {
                "source": "hmat", "quantity": q, "unit": truth.UNITS[q], "level": 0,
                "values": [[example.access[i, t][q] for t in example.targets]
                           for i in example.initiators],
            }
            for q in truth.QUANTITIES
        ],
    }  # fmt: skip


def differences(document):
    report = truth.Report()
    truth.compare(report, EXAMPLE, document)
    return report.differences


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, below in value.items():
            yield from leaves(below, (*path, key))
    elif isinstance(value, list):
        for key, below in enumerate(value):
            yield from leaves(below, (*path, key))
    else:
        yield path, value


def replaced(document, path, value):
    changed = copy.deepcopy(document)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


class Comparison(unittest.TestCase):
    def test_the_truth_itself_has_no_difference(self):
        self.assertEqual(differences(described(EXAMPLE)), [])

    def test_every_single_value_that_differs_is_found(self):
        document = described(EXAMPLE)
        tried = 0
        for path, value in leaves(document):
            # One that is close, one of another kind, and the three that must not be mixed up.
            wrong = [value + 1] if isinstance(value, int) else []
            for other in [*wrong, None, 0, truth.UNREACHABLE, "other", False, True]:
                if other == value and isinstance(other, bool) == isinstance(value, bool):
                    continue
                if path[0] == "figures" and path[-1] == "level" and other in (0, False):
                    continue
                tried += 1
                with self.subTest(path=path, value=other):
                    self.assertNotEqual(differences(replaced(document, path, other)), [])
        self.assertGreater(tried, 150)

    def test_a_missing_or_additional_entry_is_found(self):
        document = described(EXAMPLE)
        for part in ("initiators", "targets", "best", "figures"):
            for position in range(len(document[part])):
                shorter = copy.deepcopy(document)
                del shorter[part][position]
                if part in ("initiators", "targets"):
                    shorter["figures"] = []
                with self.subTest(part=part, position=position):
                    self.assertNotEqual(differences(shorter), [])
        for part in ("initiators", "targets"):
            longer = copy.deepcopy(document)
            longer[part].append({"name": "node9"})
            longer["figures"] = []
            self.assertNotEqual(differences(longer), [])

    def test_a_second_source_may_be_silent_but_not_contradict(self):
        document = described(EXAMPLE)
        weaker = copy.deepcopy(document["figures"][0]) | {"source": "sysfs"}
        document["figures"].append(weaker)
        weaker["values"] = [[100000, None]]
        self.assertEqual(differences(document), [])
        weaker["values"] = [[100000, 301000]]
        self.assertNotEqual(differences(document), [])

    def test_the_kernel_rounds_latencies_up_to_whole_nanoseconds(self):
        example = copy.deepcopy(EXAMPLE)
        example.access["node0", "node0"]["read_latency"] = 100400
        document = described(example)
        document["figures"].append(
            document["figures"][0] | {"source": "sysfs", "values": [[101000, 300000]]}
        )
        report = truth.Report()
        truth.compare(report, example, document)
        self.assertEqual(report.differences, [])

    def test_a_scenario_that_forgets_a_pair_is_refused(self):
        forgetful = copy.deepcopy(EXAMPLE)
        del forgetful.access["node0", "node1"]
        with self.assertRaises(AssertionError):
            truth.compare(truth.Report(), forgetful, described(EXAMPLE))


class Tables(unittest.TestCase):
    """iasl takes our tables apart and puts them together again; what it thinks they are must be
    byte for byte what we made."""

    def setUp(self):
        if not shutil.which("iasl"):
            self.fail("iasl is not installed (package acpica-tools)")

    def through_iasl(self, data):
        with tempfile.TemporaryDirectory() as folder:
            given = Path(folder) / "given.aml"
            given.write_bytes(data)
            subprocess.run(["iasl", "-d", given], check=True, capture_output=True)
            text = given.with_suffix(".dsl").read_text()
            again = Path(folder) / "again"
            subprocess.run(
                ["iasl", "-p", again, given.with_suffix(".dsl")], check=True, capture_output=True
            )
            return text, again.with_suffix(".aml").read_bytes()

    def assert_sound(self, data, *lines):
        self.assertEqual(sum(data) % 256, 0)
        self.assertEqual(struct.unpack_from("<I", data, 4)[0], len(data))
        text, again = self.through_iasl(data)
        self.assertEqual(again[36:], data[36:])
        for line in lines:
            self.assertRegex(text, line)

    def test_hmat_revision_2(self):
        self.assert_sound(
            tables.hmat(2, [
                tables.memory_attributes(3, initiator_pxm=1),
                tables.memory_attributes(4),
                tables.locality(tables.READ_LATENCY, 1000, [1, 5], [3, 4], [[7, 8], [9, 0xFFFF]]),
            ]),
            r"Attached Initiator Proximity Domain : 00000001",
            r"Memory Proximity Domain : 00000003", r"Data Type : 01",
            r"Initiator Proximity Domain # : 2|Initiator Proximity Domains # : 00000002",
        )  # fmt: skip

    def test_hmat_revision_1(self):
        self.assert_sound(
            tables.hmat(1, [
                tables.address_range(2, 0x1000, 0x2000, processor_pxm=0, reservation_hint=True),
                tables.locality(tables.WRITE_BANDWIDTH, 1024, [0], [2], [[100]]),
            ]),
            r"Revision : 01", r"Flags .*: 0007", r"Data Type : 05",
        )  # fmt: skip

    def test_srat(self):
        pieces = qemu.affinity({0: 1 << 30, 1: 1 << 29}, {0: 0, 1: 7})
        self.assert_sound(
            tables.srat([tables.processor(0x1234, 9), *(tables.memory(*p) for p in pieces),
                         tables.generic_initiator(5, 0, 0x12, 3, 1)]),
            r"Proximity Domain Low\(8\) : 34", r"Proximity Domain High\(24\) : 000012",
            r"Base Address : 0000000040000000", r"Address Length : 0000000020000000",
            r"Device Handle Type : 01",
        )  # fmt: skip

    def test_the_pci_handle_has_the_bus_in_the_high_byte(self):
        handle = tables.generic_initiator(5, 0x0102, 0x12, 3, 1)[8:12]
        self.assertEqual(struct.unpack("<HH", handle), (0x0102, 0x12 << 8 | 3 << 3 | 1))

    def test_slit(self):
        self.assert_sound(tables.slit([[10, 21], [22, 10]]), r"Locality +1 : 16 0A")

    def test_ssdt(self):
        data = tables.ssdt_with_proximity(5)
        self.assertEqual(sum(data) % 256, 0)
        text, _ = self.through_iasl(data)
        self.assertRegex(text, r"Scope \(\\?_SB\.PCI0\)")
        self.assertRegex(text, r"Name \(_PXM, 0x05\)")

    def test_only_a_higher_revision_of_the_same_names_replaces_a_table_of_qemu(self):
        header = tables.hmat(2, [])[:36]
        self.assertEqual(header[10:24], b"BOCHS BXPC    ")
        self.assertGreater(struct.unpack_from("<I", header, 24)[0], 1)


class Guests(unittest.TestCase):
    def stream(self, files):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for name, data in files.items():
                member = tarfile.TarInfo(f"./{name}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        packed = packed.getvalue()
        return b"hetmem-results-begin\r\n%s\nhetmem-results-end %s\n" % (
            base64.encodebytes(packed).replace(b"\n", b"\r\n"),
            hashlib.sha256(packed).hexdigest().encode(),
        )

    def test_results_come_through(self):
        files = {"show.out": b'{"a": 1}\n', "show.err": b"", "show.status": b"0\n"}
        results = machine.Results(machine.unpack(self.stream(files)))
        self.assertEqual(results.json("show"), {"a": 1})

    def test_a_command_that_failed_is_told_with_its_errors(self):
        results = machine.Results(
            {"show.out": b"{}", "show.err": b"hetmem: no such thing", "show.status": b"1"}
        )
        with self.assertRaisesRegex(machine.MachineError, "no such thing"):
            results.json("show")

    def test_damage_and_absence_are_told(self):
        sound = self.stream({"show.out": bytes(range(256)) * 9})
        damaged = bytearray(sound)
        damaged[60] = ord("B") if damaged[60] != ord("B") else ord("C")
        for stream in (b"", b"boot noise\n", sound[: len(sound) // 2], bytes(damaged)):
            with self.subTest(stream=stream[:20]), self.assertRaises(machine.MachineError):
                machine.unpack(stream)

    def test_the_archive_is_what_cpio_unpacks(self):
        archive = cpio.Archive()
        archive.add_file("a/b/c", b"content", 0o755)
        archive.add_link("a/d", "b/c")
        archive.add_character_device("dev/console", 5, 1)
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                ["cpio", "-i", "-m", "--quiet", "a*"], input=archive.bytes(), cwd=folder, check=True
            )
            self.assertEqual((Path(folder) / "a/d").read_bytes(), b"content")
            self.assertTrue(os.access(Path(folder) / "a/b/c", os.X_OK))
        listed = subprocess.run(
            ["cpio", "-tv", "--quiet"], input=archive.bytes(), capture_output=True, check=True
        )
        self.assertRegex(listed.stdout.decode(), r"crw.* 5, +1 .*dev/console")

    def test_tables_stand_uncompressed_before_the_rest(self):
        kernel = SimpleNamespace(module=lambda name: b"module")
        image = initramfs.build(kernel, ["one"], ["two"], "true\n", {}, {"hmat": b"table bytes"})
        self.assertTrue(image.startswith(b"070701"))
        self.assertLess(image.index(b"table bytes"), image.index(b"\x1f\x8b"))
        self.assertIn(b"kernel/firmware/acpi/hmat.aml\0", image)

    def test_files_for_the_guest_and_what_stands_before_them(self):
        kernel = SimpleNamespace(module=lambda name: b"module")
        made = machine.Machine(
            [], "true\n", early=b"made by a guest",
            guest_files={"usr/sbin/program": b"#!/bin/sh\n", "plain": b"text"},
        )  # fmt: skip
        with tempfile.TemporaryDirectory() as work:
            machine.prepare(made, kernel, {}, Path(work))
            initrd = (Path(work) / "initrd").read_bytes()
        self.assertTrue(initrd.startswith(made.early))
        listed = subprocess.run(
            ["cpio", "-tv", "--quiet"], input=gzip.decompress(initrd[len(made.early) :]),
            capture_output=True, check=True,
        )  # fmt: skip
        self.assertRegex(listed.stdout.decode(), r"-rwxr-xr-x .*usr/sbin/program\n")
        self.assertRegex(listed.stdout.decode(), r"-rw-r--r-- .*plain\n")


class Placed(unittest.TestCase):
    """What scenarios say of memory that was asked for."""

    STATE = {
        "where": {"bytes": {"node1": 300, "node2": 100}, "absent": 0, "unknown": 0},
        "numa_maps": {"1": 300, "2": 100}, "move_pages": {"1": 300, "2": 100},
        "verify": {"kept": True, "strayed": 0},
    }  # fmt: skip

    @staticmethod
    def differences(state, **options):
        report = truth.Report()
        placed.lies(report, "it", state, {0: 0, 1: 300, 2: 100}, **options)
        placed.kept(report, "it", state)
        return report.differences

    def test_a_state_as_expected_has_no_difference(self):
        self.assertEqual(self.differences(self.STATE), [])

    def test_every_single_value_that_differs_is_found(self):
        for path, value in leaves(self.STATE):
            with self.subTest(path=path):
                self.assertNotEqual(self.differences(replaced(self.STATE, path, value + 1)), [])
        for path in (("where", "bytes", "node0"), ("numa_maps", "0"), ("move_pages", "-2")):
            with self.subTest(path=path):
                self.assertNotEqual(self.differences(replaced(self.STATE, path, 4096)), [])
        self.assertNotEqual(self.differences({}), [])

    def test_only_the_page_query_may_be_left_out(self):
        lying = replaced(self.STATE, ("move_pages", "-2"), 4096)
        self.assertEqual(self.differences(lying, query=False), [])

    def test_a_kill_is_found_in_the_kernels_log(self):
        for line, expected in (
            ("[1.2] Out of memory: Killed process 7 (x) total-vm:1kB", 1),
            ("[1.2] Memory cgroup out of memory: Killed process 7 (x)", 1),
            ("[1.2] x invoked oom-killer: gfp_mask=0x1", 1), ("[1.2] random: crng init done", 0),
        ):  # fmt: skip
            report = truth.Report()
            placed.nobody_killed(report, machine.Results({"dmesg.out": line.encode()}))
            self.assertEqual(len(report.differences), expected, line)

    def test_a_program_that_was_killed_has_no_outcome(self):
        results = machine.Results({"a.out": b"", "a.err": b"Killed"})
        self.assertEqual(placed.document(results, "a"), {})
        self.assertIn("Killed", placed.outcome(results, "a"))


class Running(unittest.TestCase):
    def test_a_stated_reason_skips_without_booting(self):
        scenario = SimpleNamespace(SKIPPED_ON={"6.1": "it has no such thing"})
        printed = io.StringIO()
        with mock.patch.object(command, "load", return_value=scenario), \
                contextlib.redirect_stdout(printed):
            status = command.main(["no_hmat", "--kernel", "6.1", "--hetmem", "/bin/true"])
        self.assertEqual(status, 77)
        self.assertIn("it has no such thing", printed.getvalue())

    def test_a_program_that_is_not_there_is_a_failure(self):
        printed = io.StringIO()
        with mock.patch.object(kernels, "fetch"), contextlib.redirect_stdout(printed):
            status = command.main(["no_hmat", "--hetmem", "/nonexistent"])
        self.assertEqual(status, 1)
        self.assertIn("/nonexistent", printed.getvalue())

    def test_programs_of_a_build_folder_are_used_and_missing_ones_named(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(initramfs.BuildError, "no build folder with tests"):
                command.built_programs(folder)
            (Path(folder) / "vm-programs").write_text("one=/bin/true\ntwo=/nonexistent/two\n")
            built = command.built_programs(folder)
            self.assertEqual(built, {"one": "/bin/true", "two": "/nonexistent/two"})
            self.assertEqual(command._found("one", built), "/bin/true")
            for name in ("two", "three"):
                with self.assertRaisesRegex(initramfs.BuildError, name):
                    command._found(name, built)

    def test_a_difference_is_a_failure_and_is_named(self):
        def check(report, results, kernel):
            report.equal("size of node0", 1024, 1023)

        scenario = SimpleNamespace(
            machine=lambda kernel: machine.Machine([], ""),
            check_machine=lambda report, results, kernel: None, check=check,
        )  # fmt: skip
        printed = io.StringIO()
        with mock.patch.object(command, "load", return_value=scenario), \
                mock.patch.object(kernels, "fetch"), mock.patch.object(machine, "prepare"), \
                mock.patch.object(machine, "boot", return_value=machine.Results({})), \
                mock.patch.object(machine, "console", return_value="the guest's last words"), \
                contextlib.redirect_stdout(printed):
            status = command.main(["no_hmat", "--hetmem", "/bin/true"])
        self.assertEqual(status, 1)
        self.assertIn("size of node0: expected 1024, found 1023", printed.getvalue())
        self.assertIn("the guest's last words", printed.getvalue())

    def test_every_scenario_says_what_it_is_and_can_be_built(self):
        for name in command.names():
            with self.subTest(scenario=name):
                scenario = command.load(name)
                self.assertTrue(scenario.__doc__.strip())
                for kernel in kernels.SERIES:
                    configured = scenario.machine(kernel)
                    for table in configured.tables.values():
                        self.assertEqual(sum(table) % 256, 0)


FAKE_APT = """#!/bin/sh
# Stands for apt-get: `download PACKAGE` leaves a package that depends on a kernel image.
echo "$*" >>"$FAKE_LOG"
[ -n "$FAKE_FAILS" ] && { echo "E: Unable to locate package $3" >&2; exit 100; }
mkdir -p "$3.tree/DEBIAN" "$3.tree/boot" "$3.tree/lib/modules/6.12.9"
: >"$3.tree/boot/vmlinuz-6.12.9"
: >"$3.tree/lib/modules/6.12.9/modules.builtin"
cat >"$3.tree/DEBIAN/control" <<END
Package: $3
Version: 1
Architecture: all
Maintainer: nobody <nobody@localhost>
Description: stands for a kernel
Depends: linux-image-6.12.9 (= 1)
END
dpkg-deb -b "$3.tree" "$3.deb" >/dev/null && rm -r "$3.tree"
"""


class Kernels(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.cache = self.folder / "cache"
        self.log = self.folder / "log"
        self.log.touch()
        fake = self.folder / "bin"
        fake.mkdir()
        (fake / "apt-get").write_text(FAKE_APT)
        (fake / "apt-get").chmod(0o755)
        self.environment = {"PATH": f"{fake}:{os.environ['PATH']}", "FAKE_LOG": str(self.log)}

    def downloads(self):
        return self.log.read_text().splitlines()

    def test_two_at_once_download_once_and_leave_nothing_else(self):
        with mock.patch.dict(os.environ, self.environment):
            found = []
            threads = [
                threading.Thread(target=lambda: found.append(kernels.fetch("6.12", self.cache)))
                for _ in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual([kernel.release for kernel in found], ["6.12.9"] * 4)
        self.assertEqual(len(self.downloads()), 2)  # the metapackage and the image
        self.assertEqual(sorted(p.name for p in self.cache.iterdir()), ["6.12", "6.12.lock"])

    def test_a_filled_cache_asks_nobody(self):
        with mock.patch.dict(os.environ, self.environment):
            kernels.fetch("6.12", self.cache)
            before = self.downloads()
            with mock.patch.dict(os.environ, {"FAKE_FAILS": "1", "PATH": ""}):
                self.assertEqual(kernels.fetch("6.12", self.cache).release, "6.12.9")
        self.assertEqual(self.downloads(), before)

    def test_a_download_that_fails_says_why_and_what_to_do(self):
        with mock.patch.dict(os.environ, self.environment | {"FAKE_FAILS": "1"}):
            with self.assertRaisesRegex(kernels.FetchError, "(?s)Unable to locate.*apt-get update"):
                kernels.fetch("6.12", self.cache)
        self.assertFalse((self.cache / "6.12").exists())

    def test_a_folder_that_is_not_complete_is_replaced(self):
        (self.cache / "6.12" / "boot").mkdir(parents=True)
        with mock.patch.dict(os.environ, self.environment):
            self.assertEqual(kernels.fetch("6.12", self.cache).release, "6.12.9")


if __name__ == "__main__":
    unittest.main()
