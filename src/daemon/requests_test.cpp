#include "daemon/requests.hpp"

#include "kernel/file.hpp"
#include "tests/support/tree.hpp"

#include <hetmem/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hetmem::daemon {
namespace {

using detail::adopt_answer;
using detail::adopt_answer_from;
using detail::adopt_request;
using test::tree;
using testing::ElementsAre;
using testing::HasSubstr;

/// As `hetmem adopt` does, of this process.
class Requests : public testing::Test {
protected:
    std::string ask(const adopt_request& wanted, const std::string& number) {
        const std::string id = std::to_string(::getpid()) + "-" + number;
        if (wanted.wanted == adopt_request::kind::table) {
            place_.write(id + ".table", wanted.table);
        }
        place_.write(id + ".new", to_json(wanted));
        std::filesystem::rename(place_.root() / (id + ".new"), place_.root() / (id + ".json"));
        return id;
    }
    bool is_told(const request_box& box) {
        pollfd wanted{box.fd(), POLLIN, 0};
        return ::poll(&wanted, 1, 0) == 1;
    }
    void make_old(const std::string& name) {
        std::filesystem::last_write_time(place_.root() / name,
                                         std::filesystem::file_time_type::clock::now() -
                                             std::chrono::hours(1));
    }
    std::vector<std::string> names() {
        std::vector<std::string> out;
        for (const auto& entry : std::filesystem::directory_iterator(place_.root())) {
            out.push_back(entry.path().filename().string());
        }
        return out;
    }

    tree place_;
};

TEST_F(Requests, AreTakenWithTheirTableAndAnswered) {
    request_box box(place_.root());
    EXPECT_FALSE(is_told(box));
    EXPECT_FALSE(box.take());

    const std::vector<std::byte> table(100, std::byte{7});
    const std::string id = ask({adopt_request::kind::table, "new.hmat", table}, "1");
    EXPECT_TRUE(is_told(box));
    const auto next = box.take();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->id, id);
    EXPECT_EQ(next->wanted.wanted, adopt_request::kind::table);
    EXPECT_EQ(next->wanted.name, "new.hmat");
    EXPECT_EQ(next->wanted.table, table);
    EXPECT_FALSE(box.take());
    EXPECT_THAT(names(), testing::IsEmpty());

    adopt_answer answer;
    answer.done = true;
    answer.generation = 5;
    box.answer(id, answer);
    EXPECT_THAT(names(), ElementsAre(id + ".answer"));
    EXPECT_EQ(adopt_answer_from(kernel::read_file(place_.root() / (id + ".answer")), id).generation,
              5U);
    box.take();
    EXPECT_FALSE(is_told(box)) << "its own files are no request";
    EXPECT_THAT(names(), ElementsAre(id + ".answer")) << "until who asked has read it";
}

TEST_F(Requests, ThatWereThereBeforeAreTakenToo) {
    ask({adopt_request::kind::firmware, "", {}}, "1");
    request_box box(place_.root());
    const auto next = box.take();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->wanted.wanted, adopt_request::kind::firmware);
}

TEST_F(Requests, ComeInTheirOrder) {
    request_box box(place_.root());
    ask({adopt_request::kind::evaluate, "first", {}}, "1");
    ask({adopt_request::kind::firmware, "second", {}}, "0");
    // Files of one clock tick would be ordered by name.
    make_old(std::to_string(::getpid()) + "-1.json");
    EXPECT_EQ(box.take()->wanted.name, "first");
    EXPECT_EQ(box.take()->wanted.name, "second");
}

TEST_F(Requests, ThatMakeNoSenseAreAnswered) {
    request_box box(place_.root());
    const std::string id = std::to_string(::getpid()) + "-1";
    place_.write(id + ".json", "{}");
    EXPECT_FALSE(box.take());
    const adopt_answer answer =
        adopt_answer_from(kernel::read_file(place_.root() / (id + ".answer")), id);
    EXPECT_FALSE(answer.done);
    EXPECT_THAT(answer.refused, ElementsAre(HasSubstr(id + ".json: name: expected a string")));
}

