"""Unmodified hwloc chooses and binds by the figures that hetmemd publishes, not by those of sysfs."""

import base64
import xml.etree.ElementTree as ET

from harness import linux, qemu, tables
from harness.machine import Machine
from harness.truth import MIB, target

PROGRAMS = ("hetmemd", "lstopo-no-graphics", "hwloc-bind", "hwloc-info")

SIZES = {0: 512 * MIB, 1: 512 * MIB, 2: 256 * MIB, 3: 256 * MIB}
CPUS = {0: "0-1", 1: "2-3"}
CPUSETS = {0: "0x00000003", 1: "0x0000000c"}
# Whom firmware calls the best initiator of each memory, and sysfs with it.
NEAREST = {0: 0, 1: 1, 2: 0, 3: 1}
DISTANCES = {(0, 1): 21, (0, 2): 13, (0, 3): 23, (1, 2): 23, (1, 3): 13, (2, 3): 25}
# (initiator, target): read ns, write ns, read MB/s, write MB/s
FIRMWARE = {
    (0, 0): (96, 101, 204800, 179200), (0, 1): (141, 152, 81920, 71680),
    (0, 2): (118, 124, 819200, 614400), (0, 3): (163, 177, 92160, 76800),
    (1, 0): (142, 154, 80896, 70656), (1, 1): (97, 103, 203776, 178176),
    (1, 2): (164, 179, 91136, 75776), (1, 3): (119, 126, 818176, 613376),
}  # fmt: skip
# What holds instead: node 2 is slow, node 3 the fastest of all, and from socket 0 most of all;
# from socket 1, too, it is faster than that socket's own memory.
ADOPTED = {
    (0, 0): (95, 100, 200000, 180000), (0, 1): (140, 150, 82000, 72000),
    (0, 2): (300, 310, 30000, 20000), (0, 3): (110, 115, 900000, 700000),
    (1, 0): (141, 153, 81000, 71000), (1, 1): (98, 104, 203000, 178000),
    (1, 2): (310, 320, 28000, 19000), (1, 3): (120, 127, 500000, 300000),
}  # fmt: skip
ADOPTED_NEAREST = {0: 0, 1: 1, 2: 0, 3: 0}
NAMES = ("ReadLatency", "WriteLatency", "ReadBandwidth", "WriteBandwidth")

# The node by bandwidth from each socket, and the one by latency from socket 0.
QUESTIONS = {"fast0": ("bandwidth", 0), "fast1": ("bandwidth", 1), "near0": ("latency", 0)}
CHOSEN = {
    "plain": {"fast0": 2, "fast1": 3, "near0": 0},
    # A root has the best initiators only, as sysfs does: node 3 is socket 0's there.
    "root": {"fast0": 3, "fast1": 1, "near0": 0},
    "xml": {"fast0": 3, "fast1": 3, "near0": 0},
}
# In a container that has no node 3.
CONTAINED = {"plain": 2, "root": 0, "xml": 0}
VIEWS = {
    "plain": "",
    "root": "HWLOC_FSROOT=/run/hetmem/fsroot HWLOC_THISSYSTEM=1",
    "xml": "HWLOC_XMLFILE=/run/hetmem/hwloc.xml HWLOC_THISSYSTEM=1 "
    "HWLOC_THISSYSTEM_ALLOWED_RESOURCES=1",
}

SCRIPT = """
keep_sysfs sysfs
base64 -d >/tmp/new-hmat <<'END' || fail "base64"
{table}
END
must hetmemd --once
keep before sh -c 'cd /run/hetmem && cat hmem/mem_tgt3/local_init/read_bw_MBps'
exec 5</run/hetmem/hmem/mem_tgt3/local_init/read_bw_MBps
must hetmemd --once --adopt /tmp/new-hmat
keep held cat <&5
keep show hetmem show --json
keep hmem sh -c 'cd /run/hetmem/hmem && grep -r . . 2>/dev/null'
keep_as_user user_hmem 'cd /run/hetmem/hmem && cat mem_tgt3/access; ! cat mem_tgt3/phys_addr_base 2>&1'
"""

