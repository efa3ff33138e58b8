#include <acpi/cdat.hpp>

#include <acpi/table.hpp>

#include <algorithm>
#include <bitset>

namespace hetmem::acpi {

template <> struct layout<cdat_header> {
    static constexpr void of(auto& io, auto& h) {
        io(h.length, h.revision, h.checksum, h.reserved, h.sequence);
    }
};

template <> struct layout<dsmas> {
    static constexpr void of(auto& io, auto& s) {
        io(s.reserved0, s.length, s.handle, s.flags, s.reserved1, s.dpa_base, s.dpa_length);
    }
};

template <> struct layout<dslbis> {
    static constexpr void of(auto& io, auto& s) {
        io(s.reserved0, s.length, s.handle, s.flags, s.kind, s.reserved1, s.base_unit, s.entries,
           s.reserved2);
    }
};

template <> struct layout<dsmscis> {
    static constexpr void of(auto& io, auto& s) {
        io(s.reserved0, s.length, s.handle, s.reserved1, s.cache_size, s.attributes.bits);
    }
};

template <> struct layout<dsis> {
    static constexpr void of(auto& io, auto& s) {
        io(s.reserved0, s.length, s.flags, s.handle, s.reserved1);
    }
};

template <> struct layout<dsemts> {
    static constexpr void of(auto& io, auto& s) {
        io(s.reserved0, s.length, s.handle, s.memory_type, s.reserved1, s.dpa_offset, s.dpa_length);
    }
};

template <> struct layout<sslbis> {
    static constexpr void of(auto& io, auto& s) {
        io(s.reserved0, s.length, s.kind, s.reserved1, s.base_unit);
    }
};

template <> struct layout<sslbis_entry> {
    static constexpr void of(auto& io, auto& e) { io(e.port_x, e.port_y, e.value, e.reserved); }
};

namespace {

constexpr std::string_view drops_table = "ignores the whole CDAT";
constexpr std::string_view drops_switch = "ignores what the switch says of itself";
constexpr unsigned cdat_revision_of_units = 2; // CDAT counts as HMAT revision 2 does
constexpr std::size_t sslbis_entry_size = 8;

struct cdat_format {
    static constexpr std::string_view name = "CDAT";
    using type_field = std::uint8_t;
    static constexpr std::size_t head_size = 4;
    static constexpr std::string_view linux_on_zero_length = drops_table;

    static structure_head read_head(std::span<const std::byte> bytes) {
        return {std::to_integer<std::uint8_t>(bytes[0]), std::to_integer<std::uint8_t>(bytes[1]),
                load<std::uint16_t>(bytes.data() + 2)};
    }
    static std::string_view linux_on_cut(unsigned type) {
        if (type == dsmas::type || type == dslbis::type) {
            return drops_table;
        }
        return type == sslbis::type ? drops_switch : "skips the structure";
    }
    static void write_unknown(field_writer& write, const unknown_structure& s) {
        write(static_cast<std::uint8_t>(s.type), static_cast<std::uint8_t>(s.reserved),
              static_cast<std::uint16_t>(s.length));
    }
    static void write_repeated(std::vector<std::byte>&, const auto&) {}
    static void write_repeated(std::vector<std::byte>& out, const sslbis& s) {
        field_writer write(out);
        for (const sslbis_entry& entry : s.entries) {
            layout<sslbis_entry>::of(write, entry);
        }
    }
    static std::size_t repeated_size(const auto&) { return 0; }
    static std::size_t repeated_size(const sslbis& s) {
        return sslbis_entry_size * s.entries.size();
    }
};

class cdat_decoder {
public:
    explicit cdat_decoder(defect_list& defects) : defects_(defects) {}

