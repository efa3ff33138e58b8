#include "publish/format.hpp"
#include "publish/report_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace hetmem::detail {
namespace {

/// One thing to know first, and where more of it stands.
void tile(markup& page, std::string_view id, std::string_view name, std::string_view value,
          std::string_view note, std::string_view look = "") {
    page.in("li",
            look.empty() ? markup::attributes{} : markup::attributes{{"class", std::string(look)}},
            [&] {
                page.in("a", {{"href", fmt::format("#{}", id)}}, [&] {
                    page.leaf("span", name, {{"class", "name"}});
                    page.leaf("strong", value);
                    page.leaf("span", note, {{"class", "note"}});
                });
            });
}

void figures_tile(markup& page, const topology& machine) {
    std::vector<source> all;
    for (const quantity what : all_quantities) {
        const std::vector<source> more = machine.sources_of(what);
        all.insert(all.end(), more.begin(), more.end());
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    std::vector<std::string_view> names;
    for (const source from : all) {
        names.push_back(to_string(from));
    }
    tile(page, report_id::figures, "Figures",
         all.empty() ? std::string("none") : count_of(all.size(), "source"),
         fmt::format("{}", fmt::join(names, ", ")));
}

void findings_tile(markup& page, const check_result* checked) {
    if (checked == nullptr) {
        tile(page, report_id::findings, "Findings", "not checked", "");
        return;
    }
    std::vector<std::string> parts;
    std::string_view look = "good";
    for (const auto& [level, name, color] :
         std::array{std::tuple{severity::error, "error", "bad"},
                    std::tuple{severity::warning, "warning", "doubtful"},
                    std::tuple{severity::info, "remark", "good"}}) {
        const auto count = std::ranges::count(checked->findings, level, &finding::level);
        if (count > 0) {
            look = parts.empty() ? color : look;
            parts.push_back(count_of(static_cast<std::size_t>(count), name));
        }
    }
    tile(page, report_id::findings, "Findings", parts.empty() ? "none" : parts.front(),
         parts.size() > 1 ? fmt::format("and {}", fmt::join(parts.begin() + 1, parts.end(), ", "))
                          : fmt::format("by {}", count_of(checked->ran.size(), "check")),
         look);
}

void measured_tile(markup& page, const report_input& input) {
    std::size_t cells = 0;
    std::size_t disturbed = 0;
    std::size_t given = 0;
    for (const measurements* store : {input.machine_store, input.user_store}) {
        if (store != nullptr) {
            cells += store->cells.size();
            given += store->given.size();
            disturbed += static_cast<std::size_t>(
                std::ranges::count(store->cells, interference::disturbed, &measured_cell::verdict));
        }
    }
    if (cells == 0 && given == 0) {
        tile(page, report_id::measured, "Measured", "nothing", "");
        return;
    }
    std::vector<std::string> notes;
    if (disturbed > 0) {
        notes.push_back(fmt::format("{} disturbed", disturbed));
    }
    if (given > 0 && cells > 0) {
        notes.push_back(fmt::format("{} given by hand", given));
    }
    tile(page, report_id::measured, cells > 0 ? "Measured" : "Given by hand",
         count_of(cells > 0 ? cells : given, "figure"), fmt::format("{}", fmt::join(notes, ", ")),
         disturbed > 0 ? "doubtful" : "");
}

void seals_tile(markup& page, const check_result* checked) {
    if (checked == nullptr || checked->seals.empty()) {
        return;
    }
    using state = seal_verdict::state;
    const auto leaky = std::ranges::count(checked->seals, state::leaky, &seal_verdict::is);
    const auto sealed = std::ranges::count(checked->seals, state::sealed, &seal_verdict::is);
    tile(page, report_id::seals, "Scarce memory",
         leaky > 0 ? fmt::format("{} leaky", leaky) : fmt::format("{} sealed", sealed),
         fmt::format("of {}", checked->seals.size()), leaky > 0 ? "doubtful" : "");
}

} // namespace

void write_summary(markup& page, const report_input& input) {
    const topology& machine = input.machine;
    section(page, report_id::summary, "Summary", [&] {
        page.in("ul", {{"class", "tiles"}}, [&] {
            tile(page, report_id::machine, "Memories", fmt::format("{}", machine.targets().size()),
                 fmt::format("from {}", count_of(machine.initiators().size(), "initiator")));
            figures_tile(page, machine);
            measured_tile(page, input);
            findings_tile(page, input.checked);
            seals_tile(page, input.checked);
            const std::size_t unread =
                machine.notices().size() +
                (input.checked == nullptr ? 0 : input.checked->not_looked_at.size());
            tile(page, report_id::unread, "Not read",
                 unread == 0 ? std::string("nothing") : count_of(unread, "thing"), "");
        });
    });
}

} // namespace hetmem::detail
