#include <acpi/json_tree.hpp>

#include <hetmem/error.hpp>

#include <algorithm>
#include <bit>
#include <charconv>
#include <iterator>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace hetmem::acpi {
namespace {

/// Positions and counts have 32 bits.
/// Of the names that a complaint lists.
constexpr std::size_t longest_list = 200;
constexpr std::string_view no_such_field = "there is no such field here";
constexpr std::size_t longest_text = std::size_t{1} << 30;

/// Counts lines as the parser goes on. The parser has read one character too many when it tells of
/// a number: a line that ends with the last character read has not ended yet.
struct text_position {
    std::uint32_t line = 1;
    bool line_ends = false;
};

class counting_iterator {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    counting_iterator(const char* at, text_position& where) : at_(at), where_(&where) {}
    reference operator*() const { return *at_; }
    counting_iterator& operator++() {
        where_->line += where_->line_ends ? 1U : 0U;
        where_->line_ends = *at_ == '\n';
        ++at_;
        return *this;
    }
    counting_iterator operator++(int) {
        counting_iterator before = *this;
        ++*this;
        return before;
    }
    friend bool operator==(const counting_iterator& a, const counting_iterator& b) {
        return a.at_ == b.at_;
    }

private:
    const char* at_;
    text_position* where_;
};

std::string_view words_of(json_kind kind) {
    switch (kind) {
    case json_kind::null:
        return "null";
    case json_kind::boolean:
        return "true or false";
    case json_kind::number:
    case json_kind::other_number:
        return "a number";
    case json_kind::string:
        return "a string";
    case json_kind::array:
        return "an array";
    case json_kind::object:
        return "an object";
    }
    return {};
}

} // namespace

/// What the parser calls; the names are its own.
class json_builder {
public:
    json_builder(json_tree& tree, const text_position& where) : tree_(tree), where_(where) {}

    const std::string& complaint() const { return complaint_; }

    bool null() { return add(json_kind::null, 0); }
    bool boolean(bool value) { return add(json_kind::boolean, value ? 1 : 0); }
    bool number_unsigned(std::uint64_t value) { return add(json_kind::number, value); }
    bool number_integer(std::int64_t value) {
        return add_text(json_kind::other_number, fmt::format("{}", value));
    }
    bool number_float(double, const std::string& text) {
        return add_text(json_kind::other_number, text);
    }
    bool string(const std::string& text) { return add_text(json_kind::string, text); }
    bool binary(const nlohmann::json::binary_t&) { return false; }
    bool key(const std::string& text) {
        const bool added = add_text(json_kind::string, text);
        counts_ = false; // the member that it opens has been counted
        return added;
    }
    bool start_object(std::size_t) { return open(json_kind::object); }
    bool start_array(std::size_t) { return open(json_kind::array); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }

    bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& e) {
        // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error ..."
        complaint_ = e.what();
        if (const std::size_t colon = complaint_.find(": "); colon != std::string::npos) {
            complaint_.erase(0, colon + 2);
        }
        return false;
    }

private:
    bool add(json_kind kind, std::uint64_t value) {
        if (counts_ && !open_.empty()) {
            ++open_.back().count;
        }
        counts_ = true;
        tree_.nodes_.push_back({value, where_.line, kind});
        return true;
    }
    bool add_text(json_kind kind, std::string_view text) {
        const std::uint64_t begin = tree_.texts_.size();
        tree_.texts_ += text;
        return add(kind, begin | static_cast<std::uint64_t>(text.size()) << 32);
    }
    bool open(json_kind kind) {
        add(kind, 0);
        open_.push_back({tree_.nodes_.size() - 1, 0});
        return true;
    }
    bool close() {
        const auto [node, count] = open_.back();
        open_.pop_back();
        tree_.nodes_[node].value = count | static_cast<std::uint64_t>(tree_.nodes_.size()) << 32;
        return true;
    }

    struct container {
        std::size_t node;
        std::uint64_t count;
    };
    json_tree& tree_;
    const text_position& where_;
    std::vector<container> open_;
    bool counts_ = true; // whether the next value is one more in its container
    std::string complaint_;
};

json_tree::json_tree(std::string_view text, std::string_view name) : name_(name) {
    if (text.size() > longest_text) {
        throw malformed_file(fmt::format("{}: longer than {} bytes", name, longest_text));
    }
    text_position where;
    json_builder builder(*this, where);
    const counting_iterator begin(text.data(), where);
    const counting_iterator end(text.data() + text.size(), where);
    if (!nlohmann::json::sax_parse(begin, end, &builder)) {
        throw malformed_file(fmt::format("{}:{}: {}", name, where.line, builder.complaint()));
    }
}

void json_place::refuse(std::string_view reason) const {
    const std::string at = path();
    throw malformed_file(
        fmt::format("{}:{}: {}{}{}", tree_->name_, line(), at, at.empty() ? "" : ": ", reason));
}

