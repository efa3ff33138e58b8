#include "topology/snapshot.hpp"

#include "topology/snapshot_fields.hpp"
#include "topology/state.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <numeric>
#include <tuple>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

constexpr std::string_view magic = "hetmemSN";
constexpr std::size_t version_at = 8;
constexpr std::size_t length_at = 16;
constexpr std::size_t checksum_at = 24;
constexpr std::size_t head_size = 32;

/// How the figures of one source and quantity are stored: a list of pairs, or the bytes of each
/// cell of the matrix: 2, 4 or 8.
using width = std::uint8_t;
constexpr width listed = 0;

// The two values that are no numbers, at any width.
template <class Code> constexpr Code unknown_code = std::numeric_limits<Code>::max();
template <class Code> constexpr Code unreachable_code = std::numeric_limits<Code>::max() - 1;

/// Finds damage, not malice. Four lanes, since one multiplication would wait for the other.
std::uint64_t checksum(std::span<const std::byte> bytes) {
    constexpr std::uint64_t factor = 0x9E3779B97F4A7C15; // odd: no bit is ever lost
    std::array<std::uint64_t, 4> lanes{1, 2, 3, 4};
    std::array<std::uint64_t, 4> words{};
    const auto mix = [&] {
        for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
            lanes[lane] = std::rotl((lanes[lane] ^ words[lane]) * factor, 29);
        }
    };
    while (bytes.size() >= sizeof words) {
        std::memcpy(words.data(), bytes.data(), sizeof words);
        bytes = bytes.subspan(sizeof words);
        mix();
    }
    words = {};
    if (!bytes.empty()) {
        std::memcpy(words.data(), bytes.data(), bytes.size());
    }
    mix();
    std::uint64_t sum = 0;
    for (const std::uint64_t lane : lanes) {
        sum = std::rotl((sum ^ lane) * factor, 31);
    }
    return sum;
}

template <class Value> constexpr bool is_optional = false;
template <class Value> constexpr bool is_optional<std::optional<Value>> = true;
template <class Value> constexpr bool is_list = false;
template <class Value> constexpr bool is_list<std::vector<Value>> = true;
template <class Value> constexpr bool is_figure = false;
template <class Value> constexpr bool is_figure<figure<Value>> = true;

std::uint64_t base_of(latency v) {
    return v.picoseconds();
}
std::uint64_t base_of(bandwidth v) {
    return v.bytes_per_second();
}
std::uint64_t base_of(byte_size v) {
    return v.bytes();
}
void set_base(latency& v, std::uint64_t n) {
    v = latency::from_picoseconds(n);
}
void set_base(bandwidth& v, std::uint64_t n) {
    v = bandwidth::from_bytes_per_second(n);
}
void set_base(byte_size& v, std::uint64_t n) {
    v = byte_size::from_bytes(n);
}
template <class Value>
concept has_unit = std::is_same_v<Value, latency> || std::is_same_v<Value, bandwidth> ||
    std::is_same_v<Value, byte_size>;

class writer {
public:
    static constexpr bool writes = true;

    explicit writer(std::string& out) : out_(out) {}

    template <class... Values> void operator()(const Values&... values) { (put(values), ...); }

    template <class Item> void raw(std::span<const Item> items) {
        const auto bytes = std::as_bytes(items);
        out_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }

private:
    template <class Value> void put(const Value& v) {
        if constexpr (std::is_same_v<Value, std::string>) {
            put(static_cast<std::uint32_t>(v.size()));
            out_ += v;
        } else if constexpr (std::is_arithmetic_v<Value> || std::is_enum_v<Value>) {
            raw(std::span(&v, 1));
        } else if constexpr (is_optional<Value>) {
            put(v.has_value());
            if (v) {
                put(*v);
            }
        } else if constexpr (is_list<Value>) {
            put(static_cast<std::uint32_t>(v.size()));
            for (const auto& item : v) {
                put(item);
            }
        } else if constexpr (has_unit<Value>) {
            put(base_of(v));
        } else if constexpr (is_figure<Value>) {
            (*this)(v.state, v.value, v.from);
        } else if constexpr (std::is_same_v<Value, id_set>) {
            put(v.to_string());
        } else if constexpr (std::is_same_v<Value, initiator_id>) {
            put(v.index);
        } else {
            fields(*this, v);
        }
    }

    std::string& out_;
};

class reader {
public:
    static constexpr bool writes = false;

    reader(std::span<const std::byte> bytes, std::string_view name) : bytes_(bytes), name_(name) {}

    template <class... Values> void operator()(Values&... values) { (get(values), ...); }

