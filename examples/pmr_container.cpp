// pmr_container.cpp: a standard container moved to another memory.
//
//     pmr_container [MEMORY]
//
// MEMORY is a memory as `hetmem show` calls it, or a kind: "hbm". Without it: the memory with the
// highest read bandwidth from here.
//
// Build: c++ -std=c++20 pmr_container.cpp $(pkg-config --cflags --libs hetmem)

#include <hetmem/discover.hpp>
#include <hetmem/placement.hpp>
#include <hetmem/pool.hpp>
#include <hetmem/residency.hpp>

#include <cstdio>
#include <exception>
#include <map>
#include <memory_resource>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace {

void print(const char* what, const void* object) {
    const hetmem::pool* const pool = hetmem::pool::of(object);
    std::printf("%-34s on %s, of %s\n", what,
                hetmem::target_of(object).value_or("no memory yet").c_str(),
                pool == nullptr ? "no pool" : ("the pool on " + pool->asked().to_string()).c_str());
}

int run(const hetmem::placement& there) {
    // Ordinary memory, wherever the kernel put it.
    std::pmr::vector<double> samples(1'000'000);
    std::iota(samples.begin(), samples.end(), 0.0);
    print("a vector, as always:", samples.data());

    // A pool is a std::pmr::memory_resource. It must outlive what is in it.
    hetmem::pool pool(there);

    // A container keeps its resource for life; another one with the new resource takes the
    // elements. Two pools are never equal, so that this moves the elements and not just a pointer
    // to them.
    std::pmr::vector<double> fast(std::move(samples), &pool);
    print("moved to the pool:", fast.data());

    // Work where bandwidth is.
    const double sum = std::accumulate(fast.begin(), fast.end(), 0.0);

    // What is in a container goes along: keys, values and nodes are all in the pool.
    std::pmr::map<int, std::pmr::string> names(&pool);
    names.emplace(1, "a text that is too long to be stored inside of its string object");
    print("a string in a map in the pool:", names.at(1).data());

    // And back, when the fast memory is needed for something else.
    std::pmr::vector<double> slow(fast.begin(), fast.end(), std::pmr::get_default_resource());
    print("copied back:", slow.data());
    fast.clear();
    fast.shrink_to_fit();
    names.clear();

    // Freed memory stays with the pool for the next object, until it is asked to give it back.
    const hetmem::byte_size given_back = pool.trim();
    const hetmem::pool_statistics now = pool.statistics();
    std::printf("%-34s %.1f MiB given back, %.1f MiB held\n",
                "the pool, trimmed:", static_cast<double>(given_back.bytes()) / (1 << 20),
                static_cast<double>(now.held.bytes()) / (1 << 20));

    const bool right =
        sum == 499'999'500'000.0 && slow.size() == 1'000'000 && slow.back() == 999'999;
    return right && now.live == 0 ? 0 : 1;
}

} // namespace

int main(int count, char** words) {
    try {
        const hetmem::topology machine = hetmem::discover();
        return run(count > 1 ? hetmem::bind(machine, words[1])
                             : hetmem::best(machine, hetmem::criterion::read_bandwidth));
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
