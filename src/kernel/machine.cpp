#include "kernel/machine.hpp"

#include "kernel/text.hpp"

#include <string_view>

#include <sys/utsname.h>

namespace hetmem::kernel {

machine read_machine(const rooted_reader& reader) {
    machine found;
    if (reader.live()) {
        utsname names{};
        if (::uname(&names) == 0) {
            found.kernel_release = names.release;
            found.architecture = names.machine;
        }
        return found;
    }
    found.kernel_release = reader.top().read_line("proc/sys/kernel/osrelease").value_or("");
    found.architecture = reader.top().read_line("proc/sys/kernel/arch").value_or("");
    if (!found.kernel_release.empty() && !found.architecture.empty()) {
        return found;
    }
    const auto fill = [](std::string& empty, std::string_view line, std::string_view key) {
        if (empty.empty() && line.starts_with(key)) {
            empty = trimmed(line.substr(key.size()));
        }
    };
    reader.for_each_line("proc/hwloc-nofile-info", [&](std::string_view line) {
        fill(found.kernel_release, line, "OSRelease:");
        fill(found.architecture, line, "Architecture:");
        return true;
    });
    return found;
}

} // namespace hetmem::kernel
