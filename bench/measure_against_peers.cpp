// What the engine of `hetmem measure` finds, for comparing with what others find.
//
//     bench_measure_against_peers chase [PAIRS [MIB]]
//     bench_measure_against_peers stream METRIC [MIB [PASSES]]
//
// "chase" prints a line a pair: our latency local to the TLB and that of a plain chase written
// here, in picoseconds, taken in turns on buffers of the same size and pages. "stream" prints bytes
// per second of payload and the name of the loop: one thread, the fastest candidate, on pages of 4
// KiB since likwid-bench has no others. Both run on CPU 0 (the first that is allowed).
#include "measure/chase.hpp"
#include "measure/clock.hpp"
#include "measure/streams.hpp"
#include "measure/team.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/rank.hpp>
#include <hetmem/region.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace hetmem;
using namespace hetmem::detail;

constexpr std::size_t links = 100'000;

id_set first_cpu() {
    id_set only;
    only.insert(allowed_cpus().first().value());
    return only;
}

region on_first_node(std::size_t size, page_size pages) {
    static const topology machine = discover();
    region_options options;
    options.pages = pages;
    return {byte_size::from_bytes(size),
            hetmem::bind(machine, "node" + std::to_string(allowed_nodes().first().value_or(0))),
            options};
}

/// Another's chase: nothing of ours is used, nor is it done the same way. Elements point to each
/// other in windows of 256 KiB, by numbers and not by addresses.
class plain_chase {
public:
    plain_chase(std::byte* memory, std::size_t size) : memory_(memory) {
        const std::size_t windows = size / window;
        std::vector<std::uint32_t> in_turn = permutation(windows);
        std::uint64_t* last = nullptr;
        std::uint64_t first = 0;
        for (const std::uint32_t w : in_turn) {
            for (const std::uint32_t e : permutation(window / stride)) {
                const std::uint64_t here = w * window + e * stride;
                if (last == nullptr) {
                    first = here;
                } else {
                    *last = here;
                }
                last = reinterpret_cast<std::uint64_t*>(memory_ + here);
            }
        }
        *last = first;
        at_ = first;
    }

    std::uint64_t run(std::size_t steps) {
        std::uint64_t at = at_;
        const auto start = std::chrono::steady_clock::now();
        for (std::size_t n = 0; n < steps; ++n) {
            at = *reinterpret_cast<const volatile std::uint64_t*>(memory_ + at);
        }
        const std::chrono::duration<double, std::pico> took =
            std::chrono::steady_clock::now() - start;
        at_ = at;
        return static_cast<std::uint64_t>(took.count() / static_cast<double>(steps));
    }

private:
    static constexpr std::size_t stride = 256;
    static constexpr std::size_t window = std::size_t{256} << 10;

    /// xorshift64*, and the cycles of Sattolo.
    std::uint64_t random() {
        seed_ ^= seed_ >> 12;
        seed_ ^= seed_ << 25;
        seed_ ^= seed_ >> 27;
        return seed_ * 0x2545F4914F6CDD1DULL;
    }
    std::vector<std::uint32_t> permutation(std::size_t count) {
        std::vector<std::uint32_t> out(count);
        for (std::size_t i = 0; i < count; ++i) {
            out[i] = static_cast<std::uint32_t>(i);
        }
        for (std::size_t i = count; i > 1; --i) {
            std::swap(out[i - 1], out[random() % (i - 1)]);
        }
        return out;
    }

    std::byte* memory_;
    std::uint64_t at_ = 0;
    std::uint64_t seed_ = 88172645463325252ULL;
};

/// Several short runs of each in turn: what disturbs one disturbs the other.
void chase_pairs(int pairs, std::size_t size) {
    const region mine = on_first_node(size, page_size::transparent);
    const region other = on_first_node(size, page_size::transparent);
    chase ours(mine.bytes(), tlb_window, 1);
    plain_chase theirs(other.bytes().data(), size);
    constexpr int turns = 7;
    for (int pair = 0; pair < pairs; ++pair) {
        std::vector<std::uint64_t> a;
        std::vector<std::uint64_t> b;
        for (int turn = 0; turn < turns; ++turn) {
            a.push_back(ours.run(links));
            b.push_back(theirs.run(links));
        }
        std::ranges::nth_element(a, a.begin() + turns / 2);
        std::ranges::nth_element(b, b.begin() + turns / 2);
        std::printf("%llu %llu\n", static_cast<unsigned long long>(a[turns / 2]),
                    static_cast<unsigned long long>(b[turns / 2]));
    }
}

struct timed {
    const stream_kernel* kernel;
    std::uint64_t least;
};

std::uint64_t time_of(const stream_kernel& kernel, std::span<std::byte> memory, int passes) {
    const auto start = measuring_clock::now();
    for (int pass = 0; pass < passes; ++pass) {
        kernel.run(memory);
    }
    return picoseconds(measuring_clock::now() - start);
}

void stream(metric what, std::size_t size, int passes) {
    const region memory = on_first_node(size, page_size::base);
    const std::span<std::byte> whole =
        memory.bytes().first(memory.size() / stream_granule * stream_granule);
    std::ranges::fill(whole, std::byte{1});
    const std::vector<stream_kernel> candidates = stream_kernels(what);
    std::vector<timed> times;
    for (const stream_kernel& one : candidates) {
        times.push_back({&one, time_of(one, whole, 1)});
    }
    for (timed& one : times) {
        one.least = std::min(time_of(*one.kernel, whole, 1), one.least);
    }
    const stream_kernel& best = *std::ranges::min(times, {}, &timed::least).kernel;
    const double bytes =
        static_cast<double>(whole.size()) * best.payload * static_cast<double>(passes);
    constexpr double second = 1e12;
    std::printf("%.0f %s\n", bytes / static_cast<double>(time_of(best, whole, passes)) * second,
                best.name.c_str());
}

std::size_t mib(const char* text) {
    return std::strtoul(text, nullptr, 10) << 20;
}

void do_as_told(const std::vector<std::string>& words) {
    const auto word = [&](std::size_t n, const char* otherwise) {
        return n < words.size() ? words[n].c_str() : otherwise;
    };
    if (word(0, "chase") == std::string("chase")) {
        chase_pairs(std::atoi(word(1, "5")), mib(word(2, "512")));
        return;
    }
    const auto what = parse_metric(word(1, ""));
    if (!what || is_latency(*what)) {
        throw std::runtime_error("stream needs a metric of bandwidth");
    }
    stream(*what, mib(word(2, "256")), std::atoi(word(3, "10")));
}

} // namespace

int main(int count, char** values) {
    try {
        team pinned(first_cpu());
        pinned.run([&](unsigned) { do_as_told({values + 1, values + count}); }, 1);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "bench_measure_against_peers: %s\n", e.what());
        return 1;
    }
}
