#include "check/hmat_builder_wanted.hpp"

#include "check/hmat_builder_cells.hpp"
#include "topology/value_text.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <tuple>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

/// So many cells are named one by one in a remark.
constexpr std::size_t most_named = 8;

auto place_of(const wanted_figure& w) {
    return std::tuple(w.what, w.initiator_pxm, w.target_pxm);
}

std::uint64_t median_of(std::vector<std::uint64_t> values) {
    std::ranges::sort(values);
    const std::uint64_t upper = values[values.size() / 2];
    const std::uint64_t lower = values[(values.size() - 1) / 2];
    return lower + (upper - lower) / 2;
}

/// One figure for a group; `members` are of one quantity.
void merge(std::vector<wanted_figure*>& members, std::vector<std::string>& remarks) {
    std::vector<std::uint64_t> values;
    for (const wanted_figure* member : members) {
        values.push_back(member->value);
    }
    const auto [least, most] = std::ranges::minmax(values);
    const std::uint64_t median = median_of(values);
    if (least == most) {
        return;
    }
    std::ranges::sort(members, {}, [](const wanted_figure* w) { return place_of(*w); });
    std::string cells;
    for (std::size_t i = 0; i < std::min(members.size(), most_named); ++i) {
        cells += fmt::format("{}{} -> {}", i == 0 ? "" : ", ", members[i]->initiator_pxm,
                             members[i]->target_pxm);
    }
    if (members.size() > most_named) {
        cells += fmt::format(" and {} more", members.size() - most_named);
    }
    const quantity what = members.front()->what;
    remarks.push_back(fmt::format("{} of the domains {}: not reliably different ({} to {}), so all "
                                  "get {}",
                                  acpi::to_string(kind_of(what)), cells, format_value(what, least),
                                  format_value(what, most), format_value(what, median)));
    for (wanted_figure* member : members) {
        member->value = median;
    }
}

} // namespace

void keep_strongest(std::vector<wanted_figure>& wanted) {
    std::ranges::stable_sort(wanted, {}, [](const wanted_figure& w) {
        return std::tuple_cat(place_of(w), std::tuple(w.from));
    });
    wanted.erase(std::unique(wanted.begin(), wanted.end(),
                             [](const wanted_figure& a, const wanted_figure& b) {
                                 return place_of(a) == place_of(b);
                             }),
                 wanted.end());
}

void tell_disturbed(const std::vector<wanted_figure>& wanted, std::vector<std::string>& remarks) {
    for (const wanted_figure& w : wanted) {
        if (w.verdict == interference::disturbed) {
            remarks.push_back(fmt::format("{} from domain {} to domain {}: {} was measured while "
                                          "disturbed; measure it again before it is relied on",
                                          acpi::to_string(kind_of(w.what)), w.initiator_pxm,
                                          w.target_pxm, format_value(w.what, w.value)));
        }
    }
}

void merge_overlapping(std::vector<wanted_figure>& wanted, std::vector<std::string>& remarks) {
    std::map<quantity, std::vector<wanted_figure*>> measured;
    for (wanted_figure& w : wanted) {
        if (w.low && w.high && *w.low <= *w.high) {
            measured[w.what].push_back(&w);
        }
    }
    for (auto& [what, cells] : measured) {
        std::ranges::stable_sort(
            cells, {}, [](const wanted_figure* w) { return std::tuple(*w->low, *w->high); });
        // A group has a value in all of its intervals: it ends before the first that begins behind
        // the end of any.
        std::vector<wanted_figure*> group;
        std::uint64_t end = 0;
        for (wanted_figure* cell : cells) {
            if (!group.empty() && *cell->low > end) {
                merge(group, remarks);
                group.clear();
            }
            end = group.empty() ? *cell->high : std::min(end, *cell->high);
            group.push_back(cell);
        }
        merge(group, remarks);
    }
}

std::vector<wanted_figure> figures_to_build_from(const topology& machine,
                                                 const measurements& stored) {
    std::map<std::tuple<std::string_view, std::string_view, quantity>, const measured_cell*>
        samples;
    for (const measured_cell& cell : stored.cells) {
        if (const auto what = quantity_of(cell.what); what && cell.in == measured_in::memory) {
            samples[{cell.initiator, cell.target, *what}] = &cell;
        }
    }
    std::vector<wanted_figure> wanted;
    std::vector<std::uint64_t> row(machine.targets().size());
    for (const quantity what : all_quantities) {
        for (const source from : machine.sources_of(what)) {
            if (from != source::override_ && from != source::measured) {
                continue;
            }
            for (const initiator& i : machine.initiators()) {
                machine.row(from, what, i.id, row);
                for (const target& t : machine.targets()) {
                    const std::uint64_t value = row[t.id.index];
                    if (value >= topology::unreachable_value || value == 0 || !i.pxm || !t.pxm) {
                        continue;
                    }
                    wanted_figure w{*i.pxm, *t.pxm, what, value, {}, {}, from};
                    const auto sample = samples.find({i.name, t.name, what});
                    if (from == source::measured && sample != samples.end() &&
                        sample->second->figure.median == value) {
                        w.low = sample->second->figure.low;
                        w.high = sample->second->figure.high;
                        w.verdict = sample->second->verdict;
                    }
                    wanted.push_back(w);
                }
            }
        }
    }
    keep_strongest(wanted);
    return wanted;
}

} // namespace hetmem::detail
