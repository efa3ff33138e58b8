#include "check/hmat_builder_cells.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <numeric>
#include <utility>

namespace hetmem::detail {
namespace {

using acpi::cell_state;
using acpi::locality;

constexpr std::uint64_t largest_entry = 0xFFFE;
/// Far above any figure; what is computed with values below it fits 64 bits.
constexpr std::uint64_t largest_value = std::uint64_t{1} << 60;
/// Whole nanoseconds and GB/s are what people read most easily: no base unit is made larger.
constexpr std::uint64_t largest_neat_unit = 1000;

std::uint64_t smallest_entry(unsigned revision) {
    return revision < 2 ? 10 : 1; // ACPI 6.2, 5.2.27.4
}

/// Picoseconds or bytes per second in a base unit of 1.
std::uint64_t step_of(const locality& matrix, unsigned revision) {
    return acpi::normalize(revision, matrix.kind, 1, 1).value;
}

/// The entry nearest to a value; nothing when that is none, or further away than permitted.
/// `worth`: of an entry of 1.
std::optional<std::uint16_t> entry_for(std::uint64_t value, std::uint64_t worth,
                                       unsigned revision) {
    const std::uint64_t entry = value / worth + (value % worth >= worth - value % worth ? 1 : 0);
    if (entry < smallest_entry(revision) || entry > largest_entry) {
        return std::nullopt;
    }
    const std::uint64_t near = entry * worth;
    const std::uint64_t off = near > value ? near - value : value - near;
    return off / permille_off <= value / 1000 && off * 1000 <= value * permille_off
               ? std::optional(static_cast<std::uint16_t>(entry))
               : std::nullopt;
}

bool tells_all(std::uint64_t worth, std::span<const std::uint64_t> values, unsigned revision) {
    return std::ranges::all_of(
        values, [&](std::uint64_t v) { return entry_for(v, worth, revision).has_value(); });
}

/// How far the entries of values that can be told are from them, all together.
std::uint64_t off_by(std::uint64_t worth, std::span<const std::uint64_t> values,
                     unsigned revision) {
    std::uint64_t sum = 0;
    for (const std::uint64_t value : values) {
        const std::uint64_t near = *entry_for(value, worth, revision) * worth;
        sum += near > value ? near - value : value - near;
    }
    return sum;
}

/// A base unit for values of which none has to be kept exactly: the largest neat one that loses
/// nothing, else a fine one.
std::optional<std::uint64_t> new_base(std::span<const std::uint64_t> values, std::uint64_t step,
                                      unsigned revision) {
    const std::uint64_t largest = std::ranges::max(values);
    if (largest > largest_value) {
        return std::nullopt;
    }
    for (std::uint64_t base = largest_neat_unit; base > 0; base /= 10) {
        const bool exact =
            std::ranges::all_of(values, [&](std::uint64_t v) { return v % (base * step) == 0; });
        if (exact && tells_all(base * step, values, revision)) {
            return base;
        }
    }
    for (std::uint64_t base = 1; base <= largest / step + 1; base *= 10) {
        if (tells_all(base * step, values, revision)) {
            return base;
        }
    }
    const std::uint64_t finest = largest / step / largest_entry + 1;
    return tells_all(finest * step, values, revision) ? std::optional(finest) : std::nullopt;
}

/// A base unit in which `kept` stay exactly what they are, the one that tells `wanted` best.
std::optional<std::uint64_t> exact_base(std::span<const std::uint64_t> kept,
                                        std::span<const std::uint64_t> wanted, std::uint64_t step,
                                        unsigned revision) {
    std::uint64_t common = 0;
    for (const std::uint64_t value : kept) {
        common = std::gcd(common, value / step);
    }
    const std::uint64_t largest = std::max(std::ranges::max(kept), std::ranges::max(wanted)) / step;
    std::optional<std::uint64_t> best;
    std::uint64_t least_off = 0;
    for (std::uint64_t part = 1; part <= largest_entry && part <= common; ++part) {
        const std::uint64_t base = common / part;
        if (largest / base > largest_entry) {
            break; // and smaller ones can tell it even less
        }
        if (common % part != 0 || !tells_all(base * step, wanted, revision) ||
            !tells_all(base * step, kept, revision)) {
            continue;
        }
        const std::uint64_t off = off_by(base * step, wanted, revision);
        if (!best || off < least_off) {
            best = base;
            least_off = off;
        }
        if (off == 0) {
            break;
        }
    }
    return best;
}

std::optional<std::size_t> place_of(std::span<const std::uint32_t> domains, std::uint32_t domain) {
    const auto found = std::ranges::find(domains, domain);
    return found == domains.end()
               ? std::nullopt
               : std::optional(static_cast<std::size_t>(found - domains.begin()));
}

/// Adds what is not there, and completes a structure that was cut off.
void make_room(locality& matrix, std::span<const cell_value> wanted) {
    std::vector<std::uint32_t> initiators = matrix.initiators;
    std::vector<std::uint32_t> targets = matrix.targets;
    for (const cell_value& w : wanted) {
        if (!place_of(initiators, w.initiator)) {
            initiators.push_back(w.initiator);
        }
        if (!place_of(targets, w.target)) {
            targets.push_back(w.target);
        }
    }
    std::vector<std::uint16_t> entries(initiators.size() * targets.size(), acpi::entry_unknown);
    for (std::size_t i = 0; i < matrix.initiators.size(); ++i) {
        std::ranges::copy(matrix.row(i),
                          entries.begin() + static_cast<std::ptrdiff_t>(i * targets.size()));
    }
    matrix.initiators = std::move(initiators);
    matrix.targets = std::move(targets);
    matrix.entries = std::move(entries);
}

/// Where the wanted cells are, in a matrix that has room for them.
std::vector<std::size_t> places_of(const locality& matrix, std::span<const cell_value> wanted) {
    std::vector<std::size_t> places;
    places.reserve(wanted.size());
    for (const cell_value& w : wanted) {
        places.push_back(*place_of(matrix.initiators, w.initiator) * matrix.targets.size() +
                         *place_of(matrix.targets, w.target));
    }
    return places;
}

/// Gives every cell that is not wanted its value again after the base unit changed.
std::vector<moved_cell> rewrite(locality& matrix, unsigned revision, std::uint64_t old_base,
                                std::uint64_t worth, std::span<const bool> is_wanted) {
    std::vector<moved_cell> moved;
    const acpi::normalizer before(revision, matrix.kind, old_base);
    for (std::size_t at = 0; at < matrix.entries.size(); ++at) {
        const acpi::cell old = before(matrix.entries[at]);
        if (is_wanted[at] || old.state != cell_state::known) {
            continue;
        }
        const std::uint16_t entry = *entry_for(old.value, worth, revision);
        matrix.entries[at] = entry;
        if (entry * worth != old.value) {
            moved.push_back({matrix.initiators[at / matrix.targets.size()],
                             matrix.targets[at % matrix.targets.size()], old.value, entry * worth});
        }
    }
    return moved;
}

} // namespace

acpi::data_type kind_of(quantity what) {
    switch (what) {
    case quantity::read_latency:
        return acpi::data_type::read_latency;
    case quantity::write_latency:
        return acpi::data_type::write_latency;
    case quantity::read_bandwidth:
        return acpi::data_type::read_bandwidth;
    case quantity::write_bandwidth:
        break;
    }
    return acpi::data_type::write_bandwidth;
}

acpi::cell value_in(const locality& matrix, unsigned revision, std::uint32_t initiator,
                    std::uint32_t target) {
    const auto row = place_of(matrix.initiators, initiator);
    const auto column = place_of(matrix.targets, target);
    return row && column ? matrix.normalizer(revision)(matrix.entry(*row, *column)) : acpi::cell{};
}

bool says_already(const locality& matrix, unsigned revision, const cell_value& wanted) {
    const acpi::cell now = value_in(matrix, revision, wanted.initiator, wanted.target);
    if (now.state != cell_state::known) {
        return false;
    }
    const std::uint64_t worth = matrix.normalizer(revision)(1).value;
    const auto entry = entry_for(wanted.value, worth, revision);
    return entry && *entry * worth == now.value;
}

std::vector<moved_cell> set_cells(locality& matrix, unsigned revision,
                                  std::span<const cell_value> wanted) {
    if (wanted.empty()) {
        return {};
    }
    make_room(matrix, wanted);
    const std::vector<std::size_t> places = places_of(matrix, wanted);
    std::vector<std::uint64_t> values;
    for (const cell_value& w : wanted) {
        values.push_back(w.value);
    }
    const std::uint64_t step = step_of(matrix, revision);
    const acpi::cell one = matrix.normalizer(revision)(1);
    std::vector<moved_cell> moved;
    if (one.state != cell_state::known || !tells_all(one.value, values, revision)) {
        const auto is_wanted = std::make_unique<bool[]>(matrix.entries.size());
        for (const std::size_t place : places) {
            is_wanted[place] = true;
        }
        std::vector<std::uint64_t> kept;
        const acpi::normalizer figures = matrix.normalizer(revision);
        for (std::size_t at = 0; at < matrix.entries.size(); ++at) {
            const acpi::cell old = figures(matrix.entries[at]);
            if (!is_wanted[at] && old.state == cell_state::known) {
                kept.push_back(old.value);
            }
        }
        std::optional<std::uint64_t> base;
        if (!kept.empty()) {
            base = exact_base(kept, values, step, revision);
        }
        if (!base) {
            kept.insert(kept.end(), values.begin(), values.end());
            base = new_base(kept, step, revision);
        }
        if (!base) {
            throw error(EINVAL, "no base unit of an HMAT tells both the largest and the smallest "
                                "of these figures within 0.5 %");
        }
        const std::uint64_t old_base = std::exchange(matrix.base_unit, *base);
        moved = rewrite(matrix, revision, old_base, *base * step,
                        std::span(is_wanted.get(), matrix.entries.size()));
    }
    const std::uint64_t worth = matrix.normalizer(revision)(1).value;
    for (std::size_t i = 0; i < places.size(); ++i) {
        matrix.entries[places[i]] = *entry_for(values[i], worth, revision);
    }
    return moved;
}

} // namespace hetmem::detail
