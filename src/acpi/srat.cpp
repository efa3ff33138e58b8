#include <acpi/srat.hpp>

#include <acpi/table.hpp>

#include <algorithm>
#include <limits>

namespace hetmem::acpi {

template <> struct layout<apic_affinity> {
    static constexpr void of(auto& io, auto& s) {
        io(s.length, s.pxm_low, s.apic_id, s.flags, s.sapic_eid, s.pxm_high, s.clock_domain);
    }
};

template <> struct layout<memory_affinity> {
    static constexpr void of(auto& io, auto& s) {
        io(s.length, s.proximity_domain, s.reserved0, s.base, s.range_length, s.reserved1, s.flags,
           s.reserved2);
    }
};

template <> struct layout<x2apic_affinity> {
    static constexpr void of(auto& io, auto& s) {
        io(s.length, s.reserved0, s.proximity_domain, s.x2apic_id, s.flags, s.clock_domain,
           s.reserved1);
    }
};

template <> struct layout<gicc_affinity> {
    static constexpr void of(auto& io, auto& s) {
        io(s.length, s.proximity_domain, s.processor_uid, s.flags, s.clock_domain);
    }
};

template <> struct layout<its_affinity> {
    static constexpr void of(auto& io, auto& s) {
        io(s.length, s.proximity_domain, s.reserved0, s.its_id);
    }
};

template <> struct layout<generic_affinity> {
    static constexpr void of(auto& io, auto& s) {
        io(s.length, s.reserved0, s.handle_type, s.proximity_domain, s.handle, s.flags,
           s.reserved1);
    }
};

template <> struct layout<rintc_affinity> {
    static constexpr void of(auto& io, auto& s) {
        io(s.length, s.reserved0, s.proximity_domain, s.processor_uid, s.flags, s.clock_domain);
    }
};

namespace {

constexpr std::size_t srat_fixed_size = table_header_size + 12;
constexpr std::string_view drops_table = "ignores the whole SRAT: all memory becomes one node";

constexpr std::uint8_t handle_acpi = 0;
constexpr std::uint8_t handle_pci = 1;

struct srat_format {
    static constexpr std::string_view name = "SRAT";
    using type_field = std::uint8_t;
    static constexpr std::size_t head_size = 2;
    static constexpr std::string_view linux_on_zero_length = drops_table;

    static structure_head read_head(std::span<const std::byte> bytes) {
        return {std::to_integer<std::uint8_t>(bytes[0]), 0,
                std::to_integer<std::uint8_t>(bytes[1])};
    }
    static std::string_view linux_on_cut(unsigned type) {
        return type <= rintc_affinity::type ? "takes it, and reads what lies behind the table"
                                            : "skips the structure";
    }
    static void write_unknown(field_writer& write, const unknown_structure& s) {
        write(static_cast<std::uint8_t>(s.type), static_cast<std::uint8_t>(s.length));
    }
    static void write_repeated(std::vector<std::byte>&, const auto&) {}
    static std::size_t repeated_size(const auto&) { return 0; }
};

class srat_decoder {
public:
    srat_decoder(unsigned revision, defect_list& defects)
        : revision_(revision), defects_(defects) {}

    srat_structure decode(const raw_structure& raw) {
        switch (raw.head.type) {
        case apic_affinity::type:
            return decode_as<apic_affinity>(raw, drops_table);
        case memory_affinity::type:
            return decode_as<memory_affinity>(raw, drops_table);
        case x2apic_affinity::type:
            return decode_as<x2apic_affinity>(raw, drops_table);
        case gicc_affinity::type:
            return decode_as<gicc_affinity>(raw, drops_table);
        case its_affinity::type:
            return decode_as<its_affinity>(raw, "skips the structure");
        case generic_affinity::initiator:
            return decode_as<generic_affinity>(raw, drops_table);
        case generic_affinity::port:
            return decode_as<generic_affinity>(raw, "");
        case rintc_affinity::type:
            return decode_as<rintc_affinity>(raw, drops_table);
        default:
            defects_.add(raw.offset, [&] {
                return defect_text{"a structure of type 0 to 7",
                                   fmt::format("type {}", raw.head.type), "skips the structure"};
            });
            return keep_raw(raw, srat_format::head_size);
        }
    }

