"""The suite over every placement and page size on real nodes and a dax device; the example programs."""

from harness import placed, reserved

PROGRAMS = ("conformance", "example_place", "example_place_c", "example_pmr_container")

SCRIPT = """
keep_sysfs sysfs
{bind}
keep_sysfs sysfs_bound
export HETMEM_TEST_TARGETS=node0,node2,dax0.0
# A page of 1 GiB has no place on these nodes. Of the pools' tests those that depend on the memory;
# all of them under emulation would take minutes.
pools="pools/*KeepsObjectsApart*:pools/*IsWhereItWasAskedFor*:pools/*SurvivesAFork*"
keep conformance conformance --gtest_filter="regions/*:$pools:-*huge_1g*"
unset HETMEM_TEST_TARGETS
keep place example_place node2 node0 64
keep place_dax example_place dax0.0 node2 64
keep place_chosen example_place
keep place_c example_place_c bind:node2 bind:node0 64
keep place_c_chosen example_place_c
keep pmr example_pmr_container node2
keep pmr_dax example_pmr_container dax0.0
keep pmr_chosen example_pmr_container
"""


def machine(kernel):
    return reserved.machine(SCRIPT, kernel)


def check_machine(report, results, kernel):
    reserved.check_machine(report, results)


def check(report, results, kernel):
    lines = results.output("conformance").splitlines()
    failed = sorted({line for line in lines if line.startswith("[  FAILED  ]")})
    report.equal("conformance: failed", [], failed)
    passed = [line for line in lines if line.startswith("[       OK ]")]
    for kind in ("bind", "chain", "best", "interleave", "prefer", "directory", "dax"):
        for pages in ("transparent", "base", "huge_2m"):
            # What a device or a file has no pages for is skipped.
            if kind in ("directory", "dax") and pages != "transparent":
                continue
            for suite in ("regions", "pools"):
                done = [line for line in passed if f"{suite}/" in line and f"{kind}_{pages}" in line]
                report.true(f"conformance: {suite} of {kind}, {pages}", bool(done))
    for name, memory in (("place", "node2"), ("place_dax", "dax0.0"), ("place_c", "node2"),
                         ("pmr", "node2"), ("pmr_dax", "dax0.0")):  # fmt: skip
        report.contains(name, results.output(name), memory)
    placed.nobody_killed(report, results)
