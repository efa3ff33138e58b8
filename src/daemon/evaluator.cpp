#include "daemon/evaluator.hpp"

#include "daemon/acpiexec.hpp"
#include "daemon/aml_methods.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <functional>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace hetmem::daemon {

namespace {

constexpr std::string_view of_system = "\\_SB._HMA";
/// More methods than this are not looked at.
constexpr std::size_t most_methods = 16;
constexpr std::string_view by_kernel = "executed by the kernel (acpi_call)";
constexpr std::string_view by_acpiexec =
    "evaluated by acpiexec outside of the kernel: true only while the method returns data that do "
    "not depend on hardware";

/// What one method returned.
struct method_result {
    std::string path;
    evaluated answer;
};

/// The same for the same AML.
std::size_t content_of(const aml_tables& aml) {
    std::size_t all = 0;
    for (const aml_table& table : aml.tables) {
        const std::string_view bytes(reinterpret_cast<const char*>(table.bytes.data()),
                                     table.bytes.size());
        all = all * 31 + std::hash<std::string_view>{}(bytes);
    }
    return all;
}

/// AML pads names to four characters with underscores; people leave them out.
std::string without_padding(std::string_view path) {
    std::string out;
    for (const char c : path) {
        while (c == '.' && out.ends_with('_')) {
            out.pop_back();
        }
        out += c;
    }
    while (out.ends_with('_')) {
        out.pop_back();
    }
    return out;
}

/// Where the kernel's devices are, and the system itself first.
std::vector<std::string> paths_of_devices(const kernel::rooted_reader& machine) {
    std::vector<std::string> paths = {std::string(of_system)};
    const kernel::directory devices = machine.open("sys/bus/acpi/devices");
    devices.for_each([&](std::string_view name, kernel::entry_kind) {
        if (const auto path = devices.read_line(fmt::format("{}/path", name));
            path && path->starts_with('\\')) {
            paths.push_back(without_padding(*path) + "._HMA");
        }
    });
    std::sort(paths.begin() + 1, paths.end());
    paths.erase(std::unique(paths.begin() + 1, paths.end()), paths.end());
    if (const auto again = std::find(paths.begin() + 1, paths.end(), of_system);
        again != paths.end()) {
        paths.erase(again);
    }
    return paths;
}

/// The one of the system holds for all (it is met first from the top of the tree); without it all
/// that there are must agree.
void conclude(const std::vector<method_result>& results, std::string_view way, evaluation& out) {
    const auto worked = [](const method_result& r) { return r.answer.failure.empty(); };
    const auto chosen = std::ranges::find(results, of_system, &method_result::path) != results.end()
                            ? std::ranges::find(results, of_system, &method_result::path)
                            : std::ranges::find_if(results, worked);
    for (const method_result& r : results) {
        const bool is_chosen = chosen != results.end() && r.path == chosen->path;
        if (!worked(r)) {
            auto& told = is_chosen || chosen == results.end() ? out.refused : out.remarks;
            told.push_back(fmt::format("{}: {}", r.path, r.answer.failure));
        } else if (!is_chosen && r.answer.buffer != chosen->answer.buffer) {
            if (chosen->path == of_system) {
                out.remarks.push_back(fmt::format("{} returns another table than {}, which is in "
                                                  "use",
                                                  r.path, of_system));
            } else {
                out.refused.push_back(fmt::format("{} and {} return different tables, and nothing "
                                                  "tells which one holds",
                                                  chosen->path, r.path));
            }
        }
    }
    if (out.refused.empty() && chosen != results.end()) {
        out.table = chosen->answer.buffer;
        out.from = fmt::format("{}, {}", chosen->path, way);
    }
}

/// By the kernel itself; nothing when it has no such method.
std::vector<method_result>
call_all(const kernel::rooted_reader& machine,
         const std::function<called(std::string_view path)>& by_kernel_call) {
    std::vector<method_result> results;
    for (const std::string& path : paths_of_devices(machine)) {
        called answer = by_kernel_call(path);
        if (!answer.no_such_method && results.size() < most_methods) {
            results.push_back({path, std::move(answer)});
        }
    }
    return results;
}

/// Simulated hardware holds zeros the first time and ones the second: a method that looks at it
/// gives itself away.
constexpr std::uint8_t zeros = 0x00;
constexpr std::uint8_t ones = 0xFF;

evaluated answer_of(const acpiexec_runner::result& ran, const std::string& path) {
    if (ran.trouble.empty()) {
        return parse_evaluation(ran.output, path);
    }
    evaluated none;
    none.failure = "acpiexec: " + ran.trouble;
    return none;
}

/// with_zeros worked.
evaluated unless_they_differ(evaluated with_zeros, const evaluated& with_ones) {
    if (with_zeros.buffer != with_ones.buffer || with_zeros.failure != with_ones.failure) {
        with_zeros.buffer.clear();
        with_zeros.failure = "it reads hardware, which acpiexec only imitates";
    }
    return with_zeros;
}

bool any_mentions_hma(const aml_tables& aml) {
    return std::ranges::any_of(aml.tables,
                               [](const aml_table& table) { return mentions_hma(table.bytes); });
}

} // namespace

