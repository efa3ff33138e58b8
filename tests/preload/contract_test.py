"""What malloc promises, asked by a program that knows nothing of us (contract.cpp)."""

import os
import re
import subprocess
import unittest

import preloaded
from preloaded import LIBRARY, PYTHON, environment, run

CONTRACT = os.environ["CONTRACT"]
MIB = 1 << 20
DEVICE_SIZE = 64 * MIB


class Malloc(preloaded.TestCase):
    def test_the_contract(self):
        for check in ("is_preloaded", "errors", "alignment", "usable_size", "contents", "foreign",
                      "cpp", "threads", "forks", "spawn", "giving_back"):
            for placement in (None, "bind:0"):
                with self.subTest(check=check, placement=placement):
                    run(CONTRACT, check, env=environment(HETMEM_MALLOC=placement))

    def test_before_any_constructor_has_run(self):
        early = os.environ["EARLY"]
        for libraries in (f"{LIBRARY}:{early}", f"{early}:{LIBRARY}"):
            run(CONTRACT, "early", env=environment(LD_PRELOAD=libraries))

    def test_libraries_come_and_go(self):
        for library in (os.environ["LIBHETMEM"], "libm.so.6"):
            run(CONTRACT, "loading", library)

    def test_it_needs_the_c_library_only(self):
        dynamic = run("readelf", "-dW", LIBRARY, env=environment(LD_PRELOAD=None)).stdout
        self.assertEqual(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic), ["libc.so.6"])
        segments = run("readelf", "-lW", LIBRARY, env=environment(LD_PRELOAD=None)).stdout
        for size in re.findall(r"^ +TLS +\S+ \S+ \S+ \S+ (0x\S+)", segments, re.MULTILINE):
            self.assertLessEqual(int(size, 16), 64)
        symbols = run("nm", "-D", "--defined-only", LIBRARY, env=environment(LD_PRELOAD=None)).stdout
        names = {line.split()[-1] for line in symbols.splitlines()}
        self.assertLessEqual({"malloc", "free", "calloc", "realloc", "posix_memalign"}, names)
        self.assertFalse([n for n in names if n.startswith("_Z")])

    def test_a_small_program_stays_small(self):
        def resident(preload):
            status = run("cat", "/proc/self/status", env=environment(LD_PRELOAD=preload)).stdout
            return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])
        self.assertLess(resident(LIBRARY), resident(None) + 1024)


class Placement(preloaded.TestCase):
    def test_blocks_have_the_policy(self):
        for placement in ("bind:0", "prefer:0", "chain:0", "chain:0;headroom=0", "interleave:0*3"):
            with self.subTest(placement):
                run(CONTRACT, "placed", env=environment(HETMEM_MALLOC=placement))

    def test_only_large_blocks(self):
        for placement in ("bind:0", "interleave:0"):
            run(CONTRACT, "large_only",
                env=environment(HETMEM_MALLOC=placement, HETMEM_MALLOC_LARGE="1048576"))

    def test_what_cannot_be_read_is_told_and_changes_nothing(self):
        for changes in ({"HETMEM_MALLOC": "bind:node0"}, {"HETMEM_MALLOC": "somewhere"},
                        {"HETMEM_MALLOC": "bind:0", "HETMEM_MALLOC_LARGE": "1M"}):
            done = run(PYTHON, "-S", "-c", "print(len('x' * 3000000))", check=False,
                       env=environment(**changes))
            self.assertEqual((done.returncode, done.stdout), (0, "3000000\n"))
            self.assertRegex(done.stderr, r"^libhetmem-malloc: HETMEM_MALLOC\S+ is [^\n]*\n$")

    def test_a_node_that_is_none_is_told_once(self):
        done = run(PYTHON, "-S", "-c", "print(len([0] * 3000000))", check=False,
                   env=environment(HETMEM_MALLOC="prefer:1000"))
        self.assertEqual((done.returncode, done.stdout), (0, "3000000\n"))
        self.assertRegex(done.stderr, r"^libhetmem-malloc: [^\n]*cannot be used[^\n]*\n$")

    def test_a_full_chain_is_an_error_of_malloc(self):
        # Nothing has that much room: the headroom keeps all of it.
        done = run(PYTHON, "-S", "-c", "bytearray(64 << 20)", check=False,
                   env=environment(HETMEM_MALLOC=f"chain:0;headroom={1 << 60}",
                                   HETMEM_MALLOC_LARGE="1048576"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("MemoryError", done.stderr)


class Device(preloaded.TestCase):
    """An ordinary file in the place of a dax device: the kernel treats its locks and shared
    mappings alike."""

    def setUp(self):
        super().setUp()
        self.file = self.place / "device"
        self.file.write_bytes(os.urandom(MIB) * (DEVICE_SIZE // MIB))
        self.env = environment(HETMEM_MALLOC=f"bind:{self.file};size={DEVICE_SIZE}")

    def test_blocks_are_there_and_a_child_has_its_own(self):
        run(CONTRACT, "device", self.file, env=self.env)

    def test_two_programs_share_it(self):
        run(CONTRACT, "device_shared", env=self.env)

    def test_the_extents_of_a_killed_program_are_free(self):
        env = self.env | {"HETMEM_MALLOC_LARGE": "1048576"}
        program = "x = bytearray(50 << 20); print('held', flush=True); input()"
        for _ in range(3):
            with subprocess.Popen([PYTHON, "-S", "-c", program], env=env, text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
                self.addCleanup(holder.kill)
                self.assertEqual(holder.stdout.readline(), "held\n")
                refused = run(PYTHON, "-S", "-c", "bytearray(50 << 20)", env=env, check=False)
                self.assertIn("MemoryError", refused.stderr)
                holder.kill()

    def test_what_does_not_fit_goes_to_the_next_of_a_chain(self):
        placement = f"chain:{self.file};size={DEVICE_SIZE},0"
        program = f"""
x = bytearray(80 << 20)
sizes = {{}}
for line in open("/proc/self/smaps"):
    words = line.split()
    if "-" in words[0] and not words[0].endswith(":"):
        name = words[5] if len(words) > 5 else ""
    elif words[0] == "Rss:":
        sizes[name] = sizes.get(name, 0) + int(words[1]) * 1024
print(sizes["{self.file}"], sizes[""])
"""
        done = run(PYTHON, "-S", "-c", program,
                   env=environment(HETMEM_MALLOC=placement, HETMEM_MALLOC_LARGE="1048576"))
        on_device, elsewhere = map(int, done.stdout.split())
        self.assertEqual(on_device, DEVICE_SIZE)
        self.assertGreaterEqual(elsewhere, 16 * MIB)

    def test_forked_workers_have_copies(self):
        program = """
import multiprocessing
data = bytearray(range(256)) * 40000
def work(n):
    data[n] = 255 - n
    return sum(data)
with multiprocessing.get_context("fork").Pool(3) as pool:
    sums = pool.map(work, range(12), chunksize=4)
print(len(sums), sum(data) == sum(range(256)) * 40000)
"""
        self.assertEqual(run(PYTHON, "-S", "-c", program, env=self.env).stdout, "12 True\n")


if __name__ == "__main__":
    unittest.main()
