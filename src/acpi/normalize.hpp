// acpi/normalize.hpp: from an entry of a latency or bandwidth matrix to picoseconds or bytes per
// second.
//
//     normalizer to_ps(2, data_type::read_latency, locality.base_unit);
//     cell c = to_ps(entry);          // {known, 100'000}: 100 ns
//
// An entry is a multiple of the structure's base unit. Revision 1 (ACPI 6.2, 5.2.27.4) counts in
// tenths of a nanosecond and of a MB/s; revision 2 (ACPI 6.3) and CDAT in picoseconds and MB/s.
// A MB/s is 10^6 bytes per second. Exact: what does not fit in 64 bits is `overflow`, never
// wrapped.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace hetmem::acpi {

/// HMAT and CDAT data types. A table may hold any other number: see is_known().
enum class data_type : std::uint8_t {
    access_latency = 0, ///< read and write alike
    read_latency = 1,
    write_latency = 2,
    access_bandwidth = 3, ///< read and write alike
    read_bandwidth = 4,
    write_bandwidth = 5,
};

constexpr bool is_latency(data_type type) {
    return type <= data_type::write_latency;
}
constexpr bool is_bandwidth(data_type type) {
    return type >= data_type::access_bandwidth && type <= data_type::write_bandwidth;
}
constexpr bool is_known(data_type type) {
    return type <= data_type::write_bandwidth;
}

/// "read latency", ...; "" when not known.
std::string_view to_string(data_type type);

inline constexpr std::uint16_t entry_unknown = 0;          ///< "not provided"
inline constexpr std::uint16_t entry_unreachable = 0xFFFF; ///< no path from initiator to target

enum class cell_state : std::uint8_t { unknown, unreachable, known, overflow };

/// `value` is picoseconds or bytes per second, and means something only when known.
struct cell {
    cell_state state = cell_state::unknown;
    std::uint64_t value = 0;
    friend bool operator==(const cell&, const cell&) = default;
};

/// What stands in a row of plain numbers for a cell that has no value.
struct cell_marks {
    std::uint64_t unknown;
    std::uint64_t unreachable;
    std::uint64_t overflow;
};

/// Normalises the entries of one structure, with everything that is the same for all of them worked
/// out once. A base unit of 0 or an unknown data type makes every figure unknown.
class normalizer {
public:
    normalizer(unsigned table_revision, data_type type, std::uint64_t base_unit);

    cell operator()(std::uint16_t entry) const {
        if (entry == entry_unreachable) {
            return {cell_state::unreachable, 0};
        }
        if (entry == entry_unknown || !usable_) {
            return {cell_state::unknown, 0};
        }
        if (entry > largest_entry_) {
            return {cell_state::overflow, 0};
        }
        return {cell_state::known, entry * factor_};
    }

    /// A whole row at once, for matrices of a million cells. Writes min(entries, values) numbers.
    /// A product that happens to equal a mark is written as `marks.overflow`.
    void row(std::span<const std::uint16_t> entries, std::span<std::uint64_t> values,
             const cell_marks& marks) const;

    /// Whether an entry exists (0x0001 to 0xFFFE) whose value would not fit in 64 bits.
    bool can_overflow() const { return usable_ && largest_entry_ < 0xFFFE; }

private:
    std::uint64_t factor_ = 0;        // what one step of an entry is worth
    std::uint16_t largest_entry_ = 0; // entries above it overflow
    bool usable_ = false;             // otherwise no figure can be known
};

cell normalize(unsigned table_revision, data_type type, std::uint64_t base_unit,
               std::uint16_t entry);

} // namespace hetmem::acpi
