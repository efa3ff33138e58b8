#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>
#include <hetmem/placement.hpp>
#include <hetmem/rank.hpp>
#include <hetmem/region.hpp>

#include "memory/backing.hpp"
#include "tests/support/huge_pages.hpp"
#include "tests/support/sanitizer.hpp"
#include "tests/support/tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hetmem {
namespace {

using test::under_sanitizer;
using testing::AllOf;
using testing::HasSubstr;

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

byte_size of_mib(std::uint64_t n) {
    return byte_size::from_mib(n);
}

/// Without asking the machine: tests need one node, of which only the number counts.
int node_here() {
    return static_cast<int>(allowed_nodes().first().value_or(0));
}

leg node_leg() {
    leg one;
    one.name = "node" + std::to_string(node_here());
    one.node = node_here();
    return one;
}

leg directory_leg(const std::filesystem::path& where) {
    leg one;
    one.kind = leg_kind::directory;
    one.name = where.string();
    one.path = where;
    return one;
}

placement on_node() {
    return {placement_kind::bind, {node_leg()}};
}
placement in(const std::filesystem::path& directory) {
    return {placement_kind::bind, {directory_leg(directory)}};
}

std::string maps() {
    std::ifstream in_file("/proc/self/maps");
    return {std::istreambuf_iterator<char>(in_file), {}};
}

std::uint64_t resident_bytes() {
    std::ifstream in_file("/proc/self/statm");
    std::uint64_t all = 0;
    std::uint64_t resident = 0;
    in_file >> all >> resident;
    return resident * 4096;
}

bool reads_as_zero(std::span<const std::byte> bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

void fill(std::span<std::byte> bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += 512) {
        bytes[at] = static_cast<std::byte>(at / 512 % 251 + 1);
    }
}
bool is_filled(std::span<const std::byte> bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += 512) {
        if (bytes[at] != static_cast<std::byte>(at / 512 % 251 + 1)) {
            return false;
        }
    }
    return true;
}

