#include "publish/report_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

namespace hetmem::detail {
namespace {

/// Of one check; a table can have as many faults as it has entries.
constexpr std::size_t most_listed = 20;

/// What one check found, of one severity.
struct group {
    std::string_view check;
    severity level{};
    std::vector<const finding*> findings;
};

/// In the order of their first finding, which is worst first.
std::vector<group> groups_of(const std::vector<finding>& findings) {
    std::vector<group> groups;
    for (const finding& one : findings) {
        const auto found = std::ranges::find_if(
            groups, [&](const group& g) { return g.check == one.check && g.level == one.level; });
        if (found == groups.end()) {
            groups.push_back({one.check, one.level, {&one}});
        } else {
            found->findings.push_back(&one);
        }
    }
    return groups;
}

std::string_view sign_of(severity level) {
    switch (level) {
    case severity::error:
        return "✕";
    case severity::warning:
        return "!";
    case severity::info:
        break;
    }
    return "i";
}

void write_term(markup& page, std::string_view term, std::string_view text) {
    if (!text.empty()) {
        page.leaf("dt", term);
        page.prose("dd", text);
    }
}

/// One of several findings, with what it says otherwise than its check does.
void write_finding(markup& page, const finding& one, bool of_several) {
    page.in("div", {{"class", "what"}}, [&] {
        page.in("p", [&] {
            if (!one.about.empty()) {
                page.span("strong", one.about);
                page.add(": ");
            }
            page.add_prose(one.what);
        });
        if (of_several && !one.linux_does.empty()) {
            page.prose("p", "Linux here: " + one.linux_does);
        }
        if (of_several && !one.remedy.empty()) {
            page.prose("p", "To do: " + one.remedy);
        }
    });
}

void write_group(markup& page, const group& g) {
    const check_info* info = find_check(g.check);
    const bool several = g.findings.size() > 1;
    page.in("article", {{"class", fmt::format("finding {}", to_string(g.level))}}, [&] {
        page.in("h3", [&] {
            page.in("span", {{"class", "level"}}, [&] {
                page.span("span", sign_of(g.level), {{"aria-hidden", "true"}, {"class", "sign"}});
                page.add(to_string(g.level));
            });
            page.add(info != nullptr ? info->title : g.check);
        });
        for (std::size_t i = 0; i < std::min(g.findings.size(), most_listed); ++i) {
            write_finding(page, *g.findings[i], several);
        }
        if (g.findings.size() > most_listed) {
            page.prose("p", fmt::format("And {} more: `hetmem check` lists them all.",
                                        g.findings.size() - most_listed));
        }
        page.in("dl", [&] {
            // A finding's own word goes before that of its check.
            const auto word = [&](std::string finding::*own, std::string_view check_info::*usual) {
                const std::string& said = g.findings.front()->*own;
                const bool all_say = std::ranges::none_of(
                    g.findings, [&](const finding* f) { return (f->*own).empty(); });
                return !several && !said.empty()    ? std::string_view(said)
                       : info == nullptr || all_say ? std::string_view()
                                                    : info->*usual;
            };
            write_term(page, "What it means", info != nullptr ? info->meaning : "");
            write_term(page, "What Linux does",
                       word(&finding::linux_does, &check_info::linux_does));
            write_term(page, "What to do", word(&finding::remedy, &check_info::remedy));
            write_term(page, "Said by", info != nullptr ? info->section : "");
            write_term(page, "Check", g.check);
        });
    });
}

std::string counts_text(const std::vector<finding>& findings) {
    std::vector<std::string> parts;
    for (const auto& [level, name] :
         std::array{std::pair{severity::error, "error"}, std::pair{severity::warning, "warning"},
                    std::pair{severity::info, "remark"}}) {
        const auto count = std::ranges::count(findings, level, &finding::level);
        if (count > 0) {
            parts.push_back(count_of(static_cast<std::size_t>(count), name));
        }
    }
    return fmt::format("{}", fmt::join(parts, ", "));
}

std::string state_text(seal_verdict::state is) {
    switch (is) {
    case seal_verdict::state::sealed:
        return "sealed: no ordinary allocation lands here";
    case seal_verdict::state::leaky:
        return "leaky: ordinary allocations can land here";
    case seal_verdict::state::unknown:
        break;
    }
    return "unknown";
}

std::string_view look_of(seal_verdict::state is) {
    return is == seal_verdict::state::sealed  ? "good"
           : is == seal_verdict::state::leaky ? "doubtful"
                                              : "";
}

} // namespace

void write_findings(markup& page, const report_input& input) {
    section(page, report_id::findings, "Findings", [&] {
        if (input.checked == nullptr) {
            page.prose("p",
                       "Nothing was checked: `hetmem check` looks at the firmware's tables and "
                       "at what the kernel made of them.");
            return;
        }
        const std::string ran = count_of(input.checked->ran.size(), "check");
        if (input.checked->findings.empty()) {
            page.leaf("p", fmt::format("Nothing was found by {}.", ran));
        } else {
            page.leaf("p", fmt::format("{}, found by {}; the worst come first.",
                                       counts_text(input.checked->findings), ran));
        }
        for (const group& g : groups_of(input.checked->findings)) {
            write_group(page, g);
        }
    });
}

void write_seals(markup& page, const report_input& input) {
    section(page, report_id::seals, "Scarce memory: who can land there", [&] {
        if (input.checked == nullptr) {
            page.leaf("p", "This was not checked.");
            return;
        }
        if (input.checked->seals.empty()) {
            page.leaf("p", "No memory of this machine is known to be scarce.");
            return;
        }
        card_table table{.caption = "Scarce memories",
                         .caption_hidden = true,
                         .columns = {"Memory", "Seal", "Why"},
                         .rows = {}};
        for (const seal_verdict& seal : input.checked->seals) {
            table.rows.push_back({{.text = seal.target},
                                  {.text = state_text(seal.is), .look = look_of(seal.is)},
                                  {.text = fmt::format("{}", fmt::join(seal.why, " "))}});
        }
        write_cards(page, table);
    });
}

} // namespace hetmem::detail
