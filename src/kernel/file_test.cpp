#include "kernel/file.hpp"

#include "tests/support/tree.hpp"

#include <hetmem/error.hpp>

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace hetmem::kernel {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class new_file_test : public testing::Test {
protected:
    std::vector<std::string> names() const {
        std::vector<std::string> found;
        for (const fs::directory_entry& entry : fs::directory_iterator(directory_)) {
            found.push_back(entry.path().filename());
        }
        return found;
    }
    static std::string content(const fs::path& file) {
        std::ifstream stream(file);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    const test::temporary_directory made_;
    const fs::path directory_ = made_.path();
};

TEST_F(new_file_test, has_its_name_only_once_committed) {
    {
        new_file file(directory_ / "x");
        file.write("half");
        EXPECT_FALSE(fs::exists(directory_ / "x"));
        file.write(" and half");
        file.commit();
    }
    EXPECT_THAT(names(), ElementsAre("x"));
    EXPECT_EQ(content(directory_ / "x"), "half and half");
}

TEST_F(new_file_test, leaves_nothing_and_keeps_the_old_one_without_commit) {
    std::ofstream(directory_ / "x") << "old";
    {
        new_file file(directory_ / "x");
        file.write("new");
    }
    EXPECT_THAT(names(), ElementsAre("x"));
    EXPECT_EQ(content(directory_ / "x"), "old");
}

TEST_F(new_file_test, is_for_its_owner_only_when_asked) {
    new_file file(directory_ / "x");
    file.keep_to_owner();
    file.commit();
    struct stat info {};
    ASSERT_EQ(::stat((directory_ / "x").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(new_file_test, does_not_replace_a_link_but_what_it_leads_to) {
    std::ofstream(directory_ / "real") << "old";
    fs::create_symlink("real", directory_ / "link");
    new_file file(directory_ / "link");
    file.write("new");
    file.commit();
    EXPECT_TRUE(fs::is_symlink(directory_ / "link"));
    EXPECT_EQ(content(directory_ / "real"), "new");
}

TEST_F(new_file_test, writes_into_devices_instead_of_replacing_them) {
    new_file file("/dev/null");
    file.write("gone");
    file.commit();
    EXPECT_TRUE(fs::is_character_file("/dev/null"));
    EXPECT_THAT(names(), IsEmpty());
}

TEST_F(new_file_test, a_full_device_is_an_error) {
    new_file file("/dev/full");
    EXPECT_THROW(file.write("x"), error);
}

TEST_F(new_file_test, a_file_is_read_whole_or_complained_of_by_name) {
    std::ofstream(directory_ / "x") << "all of it";
    EXPECT_EQ(read_file(directory_ / "x"), "all of it");
    EXPECT_EQ(read_file("/dev/null"), "");
    try {
        read_file(directory_ / "absent");
        FAIL() << "there is no such file";
    } catch (const error& e) {
        EXPECT_THAT(e.what(), testing::HasSubstr("absent"));
    }
}

TEST_F(new_file_test, a_file_is_read_up_to_a_limit) {
    std::ofstream(directory_ / "x") << "1234";
    EXPECT_EQ(read_file(directory_ / "x", 4), "1234");
    EXPECT_THROW(read_file(directory_ / "x", 3), error);
    EXPECT_THROW(read_file("/dev/zero", 100000), error) << "which has no end";
}

TEST_F(new_file_test, a_directory_that_is_not_there_is_an_error) {
    EXPECT_THROW(new_file(directory_ / "no" / "x"), error);
}

} // namespace
} // namespace hetmem::kernel
