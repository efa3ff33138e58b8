#include <acpi/hmat.hpp>

#include <acpi/table.hpp>

#include <algorithm>

namespace hetmem::acpi {

template <> struct layout<memory_attributes> {
    static constexpr void of(auto& io, auto& s) {
        io(s.reserved0, s.length, s.flags, s.reserved1, s.initiator_pxm, s.memory_pxm, s.reserved2,
           s.range_base, s.range_length);
    }
};

template <> struct layout<side_cache> {
    static constexpr void of(auto& io, auto& s) {
        io(s.reserved0, s.length, s.memory_pxm, s.reserved1, s.cache_size, s.attributes.bits,
           s.address_mode, s.smbios_handle_count);
    }
};

template <> struct layout<locality> {
    // The counts stand between the fields and are, in our struct, the sizes of the lists.
    static constexpr void of(auto& io, auto& s, auto& initiators, auto& targets) {
        io(s.reserved0, s.length, s.flags, s.kind, s.minimum_transfer_size, s.reserved1, initiators,
           targets, s.reserved2, s.base_unit);
    }
    static constexpr void of(auto& io, auto& s) {
        const auto initiators = static_cast<std::uint32_t>(s.initiators.size());
        const auto targets = static_cast<std::uint32_t>(s.targets.size());
        of(io, s, initiators, targets);
    }
};

namespace {

constexpr std::size_t hmat_fixed_size = table_header_size + 4;
constexpr std::size_t locality_fixed_size = 32;
constexpr std::string_view drops_table = "ignores the whole HMAT";
constexpr std::string_view reads_behind = "takes it, and reads what lies behind the table";

struct hmat_format {
    static constexpr std::string_view name = "HMAT";
    using type_field = std::uint16_t;
    static constexpr std::size_t head_size = 8;
    static constexpr std::string_view linux_on_zero_length = drops_table;

    static structure_head read_head(std::span<const std::byte> bytes) {
        structure_head head;
        field_reader read(bytes);
        read(head.type, head.reserved, head.length);
        return head;
    }
    static std::string_view linux_on_cut(unsigned type) {
        return type <= side_cache::type ? reads_behind : "skips the structure";
    }
    static void write_unknown(field_writer& write, const unknown_structure& s) {
        write(s.type, s.reserved, s.length);
    }

    static void write_repeated(std::vector<std::byte>&, const memory_attributes&) {}
    static void write_repeated(std::vector<std::byte>& out, const locality& s) {
        append_all(out, s.initiators);
        append_all(out, s.targets);
        append_all(out, s.entries);
    }
    static void write_repeated(std::vector<std::byte>& out, const side_cache& s) {
        append_all(out, s.smbios_handles);
    }
    static std::size_t repeated_size(const memory_attributes&) { return 0; }
    static std::size_t repeated_size(const locality& s) {
        return 4 * (s.initiators.size() + s.targets.size()) + 2 * s.entries.size();
    }
    static std::size_t repeated_size(const side_cache& s) { return 2 * s.smbios_handles.size(); }
};

/// Decodes one table; holds what all of its structures' decoders need.
class hmat_decoder {
public:
    hmat_decoder(unsigned revision, defect_list& defects)
        : revision_(revision), defects_(defects) {}

    hmat_structure decode(const raw_structure& raw) {
        switch (raw.head.type) {
        case memory_attributes::type:
            return decode_memory_attributes(raw);
        case locality::type:
            return decode_locality(raw);
        case side_cache::type:
            return decode_side_cache(raw);
        default:
            defects_.add(raw.offset, [&] {
                return defect_text{"a structure of type 0, 1 or 2",
                                   fmt::format("type {}", raw.head.type), "skips the structure"};
            });
            return keep_raw(raw, hmat_format::head_size);
        }
    }

private:
    /// False when the structure's fixed part is not all there.
    bool long_enough(const raw_structure& raw, std::size_t size) {
        if (raw.head.length < size) {
            defects_.add(raw.offset + 4, [&] {
                return defect_text{
                    fmt::format("a length of {} bytes{}", size,
                                raw.head.type == memory_attributes::type ? "" : " and more"),
                    fmt::format("{}", raw.head.length), std::string(drops_table)};
            });
        }
        return raw.bytes.size() >= size;
    }

    /// Bytes that nothing in the structure accounts for.
    void check_surplus(const raw_structure& raw, std::uint64_t size, std::string_view linux_does) {
        if (raw.head.length > size && !raw.cut()) {
            defects_.add(raw.offset + 4, [&] {
                return defect_text{fmt::format("a length of {} bytes", size),
                                   fmt::format("{}", raw.head.length), std::string(linux_does)};
            });
        }
    }

