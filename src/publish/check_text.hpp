// publish/check_text.hpp: what was found wrong, for people and for programs.
//
//     std::string text = draw_check(result, {.width = 80});
//     std::string json = to_json(result);          // docs/json.md tells the form
//     std::string page = checks_page();            // docs/checks.md, below its head
//
// Pure; thread-safe.
#pragma once

#include "check/finding.hpp"

#include <hetmem/draw.hpp>

#include <string>

namespace hetmem::detail {

/// The findings, worst first, what to do about each, the seals and a line that sums it up. Of the
/// options, width, colour and characters count.
std::string draw_check(const check_result& result, const text_options& options);

std::string to_json(const check_result& result);

/// Every check with its severity and title, by area.
std::string draw_check_list(const text_options& options);
/// All that is known of one check.
std::string draw_explanation(const check_info& check, const text_options& options);
/// The part of docs/checks.md that tells of every check.
std::string checks_as_markdown();

} // namespace hetmem::detail
