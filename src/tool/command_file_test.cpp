#include "tool/command_file.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include <sys/stat.h>
#include <unistd.h>

namespace hetmem::tool {
namespace {

using testing::HasSubstr;

class CommandFile : public testing::Test {
protected:
    void SetUp() override {
        std::string made = testing::TempDir() + "hetmem-command-XXXXXX";
        ASSERT_NE(::mkdtemp(made.data()), nullptr);
        place_ = made;
    }
    void TearDown() override { std::filesystem::remove_all(place_); }

    std::filesystem::path write(const std::string& name, const std::string& text,
                                unsigned mode = 0755) const {
        const auto file = place_ / name;
        std::ofstream(file) << text;
        ::chmod(file.c_str(), mode);
        return file;
    }

    std::filesystem::path place_;
};

int status_of(const std::string& command) {
    try {
        find_command(command);
    } catch (const command_error& e) {
        EXPECT_THAT(e.what(), HasSubstr(command));
        return e.exit_status();
    }
    return 0;
}

TEST_F(CommandFile, IsFoundAsAShellFindsIt) {
    EXPECT_EQ(find_command("sh").filename(), "sh");
    EXPECT_EQ(find_command("/bin/sh"), "/bin/sh");
    EXPECT_EQ(status_of("hetmem-no-such-command"), 127);
    EXPECT_EQ(status_of((place_ / "none").string()), 127);
    EXPECT_EQ(status_of(write("plain", "x", 0644).string()), 126);
    EXPECT_EQ(status_of(place_.string()), 126);
}

TEST_F(CommandFile, ThisProgramCanBePreloadedAndSoCanScripts) {
    const auto self = std::filesystem::read_symlink("/proc/self/exe");
    EXPECT_EQ(why_not_preloaded(self), "");
    EXPECT_EQ(why_not_preloaded(write("script", "#! " + self.string() + " -x\n")), "");
    EXPECT_EQ(why_not_preloaded(write("outer", "#!" + (place_ / "script").string() + "\necho\n")),
              "");
}

/// A program header table with or without PT_INTERP (3).
std::string elf(char elf_class, char machine, char segment) {
    std::string file("\x7f"
                     "ELF",
                     4);
    file += elf_class;
    file.resize(64 + 56, '\0');
    file[5] = 1;        // little-endian
    file[18] = machine; // e_machine
    file[32] = 64;      // e_phoff
    file[54] = 56;      // e_phentsize
    file[56] = 1;       // e_phnum
    file[64] = segment; // p_type
    return file;
}

TEST_F(CommandFile, WhatNothingCanBePreloadedInto) {
    const auto self = std::filesystem::read_symlink("/proc/self/exe");
    std::ifstream own(self, std::ios::binary);
    own.seekg(18);
    const char machine = static_cast<char>(own.get());
    EXPECT_EQ(why_not_preloaded(write("dynamic", elf(2, machine, 3))), "");
    EXPECT_EQ(why_not_preloaded(write("static", elf(2, machine, 1))), "is statically linked");
    EXPECT_EQ(why_not_preloaded(write("small", elf(1, machine, 3))), "is of another architecture");
    EXPECT_EQ(why_not_preloaded(write("foreign", elf(2, static_cast<char>(machine + 1), 3))),
              "is of another architecture");
    EXPECT_THAT(why_not_preloaded(write("text", "hello")), HasSubstr("no program"));
    EXPECT_THAT(why_not_preloaded(write("empty", "")), HasSubstr("no program"));
    const std::string script = "#!" + (place_ / "static").string() + "\n";
    EXPECT_THAT(why_not_preloaded(write("of_static", script)),
                HasSubstr("static, which is statically linked"));
    const auto circle = place_ / "circle";
    EXPECT_THAT(why_not_preloaded(write("circle", "#!" + circle.string() + "\n")),
                HasSubstr("script"));
}

TEST_F(CommandFile, PrivilegesThatCommandsGive) {
    const auto program = place_ / "program";
    std::filesystem::copy_file("/proc/self/exe", program);
    ::chmod(program.c_str(), 04755);
    EXPECT_EQ(why_not_preloaded(program), ""); // to its owner it gives none
    if (::chown(program.c_str(), ::geteuid() + 1, ::getegid()) != 0) {
        GTEST_SKIP() << "only root can give a file away";
    }
    ::chmod(program.c_str(), 04755);
    EXPECT_EQ(why_not_preloaded(program), "is set-user-ID");
    ASSERT_EQ(::chown(program.c_str(), ::geteuid(), ::getegid() + 1), 0);
    ::chmod(program.c_str(), 02755);
    EXPECT_EQ(why_not_preloaded(program), "is set-group-ID");
    ::chmod(program.c_str(), 02745); // without x for the group it is a lock, not a privilege
    EXPECT_EQ(why_not_preloaded(program), "");
}

} // namespace
} // namespace hetmem::tool
