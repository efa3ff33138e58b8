#include "topology/state.hpp"

#include <memory>
#include <utility>

namespace hetmem::detail {

bool tiers_unread(const topology& machine) {
    return state_access::of(machine).tiers_unread;
}

topology keep_tiers(const topology& fresh, const topology& before) {
    if (!tiers_unread(fresh)) {
        return fresh;
    }
    topology::state s = state_access::of(fresh);
    for (target& t : s.targets) {
        if (const std::optional<target_id> old = before.find_target(t.name)) {
            t.tier = before.targets()[old->index].tier;
        }
    }
    return topology(std::make_shared<const topology::state>(std::move(s)));
}

} // namespace hetmem::detail
