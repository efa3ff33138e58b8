"""A machine without an HMAT: nothing is known of its figures, and nothing is made up."""

from harness import linux, qemu
from harness.machine import Machine
from harness.truth import MIB, NOTHING_KNOWN, Truth, compare

SIZES = {0: 1024 * MIB, 1: 512 * MIB}

SCRIPT = """
keep_sysfs sysfs
keep show hetmem show --json
keep text hetmem show --matrix
"""


def machine(kernel):
    arguments = ["-machine", "q35", "-smp", "2"]
    arguments += qemu.memories(SIZES, cpus={0: "0-1"})
    return Machine(arguments + qemu.distances({(0, 1): 17}), SCRIPT)


def check_machine(report, results, kernel):
    sysfs = results.sysfs()
    linux.check_nodes(report, sysfs, online="0-1", has_cpu="0", has_memory="0-1")
    linux.check_no_attributes(report, sysfs)
    report.true("the machine has no HMAT", not linux.has_table(sysfs, "HMAT"))


def check(report, results, kernel):
    document = results.json("show")
    truth = Truth(
        initiators={"node0": {"kind": "cpu", "node": 0, "pxm": 0, "cpus": "0-1"}},
        targets={
            f"node{node}": qemu.memory_of_node(results.sysfs(), SIZES, node, caches=[])
            for node in SIZES
        },
        access={("node0", f"node{node}"): NOTHING_KNOWN for node in SIZES},
        sources=(),
    )  # fmt: skip
    compare(report, truth, document)
    report.equal("disagreements", [], document["disagreements"])
    report.equal("matrices", [], document["figures"])
    # A distance is an order and stays one.
    report.equal("distances", [[10, 17]], document["distances"])
    hmat = [entry for entry in document["sources"] if entry["what"] == "HMAT"]
    report.equal("status of the HMAT", ["absent"], [entry["status"] for entry in hmat])
    report.contains("hetmem show --matrix", results.output("text"), "unknown")
