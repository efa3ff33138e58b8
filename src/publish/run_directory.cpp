#include "publish/run_directory.hpp"

#include "publish/steps.hpp"

#include "kernel/text.hpp"
#include "topology/published.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

namespace fs = std::filesystem;

// Nothing is synchronised to a device (fsync): what is published holds for one boot, and the place
// for it is a tmpfs.

constexpr std::string_view generations = "generations/";
/// What such a name and that of something of ours are together is not complete, or no longer.
constexpr std::string_view unfinished = ".new-";
constexpr std::string_view going = ".old-";

constexpr std::array<std::string_view, 5> links = {"topology.json", "history.jsonl", "hmem",
                                                   "fsroot", "hwloc.xml"};

/// Readers of JSON know integers up to here. Nobody gets that far by counting.
constexpr std::uint64_t largest_number = std::uint64_t{1} << 53;

std::optional<std::uint64_t> generation_number(std::string_view name) {
    const std::optional<std::uint64_t> number = kernel::parse_u64(name);
    const bool ours = number && *number <= largest_number && std::to_string(*number) == name;
    return ours ? number : std::nullopt;
}

/// Names in generations/ that stand for no whole generation.
bool is_unfinished_generation(std::string_view name) {
    return (name.starts_with(unfinished) || name.starts_with(going)) &&
           generation_number(name.substr(unfinished.size()));
}
static_assert(unfinished.size() == going.size());

/// Names in the place itself.
bool is_unfinished_file(std::string_view name) {
    if (!name.starts_with(unfinished)) {
        return false;
    }
    name.remove_prefix(unfinished.size());
    return name == "current" || name == "health.json" || std::ranges::count(links, name) != 0;
}

bool is_directory(const std::string& path) {
    std::error_code none;
    return fs::symlink_status(path, none).type() == fs::file_type::directory;
}

bool is_there(const std::string& path) {
    std::error_code none;
    return fs::exists(fs::symlink_status(path, none));
}

std::vector<std::string> names_in(const std::string& directory) {
    std::vector<std::string> names;
    std::error_code problem;
    for (fs::directory_iterator at(directory, problem); !problem && at != fs::directory_iterator();
         at.increment(problem)) {
        names.push_back(at->path().filename().string());
    }
    if (problem) {
        throw error(problem.value(), "cannot list " + directory);
    }
    return names;
}

struct flock whole_file(short type) {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;
}

/// Nobody else may be able to put links where this writes.
void check_owner(const std::string& place) {
    struct stat about {};
    if (::lstat(place.c_str(), &about) != 0) {
        throw error(errno, "cannot use the directory " + place);
    }
    if (!S_ISDIR(about.st_mode)) {
        throw error(ENOTDIR, fmt::format("cannot publish in {}{}", place,
                                         S_ISLNK(about.st_mode) ? ": it is a link" : ""));
    }
    if (about.st_uid != ::geteuid() || (about.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        throw error(EPERM, fmt::format("cannot publish in {}: user {} must own it and nobody else "
                                       "may write there",
                                       place, ::geteuid()));
    }
}

kernel::unique_fd open_file(const std::string& path, mode_t mode) {
    kernel::unique_fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!file) {
        throw error(errno, "cannot open " + path);
    }
    struct stat about {};
    if (::fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode)) {
        throw error(EINVAL, fmt::format("cannot use {}: it is no regular file", path));
    }
    return file;
}

/// Whether the path still leads to the file that is open.
bool leads_to(const std::string& path, const kernel::unique_fd& file) {
    struct stat open {};
    struct stat named {};
    return file && ::fstat(file.get(), &open) == 0 && ::lstat(path.c_str(), &named) == 0 &&
           open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

/// Paths below the generation only, whatever the tree says.
void check_path(const std::string& path) {
    const fs::path parts(path);
    bool sound = !path.empty() && parts.is_relative();
    for (const fs::path& part : parts) {
        sound = sound && !part.empty() && part != "." && part != "..";
    }
    if (!sound) {
        throw error(EINVAL, fmt::format("cannot publish \"{}\": no path below a directory", path));
    }
}

/// Writes a tree below a directory that it makes.
class tree_writer {
public:
    explicit tree_writer(std::string into) : into_(std::move(into)) {
        steps::make_directory(into_, 0755);
    }

    void write(const file_tree& part) {
        for (const auto& [path, mode] : directories_of(part)) {
            if (made_.insert(path).second) {
                steps::make_directory(place_of(path), mode);
            }
        }
        for (const tree_entry& entry : part) {
            write(entry);
        }
    }

private:
    std::string place_of(const std::string& path) const { return into_ + "/" + path; }
    void write(const tree_entry& entry) const;
    static std::map<std::string, mode_t> directories_of(const file_tree& files);

    std::string into_;
    std::set<std::string> made_;
};

void tree_writer::write(const tree_entry& entry) const {
    switch (entry.what) {
    case tree_entry::kind::file:
        steps::write_file(place_of(entry.path), entry.content, entry.mode);
        break;
    case tree_entry::kind::more:
        steps::append(place_of(entry.path), entry.content);
        break;
    case tree_entry::kind::link:
        steps::make_link(place_of(entry.path), entry.content);
        break;
    case tree_entry::kind::directory:
        break; // made before
    }
}

/// Every directory of a tree with its mode, those above first.
std::map<std::string, mode_t> tree_writer::directories_of(const file_tree& files) {
    constexpr mode_t for_everyone = 0755;
    std::map<std::string, mode_t> all;
    for (const tree_entry& entry : files) {
        check_path(entry.path);
        for (std::size_t slash = entry.path.find('/'); slash != std::string::npos;
             slash = entry.path.find('/', slash + 1)) {
            all.try_emplace(entry.path.substr(0, slash), for_everyone);
        }
        if (entry.what == tree_entry::kind::directory) {
            all[entry.path] = entry.mode;
        }
    }
    return all; // "a" comes before "a/b" in the order of strings
}

void remove_quietly(const std::string& path) {
    try {
        steps::remove(path);
    } catch (const error&) {
        // In the way of nobody: the next start tries again.
    }
}

} // namespace

