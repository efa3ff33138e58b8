#include "kernel/calls.hpp"

#include "kernel/rooted.hpp"
#include "kernel/text.hpp"

#include <hetmem/error.hpp>

#include <cerrno>
#include <string_view>
#include <vector>

#include <sched.h>

namespace hetmem::kernel {

id_set thread_allowed_nodes() {
    constexpr std::string_view key = "Mems_allowed_list:";
    const rooted_reader reader("/");
    const read_result status = reader.read("proc/thread-self/status");
    if (!status) {
        throw error(status.errno_value, "cannot read /proc/thread-self/status, which tells the "
                                        "nodes that this thread may use");
    }
    std::string_view text = status.text;
    while (const std::optional<std::string_view> line = next_line(text)) {
        if (line->starts_with(key)) {
            if (std::optional<id_set> nodes = id_set::parse(line->substr(key.size()))) {
                return *std::move(nodes);
            }
            break;
        }
    }
    // A kernel without cpusets allows every node; one without NUMA has only node 0.
    id_set only;
    only.insert(0);
    return reader.top().read_ids("sys/devices/system/node/online").value_or(only);
}

id_set thread_allowed_cpus() {
    // The call fails with EINVAL when the mask is smaller than the kernel's own.
    constexpr std::size_t word_bits = 8 * sizeof(unsigned long);
    for (std::size_t cpus = 1024; cpus <= id_set::limit; cpus *= 2) {
        std::vector<unsigned long> mask(cpus / word_bits);
        if (::sched_getaffinity(0, mask.size() * sizeof(unsigned long),
                                reinterpret_cast<cpu_set_t*>(mask.data())) == 0) {
            id_set allowed;
            for (std::size_t cpu = 0; cpu < cpus; ++cpu) {
                if ((mask[cpu / word_bits] >> (cpu % word_bits) & 1U) != 0) {
                    allowed.insert(static_cast<unsigned>(cpu));
                }
            }
            return allowed;
        }
        if (errno != EINVAL) {
            break;
        }
    }
    throw error(errno, "sched_getaffinity does not tell the CPUs that this thread may run on");
}

} // namespace hetmem::kernel
