// history.hpp: history.jsonl, one line of JSON for each generation that was published, newest last.
#pragma once

#include <hetmem/change.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail {

struct history_entry {
    std::uint64_t generation = 0;
    std::chrono::system_clock::time_point time;
    std::string cause; ///< "start", "events", "adopted", ...
    std::vector<change> changes;
};

/// With its newline. Of very many changes the first ones, and one that counts the others.
std::string history_line(const history_entry& entry);

/// The history so far and one line more. The oldest lines are dropped: it is written anew with each
/// generation, and held in memory then.
std::string extended_history(std::string_view so_far, std::string_view line);

inline constexpr std::size_t most_history_lines = 1000;
inline constexpr std::size_t most_history_bytes = std::size_t{256} << 10;

/// UTC, milliseconds: "2026-11-23T08:00:00.123Z".
std::string timestamp(std::chrono::system_clock::time_point time);

} // namespace hetmem::detail
