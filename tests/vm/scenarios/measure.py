"""Every memory is measured where it is, kept, used, forgotten; what is reserved only by name."""

import json

from harness import linux, reserved
from harness.truth import MIB

PROGRAMS = ("vm_place",)

# Emulated memory is noise: tiny buffers, little time, and no figure is judged.
SMALL = "--buffer 768K --allow-cached --budget 0.05"
# What is expected of imported figures: those that are given here.
GIVEN = {
    "format": "hetmem-figures",
    "version": 1,
    "given": [
        {"initiator": "node0", "target": "node0", "read_latency": "90 ns", "origin": "a book"},
        {"initiator": "node0", "target": "node2", "read_latency": "55 ns", "origin": "a book"},
    ],
}

SCRIPT = """
{bind}
keep_sysfs sysfs
keep_sysfs sysfs_bound
keep stamp vm_place stamp /dev/dax0.0
keep quick hetmem measure --quick {small} --json
keep stamped vm_place stamped /dev/dax0.0
keep listed hetmem measure --list --json
keep list_text hetmem measure --list
keep show hetmem show --json
# Larger than what QEMU's CPUs say of their caches: figures of the memories.
keep real hetmem measure --metric local_latency --buffer 64M --budget 0.2 --json
keep real_show hetmem show --json
keep rank hetmem rank --by read_latency --json
keep_as_user user_show hetmem show --json
keep named hetmem measure dax0.0 --initiator node0 --quick {small} --no-store --json
keep touched vm_place stamped /dev/dax0.0
keep whole hetmem measure node2 {small} --curves --no-store
keep_as_user user_measure hetmem measure node0 --quick {small}
keep_as_user user_listed hetmem measure --list --json
attempt cached hetmem measure node0 --buffer 768K --no-store
attempt no_such hetmem measure node7 --no-store
hold hog vm_place hog 2:60
attempt full hetmem measure node2 --buffer 200M --allow-cached --budget 0.05 --no-store
release hog
keep forget hetmem measure --forget node2
keep forgotten hetmem measure --list --json
cat >/tmp/given.json <<'END'
{given}
END
keep import hetmem measure --import /tmp/given.json
keep given_rank hetmem rank --by read_latency --json
attempt import_wrong hetmem measure --import /init
keep forget_all hetmem measure --forget
keep nothing hetmem measure --list
# Ended once it has had time for more than its first samples; so much memory is touched by then.
hetmem measure node0 --metric local_latency,read_bandwidth --buffer 768K --allow-cached \\
    --budget 600 --json >/results/stopped.out 2>/results/stopped.err &
measuring=$!
used() {{
    set -- $(cut -d')' -f2 /proc/$measuring/stat)
    [ $((${{12}} + ${{13}})) -ge 200 ]
}}
eventually used
kill -TERM $measuring
wait $measuring
echo $? >/results/stopped.exit
keep after_stop hetmem measure --list --json
"""


def machine(kernel):
    return reserved.machine(SCRIPT, kernel, small=SMALL, given=json.dumps(GIVEN))


def check_machine(report, results, kernel):
    linux.check_nodes(report, results.sysfs(), online="0,2", has_memory="0,2")
    reserved.check_device(report, results.sysfs("sysfs_bound"))


def check(report, results, kernel):
    cells = whole(report, results, "quick", {"node0", "node2"}, 3)
    remarks = results.json("quick")["remarks"]
    report.true("reserved memory is left out, and told", any("dax0.0" in r and "reserved" in r
                for r in remarks), f"{remarks}")  # fmt: skip
    report.equal("what is in it is as it was", True, results.json("stamped")["contents"])
    report.contains("where it is kept", results.errors("quick"), "/var/lib/hetmem/figures.json")
    report.equal("kept", cells, measured(results, "listed"))
    report.contains("--list", " ".join(results.output("list_text").split()),
                    "latency, local to the TLB", "just now", "node2")  # fmt: skip
    check_used(report, results, cells)
    whole(report, results, "named", {"dax0.0"}, 3)
    report.equal("after it was named", False, results.json("touched")["contents"])
    check_whole_run(report, results)
    check_user(report, results)
    check_refusals(report, results)
    check_store(report, results)
    stopped = measured(results, "stopped")
    report.equal("ended by SIGTERM", 143, results.exit("stopped"))
    report.true("and keeps what it had", len(stopped) >= 1, f"{stopped}")
    report.equal("in the store", stopped, measured(results, "after_stop"))


