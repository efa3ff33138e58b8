"""A revision-1 HMAT, sockets that differ by 15 %, a SLIT with a row of tens: as the model says.

Linux counts in tenths and rounds up, takes what is below one unit for nothing, makes no tiers of
DRAM nodes that differ that much, and drops the whole SLIT.
"""

from harness import linux, predicted, tables

PROGRAMS = predicted.PROGRAMS


def machine(kernel):
    structures = [
        tables.address_range(2, 0x40000000, 512 << 20, processor_pxm=1, reservation_hint=True),
        tables.locality(tables.ACCESS_LATENCY, 1, [0, 1], [0, 1, 2],
                        [[1000, 2001, 9], [2001, 1150, 3000]]),
        tables.locality(tables.ACCESS_BANDWIDTH, 1024, [0, 1], [0, 1, 2],
                        [[2000, 1000, 500], [1000, 2000, 500]]),
    ]  # fmt: skip
    slit = tables.slit([[10, 20, 30], [10, 10, 10], [30, 30, 10]])
    return predicted.machine({"hmat": tables.hmat(1, structures), "slit": slit}, {0: "0", 1: "1"})


def check_machine(report, results, kernel):
    linux.check_nodes(report, results.sysfs(), online="0-2", has_cpu="0-1", has_memory="0-2")


def check(report, results, kernel):
    found = predicted.compare(report, results)
    report.equal("the HMAT is used", True, found["hmat_used"])
    report.equal("the SLIT is used", False, found["slit_used"])
    report.equal("tiers of the HMAT", False, found["tiers_from_hmat"])
    if kernel == "6.12":
        report.contains("why not", found["tiers_reason"], "domains 0 and 1", "10 %")
    predicted.says(report, found, "SLIT, offset 47: 10 from domain 1 to domain 0")
    report.equal("rounded up", 115, predicted.target(found, 1)["access0"]["read_latency"])
    report.equal("attached", [1], predicted.target(found, 2)["access0"]["initiators"])
