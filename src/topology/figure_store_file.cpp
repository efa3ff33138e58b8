// Where stores lie, and how they are read and written.
#include "topology/figure_store.hpp"

#include "kernel/cpu.hpp"
#include "kernel/dmi.hpp"
#include "kernel/file.hpp"
#include "kernel/root_owned.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hetmem {

namespace {

namespace fs = std::filesystem;

constexpr const char* machine_directory = "/var/lib/hetmem";
constexpr const char* file_name = "figures.json";
/// A machine of 64 nodes that is measured in every way has 16 MiB.
constexpr std::size_t largest_store = std::size_t{256} << 20;

constexpr std::string_view what_machines = "machine's figures";
constexpr std::string_view what_own = "own figures";

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// ---- the user's home

/// Asked for once: where users come from a directory service, every discover() would ask that.
/// Nobody waits for anybody in here, and nothing is left behind when the library is unloaded.
class known_home {
public:
    std::optional<fs::path> of(uid_t user) const {
        return state_.load() == ready && user_ == user ? std::optional<fs::path>(home_.data())
                                                       : std::nullopt;
    }
    void keep(uid_t user, const std::string& home) {
        int expected = empty;
        if (home.size() < home_.size() && state_.compare_exchange_strong(expected, filling)) {
            user_ = user;
            std::copy_n(home.c_str(), home.size() + 1, home_.data());
            state_.store(ready);
        }
    }

private:
    static constexpr int empty = 0;
    static constexpr int filling = 1;
    static constexpr int ready = 2;
    std::atomic<int> state_{empty};
    uid_t user_ = 0;
    std::array<char, 1024> home_{};
};

fs::path home_directory() {
    static constinit known_home known;
    const uid_t user = ::geteuid();
    if (const auto home = known.of(user)) {
        return *home;
    }
    passwd entry{};
    passwd* found = nullptr;
    constexpr std::size_t largest_entry = std::size_t{1} << 20;
    int failed = ERANGE;
    for (std::vector<char> buffer(4096); failed == ERANGE && buffer.size() <= largest_entry;) {
        failed = ::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found);
        if (failed == 0 && found != nullptr && found->pw_dir != nullptr) {
            known.keep(user, found->pw_dir);
            return found->pw_dir;
        }
        buffer.resize(buffer.size() * 2);
    }
    return {};
}

// ---- reading

/// Opens what nobody but this user and root may write.
kernel::unique_fd open_own(int from, const fs::path& path, int flags, mode_t type) {
    kernel::unique_fd opened(::openat(from, path.c_str(), flags | O_CLOEXEC));
    struct stat about {};
    if (!opened || ::fstat(opened.get(), &about) != 0) {
        throw error(errno, fmt::format("cannot read {}", path.string()));
    }
    const bool ours = about.st_uid == ::geteuid() || about.st_uid == 0;
    const bool others_write = (about.st_mode & (S_IWGRP | S_IWOTH)) != 0;
    if ((about.st_mode & S_IFMT) != type || !ours || others_write) {
        throw not_permitted(fmt::format("{}: somebody else may write it", path.string()));
    }
    return opened;
}

/// The text of a user's own store; throws nothing but hetmem::error. What was checked is what is
/// read: a name could mean another file the second time.
std::string read_trusted(const fs::path& store) {
    const kernel::unique_fd directory =
        open_own(AT_FDCWD, store.parent_path(), O_PATH | O_DIRECTORY, S_IFDIR);
    // O_NONBLOCK: opening a pipe must not wait for a writer.
    const kernel::unique_fd file =
        open_own(directory.get(), store.filename(), O_RDONLY | O_NONBLOCK | O_NOCTTY, S_IFREG);
    std::string text;
    std::array<char, 65536> piece{};
    while (true) {
        const ssize_t got = ::read(file.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            throw error(errno, fmt::format("cannot read {}", store.string()));
        }
        if (got == 0) {
            return text;
        }
        text.append(piece.data(), static_cast<std::size_t>(got));
        if (text.size() > largest_store) {
            throw error(EFBIG, fmt::format("cannot read {}", store.string()));
        }
    }
}

bool is_absent(const error& e) {
    return e.code().value() == ENOENT || e.code().value() == ENOTDIR;
}

std::string counted(const measurements& all) {
    return fmt::format("{} measured, {} given", all.cells.size(), all.given.size());
}

/// Reads the text as a store, and tells what became of it.
std::optional<measurements> take(std::string_view text, std::string_view what,
                                 const std::string& path, std::vector<source_report>& reports,
                                 std::vector<notice>& notices) {
    try {
        measurements all = measurements_from_json(text, path);
        reports.push_back({std::string(what), path, source_status::used, counted(all)});
        return all;
    } catch (const malformed_file& e) {
        reports.push_back({std::string(what), path, source_status::malformed, e.what()});
        notices.push_back({fmt::format("the {}", what), e.what(),
                           "mend the file, or hetmem measure --forget makes an empty one"});
    }
    return std::nullopt;
}

