// views.hpp: a topology in the forms that existing programs read. Pure: what is to be written, not
// where. docs/views.md describes them.
#pragma once

#include "publish/file_tree.hpp"

#include "kernel/cpu_tree.hpp"

#include <hetmem/topology.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace hetmem::detail {

/// The tree of the 2017 sysfs proposal, completed with every pair: mem_tgtN/ with firmware_id,
/// is_cached, is_isolated, local_init/, ... and one file `access` with a row for each initiator (or
/// group of initiators that are alike). Reserved and offline memory is there too. Physical
/// addresses are in files of mode 0400.
file_tree hmem_tree(const topology& machine);

/// A root for HWLOC_FSROOT: nodes with memory that is online, with merged figures; everything else
/// are links to the machine's own /sys and /proc.
file_tree hwloc_root(const topology& machine);

/// For HWLOC_XMLFILE: processors as the kernel has them, online memories, merged figures.
std::string hwloc_xml(const topology& machine, const kernel::cpu_tree& processors);
/// The same in pieces: with many pairs it is megabytes.
using text_sink = std::function<void(std::string_view piece)>;
void write_hwloc_xml(const topology& machine, const kernel::cpu_tree& processors,
                     const text_sink& take);

} // namespace hetmem::detail
