// kernel/cpu.hpp: processors: which are online, their packages, their model and APIC ids.
#pragma once

#include "kernel/rooted.hpp"

#include <hetmem/id_set.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hetmem::kernel {

/// The first paragraph of /proc/cpuinfo. What an architecture does not print stays empty.
struct cpu_model {
    std::string name;   ///< "Intel(R) Xeon(R) ...", "POWER9, altivec supported", ...
    std::string vendor; ///< "GenuineIntel"; arm: the implementer, "0x41"
    std::optional<unsigned> family;
    std::optional<unsigned> model;
    std::optional<unsigned> stepping;
    std::optional<unsigned> part; ///< arm's "CPU part"
};

struct cpu_package {
    int id = 0; ///< physical_package_id; -1 is how the kernel says that it does not know
    id_set cpus;
};

/// /sys/devices/system/cpu/online; nothing when that is missing.
std::optional<id_set> read_online_cpus(const rooted_reader& reader);

/// Ascending by id. Reads as few processors' files as there are packages when the kernel prints
/// whole packages. Empty when nothing is known.
std::vector<cpu_package> read_packages(const rooted_reader& reader, const id_set& online_cpus);

/// Reads only the start of the file: on large machines the whole takes long to print.
cpu_model read_cpu_model(const rooted_reader& reader);

/// CPU -> APIC id (x86), from the whole file. Empty on other architectures.
std::map<unsigned, std::uint32_t> read_apic_ids(const rooted_reader& reader);

} // namespace hetmem::kernel
