#include "tests/conformance/huge_pages.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <utility>

namespace hetmem::test {
namespace {

std::optional<std::uint64_t> read(const std::string& file) {
    std::ifstream in(file);
    std::uint64_t value = 0;
    return in >> value ? std::optional(value) : std::nullopt;
}

bool write(const std::string& file, std::uint64_t value) {
    std::ofstream out(file);
    out << value << std::flush;
    return out.good();
}

} // namespace

huge_pages::huge_pages(int node, std::size_t page, std::size_t bytes)
    : folder_("/sys/devices/system/node/node" + std::to_string(node) + "/hugepages/hugepages-" +
              std::to_string(page >> 10) + "kB/") {
    const std::uint64_t wanted = (bytes + page - 1) / page;
    const auto total = read(folder_ + "nr_hugepages");
    const auto free = read(folder_ + "free_hugepages");
    if (!total || !free) {
        return; // no such pages, or no such node
    }
    before_ = *total;
    if (*free < wanted) {
        changed_ = write(folder_ + "nr_hugepages", *total + wanted - *free);
    }
    ok_ = read(folder_ + "free_hugepages").value_or(0) >= wanted;
}

huge_pages::~huge_pages() {
    if (changed_) {
        write(folder_ + "nr_hugepages", before_);
    }
}

bool fill_huge_pages(int node, std::size_t page, std::size_t bytes) {
    static std::map<std::pair<int, std::size_t>, huge_pages> filled;
    return filled.try_emplace({node, page}, node, page, bytes).first->second.ok();
}

} // namespace hetmem::test
