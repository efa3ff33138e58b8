// tests/conformance/cases.hpp: every placement with every page size, as far as the machine has
// them.
#pragma once

#include <hetmem/placement.hpp>
#include <hetmem/region.hpp>
#include <hetmem/residency.hpp>

#include <gmock/gmock.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <ostream>
#include <string>
#include <tuple>

#include <sys/types.h>

namespace hetmem::test {

enum class kind : int { bind, chain, best, interleave, prefer, directory, dax };

using param = std::tuple<kind, page_size>;
std::string name_of(const testing::TestParamInfo<param>& info);

inline constexpr std::size_t kib = 1U << 10;
inline constexpr std::size_t mib = 1U << 20;

/// Whether `bytes` bytes are all this one. (Each is as its neighbour: fast also in an emulator.)
inline bool are_all(const void* start, std::size_t bytes, unsigned char what) {
    const auto* first = static_cast<const unsigned char*>(start);
    return bytes == 0 || (*first == what && std::memcmp(first, first + 1, bytes - 1) == 0);
}

/// A test of one placement and page size; skipped, with the reason, where the machine lacks what it
/// needs.
class on_every_placement : public testing::TestWithParam<param> {
protected:
    void SetUp() override;

    kind chosen() const { return std::get<0>(GetParam()); }
    page_size pages() const { return std::get<1>(GetParam()); }
    std::size_t page_bytes() const;
    bool from_huge_pool() const { return pages() >= page_size::huge_2m; }
    /// Ordinary memory only, which a forked child gets a copy of and the kernel moves.
    bool nodes_only() const { return chosen() != kind::directory && chosen() != kind::dax; }

    const placement& where() const { return *where_; }
    /// The first of the nodes, where there is one: for most placements not where their memory is.
    placement elsewhere() const;
    const topology& machine() const;
    /// Enough for the test and so little that every machine has it.
    std::size_t some_bytes() const { return std::max<std::size_t>(page_bytes(), 12 * mib); }

    /// That what was counted is where the placement says, `bytes` of it.
    void expect_kept(const residency& now, std::size_t bytes) const;

private:
    std::optional<placement> where_;
};

/// Runs `action` in a forked child; true when it returned true there within a minute.
template <class Action> bool in_a_child(Action action);

namespace detail {
pid_t start_child();
bool child_succeeded(pid_t child);
[[noreturn]] void end_child(bool success);
} // namespace detail

template <class Action> bool in_a_child(Action action) {
    const pid_t child = detail::start_child();
    if (child == 0) {
        bool success = false;
        try {
            success = action();
        } catch (...) {
            success = false;
        }
        detail::end_child(success);
    }
    return detail::child_succeeded(child);
}

// NOLINTNEXTLINE(*-macro-usage): gtest's own way
#define HETMEM_ON_EVERY_PLACEMENT(prefix, fixture)                                                 \
    INSTANTIATE_TEST_SUITE_P(                                                                      \
        prefix, fixture,                                                                           \
        testing::Combine(testing::Values(kind::bind, kind::chain, kind::best, kind::interleave,    \
                                         kind::prefer, kind::directory, kind::dax),                \
                         testing::Values(page_size::transparent, page_size::base,                  \
                                         page_size::huge_2m, page_size::huge_1g)),                 \
        name_of)

} // namespace hetmem::test
