#include "topology/json_place.hpp"

#include <hetmem/error.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace hetmem::detail {

namespace {

constexpr std::size_t most_characters_shown = 40;

} // namespace

nlohmann::ordered_json parse_json(std::string_view text, std::string_view name) {
    using json = nlohmann::ordered_json;
    try {
        return json::parse(text);
    } catch (const json::exception& e) {
        // The parser's message names line and column, after its own name in brackets.
        std::string_view what = e.what();
        what.remove_prefix(what.starts_with('[') ? std::min(what.find("] ") + 2, what.size()) : 0);
        throw malformed_file(fmt::format("{}: {}", name, what));
    }
}

void json_place::refuse(std::string_view expected) const {
    throw malformed_file(
        fmt::format("{}: {}: expected {}, found {}", document_, path(), expected, found()));
}

json_place json_place::required(const char* name) const {
    json_place p = member(name);
    if (p.value_->is_null()) {
        throw malformed_file(fmt::format("{}: {}: missing", document_, p.path()));
    }
    return p;
}

json_place json_place::member(const char* name) const {
    static const json none;
    if (!value_->is_object()) {
        refuse("an object");
    }
    const auto it = value_->find(name);
    json_place p(it == value_->end() ? none : *it, document_);
    p.parent_ = this;
    p.name_ = name;
    return p;
}

void json_place::expect_only(std::initializer_list<std::string_view> names) const {
    if (!value_->is_object()) {
        refuse("an object");
    }
    for (auto it = value_->begin(); it != value_->end(); ++it) {
        if (std::find(names.begin(), names.end(), it.key()) == names.end()) {
            throw malformed_file(fmt::format("{}: {}: nothing is called so here; known are {}",
                                             document_, member(it.key().c_str()).path(),
                                             fmt::join(names, ", ")));
        }
    }
}

void json_place::expect_format(std::string_view format, std::uint64_t version) const {
    if (!member("format").says(format)) {
        member("format").refuse(fmt::format("\"{}\"", format));
    }
    if (required("version").number() != version) {
        member("version").refuse(fmt::format("version {}", version));
    }
}

std::size_t json_place::size() const {
    if (is_null()) {
        return 0;
    }
    if (!value_->is_array()) {
        refuse("an array");
    }
    return value_->size();
}

json_place json_place::item(std::size_t n) const {
    json_place p((*value_)[n], document_);
    p.parent_ = this;
    p.index_ = n;
    return p;
}

void json_place::expect_matrix(std::size_t rows, std::size_t columns) const {
    if (size() != rows) {
        refuse(fmt::format("{} rows, one an initiator", rows));
    }
    for (std::size_t r = 0; r < rows; ++r) {
        const json_place row = item(r);
        if (row.size() != columns) {
            row.refuse(fmt::format("{} values, one a target", columns));
        }
    }
}

bool json_place::says(std::string_view what) const {
    const std::string* said = text();
    return said != nullptr && *said == what;
}

const std::string* json_place::text() const {
    return value_->get_ptr<const std::string*>();
}

std::uint64_t json_place::number(std::uint64_t most) const {
    if (!value_->is_number_unsigned() || value_->get<std::uint64_t>() > most) {
        refuse(most == std::numeric_limits<std::uint64_t>::max()
                   ? std::string("a whole number, 0 or more")
                   : fmt::format("a whole number from 0 to {}", most));
    }
    return value_->get<std::uint64_t>();
}

void json_place::read(std::uint64_t& out) const {
    if (!is_null()) {
        out = number();
    }
}

void json_place::read(unsigned& out) const {
    if (!is_null()) {
        out = static_cast<unsigned>(number(std::numeric_limits<unsigned>::max()));
    }
}

void json_place::read(int& out) const {
    if (!is_null()) {
        out = static_cast<int>(number(std::numeric_limits<int>::max()));
    }
}

void json_place::read(bool& out) const {
    if (is_null()) {
        return;
    }
    if (!value_->is_boolean()) {
        refuse("true or false");
    }
    out = value_->get<bool>();
}

void json_place::read(std::string& out) const {
    if (is_null()) {
        return;
    }
    if (!value_->is_string()) {
        refuse("a string");
    }
    out = value_->get<std::string>();
}

void json_place::read(byte_size& out) const {
    if (!is_null()) {
        out = byte_size::from_bytes(number());
    }
}

void json_place::read(id_set& out) const {
    std::string list;
    read(list);
    const auto set = id_set::parse(list);
    if (!set) {
        refuse("a list such as \"0-3,8\"");
    }
    out = *set;
}

std::string json_place::path() const {
    if (parent_ == nullptr) {
        return "the document";
    }
    const std::string above = parent_->parent_ == nullptr ? std::string() : parent_->path();
    return name_ == nullptr ? fmt::format("{}[{}]", above, index_)
           : above.empty()  ? std::string(name_)
                            : fmt::format("{}.{}", above, name_);
}

std::string json_place::found() const {
    switch (value_->type()) {
    case json::value_t::array:
        return fmt::format("an array of {}", value_->size());
    case json::value_t::object:
        return "an object";
    case json::value_t::null:
        return "null";
    default: {
        std::string text = value_->dump(-1, ' ', true, json::error_handler_t::replace);
        if (text.size() > most_characters_shown) {
            text = text.substr(0, most_characters_shown) + "...";
        }
        return text;
    }
    }
}

} // namespace hetmem::detail
