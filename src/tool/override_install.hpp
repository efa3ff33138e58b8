// src/tool/override_install.hpp: hetmem override --install, --remove and --status.
#pragma once

#include "kernel/rooted.hpp"
#include "override/offer.hpp"
#include "tool/override_arguments.hpp"

namespace hetmem::tool {

// The exit status of each.
int install_override(const override_arguments& asked, const detail::offer& judged,
                     const kernel::rooted_reader& machine);
int remove_override(const override_arguments& asked, const kernel::rooted_reader& machine);
/// 0: in force, or none is installed; 1 otherwise.
int override_status(const override_arguments& asked, const kernel::rooted_reader& machine);

} // namespace hetmem::tool
