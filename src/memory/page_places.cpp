#include "memory/page_places.hpp"

#include "kernel/policy.hpp"
#include "memory/address_range.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

constexpr int populate_read = 22; // MADV_POPULATE_READ, Linux 5.14: not in Debian 12's C library
// Of an entry of pagemap.
constexpr std::uint64_t present_bit = std::uint64_t{1} << 63U;
constexpr std::uint64_t file_bit = std::uint64_t{1} << 61U;
constexpr std::uint64_t exclusive_bit = std::uint64_t{1} << 56U;

/// How many pages from the first on follow each other.
std::size_t run_length(std::span<void* const> pages) {
    std::size_t count = 1;
    while (count < pages.size() && number(pages[count]) == number(pages[count - 1]) + base_page) {
        ++count;
    }
    return count;
}

} // namespace

page_places::page_places(pid_t pid) : pid_(pid) {}

bool page_places::read_entries(std::uint64_t start, std::size_t count) {
    if (!pagemap_) { // mostly the page query tells all
        const std::string file =
            pid_ == 0 ? "/proc/self/pagemap" : fmt::format("/proc/{}/pagemap", pid_);
        pagemap_ = kernel::unique_fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    }
    entries_.resize(count);
    const std::size_t wanted = count * sizeof(std::uint64_t);
    const ssize_t got = ::pread(pagemap_.get(), entries_.data(), wanted,
                                static_cast<off_t>(start / base_page * sizeof(std::uint64_t)));
    return got >= 0 && static_cast<std::size_t>(got) == wanted;
}

bool page_places::present(std::uint64_t start, std::span<bool> there) {
    if (!read_entries(start, there.size())) {
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
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < pages.size(); ++i) {
        if (places[i] == unknown_page) {
            open.push_back(i);
        }
    }
    // NUMA balancing may mark pages between the two steps: a few at once, and again. That it marks
    // the same few each time is unlikely (it scans a process every 10 ms at most).
    constexpr int attempts = 6;
    constexpr std::size_t many = huge_page / base_page;
    constexpr std::size_t few = 64;
    for (int attempt = 0; attempt < attempts && !open.empty(); ++attempt) {
        ask_again(pages, places, open, attempt == 0 ? many : few, attempt != 0);
    }
    return 0;
}

void page_places::ask_again(std::span<void* const> pages, std::span<int> places,
                            std::vector<std::size_t>& open, std::size_t at_once,
                            bool believe_zeroes) {
    std::vector<std::size_t> still_open;
    std::vector<void*> some;
    std::vector<int> found;
    for (std::size_t done = 0; done < open.size(); done += some.size()) {
        const auto now = std::span(open).subspan(done, std::min(at_once, open.size() - done));
        some.resize(now.size());
        found.resize(now.size());
        std::transform(now.begin(), now.end(), some.begin(),
                       [&](std::size_t i) { return pages[i]; });
        unmark(some);
        if (kernel::query_pages(pid_, some, found) != 0) {
            std::fill(found.begin(), found.end(), kernel::not_told);
        }
        for (std::size_t n = 0; n < now.size(); ++n) {
            int& place = places[now[n]];
            if (found[n] >= 0) {
                place = found[n];
                continue;
            }
            const bool known = read_entries(number(some[n]), 1);
            const std::uint64_t entry = known ? entries_.front() : present_bit;
            const bool of_memory = (entry & (file_bit | exclusive_bit)) != 0;
            // The kernel's page of zeroes, no memory.
            const bool of_zeroes = known && !of_memory && found[n] == -EFAULT && believe_zeroes;
            if ((entry & present_bit) == 0 || of_zeroes) {
                place = absent_page;
            } else {
                still_open.push_back(now[n]);
            }
        }
    }
    open = std::move(still_open);
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
