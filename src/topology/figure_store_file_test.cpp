#include "topology/figure_store.hpp"

#include "tests/support/tree.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

namespace hetmem::detail {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

topology machine() {
    return from_json(R"({"format": "hetmem-topology", "version": 1,
        "initiators": [{"name": "node0", "node": 0, "cpus": "0-3"}],
        "targets": [{"name": "node0", "node": 0, "size": 4000, "cpus": "0-3"},
                    {"name": "node1", "node": 1, "size": 4000}]})");
}

measurements given(std::string target, std::uint64_t picoseconds = 100'000) {
    measurements all;
    all.given = {{"node0",
                  std::move(target),
                  quantity::read_latency,
                  picoseconds,
                  source::override_,
                  "",
                  {}}};
    return all;
}

mode_t mode_of(const fs::path& path) {
    struct stat about {};
    EXPECT_EQ(::stat(path.c_str(), &about), 0) << path;
    return about.st_mode & 07777U;
}

class StoreFile : public testing::Test {
protected:
    test::temporary_directory place_;
    const fs::path store_ = place_.path() / "state/hetmem/figures.json";
};

TEST_F(StoreFile, ThatIsNotThereIsEmpty) {
    EXPECT_EQ(read_measurements(store_), measurements());
    EXPECT_EQ(forget_measurements(store_), 0U);
    EXPECT_FALSE(fs::exists(store_.parent_path())) << "nothing is made for nothing";
}

TEST_F(StoreFile, IsItsOwnersAlone) {
    const mode_t before = ::umask(0);
    keep_measurements(store_, machine(), given("node1"));
    ::umask(before);
    EXPECT_EQ(mode_of(store_), 0600U);
    EXPECT_EQ(mode_of(store_.parent_path()), 0700U);
    EXPECT_EQ(mode_of(place_.path() / "state"), 0700U);
    EXPECT_THAT(read_measurements(store_).given, SizeIs(1));
}

TEST_F(StoreFile, IsLeftAsItWasWhenWhatComesIsRefused) {
    keep_measurements(store_, machine(), given("node1"));
    EXPECT_THROW(keep_measurements(store_, machine(), given("node9")), no_such_target);
    EXPECT_THROW(keep_measurements(store_, machine(), given("node0", 0)), malformed_file);
    EXPECT_THAT(read_measurements(store_).given, SizeIs(1));
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(store_.parent_path())) {
        ++files;
    }
    EXPECT_EQ(files, 2U) << "the store and its lock, and nothing temporary";
}

TEST_F(StoreFile, ThatIsDamagedIsNotWrittenOver) {
    keep_measurements(store_, machine(), given("node1"));
    fs::resize_file(store_, 20);
    EXPECT_THROW(keep_measurements(store_, machine(), given("node0")), malformed_file);
    EXPECT_THROW(forget_measurements(store_, {"node1"}), malformed_file);
    EXPECT_EQ(fs::file_size(store_), 20U);
    forget_measurements(store_); // all of it: that can be done
    EXPECT_EQ(read_measurements(store_), measurements());
}

TEST_F(StoreFile, NothingIsLostWhenSeveralWriteAtOnce) {
    std::vector<std::thread> writers;
    for (const auto what : all_quantities) {
        writers.emplace_back([this, what] {
            measurements more = given("node1");
            more.given[0].what = what;
            keep_measurements(store_, machine(), more);
        });
    }
    for (std::thread& one : writers) {
        one.join();
    }
    EXPECT_THAT(read_measurements(store_).given, SizeIs(4));
}

TEST_F(StoreFile, ForgettingLeavesAnEmptyOne) {
    keep_measurements(store_, machine(), given("node1"));
    EXPECT_EQ(forget_measurements(store_, {"node0"}), 0U);
    EXPECT_EQ(forget_measurements(store_), 1U);
    EXPECT_TRUE(fs::exists(store_));
    EXPECT_THAT(read_measurements(store_).given, IsEmpty());
}

TEST_F(StoreFile, ThatOneMayNotReadOrWriteIsSaid) {
    keep_measurements(store_, machine(), given("node1"));
    ASSERT_EQ(::chmod(store_.c_str(), 0), 0);
    ASSERT_EQ(::chmod(store_.parent_path().c_str(), 0500), 0);
    const test::ordinary_user me;
    EXPECT_THROW(read_measurements(store_), not_permitted);
    EXPECT_THROW(keep_measurements(store_, machine(), given("node0")), not_permitted);
}

