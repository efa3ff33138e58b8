// The options of hetmem report, and what stands around them.
#include "tool/report_arguments.hpp"

#include "tool/options.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>

namespace hetmem::tool {
namespace {

constexpr std::string_view summary = "Write all that is known on one page of HTML";

constexpr std::string_view footer = R"(Examples:
  hetmem report                             writes hetmem-report.html
  sudo hetmem report -o - > memory.html     with the firmware's own tables
  hetmem report --root desk.tar.gz          a machine captured elsewhere
  hetmem report --from desk.json            a description that was saved

The machine drawn, the figures of every pair with their sources, measured
against declared, latency under load, what hetmem check finds and what to do
about it, and where everything was read. The page needs no network and no
script, fits a phone and paper, and is valid when little is known.

A saved description (--from) has neither tables nor measurements of its own:
nothing is checked there. A report that root makes of the running machine may
name physical addresses: the file is readable by its owner alone.)";

} // namespace

CLI::App* add_report(CLI::App& app, report_arguments& asked) {
    auto* command = app.add_subcommand("report", std::string(summary));
    command->footer(std::string(footer));
    command
        ->add_option("-o,--output", asked.file,
                     "Where to write it (hetmem-report.html when not given);\n- is standard output")
        ->type_name("FILE")
        ->check(not_empty());
    add_machine_options(*command, asked.machine);
    command->add_flag_callback(
        "--no-check", [&asked] { asked.check = false; }, "Do not look for what is wrong");
    return command;
}

} // namespace hetmem::tool
