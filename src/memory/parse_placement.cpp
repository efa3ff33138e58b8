// The text form of placements: "chain:hbm,node0", "interleave:node0:3,node2:1|node1".
#include <hetmem/error.hpp>
#include <hetmem/placement.hpp>

#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace hetmem {
namespace {

constexpr placement_kind all_kinds[] = {placement_kind::bind, placement_kind::chain,
                                        placement_kind::best, placement_kind::interleave,
                                        placement_kind::prefer};

class parser {
public:
    explicit parser(std::string_view text) : text_(text) {}

    /// Takes "KIND:" off the front; bind where there is none.
    placement_kind take_kind() {
        for (const placement_kind kind : all_kinds) {
            const std::string_view word = to_string(kind);
            if (text_.starts_with(word) && text_.substr(word.size()).starts_with(':')) {
                rest_ = text_.substr(word.size() + 1);
                return kind;
            }
        }
        rest_ = text_;
        return placement_kind::bind;
    }

    std::string_view rest() const { return rest_; }

    /// Takes "|NAME,..." off the end.
    std::vector<memory_name> take_overflow() {
        const std::size_t bar = rest_.find('|');
        if (bar == std::string_view::npos) {
            return {};
        }
        const std::string_view behind = rest_.substr(bar + 1);
        rest_ = rest_.substr(0, bar);
        return names(behind);
    }

    std::vector<memory_name> names(std::string_view list) const {
        std::vector<memory_name> found;
        for (const std::string_view item : items(list)) {
            found.emplace_back(item);
        }
        return found;
    }

    std::vector<weighted_name> weighted_names(std::string_view list) const {
        std::vector<weighted_name> found;
        for (const std::string_view item : items(list)) {
            found.push_back(weighted(item));
        }
        return found;
    }

    [[noreturn]] void refuse(const std::string& why) const {
        throw error(std::errc::invalid_argument, fmt::format("placement '{}': {}", text_, why));
    }

private:
    std::vector<std::string_view> items(std::string_view list) const {
        std::vector<std::string_view> found;
        for (;;) {
            const std::size_t comma = list.find(',');
            found.push_back(list.substr(0, comma));
            if (found.back().empty()) {
                refuse(fmt::format("name {} is empty", found.size()));
            }
            if (comma == std::string_view::npos) {
                return found;
            }
            list.remove_prefix(comma + 1);
        }
    }

    /// "NAME:WEIGHT"; a weight is what follows the last colon, so that names may have colons too.
    weighted_name weighted(std::string_view item) const {
        const std::size_t colon = item.rfind(':');
        if (colon == std::string_view::npos) {
            return {memory_name(item), 1};
        }
        const std::string_view digits = item.substr(colon + 1);
        unsigned weight = 0;
        const auto [end, failed] =
            std::from_chars(digits.data(), digits.data() + digits.size(), weight);
        if (failed != std::errc{} || end != digits.data() + digits.size() || weight < 1 ||
            weight > 255 || colon == 0) {
            refuse(fmt::format("'{}' is not a name and a weight from 1 to 255", item));
        }
        return {memory_name(item.substr(0, colon)), weight};
    }

    std::string_view text_;
    std::string_view rest_;
};

placement with_names(const parser& read, const topology& machine, placement_kind kind) {
    const auto names = read.names(read.rest());
    if (kind == placement_kind::chain) {
        return chain(machine, names);
    }
    if (names.size() != 1) {
        read.refuse(fmt::format("{} is of one memory", to_string(kind)));
    }
    const std::string& name = names.front().name();
    if (name.find(':') != std::string::npos && name.find('/') == std::string::npos) {
        read.refuse(fmt::format("'{}' has a colon: a placement begins with bind:, chain:, best:, "
                                "interleave: or prefer:, and only interleave has weights",
                                name));
    }
    return kind == placement_kind::bind ? bind(machine, names.front())
                                        : prefer(machine, names.front());
}

} // namespace

placement parse_placement(const topology& machine, std::string_view text) {
    parser read(text);
    const placement_kind kind = read.take_kind();
    if (kind == placement_kind::best) {
        const auto by = parse_criterion(read.rest());
        if (!by) {
            read.refuse(fmt::format("'{}' is no criterion (read_latency, write_latency, "
                                    "read_bandwidth, write_bandwidth, capacity, free)",
                                    read.rest()));
        }
        return best(machine, *by);
    }
    if (kind == placement_kind::interleave) {
        const auto overflow = read.take_overflow();
        const placement spread = interleave(machine, read.weighted_names(read.rest()));
        return overflow.empty() ? spread : spread.with_overflow(machine, overflow);
    }
    return with_names(read, machine, kind);
}

} // namespace hetmem
