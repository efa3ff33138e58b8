// measure/rounds.hpp: samples of many things in turn, so that what drifts meanwhile hits all alike.
//
// Each thing (a cell) gets its time in bursts, one a round. A burst's first sample does not count,
// and a burst in which something else ran counts only when there is nothing better. A cell ends
// when the interval of its median is narrow enough over at least two rounds, or when its time is
// spent; which of the two is told.
#pragma once

#include "measure/clock.hpp"
#include "measure/disturbance.hpp"
#include "measure/statistics.hpp"

#include <hetmem/measured.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace hetmem::detail {

/// What a burst of samples was worth.
struct burst_end {
    quiet_verdict said;
    /// Not empty: the samples are of something else than what they should be; the cell is over.
    std::string failure;
};

/// One thing of which samples can be taken. Used from one thread.
class sampled {
public:
    sampled() = default;
    sampled(const sampled&) = delete;
    sampled& operator=(const sampled&) = delete;
    virtual ~sampled() = default;

    virtual void begin_burst() = 0;
    virtual std::uint64_t sample() = 0;
    virtual burst_end end_burst() = 0;
};

/// The samples of one cell.
class sample_book {
public:
    struct burst {
        std::vector<std::uint64_t> samples;
        quiet_verdict said;
    };
    void add(burst one) { bursts_.push_back(std::move(one)); }

    std::size_t bursts() const { return bursts_.size(); }
    /// Those of undisturbed bursts, when these are enough for an interval; else all. `more`: of a
    /// burst that has not ended.
    std::vector<std::uint64_t> counted(const std::vector<std::uint64_t>& more = {}) const;
    /// Of what is counted, bimodality too.
    quiet_verdict verdict() const;

private:
    bool quiet_ones_suffice() const;

    std::vector<burst> bursts_;
};

struct sampling_rules {
    std::chrono::nanoseconds budget{}; ///< of each cell, all that it needs included
    unsigned rounds = 1;               ///< in which the budget is spent when it is spent
    double precision = 0.01;
};

/// A cell under way.
struct sampling {
    sampled* of = nullptr;
    sample_book book;
    std::chrono::nanoseconds spent{};
    bool ended = false;
    bool converged = false;
    std::string failure;
};

/// Between two samples; `just_ended`: the cell that did, or null. False stops everything.
using sampling_watcher =
    std::function<bool(std::vector<sampling>& cells, const sampling* just_ended)>;

/// Until all have ended or the watcher says so: whether all have ended. Cells that have not keep
/// what they have.
bool take_rounds(std::vector<sampling>& cells, const sampling_rules& rules,
                 const sampling_watcher& watcher,
                 const std::function<measuring_clock::time_point()>& now = measuring_clock::now);

} // namespace hetmem::detail
