#include "check/finding.hpp"

#include <algorithm>

namespace hetmem::detail {

std::string_view to_string(severity level) {
    switch (level) {
    case severity::info:
        return "info";
    case severity::warning:
        return "warning";
    case severity::error:
        return "error";
    }
    return {};
}

std::string_view to_string(check_area area) {
    switch (area) {
    case check_area::form:
        return "form";
    case check_area::sense:
        return "sense";
    case check_area::kernel:
        return "kernel";
    case check_area::seal:
        return "seal";
    case check_area::measured:
        return "measured";
    case check_area::override_:
        return "override";
    }
    return {};
}

const check_info* find_check(std::string_view id) {
    const auto checks = all_checks();
    const auto found = std::ranges::find(checks, id, &check_info::id);
    return found == checks.end() ? nullptr : &*found;
}

} // namespace hetmem::detail
