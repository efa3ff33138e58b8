"""What a scenario configured, and the comparison of every figure with it.

A Truth says everything that hetmem should say of a machine's memories: initiators and targets by
name, all pairs, all four quantities. A figure is a number in base units (picoseconds, bytes per
second), None when unknown, or "unreachable". Nothing is compared loosely: a target or initiator
too many is as wrong as one that is missing.
"""

from dataclasses import dataclass, field

QUANTITIES = ("read_latency", "write_latency", "read_bandwidth", "write_bandwidth")
UNITS = {
    "read_latency": "ps", "write_latency": "ps", "read_bandwidth": "B/s", "write_bandwidth": "B/s",
}  # fmt: skip

STRONGEST_FIRST = ("override", "measured", "hma", "hmat", "cxl_region", "sysfs")

UNKNOWN = None
UNREACHABLE = "unreachable"

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


def nanoseconds(value):
    return round(value * 1000)


def megabytes_per_second(value):
    return round(value * 10**6)


def figures(read_ns, write_ns, read_mbps, write_mbps):
    """The four figures of a pair, from ns and MB/s; UNKNOWN and UNREACHABLE stay as they are."""

    def scaled(value, unit):
        return value if value in (UNKNOWN, UNREACHABLE) else unit(value)

    return {
        "read_latency": scaled(read_ns, nanoseconds),
        "write_latency": scaled(write_ns, nanoseconds),
        "read_bandwidth": scaled(read_mbps, megabytes_per_second),
        "write_bandwidth": scaled(write_mbps, megabytes_per_second),
    }


NOTHING_KNOWN = figures(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)


class Report:
    """Collects every difference, so that one run tells all that is wrong."""

    def __init__(self):
        self.differences = []
        self.compared = 0

    def equal(self, about, expected, found):
        self.compared += 1
        same = expected == found and isinstance(expected, bool) == isinstance(found, bool)
        if not same:
            self.differences.append(f"{about}: expected {expected!r}, found {found!r}")
        return same

    def true(self, about, condition, detail=""):
        self.compared += 1
        if not condition:
            self.differences.append(f"{about}: not so{'; ' + detail if detail else ''}")
        return condition

    def contains(self, about, text, *parts):
        for part in parts:
            self.true(f"{about} says '{part}'", part.lower() in text.lower())


@dataclass
class Truth:
    """initiators, targets: name -> the attributes that must be so, as in the JSON form.
    access: (initiator, target) -> figures(...), one for every pair.
    sources: the sources of figures; the first is the one in use. A further one may know less than
    the first, but must not contradict it."""

    initiators: dict
    targets: dict
    access: dict
    sources: tuple = ("hmat", "sysfs")
    best: dict = field(default_factory=dict)


def compare(report, truth, document, about="hetmem show --json"):
    """Every figure of a description against the truth."""
    report.equal(f"{about}: format", "hetmem-topology", document.get("format"))
    for kind in ("initiators", "targets"):
        _compare_things(report, getattr(truth, kind), document[kind], f"{about}: {kind}")
    _compare_access(report, truth, document, about)
    _compare_matrices(report, truth, document, about)
    _compare_best(report, truth, document, about)


def compare_ranking(report, expected, ranking, about, left_out=()):
    """The order and the figures of `hetmem rank --json`. expected: (target, value in base units or
    None), best first."""
    found = [(place["target"], place["value"]) for place in ranking["places"]]
    report.equal(f"{about}: order", list(expected), found)
    names = sorted(entry["target"] for entry in ranking["left_out"])
    report.equal(f"{about}: left out", sorted(left_out), names)


def target(document, name):
    """A target of the description by its name; {} when it is not there."""
    return next((entry for entry in document["targets"] if entry["name"] == name), {})


def _compare_things(report, expected, found, about):
    names = sorted((entry["name"] for entry in found), key=str)
    report.equal(about, sorted(expected), names)
    by_name = {entry["name"]: entry for entry in found}
    for name, attributes in expected.items():
        for attribute, value in attributes.items():
            report.equal(
                f"{about}: {name}: {attribute}", value,
                by_name.get(name, {}).get(attribute, "(no such entry)"),
            )  # fmt: skip


