// bench/stopwatch.hpp: times of repeated runs.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace hetmem::bench {

/// Times in microseconds; the median is what is reported, since one run that was disturbed moves
/// it little.
class stopwatch {
public:
    template <class Work> void time(Work&& work) {
        const auto start = std::chrono::steady_clock::now();
        work();
        const std::chrono::duration<double, std::micro> took =
            std::chrono::steady_clock::now() - start;
        times_.push_back(took.count());
    }

    double median() {
        if (times_.empty()) {
            return 0;
        }
        const auto middle = times_.begin() + static_cast<std::ptrdiff_t>(times_.size() / 2);
        std::nth_element(times_.begin(), middle, times_.end());
        return *middle;
    }

    /// What it takes when nothing else runs: to judge medians that were taken on a busy machine.
    double least() const {
        return times_.empty() ? 0 : *std::min_element(times_.begin(), times_.end());
    }

private:
    std::vector<double> times_;
};

} // namespace hetmem::bench
