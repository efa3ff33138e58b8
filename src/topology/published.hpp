// published.hpp: what hetmemd publishes, as the library uses it.
//
//     /run/hetmem/
//         seen          number of the last kernel event that what is published takes account of
//         current       -> generations/N
//         generations/N/snapshot    world-readable, without physical addresses
//         generations/N/private     the same with them, for root only
//
// Trusted only when root owns it and nobody else may write it; used only when it is of this boot.
#pragma once

#include "kernel/rooted.hpp"

#include <hetmem/topology.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace hetmem::detail {

inline constexpr const char* published_directory = "/run/hetmem";

/// The file `seen`: read and written in one call.
using seen_record = std::array<std::byte, 16>;
seen_record encode_seen(std::uint64_t event_number);
std::optional<std::uint64_t> decode_seen(const seen_record& record);

struct published {
    topology machine;
    /// It takes account of every event of the kernel so far: nothing newer could be read. What
    /// changes without events (free memory, pools of huge pages, demotion, interleave weights) has
    /// been read afresh then.
    bool up_to_date = false;
};

/// Nothing when nothing is published there, it is not trusted, damaged, or of another boot.
std::optional<published> read_published(const std::filesystem::path& run_directory,
                                        const kernel::rooted_reader& machine);

/// Adds to what this user could read what only the published description knows, of memories and
/// initiators that both have.
topology join_published(const topology& own, const topology& published);

/// What topology::sources() says of it.
source_report report_of_published(std::uint64_t generation, std::string_view more);

/// /proc/sys/kernel/random/boot_id, "" when it cannot be read.
std::string boot_id(const kernel::rooted_reader& machine);

} // namespace hetmem::detail
