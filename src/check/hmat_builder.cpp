#include "check/hmat_builder.hpp"

#include "check/domains.hpp"
#include "check/hmat_builder_cells.hpp"
#include "check/hmat_builder_wanted.hpp"
#include "check/hmat_figures.hpp"
#include "topology/figures.hpp"
#include "topology/value_text.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

using acpi::cell_state;
using acpi::data_type;
using acpi::locality;

quantity reading(quantity what) {
    return is_latency(what) ? quantity::read_latency : quantity::read_bandwidth;
}
quantity writing(quantity what) {
    return is_latency(what) ? quantity::write_latency : quantity::write_bandwidth;
}

bool is_access(data_type kind) {
    return kind == data_type::access_latency || kind == data_type::access_bandwidth;
}

std::string in_words(quantity what, const acpi::cell& value) {
    switch (value.state) {
    case cell_state::known:
        return format_value(what, value.value);
    case cell_state::unreachable:
        return "unreachable";
    case cell_state::unknown:
    case cell_state::overflow:
        break;
    }
    return "unknown";
}

/// "read latency from domain 0 to domain 2"
std::string name_of(quantity what, std::uint32_t initiator, std::uint32_t target) {
    return fmt::format("{} from domain {} to domain {}", acpi::to_string(kind_of(what)), initiator,
                       target);
}

/// Builds one table: first what stands in the way is taken out, then cells are set.
class builder {
public:
    builder(const std::optional<acpi::hmat>& in_force, const acpi::srat& affinity)
        : domains_(domains_of(affinity)) {
        if (in_force) {
            table_ = *in_force;
            if (table_.header.oem_revision == std::numeric_limits<std::uint32_t>::max()) {
                throw error(EINVAL, "the HMAT in force has the OEM revision 0xFFFFFFFF, and only a "
                                    "higher one would replace it");
            }
            ++table_.header.oem_revision;
            mend();
            mended_ = !remarks_.empty();
        } else {
            table_.header = acpi::make_header("HMAT", 2);
            table_.header.oem_id = affinity.header.oem_id;
            table_.header.oem_table_id = affinity.header.oem_table_id;
            table_.header.oem_revision = affinity.header.oem_revision;
            is_new_ = true;
        }
    }

    built_hmat build(const std::vector<wanted_figure>& wanted,
                     std::vector<std::string> remarks) && {
        remarks_.insert(remarks_.begin(), remarks.begin(), remarks.end());
        for (const wanted_figure& w : wanted) {
            check(w);
            wanted_[w.what].push_back({w.initiator_pxm, w.target_pxm, w.value});
        }
        put_behind_others();
        split_access_structures();
        add_structures();
        for (const wanted_figure& w : wanted) {
            before_.push_back(figure_of(w));
        }
        set_all();
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            tell_change(wanted[i], before_[i]);
        }
        if (is_new_) {
            add_attributes();
        }
        tell_what_nobody_knows();
        acpi::seal(table_);
        return {std::move(table_), std::move(changes_), std::move(remarks_), mended_};
    }

    bool mended() const { return mended_; }

