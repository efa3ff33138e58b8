// daemon/log.hpp: lines on standard error, where the journal takes them from.
#pragma once

#include <string_view>

namespace hetmem::daemon {

/// One line: "hetmemd: " and the text, in which control characters become question marks. Never
/// fails.
void say(std::string_view text);

} // namespace hetmem::daemon
