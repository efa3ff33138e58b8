#!/usr/bin/env python3
"""Writes the fuzzers' seeds for tables: corpus/{hmat,srat,slit,cdat,madt,cedt}/*.bin.

The seeds are committed; run this again only to add some. They are packed here field by field from
the specifications, so that the fuzzers do not start from what our own encoder makes of a table.
"""

import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"


def with_checksum(table: bytes, place: int) -> bytes:
    table = bytearray(table)
    table[place] = 0
    table[place] = -sum(table) & 0xFF
    return bytes(table)


def acpi(signature: bytes, revision: int, body: bytes) -> bytes:
    header = struct.pack("<4sIBB6s8sI4sI", signature, 36 + len(body), revision, 0, b"SEED  ",
                         b"SEED    ", 1, b"SEED", 1)
    return with_checksum(header + body, 9)


# HMAT ---------------------------------------------------------------------------------------------
def hmat(revision, *structures):
    return acpi(b"HMAT", revision, bytes(4) + b"".join(structures))


def attributes(flags, initiator, memory, base=0, length=0):
    return struct.pack("<HHIHHIIIQQ", 0, 0, 40, flags, 0, initiator, memory, 0, base, length)


def locality(kind, base, initiators, targets, entries, flags=0, transfer=0, length=None):
    body = struct.pack(f"<{len(initiators)}I{len(targets)}I{len(entries)}H", *initiators, *targets,
                       *entries)
    return struct.pack("<HHIBBBBIIIQ", 1, 0, length or 32 + len(body), flags, kind, transfer, 0,
                       len(initiators), len(targets), 0, base) + body


def cache(memory, size, attributes_word, handles=(), mode=0):
    return struct.pack(f"<HHIIIQIHH{len(handles)}H", 2, 0, 32 + 2 * len(handles), memory, 0, size,
                       attributes_word, mode, len(handles), *handles)


# SRAT ---------------------------------------------------------------------------------------------
def srat(revision, *structures):
    return acpi(b"SRAT", revision, struct.pack("<IQ", 1, 0) + b"".join(structures))


def apic(pxm, apic_id, flags=1):
    return struct.pack("<BBBBIB3sI", 0, 16, pxm & 0xFF, apic_id, flags, 0,
                       (pxm >> 8).to_bytes(3, "little"), 0)


def memory(pxm, base, length, flags=1):
    return struct.pack("<BBIHQQIIQ", 1, 40, pxm, 0, base, length, 0, flags, 0)


def x2apic(pxm, apic_id, flags=1):
    return struct.pack("<BBHIIIII", 2, 24, 0, pxm, apic_id, flags, 0, 0)


def gicc(pxm, uid, flags=1):
    return struct.pack("<BBIIII", 3, 18, pxm, uid, flags, 0)


def its(pxm, its_id):
    return struct.pack("<BBIHI", 4, 12, pxm, 0, its_id)


def generic(kind, pxm, handle_type, handle, flags=1):
    return struct.pack("<BBBBI16sII", kind, 32, 0, handle_type, pxm, handle, flags, 0)


def pci(segment, bus, device, function):
    return struct.pack("<HBB12x", segment, device << 3 | function, bus)


def acpi_device(hid, uid):
    return struct.pack("<8sI4x", hid, uid)


def rintc(pxm, uid, flags=1):
    return struct.pack("<BBHIIII", 7, 20, 0, pxm, uid, flags, 0)


# SLIT ---------------------------------------------------------------------------------------------
def slit(count, distances):
    return acpi(b"SLIT", 1, struct.pack("<Q", count) + bytes(distances))


# CDAT ---------------------------------------------------------------------------------------------
def cdat(*structures):
    body = b"".join(structures)
    return with_checksum(struct.pack("<IBB6xI", 16 + len(body), 1, 0, 0) + body, 5)


def dsmas(handle, flags, base, length):
    return struct.pack("<BBHBBHQQ", 0, 0, 24, handle, flags, 0, base, length)


def dslbis(handle, kind, base, entries, flags=0):
    return struct.pack("<BBHBBBBQ3HH", 1, 0, 24, handle, flags, kind, 0, base, *entries, 0)


