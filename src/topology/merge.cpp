#include "topology/merge.hpp"

#include "topology/figures.hpp"
#include "topology/kind.hpp"
#include "topology/state.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace hetmem::detail {

namespace {

std::optional<byte_size> size_of(std::optional<std::uint64_t> bytes) {
    return bytes ? std::optional(byte_size::from_bytes(*bytes)) : std::nullopt;
}

bool overlaps(const address_range& a, std::uint64_t base, std::uint64_t length) {
    return base < a.base ? a.base - base < length : base - a.base < a.length;
}

class merger {
public:
    merger(all_facts facts, const pxm_map& map) : facts_(std::move(facts)), map_(map) {}

    topology::state build() {
        take_machine();
        add_cpu_initiators();
        add_generic_initiators();
        add_node_targets();
        add_dax_targets();
        add_firmware_targets();
        add_cxl_targets();
        add_caches();
        find_positions();
        add_distances();
        add_figures();
        add_packages();
        add_reservations();
        conclude_kinds(s_, evidence_);
        take_reports();
        return std::move(s_);
    }

private:
    void take_machine() {
        s_.machine = {facts_.sysfs.cpu.name, facts_.sysfs.machine.architecture,
                      facts_.sysfs.machine.kernel_release, facts_.sysfs.tiers.demotion};
        for (const kernel::cpu_package& p : facts_.sysfs.packages) {
            if (p.id >= 0) { // -1 is how the kernel says that it does not know
                s_.packages.push_back({p.id, p.cpus});
            }
        }
    }

    // ---- initiators

    std::optional<int> package_of(const id_set& cpus) const {
        for (const package& p : s_.packages) {
            if (!cpus.empty() && p.cpus.includes(cpus)) {
                return p.id;
            }
        }
        return std::nullopt;
    }

    void add_initiator(initiator i) {
        i.package = package_of(i.cpus);
        s_.initiators.push_back(std::move(i));
    }

    void add_cpu_initiators() {
        for (const kernel::node& n : facts_.sysfs.nodes.nodes) {
            if (n.cpus.empty()) {
                continue;
            }
            const int node = static_cast<int>(n.number);
            std::vector<std::uint32_t> domains;
            for (const std::uint32_t pxm : map_.pxms_of(node)) {
                if (!map_.cpus_of(pxm).empty()) {
                    domains.push_back(pxm);
                }
            }
            if (domains.size() > 1) {
                // Linux put several proximity domains into one node (it does so when it rejects
                // the SRAT); firmware's figures are still each domain's own.
                for (const std::uint32_t pxm : domains) {
                    add_initiator({{},
                                   fmt::format("pxm{}", pxm),
                                   initiator_kind::cpu,
                                   node,
                                   pxm,
                                   map_.cpus_of(pxm),
                                   {},
                                   ""});
                }
                continue;
            }
            const auto pxm = domains.empty() ? map_.pxm_of(node) : std::optional(domains.front());
            add_initiator(
                {{}, fmt::format("node{}", node), initiator_kind::cpu, node, pxm, n.cpus, {}, ""});
        }
        if (s_.initiators.empty() && !facts_.sysfs.online_cpus.empty()) {
            add_initiator(
                {{}, "cpus", initiator_kind::cpu, {}, {}, facts_.sysfs.online_cpus, {}, ""});
        }
    }

    void add_generic_initiators() {
        id_set nodes = facts_.sysfs.nodes.has_generic_initiator.value_or(id_set{});
        for (const acpi_facts::generic_initiator& g : facts_.acpi.generic_initiators) {
            const pxm_map::match* match = map_.node_of(g.pxm);
            const auto twin =
                std::find_if(s_.initiators.begin(), s_.initiators.end(), [&](const initiator& i) {
                    return i.kind == initiator_kind::generic_initiator && i.pxm == g.pxm;
                });
            const std::string device = acpi::to_string(g.device);
            if (twin != s_.initiators.end()) {
                twin->device += (twin->device.empty() ? "" : ", ") + device;
                continue;
            }
            const auto node = match != nullptr ? std::optional(match->node) : std::nullopt;
            add_initiator({{},
                           node ? fmt::format("gi{}", *node) : fmt::format("pxm{}", g.pxm),
                           initiator_kind::generic_initiator,
                           node,
                           g.pxm,
                           {},
                           {},
                           device});
            if (node) {
                id_set known;
                known.insert(static_cast<unsigned>(*node));
                nodes.erase(known);
            }
        }
        for (const unsigned n : nodes.to_vector()) {
            const int node = static_cast<int>(n);
            add_initiator({{},
                           fmt::format("gi{}", n),
                           initiator_kind::generic_initiator,
                           node,
                           map_.pxm_of(node),
                           {},
                           {},
                           ""});
        }
    }

