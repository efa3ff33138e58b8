// hetmem run: a command whose memory is placed although it knows nothing of placements.
#include "kernel/policy.hpp"
#include "publish/format.hpp"
#include "tool/command_file.hpp"
#include "tool/commands.hpp"
#include "tool/output.hpp"
#include "tool/run_plan.hpp"
#include "tool/shares.hpp"
#include "tool/watched_command.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>
#include <hetmem/placement.hpp>
#include <hetmem/rank.hpp>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>

namespace hetmem::tool {
namespace {

constexpr const char* placement_variable = "HETMEM_MALLOC";
constexpr const char* large_variable = "HETMEM_MALLOC_LARGE";
constexpr const char* report_variable = "HETMEM_MALLOC_REPORT";
constexpr const char* preload_variable = "LD_PRELOAD";

/// Beside the command itself, in the build tree as where it is installed.
std::filesystem::path malloc_library() {
    if (const char* const named = std::getenv("HETMEM_MALLOC_LIBRARY");
        named != nullptr && *named != '\0') {
        return named;
    }
    std::error_code failed;
    const auto own = std::filesystem::read_symlink("/proc/self/exe", failed);
    return (own.parent_path() / HETMEM_MALLOC_FROM_BIN).lexically_normal();
}

/// A library that can be preloaded into this command. Throws hetmem::error saying why there is
/// none.
std::string library_for(const std::filesystem::path& command) {
    const std::string without =
        "an order, weights, devices, --large and --headroom act through the preloaded malloc only";
    const std::filesystem::path library = malloc_library();
    if (::access(library.c_str(), R_OK) != 0) {
        throw error(errno,
                    fmt::format("{}, and {} cannot be read: is it installed? HETMEM_MALLOC_LIBRARY "
                                "can name it",
                                without, library.string()));
    }
    // LD_PRELOAD knows no quotes (ld.so(8)).
    if (library.native().find_first_of(": ") != std::string::npos) {
        throw error(EINVAL, fmt::format("{}, and {} cannot be preloaded from a folder whose name "
                                        "has a space or a colon",
                                        without, library.string()));
    }
    if (const std::string why = why_not_preloaded(command); !why.empty()) {
        throw error(EINVAL, fmt::format("{}, and nothing can be preloaded: {} {}", without,
                                        command.string(), why));
    }
    return std::filesystem::absolute(library).string();
}

/// The CPUs that reach a memory best, of those that this process may use.
id_set cpus_near(const topology& machine, const std::string& name) {
    const placement meant = prefer(machine, name);
    const auto memory = machine.find_target(meant.legs()[0].name);
    const auto near = memory ? machine.best_initiator(*memory) : std::nullopt;
    if (!near) {
        throw error(ENOENT, fmt::format("nothing tells which CPUs are near {}", name));
    }
    const initiator& best = machine.initiators()[near->index];
    id_set cpus;
    const id_set allowed = allowed_cpus();
    for (const unsigned cpu : best.cpus.to_vector()) {
        if (allowed.contains(cpu)) {
            cpus.insert(cpu);
        }
    }
    if (cpus.empty()) {
        throw error(EINVAL,
                    fmt::format("none of the CPUs of {}, which is nearest to {}, may be used "
                                "here",
                                best.name, name));
    }
    return cpus;
}

void run_on(const id_set& cpus) {
    // cpu_set_t ends at 1024.
    constexpr unsigned bits = 8 * sizeof(unsigned long);
    const std::vector<unsigned> numbers = cpus.to_vector();
    std::vector<unsigned long> mask(numbers.back() / bits + 1);
    for (const unsigned cpu : numbers) {
        mask[cpu / bits] |= 1UL << (cpu % bits);
    }
    if (::syscall(SYS_sched_setaffinity, 0, mask.size() * sizeof(unsigned long), mask.data()) !=
        0) {
        throw error(errno, "cannot run on the CPUs that are asked for");
    }
}

void set_policy(const run_plan& plan) {
    const kernel::policy mode = plan.by == mechanism::bind         ? kernel::policy::bind
                                : plan.by == mechanism::interleave ? kernel::policy::interleave
                                                                   : kernel::policy::preferred;
    const int failed = kernel::set_thread_policy(mode, plan.nodes);
    if (failed == EPERM || failed == ENOSYS) {
        throw not_permitted("set_mempolicy is forbidden: a container's seccomp filter allows it "
                            "with CAP_SYS_NICE");
    }
    if (failed != 0) {
        throw error(failed, "cannot set the memory policy");
    }
}

void set_variable(const char* name, const std::string& value) {
    if (::setenv(name, value.c_str(), 1) != 0) {
        throw error(errno, fmt::format("cannot set {}", name));
    }
}

void prepare_preload(const run_plan& plan, const run_arguments& asked,
                     const std::filesystem::path& command) {
    const std::string library = library_for(command);
    const char* const others = std::getenv(preload_variable);
    set_variable(preload_variable,
                 others != nullptr && *others != '\0' ? library + ":" + others : library);
    set_variable(placement_variable, plan.malloc_placement);
    if (asked.large) {
        set_variable(large_variable, fmt::format("{}", asked.large->bytes()));
    }
}

void remark(const run_plan& plan, const run_arguments& asked) {
    const bool is_dangerous = plan.by == mechanism::bind;
    if (is_dangerous || asked.verbose || ::isatty(STDERR_FILENO) == 1) {
        complain(fmt::format("{}{}", is_dangerous ? "warning: " : "", plan.remark));
    }
}

std::string list_or_nothing(const std::vector<resident_share>& shares) {
    return shares.empty() ? "nothing" : list_of(shares);
}

void print_residency(const watched& command, const std::string& name) {
    const last_residency& memory = command.memory;
    if (!memory.known) {
        complain(fmt::format("{} (process {}) ended before its memory could be looked at", name,
                             command.pid));
        return;
    }
    const std::string when =
        memory.at_exit ? "at exit"
                       : fmt::format("last seen {:.1f} s before its end", memory.before_exit);
    const std::string placed =
        memory.placed.empty() ? "" : "; of it placed by malloc: " + list_or_nothing(memory.placed);
    complain(fmt::format("{} (process {}), {}: {}{}", name, command.pid, when,
                         list_or_nothing(memory.where.shares), placed));
    complain(fmt::format("{} (process {}), the most that was seen: {}", name, command.pid,
                         list_or_nothing(memory.largest.shares)));
}

int watch(const std::filesystem::path& file, const run_arguments& asked, bool is_preloaded) {
    const watched command = watch_command(file.string(), asked.command, [is_preloaded](int report) {
        struct stat pipe {};
        if (!is_preloaded || ::fstat(report, &pipe) != 0) {
            return 0;
        }
        const std::string told = fmt::format("{}:{}", report, pipe.st_ino);
        const bool is_set =
            ::fcntl(report, F_SETFD, 0) == 0 && ::setenv(report_variable, told.c_str(), 1) == 0;
        return is_set ? 0 : errno;
    });
    print_residency(command, asked.command.front());
    return command.exit_status;
}

} // namespace

int run_command(const run_arguments& asked) {
    try {
        const std::filesystem::path file = find_command(asked.command.front());
        // What an outer `hetmem run` told its own malloc is not for this one.
        for (const char* const variable : {placement_variable, large_variable, report_variable}) {
            ::unsetenv(variable);
        }
        bool is_preloaded = false;
        if (!asked.placement.empty() || !asked.cpus_near.empty()) {
            const topology machine = discover();
            if (!asked.cpus_near.empty()) {
                run_on(cpus_near(machine, asked.cpus_near)); // before a ranking from where it runs
            }
            if (!asked.placement.empty()) {
                const run_plan plan = plan_run(parse_placement(machine, asked.placement),
                                               {asked.hard, asked.large, asked.headroom});
                is_preloaded = plan.by == mechanism::preload;
                if (is_preloaded) {
                    prepare_preload(plan, asked, file);
                } else {
                    set_policy(plan);
                }
                remark(plan, asked);
            }
        }
        if (asked.verify) {
            return watch(file, asked, is_preloaded);
        }
        std::vector<char*> words;
        words.reserve(asked.command.size() + 1);
        for (const std::string& word : asked.command) {
            words.push_back(const_cast<char*>(word.c_str())); // NOLINT(*-const-cast): execv's type
        }
        words.push_back(nullptr);
        ::execvp(file.c_str(), words.data()); // as execv, and a script without #! is the shell's
        throw command_error(errno, asked.command.front());
    } catch (const command_error& e) {
        complain(e.what());
        return e.exit_status();
    }
}

} // namespace hetmem::tool