struct run_directory::state {
    fs::path place;
    kernel::unique_fd lock;
    kernel::unique_fd seen;
    std::optional<std::uint64_t> current;
    std::uint64_t last = 0;

    std::string path_of(std::string_view name) const {
        return fmt::format("{}/{}", place.string(), name);
    }
    std::string generation(std::string_view name) const {
        return fmt::format("{}/{}{}", place.string(), generations, name);
    }

    void check_that_it_is_ours() const;
    void make_place() const;
    void make_missing();
    void make_missing_directory(std::string_view name, mode_t mode) const;
    void take_lock();
    void find_numbers();
    std::optional<std::uint64_t> read_current() const;
    void point(std::string_view name, const std::string& to) const;
    void make_missing_links() const;
    void remove_unfinished() const;
    void remove_generation(std::uint64_t number) const;
    void keep_only_two() const;
    void discard(std::uint64_t number) const;
};

/// A directory that somebody named by mistake keeps what it has.
void run_directory::state::check_that_it_is_ours() const {
    if (is_there(path_of("lock")) || is_there(path_of("generations"))) {
        return;
    }
    for (const std::string& name : names_in(place.string())) {
        if (!is_unfinished_file(name)) {
            throw error(ENOTEMPTY,
                        fmt::format("cannot publish in {}: it holds {} and was not made by hetmemd",
                                    place.string(), name));
        }
    }
}

void run_directory::state::make_place() const {
    std::error_code ignored; // making the place itself fails then, too
    fs::create_directories(place.parent_path(), ignored);
    if (!is_there(place.string())) {
        steps::make_directory(place.string(), 0755);
    }
    check_owner(place.string());
}

/// The lock first: with it another start knows the place.
void run_directory::state::make_missing() {
    if (!leads_to(path_of("lock"), lock)) {
        take_lock();
    }
    make_missing_directory("generations", 0755);
    make_missing_directory("requests", 0700);
    if (!leads_to(path_of("seen"), seen)) {
        seen = open_file(path_of("seen"), 0644);
    }
}

void run_directory::state::make_missing_directory(std::string_view name, mode_t mode) const {
    if (!is_there(path_of(name))) {
        steps::make_directory(path_of(name), mode);
    } else if (!is_directory(path_of(name))) {
        throw error(ENOTDIR, "cannot publish below " + path_of(name));
    }
}

void run_directory::state::take_lock() {
    // Of the open file, not of the process: it is let go when the process ends, however it ends.
    kernel::unique_fd file = open_file(path_of("lock"), 0600);
    struct flock wanted = whole_file(F_WRLCK);
    if (::fcntl(file.get(), F_OFD_SETLK, &wanted) == 0) {
        lock = std::move(file);
        return;
    }
    if (errno == EAGAIN || errno == EACCES) {
        throw error(EBUSY, fmt::format("another process publishes in {}: it holds {}",
                                       place.string(), path_of("lock")));
    }
    throw error(errno, "cannot lock " + path_of("lock"));
}

std::optional<std::uint64_t> run_directory::state::read_current() const {
    std::error_code none;
    const std::string to = fs::read_symlink(path_of("current"), none).string();
    return to.starts_with(generations) && is_directory(path_of(to))
               ? generation_number(to.substr(generations.size()))
               : std::nullopt;
}

void run_directory::state::find_numbers() {
    current = read_current();
    for (const std::string& name : names_in(generation(""))) {
        last = std::max(last, generation_number(name).value_or(0));
    }
}

/// The link `name`, new or in place of what it was, in one step.
void run_directory::state::point(std::string_view name, const std::string& to) const {
    const std::string temporary = path_of(fmt::format("{}{}", unfinished, name));
    steps::make_link(temporary, to);
    steps::rename(temporary, path_of(name));
}

void run_directory::state::make_missing_links() const {
    for (const std::string_view name : links) {
        std::error_code none;
        const std::string to = fmt::format("current/{}", name);
        if (fs::read_symlink(path_of(name), none) != to) {
            point(name, to);
        }
    }
}