    cdat_structure decode(const raw_structure& raw) {
        switch (raw.head.type) {
        case dsmas::type:
            return decode_as<dsmas>(raw, drops_table);
        case dslbis::type:
            return decode_as<dslbis>(raw, drops_table);
        case dsmscis::type:
            return decode_as<dsmscis>(raw, "");
        case dsis::type:
            return decode_as<dsis>(raw, "");
        case dsemts::type:
            return decode_as<dsemts>(raw, "");
        case sslbis::type:
            return decode_as<sslbis>(raw, drops_switch);
        default:
            defects_.add(raw.offset, [&] {
                return defect_text{"a structure of type 0 to 5",
                                   fmt::format("type {}", raw.head.type), "skips the structure"};
            });
            return keep_raw(raw, cdat_format::head_size);
        }
    }

private:
    template <class S>
    cdat_structure decode_as(const raw_structure& raw, std::string_view linux_on_length) {
        constexpr std::size_t size = fixed_size<cdat_format, S>();
        if (!length_fits<S>(raw.head.length, size)) {
            defects_.add(raw.offset + 2, [&] {
                return defect_text{std::is_same_v<S, sslbis>
                                       ? fmt::format("a length of {} bytes and 8 for each of one "
                                                     "or more entries",
                                                     size)
                                       : fmt::format("a length of {} bytes", size),
                                   fmt::format("{}", raw.head.length),
                                   std::string(linux_on_length)};
            });
        }
        if (raw.bytes.size() < size) {
            return keep_raw(raw, cdat_format::head_size);
        }
        std::span<const std::byte> rest;
        S s = read_fixed<cdat_format, S>(raw, rest);
        if constexpr (std::is_same_v<S, sslbis>) {
            rest = read_entries(s, rest);
        }
        s.trailing = to_vector(rest);
        check(raw.offset, s);
        return s;
    }

    template <class S> static bool length_fits(std::size_t length, std::size_t size) {
        if constexpr (std::is_same_v<S, sslbis>) {
            return length > size && (length - size) % sslbis_entry_size == 0;
        } else {
            return length == size;
        }
    }

    static std::span<const std::byte> read_entries(sslbis& s, std::span<const std::byte> rest) {
        s.entries.resize(rest.size() / sslbis_entry_size);
        field_reader read(rest);
        for (sslbis_entry& entry : s.entries) {
            layout<sslbis_entry>::of(read, entry);
        }
        return read.rest();
    }

    void check(std::uint64_t, const dsis&) {}
    void check(std::uint64_t, const dsmscis&) {}
    void check(std::uint64_t, const dsemts&) {}

    void check(std::uint64_t offset, const dsmas& s) {
        if (handles_[s.handle]) {
            defects_.add(offset + 4, [&] {
                return defect_text{"a handle that no DSMAS before it has",
                                   fmt::format("{}", s.handle), std::string(drops_table)};
            });
        }
        handles_.set(s.handle);
        if (s.dpa_length > 0 && s.dpa_length - 1 > ~s.dpa_base) {
            defects_.add(offset + 8, [&] {
                return defect_text{
                    "a range that ends within 64 bits",
                    fmt::format("base 0x{:x}, length 0x{:x}", s.dpa_base, s.dpa_length)};
            });
        }
    }

    void check(std::uint64_t offset, const dslbis& s) {
        if (check_kind(offset + 6, s.kind, s.base_unit, offset + 8)) {
            check_value(offset + 16, s.value(0), s.entries[0], s.base_unit);
        }
    }

    void check(std::uint64_t offset, const sslbis& s) {
        if (!check_kind(offset + 4, s.kind, s.base_unit, offset + 8)) {
            return;
        }
        for (std::size_t i = 0; i < s.entries.size(); ++i) {
            if (check_value(offset + 16 + sslbis_entry_size * i + 4, s.value(i), s.entries[i].value,
                            s.base_unit)) {
                return; // one is enough to tell that the structure is of no use
            }
        }
    }

    bool check_kind(std::uint64_t kind_offset, data_type kind, std::uint64_t base_unit,
                    std::uint64_t base_offset) {
        if (!is_known(kind)) {
            defects_.add(kind_offset, [&] {
                return defect_text{"a data type of 0 to 5",
                                   fmt::format("{}", static_cast<unsigned>(kind)),
                                   "skips the structure"};
            });
            return false;
        }
        if (base_unit == 0) {
            defects_.add(base_offset, [&] {
                return defect_text{"an entry base unit above 0", "0",
                                   "takes every figure of the structure as unknown"};
            });
            return false;
        }
        return true;
    }

    bool check_value(std::uint64_t offset, const cell& figure, std::uint16_t entry,
                     std::uint64_t base_unit) {
        if (figure.state != cell_state::overflow) {
            return false;
        }
        defects_.add(offset, [&] {
            return defect_text{"entry x base unit within 64 bits",
                               fmt::format("{} x {}", entry, base_unit)};
        });
        return true;
    }