def measured(results, name):
    """What identifies a figure, and the figure."""
    return [
        (c["initiator"], c["target"], c["what"], c["median"], c["n"])
        for c in json.loads(results.output(name))["measured"]
    ]


def whole(report, results, name, targets, metrics):
    """All cells of a run from node0, each with what must be told of it."""
    found = results.json(name)["measured"]
    report.equal(f"{name}: memories", targets, {c["target"] for c in found})
    report.equal(f"{name}: cells", metrics * len(targets), len(found))
    for c in found:
        about = f"{name}: {c['target']} {c['what']}"
        report.equal(f"{about}: from", "node0", c["initiator"])
        report.true(f"{about}: n, interval", c["n"] >= 3 and 0 < c["least"] <= c["low"]
                    <= c["median"] <= c["high"] <= c["most"], f"{c}")  # fmt: skip
        report.equal(f"{about}: in", "cpu_cache", c["in"])
        report.true(f"{about}: pages", c["page"] in (4096, 2 * MIB) and c["page_percent"] > 50, f"{c}")
        report.true(f"{about}: threads", 1 <= c["threads"] <= 2, f"{c}")
        report.true(f"{about}: verdict", c["interference"] == "quiet" or c["why"], f"{c}")
    return measured(results, name)


def check_used(report, results, cells):
    report.equal("no figure of a cache is a memory's", [], of_memories(results, "show"))
    found = results.json("real")["measured"]
    report.equal("real: in memory", {"memory"}, {c["in"] for c in found})
    # A busy host disturbs the guest, and the firmware's word is taken before a disturbed figure.
    trusted = {c["target"]: c["median"] for c in found if c["interference"] != "disturbed"}
    for name in ("real_show", "user_show"):
        report.equal(f"{name}: read latency", [trusted] if trusted else [],
                     of_memories(results, name))  # fmt: skip
    rank = results.json("rank")
    by_measured = set(trusted) == {"node0", "node2"}
    report.equal("rank: never measured against rated", "measured" if by_measured else "hmat",
                 rank["source"])  # fmt: skip
    if by_measured:
        report.equal("rank", trusted, {p["target"]: p["value"] for p in rank["places"]})


def of_memories(results, name):
    """Rows of measured figures in a description, by the names of the memories."""
    document = results.json(name)
    names = [target["name"] for target in document["targets"]]
    return [
        {target: value for target, value in zip(names, row) if value is not None}
        for figures in document["figures"] if figures["source"] == "measured"
        for row in figures["values"]
    ]  # fmt: skip


def check_whole_run(report, results):
    text = " ".join(results.output("whole").split())  # notes are broken into lines
    report.contains("whole run", text, "node2", "latency, local to the TLB",
                    "latency, fully random", "read bandwidth",
                    "triad bandwidth", "95 % interval", "fits the CPU's cache", "On the bus",
                    "Latency under load from node0, 100 % of it reads",
                    "Latency under load from node0, 50 % of it reads", "Knee")  # fmt: skip
    # QEMU's own HMAT says 300 ns.
    report.contains("declared beside measured", text, "300 ns (hmat)")


def check_user(report, results):
    report.contains("a user's are that user's", results.errors("user_measure"), ".local/state/hetmem")
    report.equal("user_listed", 3, len(results.json("user_listed")["measured"]))


def check_refusals(report, results):
    for name, words in {
        "cached": ("768 KiB", "caches"),
        "no_such": ("node7",),
        "full": ("node2",),
        "import_wrong": ("/init", "line 1"),
    }.items():
        report.equal(f"{name}: exit status", 1, results.exit(name))
        report.contains(f"{name}: why", results.errors(name), *words)


def check_store(report, results):
    report.contains("--forget", results.errors("forget"), "3 figures")
    report.equal("what is left", {"node0"}, {c[1] for c in measured(results, "forgotten")})
    report.contains("--import", results.errors("import"), "2 figures")
    rank = results.json("given_rank")
    report.equal("rank: source", "override", rank["source"])
    report.equal("rank: order", ["node2", "node0"], [p["target"] for p in rank["places"]])
    report.equal("rank: values", [55_000, 90_000], [p["value"] for p in rank["places"]])
    report.contains("nothing", results.output("nothing"), "Nothing is kept")
