#include "memory/spread.hpp"

#include "kernel/policy.hpp"
#include "memory/address_space.hpp"
#include "memory/huge_mapping.hpp"
#include "memory/landing.hpp"
#include "memory/pieces.hpp"
#include "memory/populate.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <limits>
#include <mutex>
#include <utility>

#include <fmt/format.h>

namespace hetmem::detail {

namespace {

/// One stripe, or what is left of one, and whose it is.
struct stripe {
    byte_range range;
    std::size_t leg = 0; ///< index into the legs given
};

class spreading {
public:
    spreading(std::span<const striped_leg> legs, const supply_context& context)
        : legs_(legs), options_(context.options), watch_(context.watch),
          huge_(from_huge_pool(context.options.pages)), left_(legs.size()), why_(legs.size()),
          full_(legs.size()) {
        for (std::size_t l = 0; l < legs.size(); ++l) {
            for (const byte_range& range : legs[l].stripes) {
                stripes_.push_back({range, l});
                all_.push_back(range);
            }
            nodes_.insert(legs[l].node);
        }
        std::sort(stripes_.begin(), stripes_.end(),
                  [](const stripe& a, const stripe& b) { return a.range.start < b.range.start; });
        all_ = joined(std::move(all_));
    }

    spread_result run() {
        if (open()) {
            populate();
            mend();
        }
        spread_result out;
        out.why = std::move(why_);
        byte_ranges everything_left;
        for (byte_ranges& ranges : left_) {
            out.left.push_back(joined(std::move(ranges)));
            everything_left.insert(everything_left.end(), out.left.back().begin(),
                                   out.left.back().end());
        }
        everything_left = joined(std::move(everything_left));
        for (const byte_range& range : everything_left) {
            empty_space(range);
        }
        for (const byte_range& range : without(all_, everything_left)) {
            keep_there(range);
        }
        return out;
    }

private:
    bool open() {
        for (const byte_range& range : all_) {
            std::optional<shortfall> refused;
            if (!huge_) {
                refused = open_for_use(range, options_);
            } else if (!map_huge_pages(range, options_)) {
                refused = huge_pool_room(legs_.front().node, bytes_of(options_.pages), 0);
            }
            if (refused) {
                for (std::size_t l = 0; l < legs_.size(); ++l) {
                    left_[l] = legs_[l].stripes;
                    why_[l] = refused;
                }
                return false;
            }
        }
        return true;
    }

    std::size_t piece() const { return std::max(huge_page, bytes_of(options_.pages)); }

    void populate() {
        const unsigned threads = threads_for(total(all_), options_.threads);
        reserve_ = options_.reserve.bytes() * threads;
        byte_ranges ranges = all_;
        // Stripes begin where the range does, which need not be a multiple of their size: then they
        // come as several pieces.
        in_pieces(ranges, {.piece = piece(), .threads = threads, .only_own_threads = true}, [this] {
            return
                [this, current = std::numeric_limits<std::size_t>::max()](byte_range work) mutable {
                    while (work.length != 0) {
                        const stripe& here = stripe_at(work.start);
                        const auto rest = static_cast<std::size_t>(here.range.end() - work.start);
                        const byte_range part{work.start, std::min(work.length, rest)};
                        one(part, here.leg, current);
                        work = {part.end(), work.length - part.length};
                    }
                    return piece_result::done;
                };
        });
    }

    const stripe& stripe_at(const std::byte* address) const {
        return *std::prev(std::upper_bound(
            stripes_.begin(), stripes_.end(), address,
            [](const std::byte* at, const stripe& s) { return at < s.range.start; }));
    }

