#include "memory/address_range.hpp"
#include "memory/backing.hpp"
#include "memory/migrate.hpp"
#include "memory/remap.hpp"
#include "memory/supplier.hpp"
#include "memory/uncancellable.hpp"
#include "memory/words.hpp"

#include "kernel/dax.hpp"
#include "kernel/policy.hpp"

#include <hetmem/error.hpp>
#include <hetmem/region.hpp>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <limits>
#include <mutex>
#include <shared_mutex>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>

namespace hetmem {

namespace {

using detail::byte_range;
using detail::of_nodes_only;

detail::backing_options options_of(const region_options& asked) {
    return {asked.pages,        asked.contiguous, asked.zeroed,
            asked.keep_on_fork, asked.threads,    asked.reserve};
}

/// Legs, then overflow.
std::vector<leg> all_legs(const placement& where) {
    std::vector<leg> out(where.legs().begin(), where.legs().end());
    out.insert(out.end(), where.overflow().begin(), where.overflow().end());
    return out;
}

bool has_nodes(const placement& where) {
    const std::vector<leg> legs = all_legs(where);
    return std::any_of(legs.begin(), legs.end(),
                       [](const leg& one) { return one.kind == leg_kind::node; });
}

bool is_of(const leg& one, const resident_share& share) {
    switch (one.kind) {
    case leg_kind::node:
        return share.node == one.node;
    case leg_kind::dax:
        return share.node < 0 && share.target == one.path.filename();
    case leg_kind::directory:
        break;
    }
    return false;
}

void subtract(byte_size& from, byte_size what) {
    from = byte_size::from_bytes(from.bytes() - std::min(from.bytes(), what.bytes()));
}

std::size_t rounded_size(byte_size size, std::size_t page) {
    if (size.bytes() == 0) {
        throw error(std::errc::invalid_argument, "a region of 0 bytes");
    }
    if (size.bytes() > std::numeric_limits<std::size_t>::max() / 4) {
        throw target_full(shortage::system,
                          fmt::format("no address space for {}", detail::in_words(size.bytes())));
    }
    return detail::round_up(size.bytes(), page);
}

/// Bytes that were on one memory and are on another.
byte_size changed(const residency& before, const residency& after) {
    byte_size out;
    for (const resident_share& share : before.shares) {
        const std::uint64_t still = after.on(share.target).bytes();
        const std::uint64_t was = share.bytes.bytes();
        out += byte_size::from_bytes(was - std::min(was, still));
    }
    return out;
}

/// Says resume() however the scope is left.
class quiet_time {
public:
    explicit quiet_time(const migrate_options& options) : resume_(options.resume) {
        options.quiesce();
    }
    quiet_time(const quiet_time&) = delete;
    quiet_time& operator=(const quiet_time&) = delete;
    ~quiet_time() {
        if (resume_) {
            try {
                resume_();
            } catch (...) {
                // The caller's own; what happened to the region is the news.
                static_cast<void>(0);
            }
        }
    }

private:
    const std::function<void()>& resume_;
};

} // namespace

struct HETMEM_HIDDEN region::state {
    state(const placement& where, const region_options& asked)
        : options(asked), memory(std::make_unique<detail::backing>(where, options_of(asked))) {}
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() {
        if (!bytes.empty()) {
            memory->release(bytes.data(), bytes.size());
        }
    }

    byte_range range() const { return {bytes.data(), bytes.size()}; }
    void set_policy(const placement& to) const;
    migration move_pages(const placement& to, const migrate_options& how);
    migration copy(const placement& to, const migrate_options& how);
    void must_be_readable(const residency& before) const;

    /// The placement in force. `swapped` must be held.
    const placement& in_force() const { return moved_to ? *moved_to : memory->where(); }
    placement asked() const {
        const std::shared_lock lock(swapped);
        return in_force();
    }