    // ---- targets

    std::size_t add_target(target t) {
        s_.targets.push_back(std::move(t));
        return s_.targets.size() - 1;
    }

    bool is_initiator_node(int node) const {
        return std::any_of(s_.initiators.begin(), s_.initiators.end(),
                           [&](const initiator& i) { return i.node == node; });
    }

    void add_node_targets() {
        const kernel::node_list& nodes = facts_.sysfs.nodes;
        for (std::size_t n = 0; n < nodes.nodes.size(); ++n) {
            const kernel::node& from = nodes.nodes[n];
            const int number = static_cast<int>(from.number);
            const bool has_memory =
                from.total_bytes.value_or(0) != 0 || !from.memory_blocks.empty();
            // A node for CPUs or a Generic Initiator alone is no memory. One without anything is
            // kept: firmware meant it for memory that may come.
            if (!has_memory && is_initiator_node(number)) {
                continue;
            }
            target t;
            t.name = fmt::format("node{}", number);
            t.node = number;
            t.size = size_of(from.total_bytes);
            t.free = size_of(from.free_bytes);
            t.cpus = from.cpus;
            t.block_size = size_of(facts_.sysfs.blocks.block_size_bytes);
            t.blocks = from.memory_blocks.size();
            t.state =
                from.total_bytes.value_or(0) == 0 ? target_state::offline : target_state::online;
            t.blocks_online = t.state == target_state::online ? t.blocks : 0;
            if (n < facts_.sysfs.blocks.online.size() && facts_.sysfs.blocks.online[n]) {
                t.blocks_online = *facts_.sysfs.blocks.online[n];
                if (t.state == target_state::online && t.blocks_online < t.blocks) {
                    t.state = target_state::partly_online;
                }
            }
            for (const kernel::huge_page_counts& h : from.huge_pages) {
                t.huge_pages.push_back({byte_size::from_bytes(h.page_bytes), h.total, h.free});
            }
            const auto& tiers = facts_.sysfs.tiers;
            if (const auto tier = tiers.tier_of_node.find(from.number);
                tier != tiers.tier_of_node.end()) {
                t.tier = tier->second;
            }
            if (const auto weight = tiers.interleave_weight_of_node.find(from.number);
                weight != tiers.interleave_weight_of_node.end()) {
                t.interleave_weight = weight->second;
            }
            set_memory_domain(t, number);
            add_target(std::move(t));
        }
        if (s_.targets.empty() && facts_.sysfs.totals.total_bytes) {
            target t; // a kernel without NUMA
            t.name = "ram";
            t.size = size_of(facts_.sysfs.totals.total_bytes);
            t.free = size_of(facts_.sysfs.totals.free_bytes);
            t.cpus = facts_.sysfs.online_cpus;
            add_target(std::move(t));
        }
    }

    bool has_memory_range(std::uint32_t pxm) const {
        return std::any_of(facts_.acpi.memories.begin(), facts_.acpi.memories.end(),
                           [&](const acpi_facts::memory& m) { return m.pxm == pxm; });
    }

