#include "memory/page_places.hpp"

#include "kernel/policy.hpp"
#include "memory/address_range.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

constexpr int populate_read = 22; // MADV_POPULATE_READ, Linux 5.14: not in Debian 12's C library
constexpr std::uint64_t present_bit = std::uint64_t{1} << 63U;

std::uint64_t number(const void* address) {
    return std::bit_cast<std::uintptr_t>(address);
}

/// How many pages from the first on follow each other.
std::size_t run_length(std::span<void* const> pages) {
    std::size_t count = 1;
    while (count < pages.size() && number(pages[count]) == number(pages[count - 1]) + base_page) {
        ++count;
    }
    return count;
}

} // namespace

page_places::page_places(pid_t pid)
    : pid_(pid), pagemap_(::open(pid == 0 ? "/proc/self/pagemap"
                                          : fmt::format("/proc/{}/pagemap", pid).c_str(),
                                 O_RDONLY | O_CLOEXEC)) {}

bool page_places::present(std::uint64_t start, std::span<bool> there) {
    entries_.resize(there.size());
    const std::size_t wanted = entries_.size() * sizeof(std::uint64_t);
    const ssize_t got = ::pread(pagemap_.get(), entries_.data(), wanted,
                                static_cast<off_t>(start / base_page * sizeof(std::uint64_t)));
    if (got < 0 || static_cast<std::size_t>(got) != wanted) {
        return false;
    }
    std::transform(entries_.begin(), entries_.end(), there.begin(),
                   [](std::uint64_t entry) { return (entry & present_bit) != 0; });
    return true;
}

void page_places::look_up(std::span<void* const> pages, std::span<int> places) {
    constexpr std::size_t most = 4096;
    std::array<bool, most> there; // left uninitialised on purpose
    while (!pages.empty()) {
        const std::size_t count = run_length(pages.first(std::min(most, pages.size())));
        const auto answers = std::span(there).first(count);
        const bool known = present(number(pages.front()), answers);
        for (std::size_t i = 0; i < count; ++i) {
            places[i] = !known || answers[i] ? unknown_page : absent_page;
        }
        pages = pages.subspan(count);
        places = places.subspan(count);
    }
}

int page_places::ask(std::span<void* const> pages, std::span<int> places) {
    const int failed = kernel::query_pages(pid_, pages, places);
    if (failed != 0) {
        look_up(pages, places);
        return failed;
    }
    for (std::size_t i = 0; i < pages.size();) {
        std::size_t end = i;
        while (end < pages.size() && places[end] < 0) {
            ++end;
        }
        look_up(pages.subspan(i, end - i), places.subspan(i, end - i));
        i = std::max(end, i + 1);
    }
    return 0;
}

int page_places::ask_firmly(std::span<void* const> pages, std::span<int> places) {
    if (const int failed = ask(pages, places); failed != 0) {
        return failed;
    }
    std::vector<void*> marked;
    std::vector<std::size_t> at;
    for (std::size_t i = 0; i < pages.size(); ++i) {
        if (places[i] == unknown_page) {
            marked.push_back(pages[i]);
            at.push_back(i);
        }
    }
    if (marked.empty()) {
        return 0;
    }
    unmark(marked);
    std::vector<int> again(marked.size());
    if (kernel::query_pages(pid_, marked, again) != 0) {
        return 0;
    }
    for (std::size_t n = 0; n < at.size(); ++n) {
        // -EFAULT for a page that is there and has no mark: the kernel's page of zeroes, no memory.
        places[at[n]] = again[n] >= 0 ? again[n] : again[n] == -EFAULT ? absent_page : unknown_page;
    }
    return 0;
}

void page_places::unmark(std::span<void* const> pages) {
    if (pid_ == 0) {
        while (!pages.empty()) {
            const std::size_t count = run_length(pages);
            ::madvise(pages.front(), count * base_page, populate_read);
            pages = pages.subspan(count);
        }
        return;
    }
    constexpr std::size_t at_once = 512; // below IOV_MAX
    std::array<char, at_once> bytes{};
    std::array<iovec, at_once> here{};
    std::array<iovec, at_once> there{};
    while (!pages.empty()) {
        const std::size_t count = std::min(at_once, pages.size());
        for (std::size_t i = 0; i < count; ++i) {
            here[i] = {&bytes[i], 1};
            there[i] = {pages[i], 1};
        }
        const ssize_t got = ::process_vm_readv(pid_, here.data(), count, there.data(), count, 0);
        if (got < 0 && errno != EFAULT) {
            return;
        }
        // It stops at a page that cannot be read: that one is passed over.
        const std::size_t done = got < 0 ? 0 : static_cast<std::size_t>(got);
        pages = pages.subspan(std::min(done < count ? done + 1 : done, pages.size()));
    }
}

} // namespace hetmem::detail