def dsmscis(handle, size, attributes_word):
    return struct.pack("<BBHB3xQI", 2, 0, 20, handle, size, attributes_word)


def dsis(flags, handle):
    return struct.pack("<BBHBBH", 3, 0, 8, flags, handle, 0)


def dsemts(handle, kind, offset, length):
    return struct.pack("<BBHBBHQQ", 4, 0, 24, handle, kind, 0, offset, length)


def sslbis(kind, base, *pairs):
    return struct.pack("<BBHB3xQ", 5, 0, 16 + 8 * len(pairs), kind, base) + b"".join(
        struct.pack("<HHHH", x, y, value, 0) for x, y, value in pairs)


# MADT ---------------------------------------------------------------------------------------------
def madt(*structures):
    return acpi(b"APIC", 5, struct.pack("<II", 0xFEE00000, 1) + b"".join(structures))


def local_apic(apic_id, flags=1):
    return struct.pack("<BBBBI", 0, 8, apic_id, apic_id, flags)


def local_x2apic(apic_id, flags=1):
    return struct.pack("<BBHIII", 9, 16, 0, apic_id, flags, apic_id)


# CEDT ---------------------------------------------------------------------------------------------
def cedt(*structures):
    return acpi(b"CEDT", 1, b"".join(structures))


def host_bridge(uid):
    return struct.pack("<BBHIIIQQ", 0, 0, 32, uid, 1, 0, 0xB0000000, 0x10000)


def window(base, size, ways, *bridges):
    return struct.pack(f"<BBHIQQBBHIHH{len(bridges)}I", 1, 0, 36 + 4 * len(bridges), 0, base, size,
                       ways, 0, 0, 0, 6, 0, *bridges)


GIB = 1 << 30
MACHINE = srat(3, apic(0, 0), x2apic(1, 300), memory(0, 0, 2 * GIB), memory(1, 4 * GIB, 2 * GIB),
               memory(2, 8 * GIB, GIB, 7), generic(5, 5, 1, pci(0, 0, 3, 0)),
               generic(6, 6, 0, acpi_device(b"ACPI0016", 4)))
FULL = hmat(2, attributes(1, 0, 0), attributes(1, 1, 1), attributes(0, 0, 2),
            locality(1, 1000, (0, 1), (0, 1, 2), (80, 130, 300, 130, 80, 0xFFFF)),
            locality(4, 1024, (0, 1), (0, 1, 2), (200, 100, 30, 100, 200, 0)),
            locality(1, 100, (0,), (2,), (400,), flags=0x31, transfer=64),
            cache(2, 64 << 20, 0x00401111, (17, 18)))

