#include "memory/supplier.hpp"

#include "kernel/policy.hpp"
#include "memory/address_space.hpp"
#include "memory/landing.hpp"
#include "memory/pieces.hpp"
#include "memory/populate.hpp"

#include <mutex>
#include <utility>

#include <linux/mempolicy.h>

namespace hetmem::detail {

namespace {

class node_supplier final : public supplier {
public:
    node_supplier(const leg& from, const supply_context& context)
        : options_(context.options), watch_(context.watch), node_(static_cast<unsigned>(from.node)),
          headroom_(headroom_of(from, context.options.pages)) {}

    supply fill(std::span<const byte_range> wanted) override {
        supply out;
        byte_ranges open;
        const bool alone = watch_.is_only_node(node_);
        for (const byte_range& range : wanted) {
            if (std::optional<shortfall> refused = open_for_use(range, options_)) {
                out.why = std::move(refused);
                break;
            }
            if (!alone) {
                prefer_node(range, node_, watch_);
            }
            open.push_back(range);
        }
        byte_ranges left = populated(open, out.why);
        const byte_ranges filled = without(open, left);
        // The cpuset is the same as before: no page can have strayed.
        if (!alone || !watch_.is_only_node(node_)) {
            for (const byte_range& strayed : mended(filled)) {
                left.push_back(strayed);
                if (!out.why) {
                    out.why = strayed_anyway();
                }
            }
        }
        for (const byte_range& range : without(wanted, open)) {
            left.push_back(range);
        }
        out.left = joined(std::move(left));
        for (const byte_range& range : out.left) {
            empty_space(range);
        }
        if (alone) {
            // Other nodes may come. Populating with a policy would have taken 4 % longer.
            for (const byte_range& range : without(wanted, out.left)) {
                prefer_node(range, node_, watch_);
            }
        }
        return out;
    }

    shortfall room(std::uint64_t wanted) override {
        return watch_.room(limits(threads_for(wanted, options_.threads)));
    }

    std::size_t unit() const override { return base_page; }

private:
    guard::request limits(unsigned threads) const {
        return {node_, 0, headroom_, options_.reserve.bytes() * threads};
    }

    byte_ranges populated(std::span<const byte_range> ranges, std::optional<shortfall>& why) {
        const unsigned threads = threads_for(total(ranges), options_.threads);
        const guard::request request = limits(threads);
        std::mutex mutex;
        const bool bound = caller_is_bound();
        return in_pieces(ranges, {.threads = threads, .only_own_threads = bound}, [&] {
            if (bound) {
                kernel::set_thread_policy(kernel::policy::default_, {});
            }
            return [&](byte_range piece) {
                std::optional<shortfall> refused = populate_piece(piece, request, watch_);
                if (!refused) {
                    return piece_result::done;
                }
                const std::lock_guard lock(mutex);
                why = std::move(refused);
                return piece_result::stop;
            };
        });
    }

    /// To nodes of its own choice, by numactl --membind for one. The pages follow the policy of the
    /// mapping, but page tables the thread's, and where it binds to a full node the OOM killer
    /// comes.
    static bool caller_is_bound() {
        kernel::thread_policy found;
        return kernel::get_thread_policy(found) == 0 && found.mode == MPOL_BIND;
    }

    byte_ranges mended(const byte_ranges& ranges) {
        std::vector<placed_range> placed;
        for (const byte_range& range : ranges) {
            placed.push_back({range, node_});
        }
        return still_strayed(placed, huge_page, watch_.is_only_node(node_));
    }

    shortfall strayed_anyway() {
        shortfall why = watch_.room(limits(1));
        why.what += ", but the kernel placed pages elsewhere and could not move them";
        why.available = 0;
        return why;
    }

    backing_options options_;
    guard& watch_;
    unsigned node_;
    std::uint64_t headroom_;
};

} // namespace

std::unique_ptr<supplier> supply_from_node(const leg& from, const supply_context& context) {
    return std::make_unique<node_supplier>(from, context);
}

} // namespace hetmem::detail