def _compare_access(report, truth, document, about):
    every = [(i, t) for i in truth.initiators for t in truth.targets]
    assert sorted(truth.access) == sorted(every), "a scenario states every pair"
    found = merged(document)
    report.equal(f"{about}: pairs", sorted(every), sorted(found, key=str))
    for pair, figures_ in truth.access.items():
        if pair in found:
            name = f"{about}: {pair[0]} -> {pair[1]}"
            _compare_figures(report, truth, figures_, found[pair], name)


def merged(document):
    """Every pair's figures, each from the strongest source that has one: what a reader makes of
    the per-source matrices by docs/json.md, independently of hetmem's own merging."""
    initiators = [entry["name"] for entry in document["initiators"]]
    targets = [entry["name"] for entry in document["targets"]]
    pairs = {(i, t): dict.fromkeys(QUANTITIES) for i in initiators for t in targets}
    for matrix in sorted(document["figures"], key=_strength):
        for i, row in zip(initiators, matrix["values"], strict=True):
            for t, value in zip(targets, row, strict=True):
                quantity = matrix["quantity"]
                if matrix["level"] == 0 and pairs[i, t].get(quantity) is None:
                    pairs[i, t][quantity] = as_written(value, quantity, [matrix["source"]])
    return pairs


def _strength(matrix):
    source = matrix["source"]
    return STRONGEST_FIRST.index(source) if source in STRONGEST_FIRST else len(STRONGEST_FIRST)


def _compare_figures(report, truth, expected, found, about):
    for quantity in QUANTITIES:
        report.equal(
            f"{about}: {quantity}", as_written(expected[quantity], quantity, truth.sources),
            found[quantity],
        )  # fmt: skip


def as_written(value, quantity, sources):
    """A figure as "best" writes it."""
    if value in (UNKNOWN, UNREACHABLE):
        return value
    return {"value": value, "unit": UNITS.get(quantity), "source": sources[0]}


def _compare_matrices(report, truth, document, about):
    """The same through the per-source matrices: nothing lost, nothing that nobody said."""
    initiators = [entry["name"] for entry in document["initiators"]]
    targets = [entry["name"] for entry in document["targets"]]
    for matrix in document["figures"]:
        if matrix["level"] != 0:
            continue
        source, quantity = matrix["source"], matrix["quantity"]
        name = f"{about}: {source} {quantity}"
        configured = source in truth.sources and quantity in QUANTITIES
        if not report.true(f"{name}: was configured", configured):
            continue
        report.equal(f"{name}: unit", UNITS[quantity], matrix["unit"])
        for i, row in zip(initiators, matrix["values"], strict=True):
            for t, value in zip(targets, row, strict=True):
                expected = truth.access.get((i, t), {}).get(quantity)
                if source == "sysfs":
                    expected = as_the_kernel_shows(expected, quantity)
                if source == truth.sources[0] or value is not None:
                    report.equal(f"{name}: {i} -> {t}", expected, value)
    said = [(m["source"], m["quantity"]) for m in document["figures"] if m["level"] == 0]
    report.equal(f"{about}: matrices, each once", sorted(set(said), key=str), sorted(said, key=str))
    for quantity in QUANTITIES:
        if any(pair[quantity] is not UNKNOWN for pair in truth.access.values()):
            report.true(
                f"{about}: {truth.sources[0]} has a matrix of {quantity}",
                (truth.sources[0], quantity) in said,
            )  # fmt: skip


def as_the_kernel_shows(value, quantity):
    """Whole ns and MB/s, rounded up (drivers/acpi/numa/hmat.c, hmat_normalize)."""
    if value in (UNKNOWN, UNREACHABLE):
        return UNKNOWN
    unit = nanoseconds(1) if UNITS[quantity] == "ps" else megabytes_per_second(1)
    return -(-value // unit) * unit


def _compare_best(report, truth, document, about):
    found = {entry["target"]: entry for entry in document["best"]}
    for name, initiator in truth.best.items():
        entry = found.get(name)
        if not report.true(f"{about}: best initiator of {name} is given", entry is not None):
            continue
        if report.equal(f"{about}: best initiator of {name}", initiator, entry["initiator"]):
            _compare_figures(
                report, truth, truth.access[(initiator, name)], entry, f"{about}: best of {name}"
            )
