// The options of hetmem measure.
#include "tool/measure_arguments.hpp"

#include "tool/options.hpp"

#include <CLI/CLI.hpp>

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::tool {
namespace {

constexpr std::string_view footer = R"(Examples:
  hetmem measure --quick                   this machine in some seconds
  sudo hetmem measure                      all of it, for everybody's use
  hetmem measure node0 node2 --curves      two memories, under load too
  hetmem measure dax0.0                    reserved memory, since it is named
  hetmem measure --metric local_latency,read_bandwidth --precision 0.5
  sudo hetmem measure --import figures.json
  hetmem measure --list                    what is kept, how old it is
  hetmem measure --forget node2

Each memory is measured from each initiator that has CPUs this command may use.
Latency is "local" (to the TLB) and "random" (page walks are in it); bandwidth
is what the program reads and writes, with as many CPUs as are fastest. n is how
many samples there were; the interval holds the median with 95 % confidence.
What else ran meanwhile is told.

What was measured is kept, and used by hetmem show and rank from then on: by
root for everybody, by others for themselves. Ctrl-C keeps what is done.

Metrics: local_latency, random_latency, read_bandwidth, write_bandwidth,
nontemporal_write_bandwidth, copy_bandwidth, nontemporal_copy_bandwidth,
triad_bandwidth, read_2_write_1_bandwidth, read_1_write_1_bandwidth.)";

constexpr double shortest_budget = 0.001;
constexpr double longest_budget = 3600;

std::string all_metric_names() {
    std::string names;
    for (int one = 0; one <= static_cast<int>(metric::read_1_write_1_bandwidth); ++one) {
        names += names.empty() ? "" : ", ";
        names += to_string(static_cast<metric>(one));
    }
    return names;
}

void add_metrics(CLI::App& command, measure_arguments& asked) {
    command
        .add_option_function<std::vector<std::string>>(
            "--metric",
            [&asked](const std::vector<std::string>& names) {
                for (const std::string& name : names) {
                    const auto what = parse_metric(name);
                    if (!what) {
                        throw CLI::ValidationError("--metric", "'" + name +
                                                                   "' is no metric; there are " +
                                                                   all_metric_names());
                    }
                    asked.metrics.push_back(*what);
                }
            },
            "Only these, separated by commas")
        ->type_name("M1,M2")
        ->delimiter(',')
        ->allow_extra_args(false);
}

void add_what(CLI::App& command, measure_arguments& asked) {
    command.add_option("TARGET", asked.targets, "Memories (default: all that is not reserved)")
        ->type_name("")
        ->check(not_empty());
    command
        .add_option("--initiator", asked.initiators,
                    "From there only (default: all that have CPUs); may\nbe repeated")
        ->type_name("NAME")
        ->check(not_empty())
        ->allow_extra_args(false);
    add_metrics(command, asked);
    command.add_flag("--quick", asked.quick,
                     "Latency, reading and non-temporal writing, in less\nthan half of the time");
    command.add_flag("--curves", asked.curves, "Latency under load too, with the knee");
    command.add_flag("--destroy-contents", asked.destroy_contents,
                     "Measure persistent memory that is named, or a dax\ndevice that another "
                     "program has mapped, which\noverwrites what is in it");
}

void add_how(CLI::App& command, measure_arguments& asked) {
    add_size(command, "--buffer", asked.buffer,
             "Measure on SIZE (default: what the caches demand)");
    command.add_flag("--allow-cached", asked.allow_cached,
                     "Also when caches hold the buffer; labelled as that");
    command
        .add_option(
            "--precision", asked.precision,
            "End a cell when the interval is within PCT percent\nof the median (default: 1)")
        ->type_name("PCT")
        ->check(CLI::Range(0.01, 99.0).description(""));
    command
        .add_option_function<double>(
            "--budget",
            [&asked](double seconds) {
                constexpr double milliseconds = 1000;
                asked.budget =
                    std::chrono::milliseconds(std::lround(std::ceil(seconds * milliseconds)));
            },
            "Or after so many SECONDS (default: 1.9; 0.8 with\n--quick)")
        ->type_name("SECONDS")
        ->check(CLI::Range(shortest_budget, longest_budget).description(""));
}

void add_store(CLI::App& command, measure_arguments& asked) {
    using keep = measure_arguments::keep;
    using action = measure_arguments::action;
    command.add_flag("--json", asked.json, "Print JSON, format in docs/json.md");
    command
        .add_option("--width", asked.width,
                    "Columns to print in (default: the terminal's; at\nleast 80)")
        ->type_name("N")
        ->check(CLI::Range(1, 100'000).description(""));
    auto* no_store = command.add_flag_callback(
        "--no-store", [&asked] { asked.store = keep::nowhere; }, "Print only, keep nothing");
    command
        .add_option_function<std::string>(
            "--store",
            [&asked](const std::string& name) {
                if (name != "user" && name != "machine") {
                    throw CLI::ValidationError("--store",
                                               "'" + name + "' is neither user nor machine");
                }
                asked.store = name == "user" ? keep::user : keep::machine;
            },
            "Keep (list, forget) in user or machine (default:\nmachine for root, else user)")
        ->type_name("STORE")
        ->excludes(no_store);
    auto* import = command
                       .add_option_function<std::string>(
                           "--import",
                           [&asked](const std::string& file) {
                               asked.wanted = action::import;
                               asked.import_file = file;
                           },
                           "Keep figures from elsewhere; - is standard input")
                       ->type_name("FILE.json")
                       ->check(not_empty())
                       ->excludes(no_store);
    auto* forget = command.add_flag_callback(
        "--forget", [&asked] { asked.wanted = action::forget; },
        "Throw away what is kept of the TARGETs (default:\nall)");
    auto* list = command.add_flag_callback(
        "--list", [&asked] { asked.wanted = action::list; }, "Print what is kept, measure nothing");
    no_store->excludes(forget)->excludes(list);
    import->excludes(forget)->excludes(list)->excludes(command.get_option("TARGET"));
    forget->excludes(list);
    for (const char* const how :
         {"--initiator", "--metric", "--quick", "--curves", "--buffer", "--allow-cached",
          "--destroy-contents", "--precision", "--budget"}) {
        import->excludes(command.get_option(how));
        forget->excludes(command.get_option(how));
        list->excludes(command.get_option(how));
    }
}

} // namespace

CLI::App* add_measure(CLI::App& app, measure_arguments& asked) {
    auto* command = app.add_subcommand("measure", "Measure latency and bandwidth of every memory");
    command->footer(std::string(footer));
    add_what(*command, asked);
    add_how(*command, asked);
    add_store(*command, asked);
    return command;
}

} // namespace hetmem::tool
