#include "kernel/iomem.hpp"

#include "kernel/text.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace hetmem::kernel {
std::optional<iomem_line> parse_iomem_line(std::string_view line) {
    constexpr std::string_view separator = " : ";
    const std::size_t end = line.find(separator);
    const std::size_t dash = line.find('-');
    if (end == std::string_view::npos || dash >= end) {
        return std::nullopt;
    }
    const std::optional<std::uint64_t> first = parse_hex(line.substr(0, dash));
    const std::optional<std::uint64_t> last = parse_hex(line.substr(dash + 1, end - dash - 1));
    if (!first || !last || *last < *first) {
        return std::nullopt;
    }
    return iomem_line{*first, *last, trimmed(line.substr(end + separator.size())),
                      line.starts_with(' ')};
}

soft_reserved read_soft_reserved(const rooted_reader& reader) {
    soft_reserved found;
    found.read = reader.for_each_line("proc/iomem", [&](std::string_view text) {
        const std::optional<iomem_line> line = parse_iomem_line(text);
        if (!line || line->what != "Soft Reserved") {
            return true;
        }
        if (line->first == 0 && line->last == 0) {
            found.hidden = true;
        } else if (line->last - line->first != ~std::uint64_t{0}) {
            found.ranges.push_back({line->first, line->last - line->first + 1});
        }
        return true;
    });
    std::sort(found.ranges.begin(), found.ranges.end(),
              [](const physical_range& a, const physical_range& b) { return a.base < b.base; });
    return found;
}

} // namespace hetmem::kernel
