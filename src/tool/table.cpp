// hetmem table: firmware tables decoded, encoded and compared; table_build.cpp builds one.
#include "kernel/file.hpp"
#include "publish/table_text.hpp"
#include "tool/commands.hpp"
#include "tool/output.hpp"
#include "tool/table_build.hpp"
#include "tool/table_input.hpp"
#include "tool/terminal.hpp"

#include <acpi/table_diff.hpp>
#include <acpi/table_form.hpp>
#include <acpi/table_json.hpp>

#include <hetmem/error.hpp>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace hetmem::tool {
namespace {

using json = nlohmann::ordered_json;

constexpr int same = 0;
constexpr int different = 1;
constexpr int trouble = 2;

std::string_view as_text(const std::vector<std::byte>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Says of which table the complaint is.
template <class Use> auto named(const named_table& table, Use use) {
    try {
        return use();
    } catch (const malformed_file& e) {
        const std::string what = e.what();
        throw malformed_file(fmt::format("{}: {}", table.place,
                                         what.substr(0, what.rfind(": " + e.code().message()))));
    }
}

int decode(const table_arguments& asked) {
    if (asked.json) {
        const named_table table = read_table(asked.file, asked.signature);
        write_output(named(table, [&] { return acpi::table_to_json(table.bytes); }));
        return 0;
    }
    const auto tables = read_tables(asked.file, asked.signature);
    std::optional<acpi::srat> affinity;
    if (const auto found = std::ranges::find(tables, "SRAT", &named_table::signature);
        found != tables.end()) {
        affinity = acpi::decode_srat(found->bytes).table;
    }
    std::string text;
    std::string others;
    for (const named_table& table : tables) {
        if (tables.size() > 1 && !acpi::parse_table_kind(table.signature)) {
            others += (others.empty() ? "" : ", ") + table.signature;
            continue;
        }
        text += text.empty() ? "" : "\n";
        text += named(table, [&] {
            return detail::draw_table(table.bytes, affinity ? &*affinity : nullptr);
        });
    }
    if (!others.empty()) {
        text += fmt::format("{}not shown: {}\n", text.empty() ? "" : "\n", others);
    }
    write_output(text);
    return 0;
}

int encode(const table_arguments& asked) {
    const std::string text = read_input(asked.file);
    const auto table =
        acpi::table_from_json(text, asked.file == "-" ? "standard input" : asked.file);
    if (!asked.output.empty() && asked.output != "-") {
        kernel::new_file out(asked.output);
        out.write(as_text(table));
        out.commit();
        return 0;
    }
    if (asked.output.empty() && output_is_terminal()) {
        throw error(EINVAL, "a table is no text for a terminal: name a file with -o");
    }
    write_output(as_text(table));
    return 0;
}

json cell_json(const acpi::cell& value) {
    switch (value.state) {
    case acpi::cell_state::known:
        return value.value;
    case acpi::cell_state::unreachable:
        return "unreachable";
    case acpi::cell_state::overflow:
        return "overflow";
    case acpi::cell_state::unknown:
        break;
    }
    return nullptr;
}

json to_json(const acpi::table_difference& d) {
    json figures = json::array();
    for (const acpi::figure_change& f : d.figures) {
        figures.push_back({{"quantity", acpi::to_string(f.kind)},
                           {"about", f.about},
                           {"from", f.initiator},
                           {"to", f.target},
                           {"unit", acpi::is_latency(f.kind) ? "ps" : "B/s"},
                           {"before", cell_json(f.before)},
                           {"after", cell_json(f.after)}});
    }
    json distances = json::array();
    for (const acpi::distance_change& c : d.distances) {
        distances.push_back(
            {{"from", c.from}, {"to", c.to}, {"before", c.before}, {"after", c.after}});
    }
    json fields = json::array();
    for (const acpi::field_change& f : d.fields) {
        fields.push_back(
            {{"of", f.of}, {"field", f.field}, {"before", f.before}, {"after", f.after}});
    }
    return {{"format", "hetmem-table-diff"},
            {"version", 1},
            {"table", to_string(d.kind)},
            {"same", d.same_bytes},
            {"same_content", d.same_bytes || d.same_content()},
            {"fields", fields},
            {"removed", d.removed},
            {"added", d.added},
            {"distances", distances},
            {"figures", figures},
            {"written_otherwise", d.form}};
}

/// Of a file with several tables that which the other file has.
std::pair<named_table, named_table> read_pair(const table_arguments& asked) {
    auto a = read_tables(asked.file, asked.signature);
    auto b = read_tables(asked.other, asked.signature);
    const std::string kind = a.size() == 1 ? a[0].signature : b.size() == 1 ? b[0].signature : "";
    return {only_table(asked.file, std::move(a), kind),
            only_table(asked.other, std::move(b), kind)};
}

int diff(const table_arguments& asked) {
    try {
        const std::pair<named_table, named_table> both = read_pair(asked);
        const named_table& before = both.first;
        const named_table& after = both.second;
        named(before, [&] { return acpi::cut_table(before.bytes).kind; });
        named(after, [&] { return acpi::cut_table(after.bytes).kind; });
        const auto difference = acpi::compare_tables(before.bytes, after.bytes);
        write_output(asked.json ? to_json(difference).dump(2) + "\n"
                                : detail::draw_difference(difference));
        return difference.same_bytes ? same : different;
    } catch (const error& e) {
        complain(e);
    }
    return trouble;
}

} // namespace

int table(const table_arguments& asked) {
    switch (asked.wanted) {
    case table_arguments::action::decode:
        return decode(asked);
    case table_arguments::action::encode:
        return encode(asked);
    case table_arguments::action::diff:
        return diff(asked);
    case table_arguments::action::build:
        break;
    }
    return build_table(asked);
}

} // namespace hetmem::tool
