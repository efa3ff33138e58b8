#include <hetmem/error.hpp>

#include <gmock/gmock.h>

#include <cerrno>

namespace hetmem {
namespace {

using testing::HasSubstr;

TEST(error, keeps_the_errno_value_and_the_words) {
    const error e(ENOSPC, "cannot write x.json");
    EXPECT_EQ(e.code().value(), ENOSPC);
    EXPECT_EQ(e.code(), std::errc::no_space_on_device);
    EXPECT_THAT(e.what(), HasSubstr("cannot write x.json"));
}

TEST(error, every_type_is_caught_as_an_error) {
    EXPECT_THROW(throw not_permitted("HMAT: only root may read it"), error);
    EXPECT_THROW(throw no_such_target("node7"), error);
    EXPECT_THROW(throw malformed_file("x.json: line 3"), std::system_error);
    EXPECT_EQ(not_permitted("x").code(), std::errc::operation_not_permitted);
}

} // namespace
} // namespace hetmem