int status_of_child(const std::function<int()>& work) {
    const pid_t child = ::fork();
    if (child == 0) {
        const struct rlimit no_core {};
        ::setrlimit(RLIMIT_CORE, &no_core);
        int result = 99;
        try {
            result = work();
        } catch (...) {
            result = 98;
        }
        ::_exit(result);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return status;
}

class RegionOfPages : public testing::TestWithParam<page_size> {};

TEST_P(RegionOfPages, IsWhollyWhereItWasAsked) {
    region_options options;
    options.pages = GetParam();
    for (const std::uint64_t size : {std::uint64_t{1}, 5 * 4096UL, 2 * mib + 4096, 37 * mib}) {
        const region r(byte_size::from_bytes(size), on_node(), options);
        ASSERT_EQ(r.size(), (size + 4095) / 4096 * 4096);
        EXPECT_EQ(r.where().on_node(node_here()).bytes(), r.size());
        EXPECT_TRUE(r.verify().kept);
        EXPECT_TRUE(reads_as_zero(r.bytes()));
        fill(r.bytes());
        EXPECT_TRUE(is_filled(r.bytes()));
    }
}

INSTANTIATE_TEST_SUITE_P(Pages, RegionOfPages,
                         testing::Values(page_size::transparent, page_size::base));

TEST(Region, NothingIsHeldWhenTheTargetIsTooFull) {
    const placement careful = on_node().with_headroom(byte_size::from_mib(1U << 24));
    // Once beforehand: the first exception of a program brings memory of its own.
    EXPECT_THROW(region(of_mib(64), careful), target_full);
    const std::string before = maps();
    const std::uint64_t resident = resident_bytes();
    for (const std::uint64_t size : {1U, 64U}) {
        try {
            const region r(of_mib(size), careful);
            FAIL() << "there was room above a headroom of 16 TiB";
        } catch (const target_full& e) {
            EXPECT_EQ(e.reason(), shortage::target);
            EXPECT_EQ(e.available().bytes(), 0U);
            EXPECT_EQ(e.code(), std::errc::not_enough_memory);
            EXPECT_THAT(e.what(), AllOf(HasSubstr(node_leg().name + " has "), HasSubstr("keeps "),
                                        HasSubstr(std::to_string(size) + " MiB were asked")));
        }
    }
    if (!under_sanitizer) { // their malloc maps as it likes
        const std::string after = maps();
        EXPECT_EQ(std::count(before.begin(), before.end(), '\n'),
                  std::count(after.begin(), after.end(), '\n'));
    }
    EXPECT_LT(resident_bytes(), resident + 32 * mib); // of 64, and of what a first call loads
}

TEST(Region, MoreThanTheMachineHasIsTargetFull) {
    for (const std::uint64_t size : {std::uint64_t{1} << 24, ~std::uint64_t{0} >> 20}) {
        EXPECT_THROW(region(of_mib(size), on_node()), target_full);
    }
}

TEST(Region, ChainGoesOnWhereTheFirstIsFull) {
    const test::temporary_directory files;
    leg full = node_leg();
    full.headroom = of_mib(1U << 24);
    const placement ordered(placement_kind::chain, {full, directory_leg(files.path())});
    const region r(of_mib(6), ordered);
    EXPECT_TRUE(r.verify().kept);
    EXPECT_THAT(maps(), HasSubstr("(deleted)"));
    fill(r.bytes());
    EXPECT_TRUE(is_filled(r.bytes()));

    detail::backing memory(ordered, {});
    const auto space = memory.reserve(6 * mib);
    EXPECT_THAT(memory.commit(space.data(), space.size()).bytes, testing::ElementsAre(0, 6 * mib));
    memory.release(space.data(), space.size());
}

TEST(Region, AnExhaustedChainSaysWhatEachHad) {
    const test::temporary_directory files;
    leg full = node_leg();
    full.headroom = of_mib(1U << 24);
    leg full_too = directory_leg(files.path());
    full_too.headroom = of_mib(1U << 30);
    try {
        const region r(of_mib(6), placement(placement_kind::chain, {full, full_too}));
        FAIL();
    } catch (const target_full& e) {
        EXPECT_THAT(e.what(), AllOf(HasSubstr(full.name), HasSubstr(files.path().string())));
    }
}

TEST(Region, InterleaveKeepsItsWeights) {
    const test::temporary_directory files;
    leg three = node_leg();
    three.weight = 3;
    const placement spread(placement_kind::interleave, {three, directory_leg(files.path())});
    detail::backing memory(spread, {});
    const auto space = memory.reserve(64 * mib);
    EXPECT_THAT(memory.commit(space.data(), space.size()).bytes,
                testing::ElementsAre(48 * mib, 16 * mib));
    fill(space);
    EXPECT_TRUE(is_filled(space));
    memory.release(space.data(), space.size());
}

TEST(Region, InterleaveGoesToItsOverflowWhenALegIsFull) {
    const test::temporary_directory files;
    leg full = node_leg();
    full.headroom = of_mib(1U << 24);
    const placement strict(placement_kind::interleave, {full});
    EXPECT_THROW(region(of_mib(2), strict), target_full);
    EXPECT_THROW(region(of_mib(20), strict), target_full);
    const placement ordered(placement_kind::interleave, {full}, {directory_leg(files.path())});
    detail::backing memory(ordered, {});
    const auto space = memory.reserve(20 * mib);
    EXPECT_THAT(memory.commit(space.data(), space.size()).bytes, testing::ElementsAre(0, 20 * mib));
    memory.release(space.data(), space.size());
}

TEST(Region, InterleaveLeavesTheCallersPolicyAlone) {
    const region r(of_mib(8), placement(placement_kind::interleave, {node_leg()}));
    EXPECT_TRUE(r.verify().kept);
    std::ifstream maps_file("/proc/self/numa_maps");
    const std::string all{std::istreambuf_iterator<char>(maps_file), {}};
    EXPECT_THAT(all, HasSubstr("default"));
}

TEST(Region, PreferIsLazy) {
    region_options options;
    options.pages = page_size::base;
    const region r(of_mib(8), placement(placement_kind::prefer, {node_leg()}), options);
    EXPECT_EQ(r.where().present().bytes(), 0U);
    EXPECT_EQ(r.verify().absent.bytes(), 8 * mib);
    fill(r.bytes());
    EXPECT_EQ(r.where().on_node(node_here()).bytes(), 8 * mib);
}

TEST(Region, ADirectoryHoldsIt) {
    for (const char* const where : {"/tmp", "/dev/shm"}) {
        if (::access(where, W_OK) != 0) {
            continue;
        }
        const region r(byte_size::from_bytes(9 * mib + 1), in(where));
        EXPECT_EQ(r.size(), 9 * mib + 4096);
        EXPECT_TRUE(reads_as_zero(r.bytes()));
        fill(r.bytes());
        EXPECT_TRUE(is_filled(r.bytes()));
        EXPECT_TRUE(r.verify().kept);
    }
}

TEST(Region, AFullFileSystemIsTargetFull) {
    const test::temporary_directory files;
    try {
        const region r(of_mib(4), in(files.path()).with_headroom(of_mib(1U << 30)));
        FAIL();
    } catch (const target_full& e) {
        EXPECT_EQ(e.reason(), shortage::target);
        EXPECT_EQ(e.code(), std::errc::no_space_on_device);
    }
    EXPECT_THROW(region(of_mib(4), in("/no/such/directory")), target_lost);
}

TEST(Region, AddressesAreAligned) {
    region_options options;
    for (const std::uint64_t alignment : {std::uint64_t{4096}, 64 * mib, 1024 * mib}) {
        options.alignment = byte_size::from_bytes(alignment);
        const region r(of_mib(4), on_node(), options);
        EXPECT_EQ(std::bit_cast<std::uintptr_t>(r.data()) % alignment, 0U);
    }
    const region huge(of_mib(4), on_node());
    EXPECT_EQ(std::bit_cast<std::uintptr_t>(huge.data()) % (2 * mib), 0U);
}

TEST(Region, RefusesWhatContradictsItself) {
    const auto code_of = [](byte_size size, const placement& where, const region_options& options) {
        try {
            const region r(size, where, options);
        } catch (const error& e) {
            return e.code().value();
        }
        return 0;
    };
    region_options options;
    EXPECT_EQ(code_of({}, on_node(), options), EINVAL);
    options.alignment = byte_size::from_bytes(3 * 4096);
    EXPECT_EQ(code_of(of_mib(1), on_node(), options), EINVAL);
    options = {};
    options.contiguous = true;
    EXPECT_EQ(code_of(of_mib(1), on_node(), options), EINVAL);
    EXPECT_EQ(code_of(of_mib(1), in("/tmp"), options), EINVAL);
    options = {};
    options.pages = page_size::huge_2m;
    EXPECT_EQ(code_of(of_mib(2), in("/tmp"), options), EINVAL);
}

TEST(Region, AChildHasItOnlyWhenAsked) {
    if (!under_sanitizer) { // they handle the signal, or map something of their own there
        const region strict(of_mib(2), on_node());
        const int without = status_of_child(
            [&] { return std::to_integer<int>(*static_cast<volatile std::byte*>(strict.data())); });
        EXPECT_TRUE(WIFSIGNALED(without) && WTERMSIG(without) == SIGSEGV) << without;
    }

    region_options options;
    options.keep_on_fork = true;
    const region kept(of_mib(2), on_node(), options);
    fill(kept.bytes());
    const int with = status_of_child([&] { return is_filled(kept.bytes()) ? 7 : 8; });
    EXPECT_TRUE(WIFEXITED(with) && WEXITSTATUS(with) == 7) << with;
}

TEST(Region, AChildMakesRegionsOfItsOwn) {
    if (under_sanitizer) {
        GTEST_SKIP() << "the sanitizer's own malloc may hang in the child of a busy process";
    }
    const detail::backing_options options{.keep_on_fork = true};
    detail::backing memory(on_node(), options);
    const auto space = memory.reserve(16 * mib);
    memory.commit(space.data(), 4 * mib);
    std::atomic<bool> stop = false;
    // Somebody is always in the middle of it when the process is forked.
    std::thread busy([&] {
        while (!stop) {
            memory.commit(space.data() + 8 * mib, 4 * mib);
            memory.decommit(space.data() + 8 * mib, 4 * mib);
        }
    });
    for (int n = 0; n < 20; ++n) {
        const int status = status_of_child([&] {
            memory.commit(space.data() + 4 * mib, 4 * mib);
            return reads_as_zero(space.subspan(4 * mib, 4 * mib)) ? 0 : 1;
        });
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    }
    stop = true;
    busy.join();
    memory.release(space.data(), space.size());
}

TEST(Region, SeveralThreadsPopulateAndSeveralAsk) {
    region_options options;
    options.threads = 4;
    std::vector<std::thread> askers;
    std::atomic<int> kept = 0;
    for (int n = 0; n < 4; ++n) {
        askers.emplace_back([&] {
            const region r(of_mib(34), on_node(), options);
            kept += r.verify().kept ? 1 : 0;
        });
    }
    for (std::thread& one : askers) {
        one.join();
    }
    EXPECT_EQ(kept, 4);
}

TEST(Region, MovesAsAnObject) {
    region a(of_mib(2), on_node());
    fill(a.bytes());
    void* const place = a.data();
    region b(std::move(a));
    EXPECT_EQ(b.data(), place);
    EXPECT_EQ(a.data(), nullptr); // NOLINT(bugprone-use-after-move)
    a = region(of_mib(4), on_node());
    a = std::move(b);
    EXPECT_EQ(a.size(), 2 * mib);
    EXPECT_TRUE(is_filled(a.bytes()));
}

TEST(Region, LocksItsPages) {
    if (under_sanitizer) {
        GTEST_SKIP() << "sanitizers make mlock() do nothing";
    }
    region r(of_mib(1), on_node());
    r.lock();
    r.unlock();
    const int status = status_of_child([] {
        const struct rlimit little { 4096, 4096 };
        ::setrlimit(RLIMIT_MEMLOCK, &little);
        if (::setuid(65534) != 0) {
            return 77;
        }
        region_options options;
        options.locked = true;
        try {
            const region locked(of_mib(1), on_node(), options);
        } catch (const not_permitted& e) {
            return std::string(e.what()).find("RLIMIT_MEMLOCK") != std::string::npos ? 0 : 1;
        }
        return 2;
    });
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        GTEST_SKIP() << "only root can become a user without CAP_IPC_LOCK";
    }
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Region, VerifyCountsWhatWasGivenBack) {
    region_options options;
    options.pages = page_size::base;
    const region r(of_mib(4), on_node(), options);
    ::madvise(r.data(), mib, MADV_DONTNEED);
    const verification now = r.verify();
    EXPECT_FALSE(now.kept);
    EXPECT_EQ(now.absent.bytes(), mib);
    EXPECT_EQ(now.now.on_node(node_here()).bytes(), 3 * mib);
}

