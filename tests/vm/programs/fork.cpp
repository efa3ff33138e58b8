#include "tests/vm/programs/pattern.hpp"
#include "tests/vm/programs/report.hpp"
#include "tests/vm/programs/request.hpp"
#include "tests/vm/programs/subcommands.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace vm {

using nlohmann::json;

json fork_holder(const arguments& asked) {
    constexpr std::uint64_t seed = 0xf07c;
    json said;
    std::optional<hetmem::region> region = filled_region(said, asked, seed);
    if (!region) {
        return said;
    }
    std::array<int, 2> go{};
    if (pipe(go.data()) != 0) {
        throw std::runtime_error("pipe");
    }
    const pid_t child = fork();
    if (child == 0) {
        // Looks when the parent has written all of it.
        close(go[1]);
        char byte = 0;
        static_cast<void>(read(go[0], &byte, 1));
        std::vector<unsigned char> resident((region->size() + 4095) / 4096);
        const bool mapped = mincore(region->data(), region->size(), resident.data()) == 0;
        _exit(!mapped ? 10 : has_pattern(region->bytes(), seed) ? 11 : 12);
    }
    close(go[0]);
    write_pattern(region->bytes(), seed + 1);
    said["later"] = state_of(*region);
    close(go[1]);
    int status = 0;
    waitpid(child, &status, 0);
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    said["child"] = code == 10   ? "has none of it"
                    : code == 11 ? "has its copy"
                                 : "damaged, " + std::to_string(code);
    said["contents"] = has_pattern(region->bytes(), seed + 1);
    return said;
}

} // namespace vm
