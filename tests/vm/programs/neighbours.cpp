// hog, bystander, stamp, stamped: other programs of the machine, which know nothing of hetmem.
#include "tests/vm/programs/count.hpp"
#include "tests/vm/programs/hold.hpp"
#include "tests/vm/programs/pattern.hpp"
#include "tests/vm/programs/report.hpp"
#include "tests/vm/programs/subcommands.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace vm {
namespace {

using nlohmann::json;

constexpr std::size_t piece = std::size_t{2} << 20U;

std::byte* fresh(std::size_t length) {
    void* const memory =
        mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        throw std::runtime_error("mmap");
    }
    return static_cast<std::byte*>(memory);
}

void fill(int node, std::uint64_t leave) {
    constexpr int preferred = 1; // MPOL_PREFERRED
    const unsigned long nodes = 1UL << static_cast<unsigned>(node);
    while (node_figure(node, "MemFree") > leave + piece) {
        std::byte* const memory = fresh(piece);
        if (syscall(SYS_mbind, memory, piece, preferred, &nodes, 64UL, 0U) != 0 ||
            madvise(memory, piece, MADV_POPULATE_WRITE) != 0) {
            throw std::runtime_error("filling node" + std::to_string(node));
        }
    }
}

/// All of a dax device, shared.
std::span<std::byte> whole_device(const std::string& path) {
    const std::string name = path.substr(path.rfind('/') + 1);
    std::ifstream size_file("/sys/bus/dax/devices/" + name + "/size");
    std::size_t length = 0;
    size_file >> length;
    const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
    void* const memory =
        file < 0 ? MAP_FAILED : mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) {
        throw std::runtime_error("mapping " + path);
    }
    close(file);
    return {static_cast<std::byte*>(memory), length};
}

constexpr std::uint64_t stamp_seed = 0x57a3;

} // namespace

json stamp(const arguments& asked) {
    write_pattern(whole_device(asked.word(1)), stamp_seed);
    return {{"outcome", "done"}};
}

json stamped(const arguments& asked) {
    return {{"outcome", "done"},
            {"contents", has_pattern(whole_device(asked.word(1)), stamp_seed)}};
}

json hog(const arguments& asked) {
    for (std::size_t n = 1; n < asked.words(); ++n) {
        const std::string& word = asked.word(n);
        const auto colon = word.find(':');
        fill(std::stoi(word.substr(0, colon)), std::stoull(word.substr(colon + 1)) << 20U);
    }
    wait_until_released();
    return {{"outcome", "done"}};
}

json bystander(const arguments& asked) {
    constexpr std::uint64_t seed = 0xb157;
    const std::size_t length = asked.number(std::size_t{1}) << 20U;
    const std::span<std::byte> memory(fresh(length), length);
    write_pattern(memory, seed);
    wait_until_released();
    return {{"outcome", "done"}, {"contents", has_pattern(memory, seed)}};
}

} // namespace vm
