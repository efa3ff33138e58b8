"""Reserved memory as extents of a dax device: shared by programs, zeroed, free again after a kill."""

from harness import placed, reserved
from harness.truth import MIB

PROGRAMS = ("vm_place",)

SCRIPT = """
keep_sysfs sysfs
{bind}
keep_sysfs sysfs_bound
hold first vm_place allocate bind:dax0.0 128
hold second vm_place allocate bind:dax0.0 128
hold third vm_place allocate bind:dax0.0 128
keep too_much vm_place allocate bind:dax0.0 130
keep from_outside hetmem where $HELD --json
# Two holes: one of 128 MiB, and one of 256 MiB at the end.
kill_held first
kill_held third
keep in_pieces vm_place allocate bind:dax0.0 300
keep contiguous vm_place allocate bind:dax0.0 256 --contiguous
keep not_contiguous vm_place allocate bind:dax0.0 300 --contiguous
keep dirty vm_place allocate bind:dax0.0 128 --dirty
keep chain vm_place allocate chain:dax0.0,node2 500
keep interleave vm_place allocate interleave:dax0.0:1,node2:1 128
keep pool vm_place pool bind:dax0.0 65536
keep unquiet vm_place allocate bind:dax0.0 64 --migrate=bind:node2
keep away vm_place allocate bind:dax0.0 64 --migrate=bind:node2 --quiesce
keep to vm_place allocate bind:node2 64 --migrate=bind:dax0.0 --quiesce
keep to_full vm_place allocate bind:node2 400 --migrate=bind:dax0.0 --quiesce
keep forked vm_place fork bind:dax0.0 64
release second
keep whole vm_place allocate bind:dax0.0 512
keep_as_user user vm_place allocate bind:dax0.0 64
must chmod 666 /dev/dax0.0
keep_as_user user_may vm_place allocate bind:dax0.0 64
"""

DEVICE = "dax0.0"


def machine(kernel):
    return reserved.machine(SCRIPT, kernel)


def check_machine(report, results, kernel):
    reserved.check_machine(report, results)


def check(report, results, kernel):
    second = placed.done(report, results, "second")
    for when in ("first", "later"):
        _lies(report, f"second, {when}", second.get(when, {}), {DEVICE: 128})
    report.equal("second: contents, after all that others did", True, second.get("contents"))
    report.equal("target_of()", DEVICE, second.get("target_of"))
    for name in ("first", "third"):
        report.equal(f"{name}: was killed", 137, results.exit(name))
    placed.refused(report, results, "too_much", "target_full", DEVICE, reason="target")
    bytes_outside = results.json("from_outside")
    report.true("hetmem where names the device", DEVICE in str(bytes_outside), f"{bytes_outside}")

    pieces = _whole(report, results, "in_pieces", {DEVICE: 300})
    report.equal("in_pieces: extents", [(0, 128 * MIB), (256 * MIB, 172 * MIB)], pieces)
    pieces = _whole(report, results, "contiguous", {DEVICE: 256})
    report.equal("contiguous: extents", [(256 * MIB, 256 * MIB)], pieces)
    placed.refused(report, results, "not_contiguous", "target_full", DEVICE)
    dirty = placed.done(report, results, "dirty")
    report.equal("unless asked not to: zeroed", False, dirty.get("zeroed"))
    _whole(report, results, "chain", {DEVICE: 384, "node2": 116})
    _whole(report, results, "interleave", {DEVICE: 64, "node2": 64})
    pool = placed.done(report, results, "pool")
    report.equal("pool: ends with", "allocation_failed", pool["refused"]["outcome"])
    report.equal("pool: intact", True, pool["intact"])
    report.true("pool: all that was free", pool["full"]["held"] > 300 * MIB, f"{pool['full']}")
    report.equal("pool: where", [DEVICE], list(pool["where"]["bytes"]))

    _check_migrations(report, results)
    forked = placed.done(report, results, "forked")
    report.equal("a forked child", "has none of it", forked.get("child"))
    _whole(report, results, "whole", {DEVICE: 512})
    placed.refused(report, results, "user", "not_permitted", "/dev/dax0.0")
    _whole(report, results, "user_may", {DEVICE: 64})
    placed.nobody_killed(report, results)


def _check_migrations(report, results):
    unquiet = placed.done(report, results, "unquiet")
    report.equal("without quiesce", "error", unquiet["migrate"]["outcome"])
    report.contains("without quiesce", unquiet["migrate"]["what"], "quiesce")
    for name, target in (("away", {"node2": 64}), ("to", {DEVICE: 64})):
        found = placed.done(report, results, name)
        went = found.get("migrate", {})
        report.equal(f"{name}: outcome", "done", went.get("outcome"))
        report.equal(f"{name}: complete", True, went.get("result", {}).get("complete"))
        report.equal(f"{name}: quiesced, resumed", (1, 1), (went["quiesced"], went["resumed"]))
        report.equal(f"{name}: contents", True, found.get("contents"))
        _lies(report, f"{name}, migrated", found.get("migrated", {}), target)
    full = placed.done(report, results, "to_full")
    report.equal("to_full: outcome", "target_full", full["migrate"]["outcome"])
    report.equal("to_full: quiesced as often as resumed", full["migrate"]["quiesced"],
                 full["migrate"]["resumed"])  # fmt: skip
    report.equal("to_full: contents", True, full.get("contents"))
    _lies(report, "to_full", full.get("migrated", {}), {"node2": 400})


def _whole(report, results, name, mib):
    """The device's extents, (offset, length)."""
    found = placed.done(report, results, name)
    report.equal(f"{name}: zeroed", True, found.get("zeroed"))
    report.equal(f"{name}: contents", True, found.get("contents"))
    state = found.get("first", {})
    _lies(report, name, state, mib)
    files = [f for f in state.get("files", []) if f["file"] == f"/dev/{DEVICE}"]
    report.equal(f"{name}: bytes of the device that are mapped", mib.get(DEVICE, 0) * MIB,
                 sum(f["length"] for f in files))  # fmt: skip
    return _joined(sorted((f["offset"], f["length"]) for f in files))


def _joined(pieces):
    extents = []
    for offset, length in pieces:
        if extents and sum(extents[-1]) == offset:
            extents[-1] = (extents[-1][0], extents[-1][1] + length)
        else:
            extents.append((offset, length))
    return extents


def _lies(report, about, state, mib):
    """By name, since the kernel's own counts know nothing of dax pages."""
    expected = {name: size * MIB for name, size in mib.items()}
    report.equal(f"{about}: where()", expected, state.get("where", {}).get("bytes"))
    report.equal(f"{about}: kept", True, state.get("verify", {}).get("kept"))
