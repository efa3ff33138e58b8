#include "tool/options.hpp"

#include "check/linux_model.hpp"
#include "tool/parse_size.hpp"

namespace hetmem::tool {

CLI::Validator not_empty() {
    return CLI::Validator(
        [](const std::string& name) {
            return name.empty() ? std::string("a name is missing") : std::string();
        },
        "");
}

CLI::Option* add_root_option(CLI::App& command, std::string& root) {
    return command
        .add_option("--root", root,
                    "Another machine: the /sys and /proc below DIR, or in\nan ARCHIVE that hetmem "
                    "capture made")
        ->type_name("DIR|ARCHIVE")
        ->check(not_empty());
}

void add_kernel_option(CLI::App& command, std::string& kernel, const std::string& description) {
    command.add_option("--kernel", kernel, description)
        ->type_name("VERSION")
        ->check(CLI::Validator(
            [](const std::string& version) {
                return detail::parse_linux_version(version)
                           ? std::string()
                           : "'" + version + "' is no version such as 6.1";
            },
            ""));
}

void add_machine_options(CLI::App& command, machine_arguments& machine) {
    auto* root = add_root_option(command, machine.root);
    auto* saved =
        command.add_option("--from", machine.saved, "A description that hetmem show saved as JSON")
            ->type_name("FILE.json")
            ->check(not_empty());
    root->excludes(saved);
    saved->excludes(root);
}

void add_size(CLI::App& command, const std::string& name, std::optional<byte_size>& size,
              const std::string& description) {
    command
        .add_option_function<std::string>(
            name,
            [&size, name](const std::string& text) {
                size = parse_size(text);
                if (!size) {
                    throw CLI::ValidationError(name, "'" + text + "' is no size such as 64M or 2G");
                }
            },
            description)
        ->type_name("SIZE");
}

} // namespace hetmem::tool
