#include "memory/landing.hpp"

#include "kernel/numa_maps.hpp"
#include "kernel/policy.hpp"
#include "memory/page_places.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <map>
#include <vector>

namespace hetmem::detail {

namespace {

enum class answer : std::uint8_t { landed, strayed, unknown };

/// By the mappings that the ranges touch. They may hold more than the ranges: then they are an
/// answer only if all of that is on the one right node.
answer by_numa_maps(std::span<const placed_range> placed) {
    std::vector<placed_range> ordered(placed.begin(), placed.end());
    std::sort(ordered.begin(), ordered.end(), [](const placed_range& a, const placed_range& b) {
        return a.range.start < b.range.start;
    });
    std::map<unsigned, std::uint64_t> wanted;
    for (const placed_range& p : ordered) {
        wanted[p.node] += p.range.length;
    }
    const std::uint64_t low = number(ordered.front().range.start);
    const std::uint64_t high = number(ordered.back().range.end());
    std::vector<kernel::numa_map> maps;
    const kernel::maps_read got = kernel::read_numa_maps(0, [&](const kernel::numa_map& map) {
        if (map.start <= low) {
            maps.clear();
        }
        if (map.start < high) {
            maps.push_back(map);
        }
        return map.start < high;
    });
    if (!got.read || maps.empty()) {
        return answer::unknown;
    }
    std::map<unsigned, std::uint64_t> found;
    auto range = ordered.begin();
    for (std::size_t m = 0; m < maps.size(); ++m) {
        const std::uint64_t end = m + 1 < maps.size() ? maps[m + 1].start : high;
        while (range != ordered.end() && number(range->range.end()) <= maps[m].start) {
            ++range;
        }
        if (range == ordered.end() || number(range->range.start) >= end) {
            continue;
        }
        for (const auto& [node, pages] : maps[m].pages) {
            found[node] += pages * maps[m].page_bytes;
        }
    }
    if (found == wanted) {
        return answer::landed;
    }
    const bool all_on_one =
        wanted.size() == 1 && found.size() == 1 && wanted.begin()->first == found.begin()->first;
    return all_on_one && found.begin()->second >= wanted.begin()->second ? answer::landed
                                                                         : answer::strayed;
}

/// The pages of one range, asked one by one.
class page_check {
public:
    page_check(placed_range placed, std::size_t unit) : node_(placed.node), unit_(unit) {
        std::array<void*, batch> pages{};
        for (std::size_t at = 0; at < placed.range.length && may_ask_;) {
            std::size_t count = 0;
            for (; count < batch && at < placed.range.length; ++count, at += base_page) {
                pages[count] = placed.range.start + at;
            }
            check(std::span(pages).first(count));
        }
    }

    /// False: the kernel refuses to tell.
    bool may_ask() const { return may_ask_; }
    byte_ranges strayed_blocks() { return joined(std::move(blocks_)); }

private:
    static constexpr std::size_t batch = 512;

    int node() const { return static_cast<int>(node_); }

    /// Which of them are elsewhere. That no answer is had for a page proves nothing.
    std::vector<void*> elsewhere(std::span<void* const> pages) {
        std::array<int, batch> status{};
        const int failed = places_.ask_firmly(pages, std::span(status).first(pages.size()));
        if (failed == EPERM || failed == ENOSYS) {
            may_ask_ = false;
            return {};
        }
        std::vector<void*> out;
        for (std::size_t i = 0; i < pages.size(); ++i) {
            if (status[i] >= 0 && status[i] != node()) {
                out.push_back(pages[i]);
            }
        }
        return out;
    }

    void check(std::span<void* const> pages) {
        std::vector<void*> strays = elsewhere(pages);
        for (int attempt = 0; attempt < 2 && !strays.empty(); ++attempt) {
            std::array<int, batch> status{};
            const int failed =
                kernel::move_pages(0, strays, node(), std::span(status).first(strays.size()));
            if (failed == EPERM || failed == ENOSYS) {
                break;
            }
            strays = elsewhere(strays);
        }
        for (void* const page : strays) {
            auto* const at = static_cast<std::byte*>(page);
            blocks_.push_back({at - number(at) % unit_, unit_});
        }
    }

    page_places places_{0};
    unsigned node_;
    std::size_t unit_;
    bool may_ask_ = true;
    byte_ranges blocks_;
};

/// Blocks may reach beyond the ranges, which need not end at their multiples.
byte_ranges clipped(const byte_ranges& blocks, std::span<const placed_range> placed) {
    byte_ranges ranges;
    for (const placed_range& p : placed) {
        ranges.push_back(p.range);
    }
    ranges = joined(std::move(ranges));
    return without(ranges, without(ranges, blocks));
}

byte_ranges all_of(std::span<const placed_range> placed) {
    byte_ranges out;
    for (const placed_range& p : placed) {
        out.push_back(p.range);
    }
    return joined(std::move(out));
}

} // namespace

bool ends_landed(byte_range piece, unsigned node) {
    const std::array<void*, 2> pages{piece.start, piece.end() - base_page};
    std::array<int, 2> status{};
    const int failed = kernel::query_pages(0, pages, status);
    return failed != 0 || std::all_of(status.begin(), status.end(), [node](int found) {
               return found < 0 || found == static_cast<int>(node);
           });
}

byte_ranges still_strayed(std::span<const placed_range> placed, std::size_t unit, bool alone) {
    if (placed.empty()) {
        return {};
    }
    const std::uint64_t bytes = total(all_of(placed));
    if (bytes > few_bytes && by_numa_maps(placed) == answer::landed) {
        return {};
    }
    byte_ranges blocks;
    bool may_ask = true;
    for (const placed_range& p : placed) {
        page_check check(p, unit);
        may_ask = may_ask && check.may_ask();
        for (const byte_range& block : check.strayed_blocks()) {
            blocks.push_back(block);
        }
    }
    if (!may_ask) {
        // Without the page query a stray cannot be told from its neighbours.
        const bool fine = alone || by_numa_maps(placed) == answer::landed;
        return fine ? byte_ranges{} : all_of(placed);
    }
    return clipped(joined(std::move(blocks)), placed);
}

} // namespace hetmem::detail