    /// The proximity domain of a node's memory: of several in one node those with memory count.
    void set_memory_domain(target& t, int node) {
        std::vector<std::uint32_t> domains = map_.pxms_of(node);
        if (domains.size() > 1) {
            std::erase_if(domains, [&](std::uint32_t pxm) { return !has_memory_range(pxm); });
        }
        if (domains.size() == 1) {
            t.pxm = domains.front();
            t.pxm_reason = map_.node_of(domains.front())->reason;
            set_ranges(t);
        } else if (domains.size() > 1) {
            std::string list;
            for (const std::uint32_t pxm : domains) {
                list += fmt::format("{}{}", list.empty() ? "" : ", ", pxm);
            }
            t.pxm_reason = fmt::format("Linux put proximity domains {} into this node", list);
            s_.notices.push_back({fmt::format("firmware's figures of node{}", node),
                                  fmt::format("Linux put proximity domains {} into it, each with "
                                              "figures of its own",
                                              list),
                                  "see the kernel log for why it did not use the SRAT"});
        }
    }

    void set_ranges(target& t) {
        for (const acpi_facts::memory& m : facts_.acpi.memories) {
            if (m.pxm == t.pxm) {
                t.ranges.push_back(m.range);
            }
        }
    }

    std::optional<std::uint32_t> domain_of(const dax_device& d) const {
        if (d.resource) {
            for (const acpi_facts::memory& m : facts_.acpi.memories) {
                if (overlaps(m.range, *d.resource, 1)) {
                    return m.pxm;
                }
            }
        }
        return d.target_node ? map_.pxm_of(*d.target_node) : std::nullopt;
    }

    void add_dax_targets() {
        for (const device_facts::dax& dax : facts_.devices.dax_devices) {
            const dax_device& d = dax.device;
            if (d.driver == "kmem") {
                const auto node =
                    std::find_if(s_.targets.begin(), s_.targets.end(), [&](const target& t) {
                        return d.target_node && t.node == d.target_node &&
                               t.state != target_state::reserved;
                    });
                if (node != s_.targets.end()) {
                    node->dax.push_back(d);
                    target_of_dax_[d.name] = static_cast<std::size_t>(node - s_.targets.begin());
                    continue;
                }
            }
            target t;
            t.name = d.name;
            t.state = d.driver == "kmem" ? target_state::offline : target_state::reserved;
            t.node = d.target_node;
            t.size = d.size;
            t.reserved = true;
            t.reserved_reason =
                fmt::format("device-dax {}{}{}", d.name, d.origin.empty() ? "" : ", ", d.origin);
            t.pxm = domain_of(d);
            if (t.pxm) {
                t.pxm_reason = d.resource ? "SRAT memory range and resource of " + d.name
                                          : map_.node_of(*t.pxm)->reason;
            }
            if (d.resource) {
                t.ranges.push_back({*d.resource, d.size.bytes()});
            }
            t.dax.push_back(d);
            target_of_dax_[d.name] = add_target(std::move(t));
        }
    }

    /// Memory that the SRAT describes and nothing of the kernel shows.
    void add_firmware_targets() {
        std::vector<std::uint32_t> domains;
        for (const acpi_facts::memory& m : facts_.acpi.memories) {
            const bool known = std::any_of(s_.targets.begin(), s_.targets.end(),
                                           [&](const target& t) { return t.pxm == m.pxm; });
            if (!known && std::find(domains.begin(), domains.end(), m.pxm) == domains.end()) {
                domains.push_back(m.pxm);
            }
        }
        for (const std::uint32_t pxm : domains) {
            target t;
            t.name = fmt::format("pxm{}", pxm);
            t.pxm = pxm;
            t.state = target_state::absent;
            if (const pxm_map::match* match = map_.node_of(pxm)) {
                t.node = match->node;
                t.pxm_reason = match->reason;
            }
            set_ranges(t);
            std::uint64_t size = 0;
            bool only_hot_plug = true;
            for (const acpi_facts::memory& m : facts_.acpi.memories) {
                if (m.pxm == pxm) {
                    size += m.range.length;
                    only_hot_plug = only_hot_plug && m.hot_pluggable;
                }
            }
            t.size = byte_size::from_bytes(size);
            const bool soft_reserved = std::any_of(
                facts_.soft_reserved.ranges.begin(), facts_.soft_reserved.ranges.end(),
                [&](const kernel::physical_range& r) {
                    return std::any_of(t.ranges.begin(), t.ranges.end(), [&](const auto& range) {
                        return overlaps(range, r.base, r.length);
                    });
                });
            std::string why;
            if (soft_reserved) {
                t.state = target_state::reserved;
                t.reserved = true;
                t.reserved_reason = "soft-reserved, and no dax device shows it (is the module "
                                    "dax_hmem loaded?)";
            } else if (only_hot_plug) {
                why = "room for memory that may be plugged in";
            } else {
                why = "described by the SRAT; neither a node nor a device has it";
            }
            const std::size_t position = add_target(std::move(t));
            if (!why.empty()) {
                evidence_.absent[position] = why;
            }
        }
    }

