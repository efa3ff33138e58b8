// check/finding.hpp: what is wrong, how bad it is, and what to do.
//
//     for (const check_info& check : all_checks()) { print(check.id, check.meaning); }
//
// A check has an id that stays ("hmat-checksum"), and one entry in the list from which
// docs/checks.md, `hetmem check --list` and the remedies are made.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail {

enum class severity : std::uint8_t {
    info,    ///< worth knowing; nothing is wrong
    warning, ///< the machine works, not as well as it could or as somebody may believe
    error,   ///< what the machine is told is wrong, or lost
};
std::string_view to_string(severity);

/// To what a check belongs, and in what order they are told.
enum class check_area : std::uint8_t { form, sense, kernel, seal, measured, override_ };
std::string_view to_string(check_area);

struct check_info {
    std::string_view id; ///< "hmat-checksum"
    check_area area{};
    severity usual{}; ///< of most of its findings
    std::string_view title;
    std::string_view meaning;    ///< what it means when it is found
    std::string_view linux_does; ///< what Linux makes of it; "" when it does not care
    std::string_view remedy;     ///< what to do
    std::string_view section;    ///< "ACPI 6.4, 5.2.27.4"; "" when no specification speaks of it
};

/// Every check there is, by area.
std::span<const check_info> all_checks();
/// Null when there is no such check.
const check_info* find_check(std::string_view id);

struct finding {
    std::string check; ///< check_info::id
    severity level{};
    std::string about;      ///< "HMAT, offset 104", "node2", "dax0.0", "node0 -> node2"
    std::string what;       ///< one or two sentences with the figures
    std::string linux_does; ///< where it is another than the check's usual
    std::string remedy;     ///< where there is a better one than the check's usual
    friend bool operator==(const finding&, const finding&) = default;
};

/// Whether ordinary allocations can land in a memory that is scarce.
struct seal_verdict {
    std::string target;
    enum class state : std::uint8_t { sealed, leaky, unknown } is = state::unknown;
    std::vector<std::string> why; ///< each a sentence
    friend bool operator==(const seal_verdict&, const seal_verdict&) = default;
};

struct check_result {
    std::vector<finding> findings; ///< worst first, then by area and place
    std::vector<seal_verdict> seals;
    std::vector<std::string> not_looked_at; ///< what could not be checked, and why
    std::vector<std::string> ran;           ///< ids of the checks that had what they need
};

} // namespace hetmem::detail
