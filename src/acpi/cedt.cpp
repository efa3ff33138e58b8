#include <acpi/cedt.hpp>

#include <acpi/table.hpp>

#include <limits>
#include <optional>

namespace hetmem::acpi {

template <> struct layout<cxl_host_bridge> {
    static constexpr void of(auto& io, auto& s) {
        std::uint32_t reserved = 0;
        io(s.uid, s.version, reserved, s.base, s.length);
    }
};

template <> struct layout<cxl_window> {
    static constexpr void of(auto& io, auto& s, auto& interleave_ways) {
        std::uint32_t reserved0 = 0;
        std::uint8_t arithmetic = 0;
        std::uint16_t reserved1 = 0;
        std::uint32_t granularity = 0;
        io(reserved0, s.base, s.size, interleave_ways, arithmetic, reserved1, granularity,
           s.restrictions, s.qtg_id);
    }
};

namespace {

constexpr std::uint8_t host_bridge_type = 0;
constexpr std::uint8_t window_type = 1;
constexpr std::size_t host_bridge_size = 32;
constexpr std::size_t window_fixed_size = 36;
constexpr std::string_view skips = "skips the structure";

struct cedt_format {
    static constexpr std::string_view name = "CEDT";
    static constexpr std::size_t head_size = 4;
    static constexpr std::string_view linux_on_zero_length = "does not look at the rest";

    static structure_head read_head(std::span<const std::byte> bytes) {
        return {std::to_integer<std::uint8_t>(bytes[0]), 0, load<std::uint16_t>(bytes.data() + 2)};
    }
    static std::string_view linux_on_cut(unsigned) { return "does not look at it"; }
};

/// How many host bridges a window is interleaved over, by its code (CXL 3.0, table 9-22).
std::optional<std::size_t> interleave_ways(std::uint8_t code) {
    constexpr std::uint8_t last_power_of_two = 4;
    constexpr std::uint8_t first_of_three = 8;
    constexpr std::uint8_t last_of_three = 10;
    if (code <= last_power_of_two) {
        return std::size_t{1} << code;
    }
    if (code >= first_of_three && code <= last_of_three) {
        return std::size_t{3} << (code - first_of_three);
    }
    return std::nullopt;
}

class cedt_decoder {
public:
    cedt_decoder(cedt& table, defect_list& defects) : table_(table), defects_(defects) {}

    void decode(const raw_structure& raw) {
        if (raw.head.type == host_bridge_type) {
            decode_host_bridge(raw);
        } else if (raw.head.type == window_type) {
            decode_window(raw);
        }
    }

private:
    bool long_enough(const raw_structure& raw, std::size_t size) {
        if (raw.head.length < size) {
            defects_.add(raw.offset + 2, [&] {
                return defect_text{fmt::format("a length of {} bytes and more", size),
                                   fmt::format("{}", raw.head.length), std::string(skips)};
            });
        }
        return raw.bytes.size() >= size;
    }

    void decode_host_bridge(const raw_structure& raw) {
        if (!long_enough(raw, host_bridge_size)) {
            return;
        }
        cxl_host_bridge bridge;
        field_reader read(raw.bytes.subspan(cedt_format::head_size));
        layout<cxl_host_bridge>::of(read, bridge);
        bridge.offset = raw.offset;
        table_.host_bridges.push_back(bridge);
    }

    void decode_window(const raw_structure& raw) {
        if (!long_enough(raw, window_fixed_size)) {
            return;
        }
        cxl_window window;
        std::uint8_t code = 0;
        field_reader read(raw.bytes.subspan(cedt_format::head_size));
        layout<cxl_window>::of(read, window, code);
        window.offset = raw.offset;
        const auto ways = interleave_ways(code);
        const std::size_t listed = read.rest().size() / sizeof(std::uint32_t);
        if (!ways || *ways > listed) {
            defects_.add(raw.offset + 24, [&] {
                return defect_text{ways ? fmt::format("a length of {} bytes for {} host bridges",
                                                      window_fixed_size + 4 * *ways, *ways)
                                        : "an interleave of 0 to 4 or 8 to 10 (encoded)",
                                   ways ? fmt::format("{}", raw.head.length)
                                        : fmt::format("{}", code),
                                   std::string(skips)};
            });
        }
        window.host_bridges = load_all<std::uint32_t>(
            read.rest().first(std::min(ways.value_or(0), listed) * sizeof(std::uint32_t)));
        if (window.size > 0 &&
            window.size - 1 > std::numeric_limits<std::uint64_t>::max() - window.base) {
            defects_.add(raw.offset + 8, [&] {
                return defect_text{
                    "a range that ends within 64 bits",
                    fmt::format("base 0x{:x}, length 0x{:x}", window.base, window.size),
                    std::string(skips)};
            });
        }
        table_.windows.push_back(std::move(window));
    }

    cedt& table_;
    defect_list& defects_;
};

} // namespace

decoded<cedt> decode_cedt(std::span<const std::byte> bytes) {
    defect_list defects(cedt_format::name);
    std::span<const std::byte> table;
    const auto header = open_table(bytes, cedt_format::name, table_header_size, table, defects);
    if (!header) {
        return {std::nullopt, std::move(defects).take()};
    }
    cedt result;
    result.header = *header;
    cedt_decoder decoder(result, defects);
    walk_structures<cedt_format>(table, table_header_size, defects, [&](const raw_structure& raw) {
        decoder.decode(raw);
        return true; // nothing is kept of what is not known
    });
    return {std::move(result), std::move(defects).take()};
}

} // namespace hetmem::acpi
