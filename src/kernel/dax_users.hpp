// kernel/dax_users.hpp: which device-dax devices some program has mapped (/proc/*/maps).
#pragma once

#include "kernel/rooted.hpp"

#include <map>
#include <set>
#include <string>

namespace hetmem::kernel {

struct dax_users {
    /// Every process could be looked at: others than root see only their own.
    bool complete = true;
    std::set<std::string> mapped;                        ///< "dax0.0"
    std::map<std::string, std::set<unsigned>> processes; ///< that have it mapped
};

dax_users read_dax_users(const rooted_reader& reader);

} // namespace hetmem::kernel
