// hetmem capture: the part of /sys and /proc that describes a machine, as an archive.
//
// The files are copied first, since those of sysfs and proc have no truthful sizes, which tar needs
// to know. Links stay links, as the way of a device through them tells what it is.
#include "kernel/file.hpp"
#include "kernel/machine.hpp"
#include "kernel/rooted.hpp"
#include "tool/archive.hpp"
#include "tool/capture_list.hpp"
#include "tool/commands.hpp"
#include "tool/output.hpp"
#include "tool/temporary_directory.hpp"

#include <hetmem/error.hpp>

#include <cerrno>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hetmem::tool {
namespace {

namespace fs = std::filesystem;

/// A firmware table of 1024 nodes has 8 MiB; nothing else comes near.
constexpr std::size_t largest_file = std::size_t{64} << 20;

std::vector<std::string> components_of(std::string_view path) {
    std::vector<std::string> components;
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        const std::string_view one = path.substr(0, slash);
        if (!one.empty() && one != ".") {
            components.emplace_back(one);
        }
        path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    }
    return components;
}

std::string joined(std::string_view directory, std::string_view name) {
    return directory.empty() ? std::string(name) : fmt::format("{}/{}", directory, name);
}

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

/// A new file in a directory that is ours alone: no care is needed, and there may be 100,000.
void write_file(const fs::path& file, std::string_view text) {
    const kernel::unique_fd descriptor(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    const ssize_t written =
        descriptor ? ::write(descriptor.get(), text.data(), text.size()) : ssize_t{-1};
    if (written != static_cast<ssize_t>(text.size())) {
        throw error(written < 0 ? errno : ENOSPC, "cannot write " + file.string());
    }
}

/// Whether what was read is more than an ordinary user would be given. The kernel lets everyone
/// read the names in iomem, and root the addresses.
bool only_root_is_told(const std::string& path, const struct stat& info) {
    return (info.st_mode & S_IROTH) == 0 || (path == "proc/iomem" && ::geteuid() == 0);
}

/// Copies what the patterns say from below a root to a directory, link by link and file by file.
class copier {
public:
    copier(const kernel::rooted_reader& from, fs::path root, fs::path to)
        : from_(from), root_(std::move(root)), to_(std::move(to)) {}

    void copy(const captured_files& files) {
        files_ = &files;
        for (const std::string& pattern : without_braces(files.pattern)) {
            walk("", components_of(pattern), 0);
        }
    }

    /// Paths that exist and could not be read.
    const std::set<std::string>& unreadable() const { return unreadable_; }
    /// Whether something was copied that only root, or only its owner, may read.
    bool private_content() const { return private_content_; }

private:
    // Follows `rest` from `directory`, whose path has no links in it.
    void walk(const std::string& directory, const std::vector<std::string>& rest,
              unsigned links_followed) {
        temporary_directory::check_interrupted();
        const std::string& name = rest.front();
        const std::vector<std::string> after(rest.begin() + 1, rest.end());
        if (name == "..") {
            if (!after.empty()) {
                walk(parent_of(directory), after, links_followed);
            }
        } else if (name.find_first_of("*#") == std::string::npos) {
            step(directory, name, after, links_followed);
        } else {
            std::vector<std::string> found;
            from_.open(directory).for_each([&](std::string_view entry, kernel::entry_kind) {
                if (matches(name, entry)) {
                    found.emplace_back(entry);
                }
            });
            for (const std::string& entry : found) {
                step(directory, entry, after, links_followed);
            }
        }
    }

    void step(const std::string& directory, const std::string& name,
              const std::vector<std::string>& after, unsigned links_followed) {
        constexpr unsigned most_links = 40; // as the kernel
        const std::string path = joined(directory, name);
        if (const auto link = from_.top().read_link(path)) {
            copy_link(path, *link);
            std::vector<std::string> way = components_of(*link);
            way.insert(way.end(), after.begin(), after.end());
            const bool wanted = !after.empty() || !files_->names_only;
            if (wanted && !way.empty() && links_followed < most_links) {
                walk(link->starts_with('/') ? std::string() : directory, way, links_followed + 1);
            }
            return;
        }
        struct stat info {};
        if (!look_at(path, info)) {
            return;
        }
        if (S_ISDIR(info.st_mode)) {
            if (after.empty()) {
                make_directory(path);
            } else {
                walk(path, after, links_followed);
            }
        } else if (S_ISREG(info.st_mode) && after.empty()) {
            copy_file(path, info);
        }
    }

    bool look_at(const std::string& path, struct stat& info) {
        // The path has no links in it, so this stays below the root.
        const fs::path place = root_ / path;
        return ::lstat(place.c_str(), &info) == 0;
    }

    fs::path destination(const std::string& path) {
        make_directory(parent_of(path));
        return to_ / path;
    }

    void make_directory(const std::string& path) {
        if (directories_.insert(path).second) {
            fs::create_directories(to_ / path);
        }
    }

    void copy_link(const std::string& path, const std::string& text) {
        const fs::path link = destination(path);
        if (done_.insert(path).second) {
            fs::create_symlink(text, link);
        }
    }

    void copy_file(const std::string& path, const struct stat& info) {
        if (!done_.insert(path).second) {
            return;
        }
        std::vector<std::byte> bytes;
        if (!files_->names_only) {
            const kernel::outcome read = from_.top().read_bytes(path, largest_file, bytes);
            if (read.not_permitted()) {
                unreadable_.insert(path);
                fs::create_symlink(kernel::not_permitted_mark, destination(path));
                return;
            }
            if (!read) {
                return; // the kernel has nothing to tell, for example of a device that is off
            }
            private_content_ = private_content_ || only_root_is_told(path, info);
        }
        const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        write_file(destination(path), wanted_text(*files_, text));
    }

    const kernel::rooted_reader& from_;
    fs::path root_;
    fs::path to_;
    const captured_files* files_ = nullptr;
    std::set<std::string> done_;
    std::set<std::string> directories_;
    std::set<std::string> unreadable_;
    bool private_content_ = false;
};

/// What a copy would not tell of this machine: kernels before 6.1 have no file for it.
void add_architecture(const kernel::rooted_reader& from, const fs::path& tree) {
    const fs::path file = tree / "proc/sys/kernel/arch";
    if (from.live() && !fs::exists(file)) {
        fs::create_directories(file.parent_path());
        write_file(file, kernel::read_machine(from).architecture + "\n");
    }
}

bool contains_any(const std::set<std::string>& paths, std::string_view part) {
    for (const std::string& path : paths) {
        if (path.find(part) != std::string::npos) {
            return true;
        }
    }
    return false;
}

void report_unreadable(const std::set<std::string>& paths) {
    constexpr std::size_t most_names = 4;
    if (paths.empty()) {
        return;
    }
    std::string names;
    std::size_t named = 0;
    for (const std::string& path : paths) {
        if (named++ == most_names) {
            names += fmt::format(" and {} more", paths.size() - most_names);
            break;
        }
        names += (names.empty() ? "/" : ", /") + path;
    }
    std::string missing;
    const auto lacks = [&](std::string_view part, std::string_view what) {
        if (contains_any(paths, part)) {
            missing += missing.empty() ? "" : "; ";
            missing += what;
        }
    };
    lacks("acpi/tables/", "the firmware's figures of all pairs of initiator and memory");
    lacks("CDAT", "the CXL devices' own figures");
    lacks("resource", "physical addresses of devices");
    complain(fmt::format("left out, not readable by this user: {}", names));
    if (!missing.empty()) {
        complain(fmt::format("so the capture lacks {}; run it as root to have all", missing));
    }
}

} // namespace

void capture(const capture_arguments& asked) {
    constexpr std::string_view name =
        "hetmem-capture"; // one directory, so unpacking by hand is tidy
    const kernel::rooted_reader machine(asked.root);
    kernel::new_file archive(asked.file);
    const temporary_directory place;
    const fs::path tree = place.path() / name;
    try {
        copier copy(machine, asked.root, tree);
        for (const captured_files& files : capture_list()) {
            copy.copy(files);
        }
        if (!fs::exists(tree / "sys")) {
            throw error(ENOENT, fmt::format("there is no machine below {}: no sys/", asked.root));
        }
        add_architecture(machine, tree);
        pack(place.path(), std::string(name), archive.descriptor());
        if (copy.private_content()) {
            archive.keep_to_owner();
        }
        archive.commit();
        report_unreadable(copy.unreadable());
    } catch (const fs::filesystem_error& e) {
        throw error(e.code().value(), "cannot copy to " + place.path().string());
    }
}

} // namespace hetmem::tool
