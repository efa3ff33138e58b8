#include "topology/latest.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace hetmem::detail {
namespace {

TEST(latest, is_what_was_set_last) {
    latest<std::string> value("one");
    EXPECT_EQ(value.get(), "one");
    value.set("two");
    value.set("three");
    EXPECT_EQ(value.get(), "three");
}

TEST(latest, who_holds_an_old_one_keeps_it) {
    latest<std::shared_ptr<const int>> value(std::make_shared<const int>(1));
    const std::shared_ptr<const int> old = value.get();
    for (int i = 2; i < 10; ++i) {
        value.set(std::make_shared<const int>(i));
    }
    EXPECT_EQ(*old, 1);
    EXPECT_EQ(*value.get(), 9);
    EXPECT_EQ(old.use_count(), 1);
}

TEST(latest, readers_see_whole_values_and_none_goes_backward) {
    constexpr int generations = 20'000;
    latest<std::shared_ptr<const std::vector<int>>> value(
        std::make_shared<const std::vector<int>>(16, 0));
    std::atomic<bool> broken = false;
    std::vector<std::thread> readers;
    for (int r = 0; r < 3; ++r) {
        readers.emplace_back([&] {
            for (int last = 0; last < generations;) {
                const auto seen = value.get();
                const bool whole = *seen == std::vector<int>(16, seen->front());
                broken = broken || !whole || seen->front() < last;
                last = seen->front();
            }
        });
    }
    for (int g = 1; g <= generations; ++g) {
        value.set(std::make_shared<const std::vector<int>>(16, g));
    }
    for (std::thread& one : readers) {
        one.join();
    }
    EXPECT_FALSE(broken);
}

TEST(latest, can_be_read_in_a_child_that_is_forked_in_the_middle) {
    latest<int> value(0);
    std::atomic<bool> stop = false;
    std::thread writer([&] {
        for (int g = 0; !stop; ++g) {
            value.set(g);
        }
    });
    std::thread reader([&] {
        while (!stop) {
            value.get();
        }
    });
    for (int child = 0; child < 50; ++child) {
        const pid_t pid = ::fork();
        if (pid == 0) {
            ::_exit(value.get() >= 0 ? 0 : 1);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(pid, &status, 0), pid);
        EXPECT_EQ(status, 0);
    }
    stop = true;
    writer.join();
    reader.join();
}

} // namespace
} // namespace hetmem::detail
