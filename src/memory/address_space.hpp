// memory/address_space.hpp: address space without memory.
//
// A reservation is PROT_NONE (and not MAP_NORESERVE, which strict overcommit ignores): it promises
// nothing and is charged for nothing until a part of it is made writable. Behind each lies a page
// that stays so: the kernel would otherwise join neighbouring reservations into one mapping, and
// numa_maps could not tell their pages apart.
#pragma once

#include "memory/address_range.hpp"

#include <cstddef>

namespace hetmem::detail {

/// Nothing (start is null) when there is none. `alignment` is a power of two.
byte_range reserve_space(std::size_t length, std::size_t alignment);
/// Whatever is there goes; the address space stays.
void empty_space(byte_range part) noexcept;
/// All of a reservation, with the page behind it.
void release_space(byte_range whole) noexcept;

} // namespace hetmem::detail
