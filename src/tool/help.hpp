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

The archive holds the parts of /sys and /proc and the firmware tables (HMAT,
SRAT, SLIT, CDAT) that hetmem show reads, and nothing else: no serial numbers,
no UUIDs, no network addresses, no host name, no command lines. Run it as root
to have the tables and physical addresses in it; what could not be read is told.
An archive with content that only root could read is made readable by its owner
alone.)";

} // namespace hetmem::tool::help
