#include "published_here.hpp"

#include "kernel/file.hpp"
#include "kernel/rooted.hpp"
#include "topology/describe.hpp"
#include "topology/published.hpp"
#include "topology/snapshot.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hetmem::bench {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& file, std::string_view bytes, mode_t mode) {
    kernel::new_file out(file);
    out.write(bytes);
    out.commit();
    ::chmod(file.c_str(), mode);
}

void make_directory(const fs::path& directory) {
    fs::create_directory(directory);
    ::chmod(directory.c_str(), 0755);
}

void load_from(const fs::path& place, bool up_to_date) {
    const kernel::rooted_reader reader("/");
    const auto found = detail::read_published(place, reader);
    if (!found || found->up_to_date != up_to_date) {
        throw std::runtime_error("what was published is not taken");
    }
}

} // namespace

bool published_here::can_be_made() {
    return ::geteuid() == 0;
}

published_here::published_here() {
    std::string name = (fs::temp_directory_path() / "hetmem-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        throw std::runtime_error("cannot make a temporary directory");
    }
    place_ = name;
    ::chmod(place_.c_str(), 0755);
    outdated_ = place_ / "outdated";
    make_directory(outdated_);
    const fs::path generation = place_ / "generations";
    make_directory(generation);
    const kernel::rooted_reader reader("/");
    const topology machine = detail::describe(reader);
    const std::string boot = detail::boot_id(reader);
    write(generation / "private", detail::to_snapshot(machine, boot), 0600);
    write(generation / "snapshot", detail::to_snapshot(detail::without_addresses(machine), boot),
          0644);
    for (const fs::path& place : {place_, outdated_}) {
        fs::create_directory_symlink(generation, place / "current");
    }
    // No event of the machine while we measure makes it look old.
    set_seen(place_, ~std::uint64_t{0});
    set_seen(outdated_, 0);
}

published_here::~published_here() {
    std::error_code ignored;
    fs::remove_all(place_, ignored);
}

void published_here::set_seen(const fs::path& place, std::uint64_t event) const {
    const detail::seen_record record = detail::encode_seen(event);
    write(place / "seen", {reinterpret_cast<const char*>(record.data()), record.size()}, 0644);
}

void published_here::as_ordinary_user(const std::function<void()>& work) const {
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
        constexpr unsigned nobody = 65534;
        int status = 1;
        try {
            if (::setresgid(nobody, nobody, nobody) == 0 &&
                ::setresuid(nobody, nobody, nobody) == 0) {
                work();
                status = 0;
            }
        } catch (const std::exception& e) {
            std::fprintf(stderr, "bench_against_hwloc: %s\n", e.what());
        }
        std::fflush(stdout);
        ::_exit(status);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) < 0 || status != 0) {
        throw std::runtime_error("the measurement as an ordinary user failed");
    }
}

void published_here::load() const {
    load_from(place_, true);
}

void published_here::load_as_it_is() const {
    load_from(outdated_, false);
}

} // namespace hetmem::bench