    defect_list& defects_;
    std::bitset<256> handles_;
};

/// A DSLBIS speaks of a DSMAS, which may stand behind it.
void check_handles(const cdat& table, defect_list& defects) {
    std::bitset<256> known;
    for (const auto& structure : table.structures) {
        if (const auto* range = std::get_if<dsmas>(&structure)) {
            known.set(range->handle);
        }
    }
    if (known.all()) {
        return;
    }
    const auto offsets = structure_offsets(table);
    for (std::size_t i = 0; i < table.structures.size(); ++i) {
        const auto* figures = std::get_if<dslbis>(&table.structures[i]);
        if (figures != nullptr && !known[figures->handle]) {
            defects.add(offsets[i] + 4, [&] {
                return defect_text{"the handle of a DSMAS", fmt::format("{}", figures->handle),
                                   "warns and ignores the structure"};
            });
        }
    }
}

} // namespace

cell dslbis::value(std::size_t entry) const {
    if (entry >= entries.size()) {
        return {};
    }
    return normalize(cdat_revision_of_units, kind, base_unit, entries[entry]);
}

cell sslbis::value(std::size_t entry) const {
    if (entry >= entries.size()) {
        return {};
    }
    return normalize(cdat_revision_of_units, kind, base_unit, entries[entry].value);
}

decoded<cdat> decode_cdat(std::span<const std::byte> bytes) {
    defect_list defects(cdat_format::name);
    if (bytes.size() < cdat_header_size) {
        defects.add(0, [&] {
            return defect_text{fmt::format("a table of {} bytes and more", cdat_header_size),
                               fmt::format("{} bytes", bytes.size())};
        });
        return {std::nullopt, std::move(defects).take()};
    }
    cdat result;
    field_reader read(bytes);
    layout<cdat_header>::of(read, result.header);
    std::span<const std::byte> table;
    if (bound_table(bytes, result.header.length, cdat_header_size, 0, table, defects)) {
        const auto behind = bytes.subspan(table.size());
        // Zeros behind the table are how a device fills up its last block, not a fault.
        if (std::ranges::any_of(behind, [](std::byte b) { return b != std::byte{0}; })) {
            defects.add(table.size(), [&] {
                return defect_text{
                    fmt::format("nothing but zeros behind the table's {} bytes", table.size()),
                    "something else", "does not look at them"};
            });
        }
        if (const std::uint8_t sum = byte_sum(table); sum != 0) {
            defects.add(5, [&] {
                const auto right = static_cast<std::uint8_t>(result.header.checksum - sum);
                return defect_text{fmt::format("checksum 0x{:02X}", right),
                                   fmt::format("0x{:02X}", result.header.checksum),
                                   "newer kernels refuse the whole CDAT"};
            });
        }
    }
    cdat_decoder decoder(defects);
    const std::size_t end = walk_structures<cdat_format>(
        table, cdat_header_size, defects, [&](const raw_structure& raw) {
            result.structures.push_back(decoder.decode(raw));
            return !std::holds_alternative<unknown_structure>(result.structures.back());
        });
    result.trailing = to_vector(bytes.subspan(end));
    check_handles(result, defects);
    return {std::move(result), std::move(defects).take()};
}

std::vector<std::byte> encode(const cdat& table) {
    std::vector<std::byte> out;
    out.reserve(structure_offsets(table).back() + table.trailing.size());
    field_writer write(out);
    layout<cdat_header>::of(write, table.header);
    write_structures<cdat_format>(out, table.structures);
    out.insert(out.end(), table.trailing.begin(), table.trailing.end());
    return out;
}

void seal(cdat& table) {
    seal_structures<cdat_format>(table.structures);
    table.header.length =
        static_cast<std::uint32_t>(structure_offsets(table).back() + table.trailing.size());
    table.header.checksum = 0;
    table.header.checksum = checksum_for(encode(table));
}

std::vector<std::uint64_t> structure_offsets(const cdat& table) {
    return offsets_of<cdat_format>(table.structures, cdat_header_size);
}

} // namespace hetmem::acpi
