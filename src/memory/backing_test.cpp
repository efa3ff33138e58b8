#include "memory/backing.hpp"

#include <hetmem/error.hpp>
#include <hetmem/placement.hpp>
#include <hetmem/pool.hpp>
#include <hetmem/rank.hpp>
#include <hetmem/region.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <system_error>

namespace hetmem {
namespace {

using testing::HasSubstr;

placement on_node() {
    leg one;
    one.node = static_cast<int>(allowed_nodes().first().value_or(0));
    one.name = "node" + std::to_string(one.node);
    return {placement_kind::bind, {one}};
}

TEST(Backing, RefusesAPageSizeThatIsNone) {
    const auto none = static_cast<page_size>(77); // NOLINT(*-enum-*)
    for (const bool of_pool : {false, true}) {
        try {
            if (of_pool) {
                const pool p(on_node(), {.pages = none});
            } else {
                const region r(byte_size::from_mib(1), on_node(), {.pages = none});
            }
            FAIL() << of_pool;
        } catch (const error& e) {
            EXPECT_EQ(e.code(), std::errc::invalid_argument);
            EXPECT_THAT(e.what(), HasSubstr("no page size 77"));
        }
    }
}

TEST(Backing, SaysOnceThatThereIsNoAddressSpace) {
    detail::backing memory(on_node(), {});
    try {
        memory.reserve(std::size_t{1} << 60);
        FAIL() << "1 EiB of address space";
    } catch (const target_full& e) {
        EXPECT_EQ(e.reason(), shortage::system);
        const std::string words = std::generic_category().message(ENOMEM);
        EXPECT_EQ(std::string(e.what()), "no address space for 1073741824.0 GiB: " + words);
    }
}

} // namespace
} // namespace hetmem
