// The system-call filter of the usual container engines, as far as it concerns memory placement.
#pragma once

#include <string_view>

namespace vm {

/// "container": what a container without CAP_SYS_NICE gets: mbind, set_mempolicy, get_mempolicy,
/// set_mempolicy_home_node and the page moves fail with EPERM. "nice": with CAP_SYS_NICE, where
/// only the page moves (move_pages, migrate_pages) fail. As the default profile of
/// containers/common and moby has it (profiles/seccomp/default.json: what is not listed is EPERM).
/// Throws std::invalid_argument for another name, std::system_error when the filter is refused.
void install_container_filter(std::string_view name);

} // namespace vm
