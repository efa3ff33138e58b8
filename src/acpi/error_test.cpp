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

TEST(error, a_full_target_says_what_was_short_and_how_much_there_was) {
    try {
        throw target_full(shortage::cgroup, "memory.max of /a", byte_size::from_mib(3));
    } catch (const error& e) {
        const auto& full = dynamic_cast<const target_full&>(e);
        EXPECT_EQ(full.code(), std::errc::not_enough_memory);
        EXPECT_EQ(full.reason(), shortage::cgroup);
        EXPECT_EQ(full.available(), byte_size::from_mib(3));
        EXPECT_EQ(full.strayed(), byte_size());
    }
    const target_full device(shortage::target, "dax0.0", {}, byte_size::from_mib(2),
                             std::errc::no_space_on_device);
    EXPECT_EQ(device.code(), std::errc::no_space_on_device);
    EXPECT_EQ(device.strayed(), byte_size::from_mib(2));
}

TEST(error, reserved_and_lost_memory_are_told_apart) {
    EXPECT_EQ(target_reserved("dax0.0").code(), std::errc::device_or_resource_busy);
    EXPECT_EQ(target_lost("dax0.0").code(), std::errc::no_such_device);
}

} // namespace
} // namespace hetmem