TEST(Region, MovesBetweenNodeAndDirectory) {
    const test::temporary_directory files;
    region r(of_mib(70), on_node());
    fill(r.bytes());
    void* const place = r.data();
    EXPECT_THROW(r.migrate(in(files.path())), error);

    int quiet = 0;
    migrate_options options;
    options.quiesce = [&] { ++quiet; };
    options.resume = [&] { --quiet; };
    std::vector<std::uint64_t> steps;
    options.progress = [&](byte_size done, byte_size total) {
        EXPECT_EQ(quiet, 1);
        EXPECT_EQ(total.bytes(), 70 * mib);
        steps.push_back(done.bytes());
        return true;
    };
    EXPECT_TRUE(r.migrate(in(files.path()), options).complete);
    EXPECT_EQ(quiet, 0);
    EXPECT_EQ(steps.back(), 70 * mib);
    EXPECT_EQ(r.data(), place);
    EXPECT_EQ(r.asked(), in(files.path()));
    EXPECT_TRUE(is_filled(r.bytes()));
    EXPECT_TRUE(r.verify().kept);

    EXPECT_TRUE(r.migrate(on_node(), options).complete);
    EXPECT_TRUE(is_filled(r.bytes()));
    EXPECT_EQ(r.where().on_node(node_here()).bytes(), 70 * mib);

    options.progress = [](byte_size, byte_size) { return false; };
    try {
        r.migrate(in(files.path()), options);
        FAIL() << "it was to stop";
    } catch (const target_full& e) {
        EXPECT_EQ(e.code(), std::errc::operation_canceled);
    }
    options.all_or_nothing = false;
    const migration stopped = r.migrate(in(files.path()), options);
    EXPECT_FALSE(stopped.complete);
    EXPECT_EQ(stopped.remaining.bytes(), 70 * mib);
    EXPECT_EQ(quiet, 0);
    EXPECT_EQ(r.asked(), on_node());
    EXPECT_TRUE(is_filled(r.bytes()));
}

