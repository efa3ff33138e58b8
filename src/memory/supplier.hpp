// memory/supplier.hpp: what puts memory into reserved address space, one for each leg of a
// placement.
//
// A supplier is given ranges without memory (PROT_NONE) and fills as much of them as it can. What
// it leaves is without memory again, and told with the reason, for the next leg or for the error.
//
//     auto one = supply_from_node(leg, shared);
//     supply got = one->supply(ranges);
//
// Thread-safe: several threads may have different ranges filled at once.
#pragma once

#include "memory/address_range.hpp"
#include "memory/backing.hpp"
#include "memory/guard.hpp"

#include <hetmem/placement.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace hetmem::detail {

struct supply {
    byte_ranges left;
    std::optional<shortfall> why; ///< when something is left
};

class supplier {
public:
    virtual ~supplier() = default;
    /// Throws not_permitted, target_lost, hetmem::error; then the caller empties the ranges.
    virtual supply fill(std::span<const byte_range> wanted) = 0;
    /// What it could give at most, looked at now.
    virtual shortfall room(std::uint64_t wanted) = 0;
    /// Gives back what can be given back of a part before the address space is emptied.
    virtual void before_emptying(byte_range) noexcept {}
    /// The smallest unit of ranges that it can fill.
    virtual std::size_t unit() const = 0;
};

/// What suppliers of one backing have in common.
struct supply_context {
    backing_options options;
    guard& watch;
};

/// 4 KiB and transparent huge pages of a node: populated piece by piece under a preferred policy.
std::unique_ptr<supplier> supply_from_node(const leg& from, const supply_context& context);
/// Pages of a node's pool of huge pages: bound, since an empty pool is an error there and kills
/// nobody.
std::unique_ptr<supplier> supply_from_huge_pool(const leg& from, const supply_context& context);
/// Extents of a device-dax device.
std::unique_ptr<supplier> supply_from_dax(const leg& from, const supply_context& context);
/// Unlinked files in a directory.
std::unique_ptr<supplier> supply_from_directory(const leg& from, const supply_context& context);
std::unique_ptr<supplier> supply_from(const leg& from, const supply_context& context);

/// Bytes of the pages that a region asked for.
std::size_t bytes_of(page_size pages);
bool from_huge_pool(page_size pages);
/// Bytes that stay on the target: the leg's own, or what is usual for what backs it.
std::uint64_t headroom_of(const leg& from, page_size pages);

/// Writable, of the pages asked for, and not in a forked child unless that was asked for. Nothing,
/// or why not: the commit limit.
std::optional<shortfall> open_for_use(byte_range range, const backing_options& options);
/// The policy of a mapping: only this node, if it has room. Throws not_permitted or target_lost,
/// unless no other node can be used, where none is needed.
void prefer_node(byte_range range, unsigned node, guard& watch);
/// What a container's filter forbids, in words.
std::string refused_policy(std::string_view call);

} // namespace hetmem::detail
