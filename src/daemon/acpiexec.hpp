// daemon/acpiexec.hpp: runs acpiexec (Debian: acpica-tools), which executes AML outside of the
// kernel, and reads its answers.
//
//     acpiexec_runner runner(find_acpiexec());       // forks a process without privileges
//     auto ran = runner.run("evaluate \\_SB._HMA", 0x00, aml);
//     auto got = parse_evaluation(ran.output, "\\_SB._HMA");
//
// The AML is the firmware's and the interpreter a large C program: it runs as nobody, without
// capabilities, in a session of its own, with an empty environment and limits on time, memory,
// files and output. It gets the AML as anonymous files (memfd_create(2)), so that tables that only
// root may read lie nowhere.
#pragma once

#include "kernel/rooted.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::daemon {

/// Where Debian and others have it; "" when it is not installed.
std::filesystem::path find_acpiexec();

class acpiexec_runner {
public:
    struct limits {
        std::chrono::milliseconds time{5000}; ///< it needs one second, mostly to come to its end
        std::size_t output = std::size_t{1} << 20;
    };
    /// Forks; to be made before threads are started and while privileges to become nobody are
    /// there. Without them (an ordinary user) it stays who it is. Throws hetmem::error.
    acpiexec_runner(const std::filesystem::path& program, limits most);
    explicit acpiexec_runner(const std::filesystem::path& program)
        : acpiexec_runner(program, limits{}) {}
    ~acpiexec_runner();
    acpiexec_runner(const acpiexec_runner&) = delete;
    acpiexec_runner& operator=(const acpiexec_runner&) = delete;

    struct result {
        std::string output;  ///< standard output, whatever became of the rest
        std::string trouble; ///< why the output is not complete; "" when it is
    };
    /// `command` is one of its debugger. `fill` is what simulated operation regions hold.
    result run(std::string_view command, std::uint8_t fill, std::span<const kernel::unique_fd> aml);

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// A sealed anonymous file that others may read who are handed it. Throws hetmem::error.
kernel::unique_fd memory_file(std::span<const std::byte> bytes);

/// The full paths that `find _HMA` lists, in its order, at most `most`. Pure; fuzzed.
std::vector<std::string> parse_found(std::string_view output, std::size_t most);

struct evaluated {
    std::vector<std::byte> buffer;
    std::string failure; ///< why there is no buffer, a clause; "" when there is one
};
/// What `evaluate <path>` returned: a buffer, or why not. Pure; fuzzed.
evaluated parse_evaluation(std::string_view output, std::string_view path);

} // namespace hetmem::daemon
