// kernel/numa_maps.hpp: /proc/PID/numa_maps and /proc/PID/maps, where the pages of a process are.
//
// numa_maps names each mapping by its start, its policy, and the pages on each node (N2=512), in
// the kernel's page size of that mapping (kernelpagesize_kB=4; Documentation/filesystems/proc.rst).
// It has no ends and nothing of device-dax pages: those come from maps. Parsing trusts nothing.
#pragma once

#include "kernel/rooted.hpp"

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hetmem::kernel {

/// A line of numa_maps.
struct numa_map {
    std::uint64_t start = 0;
    std::string policy; ///< "default", "prefer:2", "prefer (many):0-1", "bind=static:0"
    std::string name;   ///< the file, escapes undone; "[heap]", "[stack]", ""
    bool huge = false;  ///< of a pool of huge pages
    std::uint64_t page_bytes = 4096;                       ///< kernelpagesize_kB
    std::vector<std::pair<unsigned, std::uint64_t>> pages; ///< node, pages of page_bytes
};

/// Nothing when the line is not of that form.
std::optional<numa_map> parse_numa_map(std::string_view line);

/// A line of maps.
struct process_map {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    bool readable = false;
    bool writable = false;
    bool shared = false;
    std::uint64_t offset = 0;
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
    std::uint64_t inode = 0;
    std::string path; ///< octal escapes undone; "" for anonymous memory
};
std::optional<process_map> parse_process_map(std::string_view line);

/// Calls `use` with each mapping, ascending, until it returns false: reading stops there, since
/// what lies behind costs time (11 ms a GiB of 4 KiB pages). Lines that cannot be parsed are
/// skipped and counted. pid 0: this process. ENOENT: no such process, or (numa_maps) a kernel
/// without NUMA.
struct maps_read {
    outcome read;
    std::uint64_t malformed = 0;
};
maps_read read_numa_maps(pid_t pid, const std::function<bool(const numa_map&)>& use);
maps_read read_maps(pid_t pid, const std::function<bool(const process_map&)>& use);

} // namespace hetmem::kernel
