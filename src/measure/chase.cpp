#include "measure/chase.hpp"

#include "measure/clock.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <hwy/cache_control.h>

namespace hetmem::detail {

namespace {

/// Links between two looks at whether to stop: some microseconds.
constexpr std::size_t look_after = 64;

using element_number = std::uint32_t;

/// Not std::uniform_int_distribution: what that gives differs from library to library.
element_number below(element_number limit, std::mt19937_64& random) {
    constexpr unsigned half = 32;
    return static_cast<element_number>(((random() >> half) * limit) >> half);
}

void shuffle(std::span<element_number> numbers, std::mt19937_64& random) {
    for (auto left = static_cast<element_number>(numbers.size()); left > 1; --left) {
        std::swap(numbers[left - 1], numbers[below(left, random)]);
    }
}

std::vector<element_number> shuffled(std::size_t count, std::mt19937_64& random) {
    std::vector<element_number> out(count);
    std::iota(out.begin(), out.end(), element_number{0});
    shuffle(out, random);
    return out;
}

void link(std::byte* from, const std::byte* to) {
    std::memcpy(from, &to, sizeof to);
}

/// The windows in random order, each element of one in random order, and back to the first.
const std::byte* write_cycle(std::span<std::byte> memory, std::size_t window, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const std::size_t windows = (memory.size() + window - 1) / window;
    std::byte* first = nullptr;
    std::byte* last = nullptr;
    for (const element_number w : shuffled(windows, random)) {
        const std::span<std::byte> inside =
            memory.subspan(w * window, std::min(window, memory.size() - w * window));
        for (const element_number e : shuffled(inside.size() / chase_stride, random)) {
            std::byte* const here = inside.data() + e * chase_stride;
            if (last == nullptr) {
                first = here;
            } else {
                link(last, here);
            }
            last = here;
        }
    }
    if (last != nullptr) { // an empty memory is refused before
        link(last, first);
    }
    return first;
}

void must_be_whole(std::span<const std::byte> memory, std::size_t window) {
    const std::size_t count = memory.size() / chase_stride;
    if (memory.empty() || memory.size() % chase_stride != 0 ||
        reinterpret_cast<std::uintptr_t>(memory.data()) % chase_stride != 0 ||
        count > std::numeric_limits<element_number>::max()) {
        throw std::invalid_argument(
            fmt::format("a chase through {} bytes: not a multiple of {}, not aligned to that, or "
                        "too much",
                        memory.size(), chase_stride));
    }
    if (window == 0 || window % chase_stride != 0) {
        throw std::invalid_argument(fmt::format(
            "a chase with windows of {} bytes: not a multiple of {}", window, chase_stride));
    }
}

/// Volatile: each link is loaded, in this order, though nothing is done with it but the next one.
const std::byte* next(const std::byte* at) {
    return *reinterpret_cast<const std::byte* const volatile*>(at);
}

} // namespace

chase::chase(std::span<std::byte> memory, std::size_t window, std::uint64_t seed, flushing when)
    : memory_(memory), elements_(memory.size() / chase_stride), left_(elements_), when_(when) {
    must_be_whole(memory, window);
    at_ = write_cycle(memory, window, seed);
    flush();
}

void chase::flush() {
    for (std::size_t at = 0; at < memory_.size(); at += chase_stride) {
        hwy::FlushCacheline(memory_.data() + at);
    }
    hwy::FlushStream();
}

/// Picoseconds of `steps` links, all of this round.
std::uint64_t chase::follow(std::size_t steps) {
    const std::byte* at = at_;
    const auto start = measuring_clock::now();
    for (std::size_t done = 0; done < steps; ++done) {
        at = next(at);
    }
    const auto end = measuring_clock::now();
    at_ = at;
    left_ -= steps;
    return picoseconds(end - start);
}

std::uint64_t chase::run(std::size_t steps) {
    if (steps == 0) {
        throw std::invalid_argument("a chase of no steps");
    }
    std::uint64_t all = 0;
    for (std::size_t to_do = steps; to_do != 0;) {
        const std::size_t now = std::min(to_do, left_of_round());
        all += follow(now);
        to_do -= now;
    }
    return all / steps;
}

chase::stretch chase::run_until(const std::atomic<bool>& stop) {
    stretch out;
    do {
        const std::size_t now = std::min(look_after, left_of_round());
        out.picoseconds += follow(now);
        out.steps += now;
    } while (!stop.load(std::memory_order_relaxed));
    return out;
}

/// Never 0: begins a new round when one has ended.
std::size_t chase::left_of_round() {
    if (left_ == 0) {
        left_ = elements_;
        if (when_ == flushing::each_round) {
            flush();
        }
    }
    return left_;
}

} // namespace hetmem::detail
