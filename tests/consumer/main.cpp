#include <hetmem/discover.hpp>
#include <hetmem/pool.hpp>
#include <hetmem/region.hpp>

#include <cstdio>
#include <memory_resource>
#include <new>
#include <vector>

int main() try {
    const hetmem::topology machine = hetmem::discover();
    const auto fastest = hetmem::best(machine, hetmem::criterion::read_bandwidth);

    // 64 MiB, every page where the placement says, or an exception: never a killed program.
    const hetmem::region buffer(hetmem::byte_size::from_mib(64), fastest);
    for (const auto& share : buffer.where().shares) {
        std::printf("%s holds %.3f GiB\n", share.target.c_str(), share.bytes.gib());
    }

    // Objects and containers in the same memory.
    hetmem::pool pool(fastest);
    std::pmr::vector<double> samples(1'000'000, &pool);
    std::printf("samples are on %s\n", hetmem::target_of(samples.data())->c_str());
} catch (const hetmem::target_full& full) {
    std::printf("%s\n", full.what());
} catch (const std::bad_alloc& full) { // as every allocator, a pool throws that
    std::printf("%s\n", full.what());
}
