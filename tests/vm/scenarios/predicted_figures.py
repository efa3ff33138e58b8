"""An HMAT full of what Linux takes, each in its own way: the model of Linux knows all of it.

One table has: an attached initiator that is not the best; a Generic Initiator that is; two sockets
that are equally good; latencies that are rounded up; cells that are unreachable, unknown or too large
for 32 bits; a matrix of a cache; a matrix that a later one replaces; a structure of unknown type;
side caches, one of them twice; a last structure that is cut off.
"""

import struct

from harness import linux, predicted, qemu, tables

PROGRAMS = predicted.PROGRAMS

GENERIC = 7  # a domain of no processor and no memory
DEVICE = (0, 0, 3, 0)  # a network card

SRAT = [
    tables.processor(0, 0),
    tables.processor(1, 1),
    tables.generic_initiator(GENERIC, *DEVICE),
    *(tables.memory(*piece) for piece in qemu.affinity(predicted.SIZES)),
]


def side_cache(pxm, size, level, line=64):
    """Memory Side Cache Information (ACPI 6.4, 5.2.27.5): direct-mapped, write-through."""
    attributes = 1 | level << 4 | 1 << 8 | 2 << 12 | line << 16
    return struct.pack("<HHIIIQIHH", 2, 0, 32, pxm, 0, size, attributes, 0, 0)


def hmat():
    structures = [
        tables.memory_attributes(0),
        tables.memory_attributes(1, initiator_pxm=0),  # though 1 is its own and faster
        tables.memory_attributes(2),
        struct.pack("<HHII", 9, 0, 12, 0),
        tables.locality(tables.READ_LATENCY, 1, [0], [0], [[1]]),  # replaced by the next
        tables.locality(tables.ACCESS_LATENCY, 1, [GENERIC, 0, 1], [0, 1, 2],
                        [[0, 0, 50_001], [50_000, 60_999, 0xFFFE], [60_000, 49_000, 0xFFFE]]),
        tables.locality(tables.ACCESS_LATENCY, 1000, [0, 1], [0, 1, 2],
                        [[5, 6, 7], [6, 5, 7]], hierarchy=1),
        tables.locality(tables.WRITE_BANDWIDTH, 1 << 20, [0, 1], [0, 1, 2],
                        [[0xFFFF, 5000, 20], [0, 6, 20]]),
        side_cache(2, 64 << 20, 1),
        side_cache(2, 32 << 20, 1),
        side_cache(99, 32 << 20, 1),
    ]  # fmt: skip
    # What is cut off is the cell of a domain that is not there: Linux takes it from the bytes behind
    # the table ("SR" of the next one was seen as 21075 in sysfs).
    last = tables.locality(tables.READ_BANDWIDTH, 1000, [0, 1], [0, 1, 2, 99],
                           [[52, 40, 30, 1], [40, 52, 30, 1]])  # fmt: skip
    return tables.hmat(2, [*structures, last[:-2]])


def machine(kernel):
    made = predicted.machine({"hmat": hmat(), "srat": tables.srat(SRAT)}, {0: "0", 1: "1"},
                             ["-device", "virtio-net-pci,addr=3"])  # fmt: skip
    return made


def check_machine(report, results, kernel):
    sysfs = results.sysfs()
    linux.check_nodes(report, sysfs, online="0-3", has_cpu="0-1", has_memory="0-1,3",
                      has_generic_initiator="2")  # fmt: skip


def check(report, results, kernel):
    found = results.json("predicted")
    # Domain 7 is node 2, and domain 2 is node 3: processors and devices come first.
    for target in found["targets"]:
        target["nodes"] = {GENERIC: 2, 2: 3}
    found = predicted.compare(report, results, found)
    report.equal("the HMAT is used", True, found["hmat_used"])
    predicted.says(report, found, "type 9", "figures of a cache", "replaces this one",
                   "1 entry says \"unreachable\"", "ends behind the table",
                   "second cache of level 1", "a cache of domain 99")  # fmt: skip
    generic = predicted.target(found, 2)
    report.equal("best for node 3", [GENERIC], generic["access0"]["initiators"])
    report.equal("best processors for node 3", [0, 1], generic["access1"]["initiators"])
    report.equal("rounded up", 51, generic["access0"]["read_latency"])
    report.equal("attached", [0], predicted.target(found, 1)["access0"]["initiators"])
