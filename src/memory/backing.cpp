#include "memory/backing.hpp"

#include "memory/address_range.hpp"
#include "memory/address_space.hpp"
#include "memory/guard.hpp"
#include "memory/huge_mapping.hpp"
#include "memory/pieces.hpp"
#include "memory/spread.hpp"
#include "memory/stripes.hpp"
#include "memory/supplier.hpp"
#include "memory/words.hpp"

#include "kernel/policy.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <cassert>
#include <limits>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace hetmem::detail {

bool of_nodes_only(const placement& where) {
    const auto is_node = [](const leg& one) { return one.kind == leg_kind::node; };
    return std::ranges::all_of(where.legs(), is_node) &&
           std::ranges::all_of(where.overflow(), is_node);
}

namespace {

[[noreturn]] void refuse(const std::string& what) {
    throw error(std::errc::invalid_argument, what);
}

std::string_view words_of(page_size pages) {
    return pages == page_size::huge_1g ? "1 GiB pages" : "2 MiB pages";
}

void check(const leg& one, const backing_options& options) {
    switch (one.kind) {
    case leg_kind::node:
        if (one.node < 0) {
            refuse(fmt::format("{} has no node number", one.name));
        }
        if (options.contiguous) {
            refuse(fmt::format(
                "contiguous memory is to be had from dax devices only, and {} is none", one.name));
        }
        break;
    case leg_kind::dax: {
        const std::uint64_t align = one.dax_align.bytes();
        if (align < base_page || (align & (align - 1)) != 0) {
            refuse(fmt::format("{} has no usable alignment ({} bytes)", one.name, align));
        }
        if (from_huge_pool(options.pages) && align % bytes_of(options.pages) != 0) {
            refuse(fmt::format("{} maps pages of {}, not {}", one.name, in_words(align),
                               words_of(options.pages)));
        }
        break;
    }
    case leg_kind::directory:
        if (options.contiguous) {
            refuse(fmt::format("contiguous memory is to be had from dax devices only, and {} is a "
                               "directory",
                               one.name));
        }
        if (from_huge_pool(options.pages)) {
            refuse(
                fmt::format("a file in {} does not come in {}", one.name, words_of(options.pages)));
        }
        break;
    }
}

/// All that was short, in the order in which it was tried.
[[noreturn]] void throw_full(std::uint64_t asked, std::uint64_t available,
                             std::span<const shortfall> why) {
    std::string what;
    shortage reason = why.empty() ? shortage::system : why.front().reason;
    for (const shortfall& one : why) {
        if (what.find(one.what) == std::string::npos) {
            what += (what.empty() ? "" : "; ") + one.what;
        }
        // What no other memory would have mended is the better reason.
        if (one.reason == shortage::cgroup || one.reason == shortage::system) {
            reason = one.reason;
        }
    }
    what += fmt::format("; {} were asked", in_words(asked));
    const bool of_storage =
        !why.empty() && std::all_of(why.begin(), why.end(), [](const shortfall& one) {
            return one.code == std::errc::no_space_on_device;
        });
    throw target_full(reason, what, byte_size::from_bytes(std::min(available, asked)), {},
                      of_storage ? std::errc::no_space_on_device : std::errc::not_enough_memory);
}

} // namespace

std::unique_ptr<supplier> supply_from(const leg& from, const supply_context& context) {
    switch (from.kind) {
    case leg_kind::dax:
        return supply_from_dax(from, context);
    case leg_kind::directory:
        return supply_from_directory(from, context);
    case leg_kind::node:
        break;
    }
    return from_huge_pool(context.options.pages) ? supply_from_huge_pool(from, context)
                                                 : supply_from_node(from, context);
}

struct backing::state {
    state(const placement& to, const backing_options& asked)
        : where(to), options(asked), stripes(weights(to)) {
        if (options.pages > page_size::huge_1g) {
            refuse(fmt::format("no page size {}", static_cast<unsigned>(options.pages)));
        }
        for (const leg& one : to.legs()) {
            add(one);
        }
        for (const leg& one : to.overflow()) {
            add(one);
        }
        if (options.contiguous && to.kind() == placement_kind::interleave) {
            refuse("an interleave is not contiguous");
        }
    }

