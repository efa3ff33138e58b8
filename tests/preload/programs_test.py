"""Debian's programs do under the preloaded malloc what they do without it."""

import os
import shutil
import subprocess
import time
import unittest

import preloaded
from preloaded import PYTHON, environment, run

PLACEMENTS = (None, "bind:0", "interleave:0")

PYTHON_WORK = """
import ctypes, hashlib, json, multiprocessing, os, random, sqlite3, subprocess, sys, threading, zlib

def churn(seed):
    draw = random.Random(seed)
    kept = {}
    for i in range(20000):
        kept[draw.randrange(3000)] = "x" * draw.randrange(2000)
        if i % 3 == 0:
            kept.pop(draw.randrange(3000), None)
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()

expected = [churn(seed) for seed in range(4)]
found = [None] * 4
def in_thread(seed):
    found[seed] = churn(seed)
threads = [threading.Thread(target=in_thread, args=(seed,)) for seed in range(4)]
[t.start() for t in threads]

# Children forked while the threads are at work, and programs started by them.
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map(churn, range(4)) == expected
for _ in range(5):
    said = subprocess.run([sys.executable, "-S", "-c", "print(sum(range(1000)))"],
                          stdout=subprocess.PIPE, check=True).stdout
    assert said == b"499500\\n"
[t.join() for t in threads]
assert found == expected

base = sqlite3.connect(":memory:")
base.execute("create table words (id integer primary key, word text)")
base.executemany("insert into words (word) values (?)", [(str(i) * 20,) for i in range(20000)])
assert base.execute("select count(*), max(length(word)) from words").fetchone() == (20000, 100)
base.close()

data = os.urandom(1 << 20) * 8
assert zlib.decompress(zlib.compress(data, 1)) == data

# ctypes opens libraries while the process runs, and uses what they allocate.
for name in LIBRARIES:
    library = ctypes.CDLL(name)
libc = ctypes.CDLL(None)
libc.strdup.restype = ctypes.c_void_p
copy = libc.strdup(b"hello")
assert ctypes.string_at(copy) == b"hello"
libc.free(ctypes.c_void_p(copy))
print("done")
"""

CPP_PROGRAM = """
#include <algorithm>
#include <iostream>
#include <map>
#include <regex>
#include <string>
#include <tuple>
#include <variant>
#include <vector>
template <int N> struct chain { std::map<std::string, std::tuple<int, chain<N - 1>>> next; };
template <> struct chain<0> { std::variant<int, std::string> last; };
int main() {
    chain<40> all;
    std::regex digits("[0-9]+");
    std::vector<std::string> words{"1", "a", "22"};
    std::cout << std::count_if(words.begin(), words.end(), [&](const std::string& w) {
        return std::regex_match(w, digits);
    }) << all.next.size() << std::endl;
}
"""

SQLITE_WORK = """
create table t (id integer primary key, a text, b integer);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 60000)
insert into t (a, b) select hex(randomblob(40)), i * 7919 % 10007 from n;
create index t_b on t (b);
create index t_a on t (a);
update t set a = a || b where b % 3 = 0;
delete from t where b % 5 = 0;
select count(*), sum(b), sum(length(a)) from t;
select count(*) from (select b, group_concat(a) from t group by b);
vacuum;
pragma integrity_check;
"""


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is not installed")


class Programs(preloaded.TestCase):
    def test_python(self):
        program = PYTHON_WORK.replace("LIBRARIES", repr([os.environ["LIBHETMEM"], "libm.so.6"]))
        for placement in PLACEMENTS:
            with self.subTest(placement):
                done = run(PYTHON, "-c", program, env=environment(HETMEM_MALLOC=placement))
                self.assertEqual(done.stdout, "done\n")

    @needs("sqlite3")
    def test_sqlite3(self):
        without = run("sqlite3", ":memory:", input=SQLITE_WORK, stdin=None,
                      env=environment(LD_PRELOAD=None)).stdout
        self.assertTrue(without.endswith("ok\n"), without)
        for placement in PLACEMENTS:
            done = run("sqlite3", ":memory:", input=SQLITE_WORK, stdin=None,
                       env=environment(HETMEM_MALLOC=placement))
            self.assertEqual(done.stdout, without)

    @needs("g++")
    def test_a_cpp_build(self):
        source = self.place / "program.cpp"
        source.write_text(CPP_PROGRAM)
        objects = []
        for preload, placement in ((None, None), (preloaded.LIBRARY, "bind:0")):
            built = self.place / f"program{len(objects)}"
            run("g++", "-std=c++17", "-O1", "-fno-ident", "-c", source, "-o", f"{built}.o",
                env=environment(LD_PRELOAD=preload, HETMEM_MALLOC=placement))
            run("g++", f"{built}.o", "-o", built,
                env=environment(LD_PRELOAD=preload, HETMEM_MALLOC=placement))
            self.assertEqual(run(built, env=environment(HETMEM_MALLOC=placement)).stdout, "20\n")
            objects.append(built.with_suffix(".o").read_bytes())
        self.assertEqual(*objects)

    @needs("redis-server")
    def test_redis(self):
        for placement in PLACEMENTS[:2]:
            with self.subTest(placement):
                self.use_redis(placement)

    def use_redis(self, placement):
        path = self.place / "redis.socket"
        server = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", path, "--dir", self.place, "--save", "",
             "--appendonly", "no", "--daemonize", "no", "--io-threads", "2"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=environment(HETMEM_MALLOC=placement))
        with server:
            self.addCleanup(server.kill)
            while b"ready to accept" not in server.stdout.readline():
                self.assertIsNone(server.poll())
            run("redis-benchmark", "-s", path, "-q", "-n", "3000", "-r", "2000", "-d", "700",
                "-P", "8", "-t", "set,get,lpush,lpop,sadd,hset,spop,zadd,zpopmin,lrange_300,mset",
                env=environment(LD_PRELOAD=None))

            def ask(*words):
                return run("redis-cli", "-s", path, *words,
                           env=environment(LD_PRELOAD=None)).stdout.strip()
            ask("eval", "for i = 1, 20000 do redis.call('set', 'k' .. i, string.rep('v', i % 900)) "
                        "end", "0")
            keys = ask("dbsize")
            # A forked child writes what the parent holds, while the parent goes on.
            self.assertIn("started", ask("bgsave"))
            run("redis-benchmark", "-s", path, "-q", "-n", "3000", "-r", "2000", "-t", "get",
                env=environment(LD_PRELOAD=None))
            deadline = time.monotonic() + 60
            while "rdb_bgsave_in_progress:1" in ask("info", "persistence"):
                self.assertLess(time.monotonic(), deadline)
            self.assertIn("rdb_last_bgsave_status:ok", ask("info", "persistence"))
            self.assertEqual(ask("dbsize"), keys)
            self.assertEqual(ask("strlen", "k19999"), str(19999 % 900))
            ask("flushall")
            ask("shutdown", "nosave")
            server.stdout.read()
            self.assertEqual(server.wait(30), 0)


if __name__ == "__main__":
    unittest.main()
