"""Overrides under kernel lockdown: 6.1 ignores them, 6.12 takes them, and both are told beforehand."""

import json

from harness import linux, overridden, qemu, tables
from harness.truth import MIB

BOOTS = 2

SIZES = {0: 1024 * MIB, 1: 512 * MIB}
IGNORES = {"6.1": True, "6.12": False}
FIGURES = {0: (100, 100, 102400, 102400), 1: (250, 260, 61440, 40960)}
LOCKED = {"command_line": "lockdown=integrity"}

KINDS = (tables.READ_LATENCY, tables.WRITE_LATENCY, tables.READ_BANDWIDTH, tables.WRITE_BANDWIDTH)

INSTALL = """
keep_sysfs sysfs
keep lockdown cat /sys/kernel/security/lockdown
attempt write hetmem override --hmat /given.hmat -o /tmp/archive.cpio
attempt install hetmem override --hmat /given.hmat --install --yes
keep forced hetmem override --hmat /given.hmat --install --yes --force
"""
LOOK = """
keep_sysfs sysfs
attempt status hetmem override --status --json
attempt status_text hetmem override --status
attempt check hetmem check --json
"""


def given():
    matrices = [
        tables.locality(kind, 1000 if place < 2 else 1024, [0], list(FIGURES),
                        [[FIGURES[node][place] // (1 if place < 2 else 1024) for node in FIGURES]])
        for place, kind in enumerate(KINDS)
    ]  # fmt: skip
    return tables.hmat(2, [tables.memory_attributes(0, 0), tables.memory_attributes(1, 0), *matrices])


def arguments():
    return ["-machine", "q35", "-smp", "2", *qemu.memories(SIZES, cpus={0: "0-1"})]


def machine(kernel):
    return overridden.first_boot(arguments(), INSTALL, {"given.hmat": given()}, **LOCKED)


def next_machine(kernel, boots):
    if len(boots) == 1:
        return overridden.next_boot(arguments(), LOOK, boots[0], **LOCKED)
    return None


def check_machine(report, boots, kernel):
    report.contains("lockdown", boots[0].output("lockdown"), "[integrity]")
    linux.check_no_attributes(report, boots[0].sysfs())
    if IGNORES[kernel]:
        linux.check_no_attributes(report, boots[1].sysfs())
        report.contains("the kernel's log", boots[1].output("dmesg"), "ignoring table override")
        return
    for node, row in FIGURES.items():
        linux.check_attributes(report, boots[1].sysfs(), node, 0, [0], *row)


def check(report, boots, kernel):
    status = json.loads(boots[1].output("status"))
    found = overridden.findings(boots[1], "check")
    for name in ("write", "install"):
        if IGNORES[kernel]:
            report.equal(f"{name}: exit status", 1, boots[0].exit(name))
            report.contains(name, boots[0].errors(name), "refused", "locked down (integrity)")
        else:
            report.equal(f"{name}: exit status", 0, boots[0].exit(name))
            report.contains(name, boots[0].errors(name), "takes tables of the initrd all the same")
    report.contains("--force", boots[0].errors("forced"), "locked down (integrity)")
    if IGNORES[kernel]:
        report.equal("--status", "not in force", status["state"])
        report.equal("exit status of --status", 1, boots[1].exit("status"))
        report.contains("why", " ".join(status["why"]), "locked down (integrity)")
        report.contains("--status", boots[1].output("status_text"), "not in force", "locked down")
        ignored = found.get("override-ignored", [{"what": "nothing"}])[0]["what"]
        report.contains("hetmem check", ignored, "locked down")
    else:
        report.equal("--status", "in force", status["state"])
        report.true("hetmem check says that it is in force", "override-in-force" in found)
