#include "check/linux_hmat.hpp"

#include <acpi/hmat.hpp>
#include <acpi/normalize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

namespace hetmem::detail {
namespace {

using acpi::data_type;

constexpr std::size_t hmat_begin = 40;

// Lengths that Linux demands (sizeof in include/acpi/actbl1.h).
constexpr std::uint32_t attributes_length = 40;
constexpr std::uint32_t locality_length = 32;
constexpr std::uint32_t cache_length = 32;

/// More remarks on one table than this say nothing new.
constexpr std::size_t most_remarks = 64;

/// A matrix as the kernel keeps it: a pointer into the table.
struct locality_view {
    std::uint64_t offset = 0;
    data_type kind{};
    unsigned hierarchy = 0;
    std::uint64_t base_unit = 0;
    std::vector<std::uint32_t> initiators;
    std::vector<std::uint32_t> targets;
    // Where each stands first: that is where Linux looks a pair up.
    std::unordered_map<std::uint32_t, std::size_t> row_of;
    std::unordered_map<std::uint32_t, std::size_t> column_of;
    std::uint64_t entries_at = 0;
    std::size_t rows_present = 0; ///< of which at least one entry lies within the table
};

/// hmat_normalize(): nanoseconds or MB/s in 32 bits, 0 for all that it cannot or will not show.
std::uint32_t shown_value(std::uint16_t entry, std::uint64_t base, data_type kind,
                          unsigned revision) {
    constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
    constexpr std::uint32_t revision_1_unit = 10;
    constexpr std::uint32_t picoseconds = 1000;
    if (entry == acpi::entry_unknown || entry == acpi::entry_unreachable || base > most / entry) {
        return 0;
    }
    const auto value = static_cast<std::uint32_t>(entry * base);
    const auto rounded_up = [](std::uint32_t all, std::uint32_t unit) {
        return static_cast<std::uint32_t>((std::uint64_t{all} + unit - 1) / unit);
    };
    if (revision == 1) {
        return value < revision_1_unit ? 0 : rounded_up(value, revision_1_unit);
    }
    return acpi::is_latency(kind) ? rounded_up(value, picoseconds) : value;
}

/// hmat_update_target_access()
void set_figure(predicted_access& of, data_type kind, std::uint32_t value) {
    switch (kind) {
    case data_type::access_latency:
        of.read_latency = value;
        of.write_latency = value;
        break;
    case data_type::read_latency:
        of.read_latency = value;
        break;
    case data_type::write_latency:
        of.write_latency = value;
        break;
    case data_type::access_bandwidth:
        of.read_bandwidth = value;
        of.write_bandwidth = value;
        break;
    case data_type::read_bandwidth:
        of.read_bandwidth = value;
        break;
    case data_type::write_bandwidth:
        of.write_bandwidth = value;
        break;
    }
}

/// hmat_update_best(): whether the value is better than the best so far.
bool is_better(data_type kind, std::uint32_t value, std::uint32_t best) {
    if (value == 0) {
        return false;
    }
    return best == 0 || (acpi::is_latency(kind) ? value < best : value > best);
}

std::string join(const std::set<std::uint32_t>& domains) {
    return fmt::format("{}", fmt::join(domains, ", "));
}

class hmat_reading {
public:
    hmat_reading(const raw_bytes& table, const linux_affinity& affinity)
        : table_(table), affinity_(affinity), revision_(table.table_revision()) {}

    linux_hmat read() {
        if (revision_ != 1 && revision_ != 2) {
            made_.reasons.push_back(fmt::format(
                "HMAT: revision {}, and Linux knows 1 and 2: it ignores the table", revision_));
            return std::move(made_);
        }
        for (const std::uint32_t pxm : affinity_.hmat_memories) {
            made_.targets[pxm];
        }
        // One pass for each type, in this order, whatever the order in the table.
        for (const unsigned type :
             {acpi::memory_attributes::type, acpi::locality::type, acpi::side_cache::type}) {
            if (!take_all(type)) {
                made_.targets.clear();
                return std::move(made_);
            }
        }
        remark_on_the_rest();
        made_.used = true;
        for (auto& [pxm, target] : made_.targets) {
            link(pxm, target);
        }
        return std::move(made_);
    }

private:
    template <class... T>
    void say(std::uint64_t offset, fmt::format_string<T...> text, T&&... values) {
        if (made_.reasons.size() < most_remarks) {
            made_.reasons.push_back(fmt::format("HMAT, offset {}: ", offset) +
                                    fmt::format(text, std::forward<T>(values)...));
        }
    }

    /// False: the whole table is dropped.
    bool drop(std::uint64_t offset, const std::string& why) {
        made_.reasons.insert(
            made_.reasons.begin(), // said before all remarks
            fmt::format("HMAT, offset {}: {}: Linux ignores the whole table", offset, why));
        return false;
    }