void run_directory::state::remove_unfinished() const {
    for (const std::string& name : names_in(place.string())) {
        if (is_unfinished_file(name)) {
            steps::remove(path_of(name));
        }
    }
    for (const std::string& name : names_in(generation(""))) {
        const std::optional<std::uint64_t> number = generation_number(name);
        // A larger one has been written, but nobody was told of it. Without a sound `current`
        // nobody knows which these are.
        if (is_unfinished_generation(name) || (number && current && *number > *current)) {
            steps::remove(generation(name));
        }
    }
}

void run_directory::state::remove_generation(std::uint64_t number) const {
    // Under its own name it is whole or not there.
    const std::string name = generation(fmt::format("{}{}", going, number));
    steps::rename(generation(std::to_string(number)), name);
    steps::remove(name);
}

void run_directory::state::keep_only_two() const {
    std::optional<std::uint64_t> before;
    std::vector<std::uint64_t> others;
    for (const std::string& name : names_in(generation(""))) {
        const std::optional<std::uint64_t> number = generation_number(name);
        if (!number || !current || *number >= *current) {
            continue;
        }
        if (before) {
            others.push_back(std::min(*before, *number));
        }
        before = std::max(before.value_or(0), *number);
    }
    for (const std::uint64_t number : others) {
        remove_generation(number);
    }
}

/// What publish() could not complete.
void run_directory::state::discard(std::uint64_t number) const {
    const std::string name = std::to_string(number);
    remove_quietly(generation(std::string(unfinished) + name));
    remove_quietly(generation(name));
    remove_quietly(path_of(std::string(unfinished) + "current"));
}

run_directory::run_directory(const std::filesystem::path& place)
    : state_(std::make_unique<state>()) {
    state_->place = fs::absolute(place).lexically_normal();
    if (!state_->place.has_filename()) {
        state_->place = state_->place.parent_path();
    }
    state_->make_place();
    state_->check_that_it_is_ours();
    state_->make_missing();
    state_->current = state_->read_current();
    state_->remove_unfinished();
    state_->keep_only_two();
    state_->make_missing_links();
    state_->find_numbers();
}

run_directory::~run_directory() = default;

const std::filesystem::path& run_directory::place() const {
    return state_->place;
}

std::optional<std::uint64_t> run_directory::current() const {
    return state_->current;
}

std::uint64_t run_directory::last_number() const {
    return state_->last;
}

void run_directory::restore() {
    state_->make_place();
    state_->make_missing();
    state_->make_missing_links();
    state_->find_numbers();
}

void run_directory::publish(std::uint64_t number, const file_tree& files) {
    publish(number, [&files](const tree_sink& take) { take(files); });
}

void run_directory::publish(std::uint64_t number,
                            const std::function<void(const tree_sink&)>& write,
                            std::optional<std::uint64_t> seen) {
    restore();
    if (number <= state_->last || number > largest_number) {
        throw error(EINVAL, fmt::format("cannot publish generation {} after generation {}", number,
                                        state_->last));
    }
    const std::string name = std::to_string(number);
    const std::string building = state_->generation(std::string(unfinished) + name);
    try {
        tree_writer files(building);
        write([&files](const file_tree& part) { files.write(part); });
        steps::rename(building, state_->generation(name));
        state_->point("current", std::string(generations) + name);
    } catch (...) {
        state_->discard(number);
        throw;
    }
    state_->current = number;
    state_->last = number;
    if (seen) {
        set_seen(*seen);
    }
    try {
        state_->keep_only_two();
    } catch (const error&) {
        // It is published all the same; the next one tries again.
    }
}

void run_directory::replace(std::string_view name, std::string_view content, mode_t mode) {
    check_path(std::string(name));
    restore();
    const std::string temporary = state_->path_of(fmt::format("{}{}", unfinished, name));
    try {
        steps::write_file(temporary, content, mode);
        steps::rename(temporary, state_->path_of(name));
    } catch (...) {
        remove_quietly(temporary);
        throw;
    }
}

void run_directory::set_seen(std::uint64_t event_number) {
    const seen_record record = encode_seen(event_number);
    std::string bytes(record.size(), '\0');
    for (std::size_t i = 0; i < record.size(); ++i) {
        bytes[i] = static_cast<char>(record[i]);
    }
    steps::overwrite(state_->seen.get(), bytes, state_->path_of("seen"));
}

void run_directory::forget_seen() {
    steps::empty(state_->seen.get(), state_->path_of("seen"));
}

void run_directory::before_each_step(std::function<void()> call) {
    steps::before_each(std::move(call));
}

bool somebody_publishes(const std::filesystem::path& place) {
    const kernel::unique_fd lock(
        ::open((place / "lock").c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    struct flock found = whole_file(F_WRLCK);
    return lock && ::fcntl(lock.get(), F_OFD_GETLK, &found) == 0 && found.l_type != F_UNLCK;
}

} // namespace hetmem::detail
