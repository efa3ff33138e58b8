#include "tool/shares.hpp"

#include "publish/format.hpp"

#include <fmt/format.h>

#include <utility>

namespace hetmem::tool {

std::string list_of(std::span<const resident_share> shares) {
    std::string list;
    for (const resident_share& share : shares) {
        list += fmt::format("{}{} {}", list.empty() ? "" : ", ", share.target,
                            detail::format_size(share.bytes));
    }
    return list;
}

nlohmann::ordered_json json_of(std::span<const resident_share> shares) {
    nlohmann::ordered_json targets = nlohmann::ordered_json::array();
    for (const resident_share& share : shares) {
        nlohmann::ordered_json one;
        one["target"] = share.target;
        one["node"] = share.node >= 0 ? nlohmann::ordered_json(share.node) : nullptr;
        one["bytes"] = share.bytes.bytes();
        targets.push_back(std::move(one));
    }
    return targets;
}

} // namespace hetmem::tool
