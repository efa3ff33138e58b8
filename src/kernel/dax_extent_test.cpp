#include "kernel/dax_extent.hpp"

#include "tests/support/tree.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hetmem::kernel {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t unit = std::size_t{2} << 20U;

/// Locks and mappings of an ordinary file are those of a device node: 8 units of a sparse file.
class DaxExtent : public testing::Test {
protected:
    DaxExtent() {
        std::ofstream(device.device) << "";
        std::filesystem::resize_file(device.device, device.device_bytes);
    }

    test::temporary_directory directory;
    dax_request device{.device = directory.path() / "dax0.0",
                       .device_bytes = 8 * unit,
                       .unit = unit,
                       .contiguous = false};
};

/// Address space as a region reserves it.
class address_space {
public:
    explicit address_space(std::size_t units)
        : length_(units * unit),
          start_(::mmap(nullptr, length_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                        -1, 0)) {}
    address_space(const address_space&) = delete;
    address_space& operator=(const address_space&) = delete;
    ~address_space() { ::munmap(start_, length_); }
    std::byte* at(std::size_t units) const {
        return static_cast<std::byte*>(start_) + units * unit;
    }

private:
    std::size_t length_;
    void* start_;
};

TEST_F(DaxExtent, the_first_free_part_is_taken) {
    const address_space one(3);
    const address_space two(2);
    const auto first = map_dax(device, one.at(0), 3 * unit);
    ASSERT_THAT(first, SizeIs(1));
    EXPECT_EQ(first[0].start, one.at(0));
    EXPECT_EQ(first[0].length, 3 * unit);
    EXPECT_EQ(first[0].offset, 0U);
    const auto second = map_dax(device, two.at(0), 2 * unit);
    ASSERT_THAT(second, SizeIs(1));
    EXPECT_EQ(second[0].offset, 3 * unit);
    EXPECT_EQ(unlocked_bytes(device), 3 * unit);
    *one.at(2) = std::byte{1};
    *two.at(0) = std::byte{2};
    EXPECT_EQ(*one.at(2), std::byte{1});
}

TEST_F(DaxExtent, unmapping_gives_back) {
    const address_space space(8);
    ASSERT_THAT(map_dax(device, space.at(0), 8 * unit), SizeIs(1));
    EXPECT_EQ(unlocked_bytes(device), 0U);
    const address_space more(1);
    EXPECT_THAT(map_dax(device, more.at(0), unit), IsEmpty());
    ::munmap(space.at(0), 8 * unit);
    EXPECT_EQ(unlocked_bytes(device), 8 * unit);
    EXPECT_THAT(map_dax(device, more.at(0), unit), SizeIs(1));
}

TEST_F(DaxExtent, several_holes_are_filled_in_order) {
    const address_space space(8);
    std::vector<std::vector<dax_extent>> held;
    for (std::size_t n = 0; n < 8; ++n) {
        held.push_back(map_dax(device, space.at(n), unit));
        ASSERT_THAT(held.back(), SizeIs(1));
    }
    for (const std::size_t n : {std::size_t{1}, std::size_t{4}, std::size_t{5}, std::size_t{7}}) {
        ::munmap(space.at(n), unit);
    }
    EXPECT_EQ(unlocked_bytes(device), 4 * unit);

    const address_space other(5);
    device.contiguous = true;
    EXPECT_THAT(map_dax(device, other.at(0), 3 * unit), IsEmpty());
    const auto pair = map_dax(device, other.at(0), 2 * unit);
    ASSERT_THAT(pair, SizeIs(1));
    EXPECT_EQ(pair[0].offset, 4 * unit);
    ::munmap(other.at(0), 2 * unit);

    device.contiguous = false;
    const auto got = map_dax(device, other.at(0), 5 * unit);
    ASSERT_THAT(got, SizeIs(3));
    EXPECT_EQ(got[0].offset, 1 * unit);
    EXPECT_EQ(got[1].offset, 4 * unit);
    EXPECT_EQ(got[1].length, 2 * unit);
    EXPECT_EQ(got[1].start, other.at(1));
    EXPECT_EQ(got[2].offset, 7 * unit);
    EXPECT_EQ(got[2].start, other.at(3));
}

TEST_F(DaxExtent, a_killed_holder_holds_nothing) {
    std::array<int, 2> ready{};
    ASSERT_EQ(::pipe(ready.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const address_space space(8);
        const bool all = map_dax(device, space.at(0), 8 * unit).size() == 1;
        const char answer = all ? 'y' : 'n';
        if (::write(ready[1], &answer, 1) == 1) {
            ::pause();
        }
        ::_exit(1);
    }
    ASSERT_GT(child, 0);
    ::close(ready[1]);
    char answer = '\0';
    ASSERT_EQ(::read(ready[0], &answer, 1), 1);
    ::close(ready[0]);
    EXPECT_EQ(answer, 'y');
    EXPECT_EQ(unlocked_bytes(device), 0U);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_EQ(unlocked_bytes(device), 8 * unit);
}

TEST_F(DaxExtent, a_child_does_not_keep_what_its_parent_gave_back) {
    const address_space space(1);
    ASSERT_THAT(map_dax(device, space.at(0), unit), SizeIs(1));
    std::array<int, 2> finish{};
    ASSERT_EQ(::pipe(finish.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(finish[1]);
        char nothing = '\0';
        const ssize_t end = ::read(finish[0], &nothing, 1); // until the parent closes its end
        ::_exit(static_cast<int>(end));
    }
    ASSERT_GT(child, 0);
    ::munmap(space.at(0), unit);
    EXPECT_EQ(unlocked_bytes(device), 8 * unit);
    ::close(finish[0]);
    ::close(finish[1]);
    ::waitpid(child, nullptr, 0);
}

TEST_F(DaxExtent, a_part_of_a_unit_is_not_handed_out) {
    device.device_bytes = 8 * unit - 4096;
    EXPECT_EQ(unlocked_bytes(device), 7 * unit);
    const address_space space(8);
    const auto got = map_dax(device, space.at(0), 8 * unit);
    ASSERT_THAT(got, SizeIs(1));
    EXPECT_EQ(got[0].length, 7 * unit);
}

TEST_F(DaxExtent, a_device_that_is_gone_or_forbidden_says_so) {
    const address_space space(1);
    dax_request gone = device;
    gone.device = directory.path() / "dax9.9";
    EXPECT_THROW(map_dax(gone, space.at(0), unit), target_lost);
    EXPECT_THROW(unlocked_bytes(gone), target_lost);

    std::filesystem::permissions(device.device, std::filesystem::perms::none);
    const test::ordinary_user user;
    EXPECT_THROW(map_dax(device, space.at(0), unit), not_permitted);
}

} // namespace
} // namespace hetmem::kernel
