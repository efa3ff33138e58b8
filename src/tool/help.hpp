// src/tool/help.hpp: what `hetmem --help` teaches. The options describe themselves in
// arguments.cpp; here is what stands around them.
#pragma once

#include <string_view>

namespace hetmem::tool::help {

inline constexpr std::string_view summary =
    "hetmem: every memory in this machine, how fast each is from where you run, and\n"
    "whether you can have it.";

inline constexpr std::string_view footer = R"(Try:
  hetmem show                        draw this machine
  sudo hetmem show                   the same with the firmware's own figures
  hetmem show --json > desk.json     save it, for hetmem show --from desk.json
  hetmem rank --by read_bandwidth    which memory is fastest to read from here
  hetmem measure --quick             find out how fast each memory really is
  sudo hetmem check                  what is wrong with the firmware's tables
  sudo hetmem capture desk.tar.gz    take this machine to another desk

Each figure is printed with its source. "hmat" is the firmware's table, for all
pairs of initiator and memory; "sysfs" is what the kernel passes on of it, for
the best initiators only; "cxl_region" is the kernel's sum for CXL memory;
"cdat" is a CXL device's own leg of the path, never the whole. What was measured
or given by hand goes before all of them. What nobody tells is shown as unknown.

Root is needed for the firmware's tables and for physical addresses. Without it
everything else is shown, and a line says what is missing.

hetmem SUBCOMMAND --help tells more of each; the manual is hetmem(1).)";

inline constexpr std::string_view show_summary = "Draw every memory: kind, size, state, figures";

inline constexpr std::string_view show_footer = R"(Examples:
  hetmem show                              this machine
  sudo hetmem show --matrix                all pairs, firmware's figures
  hetmem show --svg memory.svg             a picture for a slide
  hetmem show --json > desk.json           for programs, and to look at later:
  hetmem show --from desk.json
  hetmem show --root desk.tar.gz           a machine captured elsewhere

The figures of a memory are those from its best initiator, each with its source
(hmat, sysfs, ...). The firmware's tables need root; what could not be read is
told below the drawing.)";

inline constexpr std::string_view rank_summary = "Order the memories by one criterion and say why";

inline constexpr std::string_view rank_footer = R"(Examples:
  hetmem rank --by read_bandwidth               the fastest to read from here
  taskset -c 4-7 hetmem rank --by read_latency  from CPUs 4 to 7
  hetmem rank --by write_latency --from-cpu 4   the same question, for one CPU
  hetmem rank --by free --all                   reserved memory too
  hetmem rank --by capacity --root desk.tar.gz  another machine

Several CPUs or initiators count by the worst of them. Only figures of one
source are compared; memory without a figure comes last, nearest first. Reserved
and offline memory, and memory that your cpuset does not allow, is left out of
the order and listed below it with the reason.)";

inline constexpr std::string_view capture_summary =
    "Pack what describes this machine, to show it elsewhere";

inline constexpr std::string_view capture_footer = R"(Examples:
  sudo hetmem capture desk.tar.gz
  hetmem show --root desk.tar.gz           here or on any other machine

The archive holds what hetmem show and hetmem check read: parts of /sys and
/proc, among them the memory map; the firmware tables (HMAT, SRAT, SLIT, MADT,
CEDT, CDAT, all of a kind); an adopted HMAT; what root measured or gave by hand
(/var/lib/hetmem/figures.json). Nothing else: no serial numbers, no UUIDs, no
network addresses, no host name, no command lines. Run it as root to have the
tables and physical addresses in it; what could not be read is told. An archive
with content that only root could read is made readable by its owner alone.)";

inline constexpr std::string_view run_summary = "Run a command whose memory is placed";

inline constexpr std::string_view run_footer = R"(Examples:
  hetmem run --bind hbm -- ./solver input
  hetmem run --chain hbm,node0 --verify -- python3 train.py
  hetmem run --best read_bandwidth -- redis-server
  hetmem run --interleave node0:3,node2:1 -- ./stream
  hetmem run --bind dax0.0 --large 1M -- ./solver input
  hetmem run --prefer cxl --cpus-near cxl -- ./batch

A T is a node, a kind (hbm), a dax device or any name from hetmem show.

