// tests/conformance/huge_pages.hpp: fills a node's pool of huge pages for the time of a test run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace hetmem::test {

class huge_pages {
public:
    /// Makes sure that `bytes` of free pages of `page` bytes are there; ok() tells whether they
    /// are.
    huge_pages(int node, std::size_t page, std::size_t bytes);
    /// The pool is as large as before.
    ~huge_pages();
    huge_pages(const huge_pages&) = delete;
    huge_pages& operator=(const huge_pages&) = delete;

    bool ok() const { return ok_; }

private:
    std::string folder_;
    std::uint64_t before_ = 0;
    bool changed_ = false;
    bool ok_ = false;
};

/// Fills it once, until the program ends: the kernel takes long to find, and longer to find that it
/// does not have, a free GiB. Whether it could be filled.
bool fill_huge_pages(int node, std::size_t page, std::size_t bytes);

} // namespace hetmem::test
