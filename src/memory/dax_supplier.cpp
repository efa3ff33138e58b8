#include "memory/supplier.hpp"

#include "kernel/dax_extent.hpp"
#include "memory/address_space.hpp"
#include "memory/pieces.hpp"
#include "memory/words.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace hetmem::detail {

namespace {

class dax_supplier final : public supplier {
public:
    dax_supplier(const leg& from, const supply_context& context)
        : options_(context.options),
          name_(from.name), device_{from.path, from.dax_size.bytes(), from.dax_align.bytes(),
                                    context.options.contiguous},
          headroom_(headroom_of(from, context.options.pages)) {
        // Whether it can be opened at all is told now, not when the first object is made.
        kernel::unlocked_bytes(device_);
    }

    supply fill(std::span<const byte_range> wanted) override {
        const shortfall free = room(total(wanted));
        const byte_ranges tried =
            first_bytes(narrowed(wanted, unit()), round_down(free.available, unit()));
        byte_ranges mapped;
        if (!options_.contiguous || total(tried) == total(wanted)) {
            for (const byte_range& range : tried) {
                const byte_range got = map(range);
                mapped.push_back(got);
                if (got.length < range.length) {
                    break;
                }
            }
        }
        mapped = joined(std::move(mapped));
        make_present(mapped);
        supply out;
        out.left = without(wanted, mapped);
        if (!out.left.empty()) {
            out.why = free;
            if (options_.contiguous && free.available >= total(wanted)) {
                out.why->what +=
                    fmt::format(", but no {} of them in one piece", in_words(total(wanted)));
                out.why->available = 0;
            }
        }
        return out;
    }

    shortfall room(std::uint64_t) override {
        const std::uint64_t free = kernel::unlocked_bytes(device_);
        shortfall out{shortage::target,
                      fmt::format("{} has {} that nobody holds", name_, in_words(free)),
                      free > headroom_ ? free - headroom_ : 0, std::errc::no_space_on_device};
        if (headroom_ != 0) {
            out.what += fmt::format(" and keeps {}", in_words(headroom_));
        }
        return out;
    }

    std::size_t unit() const override { return device_.unit; }

private:
    byte_range map(byte_range range) const {
        std::size_t length = 0;
        for (const kernel::dax_extent& extent :
             kernel::map_dax(device_, range.start, range.length)) {
            length += extent.length;
        }
        return {range.start, length};
    }

    /// Zeroed, since the last holder's bytes are still there; or only mapped, page by page.
    void make_present(const byte_ranges& ranges) const {
        in_pieces(ranges, {.threads = threads_for(total(ranges), options_.threads)}, [this] {
            return [this](byte_range piece) {
                if (options_.zeroed) {
                    std::memset(piece.start, 0, piece.length);
                } else {
                    const std::size_t step = std::min(unit(), huge_page);
                    for (std::size_t at = 0; at < piece.length; at += step) {
                        static_cast<void>(
                            *static_cast<const volatile std::byte*>(piece.start + at));
                    }
                }
                return piece_result::done;
            };
        });
    }

    backing_options options_;
    std::string name_;
    kernel::dax_request device_;
    std::uint64_t headroom_;
};

} // namespace

std::unique_ptr<supplier> supply_from_dax(const leg& from, const supply_context& context) {
    return std::make_unique<dax_supplier>(from, context);
}

} // namespace hetmem::detail
