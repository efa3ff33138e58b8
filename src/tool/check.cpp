// hetmem check: what is wrong with tables, kernel and description.
#include "tool/archive.hpp"
#include "tool/commands.hpp"
#include "tool/output.hpp"
#include "tool/temporary_directory.hpp"
#include "tool/terminal.hpp"

#include "check/subject.hpp"
#include "kernel/rooted.hpp"
#include "publish/check_text.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>

namespace hetmem::tool {
namespace {

// What a script can tell from the exit status. 1 and 2 are every subcommand's: failed, misused.
constexpr int nothing_wrong = 0;
constexpr int warnings_found = 3;
constexpr int errors_found = 4;

detail::check_result check_subject(detail::check_subject&& subject, const check_arguments& asked) {
    if (!asked.kernel.empty()) {
        subject.kernel_release = asked.kernel;
    }
    return detail::check(subject);
}

detail::check_result check_machine(const std::filesystem::path& root,
                                   const check_arguments& asked) {
    const kernel::rooted_reader reader(root);
    return check_subject(detail::read_check_subject(reader), asked);
}

detail::check_result look(const check_arguments& asked) {
    if (!asked.tables.empty()) {
        return check_subject(detail::read_table_subject(asked.tables), asked);
    }
    std::error_code unknown; // then the reader says what is wrong with it
    if (!asked.root.empty() && std::filesystem::is_regular_file(asked.root, unknown)) {
        const temporary_directory place;
        auto result = check_machine(unpack(asked.root, place.path()), asked);
        temporary_directory::check_interrupted();
        return result;
    }
    return check_machine(asked.root.empty() ? "/" : asked.root, asked);
}

bool among(const std::vector<std::string>& ids, std::string_view id) {
    return std::ranges::find(ids, id) != ids.end();
}

/// Leaves what was asked for.
void choose(detail::check_result& result, const check_arguments& asked) {
    const auto wanted = [&](std::string_view id) {
        return (asked.only.empty() || among(asked.only, id)) && !among(asked.skip, id);
    };
    std::erase_if(result.findings, [&](const detail::finding& f) {
        return f.level < asked.least || !wanted(f.check);
    });
    std::erase_if(result.ran, [&](const std::string& id) { return !wanted(id); });
    const bool seals = std::ranges::any_of(detail::all_checks(), [&](const auto& check) {
        return check.area == detail::check_area::seal && wanted(check.id);
    });
    if (!seals) {
        result.seals.clear();
    }
}

int status_of(const detail::check_result& result) {
    int status = nothing_wrong;
    for (const detail::finding& f : result.findings) {
        status = std::max(status, f.level == detail::severity::error     ? errors_found
                                  : f.level == detail::severity::warning ? warnings_found
                                                                         : nothing_wrong);
    }
    return status;
}

} // namespace

int check(const check_arguments& asked) {
    const text_options options = drawing_options({});
    if (!asked.explain.empty()) {
        write_output(detail::draw_explanation(*detail::find_check(asked.explain), options));
        return nothing_wrong;
    }
    if (asked.list) {
        write_output(asked.markdown ? detail::checks_as_markdown()
                                    : detail::draw_check_list(options));
        return nothing_wrong;
    }
    detail::check_result result = look(asked);
    choose(result, asked);
    write_output(asked.json ? to_json(result) : detail::draw_check(result, options));
    return status_of(result);
}

} // namespace hetmem::tool
