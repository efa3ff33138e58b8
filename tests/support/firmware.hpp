// tests/support/firmware.hpp: firmware tables for made-up machines, written as short as they can be
// thought.
//
//     firmware tables;
//     tables.processor(0, 0).memory(0, 0, 1_GiB).memory(5, 1_GiB, 1_GiB);
//     tables.matrix(data_type::access_latency, 100, {0}, {0, 5}, {1, 3});   // 100 and 300 ps
//     tables.write_into(machine);
#pragma once

#include "tests/support/tree.hpp"

#include <acpi/hmat.hpp>
#include <acpi/slit.hpp>
#include <acpi/srat.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace hetmem::test {

class firmware {
public:
    explicit firmware(std::uint8_t hmat_revision = 2) {
        hmat_.header = acpi::make_header("HMAT", hmat_revision);
        srat_.header = acpi::make_header("SRAT", 3);
    }

    firmware& processor(std::uint32_t pxm, std::uint8_t apic_id) {
        acpi::apic_affinity entry;
        entry.pxm_low = static_cast<std::uint8_t>(pxm);
        entry.apic_id = apic_id;
        entry.flags = 1;
        srat_.structures.emplace_back(entry);
        return *this;
    }
    /// SRAT flags: 1 enabled, 2 hot-pluggable, 4 non-volatile.
    firmware& memory(std::uint32_t pxm, std::uint64_t base, std::uint64_t length,
                     std::uint32_t flags = 1) {
        acpi::memory_affinity entry;
        entry.proximity_domain = pxm;
        entry.base = base;
        entry.range_length = length;
        entry.flags = flags;
        srat_.structures.emplace_back(entry);
        return *this;
    }
    firmware& generic_initiator(std::uint32_t pxm, const acpi::pci_device& device) {
        acpi::generic_affinity entry;
        entry.proximity_domain = pxm;
        entry.set_device(device);
        entry.flags = 1;
        srat_.structures.emplace_back(entry);
        return *this;
    }
    firmware& matrix(acpi::data_type kind, std::uint64_t base_unit,
                     std::vector<std::uint32_t> initiators, std::vector<std::uint32_t> targets,
                     std::vector<std::uint16_t> entries, std::uint8_t flags = 0) {
        acpi::locality entry;
        entry.flags = flags;
        entry.kind = kind;
        entry.base_unit = base_unit;
        entry.initiators = std::move(initiators);
        entry.targets = std::move(targets);
        entry.entries = std::move(entries);
        hmat_.structures.emplace_back(std::move(entry));
        return *this;
    }
    firmware& structure(acpi::hmat_structure any) {
        hmat_.structures.push_back(std::move(any));
        return *this;
    }

    std::vector<std::byte> hmat() const {
        acpi::hmat table = hmat_;
        acpi::seal(table);
        return acpi::encode(table);
    }
    std::vector<std::byte> srat() const {
        acpi::srat table = srat_;
        acpi::seal(table);
        return acpi::encode(table);
    }

    /// Only the tables that have something in them.
    void write_into(tree& machine) const {
        if (!hmat_.structures.empty()) {
            machine.write("sys/firmware/acpi/tables/HMAT", hmat());
        }
        if (!srat_.structures.empty()) {
            machine.write("sys/firmware/acpi/tables/SRAT", srat());
        }
    }

private:
    acpi::hmat hmat_;
    acpi::srat srat_;
};

} // namespace hetmem::test
