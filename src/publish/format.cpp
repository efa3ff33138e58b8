#include "publish/format.hpp"

#include <fmt/format.h>

#include <cmath>

namespace hetmem::detail {
namespace {

/// In tens of the smallest fraction that is shown (0.1 ns, 0.1 GB/s), rounded.
std::uint64_t base_units_per_tenth(quantity what) {
    return is_latency(what) ? 100 : 100'000'000;
}

template <class Unit> std::string plain(const Unit& value) {
    if constexpr (std::is_same_v<Unit, latency>) {
        return format_latency(value);
    } else {
        return format_bandwidth(value);
    }
}

template <class Unit> std::string state_or_value(const figure<Unit>& f) {
    switch (f.state) {
    case knowledge::known:
        return plain(f.value);
    case knowledge::unreachable:
        return "unreachable";
    case knowledge::unknown:
        break;
    }
    return "unknown";
}

template <class Unit> std::string source_mark(const figure<Unit>& f) {
    return f.state == knowledge::unknown ? std::string{} : fmt::format(" ({})", to_string(f.from));
}

template <class Unit>
std::string both_directions(const figure<Unit>& read, const figure<Unit>& write) {
    if (read.state == write.state &&
        (read.state == knowledge::unknown ||
         (read.from == write.from &&
          (read.state == knowledge::unreachable || read.value == write.value)))) {
        return state_or_value(read) + source_mark(read);
    }
    const bool one_source = read.state != knowledge::unknown && write.state != knowledge::unknown &&
                            read.from == write.from;
    return fmt::format("read {}{}, write {}{}", state_or_value(read),
                       one_source ? std::string{} : source_mark(read), state_or_value(write),
                       source_mark(write));
}

} // namespace

std::string format_figure(const figure<latency>& value) {
    return state_or_value(value) + source_mark(value);
}

std::string format_figure(const figure<bandwidth>& value) {
    return state_or_value(value) + source_mark(value);
}

std::string format_latencies(const access& figures) {
    return both_directions(figures.read_latency, figures.write_latency);
}

std::string format_bandwidths(const access& figures) {
    return both_directions(figures.read_bandwidth, figures.write_bandwidth);
}

std::string format_access(const access& figures) {
    std::string latencies = format_latencies(figures);
    const std::string bandwidths = format_bandwidths(figures);
    // Nothing known at all, or no path at all: one word says it.
    if (latencies == bandwidths) {
        return latencies;
    }
    return fmt::format("latency {}; bandwidth {}", latencies, bandwidths);
}

unsigned decimals_of(quantity what, std::uint64_t base_units) {
    const std::uint64_t tenth = base_units_per_tenth(what);
    const std::uint64_t tenths = base_units / tenth + (base_units % tenth >= tenth / 2 ? 1 : 0);
    return tenths % 10 == 0 ? 0 : 1;
}

std::string format_cell(quantity what, std::uint64_t base_units, unsigned decimals) {
    const double value =
        static_cast<double>(base_units) / (static_cast<double>(base_units_per_tenth(what)) * 10);
    if (base_units > 0 && value < 0.1) {
        return fmt::format("{:.2g}", value);
    }
    return fmt::format("{:.{}f}", value, decimals);
}

std::string_view unit_of(quantity what) {
    return is_latency(what) ? "ns" : "GB/s";
}

std::string_view words_of(metric what) {
    switch (what) {
    case metric::local_latency:
        return "latency, local to the TLB";
    case metric::random_latency:
        return "latency, fully random";
    case metric::read_bandwidth:
        return "read bandwidth";
    case metric::write_bandwidth:
        return "write bandwidth, ordinary stores";
    case metric::nontemporal_write_bandwidth:
        return "write bandwidth, non-temporal stores";
    case metric::copy_bandwidth:
        return "copy bandwidth, ordinary stores";
    case metric::nontemporal_copy_bandwidth:
        return "copy bandwidth, non-temporal stores";
    case metric::triad_bandwidth:
        return "triad bandwidth";
    case metric::read_2_write_1_bandwidth:
        return "bandwidth, 2 reads to 1 write";
    case metric::read_1_write_1_bandwidth:
        break;
    }
    return "bandwidth, 1 read to 1 write";
}

std::string format_value(metric what, std::uint64_t base_units) {
    return is_latency(what) ? format_latency(latency::from_picoseconds(base_units))
                            : format_bandwidth(bandwidth::from_bytes_per_second(base_units));
}

std::string_view words_of(memory_kind kind) {
    switch (kind) {
    case memory_kind::dram:
        return "DRAM";
    case memory_kind::hbm:
        return "HBM";
    case memory_kind::pmem:
        return "persistent memory";
    case memory_kind::cxl:
        return "CXL";
    case memory_kind::device:
        return "device memory";
    case memory_kind::unknown:
        break;
    }
    return "unknown kind";
}

std::string_view meaning_of(source from) {
    switch (from) {
    case source::override_:
        return "given by hand";
    case source::measured:
        return "measured on this machine";
    case source::hma:
        return "an HMAT adopted at run time (_HMA, or by hand)";
    case source::hmat:
        return "firmware table HMAT";
    case source::cxl_region:
        return "kernel's sum for a CXL region";
    case source::sysfs:
        return "kernel, best initiators only";
    case source::cdat:
        break;
    }
    return "CXL device, its leg of the path only";
}

std::string format_state(const target& memory) {
    switch (memory.state) {
    case target_state::online:
        return "online";
    case target_state::partly_online:
        if (memory.blocks == 0) {
            return "partly online";
        }
        return fmt::format("partly online: {} of {} blocks{}", memory.blocks_online, memory.blocks,
                           memory.block_size ? " of " + format_size(*memory.block_size) : "");
    case target_state::offline:
        return "offline";
    case target_state::reserved: {
        std::string text = "reserved";
        for (std::size_t i = 0; i < memory.dax.size(); ++i) {
            text.append(i == 0 ? " as " : ", ").append(memory.dax[i].name);
        }
        return text;
    }
    case target_state::absent:
        break;
    }
    return "absent";
}

std::string format_initiator(const initiator& from) {
    return from.device.empty() ? from.name : fmt::format("{} ({})", from.name, from.device);
}

std::vector<std::string> format_totals(const topology& machine) {
    std::vector<std::string> parts;
    for (const memory_kind kind : {memory_kind::dram, memory_kind::hbm, memory_kind::pmem,
                                   memory_kind::cxl, memory_kind::device, memory_kind::unknown}) {
        for (const bool reserved : {false, true}) {
            byte_size size;
            bool any = false;
            bool whole = true;
            for (const target& memory : machine.targets()) {
                if (memory.kind == kind && memory.reserved == reserved) {
                    any = true;
                    whole = whole && memory.size.has_value();
                    size += memory.size.value_or(byte_size{});
                }
            }
            if (any) {
                const std::string amount = !whole && size == byte_size{} ? "of unknown size"
                                           : whole                       ? format_size(size)
                                                   : "at least " + format_size(size);
                parts.push_back(
                    fmt::format("{} {}{}", words_of(kind), amount, reserved ? " (reserved)" : ""));
            }
        }
    }
    return parts;
}

} // namespace hetmem::detail
