#include "memory/migrate.hpp"

#include "kernel/available.hpp"
#include "kernel/policy.hpp"
#include "memory/page_mover.hpp"
#include "memory/pieces.hpp"
#include "memory/remap.hpp"
#include "memory/residency.hpp"
#include "memory/stripes.hpp"
#include "memory/words.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

/// What one thread moves at a time. Each call makes the kernel drain the page lists of all CPUs, so
/// calls should be few; progress is told, and room looked up, as often.
constexpr std::size_t piece_bytes = std::size_t{128} << 20U;
/// The same where the kernel walks the mapping itself: less, since Linux before 6.7 holds up
/// whoever faults or maps in this process meanwhile.
constexpr std::size_t walked_piece_bytes = std::size_t{32} << 20U;

/// What the nodes still take above their headroom. Moving needs no more memory altogether, and the
/// kernel calls no OOM killer for it, so nothing else has to be watched. Thread-safe.
class rooms {
public:
    explicit rooms(const id_set& nodes) : reader_(nodes) {}

    /// At most `wanted` bytes, to be given back when they have been used.
    std::uint64_t take(const leg& target, std::uint64_t wanted) {
        const std::lock_guard lock(mutex_);
        const auto node = static_cast<unsigned>(target.node);
        const std::optional<kernel::node_available> found = reader_.read(node);
        if (!found) {
            throw target_lost(fmt::format("{} is not online", target.name));
        }
        const std::uint64_t kept =
            target.headroom.value_or(default_headroom).bytes() + in_flight_[node];
        const std::uint64_t room = found->available > kept ? found->available - kept : 0;
        const std::uint64_t granted = std::min(wanted, round_down(room, base_page));
        in_flight_[node] += granted;
        return granted;
    }
    void give_back(const leg& target, std::uint64_t bytes) {
        const std::lock_guard lock(mutex_);
        in_flight_[static_cast<unsigned>(target.node)] -= bytes;
    }
    std::uint64_t available(const leg& target) {
        const std::lock_guard lock(mutex_);
        const auto found = reader_.read(static_cast<unsigned>(target.node));
        return found ? found->available : 0;
    }

private:
    std::mutex mutex_;
    kernel::node_reader reader_;
    std::map<unsigned, std::uint64_t> in_flight_;
};

/// Legs of which the first that has room gets the pages; pages on an earlier one stay there.
struct order {
    std::vector<const leg*> legs;
    std::atomic<std::size_t> first{0}; ///< those before it are full

    bool has_node_before(std::size_t end, unsigned node) const {
        const auto last = legs.begin() + static_cast<std::ptrdiff_t>(std::min(end, legs.size()));
        return std::any_of(legs.begin(), last,
                           [&](const leg* one) { return one->node == static_cast<int>(node); });
    }
};

/// Pages that were moved, and where from.
struct moved_pages {
    byte_range range;
    unsigned from = 0;
};

/// A part of a mapping, and its memory policy.
struct ruled_range {
    byte_range range;
    kernel::thread_policy policy;
};

std::byte* pointer(std::uint64_t address) {
    return std::bit_cast<std::byte*>(static_cast<std::uintptr_t>(address));
}
std::uint64_t lower(std::uint64_t a, std::uint64_t b) {
    return a > b ? a - b : 0;
}

class job {
public:
    job(pid_t pid, std::span<const address_run> runs, const placement& to,
        const migrate_options& options)
        : pid_(pid), runs_(runs.begin(), runs.end()), to_(to), options_(options),
          strict_(options.all_or_nothing && to.kind() != placement_kind::prefer),
          rooms_(all_nodes(to)) {
        for (const address_run& run : runs_) {
            ranges_.push_back({pointer(run.start), run.length});
        }
        make_orders();
    }