TEST(Region, IsLookedAtWhileItMoves) {
    const test::temporary_directory files;
    region r(of_mib(4), on_node());
    migrate_options options;
    options.quiesce = [] {};
    options.resume = [] {};
    std::atomic<bool> done = false;
    std::size_t wrong = 0;
    std::thread looking([&] {
        while (!done) {
            const bool kept = r.verify().kept;
            const placement now = r.asked();
            const bool is_known = now == on_node() || now == in(files.path());
            const bool is_there = r.where().present().bytes() == 4 * mib;
            wrong += kept && is_known && is_there ? 0U : 1U;
        }
    });
    for (int i = 0; i < 40; ++i) {
        r.migrate(i % 2 == 0 ? in(files.path()) : on_node(), options);
    }
    done = true;
    looking.join();
    EXPECT_EQ(wrong, 0U);
}

TEST(Region, AMigrationThatDoesNotFitLeavesItAsItWas) {
    const test::temporary_directory files;
    region r(of_mib(6), on_node());
    fill(r.bytes());
    const placement full = in(files.path()).with_headroom(of_mib(1U << 30));
    migrate_options options;
    int quiet = 0;
    options.quiesce = [&] { ++quiet; };
    options.resume = [&] { ++quiet; };
    EXPECT_THROW(r.migrate(full, options), target_full);
    options.all_or_nothing = false;
    const migration got = r.migrate(full, options);
    EXPECT_FALSE(got.complete);
    EXPECT_EQ(got.remaining.bytes(), 6 * mib);
    EXPECT_THAT(got.why, HasSubstr(files.path().string()));
    EXPECT_EQ(quiet, 0) << "nobody has to stop for what does not happen";
    EXPECT_TRUE(is_filled(r.bytes()));
}

