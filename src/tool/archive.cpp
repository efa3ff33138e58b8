#include "tool/archive.hpp"

#include "tool/temporary_directory.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hetmem::tool {
namespace {

class spawn_actions {
public:
    spawn_actions() { ::posix_spawn_file_actions_init(&actions_); }
    ~spawn_actions() { ::posix_spawn_file_actions_destroy(&actions_); }
    spawn_actions(const spawn_actions&) = delete;
    spawn_actions& operator=(const spawn_actions&) = delete;

    void connect(int descriptor, int as) {
        if (descriptor >= 0) {
            ::posix_spawn_file_actions_adddup2(&actions_, descriptor, as);
        } else {
            ::posix_spawn_file_actions_addopen(&actions_, as, "/dev/null", O_RDWR, 0);
        }
    }
    const posix_spawn_file_actions_t* get() const { return &actions_; }

private:
    posix_spawn_file_actions_t actions_{};
};

// A process that gets none of this one's settings but where to find programs: TAR_OPTIONS or
// GZIP in the environment would change what tar does, and its messages are read below.
std::vector<std::string> bare_environment() {
    const char* path = std::getenv("PATH");
    return {std::string("PATH=") + (path != nullptr ? path : "/usr/bin:/bin"), "LC_ALL=C"};
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> list;
    for (std::string& one : strings) {
        list.push_back(one.data());
    }
    list.push_back(nullptr);
    return list;
}

std::string first_line(const std::filesystem::path& file) {
    std::array<char, 300> buffer{};
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    const ssize_t size = descriptor < 0 ? -1 : ::read(descriptor, buffer.data(), buffer.size());
    if (descriptor >= 0) {
        ::close(descriptor);
    }
    const std::string text(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    return text.substr(0, text.find('\n'));
}

/// Runs tar; its complaints go to a file, since they are wanted only when it fails.
void run_tar(std::vector<std::string> words, int output, const std::string& purpose,
             const std::filesystem::path& complaints) {
    const int errors = ::open(complaints.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    spawn_actions actions;
    actions.connect(-1, STDIN_FILENO);
    actions.connect(output, STDOUT_FILENO);
    actions.connect(errors, STDERR_FILENO);
    words.insert(words.begin(), "tar");
    std::vector<std::string> environment = bare_environment();
    pid_t child = 0;
    const int failed = ::posix_spawnp(&child, "tar", actions.get(), nullptr, pointers(words).data(),
                                      pointers(environment).data());
    if (errors >= 0) {
        ::close(errors);
    }
    if (failed != 0) {
        throw error(failed, purpose + ": the program tar is needed and could not be started");
    }
    const int status = temporary_directory::wait_for(child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        throw error(EIO, purpose + ": " + first_line(complaints));
    }
}

// Devices and pipes would block whoever opens them, and a directory without permissions could
// neither be read nor removed.
void make_harmless(const std::filesystem::path& directory) {
    namespace fs = std::filesystem;
    fs::permissions(directory, fs::perms::owner_all, fs::perm_options::add);
    for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
        temporary_directory::check_interrupted();
        switch (entry.symlink_status().type()) {
        case fs::file_type::directory:
            make_harmless(entry.path());
            break;
        case fs::file_type::regular:
            fs::permissions(entry.path(), fs::perms::owner_read, fs::perm_options::add);
            break;
        case fs::file_type::symlink:
            break;
        default:
            fs::remove(entry.path());
        }
    }
}

} // namespace

std::filesystem::path unpack(const std::filesystem::path& archive,
                             const std::filesystem::path& into) {
    namespace fs = std::filesystem;
    fs::path tree = into / "tree";
    try {
        fs::create_directory(tree);
        run_tar({"--extract", "--force-local", "--no-same-owner", "--file=" + archive.string(),
                 "--directory=" + tree.string()},
                -1, "cannot unpack " + archive.string(), into / "complaints");
        make_harmless(tree);
        if (!fs::exists(tree / "sys")) {
            std::vector<fs::path> inside(fs::directory_iterator(tree), fs::directory_iterator{});
            if (inside.size() == 1 && fs::is_directory(inside.front() / "sys")) {
                return inside.front();
            }
            throw error(ENOENT, archive.string() + " holds no machine: there is no sys/ in it");
        }
    } catch (const fs::filesystem_error& e) {
        throw error(e.code().value(), "cannot unpack " + archive.string());
    }
    return tree;
}

void pack(const std::filesystem::path& directory, const std::string& name, int descriptor) {
    run_tar({"--create", "--gzip", "--file=-", "--sort=name", "--owner=0", "--group=0",
             "--numeric-owner", "--mtime=@0", "--directory=" + directory.string(), name},
            descriptor, "cannot pack the capture", directory / "complaints");
}

} // namespace hetmem::tool
