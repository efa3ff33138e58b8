#include "publish/run_directory.hpp"

#include "tests/support/tree.hpp"
#include "topology/published.hpp"

#include <hetmem/error.hpp>

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <new>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hetmem::detail {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

void write(const fs::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
}

mode_t mode_of(const fs::path& file) {
    struct stat about {};
    EXPECT_EQ(::lstat(file.c_str(), &about), 0) << file;
    return about.st_mode & 07777U;
}

std::vector<std::string> names_in(const fs::path& directory) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory)) {
        names.push_back(entry.path().filename().string());
    }
    return names;
}

/// What generation `number` looks like: other content and another number of files each time.
file_tree files_of(std::uint64_t number) {
    using enum tree_entry::kind;
    const std::string n = std::to_string(number);
    file_tree files = {
        {"snapshot", file, "snapshot " + n, 0644},
        {"private", file, std::string(100'000, static_cast<char>('a' + number % 26)), 0600},
        {"topology.json", file, "{\"generation\":" + n + "}", 0644},
        {"empty", file, "", 0644},
        {"adopted/HMAT", file, "table " + n, 0600},
        {"adopted", directory, "", 0700},
        {"hmem/mem_tgt0/local_init/mem_init0", link, "../../mem_init0", 0},
    };
    for (std::uint64_t i = 0; i < number % 4; ++i) {
        files.push_back({"hmem/mem_tgt" + std::to_string(i) + "/is_enabled", file, n, 0444});
    }
    return files;
}

/// Every file, link and directory below, with what it holds.
std::map<std::string, std::string> read_tree(const fs::path& top) {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(top)) {
        const std::string name = entry.path().lexically_relative(top).string();
        all[name] = entry.is_symlink()     ? "-> " + fs::read_symlink(entry.path()).string()
                    : entry.is_directory() ? "directory"
                                           : text_of(entry.path());
    }
    return all;
}

std::map<std::string, std::string> expected_tree(std::uint64_t number) {
    std::map<std::string, std::string> all;
    for (const tree_entry& entry : files_of(number)) {
        for (fs::path above = fs::path(entry.path).parent_path(); !above.empty();
             above = above.parent_path()) {
            all[above.string()] = "directory";
        }
        all[entry.path] = entry.what == tree_entry::kind::link        ? "-> " + entry.content
                          : entry.what == tree_entry::kind::directory ? "directory"
                                                                      : entry.content;
    }
    return all;
}

/// The number of the generation that `current` points to, which must be whole.
std::uint64_t whole_generation(const fs::path& place) {
    const std::string to = fs::read_symlink(place / "current");
    EXPECT_TRUE(to.starts_with("generations/")) << to;
    const std::uint64_t number = std::stoull(to.substr(to.find('/') + 1));
    EXPECT_EQ(read_tree(place / "current/"), expected_tree(number)) << "generation " << number;
    return number;
}

class RunDirectory : public testing::Test {
protected:
    ~RunDirectory() override { run_directory::before_each_step({}); }

    /// What a start says now.
    std::error_code refusal() const {
        try {
            const run_directory refused(place_);
        } catch (const error& e) {
            return e.code();
        }
        return {};
    }

    test::temporary_directory temporary_;
    fs::path place_ = temporary_.path() / "hetmem";
};

TEST_F(RunDirectory, IsMadeWithWhatItNeeds) {
    const run_directory directory(place_);
    EXPECT_EQ(directory.current(), std::nullopt);
    EXPECT_EQ(directory.place(), place_);
    EXPECT_THAT(names_in(place_),
                UnorderedElementsAre("lock", "seen", "requests", "generations", "topology.json",
                                     "history.jsonl", "hmem", "fsroot", "hwloc.xml"));
    EXPECT_EQ(mode_of(place_), 0755U);
    EXPECT_EQ(mode_of(place_ / "lock"), 0600U);
    EXPECT_EQ(mode_of(place_ / "requests"), 0700U);
    EXPECT_EQ(mode_of(place_ / "seen"), 0644U);
}

TEST_F(RunDirectory, PublishesAGenerationWhole) {
    run_directory directory(place_);
    directory.publish(7, files_of(7));
    EXPECT_EQ(directory.current(), 7U);
    EXPECT_EQ(whole_generation(place_), 7U);
    EXPECT_EQ(text_of(place_ / "topology.json"), "{\"generation\":7}");
    EXPECT_EQ(mode_of(place_ / "current/snapshot"), 0644U);
    EXPECT_EQ(mode_of(place_ / "current/private"), 0600U);
    EXPECT_EQ(mode_of(place_ / "current/adopted"), 0700U);
    EXPECT_EQ(mode_of(place_ / "current/hmem"), 0755U);
}

TEST_F(RunDirectory, TakesAGenerationInParts) {
    using enum tree_entry::kind;
    run_directory place(place_);
    place.publish(1, [](const tree_sink& take) {
        take({{"long", file, "the beginning", 0644}, {"below/a", file, "1", 0644}});
        take({{"long", more, ", the middle", 0}});
        take({{"long", more, " and the end", 0}, {"below/b", file, "2", 0600}});
    });
    EXPECT_EQ(text_of(place_ / "current/long"), "the beginning, the middle and the end");
    EXPECT_EQ(text_of(place_ / "current/below/b"), "2");
}

TEST_F(RunDirectory, LeavesNothingWhenItsPartsCannotBeMade) {
    run_directory directory(place_);
    directory.publish(1, files_of(1));
    EXPECT_THROW(directory.publish(2,
                                   [](const tree_sink& take) {
                                       take(files_of(2));
                                       throw std::bad_alloc();
                                   }),
                 std::bad_alloc);
    EXPECT_EQ(whole_generation(place_), 1U);
    EXPECT_THAT(names_in(place_ / "generations"), ElementsAre("1"));
}

TEST_F(RunDirectory, KeepsTheGenerationBefore) {
    run_directory directory(place_);
    for (const std::uint64_t number : {1U, 2U, 5U, 10U}) {
        directory.publish(number, files_of(number));
    }
    EXPECT_THAT(names_in(place_ / "generations"), UnorderedElementsAre("5", "10"));
    EXPECT_EQ(read_tree(place_ / "generations/5"), expected_tree(5));
}

TEST_F(RunDirectory, ContinuesAfterARestart) {
    { run_directory(place_).publish(3, files_of(3)); }
    run_directory directory(place_);
    EXPECT_EQ(directory.current(), 3U);
    EXPECT_EQ(whole_generation(place_), 3U);
    EXPECT_THROW(directory.publish(3, files_of(4)), error) << "a number is used once";
    EXPECT_EQ(whole_generation(place_), 3U);
}

TEST_F(RunDirectory, IsOfOneWriterAtATime) {
    const run_directory first(place_);
    EXPECT_TRUE(somebody_publishes(place_));
    try {
        const run_directory second(place_);
        FAIL() << "two writers";
    } catch (const error& e) {
        EXPECT_EQ(e.code(), std::errc::device_or_resource_busy);
        EXPECT_THAT(e.what(), HasSubstr((place_ / "lock").string()));
    }
}

TEST_F(RunDirectory, IsFreeWhenItsWriterIsGone) {
    EXPECT_FALSE(somebody_publishes(place_)) << "there is no such directory";
    { const run_directory gone(place_); }
    EXPECT_FALSE(somebody_publishes(place_));
    EXPECT_NO_THROW(run_directory{place_});
}

TEST_F(RunDirectory, RefusesAPlaceWhereOthersMayWrite) {
    fs::create_directory(place_);
    fs::permissions(place_, fs::perms::all);
    try {
        const run_directory directory(place_);
        FAIL() << "anybody could put a link there";
    } catch (const error& e) {
        EXPECT_EQ(e.code(), std::errc::operation_not_permitted);
        EXPECT_THAT(e.what(), HasSubstr(place_.string()));
    }
}

TEST_F(RunDirectory, RefusesALink) {
    fs::create_directory(temporary_.path() / "elsewhere");
    fs::create_directory_symlink("elsewhere", place_);
    EXPECT_EQ(refusal(), std::errc::not_a_directory);
    EXPECT_THAT(names_in(temporary_.path() / "elsewhere"), ElementsAre());
}

TEST_F(RunDirectory, RefusesADirectoryOfSomebodyElse) {
    fs::create_directories(place_ / "generation 1");
    write(place_ / "photographs", "many");
    EXPECT_EQ(refusal(), std::errc::directory_not_empty);
    EXPECT_THAT(names_in(place_), UnorderedElementsAre("photographs", "generation 1"));
}

TEST_F(RunDirectory, RefusesFilesThatAreNone) {
    for (const char* name : {"lock", "seen"}) {
        fs::remove_all(place_);
        { const run_directory made(place_); }
        fs::remove(place_ / name);
        ASSERT_EQ(::mkfifo((place_ / name).c_str(), 0600), 0);
        EXPECT_EQ(refusal(), std::errc::invalid_argument) << name;
        fs::remove(place_ / name);
        fs::create_symlink("health.json", place_ / name);
        EXPECT_EQ(refusal(), std::errc::too_many_symbolic_link_levels) << name;
    }
    fs::remove_all(place_);
    { const run_directory made(place_); }
    fs::remove(place_ / "generations");
    fs::create_directory_symlink("requests", place_ / "generations");
    EXPECT_EQ(refusal(), std::errc::not_a_directory);
}

TEST_F(RunDirectory, RemovesOnlyWhatItMakes) {
    { run_directory(place_).publish(3, files_of(3)); }
    const std::vector<std::string> foreign = {"notes",
                                              "generations/notes",
                                              "generations/03",
                                              "generations/.new-x",
                                              "generations/.old-",
                                              "generations/9007199254740993",
                                              ".new-notes",
                                              ".new-",
                                              "requests/new"};
    const std::vector<std::string> ours = {"generations/4",      "generations/.new-4",
                                           "generations/.old-1", ".new-current",
                                           ".new-health.json",   ".new-hmem"};
    for (const auto& names : {foreign, ours}) {
        for (const std::string& name : names) {
            fs::create_directories(place_ / name / "deep");
        }
    }
    run_directory directory(place_);
    for (const std::string& name : ours) {
        EXPECT_FALSE(fs::exists(place_ / name)) << name;
    }
    directory.publish(4, files_of(4));
    directory.publish(5, files_of(5));
    for (const std::string& name : foreign) {
        EXPECT_TRUE(fs::exists(place_ / name / "deep")) << name;
    }
    EXPECT_EQ(whole_generation(place_), 5U);
}

TEST_F(RunDirectory, GoesOnCountingWhenCurrentIsDamaged) {
    for (const std::string to :
         {"", "nonsense", "generations/18446744073709551615", "generations/9007199254740993",
          "generations/99", "generations/007", "/generations/7"}) {
        SCOPED_TRACE(to);
        fs::remove_all(place_);
        {
            run_directory before(place_);
            before.publish(6, files_of(6));
            before.publish(7, files_of(7));
        }
        fs::create_directory(place_ / "generations/9007199254740993");
        fs::create_directory(place_ / "generations/18446744073709551615");
        fs::remove(place_ / "current");
        if (!to.empty()) {
            fs::create_symlink(to, place_ / "current");
        }
        run_directory directory(place_);
        EXPECT_EQ(directory.current(), std::nullopt);
        EXPECT_EQ(directory.last_number(), 7U);
        EXPECT_EQ(read_tree(place_ / "generations/6"), expected_tree(6));
        EXPECT_EQ(read_tree(place_ / "generations/7"), expected_tree(7));
        EXPECT_THROW(directory.publish(7, files_of(8)), error);
        directory.publish(8, files_of(8));
        EXPECT_EQ(whole_generation(place_), 8U);
        EXPECT_EQ(read_tree(place_ / "generations/7"), expected_tree(7));
        EXPECT_FALSE(fs::exists(place_ / "generations/6"));
    }
}

TEST_F(RunDirectory, MakesAgainWhatSomebodyRemoved) {
    run_directory directory(place_);
    directory.publish(1, files_of(1));
    fs::remove_all(place_);
    directory.restore();
    EXPECT_EQ(directory.current(), std::nullopt);
    EXPECT_EQ(directory.last_number(), 1U);
    EXPECT_EQ(refusal(), std::errc::device_or_resource_busy) << "still ours";
    EXPECT_EQ(mode_of(place_ / "requests"), 0700U);

    fs::remove_all(place_);
    directory.publish(2, files_of(2));
    EXPECT_EQ(whole_generation(place_), 2U);
    directory.set_seen(3);
    EXPECT_EQ(text_of(place_ / "seen").size(), sizeof(seen_record));

    fs::remove_all(place_);
    directory.replace("health.json", "{}");
    EXPECT_EQ(text_of(place_ / "health.json"), "{}");
    EXPECT_EQ(refusal(), std::errc::device_or_resource_busy);
}

TEST_F(RunDirectory, LeavesThePlaceToWhoTookItMeanwhile) {
    run_directory first(place_);
    first.publish(1, files_of(1));
    fs::remove_all(place_);
    run_directory second(place_);
    second.publish(1, files_of(1));
    EXPECT_THROW(first.publish(2, files_of(2)), error);
    EXPECT_THROW(first.replace("health.json", "{}"), error);
    EXPECT_EQ(whole_generation(place_), 1U);
    EXPECT_FALSE(fs::exists(place_ / "health.json"));
}

TEST_F(RunDirectory, RefusesPathsThatLeaveTheGeneration) {
    run_directory directory(place_);
    directory.publish(1, files_of(1));
    for (const std::string path : {"../stray", "/stray", "a/../../stray", "", "a/", "./a"}) {
        EXPECT_THROW(directory.publish(2, {{path, tree_entry::kind::file, "x", 0644}}), error)
            << path;
    }
    EXPECT_EQ(whole_generation(place_), 1U);
    EXPECT_THAT(names_in(place_ / "generations"), ElementsAre("1"));
}

TEST_F(RunDirectory, LeavesNothingOfAGenerationThatCouldNotBeWritten) {
    run_directory directory(place_);
    directory.publish(1, files_of(1));
    // The second file of one name cannot be made.
    file_tree contradictory = files_of(2);
    contradictory.push_back(contradictory.front());
    EXPECT_THROW(directory.publish(2, contradictory), error);
    EXPECT_EQ(directory.current(), 1U);
    EXPECT_EQ(whole_generation(place_), 1U);
    EXPECT_THAT(names_in(place_ / "generations"), ElementsAre("1"));
    directory.publish(2, files_of(2));
    EXPECT_EQ(whole_generation(place_), 2U);
}

TEST_F(RunDirectory, ReplacesAFile) {
    run_directory directory(place_);
    directory.replace("health.json", "{}");
    directory.replace("health.json", "{\"pid\":1}");
    EXPECT_EQ(text_of(place_ / "health.json"), "{\"pid\":1}");
    EXPECT_EQ(mode_of(place_ / "health.json"), 0644U);
    EXPECT_THROW(directory.replace("../health.json", "{}"), error);
}

TEST_F(RunDirectory, TellsWhichEventHasBeenSeen) {
    run_directory directory(place_);
    for (const std::uint64_t number : {12345U, 12346U}) {
        directory.set_seen(number);
        const std::string bytes = text_of(place_ / "seen");
        seen_record record{};
        ASSERT_EQ(bytes.size(), record.size());
        std::transform(bytes.begin(), bytes.end(), record.begin(),
                       [](char c) { return static_cast<std::byte>(c); });
        EXPECT_EQ(decode_seen(record), number);
    }
}

// A process may be killed between any two system calls. Here it ends before the first of them, then
// before the second, until it gets through; what it leaves is looked at each time.
class RunDirectoryKilled : public RunDirectory {
protected:
    /// Runs `work` in a process of its own that ends before its step `steps`; whether it got
    /// through.
    template <typename Work> bool survives(int steps, const Work& work) {
        const pid_t child = ::fork();
        if (child == 0) {
            int left = steps;
            run_directory::before_each_step([&left] {
                if (left-- == 0) {
                    ::_exit(killed);
                }
            });
            try {
                work();
            } catch (...) {
                ::_exit(failed);
            }
            ::_exit(0);
        }
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFEXITED(status));
        EXPECT_NE(WEXITSTATUS(status), failed) << "before step " << steps;
        return WEXITSTATUS(status) == 0;
    }

    /// Whoever comes next finds nothing in the way, and nothing is left over.
    void goes_on_with(std::uint64_t number) {
        run_directory next(place_);
        next.publish(number, files_of(number));
        next.replace("health.json", "{}");
        EXPECT_EQ(whole_generation(place_), number);
        EXPECT_LE(names_in(place_ / "generations").size(), 2U);
        EXPECT_THAT(names_in(place_),
                    UnorderedElementsAre("lock", "seen", "health.json", "current", "requests",
                                         "generations", "topology.json", "history.jsonl", "hmem",
                                         "fsroot", "hwloc.xml"));
    }

    static constexpr int killed = 42;
    static constexpr int failed = 43;
    static constexpr int most_steps = 1000;
};

