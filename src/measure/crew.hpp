// measure/crew.hpp: the threads that measure for one initiator.
#pragma once

#include "kernel/rooted.hpp"
#include "measure/caches.hpp"
#include "measure/team.hpp"

#include <hetmem/id_set.hpp>

#include <map>
#include <memory>
#include <vector>

namespace hetmem::detail {

class crew {
public:
    /// cpus: those that may be used, at least one.
    crew(const kernel::rooted_reader& reader, const id_set& cpus);

    const last_level& cache() const { return cache_; }
    unsigned all() const { return static_cast<unsigned>(order_.size()); }
    /// The CPUs that so many threads use: one of each core first, since two of one core share what
    /// takes them to the memory.
    id_set cpus(unsigned threads) const;
    /// 1, 2, 4, ... and all.
    std::vector<unsigned> counts() const;
    /// Threads on cpus(threads). Kept for the next time.
    team& of(unsigned threads);

private:
    std::vector<unsigned> order_;
    last_level cache_;
    std::map<unsigned, std::unique_ptr<team>> teams_;
};

} // namespace hetmem::detail
