#include "daemon/options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace hetmem::daemon {
namespace {

constexpr auto summary =
    "Keeps /run/hetmem up to date: what this machine's memory is, for everybody to read.\n"
    "Runs until SIGTERM; SIGHUP evaluates _HMA again and looks at the machine. hetmemd(8) and\n"
    "docs/administration.md tell the rest.";

/// An empty word comes from a variable that was never set.
CLI::Validator not_empty() {
    return CLI::Validator(
        [](const std::string& name) {
            return name.empty() ? std::string("a name is missing") : std::string();
        },
        "");
}

} // namespace

std::variant<options, print_text> parse_options(int count, const char* const* values) {
    options asked;
    std::string run_directory;
    std::string root;
    std::string table;
    bool evaluating = false;
    bool back = false;

    CLI::App app{summary, "hetmemd"};
    app.set_help_flag("-h,--help", "Print this help");
    app.set_version_flag("--version", "hetmemd " HETMEM_VERSION, "Print the version");
    auto* const place =
        app.add_option("--run-directory", run_directory, "Publish in DIR instead of /run/hetmem")
            ->type_name("DIR")
            ->check(not_empty());
    app.add_option("--root", root,
                   "Another machine, the /sys and /proc below DIR: looked at now and at SIGHUP")
        ->type_name("DIR")
        ->check(not_empty())
        ->needs(place);
    auto* const once = app.add_flag("--once", asked.once, "Look once, publish, and end");
    auto* const adopt =
        app.add_option("--adopt", table, "With --once: the HMAT in FILE replaces the firmware's")
            ->type_name("FILE")
            ->check(not_empty())
            ->needs(once);
    auto* const evaluate =
        app.add_flag("--evaluate", evaluating, "With --once: what _HMA returns replaces it")
            ->needs(once);
    auto* const firmware =
        app.add_flag("--firmware", back, "With --once: the firmware's own HMAT holds again")
            ->needs(once);
    adopt->excludes(evaluate, firmware);
    evaluate->excludes(firmware);

    std::vector<std::string> words(values + 1, values + std::max(count, 1));
    std::reverse(words.begin(), words.end()); // the parser takes them from the end
    try {
        app.parse(words);
    } catch (const CLI::CallForHelp&) {
        return print_text{app.help()};
    } catch (const CLI::CallForVersion& version) {
        return print_text{std::string(version.what()) + "\n"};
    } catch (const CLI::ParseError& e) {
        throw usage_error(std::string(e.what()) + "; hetmemd --help tells more");
    }
    if (*place) {
        asked.run_directory = run_directory;
    }
    if (!root.empty()) {
        asked.root = root;
    }
    if (*adopt) {
        asked.wanted = options::wish::adopt;
        asked.table = table;
    } else if (evaluating) {
        asked.wanted = options::wish::evaluate;
    } else if (back) {
        asked.wanted = options::wish::firmware;
    }
    return asked;
}

} // namespace hetmem::daemon
