// hetmem/topology.hpp: every memory of a machine, and how fast each is from where.
//
//     #include <hetmem/discover.hpp>
//
//     hetmem::topology machine = hetmem::discover();
//     for (const hetmem::target& memory : machine.targets()) {
//         if (auto near = machine.best_initiator(memory.id)) {
//             hetmem::access a = machine.access(*near, memory.id);
//             if (a.read_latency.known()) {
//                 use(memory.name, a.read_latency.value.nanoseconds(), a.read_latency.from);
//             }
//         }
//     }
//
// Words (as in ACPI and hwloc): an *initiator* issues accesses (the CPUs of a node, a Generic
// Initiator); a *target* is a piece of memory of uniform performance (a NUMA node, a device-dax
// device, a range that only firmware knows); a *figure* is a value with its source.
//
// A topology is immutable: copies share one state, holders of an old one are unaffected by changes,
// and all functions may be called from any thread.
#pragma once

#include <hetmem/defect.hpp>
#include <hetmem/export.hpp>
#include <hetmem/id_set.hpp>
#include <hetmem/units.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem {

namespace detail {
struct state_access;
}

/// Where a figure comes from, strongest first: when several sources give one figure, the first in
/// this order is shown and the others are kept (topology::claims).
enum class source : std::uint8_t {
    override_,  ///< given by hand by whoever runs the machine
    measured,   ///< measured on this machine
    hma,        ///< the run-time replacement of the HMAT (ACPI 6.4, 6.2.19 _HMA)
    hmat,       ///< ACPI Heterogeneous Memory Attribute Table (ACPI 6.4, 5.2.27)
    cxl_region, ///< the kernel's end-to-end sums for a CXL region (region*/access*)
    sysfs,      ///< node*/access*/initiators, the best initiators only
    cdat,       ///< a CXL device's own table: its leg of the path only, never ranked
};

/// The four things that are told of a pair.
enum class quantity : std::uint8_t { read_latency, write_latency, read_bandwidth, write_bandwidth };
inline constexpr quantity all_quantities[] = {quantity::read_latency, quantity::write_latency,
                                              quantity::read_bandwidth, quantity::write_bandwidth};

/// Unknown (nobody said), unreachable (firmware says there is no path; HMAT entry 0xFFFF) and a
/// known value are three different things.
enum class knowledge : std::uint8_t { unknown, unreachable, known };

/// A value with its source. `value` and `from` mean something only when known (`from` also when
/// unreachable).
template <class Unit> struct figure {
    knowledge state = knowledge::unknown;
    Unit value{};
    source from{};

    constexpr bool known() const { return state == knowledge::known; }
    friend bool operator==(const figure&, const figure&) = default;
};

/// What is known of one (initiator, target) pair.
struct access {
    figure<latency> read_latency;
    figure<latency> write_latency;
    figure<bandwidth> read_bandwidth;
    figure<bandwidth> write_bandwidth;
    friend bool operator==(const access&, const access&) = default;
};

/// One source's word on one quantity of one pair, in the quantity's base unit (picoseconds or
/// bytes per second).
struct claim {
    source from{};
    knowledge state = knowledge::unknown;
    std::uint64_t value = 0;
    friend bool operator==(const claim&, const claim&) = default;
};

/// Positions in topology::targets() and topology::initiators() of one generation.
struct target_id {
    std::uint32_t index = 0;
    friend auto operator<=>(const target_id&, const target_id&) = default;
};
struct initiator_id {
    std::uint32_t index = 0;
    friend auto operator<=>(const initiator_id&, const initiator_id&) = default;
};

enum class memory_kind : std::uint8_t { unknown, dram, hbm, pmem, cxl, device };

enum class target_state : std::uint8_t {
    online,        ///< all of it is ordinary memory of a node
    partly_online, ///< some memory blocks of the node are offline
    offline,       ///< known to the kernel, none of it usable
    reserved,      ///< held back from ordinary allocation: reachable through a dax device only
    absent,        ///< described by firmware; neither a node nor a device has it
};

/// Physical addresses: filled only for who may read them (root).
struct address_range {
    std::uint64_t base = 0;
    std::uint64_t length = 0;
    friend bool operator==(const address_range&, const address_range&) = default;
};

