// The options of hetmem check, and what stands around them.
#include "tool/check_arguments.hpp"

#include "tool/options.hpp"

#include <CLI/CLI.hpp>

#include <string>

namespace hetmem::tool {
namespace {

constexpr std::string_view summary = "Tell what is wrong, what Linux makes of it, what to do";

constexpr std::string_view footer = R"(Examples:
  sudo hetmem check                         this machine
  hetmem check --root desk.tar.gz           a machine captured elsewhere
  hetmem check --tables acpidump.txt        tables only: text of acpidump,
  hetmem check --tables tables/             a table, or a folder of tables
  hetmem check --tables new/ --kernel 6.1   what would Linux 6.1 do
  hetmem check --explain slit-rejected      what a finding means

Firmware's tables (HMAT, SRAT, SLIT, MADT, CEDT) by themselves, against each
other and against the memory map; what the kernel made of them; whether ordinary
allocations can land in a scarce memory; whether claims hold against what was
measured; whether an override is in force. Nothing is changed. What could not be
looked at is told: root sees the most.

Exit status: 0 nothing above info; 3 warnings; 4 errors; 1 it could not look;
2 it was asked wrongly.)";

/// Throws unless every id is one of a check.
CLI::Validator check_ids() {
    return CLI::Validator(
        [](const std::string& id) {
            return detail::find_check(id) != nullptr
                       ? std::string()
                       : "there is no check '" + id + "' (see hetmem check --list)";
        },
        "");
}

void add_severity(CLI::App& command, detail::severity& least) {
    command
        .add_option_function<std::string>(
            "--severity",
            [&least](const std::string& name) {
                using detail::severity;
                for (const severity level : {severity::info, severity::warning, severity::error}) {
                    if (to_string(level) == name) {
                        least = level;
                        return;
                    }
                }
                throw CLI::ValidationError("--severity",
                                           "'" + name + "' is none of info, warning, error");
            },
            "Only findings of this severity and above: info,\nwarning or error")
        ->type_name("LEVEL");
}

} // namespace

CLI::App* add_check(CLI::App& app, check_arguments& asked) {
    auto* command = app.add_subcommand("check", std::string(summary));
    command->footer(std::string(footer));
    auto* root = add_root_option(*command, asked.root);
    auto* tables = command
                       ->add_option("--tables", asked.tables,
                                    "Tables only: a folder of them, one, or text of\nacpidump")
                       ->type_name("PATH")
                       ->check(not_empty());
    add_kernel_option(*command, asked.kernel,
                      "By the rules of this Linux (default: the machine's;\nthe newest known)");
    command->add_option("--only", asked.only, "Only these checks")
        ->type_name("ID,...")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(check_ids());
    command->add_option("--skip", asked.skip, "All checks but these")
        ->type_name("ID,...")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(check_ids());
    add_severity(*command, asked.least);
    auto* json = command->add_flag("--json", asked.json, "Print JSON, format in docs/json.md");
    auto* list = command->add_flag("--list", asked.list, "List all checks");
    auto* markdown =
        command->add_flag("--markdown", asked.markdown, "With --list: as docs/checks.md has them");
    auto* explain = command->add_option("--explain", asked.explain, "Tell all about one check")
                        ->type_name("ID")
                        ->check(check_ids());
    root->excludes(tables);
    markdown->needs(list);
    for (CLI::Option* const other : {root, tables, json}) {
        list->excludes(other);
        explain->excludes(other);
    }
    list->excludes(explain);
    return command;
}

} // namespace hetmem::tool
