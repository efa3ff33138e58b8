// publish/report.hpp: everything that is known of a machine's memories on one page of HTML.
//
// Self-contained: no network, no script that is needed to read it. Valid also when half of it is
// unknown.
#pragma once

#include "check/finding.hpp"

#include <hetmem/measured.hpp>
#include <hetmem/topology.hpp>

#include <optional>
#include <string>

namespace hetmem::detail {

struct report_input {
    const topology& machine;
    const check_result* checked = nullptr; ///< null: nothing was checked
    const measurements* machine_store = nullptr;
    const measurements* user_store = nullptr;
    std::string time;    ///< when it was made, "2026-11-23 08:00 UTC"; "" leaves it out
    std::string version; ///< of hetmem
};

/// One HTML document, UTF-8.
std::string draw_report(const report_input& input);

} // namespace hetmem::detail
