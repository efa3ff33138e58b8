"""Running programs under the preloaded malloc."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

LIBRARY = os.environ["HETMEM_MALLOC_LIBRARY"]
HETMEM = os.environ["HETMEM"]
# Debian's own, whatever stands before it in PATH.
PYTHON = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable


def environment(**changes):
    """That of a program under our malloc; None takes a variable away."""
    clean = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/nonexistent",
             "LD_PRELOAD": LIBRARY}
    clean.update(changes)
    return {k: v for k, v in clean.items() if v is not None}


def run(*words, check=True, timeout=120, **more):
    """Runs a program under our malloc; `check` demands success and a silent standard error."""
    more.setdefault("env", environment())
    more.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run([str(w) for w in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=timeout, check=False, **more)
    if check and (done.returncode != 0 or done.stderr):
        raise AssertionError(f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stderr}")
    return done


class TestCase(unittest.TestCase):
    """A test with a directory of its own, self.place, that is gone afterwards."""

    maxDiff = 4000

    def setUp(self):
        super().setUp()
        self.place = Path(tempfile.mkdtemp(prefix="hetmem-test-"))
        self.addCleanup(shutil.rmtree, self.place)