    region_options options;
    /// Held alone while mappings and placement are exchanged for others.
    mutable std::shared_mutex swapped;
    std::unique_ptr<detail::backing> memory;
    std::optional<placement> moved_to; ///< by the kernel, without a new backing
    std::span<std::byte> bytes;
    bool locked = false;
};

region::region(byte_size size, const placement& where, const region_options& options) {
    const detail::uncancellable whole;
    state_ = std::make_unique<state>(where, options);
    if (options.alignment.bytes() != 0 && !std::has_single_bit(options.alignment.bytes())) {
        throw error(std::errc::invalid_argument,
                    fmt::format("an alignment of {} bytes is not a power of two",
                                options.alignment.bytes()));
    }
    const std::size_t length = rounded_size(size, state_->memory->page());
    state_->bytes = state_->memory->reserve(length, options.alignment.bytes());
    state_->memory->commit(state_->bytes.data(), length);
    if (options.locked) {
        lock();
    }
}

region::region(region&&) noexcept = default;
region& region::operator=(region&&) noexcept = default;
region::~region() = default;

void* region::data() const {
    return state_ ? state_->bytes.data() : nullptr;
}
std::size_t region::size() const {
    return state_ ? state_->bytes.size() : 0;
}

placement region::asked() const {
    return state_->asked();
}

residency region::where() const {
    const detail::uncancellable whole;
    const std::shared_lock lock(state_->swapped);
    return hetmem::where(state_->bytes.data(), state_->bytes.size());
}

verification region::verify() const {
    const detail::uncancellable whole;
    const std::shared_lock lock(state_->swapped);
    verification out;
    out.now = hetmem::where(state_->bytes.data(), state_->bytes.size());
    const std::vector<leg> legs = all_legs(state_->in_force());
    const auto wanted = [&](const resident_share& share) {
        return std::any_of(legs.begin(), legs.end(),
                           [&](const leg& one) { return is_of(one, share); });
    };
    for (const resident_share& share : out.now.shares) {
        if (!wanted(share)) {
            out.strayed += share.bytes;
        }
    }
    out.absent = out.now.absent;
    byte_size unknown = out.now.unknown;
    if (!of_nodes_only(state_->in_force())) {
        // A file's pages are where the file system has them; the kernel may write them back and
        // drop them, and on a DAX file system they are no node's pages at all.
        for (const detail::mapped_part& part : detail::mappings_in(state_->range())) {
            if (!part.of_file) {
                continue;
            }
            const residency of_file = hetmem::where(part.range.start, part.range.length);
            for (const resident_share& share : of_file.shares) {
                if (!wanted(share)) {
                    subtract(out.strayed, share.bytes);
                }
            }
            subtract(out.absent, of_file.absent);
            subtract(unknown, of_file.unknown);
        }
    }
    out.kept = out.strayed.bytes() == 0 && out.absent.bytes() == 0 && unknown.bytes() == 0;
    return out;
}

migration region::migrate(const placement& to, const migrate_options& options) {
    const detail::uncancellable whole;
    const placement from = asked();
    // A dax device's large pages are no pool's: they are copied like others of a device.
    if (detail::from_huge_pool(state_->options.pages) && has_nodes(from)) {
        throw error(std::errc::invalid_argument,
                    "a region of pages from a pool of huge pages does not move: the kernel would "
                    "drag pages of the pool along; make a new region and copy");
    }
    return of_nodes_only(from) && of_nodes_only(to) ? state_->move_pages(to, options)
                                                    : state_->copy(to, options);
}

migration region::state::move_pages(const placement& to, const migrate_options& how) {
    const detail::address_run run{std::bit_cast<std::uintptr_t>(bytes.data()), bytes.size()};
    migration out = detail::migrate_pages(0, std::span(&run, 1), to, how);
    {
        const std::unique_lock lock(swapped);
        moved_to = to;
    }
    set_policy(to);
    return out;
}

/// For pages that come later (given back, or never touched). Nothing moves by it, and where it is
/// refused the pages that are there stay all the same.
void region::state::set_policy(const placement& to) const {
    id_set nodes;
    for (const leg& one : to.legs()) {
        nodes.insert(static_cast<unsigned>(one.node));
    }
    const auto set = [&](kernel::policy policy, const id_set& which) {
        return kernel::set_range_policy(bytes.data(), bytes.size(), policy, which);
    };
    if (to.kind() == placement_kind::interleave && nodes.size() > 1 &&
        set(kernel::policy::preferred_many, nodes) == 0) {
        return;
    }
    id_set first;
    first.insert(static_cast<unsigned>(to.legs().front().node));
    set(kernel::policy::preferred, first);
}

/// What a device has lost cannot be copied: to touch it would end the process.
void region::state::must_be_readable(const residency& before) const {
    const placement from = asked();
    for (const leg& one : from.legs()) {
        if (one.kind == leg_kind::dax && before.absent.bytes() != 0 &&
            !kernel::maps_its_pages(kernel::rooted_reader("/"), one.name)) {
            throw target_lost(fmt::format("{} of the region were lost with the driver of {}",
                                          detail::in_words(before.absent.bytes()), one.name));
        }
    }
}

migration region::state::copy(const placement& to, const migrate_options& how) {
    if (!how.quiesce || !how.resume) {
        throw error(
            std::errc::invalid_argument,
            "the kernel cannot move dax extents and files: migrating them needs quiesce and "
            "resume, between which nobody touches the region");
    }
    detail::backing_options wanted = options_of(options);
    wanted.threads = how.threads;
    wanted.reserve = how.reserve;
    wanted.zeroed = false; // every byte is copied over
    auto target = std::make_unique<detail::backing>(to, wanted);
    const std::size_t page = target->page();
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % page != 0 || bytes.size() % page != 0) {
        throw error(std::errc::invalid_argument,
                    fmt::format("{} maps units of {}, and this region's address or size is no "
                                "multiple of that",
                                to.legs().front().name, detail::in_words(page)));
    }