    bool take_all(unsigned type) {
        const walk_result end =
            walk_as_linux<hmat_head>(table_, hmat_begin, [&](const walked_structure& s) {
                return s.type != type || take(s);
            });
        if (end.how == walk_end::zero_length) {
            return drop(end.at, "a structure of length 0");
        }
        return end.how == walk_end::reached;
    }

    bool take(const walked_structure& s) {
        if (s.offset + s.length > std::min<std::uint64_t>(table_.size(), table_.table_length())) {
            say(s.offset, "the structure ends behind the table: Linux takes it, with what lies "
                          "there");
        }
        switch (s.type) {
        case acpi::memory_attributes::type:
            return take_attributes(s);
        case acpi::locality::type:
            return take_locality(s);
        default:
            return take_cache(s);
        }
    }

    bool take_attributes(const walked_structure& s) {
        if (s.length != attributes_length) {
            return drop(s.offset,
                        fmt::format("a length of {} bytes, not {}", s.length, attributes_length));
        }
        const auto flags = table_.at<std::uint16_t>(s.offset + 8);
        const auto initiator = table_.at<std::uint32_t>(s.offset + 12);
        const auto memory = table_.at<std::uint32_t>(s.offset + 16);
        const bool memory_valid = revision_ == 2 || (flags & 2U) != 0;
        if (!memory_valid) {
            return true;
        }
        if (!made_.targets.contains(memory)) {
            return drop(s.offset,
                        fmt::format("memory domain {} has no memory in the SRAT", memory));
        }
        if ((flags & 1U) == 0) {
            return true;
        }
        if (!affinity_.node_of(initiator)) {
            return drop(s.offset, fmt::format("initiator domain {} is not in the SRAT", initiator));
        }
        attached_[memory] = initiator;
        return true;
    }

    /// As the kernel adds it up: in 64 bits, kept in 32.
    std::uint32_t needed_length(std::uint64_t rows, std::uint64_t columns) const {
        return static_cast<std::uint32_t>(locality_length + 2 * rows * columns + 4 * rows +
                                          4 * columns);
    }

    bool take_locality(const walked_structure& s) {
        const auto rows = table_.at<std::uint32_t>(s.offset + 12);
        const auto columns = table_.at<std::uint32_t>(s.offset + 16);
        const std::uint32_t needed =
            s.length < locality_length ? locality_length : needed_length(rows, columns);
        if (s.length < needed) {
            return drop(s.offset,
                        fmt::format("a length of {} bytes where {} are needed", s.length, needed));
        }
        const std::uint64_t lists = 4 * (std::uint64_t{rows} + columns);
        const bool counts_wrap = rows > 0 && columns > (s.length - lists) / 2 / rows;
        if (s.length < locality_length + lists || counts_wrap ||
            table_.size() < s.offset + locality_length + lists) {
            say(s.offset,
                "{} x {} domains reach far behind the structure: Linux takes what lies "
                "there, which cannot be told",
                rows, columns);
            return true;
        }
        locality_view matrix = view(s.offset, rows, columns);
        for (const std::uint32_t initiator : matrix.initiators) {
            if (affinity_.node_of(initiator)) {
                initiators_.insert(initiator);
                if (affinity_.has_cpus(initiator)) {
                    with_cpus_.insert(initiator);
                }
            }
        }
        if (matrix.hierarchy != 0) {
            say(s.offset, "figures of a cache, not of a memory: Linux does not use them");
            return true;
        }
        take_attached(matrix);
        remark_on_entries(matrix);
        keep(std::move(matrix));
        return true;
    }

    locality_view view(std::uint64_t offset, std::uint32_t rows, std::uint32_t columns) const {
        locality_view matrix;
        matrix.offset = offset;
        matrix.hierarchy = table_.at<std::uint8_t>(offset + 8) & 0xFU;
        matrix.kind = table_.at<data_type>(offset + 9);
        matrix.base_unit = table_.at<std::uint64_t>(offset + 24);
        const std::uint64_t lists = offset + locality_length;
        for (std::uint64_t i = 0; i < rows; ++i) {
            matrix.initiators.push_back(table_.at<std::uint32_t>(lists + 4 * i));
        }
        for (std::uint64_t i = 0; i < columns; ++i) {
            matrix.targets.push_back(table_.at<std::uint32_t>(lists + 4 * (rows + i)));
        }
        for (std::size_t i = 0; i < rows; ++i) {
            matrix.row_of.emplace(matrix.initiators[i], i);
        }
        for (std::size_t i = 0; i < columns; ++i) {
            matrix.column_of.emplace(matrix.targets[i], i);
        }
        matrix.entries_at = lists + 4 * (std::uint64_t{rows} + columns);
        if (columns > 0) {
            const std::uint64_t present = (table_.size() - matrix.entries_at) / 2;
            matrix.rows_present =
                static_cast<std::size_t>(std::min<std::uint64_t>(rows, present / columns + 1));
        }
        return matrix;
    }