    template <class Value> Value next() {
        Value v{};
        get(v);
        return v;
    }
    /// That many items, which must be there before memory is taken for them.
    template <class Item> void raw(std::span<Item> items) {
        if (!items.empty()) {
            std::memcpy(items.data(), take(items.size_bytes()).data(), items.size_bytes());
        }
    }
    std::span<const std::byte> take(std::size_t size) {
        expect_left(size);
        const auto taken = bytes_.subspan(at_, size);
        at_ += size;
        return taken;
    }
    void expect_left(std::uint64_t size) const {
        if (size > bytes_.size() - at_) {
            refuse(fmt::format("{} bytes", size), fmt::format("{}", bytes_.size() - at_));
        }
    }
    bool at_end() const { return at_ == bytes_.size(); }

    [[noreturn]] void refuse(std::string_view expected, std::string_view found) const {
        throw malformed_file(
            fmt::format("{}: byte {}: expected {}, found {}", name_, at_, expected, found));
    }

private:
    template <class Value> void get(Value& v) {
        if constexpr (std::is_same_v<Value, std::string>) {
            const auto text = take(next<std::uint32_t>());
            v.assign(reinterpret_cast<const char*>(text.data()), text.size());
        } else if constexpr (std::is_same_v<Value, bool>) {
            const auto number = next<std::uint8_t>();
            if (number > 1) {
                refuse("0 or 1", fmt::format("{}", number));
            }
            v = number == 1;
        } else if constexpr (std::is_arithmetic_v<Value>) {
            std::memcpy(&v, take(sizeof v).data(), sizeof v);
        } else if constexpr (std::is_enum_v<Value>) {
            const auto number = next<std::underlying_type_t<Value>>();
            constexpr auto last = static_cast<std::underlying_type_t<Value>>(last_of(Value{}));
            if (number > last) {
                refuse(fmt::format("a number from 0 to {}", last), fmt::format("{}", number));
            }
            v = static_cast<Value>(number);
        } else if constexpr (is_optional<Value>) {
            if (next<bool>()) {
                get(v.emplace());
            } else {
                v.reset();
            }
        } else if constexpr (is_list<Value>) {
            // Every item is at least a byte; more is not taken than was found to be there.
            const auto count = next<std::uint32_t>();
            expect_left(count);
            v.clear();
            for (std::uint32_t i = 0; i < count; ++i) {
                get(v.emplace_back());
            }
        } else if constexpr (has_unit<Value>) {
            set_base(v, next<std::uint64_t>());
        } else if constexpr (is_figure<Value>) {
            (*this)(v.state, v.value, v.from);
        } else if constexpr (std::is_same_v<Value, id_set>) {
            const auto text = take(next<std::uint32_t>());
            const auto set =
                id_set::parse({reinterpret_cast<const char*>(text.data()), text.size()});
            if (!set) {
                refuse("a list of numbers", "another text");
            }
            v = *set;
        } else if constexpr (std::is_same_v<Value, initiator_id>) {
            get(v.index);
        } else {
            fields(*this, v);
        }
    }

    std::span<const std::byte> bytes_;
    std::string_view name_;
    std::size_t at_ = 0;
};

/// The parts that are lists of structs, in the order of the format.
template <class Archive, class State> void describe_parts(Archive& a, State& s) {
    a(s.generation, s.live, s.machine, s.packages, s.initiators, s.targets, s.sources, s.notices,
      s.defects, s.disagreements);
}

// ---- figures

bool is_number(std::uint64_t value) {
    return value != topology::unknown_value && value != topology::unreachable_value;
}

/// The largest unit that all values are multiples of, and the largest value.
struct scale {
    std::uint64_t unit = 0;
    std::uint64_t most = 0;
};

scale scale_of(const figure_layer& layer, std::size_t initiators) {
    scale found;
    for (std::size_t i = 0; i < initiators; ++i) {
        for (const std::uint64_t value : layer.stored_row(i)) {
            if (is_number(value)) {
                found.most = std::max(found.most, value);
                if (found.unit == 0 || value % found.unit != 0) {
                    found.unit = std::gcd(found.unit, value);
                }
            }
        }
    }
    found.unit = std::max<std::uint64_t>(found.unit, 1);
    return found;
}

width width_for(std::uint64_t most) {
    return most < unreachable_code<std::uint16_t>   ? 2
           : most < unreachable_code<std::uint32_t> ? 4
                                                    : 8;
}

