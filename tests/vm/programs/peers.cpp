// peers WAY MIB NODE: asks for memory on one node, strictly, the way another library does it;
// touches it and prints how many bytes came to lie where. Whoever is killed prints nothing.
//
//   touch                  malloc and write (for `numactl --membind`)
//   numa                   libnuma: numa_set_strict, numa_alloc_onnode
//   hwloc                  hwloc_alloc_membind with HWLOC_MEMBIND_STRICT
//   memkind, memkind_dax   memkind_malloc from MEMKIND_HBW or MEMKIND_DAX_KMEM on that node
//   bind, preferred        mbind(2) and MADV_POPULATE_WRITE
#include "tests/vm/programs/arguments.hpp"
#include "tests/vm/programs/count.hpp"

#include <hwloc.h>
#include <memkind.h>
#include <numa.h>
#include <numaif.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>

namespace {

constexpr std::size_t page = 4096;

void write_all(void* memory, std::size_t length) {
    // Page by page, as a program that uses what it got would.
    for (std::size_t at = 0; at < length; at += page) {
        static_cast<volatile char*>(memory)[at] = 1;
    }
}

void* fresh(std::size_t length) {
    void* const memory =
        mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? nullptr : memory;
}

void* by_touch(std::size_t length, unsigned) {
    return std::malloc(length);
}

void* by_numa(std::size_t length, unsigned node) {
    if (numa_available() < 0) {
        throw std::runtime_error("libnuma: no NUMA here");
    }
    numa_set_strict(1);
    numa_set_bind_policy(1);
    return numa_alloc_onnode(length, static_cast<int>(node));
}

void* by_hwloc(std::size_t length, unsigned node) {
    hwloc_topology_t machine = nullptr;
    if (hwloc_topology_init(&machine) != 0 || hwloc_topology_load(machine) != 0) {
        throw std::runtime_error("hwloc: no topology");
    }
    const hwloc_nodeset_t nodes = hwloc_bitmap_alloc();
    hwloc_bitmap_only(nodes, node);
    return hwloc_alloc_membind(machine, length, nodes, HWLOC_MEMBIND_BIND,
                               HWLOC_MEMBIND_STRICT | HWLOC_MEMBIND_BYNODESET);
}

void* by_memkind(std::size_t length, unsigned node) {
    setenv("MEMKIND_HBW_NODES", std::to_string(node).c_str(), 1);
    return memkind_malloc(MEMKIND_HBW, length);
}

void* by_memkind_dax(std::size_t length, unsigned node) {
    setenv("MEMKIND_DAX_KMEM_NODES", std::to_string(node).c_str(), 1);
    return memkind_malloc(MEMKIND_DAX_KMEM, length);
}

void* by_policy(std::size_t length, unsigned node, int policy) {
    void* const memory = fresh(length);
    const unsigned long nodes = 1UL << node;
    if (memory == nullptr || mbind(memory, length, policy, &nodes, 64, 0) != 0 ||
        madvise(memory, length, MADV_POPULATE_WRITE) != 0) {
        return nullptr;
    }
    return memory;
}

void* by_bind(std::size_t length, unsigned node) {
    return by_policy(length, node, MPOL_BIND);
}

void* by_preferred(std::size_t length, unsigned node) {
    return by_policy(length, node, MPOL_PREFERRED);
}

using way = void* (*)(std::size_t, unsigned);

} // namespace

int main(int count, char** words) {
    const std::map<std::string, way> ways{
        {"touch", by_touch},         {"numa", by_numa}, {"hwloc", by_hwloc},
        {"memkind", by_memkind},     {"bind", by_bind}, {"memkind_dax", by_memkind_dax},
        {"preferred", by_preferred},
    };
    try {
        const vm::arguments asked(count, words);
        const std::size_t length = asked.number(std::size_t{1}) << 20;
        const auto node = static_cast<unsigned>(asked.number(std::size_t{2}));
        errno = 0;
        void* const memory = ways.at(asked.word(0))(length, node);
        if (memory == nullptr) {
            std::printf("{\"refused\": \"%s\"}\n", std::strerror(errno));
            return 0;
        }
        write_all(memory, length);
        const char* separator = "";
        std::printf("{\"bytes\": {");
        for (const auto& [where, bytes] : vm::count_by_query(memory, length)) {
            std::printf("%s\"%d\": %llu", separator, where, static_cast<unsigned long long>(bytes));
            separator = ", ";
        }
        std::printf("}}\n");
        return 0;
    } catch (const std::exception& why) {
        std::fprintf(stderr, "peers: %s\n", why.what());
        return 2;
    }
}
