#include "c/barrier.hpp"

#include <hetmem/hetmem.h>

#include <gmock/gmock.h>

#include <cerrno>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

namespace hetmem::c {
namespace {

using testing::HasSubstr;

template <class Exception> int thrown(const Exception& e) {
    return guarded([&] { throw e; });
}

TEST(Barrier, AnErrorsCodeIsReturnedAndItsTextKept) {
    EXPECT_EQ(thrown(not_permitted("mbind: ask for CAP_SYS_NICE")), -EPERM);
    EXPECT_THAT(hetmem_error_text(), HasSubstr("ask for CAP_SYS_NICE"));
    EXPECT_EQ(thrown(no_such_target("no target is called 'x'")), -ENXIO);
    EXPECT_THAT(hetmem_error_text(), HasSubstr("no target is called 'x'"));
    EXPECT_EQ(thrown(target_reserved("r")), -EBUSY);
    EXPECT_EQ(thrown(target_lost("l")), -ENODEV);
    EXPECT_EQ(thrown(malformed_file("m")), -EBADMSG);
    EXPECT_EQ(thrown(error(ESRCH, "s")), -ESRCH);
}

TEST(Barrier, NothingElseLeaves) {
    EXPECT_EQ(thrown(std::bad_alloc()), -ENOMEM);
    EXPECT_STREQ(hetmem_error_text(), "out of memory");
    EXPECT_EQ(thrown(std::length_error("too long")), -ENOMEM);
    EXPECT_EQ(thrown(std::out_of_range("far")), -EINVAL);
    EXPECT_EQ(thrown(std::runtime_error("anything")), -EIO);
    EXPECT_EQ(thrown(std::filesystem::filesystem_error(
                  "f", std::make_error_code(std::errc::permission_denied))),
              -EACCES);
    EXPECT_EQ(thrown(std::system_error(1, std::iostream_category())), -EIO);
    EXPECT_EQ(thrown(5), -EIO);
}

TEST(Barrier, AShortageIsToldUntilTheNextFailure) {
    EXPECT_EQ(thrown(target_full(shortage::cgroup, "full", byte_size::from_mib(3),
                                 byte_size::from_mib(1))),
              -ENOMEM);
    hetmem_shortage told{};
    told.struct_size = sizeof told;
    ASSERT_EQ(hetmem_last_shortage(&told), 0);
    EXPECT_EQ(told.reason, HETMEM_SHORT_CGROUP);
    EXPECT_EQ(told.available, 3U << 20);
    EXPECT_EQ(told.strayed, 1U << 20);
    EXPECT_EQ(hetmem_last_shortage(&told), 0); // asking does not change it

    thrown(not_permitted("no"));
    EXPECT_EQ(hetmem_last_shortage(&told), -ENODATA);
    EXPECT_THAT(hetmem_error_text(), HasSubstr("no"));
}

TEST(Barrier, EachThreadHasItsOwnText) {
    thrown(error(EIO, "of the first thread"));
    std::jthread([] {
        EXPECT_STREQ(hetmem_error_text(), "");
        thrown(error(EIO, "of the second thread"));
        EXPECT_THAT(hetmem_error_text(), HasSubstr("of the second thread"));
    }).join();
    EXPECT_THAT(hetmem_error_text(), HasSubstr("of the first thread"));
}

TEST(Barrier, ATextOfAnyLengthIsCutNotLost) {
    thrown(error(EIO, std::string(100'000, 'x')));
    EXPECT_THAT(hetmem_error_text(), testing::StartsWith("xxx"));
    EXPECT_LT(std::string(hetmem_error_text()).size(), 5000U);
}

TEST(Barrier, WhatIsNoTextIsMadeText) {
    thrown(std::runtime_error("no '\xff\xfe\x01', but 'Größe'"));
    EXPECT_STREQ(hetmem_error_text(), "no '\uFFFD\uFFFD\uFFFD', but 'Größe'");
    thrown(std::runtime_error("cut short: \xE2\x82"));
    EXPECT_STREQ(hetmem_error_text(), "cut short: \uFFFD\uFFFD");
}

TEST(Barrier, ATextIsCutBetweenCharacters) {
    const std::string euro = "\u20AC"; // three bytes
    for (const std::string before : {"", "x", "xx"}) {
        std::string text = before;
        while (text.size() < 3000) {
            text += euro;
        }
        thrown(std::runtime_error(text));
        const std::string kept = hetmem_error_text();
        EXPECT_THAT(text, testing::StartsWith(kept));
        EXPECT_THAT(kept, testing::EndsWith(euro));
        EXPECT_GT(kept.size(), 1000U);
    }
}

TEST(Barrier, ANullPointerIsNamed) {
    int* const nothing = nullptr;
    EXPECT_EQ(guarded([&] { need(nothing, "machine"); }), -EINVAL);
    EXPECT_THAT(hetmem_error_text(), HasSubstr("machine is a null pointer"));
}

} // namespace
} // namespace hetmem::c
