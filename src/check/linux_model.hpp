// check/linux_model.hpp: what Linux makes of firmware's tables, by its own rules, before it has
// booted with them.
//
// From drivers/acpi/numa/{srat,hmat}.c, arch/x86/mm/srat.c and mm/memory-tiers.c of Linux 6.1 and
// 6.12. All in proximity domains; nothing here needs a machine.
#pragma once

#include <hetmem/topology.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail {

/// Of whose rules the model knows; a later kernel is taken as the last one known.
struct linux_version {
    unsigned major = 6;
    unsigned minor = 12;
    friend auto operator<=>(const linux_version&, const linux_version&) = default;
};
/// "6.1.0-32-cloud-amd64"; nothing when it is no release.
std::optional<linux_version> parse_linux_version(std::string_view release);

/// The tables as the kernel meets them: raw bytes, since it judges some faults by itself.
struct linux_tables {
    std::span<const std::byte> hmat; ///< empty: there is none
    std::span<const std::byte> srat;
    std::span<const std::byte> slit;
    /// What is ordinary memory by the firmware's memory map; empty: not known, and taken to be what
    /// the SRAT says.
    std::span<const address_range> ram;
};

/// node*/access0 (any initiator) and access1 (CPUs only).
struct predicted_access {
    std::vector<std::uint32_t> initiators; ///< proximity domains, ascending
    std::uint64_t read_latency = 0;        ///< ns as sysfs shows it; 0: not shown
    std::uint64_t write_latency = 0;
    std::uint64_t read_bandwidth = 0; ///< MB/s as sysfs shows it
    std::uint64_t write_bandwidth = 0;
    friend bool operator==(const predicted_access&, const predicted_access&) = default;
};

/// node*/memory_side_cache/index<level>, numbers as sysfs prints them.
struct predicted_cache {
    unsigned level = 0;
    std::uint64_t size = 0;
    unsigned line_size = 0;
    unsigned indexing = 0;     ///< 0 direct-mapped, 1 complex, 2 other
    unsigned write_policy = 0; ///< 0 write-back, 1 write-through, 2 other
    friend bool operator==(const predicted_cache&, const predicted_cache&) = default;
};

struct predicted_target {
    std::uint32_t pxm = 0;
    int node = 0; ///< by the order in which Linux meets the domains
    bool has_cpus = false;
    std::optional<predicted_access> access0;
    std::optional<predicted_access> access1;
    std::vector<predicted_cache> caches; ///< in the table's order
    std::optional<int> adistance;        ///< abstract distance; DRAM is 576
    std::optional<int> tier; ///< memory_tierN; nothing when this kernel makes none of the HMAT
    std::vector<std::string> reasons;
};

struct prediction {
    bool srat_used = false;
    bool slit_used = false;
    bool hmat_used = false;
    /// Why a table is dropped, or partly read: each with the table's name and the place.
    std::vector<std::string> reasons;
    /// Domains with memory, ascending; of memory that is offline, what comes with its first block.
    /// Where the SRAT is not used, one: node 0, which then is all memory.
    std::vector<predicted_target> targets;
    /// Whether tiers follow the HMAT: not before 6.7, and not when DRAM nodes differ by more than
    /// 10 % (mt_set_default_dram_perf) or one of them has no figures.
    bool tiers_from_hmat = false;
    std::string tiers_reason;
};

prediction predict_linux(const linux_tables& tables, const linux_version& version);

} // namespace hetmem::detail
