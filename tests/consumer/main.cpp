#include <hetmem/discover.hpp>
#include <hetmem/rank.hpp>

#include <cstdio>

int main() {
    const hetmem::topology machine = hetmem::discover();
    const auto order = hetmem::rank(machine, hetmem::criterion::read_bandwidth);
    for (const auto& place : order.places) {
        const hetmem::target& memory = machine.targets()[place.target.index];
        std::printf("%-8s %s\n", memory.name.c_str(), explain(order, place).c_str());
    }
}