    static std::vector<unsigned> weights(const placement& to) {
        std::vector<unsigned> out;
        for (const leg& one : to.legs()) {
            out.push_back(one.weight);
        }
        return out;
    }

    void add(const leg& one) {
        check(one, options);
        suppliers.push_back(supply_from(one, context()));
        page = std::max(page, suppliers.back()->unit());
    }

    supply_context context() { return {options, watch}; }

    /// Legs from `first` to before `last`, in order; what is left, and why.
    byte_ranges fill(std::size_t first, std::size_t last, byte_ranges left, const std::byte* base,
                     commitment& out, std::vector<shortfall>& why);
    byte_ranges fill_striped(byte_range whole, commitment& out, std::vector<shortfall>& why);
    void fill_lazily(byte_range whole, commitment& out);
    void check_room(std::uint64_t wanted, std::size_t first, std::size_t last);

    placement where;
    backing_options options;
    guard& watch = guard::of_process();
    std::vector<std::unique_ptr<supplier>> suppliers; ///< of legs, then of overflow
    stripe_sequence stripes;
    std::size_t page = base_page;
    std::size_t granule = base_page;
};

byte_ranges backing::state::fill(std::size_t first, std::size_t last, byte_ranges left,
                                 const std::byte* base, commitment& out,
                                 std::vector<shortfall>& why) {
    for (std::size_t i = first; i < last && !left.empty(); ++i) {
        supply got = suppliers[i]->fill(left);
        // The next one may have larger pages than the one that ran out.
        if (i + 1 < last && suppliers[i + 1]->unit() > base_page && !got.left.empty()) {
            byte_ranges wider = widened(got.left, suppliers[i + 1]->unit(), base);
            wider = without(left, without(left, wider));
            for (const byte_range& range : without(wider, got.left)) {
                suppliers[i]->before_emptying(range);
                empty_space(range);
            }
            got.left = std::move(wider);
        }
        out.bytes[i] += total(left) - total(got.left);
        left = std::move(got.left);
        if (got.why) {
            why.push_back(std::move(*got.why));
        }
    }
    return left;
}

byte_ranges backing::state::fill_striped(byte_range whole, commitment& out,
                                         std::vector<shortfall>& why) {
    const std::span<const leg> legs = where.legs();
    const std::size_t stripe = std::max(huge_page, page);
    const std::vector<std::uint32_t> turns = stripes.take((whole.length + stripe - 1) / stripe);
    std::vector<byte_ranges> shares(legs.size());
    for (std::size_t n = 0; n < turns.size(); ++n) {
        const std::size_t offset = n * stripe;
        shares[turns[n]].push_back({whole.start + offset, std::min(stripe, whole.length - offset)});
    }
    byte_ranges left;
    std::vector<striped_leg> nodes;
    for (std::size_t i = 0; i < legs.size(); ++i) {
        shares[i] = joined(std::move(shares[i]));
        if (legs[i].kind == leg_kind::node) {
            nodes.push_back({i, static_cast<unsigned>(legs[i].node),
                             headroom_of(legs[i], options.pages), shares[i]});
        } else {
            const byte_ranges rest = fill(i, i + 1, shares[i], whole.start, out, why);
            left.insert(left.end(), rest.begin(), rest.end());
        }
    }
    if (!nodes.empty()) {
        const spread_result got = spread_over_nodes(nodes, context());
        for (std::size_t n = 0; n < nodes.size(); ++n) {
            out.bytes[nodes[n].index] += total(nodes[n].stripes) - total(got.left[n]);
            left.insert(left.end(), got.left[n].begin(), got.left[n].end());
            if (got.why[n]) {
                why.push_back(*got.why[n]);
            }
        }
    }
    return joined(std::move(left));
}

