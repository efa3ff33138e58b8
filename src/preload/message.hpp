// preload/message.hpp: a line on standard error, for what cannot be told in any other way: malloc
// has no way to say that memory is not where it was asked for.
#pragma once

#include <initializer_list>
#include <string_view>

namespace hetmem::preload {

/// "libhetmem-malloc: ", the parts and a line's end, in one write. errno stays.
void say(std::initializer_list<std::string_view> parts) noexcept;

} // namespace hetmem::preload
