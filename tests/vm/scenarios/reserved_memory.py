"""Memory that firmware holds back: known while it is a dax device, and the same once onlined.

The range of node 1 is "Soft Reserved" in the memory map. Linux then has no node directory for it
and so no figures; the HMAT has them. Loading kmem makes the range ordinary memory of node 1.
"""

from harness import linux, qemu
from harness.machine import Machine
from harness.truth import GIB, MIB, Truth, compare, compare_ranking, figures, target

SIZES = {0: GIB, 1: 512 * MIB, 2: 512 * MIB}
BASE = GIB  # of node 1, which lies after node 0
FIGURES = {
    0: (100, 105, 102400, 92160), 1: (120, 125, 409600, 307200), 2: (300, 310, 30720, 20480),
}  # fmt: skip

# 6.12 keeps the device for kmem; 6.1 gives it to device_dax at once.
DRIVER = {"6.12": "", "6.1": "device_dax"}

ONLINE = {
    # Since 6.3 dax_hmem marks its devices for kmem, and memory added is onlined as the kernel
    # was built to do.
    "6.12": """
must insmod /modules/kmem.ko
""",
    # 6.1 leaves the device with device_dax until somebody rebinds it, and blocks offline.
    "6.1": """
must insmod /modules/kmem.ko
echo dax0.0 >/sys/bus/dax/drivers/device_dax/unbind || fail "unbind dax0.0"
echo dax0.0 >/sys/bus/dax/drivers/kmem/new_id || fail "bind dax0.0 to kmem"
""",
}
SCRIPT = """
keep_sysfs sysfs
keep show hetmem show --json
keep text hetmem show
keep rank hetmem rank --by read_bandwidth --from-cpu 0 --json
keep rank_all hetmem rank --by read_bandwidth --from-cpu 0 --all --json
{online}
keep_sysfs sysfs_added
keep show_added hetmem show --json
must online_blocks_of 1
keep_sysfs sysfs_online
keep show_online hetmem show --json
keep text_online hetmem show
"""


def machine(kernel):
    arguments = ["-machine", "q35,hmat=on", "-smp", "2"]
    arguments += qemu.memories(SIZES, cpus={0: "0-1"}, initiators={0: 0, 1: 0, 2: 0})
    for node, values in FIGURES.items():
        arguments += qemu.locality(0, node, *values)
    return Machine(
        arguments, SCRIPT.format(online=ONLINE[kernel]),
        # The kernel must not settle in the range; and the range is all of its node, since
        # dax_hmem makes no device of a part.
        command_line=f"nokaslr memmap={SIZES[1]}%{BASE:#x}-1+0xefffffff",
        modules=["device_dax", "dax_hmem"], later_modules=["kmem"],
    )  # fmt: skip


def check_machine(report, results, kernel):
    sysfs = results.sysfs()
    linux.check_nodes(report, sysfs, online="0,2", has_memory="0,2")
    linux.check_no_attributes(report, sysfs, node=1)
    for name, value in (("size", SIZES[1]), ("target_node", 1), ("resource", f"{BASE:#x}")):
        report.equal(f"dax0.0/{name}", str(value), sysfs.get(f"bus/dax/devices/dax0.0/{name}"))
    driver = sysfs.get("bus/dax/devices/dax0.0/driver", "").rpartition("/")[2]
    report.equal("driver of dax0.0", DRIVER[kernel], driver)
    online = results.sysfs("sysfs_online")
    linux.check_nodes(report, online, online="0-2", has_memory="0-2")


def check(report, results, kernel):
    reserved = results.json("show")
    held_back = {
        "state": "reserved", "reserved": True,
        "reserved_reason": "device-dax dax0.0, soft-reserved", "size": SIZES[1], "free": None,
        "blocks": 0, "blocks_online": 0, "block_size": None,
    }  # fmt: skip
    compare(report, _truth(results.sysfs(), "dax0.0", held_back), reserved)
    memory = target(reserved, "dax0.0")
    if report.equal("dax devices of the range", 1, len(memory.get("dax", []))):
        for name, value in (
            ("name", "dax0.0"), ("size", SIZES[1]), ("align", 2 * MIB), ("driver", DRIVER[kernel]),
            ("origin", "soft-reserved"), ("target_node", 1), ("resource", BASE),
        ):  # fmt: skip
            report.equal(f"dax0.0: {name}", value, memory["dax"][0].get(name))
    report.contains("hetmem show", results.output("text"), "dax0.0", "reserved")
    order = [(f"node{n}", figures(*FIGURES[n])["read_bandwidth"]) for n in (0, 2)]
    compare_ranking(report, order, results.json("rank"), "hetmem rank", left_out=["dax0.0"])
    first = ("dax0.0", figures(*FIGURES[1])["read_bandwidth"])
    compare_ranking(report, [first, *order], results.json("rank_all"), "hetmem rank --all")

    compare(
        report, _truth(results.sysfs("sysfs_online"), "node1", {}), results.json("show_online"),
        "once kmem has it",
    )  # fmt: skip
    online = target(results.json("show_online"), "node1")
    report.equal("driver once kmem has it", ["kmem"], [d["driver"] for d in online.get("dax", [])])
    added = next((t for t in results.json("show_added")["targets"] if t["pxm"] == 1), {})
    report.equal("state as soon as kmem has it", "online" if kernel == "6.12" else "offline",
                 added.get("state"))


def _truth(sysfs, name, more):
    """name: what the memory of node 1 is called; more: what is not as with ordinary memory."""
    names = {0: "node0", 1: name, 2: "node2"}
    targets = {names[node]: qemu.memory_of_node(sysfs, SIZES, node) for node in SIZES}
    targets[name] |= more
    return Truth(
        initiators={"node0": {"kind": "cpu", "node": 0, "pxm": 0, "cpus": "0-1"}},
        targets=targets,
        access={("node0", names[node]): figures(*values) for node, values in FIGURES.items()},
        best={names[node]: "node0" for node in SIZES},
    )
