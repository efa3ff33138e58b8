"""What only root may read, hetmemd reads without any capability, and publishes.

A memory that is held back by firmware, whose addresses are in /proc/iomem and in a file of its dax
device, and a CXL device with its CDAT: what root's own hetmem says of them, hetmemd says too.
"""

from harness import linux, qemu
from harness.machine import Machine
from harness.truth import GIB, MIB, target

# The last memory has the firmware's own tables at its end, and cannot be held back whole.
SIZES = {0: GIB, 1: 512 * MIB, 2: 256 * MIB}
BASE = GIB  # of node 1, which lies after node 0
DEVICE_SIZE = 256 * MIB

PROGRAMS = ("hetmemd",)

SCRIPT = """
keep_sysfs sysfs
keep alone hetmem show --json
mkdir -p /run
hetmemd 2>/results/daemon.log &
DAEMON=$!
looked() { grep -q "\\"looks\\": $1," /run/hetmem/health.json 2>/dev/null; }
eventually looked 1
keep root hetmem show --json
keep_as_user user hetmem show --json
# Whether what needed privileges can be read again, too.
kill -HUP $DAEMON
eventually looked 2
keep health cat /run/hetmem/health.json
keep generation readlink /run/hetmem/current
kill $DAEMON
wait $DAEMON
"""


def machine(kernel):
    arguments = ["-machine", "q35,cxl=on,hmat=on", "-smp", "2"]
    arguments += qemu.memories(SIZES, cpus={0: "0-1"}, initiators={0: 0, 1: 0, 2: 0})
    arguments += qemu.locality(0, 0, 100, 110, 102400, 92160)
    arguments += qemu.locality(0, 1, 120, 125, 409600, 307200)
    arguments += qemu.locality(0, 2, 300, 310, 30720, 20480)
    arguments += [
        "-object",
        f"memory-backend-file,id=cxl-mem,share=on,mem-path=cxl.raw,size={DEVICE_SIZE}",
        "-object", f"memory-backend-file,id=cxl-lsa,share=on,mem-path=lsa.raw,size={MIB}",
        "-device", "pxb-cxl,bus_nr=12,bus=pcie.0,id=cxl.1",
        "-device", "cxl-rp,port=0,bus=cxl.1,id=rp13,chassis=0,slot=2",
        "-device", "cxl-type3,bus=rp13,memdev=cxl-mem,lsa=cxl-lsa,id=cxl-pmem0",
        "-M", "cxl-fmw.0.targets.0=cxl.1,cxl-fmw.0.size=4G",
    ]  # fmt: skip
    return Machine(
        arguments, SCRIPT,
        # As in cxl_device and reserved_memory.
        command_line=f"pci=nomsi nokaslr memmap={SIZES[1]}%{BASE:#x}-1+0xefffffff",
        modules=["device_dax", "dax_hmem", "cxl_acpi", "cxl_pci", "cxl_mem"],
        files={"cxl.raw": DEVICE_SIZE, "lsa.raw": MIB},
    )  # fmt: skip


def check_machine(report, results, kernel):
    sysfs = results.sysfs()
    linux.check_nodes(report, sysfs, online="0,2", has_memory="0,2")
    report.true("there is a dax device", "bus/dax/devices/dax0.0/size" in sysfs)


def check(report, results, kernel):
    alone, root = (_comparable(results.json(name)) for name in ("alone", "root"))
    for part in alone:
        report.equal(f"root's own and hetmemd's {part}", alone[part], root.get(part))
    dax = target(alone, "dax0.0")
    report.equal("addresses of dax0.0", [{"base": BASE, "length": SIZES[1]}], dax.get("ranges"))
    report.true("a CDAT was read", any(t["device_legs"] for t in alone["targets"]), str(alone)[:2000])
    user = results.json("user")
    report.equal(
        "memories for everybody", [t["name"] for t in alone["targets"]],
        [t["name"] for t in user["targets"]],
    )  # fmt: skip
    report.equal("addresses for everybody", [[]] * len(user["targets"]),
                 [t["ranges"] for t in user["targets"]])  # fmt: skip
    report.equal("figures", alone["figures"], user["figures"])
    health = results.json("health")
    report.equal("what hetmemd could not read", [], health["unreadable"])
    report.equal("capabilities", "user 0 without capabilities", health["privileges"])
    # Read again it was the same.
    report.equal("generation", "generations/1", results.output("generation").strip())


def _comparable(document):
    for entry in document["targets"]:
        entry["free"] = None
        for pool in entry["huge_pages"]:
            pool["free"] = None
    # Where root's hetmem has it from.
    document["sources"] = [s for s in document["sources"] if s["what"] != "hetmemd"]
    return document
