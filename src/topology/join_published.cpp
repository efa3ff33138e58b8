#include "topology/notices.hpp"
#include "topology/published.hpp"
#include "topology/state.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hetmem::detail {
namespace {

constexpr std::uint32_t nowhere = ~std::uint32_t{0};
/// Position in the published description -> in our own.
using mapping = std::vector<std::uint32_t>;

mapping same_places(std::size_t count) {
    mapping out(count);
    std::iota(out.begin(), out.end(), 0U);
    return out;
}

template <class Item> bool contains(const std::vector<Item>& all, const Item& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

/// Positions by name.
template <class Named>
std::unordered_map<std::string_view, std::uint32_t> places_of(const std::vector<Named>& all) {
    std::unordered_map<std::string_view, std::uint32_t> out;
    for (std::uint32_t n = 0; n < all.size(); ++n) {
        out.emplace(all[n].name, n);
    }
    return out;
}

/// Neither a node nor a device: who may not read the tables does not see it.
bool from_tables_only(const target& t) {
    return t.state == target_state::absent || (t.state == target_state::reserved && t.dax.empty());
}

class joiner {
public:
    joiner(const topology& own, const topology& published)
        : s_(state_access::of(own)), from_(state_access::of(published)),
          same_initiators_(same_places(s_.initiators.size())),
          same_targets_(same_places(s_.targets.size())) {}

    topology join() {
        map_initiators();
        map_targets();
        take_distances();
        take_layers();
        take_remarks();
        return finish_topology(std::move(s_));
    }

private:
    void map_initiators() {
        initiators_.assign(from_.initiators.size(), nowhere);
        const auto places = places_of(s_.initiators);
        std::vector<initiator> more;
        for (std::size_t p = 0; p < from_.initiators.size(); ++p) {
            const initiator& theirs = from_.initiators[p];
            const auto found = places.find(theirs.name);
            if (found != places.end() && s_.initiators[found->second].node == theirs.node) {
                initiators_[p] = found->second;
                initiator& ours = s_.initiators[found->second];
                ours.pxm = ours.pxm ? ours.pxm : theirs.pxm;
                ours.device = ours.device.empty() ? theirs.device : ours.device;
            } else if (theirs.kind == initiator_kind::generic_initiator && !theirs.node) {
                // Nothing of the kernel shows it.
                initiators_[p] = static_cast<std::uint32_t>(s_.initiators.size() + more.size());
                more.push_back(theirs);
            }
        }
        s_.initiators.insert(s_.initiators.end(), more.begin(), more.end());
    }

    void map_targets() {
        targets_.assign(from_.targets.size(), nowhere);
        std::vector<bool> matched(s_.targets.size(), false);
        const auto match = [&](std::size_t theirs, std::uint32_t ours) {
            targets_[theirs] = ours;
            matched[ours] = true;
            take_target(s_.targets[ours], from_.targets[theirs]);
        };
        const auto places = places_of(s_.targets);
        for (std::size_t p = 0; p < from_.targets.size(); ++p) {
            const auto found = places.find(from_.targets[p].name);
            if (found != places.end() && s_.targets[found->second].node == from_.targets[p].node) {
                match(p, found->second);
            }
        }
        std::vector<target> more;
        for (std::size_t p = 0; p < from_.targets.size(); ++p) {
            const target& theirs = from_.targets[p];
            if (targets_[p] != nowhere || !from_tables_only(theirs)) {
                continue;
            }
            // It may have come since: then it is a node or a device that was not known.
            for (std::uint32_t t = 0; t < s_.targets.size() && targets_[p] == nowhere; ++t) {
                if (!matched[t] && theirs.node && s_.targets[t].node == theirs.node) {
                    match(p, t);
                }
            }
            if (targets_[p] == nowhere) {
                targets_[p] = static_cast<std::uint32_t>(s_.targets.size() + more.size());
                more.push_back(theirs);
            }
        }
        s_.targets.insert(s_.targets.end(), more.begin(), more.end());
    }

    static void take_target(target& ours, const target& theirs) {
        if (!ours.pxm) {
            ours.pxm = theirs.pxm;
            ours.pxm_reason = theirs.pxm_reason;
        }
        // Ours is weaker where it only lacked figures that tell otherwise; what a device says of
        // itself is not.
        const bool weak = ours.kind == memory_kind::unknown || ours.kind == memory_kind::dram ||
                          ours.kind == memory_kind::hbm;
        if (weak && theirs.kind != memory_kind::unknown) {
            ours.kind = theirs.kind;
            ours.kind_reason = theirs.kind_reason;
        }
        // A hint stays with its memory; what was reserved for being no node's is by its own state.
        if (!ours.reserved && theirs.reserved && theirs.state != target_state::reserved) {
            ours.reserved = true;
            ours.reserved_reason = theirs.reserved_reason;
        }
        if (!ours.package) {
            ours.package = theirs.package;
        }
        if (ours.device_legs.empty()) {
            ours.device_legs = theirs.device_legs;
        }
        take_caches(ours, theirs);
    }

    static void take_caches(target& ours, const target& theirs) {
        for (const memory_side_cache& cache : theirs.caches) {
            const auto known =
                std::find_if(ours.caches.begin(), ours.caches.end(),
                             [&](const memory_side_cache& c) { return c.level == cache.level; });
            if (cache.from == source::sysfs) {
                continue; // ours is newer
            }
            if (known == ours.caches.end()) {
                ours.caches.push_back(cache);
            } else if (cache.from < known->from) {
                *known = cache;
            }
        }
        std::stable_sort(ours.caches.begin(), ours.caches.end(),
                         [](const auto& a, const auto& b) { return a.level < b.level; });
    }

    void take_distances() {
        std::vector<std::uint8_t> all(s_.initiators.size() * s_.targets.size(), 0);
        const auto add = [&](const topology::state& of, const mapping& initiators,
                             const mapping& targets) {
            for (std::size_t at = 0; at < of.distances.size(); ++at) {
                const std::uint32_t i = initiators[at / targets.size()];
                const std::uint32_t t = targets[at % targets.size()];
                if (i != nowhere && t != nowhere) {
                    std::uint8_t& known = all[i * s_.targets.size() + t];
                    known = known == 0 ? of.distances[at] : known;
                }
            }
        };
        add(s_, same_initiators_, same_targets_);
        add(from_, initiators_, targets_);
        s_.distances = std::move(all);
    }

    void take_layers() {
        std::vector<figure_layer> layers;
        const bool replaced =
            std::any_of(from_.layers.begin(), from_.layers.end(),
                        [](const figure_layer& layer) { return layer.from() == source::hma; });
        for (const figure_layer& layer : s_.layers) {
            layers.push_back(layer.from() == source::sysfs && replaced
                                 ? without_replaced(layer)
                                 : moved(layer, same_initiators_, same_targets_));
        }
        const std::size_t own = layers.size();
        for (const figure_layer& layer : from_.layers) {
            const bool known =
                std::any_of(layers.begin(), layers.begin() + static_cast<std::ptrdiff_t>(own),
                            [&](const figure_layer& ours) {
                                return ours.from() == layer.from() && ours.what() == layer.what() &&
                                       ours.level() == layer.level();
                            });
            if (!known && layer.from() != source::sysfs) { // the kernel's are newer here
                layers.push_back(moved(layer, initiators_, targets_));
            }
        }
        s_.layers = std::move(layers);
    }

    /// The kernel goes on showing figures of an HMAT that was replaced; who made the published
    /// description left those out.
    figure_layer without_replaced(const figure_layer& ours) const {
        const mapping theirs_initiators = inverse(initiators_, s_.initiators.size());
        const mapping theirs_targets = inverse(targets_, s_.targets.size());
        const auto theirs =
            std::find_if(from_.layers.begin(), from_.layers.end(), [&](const figure_layer& layer) {
                return layer.from() == ours.from() && layer.what() == ours.what() &&
                       layer.level() == ours.level();
            });
        figure_layer out(ours.from(), ours.what(), ours.level(), s_.initiators.size(),
                         s_.targets.size(), figure_layer::storage::sparse);
        for (const figure_layer::cell& c : ours.cells()) {
            const std::uint32_t i = theirs_initiators[c.initiator];
            const std::uint32_t t = theirs_targets[c.target];
            const bool known_to_both = i != nowhere && t != nowhere;
            if (!known_to_both ||
                (theirs != from_.layers.end() && theirs->at(i, t) != topology::unknown_value)) {
                out.set(c.initiator, c.target, c.value);
            }
        }
        out.finish();
        return out;
    }

    static mapping inverse(const mapping& of, std::size_t count) {
        mapping out(count, nowhere);
        for (std::uint32_t n = 0; n < of.size(); ++n) {
            if (of[n] != nowhere) {
                out[of[n]] = n;
            }
        }
        return out;
    }

    figure_layer moved(const figure_layer& layer, const mapping& initiators,
                       const mapping& targets) const {
        const bool dense = !layer.stored_row(0).empty();
        figure_layer out(layer.from(), layer.what(), layer.level(), s_.initiators.size(),
                         s_.targets.size(),
                         dense ? figure_layer::storage::dense : figure_layer::storage::sparse);
        // Positions that are nowhere are out of range, and set() passes over them.
        for (const figure_layer::cell& c : layer.cells()) {
            out.set(initiators[c.initiator], targets[c.target], c.value);
        }
        for (std::size_t i = 0; dense && i < initiators.size(); ++i) {
            const std::span<const std::uint64_t> row = layer.stored_row(i);
            for (std::size_t t = 0; initiators[i] != nowhere && t < row.size(); ++t) {
                out.set(initiators[i], targets[t], row[t]);
            }
        }
        out.finish();
        return out;
    }

    void take_remarks() {
        for (source_report& ours : s_.sources) {
            const auto theirs =
                std::find_if(from_.sources.begin(), from_.sources.end(), [&](const auto& r) {
                    return r.what == ours.what && r.path == ours.path;
                });
            if (ours.status == source_status::not_permitted && theirs != from_.sources.end()) {
                ours = *theirs;
            }
        }
        for (const source_report& theirs : from_.sources) {
            // A table that replaces the firmware's.
            if (theirs.path.starts_with(published_directory) && !contains(s_.sources, theirs)) {
                s_.sources.push_back(theirs);
            }
        }
        s_.sources.push_back(report_of_published(from_.generation, ": something happened since"));
        std::erase_if(s_.notices, [&](const notice& n) {
            return n.why == for_root_only || (n.what == all_figures && !s_.layers.empty());
        });
        add_missing(s_.defects, from_.defects);
        add_missing(s_.disagreements, from_.disagreements);
    }

    template <class Item>
    static void add_missing(std::vector<Item>& to, const std::vector<Item>& from) {
        for (const Item& item : from) {
            if (!contains(to, item)) {
                to.push_back(item);
            }
        }
    }

    topology::state s_;
    const topology::state& from_;
    mapping initiators_; ///< of the published description
    mapping targets_;
    mapping same_initiators_; ///< of our own: they keep their places
    mapping same_targets_;
};

} // namespace

topology join_published(const topology& own, const topology& published) {
    return joiner(own, published).join();
}

} // namespace hetmem::detail