TEST(Region, MigratingToWhereItIsMovesNothing) {
    region r(of_mib(6), on_node());
    fill(r.bytes());
    const migration got = r.migrate(on_node());
    EXPECT_TRUE(got.complete) << got.why;
    EXPECT_EQ(got.moved.bytes(), 0U);
    EXPECT_TRUE(is_filled(r.bytes()));
    EXPECT_TRUE(r.verify().kept);
}

TEST(Backing, PartsComeAndGo) {
    detail::backing memory(on_node(), {.pages = page_size::base});
    const auto space = memory.reserve(8 * mib);
    std::byte* const middle = space.data() + 2 * mib;
    EXPECT_TRUE(memory.commit(middle, mib).zeroed);
    EXPECT_EQ(where(middle, mib).present().bytes(), mib);
    fill({middle, mib});
    memory.decommit(middle, mib);
    EXPECT_EQ(where(space.data(), space.size()).present().bytes(), 0U);
    memory.commit(middle, mib);
    EXPECT_TRUE(reads_as_zero({middle, mib}));
    memory.release(space.data(), space.size());
}

TEST(Region, HugePagesComeFromThePoolOfTheNode) {
    const test::huge_pages pool(node_here(), 2 * mib, 12 * mib);
    if (!pool.ok()) {
        GTEST_SKIP() << "this user cannot make a pool of huge pages here";
    }
    region_options options;
    options.pages = page_size::huge_2m;
    region r(of_mib(7), on_node(), options);
    EXPECT_EQ(r.size(), 8 * mib);
    EXPECT_TRUE(r.verify().kept);
    EXPECT_EQ(r.where().on_node(node_here()).bytes(), 8 * mib);
    fill(r.bytes());
    EXPECT_TRUE(is_filled(r.bytes()));
    try {
        const region more(of_mib(64U << 10), on_node(), options);
        FAIL() << "a pool of 64 GiB";
    } catch (const target_full& e) {
        EXPECT_EQ(e.reason(), shortage::huge_page_pool);
        EXPECT_THAT(e.what(), AllOf(HasSubstr("the pool of 2 MiB pages of " + node_leg().name),
                                    HasSubstr("nr_hugepages")));
    }
    EXPECT_NO_THROW(
        region(of_mib(4), placement(placement_kind::interleave, {node_leg()}), options));
    try {
        r.migrate(on_node());
        FAIL() << "pages of a pool were moved";
    } catch (const error& e) {
        EXPECT_EQ(e.code(), std::errc::invalid_argument);
    }
}

