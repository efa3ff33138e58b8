// tests/support/tree.hpp: a made-up machine for tests: a little copy of /sys and /proc in a
// temporary directory that goes away with the object.
//
//     hetmem::test::tree machine({
//         {"sys/devices/system/node/online", "0\n"},
//         {"sys/devices/system/node/node0/cpulist", "0-3\n"},
//     });
//     machine.link("sys/bus/dax/devices/dax0.0", "../../../devices/platform/hmem.0/dax0.0");
//     hetmem::discover({.root = machine.root()});
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <sys/fsuid.h>
#include <sys/types.h>

namespace hetmem::test {

/// An empty directory of its own, removed with all it holds.
class temporary_directory {
public:
    temporary_directory() {
        std::string name = (std::filesystem::temp_directory_path() / "hetmem-test-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("cannot make a temporary directory " + name);
        }
        path_ = name;
        // Not only for its owner: some tests look into it as another user.
        using std::filesystem::perms;
        std::filesystem::permissions(path_, perms::owner_all | perms::group_read |
                                                perms::group_exec | perms::others_read |
                                                perms::others_exec);
    }
    temporary_directory(temporary_directory&& other) noexcept : path_(std::move(other.path_)) {
        other.path_.clear();
    }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;
    ~temporary_directory() {
        if (!path_.empty()) {
            std::error_code ignored;
            std::filesystem::remove_all(path_, ignored);
        }
    }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// While it lives, this thread's access to files is that of an ordinary user, also when root runs
/// the tests.
class ordinary_user {
public:
    ordinary_user() : before_(::setfsuid(nobody)) {}
    ordinary_user(const ordinary_user&) = delete;
    ordinary_user& operator=(const ordinary_user&) = delete;
    ~ordinary_user() { ::setfsuid(static_cast<uid_t>(before_)); }

private:
    static constexpr uid_t nobody = 65534;
    int before_;
};

class tree {
public:
    using file = std::pair<std::string, std::string>; // path below the root, contents

    tree() = default;
    tree(std::initializer_list<file> files) { write(files); }

    const std::filesystem::path& root() const { return directory_.path(); }

    /// Makes the directories on the way; replaces what was there.
    tree& write(std::string_view path, std::string_view contents) {
        std::ofstream out(place(path), std::ios::binary | std::ios::trunc);
        out << contents;
        if (!out.flush()) {
            throw std::runtime_error("cannot write " + std::string(path));
        }
        return *this;
    }
    tree& write(std::initializer_list<file> files) {
        for (const auto& [path, contents] : files) {
            write(path, contents);
        }
        return *this;
    }
    tree& write(std::string_view path, std::span<const std::byte> contents) {
        std::string bytes(contents.size(), '\0');
        std::transform(contents.begin(), contents.end(), bytes.begin(),
                       [](std::byte b) { return static_cast<char>(b); });
        return write(path, bytes);
    }
    tree& make_directory(std::string_view path) {
        std::filesystem::create_directories(place(path));
        return *this;
    }
    tree& link(std::string_view path, std::string_view target) {
        std::filesystem::create_symlink(target, place(path));
        return *this;
    }
    tree& remove(std::string_view path) {
        std::filesystem::remove_all(directory_.path() / path);
        return *this;
    }
    /// What an ordinary user may not read; see ordinary_user.
    tree& forbid(std::string_view path) {
        std::filesystem::permissions(place(path), std::filesystem::perms::none);
        return *this;
    }

private:
    std::filesystem::path place(std::string_view path) const {
        std::filesystem::path where = directory_.path() / path;
        std::filesystem::create_directories(where.parent_path());
        return where;
    }

    temporary_directory directory_;
};

} // namespace hetmem::test
