// daemon/publisher.hpp: looks at the machine and publishes what is different from before.
//
//     publisher machine(reader, directory, hmat);
//     const auto seen = machine.look("events", feed.seqnum());
//     if (seen.published) { say(seen.generation, seen.changes.size()); }
#pragma once

#include "daemon/hmat_in_force.hpp"
#include "publish/run_directory.hpp"
#include "topology/adopted.hpp"

#include "kernel/cpu_tree.hpp"
#include "kernel/rooted.hpp"

#include <hetmem/change.hpp>
#include <hetmem/topology.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::daemon {

class publisher {
public:
    /// What an earlier process published for this boot counts as ours. All must outlive this;
    /// `hmat` holds what is published there.
    publisher(const kernel::rooted_reader& machine, detail::run_directory& into,
              hmat_in_force& hmat);

    struct outcome {
        bool published = false;  ///< something was different, or what was published is gone
        bool look_again = false; ///< soon: something could not be read just now
        std::uint64_t generation = 0;
        std::vector<change> changes;
    };
    /// upto: the number of the last event of the kernel that the look comes after. Throws
    /// hetmem::error; what is published stays then.
    outcome look(std::string_view cause, std::uint64_t upto);

    /// What is published; nothing at first.
    const std::optional<topology>& published() const { return published_; }

private:
    std::string history_with(std::string_view cause, const outcome& now) const;

    const kernel::rooted_reader& machine_;
    detail::run_directory& into_;
    hmat_in_force& hmat_;
    std::string boot_id_;
    std::optional<topology> published_;
    detail::adopted_table published_table_;
    kernel::cpu_tree processors_; // hundreds of files, which only processors that come or go change
};

/// What `private` of the current generation holds; nothing when that is of another boot, cannot be
/// read, or is not there.
std::optional<topology> read_private(const detail::run_directory& from, std::string_view boot_id);

} // namespace hetmem::daemon