# What a program that was bound finds: hwloc's own word, and the kernel's of its memory.
ASK = """
keep {view}_{question} {within} env {variables} hwloc-bind --best-memattr {attribute} \
    --strict --cpubind package:{socket} --membind all -- \
    sh -c 'env - PATH=$PATH hwloc-bind --get --membind --nodeset; grep -w "heap\\|stack" /proc/self/numa_maps'
"""


def machine(kernel):
    arguments = ["-machine", "q35,hmat=on", "-smp", "4,sockets=2,cores=2,threads=1"]
    arguments += qemu.memories(SIZES, cpus=CPUS, initiators=NEAREST)
    arguments += qemu.distances(DISTANCES)
    for pair, values in FIRMWARE.items():
        arguments += qemu.locality(*pair, *values)
    script = SCRIPT.format(table=base64.encodebytes(_table()).decode().strip())
    for view, variables in VIEWS.items():
        script += f"keep {view} env {variables} lstopo-no-graphics --no-io --of xml\n"
        for question, (attribute, socket) in QUESTIONS.items():
            script += ASK.format(view=view, question=question, variables=variables,
                                 attribute=attribute, socket=socket, within="")  # fmt: skip
    script += "cgroups\ncgroup small cpuset.mems=0-2\n"
    for view, variables in VIEWS.items():
        script += ASK.format(view=view, question="contained", variables=variables,
                             attribute="bandwidth", socket=0, within="in_cgroup small")  # fmt: skip
    script += "keep_as_user user_xml 'HWLOC_XMLFILE=/run/hetmem/hwloc.xml lstopo-no-graphics --of xml'\n"
    return Machine(arguments, script)