void refuse(int errno_value, std::string_view what, const std::string& path,
            std::vector<source_report>& reports, std::vector<notice>& notices) {
    if (errno_value == ENOENT || errno_value == ENOTDIR) {
        return;
    }
    // EPERM is how kernel::open_root_owned() says that others may write it.
    const bool written_by_others = errno_value == EPERM;
    const std::string why =
        written_by_others ? "somebody else may write it" : std::strerror(errno_value);
    const source_status status =
        errno_value == EACCES ? source_status::not_permitted : source_status::ignored;
    reports.push_back({std::string(what), path, status, why});
    notices.push_back({fmt::format("the {} in {}", what, path), why,
                       written_by_others ? "only its owner may be able to write the file and its "
                                           "directory (chmod go-w)"
                                         : ""});
}

// ---- writing

/// Who may read a store.
struct access_modes {
    mode_t directory;
    mode_t file;
};

access_modes modes_of(const fs::path& store) {
    constexpr access_modes for_everybody{0755, 0644};
    constexpr access_modes for_its_owner{0700, 0600};
    return store == machine_store() ? for_everybody : for_its_owner;
}

[[noreturn]] void cannot_write(int errno_value, const fs::path& store) {
    const std::string what = fmt::format("cannot write {}", store.string());
    if (errno_value == EACCES || errno_value == EPERM) {
        throw not_permitted(
            store == machine_store()
                ? fmt::format("{}: only root keeps figures that count for everybody", what)
                : what);
    }
    throw error(errno_value, what);
}

/// Makes what is missing of the way; not by the umask, which is for other files.
void make_directories(const fs::path& directory, const fs::path& store) {
    if (directory.empty() || ::access(directory.c_str(), F_OK) == 0) {
        return;
    }
    make_directories(directory.parent_path(), store);
    const mode_t mode = modes_of(store).directory;
    if (::mkdir(directory.c_str(), mode) == 0) {
        if (::chmod(directory.c_str(), mode) != 0) {
            cannot_write(errno, store);
        }
    } else if (errno != EEXIST) {
        cannot_write(errno, store);
    }
}

