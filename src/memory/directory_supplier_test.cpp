#include <hetmem/error.hpp>
#include <hetmem/placement.hpp>
#include <hetmem/rank.hpp>
#include <hetmem/region.hpp>

#include "tests/support/tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hetmem {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

leg directory_leg(const std::filesystem::path& where) {
    leg one;
    one.kind = leg_kind::directory;
    one.name = where.string();
    one.path = where;
    return one;
}

leg node_leg() {
    leg one;
    one.node = static_cast<int>(allowed_nodes().first().value_or(0));
    one.name = fmt::format("node{}", one.node);
    return one;
}

placement in(const std::filesystem::path& directory) {
    return {placement_kind::bind, {directory_leg(directory)}};
}

placement first_in(const std::filesystem::path& directory) {
    return {placement_kind::chain, {directory_leg(directory), node_leg()}};
}

/// "kept", or what was thrown.
std::string outcome(std::uint64_t mib, const placement& where) {
    try {
        const region r(byte_size::from_mib(mib), where);
        for (std::byte& one : r.bytes()) {
            one = std::byte{1};
        }
        return r.verify().kept ? "kept" : "not kept";
    } catch (const target_full& e) {
        const bool of_storage = e.code() == std::errc::no_space_on_device;
        return fmt::format("full, {}: {}", of_storage ? "ENOSPC" : "ENOMEM", e.what());
    } catch (const error& e) {
        return fmt::format("error {}: {}", e.code().value(), e.what());
    }
}

/// What `work` says in a process of its own.
std::string in_child(const std::function<std::string()>& work) {
    int ends[2] = {-1, -1};
    if (::pipe(ends) != 0) {
        return "no pipe";
    }
    const pid_t child = ::fork();
    if (child == 0) {
        const struct rlimit no_core {};
        ::setrlimit(RLIMIT_CORE, &no_core);
        std::string text = "another exception";
        try {
            text = work();
        } catch (...) {
            static_cast<void>(0);
        }
        const bool told = ::write(ends[1], text.data(), text.size()) >= 0;
        ::_exit(told ? 0 : 1);
    }
    ::close(ends[1]);
    std::string text(4096, '\0');
    const ssize_t got = ::read(ends[0], text.data(), text.size());
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? fmt::format("killed by signal {}", WTERMSIG(status)) : text;
}

constexpr const char* not_mounted = "not mounted";

/// With a file system of this type there, which only that process sees.
std::string with_mounted(const char* type, const char* options,
                         const std::filesystem::path& directory,
                         const std::function<std::string()>& work) {
    return in_child([&]() -> std::string {
        if (::unshare(CLONE_NEWNS) != 0) {
            return not_mounted;
        }
        if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("none", directory.c_str(), type, 0, options) != 0) {
            return not_mounted;
        }
        return work();
    });
}

void allow_files_of(std::uint64_t bytes) {
    struct rlimit limit {};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
}

TEST(Directory, ALimitOfTheFileSizeIsTargetFullAndKillsNobody) {
    const test::temporary_directory files;
    for (const std::filesystem::path& where : {files.path(), std::filesystem::path("/dev/shm")}) {
        if (::access(where.c_str(), W_OK) != 0) {
            continue;
        }
        const auto attempt = [&](const placement& to, std::uint64_t mib) {
            return in_child([&] {
                allow_files_of((std::uint64_t{1} << 20) + 1);
                return outcome(mib, to);
            });
        };
        EXPECT_THAT(attempt(in(where), 4),
                    AllOf(StartsWith("full, ENOSPC: "), HasSubstr("RLIMIT_FSIZE"),
                          HasSubstr("files of 1 MiB; 4 MiB were asked")));
        EXPECT_EQ(attempt(in(where), 1), "kept");
        EXPECT_EQ(attempt(first_in(where), 4), "kept");
        EXPECT_EQ(attempt(first_in(where), 8), "kept");
    }
}

TEST(Directory, WithoutRoomForAnotherFileItIsFull) {
    const test::temporary_directory files;
    const auto attempt = [&](const placement& to) {
        return with_mounted("tmpfs", "nr_inodes=1", files.path(), [&] { return outcome(4, to); });
    };
    const std::string full = attempt(in(files.path()));
    if (full == not_mounted) {
        GTEST_SKIP() << "this user cannot mount a file system here";
    }
    EXPECT_THAT(full, AllOf(StartsWith("full, ENOSPC: "), HasSubstr(files.path().string()),
                            HasSubstr("no room for another file")));
    EXPECT_EQ(attempt(first_in(files.path())), "kept");
}

TEST(Directory, AFileSystemWithoutALimitHasWhatTheSystemHas) {
    const test::temporary_directory files;
    const auto attempt = [&](std::uint64_t mib, const placement& to) {
        return with_mounted("ramfs", nullptr, files.path(), [&] { return outcome(mib, to); });
    };
    const std::string small = attempt(4, in(files.path()));
    if (small == not_mounted) {
        GTEST_SKIP() << "this user cannot mount a file system here";
    }
    EXPECT_EQ(small, "kept");
    EXPECT_EQ(attempt(20, in(files.path())), "kept");
    const byte_size all = byte_size::from_mib(std::uint64_t{1} << 30);
    for (const std::uint64_t mib : {4U, 20U}) {
        EXPECT_THAT(attempt(mib, in(files.path()).with_headroom(all)),
                    AllOf(StartsWith("full, ENOMEM: "), HasSubstr("has no limit")));
    }
}

TEST(Directory, FilesOfHugePagesAreRefused) {
    const test::temporary_directory files;
    const std::string got = with_mounted("hugetlbfs", nullptr, files.path(),
                                         [&] { return outcome(4, in(files.path())); });
    if (got == not_mounted) {
        GTEST_SKIP() << "this user cannot mount a file system here";
    }
    EXPECT_THAT(got, AllOf(StartsWith(fmt::format("error {}: ", EINVAL)), HasSubstr("huge_2m")));
}

TEST(Directory, SaysWhereNoFileCanBeMade) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "others than root may not write there at all";
    }
    for (const std::uint64_t mib : {4U, 20U}) {
        EXPECT_THAT(outcome(mib, in("/proc")),
                    AllOf(StartsWith(fmt::format("error {}: ", EOPNOTSUPP)),
                          HasSubstr("no file can be made in /proc")));
    }
}

} // namespace
} // namespace hetmem
