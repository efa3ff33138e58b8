"""hetmem capture: all that describes a machine, and nothing that tells whose it is."""

import fcntl
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import tarfile
import time
import unittest
from pathlib import Path

import command
import machines
from command import HETMEM, described, environment, hetmem, without_changing


class Captured(command.TestCase):
    def same_description(self, archive, *machine):
        self.assertEqual(without_changing(described("--root", archive)),
                         without_changing(described(*machine)))

    def test_this_machine(self):
        archive = self.place / "here.tar.gz"
        # Tests beside this one fill pools of huge pages (tests/support/huge_pages.hpp).
        if Path("/sys/kernel/mm/hugepages").is_dir():
            pools = os.open("/sys/kernel/mm/hugepages", os.O_RDONLY)
            self.addCleanup(os.close, pools)
            fcntl.flock(pools, fcntl.LOCK_SH)
        hetmem("capture", archive)
        self.same_description(archive)

    def test_made_up_machines(self):
        for make in (machines.desk, machines.two_sockets, machines.everything):
            root = self.place / make.__name__
            make(root)
            archive = self.place / f"{make.__name__}.tar.gz"
            hetmem("capture", "--root", root, archive)
            self.same_description(archive, "--root", root)

    def test_a_capture_of_a_capture(self):
        machines.everything(self.place / "machine")
        first, second = self.place / "1.tar.gz", self.place / "2.tar.gz"
        hetmem("capture", "--root", self.place / "machine", first)
        with tarfile.open(first) as archive:
            archive.extractall(self.place / "unpacked")
        hetmem("capture", "--root", self.place / "unpacked/hetmem-capture", second)
        self.same_description(second, "--root", self.place / "machine")

    def test_the_same_machine_gives_the_same_bytes(self):
        machines.everything(self.place / "machine")
        for name in ("1.tar.gz", "2.tar.gz"):
            hetmem("capture", "--root", self.place / "machine", self.place / name)
        self.assertEqual((self.place / "1.tar.gz").read_bytes(),
                         (self.place / "2.tar.gz").read_bytes())

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_every_file_that_a_description_opens_is_in_it(self):
        machines.everything(self.place / "machine")
        archive = self.place / "x.tar.gz"
        hetmem("capture", "--root", self.place / "machine", archive)
        with tarfile.open(archive) as content:
            content.extractall(self.place)
        opened = self.opened_files(self.place / "machine")
        self.assertGreater(len(opened), 100)
        copied = {str(p.relative_to(self.place / "hetmem-capture"))
                  for p in (self.place / "hetmem-capture").rglob("*") if p.is_file()}
        self.assertEqual(opened - copied, set())

    def opened_files(self, root):
        """What `hetmem show` opens and reads below a root, as real paths relative to it."""
        trace = self.place / "trace"
        done = subprocess.run(["strace", "-f", "-y", "-e", "trace=read", "-s", "0", "-o", trace,
                               HETMEM, "show", "--root", root], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, env=environment(), check=False)
        if done.returncode != 0:
            self.skipTest(f"strace does not work here: {done.stderr.strip()}")
        return {path[len(str(root)) + 1:]
                for path in re.findall(r"read\(\d+<([^>]*)>", trace.read_text())
                if path.startswith(f"{root}/")}