/// Of several who add to a store at once each waits for its turn. The file stays: removing it
/// would let two in.
class store_lock {
public:
    explicit store_lock(const fs::path& store)
        : file_(::open((store.string() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
        if (!file_) {
            cannot_write(errno, store);
        }
        while (::flock(file_.get(), LOCK_EX) != 0) {
            if (errno != EINTR) {
                cannot_write(errno, store);
            }
        }
    }

private:
    kernel::unique_fd file_;
};

void write_store(const fs::path& store, const measurements& all) {
    const std::string text = to_json(all);
    // What could not be read again would be lost with all that was there before.
    static_cast<void>(measurements_from_json(text, "what was to be kept"));
    kernel::new_file out(store);
    if (::fchmod(out.descriptor(), modes_of(store).file) != 0) {
        cannot_write(errno, store);
    }
    out.write(text);
    out.commit();
}

machine_mark mark_of_machine(const topology& machine) {
    return machine.live() ? detail::read_machine_mark(kernel::rooted_reader("/"))
                          : machine_mark{machine.machine().cpu_model, ""};
}

} // namespace

fs::path machine_store() {
    return fs::path(machine_directory) / file_name;
}

fs::path user_store() {
    const bool secure = ::getauxval(AT_SECURE) != 0;
    const char* state_home = ::secure_getenv("XDG_STATE_HOME");
    const bool needs_home = !secure && (state_home == nullptr || state_home[0] != '/');
    return detail::user_store_for(secure, state_home, needs_home ? home_directory() : fs::path());
}

measurements read_measurements(const fs::path& store) {
    std::string text;
    try {
        text = kernel::read_file(store, largest_store);
    } catch (const error& e) {
        if (is_absent(e)) {
            return {};
        }
        if (e.code().value() == EACCES) {
            throw not_permitted(fmt::format("cannot read {}: this user may not", store.string()));
        }
        throw;
    }
    return measurements_from_json(text, store.string());
}

void keep_measurements(const fs::path& store, const topology& machine, const measurements& more) {
    const measurements mine = detail::import_for(machine, mark_of_machine(machine), more);
    make_directories(store.parent_path(), store);
    const store_lock alone(store);
    write_store(store, detail::merged(machine, read_measurements(store), mine));
}

std::size_t forget_measurements(const fs::path& store, const std::vector<std::string>& targets) {
    if (::access(store.c_str(), F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return 0;
    }
    const store_lock alone(store);
    measurements all;
    try {
        all = read_measurements(store);
    } catch (const malformed_file&) {
        if (!targets.empty()) {
            throw;
        }
        write_store(store, {}); // all of it, whatever it was
        return 0;
    }
    const std::size_t count = detail::forget(all, targets);
    if (count != 0) {
        // Empty rather than gone: hetmemd and who reads what it published see that it was written.
        write_store(store, all);
    }
    return count;
}

namespace detail {

fs::path user_store_for(bool secure, const char* state_home, const fs::path& home) {
    if (secure) {
        return {};
    }
    const fs::path within = fs::path("hetmem") / file_name;
    // The XDG base directory specification: relative paths are invalid and to be passed over.
    if (state_home != nullptr && state_home[0] == '/') {
        return fs::path(state_home) / within;
    }
    return home.is_absolute() ? home / ".local/state" / within : fs::path();
}

machine_mark read_machine_mark(const kernel::rooted_reader& reader) {
    return {kernel::read_cpu_model(reader).name, kernel::read_dmi(reader).machine};
}

std::optional<measurements> read_machine_store(const kernel::rooted_reader& reader,
                                               std::vector<source_report>& reports,
                                               std::vector<notice>& notices) {
    const fs::path path = machine_store();
    if (reader.live()) {
        return read_store_of_root(path, reports, notices);
    }
    std::vector<std::byte> bytes;
    const kernel::outcome read =
        reader.top().read_bytes(path.relative_path().string(), largest_store, bytes);
    if (!read) {
        refuse(read.errno_value, what_machines, path.string(), reports, notices);
        return std::nullopt;
    }
    return take(text_of(bytes), what_machines, path.string(), reports, notices);
}

std::optional<measurements> read_store_of_root(const fs::path& store,
                                               std::vector<source_report>& reports,
                                               std::vector<notice>& notices) {
    const kernel::unique_fd directory =
        kernel::open_root_owned(AT_FDCWD, store.parent_path().c_str(), O_PATH | O_DIRECTORY);
    const auto file = directory ? kernel::read_root_owned(directory.get(), file_name, largest_store)
                                : std::nullopt;
    if (!file) {
        refuse(errno, what_machines, store.string(), reports, notices);
        return std::nullopt;
    }
    return take(text_of(file->view()), what_machines, store.string(), reports, notices);
}

std::optional<measurements> read_own_store(const fs::path& store,
                                           std::vector<source_report>& reports,
                                           std::vector<notice>& notices) {
    if (store.empty()) {
        return std::nullopt;
    }
    try {
        return take(read_trusted(store), what_own, store.string(), reports, notices);
    } catch (const error& e) {
        refuse(e.code().value(), what_own, store.string(), reports, notices);
        return std::nullopt;
    }
}

std::optional<store_stamp> machine_store_stamp(const kernel::rooted_reader& reader) {
    const fs::path store = reader.root() / machine_store().relative_path();
    struct stat about {};
    if (::stat(store.c_str(), &about) != 0) {
        return std::nullopt;
    }
    constexpr std::int64_t nanoseconds = 1'000'000'000;
    return store_stamp{about.st_ino, static_cast<std::uint64_t>(about.st_size),
                       about.st_mtim.tv_sec * nanoseconds + about.st_mtim.tv_nsec};
}

namespace {

topology without_stored_figures(const topology& machine) {
    const topology::state& of = state_access::of(machine);
    const auto is_stored = [](const figure_layer& layer) { return layer.from() < source::hma; };
    if (std::none_of(of.layers.begin(), of.layers.end(), is_stored)) {
        return machine;
    }
    topology::state s = of;
    std::erase_if(s.layers, is_stored);
    return finish_topology(std::move(s));
}

topology with_store(const topology& machine, const kernel::rooted_reader& reader,
                    const std::optional<measurements>& stored, std::vector<source_report> reports,
                    std::vector<notice> notices, const std::optional<store_stamp>& stamp) {
    if (reports.empty() && notices.empty() && !stamp) {
        return machine;
    }
    topology::state s = state_access::of(
        stored ? with_measurements(machine, read_machine_mark(reader), *stored) : machine);
    s.sources.insert(s.sources.end(), std::make_move_iterator(reports.begin()),
                     std::make_move_iterator(reports.end()));
    s.notices.insert(s.notices.end(), std::make_move_iterator(notices.begin()),
                     std::make_move_iterator(notices.end()));
    s.store = stamp ? stamp : s.store;
    return topology(std::make_shared<const topology::state>(std::move(s)));
}

} // namespace

topology with_machine_store(const topology& machine, const kernel::rooted_reader& reader) {
    std::vector<source_report> reports;
    std::vector<notice> notices;
    // Before it is read: a store that is written meanwhile is seen to be another.
    const auto stamp = machine_store_stamp(reader);
    const auto stored = read_machine_store(reader, reports, notices);
    // Where there is one that this user may not read, what hetmemd published of it is the best.
    const bool closed = !reports.empty() && reports.back().status == source_status::not_permitted;
    return with_store(stamp && !closed ? without_stored_figures(machine) : machine, reader, stored,
                      std::move(reports), std::move(notices), stamp);
}

topology with_own_store(const topology& machine, const kernel::rooted_reader& reader,
                        const fs::path& store) {
    std::vector<source_report> reports;
    std::vector<notice> notices;
    const auto stored = read_own_store(store, reports, notices);
    return with_store(machine, reader, stored, std::move(reports), std::move(notices), {});
}

} // namespace detail

} // namespace hetmem
