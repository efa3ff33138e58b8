"""A table with a foreign OEM ID: Linux adds it beside the firmware's and reads the firmware's."""

from harness import cpio, linux, overridden, qemu, tables
from harness.truth import MIB

BOOTS = 2

SIZES = {0: 1024 * MIB, 1: 512 * MIB}
FIRMWARES = {0: (100, 100, 102400, 102400), 1: (120, 140, 409600, 307200)}

SCRIPT = """
keep_sysfs sysfs
attempt check hetmem check --json
keep show hetmem show --json
attempt kept_oem hetmem override --hmat /foreign.hmat --keep-oem -o /tmp/archive.cpio
keep with_own hetmem override --hmat /foreign.hmat -o /results/archive.cpio
"""
MENDED = """
keep_sysfs sysfs
attempt check hetmem check --json
"""


def foreign():
    made = tables.hmat(2, [tables.locality(tables.READ_LATENCY, 1000, [0], [0, 1], [[90, 500]])])
    return tables.with_checksum(made[:10] + b"MYOWN " + made[16:])


def arguments():
    made = ["-machine", "q35,hmat=on", "-smp", "2"]
    made += qemu.memories(SIZES, cpus={0: "0-1"}, initiators={0: 0, 1: 0})
    for node, values in FIRMWARES.items():
        made += qemu.locality(0, node, *values)
    return made


def machine(kernel):
    archive = cpio.Archive()
    archive.add_file("kernel/firmware/acpi/hmat.aml", foreign())
    return overridden.first_boot(
        arguments(), SCRIPT, {"foreign.hmat": foreign()}, early=archive.bytes()
    )


def next_machine(kernel, boots):
    """The archive that hetmem made of the same table."""
    if len(boots) == 1:
        return overridden.first_boot(arguments(), MENDED, early=boots[0].file("archive.cpio"))
    return None


def check_machine(report, boots, kernel):
    sysfs = boots[0].sysfs()
    shown = [path for path in sysfs if path.startswith("firmware/acpi/tables/HMAT")]
    report.equal("HMATs", ["firmware/acpi/tables/HMAT1", "firmware/acpi/tables/HMAT2"], sorted(shown))
    for node, row in FIRMWARES.items():
        linux.check_attributes(report, sysfs, node, 0, [0], *row)


def check(report, boots, kernel):
    found = overridden.findings(boots[0], "check")
    twice = " ".join(
        one["what"] + one["remedy"] + one["linux_does"] for one in found.get("table-twice", [])
    )
    report.contains("hetmem check", twice, "HMAT", "OEM ID", "first")
    report.equal("--keep-oem: exit status", 1, boots[0].exit("kept_oem"))
    report.contains("--keep-oem", boots[0].errors("kept_oem"), "MYOWN", "BOCHS", "further table")
    report.contains("hetmem override", boots[0].errors("with_own"), "which it gets")
    sysfs = boots[1].sysfs()
    for node, nanoseconds in ((0, 90), (1, 500)):
        latency = sysfs.get(f"{linux.NODE}/node{node}/access0/initiators/read_latency")
        report.equal(f"node{node}: read latency", str(nanoseconds), latency)
    report.true("the kernel has one HMAT", linux.has_table(sysfs, "HMAT"))
    report.true("hetmem check finds one", "table-twice" not in overridden.findings(boots[1], "check"))
