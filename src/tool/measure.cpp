// hetmem measure: what the memories really do, and what is kept of it.
#include "kernel/file.hpp"
#include "publish/format.hpp"
#include "tool/commands.hpp"
#include "tool/interruption.hpp"
#include "tool/measure_text.hpp"
#include "tool/output.hpp"
#include "tool/progress_bar.hpp"
#include "tool/terminal.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>
#include <hetmem/measure.hpp>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hetmem::tool {
namespace {

using action = measure_arguments::action;
using keep = measure_arguments::keep;

/// As shells report what a signal ended.
constexpr int ended_by_signal = 128;

std::filesystem::path store_of(const measure_arguments& asked) {
    const bool machines =
        asked.store == keep::machine || (asked.store == keep::automatic && ::geteuid() == 0);
    std::filesystem::path store = machines ? machine_store() : user_store();
    if (store.empty()) {
        throw error(std::errc::no_such_file_or_directory,
                    "there is no home directory to keep figures in (--no-store prints only)");
    }
    return store;
}

std::string figures(std::size_t count) {
    return fmt::format("{} figure{}", count, count == 1 ? "" : "s");
}

std::size_t count_of(const measurements& all) {
    return all.cells.size() + all.curves.size() + all.given.size();
}

void keep_in(const std::filesystem::path& store, const topology& machine,
             const measurements& more) {
    keep_measurements(store, machine, more);
    complain(fmt::format("{} kept in {}", figures(count_of(more)), store.string()));
}

measure_options options_of(const measure_arguments& asked) {
    constexpr double percent = 100;
    measure_options options;
    options.initiators = asked.initiators;
    options.targets = asked.targets;
    options.metrics = asked.metrics;
    options.quick = asked.quick;
    options.curves = asked.curves;
    if (asked.precision) {
        options.precision = *asked.precision / percent;
    }
    options.cell_budget = asked.budget;
    options.buffer = asked.buffer;
    options.allow_cached = asked.allow_cached;
    options.destroy_contents = asked.destroy_contents;
    return options;
}

/// As wide as hetmem show draws.
std::size_t columns_of(const measure_arguments& asked) {
    show_arguments as_shown;
    as_shown.width = asked.width;
    return drawing_options(as_shown).width;
}

/// With a bar for who waits at a terminal, until it is done or a signal comes.
measurements take(const topology& machine, measure_options options) {
    using std::chrono::duration;
    progress_bar bar("measuring");
    const auto start = std::chrono::steady_clock::now();
    options.progress = [&](const measure_progress& now) {
        const duration<double> passed = std::chrono::steady_clock::now() - start;
        const duration<double> left = now.left;
        bar.show(passed / std::max(passed + left, duration<double>(1e-3)),
                 fmt::format("{} of {} cells, at most {:.0f} s left", now.cells_done, now.cells,
                             left.count()));
        return interruption::noted() == 0;
    };
    return hetmem::measure(machine, options);
}

int take_and_keep(const measure_arguments& asked) {
    const bool keeps = asked.store != keep::nowhere;
    const std::filesystem::path store = keeps ? store_of(asked) : std::filesystem::path();
    if (keeps) {
        read_measurements(store); // what cannot be read cannot be added to: told before the work
    }
    const topology machine = discover();
    const interruption wish;
    const measurements taken = take(machine, options_of(asked));
    const int signal = interruption::noted();
    // What was measured is printed also where it cannot be kept.
    std::exception_ptr not_kept;
    if (keeps && count_of(taken) != 0) {
        try {
            keep_in(store, machine, taken);
        } catch (const error&) {
            not_kept = std::current_exception();
        }
    }
    write_output(asked.json ? to_json(taken) : text_of(taken, {.columns = columns_of(asked)}));
    if (not_kept) {
        std::rethrow_exception(not_kept);
    }
    return signal == 0 ? 0 : ended_by_signal + signal;
}

int import(const measure_arguments& asked) {
    const bool standard_input = asked.import_file == "-";
    const std::filesystem::path file = standard_input ? "/dev/stdin" : asked.import_file;
    const measurements given = measurements_from_json(
        kernel::read_file(file), standard_input ? "standard input" : asked.import_file);
    keep_in(store_of(asked), discover(), given);
    return 0;
}

no_such_target nothing_kept_of(const std::vector<std::string>& targets,
                               const std::filesystem::path& store) {
    return no_such_target(
        fmt::format("nothing is kept of '{}' in {}", fmt::join(targets, "', '"), store.string()));
}

int forget(const measure_arguments& asked) {
    const std::filesystem::path store = store_of(asked);
    const std::size_t count = forget_measurements(store, asked.targets);
    if (count == 0 && !asked.targets.empty()) {
        throw nothing_kept_of(asked.targets, store);
    }
    complain(fmt::format("{} thrown away of {}", figures(count), store.string()));
    return 0;
}

/// Only what is of these targets; all when there are none.
measurements only(measurements all, const std::vector<std::string>& targets) {
    if (targets.empty()) {
        return all;
    }
    const auto of_another = [&](const auto& one) {
        return std::find(targets.begin(), targets.end(), one.target) == targets.end();
    };
    std::erase_if(all.cells, of_another);
    std::erase_if(all.curves, of_another);
    std::erase_if(all.given, of_another);
    return all;
}

int list(const measure_arguments& asked) {
    const std::filesystem::path store = store_of(asked);
    const measurements kept = only(read_measurements(store), asked.targets);
    if (count_of(kept) == 0 && !asked.targets.empty()) {
        throw nothing_kept_of(asked.targets, store);
    }
    if (asked.json) {
        write_output(to_json(kept));
    } else if (count_of(kept) == 0) {
        write_output(fmt::format("Nothing is kept in {}.\n", store.string()));
    } else {
        write_output(
            fmt::format("Kept in {}:\n\n{}", store.string(),
                        text_of(kept, {.now = std::time(nullptr), .columns = columns_of(asked)})));
    }
    return 0;
}

} // namespace

int measure(const measure_arguments& asked) {
    switch (asked.wanted) {
    case action::measure:
        return take_and_keep(asked);
    case action::import:
        return import(asked);
    case action::forget:
        return forget(asked);
    case action::list:
        return list(asked);
    }
    return 0;
}

} // namespace hetmem::tool