struct evaluator::state {
    evaluation_ways ways;
    std::unique_ptr<acpiexec_runner> runner;
    std::string no_runner; // why there is none
    // What acpiexec made of the AML the last time.
    std::optional<std::size_t> content;
    evaluation kept;

    void run_acpiexec(const aml_tables& aml, evaluation& out);
};

void evaluator::state::run_acpiexec(const aml_tables& aml, evaluation& out) {
    if (!runner) {
        out.refused.push_back(no_runner);
        return;
    }
    const auto end = std::chrono::steady_clock::now() + ways.time;
    std::vector<kernel::unique_fd> files;
    for (const aml_table& table : aml.tables) {
        files.push_back(memory_file(table.bytes));
    }
    // Both in one run, since each takes a second: acpiexec waits that long for a thread of its own.
    const std::string of_system_too = fmt::format("find _HMA;evaluate {}", of_system);
    const auto found = runner->run(of_system_too, zeros, files);
    const std::vector<std::string> paths = parse_found(found.output, most_methods);
    if (paths.empty()) {
        out.refused.push_back(
            found.trouble.empty()
                ? std::string("the firmware's AML mentions _HMA, and acpiexec finds none in it")
                : "acpiexec, asked for _HMA: " + found.trouble);
        return;
    }
    const auto evaluate = [&](const std::string& path, std::uint8_t fill) {
        // The same commands in both runs, so that the method finds the same in the second one.
        const std::string command = path == of_system ? of_system_too : "evaluate " + path;
        return answer_of(runner->run(command, fill, files), path);
    };
    std::vector<method_result> results;
    for (const std::string& path : paths) {
        evaluated answer;
        if (std::chrono::steady_clock::now() >= end) {
            answer.failure =
                fmt::format("not evaluated: the {} ms for all methods are over", ways.time.count());
        } else {
            answer = path == of_system ? answer_of(found, path) : evaluate(path, zeros);
        }
        if (answer.failure.empty()) {
            answer = unless_they_differ(std::move(answer), evaluate(path, ones));
        }
        results.push_back({path, std::move(answer)});
    }
    conclude(results, by_acpiexec, out);
}

evaluation_ways ways_of(const kernel::rooted_reader& machine) {
    evaluation_ways ways;
    ways.acpiexec = find_acpiexec();
    if (machine.live() && machine.real_path(acpi_call_file)) {
        ways.by_kernel = [file = machine.root() / acpi_call_file](std::string_view path) {
            return call_method(file, path);
        };
    }
    return ways;
}

evaluator::evaluator(const kernel::rooted_reader& machine, evaluation_ways ways)
    : state_(std::make_unique<state>()) {
    state_->ways = std::move(ways);
    const aml_tables aml = read_aml(machine);
    const bool has_method = any_mentions_hma(aml);
    if (state_->ways.acpiexec.empty()) {
        state_->no_runner =
            "nothing here evaluates the firmware's _HMA: install acpiexec (Debian: acpica-tools), "
            "load the module acpi_call, or give the table by hand (hetmem adopt FILE)";
    } else if (!has_method) {
        state_->no_runner = "_HMA came with a table that was loaded later: restart hetmemd, which "
                            "has given up what it needs to start acpiexec safely";
    } else {
        try {
            state_->runner = std::make_unique<acpiexec_runner>(state_->ways.acpiexec);
        } catch (const error& e) {
            state_->no_runner = e.what();
        }
    }
}

evaluator::~evaluator() = default;

evaluation evaluator::evaluate(const kernel::rooted_reader& machine, effort how) {
    evaluation out;
    const aml_tables aml = read_aml(machine);
    out.has_method = any_mentions_hma(aml);
    if (!out.has_method) {
        return out;
    }
    if (!aml.unreadable.empty()) {
        out.remarks.push_back("not all of the firmware's AML can be read: " + aml.unreadable);
    }
    // Executed on the hardware, so it is asked every time.
    if (state_->ways.by_kernel) {
        evaluation by_module = out;
        const std::vector<method_result> results = call_all(machine, state_->ways.by_kernel);
        conclude(results, by_kernel, by_module);
        if (by_module.table || (results.empty() && !state_->runner)) {
            if (results.empty()) {
                by_module.refused.emplace_back("acpi_call finds no _HMA, neither of the system nor "
                                               "of a device");
            }
            return by_module;
        }
        for (const std::string& why : by_module.refused) {
            out.remarks.push_back("by acpi_call: " + why);
        }
    }
    const std::size_t content = content_of(aml);
    if (how == effort::again || state_->content != content) {
        evaluation fresh;
        try {
            state_->run_acpiexec(aml, fresh);
        } catch (const error& e) {
            fresh.refused.emplace_back(e.what());
        }
        state_->kept = std::move(fresh);
        state_->content = content;
    }
    out.table = state_->kept.table;
    out.from = state_->kept.from;
    out.refused = state_->kept.refused;
    out.remarks.insert(out.remarks.end(), state_->kept.remarks.begin(), state_->kept.remarks.end());
    return out;
}

} // namespace hetmem::daemon