SEEDS = {
    "hmat": {
        "empty": hmat(2),
        "full": FULL,
        "with_srat": FULL + MACHINE,
        "revision_1": hmat(1, attributes(7, 0, 2, 8 * GIB, GIB),
                           locality(0, 10, (0,), (0, 2), (100, 0xFFFF)),
                           locality(3, 1024, (0,), (0, 2), (2000, 0), flags=2),
                           cache(2, GIB, 0x00802223, (), 1)),
        "huge_unit": hmat(2, locality(5, 1 << 60, (0,), (0, 1), (1, 0x8000))),
        "repeated_domain": hmat(2, locality(2, 1, (0, 0), (1, 1), (1, 2, 3, 4))),
        "cut_matrix": hmat(2, locality(1, 1, (0, 1), (0, 1), (1, 2), length=44)),
        "cut_structure": hmat(2, locality(1, 1, (0, 1), (0, 1), (1, 2), length=48)),
        "overflowing_counts": hmat(2, struct.pack("<HHIBBBBIIIQ", 1, 0, 32, 0, 0, 0, 0, 0xFFFFFFFF,
                                                  0xFFFFFFFF, 0, 1)),
        "unknown_type": hmat(2, struct.pack("<HHI", 9, 0, 12) + b"abcd", cache(0, 1, 0x11)),
        "zero_length": hmat(2, struct.pack("<HHI", 1, 0, 0)),
    },
    "srat": {
        "empty": srat(2),
        "machine": MACHINE,
        "arm": srat(3, gicc(0, 1), its(0, 1), memory(0, 0, GIB)),
        "riscv": srat(3, rintc(0, 1), memory(0, 0, GIB)),
        "revision_1": srat(1, apic(0x1234, 0), memory(0x100, 0, GIB)),
        "overlap": srat(3, memory(0, 0, GIB), memory(1, GIB - 1, GIB), memory(0, GIB, 4)),
        "past_the_end": srat(3, memory(0, (1 << 64) - 4096, 8192)),
        "unknown_type": srat(3, b"\x63\x06abcd", x2apic(0, 0)),
        "unknown_handle": srat(3, generic(5, 1, 9, bytes(16))),
        "zero_length": srat(3, b"\x01\x00"),
        "cut_structure": srat(3, memory(0, 0, GIB)[:20]),
    },
    "slit": {
        "empty": slit(0, b""),
        "three": slit(3, (10, 20, 255, 20, 10, 30, 255, 30, 10)),
        "all_local": slit(2, (10, 10, 10, 10)),
        "cut": slit(3, (10, 20, 20, 20, 10)),
        "longer": slit(1, (10, 0, 0)),
        "overflow": slit(1 << 32, (10, 20, 20, 10)),
    },
    "cdat": {
        "empty": cdat(),
        "device": cdat(dsmas(0, 4, 0, GIB), dslbis(0, 1, 10000, (15, 0, 0)),
                       dslbis(0, 4, 1000, (16, 0, 0)), dsmscis(0, 1 << 20, 0x00401111),
                       dsis(1, 0), dsemts(0, 1, 0, GIB)),
        "switch": cdat(sslbis(1, 1000, (0x100, 0, 70), (0xFFFF, 0xFFFF, 0xFFFF)),
                       sslbis(4, 1000, (0x100, 1, 32))),
        "padded": cdat(dsmas(0, 0, 0, GIB)) + bytes(12),
        "stray_handle": cdat(dslbis(7, 0, 1, (1, 0, 0)), dsmas(1, 0, 0, 1), dsmas(1, 0, 1, 1)),
        "huge_unit": cdat(sslbis(5, 1 << 63, (0, 1, 2))),
        "unknown_type": cdat(b"\x08\x00\x05\x00z", dsis(0, 0)),
        "zero_length": cdat(b"\x00\x00\x00\x00"),
    },
    "madt": {
        "empty": madt(),
        "machine": madt(local_apic(0), local_apic(1, 2), local_x2apic(300),
                        b"\x01\x0c" + bytes(10), b"\x0b\x50" + bytes(78), b"\x18\x24" + bytes(34)),
        "short": madt(b"\x09\x08" + bytes(6)),
        "cut": madt(local_apic(0)[:5]),
        "zero_length": madt(b"\x00\x00"),
    },
    "cedt": {
        "empty": cedt(),
        "machine": cedt(host_bridge(7), window(4 * GIB, GIB, 0, 7), window(8 * GIB, GIB, 8, 7, 8, 9)),
        "few_targets": cedt(window(0, GIB, 4, 1)),
        "past_the_end": cedt(window((1 << 64) - 4096, 8192, 0, 1)),
        "unknown_ways": cedt(window(0, GIB, 77)),
        "unknown_type": cedt(b"\x02\x00\x08\x00abcd", b"\x00\x00\x00\x00"),
    },
}


def together(**tables):
    """The tables of a machine as check_fuzz.cpp takes them apart."""
    kinds = ("hmat", "srat", "slit", "madt", "cedt")
    return b"".join(struct.pack("<BH", kinds.index(kind), len(table)) + table
                    for kind, table in tables.items())


SEEDS["check"] = {
    "machine": together(hmat=FULL, srat=MACHINE, **{
        kind: SEEDS[kind][name]
        for kind, name in (("slit", "three"), ("madt", "machine"), ("cedt", "machine"))}),
    "revision_1": together(hmat=SEEDS["hmat"]["revision_1"], srat=MACHINE),
    "broken": together(hmat=SEEDS["hmat"]["cut_matrix"], srat=SEEDS["srat"]["overlap"],
                       slit=SEEDS["slit"]["cut"]),
}

for table, seeds in SEEDS.items():
    (CORPUS / table).mkdir(parents=True, exist_ok=True)
    for name, content in seeds.items():
        (CORPUS / table / f"{name}.bin").write_bytes(content)
