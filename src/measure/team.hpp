// measure/team.hpp: threads that are pinned, one a CPU, and start together.
//
//     team all(cpus);
//     const std::uint64_t took = all.run([&](unsigned index) { work(shares[index]); }, all.size());
//
// Between runs they sleep. Nothing of the calling thread or of the process is changed.
#pragma once

#include <hetmem/id_set.hpp>

#include <functional>
#include <memory>

namespace hetmem::detail {

class team {
public:
    /// One thread on each CPU, in the order of their numbers. Throws not_permitted naming a CPU
    /// that is not allowed or not online, std::invalid_argument for none at all.
    explicit team(const id_set& cpus);
    ~team();
    team(const team&) = delete;
    team& operator=(const team&) = delete;

    unsigned size() const;
    /// The first `threads` (at least 1, at most size()) call work(index) at the same moment;
    /// returns when all have ended: picoseconds from the first that began to the last that ended.
    /// An exception of a thread is thrown here. Throws hetmem::error when one ran on another CPU
    /// than its own (that was taken offline, or a cpuset was changed). From one thread at a time.
    std::uint64_t run(const std::function<void(unsigned index)>& work, unsigned threads);

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace hetmem::detail