    hmat_structure decode_memory_attributes(const raw_structure& raw) {
        constexpr std::size_t size = fixed_size<hmat_format, memory_attributes>();
        static_assert(size == 40);
        if (!long_enough(raw, size)) {
            return keep_raw(raw, hmat_format::head_size);
        }
        std::span<const std::byte> rest;
        auto s = read_fixed<hmat_format, memory_attributes>(raw, rest);
        s.trailing = to_vector(rest);
        check_surplus(raw, size, drops_table);
        const unsigned defined = revision_ < 2 ? 7U : 1U;
        if ((s.flags & ~defined) != 0) {
            defects_.add(raw.offset + 8, [&] {
                return defect_text{
                    fmt::format("flags within 0x{:04X} in revision {}", defined, revision_),
                    fmt::format("0x{:04X}", s.flags), "ignores the other bits"};
            });
        }
        if (revision_ < 2 && s.range_length > 0 && s.range_base > ~s.range_length + 1) {
            defects_.add(raw.offset + 24, [&] {
                return defect_text{
                    "a range that ends within 64 bits",
                    fmt::format("base 0x{:x}, length 0x{:x}", s.range_base, s.range_length),
                    "does not use the range"};
            });
        }
        return s;
    }

    hmat_structure decode_locality(const raw_structure& raw) {
        if (!long_enough(raw, locality_fixed_size)) {
            return keep_raw(raw, hmat_format::head_size);
        }
        locality s;
        std::uint32_t rows = 0;
        std::uint32_t columns = 0;
        field_reader read(raw.bytes.subspan(sizeof(hmat_format::type_field)));
        layout<locality>::of(read, s, rows, columns);

        // Neither sum nor product can wrap: 4 * (2^32 + 2^32) and 2^32 * 2^32 fit in 64 bits.
        const std::uint64_t lists = 4 * (std::uint64_t{rows} + columns);
        const std::uint64_t cells = std::uint64_t{rows} * columns;
        check_size(raw, rows, columns, lists, cells);
        auto rest = read.rest();
        if (rest.size() < lists) {
            return keep_raw(raw, hmat_format::head_size);
        }
        s.initiators = load_all<std::uint32_t>(rest.first(std::size_t{rows} * 4));
        rest = rest.subspan(std::size_t{rows} * 4);
        s.targets = load_all<std::uint32_t>(rest.first(std::size_t{columns} * 4));
        rest = rest.subspan(std::size_t{columns} * 4);
        const auto present =
            static_cast<std::size_t>(std::min<std::uint64_t>(cells, rest.size() / 2));
        s.entries = load_all<std::uint16_t>(rest.first(present * 2));
        s.trailing = to_vector(rest.subspan(present * 2));
        check_locality(raw.offset, s);
        return s;
    }

    void check_size(const raw_structure& raw, std::uint32_t rows, std::uint32_t columns,
                    std::uint64_t lists, std::uint64_t cells) {
        // Only this sum can pass 64 bits, and a length has only 32.
        const std::uint64_t size =
            locality_fixed_size + lists + 2 * std::min(cells, std::uint64_t{1} << 61);
        if (raw.head.length < size) {
            defects_.add(raw.offset + 4, [&] {
                return defect_text{fmt::format("a length of {}{} bytes for {} x {} domains",
                                               cells >> 61 == 0 ? "" : "more than ", size, rows,
                                               columns),
                                   fmt::format("{}", raw.head.length),
                                   std::string(linux_on_size(raw.head.length, lists, cells))};
            });
        }
        check_surplus(raw, size, "ignores the bytes behind the entries");
    }

    /// Linux adds the size up in 32 bits (drivers/acpi/numa/hmat.c), where a huge one can look
    /// small.
    static std::string_view linux_on_size(std::uint32_t length, std::uint64_t lists,
                                          std::uint64_t cells) {
        const auto size = static_cast<std::uint32_t>(locality_fixed_size + lists + 2 * cells);
        return size <= length ? reads_behind : drops_table;
    }