    std::uint16_t entry(const locality_view& matrix, std::size_t row, std::size_t column) const {
        return table_.at<std::uint16_t>(matrix.entries_at +
                                        2 * (row * matrix.targets.size() + column));
    }

    std::uint32_t value(const locality_view& matrix, std::size_t row, std::size_t column) const {
        return shown_value(entry(matrix, row, column), matrix.base_unit, matrix.kind, revision_);
    }

    /// The figures of a memory that a type-0 structure attaches to an initiator: those of every
    /// structure one after the other, so that the last one counts, a 0 too.
    void take_attached(const locality_view& matrix) {
        for (std::size_t row = 0; row < matrix.rows_present; ++row) {
            for (std::size_t column = 0; column < matrix.targets.size(); ++column) {
                const auto found = attached_.find(matrix.targets[column]);
                if (found == attached_.end() || found->second != matrix.initiators[row]) {
                    continue;
                }
                linux_attributes& target = made_.targets.at(matrix.targets[column]);
                const std::uint32_t shown = value(matrix, row, column);
                set_figure(target.access0, matrix.kind, shown);
                if (affinity_.has_cpus(matrix.initiators[row])) {
                    set_figure(target.access1, matrix.kind, shown);
                }
            }
        }
    }

    void remark_on_entries(const locality_view& matrix) {
        if (!acpi::is_known(matrix.kind)) {
            say(matrix.offset, "data type {}: Linux does not use the figures",
                static_cast<unsigned>(matrix.kind));
            return;
        }
        std::size_t unreachable = 0;
        std::size_t lost = 0;
        for (std::size_t row = 0; row < matrix.rows_present; ++row) {
            for (std::size_t column = 0; column < matrix.targets.size(); ++column) {
                const std::uint16_t here = entry(matrix, row, column);
                unreachable += here == acpi::entry_unreachable ? 1U : 0U;
                lost +=
                    here != 0 && here != acpi::entry_unreachable && value(matrix, row, column) == 0
                        ? 1U
                        : 0U;
            }
        }
        if (unreachable > 0) {
            say(matrix.offset, "{} {} \"unreachable\" (0xFFFF): for Linux that is \"not provided\"",
                unreachable, unreachable == 1 ? "entry says" : "entries say");
        }
        if (lost > 0) {
            say(matrix.offset,
                "{} {} not fit into 32 bits, or {} below the smallest unit: Linux takes "
                "{} as not provided",
                lost, lost == 1 ? "figure does" : "figures do", lost == 1 ? "is" : "are",
                lost == 1 ? "it" : "them");
        }
    }

    /// hmat_add_locality(): one matrix is kept for each of four quantities.
    void keep(locality_view matrix) {
        const std::size_t index = kept_.size();
        const data_type kind = matrix.kind;
        const std::uint64_t offset = matrix.offset;
        kept_.push_back(std::move(matrix));
        std::set<std::uint64_t> replaced;
        const auto take_over = [&](slot which) {
            auto& place = of_quantity_[static_cast<std::size_t>(which)];
            if (place) {
                replaced.insert(kept_[*place].offset);
            }
            place = index;
        };
        if (kind == data_type::access_latency || kind == data_type::write_latency) {
            take_over(slot::write_latency);
        }
        if (kind == data_type::access_latency || kind == data_type::read_latency) {
            take_over(slot::read_latency);
        }
        if (kind == data_type::access_bandwidth || kind == data_type::write_bandwidth) {
            take_over(slot::write_bandwidth);
        }
        if (kind == data_type::access_bandwidth || kind == data_type::read_bandwidth) {
            take_over(slot::read_bandwidth);
        }
        const std::uint64_t by = offset;
        for (const std::uint64_t before : replaced) {
            say(before,
                "when Linux looks for the best initiator, the {} at offset {} replaces this one",
                acpi::to_string(kind), by);
        }
    }

    bool take_cache(const walked_structure& s) {
        if (s.length < cache_length) {
            return drop(s.offset, fmt::format("a length of {} bytes where {} are needed", s.length,
                                              cache_length));
        }
        const auto pxm = table_.at<std::uint32_t>(s.offset + 8);
        const auto found = made_.targets.find(pxm);
        if (found == made_.targets.end()) {
            say(s.offset, "a cache of domain {}, which has no memory in the SRAT: Linux skips it",
                pxm);
            return true;
        }
        const acpi::cache_attributes attributes{table_.at<std::uint32_t>(s.offset + 24)};
        auto& caches = found->second.caches;
        if (std::ranges::find(caches, attributes.level(), &predicted_cache::level) !=
            caches.end()) {
            say(s.offset, "a second cache of level {} of domain {}: Linux skips it",
                attributes.level(), pxm);
            return true;
        }
        caches.push_back({attributes.level(), table_.at<std::uint64_t>(s.offset + 16),
                          attributes.line_size(), indexing(attributes), policy(attributes)});
        return true;
    }

