#include "tool/arguments.hpp"

#include "tool/help.hpp"
#include "tool/options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

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

void add_run(CLI::App& app, run_arguments& run) {
    auto* command = app.add_subcommand("run", std::string(help::run_summary));
    command->footer(std::string(help::run_footer));
    const auto add_placement = [&](const std::string& kind, const std::string& type,
                                   const std::string& description) {
        return command
            ->add_option_function<std::string>(
                "--" + kind,
                [&run, kind](const std::string& memory) {
                    if (!run.placement.empty()) {
                        throw CLI::ValidationError(
                            "--" + kind, "one of --bind, --chain, --best, --interleave, --prefer");
                    }
                    run.placement = kind + ":" + memory;
                },
                description)
            ->type_name(type)
            ->check(not_empty());
    };
    auto* bind = add_placement("bind", "T", "All of its memory on T, as far as the kernel can");
    add_placement("chain", "T1,T2", "Fill T1, then T2 (what malloc hands out)");
    add_placement("best", "CRITERION", "The chain that a ranking by CRITERION gives");
    auto* interleave = add_placement("interleave", "T1:W,T2:W", "Spread by weight");
    auto* prefer = add_placement("prefer", "T", "T, then wherever the kernel likes");
    auto* hard = command->add_flag("--hard", run.hard,
                                   "With --bind: nowhere else, and killed when T is full");
    add_size(*command, "--large", run.large, "Place only blocks of at least SIZE");
    add_size(*command, "--headroom", run.headroom,
             "Leave SIZE available on each node (32M when not\ngiven)");
    command->add_option("--cpus-near", run.cpus_near, "Run on the CPUs that reach T best")
        ->type_name("T")
        ->check(not_empty());
    command->add_flag("--verify", run.verify, "Print at the end where its memory was");
    command->add_flag("--verbose", run.verbose, "Say what cannot be promised (as on a terminal)");
    hard->needs(bind);
    for (CLI::Option* const spreading : {interleave, prefer}) {
        command->get_option("--headroom")->excludes(spreading);
    }
}

void add_process(CLI::App& command, int& pid) {
    command
        .add_option_function<std::string>(
            "PID",
            [&pid](const std::string& text) {
                if (!CLI::detail::lexical_cast(text, pid) || pid <= 0) {
                    throw CLI::ValidationError("PID", "'" + text + "' is no process number");
                }
            },
            "The process")
        ->type_name("")
        ->required();
}

void add_where(CLI::App& app, where_arguments& where) {
    constexpr double often = 1.0;
    auto* command = app.add_subcommand("where", std::string(help::where_summary));
    command->footer(std::string(help::where_footer));
    add_process(*command, where.pid);
    command->add_flag("--maps", where.maps, "Tell it of each mapping that has pages");
    command->add_flag("--json", where.json, "Print JSON, format in docs/json.md");
    command
        ->add_option_function<std::string>(
            "--watch",
            [&where](const std::string& text) {
                double seconds = often;
                if (!text.empty() && (!CLI::detail::lexical_cast(text, seconds) ||
                                      !(seconds >= 0.01 && seconds <= 86400))) {
                    throw CLI::ValidationError("--watch", "'" + text + "' is no number of seconds");
                }
                where.watch = seconds;
            },
            "Look again every SECONDS (1 when not given), until\nit ends")
        ->type_name("[SECONDS]")
        ->expected(0, 1);
}

void add_move(CLI::App& app, move_arguments& move) {
    auto* command = app.add_subcommand("move", std::string(help::move_summary));
    command->footer(std::string(help::move_footer));
    add_process(*command, move.pid);
    command->add_option("PLACEMENT", move.placement, "Where to: hbm, node2, chain:hbm,node0, ...")
        ->type_name("")
        ->required()
        ->check(not_empty());
    command
        ->add_option_function<std::string>(
            "--maps", [&move](const std::string& pattern) { move.maps = pattern; },
            "Only mappings whose name is, or matches, PATTERN:\n[heap], [anon], '*/libfoo*'")
        ->type_name("PATTERN")
        ->check(not_empty());
    add_size(*command, "--headroom", move.headroom,
             "Leave SIZE available on each node (32M when not\ngiven)");
    command->add_flag("--json", move.json, "Print JSON, format in docs/json.md");
}

