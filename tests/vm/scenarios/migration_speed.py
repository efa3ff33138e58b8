"""How fast regions move, against numa_move_pages, migratepages and hwloc; run by hand, judges nothing.

Ratios of one run only: the speed itself is the emulator's.
"""

from harness import linux, placed
from harness.machine import Machine
from harness.truth import MIB

BY_HAND = True
PROGRAMS = ("vm_migration_speed", "migratepages", "numactl")

SCRIPT = """
keep_sysfs sysfs
echo 0 >/proc/sys/kernel/numa_balancing
keep base vm_migration_speed 64 3 1 2 --pages=base
keep transparent vm_migration_speed 64 3 1 2
"""


def machine(kernel):
    return Machine(placed.arguments(), SCRIPT)


def check_machine(report, results, kernel):
    linux.check_nodes(report, results.sysfs(), online="0-2", has_memory="0-2")


def check(report, results, kernel):
    for name in ("base", "transparent"):
        found = placed.done(report, results, name)
        speeds = found["bytes_per_second"]
        print(f"{name} pages, 64 MiB, median of {len(found['seconds']['hetmem'])}:")
        for who, speed in sorted(speeds.items(), key=lambda item: -item[1]):
            print(f"  {who:16} {speed / MIB:8.0f} MiB/s  hetmem / this = "
                  f"{speeds['hetmem'] / speed:.2f}")  # fmt: skip
