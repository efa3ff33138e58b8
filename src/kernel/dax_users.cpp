#include "kernel/dax_users.hpp"

#include "kernel/dax.hpp"
#include "kernel/numa_maps.hpp"

#include <string_view>

namespace hetmem::kernel {

dax_users read_dax_users(const rooted_reader& reader) {
    dax_users found;
    const directory processes = reader.open("proc");
    found.complete = static_cast<bool>(processes);
    for (const unsigned pid : processes.numbered("")) {
        const outcome read = reader.for_each_line(
            "proc/" + std::to_string(pid) + "/maps", [&](std::string_view line) {
                const auto mapping = parse_process_map(line);
                if (mapping && mapping->path.starts_with("/dev/")) {
                    const std::string name = mapping->path.substr(sizeof("/dev/") - 1);
                    if (is_dax_device_name(name)) {
                        found.mapped.insert(name);
                        found.processes[name].insert(pid);
                    }
                }
                return true;
            });
        // One that ended meanwhile is no gap.
        found.complete = found.complete && !read.not_permitted();
    }
    return found;
}

} // namespace hetmem::kernel