class Private(command.TestCase):
    def test_nothing_in_it_tells_one_machine_from_another(self):
        machines.everything(self.place / "machine")
        hetmem("capture", "--root", self.place / "machine", self.place / "x.tar.gz")
        with tarfile.open(self.place / "x.tar.gz") as archive:
            for member in archive.getmembers():
                self.assertEqual((member.uid, member.gid, member.mtime), (0, 0, 0))
                self.assertIn(member.uname, ("", "root"))
                if not member.isfile():
                    continue
                content = archive.extractfile(member).read().lower()
                for secret in (b"deadbeef", b"secret-host", b"serial", b"c0ffee5e7e01",
                               b"3f2504e0-4f89", b"52:54:00", b"somebody"):
                    self.assertNotIn(secret, content, member.name)
                self.assertNotRegex(member.name, "serial|uuid|dmi|cmdline|version|hostname")

    def test_nothing_in_one_of_this_machine_names_it(self):
        hetmem("capture", self.place / "x.tar.gz")
        secrets = {os.uname().nodename.encode()}
        for file in ("/etc/machine-id", "/proc/sys/kernel/random/boot_id",
                     "/sys/class/dmi/id/product_uuid", "/sys/class/dmi/id/product_serial"):
            try:
                secrets.add(Path(file).read_bytes().strip())
            except OSError:
                pass
        for address in Path("/sys/class/net").glob("*/address"):
            secrets.add(address.read_bytes().strip())
        # Short or empty ones ("localhost", "00:00:...") would be found by chance.
        secrets = {s for s in secrets if len(s) > 8 and s.strip(b"0:")} - {b"localhost"}
        with tarfile.open(self.place / "x.tar.gz") as archive:
            for member in archive.getmembers():
                content = archive.extractfile(member).read() if member.isfile() else b""
                for secret in secrets:
                    self.assertNotIn(secret, content)
                    self.assertNotIn(secret.decode(errors="replace"), member.name)

    def test_what_ordinary_users_may_not_read_only_its_owner_reads(self):
        machine = machines.two_sockets(self.place / "machine")
        hetmem("capture", "--root", machine.root, self.place / "open.tar.gz")
        (machine.root / "sys/firmware/acpi/tables/HMAT").chmod(0o400)
        hetmem("capture", "--root", machine.root, self.place / "closed.tar.gz")
        mode = lambda name: stat.S_IMODE((self.place / name).stat().st_mode)  # noqa: E731
        self.assertEqual(mode("closed.tar.gz"), 0o600)
        self.assertEqual(mode("open.tar.gz") & 0o400, 0o400)
        self.assertNotEqual(mode("open.tar.gz"), 0o600)

    @unittest.skipIf(os.geteuid() != 0, "only root can become another user")
    def test_what_could_not_be_read_is_told_now_and_later(self):
        machine = machines.two_sockets(self.place / "machine")
        for table in (machine.root / "sys/firmware/acpi/tables").iterdir():
            table.chmod(0o400)
        self.place.chmod(0o777)
        archive = self.place / "x.tar.gz"
        done = hetmem("capture", "--root", machine.root, archive, check=False, user=65534)
        self.assertEqual(done.returncode, 0, done.stderr)
        for word in ("left out", "HMAT", "run it as root", "figures"):
            self.assertIn(word, done.stderr)
        for user in (0, 65534):
            shown = hetmem("show", "--json", "--root", archive, user=user).stdout
            sources = json.loads(shown)["sources"]
            self.assertIn("not_permitted", [s["status"] for s in sources if s["what"] == "HMAT"])
        direct = hetmem("show", "--json", "--root", machine.root, user=65534).stdout
        self.assertEqual(json.loads(shown), json.loads(direct))