/// A cache in front of a memory. The figures of the target are the medium's own; those of the
/// cache are topology::access(i, t, level).
struct memory_side_cache {
    unsigned level = 0; ///< 1 is nearest to the memory
    std::optional<byte_size> size;
    std::optional<byte_size> line_size;
    std::string associativity; ///< "direct", "complex", "none", or "" when unknown
    std::string write_policy;  ///< "write-back", "write-through", "none", or "" when unknown
    std::string address_mode;  ///< "extended-linear", or "" when unknown
    source from{};
    friend bool operator==(const memory_side_cache&, const memory_side_cache&) = default;
};

/// The pool of one huge-page size on a node (node*/hugepages).
struct huge_page_pool {
    byte_size page;
    std::uint64_t total = 0; ///< pages
    std::uint64_t free = 0;  ///< pages
    friend bool operator==(const huge_page_pool&, const huge_page_pool&) = default;
};

/// A device-dax device that holds (part of) a target.
struct dax_device {
    std::string name; ///< "dax0.0"
    byte_size size;
    std::optional<byte_size> align;
    std::string driver;                    ///< "device_dax", "kmem", or "" when no driver is bound
    std::string origin;                    ///< "soft-reserved", "cxl", "pmem", or "" when unknown
    std::optional<int> target_node;        ///< the node it would become when onlined
    std::optional<std::uint64_t> resource; ///< physical address; root only
    friend bool operator==(const dax_device&, const dax_device&) = default;
};

/// The device's own leg of the path to CXL memory, from its CDAT. Not comparable with end-to-end
/// figures: host bridge, link and switches are not in it.
struct device_leg {
    std::string device;         ///< "mem0"
    address_range device_range; ///< device physical addresses (DPA) of the DSMAS
    bool non_volatile = false;
    access figures; ///< from == source::cdat
    friend bool operator==(const device_leg&, const device_leg&) = default;
};

struct target {
    target_id id;
    std::string name; ///< stable while the memory exists: "node2", "dax0.0", "mem0", "pxm5"
    memory_kind kind = memory_kind::unknown;
    std::string kind_reason; ///< the evidence for `kind`, one sentence
    target_state state = target_state::online;
    std::optional<int> node;          ///< the kernel's node, also when it is offline
    std::optional<std::uint32_t> pxm; ///< the firmware's proximity domain; is not the node number
    std::string pxm_reason;           ///< how pxm and node were matched
    std::optional<byte_size> size;
    std::optional<byte_size> free; ///< MemFree of the node when discovered
    bool reserved = false;         ///< never used unless named or reserved memory is allowed
    std::string reserved_reason;   ///< "device-dax", "reservation hint", "device memory", ...
    id_set cpus;                   ///< CPUs of the same node
    std::optional<int> package;    ///< when the memory belongs to one
    std::vector<address_range> ranges;
    std::optional<byte_size> block_size; ///< of a memory block (hotplug granularity)
    std::uint64_t blocks = 0;            ///< memory blocks of the node
    std::uint64_t blocks_online = 0;
    std::vector<memory_side_cache> caches;
    std::vector<huge_page_pool> huge_pages;
    std::vector<dax_device> dax;
    std::vector<device_leg> device_legs;
    std::optional<int> tier;                   ///< memory_tierN; smaller is faster
    std::optional<unsigned> interleave_weight; ///< the kernel's one global weight of the node
    friend bool operator==(const target&, const target&) = default;
};

enum class initiator_kind : std::uint8_t { cpu, generic_initiator };

struct initiator {
    initiator_id id;
    std::string name; ///< "node0", or "gi2" for a Generic Initiator that became node 2
    initiator_kind kind = initiator_kind::cpu;
    std::optional<int> node;
    std::optional<std::uint32_t> pxm;
    id_set cpus; ///< empty for a Generic Initiator
    std::optional<int> package;
    std::string device; ///< Generic Initiator: "pci 0000:00:03.0" or "acpi ACPI0016:4"
    friend bool operator==(const initiator&, const initiator&) = default;
};

/// A processor package (socket).
struct package {
    int id = 0;
    id_set cpus;
    friend bool operator==(const package&, const package&) = default;
};

struct machine_info {
    std::string cpu_model;        ///< "" when unknown
    std::string architecture;     ///< "x86_64"
    std::string kernel;           ///< release, "6.12.9"
    std::optional<bool> demotion; ///< /sys/kernel/mm/numa/demotion_enabled
    friend bool operator==(const machine_info&, const machine_info&) = default;
};

