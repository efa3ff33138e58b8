#include "daemon/hmat_in_force.hpp"

#include "topology/acpi_source.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace hetmem::daemon {

using detail::adopted_by;
using detail::adopted_table;

hmat_in_force::hmat_in_force(evaluator& hma, std::optional<adopted_table> kept)
    : hma_(hma), table_(kept ? std::move(*kept) : adopted_table{}) {}

hmat_in_force::outcome hmat_in_force::follow(const kernel::rooted_reader& machine,
                                             evaluator::effort how) {
    if (table_.by == adopted_by::hand) {
        return {};
    }
    evaluation now = hma_.evaluate(machine, how);
    outcome result;
    if (now.table && *now.table != table_.bytes) {
        result = take(machine, std::move(*now.table), std::move(now.from), adopted_by::method);
    }
    std::ranges::move(now.refused, std::back_inserter(result.refused));
    std::ranges::move(now.remarks, std::back_inserter(result.remarks));
    return result;
}

hmat_in_force::outcome hmat_in_force::adopt(const kernel::rooted_reader& machine,
                                            const detail::adopt_request& wanted) {
    outcome result;
    switch (wanted.wanted) {
    case detail::adopt_request::kind::table:
        return take(machine, wanted.table, fmt::format("{}, given by hand", wanted.name),
                    adopted_by::hand);
    case detail::adopt_request::kind::firmware: {
        adopted_table firmwares;
        firmwares.by = adopted_by::hand;
        firmwares.from = "none adopted: what firmware gave at the start, wanted by hand";
        result.changed = table_ != firmwares;
        table_ = std::move(firmwares);
        return result;
    }
    case detail::adopt_request::kind::evaluate:
        break;
    }
    evaluation now = hma_.evaluate(machine, evaluator::effort::again);
    if (!now.has_method) {
        now.refused.emplace_back("the firmware has no _HMA");
    }
    if (now.table) {
        // Also when the bytes are the same: from now on the method is followed.
        result = take(machine, std::move(*now.table), std::move(now.from), adopted_by::method);
    }
    std::ranges::move(now.refused, std::back_inserter(result.refused));
    std::ranges::move(now.remarks, std::back_inserter(result.remarks));
    return result;
}

hmat_in_force::outcome hmat_in_force::take(const kernel::rooted_reader& machine,
                                           std::vector<std::byte> bytes, std::string from,
                                           adopted_by by) {
    outcome result;
    detail::adoption judged =
        detail::judge_hmat(bytes, std::move(from), detail::read_acpi(machine, &table_));
    if (judged.accepted) {
        judged.accepted->by = by;
        result.changed = table_ != *judged.accepted;
        table_ = std::move(*judged.accepted);
    }
    result.refused = std::move(judged.refused);
    return result;
}

bool hmat_in_force::release_hints(const topology& now) {
    return std::erase_if(table_.reservation_hints, [&](std::uint32_t pxm) {
               return std::ranges::none_of(now.targets(), [&](const target& t) {
                   return t.pxm == pxm && t.state != target_state::absent;
               });
           }) != 0;
}

std::string hmat_in_force::words() const {
    return table_.from.empty() ? "none adopted: what firmware gave at the start" : table_.from;
}

} // namespace hetmem::daemon
