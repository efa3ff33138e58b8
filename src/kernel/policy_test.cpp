#include "kernel/policy.hpp"

#include "kernel/calls.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <unistd.h>

namespace hetmem::kernel {
namespace {

const auto page_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));

/// Some pages, none of them touched.
class untouched {
public:
    explicit untouched(std::size_t pages)
        : length_(pages * page_bytes), start_(::mmap(nullptr, length_, PROT_READ | PROT_WRITE,
                                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
        ::madvise(start_, length_, MADV_NOHUGEPAGE);
    }
    untouched(const untouched&) = delete;
    untouched& operator=(const untouched&) = delete;
    ~untouched() { ::munmap(start_, length_); }
    std::byte* page(std::size_t n) const {
        return static_cast<std::byte*>(start_) + n * page_bytes;
    }
    std::size_t length() const { return length_; }

private:
    std::size_t length_;
    void* start_;
};

id_set nodes(const char* list) {
    return id_set::parse(list).value();
}

bool forbidden(int errno_value) {
    return errno_value == EPERM || errno_value == ENOSYS;
}

TEST(policy, a_threads_policy_is_set_and_read_back) {
    std::thread([] {
        const int set = set_thread_policy(policy::preferred, nodes("0"));
        if (forbidden(set)) {
            return;
        }
        ASSERT_EQ(set, 0);
        thread_policy found;
        ASSERT_EQ(get_thread_policy(found), 0);
        EXPECT_EQ(found.mode, MPOL_PREFERRED);
        EXPECT_EQ(found.nodes, nodes("0"));
        EXPECT_EQ(set_thread_policy(policy::default_, {}), 0);
        ASSERT_EQ(get_thread_policy(found), 0);
        EXPECT_EQ(found.mode, MPOL_DEFAULT);
        EXPECT_TRUE(found.nodes.empty());
    }).join();
}

TEST(policy, nodes_that_are_not_there_and_numbers_too_large_are_refused) {
    const untouched memory(1);
    const int first = set_range_policy(memory.page(0), memory.length(), policy::bind, nodes("0"));
    if (forbidden(first)) {
        GTEST_SKIP() << "mbind is forbidden here";
    }
    EXPECT_EQ(first, 0);
    EXPECT_EQ(set_range_policy(memory.page(0), memory.length(), policy::bind, nodes("1023")),
              EINVAL);
    EXPECT_EQ(set_range_policy(memory.page(0), memory.length(), policy::bind, nodes("900000")),
              EINVAL);
    EXPECT_EQ(set_range_policy(memory.page(0), memory.length(), policy::default_, {}), 0);
}

TEST(policy, a_ranges_policy_is_read_and_set_again_as_it_was) {
    const untouched memory(2);
    ASSERT_EQ(populate(memory.page(0), memory.length()), 0);
    thread_policy none;
    if (forbidden(get_range_policy(memory.page(0), none))) {
        GTEST_SKIP() << "get_mempolicy is forbidden here";
    }
    EXPECT_EQ(none.mode, MPOL_DEFAULT);
    const unsigned node = *thread_allowed_nodes().first();
    ASSERT_EQ(prefer_and_move(memory.page(0), page_bytes, node), 0);
    thread_policy found;
    ASSERT_EQ(get_range_policy(memory.page(0), found), 0);
    EXPECT_EQ(found.mode, MPOL_PREFERRED);
    EXPECT_EQ(found.nodes, nodes(std::to_string(node).c_str()));
    ASSERT_EQ(set_range_policy(memory.page(1), page_bytes, found), 0);
    ASSERT_EQ(set_range_policy(memory.page(0), page_bytes, none), 0);
    ASSERT_EQ(get_range_policy(memory.page(0), found), 0);
    EXPECT_EQ(found.mode, MPOL_DEFAULT);
    ASSERT_EQ(get_range_policy(memory.page(1), found), 0);
    EXPECT_EQ(found.mode, MPOL_PREFERRED);
    EXPECT_EQ(prefer_and_move(memory.page(0), memory.length(), 1023), EINVAL);
    if (thread_allowed_nodes().size() == 1) {
        EXPECT_EQ(prefer_and_check(memory.page(0), memory.length(), node), 0);
    }
}

TEST(policy, populated_pages_are_told_and_others_are_not) {
    const untouched memory(3);
    ASSERT_EQ(populate(memory.page(1), page_bytes), 0);
    const std::array<void*, 3> pages{memory.page(0), memory.page(1), memory.page(2)};
    std::array<int, 3> status{};
    const int queried = query_pages(0, pages, status);
    if (forbidden(queried)) {
        GTEST_SKIP() << "move_pages is forbidden here";
    }
    ASSERT_EQ(queried, 0);
    EXPECT_LT(status[0], 0);
    EXPECT_NE(status[0], not_told);
    EXPECT_GE(status[1], 0);
    EXPECT_LT(status[2], 0);
}

TEST(policy, moving_to_where_a_page_is_succeeds_and_to_no_node_fails) {
    const untouched memory(2);
    ASSERT_EQ(populate(memory.page(0), memory.length()), 0);
    const std::array<void*, 2> pages{memory.page(0), memory.page(1)};
    std::array<int, 2> status{};
    const int queried = query_pages(0, pages, status);
    if (forbidden(queried)) {
        GTEST_SKIP() << "move_pages is forbidden here";
    }
    const int node = status[0];
    EXPECT_EQ(move_pages(0, pages, node, status), 0);
    EXPECT_THAT(status, testing::Each(node));
    EXPECT_NE(move_pages(0, pages, 1023, status), 0);
    EXPECT_THAT(status, testing::Each(not_told));
}

TEST(policy, a_status_of_another_length_is_refused) {
    const untouched memory(1);
    const std::array<void*, 1> pages{memory.page(0)};
    std::array<int, 2> status{};
    EXPECT_EQ(move_pages(0, pages, 0, status), EINVAL);
    EXPECT_EQ(query_pages(0, pages, status), EINVAL);
}

TEST(policy, what_is_not_mapped_cannot_be_populated) {
    const untouched memory(2);
    ::munmap(memory.page(1), page_bytes);
    EXPECT_EQ(populate(memory.page(0), 2 * page_bytes), ENOMEM);
}

} // namespace
} // namespace hetmem::kernel