template <class Code>
void write_codes(writer& out, const figure_layer& layer, std::size_t initiators,
                 std::uint64_t unit) {
    std::vector<Code> codes;
    for (std::size_t i = 0; i < initiators; ++i) {
        codes.clear();
        for (const std::uint64_t value : layer.stored_row(i)) {
            codes.push_back(value == topology::unknown_value ? unknown_code<Code>
                            : value == topology::unreachable_value
                                ? unreachable_code<Code>
                                : static_cast<Code>(value / unit));
        }
        out.raw(std::span<const Code>(codes));
    }
}

void write_layer(writer& out, const figure_layer& layer, std::size_t initiators) {
    out(layer.from(), layer.what(), static_cast<std::uint8_t>(layer.level()));
    if (layer.stored_row(0).empty()) {
        out(listed, static_cast<std::uint32_t>(layer.cells().size()));
        for (const figure_layer::cell& c : layer.cells()) {
            out(c.initiator, c.target, c.value);
        }
        return;
    }
    const scale s = scale_of(layer, initiators);
    const width bytes = width_for(s.most / s.unit);
    out(bytes, s.unit);
    if (bytes == 2) {
        write_codes<std::uint16_t>(out, layer, initiators, s.unit);
    } else if (bytes == 4) {
        write_codes<std::uint32_t>(out, layer, initiators, s.unit);
    } else {
        write_codes<std::uint64_t>(out, layer, initiators, s.unit);
    }
}

template <class Code>
void read_codes(reader& in, figure_layer& layer, std::size_t initiators, std::uint64_t unit) {
    const std::uint64_t most_allowed = (topology::unreachable_value - 1) / unit;
    std::vector<Code> codes(layer.stored_row(0).size());
    Code most = 0;
    for (std::size_t i = 0; i < initiators; ++i) {
        in.raw(std::span(codes));
        const std::span<std::uint64_t> row = layer.dense_row(i);
        for (std::size_t t = 0; t < row.size(); ++t) {
            const Code code = codes[t];
            const bool number = code < unreachable_code<Code>;
            most = std::max(most, number ? code : Code{0});
            row[t] = number                       ? code * unit
                     : code == unknown_code<Code> ? topology::unknown_value
                                                  : topology::unreachable_value;
        }
    }
    if (most > most_allowed) {
        in.refuse(fmt::format("multiples of {} up to {}", unit, most_allowed),
                  fmt::format("{}", most));
    }
}

figure_layer read_listed(reader& in, source from, quantity what, unsigned level,
                         std::size_t initiators, std::size_t targets) {
    figure_layer layer(from, what, level, initiators, targets, figure_layer::storage::sparse);
    const auto count = in.next<std::uint32_t>();
    in.expect_left(std::uint64_t{count} * 16);
    for (std::uint32_t n = 0; n < count; ++n) {
        const auto i = in.next<std::uint32_t>();
        const auto t = in.next<std::uint32_t>();
        if (i >= initiators || t >= targets) {
            in.refuse("a pair of this machine", fmt::format("{}, {}", i, t));
        }
        layer.set(i, t, in.next<std::uint64_t>());
    }
    layer.finish();
    return layer;
}

figure_layer read_layer(reader& in, std::size_t initiators, std::size_t targets) {
    const auto from = in.next<source>();
    const auto what = in.next<quantity>();
    const auto level = in.next<std::uint8_t>();
    if (level > 3 || from == source::cdat) {
        in.refuse("a level from 0 to 3 of a source of whole paths",
                  fmt::format("level {} of {}", level, to_string(from)));
    }
    const auto bytes = in.next<width>();
    if (bytes == listed) {
        return read_listed(in, from, what, level, initiators, targets);
    }
    const auto unit = in.next<std::uint64_t>();
    if ((bytes != 2 && bytes != 4 && bytes != 8) || unit == 0 || initiators == 0 || targets == 0) {
        in.refuse("a matrix of 2, 4 or 8 bytes a cell",
                  fmt::format("{} bytes, unit {}", bytes, unit));
    }
    in.expect_left(initiators * targets * bytes);
    figure_layer layer(from, what, level, initiators, targets, figure_layer::storage::dense);
    if (bytes == 2) {
        read_codes<std::uint16_t>(in, layer, initiators, unit);
    } else if (bytes == 4) {
        read_codes<std::uint32_t>(in, layer, initiators, unit);
    } else {
        read_codes<std::uint64_t>(in, layer, initiators, unit);
    }
    return layer;
}

void read_layers(reader& in, topology::state& s) {
    const auto order = [](const figure_layer& l) {
        return std::tuple(l.from(), l.level(), l.what());
    };
    const auto count = in.next<std::uint32_t>();
    for (std::uint32_t n = 0; n < count; ++n) {
        figure_layer layer = read_layer(in, s.initiators.size(), s.targets.size());
        if (!s.layers.empty() && order(layer) <= order(s.layers.back())) {
            in.refuse("the strongest source first, each once", to_string(layer.from()));
        }
        s.layers.push_back(std::move(layer));
    }
}

