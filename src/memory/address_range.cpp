#include "memory/address_range.hpp"

#include <algorithm>
#include <bit>

namespace hetmem::detail {

std::uint64_t total(std::span<const byte_range> ranges) {
    std::uint64_t sum = 0;
    for (const byte_range& r : ranges) {
        sum += r.length;
    }
    return sum;
}

byte_ranges joined(byte_ranges ranges) {
    std::erase_if(ranges, [](const byte_range& r) { return r.length == 0; });
    std::sort(ranges.begin(), ranges.end(),
              [](const byte_range& a, const byte_range& b) { return a.start < b.start; });
    byte_ranges out;
    for (const byte_range& r : ranges) {
        if (!out.empty() && r.start <= out.back().end()) {
            byte_range& last = out.back();
            last.length = static_cast<std::size_t>(std::max(last.end(), r.end()) - last.start);
        } else {
            out.push_back(r);
        }
    }
    return out;
}

byte_ranges without(std::span<const byte_range> from, std::span<const byte_range> taken) {
    byte_ranges out;
    auto next = taken.begin();
    for (const byte_range& r : from) {
        std::byte* at = r.start;
        while (next != taken.end() && next->end() <= at) {
            ++next;
        }
        for (auto t = next; t != taken.end() && t->start < r.end(); ++t) {
            if (t->start > at) {
                out.push_back({at, static_cast<std::size_t>(t->start - at)});
            }
            at = std::max(at, t->end());
        }
        if (at < r.end()) {
            out.push_back({at, static_cast<std::size_t>(r.end() - at)});
        }
    }
    return out;
}

byte_ranges widened(std::span<const byte_range> ranges, std::size_t unit, const std::byte* base) {
    byte_ranges out;
    for (const byte_range& r : ranges) {
        const auto offset = static_cast<std::uint64_t>(r.start - base);
        const auto before = static_cast<std::size_t>(offset - round_down(offset, unit));
        const auto length = static_cast<std::size_t>(round_up(before + r.length, unit));
        out.push_back({r.start - before, length});
    }
    return joined(std::move(out));
}

byte_ranges narrowed(std::span<const byte_range> ranges, std::size_t unit) {
    byte_ranges out;
    for (const byte_range& r : ranges) {
        const std::uint64_t start = round_up(number(r.start), unit);
        const std::uint64_t end = round_down(number(r.end()), unit);
        if (start < end) {
            out.push_back({r.start + (start - number(r.start)), end - start});
        }
    }
    return out;
}

byte_ranges first_bytes(std::span<const byte_range> ranges, std::uint64_t bytes) {
    byte_ranges out;
    for (const byte_range& r : ranges) {
        if (bytes == 0) {
            break;
        }
        const std::uint64_t length = std::min<std::uint64_t>(bytes, r.length);
        out.push_back({r.start, length});
        bytes -= length;
    }
    return out;
}

} // namespace hetmem::detail
