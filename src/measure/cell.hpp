// measure/cell.hpp: one metric of one pair, as something that samples can be taken of.
#pragma once

#include "kernel/rooted.hpp"
#include "measure/crew.hpp"
#include "measure/disturbance.hpp"
#include "measure/rounds.hpp"
#include "measure/streams.hpp"
#include "measure/workplace.hpp"

#include <hetmem/measured.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hetmem::detail {

/// Where a cell takes place. Outlives it.
struct scene {
    const kernel::rooted_reader& reader;
    crew& threads;
    workplace& memory;
    std::chrono::nanoseconds budget; ///< of the cell

    /// Of one sample: long enough for the clock, short enough for many in the budget.
    std::chrono::nanoseconds sample_time() const;
};

class cell : public sampled {
public:
    explicit cell(const scene& where) : where_(where) {}

    void begin_burst() final;
    burst_end end_burst() final;
    /// How it was measured: buffer, page, threads, cpus, kernel; of bandwidth what crossed the bus
    /// when the median is `median`. Nothing of that before the first burst.
    virtual void describe(measured_cell& into, std::uint64_t median) const = 0;

protected:
    /// Makes everything ready, so that nothing but samples happens from then on.
    virtual void prepare() = 0;
    /// The CPUs that the samples use.
    virtual id_set cpus() const = 0;
    scene where_;

private:
    std::optional<disturbance_watch> watch_;
};

/// local_latency or random_latency, on one CPU.
class latency_cell final : public cell {
public:
    latency_cell(const scene& where, metric what);
    std::uint64_t sample() override; ///< picoseconds
    void describe(measured_cell& into, std::uint64_t median) const override;

private:
    void prepare() override;
    id_set cpus() const override { return where_.threads.cpus(1); }
    chase& cycle() const;

    metric what_;
    std::size_t steps_ = 0;
};

/// Any bandwidth, on as many CPUs and by the loop that the first samples found to be fastest.
class bandwidth_cell final : public cell {
public:
    bandwidth_cell(const scene& where, metric what);
    std::uint64_t sample() override; ///< payload, bytes per second
    void describe(measured_cell& into, std::uint64_t median) const override;

private:
    /// One way to do it.
    struct way {
        unsigned threads = 1;
        const stream_kernel* kernel = nullptr;
    };
    void prepare() override;
    id_set cpus() const override { return where_.threads.cpus(chosen_.threads); }
    void choose();
    /// That which took least for a byte, of a few passes each; until the time is up, but all once.
    way fastest(const std::vector<way>& ways, measuring_clock::time_point until);
    /// Picoseconds.
    std::uint64_t pass(const way& by, std::size_t passes);
    /// Of the memory, as a multiple of what so many threads need.
    std::size_t touched(unsigned threads) const;
    std::vector<unsigned> possible_counts() const;

    metric what_;
    std::vector<stream_kernel> kernels_;
    way chosen_;
    std::size_t passes_ = 0; ///< of one sample; 0: nothing was chosen yet
};

/// The cell of that metric.
std::unique_ptr<cell> make_cell(const scene& where, metric what);

} // namespace hetmem::detail