    void one(byte_range part, std::size_t leg, std::size_t& current) {
        const striped_leg& to = legs_[leg];
        std::optional<shortfall> refused;
        if (full_[leg]) {
            leave(part, leg, std::nullopt);
            return;
        }
        if (leg != current) {
            set_policy(to.node);
            current = leg;
        }
        if (!huge_) {
            refused = populate_piece(part, {to.node, 0, to.headroom, reserve_}, watch_);
        } else if (!pool_keeps_its_headroom(part, to) ||
                   kernel::populate(part.start, part.length) != 0) {
            refused = huge_pool_room(to.node, bytes_of(options_.pages), to.headroom);
        }
        if (refused) {
            leave(part, leg, std::move(refused));
        }
    }

    bool pool_keeps_its_headroom(byte_range part, const striped_leg& to) const {
        return to.headroom == 0 ||
               huge_pool_room(to.node, bytes_of(options_.pages), to.headroom).available >=
                   part.length;
    }

    void leave(byte_range part, std::size_t leg, std::optional<shortfall> why) {
        full_[leg] = true;
        const std::lock_guard lock(mutex_);
        left_[leg].push_back(part);
        if (why) {
            why_[leg] = std::move(why);
        }
    }

    /// Of this thread, which is ours and ends soon.
    void set_policy(unsigned node) {
        id_set only;
        only.insert(node);
        const int failed = kernel::set_thread_policy(
            huge_ ? kernel::policy::bind : kernel::policy::preferred, only);
        if (failed == 0) {
            return;
        }
        const id_set allowed = watch_.allowed();
        if (!allowed.contains(node)) {
            throw not_permitted(fmt::format("node{} is not in the cpuset of this thread, which "
                                            "allows nodes {} (Mems_allowed_list)",
                                            node, allowed.to_string()));
        }
        if (failed == EPERM || failed == ENOSYS) {
            if (allowed == only) {
                return;
            }
            throw not_permitted(refused_policy("set_mempolicy"));
        }
        if (failed == EINVAL) {
            throw target_lost(fmt::format("node{} is no longer online", node));
        }
        throw error(failed, fmt::format("set_mempolicy to node{}", node));
    }

    void mend() {
        if (huge_) {
            return;
        }
        std::vector<placed_range> placed;
        for (std::size_t l = 0; l < legs_.size(); ++l) {
            const byte_ranges left = joined(left_[l]);
            for (const byte_range& range : without(legs_[l].stripes, left)) {
                placed.push_back({range, legs_[l].node});
            }
        }
        const byte_ranges strayed =
            still_strayed(placed, huge_page, watch_.is_only_node(legs_.front().node));
        for (std::size_t l = 0; l < legs_.size() && !strayed.empty(); ++l) {
            const byte_ranges mine = joined(legs_[l].stripes);
            const byte_ranges others = without(mine, strayed);
            for (const byte_range& range : without(mine, others)) {
                left_[l].push_back(range);
            }
            if (!why_[l] && others != mine) {
                why_[l] = watch_.room({legs_[l].node, 0, legs_[l].headroom, reserve_});
                why_[l]->what += ", but the kernel placed pages elsewhere and could not move them";
                why_[l]->available = 0;
            }
        }
    }

    /// Best effort: it only matters for what happens later. Linux before 5.15 has no policy that
    /// prefers several nodes.
    void keep_there(byte_range range) {
        if (kernel::set_range_policy(range.start, range.length, kernel::policy::preferred_many,
                                     nodes_) != 0) {
            id_set first;
            first.insert(legs_.front().node);
            kernel::set_range_policy(range.start, range.length, kernel::policy::preferred, first);
        }
    }

    std::span<const striped_leg> legs_;
    backing_options options_;
    guard& watch_;
    bool huge_;
    std::vector<stripe> stripes_;
    byte_ranges all_;
    id_set nodes_;
    std::uint64_t reserve_ = 0;
    std::mutex mutex_;
    std::vector<byte_ranges> left_;
    std::vector<std::optional<shortfall>> why_;
    std::vector<std::atomic<bool>> full_;
};

} // namespace

spread_result spread_over_nodes(std::span<const striped_leg> legs, const supply_context& context) {
    return spreading(legs, context).run();
}

} // namespace hetmem::detail