private:
    unsigned revision() const { return table_.header.revision; }

    // ---- what would make Linux ignore the table

    void mend() {
        if (revision() < 1 || revision() > 2) {
            const unsigned unknown = revision();
            table_.header.revision = unknown < 1 ? 1 : 2;
            remarks_.push_back(fmt::format("there is no revision {} of the HMAT: it becomes {}",
                                           unknown, revision()));
        }
        if (!table_.trailing.empty()) {
            remarks_.push_back(fmt::format("{} bytes at the end of the HMAT in force, which are no "
                                           "structures, are left out",
                                           table_.trailing.size()));
            table_.trailing.clear();
        }
        const auto offsets = acpi::structure_offsets(table_);
        std::vector<acpi::hmat_structure> kept;
        for (std::size_t i = 0; i < table_.structures.size(); ++i) {
            if (const std::string why = why_not_kept(table_.structures[i]); !why.empty()) {
                remarks_.push_back(
                    fmt::format("the structure at offset {} is left out: {}", offsets[i], why));
                continue;
            }
            std::visit([&](auto& s) { complete(s, offsets[i]); }, table_.structures[i]);
            kept.push_back(std::move(table_.structures[i]));
        }
        table_.structures = std::move(kept);
    }

    std::string why_not_kept(const acpi::hmat_structure& structure) const {
        if (const auto* raw = std::get_if<acpi::unknown_structure>(&structure)) {
            return raw->type <= acpi::side_cache::type
                       ? fmt::format("it is too short for its type {}, and Linux would ignore the "
                                     "whole table",
                                     raw->type)
                       : std::string();
        }
        const auto* attributes = std::get_if<acpi::memory_attributes>(&structure);
        if (attributes == nullptr) {
            return {};
        }
        // Then Linux looks no further (drivers/acpi/numa/hmat.c, hmat_parse_proximity_domain).
        if (!attributes->memory_valid(revision())) {
            return {};
        }
        if (!has_memory(attributes->memory_pxm)) {
            return fmt::format("the SRAT has no memory in domain {}, and Linux would ignore the "
                               "whole table",
                               attributes->memory_pxm);
        }
        if (attributes->initiator_valid() && !domains_.all.contains(attributes->initiator_pxm)) {
            return fmt::format("the SRAT has no domain {}, and Linux would ignore the whole table",
                               attributes->initiator_pxm);
        }
        return {};
    }

    void complete(acpi::unknown_structure& s, std::uint64_t offset) {
        if (s.length != s.body.size() + unknown_head_size) {
            tell_completed(offset);
        }
    }
    void complete(acpi::memory_attributes& s, std::uint64_t offset) {
        if (!s.trailing.empty()) {
            s.trailing.clear();
            tell_completed(offset);
        }
    }
    void complete(acpi::side_cache& s, std::uint64_t offset) {
        // Linux takes one that is too long (hmat_parse_cache): it may be of a later ACPI.
        if (s.smbios_handle_count != s.smbios_handles.size()) {
            s.trailing.clear();
            tell_completed(offset);
        }
    }
    void complete(locality& s, std::uint64_t offset) {
        const std::size_t cells = s.initiators.size() * s.targets.size();
        if (s.entries.size() < cells) {
            s.entries.resize(cells, acpi::entry_unknown);
            s.trailing.clear();
            tell_completed(offset);
        }
    }
    void tell_completed(std::uint64_t offset) {
        remarks_.push_back(fmt::format("the structure at offset {} is given the length that it "
                                       "should have",
                                       offset));
    }

    bool has_memory(std::uint32_t pxm) const {
        const auto found = domains_.all.find(pxm);
        return found != domains_.all.end() && found->second.memory;
    }

    // ---- cells

    bool names(std::uint32_t pxm, std::vector<std::uint32_t> locality::*side) const {
        return std::ranges::any_of(table_.structures, [&](const auto& structure) {
            const auto* matrix = std::get_if<locality>(&structure);
            return matrix != nullptr &&
                   std::ranges::find(matrix->*side, pxm) != (matrix->*side).end();
        });
    }

    void check(const wanted_figure& w) const {
        const std::string name = name_of(w.what, w.initiator_pxm, w.target_pxm);
        if (w.value == 0) {
            throw error(EINVAL, fmt::format("{}: 0 is no figure", name));
        }
        const auto from = domains_.all.find(w.initiator_pxm);
        const bool issues = from != domains_.all.end() &&
                            (from->second.processors || from->second.generic_initiator);
        if (!issues && !names(w.initiator_pxm, &locality::initiators)) {
            throw error(EINVAL, fmt::format("{}: neither the SRAT nor the HMAT has an initiator in "
                                            "domain {}",
                                            name, w.initiator_pxm));
        }
        const auto to = domains_.all.find(w.target_pxm);
        const bool answers =
            to != domains_.all.end() && (to->second.memory || to->second.generic_port);
        if (!answers && !names(w.target_pxm, &locality::targets)) {
            throw error(EINVAL, fmt::format("{}: neither the SRAT nor the HMAT has memory in "
                                            "domain {}",
                                            name, w.target_pxm));
        }
    }

    /// The structures that tell of plain accesses to the memory itself, in the table's order.
    std::vector<std::size_t> structures_of(quantity what) const {
        std::vector<std::size_t> found;
        for (std::size_t i = 0; i < table_.structures.size(); ++i) {
            const auto* matrix = std::get_if<locality>(&table_.structures[i]);
            if (matrix != nullptr && matrix->hierarchy() == 0 &&
                !matrix->minimum_transfer_size_needed() && !matrix->non_sequential() &&
                speaks_of(matrix->kind, what)) {
                found.push_back(i);
            }
        }
        return found;
    }

    /// What has to be set in one structure: everything in the last one of a quantity, which is the
    /// one that Linux looks pairs up in (drivers/acpi/numa/hmat.c, localities_types); in the others
    /// what they tell of already, lest the table contradicts itself.
    std::vector<cell_value> changes_for(std::size_t structure, quantity what) const {
        const auto wanted = wanted_.find(what);
        const auto all = structures_of(what);
        if (wanted == wanted_.end() || std::ranges::find(all, structure) == all.end()) {
            return {};
        }
        const auto& matrix = std::get<locality>(table_.structures[structure]);
        const bool last = all.back() == structure;
        std::vector<cell_value> changes;
        for (const cell_value& w : wanted->second) {
            const auto now = value_in(matrix, revision(), w.initiator, w.target);
            if ((last || now.state != cell_state::unknown) &&
                !says_already(matrix, revision(), w)) {
                changes.push_back(w);
            }
        }
        return changes;
    }

    /// Linux keeps the last structure of a kind, whatever pattern of access it is of
    /// (drivers/acpi/numa/hmat.c, hmat_add_locality): what is wanted must stand behind the others.
    void put_behind_others() {
        for (const auto& [what, cells] : wanted_) {
            const auto plain = structures_of(what);
            std::size_t last = 0;
            for (std::size_t i = 0; i < table_.structures.size(); ++i) {
                const auto* matrix = std::get_if<locality>(&table_.structures[i]);
                if (matrix != nullptr && matrix->hierarchy() == 0 &&
                    speaks_of(matrix->kind, what)) {
                    last = i;
                }
            }
            if (plain.empty() || plain.back() == last) {
                continue;
            }
            auto moved = std::get<locality>(table_.structures[plain.back()]);
            const auto behind = table_.structures.begin() + static_cast<std::ptrdiff_t>(last) + 1;
            if (is_access(moved.kind)) {
                // The original stays: behind the others it could hide another of what else it says.
                moved.kind = kind_of(what);
                table_.structures.insert(behind, std::move(moved));
            } else {
                const auto from =
                    table_.structures.begin() + static_cast<std::ptrdiff_t>(plain.back());
                std::rotate(from, from + 1, behind);
            }
            remarks_.push_back(fmt::format(
                "{}: a structure for another pattern of access or size of transfer hides the plain "
                "one from Linux, so that this is put behind it",
                acpi::to_string(kind_of(what))));
        }
    }

    /// A structure that tells of reading and writing at once becomes two where they come to differ.
    void split_access_structures() {
        for (std::size_t i = 0; i < table_.structures.size(); ++i) {
            const auto* matrix = std::get_if<locality>(&table_.structures[i]);
            if (matrix == nullptr || !is_access(matrix->kind)) {
                continue;
            }
            const quantity any =
                acpi::is_latency(matrix->kind) ? quantity::read_latency : quantity::read_bandwidth;
            if (changes_for(i, reading(any)) == changes_for(i, writing(any))) {
                continue;
            }
            locality reads = *matrix;
            locality writes = *matrix;
            reads.kind = kind_of(reading(any));
            writes.kind = kind_of(writing(any));
            table_.structures[i] = std::move(reads);
            table_.structures.insert(table_.structures.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                     std::move(writes));
            ++i;
            remarks_.push_back(
                fmt::format("a structure of {} becomes two, since reading and "
                            "writing differ now",
                            is_latency(any) ? "access latency" : "access bandwidth"));
        }
    }

    /// At the end, where a structure of the same kind for other patterns of access cannot hide
    /// them from Linux.
    void add_structures() {
        for (const auto& [what, cells] : wanted_) {
            if (!structures_of(what).empty()) {
                continue;
            }
            locality matrix;
            matrix.kind = kind_of(what);
            if (is_new_) {
                // The same rows and columns in all of them.
                for (const auto& [other, others] : wanted_) {
                    for (const cell_value& w : others) {
                        add_once(matrix.initiators, w.initiator);
                        add_once(matrix.targets, w.target);
                    }
                }
                std::ranges::sort(matrix.initiators);
                std::ranges::sort(matrix.targets);
            }
            table_.structures.emplace_back(std::move(matrix));
        }
    }

    static void add_once(std::vector<std::uint32_t>& domains, std::uint32_t domain) {
        if (std::ranges::find(domains, domain) == domains.end()) {
            domains.push_back(domain);
        }
    }

    /// What Linux reads of a pair once put_behind_others() ran, or what an earlier structure says
    /// where that one is silent.
    acpi::cell figure_of(const wanted_figure& w) const {
        auto last_first = structures_of(w.what);
        std::ranges::reverse(last_first);
        for (const std::size_t i : last_first) {
            const auto now = value_in(std::get<locality>(table_.structures[i]), revision(),
                                      w.initiator_pxm, w.target_pxm);
            if (now.state != cell_state::unknown) {
                return now;
            }
        }
        return {};
    }

    void set_all() {
        for (std::size_t i = 0; i < table_.structures.size(); ++i) {
            if (!std::holds_alternative<locality>(table_.structures[i])) {
                continue;
            }
            for (const quantity what : all_quantities) {
                auto& matrix = std::get<locality>(table_.structures[i]);
                // Of an access structure the first quantity says all.
                const auto changes = changes_for(i, what);
                for (const moved_cell& m : set_cells(matrix, revision(), changes)) {
                    changes_.push_back(
                        fmt::format("{}: {} becomes {}, since the base unit had to change",
                                    name_of(what, m.initiator, m.target),
                                    format_value(what, m.before), format_value(what, m.after)));
                }
            }
        }
    }

    void tell_change(const wanted_figure& w, const acpi::cell& before) {
        const acpi::cell after = figure_of(w);
        if (after == before) {
            return;
        }
        changes_.push_back(
            fmt::format("{}: {} becomes {} ({})", name_of(w.what, w.initiator_pxm, w.target_pxm),
                        in_words(w.what, before), in_words(w.what, after), to_string(w.from)));
    }

    // ---- a table where there was none

    /// All figures of one pair.
    using pair_values = std::array<std::uint64_t, quantity_count>;

    /// The domain that a memory belongs to: whose processors or device get its best figures.
    /// Nothing when two get the same, since Linux finds them by itself then, and when not every
    /// processor's figures are known.
    std::optional<std::uint32_t> attached_to(const hmat_figures& figures, std::uint32_t pxm,
                                             const srat_domain& domain) const {
        std::map<std::uint32_t, pair_values> known;
        const auto column = figures.column_of(pxm);
        for (std::size_t row = 0; column && row < figures.initiators().size(); ++row) {
            pair_values values{};
            for (const quantity what : all_quantities) {
                values[static_cast<std::size_t>(what)] = figures.at(what, row, *column);
            }
            if (std::ranges::any_of(values, hmat_figures::known)) {
                known[figures.initiators()[row]] = values;
            }
        }
        const bool all_known = std::ranges::all_of(domains_.all, [&](const auto& other) {
            return !other.second.processors || known.contains(other.first);
        });
        if (!all_known || known.empty()) {
            return domain.processors ? std::optional(pxm) : std::nullopt;
        }
        const auto best = std::ranges::min_element(
            known, [](const auto& a, const auto& b) { return compare(a.second, b.second) < 0; });
        const auto as_good = std::ranges::count_if(
            known, [&](const auto& other) { return compare(other.second, best->second) == 0; });
        return as_good == 1 ? std::optional(best->first) : std::nullopt;
    }

    /// As Linux does: write latency, read latency, write bandwidth, read bandwidth
    /// (drivers/acpi/numa/hmat.c, hmat_update_target_attrs). -1: the first is better.
    static int compare(const pair_values& a, const pair_values& b) {
        for (const quantity what : {quantity::write_latency, quantity::read_latency,
                                    quantity::write_bandwidth, quantity::read_bandwidth}) {
            const std::uint64_t first = a[static_cast<std::size_t>(what)];
            const std::uint64_t second = b[static_cast<std::size_t>(what)];
            if (first == second) {
                continue;
            }
            if (hmat_figures::known(first) != hmat_figures::known(second)) {
                return hmat_figures::known(first) ? -1 : 1;
            }
            if (!hmat_figures::known(first)) {
                continue;
            }
            return better(what, first, second) ? -1 : 1;
        }
        return 0;
    }

    void add_attributes() {
        const auto figures = hmat_figures::of(table_);
        std::vector<acpi::hmat_structure> attributes;
        for (const auto& [pxm, domain] : domains_.all) {
            if (!domain.memory) {
                continue;
            }
            acpi::memory_attributes entry;
            entry.memory_pxm = pxm;
            const auto attached = figures ? attached_to(*figures, pxm, domain) : std::nullopt;
            if (attached) {
                entry.flags = 1;
                entry.initiator_pxm = *attached;
            }
            attributes.emplace_back(entry);
        }
        table_.structures.insert(table_.structures.begin(), attributes.begin(), attributes.end());
    }

    // ---- what is missing

    /// The pairs that have one figure and not another, which Linux adds up or compares.
    void tell_what_nobody_knows() {
        const auto figures = hmat_figures::of(table_);
        if (!figures) {
            return;
        }
        for (const quantity what : all_quantities) {
            std::vector<std::uint32_t> without;
            std::size_t with = 0;
            for (std::size_t column = 0; column < figures->targets().size(); ++column) {
                if (!has_memory(figures->targets()[column])) {
                    continue; // a Generic Port
                }
                bool known = false;
                for (std::size_t row = 0; row < figures->initiators().size(); ++row) {
                    known = known || hmat_figures::known(figures->at(what, row, column));
                }
                with += known ? 1 : 0;
                if (!known) {
                    without.push_back(figures->targets()[column]);
                }
            }
            add_silent_domains(*figures, without);
            tell_missing(what, with, without);
        }
    }

    void add_silent_domains(const hmat_figures& figures,
                            std::vector<std::uint32_t>& without) const {
        for (const auto& [pxm, domain] : domains_.all) {
            if (domain.memory && !figures.column_of(pxm)) {
                without.push_back(pxm);
            }
        }
        std::ranges::sort(without);
    }

    void tell_missing(quantity what, std::size_t with, const std::vector<std::uint32_t>& without) {
        const std::string name(acpi::to_string(kind_of(what)));
        if (with == 0) {
            remarks_.push_back(
                fmt::format("{}: nobody knows it for any memory, so it is left out", name));
        } else if (!without.empty()) {
            remarks_.push_back(fmt::format(
                "{}: unknown for the memory of {}{}", name, list_of_domains(without),
                is_latency(what)
                    ? "; Linux adds read and write latency up, so that memories with both and with "
                      "one of them cannot be compared"
                    : ""));
        }
    }

    static constexpr std::size_t unknown_head_size = 8;

    acpi::hmat table_;
    srat_domains domains_;
    bool is_new_ = false;
    bool mended_ = false;
    std::map<quantity, std::vector<cell_value>> wanted_;
    std::vector<acpi::cell> before_;
    std::vector<std::string> changes_;
    std::vector<std::string> remarks_;
};

} // namespace

built_hmat build_hmat(const std::optional<acpi::hmat>& in_force, const acpi::srat& affinity,
                      std::vector<wanted_figure> wanted) {
    builder table(in_force, affinity);
    if (wanted.empty() && !table.mended()) {
        throw error(EINVAL, "there is nothing to build from: no figure was measured or given");
    }
    std::vector<std::string> remarks;
    keep_strongest(wanted);
    tell_disturbed(wanted, remarks);
    merge_overlapping(wanted, remarks);
    return std::move(table).build(wanted, std::move(remarks));
}

} // namespace hetmem::detail
