#include "topology/merger.hpp"

#include "topology/merge.hpp"
#include "topology/notices.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace hetmem::detail {

topology::state merger::build() {
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
    add_reservation_hints();
    add_kind_evidence();
    conclude_kinds(s_, evidence_);
    take_reports();
    add_notice_of_silence();
    return std::move(s_);
}

void merger::take_machine() {
    s_.machine = {facts_.sysfs.cpu.name, facts_.sysfs.machine.architecture,
                  facts_.sysfs.machine.kernel_release, facts_.sysfs.tiers.demotion};
    s_.tiers_unread = facts_.sysfs.tiers.tiers_unread;
    for (const kernel::cpu_package& p : facts_.sysfs.packages) {
        if (p.id >= 0) { // -1 is how the kernel says that it does not know
            s_.packages.push_back({p.id, p.cpus});
        }
    }
}

std::optional<int> merger::package_of(const id_set& cpus) const {
    for (const package& p : s_.packages) {
        if (!cpus.empty() && p.cpus.includes(cpus)) {
            return p.id;
        }
    }
    return std::nullopt;
}

target* merger::node_target(int node) {
    for (target& t : s_.targets) {
        if (t.node == node && t.state != target_state::reserved &&
            t.state != target_state::absent) {
            return &t;
        }
    }
    return nullptr;
}

void merger::find_positions() {
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

void merger::add_figures() {
    const auto add = [&](std::vector<figure_layer> layers) {
        std::move(layers.begin(), layers.end(), std::back_inserter(s_.layers));
    };
    if (facts_.acpi.hmat) {
        add(hmat_layers(*facts_.acpi.hmat, facts_.acpi.hmat_from, at_));
    }
    add(cxl_layers(facts_.devices, at_));
    std::vector<figure_layer> replaced;
    if (facts_.acpi.replaced) {
        replaced = hmat_layers(*facts_.acpi.replaced, source::hmat, at_);
    }
    add(sysfs_layers(facts_.sysfs.nodes, at_, replaced));
}

void merger::add_notice_of_silence() {
    const bool silent = std::all_of(s_.layers.begin(), s_.layers.end(),
                                    [](const figure_layer& layer) { return layer.empty(); });
    const bool has_hmat =
        std::any_of(s_.sources.begin(), s_.sources.end(), [](const source_report& r) {
            return r.what == "HMAT" && r.status != source_status::absent;
        });
    if (silent && !has_hmat) {
        s_.notices.push_back({std::string(all_figures),
                              "the firmware has no HMAT and the kernel tells no figures", ""});
    }
}

void merger::take_reports() {
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

topology merge(all_facts facts, const pxm_map& map, bool live) {
    topology::state s = merger(std::move(facts), map).build();
    s.live = live;
    return finish_topology(std::move(s));
}

} // namespace hetmem::detail
