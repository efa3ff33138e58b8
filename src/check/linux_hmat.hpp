// check/linux_hmat.hpp: what Linux makes of an HMAT (drivers/acpi/numa/hmat.c): whether it takes
// the table, which initiators it links to a memory, and the figures that it shows of those alone.
#pragma once

#include "check/linux_model.hpp"
#include "check/linux_srat.hpp"
#include "check/linux_walk.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace hetmem::detail {

struct linux_attributes {
    predicted_access access0; ///< initiators of any kind
    predicted_access access1; ///< those with processors
    std::vector<predicted_cache> caches;
    std::vector<std::string> reasons;
};

struct linux_hmat {
    bool used = false;
    std::vector<std::string> reasons;
    std::map<std::uint32_t, linux_attributes> targets; ///< by domain, those of the SRAT
};

linux_hmat read_hmat_as_linux(const raw_bytes& table, const linux_affinity& affinity);

} // namespace hetmem::detail