class Archives(command.TestCase):
    def setUp(self):
        super().setUp()
        self.temporary = self.place / "temporary"
        self.temporary.mkdir()
        self.env = environment(TMPDIR=str(self.temporary))

    def nothing_is_left(self):
        self.assertEqual(list(self.temporary.iterdir()), [])

    def test_nothing_is_left_after_success_and_failure(self):
        machines.two_sockets(self.place / "machine")
        archive = self.place / "x.tar.gz"
        hetmem("capture", "--root", self.place / "machine", archive, env=self.env)
        self.nothing_is_left()
        hetmem("show", "--root", archive, env=self.env)
        self.nothing_is_left()
        archive.write_bytes(archive.read_bytes()[:200])
        self.assertIn("x.tar.gz", self.fails("show", "--root", archive, env=self.env))
        self.nothing_is_left()
        self.fails("capture", "--root", self.place / "nowhere", self.place / "y.tar.gz",
                   env=self.env)
        self.fails("capture", "--root", self.temporary, self.place / "y.tar.gz", env=self.env)
        self.fails("capture", self.place / "no" / "y.tar.gz", env=self.env)
        self.nothing_is_left()
        self.assertEqual(sorted(p.name for p in self.place.iterdir()),
                         ["machine", "temporary", "x.tar.gz"])

    def test_nothing_is_left_after_a_signal(self):
        # A tar that never ends, told by a file that it was started.
        tools = self.place / "tools"
        tools.mkdir()
        started = self.place / "started"
        (tools / "tar").write_text(f"#!/bin/sh\n: > {started}\nexec sleep 50\n")
        (tools / "tar").chmod(0o755)
        (self.place / "x.tar.gz").write_bytes(b"")
        env = dict(self.env, PATH=f"{tools}:{self.env['PATH']}")
        for number in (signal.SIGTERM, signal.SIGINT):
            started.unlink(missing_ok=True)
            with subprocess.Popen([HETMEM, "show", "--root", self.place / "x.tar.gz"], env=env,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                deadline = time.monotonic() + 30
                while not started.exists() and time.monotonic() < deadline:
                    os.sched_yield()
                process.send_signal(number)
                self.assertEqual(process.wait(timeout=30), -number)
            self.nothing_is_left()

    def test_without_tar_the_message_says_so(self):
        empty = self.place / "empty"
        empty.mkdir()
        self.assertIn("tar is needed", self.fails(
            "capture", self.place / "x.tar.gz", env=dict(self.env, PATH=str(empty))))
        self.nothing_is_left()

    def test_any_name_is_a_file_name(self):
        machines.desk(self.place / "machine")
        for name in ("host:name.tar.gz", "-x.tar.gz", "with space;$(id).tar.gz"):
            hetmem("capture", "--root", "machine", "--", name, cwd=self.place)
            self.assertIn("node0", hetmem("show", f"--root={name}", cwd=self.place).stdout)

    def test_settings_of_tar_do_not_matter(self):
        machines.desk(self.place / "machine")
        env = environment(TAR_OPTIONS="--exclude=sys --verbose", GZIP="-v")
        hetmem("capture", "--root", self.place / "machine", self.place / "x.tar.gz", env=env)
        self.assertIn("node0", hetmem("show", "--root", self.place / "x.tar.gz", env=env).stdout)

    def test_an_archive_from_anybody_is_harmless(self):
        """Pipes, absolute links, names with .., directories that cannot be entered."""
        machines.desk(self.place / "machine")
        archive = self.place / "evil.tar"
        with tarfile.open(archive, "w") as evil:
            evil.add(self.place / "machine", "machine")
            for name in ("machine/sys/firmware/acpi/tables/HMAT",
                         "machine/sys/devices/system/node/node0/distance"):
                pipe = tarfile.TarInfo(name)
                pipe.type = tarfile.FIFOTYPE
                evil.addfile(pipe)
            outside = tarfile.TarInfo("machine/outside")
            outside.type, outside.linkname = tarfile.SYMTYPE, str(self.place)
            evil.addfile(outside)
            through = tarfile.TarInfo("machine/outside/written")
            evil.addfile(through)
            closed = tarfile.TarInfo("machine/sys/closed")
            closed.type, closed.mode = tarfile.DIRTYPE, 0
            evil.addfile(closed)
        hetmem("show", "--root", archive, env=self.env, check=False)
        self.nothing_is_left()
        self.assertFalse((self.place / "written").exists())

    def test_what_is_no_machine_is_told(self):
        with tarfile.open(self.place / "x.tar.gz", "w:gz") as archive:
            archive.addfile(tarfile.TarInfo("readme"))
        self.assertIn("no machine", self.fails("show", "--root", self.place / "x.tar.gz",
                                               env=self.env))
        self.nothing_is_left()


if __name__ == "__main__":
    unittest.main()