    migration run() {
        before_ = count();
        total_ = before_.present().bytes();
        // With all pages in one place it is known where they came from, without asking for each.
        if (before_.shares.size() == 1 && before_.unknown == byte_size{}) {
            origin_ = static_cast<unsigned>(before_.shares.front().node);
        }
        const std::uint64_t all = total(ranges_);
        sparse_ = total_ < all - all / 8;
        migration result;
        if (nothing_to_do()) {
            return judge();
        }
        by_walk_ = learn_policies();
        try {
            sweep(false);
            result = judge();
            // Pages that were overlooked, strayed, appeared meanwhile or were in use.
            for (int again = 0; again < 2 && worth_another(result) && sweep_again(); ++again) {
                result = judge();
            }
            if (!strict_ && full_ && call_back_strays()) {
                result = judge();
            }
        } catch (...) {
            if (strict_) {
                put_back();
            }
            restore_policies();
            throw;
        }
        if (strict_ && !result.complete) {
            give_up(result);
        }
        return result;
    }

private:
    static id_set all_nodes(const placement& to) {
        id_set nodes;
        for (const auto legs : {to.legs(), to.overflow()}) {
            for (const leg& one : legs) {
                if (one.kind != leg_kind::node || one.node < 0) {
                    throw error(EINVAL, fmt::format("pages that are in use cannot be moved to {}: "
                                                    "it is no memory of a node",
                                                    one.name));
                }
                nodes.insert(static_cast<unsigned>(one.node));
            }
        }
        return nodes;
    }

    bool nothing_to_do() const {
        return stripes_.empty() && before_.unknown == byte_size{} &&
               (total_ == 0 || (before_.shares.size() == 1 &&
                                before_.shares.front().node == orders_.front().legs.front()->node));
    }

    void make_orders() {
        if (to_.kind() != placement_kind::interleave) {
            orders_ = std::vector<order>(1);
            for (const leg& one : to_.legs()) {
                orders_.front().legs.push_back(&one);
            }
            return;
        }
        std::vector<unsigned> weights;
        orders_ = std::vector<order>(to_.legs().size());
        for (std::size_t i = 0; i < to_.legs().size(); ++i) {
            orders_[i].legs.push_back(&to_.legs()[i]);
            weights.push_back(to_.legs()[i].weight);
            for (const leg& one : to_.overflow()) {
                orders_[i].legs.push_back(&one);
            }
        }
        for (const address_run& run : runs_) {
            stripe_sequence sequence(weights);
            stripes_.push_back(sequence.take((run.length + huge_page - 1) / huge_page));
        }
    }

    /// Whether the kernel may walk the mappings and move what it finds, instead of being given a
    /// list of pages: that saves it a look-up for each. It leaves a policy behind, as regions have
    /// one anyway, and pages may stray when the node fills up: so only in this process, where it is
    /// known how to undo both. Stripes would take a call, and a mapping, each.
    bool learn_policies() {
        if (pid_ != 0 || !origin_ || !stripes_.empty() || threads() > 1) {
            return false;
        }
        for (const byte_range& range : ranges_) {
            for (const mapped_part& part : mappings_in(range)) {
                ruled_range one{part.range, {}};
                if (kernel::get_range_policy(one.range.start, one.policy) != 0) {
                    return false;
                }
                policies_.push_back(std::move(one));
            }
        }
        return true;
    }

    void restore_policies() noexcept {
        for (const ruled_range& one : policies_) {
            kernel::set_range_policy(one.range.start, one.range.length, one.policy);
        }
    }

    /// False where the kernel (a seccomp filter) takes no lists of pages.
    bool sweep_again() {
        try {
            sweep(true);
            return true;
        } catch (const not_permitted&) {
            if (!walked_) {
                throw;
            }
            return false;
        }
    }

    /// Pages that a full node made land where nobody wanted them go back to where they were.
    bool call_back_strays() {
        if (!walked_) {
            return false;
        }
        page_mover mover(pid_);
        bool any = false;
        for (const byte_range& range : ranges_) {
            for (std::size_t at = 0; at < range.length; at += piece_bytes) {
                const byte_range piece{range.start + at, std::min(piece_bytes, range.length - at)};
                page_mover::located strays = mover.locate({&piece, 1}, [&](unsigned node) {
                    return node != *origin_ && !is_wanted(static_cast<int>(node));
                });
                any = any || !strays.pages.empty();
                mover.move(std::move(strays.pages), *origin_);
            }
        }
        return any;
    }

