#include "topology/json_lines.hpp"

#include <fmt/format.h>

namespace hetmem::detail {

void json_lines::add_text(std::string_view name, std::string_view value) {
    text_ += fmt::format("{}\n  \"{}\": {}", text_.size() == 1 ? "" : ",", name, value);
}

std::string json_lines::in_one_line(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string json_lines::rows(const json& items, std::string_view indent) {
    const bool object = items.is_object();
    std::string out = object ? "{" : "[";
    for (auto it = items.begin(); it != items.end(); ++it) {
        out += fmt::format("{}\n{}  {}{}", out.size() == 1 ? "" : ",", indent,
                           object ? in_one_line(it.key()) + ": " : "", in_one_line(*it));
    }
    return out + (items.empty() ? "" : fmt::format("\n{}", indent)) + (object ? "}" : "]");
}

} // namespace hetmem::detail
