#include "override/steps.hpp"

#include "kernel/file.hpp"
#include "kernel/rooted.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hetmem::detail {

namespace {

namespace fs = std::filesystem;

struct old_file {
    std::string content;
    mode_t mode = 0;
};

/// Whether a link among the directories of a place leads to somewhere that is not below the root.
bool leads_out(const fs::path& root, const fs::path& place) {
    const fs::path top = fs::canonical(root);
    const fs::path directory = fs::weakly_canonical(place.parent_path());
    return std::mismatch(top.begin(), top.end(), directory.begin(), directory.end()).first !=
           top.end();
}

/// Who mends the image of a machine must not change the machine that this is done on.
void stay_below(const fs::path& root, const fs::path& place) {
    if (leads_out(root, place)) {
        throw not_permitted(
            fmt::format("{}: a link leads out of {}", place.parent_path().string(), root.string()));
    }
}

mode_t mode_of(const fs::path& file) {
    constexpr mode_t permissions = 07777;
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) {
        throw error(errno, fmt::format("cannot read {}", file.string()));
    }
    return status.st_mode & permissions;
}

std::optional<old_file> read_old(const fs::path& file) {
    std::error_code unknown;
    if (!fs::exists(fs::symlink_status(file, unknown))) {
        return std::nullopt;
    }
    return old_file{kernel::read_file(file), mode_of(file)};
}

/// What a file or a directory holds outlasts a loss of power from now on.
void sync_to_disk(int descriptor, const fs::path& place) {
    // EINVAL: a file system that has no such thing.
    if (::fsync(descriptor) != 0 && errno != EINVAL) {
        throw error(errno, fmt::format("cannot write {} to the disk", place.string()));
    }
}

void sync_to_disk(const fs::path& place) {
    const kernel::unique_fd opened(::open(place.c_str(), O_RDONLY | O_CLOEXEC));
    sync_to_disk(opened.get(), place);
}

void write(const fs::path& file, const std::string& content, mode_t mode) {
    kernel::new_file out(file);
    if (::fchmod(out.descriptor(), mode) != 0) {
        throw error(errno, fmt::format("cannot write {}", file.string()));
    }
    out.write(content);
    sync_to_disk(out.descriptor(), file);
    out.commit();
    sync_to_disk(file.parent_path());
}

void unlink_file(const fs::path& file) {
    if (::unlink(file.c_str()) != 0 && errno != ENOENT) {
        throw error(errno, fmt::format("cannot remove {}", file.string()));
    }
}

void bring_back(const fs::path& file, const std::optional<old_file>& old) {
    if (old) {
        write(file, old->content, old->mode);
    } else {
        unlink_file(file);
    }
}

std::string undo_backwards(const std::vector<step>& steps, std::size_t done) {
    std::string failures;
    while (done-- > 0) {
        try {
            if (steps[done].undo) {
                steps[done].undo();
            }
        } catch (const std::exception& e) {
            failures += fmt::format("; could not be undone: {} ({})", steps[done].what, e.what());
        }
    }
    return failures;
}

} // namespace

void run_steps(const std::vector<step>& steps, const std::function<void(const step&)>& begin) {
    for (std::size_t done = 0; done < steps.size(); ++done) {
        try {
            if (begin) {
                begin(steps[done]);
            }
            steps[done].apply();
        } catch (const std::exception& e) {
            const std::string left = undo_backwards(steps, done);
            if (left.empty()) {
                throw;
            }
            throw undo_failed(std::errc::io_error, e.what() + left);
        }
    }
}

step make_directory(const fs::path& root, const std::string& path, mode_t mode) {
    const auto made = std::make_shared<std::vector<fs::path>>(); // outermost first
    const auto apply = [=] {
        fs::path place = root;
        for (const fs::path& part : fs::path(path)) {
            place /= part;
            stay_below(root, place);
            if (::mkdir(place.c_str(), program_mode) == 0) {
                made->push_back(place);
            } else if (errno != EEXIST) {
                throw error(errno, fmt::format("cannot make {}", place.string()));
            }
        }
        if (!made->empty() && made->back() == place && ::chmod(place.c_str(), mode) != 0) {
            throw error(errno, fmt::format("cannot make {}", place.string()));
        }
    };
    const auto undo = [=] {
        const std::vector<fs::path> innermost_first(made->rbegin(), made->rend());
        for (const fs::path& place : innermost_first) {
            ::rmdir(place.c_str()); // somebody may have put something into it
        }
    };
    return {fmt::format("make the directory /{}", path), apply, undo};
}

step write_file(const fs::path& root, const std::string& path, std::string content, mode_t mode) {
    const fs::path file = root / path;
    const auto old = std::make_shared<std::optional<old_file>>();
    return {fmt::format("write /{}", path),
            [=, content = std::move(content)] {
                stay_below(root, file);
                *old = read_old(file);
                write(file, content, mode);
            },
            [=] { bring_back(file, *old); }};
}

step copy_file(const fs::path& root, const std::string& from, const std::string& to) {
    const fs::path source = root / from;
    const fs::path target = root / to;
    const auto was_there = std::make_shared<bool>(false);
    const auto apply = [=] {
        stay_below(root, source);
        stay_below(root, target);
        fs::path part = target;
        part += ".part";
        std::error_code failed;
        *was_there = fs::exists(target, failed);
        fs::copy_file(source, part, fs::copy_options::overwrite_existing, failed);
        if (!failed) {
            sync_to_disk(part);
            fs::rename(part, target, failed);
        }
        if (failed) {
            std::error_code ignored;
            fs::remove(part, ignored);
            throw error(failed.value(),
                        fmt::format("cannot copy {} to {}", source.string(), target.string()));
        }
        sync_to_disk(target.parent_path());
    };
    const auto undo = [=] {
        if (!*was_there) {
            unlink_file(target);
        }
    };
    return {fmt::format("copy /{} to /{}", from, to), apply, undo};
}

step move_file(const fs::path& root, const std::string& from, const std::string& to) {
    const auto move = [root](const std::string& old_name, const std::string& new_name) {
        stay_below(root, root / old_name);
        stay_below(root, root / new_name);
        fs::rename(root / old_name, root / new_name);
        sync_to_disk((root / new_name).parent_path());
    };
    return {fmt::format("move /{} to /{}", from, to), [=] { move(from, to); },
            [=] { move(to, from); }};
}

step remove_file(const fs::path& root, const std::string& path) {
    const fs::path file = root / path;
    const auto old = std::make_shared<std::optional<old_file>>();
    return {fmt::format("remove /{}", path),
            [=] {
                stay_below(root, file);
                *old = read_old(file);
                unlink_file(file);
            },
            [=] {
                if (*old) {
                    bring_back(file, *old);
                }
            }};
}

step clean_up(const fs::path& root, std::vector<std::string> paths) {
    std::string what = fmt::format("remove /{}", fmt::join(paths, ", /"));
    return {std::move(what),
            [=, paths = std::move(paths)] {
                for (const std::string& path : paths) {
                    std::error_code not_there; // or not empty: it is not ours alone then
                    if (!leads_out(root, root / path)) {
                        fs::remove(root / path, not_there);
                    }
                }
            },
            {}};
}

} // namespace hetmem::detail
