"""hetmem run: the policy that a command gets, its status, and what is refused."""

import os
import re
import shutil
import signal
import subprocess
import sys
import unittest
from pathlib import Path

import command
from command import HETMEM, environment, hetmem

# None beside a sanitizer, which is a malloc of its own.
LIBRARY = os.environ.get("HETMEM_MALLOC_LIBRARY") or None
PYTHON = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
POLICIES = "cut -d' ' -f2 /proc/self/numa_maps | sort -u"
MALLOC = "echo $LD_PRELOAD; echo $HETMEM_MALLOC; echo $HETMEM_MALLOC_LARGE"
needs_library = unittest.skipUnless(LIBRARY, "built with a sanitizer: there is no preloaded malloc")


def run(*words, **more):
    return hetmem("run", *words, **more)


class KernelPolicy(command.TestCase):
    def policies(self, *words, **more):
        return run(*words, "--", "sh", "-c", POLICIES, **more).stdout.split()

    def test_one_node_is_preferred(self):
        self.assertEqual(self.policies(), ["default"])
        for words in (("--bind", "node0"), ("--prefer", "node0"), ("--prefer", "0"),
                      ("--bind", "dram")):
            self.assertEqual(self.policies(*words), ["prefer:0"], words)

    def test_hard_binds_and_warns(self):
        done = run("--bind", "node0", "--hard", "--", "sh", "-c", POLICIES, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, "bind:0\n"))
        self.assertRegex(done.stderr, r"^hetmem: warning: .*node0.*kills.*\n$")

    def test_equal_weights_are_the_kernels_interleaving(self):
        self.assertEqual(self.policies("--interleave", "node0"), ["interleave:0"])
        self.assertEqual(self.policies("--interleave", "node0:5"), ["interleave:0"])

    def test_what_cannot_be_promised_is_said(self):
        done = run("--bind", "node0", "--verbose", "true", check=False)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"^hetmem: node0 is preferred.*elsewhere.*\n$")

    def test_children_of_the_command_have_it_too(self):
        done = run("--prefer", "node0", "sh", "-c", f"sh -c \"{POLICIES}\"")
        self.assertEqual(done.stdout, "prefer:0\n")


class Command(command.TestCase):
    def test_its_words_are_left_alone(self):
        for words in (("echo", "--bind", "-x", "--"), ("--", "echo", "--bind", "-x", "--")):
            self.assertEqual(run("--prefer", "node0", *words).stdout, "--bind -x --\n")
        self.assertEqual(run("--prefer=node0", "--", "echo", "a  b").stdout, "a  b\n")

    def test_its_status_input_and_environment(self):
        for verify in ((), ("--verify",)):
            done = run(*verify, "--", "sh", "-c", "cat; echo $A; exit 7", check=False,
                       stdin=None, input="typed\n", env=environment(A="b"))
            self.assertEqual((done.returncode, done.stdout), (7, "typed\nb\n"))

    def test_a_signal_ends_it(self):
        self.assertEqual(run("--", "sh", "-c", "kill -TERM $$", check=False).returncode,
                         -signal.SIGTERM)
        self.assertEqual(run("--verify", "--", "sh", "-c", "kill -KILL $$", check=False).returncode,
                         128 + signal.SIGKILL)

    def test_ended_children_that_nobody_waits_for(self):
        # The one that starts hetmem ignores SIGCHLD: the command does so too, as without hetmem.
        program = ("import signal, sys\n"
                   "print(signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN)\n"
                   "sys.exit(7)")
        for verify in ((), ("--verify",)):
            for action in (signal.SIG_IGN, signal.SIG_DFL):
                done = run(*verify, "--", PYTHON, "-S", "-c", program, check=False,
                           preexec_fn=lambda a=action: signal.signal(signal.SIGCHLD, a))
                self.assertEqual((done.returncode, done.stdout),
                                 (7, f"{action == signal.SIG_IGN}\n"), (verify, action))

    def test_a_script_without_a_first_line_is_the_shells(self):
        script = self.place / "script"
        script.write_text("echo ran $1\n")
        script.chmod(0o755)
        self.assertEqual(run("--prefer", "node0", "--", script, "x").stdout, "ran x\n")

    def test_commands_that_cannot_be_run(self):
        plain = self.place / "plain"
        plain.write_text("x")
        for verify in ((), ("--verify",)):
            self.assertIn("not found", self.fails("run", *verify, "--", "no-such-command", code=127))
            self.fails("run", *verify, "--", self.place / "none", code=127)
            self.fails("run", *verify, "--", plain, code=126)
            self.fails("run", *verify, "--", self.place, code=126)

    def test_the_help_says_where_the_command_stands(self):
        self.assertIn("Usage: hetmem run [OPTIONS] [--] COMMAND [ARGUMENTS...]\n",
                      run("--help").stdout)

    def test_misuse(self):
        for words in ((), ("--bind", "node0"), ("--bind", "node0", "--"),
                      ("--bind", "node0", "--chain", "node0", "--", "true"),
                      ("--hard", "--", "true"), ("--prefer", "node0", "--hard", "true"),
                      ("--large", "much", "true"), ("--bind", "", "true"), ("--nope", "true"),
                      ("--prefer", "node0", "--headroom", "1M", "true"), ("--large", "1M", "true"),
                      ("--headroom", "1M", "true"), ("--best", "", "true")):
            self.assertIn("--help", self.fails("run", *words, code=2))

    def test_memories_that_there_are_not(self):
        for words in (("--bind", "node999"), ("--bind", "nothing"), ("--chain", "node0,nothing"),
                      ("--interleave", "node0:0"), ("--best", "colour"), ("--cpus-near", "nothing"),
                      ("--bind", "/tmp")):
            self.fails("run", *words, "--", "true")

    def test_cpus_near(self):
        allowed = run("--cpus-near", "node0", "--", PYTHON, "-S", "-c",
                      "import os; print(sorted(os.sched_getaffinity(0)))").stdout
        cpus = Path("/sys/devices/system/node/node0/cpulist").read_text()
        of_node = set()
        for part in cpus.strip().split(","):
            first, _, last = part.partition("-")
            of_node.update(range(int(first), int(last or first) + 1))
        self.assertEqual(allowed, f"{sorted(of_node & os.sched_getaffinity(0))}\n")


