// acpi/json_tree.hpp: a JSON text as values that know their line, so that a complaint about any of
// them can say where it stands (of use inside src/acpi).
//
//     const json_tree tree(text, "hmat.json");
//     json_object table(tree.root());
//     const json_place revision = table.required("revision");
//     if (revision.number(255) > 2) { revision.refuse("there is no such revision"); }
//     table.finish();   // a member that nobody asked for is a typing error
//
// Made for matrices of millions of numbers: 16 bytes a value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::acpi {

class json_tree;

enum class json_kind : std::uint8_t {
    null,
    boolean,
    number,       ///< a whole number, 0 or more, that fits 64 bits
    other_number, ///< any other number, kept as text
    string,
    array,
    object,
};

/// A value and the way to it. A place refers to the one that it came from, which must outlive it;
/// the path is put together only for a complaint.
class json_place {
public:
    json_place(const json_tree& tree, std::size_t node) : tree_(&tree), node_(node) {}

    /// Throws malformed_file: "hmat.json:17: structures[2].entries[0][3]: <reason>".
    [[noreturn]] void refuse(std::string_view reason) const;
    [[noreturn]] void refuse_kind(std::string_view expected) const;

    json_kind kind() const;
    bool is(json_kind kind) const { return this->kind() == kind; }

    std::string_view string() const;
    bool boolean() const;
    /// A whole number up to `most`, also as the string "0x1f".
    std::uint64_t number(std::uint64_t most) const;
    /// What an other_number, or a number, looks like.
    std::string number_text() const;

    /// Items of an array, or members of an object.
    std::size_t size() const;
    /// Calls take(place) for each item of an array, in order.
    template <class Take> void for_each(Take take) const {
        demand_array();
        std::size_t at = node_ + 1;
        const std::size_t count = size();
        for (std::size_t i = 0; i < count; ++i) {
            json_place item(*tree_, at);
            item.parent_ = this;
            item.index_ = i;
            take(item);
            at = item.end();
        }
    }

    std::size_t line() const;

private:
    friend class json_object;
    void demand_array() const;
    /// The node behind this value and all that is in it.
    std::size_t end() const;
    std::string path() const;

    const json_tree* tree_;
    std::size_t node_;
    const json_place* parent_ = nullptr;
    std::string_view name_{};
    std::size_t index_ = 0;
};

/// The members of an object, each taken once. The place that it is made from must outlive it, and
/// it the places that it gives.
class json_object {
public:
    /// Refuses what is no object, and a member that is there twice.
    explicit json_object(const json_place& place);

    const json_place& place() const { return *place_; }
    /// Nothing when it is not there.
    std::optional<json_place> take(std::string_view name);
    json_place required(std::string_view name);
    bool has(std::string_view name) const;
    /// Refuses a member that has none of these names, before another is missed that it was meant
    /// to be. `listed` are told, when they are few.
    void allow(const std::vector<std::string>& listed,
               const std::vector<std::string>& others = {}) const;
    /// Refuses a member that was not taken.
    void finish() const;

private:
    struct member {
        std::string_view name;
        std::size_t key; ///< node
        bool taken;
    };
    json_place place_of(const member& m) const;
    /// The first in the text, as a reader meets it; null when there is none.
    template <class Is> const member* first(Is is) const {
        const member* found = nullptr;
        for (const member& m : members_) {
            if (is(m) && (found == nullptr || m.key < found->key)) {
                found = &m;
            }
        }
        return found;
    }
    std::vector<member>::iterator find(std::string_view name);

    const json_place* place_;
    std::vector<member> members_; ///< by name
};

class json_tree {
public:
    /// Throws malformed_file when it is no JSON, naming the line.
    json_tree(std::string_view text, std::string_view name);
    json_tree(const json_tree&) = delete;
    json_tree& operator=(const json_tree&) = delete;

    json_place root() const { return {*this, 0}; }

private:
    friend class json_place;
    friend class json_object;
    friend class json_builder;

    /// Values in the order of the text; the members of an object are a string, the key, and what
    /// is behind it.
    struct node {
        std::uint64_t value = 0; ///< a number; of a text or container, see below
        std::uint32_t line = 0;
        json_kind kind = json_kind::null;

        // Texts: where they are in texts_. Containers: how many are in it, and the node behind.
        std::uint32_t first() const { return static_cast<std::uint32_t>(value); }
        std::uint32_t second() const { return static_cast<std::uint32_t>(value >> 32); }
    };
    std::string_view text_of(const node& n) const {
        return std::string_view(texts_).substr(n.first(), n.second());
    }

    std::string name_;
    std::deque<node> nodes_; ///< not a vector, which would need twice the memory to grow
    std::string texts_;
};

} // namespace hetmem::acpi
