#include "publish/defect_groups.hpp"

#include <array>
#include <map>
#include <string_view>

namespace hetmem::detail {

std::vector<defect_group> group_defects(std::span<const defect> defects) {
    std::vector<defect_group> groups;
    std::map<std::array<std::string_view, 4>, std::size_t> group_of;
    for (const defect& d : defects) {
        const auto [found, is_new] =
            group_of.try_emplace({d.table, d.expected, d.found, d.linux_does}, groups.size());
        if (is_new) {
            groups.push_back({&d, {}});
        }
        groups[found->second].offsets.push_back(d.offset);
    }
    return groups;
}

} // namespace hetmem::detail