TEST_F(StoreFile, ThatOthersCanWriteIsNotTrusted) {
    keep_measurements(store_, machine(), given("node1"));
    std::vector<source_report> reports;
    std::vector<notice> notices;
    EXPECT_TRUE(read_own_store(store_, reports, notices));
    EXPECT_THAT(notices, IsEmpty());
    ASSERT_EQ(::chmod(store_.c_str(), 0666), 0);
    EXPECT_FALSE(read_own_store(store_, reports, notices));
    ASSERT_THAT(notices, SizeIs(1));
    EXPECT_THAT(notices[0].why, HasSubstr("somebody else may write it"));
    EXPECT_EQ(reports.back().status, source_status::ignored);
    ASSERT_EQ(::chmod(store_.c_str(), 0600), 0);
    ASSERT_EQ(::chmod(store_.parent_path().c_str(), 0777), 0);
    EXPECT_FALSE(read_own_store(store_, reports, notices)) << "anybody could have put it there";
    ASSERT_THAT(notices, SizeIs(2));
    EXPECT_THAT(notices[1].why, HasSubstr("somebody else may write it"));
}

TEST_F(StoreFile, ThatIsAPipeIsNotWaitedFor) {
    fs::create_directories(store_.parent_path());
    ASSERT_EQ(::chmod(store_.parent_path().c_str(), 0700), 0);
    ASSERT_EQ(::mkfifo(store_.c_str(), 0600), 0);
    std::vector<source_report> reports;
    std::vector<notice> notices;
    EXPECT_FALSE(read_own_store(store_, reports, notices));
    EXPECT_EQ(reports.back().status, source_status::ignored);
}

TEST_F(StoreFile, TheMachinesIsTrustedOnlyWhenItIsRootsAlone) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs files of root";
    }
    keep_measurements(store_, machine(), given("node1"));
    std::vector<source_report> reports;
    std::vector<notice> notices;
    EXPECT_TRUE(read_store_of_root(store_, reports, notices));
    ASSERT_EQ(::chmod(store_.parent_path().c_str(), 0777), 0);
    EXPECT_FALSE(read_store_of_root(store_, reports, notices)) << "anybody could have put it there";
    ASSERT_EQ(::chmod(store_.parent_path().c_str(), 0755), 0);
    constexpr uid_t somebody = 12345;
    ASSERT_EQ(::chown(store_.c_str(), somebody, somebody), 0);
    EXPECT_FALSE(read_store_of_root(store_, reports, notices));
    EXPECT_THAT(notices, SizeIs(2));
    EXPECT_FALSE(read_store_of_root(place_.path() / "none/figures.json", reports, notices));
    EXPECT_THAT(notices, SizeIs(2)) << "that there is none is nothing to tell";
}

TEST(UserStore, IsInTheStateDirectory) {
    EXPECT_EQ(user_store_for(false, nullptr, "/home/a"),
              "/home/a/.local/state/hetmem/figures.json");
    EXPECT_EQ(user_store_for(false, "/var/state", "/home/a"), "/var/state/hetmem/figures.json");
    EXPECT_EQ(user_store_for(false, "state", "/home/a"), "/home/a/.local/state/hetmem/figures.json")
        << "a relative path is invalid";
    EXPECT_EQ(user_store_for(false, "", "/home/a"), "/home/a/.local/state/hetmem/figures.json");
    EXPECT_TRUE(user_store_for(false, nullptr, "").empty());
}

TEST(UserStore, DoesNotCountForSetUserIdPrograms) {
    EXPECT_TRUE(user_store_for(true, "/tmp/mine", "/home/a").empty());
    EXPECT_TRUE(user_store_for(true, nullptr, "/home/a").empty());
}

TEST(MachineMark, IsTheProcessorAndTheMachineWithoutItsFirmware) {
    const test::tree root(
        {{"proc/cpuinfo", "processor\t: 0\nmodel name\t: Made-up CPU\n\n"},
         {"sys/class/dmi/id/modalias", "dmi:bvnACME:bvr1.2:bd01/02/2026:br5.1:svnACME:pnBox:\n"}});
    EXPECT_EQ(read_machine_mark(kernel::rooted_reader(root.root())),
              (machine_mark{"Made-up CPU", "dmi:svnACME:pnBox:"}));
}

} // namespace
} // namespace hetmem::detail
