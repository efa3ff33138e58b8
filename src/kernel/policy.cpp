#include "kernel/policy.hpp"

#include "kernel/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <new>
#include <vector>

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace hetmem::kernel {
namespace {

constexpr unsigned word_bits = sizeof(unsigned long) * CHAR_BIT;

// Not in the headers of Debian 12's C library, or later than its kernel's.
constexpr int preferred_many_mode = 5; // Linux 5.15
constexpr int populate_write = 23;     // MADV_POPULATE_WRITE, Linux 5.14

/// A set of nodes as the kernel takes it: words, of which it is told "one bit more than there are",
/// since it subtracts one (get_nodes() in mm/mempolicy.c).
class node_mask {
public:
    /// False for a number that the mask cannot hold.
    bool set(const id_set& nodes) {
        std::size_t left = nodes.size();
        for (unsigned node = 0; left != 0; ++node) {
            if (node == words_.size() * word_bits) {
                return false;
            }
            if (nodes.contains(node)) {
                words_[node / word_bits] |= 1UL << (node % word_bits);
                used_ = node / word_bits + 1;
                --left;
            }
        }
        return true;
    }
    id_set get() const {
        id_set nodes;
        for (unsigned node = 0; node < words_.size() * word_bits; ++node) {
            if ((words_[node / word_bits] >> (node % word_bits) & 1U) != 0) {
                nodes.insert(node);
            }
        }
        return nodes;
    }
    unsigned long* words() { return words_.data(); }
    /// For a call that reads the mask: no more than it takes, the kernel looks at every word.
    unsigned long bits_set() const { return used_ == 0 ? 0 : used_ * word_bits + 1; }
    /// For a call that fills it: at least as many as the kernel has nodes, at most a page of words.
    unsigned long bits() const { return words_.size() * word_bits + 1; }

private:
    std::array<unsigned long, 4096 / sizeof(unsigned long)> words_{};
    unsigned long used_ = 0;
};

int kernel_mode(policy mode) {
    switch (mode) {
    case policy::preferred:
        return MPOL_PREFERRED;
    case policy::bind:
        return MPOL_BIND;
    case policy::interleave:
        return MPOL_INTERLEAVE;
    case policy::preferred_many:
        return preferred_many_mode;
    case policy::default_:
        break;
    }
    return MPOL_DEFAULT;
}

int errno_of(long result) {
    return result < 0 ? errno : 0;
}

int bind_range(void* start, std::size_t length, int mode, const id_set& nodes, unsigned flags) {
    node_mask mask;
    if (!mask.set(nodes)) {
        return EINVAL;
    }
    return errno_of(::syscall(SYS_mbind, start, length, mode,
                              nodes.empty() ? nullptr : mask.words(), mask.bits_set(), flags));
}

int read_policy(thread_policy& found, const void* at, unsigned flags) {
    node_mask mask;
    int mode = 0;
    if (::syscall(SYS_get_mempolicy, &mode, mask.words(), mask.bits(), at, flags) < 0) {
        return errno;
    }
    found.mode = mode;
    found.nodes = mask.get();
    return 0;
}

} // namespace

int set_range_policy(void* start, std::size_t length, policy mode, const id_set& nodes) {
    return bind_range(start, length, kernel_mode(mode), nodes, 0);
}

int set_range_policy(void* start, std::size_t length, const thread_policy& as_read) {
    return bind_range(start, length, as_read.mode, as_read.nodes, 0);
}

int prefer_and_move(void* start, std::size_t length, unsigned node) {
    id_set nodes;
    nodes.insert(node);
    return bind_range(start, length, MPOL_PREFERRED, nodes, MPOL_MF_MOVE);
}

int prefer_and_check(void* start, std::size_t length, unsigned node) {
    id_set nodes;
    nodes.insert(node);
    return bind_range(start, length, MPOL_PREFERRED, nodes, MPOL_MF_STRICT);
}

int set_thread_policy(policy mode, const id_set& nodes) {
    node_mask mask;
    if (!mask.set(nodes)) {
        return EINVAL;
    }
    return errno_of(::syscall(SYS_set_mempolicy, kernel_mode(mode),
                              nodes.empty() ? nullptr : mask.words(), mask.bits_set()));
}

int get_thread_policy(thread_policy& found) {
    return read_policy(found, nullptr, 0);
}

int get_range_policy(const void* at, thread_policy& found) {
    return read_policy(found, at, MPOL_F_ADDR);
}

int move_pages(pid_t pid, std::span<void* const> pages, int node, std::span<int> status) {
    if (status.size() != pages.size()) {
        return EINVAL;
    }
    std::fill(status.begin(), status.end(), not_told);
    if (pages.empty()) {
        return 0;
    }
    try {
        // In one call: each makes the kernel drain the lists of pages of every CPU.
        const std::vector<int> nodes(pages.size(), node);
        const long result = ::syscall(SYS_move_pages, pid, pages.size(), pages.data(), nodes.data(),
                                      status.data(), MPOL_MF_MOVE);
        // Above 0: the number of pages that were left; their status was not written.
        return result > 0 ? EAGAIN : errno_of(result);
    } catch (const std::bad_alloc&) {
        return ENOMEM;
    }
}

int query_pages(pid_t pid, std::span<void* const> pages, std::span<int> status) {
    if (status.size() != pages.size()) {
        return EINVAL;
    }
    std::fill(status.begin(), status.end(), not_told);
    if (pages.empty()) {
        return 0;
    }
    return errno_of(
        ::syscall(SYS_move_pages, pid, pages.size(), pages.data(), nullptr, status.data(), 0));
}

int populate(void* start, std::size_t length) {
    for (;;) {
        if (::madvise(start, length, populate_write) == 0) {
            return 0;
        }
        if (errno != EINTR && errno != EAGAIN) {
            return errno;
        }
    }
}

} // namespace hetmem::kernel
