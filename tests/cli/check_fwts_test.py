"""The same tables before hetmem check and before fwts, where that is installed.

What both find, and what only one of them does, is told in docs/checks.md, "Beside fwts".
"""

import json
import os
import re
import shutil
import subprocess
import sys
import unittest

import firmware
from command import TestCase, hetmem

FWTS = os.environ.get("FWTS", shutil.which("fwts"))
GIB = 1 << 30


def with_checksum(table):
    table = bytearray(table)
    table[9] = 0
    table[9] = -sum(table) % 256
    return bytes(table)


def changed(table, offset, value, mend=True):
    """The table with one byte changed."""
    table = bytearray(table)
    table[offset] = value
    return with_checksum(table) if mend else bytes(table)


def good():
    return {
        "HMAT": firmware.hmat(firmware.proximity(0, 0), firmware.proximity(1, 1),
                              firmware.localities(0, [0, 1], [0, 1], 1000, [[100, 130], [130, 100]]),
                              firmware.localities(3, [0, 1], [0, 1], 1000, [[200, 100], [100, 200]]),
                              firmware.side_cache(1, 64 << 20)),
        "SRAT": firmware.srat(firmware.srat_cpu(0, 0), firmware.srat_cpu(1, 1),
                              firmware.srat_memory(0, 0, GIB), firmware.srat_memory(1, GIB, GIB)),
        "SLIT": firmware.slit([[10, 20], [20, 10]]),
    }


MATRIX = 40 + 2 * 40          # where the first matrix of the HMAT begins
CACHE = MATRIX + 2 * (32 + 24)  # and the cache

# What is changed, what fwts calls it (None: it finds nothing), what we call it.
FAULTS = [
    ("a base unit of 0", "HMAT",
     lambda t: changed(changed(t, MATRIX + 24, 0), MATRIX + 25, 0), "HMATBadBaseUnit",
     "hmat-base-unit"),
    ("an unknown data type", "HMAT", lambda t: changed(t, MATRIX + 9, 9), "HMATBadFDataType",
     "hmat-data-type"),
    ("too many domains for the length", "HMAT", lambda t: changed(t, MATRIX + 12, 9),
     "HMATBadNumProximityDomain", "hmat-counts"),
    ("reserved flags", "HMAT", lambda t: changed(t, 49, 1), "HMATReservedBitsNonZero",
     "reserved-bits"),
    ("a reserved field", "HMAT", lambda t: changed(t, 36, 1), "HMATReservedNonZero",
     "reserved-bits"),
    ("a wrong number of SMBIOS handles", "HMAT", lambda t: changed(t, CACHE + 30, 3),
     "HMATBadNumberOfSMBIOS", "hmat-cache-form"),
    ("an undefined write policy", "HMAT", lambda t: changed(t, CACHE + 25, 0x91),
     "HMATBadCacheAttributeReserved", "hmat-cache-form"),
    ("a structure of length 0", "HMAT", lambda t: changed(t, MATRIX + 4, 0), "HMATStructLengthZero",
     "structure-length"),
    ("a wrong checksum", "HMAT", lambda t: changed(t, 9, t[9] ^ 1, mend=False),
     "ACPITableChecksum", "table-checksum"),
    ("a distance below 10", "SLIT", lambda t: changed(t, 45, 9), "SLITEntryReserved",
     "slit-rejected"),
    ("a distance to itself that is not 10", "SLIT", lambda t: changed(t, 44, 11),
     "SLITBadCornerEntry", "slit-rejected"),
    ("reserved flags of memory", "SRAT", lambda t: changed(t, 48 + 48 + 28, 0x11),
     "SRATReservedBitsNonZero", "reserved-bits"),
    # What Linux stumbles over and fwts does not.
    ("a distance of 10 to another domain", "SLIT", lambda t: changed(t, 45, 10), None,
     "slit-rejected"),
    ("memory attributes of a domain that is not there", "HMAT", lambda t: changed(t, 56, 7), None,
     "hmat-unknown-domain"),
    ("memory ranges that overlap", "SRAT", lambda t: changed(t, 48 + 48 + 40 + 11, 0x20), None,
     "srat-overlap"),
    ("an unknown hierarchy", "HMAT", lambda t: changed(t, MATRIX + 8, 7), None, "hmat-hierarchy"),
    ("a revision that Linux does not know", "HMAT", lambda t: changed(t, 8, 7), None,
     "table-revision"),
    ("local memory that is slower", "HMAT", lambda t: changed(t, MATRIX + 48, 150), None,
     "local-slower"),
]


def as_acpidump(tables):
    text = ""
    for number, (signature, table) in enumerate(tables.items()):
        text += f"{signature} @ 0x{0xBFFE0000 + 0x1000 * number:016X}\n"
        for at in range(0, len(table), 16):
            row = table[at:at + 16]
            letters = "".join(chr(b) if 32 <= b < 127 else "." for b in row)
            text += f"    {at:04X}: {' '.join(f'{b:02X}' for b in row):<47}  {letters}\n"
        text += "\n"
    return text


class BesideFwts(TestCase):
    def found_by_us(self, dump):
        done = hetmem("check", "--tables", dump, "--json", check=False)
        self.assertIn(done.returncode, (0, 3, 4), done.stderr)
        return {f["check"] for f in json.loads(done.stdout)["findings"]}

    def found_by_fwts(self, dump):
        log = self.place / "results.log"
        log.unlink(missing_ok=True)  # fwts appends
        subprocess.run([FWTS, f"--dumpfile={dump}", f"--results-output={log}", "-q", "hmat", "srat",
                        "slit", "checksum"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=60, check=False, cwd=self.place)
        text = log.read_text()
        return set(re.findall(r"^FAILED \[\w+\] (\w+):", text, re.MULTILINE))

    def test_good_tables_are_good_for_both(self):
        dump = self.place / "acpidump.txt"
        dump.write_text(as_acpidump(good()))
        self.assertEqual(self.found_by_us(dump), set())
        self.assertEqual(self.found_by_fwts(dump), set())

    def test_each_fault(self):
        for what, signature, make, theirs, ours in FAULTS:
            with self.subTest(what):
                tables = good()
                tables[signature] = make(tables[signature])
                dump = self.place / "acpidump.txt"
                dump.write_text(as_acpidump(tables))
                self.assertIn(ours, self.found_by_us(dump))
                found = self.found_by_fwts(dump)
                if theirs is None:
                    self.assertEqual(found, set())
                else:
                    self.assertIn(theirs, found)


if __name__ == "__main__":
    if FWTS is None:
        print("skipped: fwts is not installed")
        sys.exit(77)
    unittest.main()
