#include "preload/placed_memory.hpp"

#include "preload/files.hpp"
#include "preload/message.hpp"
#include "preload/plain_memory.hpp"

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace hetmem::preload {
namespace {

// What a unit of a reservation is: nothing, of leg n (as n + 1), or ordinary memory that a forked
// child has in place of a device's.
constexpr unsigned char unused = 0;
constexpr unsigned char copied = 0x7f;
/// Beside a leg: part of an extent that is used elsewhere, and so still mapped.
constexpr unsigned char idle = 0x80;
static_assert(most_legs + 1 < copied);

constexpr std::size_t stripe_bytes = 2 * mebibyte;

class locked {
public:
    explicit locked(pthread_mutex_t& mutex) noexcept : mutex_(&mutex) {
        ::pthread_mutex_lock(mutex_);
    }
    ~locked() { ::pthread_mutex_unlock(mutex_); }
    locked(const locked&) = delete;
    locked& operator=(const locked&) = delete;

private:
    pthread_mutex_t* mutex_;
};

} // namespace

placed_memory::placed_memory(const placement& where) noexcept
    : where_(&where), unit_(stripe_bytes) {
    std::size_t index = 0;
    for (const leg& one : where.legs()) {
        all_weights_ += one.weight;
        rooms_[index++].set(one.node, one.headroom);
        if (one.device != nullptr) {
            unit_ = std::max(unit_, one.device_align);
        }
    }
}

unsigned char* placed_memory::units_of(const reservation& in, const void* address) const noexcept {
    return in.units + (reinterpret_cast<std::uintptr_t>(address) - in.start) / unit_;
}

void* placed_memory::reserve(std::size_t length, std::size_t alignment) noexcept {
    void* const start = reserve_space(length, std::max(alignment, unit_));
    if (start == nullptr) {
        return nullptr;
    }
    const errno_keeper keeper;
    void* const units =
        ::mmap(nullptr, length / unit_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (units != MAP_FAILED) {
        const locked guard(mutex_);
        if (reservations_.insert({reinterpret_cast<std::uintptr_t>(start), length,
                                  static_cast<unsigned char*>(units)})) {
            return start;
        }
        ::munmap(units, length / unit_);
    }
    release_space(start, length);
    return nullptr;
}

void placed_memory::release(void* start, std::size_t length) noexcept {
    const errno_keeper keeper;
    {
        const locked guard(mutex_);
        reservation* const in = reservations_.find(reinterpret_cast<std::uintptr_t>(start));
        take_back(*in, {static_cast<char*>(start), length});
        ::munmap(in->units, in->length / unit_);
        reservations_.remove(in);
    }
    release_space(start, length);
}

bool placed_memory::commit(void* start, std::size_t length, bool& zeroed) noexcept {
    const errno_keeper keeper;
    const locked guard(mutex_);
    const reservation in = *reservations_.find(reinterpret_cast<std::uintptr_t>(start));
    zeroed = true;
    // Runs of units that are alike: those still mapped of a device are used again, the rest placed.
    char* at = static_cast<char*>(start);
    char* const end = at + length;
    while (at < end) {
        const bool is_idle = (*units_of(in, at) & idle) != 0;
        part run{at, unit_};
        while (at + run.length < end && ((*units_of(in, at + run.length) & idle) != 0) == is_idle) {
            run.length += unit_;
        }
        if (is_idle) {
            use_again(in, run);
            zeroed = false;
        } else if (!place(in, run)) {
            // What place() did of its run it has taken back itself.
            take_back(in, {static_cast<char*>(start),
                           static_cast<std::size_t>(at - static_cast<char*>(start))});
            return false;
        }
        at += run.length;
    }
    return true;
}

void placed_memory::decommit(void* start, std::size_t length) noexcept {
    const errno_keeper keeper;
    const locked guard(mutex_);
    const reservation in = *reservations_.find(reinterpret_cast<std::uintptr_t>(start));
    take_back(in, {static_cast<char*>(start), length});
}

/// What is nowhere yet: all of it by the placement, or nothing. It reads as zero.
bool placed_memory::place(const reservation& in, part what) noexcept {
    const std::size_t legs = where_->legs().size();
    std::size_t done = 0;
    std::size_t leg = 0;
    while (done < what.length) {
        char* const at = what.start + done;
        std::size_t most = what.length - done;
        if (where_->kind() == placement_kind::interleave) {
            leg = leg_of_stripe(at);
            std::size_t same = unit_;
            while (same < most && leg_of_stripe(at + same) == leg) {
                same += unit_;
            }
            most = same;
        }
        const std::size_t got = place_on(leg, in, {at, most});
        done += got;
        if (got < most) {
            ++leg; // of a chain: the next one
            if (where_->kind() == placement_kind::interleave || leg == legs) {
                take_back(in, {what.start, done});
                return false;
            }
        }
    }
    return true;
}

/// As much of the beginning as this leg has.
std::size_t placed_memory::place_on(std::size_t leg, const reservation& in, part what) noexcept {
    const preload::leg& to = where_->legs()[leg];
    const auto mark = [&](char* start, std::size_t length) {
        std::memset(units_of(in, start), static_cast<int>(leg + 1), length / unit_);
    };
    if (to.device != nullptr) {
        std::size_t done = 0;
        while (done < what.length) {
            const std::size_t got = extents_.map(to, unit_, what.start + done, what.length - done);
            if (got == 0) {
                break;
            }
            dax_extent* const extent = extents_.find(what.start + done);
            extent->used = got;
            on_device_[leg] += got;
            mark(what.start + done, got);
            done += got;
        }
        return done;
    }
    const bool counts =
        where_->kind() == placement_kind::bind || where_->kind() == placement_kind::chain;
    const std::size_t taken = counts ? rooms_[leg].take(what.length, unit_, *this) : what.length;
    if (taken == 0) {
        return 0;
    }
    if (!make_usable(what.start, taken)) {
        if (counts) {
            rooms_[leg].give_back(taken);
        }
        return 0;
    }
    set_policy({what.start, taken}, to.node);
    mark(what.start, taken);
    return taken;
}

/// By address, so that stripes of many small reservations are spread as those of a large one.
std::size_t placed_memory::leg_of_stripe(const char* address) const noexcept {
    std::size_t position = reinterpret_cast<std::uintptr_t>(address) / unit_ % all_weights_;
    std::size_t index = 0;
    while (position >= where_->legs()[index].weight) {
        position -= where_->legs()[index++].weight;
    }
    return index;
}

void placed_memory::use_again(const reservation& in, part what) noexcept {
    for (std::size_t done = 0; done < what.length; done += unit_) {
        unsigned char& unit = *units_of(in, what.start + done);
        unit = static_cast<unsigned char>(unit & ~idle);
        extents_.find(what.start + done)->used += unit_;
    }
}

void placed_memory::take_back(const reservation& in, part what) noexcept {
    std::size_t done = 0;
    while (done < what.length) {
        char* const at = what.start + done;
        unsigned char* const unit = units_of(in, at);
        part run{at, unit_};
        if (*unit == unused || (*unit & idle) != 0) {
            done += run.length;
            continue;
        }
        const std::size_t leg = *unit - std::size_t{1};
        if (*unit != copied && where_->legs()[leg].device != nullptr) {
            *unit |= idle;
            dax_extent* const extent = extents_.find(at);
            extent->used -= unit_;
            if (extent->used == 0) {
                char* const start = reinterpret_cast<char*>(extent->start);
                std::memset(units_of(in, start), unused, extent->length / unit_);
                on_device_[leg] -= extent->length;
                extents_.unmap(extent);
            }
        } else {
            while (done + run.length < what.length && unit[run.length / unit_] == *unit) {
                run.length += unit_;
            }
            drop_pages(run.start, run.length);
            if (*unit != copied) {
                rooms_[leg].give_back(run.length);
            }
            std::memset(unit, unused, run.length / unit_);
        }
        done += run.length;
    }
}

bool placed_memory::set_policy(part what, int node) noexcept {
    if (policy_refused_) {
        return false;
    }
    constexpr std::size_t bits = 8 * sizeof(unsigned long);
    std::array<unsigned long, 1024 / bits> mask{};
    const auto number = static_cast<std::size_t>(node);
    mask[number / bits] = 1UL << (number % bits);
    // The kernel counts one bit less than it is told (mm/mempolicy.c, get_nodes).
    if (::syscall(SYS_mbind, what.start, what.length, MPOL_PREFERRED, mask.data(), 1024 + 1, 0) ==
        0) {
        return true;
    }
    if (errno == ENOMEM) { // the limit of mappings; those to come may be joined to others
        return false;
    }
    policy_refused_ = true;
    say({errno == EPERM || errno == ENOSYS
             ? "mbind is forbidden (a container's seccomp filter?)"
             : "the node that was asked for cannot be used (forbidden by the cpuset, or gone)",
         ": memory is where the kernel puts it"});
    return false;
}

bool placed_memory::available(int node, std::size_t& bytes) noexcept {
    return read_available(node, bytes);
}

std::size_t placed_memory::touched(int node) noexcept {
    input maps("/proc/self/numa_maps");
    return count_touched(
        maps, node,
        [](void* table, std::uintptr_t address) {
            return static_cast<sorted_table<reservation>*>(table)->find(address) != nullptr;
        },
        &reservations_);
}

std::uint64_t placed_memory::now() noexcept {
    struct timespec time {};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    constexpr std::uint64_t second = 1'000'000'000;
    return static_cast<std::uint64_t>(time.tv_sec) * second +
           static_cast<std::uint64_t>(time.tv_nsec);
}

std::size_t placed_memory::assigned(std::size_t leg) noexcept {
    const locked guard(mutex_);
    return where_->legs()[leg].device != nullptr ? on_device_[leg] : rooms_[leg].assigned();
}

bool placed_memory::owns(std::uintptr_t address) noexcept {
    const locked guard(mutex_);
    return reservations_.find(address) != nullptr;
}

void placed_memory::before_fork() noexcept {
    ::pthread_mutex_lock(&mutex_);
    extents_.before_fork();
}

void placed_memory::in_parent() noexcept {
    extents_.in_parent();
    ::pthread_mutex_unlock(&mutex_);
}

void placed_memory::in_child() noexcept {
    for (const dax_extent& one : extents_.all()) {
        const reservation& in = *reservations_.find(one.start);
        std::memset(units_of(in, reinterpret_cast<void*>(one.start)), copied, one.length / unit_);
    }
    on_device_ = {};
    extents_.in_child();
    ::pthread_mutex_unlock(&mutex_);
}

} // namespace hetmem::preload
