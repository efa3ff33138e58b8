#include "tests/vm/programs/pattern.hpp"
#include "tests/vm/programs/report.hpp"
#include "tests/vm/programs/request.hpp"
#include "tests/vm/programs/subcommands.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>
#include <vector>

namespace vm {
namespace {

using nlohmann::json;

struct pipe_ends {
    int read_end = -1;
    int write_end = -1;
};

pipe_ends make_pipe() {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) {
        throw std::runtime_error("pipe");
    }
    return {ends[0], ends[1]};
}

std::string read_all(int end) {
    std::string text;
    std::array<char, 4096> piece{};
    for (ssize_t got = 0; (got = read(end, piece.data(), piece.size())) > 0;) {
        text.append(piece.data(), static_cast<std::size_t>(got));
    }
    return text;
}

/// Ends when everybody closed the other end.
void wait_for_close(int end) {
    read_all(end);
}

/// One of the racers: takes until it is refused, tells that, and once all are, looks again.
json run(const arguments& asked, std::uint64_t seed, int refused, int all_refused) {
    json said;
    std::vector<hetmem::region> regions;
    json last;
    attempt(said, [&] {
        const hetmem::placement where = placement_of(asked.word(2), asked);
        const hetmem::region_options options = options_of(asked);
        const hetmem::byte_size each = size_of(asked, 3);
        while (attempt(last, [&] { regions.emplace_back(each, where, options); })) {
            write_pattern(regions.back().bytes(), seed + regions.size());
        }
    });
    said["refused"] = last;
    close(refused);
    wait_for_close(all_refused);
    bool intact = true;
    json bytes = json::object();
    std::uint64_t strayed = 0;
    for (std::size_t i = 0; i < regions.size(); ++i) {
        intact = intact && has_pattern(regions[i].bytes(), seed + i + 1);
        const hetmem::verification found = regions[i].verify();
        strayed += found.strayed.bytes() + found.absent.bytes();
        for (const hetmem::resident_share& share : found.now.shares) {
            bytes[share.target] = bytes.value(share.target, std::uint64_t{0}) + share.bytes.bytes();
        }
    }
    said["regions"] = regions.size();
    said["intact"] = intact;
    said["bytes"] = bytes;
    said["strayed"] = strayed;
    return said;
}

} // namespace

json race(const arguments& asked) {
    const std::uint64_t processes = asked.number(std::size_t{1});
    const pipe_ends start = make_pipe();
    const pipe_ends refused = make_pipe();
    const pipe_ends finish = make_pipe();
    struct racer {
        pid_t pid;
        int answer;
    };
    std::vector<racer> racers;
    for (std::uint64_t n = 0; n < processes; ++n) {
        const pipe_ends answer = make_pipe();
        const pid_t pid = fork();
        if (pid == 0) {
            close(start.write_end);
            close(finish.write_end);
            wait_for_close(start.read_end);
            const std::string text =
                run(asked, (n + 1) << 32U, refused.write_end, finish.read_end).dump();
            std::size_t done = 0;
            while (done < text.size()) {
                const ssize_t wrote =
                    write(answer.write_end, text.data() + done, text.size() - done);
                if (wrote <= 0) {
                    _exit(3);
                }
                done += static_cast<std::size_t>(wrote);
            }
            _exit(0);
        }
        close(answer.write_end);
        racers.push_back({pid, answer.read_end});
    }
    close(refused.write_end);
    close(start.write_end);
    wait_for_close(refused.read_end);
    json said{{"outcome", "done"}, {"racers", json::array()}};
    close(finish.write_end);
    for (const racer& one : racers) {
        const std::string text = read_all(one.answer);
        int status = 0;
        waitpid(one.pid, &status, 0);
        json answer = json::parse(text, nullptr, false);
        if (answer.is_discarded()) {
            answer = json::object();
        }
        answer["signal"] = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        said["racers"].push_back(answer);
    }
    return said;
}

} // namespace vm