void read_distances(reader& in, topology::state& s) {
    const std::size_t pairs = s.initiators.size() * s.targets.size();
    if (in.next<bool>()) {
        in.expect_left(pairs);
        s.distances.resize(pairs);
        in.raw(std::span(s.distances));
    }
}

void read_nearest(reader& in, topology::state& s) {
    in(s.best);
    for (const auto& near : s.best) {
        if (near && near->index >= s.initiators.size()) {
            in.refuse("an initiator of this machine", fmt::format("{}", near->index));
        }
    }
    if (s.best.size() != s.targets.size()) {
        in.refuse(fmt::format("{} nearest initiators", s.targets.size()),
                  fmt::format("{}", s.best.size()));
    }
}

template <class Number> Number number_at(std::span<const std::byte> bytes, std::size_t offset) {
    Number n{};
    std::memcpy(&n, bytes.data() + offset, sizeof n);
    return n;
}

std::span<const std::byte> checked_body(std::span<const std::byte> bytes, std::string_view name) {
    const auto refuse = [&](std::size_t offset, std::string_view expected, auto found) {
        throw malformed_file(
            fmt::format("{}: byte {}: expected {}, found {}", name, offset, expected, found));
    };
    if (bytes.size() < head_size) {
        refuse(0, fmt::format("at least {} bytes", head_size), bytes.size());
    }
    if (std::memcmp(bytes.data(), magic.data(), magic.size()) != 0) {
        refuse(0, "a snapshot", "something else");
    }
    const auto version = number_at<std::uint64_t>(bytes, version_at);
    if (version != snapshot_version) {
        refuse(version_at, fmt::format("version {}", snapshot_version), version);
    }
    const auto length = number_at<std::uint64_t>(bytes, length_at);
    if (length != bytes.size()) {
        refuse(length_at, fmt::format("length {}", bytes.size()), length);
    }
    const auto body = bytes.subspan(head_size);
    const auto sum = number_at<std::uint64_t>(bytes, checksum_at);
    if (const std::uint64_t right = checksum(body); sum != right) {
        refuse(checksum_at, fmt::format("checksum 0x{:x}", right), fmt::format("0x{:x}", sum));
    }
    return body;
}

} // namespace

void seal_snapshot(std::span<std::byte> bytes) {
    const std::uint64_t version = snapshot_version;
    const std::uint64_t length = bytes.size();
    const std::uint64_t sum = checksum(bytes.subspan(head_size));
    std::memcpy(bytes.data(), magic.data(), magic.size());
    std::memcpy(bytes.data() + version_at, &version, sizeof version);
    std::memcpy(bytes.data() + length_at, &length, sizeof length);
    std::memcpy(bytes.data() + checksum_at, &sum, sizeof sum);
}

std::string to_snapshot(const topology& machine, std::string_view boot_id) {
    const topology::state& s = state_access::of(machine);
    std::string out(head_size, '\0');
    writer write(out);
    write(std::string(boot_id));
    describe_parts(write, s);
    write(!s.distances.empty());
    write.raw(std::span(s.distances));
    write(static_cast<std::uint32_t>(s.layers.size()));
    for (const figure_layer& layer : s.layers) {
        write_layer(write, layer, s.initiators.size());
    }
    write(s.best, s.store);
    seal_snapshot(std::as_writable_bytes(std::span(out)));
    return out;
}

topology::state state_from_snapshot(std::span<const std::byte> bytes, std::string_view name,
                                    std::string& boot_id) {
    reader in(checked_body(bytes, name), name);
    topology::state s;
    in(boot_id);
    describe_parts(in, s);
    for (std::uint32_t i = 0; i < s.initiators.size(); ++i) {
        s.initiators[i].id = {i};
    }
    for (std::uint32_t t = 0; t < s.targets.size(); ++t) {
        s.targets[t].id = {t};
    }
    read_distances(in, s);
    read_layers(in, s);
    read_nearest(in, s);
    in(s.store);
    if (!in.at_end()) {
        in.refuse("the end", "more");
    }
    return s;
}

snapshot from_snapshot(std::span<const std::byte> bytes, std::string_view name) {
    std::string boot_id;
    auto state = std::make_shared<const topology::state>(state_from_snapshot(bytes, name, boot_id));
    return {topology(std::move(state)), std::move(boot_id)};
}

} // namespace hetmem::detail