    migration out;
    const residency before = hetmem::where(bytes.data(), bytes.size());
    const auto left_alone = [&](const std::string& why) {
        out.why = why;
        out.remaining = byte_size::from_bytes(bytes.size());
        out.now = hetmem::where(bytes.data(), bytes.size());
        return out;
    };
    detail::replacement fresh;
    {
        const std::span<std::byte> space = target->reserve(bytes.size(), target->granule());
        fresh.take({space.data(), space.size()});
    }
    const byte_range space = fresh.space();
    try {
        target->commit(space.start, space.length);
    } catch (const target_full& e) {
        if (how.all_or_nothing) {
            throw;
        }
        return left_alone(e.what());
    }
    {
        const quiet_time nobody_writes(how);
        must_be_readable(before);
        if (!detail::copy_bytes(range(), space.start, how.threads, how.progress)) {
            const std::string why = "it was stopped";
            if (how.all_or_nothing) {
                throw target_full(shortage::target,
                                  fmt::format("{} cannot be moved to {}: {}",
                                              detail::in_words(bytes.size()), to.to_string(), why),
                                  {}, {}, std::errc::operation_canceled);
            }
            return left_alone(why);
        }
        const std::unique_lock lock(swapped);
        const int failed = fresh.put_at(bytes.data());
        if (failed != 0) {
            throw error(failed, fmt::format("mremap: {} of {} are where they were asked, the rest "
                                            "where it was",
                                            detail::in_words(fresh.replaced()),
                                            detail::in_words(bytes.size())));
        }
        memory = std::move(target);
        moved_to.reset();
    }
    if (locked && ::mlock(bytes.data(), bytes.size()) != 0) {
        locked = false;
    }
    out.complete = true;
    out.now = hetmem::where(bytes.data(), bytes.size());
    out.moved = changed(before, out.now);
    return out;
}

void region::lock() {
    const std::size_t length = state_->bytes.size();
    if (::mlock(state_->bytes.data(), length) == 0) {
        state_->locked = true;
        return;
    }
    const int failed = errno;
    struct rlimit limit {};
    ::getrlimit(RLIMIT_MEMLOCK, &limit);
    if (failed == EPERM || failed == EAGAIN ||
        (failed == ENOMEM && limit.rlim_cur < RLIM_INFINITY)) {
        throw not_permitted(
            fmt::format("mlock of {}: RLIMIT_MEMLOCK (ulimit -l) allows this process "
                        "{}; raising it, or CAP_IPC_LOCK, would help",
                        detail::in_words(length), detail::in_words(limit.rlim_cur)));
    }
    throw error(failed, fmt::format("mlock of {}", detail::in_words(length)));
}

void region::unlock() {
    ::munlock(state_->bytes.data(), state_->bytes.size());
    state_->locked = false;
}

} // namespace hetmem
