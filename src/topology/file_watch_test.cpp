#include "topology/file_watch.hpp"

#include "topology/published.hpp"

#include "tests/support/published_directory.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string_view>

namespace hetmem::detail {
namespace {

using test::published_directory;

TEST(file_watch, hears_of_generations_and_of_what_was_seen) {
    published_directory run;
    run.publish(1);
    run.write_seen(100);
    file_watch files(run.path());
    EXPECT_EQ(files.seen(), 100U);

    run.publish(2);
    file_watch::news news = files.take();
    EXPECT_TRUE(news.generation);
    EXPECT_FALSE(news.seen);

    run.write_seen(105);
    news = files.take();
    EXPECT_FALSE(news.generation);
    EXPECT_TRUE(news.seen);
    EXPECT_EQ(files.seen(), 105U);

    news = files.take();
    EXPECT_FALSE(news.generation || news.seen || news.setting);
}

TEST(file_watch, what_was_seen_before_a_generation_does_not_complete_it) {
    published_directory run;
    file_watch files(run.path());
    run.write_seen(7);
    run.publish(1);
    file_watch::news news = files.take();
    EXPECT_TRUE(news.generation);
    EXPECT_FALSE(news.seen);
    run.write_seen(8);
    EXPECT_TRUE(files.take().seen);
}

TEST(file_watch, other_files_there_are_no_news) {
    published_directory run;
    file_watch files(run.path());
    run.write("health.json", "{}");
    run.write("lock", "");
    const file_watch::news news = files.take();
    EXPECT_FALSE(news.generation || news.seen || news.setting);
}

TEST(file_watch, the_directory_may_appear_later_vanish_and_come_back) {
    const test::temporary_directory place;
    const std::filesystem::path path = place.path() / "deep" / "run" / "hetmem";
    file_watch files(path);
    EXPECT_FALSE(files.seen());
    for (std::uint64_t round = 1; round <= 3; ++round) {
        published_directory run(path);
        files.take(); // by now it may be there, and empty
        run.publish(1);
        EXPECT_TRUE(files.take().generation);
        run.write_seen(round);
        EXPECT_TRUE(files.take().seen);
        EXPECT_EQ(files.seen(), round);

        std::filesystem::remove_all(place.path() / "deep");
        const file_watch::news news = files.take();
        EXPECT_FALSE(news.generation || news.seen);
        EXPECT_FALSE(files.seen());
    }
}

TEST(file_watch, one_that_was_complete_before_it_could_be_watched_is_news) {
    const test::temporary_directory place;
    file_watch files(place.path() / "run" / "hetmem");
    published_directory run(place.path() / "run" / "hetmem");
    run.publish(1);
    run.write_seen(3);
    const file_watch::news news = files.take();
    EXPECT_TRUE(news.generation);
    EXPECT_TRUE(news.seen);
    EXPECT_EQ(files.seen(), 3U);
}

void write(const std::filesystem::path& file, std::string_view text) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

TEST(file_watch, hears_of_a_store_that_is_replaced_written_or_removed) {
    const test::temporary_directory place;
    const std::filesystem::path store = place.path() / "figures.json";
    file_watch files({}, {store});
    EXPECT_FALSE(files.take().setting);
    write(place.path() / "figures.json.lock", "");
    EXPECT_FALSE(files.take().setting) << "nothing of the store is other than it was";
    write(place.path() / "figures.json.new", "{}");
    std::filesystem::rename(place.path() / "figures.json.new", store);
    EXPECT_TRUE(files.take().setting);
    EXPECT_FALSE(files.take().setting);
    write(store, "[]");
    EXPECT_TRUE(files.take().setting);
    std::filesystem::remove(store);
    EXPECT_TRUE(files.take().setting);
}

TEST(file_watch, the_directory_of_a_store_may_appear_later_vanish_and_come_back) {
    const test::temporary_directory place;
    const std::filesystem::path directory = place.path() / "lib" / "hetmem";
    // What is published waits below the same directory.
    file_watch files(place.path() / "run" / "hetmem", {directory / "figures.json"});
    for (int round = 0; round < 3; ++round) {
        std::filesystem::create_directories(directory);
        write(directory / "figures.json", "{}");
        EXPECT_TRUE(files.take().setting);
        EXPECT_FALSE(files.take().setting);
        write(directory / "figures.json", "[]");
        EXPECT_TRUE(files.take().setting);
        std::filesystem::remove_all(place.path() / "lib");
        EXPECT_TRUE(files.take().setting);
    }
    published_directory run(place.path() / "run" / "hetmem");
    run.publish(1);
    run.write_seen(3);
    EXPECT_TRUE(files.take().seen);
    EXPECT_EQ(files.seen(), 3U);
}

TEST(file_watch, half_of_a_number_is_none) {
    published_directory run;
    run.write_seen(3);
    run.write("seen", "12345678abcdefgh");
    EXPECT_FALSE(file_watch(run.path()).seen());
    run.write("seen", "1");
    EXPECT_FALSE(file_watch(run.path()).seen());
}

} // namespace
} // namespace hetmem::detail
