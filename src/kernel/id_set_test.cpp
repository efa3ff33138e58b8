#include <hetmem/id_set.hpp>

#include <gmock/gmock.h>

#include <stdexcept>

namespace hetmem {
namespace {

using testing::ElementsAre;
using testing::Eq;
using testing::Optional;

id_set set_of(std::string_view list) {
    return id_set::parse(list).value();
}

TEST(id_set, reads_what_the_kernel_prints) {
    EXPECT_THAT(set_of("0-3,8\n").to_vector(), ElementsAre(0, 1, 2, 3, 8));
    EXPECT_THAT(set_of("250-255").to_vector(), ElementsAre(250, 251, 252, 253, 254, 255));
    EXPECT_TRUE(set_of("").empty());
    EXPECT_TRUE(set_of("\n").empty());
    EXPECT_EQ(set_of("0-1023").size(), 1024U);
    EXPECT_EQ(set_of("3-200").size(), 198U);
}

TEST(id_set, refuses_what_is_no_list) {
    for (const char* wrong : {",", "1,", ",1", "3-1", "1-", "-1", "a", "1 2", "1,,2", "0-3:1/2",
                              "1048576", "0-1048576", "99999999999999999999", "0x1", "1-2-3"}) {
        EXPECT_THAT(id_set::parse(wrong), Eq(std::nullopt)) << wrong;
    }
    EXPECT_TRUE(id_set::parse("1048575"));
}

TEST(id_set, writes_the_smallest_list_that_reads_back) {
    for (const char* list : {"", "0", "63", "64", "0-3,8", "63-64", "0-127", "1,3,5", "1048575"}) {
        EXPECT_EQ(set_of(list).to_string(), list);
    }
    EXPECT_EQ(set_of("8,3,2,1,0").to_string(), "0-3,8");
}

TEST(id_set, sets_of_the_same_numbers_are_equal_however_made) {
    id_set a = set_of("0-200");
    a.erase(set_of("4-200"));
    id_set b;
    for (unsigned id : {3U, 0U, 2U, 1U}) {
        b.insert(id);
    }
    EXPECT_EQ(a, b);
    a.erase(b);
    EXPECT_EQ(a, id_set{});
    EXPECT_TRUE(a.empty());
    EXPECT_FALSE(b == id_set{});
}

TEST(id_set, membership) {
    const id_set some = set_of("0-3,100");
    EXPECT_TRUE(some.contains(100));
    EXPECT_FALSE(some.contains(99));
    EXPECT_FALSE(some.contains(4294967295U));
    EXPECT_TRUE(some.intersects(set_of("90-110")));
    EXPECT_FALSE(some.intersects(set_of("4-99,1000")));
    EXPECT_TRUE(some.includes(set_of("1,100")));
    EXPECT_FALSE(some.includes(set_of("1,100,1000")));
    EXPECT_TRUE(some.includes({}));
    EXPECT_FALSE(id_set{}.includes(some));
    EXPECT_THAT(some.first(), Optional(0U));
    EXPECT_THAT(set_of("77-80").first(), Optional(77U));
    EXPECT_THAT(id_set{}.first(), Eq(std::nullopt));
}

TEST(id_set, union_of_sets) {
    id_set some = set_of("0-3");
    some.insert(set_of("2-5,300"));
    EXPECT_EQ(some.to_string(), "0-5,300");
}

TEST(id_set, a_number_at_the_limit_is_refused) {
    id_set some;
    EXPECT_THROW(some.insert(id_set::limit), std::out_of_range);
    EXPECT_TRUE(some.empty());
    some.insert(id_set::limit - 1);
    EXPECT_EQ(some.size(), 1U);
}

} // namespace
} // namespace hetmem
