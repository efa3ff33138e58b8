#include "topology/names.hpp"

#include <cstddef>
#include <iterator>

namespace hetmem {

namespace {

template <class Enum> struct names;
template <> struct names<source> {
    static constexpr std::string_view list[] = {"override",   "measured", "hma", "hmat",
                                                "cxl_region", "sysfs",    "cdat"};
};
template <> struct names<quantity> {
    static constexpr std::string_view list[] = {"read_latency", "write_latency", "read_bandwidth",
                                                "write_bandwidth"};
};
template <> struct names<memory_kind> {
    static constexpr std::string_view list[] = {"unknown", "dram", "hbm", "pmem", "cxl", "device"};
};
template <> struct names<target_state> {
    static constexpr std::string_view list[] = {"online", "partly_online", "offline", "reserved",
                                                "absent"};
};
template <> struct names<initiator_kind> {
    static constexpr std::string_view list[] = {"cpu", "generic_initiator"};
};
template <> struct names<source_status> {
    static constexpr std::string_view list[] = {"used", "absent", "not_permitted", "ignored",
                                                "malformed"};
};
template <> struct names<criterion> {
    static constexpr std::string_view list[] = {
        "read_latency", "write_latency", "read_bandwidth", "write_bandwidth", "capacity", "free"};
};
template <> struct names<metric> {
    static constexpr std::string_view list[] = {"local_latency",
                                                "random_latency",
                                                "read_bandwidth",
                                                "write_bandwidth",
                                                "nontemporal_write_bandwidth",
                                                "copy_bandwidth",
                                                "nontemporal_copy_bandwidth",
                                                "triad_bandwidth",
                                                "read_2_write_1_bandwidth",
                                                "read_1_write_1_bandwidth"};
};
template <> struct names<interference> {
    static constexpr std::string_view list[] = {"quiet", "unknown", "disturbed"};
};
template <> struct names<measured_in> {
    static constexpr std::string_view list[] = {"memory", "cpu_cache", "side_cache"};
};

template <class Enum> std::string_view name_of(Enum value) {
    const auto index = static_cast<std::size_t>(value);
    return index < std::size(names<Enum>::list) ? names<Enum>::list[index] : "?";
}

} // namespace

std::string_view to_string(source s) {
    return name_of(s);
}
std::string_view to_string(quantity q) {
    return name_of(q);
}
std::string_view to_string(memory_kind k) {
    return name_of(k);
}
std::string_view to_string(target_state s) {
    return name_of(s);
}
std::string_view to_string(initiator_kind k) {
    return name_of(k);
}
std::string_view to_string(source_status s) {
    return name_of(s);
}
std::string_view to_string(criterion c) {
    return name_of(c);
}
std::string_view to_string(metric m) {
    return name_of(m);
}
std::string_view to_string(interference i) {
    return name_of(i);
}
std::string_view to_string(measured_in m) {
    return name_of(m);
}
std::optional<metric> parse_metric(std::string_view name) {
    return detail::from_name<metric>(name);
}
std::optional<criterion> parse_criterion(std::string_view name) {
    return detail::from_name<criterion>(name);
}

namespace detail {

template <class Enum> std::optional<Enum> from_name(std::string_view name) {
    for (std::size_t i = 0; i < std::size(names<Enum>::list); ++i) {
        if (names<Enum>::list[i] == name) {
            return static_cast<Enum>(i);
        }
    }
    return std::nullopt;
}

template std::optional<source> from_name<source>(std::string_view);
template std::optional<quantity> from_name<quantity>(std::string_view);
template std::optional<memory_kind> from_name<memory_kind>(std::string_view);
template std::optional<target_state> from_name<target_state>(std::string_view);
template std::optional<initiator_kind> from_name<initiator_kind>(std::string_view);
template std::optional<source_status> from_name<source_status>(std::string_view);
template std::optional<criterion> from_name<criterion>(std::string_view);
template std::optional<metric> from_name<metric>(std::string_view);
template std::optional<interference> from_name<interference>(std::string_view);
template std::optional<measured_in> from_name<measured_in>(std::string_view);

} // namespace detail

} // namespace hetmem