void add_watch(CLI::App& app, watch_arguments& watch) {
    auto* command = app.add_subcommand("watch", std::string(help::watch_summary));
    command->footer(std::string(help::watch_footer));
    command->add_flag("--json", watch.json, "Print lines of JSON, format in docs/json.md");
    command
        ->add_option("--changes", watch.changes,
                     "End after N times that something changed (default:\nnever)")
        ->type_name("N")
        ->check(CLI::Range(1, 1'000'000'000).description(""));
}

void add_adopt(CLI::App& app, adopt_arguments& adopt) {
    using kind = detail::adopt_request::kind;
    auto* command = app.add_subcommand("adopt", std::string(help::adopt_summary));
    command->footer(std::string(help::adopt_footer));
    auto* file = command->add_option("FILE", adopt.file, "A whole HMAT, with its header")
                     ->type_name("")
                     ->check(not_empty());
    auto* evaluate = command->add_flag_callback(
        "--evaluate", [&adopt] { adopt.wanted = kind::evaluate; },
        "Take what the firmware's method _HMA returns now, and\nafter every hotplug");
    auto* firmware = command->add_flag_callback(
        "--firmware", [&adopt] { adopt.wanted = kind::firmware; },
        "Go back to the table that the machine started with");
    command
        ->add_option("--run-directory", adopt.run_directory,
                     "Where hetmemd publishes (default: /run/hetmem)")
        ->type_name("DIR")
        ->check(not_empty());
    file->excludes(evaluate, firmware);
    evaluate->excludes(firmware);
    command->require_option(1, 2);
}

/// Takes the command off the words of `hetmem run`: it begins behind -- or with the first word that
/// is neither an option nor an option's value, and may look like anything from there on.
std::vector<std::string> split_off_command(const CLI::App& run, std::vector<std::string>& words) {
    std::size_t at = 1; // behind "run"
    while (at < words.size() && words[at].starts_with('-') && words[at] != "--") {
        const CLI::Option* const option = run.get_option_no_throw(words[at]);
        at += option != nullptr && option->get_items_expected_min() > 0 ? 2U : 1U;
    }
    std::vector<std::string> command;
    if (at < words.size()) {
        const auto from = words.begin() + static_cast<std::ptrdiff_t>(at);
        command.assign(*from == "--" ? from + 1 : from, words.end());
        words.erase(from, words.end());
    }
    return command;
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
    /// The parser does not know of the command that split_off_command() takes away.
    std::string make_usage(const CLI::App* app, std::string name) const override {
        if (app->get_name() != "run") {
            return CLI::Formatter::make_usage(app, name);
        }
        return "Usage: " + name + " [OPTIONS] [--] COMMAND [ARGUMENTS...]\n";
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
    for (auto chosen = app.get_subcommands(); !chosen.empty();
         chosen = chosen.front()->get_subcommands()) {
        command += " " + chosen.front()->get_name();
    }
    const std::string said = what.substr(0, what.find('\n'));
    const bool has_a_hint = said.find("(see hetmem ") != std::string::npos;
    return has_a_hint ? said : said + " (see " + command + " --help)";
}

} // namespace

arguments parse_arguments(int count, const char* const* values) {
    show_arguments show;
    rank_arguments rank;
    capture_arguments capture;
    run_arguments run;
    where_arguments where;
    move_arguments move;
    watch_arguments watch;
    adopt_arguments adopt;
    table_arguments table_asked;
    check_arguments check_asked;
    measure_arguments measure_asked;
    override_arguments override_asked;
    report_arguments report_asked;

    CLI::App app{std::string(help::summary), "hetmem"};
    app.formatter(std::make_shared<help_format>());
    app.footer(std::string(help::footer));
    app.set_version_flag("--version", "hetmem " HETMEM_VERSION, "Print the version");
    app.set_help_flag("-h,--help", "Print this help");
    app.require_subcommand(0, 1); // none is complained of below, after words that are none
    add_show(app, show);
    add_rank(app, rank);
    add_capture(app, capture);
    add_run(app, run);
    add_where(app, where);
    add_move(app, move);
    add_watch(app, watch);
    add_adopt(app, adopt);
    const CLI::App* const table = add_table(app, table_asked);
    const CLI::App* const check = add_check(app, check_asked);
    const CLI::App* const measure = add_measure(app, measure_asked);
    const CLI::App* const override = add_override(app, override_asked);
    const CLI::App* const report = add_report(app, report_asked);

    std::vector<std::string> words(values + 1, values + std::max(count, 1));
    if (!words.empty() && words.front() == "run") {
        run.command = split_off_command(*app.get_subcommand("run"), words);
    }
    std::reverse(words.begin(), words.end()); // the parser takes them from the end

    try {
        app.parse(words);
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
    if (table->parsed()) {
        return table_asked;
    }
    if (check->parsed()) {
        return check_asked;
    }
    if (measure->parsed()) {
        return measure_asked;
    }
    if (override->parsed()) {
        return override_asked;
    }
    if (report->parsed()) {
        return report_asked;
    }
    if (app.got_subcommand("show")) {
        return show;
    }
    if (app.got_subcommand("rank")) {
        return rank;
    }
    if (app.got_subcommand("where")) {
        return where;
    }
    if (app.got_subcommand("move")) {
        return move;
    }
    if (app.got_subcommand("watch")) {
        return watch;
    }
    if (const CLI::App* const asked = app.get_subcommand("adopt"); asked->parsed()) {
        if (adopt.file.empty() && asked->count("--evaluate") + asked->count("--firmware") == 0) {
            throw usage_error(complaint(app, "One of FILE, --evaluate, --firmware is required"));
        }
        return adopt;
    }
    if (app.got_subcommand("run")) {
        if (run.command.empty()) {
            throw usage_error(complaint(app, "A command to run is required"));
        }
        if (run.placement.empty() && (run.large || run.headroom)) {
            throw usage_error(complaint(
                app,
                fmt::format("--{} needs one of --bind, --chain, --best, --interleave, --prefer",
                            run.large ? "large" : "headroom")));
        }
        return run;
    }
    return capture;
}

} // namespace hetmem::tool
