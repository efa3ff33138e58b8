"""Programs of the guest that watch their memory (vm_watch), and what they were told."""

from . import placed
from .truth import MIB

# Sourced by scripts of scenarios that hold vm_watch.
FUNCTIONS = """
# await NAME PATTERN: until the program held as NAME is told of an event whose text, "KIND TARGET
# OWNER: SENTENCE", begins as the pattern. The pipe is opened for writing, too, so that a program
# that ended makes the script fail and not wait for ever.
await() {
    say "waiting until $1 is told: $2"
    while read -r -t 60 told <>"/tmp/$1.events"; do
        say "$1 was told: $told"
        case "$told" in $2*) return ;; esac
    done
    fail "$1 was not told: $2"
}

# offline_blocks_of NODE
offline_blocks_of() {
    for state in /sys/devices/system/node/node"$1"/memory[0-9]*/state; do
        echo offline >"$state" || return 1
    done
}
"""


def events(found, owner, target=None):
    """[(kind, target)] that were told to the region or the pool, of all memories or of one."""
    return [
        (e["kind"], e["target"])
        for e in found.get("events", [])
        if e["owner"] == owner and target in (None, e["target"])
    ]


def event(found, owner, kind, target):
    """The last event of this kind."""
    told = [
        e for e in found.get("events", [])
        if (e["owner"], e["kind"], e["target"]) == (owner, kind, target)
    ]  # fmt: skip
    return told[-1] if told else {"what": "", "now": {"bytes": {}}, "intact": None}


def told(report, about, found, owner, expected):
    """All that was told, in order; a memory that goes block by block may be told of repeatedly."""
    report.equal(f"{about}: told to the {owner}", expected, _without_repeats(events(found, owner)))


def lies(report, about, now, mib):
    """Where an event says that the bytes are: name -> MiB, the pool's whole grants included."""
    expected = {name: size * MIB for name, size in mib.items()}
    report.equal(about, expected, now.get("bytes"))


def ended_well(report, results, name, intact=True):
    """The document of a program that was released, whose memory is as it wrote it."""
    found = placed.done(report, results, name)
    report.equal(f"{name}: contents", intact, found.get("intact"))
    monitored = found.get("monitor", {})
    report.equal(f"{name}: the kernel's events arrive", True, monitored.get("events"))
    return found


def _without_repeats(told_events):
    return [e for i, e in enumerate(told_events) if i == 0 or told_events[i - 1] != e]
