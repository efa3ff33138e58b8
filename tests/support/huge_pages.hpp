// tests/support/huge_pages.hpp: fills a node's pool of huge pages while a test needs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace hetmem::test {

/// Tests run side by side, and the pools are the machine's: whoever changes them, or compares two
/// looks at them (tests/cli/capture_test.py), holds this.
class pools_lock {
public:
    /// One a process at a time; waits for the others.
    static std::shared_ptr<pools_lock> hold() {
        static std::weak_ptr<pools_lock> held;
        auto now = held.lock();
        if (!now) {
            now = std::make_shared<pools_lock>();
            held = now;
        }
        return now;
    }
    pools_lock() : directory_(::open("/sys/kernel/mm/hugepages", O_RDONLY | O_CLOEXEC)) {
        ::flock(directory_, LOCK_EX);
    }
    ~pools_lock() { ::close(directory_); }
    pools_lock(const pools_lock&) = delete;
    pools_lock& operator=(const pools_lock&) = delete;

private:
    int directory_;
};

class huge_pages {
public:
    /// Makes sure that `bytes` of free pages of `page` bytes are there; ok() tells whether they
    /// are.
    huge_pages(int node, std::size_t page, std::size_t bytes)
        : folder_("/sys/devices/system/node/node" + std::to_string(node) + "/hugepages/hugepages-" +
                  std::to_string(page >> 10) + "kB/") {
        const std::uint64_t wanted = (bytes + page - 1) / page;
        const auto total = read("nr_hugepages");
        const auto free = read("free_hugepages");
        if (!total || !free) {
            return; // no such pages, or no such node
        }
        before_ = *total;
        if (*free < wanted) {
            changed_ = write(*total + wanted - *free);
        }
        ok_ = read("free_hugepages").value_or(0) >= wanted;
    }
    /// The pool is as large as before.
    ~huge_pages() {
        if (changed_) {
            write(before_);
        }
    }
    huge_pages(const huge_pages&) = delete;
    huge_pages& operator=(const huge_pages&) = delete;

    bool ok() const { return ok_; }

private:
    std::optional<std::uint64_t> read(const char* name) const {
        std::ifstream in(folder_ + name);
        std::uint64_t value = 0;
        return in >> value ? std::optional(value) : std::nullopt;
    }
    bool write(std::uint64_t value) const {
        std::ofstream out(folder_ + "nr_hugepages");
        out << value << std::flush;
        return out.good();
    }

    std::shared_ptr<pools_lock> lock_ = pools_lock::hold();
    std::string folder_;
    std::uint64_t before_ = 0;
    bool changed_ = false;
    bool ok_ = false;
};

/// Fills it once, until the program ends: the kernel takes long to find, and longer to find that it
/// does not have, a free GiB. Whether it could be filled.
inline bool fill_huge_pages(int node, std::size_t page, std::size_t bytes) {
    static std::map<std::pair<int, std::size_t>, huge_pages> filled;
    return filled.try_emplace({node, page}, node, page, bytes).first->second.ok();
}

} // namespace hetmem::test
