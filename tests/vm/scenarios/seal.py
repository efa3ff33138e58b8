"""Each way to keep a scarce memory to oneself: what hetmem check says, and what really happens.

Node 1 is reserved memory, a dax device. In every state a program that knows nothing of it fills more
memory than the other nodes have: where the verdict is "sealed" it is killed for want of memory while
node 1 is empty; where it is "leaky" it lives, and has pages there.
"""

import json

from harness import linux, placed, reserved
from harness.machine import Machine
from harness.truth import MIB

PROGRAMS = ("vm_fill",)

# Node 2 keeps the firmware's own pages, at the end of memory, out of the reserved range.
SIZES = {0: 512 * MIB, 1: 256 * MIB, 2: 128 * MIB}
NEAR, FAR = (100, 105, 102400, 92160), (300, 310, 30720, 20480)
# More than nodes 0 and 2 are, less than all have.
FILL = 700
# What cannot be a shared library's.
SOME = 16 * MIB

# What becomes of new memory blocks where nobody says.
DEFAULT_ONLINE = {"6.12": "online", "6.1": "offline"}
TO_KMEM = {
    "6.12": "must insmod /modules/kmem.ko",
    "6.1": """
must insmod /modules/kmem.ko
echo dax0.0 >/sys/bus/dax/drivers/kmem/new_id || fail "bind dax0.0 to kmem"
""",
}

SCRIPT = """
echo 1 >/proc/sys/vm/overcommit_memory || fail overcommit_memory
blocks_to() {{
    for state in /sys/devices/system/node/node1/memory[0-9]*/state; do
        echo "$1" >"$state" || return 1
    done
}}
# look NAME: what is said, and then what happens
look() {{
    attempt "check_$1" hetmem check --json
    attempt "fill_$1" vm_fill {fill}
}}
auto=/sys/devices/system/memory/auto_online_blocks
keep auto_online cat $auto
attempt check_start hetmem check --json
{bind}
look devdax

echo offline >$auto || fail auto_online_blocks
echo dax0.0 >/sys/bus/dax/drivers/device_dax/unbind || fail "unbind dax0.0"
{to_kmem}
keep_sysfs sysfs_kmem
look offline
must blocks_to online_movable
look movable

cgroups
for slice in system.slice user.slice init.scope; do
    cgroup "$slice" cpuset.mems=0,2
done
echo 1 >/sys/fs/cgroup/init.scope/cgroup.procs || fail "fence in init"
echo $$ >/sys/fs/cgroup/system.slice/cgroup.procs || fail "fence in the script"
look fenced
echo 1 >/sys/kernel/mm/numa/demotion_enabled || fail demotion_enabled
attempt check_demotion hetmem check --json
hold demoted vm_fill 200
# As kswapd does it: whoever reclaims is in no cpuset itself.
echo $$ >/sys/fs/cgroup/cgroup.procs
echo 150M >/sys/fs/cgroup/system.slice/memory.reclaim
release demoted
echo 0 >/sys/kernel/mm/numa/demotion_enabled
echo 0-2 >/sys/fs/cgroup/user.slice/cpuset.mems || fail "open the fence"
echo $$ >/sys/fs/cgroup/user.slice/cgroup.procs || fail "into user.slice"
attempt check_hole hetmem check --json

echo 1 >/sys/fs/cgroup/cgroup.procs
echo $$ >/sys/fs/cgroup/cgroup.procs
pool=/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages
echo 100 >$pool || fail "pool of huge pages"
keep pool cat $pool
look pool
echo 0 >$pool

must blocks_to offline
echo dax0.0 >/sys/bus/dax/drivers/kmem/unbind || fail "unbind dax0.0 from kmem"
cat /results/auto_online.out >$auto || fail auto_online_blocks
echo dax0.0 >/sys/bus/dax/drivers/kmem/bind || fail "bind dax0.0 to kmem"
keep_sysfs sysfs_default
look default
if [ "$(cat /results/auto_online.out)" = offline ]; then
    must blocks_to online_kernel
    look kernel
fi
"""