    // enum cache_indexing and cache_write_policy of include/linux/node.h
    static unsigned indexing(const acpi::cache_attributes& of) {
        switch (of.associativity()) {
        case acpi::cache_associativity::direct:
            return 0;
        case acpi::cache_associativity::complex:
            return 1;
        default:
            return 2;
        }
    }
    static unsigned policy(const acpi::cache_attributes& of) {
        switch (of.write_policy()) {
        case acpi::cache_write_policy::write_back:
            return 0;
        case acpi::cache_write_policy::write_through:
            return 1;
        default:
            return 2;
        }
    }

    void remark_on_the_rest() {
        walk_as_linux<hmat_head>(table_, hmat_begin, [&](const walked_structure& s) {
            if (s.type > acpi::side_cache::type) {
                say(s.offset, "a structure of type {}: Linux skips it", s.type);
            }
            return true;
        });
    }

    /// hmat_register_target_initiators()
    void link(std::uint32_t pxm, linux_attributes& target) {
        const auto attached = attached_.find(pxm);
        const bool to_cpus = attached != attached_.end() && affinity_.has_cpus(attached->second);
        if (attached != attached_.end()) {
            target.access0.initiators = {attached->second};
            target.reasons.push_back(fmt::format(
                "a structure of type 0 attaches it to domain {}, so that Linux links no other, "
                "however fast",
                attached->second));
        }
        if (to_cpus) {
            target.access1.initiators = {attached->second};
        }
        if (kept_.empty()) {
            return;
        }
        if (attached == attached_.end()) {
            link_best(pxm, target, target.access0, false);
        }
        if (!to_cpus) {
            link_best(pxm, target, target.access1, true);
        }
    }

    /// Of all initiators those that have the best of one quantity after the other; ties stay.
    void link_best(std::uint32_t pxm, linux_attributes& target, predicted_access& into,
                   bool cpus_only) {
        std::set<std::uint32_t> candidates = initiators_;
        for (const auto& place : of_quantity_) {
            if (!place) {
                continue;
            }
            if (cpus_only) {
                std::erase_if(candidates, [&](std::uint32_t i) { return !with_cpus_.contains(i); });
            }
            const locality_view& matrix = kept_[*place];
            std::uint32_t best = 0;
            std::map<std::uint32_t, std::uint32_t> values;
            for (const std::uint32_t initiator : candidates) {
                values[initiator] = first_value(matrix, initiator, pxm);
                if (is_better(matrix.kind, values[initiator], best)) {
                    best = values[initiator];
                }
            }
            std::erase_if(candidates, [&](std::uint32_t i) { return values[i] != best; });
            if (best != 0) {
                set_figure(into, matrix.kind, best);
            }
        }
        into.initiators.assign(candidates.begin(), candidates.end());
        if (!cpus_only && candidates.size() > 1) {
            target.reasons.push_back(
                fmt::format("Linux finds domains {} equally good", join(candidates)));
        }
    }

    /// hmat_initiator_perf(): the first row and column of that name; 0 when there are none.
    std::uint32_t first_value(const locality_view& matrix, std::uint32_t initiator,
                              std::uint32_t target) const {
        const auto row = matrix.row_of.find(initiator);
        const auto column = matrix.column_of.find(target);
        if (row == matrix.row_of.end() || column == matrix.column_of.end()) {
            return 0;
        }
        return value(matrix, row->second, column->second);
    }

    /// In the order in which they decide (enum locality_types).
    enum class slot : std::uint8_t { write_latency, read_latency, write_bandwidth, read_bandwidth };

    const raw_bytes& table_;
    const linux_affinity& affinity_;
    unsigned revision_;
    std::map<std::uint32_t, std::uint32_t> attached_; ///< memory -> initiator
    std::set<std::uint32_t> initiators_;              ///< all that some matrix names
    std::set<std::uint32_t> with_cpus_;               ///< of these
    std::vector<locality_view> kept_;
    std::array<std::optional<std::size_t>, 4> of_quantity_;
    linux_hmat made_;
};

} // namespace

linux_hmat read_hmat_as_linux(const raw_bytes& table, const linux_affinity& affinity) {
    return hmat_reading(table, affinity).read();
}

} // namespace hetmem::detail
