#include "memory/address_range.hpp"
#include "memory/migrate.hpp"
#include "memory/words.hpp"

#include <hetmem/error.hpp>
#include <hetmem/region.hpp>

#include <algorithm>

#include <fnmatch.h>
#include <unistd.h>

#include <fmt/format.h>

namespace hetmem {

migration migrate_process(pid_t pid, const placement& to, const std::optional<std::string>& pattern,
                          const migrate_options& options) {
    std::vector<detail::address_run> runs;
    residency left_out; // what the kernel does not move
    bool is_there = !pattern;
    for (const mapping_residency& one : where_mappings(pid)) {
        const std::string& name = one.name.empty() ? std::string("[anon]") : one.name;
        // "[heap]" by itself would be a pattern for one letter of it.
        if (pattern && *pattern != name && ::fnmatch(pattern->c_str(), name.c_str(), 0) != 0) {
            continue;
        }
        is_there = true;
        std::uint64_t there = 0;
        for (const resident_share& share : one.where.shares) {
            there += share.node < 0 ? 0 : share.bytes.bytes();
        }
        // A page of a pool of huge pages moves, and takes a page of the other node's pool along.
        const bool of_pool = one.page.bytes() != detail::base_page;
        if (of_pool || there == 0) {
            for (const resident_share& share : one.where.shares) {
                left_out.shares.push_back(share);
            }
            continue;
        }
        runs.push_back({one.start, one.length});
    }
    if (!is_there) {
        throw error(std::errc::no_such_file_or_directory,
                    fmt::format("process {} has no mapping called {}", pid, *pattern));
    }
    migrate_options as_far_as_it_goes = options;
    as_far_as_it_goes.all_or_nothing = false;
    // By its number, also this process: as one of another its mappings keep their memory policy.
    migration result =
        detail::migrate_pages(pid == 0 ? ::getpid() : pid, runs, to, as_far_as_it_goes);
    if (!left_out.shares.empty()) {
        byte_size stays;
        for (const resident_share& share : left_out.shares) {
            const bool wanted = share.node >= 0 &&
                                std::any_of(to.legs().begin(), to.legs().end(),
                                            [&](const leg& one) { return one.node == share.node; });
            if (!wanted) {
                stays += share.bytes;
            }
        }
        if (stays != byte_size{}) {
            result.complete = false;
            result.remaining += stays;
            result.why +=
                fmt::format("{}{} are of pools of huge pages or of devices, which stay",
                            result.why.empty() ? "" : "; ", detail::in_words(stays.bytes()));
        }
    }
    return result;
}

} // namespace hetmem
