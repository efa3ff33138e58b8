#include "tests/vm/programs/count.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace vm {
namespace {

constexpr std::size_t page = 4096;

std::uint64_t address(const void* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

} // namespace

std::map<int, std::uint64_t> count_by_query(const void* start, std::size_t length) {
    std::map<int, std::uint64_t> bytes;
    constexpr std::size_t batch = 16384;
    std::vector<const void*> pages;
    std::vector<int> status;
    const auto* const first = static_cast<const std::byte*>(start);
    for (std::size_t done = 0; done < length; done += pages.size() * page) {
        pages.clear();
        for (std::size_t at = done; at < length && pages.size() < batch; at += page) {
            pages.push_back(first + at);
        }
        constexpr int untold = -1000;
        status.assign(pages.size(), untold);
        // 0 or the number of pages that could not be told of; an error leaves `untold` behind.
        if (syscall(SYS_move_pages, 0, pages.size(), pages.data(), nullptr, status.data(), 0) < 0) {
            bytes[-errno] += pages.size() * page;
            continue;
        }
        for (const int found : status) {
            bytes[found] += page;
        }
    }
    return bytes;
}

counted_maps count_by_maps(const void* start, std::size_t length) {
    std::ifstream file("/proc/self/numa_maps");
    counted_maps counted;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::uint64_t begin = 0;
        std::string policy;
        words >> std::hex >> begin >> policy;
        if (begin < address(start) || begin >= address(start) + length) {
            continue;
        }
        ++counted.mappings;
        if (counted.policies.empty() || counted.policies.back() != policy) {
            counted.policies.push_back(policy);
        }
        std::map<int, std::uint64_t> pages;
        std::uint64_t page_bytes = page;
        for (std::string word; words >> word;) {
            const auto equals = word.find('=');
            if (word.starts_with("kernelpagesize_kB=")) {
                page_bytes = std::stoull(word.substr(equals + 1)) * 1024;
            } else if (word[0] == 'N' && equals != word.npos && equals > 1) {
                pages[std::stoi(word.substr(1))] = std::stoull(word.substr(equals + 1));
            }
        }
        for (const auto& [node, count] : pages) {
            counted.bytes[node] += count * page_bytes;
        }
    }
    return counted;
}

std::vector<mapped_piece> mapped_files(const void* start, std::size_t length) {
    std::ifstream file("/proc/self/maps");
    std::vector<mapped_piece> pieces;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
        char dash = 0;
        std::string rights;
        mapped_piece piece;
        std::string device;
        std::string inode;
        words >> std::hex >> begin >> dash >> end >> rights >> piece.offset >> device >> inode;
        words >> piece.file;
        piece.length = end - begin;
        if (begin >= address(start) && begin < address(start) + length && !piece.file.empty()) {
            pieces.push_back(piece);
        }
    }
    return pieces;
}

std::uint64_t node_figure(int node, const std::string& name) {
    std::ifstream file("/sys/devices/system/node/node" + std::to_string(node) + "/meminfo");
    for (std::string line; std::getline(file, line);) {
        const auto at = line.find(" " + name + ":");
        if (at != line.npos) {
            return std::stoull(line.substr(at + name.size() + 2)) * 1024;
        }
    }
    return 0;
}

} // namespace vm
