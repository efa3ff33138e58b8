// kernel/lockdown.hpp: whether the kernel is locked down (kernel_lockdown(7)), as with Secure Boot.
#pragma once

#include "kernel/rooted.hpp"

#include <string>
#include <string_view>

namespace hetmem::kernel {

struct lockdown {
    outcome read;      ///< absent: this kernel has none, or securityfs is not mounted
    std::string level; ///< "none", "integrity", "confidentiality"; "" when nobody tells
    bool on() const { return !level.empty() && level != "none"; }
};

/// /sys/kernel/security/lockdown; where that tells nothing, what the kernel's command line asked
/// for.
lockdown read_lockdown(const rooted_reader& reader);

/// "none [integrity] confidentiality" -> "integrity"; "" when it is of another form.
std::string chosen_level(std::string_view text);

} // namespace hetmem::kernel
