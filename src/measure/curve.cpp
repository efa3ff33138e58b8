#include "measure/curve.hpp"

#include "measure/clock.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <atomic>
#include <vector>

namespace hetmem::detail {
namespace {

using std::chrono::nanoseconds;

/// Times as long as a chunk takes when nothing else loads the memory.
constexpr double delays[] = {32, 16, 8, 4, 2, 1, 0.5, 0.25, 0};
constexpr int runs_of_a_point = 3;
constexpr double nanoseconds_in_a_second = 1e9;
constexpr std::uint64_t picoseconds_in_a_nanosecond = 1000;

/// Waits without giving the CPU away, which would take longer than the delays are.
void wait_until(measuring_clock::time_point time, const std::atomic<bool>& stop) {
    while (measuring_clock::now() < time && !stop.load(std::memory_order_relaxed)) {
    }
}

/// Loads the memory with one thread until it is told to stop.
class loader {
public:
    loader(std::span<std::byte> memory, const stream_kernel& kernel)
        : memory_(memory), kernel_(&kernel) {}

    void run(nanoseconds delay, const std::atomic<bool>& stop) {
        const auto start = measuring_clock::now();
        std::size_t bytes = 0;
        do {
            chunk();
            bytes += stream_granule;
            if (delay > nanoseconds::zero()) {
                wait_until(measuring_clock::now() + delay, stop);
            }
        } while (!stop.load(std::memory_order_relaxed));
        const nanoseconds took = measuring_clock::now() - start;
        rate_ = static_cast<double>(bytes) * kernel_->payload * nanoseconds_in_a_second /
                static_cast<double>(std::max<std::int64_t>(took.count(), 1));
    }
    /// Bytes per second of the last run.
    double rate() const { return rate_; }

    /// Of a chunk, over all of the memory once.
    nanoseconds time_alone() {
        const auto start = measuring_clock::now();
        std::int64_t chunks = 0;
        do {
            chunk();
            ++chunks;
        } while (at_ != 0);
        return (measuring_clock::now() - start) / chunks;
    }

private:
    void chunk() {
        kernel_->run(memory_.subspan(at_, stream_granule));
        at_ += stream_granule;
        if (at_ + stream_granule > memory_.size()) {
            at_ = 0;
        }
    }

    std::span<std::byte> memory_;
    const stream_kernel* kernel_;
    std::size_t at_ = 0;
    double rate_ = 0;
};

class curve_taker {
public:
    curve_taker(const scene& where, unsigned read_percent)
        : where_(where), all_(where.threads.all()), chase_(where.memory.chase_beside()),
          kernel_(stream_kernels(read_percent == 100 ? metric::read_bandwidth
                                                     : metric::read_1_write_1_bandwidth)
                      .front()) {
        const std::span<std::byte> area = where.memory.common(true);
        const std::size_t share = area.size() / (all_ - 1) / stream_granule * stream_granule;
        if (share == 0) {
            throw error(std::errc::invalid_argument,
                        "the buffer is too small for so many threads that load the memory");
        }
        for (unsigned i = 0; i + 1 < all_; ++i) {
            loaders_.emplace_back(area.subspan(i * share, share), kernel_);
        }
    }

    std::uint64_t idle() {
        std::uint64_t each = 0;
        team& alone = where_.threads.of(1);
        alone.run([&](unsigned) { each = chase_.run(first_links); }, 1);
        links_ = std::max<std::uint64_t>(
            1, static_cast<std::uint64_t>(where_.sample_time().count()) *
                   picoseconds_in_a_nanosecond / std::max<std::uint64_t>(each, 1));
        std::vector<std::uint64_t> runs;
        for (int i = 0; i < runs_of_a_point; ++i) {
            alone.run([&](unsigned) { each = chase_.run(links_); }, 1);
            runs.push_back(each);
        }
        return summarize(runs).median;
    }

    /// What one loader's chunk takes when it is alone.
    nanoseconds chunk_time() {
        nanoseconds time{};
        where_.threads.of(all_).run(
            [&](unsigned index) {
                if (index == 1) {
                    time = loaders_.front().time_alone();
                }
            },
            all_);
        return time;
    }

    curve_point point(nanoseconds delay) {
        std::vector<std::uint64_t> latencies;
        std::vector<std::uint64_t> loads;
        for (int i = 0; i < runs_of_a_point; ++i) {
            std::atomic<bool> stop = false;
            std::uint64_t each = 0;
            where_.threads.of(all_).run(
                [&](unsigned index) {
                    if (index == 0) {
                        each = chase_.run(links_);
                        stop = true;
                    } else {
                        loaders_[index - 1].run(delay, stop);
                    }
                },
                all_);
            double load = 0;
            for (const loader& one : loaders_) {
                load += one.rate();
            }
            latencies.push_back(each);
            loads.push_back(static_cast<std::uint64_t>(load));
        }
        return {summarize(loads).median, summarize(latencies).median};
    }

private:
    static constexpr std::size_t first_links = 2000;

    scene where_;
    unsigned all_;
    chase chase_;
    stream_kernel kernel_;
    std::vector<loader> loaders_;
    std::size_t links_ = 1;
};

} // namespace

std::optional<curve_point> knee_of(std::uint64_t idle, std::span<const curve_point> points) {
    const auto knee = std::find_if(points.begin(), points.end(),
                                   [&](const curve_point& one) { return one.latency / 2 >= idle; });
    return knee == points.end() ? std::nullopt : std::optional(*knee);
}

measured_curve take_curve(const scene& where, unsigned read_percent,
                          const std::function<bool()>& go_on) {
    measured_curve curve;
    curve.read_percent = read_percent;
    curve_taker taker(where, read_percent);
    const disturbance_watch watch(where.reader, where.threads.cpus(where.threads.all()));
    curve.idle = taker.idle();
    const nanoseconds chunk = taker.chunk_time();
    for (const double times : delays) {
        if (!go_on()) {
            break;
        }
        const auto delay = static_cast<std::int64_t>(static_cast<double>(chunk.count()) * times);
        curve.points.push_back(taker.point(nanoseconds(delay)));
    }
    curve.knee = knee_of(curve.idle, curve.points);
    curve.verdict = watch.verdict().verdict;
    where.memory.buffer().verify();
    return curve;
}

} // namespace hetmem::detail