enum class source_status : std::uint8_t {
    used,
    absent,        ///< the machine does not have it
    not_permitted, ///< it is there, this user may not read it
    ignored,       ///< read and set aside: `detail` says why
    malformed,     ///< read as far as possible: see topology::defects
};

/// What became of one origin.
struct source_report {
    std::string what; ///< "HMAT", "SRAT", "node attributes", ...
    std::string path;
    source_status status = source_status::used;
    std::string detail;
    friend bool operator==(const source_report&, const source_report&) = default;
};

/// One thing a person should know: what could not be read, why, and what would help.
struct notice {
    std::string what;
    std::string why;
    std::string help; ///< "" when nothing would
    friend bool operator==(const notice&, const notice&) = default;
};

/// Two sources that contradict each other; the first is the one in use.
struct disagreement {
    std::string about; ///< "read_latency node0 -> node2", "node of pxm 5", ...
    std::string used;  ///< value and source
    std::string other;
    friend bool operator==(const disagreement&, const disagreement&) = default;
};

class HETMEM_EXPORT topology {
public:
    struct state; // private to the library

    explicit topology(std::shared_ptr<const state> s);
    topology(const topology&);
    topology& operator=(const topology&);
    ~topology();

    /// Counts descriptions of one machine, from 1; a change makes a new one.
    std::uint64_t generation() const;
    /// Whether this describes the running machine, as read from it (and not a copy or a file).
    bool live() const;
    const machine_info& machine() const;
    std::span<const package> packages() const;
    std::span<const initiator> initiators() const;
    std::span<const target> targets() const;

    /// The figures of a pair, each from its strongest source. `level` 0 is the memory itself, 1 to
    /// 3 its memory-side caches. Ids that are not of this topology: all unknown.
    hetmem::access access(initiator_id from, target_id to, unsigned level = 0) const;

    /// Every source's word on one quantity of one pair, strongest first; empty when unknown.
    std::vector<claim> claims(quantity what, initiator_id from, target_id to,
                              unsigned level = 0) const;

    /// The sources that say anything at all about a quantity, strongest first.
    std::vector<source> sources_of(quantity what, unsigned level = 0) const;

    /// One source's word on one quantity from one initiator to every target, in base units:
    /// `values` has one entry a target. For ranking and for printing matrices.
    static constexpr std::uint64_t unknown_value = ~std::uint64_t{0};
    static constexpr std::uint64_t unreachable_value = ~std::uint64_t{0} - 1;
    void row(source from, quantity what, initiator_id initiator, std::span<std::uint64_t> values,
             unsigned level = 0) const;

    /// The relative SLIT distance (10 is local), from the kernel or the table. It is an order,
    /// never a time. Nothing when unknown; 255 is unreachable.
    std::optional<unsigned> distance(initiator_id from, target_id to) const;

    /// The initiator with the lowest read latency to a target (then write latency, higher read and
    /// write bandwidth, lower distance, same node, lower number). Nothing when none can reach it or
    /// nothing is known of any.
    std::optional<initiator_id> best_initiator(target_id to) const;

    /// A target by its name ("node2", "dax0.0"); also by "2" or "N2" for a node number. Nothing
    /// when no target is called so.
    std::optional<target_id> find_target(std::string_view name) const;
    /// The initiator that a CPU belongs to.
    std::optional<initiator_id> initiator_of_cpu(unsigned cpu) const;

    std::span<const source_report> sources() const;
    std::span<const notice> notices() const;
    std::span<const defect> defects() const;
    /// Computed on each call, since comparing every pair is not free.
    std::vector<disagreement> disagreements() const;

private:
    friend struct detail::state_access;
    std::shared_ptr<const state> state_;
};

/// Names as printed and as written in JSON ("hmat", "read_latency", "hbm", "online", ...).
HETMEM_EXPORT std::string_view to_string(source);
HETMEM_EXPORT std::string_view to_string(quantity);
HETMEM_EXPORT std::string_view to_string(memory_kind);
HETMEM_EXPORT std::string_view to_string(target_state);
HETMEM_EXPORT std::string_view to_string(initiator_kind);
HETMEM_EXPORT std::string_view to_string(source_status);

} // namespace hetmem
