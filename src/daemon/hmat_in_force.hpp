// daemon/hmat_in_force.hpp: which HMAT holds, and how that changes: by evaluating _HMA at start, on
// hotplug and on request, by an administrator's hand, or back to the firmware's.
//
//     hmat_in_force hmat(hma, read_adopted(machine));
//     hmat.follow(machine, evaluator::effort::if_changed);     // at start, after events; SIGHUP:
//     again topology now = describe(machine, &hmat.table()); hmat.release_hints(now);
//     // publish when changes() is not empty or hmat.table() is another than what is published
//
// What was given by hand stays until somebody asks for something else: neither events nor SIGHUP
// replace it. A table that is refused leaves everything as it was.
#pragma once

#include "daemon/evaluator.hpp"
#include "publish/adopt_files.hpp"
#include "topology/adopted.hpp"

#include "kernel/rooted.hpp"

#include <hetmem/topology.hpp>

#include <optional>
#include <string>
#include <vector>

namespace hetmem::daemon {

class hmat_in_force {
public:
    /// `kept`: what an earlier process of this boot adopted. The evaluator must outlive this.
    hmat_in_force(evaluator& hma, std::optional<detail::adopted_table> kept);

    /// For describe(), and for publishing when it is not the default (adopted/HMAT, when there are
    /// bytes, and adopted/origin.json). Without bytes the firmware's own holds.
    const detail::adopted_table& table() const { return table_; }
    /// Nothing was ever adopted: the directory adopted/ is not needed.
    bool untouched() const { return table_ == detail::adopted_table{}; }

    struct outcome {
        bool changed = false;             ///< table() is another one now
        std::vector<std::string> refused; ///< why what was offered was not taken, a sentence each
        std::vector<std::string> remarks;
    };
    /// Evaluates _HMA, unless something was given by hand.
    outcome follow(const kernel::rooted_reader& machine, evaluator::effort how);
    /// What `hetmem adopt` asks for.
    outcome adopt(const kernel::rooted_reader& machine, const detail::adopt_request& wanted);

    /// After each look: lets go of reservation hints whose memory is gone, so that it comes back
    /// without. True when table() changed by that.
    bool release_hints(const topology& now);

    /// One sentence for health.json: "\_SB._HMA, executed by the kernel ..." or what holds instead.
    std::string words() const;

private:
    outcome take(const kernel::rooted_reader& machine, std::vector<std::byte> bytes,
                 std::string from, detail::adopted_by by);

    evaluator& hma_;
    detail::adopted_table table_;
};

} // namespace hetmem::daemon
