// measure/test_buffer.hpp: memory on one target, of which it is known where and in what pages it
// really is.
//
//     const test_buffer buffer(machine, target, byte_size::from_mib(256), false);
//     use(buffer.bytes());
//     buffer.verify();             // it still is where it was
//     buffer.page();               // 2 MiB
#pragma once

#include "kernel/rooted.hpp"

#include <hetmem/measured.hpp>
#include <hetmem/region.hpp>
#include <hetmem/topology.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace hetmem::detail {

/// Why measuring would destroy what the target keeps when the power goes: a device-dax device of
/// persistent memory, or of memory that nobody tells the origin of. Nothing: it would not.
std::optional<std::string> keeps_contents(const target& memory);

/// Which other program has a dax device of the target mapped, as far as this user may see: not
/// every program locks what it uses. Nothing: none, or the memory is a node's.
std::optional<std::string> mapped_by_others(const kernel::rooted_reader& reader,
                                            const target& memory);

class test_buffer {
public:
    /// Asks for pages of a huge-page pool, then transparent huge pages, then base pages, and finds
    /// out which it got. Strictly on the target: throws target_full otherwise. A dax target's
    /// extent is locked by region before a byte of it is written; `destroy` false and a target that
    /// keeps its contents or that another program has mapped: target_reserved. Dax memory is not
    /// zeroed.
    test_buffer(const topology& machine, target_id target, byte_size size, bool destroy);

    /// Whole pages: may be more than was asked for.
    std::span<std::byte> bytes() const { return region_.bytes(); }
    byte_size page() const { return page_; } ///< of most of it
    unsigned page_percent() const { return page_percent_; }
    /// Counts anew whether all of it still is there; target_lost when not.
    void verify() const;

private:
    region region_;
    std::string name_;
    byte_size page_;
    unsigned page_percent_ = 0;
};

} // namespace hetmem::detail