TEST_F(RunDirectoryKilled, WhilePublishingLeavesTheOldOrTheNewGenerationWhole) {
    bool old_one = false;
    bool new_one = false;
    for (int steps = 0; steps < most_steps; ++steps) {
        SCOPED_TRACE("killed before step " + std::to_string(steps));
        fs::remove_all(place_);
        {
            run_directory before(place_);
            before.publish(5, files_of(5));
            before.publish(6, files_of(6));
        }
        const bool through = survives(steps, [this] {
            run_directory directory(place_);
            directory.publish(7, files_of(7));
            directory.replace("health.json", "{\"generation\":7}");
            directory.set_seen(100);
        });
        const std::uint64_t found = whole_generation(place_);
        EXPECT_THAT(found, testing::AnyOf(6U, 7U));
        old_one = old_one || found == 6;
        new_one = new_one || (found == 7 && !through);
        // The one that readers may still be in the middle of.
        EXPECT_EQ(read_tree(place_ / "generations" / std::to_string(found - 1)),
                  expected_tree(found - 1));
        EXPECT_THAT(text_of(place_ / "health.json"), testing::AnyOf("", "{\"generation\":7}"));
        goes_on_with(8);
        if (through) {
            EXPECT_TRUE(old_one && new_one) << "it ended on both sides of the change";
            return;
        }
    }
    FAIL() << "publishing has no end";
}

