#include "memory/migrate.hpp"

#include "kernel/calls.hpp"
#include "kernel/policy.hpp"
#include "memory/address_range.hpp"

#include <hetmem/error.hpp>

#include <gmock/gmock.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

namespace hetmem {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20U;

leg node_leg(int node) {
    leg one;
    one.name = "node" + std::to_string(node);
    one.node = node;
    one.headroom = byte_size();
    return one;
}

placement on(int node) {
    return {placement_kind::bind, {node_leg(node)}};
}

class Migrate : public testing::Test {
protected:
    Migrate()
        : start_(static_cast<std::byte*>(::mmap(nullptr, length_, PROT_READ | PROT_WRITE,
                                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
        ::madvise(start_, length_, MADV_NOHUGEPAGE);
        EXPECT_EQ(kernel::populate(start_, length_ / 2), 0);
        std::fill_n(start_, length_ / 2, std::byte{0x5a});
        node_ = static_cast<int>(*kernel::thread_allowed_nodes().first());
        void* const page = start_;
        int place = -1;
        forbidden_ = kernel::query_pages(0, std::span(&page, 1), std::span(&place, 1)) != 0;
    }
    ~Migrate() override { ::munmap(start_, length_); }
    Migrate(const Migrate&) = delete;
    Migrate& operator=(const Migrate&) = delete;

    migration migrate(const placement& to, const migrate_options& options = {}) const {
        const detail::address_run run{std::bit_cast<std::uintptr_t>(start_), length_};
        return detail::migrate_pages(0, std::span(&run, 1), to, options);
    }
    bool unharmed() const {
        return std::all_of(start_, start_ + length_ / 2,
                           [](std::byte b) { return b == std::byte{0x5a}; });
    }

    static constexpr std::size_t length_ = 64 * mib;
    std::byte* start_;
    int node_ = 0;
    bool forbidden_ = false;
};

TEST_F(Migrate, where_everything_is_already_nothing_moves) {
    if (forbidden_ || kernel::thread_allowed_nodes().size() != 1) {
        GTEST_SKIP() << "for machines with one memory, where move_pages is allowed";
    }
    const migration done = migrate(on(node_));
    EXPECT_TRUE(done.complete);
    EXPECT_EQ(done.moved, byte_size());
    EXPECT_EQ(done.remaining, byte_size());
    EXPECT_EQ(done.now.on_node(node_).bytes(), length_ / 2);
    EXPECT_TRUE(unharmed());
}

TEST_F(Migrate, to_no_node_is_told_and_harms_nothing) {
    if (forbidden_) {
        GTEST_SKIP() << "move_pages is forbidden here";
    }
    EXPECT_THROW(migrate(on(1023)), target_lost);
    EXPECT_EQ(where(start_, length_).present().bytes(), length_ / 2);
    EXPECT_TRUE(unharmed());
}

TEST_F(Migrate, pages_in_use_do_not_move_to_devices_or_files) {
    leg device;
    device.kind = leg_kind::dax;
    device.name = "dax0.0";
    try {
        migrate({placement_kind::bind, {device}});
        ADD_FAILURE();
    } catch (const error& e) {
        EXPECT_EQ(e.code().value(), EINVAL);
        EXPECT_THAT(e.what(), testing::HasSubstr("dax0.0"));
    }
}

TEST_F(Migrate, a_process_that_is_not_there_is_told) {
    try {
        migrate_process(0x7ffffff0, on(node_));
        ADD_FAILURE();
    } catch (const error& e) {
        EXPECT_EQ(e.code().value(), ESRCH);
    }
}

TEST_F(Migrate, a_pattern_chooses_mappings) {
    if (forbidden_ || kernel::thread_allowed_nodes().size() != 1) {
        GTEST_SKIP() << "for machines with one memory, where move_pages is allowed";
    }
    const migration stack = migrate_process(::getpid(), on(node_), "[stack]");
    EXPECT_TRUE(stack.complete) << stack.why;
    EXPECT_GT(stack.now.present(), byte_size());
    EXPECT_LT(stack.now.present().bytes(), length_ / 2);
    const migration anonymous = migrate_process(::getpid(), on(node_), "[anon]");
    EXPECT_TRUE(anonymous.complete) << anonymous.why;
    EXPECT_GE(anonymous.now.present().bytes(), length_ / 2);
    try {
        migrate_process(::getpid(), on(node_), "/no/such/*");
        FAIL() << "what is not there was moved";
    } catch (const error& e) {
        EXPECT_EQ(e.code().value(), ENOENT);
        EXPECT_THAT(e.what(), testing::HasSubstr("no mapping called /no/such/*"));
    }
}

} // namespace
} // namespace hetmem
