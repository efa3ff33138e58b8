#include "kernel/smaps.hpp"

#include "kernel/numa_maps.hpp"
#include "kernel/text.hpp"

#include <hetmem/units.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string_view>

namespace hetmem::kernel {
namespace {

/// What a page table entry of the second level maps: the size that the kernel joins pages to.
std::uint64_t joined_page_bytes(const rooted_reader& reader) {
    constexpr std::uint64_t usual = std::uint64_t{2} << 20U;
    return reader.top()
        .read_u64("sys/kernel/mm/transparent_hugepage/hpage_pmd_size")
        .value_or(usual);
}

/// "KernelPageSize:        4 kB" after the name. Nothing when it is another field.
std::optional<std::uint64_t> bytes_of(std::string_view line, std::string_view name) {
    if (next_word(line) != name) {
        return std::nullopt;
    }
    const std::optional<std::uint64_t> kib = parse_u64(next_word(line));
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max() >> 20U;
    return kib && *kib <= most && next_word(line) == "kB" ? std::optional(*kib << 10U)
                                                          : std::nullopt;
}

/// Adds up mapping by mapping: the fields of one follow its line.
class summing {
public:
    summing(std::uint64_t start, std::uint64_t end, std::uint64_t joined)
        : start_(start), end_(end), joined_(joined) {}

    /// False when what follows is of no interest.
    bool take(std::string_view line) {
        if (const std::optional<process_map> map = parse_process_map(line)) {
            count();
            mine_ = map->start < end_ && map->end > start_ && map->end > map->start;
            size_ = mine_ ? map->end - map->start : 0;
            huge_ = 0;
            page_ = 0;
            return map->start < end_;
        }
        if (const auto page = bytes_of(line, "KernelPageSize:")) {
            page_ = *page;
        } else if (const auto huge = bytes_of(line, "AnonHugePages:")) {
            huge_ = *huge;
        }
        return true;
    }

    mapped_pages sum() {
        count();
        byte_size all; // stops at the largest size: the file may say anything
        auto most = by_size_.end();
        for (auto one = by_size_.begin(); one != by_size_.end(); ++one) {
            all += one->second;
            most = most == by_size_.end() || one->second >= most->second ? one : most;
        }
        if (most == by_size_.end() || all == byte_size{}) {
            return {};
        }
        constexpr double hundred = 100;
        return {most->first, static_cast<unsigned>(static_cast<double>(most->second.bytes()) *
                                                   hundred / static_cast<double>(all.bytes()))};
    }

private:
    void count() {
        if (!mine_ || page_ == 0) {
            return;
        }
        const std::uint64_t huge = std::min(huge_, size_);
        by_size_[joined_] += byte_size::from_bytes(huge);
        by_size_[page_] += byte_size::from_bytes(size_ - huge);
        mine_ = false;
    }

    std::uint64_t start_;
    std::uint64_t end_;
    std::uint64_t joined_;
    bool mine_ = false;
    std::uint64_t size_ = 0;
    std::uint64_t huge_ = 0;
    std::uint64_t page_ = 0;
    std::map<std::uint64_t, byte_size> by_size_; ///< bytes in pages of that many bytes
};

} // namespace

mapped_pages read_mapped_pages(const rooted_reader& reader, std::uint64_t start,
                               std::uint64_t length) {
    summing all(start, start + length, joined_page_bytes(reader));
    reader.for_each_line("proc/self/smaps", [&](std::string_view line) { return all.take(line); });
    return all.sum();
}

mapped_pages parse_mapped_pages(std::string_view smaps, std::uint64_t joined_bytes,
                                std::uint64_t start, std::uint64_t length) {
    summing all(start, start + length, joined_bytes);
    while (const std::optional<std::string_view> line = next_line(smaps)) {
        if (!all.take(*line)) {
            break;
        }
    }
    return all.sum();
}

} // namespace hetmem::kernel