    /// What only the enabled memory ranges together can get wrong.
    void check_overlaps() {
        std::ranges::sort(ranges_, {}, &range::begin);
        // Of the ranges passed, the one that ends last, and the one that ends last among those of
        // other domains than that one's: a new range overlaps some foreign range only if one of
        // these two.
        const range* last = nullptr;
        const range* last_other = nullptr;
        for (const range& now : ranges_) {
            const range* foreign = last != nullptr && last->pxm != now.pxm ? last : last_other;
            if (foreign != nullptr && now.begin <= foreign->last) {
                report_overlap(*foreign, now);
            }
            if (last == nullptr || now.last >= last->last) {
                if (last != nullptr && last->pxm != now.pxm) {
                    last_other = last;
                }
                last = &now;
            } else if (now.pxm != last->pxm &&
                       (last_other == nullptr || now.last > last_other->last)) {
                last_other = &now;
            }
        }
    }

private:
    struct range {
        std::uint64_t begin;
        std::uint64_t last; // the last byte, so that the end of the address space can be told
        std::uint32_t pxm;
        std::uint64_t offset;
    };

    template <class S>
    srat_structure decode_as(const raw_structure& raw, std::string_view linux_on_short) {
        constexpr std::size_t size = fixed_size<srat_format, S>();
        if (raw.head.length != size) {
            defects_.add(raw.offset + 1, [&] {
                return defect_text{
                    fmt::format("a length of {} bytes", size), fmt::format("{}", raw.head.length),
                    std::string(raw.head.length < size ? linux_on_short
                                                       : "takes it without the bytes at its end")};
            });
        }
        if (raw.bytes.size() < size) {
            return keep_raw(raw, srat_format::head_size);
        }
        std::span<const std::byte> rest;
        S s = read_fixed<srat_format, S>(raw, rest);
        s.trailing = to_vector(rest);
        check(raw, s);
        return s;
    }

    void check(const raw_structure&, const auto&) {}

    void check(const raw_structure& raw, memory_affinity& s) {
        if (!s.enabled() || s.range_length == 0) {
            return;
        }
        if (s.range_length - 1 > std::numeric_limits<std::uint64_t>::max() - s.base) {
            defects_.add(raw.offset + 8, [&] {
                return defect_text{
                    "a range that ends within 64 bits",
                    fmt::format("base 0x{:x}, length 0x{:x}", s.base, s.range_length),
                    "warns and ignores the range"};
            });
            return;
        }
        ranges_.push_back({s.base, s.base + (s.range_length - 1), s.pxm(revision_), raw.offset});
    }

    void check(const raw_structure& raw, generic_affinity& s) {
        s.type = static_cast<std::uint8_t>(raw.head.type);
        if (s.handle_type > handle_pci) {
            defects_.add(raw.offset + 3, [&] {
                return defect_text{"a device handle of type 0 (ACPI) or 1 (PCI)",
                                   fmt::format("{}", s.handle_type)};
            });
        }
    }

    void report_overlap(const range& first, const range& second) {
        defects_.add(second.offset + 8, [&] {
            return defect_text{
                fmt::format("no range in common with that of domain {} at offset {}: "
                            "0x{:x}-0x{:x}",
                            first.pxm, first.offset, first.begin, first.last),
                fmt::format("0x{:x}-0x{:x} of domain {}", second.begin, second.last, second.pxm),
                std::string(drops_table)};
        });
    }

