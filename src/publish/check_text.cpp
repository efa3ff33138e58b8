#include "publish/check_text.hpp"

#include "publish/layout.hpp"
#include "publish/utf8.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

namespace hetmem::detail {
namespace {

constexpr std::size_t narrowest = 80;
constexpr std::size_t indent = 2;
constexpr std::size_t label_columns = 9;
constexpr std::array severities = {severity::error, severity::warning, severity::info};

look look_of(severity level) {
    return level == severity::info ? look::faint : look::alarm;
}

std::size_t width_of(const text_options& options) {
    return std::max(options.width, narrowest);
}

std::string render(const block& lines, const text_options& options) {
    return render(lines, options.color, options.unicode);
}

/// Findings of one check that have the same severity, remedy and effect are told together.
struct finding_group {
    const finding* first;
    std::vector<const finding*> all;
    bool takes(const finding& f) const {
        return f.check == first->check && f.level == first->level &&
               f.linux_does == first->linux_does && f.remedy == first->remedy;
    }
};

std::vector<finding_group> grouped(const std::vector<finding>& findings) {
    std::vector<finding_group> groups;
    for (const finding& f : findings) {
        const auto with = std::ranges::find_if(
            groups, [&](const finding_group& group) { return group.takes(f); });
        if (with == groups.end()) {
            groups.push_back({&f, {&f}});
        } else {
            with->all.push_back(&f);
        }
    }
    return groups;
}

/// wrap() takes the spaces at the beginning of a line away.
block indented(const block& lines) {
    return labelled(line(), indent, lines);
}

void add_labelled(block& lines, std::string_view label, std::string_view text,
                  std::size_t columns) {
    if (!text.empty()) {
        line beside("  ");
        beside.append(label, look::faint);
        append(lines, labelled(beside, label_columns, wrap(line(text), columns - label_columns)));
    }
}

void add_group(block& lines, const finding_group& group, std::size_t columns) {
    const finding& f = *group.first;
    const check_info* const check = find_check(f.check);
    line heading(to_string(f.level), look_of(f.level));
    heading.append(": ").append(check != nullptr ? check->title : f.check, look::strong);
    append(lines, wrap(heading.append(fmt::format(" [{}]", f.check)), columns, 2));
    for (const finding* one : group.all) {
        line item(one->about, look::strong);
        item.append(": ").append(one->what);
        append(lines, indented(wrap(item, columns - indent, indent)));
    }
    const auto own_or_usual = [&](const std::string& own, std::string_view usual) {
        return own.empty() ? usual : std::string_view(own);
    };
    add_labelled(lines, "Linux", own_or_usual(f.linux_does, check ? check->linux_does : ""),
                 columns);
    add_labelled(lines, "do", own_or_usual(f.remedy, check ? check->remedy : ""), columns);
    add_labelled(lines, "see", check != nullptr ? check->section : "", columns);
    lines.emplace_back();
}

std::string_view words_of(seal_verdict::state state) {
    switch (state) {
    case seal_verdict::state::sealed:
        return "sealed";
    case seal_verdict::state::leaky:
        return "leaky";
    case seal_verdict::state::unknown:
        return "unknown";
    }
    return {};
}

void add_seals(block& lines, const std::vector<seal_verdict>& seals, std::size_t columns) {
    if (seals.empty()) {
        return;
    }
    lines.emplace_back("scarce memories: can ordinary allocations land there?", look::strong);
    std::size_t longest = 0;
    for (const seal_verdict& seal : seals) {
        longest = std::max(longest, columns_of(printable(seal.target)));
    }
    const std::size_t names = std::min(longest, columns / 4);
    const std::size_t state_columns = names + 4 + sizeof("unknown") + 1;
    for (const seal_verdict& seal : seals) {
        line label("  ");
        label.append(cut_to(line(seal.target, look::strong), names)).pad_to(names + 4);
        label.append(words_of(seal.is),
                     seal.is == seal_verdict::state::leaky ? look::alarm : look::plain);
        block why;
        for (const std::string& reason : seal.why) {
            append(why, wrap(line(reason), columns - state_columns));
        }
        if (why.empty()) {
            why.emplace_back();
        }
        append(lines, labelled(label, state_columns, why));
    }
    lines.emplace_back();
}

std::string plural(std::size_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

line summary(const check_result& result) {
    std::map<severity, std::size_t> count;
    for (const finding& f : result.findings) {
        ++count[f.level];
    }
    line text;
    if (result.findings.empty()) {
        text.append("nothing found", look::strong);
    } else {
        for (const severity level : severities) {
            if (count[level] > 0) {
                text.append(text.empty() ? "" : ", ");
                text.append(level == severity::info ? fmt::format("{} info", count[level])
                                                    : plural(count[level], to_string(level)),
                            look_of(level));
            }
        }
    }
    return text.append(fmt::format("; {} of {} checks had what they need", result.ran.size(),
                                   all_checks().size()));
}

std::string_view title_of(check_area area) {
    switch (area) {
    case check_area::form:
        return "Form: is each table what the specification asks for?";
    case check_area::sense:
        return "Sense: can what the tables say be true?";
    case check_area::kernel:
        return "Kernel: did Linux make of the tables what they say?";
    case check_area::seal:
        return "Seal: can ordinary allocations land in a scarce memory?";
    case check_area::measured:
        return "Measured: do the claims hold?";
    case check_area::override_:
        return "Override: is the table in force that was put there?";
    }
    return {};
}

/// Calls `visit` with every area that has checks, and those.
template <class Visit> void each_area(Visit visit) {
    for (const check_area area : {check_area::form, check_area::sense, check_area::kernel,
                                  check_area::seal, check_area::measured, check_area::override_}) {
        std::vector<const check_info*> checks;
        for (const check_info& check : all_checks()) {
            if (check.area == area) {
                checks.push_back(&check);
            }
        }
        if (!checks.empty()) {
            visit(area, checks);
        }
    }
}

} // namespace

std::string draw_check(const check_result& result, const text_options& options) {
    const std::size_t columns = width_of(options);
    block lines;
    for (const finding_group& group : grouped(result.findings)) {
        add_group(lines, group, columns);
    }
    add_seals(lines, result.seals, columns);
    if (!result.not_looked_at.empty()) {
        lines.emplace_back("not looked at", look::strong);
        for (const std::string& what : result.not_looked_at) {
            append(lines, indented(wrap(line(what), columns - indent, indent)));
        }
        lines.emplace_back();
    }
    append(lines, wrap(summary(result), columns, indent));
    return render(lines, options);
}

std::string draw_check_list(const text_options& options) {
    const std::size_t columns = width_of(options);
    std::size_t longest = 0;
    for (const check_info& check : all_checks()) {
        longest = std::max(longest, check.id.size());
    }
    block lines;
    each_area([&](check_area area, const std::vector<const check_info*>& checks) {
        if (!lines.empty()) {
            lines.emplace_back();
        }
        lines.emplace_back(title_of(area), look::strong);
        for (const check_info* check : checks) {
            constexpr std::size_t longest_severity = sizeof("warning") - 1;
            line label("  ");
            label.append(check->id).pad_to(longest + 4);
            label.append(to_string(check->usual), look_of(check->usual));
            const std::size_t titles = longest + 4 + longest_severity + 2;
            append(lines, labelled(label, titles, wrap(line(check->title), columns - titles)));
        }
    });
    return render(lines, options);
}

std::string draw_explanation(const check_info& check, const text_options& options) {
    const std::size_t columns = width_of(options);
    block lines;
    line heading(check.title, look::strong);
    append(lines, wrap(heading.append(fmt::format(" [{}]", check.id)), columns, indent));
    add_labelled(lines, "is", fmt::format("{} ({})", to_string(check.usual), to_string(check.area)),
                 columns);
    add_labelled(lines, "means", check.meaning, columns);
    add_labelled(lines, "Linux", check.linux_does, columns);
    add_labelled(lines, "do", check.remedy, columns);
    add_labelled(lines, "see", check.section, columns);
    return render(lines, options);
}

std::string checks_as_markdown() {
    std::string page;
    each_area([&](check_area area, const std::vector<const check_info*>& checks) {
        page += fmt::format("\n## {}\n", title_of(area));
        for (const check_info* check : checks) {
            page += fmt::format("\n### {}\n\n**{}.** Severity: {}.\n\n{}\n", check->id,
                                check->title, to_string(check->usual), check->meaning);
            const auto add = [&](std::string_view label, std::string_view text) {
                if (!text.empty()) {
                    page += fmt::format("- {}: {}\n", label, text);
                }
            };
            page += '\n';
            add("Linux", check->linux_does);
            add("What to do", check->remedy);
            add("See", check->section);
            if (page.ends_with("\n\n")) {
                page.pop_back();
            }
        }
    });
    return page;
}

std::string to_json(const check_result& result) {
    using json = nlohmann::ordered_json;
    json findings = json::array();
    for (const finding& f : result.findings) {
        const check_info* const check = find_check(f.check);
        const auto own_or_usual = [&](const std::string& own, auto usual) {
            return own.empty() && check != nullptr ? std::string(check->*usual) : own;
        };
        findings.push_back({{"check", f.check},
                            {"severity", to_string(f.level)},
                            {"area", check != nullptr ? to_string(check->area) : ""},
                            {"title", check != nullptr ? check->title : ""},
                            {"about", f.about},
                            {"what", f.what},
                            {"linux_does", own_or_usual(f.linux_does, &check_info::linux_does)},
                            {"remedy", own_or_usual(f.remedy, &check_info::remedy)},
                            {"section", check != nullptr ? check->section : ""}});
    }
    json seals = json::array();
    for (const seal_verdict& seal : result.seals) {
        seals.push_back({{"target", seal.target}, {"state", words_of(seal.is)}, {"why", seal.why}});
    }
    const json document = {{"format", "hetmem-check"},
                           {"version", 1},
                           {"findings", std::move(findings)},
                           {"seals", std::move(seals)},
                           {"not_looked_at", result.not_looked_at},
                           {"ran", result.ran}};
    return document.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace hetmem::detail