TEST_F(RunDirectoryKilled, AtItsVeryFirstStartLeavesNothingInTheWay) {
    for (int steps = 0; steps < most_steps; ++steps) {
        SCOPED_TRACE("killed before step " + std::to_string(steps));
        fs::remove_all(place_);
        const bool through = survives(steps, [this] {
            run_directory directory(place_);
            directory.publish(1, files_of(1));
        });
        if (fs::exists(fs::symlink_status(place_ / "current"))) {
            EXPECT_EQ(whole_generation(place_), 1U);
        }
        goes_on_with(2);
        if (through) {
            return;
        }
    }
    FAIL() << "the first start has no end";
}

TEST_F(RunDirectoryKilled, WhileCleaningUpAfterOneThatWasKilled) {
    // Two that were killed one after the other: the second in the middle of the first's remains.
    for (int first = 3; first < 12; first += 4) {
        for (int steps = 0; steps < most_steps; ++steps) {
            SCOPED_TRACE("killed before step " + std::to_string(steps));
            fs::remove_all(place_);
            { run_directory(place_).publish(4, files_of(4)); }
            survives(first, [this] { run_directory(place_).publish(5, files_of(5)); });
            const bool through = survives(steps, [this] { const run_directory second(place_); });
            EXPECT_EQ(whole_generation(place_), 4U);
            goes_on_with(5);
            if (through) {
                break;
            }
        }
    }
}

} // namespace
} // namespace hetmem::detail
