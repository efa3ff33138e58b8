#include "c/sized.hpp"

#include <gmock/gmock.h>

#include <cerrno>
#include <cstdint>

namespace hetmem::c {
namespace {

struct first_version {
    std::size_t struct_size = 0;
    std::uint64_t a = 0;
};
struct this_version {
    std::size_t struct_size = 0;
    std::uint64_t a = 0;
    std::uint64_t b = 0;
};
struct next_version {
    std::size_t struct_size = 0;
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::uint64_t c = 0;
};

// A program hands over its own version of a struct by the address of this library's.
template <class Other> this_version* as_ours(Other& other) {
    return reinterpret_cast<this_version*>(&other);
}

TEST(Sized, AnOldCallerAsksForLess) {
    struct {
        first_version given{sizeof(first_version), 5};
        std::uint64_t behind = 99; // not the struct's
    } caller;
    const this_version seen = asked(as_ours(caller.given), "options");
    EXPECT_EQ(seen.a, 5U);
    EXPECT_EQ(seen.b, 0U);
}

TEST(Sized, ANewCallerMayNotAskForWhatIsUnknown) {
    next_version given{sizeof(next_version), 1, 2, 0};
    EXPECT_EQ(asked(as_ours(given), "options").b, 2U);
    given.c = 3;
    EXPECT_EQ(guarded([&] { asked(as_ours(given), "options"); }), -E2BIG);
}

TEST(Sized, NothingGivenIsTheDefault) {
    EXPECT_EQ(asked(static_cast<const this_version*>(nullptr), "options").a, 0U);
}

TEST(Sized, ASizeThatWasForgottenIsRefused) {
    this_version given{};
    EXPECT_EQ(guarded([&] { asked(&given, "options"); }), -EINVAL);
    EXPECT_EQ(guarded([&] { answer(&given, {}, "out"); }), -EINVAL);
    given.struct_size = SIZE_MAX;
    EXPECT_EQ(guarded([&] { answer(&given, {}, "out"); }), -EINVAL);
}

TEST(Sized, AnOldCallerIsToldWhatItKnows) {
    struct {
        first_version out{sizeof(first_version), 0};
        std::uint64_t behind = 99;
    } caller;
    answer(as_ours(caller.out), this_version{0, 5, 6}, "out");
    EXPECT_EQ(caller.out.a, 5U);
    EXPECT_EQ(caller.behind, 99U);
    EXPECT_EQ(caller.out.struct_size, sizeof(first_version));
}

TEST(Sized, ANewCallerIsToldZeroForWhatIsUnknown) {
    next_version out{sizeof(next_version), 0, 0, 77};
    answer(as_ours(out), this_version{0, 5, 6}, "out");
    EXPECT_EQ(out.a, 5U);
    EXPECT_EQ(out.b, 6U);
    EXPECT_EQ(out.c, 0U);
    EXPECT_EQ(out.struct_size, sizeof(next_version));
}

TEST(Sized, UnknownFlagsAreRefused) {
    EXPECT_EQ(guarded([] { need_known_flags(5, 1, "options"); }), -EINVAL);
    EXPECT_EQ(guarded([] { need_known_flags(1, 5, "options"); }), 0);
}

} // namespace
} // namespace hetmem::c