A program that knows nothing of placements cannot be refused memory, so none of
this is strict. --bind and --prefer of a node are the kernel's preferred policy,
for all memory of the command and of what it starts: what does not fit goes
elsewhere. With --hard nothing goes elsewhere, and the kernel kills the command
when T is full. Equal weights are the kernel's interleaving.

--chain, --best, other weights, devices, --large and --headroom act through a
malloc that is preloaded: they place what malloc hands out, and nothing that the
program maps by itself; malloc fails when all of a chain, or what --bind names,
is full. They are refused for programs into which nothing can be preloaded
(statically linked, set-user-ID, of another architecture).

--verify tells of the command's own process, not of those that it starts: as the
preloaded malloc saw it at the exit, or as it was last looked at, up to five
times a second.

A SIZE is bytes, or has a unit of 1024: 64K, 64M, 2G, 1.5GiB.

The exit status is the command's, or 128 and the signal's number that ended it
(--verify); 127 when there is no such command, 126 when it cannot be run.)";

inline constexpr std::string_view where_summary = "Tell on which memories a process is";

inline constexpr std::string_view where_footer = R"(Examples:
  hetmem where 4711                        bytes on each memory
  hetmem where 4711 --maps                 each mapping, its policy too
  hetmem where 4711 --watch 0.5            again every half second
  hetmem where 4711 --json --watch         a line of JSON each second

Counted as the kernel does in /proc/PID/numa_maps, pages of a dax device by the
mappings of it. Pages that several processes share count for each of them. For
somebody else's process CAP_SYS_PTRACE (or root) is needed.)";

inline constexpr std::string_view move_summary =
    "Move the pages of a running process to other memories";

inline constexpr std::string_view move_footer = R"(Examples:
  hetmem move 4711 hbm                     all of it to the nearest HBM
  hetmem move 4711 chain:hbm,node0         fill the HBM first
  hetmem move 4711 interleave:node0:3,node2:1
  hetmem move 4711 bind:node2 --maps '[heap]'
  hetmem move 4711 cxl --maps '[anon]'     anonymous memory only

A PLACEMENT is KIND:NAMES with the kinds bind, chain, best, interleave, prefer;
a name alone means bind. The process goes on running, and its pages go as far as
there is room; what remains is told with the reason, and is no failure. Its own
policy stays: memory that it touches later goes where that says. Pages that
other processes share and pages of huge page pools stay. For somebody else's
process CAP_SYS_PTRACE (or root) is needed.)";

inline constexpr std::string_view watch_summary =
    "Tell what changes about the memories, as it happens";

inline constexpr std::string_view watch_footer = R"(Examples:
  hetmem watch                             a line for each change, until Ctrl-C
  hetmem watch --json                      a line of JSON for each generation
  hetmem watch --json --changes 1          wait for the next change

Memory that appears, vanishes, goes offline or comes online, grows or shrinks;
figures that are told anew; what is reserved; demotion and interleave weights.
The first line says what there is, and how changes become known: by events of
the kernel, or by what hetmemd publishes where these do not arrive. Free memory
is not watched. Events that come together make one generation.)";

inline constexpr std::string_view adopt_summary =
    "Put another HMAT in the place of the firmware's (root)";

inline constexpr std::string_view adopt_footer = R"(Examples:
  sudo hetmem adopt corrected.hmat         a table made by iasl, for example
  sudo hetmem adopt --evaluate             what the firmware's _HMA returns
  sudo hetmem adopt --firmware             back to the one of the start

The new table replaces the old one whole: figures that only the old one has are
gone. Memory that the old one reserved (the reservation hint) stays reserved as
long as it is there. A table that is damaged, has no figure, gives two values
for one pair, or does not fit the SRAT is refused, and the old one stays.

What is adopted holds until the machine is restarted, for all users. hetmemd
publishes it; where none runs, one is run once. A FILE stays in force until
something else is asked for; --evaluate is repeated by hetmemd after hotplug.
hetmemd does that by itself from its start; nothing else in Linux asks _HMA.

_HMA is executed by the kernel where the module acpi_call is loaded, otherwise
by acpiexec (package acpica-tools), outside of the kernel and without
privileges: a method that reads hardware is refused there.)";

} // namespace hetmem::tool::help