    residency count() const { return count_pages(pid_, runs_, gaps::allowed); }

    /// The parts of a piece for each order.
    std::vector<byte_ranges> divided(byte_range piece) const {
        std::vector<byte_ranges> parts(orders_.size());
        if (stripes_.empty()) {
            parts.front().push_back(piece);
            return parts;
        }
        const auto run = std::prev(std::upper_bound(
            runs_.begin(), runs_.end(), number(piece.start),
            [](std::uint64_t at, const address_run& one) { return at < one.start; }));
        const auto& stripes = stripes_[static_cast<std::size_t>(run - runs_.begin())];
        for (std::size_t at = 0; at < piece.length;) {
            const std::uint64_t in_run = number(piece.start) + at - run->start;
            const std::size_t length =
                std::min<std::size_t>(huge_page - in_run % huge_page, piece.length - at);
            parts[stripes[in_run / huge_page]].push_back({piece.start + at, length});
            at += length;
        }
        for (byte_ranges& part : parts) {
            part = joined(std::move(part));
        }
        return parts;
    }

    void sweep(bool page_by_page) {
        {
            const std::lock_guard lock(mutex_);
            stayed_ = {};
            confirmed_ = 0;
        }
        in_pieces_options how;
        how.piece = by_walk_ ? walked_piece_bytes : piece_bytes;
        how.threads = threads();
        in_pieces(ranges_, how, [&]() -> piece_work {
            auto mover = std::make_shared<page_mover>(pid_);
            return [this, mover, page_by_page](byte_range piece) {
                const stayed left_before = mover->left();
                const std::uint64_t confirmed_before = mover->confirmed();
                bool fits = true;
                const std::vector<byte_ranges> parts = divided(piece);
                for (std::size_t i = 0; i < parts.size(); ++i) {
                    fits = move(*mover, orders_[i], parts[i], page_by_page) && fits;
                }
                add_confirmed(mover->confirmed() - confirmed_before);
                return finished(piece, fits, left_before, mover->left());
            };
        });
    }

    unsigned threads() const {
        // The kernel moves pages of one process beside each other, but a thread is only worth its
        // start for some tens of milliseconds of work.
        constexpr std::uint64_t worth = 8; // times what populating needs
        return options_.threads != 0 ? threads_for(total_, options_.threads)
                                     : threads_for(total_ / worth, 0);
    }

    /// False when there is no room left.
    bool move(page_mover& mover, order& where, const byte_ranges& all, bool page_by_page) {
        byte_ranges ranges = all;
        if (sparse_) {
            ranges.clear();
            for (const byte_range& range : all) {
                const byte_ranges there = mover.populated(range);
                ranges.insert(ranges.end(), there.begin(), there.end());
            }
        }
        const std::size_t first = where.first.load();
        if (ranges.empty()) {
            return true;
        }
        // What sits on an earlier leg stays there: that none does is known where all came from
        // elsewhere.
        const bool any_goes = first == 0 || (origin_ && !where.has_node_before(first, *origin_));
        if (first < where.legs.size() && any_goes && !page_by_page && (!strict_ || origin_)) {
            const leg& target = *where.legs[first];
            const std::uint64_t bytes = total(ranges);
            const std::uint64_t granted = rooms_.take(target, bytes);
            if (granted == bytes) {
                if (strict_) {
                    remember(ranges);
                }
                const bool walked = walk(all, static_cast<unsigned>(target.node));
                const auto rest =
                    walked ? std::vector<void*>{}
                           : mover.move_blocks(ranges, static_cast<unsigned>(target.node));
                rooms_.give_back(target, granted);
                if (rest.empty()) {
                    return true;
                }
                // For these the next leg is tried, page by page.
            } else {
                rooms_.give_back(target, granted);
            }
        }
        return move_located(mover, where, ranges, first);
    }