TEST_F(Requests, WithoutTheirTableAreAnswered) {
    request_box box(place_.root());
    const std::string id = ask({adopt_request::kind::table, "x", {}}, "1");
    place_.remove(id + ".table");
    EXPECT_FALSE(box.take());
    EXPECT_THAT(adopt_answer_from(kernel::read_file(place_.root() / (id + ".answer")), id).refused,
                ElementsAre(HasSubstr(id + ".table")));
}

TEST_F(Requests, OfClientsThatAreGoneAreRemoved) {
    const pid_t gone = ::fork();
    if (gone == 0) {
        ::_exit(0);
    }
    ::waitpid(gone, nullptr, 0);
    const std::string id = std::to_string(gone) + "-1";
    place_.write({{id + ".table", "x"}, {id + ".json", "{}"}, {id + ".answer", "{}"}, {"odd", ""}});
    for (const std::string& name : names()) {
        make_old(name);
    }
    request_box box(place_.root());
    EXPECT_THAT(names(), testing::IsEmpty());
    place_.write(id + ".answer", "{}");
    EXPECT_FALSE(box.take());
    EXPECT_THAT(names(), ElementsAre(id + ".answer")) << "a client of another PID namespace may";
    make_old(id + ".answer");
    EXPECT_FALSE(box.take());
    EXPECT_THAT(names(), testing::IsEmpty());
}

TEST_F(Requests, ThatAreNoOrdinaryFilesAreRemoved) {
    const std::string prefix = std::to_string(::getpid()) + "-";
    place_.write({{prefix + "1.json/inside", "x"}});
    ASSERT_EQ(::mkfifo((place_.root() / (prefix + "2.json")).c_str(), 0600), 0);
    place_.link(prefix + "3.json", "/dev/zero");
    const std::string id = ask({adopt_request::kind::table, "x", {}}, "4");
    place_.remove(id + ".table");
    ASSERT_EQ(::mkfifo((place_.root() / (id + ".table")).c_str(), 0600), 0);
    request_box box(place_.root());
    EXPECT_FALSE(box.take());
    EXPECT_THAT(names(), ElementsAre(id + ".answer"));
    EXPECT_THAT(adopt_answer_from(kernel::read_file(place_.root() / (id + ".answer")), id).refused,
                ElementsAre(HasSubstr(id + ".table is no ordinary file")));
}

TEST_F(Requests, OneThatCannotBeAnsweredKeepsNoOtherFromBeingTaken) {
    const std::string id = std::to_string(::getpid()) + "-1";
    place_.write({{id + ".json", "{}"}, {id + ".answer/inside", "x"}});
    request_box box(place_.root());
    EXPECT_THROW(box.take(), error);
    ask({adopt_request::kind::firmware, "", {}}, "2");
    EXPECT_TRUE(box.take());
    EXPECT_FALSE(box.take());
}

TEST_F(Requests, AreTakenWithoutInotifyToo) {
    const auto root = place_.root(); // sanitizers open files for what they check in `this`
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{0, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    request_box box(root);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(box.fd(), -1);
    EXPECT_THAT(box.unheard(), HasSubstr(place_.root().string()));
    ask({adopt_request::kind::firmware, "", {}}, "1");
    EXPECT_TRUE(box.take());
    EXPECT_FALSE(box.take());
}

TEST_F(Requests, AreHeardInADirectoryThatReplacedTheOneBefore) {
    request_box box(place_.root());
    std::filesystem::remove_all(place_.root());
    std::filesystem::create_directory(place_.root());
    box.listen_again();
    EXPECT_FALSE(box.take());
    const std::string id = ask({}, "1");
    EXPECT_TRUE(is_told(box));
    const auto got = box.take();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->id, id);
}

TEST(RequestBox, NeedsItsDirectory) {
    EXPECT_THROW(request_box("/nowhere/requests"), error);
}

} // namespace
} // namespace hetmem::daemon
