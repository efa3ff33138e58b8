// kind.hpp: what kind of memory a target is: a conclusion, with its reason.
#pragma once

#include "topology/device_source.hpp"
#include "topology/state.hpp"
#include "topology/sysfs_source.hpp"

#include <map>
#include <set>
#include <string>

namespace hetmem::detail {

/// Evidence that names the kind outright, by position among the targets.
struct kind_evidence {
    std::map<std::size_t, std::string> cxl;    ///< "region0 of mem0"
    std::map<std::size_t, std::string> pmem;   ///< "SRAT says non-volatile"
    std::map<std::size_t, std::string> device; ///< "GPU 0035:05:00.0"
    std::map<std::size_t, std::string> hbm;    ///< products that are known by number
    std::map<std::size_t, std::string> absent; ///< why nothing could be concluded
};

/// Sets kind and kind_reason of every target; figures are the last evidence, and only ratios of
/// one source count.
void conclude_kinds(topology::state& s, const kind_evidence& evidence);

} // namespace hetmem::detail
