// hetmem report: everything on one page of HTML.
#include "tool/archive.hpp"
#include "tool/commands.hpp"
#include "tool/output.hpp"
#include "tool/temporary_directory.hpp"

#include "check/subject.hpp"
#include "kernel/file.hpp"
#include "kernel/rooted.hpp"
#include "publish/report.hpp"
#include "topology/figure_store.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/measured.hpp>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <unistd.h>

namespace hetmem::tool {
namespace {

namespace fs = std::filesystem;

/// What goes into a report.
struct material {
    std::optional<topology> machine;
    std::optional<detail::check_result> checked;
    std::optional<measurements> machine_store;
    std::optional<measurements> user_store;
};

material read_below(const fs::path& root, const report_arguments& asked) {
    const kernel::rooted_reader reader(root);
    material found;
    found.machine = discover({.root = root});
    // What is wrong with a store has been told by discover().
    std::vector<source_report> reports;
    std::vector<notice> notices;
    found.machine_store = detail::read_machine_store(reader, reports, notices);
    if (reader.live()) {
        found.user_store = detail::read_own_store(user_store(), reports, notices);
    }
    if (asked.check) {
        found.checked = detail::check(detail::read_check_subject(reader));
    }
    return found;
}

material read_material(const report_arguments& asked) {
    if (!asked.machine.saved.empty()) {
        return {.machine = load_topology(asked.machine.saved),
                .checked = {},
                .machine_store = {},
                .user_store = {}};
    }
    std::error_code unknown; // then reading says what is wrong with it
    if (!asked.machine.root.empty() && fs::is_regular_file(asked.machine.root, unknown)) {
        const temporary_directory place;
        material found = read_below(unpack(asked.machine.root, place.path()), asked);
        temporary_directory::check_interrupted();
        return found;
    }
    return read_below(asked.machine.root.empty() ? "/" : asked.machine.root, asked);
}

template <class Thing> const Thing* pointer_to(const std::optional<Thing>& thing) {
    return thing ? &*thing : nullptr;
}

std::string now() {
    return fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(std::time(nullptr)));
}

/// Only root can read physical addresses of the running machine, which findings may name.
bool is_private(const material& found) {
    return found.machine->live() && ::geteuid() == 0;
}

std::string outcome(const report_arguments& asked, const material& found) {
    if (!found.checked) {
        return fmt::format("{}: nothing was checked\n", asked.file);
    }
    const auto count = [&](detail::severity level) {
        return std::ranges::count(found.checked->findings, level, &detail::finding::level);
    };
    const auto errors = count(detail::severity::error);
    const auto warnings = count(detail::severity::warning);
    return fmt::format("{}: {} error{}, {} warning{}\n", asked.file, errors, errors == 1 ? "" : "s",
                       warnings, warnings == 1 ? "" : "s");
}

} // namespace

int report(const report_arguments& asked) {
    const material found = read_material(asked);
    const std::string page = detail::draw_report({.machine = *found.machine,
                                                  .checked = pointer_to(found.checked),
                                                  .machine_store = pointer_to(found.machine_store),
                                                  .user_store = pointer_to(found.user_store),
                                                  .time = now(),
                                                  .version = HETMEM_VERSION});
    if (asked.file == "-") {
        write_output(page);
        return 0;
    }
    kernel::new_file out(asked.file);
    out.write(page);
    if (is_private(found)) {
        out.keep_to_owner();
    }
    out.commit();
    write_output(outcome(asked, found));
    return 0;
}

} // namespace hetmem::tool
