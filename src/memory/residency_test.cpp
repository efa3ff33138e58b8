#include "memory/residency.hpp"

#include "kernel/calls.hpp"
#include "kernel/policy.hpp"

#include <hetmem/error.hpp>

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <string>
#include <utility>

#include <csignal>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/tree.hpp"

namespace hetmem {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t mib = std::size_t{1} << 20U;

/// A mapping of its own: pages around it that nobody may use keep the kernel from joining it with a
/// neighbour.
class mapping {
public:
    explicit mapping(std::size_t length, int advice = MADV_NOHUGEPAGE)
        : length_(length), space_(static_cast<std::byte*>(
                               ::mmap(nullptr, length + 2 * page, PROT_NONE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
        ::mprotect(start(), length, PROT_READ | PROT_WRITE);
        ::madvise(start(), length, advice);
    }
    mapping(const mapping&) = delete;
    mapping& operator=(const mapping&) = delete;
    ~mapping() { ::munmap(space_, length_ + 2 * page); }

    std::byte* start() const { return space_ + page; }
    std::size_t length() const { return length_; }
    void touch(std::size_t offset, std::size_t bytes) const {
        ASSERT_EQ(kernel::populate(start() + offset, bytes), 0);
    }

private:
    std::size_t length_;
    std::byte* space_;
};

bool one_node() {
    return kernel::thread_allowed_nodes().size() == 1;
}

TEST(residency, adds_up_share_by_share) {
    residency sum{{{"node1", 1, byte_size::from_mib(1)}, {"dax2.0", -1, byte_size::from_mib(2)}},
                  byte_size::from_mib(3),
                  byte_size::from_mib(4)};
    const residency more{{{"node0", 0, byte_size::from_mib(5)},
                          {"node1", 1, byte_size::from_mib(6)},
                          {"dax10.0", -1, byte_size::from_mib(7)}},
                         byte_size::from_mib(8),
                         byte_size::from_mib(9)};
    const residency expected{{{"node0", 0, byte_size::from_mib(5)},
                              {"node1", 1, byte_size::from_mib(7)},
                              {"dax2.0", -1, byte_size::from_mib(2)},
                              {"dax10.0", -1, byte_size::from_mib(7)}},
                             byte_size::from_mib(11),
                             byte_size::from_mib(13)};
    EXPECT_EQ(sum += more, expected);
    EXPECT_EQ(sum += residency{}, expected);
}

TEST(where, counts_what_is_there_and_what_is_not) {
    for (const std::size_t size : {mib, 32 * mib}) { // page by page, and by numa_maps
        const mapping memory(size);
        EXPECT_EQ(where(memory.start(), size).absent.bytes(), size);
        memory.touch(size / 2, size / 4);
        const residency now = where(memory.start(), size);
        EXPECT_EQ(now.present().bytes(), size / 4);
        EXPECT_EQ(now.absent.bytes(), size - size / 4);
        EXPECT_EQ(now.unknown, byte_size());
        if (one_node()) {
            ASSERT_EQ(now.shares.size(), 1U);
            EXPECT_EQ(now.on(now.shares[0].target), now.present());
            EXPECT_EQ(now.on_node(now.shares[0].node), now.present());
            EXPECT_EQ(now.shares[0].target, "node" + std::to_string(now.shares[0].node));
        }
        EXPECT_EQ(now.on_node(1023), byte_size());
        EXPECT_EQ(now.on("dax0.0"), byte_size());
    }
}

TEST(where, a_part_of_a_mapping_is_counted_by_itself) {
    const mapping memory(32 * mib);
    memory.touch(4 * mib, 20 * mib);
    EXPECT_EQ(where(memory.start(), 16 * mib).present().bytes(), 12 * mib);
    EXPECT_EQ(where(memory.start() + 24 * mib, 8 * mib).present().bytes(), 0U);
    EXPECT_EQ(where(memory.start() + 8 * mib, 12 * mib).present().bytes(), 12 * mib);
}

TEST(where, huge_pages_count_by_their_bytes) {
    const mapping memory(32 * mib, MADV_HUGEPAGE);
    memory.touch(0, 32 * mib);
    EXPECT_EQ(where(memory.start(), 32 * mib).present().bytes(), 32 * mib);
    EXPECT_EQ(where(memory.start() + page, 3 * mib).present().bytes(), 3 * mib);
}

TEST(where, pages_that_a_range_touches_count_whole) {
    const mapping memory(4 * page);
    memory.touch(0, 2 * page);
    EXPECT_EQ(where(memory.start() + page - 1, 2).present().bytes(), 2 * page);
    EXPECT_EQ(where(memory.start() + 2 * page - 1, 2).absent.bytes(), page);
    EXPECT_EQ(where(memory.start(), 0), residency());
}

TEST(where, the_page_of_zeroes_is_no_memory) {
    for (const std::size_t size : {mib, 32 * mib}) {
        const mapping memory(size);
        for (std::size_t at = 0; at < size; at += page) {
            EXPECT_EQ(*static_cast<volatile char*>(static_cast<void*>(memory.start() + at)), 0);
        }
        EXPECT_EQ(where(memory.start(), size).absent.bytes(), size);
    }
}

TEST(where, several_mappings_are_one_range) {
    const mapping memory(32 * mib);
    memory.touch(0, 32 * mib);
    ASSERT_EQ(::mprotect(memory.start() + 8 * mib, 8 * mib, PROT_READ), 0);
    EXPECT_EQ(where(memory.start(), 32 * mib).present().bytes(), 32 * mib);
    EXPECT_EQ(where(memory.start() + mib, 30 * mib).present().bytes(), 30 * mib);
}

TEST(where, what_is_not_mapped_is_refused) {
    const mapping memory(4 * mib);
    ::munmap(memory.start() + mib, mib);
    for (const std::size_t length : {std::size_t{2} * mib, std::size_t{4} * mib}) {
        try {
            where(memory.start(), length);
            ADD_FAILURE() << "a hole was counted";
        } catch (const error& e) {
            EXPECT_EQ(e.code().value(), EINVAL);
        }
    }
    EXPECT_EQ(where(memory.start(), mib).absent.bytes(), mib);
}

TEST(where, beyond_the_end_of_the_address_space_is_refused) {
    const mapping memory(page);
    constexpr std::uintptr_t end = ~std::uintptr_t{0};
    const auto start = std::bit_cast<std::uintptr_t>(memory.start());
    for (const auto& [from, length] :
         {std::pair(end - 10, std::size_t{100}), std::pair(end - 10, std::size_t{10}),
          std::pair(start, end), std::pair(start + 100, end), std::pair(start + 100, end - start),
          std::pair(start + 100, end - 50)}) {
        EXPECT_THROW(where(std::bit_cast<const void*>(from), length), error)
            << from << ' ' << length;
    }
}

/// Asks with a request of its end on the way; true when it got the answer before it ended.
template <class Question> bool answers_before_it_is_cancelled(const Question& ask) {
    struct asking {
        const Question& ask;
        bool answered = false;
    } one{ask};
    pthread_t thread{};
    pthread_create(
        &thread, nullptr,
        [](void* of) -> void* {
            auto& mine = *static_cast<asking*>(of);
            pthread_cancel(pthread_self());
            mine.ask();
            // Not cancelled in the end: clang's address sanitizer does not survive the unwinding.
            int state = PTHREAD_CANCEL_DISABLE;
            pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
            mine.answered = state == PTHREAD_CANCEL_ENABLE;
            return nullptr;
        },
        &one);
    pthread_join(thread, nullptr);
    return one.answered;
}

TEST(where, a_thread_is_not_cancelled_within) {
    const mapping memory(page);
    EXPECT_TRUE(answers_before_it_is_cancelled([&] { where(memory.start(), page); }));
    EXPECT_TRUE(answers_before_it_is_cancelled([] { where_mappings(::getpid()); }));
    EXPECT_TRUE(answers_before_it_is_cancelled([] { where_process(::getpid()); }));
}

TEST(where, gaps_are_passed_over_when_that_is_asked) {
    const mapping memory(4 * mib);
    memory.touch(0, 4 * mib);
    ::munmap(memory.start() + mib, mib);
    const detail::address_run run{std::bit_cast<std::uintptr_t>(memory.start()), 4 * mib};
    const residency counted = detail::count_pages(0, std::span(&run, 1), detail::gaps::allowed);
    EXPECT_EQ(counted.present().bytes(), 3 * mib);
}

TEST(where, of_a_process_its_mappings_add_up) {
    const mapping memory(8 * mib);
    memory.touch(0, 4 * mib);
    const auto mappings = where_mappings(::getpid());
    const auto found =
        std::find_if(mappings.begin(), mappings.end(), [&](const mapping_residency& one) {
            return one.start == std::bit_cast<std::uintptr_t>(memory.start());
        });
    ASSERT_NE(found, mappings.end());
    EXPECT_EQ(found->length, 8 * mib);
    EXPECT_EQ(found->name, "");
    EXPECT_EQ(found->policy, "default");
    EXPECT_EQ(found->page.bytes(), page);
    EXPECT_EQ(found->where.present().bytes(), 4 * mib);
    EXPECT_EQ(found->where.absent.bytes(), 4 * mib);
    EXPECT_TRUE(std::any_of(mappings.begin(), mappings.end(),
                            [](const mapping_residency& one) { return one.name == "[stack]"; }));
    EXPECT_FALSE(std::any_of(mappings.begin(), mappings.end(), [&](const mapping_residency& one) {
        return one.start == std::bit_cast<std::uintptr_t>(memory.start()) - page;
    })) << "address space without memory";
    EXPECT_GE(where_process(::getpid()).present().bytes(), 4 * mib);
}

TEST(where, a_process_that_is_not_there_is_told) {
    try {
        where_process(0x7ffffff0);
        ADD_FAILURE();
    } catch (const error& e) {
        EXPECT_EQ(e.code().value(), ESRCH);
    }
}

TEST(where, somebody_elses_process_is_not_permitted) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "only root can become somebody else";
    }
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) {
        int answer = 1;
        if (::setgid(65534) == 0 && ::setuid(65534) == 0) {
            try {
                where_process(parent);
            } catch (const not_permitted& e) {
                answer = std::string(e.what()).find("CAP_SYS_PTRACE") == std::string::npos ? 2 : 0;
            } catch (const error&) {
                answer = 3;
            }
        }
        ::_exit(answer);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(target_of, names_the_memory_of_a_page) {
    const mapping memory(2 * page);
    EXPECT_EQ(target_of(memory.start()), std::nullopt);
    memory.touch(0, page);
    const auto name = target_of(memory.start() + 17);
    ASSERT_TRUE(name);
    EXPECT_THAT(*name, testing::StartsWith("node"));
    EXPECT_EQ(target_of(memory.start() + page), std::nullopt);
}

} // namespace
} // namespace hetmem
