#include <acpi/self_check.hpp>

#include <acpi/defect_list.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <variant>

namespace hetmem::acpi {
namespace {

struct placed {
    const locality* matrix;
    std::uint64_t offset; // of the structure
};

/// What is comparable: the hierarchy and the pattern of access.
using comparable = std::tuple<unsigned, bool, bool, unsigned>;

comparable what_is_told(const locality& s) {
    return {s.hierarchy(), s.minimum_transfer_size_needed(), s.non_sequential(),
            s.minimum_transfer_size_needed() ? s.minimum_transfer_size : 0U};
}

/// An access type speaks of reading and of writing.
bool speaks_of(data_type kind, data_type one_way) {
    const data_type both = is_latency(one_way) ? data_type::access_latency //
                                               : data_type::access_bandwidth;
    return kind == one_way || kind == both;
}

struct told {
    std::uint32_t initiator;
    std::uint32_t target;
    std::uint64_t offset; // of the entry
    cell value;
};

void add_cells(const placed& where, unsigned revision, std::vector<told>& cells) {
    const locality& s = *where.matrix;
    const normalizer figures = s.normalizer(revision);
    const std::uint64_t entries_at =
        where.offset + 32 + 4 * (s.initiators.size() + s.targets.size());
    for (std::size_t i = 0; i < s.initiators.size(); ++i) {
        const auto row = s.row(i);
        for (std::size_t t = 0; t < row.size(); ++t) {
            const cell value = figures(row[t]);
            if (value.state == cell_state::known || value.state == cell_state::unreachable) {
                cells.push_back({s.initiators[i], s.targets[t],
                                 entries_at + 2 * (i * s.targets.size() + t), value});
            }
        }
    }
}

std::string words(cell value, data_type kind) {
    return value.state == cell_state::unreachable
               ? std::string("unreachable")
               : fmt::format("{} {}", value.value, is_latency(kind) ? "ps" : "bytes/s");
}

} // namespace

std::vector<defect> check_hmat_against_itself(const hmat& table) {
    defect_list defects("HMAT");
    const auto offsets = structure_offsets(table);
    std::map<comparable, std::vector<placed>> groups;
    for (std::size_t i = 0; i < table.structures.size(); ++i) {
        if (const auto* matrix = std::get_if<locality>(&table.structures[i])) {
            groups[what_is_told(*matrix)].push_back({matrix, offsets[i]});
        }
    }
    std::set<std::uint64_t> told_of; // an access type speaks twice
    for (const auto& [key, structures] : groups) {
        for (const data_type kind : {data_type::read_latency, data_type::write_latency,
                                     data_type::read_bandwidth, data_type::write_bandwidth}) {
            const auto speaks = [kind](const placed& s) { return speaks_of(s.matrix->kind, kind); };
            if (std::ranges::count_if(structures, speaks) < 2) {
                continue;
            }
            std::vector<told> cells;
            for (const placed& s : structures) {
                if (speaks(s)) {
                    add_cells(s, table.header.revision, cells);
                }
            }
            std::ranges::sort(cells, {}, [](const told& c) {
                return std::tuple(c.initiator, c.target, c.offset);
            });
            const told* first = nullptr;
            for (const told& c : cells) {
                const bool same_pair = first != nullptr && first->initiator == c.initiator &&
                                       first->target == c.target;
                first = same_pair ? first : &c;
                if (c.value != first->value && told_of.insert(c.offset).second) {
                    defects.add(c.offset, [&] {
                        return defect_text{
                            fmt::format("{} of domain {} from domain {} as at offset {}: {}",
                                        to_string(kind), c.target, c.initiator, first->offset,
                                        words(first->value, kind)),
                            words(c.value, kind), "uses one of the two"};
                    });
                }
            }
        }
    }
    return std::move(defects).take();
}

} // namespace hetmem::acpi
