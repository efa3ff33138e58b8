#include "topology/describe.hpp"

#include "topology/figure_store.hpp"
#include "topology/merge.hpp"

#include <hetmem/error.hpp>

#include <fmt/format.h>

#include <utility>

namespace hetmem::detail {

topology describe_without_store(const kernel::rooted_reader& reader, const adopted_table* adopted) {
    all_facts facts;
    facts.acpi = read_acpi(reader, adopted);
    facts.sysfs = read_sysfs(reader);
    facts.devices = read_devices(reader);
    if (!facts.acpi.memories.empty()) {
        facts.soft_reserved = kernel::read_soft_reserved(reader);
    }
    const pxm_map map(reader, facts.acpi, facts.sysfs, facts.devices);
    topology machine = merge(std::move(facts), map, reader.live());
    if (machine.targets().empty()) {
        throw error(std::errc::no_such_file_or_directory,
                    fmt::format("{}: no memory is described there: neither sys/devices/system/node "
                                "nor proc/meminfo can be read",
                                reader.root().string()));
    }
    return machine;
}

topology describe(const kernel::rooted_reader& reader, const adopted_table* adopted) {
    return with_machine_store(describe_without_store(reader, adopted), reader);
}

} // namespace hetmem::detail
