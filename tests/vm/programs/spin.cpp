#include "tests/vm/programs/pattern.hpp"
#include "tests/vm/programs/report.hpp"
#include "tests/vm/programs/request.hpp"
#include "tests/vm/programs/subcommands.hpp"

#include <chrono>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace vm {
namespace {

using nlohmann::json;

constexpr std::size_t page = 4096;

/// Pages that NUMA balancing has marked, to see who uses them.
std::uint64_t marked_pages() {
    std::ifstream file("/proc/vmstat");
    std::string name;
    for (std::uint64_t value = 0; file >> name >> value;) {
        if (name == "numa_pte_updates") {
            return value;
        }
    }
    return 0;
}

} // namespace

json spin(const arguments& asked) {
    constexpr std::uint64_t seed = 0x5917;
    constexpr std::chrono::seconds patience{30};
    json said;
    std::optional<hetmem::region> region = filled_region(said, asked, seed);
    if (!region) {
        return said;
    }
    std::vector<std::byte> ordinary(region->size());
    const std::uint64_t begun = marked_pages();
    const std::uint64_t enough = ordinary.size() / page;
    const auto end = std::chrono::steady_clock::now() + patience;
    std::uint64_t marked = 0;
    while (marked < enough && std::chrono::steady_clock::now() < end) {
        write_pattern(ordinary, seed);
        write_pattern(region->bytes(), seed);
        marked = marked_pages() - begun;
    }
    said["scanned"] = marked;
    said["contents"] = has_pattern(region->bytes(), seed);
    said["later"] = state_of(*region);
    return said;
}

} // namespace vm
