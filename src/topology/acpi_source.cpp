#include "topology/acpi_source.hpp"

#include "topology/adopted.hpp"
#include "topology/notices.hpp"

#include <acpi/cross_check.hpp>

#include "kernel/acpi_tables.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <unordered_set>

#include <fmt/format.h>

namespace hetmem::detail {

namespace {

void append(std::vector<defect>& to, std::vector<defect>&& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

/// Linux takes no more than twice as many ranges as it has nodes (NR_NODE_MEMBLKS: 2048); a table
/// with more than this is hostile.
constexpr std::size_t most_ranges = 8192;

source_report report_of(const kernel::acpi_table& table) {
    source_report report{table.signature, table.path, source_status::used, ""};
    if (table.read.not_permitted()) {
        report.status = source_status::not_permitted;
        report.detail = "firmware tables are readable by root only";
    } else if (!table.read) {
        report.status = source_status::ignored;
        report.detail = std::strerror(table.read.errno_value);
    }
    return report;
}

/// Decodes one table into `out`; tells in the report what became of it.
template <class Table>
void take(const kernel::acpi_table& table, acpi::decoded<Table> decoded, std::optional<Table>& out,
          acpi_facts& facts) {
    source_report report = report_of(table);
    if (!decoded.defects.empty()) {
        report.status = source_status::malformed;
        report.detail = fmt::format("{} defect{}", decoded.defects.size(),
                                    decoded.defects.size() == 1 ? "" : "s");
    }
    out = std::move(decoded.table);
    append(facts.defects, std::move(decoded.defects));
    facts.reports.push_back(std::move(report));
}

void take_srat(const acpi::srat& srat, acpi_facts& facts) {
    const unsigned revision = srat.header.revision;
    std::vector<std::uint32_t> memory_order;
    const auto processor = [&](std::uint32_t pxm, bool by_apic_id, std::uint32_t id) {
        facts.processors.push_back({pxm, by_apic_id, id});
        facts.numbering.push_back(pxm);
    };
    for (const acpi::srat_structure& structure : srat.structures) {
        if (const auto* apic = std::get_if<acpi::apic_affinity>(&structure)) {
            if (apic->enabled()) {
                processor(apic->pxm(revision), true, apic->apic_id);
            }
        } else if (const auto* x2apic = std::get_if<acpi::x2apic_affinity>(&structure)) {
            if (x2apic->enabled()) {
                processor(x2apic->proximity_domain, true, x2apic->x2apic_id);
            }
        } else if (const auto* gicc = std::get_if<acpi::gicc_affinity>(&structure)) {
            if (gicc->enabled()) {
                processor(gicc->proximity_domain, false, gicc->processor_uid);
            }
        } else if (const auto* rintc = std::get_if<acpi::rintc_affinity>(&structure)) {
            if (rintc->enabled()) {
                processor(rintc->proximity_domain, false, rintc->processor_uid);
            }
        } else if (const auto* generic = std::get_if<acpi::generic_affinity>(&structure)) {
            if (generic->enabled() && !generic->is_port() &&
                facts.generic_initiators.size() < most_ranges) {
                facts.generic_initiators.push_back({generic->proximity_domain, generic->device()});
                facts.numbering.push_back(generic->proximity_domain);
            }
        } else if (const auto* memory = std::get_if<acpi::memory_affinity>(&structure)) {
            if (memory->enabled()) {
                // Linux numbers the domain of an empty range too.
                memory_order.push_back(memory->pxm(revision));
            }
            if (memory->enabled() && memory->range_length != 0 &&
                facts.memories.size() < most_ranges) {
                facts.memories.push_back({memory->pxm(revision),
                                          {memory->base, memory->range_length},
                                          memory->hot_pluggable(),
                                          memory->non_volatile()});
            }
        }
    }
    // Linux numbers processors and Generic Initiators in the order of the table, then memory
    // (drivers/acpi/numa/srat.c, acpi_numa_init).
    facts.numbering.insert(facts.numbering.end(), memory_order.begin(), memory_order.end());
    std::unordered_set<std::uint32_t> seen;
    std::erase_if(facts.numbering, [&](std::uint32_t pxm) { return !seen.insert(pxm).second; });
    if (facts.numbering.size() > most_ranges) {
        facts.numbering.clear(); // no machine has that many; the order tells nothing
    }
}

/// False when it is damaged so badly that the firmware's is better.
bool take_adopted(const adopted_table& adopted, acpi_facts& facts) {
    facts.reservation_hints = adopted.reservation_hints;
    if (adopted.bytes.empty()) {
        return false;
    }
    kernel::acpi_table table;
    table.signature = "_HMA";
    table.path = "/run/hetmem/current/adopted/HMAT";
    take(table, acpi::decode_hmat(adopted.bytes), facts.hmat, facts);
    if (facts.reports.back().status == source_status::used) {
        facts.reports.back().detail = adopted.from;
    }
    if (facts.hmat) {
        facts.hmat_from = source::hma;
    }
    return facts.hmat.has_value();
}

} // namespace

acpi_facts read_acpi(const kernel::rooted_reader& reader, const adopted_table* adopted) {
    acpi_facts facts;
    std::optional<adopted_table> kept;
    if (adopted == nullptr) {
        kept = read_adopted(reader);
        adopted = kept ? &*kept : nullptr;
    }
    const bool replaced = adopted != nullptr && take_adopted(*adopted, facts);
    kernel::acpi_tables tables = kernel::read_acpi_tables(reader, {"HMAT", "SRAT", "SLIT"});
    std::string refused;
    std::vector<std::string_view> found;
    for (kernel::acpi_table& table : tables.tables) {
        const bool again = std::find(found.begin(), found.end(), table.signature) != found.end();
        found.push_back(table.signature);
        if (again) {
            facts.reports.push_back({table.signature, table.path, source_status::ignored,
                                     "Linux uses the first of several"});
            continue;
        }
        if (!table.read) {
            facts.reports.push_back(report_of(table));
            if (table.read.not_permitted()) {
                refused += (refused.empty() ? "" : ", ") + table.file_name;
            }
        } else if (table.signature == "HMAT" && replaced) {
            facts.reports.push_back({table.signature, table.path, source_status::ignored,
                                     "replaced at run time by " + adopted->from});
            facts.replaced = acpi::decode_hmat(table.bytes).table;
        } else if (table.signature == "HMAT") {
            take(table, acpi::decode_hmat(table.bytes), facts.hmat, facts);
        } else if (table.signature == "SRAT") {
            take(table, acpi::decode_srat(table.bytes), facts.srat, facts);
        } else {
            take(table, acpi::decode_slit(table.bytes), facts.slit, facts);
        }
        table.bytes = {}; // an HMAT of 1024 nodes has 8 MiB
    }
    for (const std::string_view signature : {"HMAT", "SRAT", "SLIT"}) {
        if (std::find(found.begin(), found.end(), signature) == found.end()) {
            facts.reports.push_back({std::string(signature),
                                     fmt::format("/sys/firmware/acpi/tables/{}", signature),
                                     source_status::absent, ""});
        }
    }
    if (!refused.empty()) {
        facts.notices.push_back(
            {fmt::format("firmware tables {}", refused), std::string(for_root_only),
             "run as root to see every pair's figures, memory without a node, and which "
             "proximity domain is which node"});
    }
    if (facts.srat) {
        take_srat(*facts.srat, facts);
        if (facts.hmat) {
            append(facts.defects, acpi::check_hmat_against_srat(*facts.hmat, *facts.srat));
        }
    }
    return facts;
}

} // namespace hetmem::detail
