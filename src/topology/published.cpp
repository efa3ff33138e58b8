#include "topology/published.hpp"

#include "topology/sizes.hpp"
#include "topology/snapshot.hpp"
#include "topology/state.hpp"

#include "kernel/node.hpp"
#include "kernel/root_owned.hpp"
#include "kernel/tier.hpp"
#include "kernel/uevent.hpp"

#include <hetmem/error.hpp>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>

namespace hetmem::detail {
namespace {

/// Far above the 16 MiB that 1024 nodes take.
constexpr std::size_t largest_snapshot = std::size_t{1} << 30;

std::optional<std::uint64_t> read_seen(int run_directory) {
    const auto file = kernel::read_root_owned(run_directory, "seen", sizeof(seen_record));
    seen_record record{};
    if (!file || file->size != record.size()) {
        return std::nullopt;
    }
    std::memcpy(record.data(), file->bytes.get(), record.size());
    return decode_seen(record);
}

/// The whole description where this user may read it, else the one for everybody. Both from one
/// directory that was opened once: `current` may be turned to another in between.
std::optional<kernel::file_content> read_current(int run_directory) {
    const kernel::unique_fd generation =
        kernel::open_root_owned(run_directory, "current", O_PATH | O_DIRECTORY);
    if (!generation) {
        return std::nullopt;
    }
    auto whole = kernel::read_root_owned(generation.get(), "private", largest_snapshot);
    return whole ? std::move(whole)
                 : kernel::read_root_owned(generation.get(), "snapshot", largest_snapshot);
}

void read_afresh(target& t, const kernel::rooted_reader& machine) {
    if (!t.node) {
        if (t.name == "ram") { // of a kernel without nodes
            const kernel::memory_totals totals = kernel::read_memory_totals(machine);
            t.size = size_of(totals.total_bytes);
            t.free = size_of(totals.free_bytes);
        }
        return;
    }
    if (t.state == target_state::reserved || t.state == target_state::absent ||
        t.name != fmt::format("node{}", *t.node)) {
        return; // no directory of nodes tells of it
    }
    const auto number = static_cast<unsigned>(*t.node);
    const kernel::memory_totals totals = kernel::read_node_totals(machine, number);
    t.size = size_of(totals.total_bytes);
    t.free = size_of(totals.free_bytes);
    for (huge_page_pool& pool : t.huge_pages) {
        kernel::huge_page_counts counts{pool.page.bytes(), pool.total, pool.free};
        kernel::read_again(machine, number, counts);
        pool.total = counts.total;
        pool.free = counts.free;
    }
    if (t.interleave_weight) {
        t.interleave_weight = kernel::read_interleave_weight(machine, number);
    }
}

void read_afresh(topology::state& s, const kernel::rooted_reader& machine) {
    for (target& t : s.targets) {
        read_afresh(t, machine);
    }
    if (s.machine.demotion) {
        s.machine.demotion = kernel::read_demotion(machine);
    }
}

} // namespace

seen_record encode_seen(std::uint64_t event_number) {
    // Twice, once inverted: who reads while it is written does not take half of each for a number.
    const std::uint64_t words[] = {event_number, ~event_number};
    seen_record record{};
    static_assert(sizeof words == sizeof record);
    std::memcpy(record.data(), words, sizeof words);
    return record;
}

std::optional<std::uint64_t> decode_seen(const seen_record& record) {
    std::uint64_t words[2] = {};
    std::memcpy(words, record.data(), sizeof words);
    return words[0] == ~words[1] ? std::optional(words[0]) : std::nullopt;
}

std::string boot_id(const kernel::rooted_reader& machine) {
    return machine.top().read_line("proc/sys/kernel/random/boot_id").value_or("");
}

source_report report_of_published(std::uint64_t generation, std::string_view more) {
    return {"hetmemd", std::string(published_directory) + "/current", source_status::used,
            fmt::format("generation {}{}", generation, more)};
}

namespace {

std::optional<published> read_once(const std::filesystem::path& run_directory,
                                   const kernel::rooted_reader& machine, bool& gone) {
    const kernel::unique_fd place =
        kernel::open_root_owned(AT_FDCWD, run_directory.c_str(), O_PATH | O_DIRECTORY);
    if (!place) {
        return std::nullopt;
    }
    // In this order: what `current` names accounts for all that `seen` did when it was read, and
    // that must be all that had happened before.
    const std::optional<std::uint64_t> last = kernel::last_uevent(machine);
    const std::optional<std::uint64_t> seen = read_seen(place.get());
    const std::optional<kernel::file_content> bytes = read_current(place.get());
    if (!bytes) {
        gone = errno == ENOENT;
        return std::nullopt;
    }
    std::string boot;
    topology::state s;
    try {
        s = state_from_snapshot(bytes->view(), run_directory.native(), boot);
    } catch (const malformed_file&) {
        return std::nullopt; // as if nothing were published: own reading tells
    }
    if (boot.empty() || boot != boot_id(machine)) {
        return std::nullopt;
    }
    const bool up_to_date = last && seen && *seen >= *last;
    if (up_to_date) {
        read_afresh(s, machine);
        s.sources.push_back(report_of_published(s.generation, ""));
    }
    return published{topology(std::make_shared<const topology::state>(std::move(s))), up_to_date};
}

} // namespace

std::optional<published> read_published(const std::filesystem::path& run_directory,
                                        const kernel::rooted_reader& machine) {
    // Two generations may have come since this one looked where `current` leads: then what it
    // found is removed.
    constexpr int most_times = 3;
    bool gone = true;
    std::optional<published> found;
    for (int n = 0; n < most_times && gone; ++n) {
        gone = false;
        found = read_once(run_directory, machine, gone);
    }
    return found;
}

} // namespace hetmem::detail
