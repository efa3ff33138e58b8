// Times the engine of pools and of the preloaded malloc beside glibc's malloc, unmodified mimalloc
// and memkind's fixed kind, in turns within one run.
//
//     bench_heap_against_peers [RUNS [PART-OF-A-NAME [ENGINE]]]
//
// One line a workload: nanoseconds for one allocation and its free, medians and in brackets the
// least, the ratio to what the limit is set against, and the limit. Every engine is called through
// a pointer; ours through one more function, as a pool is. mimalloc is loaded as its users load it,
// but does not take over malloc; it is left out where there is none.
#include "stopwatch.hpp"

#include "heap/heap.hpp"
#include "heap/map_aligned.hpp"

#include <algorithm>
#include <barrier>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <memkind.h>
#include <sys/mman.h>

namespace {

using hetmem::bench::stopwatch;

/// Address space that takes memory as it is touched.
class plain_memory final : public hetmem::heap::backing {
public:
    std::size_t granule() const noexcept override { return std::size_t{2} << 20; }
    void* reserve(std::size_t length, std::size_t alignment) noexcept override {
        return hetmem::heap::map_aligned(length, alignment, PROT_READ | PROT_WRITE, MAP_NORESERVE);
    }
    bool commit(void*, std::size_t, bool& zeroed) noexcept override {
        zeroed = true;
        return true;
    }
    void decommit(void* start, std::size_t length) noexcept override {
        ::madvise(start, length, MADV_DONTNEED);
    }
    void release(void* start, std::size_t length) noexcept override { ::munmap(start, length); }
};

constexpr std::size_t hand_over_round = 20'000;

struct engine {
    const char* name;
    void* (*allocate)(std::size_t);
    void (*free)(void*);
};

hetmem::heap::heap& our_heap() {
    static plain_memory memory;
    static hetmem::heap::heap it(memory, nullptr);
    return it;
}
hetmem::heap::heap* const ours = &our_heap();

[[gnu::noinline]] void* our_allocate(std::size_t bytes) {
    return ours->allocate(bytes, 16);
}
[[gnu::noinline]] void our_free(void* object) {
    hetmem::heap::heap::free(object);
}

memkind_t fixed = nullptr;
void* fixed_allocate(std::size_t bytes) {
    return memkind_malloc(fixed, bytes);
}
void fixed_free(void* object) {
    memkind_free(fixed, object);
}

bool open_fixed() {
    const std::size_t length = std::size_t{64} << 20;
    void* const start = ::mmap(nullptr, length, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return start != MAP_FAILED && memkind_create_fixed(start, length, &fixed) == 0;
}

/// Objects and the order in which they are freed: made before, so that only the engine is timed.
struct script {
    std::vector<std::uint32_t> sizes;
    std::vector<std::uint32_t> order;
};

script random_script(std::size_t count, std::uint32_t least, std::uint32_t most, unsigned seed) {
    std::mt19937 random(seed);
    script made;
    for (std::size_t i = 0; i < count; ++i) {
        made.sizes.push_back(static_cast<std::uint32_t>(least + random() % (most - least + 1)));
        made.order.push_back(static_cast<std::uint32_t>(i));
    }
    std::shuffle(made.order.begin(), made.order.end(), random);
    return made;
}

void* touched(const engine& with, std::size_t bytes) {
    void* const object = with.allocate(bytes);
    if (object == nullptr) {
        std::fprintf(stderr, "%s has no memory\n", with.name);
        std::abort();
    }
    *static_cast<volatile std::uint64_t*>(object) = bytes;
    return object;
}

void pairs(const engine& with, std::size_t bytes, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        with.free(touched(with, bytes));
    }
}

/// All of the script, then free it in its order; several times.
void batches(const engine& with, const script& of, std::size_t times) {
    std::vector<void*> objects(of.sizes.size());
    for (std::size_t n = 0; n < times; ++n) {
        for (std::size_t i = 0; i < objects.size(); ++i) {
            objects[i] = touched(with, of.sizes[i]);
        }
        for (const std::uint32_t i : of.order) {
            with.free(objects[i]);
        }
    }
}

/// The script is live all the time; one after the other is replaced by one of another size.
void replacing(const engine& with, const script& of, std::size_t times) {
    std::vector<void*> objects(of.sizes.size());
    for (std::size_t i = 0; i < objects.size(); ++i) {
        objects[i] = touched(with, of.sizes[i]);
    }
    std::size_t next = 0;
    for (std::size_t n = 0; n < times; ++n) {
        for (const std::uint32_t i : of.order) {
            with.free(objects[i]);
            objects[i] = touched(with, of.sizes[next]);
            next = next + 1 == of.sizes.size() ? 0 : next + 1;
        }
        next = next + 7 < of.sizes.size() ? next + 7 : 0;
    }
    for (void* const object : objects) {
        with.free(object);
    }
}

/// One thread allocates, the other frees, both at the same time: what is allocated in one round is
/// freed in the next. They wait for each other once a round only, so that the time is the engine's.
void handing_over(const engine& with, std::size_t bytes, std::size_t rounds) {
    std::vector<void*> objects[2] = {std::vector<void*>(hand_over_round),
                                     std::vector<void*>(hand_over_round)};
    std::barrier together(2);
    std::thread consumer([&] {
        for (std::size_t n = 0; n < rounds; ++n) {
            together.arrive_and_wait();
            for (void* const each : objects[n % 2]) {
                with.free(each);
            }
        }
    });
    for (std::size_t n = 0; n < rounds; ++n) {
        for (void*& each : objects[n % 2]) {
            each = touched(with, bytes);
        }
        together.arrive_and_wait();
    }
    consumer.join();
}

template <class Work> void in_threads(std::size_t count, Work&& work) {
    if (count == 1) {
        work(0);
        return;
    }
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < count; ++i) {
        threads.emplace_back([&work, i] { work(i); });
    }
    for (std::thread& each : threads) {
        each.join();
    }
}

