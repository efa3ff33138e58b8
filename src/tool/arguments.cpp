#include "tool/arguments.hpp"

#include "tool/help.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <memory>

namespace hetmem::tool {
namespace {

constexpr std::array all_criteria = {criterion::read_latency,   criterion::write_latency,
                                     criterion::read_bandwidth, criterion::write_bandwidth,
                                     criterion::capacity,       criterion::free};

std::string criteria_list() {
    std::string list;
    for (const criterion one : all_criteria) {
        list += list.empty() ? "" : ", ";
        list += to_string(one);
    }
    return list;
}

/// A name from a variable that was never set would otherwise count as not given.
CLI::Validator not_empty() {
    return CLI::Validator(
        [](const std::string& name) {
            return name.empty() ? std::string("a name is missing") : std::string();
        },
        "");
}

void add_machine_options(CLI::App& command, machine_arguments& machine) {
    auto* root = command
                     .add_option("--root", machine.root,
                                 "Another machine: the /sys and /proc below DIR, or in\nan ARCHIVE "
                                 "that hetmem capture made")
                     ->type_name("DIR|ARCHIVE")
                     ->check(not_empty());
    auto* saved = command.add_option("--from", machine.saved, "What hetmem show --json saved")
                      ->type_name("FILE.json")
                      ->check(not_empty());
    root->excludes(saved);
    saved->excludes(root);
}

void add_show(CLI::App& app, show_arguments& show) {
    auto* command = app.add_subcommand("show", std::string(help::show_summary));
    command->footer(std::string(help::show_footer));
    auto* matrix = command->add_flag(
        "--matrix", show.matrix,
        "Print the table of initiators and targets also when\nthere is one initiator");
    auto* json = command->add_flag("--json", show.json, "Print JSON, format in docs/json.md");
    auto* svg = command
                    ->add_option("--svg", show.svg,
                                 "Write a picture to FILE and print nothing; - is\nstandard output")
                    ->type_name("FILE")
                    ->check(not_empty());
    add_machine_options(*command, show.machine);
    command->add_flag("--ascii", show.ascii,
                      "Draw with plain ASCII, as when the locale is not UTF-8");
    command
        ->add_option_function<std::string>(
            "--color",
            [&show](const std::string& name) {
                show.color = name == "always"  ? when::always
                             : name == "never" ? when::never
                                               : when::automatic;
                if (name != "always" && name != "never" && name != "auto") {
                    throw CLI::ValidationError("--color",
                                               "'" + name + "' is none of auto, always, never");
                }
            },
            "auto (the default: on a terminal, unless NO_COLOR is\nset), always or never")
        ->type_name("WHEN");
    command
        ->add_option("--width", show.width,
                     "Columns to draw in (default: the terminal's; at\nleast 80)")
        ->type_name("N")
        ->check(CLI::Range(1, 100'000).description(""));
    json->excludes(svg);
    json->excludes(matrix);
    svg->excludes(matrix);
}

void add_rank(CLI::App& app, rank_arguments& rank) {
    auto* command = app.add_subcommand("rank", std::string(help::rank_summary));
    command->footer(std::string(help::rank_footer));
    command
        ->add_option_function<std::string>(
            "--by",
            [&rank](const std::string& name) {
                const auto by = parse_criterion(name);
                if (!by) {
                    throw CLI::ValidationError("--by",
                                               "'" + name + "' is none of " + criteria_list());
                }
                rank.by = *by;
            },
            "read_latency, write_latency, read_bandwidth,\nwrite_bandwidth, capacity or free")
        ->type_name("CRITERION")
        ->required();
    command
        ->add_option("--from-cpu", rank.cpus,
                     "As seen from this CPU; may be repeated (default: the\nCPUs that this command "
                     "may run on)")
        ->type_name("N")
        ->allow_extra_args(false);
    command
        ->add_option("--from-initiator", rank.initiators,
                     "As seen from the initiator that hetmem show calls so;\nmay be repeated")
        ->type_name("NAME")
        ->allow_extra_args(false);
    command->add_flag("--all", rank.all, "Rank reserved and offline memory too");
    command->add_flag("--json", rank.json, "Print JSON, format in docs/json.md");
    add_machine_options(*command, rank.machine);
}

void add_capture(CLI::App& app, capture_arguments& capture) {
    auto* command = app.add_subcommand("capture", std::string(help::capture_summary));
    command->footer(std::string(help::capture_footer));
    command->add_option("FILE", capture.file, "The archive to write, for example desk.tar.gz")
        ->type_name("")
        ->required()
        ->check(not_empty());
    command->add_option("--root", capture.root, "Capture the /sys and /proc below this directory")
        ->type_name("DIR")
        ->check(not_empty());
}

/// As the parser's own, with less between the name of an option and what it is for.
class help_format : public CLI::Formatter {
public:
    help_format() { column_width(26); }
    std::string make_option_opts(const CLI::Option* option) const override {
        return option->get_type_name().empty() ? "" : " " + option->get_type_name();
    }
    std::string make_description(const CLI::App* app) const override {
        return app->get_description() + "\n\n";
    }
};

/// The first word that nobody understood: an option rather than what may be its value.
std::string not_understood(const CLI::App& app) {
    const std::vector<std::string> words = app.remaining(true);
    const auto option = std::find_if(words.begin(), words.end(),
                                     [](const std::string& w) { return w.starts_with('-'); });
    return "what is '" + (option != words.end() ? *option : words.front()) + "'?";
}

/// One line, with the way to more help.
std::string complaint(const CLI::App& app, const std::string& what) {
    std::string command = "hetmem";
    for (const CLI::App* chosen : app.get_subcommands()) {
        command += " " + chosen->get_name();
    }
    return what.substr(0, what.find('\n')) + " (see " + command + " --help)";
}

} // namespace

arguments parse_arguments(int count, const char* const* values) {
    show_arguments show;
    rank_arguments rank;
    capture_arguments capture;

    CLI::App app{std::string(help::summary), "hetmem"};
    app.formatter(std::make_shared<help_format>());
    app.footer(std::string(help::footer));
    app.set_version_flag("--version", "hetmem " HETMEM_VERSION, "Print the version");
    app.set_help_flag("-h,--help", "Print this help");
    app.require_subcommand(0, 1); // none is complained of below, after words that are none
    add_show(app, show);
    add_rank(app, rank);
    add_capture(app, capture);

    try {
        app.parse(count, values);
    } catch (const CLI::CallForHelp&) {
        return print_text{app.help()};
    } catch (const CLI::CallForVersion& version) {
        return print_text{std::string(version.what()) + "\n"};
    } catch (const CLI::ExtrasError&) {
        throw usage_error(complaint(app, not_understood(app)));
    } catch (const CLI::ParseError& e) {
        throw usage_error(complaint(app, e.what()));
    }
    if (app.get_subcommands().empty()) {
        throw usage_error(complaint(app, "A subcommand is required"));
    }
    if (app.got_subcommand("show")) {
        return show;
    }
    if (app.got_subcommand("rank")) {
        return rank;
    }
    return capture;
}

} // namespace hetmem::tool