    void check_locality(std::uint64_t offset, const locality& s) {
        const unsigned last_hierarchy = revision_ < 2 ? 4 : 3;
        if (s.hierarchy() > last_hierarchy) {
            defects_.add(offset + 8, [&] {
                return defect_text{
                    fmt::format("a hierarchy of 0 to {} in revision {}", last_hierarchy, revision_),
                    fmt::format("{}", s.hierarchy()), "does not use the structure"};
            });
        }
        if (!is_known(s.kind)) {
            defects_.add(offset + 9, [&] {
                return defect_text{"a data type of 0 to 5",
                                   fmt::format("{}", static_cast<unsigned>(s.kind)),
                                   "does not use the structure"};
            });
        }
        if (s.base_unit == 0 && !s.entries.empty()) {
            defects_.add(offset + 24, [&] {
                return defect_text{"an entry base unit above 0", "0",
                                   "takes every figure of the structure as unknown"};
            });
        }
        const std::uint64_t initiators_at = offset + locality_fixed_size;
        const std::uint64_t targets_at = initiators_at + 4 * s.initiators.size();
        check_repeats(initiators_at, s.initiators, "initiator");
        check_repeats(targets_at, s.targets, "target");
        check_entries(targets_at + 4 * s.targets.size(), s);
    }

    void check_repeats(std::uint64_t offset, std::vector<std::uint32_t> domains,
                       std::string_view what) {
        std::ranges::sort(domains);
        if (const auto twice = std::ranges::adjacent_find(domains); twice != domains.end()) {
            defects_.add(offset, [&] {
                return defect_text{fmt::format("every {} domain once", what),
                                   fmt::format("{} more than once", *twice),
                                   "uses the first when it looks a pair up"};
            });
        }
    }

    void check_entries(std::uint64_t offset, const locality& s) {
        const auto figures = s.normalizer(revision_);
        if (figures.can_overflow()) {
            report_entries(
                offset, s,
                [&](std::uint16_t e) { return figures(e).state == cell_state::overflow; },
                [&](std::uint16_t first, std::size_t count) {
                    return defect_text{
                        "entry x base unit within 64 bits",
                        fmt::format("{} x {}{}", first, s.base_unit, and_more(count)),
                        "takes the figure as unknown"};
                });
        }
        if (revision_ < 2 && is_known(s.kind)) {
            report_entries(
                offset, s, [](std::uint16_t e) { return e != entry_unknown && e < 10; },
                [&](std::uint16_t first, std::size_t count) {
                    return defect_text{"entries of 10 and more in revision 1",
                                       fmt::format("{}{}", first, and_more(count)),
                                       first * s.base_unit < 10 ? "takes the figure as unknown"
                                                                : ""};
                });
        }
    }

    static std::string and_more(std::size_t count) {
        return count > 1 ? fmt::format(", and {} more such entries", count - 1) : std::string();
    }

    /// One defect for all entries of a structure that are wrong in the same way, at the first.
    template <class IsWrong, class Text>
    void report_entries(std::uint64_t offset, const locality& s, IsWrong is_wrong, Text text) {
        const auto first = std::ranges::find_if(s.entries, is_wrong);
        if (first == s.entries.end()) {
            return;
        }
        const auto position = static_cast<std::uint64_t>(first - s.entries.begin());
        defects_.add(offset + 2 * position, [&] {
            return text(*first,
                        static_cast<std::size_t>(std::count_if(first, s.entries.end(), is_wrong)));
        });
    }

    hmat_structure decode_side_cache(const raw_structure& raw) {
        constexpr std::size_t size = fixed_size<hmat_format, side_cache>();
        static_assert(size == 32);
        if (!long_enough(raw, size)) {
            return keep_raw(raw, hmat_format::head_size);
        }
        std::span<const std::byte> rest;
        auto s = read_fixed<hmat_format, side_cache>(raw, rest);
        const std::size_t handles = std::min<std::size_t>(s.smbios_handle_count, rest.size() / 2);
        s.smbios_handles = load_all<std::uint16_t>(rest.first(handles * 2));
        s.trailing = to_vector(rest.subspan(handles * 2));
        const std::size_t needed = size + 2 * std::size_t{s.smbios_handle_count};
        if (raw.head.length < needed) {
            defects_.add(raw.offset + 4, [&] {
                return defect_text{fmt::format("a length of {} bytes for {} SMBIOS handles", needed,
                                               s.smbios_handle_count),
                                   fmt::format("{}", raw.head.length),
                                   "takes it: it does not use the handles"};
            });
        }
        check_surplus(raw, needed, "ignores the bytes behind the handles");
        check_cache(raw.offset, s.attributes);
        return s;
    }