    unsigned revision_;
    defect_list& defects_;
    std::vector<range> ranges_;
};

} // namespace

std::uint32_t apic_affinity::pxm(unsigned srat_revision) const {
    std::uint32_t domain = pxm_low;
    if (srat_revision >= 2) {
        domain |= static_cast<std::uint32_t>(pxm_high[0]) << 8;
        domain |= static_cast<std::uint32_t>(pxm_high[1]) << 16;
        domain |= static_cast<std::uint32_t>(pxm_high[2]) << 24;
    }
    return domain;
}

std::string to_string(const device_handle& handle) {
    if (const auto* pci = std::get_if<pci_device>(&handle)) {
        return fmt::format("pci {:04x}:{:02x}:{:02x}.{:x}", pci->segment, pci->bus, pci->device,
                           pci->function);
    }
    if (const auto* acpi = std::get_if<acpi_device>(&handle)) {
        return fmt::format("acpi {}:{}", acpi->hid, acpi->uid);
    }
    return {};
}

device_handle generic_affinity::device() const {
    const auto bytes = std::as_bytes(std::span(handle));
    if (handle_type == handle_acpi) {
        std::array<char, 8> hid{};
        field_reader read(bytes);
        acpi_device device;
        read(hid, device.uid);
        device.hid = field_text(hid);
        return device;
    }
    if (handle_type == handle_pci) {
        // The bus is in the byte at the higher address; device and function share the other one.
        const std::uint8_t place = handle[2];
        return pci_device{load<std::uint16_t>(bytes.data()), handle[3],
                          static_cast<std::uint8_t>(place >> 3),
                          static_cast<std::uint8_t>(place & 7U)};
    }
    return std::monostate{};
}

void generic_affinity::set_device(const pci_device& device) {
    handle_type = handle_pci;
    handle = {};
    store(std::as_writable_bytes(std::span(handle)).data(), device.segment);
    handle[2] = static_cast<std::uint8_t>((device.device * 8U) | (device.function & 7U));
    handle[3] = device.bus;
}

void generic_affinity::set_device(const acpi_device& device) {
    handle_type = handle_acpi;
    handle = {};
    for (std::size_t i = 0; i < std::min<std::size_t>(8, device.hid.size()); ++i) {
        handle[i] = static_cast<std::uint8_t>(device.hid[i]);
    }
    store(std::as_writable_bytes(std::span(handle)).data() + 8, device.uid);
}

decoded<srat> decode_srat(std::span<const std::byte> bytes) {
    defect_list defects(srat_format::name);
    std::span<const std::byte> table;
    const auto header = open_table(bytes, srat_format::name, srat_fixed_size, table, defects);
    if (!header) {
        return {std::nullopt, std::move(defects).take()};
    }
    srat result;
    result.header = *header;
    field_reader read(bytes.subspan(table_header_size));
    read(result.table_revision, result.reserved);
    srat_decoder decoder(header->revision, defects);
    const std::size_t end = walk_structures<srat_format>(
        table, srat_fixed_size, defects, [&](const raw_structure& raw) {
            result.structures.push_back(decoder.decode(raw));
            return !std::holds_alternative<unknown_structure>(result.structures.back());
        });
    result.trailing = to_vector(bytes.subspan(end));
    decoder.check_overlaps();
    return {std::move(result), std::move(defects).take()};
}

std::vector<std::byte> encode(const srat& table) {
    std::vector<std::byte> out;
    out.reserve(structure_offsets(table).back() + table.trailing.size());
    field_writer write(out);
    layout<table_header>::of(write, table.header);
    write(table.table_revision, table.reserved);
    write_structures<srat_format>(out, table.structures);
    out.insert(out.end(), table.trailing.begin(), table.trailing.end());
    return out;
}

void seal(srat& table) {
    seal_structures<srat_format>(table.structures);
    table.header.length =
        static_cast<std::uint32_t>(structure_offsets(table).back() + table.trailing.size());
    table.header.checksum = 0;
    table.header.checksum = checksum_for(encode(table));
}

std::vector<std::uint64_t> structure_offsets(const srat& table) {
    return offsets_of<srat_format>(table.structures, srat_fixed_size);
}

} // namespace hetmem::acpi
