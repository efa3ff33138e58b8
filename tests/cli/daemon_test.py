"""hetmemd as an administrator meets it: on made-up machines, published in a directory of its own."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest
from pathlib import Path

import command
import machines
from command import SOURCE, environment

HETMEMD = os.environ.get("HETMEMD", "hetmemd")
LONG = 60  # seconds until a test gives up


def until(holds, what):
    end = time.monotonic() + LONG
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"not within {LONG} s: {what}")
        time.sleep(0.001)


class Daemon:
    """A hetmemd that runs until the test ends, and tells when it is ready."""

    def __init__(self, test, *words):
        self.run_directory = test.place / "run"
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        manager.settimeout(LONG)
        address = test.place / f"notify-{len(test.daemons)}"
        manager.bind(str(address))
        self.process = subprocess.Popen(
            [HETMEMD, "--run-directory", self.run_directory, "--root", test.root, *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env=environment(NOTIFY_SOCKET=str(address)))
        test.daemons.append(self)
        self.manager = manager

    def wait_until_ready(self):
        message = self.manager.recv(1000).decode()
        assert message.startswith("READY=1"), message
        return self

    def asked_to_look(self):
        """SIGHUP; returns when it has looked."""
        looks = health(self)["looks"]
        self.process.send_signal(signal.SIGHUP)
        until(lambda: health(self)["looks"] > looks, "it looks")

    def end(self, how=signal.SIGTERM):
        """The exit status, and what was said on standard error."""
        self.process.send_signal(how)
        return self.wait()

    def wait(self):
        said = self.process.communicate(timeout=LONG)[1]
        self.manager.close()
        return self.process.returncode, said


def health(daemon):
    return json.loads((daemon.run_directory / "health.json").read_text())


def history(place):
    return [json.loads(line) for line in (place / "history.jsonl").read_text().splitlines()]


def topology(place):
    return json.loads((place / "topology.json").read_text())


class DaemonCase(command.TestCase):
    def setUp(self):
        super().setUp()
        self.place.chmod(0o755)
        self.root = self.place / "machine"
        self.machine = machines.two_sockets(self.root)
        self.run = self.place / "run"
        self.daemons = []
        self.addCleanup(self.end_all)

    def end_all(self):
        for daemon in self.daemons:
            if daemon.process.returncode is None:
                daemon.process.kill()
                daemon.wait()

    def once(self, *words, check=0):
        done = subprocess.run(
            [HETMEMD, "--once", "--run-directory", self.run, "--root", self.root, *words],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LONG, check=False,
            env=environment())
        self.assertEqual(done.returncode, check, done.stderr)
        return done

    def unplug_node_3(self):
        shutil.rmtree(self.root / "sys/devices/system/node/node3")

    def current(self):
        return int(os.readlink(self.run / "current").removeprefix("generations/"))

    def whole(self, killed=False):
        """The number of the generation, of which every part must be there and say so. One that was
        killed may have left more than that and the one before."""
        number = self.current()
        self.assertEqual(topology(self.run)["generation"], number)
        self.assertEqual(history(self.run)[-1]["generation"], number)
        for name in ("snapshot", "private", "topology.json", "history.jsonl", "hwloc.xml",
                     "hmem/mem_tgt0/firmware_id", "fsroot/sys/devices/system/node/online"):
            self.assertTrue((self.run / "current" / name).exists(), name)
        if not killed:
            self.assertLessEqual(set(os.listdir(self.run / "generations")),
                                 {str(number), str(number - 1)})
        return number


class Publishing(DaemonCase):
    def test_everything_is_there_when_it_says_that_it_is_ready(self):
        daemon = Daemon(self).wait_until_ready()
        self.assertEqual(self.whole(), 1)
        names = {target["name"] for target in topology(self.run)["targets"]}
        self.assertLessEqual({"node0", "node1", "node2", "node3"}, names)
        self.assertEqual(health(daemon)["pid"], daemon.process.pid)
        self.assertIsNone(health(daemon)["last_error"])
        self.assertEqual(daemon.end()[0], 0)
        self.assertEqual(self.whole(), 1)

    def test_what_it_publishes_is_what_the_command_shows(self):
        self.once()
        shown = command.described("--root", self.root)
        published = topology(self.run)
        for description in (shown, published):
            command.without_changing(description)
            for target in description["targets"]:
                target["ranges"] = None
        self.assertEqual(shown, published)

    def test_a_change_is_a_new_generation_that_says_what_it_was(self):
        daemon = Daemon(self).wait_until_ready()
        self.unplug_node_3()
        daemon.asked_to_look()
        self.assertEqual(self.whole(), 2)
        last = history(self.run)[-1]
        self.assertEqual(last["cause"], "request")
        self.assertIn("node3", {change["target"] for change in last["changes"]})
        self.assertRegex(last["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        # The one before is still there for who is in the middle of it.
        before = json.loads((self.run / "generations/1/topology.json").read_text())
        self.assertIn("node3", {target["name"] for target in before["targets"]})

    def test_a_look_that_finds_nothing_new_publishes_nothing(self):
        daemon = Daemon(self).wait_until_ready()
        inode = (self.run / "current/snapshot").stat().st_ino
        daemon.asked_to_look()
        self.assertEqual(self.whole(), 1)
        self.assertEqual((self.run / "current/snapshot").stat().st_ino, inode)

    def test_a_restart_goes_on_where_it_was(self):
        self.once()
        self.unplug_node_3()
        self.once()
        self.assertEqual(self.whole(), 2)
        inode = (self.run / "current/snapshot").stat().st_ino
        daemon = Daemon(self).wait_until_ready()
        self.assertEqual(self.whole(), 2)
        self.assertEqual((self.run / "current/snapshot").stat().st_ino, inode)
        self.assertEqual(len(history(self.run)), 2)
        self.assertEqual(health(daemon)["generation"], 2)

    def test_another_boot_begins_a_history_of_its_own(self):
        boot = "proc/sys/kernel/random/boot_id"
        self.machine.write(boot, "11111111-2222-3333-4444-555555555555\n")
        self.once()
        self.machine.write(boot, "11111111-2222-3333-4444-666666666666\n")
        self.once()
        self.assertEqual(self.whole(), 2)
        self.assertEqual(len(history(self.run)), 1)

    def test_damage_to_what_is_published_is_mended(self):
        self.once()
        (self.run / "current/private").write_bytes(b"nonsense")
        self.once()
        self.assertEqual(self.whole(), 2)

    def test_others_read_it_all_but_not_what_only_root_may_know(self):
        self.once()
        self.assertEqual((self.run / "current/private").stat().st_mode & 0o777, 0o600)
        self.assertEqual((self.run / "current/snapshot").stat().st_mode & 0o777, 0o644)
        base = self.machine.nodes[2]["base"]
        for directory, _, names in os.walk(self.run / "current", followlinks=False):
            for name in names:
                file = Path(directory, name)
                if not file.is_symlink() and file.stat().st_mode & 0o044:
                    text = file.read_bytes()
                    for form in (f"{base:x}", str(base)):
                        self.assertNotIn(form.encode(), text, file)


class Trouble(DaemonCase):
    def test_a_second_one_names_the_lock(self):
        Daemon(self).wait_until_ready()
        done = self.once(check=1)
        self.assertIn(str(self.run / "lock"), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)

    def test_killed_it_leaves_the_lock_to_the_next(self):
        Daemon(self).wait_until_ready().end(signal.SIGKILL)
        self.unplug_node_3()
        self.once()
        self.assertEqual(self.whole(), 2)

    def test_killed_in_the_middle_of_publishing_what_is_there_is_whole(self):
        # Every step is tried in the tests of run_directory; here the whole program is killed, as
        # soon as a certain file appears.
        node, away = self.root / "sys/devices/system/node/node3", self.place / "node3"
        self.once()
        milestones = (".new-{}", ".new-{}/private", ".new-{}/hmem", ".new-{}/hwloc.xml",
                      ".new-{}/fsroot/sys/devices/system/node/online", "{}")
        for milestone in milestones * 2:
            shutil.move(*((node, away) if node.exists() else (away, node)))
            before = self.whole()
            appears = self.run / "generations" / milestone.format(before + 1)
            daemon = Daemon(self)
            until(lambda: appears.exists() or self.current() > before,  # noqa: B023
                  f"{appears} appears")
            daemon.end(signal.SIGKILL)
            self.assertIn(self.whole(killed=True), (before, before + 1))
            self.once()
            self.assertEqual(self.whole(), before + 1)

    def test_a_look_that_fails_keeps_what_is_published_and_is_told(self):
        daemon = Daemon(self).wait_until_ready()
        shutil.move(self.root / "sys", self.root / "nothing")
        (self.root / "proc/meminfo").unlink(missing_ok=True)
        daemon.asked_to_look()
        told = health(daemon)
        self.assertIn("no memory is described", told["last_error"]["text"])
        self.assertEqual(told["failed_looks"], 1)
        self.assertEqual(self.whole(), 1)
        # It tries again by itself, and says no more once that worked.
        shutil.move(self.root / "nothing", self.root / "sys")
        until(lambda: health(daemon)["last_error"] is None, "it tries again")
        self.assertEqual(self.whole(), 1)
        self.assertIn("cannot publish", daemon.end()[1])

    def test_a_directory_where_others_may_write_is_refused(self):
        self.run.mkdir()
        self.run.chmod(0o777)
        self.assertIn(str(self.run), self.once(check=1).stderr)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_only_root_publishes_for_everybody(self):
        copy = shutil.copy(HETMEMD, self.place)
        done = subprocess.run([copy, "--once"], user=65534, capture_output=True, text=True,
                              timeout=LONG, check=False, env=environment())
        self.assertEqual(done.returncode, 1)
        self.assertIn("only root", done.stderr)
        self.assertIn("--run-directory", done.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_anybody_may_publish_for_himself(self):
        copy = shutil.copy(HETMEMD, self.place)
        mine = self.place / "mine"
        mine.mkdir()
        os.chown(mine, 65534, 65534)
        subprocess.run([copy, "--once", "--run-directory", mine / "run", "--root", self.root],
                       user=65534, timeout=LONG, check=True, env=environment(),
                       stderr=subprocess.DEVNULL)
        self.assertEqual(topology(mine / "run")["generation"], 1)


class Privileges(DaemonCase):
    def status(self, daemon):
        text = Path(f"/proc/{daemon.process.pid}/status").read_text()
        return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)

    def test_none_are_left(self):
        daemon = Daemon(self).wait_until_ready()
        status = self.status(daemon)
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            self.assertEqual(int(status[name], 16), 0, name)
        if os.geteuid() == 0:
            self.assertEqual(int(status["CapBnd"], 16), 0)
        self.assertEqual(status["NoNewPrivs"], "1")
        self.assertEqual(status["Threads"], "1")
        self.assertIn("without capabilities", health(daemon)["privileges"])


class Usage(unittest.TestCase):
    def run_daemon(self, *words):
        return subprocess.run([HETMEMD, *words], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=LONG, check=False, env=environment())

    def test_help_and_version(self):
        self.assertRegex(self.run_daemon("--version").stdout, r"^hetmemd \d+\.\d+\.\d+\n$")
        done = self.run_daemon("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        # The manual page has the same options.
        page = (SOURCE / "docs/man/hetmemd.8").read_text().replace("\\-", "-")
        for option in re.findall(r"--[a-z][a-z-]*", done.stdout):
            self.assertIn(option, page)

    def test_mistakes_are_one_line_and_2(self):
        for words in (["--frobnicate"], ["start"], ["--evaluate"], ["--root", "/tmp"],
                      ["--once", "--evaluate", "--firmware"]):
            done = self.run_daemon(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertTrue(done.stderr.startswith("hetmemd: "), done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
class Unit(command.TestCase):
    def setUp(self):
        super().setUp()
        text = (SOURCE / "systemd/hetmemd.service.in").read_text()
        self.unit = self.place / "hetmemd.service"
        self.unit.write_text(text.replace("@HETMEMD@", str(Path(HETMEMD).resolve())))

    def analyze(self, *words):
        return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True,
                              timeout=LONG, check=False, env=environment())

    def test_systemd_understands_it(self):
        done = self.analyze("verify", "--man=no", self.unit)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_it_is_exposed_to_little(self):
        done = self.analyze("security", "--offline=true", "--threshold=20", "--no-pager", self.unit)
        self.assertEqual(done.returncode, 0, done.stdout[-300:] + done.stderr)


if __name__ == "__main__":
    unittest.main()