struct contest {
    std::string name;
    std::vector<const engine*> engines; ///< ours first
    /// Ours is compared with the best of these many that follow it.
    std::size_t rivals;
    double limit;
};

std::string_view only_contest;
std::string_view only_engine;

/// `work(engine)` does `operations` allocations and frees.
template <class Work> bool run(const contest& of, double operations, int runs, Work&& work) {
    if (of.name.find(only_contest) == std::string::npos) {
        return true;
    }
    std::vector<stopwatch> watches(of.engines.size());
    for (int n = 0; n <= runs; ++n) {
        for (std::size_t i = 0; i < watches.size(); ++i) {
            // Not always behind the same one; the first round warms up.
            const std::size_t which = (i + static_cast<std::size_t>(n)) % watches.size();
            if (std::string_view(of.engines[which]->name).find(only_engine) ==
                std::string_view::npos) {
                continue;
            }
            stopwatch unused;
            (n == 0 ? unused : watches[which]).time([&] { work(*of.engines[which]); });
        }
    }
    std::printf("%-34s", of.name.c_str());
    double best = 0;
    double best_least = 0;
    for (std::size_t i = 0; i < watches.size(); ++i) {
        const double median = watches[i].median() * 1e3 / operations;
        const double least = watches[i].least() * 1e3 / operations;
        std::printf(" %s %.1f (%.1f)", of.engines[i]->name, median, least);
        if (i > 0 && i <= of.rivals) {
            best = i == 1 || median < best ? median : best;
            best_least = i == 1 || least < best_least ? least : best_least;
        }
    }
    const double ratio = watches[0].median() * 1e3 / operations / best;
    const double ratio_least = watches[0].least() * 1e3 / operations / best_least;
    std::printf("  ratio %.2f (%.2f) limit %.2f %s\n", ratio, ratio_least, of.limit,
                ratio <= of.limit ? "ok" : "OVER");
    std::fflush(stdout);
    return ratio <= of.limit;
}

void mixes(const std::vector<const engine*>& engines, std::uint32_t least, std::uint32_t most,
           const std::string& name, std::size_t times, int runs) {
    const std::size_t count = 10'000;
    const std::vector<script> scripts = {random_script(count, least, most, 1),
                                         random_script(count, least, most, 2)};
    for (const std::size_t threads : {std::size_t{1}, std::size_t{2}}) {
        const std::string suffix =
            name + ", " + std::to_string(threads) + " thread" + (threads == 1 ? "" : "s");
        // Of a thread: two that run at once take as long as one, if all is well.
        const auto operations = static_cast<double>(count * times);
        run({"batch " + suffix, engines, engines.size() - 1, 1.15}, operations, runs,
            [&](const engine& with) {
                in_threads(threads, [&](std::size_t i) { batches(with, scripts[i], times); });
            });
        run({"replace " + suffix, engines, engines.size() - 1, 1.15},
            operations + static_cast<double>(count), runs, [&](const engine& with) {
                in_threads(threads, [&](std::size_t i) { replacing(with, scripts[i], times); });
            });
    }
}

} // namespace

int main(int count, char** words) {
    const int runs = count > 1 ? std::atoi(words[1]) : 9;
    only_contest = count > 2 ? words[2] : "";
    only_engine = count > 3 ? words[3] : "";
    const engine heap{"hetmem", our_allocate, our_free};
    const engine glibc{"glibc", std::malloc, std::free};
    engine mimalloc{"mimalloc", nullptr, nullptr};
    const engine memkind{"memkind", fixed_allocate, fixed_free};
    if (void* const library = ::dlopen("libmimalloc.so.2", RTLD_NOW | RTLD_LOCAL)) {
        mimalloc.allocate = reinterpret_cast<void* (*)(std::size_t)>(::dlsym(library, "mi_malloc"));
        mimalloc.free = reinterpret_cast<void (*)(void*)>(::dlsym(library, "mi_free"));
    }
    std::vector<const engine*> all{&heap};
    if (mimalloc.allocate != nullptr && mimalloc.free != nullptr) {
        all.push_back(&mimalloc);
    }
    const std::vector<const engine*> only_mimalloc = all;
    all.push_back(&glibc);

    const std::size_t many = 4'000'000;
    run({"pair 64 B", all, 1, 1.1}, static_cast<double>(many), runs,
        [&](const engine& with) { pairs(with, 64, many); });
    if (open_fixed()) {
        run({"pair 64 B, memkind fixed", {&heap, &memkind}, 1, 0.1}, 400'000, runs,
            [&](const engine& with) { pairs(with, 64, 400'000); });
    }
    mixes(all, 16, 1024, "16-1024 B", 60, runs);
    mixes(all, 256, 64 << 10, "256 B-64 KiB", 5, runs);
    run({"hand over 128 B", all, 1, 1.2}, static_cast<double>(100 * hand_over_round), runs,
        [&](const engine& with) { handing_over(with, 128, 100); });
    const auto counts = ours->counts();
    ours->trim();
    std::printf("hetmem held %.1f MiB, after trim() %.1f MiB\n",
                static_cast<double>(counts.held) / (1 << 20),
                static_cast<double>(ours->counts().held) / (1 << 20));
}
