// tests/support/saved_machines.hpp: real machines' /sys and /proc, gathered by hwloc's
// hwloc-gather-topology, as optional test data: archives NAME.tar.bz2 (or unpacked directories
// NAME) in the directory that the environment variable HETMEM_SAVED_MACHINES names, else in
// ../shared/machines beside the checkout.
//
//     const hetmem::test::saved_machine knl("64intel64-fakeKNL-SNC4-hybrid");
//     if (!knl) { GTEST_SKIP() << knl.why_not(); }
//     discover({.root = knl.root()});
#pragma once

#include "tests/support/tree.hpp"

#include "source_directory.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hetmem::test {

class saved_machine {
public:
    explicit saved_machine(const std::string& name) {
        const std::filesystem::path all = place();
        const std::filesystem::path archive = all / (name + ".tar.bz2");
        std::error_code ignored;
        if (std::filesystem::is_directory(all / name, ignored)) {
            root_ = all / name;
        } else if (!std::filesystem::exists(archive, ignored)) {
            why_not_ = "no saved machine " + archive.string();
        } else if (!unpack(archive)) {
            why_not_ = "tar could not unpack " + archive.string() + " (is bzip2 installed?)";
        } else {
            root_ = unpacked_.path() / name;
        }
    }

    explicit operator bool() const { return !root_.empty(); }
    const std::filesystem::path& root() const { return root_; }
    const std::string& why_not() const { return why_not_; }

private:
    static std::filesystem::path place() {
        if (const char* const named = std::getenv("HETMEM_SAVED_MACHINES")) {
            return named;
        }
        return std::filesystem::path(HETMEM_SOURCE_DIR).parent_path() / "shared" / "machines";
    }

    bool unpack(const std::filesystem::path& archive) {
        std::vector<std::string> words = {"tar",
                                          "--extract",
                                          "--bzip2",
                                          "--no-same-owner",
                                          "--file=" + archive.string(),
                                          "--directory=" + unpacked_.path().string()};
        std::vector<char*> arguments;
        for (std::string& word : words) {
            arguments.push_back(word.data());
        }
        arguments.push_back(nullptr);
        pid_t child = -1;
        if (::posix_spawnp(&child, "tar", nullptr, nullptr, arguments.data(), environ) != 0) {
            return false;
        }
        int status = 0;
        return ::waitpid(child, &status, 0) == child && WIFEXITED(status) &&
               WEXITSTATUS(status) == 0;
    }

    temporary_directory unpacked_;
    std::filesystem::path root_;
    std::string why_not_;
};

} // namespace hetmem::test
