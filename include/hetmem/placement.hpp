// hetmem/placement.hpp: where memory is to be, said in the caller's words.
//
//     auto machine = hetmem::discover();
//     // All of it there, or an error.
//     auto only = hetmem::bind(machine, "node2");
//     // Fill the first, then the next.
//     auto ordered = hetmem::chain(machine, {"hbm", "node0"});
//     auto fastest = hetmem::best(machine, hetmem::criterion::read_bandwidth);
//     auto spread = hetmem::interleave(machine, {{"node0", 3}, {"node2", 1}});
//     // The kernel may do otherwise.
//     auto polite = hetmem::prefer(machine, "node2");
//     auto parsed = hetmem::parse_placement(machine, "chain:hbm,node0");
//
// A placement is a value that no longer needs the topology: names, kinds and rankings are resolved
// when it is made, seen from the CPUs of the calling thread. How much is free is read when memory
// is asked for, never before.
//
// Strict and ordered placements (all but prefer) either get what they say or fail with target_full;
// they never make the kernel's OOM killer act: see <hetmem/region.hpp>.
//
// All types are values; const functions may be called from several threads.
#pragma once

#include <hetmem/export.hpp>
#include <hetmem/id_set.hpp>
#include <hetmem/rank.hpp>
#include <hetmem/topology.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem {

enum class placement_kind : std::uint8_t { bind, chain, best, interleave, prefer };

/// What backs one leg of a placement.
enum class leg_kind : std::uint8_t {
    node,      ///< ordinary memory of an online node
    dax,       ///< extents of a device-dax device
    directory, ///< an unlinked file in a directory of the caller's choice
};

/// One memory of a placement, resolved.
struct leg {
    leg_kind kind = leg_kind::node;
    std::string name;           ///< the target's name, or the directory
    int node = -1;              ///< leg_kind::node
    std::filesystem::path path; ///< "/dev/dax0.0", or the directory
    byte_size dax_align;        ///< leg_kind::dax: granularity of its mappings
    byte_size dax_size;         ///< leg_kind::dax: all of the device
    unsigned weight = 1;        ///< interleave only
    /// What stays available on the target for others. Nothing: default_headroom for base and
    /// transparent huge pages, none for pools of huge pages, dax devices and directories.
    std::optional<byte_size> headroom;
    friend bool operator==(const leg&, const leg&) = default;
};

/// The default is never zero: a node filled to its last page makes the kernel reclaim, and kill.
inline constexpr byte_size default_headroom = byte_size::from_mib(32);

/// One memory in a caller's words: a target of the topology, its name, a kind, or a directory.
///
/// A name is what `hetmem show` prints ("node2", "dax0.0", "pxm5"), "2", or a kind ("dram", "hbm",
/// "pmem", "cxl", "device"). A kind stands for the online memories of that kind that the calling
/// thread may use, nearest first; where one memory is wanted (bind, prefer) it is the nearest of
/// them. Reserved memory is used only when it is named itself. A name with a '/' is a directory.
class HETMEM_EXPORT memory_name {
public:
    memory_name(target_id id) : id_(id) {}                // NOLINT(*-explicit-*)
    memory_name(std::string_view name) : name_(name) {}   // NOLINT(*-explicit-*)
    memory_name(const char* name) : name_(name) {}        // NOLINT(*-explicit-*)
    memory_name(const std::string& name) : name_(name) {} // NOLINT(*-explicit-*)
    memory_name(const std::filesystem::path& directory);  // NOLINT(*-explicit-*)

    /// Leaves this much available on the target (default_headroom otherwise).
    memory_name with_headroom(byte_size headroom) const;

    const std::optional<target_id>& id() const { return id_; }
    const std::string& name() const { return name_; }
    const std::optional<byte_size>& headroom() const { return headroom_; }

private:
    std::optional<target_id> id_;
    std::string name_;
    std::optional<byte_size> headroom_;
};

struct weighted_name {
    memory_name name;
    unsigned weight = 1; ///< 1 to 255
};

