// The options of hetmem override.
#include "tool/override_arguments.hpp"

#include "tool/options.hpp"

#include <CLI/CLI.hpp>

#include <string_view>

namespace hetmem::tool {

namespace {

constexpr std::string_view footer = R"(Examples:
  sudo hetmem override --hmat new.json -o tables.cpio  only the archive
  sudo hetmem override --build --install               what was measured
  sudo hetmem override --status                        is it in force
  sudo hetmem override --remove                        back to the firmware's

A FILE is a table, or the JSON of hetmem table decode --json. It gets the OEM
IDs of the table that it replaces and a higher OEM revision, as Linux demands.
What Linux would not use is refused, and the reasons are told.

--install tells first what it will do, keeps an entry in the boot menu that
goes without the tables, and undoes everything when a step fails. It needs
initramfs-tools or dracut. The tables count from the next start on.

If the machine does not start as it should: choose that entry, or add
numa=nohmat (numa=off after a change of the SRAT) to the kernel's command line;
then --remove.)";

void add_tables(CLI::App& command, override_arguments& asked) {
    const auto file = [&](const char* name, std::string& into, const char* text) {
        return command.add_option(name, into, text)->type_name("FILE")->check(not_empty());
    };
    auto* hmat = file("--hmat", asked.hmat, "The HMAT: latencies, bandwidths, side caches");
    command
        .add_flag("--build", asked.build,
                  "The HMAT in force, with what was measured or given by\nhand in it (hetmem table "
                  "build)")
        ->excludes(hmat);
    file("--slit", asked.slit, "The SLIT: distances");
    file("--srat", asked.srat, "The SRAT: which memory and CPU is in which domain");
    command.add_flag("--allow-srat", asked.allow_srat,
                     "Yes, the SRAT: when it lacks a range of memory, Linux\nhas one node only");
    command.add_flag("--keep-oem", asked.keep_oem,
                     "Refuse a table whose OEM IDs or revision do not fit,\ninstead of changing "
                     "them");
    command.add_flag("--force", asked.force,
                     "Also under kernel lockdown, and without a memory map");
    add_kernel_option(command, asked.kernel, "Judge by the rules of this Linux");
}

} // namespace

CLI::App* add_override(CLI::App& app, override_arguments& asked) {
    auto* command =
        app.add_subcommand("override", "Give the kernel corrected tables at boot (root)");
    command->footer(std::string(footer));
    add_tables(*command, asked);
    command
        ->add_option("-o,--output", asked.archive,
                     "Write the archive that stands in front of an initrd;\n- is standard output")
        ->type_name("FILE.cpio")
        ->check(not_empty());
    const auto act = [&](const char* name, override_arguments::act wanted, const char* text) {
        return command->add_flag_callback(
            name, [&asked, wanted] { asked.wanted = wanted; }, text);
    };
    auto* install = act("--install", override_arguments::act::install,
                        "Have every initrd made with the tables from now on");
    auto* remove = act("--remove", override_arguments::act::remove, "Undo --install");
    auto* status =
        act("--status", override_arguments::act::status, "Tell whether the tables are in force");
    install->excludes(remove)->excludes(status);
    remove->excludes(status);
    command->add_option("--with", asked.method, "What makes the initrds: initramfs-tools or dracut")
        ->type_name("PROGRAM")
        ->check(CLI::IsMember({"initramfs-tools", "dracut"}).description(""));
    command->add_flag("-y,--yes", asked.yes, "Do not ask");
    command->add_flag("--json", asked.json, "--status as JSON");
    command->add_option("--root", asked.root, "The machine below DIR: no command is run there")
        ->type_name("DIR")
        ->check(not_empty());
    command->final_callback([&asked] {
        const bool tables =
            asked.build || !asked.hmat.empty() || !asked.slit.empty() || !asked.srat.empty();
        const bool makes = asked.wanted == override_arguments::act::write ||
                           asked.wanted == override_arguments::act::install;
        if (makes && !tables) {
            throw CLI::ValidationError("override",
                                       "which table? --hmat, --build, --slit or --srat");
        }
        if (!makes && tables) {
            throw CLI::ValidationError("override", "--remove and --status take no table");
        }
        if (asked.wanted == override_arguments::act::write && asked.archive.empty()) {
            throw CLI::ValidationError("override", "-o FILE.cpio or --install is needed");
        }
    });
    return command;
}

} // namespace hetmem::tool
