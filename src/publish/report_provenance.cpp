#include "publish/defect_groups.hpp"
#include "publish/figures.hpp"
#include "publish/format.hpp"
#include "publish/groups.hpp"
#include "publish/report_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

namespace hetmem::detail {
namespace {

constexpr std::size_t most_pairs = 1024;
constexpr std::size_t most_listed = 50;
constexpr std::size_t most_offsets = 8;

std::string status_text(source_status status) {
    switch (status) {
    case source_status::used:
        return "used";
    case source_status::absent:
        return "not there";
    case source_status::not_permitted:
        return "this user may not read it";
    case source_status::ignored:
        return "read and set aside";
    case source_status::malformed:
        break;
    }
    return "read as far as possible: it has faults";
}

std::string_view look_of(source_status status) {
    return status == source_status::malformed || status == source_status::not_permitted ? "doubtful"
                                                                                        : "";
}

void write_sources(markup& page, const topology& machine) {
    if (machine.sources().empty()) {
        page.leaf("p", "This description does not tell what it was read from.");
        return;
    }
    card_table table{
        .caption = "What was read", .columns = {"What", "Where", "What became of it"}, .rows = {}};
    for (const source_report& one : machine.sources()) {
        table.rows.push_back(
            {{.text = one.what},
             {.text = one.path, .look = "path"},
             {.text = status_text(one.status), .note = one.detail, .look = look_of(one.status)}});
    }
    write_cards(page, table);
}

void write_meanings(markup& page, const topology& machine) {
    std::vector<source> seen;
    for (const quantity what : all_quantities) {
        const std::vector<source> more = machine.sources_of(what);
        seen.insert(seen.end(), more.begin(), more.end());
    }
    std::sort(seen.begin(), seen.end());
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    if (seen.empty()) {
        return;
    }
    page.leaf("h3", "Sources of figures, strongest first");
    page.in("dl", {{"class", "sources"}}, [&] {
        for (const source from : seen) {
            page.leaf("dt", to_string(from));
            page.leaf("dd", meaning_of(from));
        }
    });
}

/// A pair of which the report tells what every source says.
struct told_pair {
    initiator_id from;
    target_id to;
    std::string name;
};

/// Each pair, or on a large machine one for each pair of groups: the first that is there, and the
/// first of a node's own memory.
std::vector<told_pair> pairs_of(const topology& machine, const matrix& m) {
    std::vector<told_pair> pairs;
    const auto add = [&](std::uint32_t i, std::uint32_t t, bool stands_for_others) {
        const initiator& from = machine.initiators()[i];
        const target& to = machine.targets()[t];
        pairs.push_back({from.id, to.id,
                         fmt::format("{} → {}{}", from.name, to.name,
                                     stands_for_others ? ", like others of its group" : "")});
    };
    for (const matrix::side& row : m.rows) {
        for (const matrix::side& column : m.columns) {
            const std::uint32_t first = row.members.front();
            const initiator& from = machine.initiators()[first];
            const auto own = [&](std::uint32_t t) { return same_node(from, machine.targets()[t]); };
            const bool group = row.members.size() > 1 || column.members.size() > 1;
            const auto its_own = std::ranges::find_if(column.members, own);
            const auto other = std::ranges::find_if_not(column.members, own);
            if (its_own != column.members.end()) {
                add(first, *its_own, group);
            }
            if (other != column.members.end()) {
                add(first, *other, group);
            }
        }
    }
    return pairs;
}

std::string claim_text(quantity what, const claim& one) {
    switch (one.state) {
    case knowledge::known:
        return format_value(what, one.value);
    case knowledge::unreachable:
        return "unreachable";
    case knowledge::unknown:
        break;
    }
    return "unknown";
}

/// Of one pair: what is in use first, then what other sources say.
void write_claims(markup& page, const topology& machine, const told_pair& pair) {
    card_table table{.caption = pair.name,
                     .caption_hidden = true,
                     .columns = {"Quantity", "In use", "Other sources"},
                     .rows = {}};
    std::set<source> seen;
    for (const quantity what : all_quantities) {
        const std::vector<claim> claims = machine.claims(what, pair.from, pair.to);
        std::vector<std::string> others;
        for (std::size_t i = 1; i < claims.size(); ++i) {
            others.push_back(
                fmt::format("{} ({})", claim_text(what, claims[i]), to_string(claims[i].from)));
        }
        for (const claim& one : claims) {
            seen.insert(one.from);
        }
        table.rows.push_back(
            {{.text = std::string(words_of(what))},
             {.text = claims.empty() ? "unknown"
                                     : fmt::format("{} ({})", claim_text(what, claims[0]),
                                                   to_string(claims[0].from))},
             {.text = others.empty() ? "–" : fmt::format("{}", fmt::join(others, ", "))}});
    }
    if (seen.empty()) {
        return; // told once for all of them
    }
    page.in("details", [&] {
        std::vector<std::string_view> names;
        for (const source from : seen) {
            names.push_back(to_string(from));
        }
        page.leaf("summary", fmt::format("{}: {}", pair.name, fmt::join(names, ", ")));
        write_cards(page, table);
    });
}

void write_pairs(markup& page, const topology& machine, const matrix& m) {
    page.leaf("h3", "What each source says of each pair");
    const bool any = std::ranges::any_of(
        all_quantities, [&](quantity what) { return !machine.sources_of(what).empty(); });
    if (!any) {
        page.leaf("p", "No source says anything of any pair.");
        return;
    }
    page.leaf("p", "Pairs that are not listed are unknown to every source.");
    const std::vector<told_pair> pairs = pairs_of(machine, m);
    for (std::size_t i = 0; i < std::min(pairs.size(), most_pairs); ++i) {
        write_claims(page, machine, pairs[i]);
    }
    if (pairs.size() > most_pairs) {
        page.prose("p", fmt::format("And {} more pairs: `hetmem show --json` has them all.",
                                    pairs.size() - most_pairs));
    }
}

void write_disagreements(markup& page, const topology& machine) {
    const std::vector<disagreement> all = machine.disagreements();
    page.leaf("h3", "Sources that disagree");
    if (all.empty()) {
        page.leaf("p", "No two sources contradict each other.");
        return;
    }
    card_table table{.caption = "Contradictions",
                     .caption_hidden = true,
                     .columns = {"About", "In use", "Not in use"},
                     .rows = {}};
    for (std::size_t i = 0; i < std::min(all.size(), most_listed); ++i) {
        table.rows.push_back(
            {{.text = all[i].about}, {.text = all[i].used}, {.text = all[i].other}});
    }
    write_cards(page, table);
    if (all.size() > most_listed) {
        page.prose("p", fmt::format("And {} more: `hetmem show --json` has them all.",
                                    all.size() - most_listed));
    }
}

std::string place_text(const defect_group& group) {
    std::vector<std::string> places;
    for (std::size_t i = 0; i < std::min(group.offsets.size(), most_offsets); ++i) {
        places.push_back(fmt::format("{}", group.offsets[i]));
    }
    std::string text = fmt::format("byte {}", fmt::join(places, ", "));
    if (group.offsets.size() > most_offsets) {
        text += fmt::format(" and {} more", group.offsets.size() - most_offsets);
    }
    return text;
}

void write_defects(markup& page, const topology& machine) {
    const std::vector<defect_group> groups = group_defects(machine.defects());
    if (groups.empty()) {
        return;
    }
    page.leaf("h3", "Faults in firmware tables");
    card_table table{.caption = "Faults in firmware tables",
                     .caption_hidden = true,
                     .columns = {"Table", "Expected", "Found", "What Linux does"},
                     .rows = {}};
    for (std::size_t i = 0; i < std::min(groups.size(), most_listed); ++i) {
        const defect& first = *groups[i].first;
        table.rows.push_back({{.text = first.table, .note = place_text(groups[i])},
                              {.text = first.expected},
                              {.text = first.found},
                              {.text = first.linux_does.empty() ? "–" : first.linux_does}});
    }
    write_cards(page, table);
    if (groups.size() > most_listed) {
        page.prose("p", fmt::format("And {} more: `hetmem show --json` has them all.",
                                    groups.size() - most_listed));
    }
}

void write_identities(markup& page, const topology& machine) {
    card_table table{.caption = "How each memory was identified",
                     .caption_hidden = true,
                     .columns = {"Memory", "Kind", "Proximity domain"},
                     .rows = {}};
    positions all;
    for (const target& memory : machine.targets()) {
        all.push_back(memory.id.index);
    }
    const std::vector<positions> folds = folds_of(machine, all);
    for (std::size_t i = 0; i < std::min(folds.size(), most_listed); ++i) {
        const target& memory = machine.targets()[folds[i].front()];
        const bool alone = folds[i].size() == 1;
        table.rows.push_back(
            {{.text = target_names(machine, folds[i])},
             {.text = std::string(words_of(memory.kind)), .note = memory.kind_reason},
             {.text = memory.pxm && alone ? fmt::format("{}", *memory.pxm)
                      : memory.pxm        ? "one for each"
                                          : "unknown",
              .note = memory.pxm_reason}});
    }
    page.leaf("h3", "How each memory was identified");
    write_cards(page, table);
}

} // namespace

void write_provenance(markup& page, const report_input& input, const matrix& figures) {
    section(page, report_id::provenance, "Where all this is from", [&] {
        const topology& machine = input.machine;
        write_sources(page, machine);
        write_meanings(page, machine);
        if (!machine.targets().empty()) {
            write_identities(page, machine);
        }
        write_pairs(page, machine, figures);
        write_disagreements(page, machine);
        write_defects(page, machine);
    });
}

void write_unread(markup& page, const report_input& input) {
    section(page, report_id::unread, "What could not be read", [&] {
        const auto notices = input.machine.notices();
        const bool unchecked = input.checked != nullptr && !input.checked->not_looked_at.empty();
        if (notices.empty() && !unchecked) {
            page.leaf("p", "Nothing is missing that this user could have known.");
            return;
        }
        page.in("ul", [&] {
            for (const notice& one : notices) {
                page.in("li", [&] {
                    page.span("strong", one.what);
                    if (!one.why.empty()) {
                        page.add(": ");
                        page.add_prose(one.why);
                    }
                    if (!one.help.empty()) {
                        page.add(one.why.ends_with('.') ? " " : ". ");
                        page.add_prose(one.help);
                    }
                });
            }
            if (unchecked) {
                for (const std::string& one : input.checked->not_looked_at) {
                    page.prose("li", one);
                }
            }
        });
    });
}

} // namespace hetmem::detail
