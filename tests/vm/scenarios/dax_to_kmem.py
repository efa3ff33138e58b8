"""A dax device that a program has mapped is taken away, becomes ordinary memory, and a device again."""

from harness import placed, reserved, watched
from harness.truth import MIB, target

PROGRAMS = ("vm_watch", "vm_place")

DEVICE = "dax0.0"

# Since 6.3 dax_hmem marks its devices for kmem, which takes what has no driver.
TO_KMEM = {
    "6.12": "must insmod /modules/kmem.ko",
    "6.1": """
must insmod /modules/kmem.ko
echo dax0.0 >/sys/bus/dax/drivers/kmem/new_id || fail "bind dax0.0 to kmem"
""",
}

SCRIPT = """
echo online_movable >/sys/devices/system/memory/auto_online_blocks
keep_sysfs sysfs
{bind}
keep_sysfs sysfs_bound
keep show_mapped hetmem show --json

hold mapper vm_watch bind:dax0.0 64 --touch
hold toucher vm_watch bind:dax0.0 32 --touch --migrate
keep where_mapped hetmem where $(cat /tmp/mapper.pid) --json
echo dax0.0 >/sys/bus/dax/drivers/device_dax/unbind || fail "unbind dax0.0"
await mapper 'lost dax0.0 pool'
await toucher 'lost dax0.0 pool'
keep show_unbound hetmem show --json
keep where_unbound hetmem where $(cat /tmp/mapper.pid) --json
release toucher
keep refused vm_place allocate bind:dax0.0 16

{to_kmem}
must online_blocks_of 1
keep show_online hetmem show --json
hold user vm_watch bind:node1 32
must offline_blocks_of 1
await user 'leaving node1 pool: * nothing of '
keep where_user hetmem where $HELD --json
keep show_offline hetmem show --json
release user

echo dax0.0 >/sys/bus/dax/drivers/kmem/unbind || fail "unbind dax0.0 from kmem"
keep show_nobodys hetmem show --json
echo dax0.0 >/sys/bus/dax/drivers/device_dax/bind || fail "bind dax0.0 again"
await mapper 'returned dax0.0 pool'
keep show_again hetmem show --json
release mapper
keep again vm_place allocate bind:dax0.0 512
"""


def machine(kernel):
    made = reserved.machine(SCRIPT, kernel, to_kmem=TO_KMEM[kernel])
    made.script = watched.FUNCTIONS + made.script
    made.later_modules = ["kmem"]
    return made


def check_machine(report, results, kernel):
    reserved.check_machine(report, results)


def check(report, results, kernel):
    _check_descriptions(report, results)
    mapper = placed.done(report, results, "mapper")
    for owner in ("region", "pool"):
        watched.told(report, "mapper", mapper, owner, [("lost", DEVICE), ("returned", DEVICE)])
        lost = watched.event(mapper, owner, "lost", DEVICE)
        report.contains(f"mapper: what the {owner} is told", lost["what"], DEVICE, "driver", "gone")
        watched.lies(report, f"mapper: nothing of the {owner} is left", lost["now"], {})
        report.true(f"mapper: the {owner} is absent", lost["now"]["absent"] >= 64 * MIB, f"{lost}")
    report.equal("touching what was lost", "SIGBUS",
                 placed.done(report, results, "toucher").get("touch"))  # fmt: skip
    report.contains("moving what was lost",
                    placed.done(report, results, "toucher").get("migrate", ""), "lost", DEVICE)  # fmt: skip
    # Whatever else the memory was used for meanwhile: what is counted can be touched.
    report.equal("touching what is there again", "works", mapper.get("touch"))
    report.equal("hetmem where, mapped", True, DEVICE in results.output("where_mapped"))
    report.equal("hetmem where, without a driver", False,
                 DEVICE in results.output("where_unbound"))  # fmt: skip
    placed.refused(report, results, "refused", "target_lost", DEVICE, "driver")

    user = watched.ended_well(report, results, "user")
    for owner in ("region", "pool"):
        watched.told(report, "user", user, owner, [("leaving", "node1")])
        left = watched.event(user, owner, "leaving", "node1")
        report.contains(f"user: what the {owner} is told", left["what"], "node1", "512 MiB")
        report.equal(f"user: the {owner}'s contents when told", True, left["intact"])
        report.equal(f"user: the {owner} on node1", None, left["now"]["bytes"].get("node1"))
        report.true(f"user: the {owner} is elsewhere",
                    sum(left["now"]["bytes"].values()) >= 32 * MIB, f"{left}")  # fmt: skip
    again = placed.done(report, results, "again")
    report.equal("again: zeroed", True, again.get("zeroed"))
    placed.nobody_killed(report, results)


def _check_descriptions(report, results):
    for name, memory, state, driver in (
        ("show_mapped", DEVICE, "reserved", "device_dax"),
        ("show_unbound", DEVICE, "reserved", ""),
        ("show_online", "node1", "online", "kmem"),
        ("show_offline", "node1", "offline", "kmem"),
        ("show_nobodys", DEVICE, "reserved", ""),
        ("show_again", DEVICE, "reserved", "device_dax"),
    ):
        found = target(results.json(name), memory)
        report.equal(f"{name}: state of {memory}", state, found.get("state"))
        drivers = [d["driver"] for d in found.get("dax", [])]
        report.equal(f"{name}: driver of {DEVICE}", [driver], drivers)