/// How best() chose, so that it can choose again on a later topology.
struct best_choice {
    criterion by{};
    std::vector<std::string> from; ///< names of the initiators whose accesses counted
    std::optional<id_set> nodes;   ///< as in rank_options
    bool include_reserved = false;
    friend bool operator==(const best_choice&, const best_choice&) = default;
};

class HETMEM_EXPORT placement {
public:
    placement_kind kind() const { return kind_; }
    /// In the order in which they are filled; for interleave, in the order of the stripes.
    std::span<const leg> legs() const { return legs_; }
    /// Where what does not fit goes (interleave only), in order; empty: target_full.
    std::span<const leg> overflow() const { return overflow_; }
    /// An interleave whose full legs spill to these, in order.
    placement with_overflow(const topology& machine, std::span<const memory_name> where) const;
    /// The same with this headroom on every leg that has none of its own.
    placement with_headroom(byte_size headroom) const;
    /// As parse_placement reads it: "bind:node2", "chain:node2,node0",
    /// "interleave:node0:3,node2:1|node1" (what is behind the bar is the overflow). A ranking is
    /// written out: "best" becomes the chain that it was. Headrooms are not in it, and a directory
    /// with a ',' in its name (or, of an interleave, a '|') is not read back.
    std::string to_string() const;

    /// Of placements made by best(); nothing for others.
    const std::optional<best_choice>& chosen() const { return chosen_; }

    friend bool operator==(const placement&, const placement&) = default;

    /// Made of resolved legs. Throws hetmem::error (EINVAL) when there is none, one is named twice,
    /// bind or prefer has several, a weight is 0 or above 255, or overflow is given to another kind
    /// than interleave.
    placement(placement_kind kind, std::vector<leg> legs, std::vector<leg> overflow = {});

private:
    friend HETMEM_EXPORT placement best(const topology& machine, criterion by,
                                        const rank_options& options);

    placement_kind kind_;
    std::vector<leg> legs_;
    std::vector<leg> overflow_;
    std::optional<best_choice> chosen_;
};

// All of these throw no_such_target when a name has no target, no_such_target too when a kind has
// no memory that this thread may use, target_reserved when memory is reserved and not usable by
// being named (no device that could be opened), not_permitted when the caller's cpuset forbids a
// node that was named.

/// All of it on one memory. Call it as hetmem::bind: with a std::string among the arguments an
/// unqualified `bind` may find std::bind.
HETMEM_EXPORT placement bind(const topology& machine, const memory_name& where);
/// Fills the first to its headroom, then the next. A kind stands for all its memories.
HETMEM_EXPORT placement chain(const topology& machine, std::span<const memory_name> where);
HETMEM_EXPORT placement chain(const topology& machine, std::initializer_list<memory_name> where);
/// The chain that rank() gives, from where the calling thread runs unless the options say
/// otherwise. Unreachable memory and memory without a figure come last, as in the ranking.
HETMEM_EXPORT placement best(const topology& machine, criterion by,
                             const rank_options& options = {});
/// The same choice again, of a topology in which other memory or other figures may be. Initiators
/// that are gone do not count. Throws no_such_target when none of them is left.
HETMEM_EXPORT placement best(const topology& machine, const best_choice& again);
/// Pages spread by weight, in stripes of 2 MiB (or of the page size where that is larger).
HETMEM_EXPORT placement interleave(const topology& machine, std::span<const weighted_name> where);
HETMEM_EXPORT placement interleave(const topology& machine,
                                   std::initializer_list<weighted_name> where);
/// One memory, then whatever the kernel likes; pages come when they are touched (until then
/// region::verify() finds them absent).
HETMEM_EXPORT placement prefer(const topology& machine, const memory_name& where);

/// Reads "KIND:NAME[,NAME...]" with the five kinds above ("best:read_bandwidth",
/// "interleave:node0:3,node2:1"); a name alone means bind. A directory with a ',' in its name, or
/// of an interleave a '|' or, where its weight is left out, a ':', has no text: the functions above
/// take it. Throws hetmem::error (EINVAL) naming the place, and what the functions above throw.
HETMEM_EXPORT placement parse_placement(const topology& machine, std::string_view text);

HETMEM_EXPORT std::string_view to_string(placement_kind);

} // namespace hetmem
