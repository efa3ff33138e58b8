#include "memory/supplier.hpp"

#include "kernel/available.hpp"
#include "kernel/policy.hpp"
#include "memory/address_space.hpp"
#include "memory/huge_mapping.hpp"
#include "memory/pieces.hpp"
#include "memory/words.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

namespace hetmem::detail {

namespace {

class huge_supplier final : public supplier {
public:
    huge_supplier(const leg& from, const supply_context& context)
        : options_(context.options), watch_(context.watch), node_(static_cast<unsigned>(from.node)),
          headroom_(headroom_of(from, context.options.pages)) {}

    supply fill(std::span<const byte_range> wanted) override {
        const byte_ranges whole = narrowed(wanted, unit());
        const shortfall pool = room(total(whole));
        const byte_ranges tried = first_bytes(whole, round_down(pool.available, unit()));
        byte_ranges open;
        for (const byte_range& range : tried) {
            if (!map_huge_pages(range, options_)) {
                break;
            }
            bind(range);
            open.push_back(range);
        }
        // A page of 1 GiB is a piece too: the kernel zeroes it in one go.
        const byte_ranges failed = in_pieces(
            open, {.piece = unit(), .threads = threads_for(total(open), options_.threads)}, [] {
                return [](byte_range page) {
                    return kernel::populate(page.start, page.length) == 0 ? piece_result::done
                                                                          : piece_result::stop;
                };
            });
        supply out;
        out.left = without(wanted, without(open, failed));
        for (const byte_range& range : out.left) {
            empty_space(range);
        }
        if (!out.left.empty()) {
            out.why = pool;
        }
        return out;
    }

    shortfall room(std::uint64_t) override {
        shortfall out = huge_pool_room(node_, unit(), headroom_);
        return out;
    }

    std::size_t unit() const override { return bytes_of(options_.pages); }

private:
    void bind(byte_range range) {
        id_set nodes;
        nodes.insert(node_);
        const int failed =
            kernel::set_range_policy(range.start, range.length, kernel::policy::bind, nodes);
        if (failed == 0) {
            return;
        }
        const id_set allowed = watch_.allowed();
        if (!allowed.contains(node_)) {
            throw not_permitted(fmt::format("node{} is not in the cpuset of this thread, which "
                                            "allows nodes {} (Mems_allowed_list)",
                                            node_, allowed.to_string()));
        }
        if (failed == EPERM || failed == ENOSYS) {
            if (allowed == nodes) {
                return;
            }
            throw not_permitted(refused_policy("mbind"));
        }
        throw error(failed, fmt::format("mbind to node{}", node_));
    }

    backing_options options_;
    guard& watch_;
    unsigned node_;
    std::uint64_t headroom_;
};

} // namespace

std::unique_ptr<supplier> supply_from_huge_pool(const leg& from, const supply_context& context) {
    return std::make_unique<huge_supplier>(from, context);
}

} // namespace hetmem::detail