TEST(Region, APoolThatIsNotThereIsTargetFull) {
    region_options options;
    options.pages = page_size::huge_1g;
    const std::string pool = "/sys/devices/system/node/node" + std::to_string(node_here()) +
                             "/hugepages/hugepages-1048576kB/free_hugepages";
    int free = 0;
    if (std::ifstream(pool) >> free && free > 0) {
        GTEST_SKIP() << pool << " is not empty";
    }
    try {
        const region r(of_mib(1024), on_node(), options);
        FAIL();
    } catch (const target_full& e) {
        EXPECT_EQ(e.reason(), shortage::huge_page_pool);
        EXPECT_THAT(e.what(), HasSubstr("1 GiB pages"));
    }
}

/// A cgroup with a memory limit; this process' child joins it.
class limited_cgroup {
public:
    explicit limited_cgroup(std::uint64_t limit) {
        const std::string name = "/hetmem-test-" + std::to_string(::getpid());
        for (const auto& [place, file] :
             {std::pair<std::string, std::string>{"/sys/fs/cgroup", "memory.max"},
              {"/sys/fs/cgroup/memory", "memory.limit_in_bytes"}}) {
            std::error_code failed;
            path_ = place + name;
            // Where the other version is mounted this may be an ordinary directory.
            if (!std::filesystem::create_directory(path_, failed) || failed) {
                continue;
            }
            made_ = true;
            if (std::filesystem::exists(path_ + "/" + file, failed)) {
                std::ofstream out(path_ + "/" + file);
                out << limit;
                out.close();
                usable_ = static_cast<bool>(out);
            }
            if (usable_) {
                return;
            }
            ::rmdir(path_.c_str());
            made_ = false;
        }
    }
    limited_cgroup(const limited_cgroup&) = delete;
    limited_cgroup& operator=(const limited_cgroup&) = delete;
    ~limited_cgroup() {
        if (made_) {
            ::rmdir(path_.c_str());
        }
    }
    explicit operator bool() const { return usable_; }
    bool join() const {
        std::ofstream out(path_ + "/cgroup.procs");
        out << 0;
        out.close();
        return static_cast<bool>(out);
    }

private:
    std::string path_;
    bool made_ = false;
    bool usable_ = false;
};

TEST(Region, ALimitOfTheCgroupIsNamedAndNobodyIsKilled) {
    const limited_cgroup group(200 * mib);
    if (!group) {
        GTEST_SKIP() << "this user cannot make a cgroup with a memory limit here";
    }
    for (const page_size pages : {page_size::transparent, page_size::base}) {
        const int status = status_of_child([&] {
            if (!group.join()) {
                return 77;
            }
            region_options options;
            options.pages = pages;
            // In parts too small to be refused as a whole.
            std::vector<region> parts;
            try {
                for (int n = 0; n < 100; ++n) {
                    parts.emplace_back(of_mib(4), on_node(), options);
                }
            } catch (const target_full& e) {
                if (e.reason() != shortage::cgroup || parts.size() < 20) {
                    return 3;
                }
                parts.clear();
                try {
                    const region whole(of_mib(300), on_node(), options);
                } catch (const target_full& all) {
                    return all.reason() == shortage::cgroup ? 0 : 4;
                }
                return 5;
            }
            return 6;
        });
        ASSERT_TRUE(WIFEXITED(status)) << "killed";
        if (WEXITSTATUS(status) == 77) {
            GTEST_SKIP() << "cannot join the cgroup";
        }
        EXPECT_EQ(WEXITSTATUS(status), 0);
    }
}

} // namespace
} // namespace hetmem
