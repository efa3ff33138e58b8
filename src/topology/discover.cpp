#include "topology/merge.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>

#include "kernel/file.hpp"

#include <fmt/format.h>

namespace hetmem {

topology discover(const discover_options& options) {
    const kernel::rooted_reader reader(options.root);
    detail::all_facts facts;
    facts.acpi = detail::read_acpi(reader);
    facts.sysfs = detail::read_sysfs(reader);
    facts.devices = detail::read_devices(reader);
    if (!facts.acpi.memories.empty()) {
        facts.soft_reserved = kernel::read_soft_reserved(reader);
    }
    const detail::pxm_map map(reader, facts.acpi, facts.sysfs, facts.devices);
    topology machine = detail::merge(std::move(facts), map, reader.live());
    if (machine.targets().empty()) {
        throw error(std::errc::no_such_file_or_directory,
                    fmt::format("{}: no memory is described there: neither "
                                "sys/devices/system/node nor proc/meminfo can be read",
                                options.root.string()));
    }
    return machine;
}

void save_topology(const topology& machine, const std::filesystem::path& file) {
    kernel::new_file out(file);
    out.write(to_json(machine));
    out.commit();
}

topology load_topology(const std::filesystem::path& file) {
    return from_json(kernel::read_file(file), file.string());
}

} // namespace hetmem