    /// Regions name their targets; devices that are in no region are memory that nobody can use.
    void add_cxl_targets() {
        for (const kernel::cxl_region& region : facts_.devices.regions) {
            std::string devices;
            for (const std::string& name : region.memdevs) {
                devices += (devices.empty() ? " of " : ", ") + name;
            }
            for (const std::size_t t : targets_of(region)) {
                evidence_.cxl[t] = region.name + devices;
                at_.targets_of_region[region.name].push_back(static_cast<std::uint32_t>(t));
                for (const std::string& name : region.memdevs) {
                    const auto legs = facts_.devices.legs.find(name);
                    if (legs != facts_.devices.legs.end()) {
                        s_.targets[t].device_legs.insert(s_.targets[t].device_legs.end(),
                                                         legs->second.begin(), legs->second.end());
                    }
                }
            }
        }
        for (const kernel::cxl_memdev& device : facts_.devices.memdevs) {
            const bool mapped =
                std::any_of(facts_.devices.regions.begin(), facts_.devices.regions.end(),
                            [&](const kernel::cxl_region& region) {
                                return std::find(region.memdevs.begin(), region.memdevs.end(),
                                                 device.name) != region.memdevs.end() &&
                                       at_.targets_of_region.contains(region.name);
                            });
            if (mapped) {
                continue;
            }
            target t;
            t.name = device.name;
            t.state = target_state::offline;
            t.size =
                byte_size::from_bytes(device.ram_bytes.value_or(0) + device.pmem_bytes.value_or(0));
            if (const auto legs = facts_.devices.legs.find(device.name);
                legs != facts_.devices.legs.end()) {
                t.device_legs = legs->second;
            }
            const bool persistent = device.ram_bytes.value_or(0) == 0;
            const std::size_t position = add_target(std::move(t));
            evidence_.cxl[position] =
                fmt::format("CXL memory device {}{}, in no region that is mapped", device.name,
                            persistent ? " (persistent)" : "");
        }
    }

    std::vector<std::size_t> targets_of(const kernel::cxl_region& region) const {
        std::vector<std::size_t> out;
        for (const std::string& dax : region.dax_devices) {
            if (const auto it = target_of_dax_.find(dax); it != target_of_dax_.end()) {
                out.push_back(it->second);
            }
        }
        const std::uint64_t block = facts_.sysfs.blocks.block_size_bytes.value_or(0);
        if (out.empty() && region.resource && block != 0) {
            const std::uint64_t number = *region.resource / block;
            for (const kernel::node& n : facts_.sysfs.nodes.nodes) {
                if (std::binary_search(n.memory_blocks.begin(), n.memory_blocks.end(), number)) {
                    for (std::size_t t = 0; t < s_.targets.size(); ++t) {
                        if (s_.targets[t].node == static_cast<int>(n.number)) {
                            out.push_back(t);
                        }
                    }
                }
            }
        }
        return out;
    }

    // ---- what is told of targets

    static memory_side_cache from_firmware(const acpi::side_cache& c) {
        memory_side_cache out;
        out.level = c.attributes.level();
        out.size = byte_size::from_bytes(c.cache_size);
        if (c.attributes.line_size() != 0) {
            out.line_size = byte_size::from_bytes(c.attributes.line_size());
        }
        out.associativity = acpi::to_string(c.attributes.associativity());
        out.write_policy = acpi::to_string(c.attributes.write_policy());
        out.address_mode = c.address_mode_name();
        out.from = source::hmat;
        return out;
    }

