#include "topology/merger.hpp"

#include "topology/sizes.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace hetmem::detail {

namespace {

memory_side_cache from_firmware(const acpi::side_cache& c, source from) {
    memory_side_cache out;
    out.level = c.attributes.level();
    out.size = byte_size::from_bytes(c.cache_size);
    if (c.attributes.line_size() != 0) {
        out.line_size = byte_size::from_bytes(c.attributes.line_size());
    }
    out.associativity = acpi::to_string(c.attributes.associativity());
    out.write_policy = acpi::to_string(c.attributes.write_policy());
    out.address_mode = c.address_mode_name();
    out.from = from;
    return out;
}

memory_side_cache from_kernel(const kernel::side_cache& c) {
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

} // namespace

void merger::add_caches() {
    if (facts_.acpi.hmat) {
        for (const acpi::hmat_structure& structure : facts_.acpi.hmat->structures) {
            const auto* cache = std::get_if<acpi::side_cache>(&structure);
            for (target& t : s_.targets) {
                if (cache != nullptr && t.pxm == cache->memory_pxm) {
                    t.caches.push_back(from_firmware(*cache, facts_.acpi.hmat_from));
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

bool merger::has_replaced_cache(const target& memory) const {
    if (!facts_.acpi.replaced) {
        return false;
    }
    const auto& structures = facts_.acpi.replaced->structures;
    return std::any_of(structures.begin(), structures.end(), [&](const auto& structure) {
        const auto* cache = std::get_if<acpi::side_cache>(&structure);
        return cache != nullptr && memory.pxm == cache->memory_pxm;
    });
}

void merger::add_kernel_cache(int node, memory_side_cache cache) {
    target* t = node_target(node);
    if (t == nullptr || has_replaced_cache(*t)) {
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
                {fmt::format("size of the level {} memory-side cache of {}", cache.level, t->name),
                 words(known), words(cache)});
        }
        return;
    }
    t->caches.push_back(std::move(cache));
}

void merger::add_distances() {
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

void merger::add_packages() {
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
        const bool one =
            !packages.empty() && std::all_of(packages.begin(), packages.end(),
                                             [&](const auto& p) { return p == packages.front(); });
        if (one) {
            memory.package = packages.front();
        }
    }
}

std::vector<std::optional<int>> merger::attached_packages(const target& memory) const {
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

std::vector<std::optional<int>> merger::nearest_packages(std::size_t t) const {
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

void merger::add_generic_initiator_memory(std::size_t t) {
    target& memory = s_.targets[t];
    for (const initiator& i : s_.initiators) {
        if (i.kind == initiator_kind::generic_initiator && i.node && i.node == memory.node &&
            memory.cpus.empty() && !memory.reserved) {
            const std::string device = i.device.empty() ? std::string() : " (" + i.device + ")";
            evidence_.device.try_emplace(t, "memory of the Generic Initiator " + i.name + device);
            memory.reserved = true;
            memory.reserved_reason = "device memory of the Generic Initiator " + i.name + device;
        }
    }
}

bool merger::is_non_volatile(const target& memory) const {
    // A domain may hold volatile and non-volatile ranges; a dax device lies in one of them.
    const bool one_range = !memory.dax.empty() && memory.dax.front().resource.has_value();
    bool any = false;
    for (const acpi_facts::memory& m : facts_.acpi.memories) {
        const bool counts = one_range
                                ? *memory.dax.front().resource >= m.range.base &&
                                      *memory.dax.front().resource - m.range.base < m.range.length
                                : memory.pxm == m.pxm;
        if (counts && !m.non_volatile) {
            return false;
        }
        any = any || counts;
    }
    return any;
}

void merger::add_reservation_hints() {
    const auto reserve = [this](std::uint32_t pxm, std::string_view why, bool also_absent) {
        for (target& t : s_.targets) {
            if (t.pxm == pxm && !t.reserved && (also_absent || t.state != target_state::absent)) {
                t.reserved = true;
                t.reserved_reason = why;
            }
        }
    };
    if (facts_.acpi.hmat) {
        const unsigned revision = facts_.acpi.hmat->header.revision;
        for (const acpi::hmat_structure& structure : facts_.acpi.hmat->structures) {
            const auto* a = std::get_if<acpi::memory_attributes>(&structure);
            if (a == nullptr || !a->reservation_hint(revision) || !a->memory_valid(revision)) {
                continue;
            }
            reserve(a->memory_pxm, "reservation hint of the HMAT; Linux does not heed it", true);
        }
    }
    for (const std::uint32_t pxm : facts_.acpi.reservation_hints) {
        reserve(pxm,
                "reservation hint of an earlier HMAT, which a new one does not take back; Linux "
                "does not heed it",
                false);
    }
}

void merger::add_kind_evidence() {
    for (std::size_t t = 0; t < s_.targets.size(); ++t) {
        target& memory = s_.targets[t];
        for (const kernel::gpu_node& gpu : facts_.sysfs.gpu_nodes) {
            if (memory.node == static_cast<int>(gpu.node)) {
                evidence_.device[t] = "memory of GPU " + gpu.pci_address;
                memory.reserved = true;
                memory.reserved_reason = "device memory of GPU " + gpu.pci_address;
            }
        }
        add_generic_initiator_memory(t);
        if (is_non_volatile(memory)) {
            evidence_.pmem[t] = "non-volatile by the SRAT";
        }
        for (const dax_device& d : memory.dax) {
            if (!memory.cpus.empty()) {
                break; // it was added to the memory of CPUs, which is of another kind
            }
            if (d.origin == "pmem") {
                evidence_.pmem[t] = d.name + " is a persistent memory device";
            } else if (d.origin == "cxl") {
                evidence_.cxl.try_emplace(t, d.name + " is in a CXL region");
            }
        }
        // Knights Landing (57h) and Mill (85h): no table tells of their MCDRAM but by distance.
        const kernel::cpu_model& cpu = facts_.sysfs.cpu;
        const unsigned model = cpu.model.value_or(0);
        const bool xeon_phi = cpu.vendor == "GenuineIntel" && cpu.family.value_or(0) == 6 &&
                              (model == 0x57 || model == 0x85);
        if (xeon_phi && memory.cpus.empty()) {
            evidence_.hbm[t] = "MCDRAM: memory without CPUs on a Xeon Phi";
        }
    }
}

} // namespace hetmem::detail
