// vm_place [--seccomp=container|nice] SUBCOMMAND ...: asks hetmem for memory in a guest and prints
// what came of it, as the library says and as the kernel says. subcommands.hpp says what there is.
#include "tests/vm/programs/arguments.hpp"
#include "tests/vm/programs/report.hpp"
#include "tests/vm/programs/seccomp.hpp"
#include "tests/vm/programs/subcommands.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <exception>
#include <map>
#include <string>
#include <string_view>

int main(int count, char** words) {
    using subcommand = nlohmann::json (*)(const vm::arguments&);
    const std::map<std::string_view, subcommand> all{
        {"allocate", vm::allocate},   {"race", vm::race},      {"writers", vm::writers},
        {"fork", vm::fork_holder},    {"pool", vm::fill_pool}, {"hog", vm::hog},
        {"bystander", vm::bystander}, {"stamp", vm::stamp},    {"stamped", vm::stamped},
        {"spin", vm::spin},
    };
    try {
        const vm::arguments asked(count, words);
        const auto found = all.find(asked.word(0));
        if (found == all.end()) {
            throw std::invalid_argument("there is no subcommand " + asked.word(0));
        }
        if (asked.has("seccomp")) {
            vm::install_container_filter(asked.text("seccomp"));
        }
        vm::print(found->second(asked));
        return 0;
    } catch (const std::exception& why) {
        fmt::print(stderr, "vm_place: {}\n", why.what());
        return 2;
    }
}
