#include "topology/figures.hpp"

#include "topology/value_text.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace hetmem::detail {

namespace {

/// The structures that describe one quantity at one level. Those for a minimum transfer size or for
/// non-sequential transfers describe other patterns than plain access, and count only when there
/// is nothing else.
std::vector<const acpi::locality*> structures_for(const acpi::hmat& table, quantity what,
                                                  unsigned level) {
    std::vector<const acpi::locality*> plain;
    std::vector<const acpi::locality*> special;
    for (const acpi::hmat_structure& structure : table.structures) {
        const auto* matrix = std::get_if<acpi::locality>(&structure);
        if (matrix != nullptr && speaks_of(matrix->kind, what) &&
            matrix->cache_level(table.header.revision) == level) {
            const bool is_special =
                matrix->minimum_transfer_size_needed() || matrix->non_sequential();
            (is_special ? special : plain).push_back(matrix);
        }
    }
    return plain.empty() ? special : plain;
}

const positions::list& found(const std::map<std::uint32_t, positions::list>& where,
                             std::uint32_t pxm) {
    static const positions::list none;
    const auto it = where.find(pxm);
    return it == where.end() ? none : it->second;
}

void add_structure(const acpi::locality& matrix, unsigned revision, const positions& at,
                   figure_layer& layer) {
    const acpi::normalizer normalize = matrix.normalizer(revision);
    const acpi::cell_marks marks{topology::unknown_value, topology::unreachable_value,
                                 topology::unknown_value};
    // Where each column goes, once for all rows.
    std::vector<std::pair<std::uint32_t, std::uint32_t>> columns;
    for (std::size_t c = 0; c < matrix.targets.size(); ++c) {
        for (const std::uint32_t t : found(at.targets_of_pxm, matrix.targets[c])) {
            columns.emplace_back(static_cast<std::uint32_t>(c), t);
        }
    }
    std::vector<std::uint64_t> values(matrix.targets.size());
    for (std::size_t r = 0; r < matrix.initiators.size(); ++r) {
        const auto& initiators = found(at.initiators_of_pxm, matrix.initiators[r]);
        if (initiators.empty()) {
            continue;
        }
        std::fill(values.begin(), values.end(), topology::unknown_value);
        normalize.row(matrix.row(r), values, marks);
        for (const std::uint32_t i : initiators) {
            for (const auto& [column, t] : columns) {
                if (values[column] != topology::unknown_value) {
                    layer.set(i, t, values[column]);
                }
            }
        }
    }
}

/// The kernel writes 0 where it has no figure, and an absurd number can only be garbage.
std::uint64_t in_base_units(std::optional<std::uint64_t> printed, std::uint64_t unit) {
    const bool usable = printed && *printed != 0 && *printed <= (std::uint64_t{1} << 40);
    return usable ? *printed * unit : topology::unknown_value;
}

constexpr std::uint64_t picoseconds_per_nanosecond = 1000;
constexpr std::uint64_t bytes_per_megabyte = 1'000'000;

/// The four layers that a handful of pairs from the kernel's files go into.
class sparse_layers {
public:
    sparse_layers(source from, const positions& at) {
        for (const quantity what : all_quantities) {
            layers_.emplace_back(from, what, 0, at.initiators, at.targets,
                                 figure_layer::storage::sparse);
        }
    }

    /// Figures as the kernel prints them: nanoseconds and megabytes per second.
    template <class Printed> void set(std::uint32_t i, std::uint32_t t, const Printed& printed) {
        const std::array<std::uint64_t, 4> values = {
            in_base_units(printed.read_latency_ns, picoseconds_per_nanosecond),
            in_base_units(printed.write_latency_ns, picoseconds_per_nanosecond),
            in_base_units(printed.read_bandwidth_mb, bytes_per_megabyte),
            in_base_units(printed.write_bandwidth_mb, bytes_per_megabyte)};
        for (std::size_t q = 0; q < values.size(); ++q) {
            if (values[q] != topology::unknown_value) {
                layers_[q].set(i, t, values[q]);
            }
        }
    }

