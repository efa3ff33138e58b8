// check/hmat_builder.hpp: a new HMAT from the one in force and better figures.
//
//     auto wanted = figures_to_build_from(machine, stored);
//     const built_hmat built = build_hmat(firmware.table, affinity, std::move(wanted));
//     for (const std::string& line : built.changes) { print(line); }
#pragma once

#include <acpi/hmat.hpp>
#include <acpi/srat.hpp>

#include <hetmem/measured.hpp>
#include <hetmem/topology.hpp>

#include <optional>
#include <string>
#include <vector>

namespace hetmem::detail {

/// One cell that is to be changed.
struct wanted_figure {
    std::uint32_t initiator_pxm = 0;
    std::uint32_t target_pxm = 0;
    quantity what{};
    std::uint64_t value = 0; ///< picoseconds or bytes per second
    /// The interval of a measurement; cells whose intervals overlap are not reliably different.
    std::optional<std::uint64_t> low;
    std::optional<std::uint64_t> high;
    source from{};
    interference verdict = interference::quiet; ///< of a measurement
    friend bool operator==(const wanted_figure&, const wanted_figure&) = default;
};

struct built_hmat {
    acpi::hmat table; ///< sealed; of the revision of the one in force, or 2
    /// "read latency from domain 0 to domain 2: 100 ns becomes 250 ns (measured)"
    std::vector<std::string> changes;
    std::vector<std::string> remarks; ///< what was mended and merged, what nobody knows
    bool mended = false;              ///< what Linux would ignore the table in force for is gone
};

/// What the topology knows by hand or by measurement, in proximity domains. `stored` is where it
/// has that from: the intervals are there.
std::vector<wanted_figure> figures_to_build_from(const topology& machine,
                                                 const measurements& stored);

/// in_force: the firmware's, of which everything that is not asked for stays as it is, byte for
/// byte where that is possible; nothing: a machine without an HMAT, for which the SRAT tells the
/// domains. What would make Linux ignore the whole table is left out or mended, and told. Throws
/// hetmem::error (EINVAL) when nothing is wanted and nothing is to be mended, a value has no place
/// in an HMAT, a domain is none of the machine's, or no higher OEM revision is left.
built_hmat build_hmat(const std::optional<acpi::hmat>& in_force, const acpi::srat& affinity,
                      std::vector<wanted_figure> wanted);

} // namespace hetmem::detail
