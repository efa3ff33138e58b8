// daemon/evaluator.hpp: evaluates _HMA (ACPI 6.4, 6.2.19), the firmware's method that returns a new
// HMAT, with what the machine has: the acpi_call module, which lets the kernel execute it, or
// acpiexec, which executes a copy of the firmware's AML outside of the kernel.
//
//     evaluator hma(machine);      // before privileges are dropped and threads are started
//     ...
//     const evaluation now = hma.evaluate(machine, evaluator::effort::if_changed);
//     if (now.table) { judge_hmat(*now.table, now.from, facts); }
#pragma once

#include "daemon/acpi_call.hpp"

#include "kernel/rooted.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::daemon {

/// What came of it. Whether the table makes sense has not been looked at.
struct evaluation {
    /// The firmware's AML has something called _HMA. When not, nothing was run, and the rest is
    /// empty.
    bool has_method = false;
    std::optional<std::vector<std::byte>> table;
    std::string
        from; ///< for adopted_table::from: which method, evaluated by what, what it is worth
    /// Why there is no table, a sentence each; empty when there is one.
    std::vector<std::string> refused;
    /// What else should be known: methods that return something else than the one in use, ways that
    /// did not work.
    std::vector<std::string> remarks;
};

/// How methods are evaluated; both empty: not at all.
struct evaluation_ways {
    /// Evaluates one method in the kernel; empty where that is impossible.
    std::function<called(std::string_view path)> by_kernel;
    std::filesystem::path acpiexec; ///< empty: not installed
    /// For all methods that acpiexec runs for one evaluate(); those not begun by then are not run.
    std::chrono::milliseconds time{20000};
};
/// What this machine has. Below another root nothing is evaluated by the kernel.
evaluation_ways ways_of(const kernel::rooted_reader& machine);

class evaluator {
public:
    /// Where there is an _HMA and acpiexec may be needed, this starts a process that has given up
    /// all privileges and does nothing until it is asked (acpiexec_runner). An _HMA that appears
    /// later in a table that is loaded at run time needs a restart; evaluate() says so.
    explicit evaluator(const kernel::rooted_reader& machine)
        : evaluator(machine, ways_of(machine)) {}
    evaluator(const kernel::rooted_reader& machine, evaluation_ways ways);
    ~evaluator();
    evaluator(const evaluator&) = delete;
    evaluator& operator=(const evaluator&) = delete;

    enum class effort : std::uint8_t {
        if_changed, ///< acpiexec only when the AML is another than the last time
        again,
    };
    /// Milliseconds when nothing is to be run. acpiexec needs a second for each of its runs, two of
    /// them a method, and is ended after five; no method
    /// begins after ways.time. Reads the AML, for which uid 0 suffices.
    evaluation evaluate(const kernel::rooted_reader& machine, effort how);

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace hetmem::daemon
