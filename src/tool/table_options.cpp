// The options of hetmem table.
#include "tool/table_arguments.hpp"

#include "tool/options.hpp"

#include <CLI/CLI.hpp>

#include <string_view>

namespace hetmem::tool {
namespace {

using action = table_arguments::action;

constexpr std::string_view footer = R"(Examples:
  sudo hetmem table decode /sys/firmware/acpi/tables/HMAT
  hetmem table decode acpidump.txt --signature HMAT --json > hmat.json
  hetmem table encode hmat.json -o hmat.aml
  hetmem table diff hmat.aml hmat.json
  sudo hetmem table build -o hmat.aml

HMAT, SRAT, SLIT and CDAT are known. docs/tables.md tells the JSON form.
hetmem table decode --help, and so on, tells more of each.)";

constexpr std::string_view decode_footer = R"(Examples:
  sudo hetmem table decode /sys/firmware/acpi/tables/HMAT
  sudo acpidump | hetmem table decode -
  hetmem table decode acpidump.txt --signature SRAT
  hetmem table decode HMAT --json > hmat.json

Fields have the names of the revision that the table has. Of acpidump's text all
tables are shown, and the HMAT is held against the SRAT. The JSON keeps every
byte: hetmem table encode makes the same table of it, damaged or not.)";

constexpr std::string_view encode_footer = R"(Examples:
  hetmem table decode HMAT --json > hmat.json
  hetmem table encode hmat.json -o hmat.aml

Lengths, counts and the checksum are computed where the JSON does not have them.
A matrix has "entries" or "values" (ns, MB/s), or both where they agree.)";

constexpr std::string_view diff_footer = R"(Examples:
  hetmem table diff before.aml after.aml
  hetmem table diff HMAT hmat.json --json

A and B are tables, their JSON, or acpidump's text. Figures are compared as they
are meant: another base unit, or reading and writing in structures of their own,
is told as another form. The exit status is 0 when both are the same, byte for
byte, 1 when they are not, 2 when that cannot be told.)";

constexpr std::string_view build_footer = R"(Examples:
  sudo hetmem table build                  what would change, and Linux's tiers
  sudo hetmem table build -o hmat.aml      from what was measured and given
  sudo hetmem table build --set node0,node2,read_latency=250ns -o hmat.aml
  hetmem table build --tables tables/ --set pxm0,pxm2,bandwidth=61.4GB/s

It starts from the HMAT in force and changes the cells that were measured or
given, and nothing else; without an HMAT it makes one of what is known. Cells
that are not reliably different get one figure. Then it tells the tiers that
Linux will make of it. hetmem override puts it into force.

FROM and TO are names from hetmem show, or proximity domains: pxm2. A QUANTITY
is read_latency, write_latency, read_bandwidth or write_bandwidth; latency and
bandwidth stand for both. A VALUE has a unit: ps, ns, us, MB/s, GB/s.)";

void add_signature(CLI::App& command, table_arguments& asked) {
    command.add_option("--signature", asked.signature, "Of acpidump's text this table only")
        ->type_name("NAME")
        ->check(not_empty());
}

void add_decode(CLI::App& table, table_arguments& asked) {
    auto* command = table.add_subcommand("decode", "Show what is in a table");
    command->footer(std::string(decode_footer));
    command->add_option("FILE", asked.file, "A table or acpidump's text; \"-\": standard input")
        ->type_name("")
        ->required()
        ->check(not_empty());
    add_signature(*command, asked);
    command->add_flag("--json", asked.json, "Print JSON that hetmem table encode reads");
    command->final_callback([&asked] { asked.wanted = action::decode; });
}

void add_encode(CLI::App& table, table_arguments& asked) {
    auto* command = table.add_subcommand("encode", "Make a table of JSON");
    command->footer(std::string(encode_footer));
    command
        ->add_option("FILE.json", asked.file, "As decode --json prints it; \"-\": standard input")
        ->type_name("")
        ->required()
        ->check(not_empty());
    command->add_option("-o,--output", asked.output, "Where to (default: standard output)")
        ->type_name("FILE")
        ->check(not_empty());
    command->final_callback([&asked] { asked.wanted = action::encode; });
}

void add_diff(CLI::App& table, table_arguments& asked) {
    auto* command = table.add_subcommand("diff", "Tell what two tables say differently");
    command->footer(std::string(diff_footer));
    command->add_option("A", asked.file, "A table, its JSON, or acpidump's text")
        ->type_name("")
        ->required()
        ->check(not_empty());
    command->add_option("B", asked.other, "The later one")
        ->type_name("")
        ->required()
        ->check(not_empty());
    add_signature(*command, asked);
    command->add_flag("--json", asked.json, "Print JSON, format in docs/tables.md");
    command->final_callback([&asked] { asked.wanted = action::diff; });
}

void add_build(CLI::App& table, table_arguments& asked) {
    auto* command = table.add_subcommand("build", "Make an HMAT of better figures");
    command->footer(std::string(build_footer));
    command->add_option("-o,--output", asked.output, "Write the table to FILE (default: nowhere)")
        ->type_name("FILE")
        ->check(not_empty());
    command->add_option("--set", asked.set, "A figure: FROM,TO,QUANTITY=VALUE; may be repeated")
        ->type_name("FIGURE")
        ->check(not_empty())
        ->allow_extra_args(false);
    auto* figures = command
                        ->add_option("--from", asked.figures,
                                     "Figures of a file that hetmem measure wrote, beside\nthose "
                                     "that are kept")
                        ->type_name("FILE.json")
                        ->check(not_empty());
    auto* root = add_root_option(*command, asked.root);
    command
        ->add_option("--tables", asked.tables,
                     "Tables alone: a directory with HMAT and SRAT, or\nacpidump's text")
        ->type_name("DIR|FILE")
        ->check(not_empty())
        ->excludes(figures)
        ->excludes(root);
    command->add_flag("--json", asked.json, "Print JSON, format in docs/tables.md");
    command->final_callback([&asked] { asked.wanted = action::build; });
}

} // namespace

CLI::App* add_table(CLI::App& app, table_arguments& asked) {
    auto* command =
        app.add_subcommand("table", "Decode, encode, compare and build firmware tables");
    command->footer(std::string(footer));
    command->require_subcommand(1);
    add_decode(*command, asked);
    add_encode(*command, asked);
    add_diff(*command, asked);
    add_build(*command, asked);
    return command;
}

} // namespace hetmem::tool
