#include <acpi/madt.hpp>

#include <acpi/table.hpp>

#include <array>

namespace hetmem::acpi {
namespace {

constexpr std::size_t madt_fixed_size = table_header_size + 8;

struct madt_format {
    static constexpr std::string_view name = "APIC"; // the signature of the MADT
    static constexpr std::size_t head_size = 2;
    static constexpr std::string_view linux_on_zero_length = "does not look at the rest";

    static structure_head read_head(std::span<const std::byte> bytes) {
        return {std::to_integer<std::uint8_t>(bytes[0]), 0,
                std::to_integer<std::uint8_t>(bytes[1])};
    }
    static std::string_view linux_on_cut(unsigned) { return "does not look at it"; }
};

/// Where a processor's structure has what, in bytes from its start.
struct processor_layout {
    std::uint8_t type;
    std::size_t least; // bytes, up to the last field that is read
    std::size_t id;
    std::size_t id_size;
    std::size_t flags;
    std::uint32_t online_capable; // ACPI 6.3; the bits of a GICC have another order
};

constexpr std::array processor_layouts = {
    processor_layout{0, 8, 3, 1, 4, 2},    // Processor Local APIC
    processor_layout{9, 16, 4, 4, 8, 2},   // Processor Local x2APIC
    processor_layout{11, 16, 8, 4, 12, 8}, // GIC CPU Interface
    processor_layout{24, 20, 16, 4, 4, 2}, // RISC-V INTC
};

madt_processor read_processor(const raw_structure& raw, const processor_layout& where) {
    constexpr std::uint32_t enabled = 1;
    const std::byte* const bytes = raw.bytes.data();
    const auto flags = load<std::uint32_t>(bytes + where.flags);
    madt_processor processor;
    processor.offset = raw.offset;
    processor.type = where.type;
    processor.id = where.id_size == 1 ? load<std::uint8_t>(bytes + where.id)
                                      : load<std::uint32_t>(bytes + where.id);
    processor.enabled = (flags & enabled) != 0;
    processor.online_capable = (flags & where.online_capable) != 0;
    return processor;
}

} // namespace

decoded<madt> decode_madt(std::span<const std::byte> bytes) {
    defect_list defects(madt_format::name);
    std::span<const std::byte> table;
    const auto header = open_table(bytes, madt_format::name, madt_fixed_size, table, defects);
    if (!header) {
        return {std::nullopt, std::move(defects).take()};
    }
    madt result;
    result.header = *header;
    walk_structures<madt_format>(table, madt_fixed_size, defects, [&](const raw_structure& raw) {
        const auto where =
            std::ranges::find(processor_layouts, raw.head.type, &processor_layout::type);
        if (where == processor_layouts.end()) {
            return true; // interrupt controllers and the like
        }
        if (raw.head.length < where->least) {
            defects.add(raw.offset + 1, [&] {
                return defect_text{fmt::format("a length of {} bytes and more", where->least),
                                   fmt::format("{}", raw.head.length), "does not look at the rest"};
            });
        }
        if (raw.bytes.size() >= where->least) {
            result.processors.push_back(read_processor(raw, *where));
        }
        return true;
    });
    return {std::move(result), std::move(defects).take()};
}

} // namespace hetmem::acpi