    static memory_side_cache from_kernel(const kernel::side_cache& c) {
        const auto is = [](const std::optional<std::uint64_t>& value, std::uint64_t number) {
            return value == number;
        };
        memory_side_cache out;
        out.level = c.level;
        out.size = size_of(c.size_bytes);
        out.line_size = size_of(c.line_size_bytes);
        out.associativity = is(c.indexing, 0) ? "direct" : is(c.indexing, 1) ? "complex" : "";
        out.write_policy = is(c.write_policy, 0)   ? "write-back"
                           : is(c.write_policy, 1) ? "write-through"
                                                   : "";
        out.address_mode = is(c.address_mode, 1) ? "extended-linear" : "";
        out.from = source::sysfs;
        return out;
    }

    void add_caches() {
        if (facts_.acpi.hmat) {
            for (const acpi::hmat_structure& structure : facts_.acpi.hmat->structures) {
                const auto* cache = std::get_if<acpi::side_cache>(&structure);
                for (target& t : s_.targets) {
                    if (cache != nullptr && t.pxm == cache->memory_pxm) {
                        t.caches.push_back(from_firmware(*cache));
                    }
                }
            }
        }
        for (const kernel::node& n : facts_.sysfs.nodes.nodes) {
            for (const kernel::side_cache& c : n.caches) {
                add_kernel_cache(static_cast<int>(n.number), from_kernel(c));
            }
        }
        for (target& t : s_.targets) {
            std::stable_sort(t.caches.begin(), t.caches.end(),
                             [](const auto& a, const auto& b) { return a.level < b.level; });
        }
    }

    void add_kernel_cache(int node, memory_side_cache cache) {
        target* t = node_target(node);
        if (t == nullptr) {
            return;
        }
        for (const memory_side_cache& known : t->caches) {
            if (known.level != cache.level) {
                continue;
            }
            if (known.size != cache.size) {
                const auto words = [](const memory_side_cache& c) {
                    return fmt::format("{} ({})",
                                       c.size ? fmt::format("{} bytes", c.size->bytes())
                                              : std::string("unknown"),
                                       to_string(c.from));
                };
                s_.disagreements.push_back(
                    {fmt::format("size of the level {} memory-side cache of {}", cache.level,
                                 t->name),
                     words(known), words(cache)});
            }
            return;
        }
        t->caches.push_back(std::move(cache));
    }

    /// The target that is a node of the kernel (and not a dax device that would become it).
    target* node_target(int node) {
        for (target& t : s_.targets) {
            if (t.node == node && t.state != target_state::reserved &&
                t.state != target_state::absent) {
                return &t;
            }
        }
        return nullptr;
    }

    void find_positions() {
        at_.initiators = s_.initiators.size();
        at_.targets = s_.targets.size();
        for (std::uint32_t i = 0; i < s_.initiators.size(); ++i) {
            const initiator& from = s_.initiators[i];
            if (from.pxm) {
                at_.initiators_of_pxm[*from.pxm].push_back(i);
            }
            if (from.node) {
                at_.initiators_of_node[*from.node].push_back(i);
            }
        }
        for (std::uint32_t n = 0; n < s_.targets.size(); ++n) {
            const target& t = s_.targets[n];
            if (t.pxm) {
                at_.targets_of_pxm[*t.pxm].push_back(n);
            }
            if (t.node && t.state != target_state::reserved && t.state != target_state::absent) {
                at_.targets_of_node[*t.node].push_back(n);
            }
        }
    }

