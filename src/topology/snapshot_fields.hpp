// snapshot_fields.hpp: which fields the structs of a topology have, once for writing and reading.
//
//     fields(archive, value);      // archive(value.name, value.size, ...)
//
// The order is the format: whoever changes a list changes snapshot_version.
#pragma once

#include "topology/state.hpp"

#include <hetmem/topology.hpp>

#include <cstdint>
#include <type_traits>

namespace hetmem::detail {

inline constexpr std::uint32_t snapshot_version = 2;

/// What an archive writes is const.
template <class Archive, class Value>
using value_of = std::conditional_t<Archive::writes, const Value, Value>;

template <class Archive> void fields(Archive& a, value_of<Archive, address_range>& v) {
    a(v.base, v.length);
}
template <class Archive> void fields(Archive& a, value_of<Archive, access>& v) {
    a(v.read_latency, v.write_latency, v.read_bandwidth, v.write_bandwidth);
}
template <class Archive> void fields(Archive& a, value_of<Archive, memory_side_cache>& v) {
    a(v.level, v.size, v.line_size, v.associativity, v.write_policy, v.address_mode, v.from);
}
template <class Archive> void fields(Archive& a, value_of<Archive, huge_page_pool>& v) {
    a(v.page, v.total, v.free);
}
template <class Archive> void fields(Archive& a, value_of<Archive, dax_device>& v) {
    a(v.name, v.size, v.align, v.driver, v.origin, v.target_node, v.resource);
}
template <class Archive> void fields(Archive& a, value_of<Archive, device_leg>& v) {
    a(v.device, v.device_range, v.non_volatile, v.figures);
}
// Not the ids: they are positions.
template <class Archive> void fields(Archive& a, value_of<Archive, target>& v) {
    a(v.name, v.kind, v.kind_reason, v.state, v.node, v.pxm, v.pxm_reason, v.size, v.free,
      v.reserved, v.reserved_reason, v.cpus, v.package, v.ranges, v.block_size, v.blocks,
      v.blocks_online, v.caches, v.huge_pages, v.dax, v.device_legs, v.tier, v.interleave_weight);
}
template <class Archive> void fields(Archive& a, value_of<Archive, initiator>& v) {
    a(v.name, v.kind, v.node, v.pxm, v.cpus, v.package, v.device);
}
template <class Archive> void fields(Archive& a, value_of<Archive, package>& v) {
    a(v.id, v.cpus);
}
template <class Archive> void fields(Archive& a, value_of<Archive, machine_info>& v) {
    a(v.cpu_model, v.architecture, v.kernel, v.demotion);
}
template <class Archive> void fields(Archive& a, value_of<Archive, source_report>& v) {
    a(v.what, v.path, v.status, v.detail);
}
template <class Archive> void fields(Archive& a, value_of<Archive, notice>& v) {
    a(v.what, v.why, v.help);
}
template <class Archive> void fields(Archive& a, value_of<Archive, defect>& v) {
    a(v.table, v.offset, v.expected, v.found, v.linux_does);
}
template <class Archive> void fields(Archive& a, value_of<Archive, disagreement>& v) {
    a(v.about, v.used, v.other);
}
template <class Archive> void fields(Archive& a, value_of<Archive, store_stamp>& v) {
    a(v.inode, v.size, v.written);
}

/// The last enumerator: a number above it is damage.
constexpr source last_of(source) {
    return source::cdat;
}
constexpr quantity last_of(quantity) {
    return quantity::write_bandwidth;
}
constexpr knowledge last_of(knowledge) {
    return knowledge::known;
}
constexpr memory_kind last_of(memory_kind) {
    return memory_kind::device;
}
constexpr target_state last_of(target_state) {
    return target_state::absent;
}
constexpr initiator_kind last_of(initiator_kind) {
    return initiator_kind::generic_initiator;
}
constexpr source_status last_of(source_status) {
    return source_status::malformed;
}

} // namespace hetmem::detail