def machine(kernel):
    arguments = placed.arguments(SIZES, {0: NEAR, 1: FAR, 2: NEAR})
    script = SCRIPT.format(fill=FILL, bind=reserved.BIND[kernel], to_kmem=TO_KMEM[kernel])
    line = f"nokaslr memmap={SIZES[1]}%{SIZES[0]:#x}-1+0xefffffff"
    return Machine(arguments, script, command_line=line, modules=reserved.MODULES,
                   later_modules=["kmem"])  # fmt: skip


def check_machine(report, results, kernel):
    linux.check_nodes(report, results.sysfs("sysfs_kmem"), online="0-2", has_memory="0,2")
    report.equal("auto_online_blocks", DEFAULT_ONLINE[kernel],
                 results.output("auto_online").strip())  # fmt: skip
    report.equal("huge pages in the pool", "100", results.output("pool").strip())


def check(report, results, kernel):
    _sealed(report, results, "devdax", "belongs to device_dax")
    _sealed(report, results, "offline", "offline")
    _leaky(report, results, "movable", "seal-open", "zone Movable", "cpuset")
    _sealed(report, results, "fenced", "excludes it")
    _says_leaky(report, results, "hole", "seal-open", "user.slice")
    _default(report, results, kernel)
    _demotion(report, results)
    _pool(report, results)
    # Nothing has it at the start; only since 6.3 would kmem take it, and 6.12 onlines by itself.
    start = _verdict(report, results, "start")
    report.equal("start: verdict", "sealed", start.get("state"))
    risky = "seal-at-risk" in _checks(results, "start")
    report.equal("start: one step from leaking", kernel == "6.12", risky)


def _default(report, results, kernel):
    """The same memory given to kmem, and the kernel as it comes."""
    if DEFAULT_ONLINE[kernel] == "online":
        _leaky(report, results, "default", "seal-kernel", "the kernel itself")
    else:
        _sealed(report, results, "default", "offline")
        _leaky(report, results, "kernel", "seal-kernel", "the kernel itself")


def _demotion(report, results):
    _says_leaky(report, results, "demotion", "seal-demotion", "demotion is on")
    pages = placed.document(results, "demoted")
    report.equal("demotion: at first on node 1", None, pages.get("first", {}).get("1"))
    moved = pages.get("later", {}).get("1", 0)
    report.true("demotion: then some is on node 1, in spite of the cpuset", moved > SOME, f"{pages}")


def _pool(report, results):
    found = _verdict(report, results, "pool")
    report.equal("pool: verdict", "leaky", found.get("state"))
    report.contains("pool: why", " ".join(found.get("why", [])), "200 MiB", "pool of huge pages")
    # What the pool has is nobody's: the rest of node 1 is not enough.
    report.equal("pool: the program is killed", 137, results.exit("fill_pool"))


def _sealed(report, results, name, *why):
    found = _verdict(report, results, name)
    report.equal(f"{name}: verdict", "sealed", found.get("state"))
    report.contains(f"{name}: why", " ".join(found.get("why", [])), *why)
    report.equal(f"{name}: the program is killed", 137, results.exit(f"fill_{name}"))


def _says_leaky(report, results, name, finding, *why):
    found = _verdict(report, results, name)
    report.equal(f"{name}: verdict", "leaky", found.get("state"))
    report.contains(f"{name}: why", " ".join(found.get("why", [])), *why)
    report.true(f"{name}: the finding {finding}", finding in _checks(results, name))


def _leaky(report, results, name, finding, *why):
    _says_leaky(report, results, name, finding, *why)
    report.equal(f"{name}: the program lives", 0, results.exit(f"fill_{name}"))
    pages = placed.document(results, f"fill_{name}")
    on_it = pages.get("first", {}).get("1", 0)
    report.true(f"{name}: it has pages on node 1", on_it > SOME, f"{pages}")


def _document(results, name):
    try:
        return json.loads(results.output(f"check_{name}"))
    except ValueError:
        return {}


def _checks(results, name):
    return [finding["check"] for finding in _document(results, name).get("findings", [])]


def _verdict(report, results, name):
    """That on the one scarce memory of this machine."""
    seals = _document(results, name).get("seals", [])
    report.equal(f"{name}: scarce memories", 1, len(seals))
    return seals[0] if seals else {}
