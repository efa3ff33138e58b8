"""Firmware tables as bytes: HMAT, SRAT, SLIT and CDAT for made-up machines.

Written from the layouts of the ACPI and CDAT specifications and on purpose apart from the C++
encoder, so that a mistake in one is not hidden by the same mistake in the other.
"""

import struct
from array import array
import sys

READ_LATENCY, WRITE_LATENCY, READ_BANDWIDTH, WRITE_BANDWIDTH = 1, 2, 4, 5
UNREACHABLE = 0xFFFF
UNKNOWN = 0


def table(signature: bytes, revision: int, body: bytes) -> bytes:
    """The common ACPI header and a checksum that makes the sum of all bytes 0."""
    length = 36 + len(body)
    head = struct.pack("<4sIBB6s8sI4sI", signature, length, revision, 0, b"MADEUP", b"HETMEM  ",
                       1, b"HETM", 1)
    checksum = -(sum(head) + sum(body)) % 256
    return head[:9] + bytes([checksum]) + head[10:] + body


def entries(values) -> bytes:
    """Little-endian 16-bit numbers."""
    numbers = array("H", values)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def proximity(memory: int, initiator=None) -> bytes:
    """HMAT type 0 of revision 2: which initiator a memory is attached to."""
    flags, attached = (0, 0) if initiator is None else (1, initiator)
    return struct.pack("<HHIHHIIIQQ", 0, 0, 40, flags, 0, attached, memory, 0, 0, 0)


def localities(data_type: int, initiators, targets, base: int, rows, hierarchy: int = 0) -> bytes:
    """HMAT type 1: a row of entries for each initiator, one entry a target."""
    body = struct.pack(f"<{len(initiators)}I{len(targets)}I", *initiators, *targets)
    body += b"".join(entries(row) for row in rows)
    return struct.pack("<HHIBBBBIIIQ", 1, 0, 32 + len(body), hierarchy, data_type, 0, 0,
                       len(initiators), len(targets), 0, base) + body


def side_cache(memory: int, size: int, level: int = 1, levels: int = 1, associativity: int = 1,
               write_policy: int = 1, line: int = 64) -> bytes:
    """HMAT type 2."""
    attributes = levels | level << 4 | associativity << 8 | write_policy << 12 | line << 16
    return struct.pack("<HHIIIQIHH", 2, 0, 32, memory, 0, size, attributes, 0, 0)


def hmat(*structures: bytes) -> bytes:
    return table(b"HMAT", 2, struct.pack("<I", 0) + b"".join(structures))


def srat_cpu(pxm: int, x2apic: int) -> bytes:
    return struct.pack("<BBHIIIII", 2, 24, 0, pxm, x2apic, 1, 0, 0)


def srat_memory(pxm: int, base: int, length: int) -> bytes:
    return struct.pack("<BBIHQQIIQ", 1, 40, pxm, 0, base, length, 0, 1, 0)


def srat_generic_initiator(pxm: int, segment: int, bus: int, device: int, function: int) -> bytes:
    handle = struct.pack("<HBB12x", segment, device << 3 | function, bus)
    return struct.pack("<BBBBI", 5, 32, 0, 1, pxm) + handle + struct.pack("<II", 1, 0)


def srat(*entries_: bytes) -> bytes:
    return table(b"SRAT", 3, struct.pack("<IQ", 1, 0) + b"".join(entries_))


def slit(rows) -> bytes:
    rows = [bytes(row) for row in rows]
    return table(b"SLIT", 1, struct.pack("<Q", len(rows)) + b"".join(rows))


def cdat_memory(handle: int, base: int, length: int) -> bytes:
    return struct.pack("<BBHBBHQQ", 0, 0, 24, handle, 0, 0, base, length)


def cdat_figure(handle: int, data_type: int, base: int, entry: int) -> bytes:
    return struct.pack("<BBHBBBBQHHHH", 1, 0, 24, handle, 0, data_type, 0, base, entry, 0, 0, 0)


def cdat(*structures: bytes) -> bytes:
    body = b"".join(structures)
    head = struct.pack("<IBB6sI", 16 + len(body), 1, 0, b"", 0)
    checksum = -(sum(head) + sum(body)) % 256
    return head[:5] + bytes([checksum]) + head[6:] + body


def aml_package(body: bytes) -> bytes:
    """AML's length of a package, which counts itself (20.2.4), and the package."""
    if len(body) + 1 <= 0x3F:
        return bytes([len(body) + 1]) + body
    more = 1 if len(body) + 2 <= 0xFFF else 2
    length = len(body) + 1 + more
    return bytes([more << 6 | length & 0xF]) + (length >> 4).to_bytes(more, "little") + body


def ssdt_with_hma(returned: bytes) -> bytes:
    r"""An SSDT whose method \_SB._HMA returns a buffer with these bytes."""
    buffer = b"\x11" + aml_package(b"\x0c" + struct.pack("<I", len(returned)) + returned)
    method = b"\x14" + aml_package(b"_HMA\0\xa4" + buffer)
    return table(b"SSDT", 2, b"\x10" + aml_package(b"\\_SB_" + method))
