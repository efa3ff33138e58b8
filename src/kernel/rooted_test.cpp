#include "kernel/rooted.hpp"

#include "tests/support/sanitizer.hpp"
#include "tests/support/tree.hpp"

#include <hetmem/error.hpp>

#include <gmock/gmock.h>

#include <sys/resource.h>

#include <cerrno>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace hetmem::kernel {
namespace {

using test::tree;
using testing::Each;
using testing::ElementsAre;
using testing::Eq;
using testing::Optional;
using testing::SizeIs;

/// Everything about copies must hold whoever resolves the links.
class rooted : public testing::TestWithParam<link_resolution> {
protected:
    tree files_;
};

INSTANTIATE_TEST_SUITE_P(links, rooted,
                         testing::Values(link_resolution::kernel, link_resolution::by_hand),
                         [](const auto& each) {
                             return each.param == link_resolution::kernel ? "by_kernel" : "by_hand";
                         });

TEST_P(rooted, reads_files_below_the_root) {
    files_.write("sys/a/value", "12\n").write("sys/a/text", " some words \n");
    const rooted_reader reader(files_.root(), GetParam());
    EXPECT_FALSE(reader.live());
    EXPECT_EQ(reader.read("sys/a/value").text, "12\n");
    const directory a = reader.open("sys/a");
    ASSERT_TRUE(a);
    EXPECT_THAT(a.read_u64("value"), Optional(12U));
    EXPECT_THAT(a.read_line("text"), Optional(Eq("some words")));
    EXPECT_THAT(a.read_u64("text"), Eq(std::nullopt));
}

TEST_P(rooted, a_copy_remembers_what_its_maker_might_not_read) {
    files_.link("sys/table", not_permitted_mark);
    const rooted_reader reader(files_.root(), GetParam());
    EXPECT_TRUE(reader.read("sys/table").not_permitted());
    EXPECT_TRUE(reader.open("sys").read("table").not_permitted());
}

TEST_P(rooted, absent_and_unreadable_are_different) {
    files_.write("sys/secret", "1").forbid("sys/secret");
    files_.write("sys/file", "1");
    const rooted_reader reader(files_.root(), GetParam());
    EXPECT_TRUE(reader.read("sys/none").absent());
    EXPECT_TRUE(reader.read("sys/file/below").absent());
    EXPECT_TRUE(reader.open("sys/none").opened().absent());
    EXPECT_TRUE(reader.open("sys/none").read("x").absent());
    EXPECT_TRUE(reader.open("sys/none").open("deeper").read("x").absent());
    EXPECT_EQ(reader.read("sys").errno_value, EISDIR);
    EXPECT_TRUE(reader.read("").absent());
    const test::ordinary_user user;
    EXPECT_TRUE(reader.read("sys/secret").not_permitted());
    EXPECT_FALSE(reader.read("sys/secret").absent());
    EXPECT_TRUE(reader.read("sys/none").absent());
}

TEST_P(rooted, links_stay_inside_the_root) {
    // Each of these names a file that exists outside: reading it would show its text.
    files_.write("outside", "outside");
    files_.write("root/etc/hostname", "inside");
    files_.link("root/absolute", "/etc/hostname");
    files_.link("root/sys/absolute", "/etc/hostname");
    files_.link("root/sys/climbing", "../../../../../../../../etc/hostname");
    files_.link("root/sys/neighbour", "../../outside");
    files_.link("root/sys/whole", "/");
    files_.link("root/sys/chain", "whole/absolute");
    const rooted_reader reader(files_.root() / "root", GetParam());
    const directory sys = reader.open("sys");
    for (const char* name : {"absolute", "climbing", "chain", "whole/etc/hostname"}) {
        EXPECT_EQ(sys.read(name).text, "inside") << name;
        EXPECT_EQ(reader.read(std::string("sys/") + name).text, "inside") << name;
    }
    EXPECT_EQ(reader.read("absolute").text, "inside");
    EXPECT_EQ(reader.read("../../../etc/hostname").text, "inside");
    EXPECT_EQ(sys.read("../etc/hostname").text, "inside");
    EXPECT_TRUE(sys.read("neighbour").absent());
    EXPECT_TRUE(reader.read("sys/neighbour").absent());
}

TEST_P(rooted, links_between_directories_of_the_root_work) {
    files_.write("sys/devices/platform/hmem.0/dax0.0/size", "4096\n");
    files_.link("sys/bus/dax/devices/dax0.0", "../../../devices/platform/hmem.0/dax0.0");
    const rooted_reader reader(files_.root(), GetParam());
    const directory bus = reader.open("sys/bus/dax/devices");
    EXPECT_THAT(bus.read_u64("dax0.0/size"), Optional(4096U));
    const directory device = bus.open("dax0.0");
    ASSERT_TRUE(device);
    EXPECT_THAT(device.read_u64("size"), Optional(4096U));
    // A directory reached through a link: ".." is the parent of where it really is.
    files_.write("sys/devices/platform/hmem.0/uevent", "x")
        .link("sys/bus/dax/up", "devices/dax0.0");
    EXPECT_EQ(reader.open("sys/bus/dax/up").read("../uevent").text, "x");
    EXPECT_THAT(bus.read_link("dax0.0"), Optional(Eq("../../../devices/platform/hmem.0/dax0.0")));
    EXPECT_THAT(reader.top().read_link("sys/bus/dax/devices/dax0.0"),
                Optional(Eq("../../../devices/platform/hmem.0/dax0.0")));
    EXPECT_THAT(device.read_link("size"), Eq(std::nullopt));
    EXPECT_THAT(reader.real_path("sys/bus/dax/up"),
                Optional(Eq("sys/devices/platform/hmem.0/dax0.0")));
    EXPECT_THAT(reader.real_path("sys/bus/dax/nothing"), Eq(std::nullopt));
}

TEST_P(rooted, links_in_a_circle_end) {
    files_.link("a", "b").link("b", "a");
    const rooted_reader reader(files_.root(), GetParam());
    EXPECT_EQ(reader.read("a").errno_value, ELOOP);
    EXPECT_THAT(reader.real_path("a"), Eq(std::nullopt));
}

TEST_P(rooted, a_named_pipe_does_not_block) {
    ASSERT_EQ(::mkfifo((files_.root() / "pipe").c_str(), 0600), 0);
    const rooted_reader reader(files_.root(), GetParam());
    EXPECT_EQ(reader.read("pipe").text, "");
    std::vector<std::byte> bytes;
    EXPECT_TRUE(reader.top().read_bytes("pipe", 100, bytes));
    EXPECT_THAT(bytes, SizeIs(0));
}

TEST_P(rooted, files_of_any_length_are_whole) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{4095}, std::size_t{4096},
                                   std::size_t{65536}, std::size_t{200'000}}) {
        files_.write("file", std::string(size, 'x'));
        const rooted_reader reader(files_.root(), GetParam());
        const read_result file = reader.read("file");
        ASSERT_TRUE(file);
        EXPECT_THAT(file.text, SizeIs(size));
        EXPECT_THAT(file.text, Each('x'));
        std::vector<std::byte> bytes;
        ASSERT_TRUE(reader.top().read_bytes("file", 200'000, bytes));
        EXPECT_THAT(bytes, SizeIs(size));
    }
}

TEST_P(rooted, what_is_too_large_is_refused) {
    files_.write("small", std::string(101, 'x'));
    const rooted_reader reader(files_.root(), GetParam());
    std::vector<std::byte> bytes;
    EXPECT_EQ(reader.top().read_bytes("small", 100, bytes).errno_value, EFBIG);
    EXPECT_THAT(bytes, SizeIs(0));
    EXPECT_TRUE(reader.top().read_bytes("small", 101, bytes));
    // Sparse: 1 TiB that takes no space, as a copy could hold.
    std::filesystem::resize_file(files_.root() / "small", std::uintmax_t{1} << 40);
    EXPECT_EQ(reader.read("small").errno_value, EFBIG);
    EXPECT_EQ(reader.top().read_bytes("small", 1000, bytes).errno_value, EFBIG);
}

TEST_P(rooted, paths_that_no_system_call_takes_are_absent) {
    files_.write("a", "1");
    const rooted_reader reader(files_.root(), GetParam());
    EXPECT_TRUE(reader.read(std::string(100'000, 'a')).absent());
    EXPECT_TRUE(reader.read(std::string_view("a\0b", 3)).absent());
}

TEST_P(rooted, lists_entries) {
    files_.write("dir/node0", "").make_directory("dir/node10").link("dir/node2", "node0");
    files_.write("dir/node007", "").write("dir/other", "");
    const rooted_reader reader(files_.root(), GetParam());
    const directory dir = reader.open("dir");
    EXPECT_THAT(dir.numbered("node"), ElementsAre(0, 2, 10));
    EXPECT_THAT(dir.numbered("node"), ElementsAre(0, 2, 10)) << "a second time";
    std::vector<std::string> links;
    const outcome listed = dir.for_each([&](std::string_view name, entry_kind kind) {
        if (kind == entry_kind::link) {
            links.emplace_back(name);
        }
    });
    EXPECT_TRUE(listed);
    EXPECT_THAT(links, ElementsAre("node2"));
    EXPECT_TRUE(reader.open("none").for_each([](std::string_view, entry_kind) {}).absent());
}

TEST_P(rooted, lists_more_than_fits_one_system_call) {
    for (int i = 0; i < 3000; ++i) {
        files_.write("many/memory" + std::to_string(i), "");
    }
    const rooted_reader reader(files_.root(), GetParam());
    const std::vector<unsigned> numbers = reader.open("many").numbered("memory");
    ASSERT_THAT(numbers, SizeIs(3000));
    EXPECT_EQ(numbers.front(), 0U);
    EXPECT_EQ(numbers.back(), 2999U);
}

std::vector<std::string> lines_of(const rooted_reader& reader, std::string_view path) {
    std::vector<std::string> lines;
    reader.for_each_line(path, [&](std::string_view line) {
        lines.emplace_back(line);
        return true;
    });
    return lines;
}

TEST_P(rooted, lines_one_by_one) {
    files_.write("file", "one\n\nthree\nno newline");
    const rooted_reader reader(files_.root(), GetParam());
    EXPECT_THAT(lines_of(reader, "file"), ElementsAre("one", "", "three", "no newline"));
    int taken = 0;
    const outcome stopped =
        reader.for_each_line("file", [&](std::string_view) { return ++taken < 2; });
    EXPECT_TRUE(stopped);
    EXPECT_EQ(taken, 2);
    EXPECT_TRUE(reader.for_each_line("none", [](std::string_view) { return true; }).absent());
}

TEST_P(rooted, a_file_that_is_kept_open_is_read_from_its_beginning_each_time) {
    files_.write("file", "before\n");
    rooted_reader reader(files_.root(), GetParam());
    EXPECT_TRUE(reader.keep_open("none").absent());
    ASSERT_TRUE(reader.keep_open("file"));
    EXPECT_THAT(lines_of(reader, "file"), ElementsAre("before"));
    files_.write("file", "after\nthat\n"); // the same file
    EXPECT_THAT(lines_of(reader, "file"), ElementsAre("after", "that"));
    // Nobody could open it any more.
    files_.remove("file");
    EXPECT_THAT(lines_of(reader, "file"), ElementsAre("after", "that"));
}

TEST_P(rooted, lines_across_pieces_are_whole) {
    std::string text;
    for (int i = 0; i < 50'000; ++i) {
        text += "line " + std::to_string(i) + "\n";
    }
    files_.write("file", text);
    const rooted_reader reader(files_.root(), GetParam());
    const std::vector<std::string> lines = lines_of(reader, "file");
    ASSERT_THAT(lines, SizeIs(50'000));
    for (std::size_t i = 0; i < lines.size(); ++i) {
        ASSERT_EQ(lines[i], "line " + std::to_string(i));
    }
}

TEST_P(rooted, a_line_without_end_is_cut_and_the_next_is_found) {
    files_.write("file", "first\n" + std::string(300'000, 'x') + "\nafter\n");
    const rooted_reader reader(files_.root(), GetParam());
    const std::vector<std::string> lines = lines_of(reader, "file");
    ASSERT_THAT(lines, SizeIs(3));
    EXPECT_EQ(lines[0], "first");
    EXPECT_THAT(lines[1], SizeIs(65'536));
    EXPECT_EQ(lines[2], "after");
}

TEST_P(rooted, a_root_that_is_not_there_is_an_error_that_names_it) {
    try {
        const rooted_reader reader(files_.root() / "missing", GetParam());
        FAIL() << "opened a root that is not there";
    } catch (const error& e) {
        EXPECT_EQ(e.code(), std::errc::no_such_file_or_directory);
        EXPECT_THAT(e.what(), testing::HasSubstr("missing"));
    }
    files_.write("file", "");
    EXPECT_THROW(rooted_reader(files_.root() / "file", GetParam()), error);
}

TEST(rooted_here, this_machine) {
    const rooted_reader reader("/");
    EXPECT_TRUE(reader.live());
    EXPECT_TRUE(rooted_reader("//").live());
    EXPECT_THAT(reader.read("proc/version").text, testing::StartsWith("Linux"));
    EXPECT_TRUE(reader.read("proc/no-such-file").absent());
}

TEST(rooted, without_a_descriptor_nobody_knows_what_is_there) {
    if (test::under_sanitizer) {
        GTEST_SKIP() << "a sanitizer needs a descriptor to look at what is thrown";
    }
    const tree files({{"there", "1\n"}});
    const rooted_reader reader(files.root());
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit none = before;
    none.rlim_cur = 3; // those are taken
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    EXPECT_THROW(reader.read("there"), error);
    EXPECT_THROW(reader.read("not_there"), error);
    EXPECT_THROW(reader.open("."), error);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(reader.read("there").text, "1\n");
}

} // namespace
} // namespace hetmem::kernel