void json_place::refuse_kind(std::string_view expected) const {
    refuse(fmt::format("expected {}, found {}", expected, words_of(kind())));
}

json_kind json_place::kind() const {
    return tree_->nodes_[node_].kind;
}

std::size_t json_place::line() const {
    return tree_->nodes_[node_].line;
}

std::size_t json_place::end() const {
    const json_kind what = kind();
    return what == json_kind::array || what == json_kind::object ? tree_->nodes_[node_].second()
                                                                 : node_ + 1;
}

std::size_t json_place::size() const {
    return tree_->nodes_[node_].first();
}

std::string_view json_place::string() const {
    if (!is(json_kind::string)) {
        refuse_kind("a string");
    }
    return tree_->text_of(tree_->nodes_[node_]);
}

bool json_place::boolean() const {
    if (!is(json_kind::boolean)) {
        refuse_kind("true or false");
    }
    return tree_->nodes_[node_].value != 0;
}

std::uint64_t json_place::number(std::uint64_t most) const {
    std::uint64_t value = 0;
    if (is(json_kind::number)) {
        value = tree_->nodes_[node_].value;
    } else if (is(json_kind::string) && string().starts_with("0x")) {
        const std::string_view digits = string().substr(2);
        const auto [stop, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        if (error != std::errc() || stop != digits.data() + digits.size()) {
            refuse(fmt::format("\"{}\" is no number", string()));
        }
    } else if (is(json_kind::other_number)) {
        refuse(fmt::format("expected a whole number, 0 or more, found {}", number_text()));
    } else {
        refuse_kind("a whole number, 0 or more");
    }
    if (value > most) {
        const bool whole_bits = most != 0 && (most & (most + 1)) == 0;
        refuse(whole_bits
                   ? fmt::format("{} does not fit {} bits", value, std::bit_width(most))
                   : fmt::format("expected a whole number from 0 to {}, found {}", most, value));
    }
    return value;
}

std::string json_place::number_text() const {
    return is(json_kind::number) ? std::to_string(tree_->nodes_[node_].value)
                                 : std::string(tree_->text_of(tree_->nodes_[node_]));
}

void json_place::demand_array() const {
    if (!is(json_kind::array)) {
        refuse_kind("an array");
    }
}

std::string json_place::path() const {
    if (parent_ == nullptr) {
        return {};
    }
    std::string text = parent_->path();
    if (name_.data() != nullptr) {
        return text + (text.empty() ? "" : ".") + std::string(name_);
    }
    return text + fmt::format("[{}]", index_);
}

json_object::json_object(const json_place& place) : place_(&place) {
    if (!place.is(json_kind::object)) {
        place.refuse_kind("an object");
    }
    const json_tree& tree = *place.tree_;
    std::size_t at = place.node_ + 1;
    for (std::size_t i = 0; i < place.size(); ++i) {
        members_.push_back({tree.text_of(tree.nodes_[at]), at, false});
        at = json_place(tree, at + 1).end();
    }
    std::ranges::stable_sort(members_, {}, &member::name);
    const auto twice = std::ranges::adjacent_find(members_, {}, &member::name);
    if (twice != members_.end()) {
        place_of(*std::next(twice)).refuse("is there a second time");
    }
}

json_place json_object::place_of(const member& m) const {
    json_place place(*place_->tree_, m.key + 1);
    place.parent_ = place_;
    place.name_ = m.name;
    return place;
}

std::vector<json_object::member>::iterator json_object::find(std::string_view name) {
    const auto found = std::ranges::lower_bound(members_, name, {}, &member::name);
    return found != members_.end() && found->name == name ? found : members_.end();
}

bool json_object::has(std::string_view name) const {
    return std::ranges::binary_search(members_, name, {}, &member::name);
}

std::optional<json_place> json_object::take(std::string_view name) {
    const auto found = find(name);
    if (found == members_.end()) {
        return std::nullopt;
    }
    found->taken = true;
    return place_of(*found);
}

json_place json_object::required(std::string_view name) {
    const auto found = take(name);
    if (!found) {
        place_->refuse(fmt::format("\"{}\" is missing", name));
    }
    return *found;
}

void json_object::allow(const std::vector<std::string>& listed,
                        const std::vector<std::string>& others) const {
    const member* unknown = first([&](const member& m) {
        return std::ranges::find(listed, m.name) == listed.end() &&
               std::ranges::find(others, m.name) == others.end();
    });
    if (unknown == nullptr) {
        return;
    }
    const std::string names = fmt::format("{}", fmt::join(listed, ", "));
    place_of(*unknown).refuse(names.size() > longest_list
                                  ? std::string(no_such_field)
                                  : fmt::format("{}; there are {}", no_such_field, names));
}

void json_object::finish() const {
    if (const member* left = first([](const member& m) { return !m.taken; })) {
        place_of(*left).refuse(no_such_field);
    }
}

} // namespace hetmem::acpi
