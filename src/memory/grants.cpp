#include "memory/grants.hpp"

#include <algorithm>
#include <iterator>

namespace hetmem::detail {
namespace {

bool is_mixed(const grants::leg_bytes& from) {
    return std::ranges::count_if(from, [](std::uint64_t bytes) { return bytes != 0; }) > 1;
}

/// `length` bytes out of `from`, as far as possible as `seen`; they are taken away there.
grants::leg_bytes take(grants::leg_bytes& from, std::size_t length, const grants::leg_bytes& seen) {
    grants::leg_bytes taken(from.size());
    std::uint64_t open = length;
    const auto take_from = [&](std::size_t leg, std::uint64_t wanted) {
        const std::uint64_t bytes = std::min({wanted, from[leg], open});
        from[leg] -= bytes;
        taken[leg] += bytes;
        open -= bytes;
    };
    for (std::size_t leg = 0; leg < std::min(seen.size(), from.size()); ++leg) {
        take_from(leg, seen[leg]);
    }
    for (std::size_t leg = from.size(); leg-- > 0;) {
        take_from(leg, open);
    }
    return taken;
}

} // namespace

void grants::add(std::uintptr_t start, std::size_t length, leg_bytes from) {
    from.resize(totals_.size());
    const auto& added = all_.emplace(start, grant{length, std::move(from)}).first->second;
    for (std::size_t leg = 0; leg < totals_.size(); ++leg) {
        totals_[leg] += added.from[leg];
    }
}

bool grants::splits_legs(std::uintptr_t start, std::size_t length) const {
    const std::uintptr_t end = start + length;
    auto at = all_.upper_bound(start);
    if (at != all_.begin()) {
        --at;
    }
    for (; at != all_.end() && at->first < end; ++at) {
        const std::uintptr_t grant_end = at->first + at->second.length;
        const bool whole = at->first >= start && grant_end <= end;
        if (grant_end > start && !whole && is_mixed(at->second.from)) {
            return true;
        }
    }
    return false;
}

std::uint64_t grants::remove(std::uintptr_t start, std::size_t length, const leg_bytes& seen) {
    const std::uintptr_t end = start + length;
    leg_bytes open = seen;
    std::uint64_t removed = 0;
    auto at = all_.upper_bound(start);
    if (at != all_.begin()) {
        --at;
    }
    while (at != all_.end() && at->first < end) {
        const std::uintptr_t first = at->first;
        grant& whole = at->second;
        const std::uintptr_t last = first + whole.length;
        const std::uintptr_t from = std::max(first, start);
        const std::uintptr_t to = std::min(last, end);
        if (from >= to) {
            ++at;
            continue;
        }
        leg_bytes left = whole.from;
        const leg_bytes gone = take(left, to - from, open);
        // What is behind the range becomes a grant of its own, before anything is changed.
        if (to < last) {
            grant behind{last - to, left};
            behind.from = from > first ? take(left, last - to, {}) : left;
            all_.emplace(to, std::move(behind));
        }
        for (std::size_t leg = 0; leg < totals_.size(); ++leg) {
            totals_[leg] -= gone[leg];
            if (leg < open.size()) {
                open[leg] -= std::min(open[leg], gone[leg]);
            }
        }
        removed += to - from;
        const auto next = std::next(at);
        if (from > first) {
            whole.length = from - first;
            whole.from = std::move(left);
        } else {
            all_.erase(at);
        }
        at = next;
    }
    return removed;
}

void grants::clear() noexcept {
    all_.clear();
    std::ranges::fill(totals_, 0);
}

std::vector<grants::range> grants::ranges() const {
    std::vector<range> merged;
    for (const auto& [start, held] : all_) {
        if (!merged.empty() && merged.back().start + merged.back().length == start) {
            merged.back().length += held.length;
        } else {
            merged.push_back({start, held.length});
        }
    }
    return merged;
}

} // namespace hetmem::detail
