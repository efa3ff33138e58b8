// pxm_map.hpp: which of the firmware's proximity domains is which of the kernel's nodes.
//
// The two are never assumed equal, and no kernel interface tells the map. It is rebuilt from what
// both sides name: physical addresses, processors, devices; only where that says nothing, from the
// order in which Linux numbers nodes, and then only if that order fits everything that is known.
#pragma once

#include "topology/acpi_source.hpp"
#include "topology/device_source.hpp"
#include "topology/sysfs_source.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hetmem::detail {

class pxm_map {
public:
    struct match {
        int node = 0;
        std::string reason;
    };

    pxm_map(const kernel::rooted_reader& reader, const acpi_facts& acpi, const sysfs_facts& sysfs,
            const device_facts& devices);

    /// Where Linux put a proximity domain; nothing when that is not known.
    const match* node_of(std::uint32_t pxm) const;
    /// The one proximity domain behind a node; nothing when unknown, or when Linux put several
    /// into the node, whose figures then differ.
    std::optional<std::uint32_t> pxm_of(int node) const;
    /// All that Linux put into a node, ascending.
    std::vector<std::uint32_t> pxms_of(int node) const;
    /// The online CPUs of a proximity domain.
    const id_set& cpus_of(std::uint32_t pxm) const;

    /// Evidence that contradicts stronger evidence.
    const std::vector<disagreement>& conflicts() const { return conflicts_; }

private:
    void learn(std::uint32_t pxm, int node, std::string reason);
    void learn_from_memory(const acpi_facts& acpi, const sysfs_facts& sysfs, bool hot_pluggable);
    void learn_from_processors(const kernel::rooted_reader& reader, const acpi_facts& acpi,
                               const sysfs_facts& sysfs);
    void learn_from_devices(const kernel::rooted_reader& reader, const acpi_facts& acpi,
                            const sysfs_facts& sysfs, const device_facts& devices);
    void learn_from_generic_initiators(const kernel::rooted_reader& reader, const acpi_facts& acpi,
                                       const id_set& nodes);
    void learn_from_numbering(const acpi_facts& acpi, const sysfs_facts& sysfs);

    std::map<std::uint32_t, match> nodes_;
    std::map<std::uint32_t, id_set> cpus_;
    std::vector<disagreement> conflicts_;
};

} // namespace hetmem::detail
