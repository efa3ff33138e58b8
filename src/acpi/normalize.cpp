#include <acpi/normalize.hpp>

#include <algorithm>
#include <limits>

namespace hetmem::acpi {
namespace {

/// Picoseconds or bytes per second in one step of the unit that the base unit counts.
std::uint64_t step_of(unsigned table_revision, data_type type) {
    if (is_latency(type)) {
        return table_revision < 2 ? 100 : 1; // a tenth of a nanosecond; a picosecond
    }
    return table_revision < 2 ? 100'000 : 1'000'000; // a tenth of a MB/s; a MB/s
}

} // namespace

std::string_view to_string(data_type type) {
    switch (type) {
    case data_type::access_latency:
        return "access latency";
    case data_type::read_latency:
        return "read latency";
    case data_type::write_latency:
        return "write latency";
    case data_type::access_bandwidth:
        return "access bandwidth";
    case data_type::read_bandwidth:
        return "read bandwidth";
    case data_type::write_bandwidth:
        return "write bandwidth";
    }
    return {};
}

normalizer::normalizer(unsigned table_revision, data_type type, std::uint64_t base_unit) {
    if (!is_known(type) || base_unit == 0) {
        return;
    }
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t step = step_of(table_revision, type);
    // entry * base_unit * step <= most, divided by what is the same for every entry: exact, and
    // nothing wider than 64 bits is needed.
    usable_ = true;
    if (base_unit > most / step) {
        return; // not even an entry of 1 fits
    }
    factor_ = base_unit * step;
    largest_entry_ = static_cast<std::uint16_t>(std::min<std::uint64_t>(most / factor_, 0xFFFE));
}

void normalizer::row(std::span<const std::uint16_t> entries, std::span<std::uint64_t> values,
                     const cell_marks& marks) const {
    const std::size_t count = std::min(entries.size(), values.size());
    // Marks are huge numbers as a rule: where no product reaches the smallest of them, cells need
    // not be compared with them one by one.
    const std::uint64_t smallest_mark =
        std::min({marks.unknown, marks.unreachable, marks.overflow});
    const bool plain = factor_ != 0 && largest_entry_ == 0xFFFE && factor_ < smallest_mark / 0xFFFE;
    if (plain) {
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint16_t entry = entries[i];
            std::uint64_t value = entry * factor_;
            value = entry == entry_unknown ? marks.unknown : value;
            value = entry == entry_unreachable ? marks.unreachable : value;
            values[i] = value;
        }
        return;
    }
    for (std::size_t i = 0; i < count; ++i) {
        const cell c = (*this)(entries[i]);
        switch (c.state) {
        case cell_state::unknown:
            values[i] = marks.unknown;
            break;
        case cell_state::unreachable:
            values[i] = marks.unreachable;
            break;
        case cell_state::overflow:
            values[i] = marks.overflow;
            break;
        case cell_state::known: {
            const bool is_a_mark = c.value == marks.unknown || c.value == marks.unreachable ||
                                   c.value == marks.overflow;
            values[i] = is_a_mark ? marks.overflow : c.value;
            break;
        }
        }
    }
}

cell normalize(unsigned table_revision, data_type type, std::uint64_t base_unit,
               std::uint16_t entry) {
    return normalizer(table_revision, type, base_unit)(entry);
}

} // namespace hetmem::acpi
