// hetmem adopt: another HMAT in place of the firmware's. hetmemd decides and publishes; where none
// runs, one is run for this alone.
#include "kernel/file.hpp"
#include "kernel/rooted.hpp"
#include "publish/adopt_files.hpp"
#include "publish/run_directory.hpp"
#include "tool/commands.hpp"
#include "tool/output.hpp"

#include <hetmem/error.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <fmt/format.h>

namespace hetmem::tool {
namespace {

namespace fs = std::filesystem;
using detail::adopt_answer;
using detail::adopt_request;

/// acpiexec may need seconds for each of several methods.
constexpr std::chrono::seconds longest_wait{60};

/// The files of one request, which go away with it.
class asked_files {
public:
    explicit asked_files(const fs::path& box) : at_(box / fmt::format("{}-1", ::getpid())) {}
    ~asked_files() {
        for (const char* const ending : {".table", ".json", ".answer"}) {
            std::error_code not_there;
            fs::remove(named(ending), not_there);
        }
    }
    asked_files(const asked_files&) = delete;
    asked_files& operator=(const asked_files&) = delete;

    fs::path named(std::string_view ending) const {
        fs::path file = at_;
        return file += ending;
    }
    void write(std::string_view ending, std::string_view text) const {
        kernel::new_file out(named(ending));
        out.keep_to_owner();
        out.write(text);
        out.commit();
    }

private:
    fs::path at_;
};

/// changes: readable when something changed where the answer will be; -1: nobody tells.
void wait_for_answer(int changes, const fs::path& answer, const fs::path& run_directory) {
    const auto end = std::chrono::steady_clock::now() + longest_wait;
    while (!fs::exists(answer)) {
        if (!detail::somebody_publishes(run_directory)) {
            throw error(ECANCELED, "hetmemd ended before it answered");
        }
        if (std::chrono::steady_clock::now() > end) {
            throw error(ETIMEDOUT,
                        fmt::format("hetmemd did not answer for {} s", longest_wait.count()));
        }
        // Not for longer at once: nobody tells that hetmemd ended.
        constexpr int a_second = 1000;
        constexpr int shortly = 50;
        pollfd wanted{changes, POLLIN, 0}; // poll(2) only waits when that is -1
        if (::poll(&wanted, 1, changes >= 0 ? a_second : shortly) > 0) {
            std::array<char, 4096> events{};
            while (::read(changes, events.data(), events.size()) > 0) {
            }
        }
    }
}

adopt_answer ask(const adopt_request& request, const fs::path& run_directory) {
    const fs::path box = run_directory / "requests";
    // A user has few of these, and they may be in use: then it goes without.
    kernel::unique_fd changes(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (changes && ::inotify_add_watch(changes.get(), box.c_str(), IN_MOVED_TO) < 0) {
        changes = {};
    }
    const asked_files files(box);
    if (request.wanted == adopt_request::kind::table) {
        files.write(".table", std::string_view(reinterpret_cast<const char*>(request.table.data()),
                                               request.table.size()));
    }
    files.write(".json", detail::to_json(request));
    const fs::path answer = files.named(".answer");
    wait_for_answer(changes.get(), answer, run_directory);
    return detail::adopt_answer_from(kernel::read_file(answer), answer.string());
}

/// Takes the place of this process.
[[noreturn]] void run_daemon_once(const adopt_arguments& asked) {
    std::error_code failed;
    const auto own = fs::read_symlink("/proc/self/exe", failed);
    const fs::path daemon = (own.parent_path() / HETMEM_DAEMON_FROM_BIN).lexically_normal();
    std::vector<std::string> words = {"hetmemd", "--run-directory", asked.run_directory, "--once"};
    switch (asked.wanted) {
    case adopt_request::kind::table:
        words.insert(words.end(), {"--adopt", asked.file});
        break;
    case adopt_request::kind::evaluate:
        words.emplace_back("--evaluate");
        break;
    case adopt_request::kind::firmware:
        words.emplace_back("--firmware");
        break;
    }
    std::vector<char*> pointers;
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    ::execv(daemon.c_str(), pointers.data());
    throw error(errno, fmt::format("hetmemd does not run, and {} cannot be run", daemon.string()));
}

} // namespace

int adopt(const adopt_arguments& asked) {
    if (asked.run_directory == adopt_arguments().run_directory && ::geteuid() != 0) {
        throw not_permitted("only root replaces the machine's HMAT");
    }
    if (!detail::somebody_publishes(asked.run_directory)) {
        run_daemon_once(asked);
    }
    // Not before: a pipe can be read only once, and hetmemd has just been left to do it.
    adopt_request request;
    request.wanted = asked.wanted;
    if (asked.wanted == adopt_request::kind::table) {
        request = detail::request_to_adopt(asked.file);
    }
    const adopt_answer answer = ask(request, asked.run_directory);
    if (!answer.done) {
        for (const std::string& why : answer.refused) {
            complain("refused: " + why);
        }
        complain("HMAT in force as before: " + answer.in_force);
        return 1;
    }
    write_output(detail::to_text(answer));
    return 0;
}

} // namespace hetmem::tool
