"""A CXL memory device: its CDAT tells the device's own leg of the path, which is never ranked."""

from harness import linux, qemu
from harness.machine import Machine
from harness.truth import GIB, MIB, NOTHING_KNOWN, Truth, compare, compare_ranking, figures, target

SIZES = {0: GIB}
DEVICE_SIZE = 256 * MIB
FIGURES = (100, 110, 102400, 92160)
# What QEMU's device writes into its CDAT (hw/mem/cxl_type3.c).
LEG = figures(150, 250, 16000, 16000)

SCRIPT = """
keep_sysfs sysfs
ls /sys/bus/cxl/devices >/results/cxl.out
wc -c </sys/bus/cxl/devices/endpoint2/CDAT >/results/cdat.out
keep show hetmem show --json
keep text hetmem show --matrix
keep rank hetmem rank --by read_bandwidth --from-cpu 0 --json
keep rank_all hetmem rank --by read_bandwidth --from-cpu 0 --all --json
"""


def machine(kernel):
    arguments = ["-machine", "q35,cxl=on,hmat=on", "-smp", "2"]
    arguments += qemu.memories(SIZES, cpus={0: "0-1"}, initiators={0: 0})
    arguments += qemu.locality(0, 0, *FIGURES)
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
        # The device of QEMU 7.2 has no event log, and 6.12 refuses a device that fails to set up
        # the interrupts of one; without message-signalled interrupts it does not try. 6.1 knows
        # no event logs.
        command_line="pci=nomsi",
        modules=["cxl_acpi", "cxl_pci", "cxl_mem"],
        files={"cxl.raw": DEVICE_SIZE, "lsa.raw": MIB},
    )  # fmt: skip


def check_machine(report, results, kernel):
    sysfs = results.sysfs()
    linux.check_nodes(report, sysfs, online="0", has_memory="0")
    report.true("mem0 is there", "mem0" in results.output("cxl").split(), results.output("cxl"))
    report.equal("bytes of its CDAT", "160", results.output("cdat").strip())
    for access in (0, 1):
        linux.check_attributes(report, sysfs, 0, access, [0], *FIGURES)


def check(report, results, kernel):
    document = results.json("show")
    truth = Truth(
        initiators={"node0": {"kind": "cpu", "node": 0, "pxm": 0, "cpus": "0-1"}},
        targets={
            "node0": qemu.memory_of_node(results.sysfs(), SIZES, 0, device_legs=[]),
            "mem0": {"kind": "cxl", "node": None, "size": DEVICE_SIZE},
        },
        access={("node0", "node0"): figures(*FIGURES), ("node0", "mem0"): NOTHING_KNOWN},
        best={"node0": "node0"},
    )
    compare(report, truth, document)
    report.equal("disagreements", [], document["disagreements"])
    legs = target(document, "mem0").get("device_legs", [])
    if report.equal("device legs of mem0", 1, len(legs)):
        report.equal("device of the leg", "mem0", legs[0]["device"])
        whole = {"base": 0, "length": DEVICE_SIZE}
        report.equal("range of the leg", whole, legs[0]["device_range"])
        report.equal("non-volatile", True, legs[0]["non_volatile"])
        report.equal("figures of the leg", LEG, legs[0]["figures"])
    dram = ("node0", figures(*FIGURES)["read_bandwidth"])
    compare_ranking(report, [dram], results.json("rank"), "hetmem rank", left_out=["mem0"])
    # Asked for all the same, it has no figure to be ranked by: 16 GB/s is not the whole path.
    compare_ranking(report, [dram, ("mem0", None)], results.json("rank_all"), "hetmem rank --all")
    report.contains("hetmem show --matrix", results.output("text"), "mem0", "150 ns", "250 ns")
