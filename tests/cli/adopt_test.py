"""hetmem adopt: another HMAT in the place of the firmware's, through a running hetmemd and without."""

import os
import shutil
import tarfile
import unittest

import command
import firmware
from command import hetmem
from daemon_test import Daemon, DaemonCase, health, history, topology

NS = 1000  # picoseconds
AT_BOOT = {"hmat": 120, "sysfs": 120}  # read latency from node0 to node2, ns


def new_hmat(latency=150):
    """Read latencies of both sockets' own memory and of node 2 (domain 4), of nothing else."""
    return firmware.hmat(
        firmware.localities(firmware.READ_LATENCY, [0, 1], [0, 1, 4], NS,
                            [[100, 180, latency], [181, 101, 211]]))


class AdoptCase(DaemonCase):
    def start(self):
        return Daemon(self).wait_until_ready()

    def file(self, content, name="new.hmat"):
        (self.place / name).write_bytes(content)
        return self.place / name

    def adopt(self, *words, **more):
        return hetmem("adopt", "--run-directory", self.run, *words, **more)

    def refused(self, *words):
        done = self.adopt(*words, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        return done.stderr

    def read_latency(self, initiator, target):
        """{source: ns} of what is published."""
        machine = topology(self.run)
        row = [one["name"] for one in machine["initiators"]].index(initiator)
        column = [one["name"] for one in machine["targets"]].index(target)
        told = {figures["source"]: figures["values"][row][column] for figures in machine["figures"]
                if figures["quantity"] == "read_latency" and figures["level"] == 0}
        return {source: ps // NS for source, ps in told.items() if ps is not None}

    def with_method(self, latency=150):
        self.machine.tables(SSDT1=firmware.ssdt_with_hma(new_hmat(latency)))


class ThroughTheDaemon(AdoptCase):
    def test_a_table_replaces_the_firmwares_whole_and_what_changed_is_told(self):
        self.start()
        self.assertEqual(self.read_latency("node0", "node3"), {"hmat": 210})
        told = self.adopt(self.file(new_hmat())).stdout
        self.assertEqual(told.splitlines()[0], "HMAT in force: new.hmat, given by hand")
        self.assertRegex(told, r"read_latency node0 -> node2: 120 ns \(hmat\), now 150 ns \(hma\)")
        self.assertRegex(told, r"read_latency node0 -> node3: 210 ns \(hmat\), now unknown")
        self.assertEqual(self.whole(), 2)
        self.assertEqual(self.read_latency("node0", "node2"), {"hma": 150})
        # Neither the table nor what the kernel keeps of it.
        self.assertEqual(self.read_latency("node1", "node3"), {})
        self.assertEqual(history(self.run)[-1]["cause"], "adopted")
        sources = {one["what"]: one for one in topology(self.run)["sources"]}
        self.assertEqual(sources["HMAT"]["status"], "ignored")
        self.assertEqual(sources["_HMA"]["status"], "used")

    def test_the_same_again_changes_nothing(self):
        self.start()
        self.adopt(self.file(new_hmat()))
        self.assertEqual(self.adopt(self.file(new_hmat())).stdout,
                         "HMAT in force: new.hmat, given by hand\nno figure changed\n")
        self.assertEqual(self.whole(), 2)

    def test_back_to_the_firmwares(self):
        self.start()
        before = topology(self.run)
        self.adopt(self.file(new_hmat()))
        told = self.adopt("--firmware").stdout
        self.assertRegex(told, r"read_latency node0 -> node3: unknown, now 210 ns \(hmat\)")
        after = topology(self.run)
        self.assertEqual(after["generation"], 3)
        self.assertEqual({**before, "generation": 3}, after)

    def test_what_is_refused_changes_nothing_and_the_place_is_named(self):
        self.start()
        self.adopt(self.file(new_hmat()))
        damaged = bytearray(new_hmat())
        damaged[60] ^= 1
        twice = firmware.hmat(firmware.localities(firmware.READ_LATENCY, [0], [4], NS, [[150]]),
                              firmware.localities(firmware.READ_LATENCY, [0], [4], NS, [[160]]))
        foreign = firmware.hmat(firmware.localities(firmware.READ_LATENCY, [0], [4], NS, [[150]]),
                                firmware.proximity(77))
        for content, words in ((damaged, "at offset 9 expected"), (b"nonsense", "HMAT: at offset"),
                               (b"", "HMAT: at offset"), (twice, "150000 ps, found 160000 ps"),
                               (foreign, "domain 77"), (firmware.hmat(), "not one latency")):
            self.assertIn(words, self.refused(self.file(content, "bad.hmat")))
        self.assertEqual(self.whole(), 2)
        self.assertEqual(self.read_latency("node0", "node2"), {"hma": 150})

    def test_a_restart_keeps_it(self):
        daemon = self.start()
        self.adopt(self.file(new_hmat()))
        daemon.end()
        restarted = self.start()
        self.assertEqual(self.whole(), 2)
        self.assertEqual(self.read_latency("node0", "node2"), {"hma": 150})
        self.assertIn("new.hmat", health(restarted)["hmat"]["in_force"])

    def test_nothing_of_a_request_is_left(self):
        self.start()
        self.adopt(self.file(new_hmat()))
        self.refused(self.file(b"nonsense"))
        self.assertEqual(os.listdir(self.run / "requests"), [])

    def test_what_was_adopted_is_for_root_only(self):
        self.start()
        self.adopt(self.file(new_hmat()))
        self.assertEqual((self.run / "current/adopted").stat().st_mode & 0o777, 0o700)
        self.assertEqual((self.run / "current/adopted/origin.json").stat().st_mode & 0o777, 0o600)

    def test_a_capture_takes_it_along(self):
        self.machine.write("proc/sys/kernel/random/boot_id", "5ecde7b0-0000-4000-8000-00000000000a\n")
        self.start()
        self.adopt(self.file(new_hmat()))
        shutil.copytree(self.run, self.root / "run/hetmem", symlinks=True)
        archive = self.place / "machine.tar.gz"
        hetmem("capture", archive, "--root", self.root, check=False)
        with tarfile.open(archive) as members:
            for member in members:
                if member.isfile():
                    self.assertNotIn(b"5ecde7b0", members.extractfile(member).read(), member.name)
        elsewhere = command.described("--root", archive)
        self.assertEqual(elsewhere["figures"], topology(self.run)["figures"])
        self.assertEqual(elsewhere["sources"][0]["what"], "_HMA")


@unittest.skipUnless(shutil.which("acpiexec"), "acpiexec (acpica-tools) is not installed")
class TheFirmwaresMethod(AdoptCase):
    def test_is_evaluated_at_the_start(self):
        self.with_method()
        daemon = self.start()
        self.assertEqual(self.read_latency("node0", "node2"), {"hma": 150})
        self.assertIn("acpiexec", health(daemon)["hmat"]["in_force"])

    def test_is_evaluated_when_asked(self):
        self.with_method(150)
        daemon = self.start()
        self.with_method(160)
        self.assertIn("_SB._HMA, evaluated by acpiexec", self.adopt("--evaluate").stdout)
        self.assertEqual(self.read_latency("node0", "node2"), {"hma": 160})
        self.with_method(170)
        daemon.asked_to_look()
        self.assertEqual(self.read_latency("node0", "node2"), {"hma": 170})

    def test_gives_way_to_what_is_given_by_hand(self):
        self.with_method(150)
        daemon = self.start()
        self.adopt(self.file(new_hmat(140)))
        daemon.asked_to_look()
        self.assertEqual(self.read_latency("node0", "node2"), {"hma": 140})
        self.adopt("--firmware")
        daemon.asked_to_look()
        self.assertEqual(self.read_latency("node0", "node2"), AT_BOOT)
        self.adopt("--evaluate")
        self.assertEqual(self.read_latency("node0", "node2"), {"hma": 150})

    def test_that_returns_nonsense_changes_nothing(self):
        self.machine.tables(SSDT1=firmware.ssdt_with_hma(b"nonsense"))
        daemon = self.start()
        self.assertEqual(self.read_latency("node0", "node2"), AT_BOOT)
        self.assertIn("HMAT", "".join(health(daemon)["hmat"]["refused"]))
        self.assertIn("refused: HMAT: ", self.refused("--evaluate"))

    def test_of_more_than_16_kib_is_refused_by_name(self):
        self.machine.tables(SSDT1=firmware.ssdt_with_hma(new_hmat() + bytes(20_000)))
        self.start()
        self.assertIn("larger than the 16 KiB that acpiexec can return", self.refused("--evaluate"))


class WithoutTheDaemon(AdoptCase):
    def test_it_is_run_once(self):
        # Of this machine, whatever it is: nonsense fits none.
        done = self.adopt(self.file(b"nonsense"), check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("refused: HMAT: at offset", done.stderr)
        self.adopt("--firmware", check=False)
        self.assertEqual(self.current(), 1)

    def test_once_does_the_same_as_the_loop(self):
        self.once("--adopt", self.file(new_hmat()))
        self.assertEqual(self.read_latency("node0", "node2"), {"hma": 150})
        self.once()
        self.assertEqual(self.whole(), 1)
        self.once("--firmware")
        self.assertEqual(self.read_latency("node0", "node2"), AT_BOOT)
        self.once("--evaluate", check=1)


class Usage(command.TestCase):
    def test_a_firmware_without_method_is_refused(self):
        # Not an error of usage, nor of the file.
        done = hetmem("adopt", "--run-directory", self.place / "run", self.place / "none.hmat",
                      check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("none.hmat", done.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_only_root_may(self):
        done = hetmem("adopt", "--firmware", check=False, user=65534)
        self.assertEqual(done.returncode, 1)
        self.assertIn("only root", done.stderr)


if __name__ == "__main__":
    unittest.main()