    void add_distances() {
        const kernel::node_list& nodes = facts_.sysfs.nodes;
        // Column of a node in the kernel's rows.
        std::map<int, std::size_t> columns;
        for (std::size_t c = 0; c < nodes.distance_columns.size(); ++c) {
            columns[static_cast<int>(nodes.distance_columns[c])] = c;
        }
        const auto row_of = [&](std::optional<int> node) -> const std::vector<std::uint8_t>* {
            const kernel::node* n =
                node && *node >= 0 ? nodes.find(static_cast<unsigned>(*node)) : nullptr;
            return n == nullptr || n->distances.empty() ? nullptr : &n->distances;
        };
        // What the kernel would say of each target, once for all rows.
        constexpr std::size_t no_column = ~std::size_t{0};
        std::vector<std::size_t> column_of(s_.targets.size(), no_column);
        for (std::size_t t = 0; t < s_.targets.size(); ++t) {
            if (s_.targets[t].node) {
                const auto it = columns.find(*s_.targets[t].node);
                column_of[t] = it == columns.end() ? no_column : it->second;
            }
        }
        const std::size_t width = s_.targets.size();
        s_.distances.assign(s_.initiators.size() * width, 0);
        for (std::size_t i = 0; i < s_.initiators.size(); ++i) {
            const initiator& from = s_.initiators[i];
            const auto* row = row_of(from.node);
            for (std::size_t t = 0; t < width; ++t) {
                std::uint8_t& out = s_.distances[i * width + t];
                if (row != nullptr && column_of[t] < row->size()) {
                    out = (*row)[column_of[t]];
                } else if (facts_.acpi.slit && from.pxm && s_.targets[t].pxm) {
                    out = facts_.acpi.slit->distance(*from.pxm, *s_.targets[t].pxm).value_or(0);
                }
            }
        }
    }

    void add_figures() {
        const auto add = [&](std::vector<figure_layer> layers) {
            std::move(layers.begin(), layers.end(), std::back_inserter(s_.layers));
        };
        if (facts_.acpi.hmat) {
            add(hmat_layers(*facts_.acpi.hmat, at_));
        }
        add(cxl_layers(facts_.devices, at_));
        add(sysfs_layers(facts_.sysfs.nodes, at_));
    }

    /// The package of the initiators that firmware or the kernel attach to a target, or else of the
    /// nearest; nothing when those are in several packages.
    void add_packages() {
        for (std::size_t t = 0; t < s_.targets.size(); ++t) {
            target& memory = s_.targets[t];
            memory.package = package_of(memory.cpus);
            if (memory.package || s_.packages.empty()) {
                continue;
            }
            std::vector<std::optional<int>> packages = attached_packages(memory);
            if (packages.empty()) {
                packages = nearest_packages(t);
            }
            const bool one = !packages.empty() &&
                             std::all_of(packages.begin(), packages.end(),
                                         [&](const auto& p) { return p == packages.front(); });
            if (one) {
                memory.package = packages.front();
            }
        }
    }

    std::vector<std::optional<int>> attached_packages(const target& memory) const {
        std::vector<std::optional<int>> out;
        const auto add = [&](const auto& where, const auto& key) {
            if (const auto it = where.find(key); it != where.end()) {
                for (const std::uint32_t i : it->second) {
                    if (s_.initiators[i].kind == initiator_kind::cpu) {
                        out.push_back(s_.initiators[i].package);
                    }
                }
            }
        };
        if (facts_.acpi.hmat && memory.pxm) {
            const unsigned revision = facts_.acpi.hmat->header.revision;
            for (const acpi::hmat_structure& structure : facts_.acpi.hmat->structures) {
                const auto* a = std::get_if<acpi::memory_attributes>(&structure);
                if (a != nullptr && a->initiator_valid() && a->memory_valid(revision) &&
                    a->memory_pxm == memory.pxm) {
                    add(at_.initiators_of_pxm, a->initiator_pxm);
                }
            }
        }
        for (const device_facts::dax& dax : facts_.devices.dax_devices) {
            const auto found = target_of_dax_.find(dax.device.name);
            if (out.empty() && dax.nearest_node && found != target_of_dax_.end() &&
                &s_.targets[found->second] == &memory) {
                add(at_.initiators_of_node, *dax.nearest_node);
            }
        }
        const kernel::node* n =
            memory.node && memory.state != target_state::reserved && *memory.node >= 0
                ? facts_.sysfs.nodes.find(static_cast<unsigned>(*memory.node))
                : nullptr;
        if (out.empty() && n != nullptr) {
            for (const auto& access : {n->access1, n->access0}) {
                if (access && out.empty()) {
                    for (const unsigned from : access->initiators) {
                        add(at_.initiators_of_node, static_cast<int>(from));
                    }
                }
            }
        }
        return out;
    }