    /// False when the pages have to be listed.
    bool walk(const byte_ranges& ranges, unsigned node) {
        for (const byte_range& range : ranges) {
            by_walk_ = by_walk_ && kernel::prefer_and_move(range.start, range.length, node) == 0;
            walked_ = walked_ || by_walk_;
        }
        return by_walk_;
    }

    bool all_walked_to(unsigned node) const {
        return by_walk_ && walked_ && !full_ && !stopped_ &&
               std::all_of(ranges_.begin(), ranges_.end(), [&](const byte_range& range) {
                   return kernel::prefer_and_check(range.start, range.length, node) == 0;
               });
    }

    bool move_located(page_mover& mover, order& where, const byte_ranges& ranges,
                      std::size_t first) {
        page_mover::located rest = mover.locate(
            ranges, [&](unsigned node) { return !where.has_node_before(first + 1, node); });
        for (std::size_t i = first; i < where.legs.size() && !rest.pages.empty(); ++i) {
            if (i != first) {
                const int node = where.legs[i]->node;
                keep_if(rest, [&](unsigned on) { return static_cast<int>(on) != node; });
            }
            if (!fill(mover, *where.legs[i], rest)) {
                std::size_t expected = i;
                where.first.compare_exchange_strong(expected, i + 1);
            }
        }
        // By now a little may have come free on those that seemed full.
        for (std::size_t i = 0; i < where.legs.size() && !rest.pages.empty(); ++i) {
            fill(mover, *where.legs[i], rest);
        }
        return rest.pages.empty();
    }

    /// Moves as many of the pages as there is room for; the others remain. False when some do.
    bool fill(page_mover& mover, const leg& target, page_mover::located& pages) {
        if (pages.pages.empty()) {
            return true;
        }
        const std::uint64_t granted = rooms_.take(target, pages.pages.size() * base_page);
        const std::size_t now = granted / base_page;
        if (now == 0) {
            return false;
        }
        if (strict_) {
            remember(pages, now);
        }
        const std::vector<void*> without_room = mover.move(
            {pages.pages.begin(), pages.pages.begin() + static_cast<std::ptrdiff_t>(now)},
            static_cast<unsigned>(target.node));
        rooms_.give_back(target, granted);
        pages = remaining(pages, now, without_room);
        return pages.pages.empty();
    }

