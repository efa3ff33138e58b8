#include "memory/page_places.hpp"

#include "kernel/policy.hpp"
#include "memory/address_range.hpp"

#include <gmock/gmock.h>

#include <array>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hetmem::detail {
namespace {

/// Four pages: there, never touched, read only (of zeroes), there but not to be read.
class PagePlaces : public testing::Test {
protected:
    PagePlaces()
        : start_(static_cast<std::byte*>(::mmap(nullptr, 4 * base_page, PROT_READ | PROT_WRITE,
                                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))),
          pages{start_, start_ + base_page, start_ + 2 * base_page, start_ + 3 * base_page} {
        ::madvise(start_, 4 * base_page, MADV_NOHUGEPAGE);
        kernel::populate(pages[0], base_page);
        EXPECT_EQ(*static_cast<volatile char*>(pages[2]), 0);
        kernel::populate(pages[3], base_page);
        ::mprotect(pages[3], base_page, PROT_NONE);
    }
    ~PagePlaces() override { ::munmap(start_, 4 * base_page); }
    PagePlaces(const PagePlaces&) = delete;
    PagePlaces& operator=(const PagePlaces&) = delete;

    std::byte* start_;
    std::array<void*, 4> pages;
};

TEST_F(PagePlaces, every_page_gets_an_answer) {
    page_places asked(0);
    std::array<int, 4> places{};
    if (asked.ask_firmly(pages, places) != 0) {
        GTEST_SKIP() << "move_pages is forbidden here";
    }
    EXPECT_GE(places[0], 0);
    EXPECT_EQ(places[1], absent_page);
    EXPECT_EQ(places[2], absent_page);
    EXPECT_NE(places[3], absent_page) << "it is there, told or not";
}

TEST_F(PagePlaces, presence_is_told_by_itself) {
    page_places asked(0);
    std::array<bool, 4> there{};
    ASSERT_TRUE(asked.present(reinterpret_cast<std::uintptr_t>(start_), there));
    EXPECT_TRUE(there[0]);
    EXPECT_FALSE(there[1]);
    EXPECT_TRUE(there[3]);
}

TEST_F(PagePlaces, unmarking_brings_no_page_that_was_not_there) {
    page_places asked(0);
    asked.unmark(std::span(pages).first(1));
    std::array<bool, 2> there{};
    ASSERT_TRUE(asked.present(reinterpret_cast<std::uintptr_t>(start_), there));
    EXPECT_FALSE(there[1]);
}

TEST_F(PagePlaces, of_another_process_as_well) {
    std::array<int, 2> done{};
    ASSERT_EQ(::pipe(done.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(done[1]);
        char nothing = '\0';
        ::_exit(static_cast<int>(::read(done[0], &nothing, 1)));
    }
    ASSERT_GT(child, 0);
    page_places asked(child);
    std::array<int, 4> places{};
    const int failed = asked.ask_firmly(pages, places);
    ::close(done[0]);
    ::close(done[1]);
    ::waitpid(child, nullptr, 0);
    if (failed != 0) {
        GTEST_SKIP() << "move_pages is forbidden here";
    }
    EXPECT_GE(places[0], 0);
    EXPECT_EQ(places[1], absent_page);
}

} // namespace
} // namespace hetmem::detail