    std::vector<std::optional<int>> nearest_packages(std::size_t t) const {
        std::vector<std::optional<int>> out;
        unsigned least = 255;
        for (std::size_t i = 0; i < s_.initiators.size(); ++i) {
            const unsigned d = s_.distances[i * s_.targets.size() + t];
            if (s_.initiators[i].kind != initiator_kind::cpu || d == 0 || d > least) {
                continue;
            }
            if (d < least) {
                least = d;
                out.clear();
            }
            out.push_back(s_.initiators[i].package);
        }
        return out;
    }

    void add_reservations() {
        if (facts_.acpi.hmat) {
            const unsigned revision = facts_.acpi.hmat->header.revision;
            for (const acpi::hmat_structure& structure : facts_.acpi.hmat->structures) {
                const auto* a = std::get_if<acpi::memory_attributes>(&structure);
                if (a == nullptr || !a->reservation_hint(revision)) {
                    continue;
                }
                for (target& t : s_.targets) {
                    if (t.pxm == a->memory_pxm && !t.reserved) {
                        t.reserved = true;
                        t.reserved_reason = "reservation hint of the HMAT; Linux does not heed it";
                    }
                }
            }
        }
        for (std::size_t t = 0; t < s_.targets.size(); ++t) {
            target& memory = s_.targets[t];
            for (const kernel::gpu_node& gpu : facts_.sysfs.gpu_nodes) {
                if (memory.node == static_cast<int>(gpu.node)) {
                    evidence_.device[t] = "memory of GPU " + gpu.pci_address;
                    memory.reserved = true;
                    memory.reserved_reason = "device memory of GPU " + gpu.pci_address;
                }
            }
            const bool non_volatile = std::any_of(
                facts_.acpi.memories.begin(), facts_.acpi.memories.end(),
                [&](const acpi_facts::memory& m) { return memory.pxm == m.pxm && m.non_volatile; });
            if (non_volatile) {
                evidence_.pmem[t] = "non-volatile by the SRAT";
            }
            for (const dax_device& d : memory.dax) {
                if (d.origin == "pmem") {
                    evidence_.pmem[t] = d.name + " is a persistent memory device";
                } else if (d.origin == "cxl") {
                    evidence_.cxl.try_emplace(t, d.name + " is in a CXL region");
                }
            }
            // Knights Landing: no table tells of its MCDRAM but by distance.
            const kernel::cpu_model& cpu = facts_.sysfs.cpu;
            if (cpu.vendor == "GenuineIntel" && cpu.family == 6U &&
                (cpu.model == 87U || cpu.model == 133U) && memory.cpus.empty()) {
                evidence_.hbm[t] = "MCDRAM: memory without CPUs on a Xeon Phi";
            }
        }
    }

    void take_reports() {
        const auto append = [](auto& to, auto& from) {
            to.insert(to.end(), std::make_move_iterator(from.begin()),
                      std::make_move_iterator(from.end()));
        };
        append(s_.sources, facts_.acpi.reports);
        append(s_.sources, facts_.sysfs.reports);
        append(s_.sources, facts_.devices.reports);
        append(s_.notices, facts_.acpi.notices);
        append(s_.notices, facts_.devices.notices);
        append(s_.defects, facts_.acpi.defects);
        append(s_.defects, facts_.devices.defects);
        s_.disagreements.insert(s_.disagreements.end(), map_.conflicts().begin(),
                                map_.conflicts().end());
    }

    all_facts facts_;
    const pxm_map& map_;
    topology::state s_;
    positions at_;
    kind_evidence evidence_;
    std::map<std::string, std::size_t> target_of_dax_;
};

} // namespace

topology merge(all_facts facts, const pxm_map& map, bool live) {
    topology::state s = merger(std::move(facts), map).build();
    s.live = live;
    return finish_topology(std::move(s));
}

} // namespace hetmem::detail
