// adopted.hpp: an HMAT that replaces the firmware's at run time (ACPI 6.4, 6.2.19 _HMA), whole.
//
// It comes from evaluating _HMA or from an administrator's hand; hetmemd keeps it beside what it
// publishes, in run/hetmem/current/adopted/ (root only): HMAT as it came, origin.json with the
// rest. Without HMAT there the firmware's own holds, because somebody wanted it back.
#pragma once

#include "topology/acpi_source.hpp"

#include "kernel/rooted.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail {

enum class adopted_by : std::uint8_t {
    method, ///< _HMA; evaluated again after hotplug
    hand,   ///< stays until somebody wants something else
};

struct adopted_table {
    /// Empty: the firmware's own holds.
    std::vector<std::byte> bytes;
    adopted_by by = adopted_by::method;
    /// For people, what it came from and what that is worth: "\_SB._HMA, evaluated by acpiexec on
    /// the firmware's AML", "new-hmat.aml, given by hand".
    std::string from;
    /// Proximity domains that an earlier table reserved: a new table does not take the hint from
    /// them as long as their memory is there (ACPI 6.4, 6.2.19).
    std::vector<std::uint32_t> reservation_hints;
    friend bool operator==(const adopted_table&, const adopted_table&) = default;
};

/// Larger than any HMAT can be on a machine that Linux runs on (1024 nodes: 8 MiB).
inline constexpr std::size_t adopted_table_limit = std::size_t{16} << 20;

/// What becomes of a table that is offered.
struct adoption {
    std::optional<adopted_table> accepted; ///< by: adopted_by::method
    std::vector<std::string> refused;      ///< why not, a sentence each; empty when accepted
};

/// Whether a table can replace the one in force. in_force: what the tables say now (read_acpi()).
/// Refused are malformed tables, tables of another kind, those without any figure, those that give
/// one pair two values, and those that fit the SRAT so badly that Linux would drop them or that a
/// range lies outside of its domain's; the sentence names offset, expected and found. Not refused:
/// structures of a type that a later revision may have, and figures of domains that the SRAT does
/// not have, which concern nobody (read_acpi() reports both).
adoption judge_hmat(std::span<const std::byte> table, std::string from, const acpi_facts& in_force);

/// The table of run/hetmem/current/adopted below the reader's root; nothing when there is none, it
/// may not be read, or it is of an earlier boot.
std::optional<adopted_table> read_adopted(const kernel::rooted_reader& reader);
/// The same of a directory adopted/ that lies somewhere else.
std::optional<adopted_table> read_adopted(const kernel::directory& files, std::string_view boot_id);
/// The text of origin.json. boot_id: of the boot that it holds for.
std::string origin_json(const adopted_table& table, std::string_view boot_id);
/// All but the bytes, of which it says how many there are; nothing when the text is damaged or of
/// another boot. Pure; fuzzed.
std::optional<adopted_table> parse_origin(std::string_view text, std::string_view boot_id,
                                          std::size_t& table_size);

} // namespace hetmem::detail