def _table():
    nodes = sorted(SIZES)
    structures = [tables.memory_attributes(node, ADOPTED_NEAREST[node]) for node in nodes]
    # Data types 1, 2, 4, 5; nanoseconds and hundreds of MB/s, so that entries fit into 16 bits.
    for number, (data_type, unit, scale) in enumerate(
        ((1, 1000, 1), (2, 1000, 1), (4, 100, 100), (5, 100, 100))
    ):
        rows = [[ADOPTED[i, t][number] // scale for t in nodes] for i in CPUS]
        structures.append(tables.locality(data_type, unit, sorted(CPUS), nodes, rows))
    return tables.hmat(2, structures)


def check_machine(report, results, kernel):
    sysfs = results.sysfs()
    linux.check_nodes(report, sysfs, online="0-3", has_cpu="0-1", has_memory="0-3")
    for node, socket in NEAREST.items():
        for access in (0, 1):
            linux.check_attributes(report, sysfs, node, access, [socket], *FIRMWARE[socket, node])


def check(report, results, kernel):
    _check_hmem(report, results)
    for view in VIEWS:
        _check_figures(report, results.output(view), view)
        for question in QUESTIONS:
            _check_binding(report, results, f"{view}_{question}", CHOSEN[view][question])
        _check_binding(report, results, f"{view}_contained", CONTAINED[view])
    _check_figures(report, results.output("user_xml"), "xml")
    # hwloc sees the same machine, but for what it is told of its memory.
    shapes = {view: _shapes(results.output(view)) for view in VIEWS}
    report.equal("objects in the root", _places(shapes["plain"], 3, 0), shapes["root"])
    report.equal("objects in the XML", _places(shapes["plain"], 3, 0), shapes["xml"])


def _check_hmem(report, results):
    report.equal("before", "818176\n", results.output("before"))
    report.equal("an old generation stays readable", "818176\n", results.output("held"))
    found = {}
    for line in results.output("hmem").splitlines():
        path, _, value = line.removeprefix("./").partition(":")
        found.setdefault(path, []).append(value)
    for node in SIZES:
        best = ADOPTED_NEAREST[node]
        names = ("read_lat_nsec", "write_lat_nsec", "read_bw_MBps", "write_bw_MBps")
        for name, value in zip(names, ADOPTED[best, node]):
            at = f"mem_tgt{node}/local_init/{name}"
            report.equal(at, [str(value)], found.get(at))
        rows = ["initiators " + " from ".join(names) + " from distance"]
        for i in CPUS:
            figures = " ".join(f"{value} hma" for value in ADOPTED[i, node])
            distance = 10 if i == node else DISTANCES[min(i, node), max(i, node)]
            rows.append(f"{i} {figures} {distance}")
        report.equal(f"mem_tgt{node}/access", rows, found.get(f"mem_tgt{node}/access"))
        report.equal(f"firmware_id of {node}", [str(node)], found.get(f"mem_tgt{node}/firmware_id"))
        described = target(results.json("show"), f"node{node}")
        bases = [f"{r['base']:#x}" for r in described["ranges"]]
        report.equal(f"phys_addr_base of {node}", bases, found.get(f"mem_tgt{node}/phys_addr_base"))
    report.contains("an ordinary user", results.output("user_hmem"), "0 110 hma 115 hma",
                    "phys_addr_base': Permission denied")


def _check_figures(report, text, view):
    """ADOPTED, or what sysfs has where hwloc was not pointed to a view."""
    found = _attributes(text)
    for node in SIZES:
        for i, cpus in CPUSETS.items():
            figures, nearest = (
                (FIRMWARE, NEAREST) if view == "plain" else (ADOPTED, ADOPTED_NEAREST)
            )
            shown = view == "xml" or nearest[node] == i
            expected = dict(zip(NAMES, figures[i, node])) if shown else {}
            if expected:
                read_latency, write_latency, read, write = figures[i, node]
                expected["Latency"] = (read_latency + write_latency) // 2
                expected["Bandwidth"] = (read + write) // 2
            report.equal(f"{view}: figures of {i} -> {node}", expected,
                         {name: values[node, cpus] for name, values in found.items()
                          if (node, cpus) in values})  # fmt: skip


def _check_binding(report, results, name, chosen):
    report.equal(f"{name}: exit status", 0, results.status(name))
    lines = results.output(name).splitlines()
    report.equal(f"{name}: bound to", f"0x{1 << chosen:08x} (bind)", lines[0] if lines else "")
    report.true(f"{name}: numa_maps", len(lines) > 1, results.output(name))
    for line in lines[1:]:
        words = line.split()
        report.equal(f"{name}: policy of {words[2:]}", f"bind:{chosen}", words[1])
        on = [word.partition("=")[0] for word in words if word[0] == "N" and word[1].isdigit()]
        report.equal(f"{name}: pages", [f"N{chosen}"], on)


def _document(text):
    return ET.fromstring(text)


def _attributes(text):
    document = _document(text)
    number = {o.get("gp_index"): int(o.get("os_index", -1)) for o in document.iter("object")}
    found = {}
    for attribute in document.iter("memattr"):
        values = found.setdefault(attribute.get("name"), {})
        for value in attribute:
            at = number[value.get("target_obj_gp_index")], value.get("initiator_cpuset")
            values[at] = int(value.get("value"))
    return found


def _shapes(text):
    """Objects by type, number and CPUs; memories with their size. The memory modules that hwloc
    finds in the DMI tables are no part of the views."""
    return sorted(
        (o.get("type"), int(o.get("os_index", -1)), o.get("cpuset"), o.get("local_memory", ""))
        for o in _document(text).iter("object") if o.get("type") != "Misc"
    )


def _places(shapes, node, socket):
    """The same with this memory at that socket."""
    return sorted(
        (kind, number, CPUSETS[socket] if (kind, number) == ("NUMANode", node) else cpus, size)
        for kind, number, cpus, size in shapes
    )
