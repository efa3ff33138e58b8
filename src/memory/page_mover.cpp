#include "memory/page_mover.hpp"

#include "kernel/policy.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <memory>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

[[noreturn]] void refuse(int errno_value, pid_t pid, unsigned node) {
    const std::string whose =
        pid == 0 ? std::string("pages") : fmt::format("pages of process {}", pid);
    switch (errno_value) {
    case EPERM:
    case ENOSYS:
        throw not_permitted(
            pid == 0 ? fmt::format(
                           "cannot move pages: move_pages(2) is forbidden, as the seccomp filters "
                           "of containers do; CAP_SYS_NICE, or a profile that allows it, helps")
                     : fmt::format(
                           "cannot move {}: only the same user (of a program that is not set-uid) "
                           "or who has CAP_SYS_PTRACE may, and seccomp filters of containers "
                           "forbid move_pages(2)",
                           whose));
    case EACCES:
        throw not_permitted(
            fmt::format("cannot move {} to node{}: the cpuset does not allow it", whose, node));
    case ENODEV:
        throw target_lost(fmt::format("node{} is not online, or has no memory", node));
    case ESRCH:
        throw error(ESRCH, fmt::format("there is no process {}", pid));
    default:
        throw error(errno_value, fmt::format("cannot move {} to node{}", whose, node));
    }
}

/// What does not end a migration: no room, pages in use, and (on old kernels) nothing to do.
bool goes_on(int errno_value) {
    return errno_value == 0 || errno_value == ENOMEM || errno_value == EAGAIN ||
           errno_value == EBUSY || errno_value == ENOENT;
}

} // namespace

void add_pages(byte_range range, std::vector<void*>& pages) {
    for (std::size_t at = 0; at < range.length; at += base_page) {
        pages.push_back(range.start + at);
    }
}

/// Who of the pages still has to be moved, after a call that gave this status.
std::vector<void*> page_mover::not_there_yet(std::span<void* const> pages,
                                             std::span<const int> status, int node) {
    std::vector<void*> again;
    std::vector<void*> untold;
    std::vector<void*> marked;
    for (std::size_t i = 0; i < pages.size(); ++i) {
        if (status[i] == kernel::not_told) {
            untold.push_back(pages[i]);
        } else if (status[i] == -EACCES) {
            left_.shared += base_page;
        } else if (status[i] == -ENOENT || status[i] == -EFAULT) {
            marked.push_back(pages[i]); // or nothing is there
        } else if (status[i] != node) {
            again.push_back(pages[i]);
        } else {
            confirmed_ += base_page;
        }
    }
    std::vector<int> places(untold.size());
    places_.ask(untold, places);
    for (std::size_t i = 0; i < untold.size(); ++i) {
        if (places[i] == unknown_page) {
            marked.push_back(untold[i]);
        } else if (places[i] != absent_page && places[i] != node) {
            again.push_back(untold[i]);
        }
    }
    if (!marked.empty()) {
        std::sort(marked.begin(), marked.end());
        places.resize(marked.size());
        places_.ask_firmly(marked, places);
        for (std::size_t i = 0; i < marked.size(); ++i) {
            if (places[i] >= 0 && places[i] != node) {
                again.push_back(marked[i]);
            }
        }
    }
    std::sort(again.begin(), again.end());
    return again;
}

std::vector<void*> page_mover::move(std::vector<void*> pages, unsigned node) {
    std::vector<void*> without_room;
    std::vector<int> status;
    int fruitless = 0;
    while (!pages.empty()) {
        status.resize(pages.size());
        const int failed = kernel::move_pages(pid_, pages, static_cast<int>(node), status);
        if (!goes_on(failed)) {
            refuse(failed, pid_, node);
        }
        std::vector<void*> again = not_there_yet(pages, status, static_cast<int>(node));
        // A page that is in use is often free a moment later.
        fruitless = again.size() < pages.size() ? 0 : fruitless + 1;
        const bool in_vain = fruitless >= (failed == ENOMEM || pages.size() > 1 ? 1 : 3);
        pages = std::move(again);
        if (!in_vain) {
            continue;
        }
        if (failed == ENOMEM) {
            without_room.insert(without_room.end(), pages.begin(), pages.end());
        } else if (pages.size() == 1) {
            left_.busy += base_page;
        } else {
            move_halves(pages, node, without_room);
        }
        break;
    }
    return without_room;
}

