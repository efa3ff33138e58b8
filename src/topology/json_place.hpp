// json_place.hpp: reading a JSON form: a value and its place, so that every complaint can say
// where.
//
//     const nlohmann::ordered_json document = parse_json(text, "figures.json");
//     const json_place root(document, "figures.json");
//     root.required("version").read(version);
//     root.member("targets").read(targets);       // "figures.json: targets[2].size: expected ..."
//
// What is absent or null leaves its variable as it is. A struct is read by a function of the
// namespace hetmem::detail, `void read_members(const json_place&, Struct&)`.
#pragma once

#include "topology/names.hpp"

#include <hetmem/id_set.hpp>
#include <hetmem/topology.hpp>
#include <hetmem/units.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

namespace hetmem::detail {

/// Throws malformed_file with line and column. `name` is what the error calls the text.
nlohmann::ordered_json parse_json(std::string_view text, std::string_view name);

/// A place refers to the one it came from, which must outlive it; the path is put together only for
/// a complaint.
class json_place {
public:
    using json = nlohmann::ordered_json;

    json_place(const json& value, std::string_view document)
        : value_(&value), document_(document) {}

    /// Throws malformed_file.
    [[noreturn]] void refuse(std::string_view expected) const;

    /// A member that must be there.
    json_place required(const char* name) const;
    /// A member; null when it is absent.
    json_place member(const char* name) const;
    /// Refuses members of other names.
    void expect_only(std::initializer_list<std::string_view> names) const;
    /// The document is of this format and version.
    void expect_format(std::string_view format, std::uint64_t version) const;

    /// Of an array; 0 when null.
    std::size_t size() const;
    json_place item(std::size_t n) const;
    /// Checks that this is a matrix of rows x columns, before anything of that size is allocated.
    void expect_matrix(std::size_t rows, std::size_t columns) const;

    bool is_null() const { return value_->is_null(); }
    bool says(std::string_view what) const;
    /// Nothing when it is no string.
    const std::string* text() const;
    std::uint64_t number(std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) const;

    void read(std::uint64_t& out) const;
    void read(unsigned& out) const;
    void read(int& out) const;
    void read(bool& out) const;
    void read(std::string& out) const;
    void read(byte_size& out) const;
    void read(id_set& out) const;
    template <class Enum>
    requires std::is_enum_v<Enum>
    void read(Enum& out) const {
        if (is_null()) {
            return;
        }
        std::string name;
        read(name);
        const auto value = from_name<Enum>(name);
        if (!value) {
            refuse("a name that this version knows");
        }
        out = *value;
    }
    template <class Value> void read(std::optional<Value>& out) const {
        if (is_null()) {
            out.reset();
            return;
        }
        read(out.emplace());
    }
    template <class Value> void read(std::vector<Value>& out) const {
        const std::size_t n = size();
        out.clear();
        for (std::size_t i = 0; i < n; ++i) {
            item(i).read(out.emplace_back());
        }
    }
    template <class Value> void read(Value& out) const { read_members(*this, out); }

private:
    std::string path() const;
    std::string found() const;

    const json* value_;
    std::string_view document_;
    const json_place* parent_ = nullptr;
    const char* name_ = nullptr;
    std::size_t index_ = 0;
};

} // namespace hetmem::detail
