"""From no HMAT to one that the kernel believes, to another one, and back: in four boots.

The machine has three memories and no HMAT. Its figures are given by hand (emulated memory is noise,
so that `hetmem measure` is only seen to run), put into a table, and the table into the initrd.
"""

import json

from harness import linux, overridden, qemu
from harness.truth import GIB, MIB, as_written, figures, merged

BOOTS = 4

SIZES = {0: GIB, 1: 512 * MIB, 2: 512 * MIB}
# read ns, write ns, read MB/s, write MB/s, from node 0
FIRST = {0: (100, 100, 102400, 102400), 1: (120, 140, 409600, 307200),
         2: (300, 350, 30720, 20480)}  # fmt: skip
SECOND = {0: (100, 100, 102400, 102400), 1: (110, 120, 204800, 153600),
          2: (400, 450, 15360, 10240)}  # fmt: skip
# mm/memory-tiers.c of 6.12: 576 x latencies x bandwidths against those of node 0, by 128. 6.1 makes
# no tiers of an HMAT.
FIRST_TIERS = {1: "1", 4: "0", 58: "2"}
SECOND_TIERS = {2: "1", 4: "0", 153: "2"}
ONE_TIER = {4: "0-2"}

REST = overridden.REST
SMALL = "--quick --buffer 768K --allow-cached --budget 0.05 --no-store"


def given(values):
    """What hetmem measure --import reads."""
    names = ("read_latency", "write_latency", "read_bandwidth", "write_bandwidth")
    return json.dumps({
        "format": "hetmem-figures", "version": 1,
        "given": [
            {"initiator": "node0", "target": f"node{node}", "origin": "a data sheet"}
            | {
                name: f"{value} {'ns' if name.endswith('latency') else 'MB/s'}"
                for name, value in zip(names, row)
            }
            for node, row in values.items()
        ],
    }).encode()  # fmt: skip


LOOK = """
keep_sysfs sysfs
keep show hetmem show --json
attempt check hetmem check --json
attempt status hetmem override --status --json
keep report hetmem report -o /results/report.html
"""

IMPROVE = """
keep import hetmem measure --import /given.json
keep table hetmem table build -o /tmp/new.hmat --json
keep archive hetmem override --hmat /tmp/new.hmat -o /results/archive.cpio
attempt asked hetmem override --build --install </dev/null
keep install hetmem override --build --install --yes
attempt pending hetmem override --status --json
"""

FIRST_BOOT = LOOK + f"keep measure hetmem measure {SMALL} --json\n" + IMPROVE
REMOVE = """
keep remove hetmem override --remove --yes
attempt removed hetmem override --status --json
"""


def arguments():
    made = ["-machine", "q35", "-smp", "2"]
    made += qemu.memories(SIZES, cpus={0: "0-1"})
    return made + qemu.distances({(0, 1): 15, (0, 2): 28, (1, 2): 30})


def machine(kernel):
    return overridden.first_boot(arguments(), FIRST_BOOT, {"given.json": given(FIRST)})


def next_machine(kernel, boots):
    scripts = {1: LOOK + IMPROVE, 2: LOOK + REMOVE, 3: LOOK}
    if len(boots) in scripts:
        files = {"given.json": given(SECOND)}
        return overridden.next_boot(arguments(), scripts[len(boots)], boots[-1], files)
    return None


def check_machine(report, boots, kernel):
    for boot in boots:
        linux.check_nodes(report, boot.sysfs(), online="0-2", has_cpu="0", has_memory="0-2")
    for boot in (boots[0], boots[3]):
        linux.check_no_attributes(report, boot.sysfs())
        report.true("the firmware has no HMAT", not linux.has_table(boot.sysfs(), "HMAT"))
        linux.check_tiers(report, boot.sysfs(), ONE_TIER)


def check(report, boots, kernel):
    _check_believed(report, boots[1], FIRST, FIRST_TIERS if kernel == "6.12" else ONE_TIER)
    _check_believed(report, boots[2], SECOND, SECOND_TIERS if kernel == "6.12" else ONE_TIER)
    _check_made(report, boots[0], first=True)
    _check_made(report, boots[1], first=False)
    for number, state in ((0, "none"), (1, "in force"), (2, "in force"), (3, "none")):
        status = json.loads(boots[number].output("status"))
        report.equal(f"boot {number}: --status", state, status["state"])
        report.equal(f"boot {number}: its exit status", 0, boots[number].exit("status"))
        _check_findings(report, boots[number], number)
        text = boots[number].file("report.html").decode()
        report.contains(f"boot {number}: report", text, "<!doctype html>", "node0", "node2")
    removed = json.loads(boots[2].output("removed"))
    report.equal("--status after --remove", "none", removed["state"])
    _check_left(report, boots)


def _check_believed(report, boot, values, tiers):
    """The kernel shows our figures and nothing else, and so do we."""
    sysfs = boot.sysfs()
    for node, row in values.items():
        for access in (0, 1):
            linux.check_attributes(report, sysfs, node, access, [0], *row)
    linux.check_tiers(report, sysfs, tiers)
    report.true("there is one HMAT", linux.has_table(sysfs, "HMAT"))
    known = merged(boot.json("show"))
    for node, row in values.items():
        expected = {
            quantity: as_written(value, quantity, ["override", "hmat", "sysfs"])
            for quantity, value in figures(*row).items()
        }
        report.equal(f"node0 -> node{node}", expected, known.get(("node0", f"node{node}")))


def _check_made(report, boot, first):
    report.equal("without --yes nothing is done", 1, boot.exit("asked"))
    report.contains("without --yes", boot.output("asked"), "What is going to be done",
                    "write /etc/initramfs-tools/hooks/hetmem-override")
    report.contains("without --yes", boot.errors("asked"), "--yes is needed")
    initrd = boot.file("initrd")
    archive = boot.file("archive.cpio")
    report.true("the initrd begins with the archive that -o writes", initrd == archive + REST)
    pending = json.loads(boot.output("pending"))
    report.equal("--status before the restart", "waits for a restart", pending["state"])
    report.equal("tables", ["HMAT"], [table["signature"] for table in pending["tables"]])
    report.equal("replaces", [None if first else 1],
                 [table["replaces"] for table in pending["tables"]])


def _check_findings(report, boot, number):
    """Of the tables nothing worse than worth knowing, once they are ours."""
    found = overridden.findings(boot, "check")
    of_tables = [
        one for some in found.values() for one in some if one["area"] in ("form", "sense")
    ]
    if number in (1, 2):
        worse = [one for one in of_tables if one["severity"] != "info"]
        report.equal(f"boot {number}: findings of the tables", [], worse)
        report.true(f"boot {number}: the override is in force", "override-in-force" in found)
    report.true(f"boot {number}: the override is not ignored", "override-ignored" not in found)


def _check_left(report, boots):
    """What remains after --remove is what was there before all, and the figures that were given."""
    fresh = {path for path in overridden.disk(boots[0]) if "hetmem" not in path}
    left = set(overridden.disk(boots[3]))
    figures_kept = {f"var/lib/hetmem/figures.json{end}" for end in ("", ".lock")}
    report.equal("files that are left", fresh | figures_kept, left)
    initrd = next(path for path in left if path.startswith("boot/initrd"))
    report.true("the initrd is what it was", boots[3].file("initrd") == REST, initrd)
