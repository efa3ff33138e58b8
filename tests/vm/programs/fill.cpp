// vm_fill MIB: a program that knows nothing of any of this: malloc, and every page written to, with
// whatever policy it has. Prints, as JSON, how many bytes of it came to lie on each node, and again
// once it was released by who held it. When memory runs out it is the one to be killed.
#include "tests/vm/programs/count.hpp"
#include "tests/vm/programs/hold.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>

namespace {

/// Of the whole process, by node. numa_maps is right on 6.1 too, where the page query is not.
nlohmann::json count_pages() {
    nlohmann::json bytes = nlohmann::json::object();
    const auto all = vm::count_by_maps(nullptr, std::numeric_limits<std::size_t>::max());
    for (const auto& [node, size] : all.bytes) {
        bytes[std::to_string(node)] = size;
    }
    return bytes;
}

} // namespace

int main(int count, char** words) {
    if (count != 2) {
        std::fputs("usage: vm_fill MIB\n", stderr);
        return 2;
    }
    std::ofstream("/proc/self/oom_score_adj") << 1000;
    const std::size_t length = std::stoull(words[1]) << 20U;
    void* const memory = std::malloc(length);
    if (memory == nullptr) {
        std::perror("malloc");
        return 1;
    }
    constexpr std::size_t page = 4096;
    for (std::size_t at = 0; at < length; at += page) {
        static_cast<volatile char*>(memory)[at] = 1;
    }
    const nlohmann::json first = count_pages();
    vm::wait_until_released();
    const nlohmann::json later = count_pages();
    std::puts(nlohmann::json{{"first", first}, {"later", later}}.dump().c_str());
    std::free(memory);
}
