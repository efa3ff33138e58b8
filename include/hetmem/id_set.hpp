// hetmem/id_set.hpp: a set of CPU or node numbers, written as the kernel writes them.
//
//     auto cpus = hetmem::id_set::parse("0-3,8");
//     cpus.contains(2);      // true
//     cpus.to_string();      // "0-3,8"
//
// A value type; const functions may be called from several threads.
#pragma once

#include <hetmem/export.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem {

class HETMEM_EXPORT id_set {
public:
    /// Numbers at or above this are refused: far above the kernel's limits for CPUs and nodes, and
    /// low enough that a hostile list cannot exhaust memory.
    static constexpr unsigned limit = 1U << 20;

    id_set() = default;

    /// Reads the kernel's list format: "", "0", "0-3,8", with surrounding white space.
    /// Nothing when it is not of that form, a range runs backwards, or a number reaches `limit`.
    static std::optional<id_set> parse(std::string_view list);

    /// The smallest range list that `parse` reads back; "" when empty.
    std::string to_string() const;

    /// Throws std::out_of_range when id >= limit.
    void insert(unsigned id);
    void insert(const id_set& other);
    void erase(const id_set& other);
    bool contains(unsigned id) const;
    bool intersects(const id_set& other) const;
    bool includes(const id_set& other) const;
    bool empty() const;
    std::size_t size() const;
    /// The lowest number in the set; nothing when empty.
    std::optional<unsigned> first() const;
    /// All numbers, ascending.
    std::vector<unsigned> to_vector() const;

    HETMEM_EXPORT friend bool operator==(const id_set& a, const id_set& b);

private:
    std::vector<std::uint64_t> words_; // the last word is never zero
};

} // namespace hetmem
