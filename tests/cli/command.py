"""What every test of the command shares: running it, made-up machines, the saved ones."""

import atexit
import functools
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

HETMEM = os.environ.get("HETMEM", "hetmem")
SOURCE = Path(__file__).resolve().parent.parent.parent


def environment(**changes):
    """One that does not depend on who runs the tests; None takes a variable away."""
    clean = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm"}
    # Sanitizers and coverage are told by variables where to look and to write.
    clean.update({k: v for k, v in os.environ.items() if "SAN_OPTIONS" in k or k == "TMPDIR"})
    clean.update(changes)
    return {k: v for k, v in clean.items() if v is not None}


@functools.cache
def hetmem_for_everyone():
    """The command where every user may run it: a checkout below /root is closed to others."""
    place = Path(tempfile.mkdtemp(prefix="hetmem-test-"))
    atexit.register(shutil.rmtree, place)
    place.chmod(0o755)
    return shutil.copy(shutil.which(HETMEM), place)


def hetmem(*words, check=True, text=True, **more):
    """Runs the command; `check` demands success and a silent standard error."""
    command = hetmem_for_everyone() if "user" in more else HETMEM
    more.setdefault("env", environment())
    more.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run([command, *(str(w) for w in words)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=text, timeout=60, check=False, **more)
    if check and (done.returncode != 0 or done.stderr):
        raise AssertionError(f"hetmem {' '.join(map(str, words))}: exit {done.returncode}\n"
                             f"{done.stderr}")
    return done


def described(*words):
    """The machine as hetmem show --json describes it."""
    return json.loads(hetmem("show", "--json", *words).stdout)


def without_changing(description):
    """A description less what changes from one moment to the next."""
    for target in description["targets"]:
        target["free"] = None
        for pool in target["huge_pages"]:
            pool["free"] = None
    description["generation"] = None
    return description


def saved_machines():
    """Archives of other machines' /sys and /proc; empty when there are none."""
    place = os.environ.get("HETMEM_SAVED_MACHINES")
    directory = Path(place) if place else SOURCE.parent / "shared" / "machines"
    return sorted(directory.glob("*.tar.bz2"))


class TestCase(unittest.TestCase):
    """A test with a directory of its own, self.place, that is gone afterwards."""

    maxDiff = 4000

    def setUp(self):
        super().setUp()
        self.place = Path(tempfile.mkdtemp(prefix="hetmem-test-"))
        self.addCleanup(shutil.rmtree, self.place)

    def fails(self, *words, code=1, **more):
        """Runs what must fail: one line on standard error, which is returned."""
        done = hetmem(*words, check=False, **more)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertTrue(done.stderr.startswith("hetmem: "), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertEqual(done.stdout or "", "")
        return done.stderr