void backing::state::fill_lazily(byte_range whole, commitment& out) {
    if (!from_huge_pool(options.pages)) {
        if (const std::optional<shortfall> refused = open_for_use(whole, options)) {
            throw_full(whole.length, 0, std::span(&*refused, 1));
        }
    } else if (!reserve_huge_pages(whole, options)) {
        const shortfall pool{shortage::huge_page_pool,
                             fmt::format("the pools of {} of all nodes together have too few that "
                                         "nobody has reserved",
                                         words_of(options.pages)),
                             0};
        throw_full(whole.length, 0, std::span(&pool, 1));
    }
    prefer_node(whole, static_cast<unsigned>(where.legs().front().node), watch);
    out.bytes[0] = whole.length;
}

/// Spares populating gigabytes only to find that the last ones do not fit.
void backing::state::check_room(std::uint64_t wanted, std::size_t first, std::size_t last) {
    std::vector<shortfall> why;
    std::uint64_t in_nodes = 0;
    std::uint64_t elsewhere = 0;
    std::uint64_t together = std::numeric_limits<std::uint64_t>::max();
    std::optional<shortfall> limit;
    for (std::size_t i = first; i < last; ++i) {
        const std::size_t legs = where.legs().size();
        const leg& one = i < legs ? where.legs()[i] : where.overflow()[i - legs];
        shortfall room = suppliers[i]->room(wanted);
        if (one.kind != leg_kind::node || from_huge_pool(options.pages)) {
            elsewhere += room.available;
        } else if (room.reason == shortage::target) {
            in_nodes += room.available;
        } else {
            // Short for all nodes at once.
            together = std::min(together, room.available);
            in_nodes += room.available;
        }
        why.push_back(std::move(room));
        if (elsewhere + std::min(in_nodes, together) >= wanted) {
            return;
        }
    }
    throw_full(wanted, elsewhere + std::min(in_nodes, together), why);
}

backing::backing(const placement& where, const backing_options& options)
    : state_(std::make_unique<state>(where, options)) {
    std::size_t standard = bytes_of(options.pages);
    if (options.pages == page_size::transparent) {
        standard = huge_page;
    }
    state_->page = std::max(state_->page, bytes_of(options.pages));
    state_->granule = std::max({state_->granule, state_->page, standard});
}
backing::~backing() = default;

const placement& backing::where() const {
    return state_->where;
}
std::size_t backing::granule() const {
    return state_->granule;
}
std::size_t backing::page() const {
    return state_->page;
}

std::span<std::byte> backing::reserve(std::size_t length, std::size_t alignment) {
    const std::size_t least = length >= state_->granule ? state_->granule : state_->page;
    const byte_range got = reserve_space(length, std::max({alignment, least, base_page}));
    if (got.start == nullptr) {
        throw target_full(shortage::system,
                          fmt::format("no address space for {}", in_words(length)));
    }
    return {got.start, got.length};
}

commitment backing::commit(std::byte* start, std::size_t length) {
    commitment out;
    out.bytes.resize(state_->suppliers.size());
    if (length == 0) {
        return out;
    }
    const byte_range whole{start, length};
    const std::size_t legs = state_->where.legs().size();
    const std::size_t all = state_->suppliers.size();
    try {
        if (state_->where.kind() == placement_kind::prefer) {
            state_->fill_lazily(whole, out);
        } else {
            std::vector<shortfall> why;
            byte_ranges left{whole};
            const bool striped = state_->where.kind() == placement_kind::interleave;
            if (length > 2 * huge_page) {
                state_->check_room(length, 0, all);
            }
            if (striped) {
                left = state_->fill_striped(whole, out, why);
            }
            left = state_->fill(striped ? legs : 0, all, std::move(left), start, out, why);
            if (!left.empty()) {
                throw_full(length, length - total(left), why);
            }
        }
    } catch (...) {
        decommit(start, length);
        throw;
    }
    for (std::size_t i = 0; i < legs; ++i) {
        const bool dirty = state_->where.legs()[i].kind == leg_kind::dax && !state_->options.zeroed;
        out.zeroed = out.zeroed && !(dirty && out.bytes[i] != 0);
    }
    return out;
}

void backing::decommit(std::byte* start, std::size_t length) noexcept {
    for (const std::unique_ptr<supplier>& one : state_->suppliers) {
        one->before_emptying({start, length});
    }
    empty_space({start, length});
}

void backing::release(std::byte* start, std::size_t length) noexcept {
    release_space({start, length});
}

} // namespace hetmem::detail
