// An override that `hetmem override` installed: in force, ignored and why, stale, another
// machine's.
#include "check/override_record.hpp"
#include "check/parts.hpp"

#include <hetmem/error.hpp>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

std::string tables_of(const override_record& record) {
    std::vector<std::string_view> names;
    for (const overridden_table& table : record.tables) {
        names.emplace_back(table.signature);
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

std::string_view check_of(override_state state) {
    switch (state) {
    case override_state::in_force:
        return "override-in-force";
    case override_state::pending:
        return "override-pending";
    case override_state::ignored:
        return "override-ignored";
    case override_state::unknown:
        return "override-unknown";
    }
    return "override-unknown";
}

void tell(const override_record& record, const override_verdict& verdict, check_result& result) {
    told(result, check_of(verdict.is)).add(tables_of(record), [&] {
        std::string text = fmt::format("Installed {}.", record.time);
        for (const std::string& why : verdict.why) {
            text += fmt::format(" {}{}", why, why.ends_with('.') ? "" : ".");
        }
        return text;
    });
    if (!verdict.stale.empty()) {
        told(result, "override-stale").add(tables_of(record), [&] { return verdict.stale; });
    }
    if (!verdict.other_machine.empty()) {
        told(result, "override-other-machine").add(tables_of(record), [&] {
            return verdict.other_machine;
        });
    }
}

} // namespace

void check_override(const check_subject& subject, check_result& result) {
    if (subject.reader == nullptr) {
        return;
    }
    try {
        const auto record = read_override_record(*subject.reader);
        for (const std::string_view id :
             {"override-in-force", "override-pending", "override-ignored", "override-unknown",
              "override-stale", "override-other-machine"}) {
            told(result, id); // one look decides them all
        }
        if (record) {
            tell(*record, judge_override(*record, *subject.reader), result);
        }
    } catch (const error& e) {
        result.not_looked_at.push_back(fmt::format("the override: {}", e.what()));
    }
}

} // namespace hetmem::detail