    void check_cache(std::uint64_t offset, cache_attributes cache) {
        const auto report = [&](std::string expected, unsigned found, std::string_view linux_does) {
            defects_.add(offset + 24, [&] {
                return defect_text{std::move(expected), fmt::format("{}", found),
                                   std::string(linux_does)};
            });
        };
        if (cache.total_levels() > 3) {
            report("at most 3 cache levels", cache.total_levels(), "does not use the number");
        }
        if (cache.level() > cache.total_levels()) {
            report(fmt::format("a cache level of at most {}, the number of levels",
                               cache.total_levels()),
                   cache.level(), "takes the level as it is");
        }
        if (cache.associativity() > cache_associativity::complex) {
            report("an associativity of 0 to 2", static_cast<unsigned>(cache.associativity()),
                   "takes it as \"other\"");
        }
        if (cache.write_policy() > cache_write_policy::write_through) {
            report("a write policy of 0 to 2", static_cast<unsigned>(cache.write_policy()),
                   "takes it as \"other\"");
        }
    }

    unsigned revision_;
    defect_list& defects_;
};

} // namespace

std::optional<unsigned> locality::cache_level(unsigned revision) const {
    const unsigned level = hierarchy();
    if (level == 0) {
        return 0;
    }
    if (revision < 2) {
        return level >= 2 && level <= 4 ? std::optional(level - 1) : std::nullopt;
    }
    return level <= 3 ? std::optional(level) : std::nullopt;
}

std::uint16_t locality::entry(std::size_t initiator, std::size_t target) const {
    const auto entries_of_row = row(initiator);
    return target < entries_of_row.size() ? entries_of_row[target] : entry_unknown;
}

std::span<const std::uint16_t> locality::row(std::size_t initiator) const {
    const std::size_t begin = initiator * targets.size();
    if (initiator >= initiators.size() || begin >= entries.size()) {
        return {};
    }
    return std::span(entries).subspan(begin, std::min(targets.size(), entries.size() - begin));
}

std::string_view to_string(cache_associativity value) {
    switch (value) {
    case cache_associativity::none:
        return "none";
    case cache_associativity::direct:
        return "direct";
    case cache_associativity::complex:
        return "complex";
    }
    return {};
}

std::string_view to_string(cache_write_policy value) {
    switch (value) {
    case cache_write_policy::none:
        return "none";
    case cache_write_policy::write_back:
        return "write-back";
    case cache_write_policy::write_through:
        return "write-through";
    }
    return {};
}

std::string_view side_cache::address_mode_name() const {
    return address_mode == 1 ? "extended-linear" : "";
}

decoded<hmat> decode_hmat(std::span<const std::byte> bytes) {
    defect_list defects(hmat_format::name);
    std::span<const std::byte> table;
    const auto header = open_table(bytes, hmat_format::name, hmat_fixed_size, table, defects);
    if (!header) {
        return {std::nullopt, std::move(defects).take()};
    }
    hmat result;
    result.header = *header;
    result.reserved = load<std::uint32_t>(bytes.data() + table_header_size);
    if (header->revision != 1 && header->revision != 2) {
        defects.add(8, [&] {
            return defect_text{"revision 1 or 2",
                               fmt::format("{}; read as revision {}", header->revision,
                                           header->revision < 1 ? 1 : 2),
                               std::string(drops_table)};
        });
    }
    hmat_decoder decoder(header->revision, defects);
    const std::size_t end = walk_structures<hmat_format>(
        table, hmat_fixed_size, defects, [&](const raw_structure& raw) {
            result.structures.push_back(decoder.decode(raw));
            return !std::holds_alternative<unknown_structure>(result.structures.back());
        });
    result.trailing = to_vector(bytes.subspan(end));
    return {std::move(result), std::move(defects).take()};
}

std::vector<std::byte> encode(const hmat& table) {
    std::vector<std::byte> out;
    out.reserve(structure_offsets(table).back() + table.trailing.size());
    field_writer write(out);
    layout<table_header>::of(write, table.header);
    write(table.reserved);
    write_structures<hmat_format>(out, table.structures);
    out.insert(out.end(), table.trailing.begin(), table.trailing.end());
    return out;
}

void seal(hmat& table) {
    for (auto& structure : table.structures) {
        if (auto* cache = std::get_if<side_cache>(&structure)) {
            cache->smbios_handle_count = static_cast<std::uint16_t>(cache->smbios_handles.size());
        }
    }
    seal_structures<hmat_format>(table.structures);
    table.header.length =
        static_cast<std::uint32_t>(structure_offsets(table).back() + table.trailing.size());
    table.header.checksum = 0;
    table.header.checksum = checksum_for(encode(table));
}

std::vector<std::uint64_t> structure_offsets(const hmat& table) {
    return offsets_of<hmat_format>(table.structures, hmat_fixed_size);
}

} // namespace hetmem::acpi