    template <class Wanted> static void keep_if(page_mover::located& pages, Wanted wanted) {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < pages.pages.size(); ++i) {
            if (wanted(pages.nodes[i])) {
                pages.pages[kept] = pages.pages[i];
                pages.nodes[kept] = pages.nodes[i];
                ++kept;
            }
        }
        pages.pages.resize(kept);
        pages.nodes.resize(kept);
    }

    /// Those of the first `tried` that are in `without_room`, and all behind them.
    static page_mover::located remaining(const page_mover::located& all, std::size_t tried,
                                         std::vector<void*> without_room) {
        std::sort(without_room.begin(), without_room.end());
        page_mover::located rest;
        for (std::size_t i = 0; i < all.pages.size(); ++i) {
            if (i >= tried ||
                std::binary_search(without_room.begin(), without_room.end(), all.pages[i])) {
                rest.pages.push_back(all.pages[i]);
                rest.nodes.push_back(all.nodes[i]);
            }
        }
        return rest;
    }

    void remember(const byte_ranges& ranges) {
        const std::lock_guard lock(mutex_);
        for (const byte_range& range : ranges) {
            moved_.push_back({range, *origin_});
        }
    }
    void remember(const page_mover::located& pages, std::size_t count) {
        const std::lock_guard lock(mutex_);
        for (std::size_t i = 0; i < count; ++i) {
            auto* const page = static_cast<std::byte*>(pages.pages[i]);
            if (!moved_.empty() && moved_.back().range.end() == page &&
                moved_.back().from == pages.nodes[i]) {
                moved_.back().range.length += base_page;
            } else {
                moved_.push_back({{page, base_page}, pages.nodes[i]});
            }
        }
    }

    void add_confirmed(std::uint64_t bytes) {
        const std::lock_guard lock(mutex_);
        confirmed_ += bytes;
    }

    /// Counting small pages takes a twentieth of the time of moving them. Where all of the ranges
    /// was there and the kernel has named the new node for each page, or says that none is
    /// elsewhere, it adds nothing.
    std::optional<residency> known() const {
        const bool one_leg = orders_.size() == 1 && orders_.front().legs.size() == 1;
        if (!one_leg || total_ != total(ranges_)) {
            return std::nullopt;
        }
        const int node = orders_.front().legs.front()->node;
        if (confirmed_ != total_ && !all_walked_to(static_cast<unsigned>(node))) {
            return std::nullopt;
        }
        return residency{
            {{fmt::format("node{}", node), node, byte_size::from_bytes(total_)}}, {}, {}};
    }

    piece_result finished(byte_range piece, bool fits, const stayed& left_before,
                          const stayed& left_now) {
        const std::lock_guard lock(mutex_);
        stayed_.shared += left_now.shared - left_before.shared;
        stayed_.busy += left_now.busy - left_before.busy;
        done_ += piece.length;
        full_ = full_ || !fits;
        if (options_.progress) {
            // In the process' own words: of what is there, not of address space.
            const double share = static_cast<double>(done_) / static_cast<double>(total(ranges_));
            const auto bytes = static_cast<std::uint64_t>(static_cast<double>(total_) * share);
            stopped_ = !options_.progress(byte_size::from_bytes(std::min(bytes, total_)),
                                          byte_size::from_bytes(total_)) ||
                       stopped_;
        }
        return stopped_ || (full_ && strict_) ? piece_result::stop : piece_result::done;
    }

    bool is_wanted(int node) const {
        for (const auto legs : {to_.legs(), to_.overflow()}) {
            if (std::any_of(legs.begin(), legs.end(),
                            [&](const leg& one) { return one.node == node; })) {
                return true;
            }
        }
        return false;
    }

    migration judge() const {
        migration result;
        const std::optional<residency> now = known();
        result.now = now ? *now : count();
        std::uint64_t elsewhere = result.now.unknown.bytes();
        std::uint64_t moved = 0;
        for (const resident_share& share : result.now.shares) {
            elsewhere += is_wanted(share.node) ? 0 : share.bytes.bytes();
        }
        for (const resident_share& share : before_.shares) {
            moved += lower(share.bytes.bytes(), result.now.on(share.target).bytes());
        }
        if (!stripes_.empty() && (full_ || stayed_.shared + stayed_.busy != 0)) {
            // On a memory of the placement, but perhaps not on the one of its stripe.
            elsewhere = std::max(elsewhere, stayed_.shared + stayed_.busy);
        }
        result.moved = byte_size::from_bytes(moved);
        result.remaining = byte_size::from_bytes(elsewhere);
        // A piece that found no room may have got it after all; of stripes nobody knows.
        result.complete = elsewhere == 0 && !stopped_ && (stripes_.empty() || !full_);
        if (!result.complete || stayed_.shared + stayed_.busy != 0) {
            result.why = why();
        }
        return result;
    }

    bool worth_another(const migration& result) const {
        return !full_ && !stopped_ && result.remaining.bytes() > stayed_.shared;
    }

    std::string why() const {
        std::string text;
        const auto add = [&](const std::string& reason) {
            text += (text.empty() ? "" : "; ") + reason;
        };
        if (stopped_) {
            add("it was stopped");
        }
        if (full_) {
            for (const auto legs : {to_.legs(), to_.overflow()}) {
                for (const leg& one : legs) {
                    add(fmt::format("{} has {} available and keeps {}", one.name,
                                    in_words(rooms_.available(one)),
                                    in_words(one.headroom.value_or(default_headroom).bytes())));
                }
            }
        }
        if (stayed_.shared != 0) {
            add(fmt::format("{} are shared with other processes", in_words(stayed_.shared)));
        }
        if (stayed_.busy != 0) {
            add(fmt::format("{} are in use by the kernel", in_words(stayed_.busy)));
        }
        if (text.empty()) {
            add("pages that came meanwhile, or that the kernel keeps where they are");
        }
        return text;
    }

    [[noreturn]] void give_up(const migration& result) {
        const std::uint64_t strayed = put_back();
        restore_policies();
        const std::string what =
            fmt::format("{} of {} cannot be moved to {}: {}", in_words(result.remaining.bytes()),
                        in_words(total_), to_.to_string(), result.why);
        std::uint64_t available = 0;
        for (const leg& one : to_.legs()) {
            available +=
                lower(rooms_.available(one), one.headroom.value_or(default_headroom).bytes());
        }
        throw target_full(shortage::target, what, byte_size::from_bytes(available),
                          byte_size::from_bytes(strayed),
                          full_      ? std::errc::not_enough_memory
                          : stopped_ ? std::errc::operation_canceled
                                     : std::errc::device_or_resource_busy);
    }

    /// What could not be moved back, bytes. Where the pages came from was theirs: no headroom
    /// holds.
    std::uint64_t put_back() noexcept {
        std::uint64_t strayed = 0;
        std::map<unsigned, std::vector<void*>> scattered;
        try {
            for (const moved_pages& one : moved_) {
                if (one.range.length < huge_page) {
                    add_pages(one.range, scattered[one.from]);
                    continue;
                }
                for (std::size_t at = 0; at < one.range.length; at += piece_bytes) {
                    const byte_range piece{one.range.start + at,
                                           std::min(piece_bytes, one.range.length - at)};
                    if (walk({piece}, one.from) && is_all_on(piece, one.from)) {
                        continue;
                    }
                    strayed += put_back(piece.length, [&](page_mover& mover) {
                        return mover.move_blocks(std::span(&piece, 1), one.from);
                    });
                }
            }
            for (auto& one : scattered) {
                strayed += put_back(one.second.size() * base_page, [&](page_mover& mover) {
                    return mover.move(std::move(one.second), one.first);
                });
            }
        } catch (const std::exception&) { // no memory for the lists
            strayed = std::max(strayed, total_);
        }
        return strayed;
    }

    bool is_all_on(byte_range range, unsigned node) const {
        const address_run run{number(range.start), range.length};
        const residency now = count_pages(pid_, {&run, 1}, gaps::allowed);
        return now.unknown == byte_size{} && now.present() == now.on_node(static_cast<int>(node));
    }

    template <class Move> std::uint64_t put_back(std::uint64_t bytes, Move move_with) {
        try {
            page_mover mover(pid_);
            const std::vector<void*> rest = move_with(mover);
            return rest.size() * base_page + mover.left().busy + mover.left().shared;
        } catch (const error&) {
            return bytes;
        }
    }

    pid_t pid_;
    std::vector<address_run> runs_;
    const placement& to_;
    const migrate_options& options_;
    bool strict_;
    mutable rooms rooms_;
    byte_ranges ranges_;
    std::vector<order> orders_;
    std::vector<std::vector<std::uint32_t>> stripes_; ///< one a run: indices of orders_
    residency before_;
    std::uint64_t total_ = 0; ///< bytes that were there
    std::optional<unsigned> origin_;
    bool sparse_ = false;
    std::vector<ruled_range> policies_; ///< as they were before
    bool by_walk_ = false;              ///< only with one thread
    bool walked_ = false;

    std::mutex mutex_; // of all that follows
    std::vector<moved_pages> moved_;
    stayed stayed_;
    std::uint64_t confirmed_ = 0; ///< bytes, of this sweep
    std::uint64_t done_ = 0;      ///< bytes of ranges
    bool full_ = false;
    bool stopped_ = false;
};

} // namespace

migration migrate_pages(pid_t pid, std::span<const address_run> runs, const placement& to,
                        const migrate_options& options) {
    return job(pid, runs, to, options).run();
}

} // namespace hetmem::detail