class Verify(command.TestCase):
    def verified(self, *words):
        done = run("--verify", *words, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def test_it_tells_what_was_last_seen(self):
        # Ends when the one that looks at it has looked several times since the memory is there:
        # how soon it does depends on the machine.
        program = """
import os, time
x = bytearray(64 << 20)
def reads():
    with open(f"/proc/{os.getppid()}/io") as io:
        return io.read().split("syscr: ")[1].split()[0]
looks, before = 0, reads()
while looks < 6:
    time.sleep(0.02)
    now = reads()
    looks, before = looks + (now != before), now
"""
        text = self.verified("--prefer", "node0", "--", PYTHON, "-S", "-c", program)
        self.assertRegex(text, r"last seen \d+\.\d s before its end: node0 \d")
        largest = re.search(r"most that was seen: node0 ([\d.]+) MiB", text)
        self.assertGreater(float(largest[1]), 60)

    @needs_library
    def test_the_preloaded_malloc_tells_at_exit(self):
        # Ended by the C library's exit, so that the interpreter frees nothing.
        program = "kept = b'x' * (64 << 20)\nimport ctypes\nctypes.CDLL(None).exit(0)"
        text = self.verified("--bind", "node0", "--large", "1M", "--", PYTHON, "-S", "-c", program)
        found = re.search(r"at exit: node0 ([\d.]+) MiB; of it placed by malloc: node0 ([\d.]+) MiB",
                          text)
        self.assertIsNotNone(found, text)
        self.assertGreaterEqual(float(found[2]), 64)
        self.assertLess(float(found[2]), 70)
        self.assertGreater(float(found[1]), float(found[2]))

    def test_signals_reach_the_command(self):
        script = "trap 'echo caught; exit 3' TERM; echo ready; while :; do :; done"
        with subprocess.Popen([HETMEM, "run", "--verify", "--", "sh", "-c", script], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=environment()) as watching:
            self.addCleanup(watching.kill)
            self.assertEqual(watching.stdout.readline(), "ready\n")
            watching.terminate()
            self.assertEqual(watching.stdout.read(), "caught\n")
            self.assertEqual(watching.wait(60), 3)


class PreloadedMalloc(command.TestCase):
    def fails_for(self, file, *words, **more):
        return self.fails("run", "--bind", "node0", "--large", "1M", *words, "--", file, **more)

    @needs_library
    def test_it_is_found_and_told_of_the_placement(self):
        done = run("--bind", "node0", "--large", "2M", "--", "sh", "-c", MALLOC)
        library, placement, large = done.stdout.split("\n")[:3]
        self.assertTrue(os.path.samefile(library, LIBRARY))
        self.assertEqual((placement, large), ("bind:0", str(2 << 20)))
        done = run("--chain", "node0", "--headroom", "48M", "--", "sh", "-c", MALLOC)
        self.assertEqual(done.stdout.split("\n")[1], f"chain:0;headroom={48 << 20}")

    @needs_library
    def test_the_users_own_preload_is_kept(self):
        env = environment(LD_PRELOAD="libm.so.6")
        done = run("--bind", "node0", "--large", "2M", "--", "sh", "-c", MALLOC, env=env)
        self.assertRegex(done.stdout.split("\n")[0], r"libhetmem-malloc\.so:libm\.so\.6$")

    @needs_library
    def test_an_inner_run_does_as_it_is_told(self):
        done = run("--bind", "node0", "--large", "2M", "--", HETMEM, "run", "--prefer", "node0",
                   "--", "sh", "-c", "echo \"<$HETMEM_MALLOC$HETMEM_MALLOC_LARGE>\"")
        self.assertEqual(done.stdout, "<>\n")

    def test_without_the_library_it_is_refused(self):
        env = environment(HETMEM_MALLOC_LIBRARY="/nonexistent/lib.so")
        self.assertIn("/nonexistent/lib.so", self.fails_for("true", env=env))
        # What the kernel does needs none.
        run("--bind", "node0", "--", "true", env=env)

    @needs_library
    def test_what_it_cannot_be_loaded_into_is_refused(self):
        busybox = shutil.which("busybox")
        if busybox:
            self.assertIn("statically linked", self.fails_for(busybox))
            script = self.place / "script"
            script.write_text(f"#!{busybox} sh\necho\n")
            script.chmod(0o755)
            self.assertIn("statically linked", self.fails_for(script))
        if os.geteuid() == 0:
            program = shutil.copy(shutil.which("true"), self.place)
            os.chown(program, 12345, 12345)
            os.chmod(program, 0o4755)
            self.assertIn("set-user-ID", self.fails_for(program))
        small = self.place / "small"
        small.write_bytes(b"\x7fELF\x01" + bytes(200))
        small.chmod(0o755)
        self.assertIn("another architecture", self.fails_for(small))

    @needs_library
    def test_a_folder_that_cannot_be_preloaded_from(self):
        folder = self.place / "a b"
        folder.mkdir()
        copy = shutil.copy(LIBRARY, folder)
        env = environment(HETMEM_MALLOC_LIBRARY=str(copy))
        self.assertIn("space", self.fails_for("true", env=env))


if __name__ == "__main__":
    unittest.main()
