#include "measure/cell.hpp"

#include "topology/value_text.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds longest_sample = std::chrono::milliseconds(25);
constexpr nanoseconds shortest_sample = std::chrono::milliseconds(1);
/// Enough for an interval of a few percent around the median.
constexpr int samples_in_a_budget = 40;
/// Of the budget, for finding out what is fastest.
constexpr int share_for_choosing = 5;
constexpr int trials = 3;
/// Links of a first, short run that tells how many make a sample.
constexpr std::size_t first_links = 2000;

constexpr double picoseconds_in_a_second = 1e12;

double picoseconds_of(nanoseconds time) {
    constexpr double in_a_nanosecond = 1000;
    return static_cast<double>(time.count()) * in_a_nanosecond;
}

/// At least one.
std::size_t how_many(nanoseconds time, std::uint64_t picoseconds_each) {
    const double each = static_cast<double>(std::max<std::uint64_t>(picoseconds_each, 1));
    return static_cast<std::size_t>(std::max(1.0, std::round(picoseconds_of(time) / each)));
}

} // namespace

nanoseconds scene::sample_time() const {
    return std::clamp(budget / samples_in_a_budget, shortest_sample, longest_sample);
}

void cell::begin_burst() {
    prepare();
    watch_.emplace(where_.reader, cpus());
}

burst_end cell::end_burst() {
    burst_end end{watch_->verdict(), {}};
    try {
        where_.memory.buffer().verify();
    } catch (const error& e) {
        end.failure = e.what();
    }
    return end;
}

latency_cell::latency_cell(const scene& where, metric what) : cell(where), what_(what) {}

chase& latency_cell::cycle() const {
    return what_ == metric::random_latency ? where_.memory.random_chase()
                                           : where_.memory.local_chase();
}

void latency_cell::prepare() {
    chase& way = cycle();
    if (steps_ == 0) {
        std::uint64_t each = 0;
        where_.threads.of(1).run([&](unsigned) { each = way.run(first_links); }, 1);
        steps_ = how_many(where_.sample_time(), each);
    }
}

std::uint64_t latency_cell::sample() {
    chase& way = cycle();
    std::uint64_t each = 0;
    where_.threads.of(1).run([&](unsigned) { each = way.run(steps_); }, 1);
    return each;
}

void latency_cell::describe(measured_cell& into, std::uint64_t) const {
    const bool random = what_ == metric::random_latency;
    into.buffer = random ? where_.memory.random_size() : where_.memory.common_size();
    into.threads = 1;
    into.cpus = cpus();
    into.kernel = random ? fmt::format("chase, {} B apart, any order", chase_stride)
                         : fmt::format("chase, {} B apart, windows of {}", chase_stride,
                                       format_size(byte_size::from_bytes(tlb_window)));
}

bandwidth_cell::bandwidth_cell(const scene& where, metric what)
    : cell(where), what_(what), kernels_(stream_kernels(what)) {}

std::size_t bandwidth_cell::touched(unsigned threads) const {
    const std::size_t unit = stream_granule * threads;
    return where_.memory.common_size().bytes() / unit * unit;
}

std::vector<unsigned> bandwidth_cell::possible_counts() const {
    std::vector<unsigned> counts = where_.threads.counts();
    // A buffer for trying things out may not have a share for each thread.
    const auto room_for_all = [&](unsigned threads) { return touched(threads) != 0; };
    counts.erase(std::remove_if(counts.begin(), counts.end(), std::not_fn(room_for_all)),
                 counts.end());
    return counts;
}

std::uint64_t bandwidth_cell::pass(const way& by, std::size_t passes) {
    const std::span<std::byte> all =
        where_.memory.common(what_ != metric::read_bandwidth).first(touched(by.threads));
    const std::size_t share = all.size() / by.threads;
    return where_.threads.of(by.threads)
        .run(
            [&](unsigned index) {
                const std::span<std::byte> mine = all.subspan(index * share, share);
                for (std::size_t i = 0; i < passes; ++i) {
                    by.kernel->run(mine);
                }
            },
            by.threads);
}

bandwidth_cell::way bandwidth_cell::fastest(const std::vector<way>& ways,
                                            measuring_clock::time_point until) {
    std::vector<std::vector<std::uint64_t>> times(ways.size());
    for (int trial = 0; trial < trials; ++trial) {
        for (std::size_t i = 0; i < ways.size(); ++i) {
            if (trial == 0 || measuring_clock::now() < until) {
                times[i].push_back(pass(ways[i], 1));
            }
        }
    }
    const auto speed = [&](std::size_t i) {
        return static_cast<double>(touched(ways[i].threads)) /
               static_cast<double>(std::max<std::uint64_t>(summarize(times[i]).median, 1));
    };
    std::size_t best = 0;
    for (std::size_t i = 1; i < ways.size(); ++i) {
        if (speed(i) > speed(best)) {
            best = i;
        }
    }
    return ways[best];
}

void bandwidth_cell::choose() {
    const auto until = measuring_clock::now() + where_.budget / share_for_choosing;
    std::vector<way> ways;
    for (const unsigned threads : possible_counts()) {
        ways.push_back({threads, &kernels_.front()});
    }
    pass(ways.back(), 1); // threads begin, clocks rise
    chosen_ = fastest(ways, until);
    ways.clear();
    for (const stream_kernel& one : kernels_) {
        ways.push_back({chosen_.threads, &one});
    }
    chosen_ = fastest(ways, until);
}

void bandwidth_cell::prepare() {
    if (passes_ == 0) {
        choose();
        passes_ = how_many(where_.sample_time(), pass(chosen_, 1));
    }
}

std::uint64_t bandwidth_cell::sample() {
    const std::uint64_t time = std::max<std::uint64_t>(pass(chosen_, passes_), 1);
    const double bytes = static_cast<double>(touched(chosen_.threads)) *
                         static_cast<double>(passes_) * chosen_.kernel->payload;
    return static_cast<std::uint64_t>(bytes * picoseconds_in_a_second / static_cast<double>(time));
}

void bandwidth_cell::describe(measured_cell& into, std::uint64_t median) const {
    into.buffer = byte_size::from_bytes(touched(chosen_.threads));
    into.threads = chosen_.threads;
    into.cpus = cpus();
    if (chosen_.kernel != nullptr) {
        into.kernel = chosen_.kernel->name;
        into.bus = static_cast<std::uint64_t>(static_cast<double>(median) * chosen_.kernel->bus /
                                              chosen_.kernel->payload);
    }
}

std::unique_ptr<cell> make_cell(const scene& where, metric what) {
    if (is_latency(what)) {
        return std::make_unique<latency_cell>(where, what);
    }
    return std::make_unique<bandwidth_cell>(where, what);
}

} // namespace hetmem::detail
