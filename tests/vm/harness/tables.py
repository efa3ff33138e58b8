"""Builds firmware tables byte by byte from the ACPI specification, independently of the C++
encoders under src/acpi: in the scenarios each is the other's second opinion.

Section numbers are of ACPI 6.4. Latencies and bandwidths are given as the raw 16-bit entries and
the base unit, since what a reader makes of them is what the scenarios test.
"""

import struct

# What QEMU writes into its own tables. A table from the initrd replaces the machine's only when
# both names agree and its OEM revision is higher.
QEMU_OEM_ID = b"BOCHS "
QEMU_OEM_TABLE_ID = b"BXPC    "

READ_LATENCY, WRITE_LATENCY, READ_BANDWIDTH, WRITE_BANDWIDTH = 1, 2, 4, 5
ACCESS_LATENCY, ACCESS_BANDWIDTH = 0, 3

NOT_PROVIDED = 0
UNREACHABLE = 0xFFFF

HEADER_LENGTH = 36


def table(signature, revision, body, oem_revision=2):
    """A table with its common header (5.2.6), length and checksum right."""
    header = struct.pack(
        "<4sIBB6s8sI4sI", signature.encode(), HEADER_LENGTH + len(body), revision, 0,
        QEMU_OEM_ID, QEMU_OEM_TABLE_ID, oem_revision, b"HTMM", 1,
    )
    return with_checksum(header + body)


def with_checksum(data):
    """The same bytes with the checksum that makes them add up to zero."""
    cleared = data[:9] + b"\0" + data[10:]
    return cleared[:9] + bytes([-sum(cleared) % 256]) + cleared[10:]


# --- HMAT (5.2.27) --------------------------------------------------------------------------------


def hmat(revision, structures):
    return table("HMAT", revision, struct.pack("<I", 0) + b"".join(structures))


def _hmat_structure(kind, payload):
    return struct.pack("<HHI", kind, 0, 8 + len(payload)) + payload


def memory_attributes(memory_pxm, initiator_pxm=None):
    """Memory Proximity Domain Attributes, revision 2 (5.2.27.3)."""
    flags = 0 if initiator_pxm is None else 1
    return _hmat_structure(
        0, struct.pack("<HHIIIQQ", flags, 0, initiator_pxm or 0, memory_pxm, 0, 0, 0)
    )


def address_range(memory_pxm, base, length, processor_pxm=None, reservation_hint=False):
    """Memory Subsystem Address Range, the same structure in revision 1 (ACPI 6.2, 5.2.27.3)."""
    flags = 0b010 | (0 if processor_pxm is None else 0b001) | (0b100 if reservation_hint else 0)
    return _hmat_structure(
        0, struct.pack("<HHIIIQQ", flags, 0, processor_pxm or 0, memory_pxm, 0, base, length)
    )


def locality(data_type, base_unit, initiators, targets, rows, hierarchy=0):
    """System Locality Latency and Bandwidth Information (5.2.27.4); a row for each initiator."""
    entries = [entry for row in rows for entry in row]
    i, t = len(initiators), len(targets)
    assert len(rows) == i and len(entries) == i * t
    return _hmat_structure(
        1,
        struct.pack("<BBHIIIQ", hierarchy, data_type, 0, i, t, 0, base_unit)
        + struct.pack(f"<{i}I", *initiators)
        + struct.pack(f"<{t}I", *targets)
        + struct.pack(f"<{len(entries)}H", *entries),
    )


# --- SRAT (5.2.16) --------------------------------------------------------------------------------


def srat(entries):
    return table("SRAT", 3, struct.pack("<IQ", 1, 0) + b"".join(entries))


def processor(pxm, apic_id):
    """Processor Local APIC Affinity (5.2.16.1)."""
    return struct.pack(
        "<BBBBIB3sI", 0, 16, pxm & 0xFF, apic_id, 1, 0, pxm.to_bytes(4, "little")[1:], 0
    )


def memory(pxm, base, length):
    """Memory Affinity (5.2.16.2), enabled."""
    return struct.pack("<BBIHQQIIQ", 1, 40, pxm, 0, base, length, 0, 1, 0)


def generic_initiator(pxm, segment, bus, device, function):
    """Generic Initiator Affinity (5.2.16.6) with a PCI handle, enabled."""
    handle = struct.pack("<HBB12x", segment, device << 3 | function, bus)
    return struct.pack("<BBBBI16sII", 5, 32, 0, 1, pxm, handle, 1, 0)


# --- SLIT (5.2.17) --------------------------------------------------------------------------------


def slit(rows):
    """Distances by proximity domain: every diagonal 10, all others above."""
    assert all(len(row) == len(rows) for row in rows)
    return table("SLIT", 1, struct.pack("<Q", len(rows)) + b"".join(bytes(row) for row in rows))


# --- SSDT with a _PXM -----------------------------------------------------------------------------


def ssdt_with_proximity(pxm):
    """Puts the PCI root bridge, and with it the devices on its bus, into a proximity domain:
    Scope (\\_SB.PCI0) { Name (_PXM, pxm) } (6.2.14; the encoding is 20.2)."""
    name = b"\x08_PXM" + b"\x0a" + bytes([pxm])  # NameOp, name, BytePrefix, value
    scope = b"\\\x2e_SB_PCI0" + name
    length = 1 + len(scope)  # PkgLength of one byte counts itself
    assert length < 64
    return table("SSDT", 2, b"\x10" + bytes([length]) + scope)


# --- SSDT with an _HMA ----------------------------------------------------------------------------


def ssdt_with_hma(returned):
    """Scope (\\_SB) { Method (_HMA) { Return (Buffer () { returned }) } } (6.2.19)."""
    buffer = b"\x11" + _package(b"\x0c" + struct.pack("<I", len(returned)) + returned)
    method = b"\x14" + _package(b"_HMA\0" + b"\xa4" + buffer)  # no arguments; ReturnOp
    return table("SSDT", 2, b"\x10" + _package(b"\\_SB_" + method))


def _package(body):
    """PkgLength (20.2.4), which counts itself, and what it is the length of."""
    if len(body) < 63:
        return bytes([1 + len(body)]) + body
    more = 1 if len(body) + 2 < 1 << 12 else 2
    length = 1 + more + len(body)
    return bytes([more << 6 | length & 0xF]) + (length >> 4).to_bytes(more, "little") + body
