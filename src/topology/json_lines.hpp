// json_lines.hpp: writing a JSON form: an object whose lists have an item a line, so that machines
// read it all the same, and a person can too.
//
//     json_lines out;
//     out.add("version", 1);
//     out.add_rows("targets", list);
//     out.text();
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace hetmem::detail {

class json_lines {
public:
    using json = nlohmann::ordered_json;

    void add(std::string_view name, const json& value) { add_text(name, in_one_line(value)); }
    void add_rows(std::string_view name, const json& items) { add_text(name, rows(items, "  ")); }
    /// What is JSON already.
    void add_text(std::string_view name, std::string_view value);
    /// The whole, with a newline at its end.
    std::string text() const { return text_ + "\n}\n"; }

    /// What is no UTF-8 is replaced.
    static std::string in_one_line(const json& value);
    /// An array with an item a line, or an object with a member a line, within what is indented
    /// like that.
    static std::string rows(const json& items, std::string_view indent);

private:
    std::string text_ = "{";
};

} // namespace hetmem::detail