    std::vector<figure_layer> take() {
        for (figure_layer& layer : layers_) {
            layer.finish();
        }
        return std::move(layers_);
    }

private:
    std::vector<figure_layer> layers_;
};

} // namespace

bool speaks_of(acpi::data_type kind, quantity what) {
    switch (kind) {
    case acpi::data_type::access_latency:
        return is_latency(what);
    case acpi::data_type::access_bandwidth:
        return !is_latency(what);
    case acpi::data_type::read_latency:
        return what == quantity::read_latency;
    case acpi::data_type::write_latency:
        return what == quantity::write_latency;
    case acpi::data_type::read_bandwidth:
        return what == quantity::read_bandwidth;
    case acpi::data_type::write_bandwidth:
        return what == quantity::write_bandwidth;
    }
    return false;
}

std::vector<figure_layer> hmat_layers(const acpi::hmat& table, source from, const positions& at) {
    std::vector<figure_layer> layers;
    for (const unsigned level : {0U, 1U, 2U, 3U}) {
        for (const quantity what : all_quantities) {
            const auto structures = structures_for(table, what, level);
            if (structures.empty()) {
                continue;
            }
            std::size_t cells = 0;
            for (const acpi::locality* matrix : structures) {
                cells += matrix->entries.size();
            }
            const bool dense = cells * 4 >= at.initiators * at.targets;
            figure_layer layer(from, what, level, at.initiators, at.targets,
                               dense ? figure_layer::storage::dense
                                     : figure_layer::storage::sparse);
            for (const acpi::locality* matrix : structures) {
                add_structure(*matrix, table.header.revision, at, layer);
            }
            layer.finish();
            layers.push_back(std::move(layer));
        }
    }
    return layers;
}

std::vector<figure_layer> sysfs_layers(const kernel::node_list& nodes, const positions& at,
                                       std::span<const figure_layer> replaced) {
    const auto is_replaced = [&](std::uint32_t i, std::uint32_t t) {
        return std::any_of(replaced.begin(), replaced.end(), [&](const figure_layer& layer) {
            return layer.level() == 0 && layer.at(i, t) != topology::unknown_value;
        });
    };
    sparse_layers layers(source::sysfs, at);
    for (const kernel::node& n : nodes.nodes) {
        const auto targets = at.targets_of_node.find(static_cast<int>(n.number));
        if (targets == at.targets_of_node.end()) {
            continue;
        }
        for (const auto& access : {n.access0, n.access1}) {
            if (!access) {
                continue;
            }
            for (const unsigned from : access->initiators) {
                const auto initiators = at.initiators_of_node.find(static_cast<int>(from));
                if (initiators == at.initiators_of_node.end()) {
                    continue;
                }
                for (const std::uint32_t i : initiators->second) {
                    for (const std::uint32_t t : targets->second) {
                        if (!is_replaced(i, t)) {
                            layers.set(i, t, *access);
                        }
                    }
                }
            }
        }
    }
    return layers.take();
}

std::vector<figure_layer> cxl_layers(const device_facts& devices, const positions& at) {
    sparse_layers layers(source::cxl_region, at);
    for (const kernel::cxl_region& region : devices.regions) {
        const auto targets = at.targets_of_region.find(region.name);
        // access1 is from CPUs; the kernel does not say which, so it is taken for the node that
        // the devices hang on.
        const auto& figures = region.access1 ? region.access1 : region.access0;
        if (targets == at.targets_of_region.end() || !figures) {
            continue;
        }
        for (const kernel::cxl_memdev& device : devices.memdevs) {
            const bool is_part = std::find(region.memdevs.begin(), region.memdevs.end(),
                                           device.name) != region.memdevs.end();
            if (!is_part || !device.numa_node) {
                continue;
            }
            const auto initiators = at.initiators_of_node.find(*device.numa_node);
            if (initiators == at.initiators_of_node.end()) {
                continue;
            }
            for (const std::uint32_t i : initiators->second) {
                for (const std::uint32_t t : targets->second) {
                    layers.set(i, t, *figures);
                }
            }
        }
    }
    return layers.take();
}

} // namespace hetmem::detail