void page_mover::move_halves(std::span<void* const> pages, unsigned node,
                             std::vector<void*>& without_room) {
    const std::size_t half = pages.size() / 2;
    for (const auto part : {pages.first(half), pages.subspan(half)}) {
        const std::vector<void*> rest = move({part.begin(), part.end()}, node);
        without_room.insert(without_room.end(), rest.begin(), rest.end());
    }
}

std::vector<void*> page_mover::move_blocks(std::span<const byte_range> ranges, unsigned node) {
    std::vector<void*> blocks;
    std::vector<void*> single;
    for (const byte_range& range : ranges) {
        const byte_ranges whole = narrowed(std::span(&range, 1), huge_page);
        for (const byte_range& edge : without(std::span(&range, 1), whole)) {
            add_pages(edge, single);
        }
        for (const byte_range& block : whole) {
            if (small_for_ != 0) {
                add_pages(block, single);
                continue;
            }
            for (std::size_t at = 0; at < block.length; at += huge_page) {
                blocks.push_back(block.start + at);
            }
        }
    }
    small_for_ -= small_for_ == 0 ? 0 : 1;
    if (!blocks.empty()) {
        std::vector<int> status(blocks.size());
        const int failed = kernel::move_pages(pid_, blocks, static_cast<int>(node), status);
        if (!goes_on(failed)) {
            refuse(failed, pid_, node);
        }
        constexpr std::size_t looks = 4;
        std::vector<void*> looked_at;
        for (void* const block : blocks) {
            auto* const start = static_cast<std::byte*>(block);
            for (const std::size_t offset :
                 {std::size_t{0}, base_page, huge_page / 2, huge_page - base_page}) {
                looked_at.push_back(start + offset);
            }
        }
        bool any_huge = false;
        std::vector<int> found(looked_at.size());
        kernel::query_pages(pid_, looked_at, found);
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            const auto at = found.begin() + static_cast<std::ptrdiff_t>(i * looks);
            if (!std::all_of(at, at + looks,
                             [&](int place) { return place == static_cast<int>(node); })) {
                add_pages({static_cast<std::byte*>(blocks[i]), huge_page}, single);
            } else {
                any_huge = true;
            }
        }
        constexpr unsigned without_a_look = 7;
        small_for_ = any_huge ? 0 : without_a_look;
    }
    std::sort(single.begin(), single.end());
    return move(std::move(single), node);
}

page_mover::located page_mover::locate(std::span<const byte_range> ranges,
                                       const std::function<bool(unsigned node)>& wanted) {
    located out;
    std::vector<void*> pages;
    for (const byte_range& range : ranges) {
        add_pages(range, pages);
    }
    std::vector<int> places(pages.size());
    if (const int failed = places_.ask_firmly(pages, places); failed != 0) {
        refuse(failed, pid_, 0);
    }
    for (std::size_t i = 0; i < pages.size(); ++i) {
        if (places[i] >= 0 && wanted(static_cast<unsigned>(places[i]))) {
            out.pages.push_back(pages[i]);
            out.nodes.push_back(static_cast<unsigned>(places[i]));
        }
    }
    return out;
}

byte_ranges page_mover::populated(byte_range range) {
    const std::size_t count = range.length / base_page;
    const auto there = std::make_unique<bool[]>(count);
    if (!places_.present(std::bit_cast<std::uintptr_t>(range.start),
                         std::span(there.get(), count))) {
        return {range};
    }
    byte_ranges out;
    for (std::size_t i = 0; i < count; ++i) {
        if (there[i]) {
            out.push_back({range.start + i * base_page, base_page});
        }
    }
    return joined(std::move(out));
}

} // namespace hetmem::detail
