#include "topology/snapshot.hpp"
#include "topology/state.hpp"

#include <algorithm>
#include <cctype>
#include <memory>
#include <utility>

namespace hetmem::detail {
namespace {

/// Flags, checksums and bus numbers have no more digits; an address that has no more is one that
/// every machine has.
constexpr std::size_t harmless_digits = 4;

void hide_addresses(std::string& text) {
    const auto is_digit = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
    for (std::size_t at = text.find("0x"); at != std::string::npos; at = text.find("0x", at)) {
        at += 2;
        const auto first = text.begin() + static_cast<std::ptrdiff_t>(at);
        const auto end = std::find_if_not(first, text.end(), is_digit);
        if (static_cast<std::size_t>(end - first) > harmless_digits) {
            text.replace(first, end, "...");
        }
    }
}

template <class... Texts> void hide_in(Texts&... texts) {
    (hide_addresses(texts), ...);
}

topology frozen(topology::state s) {
    return topology(std::make_shared<const topology::state>(std::move(s)));
}

} // namespace

topology without_addresses(const topology& machine) {
    topology::state s = state_access::of(machine);
    for (target& t : s.targets) {
        t.ranges.clear();
        for (dax_device& d : t.dax) {
            d.resource.reset();
        }
        for (device_leg& leg : t.device_legs) {
            leg.device_range = {};
        }
        hide_in(t.kind_reason, t.pxm_reason, t.reserved_reason);
    }
    for (source_report& r : s.sources) {
        hide_in(r.detail);
    }
    for (notice& n : s.notices) {
        hide_in(n.what, n.why, n.help);
    }
    for (defect& d : s.defects) {
        hide_in(d.expected, d.found, d.linux_does);
    }
    for (disagreement& d : s.disagreements) {
        hide_in(d.about, d.used, d.other);
    }
    return frozen(std::move(s));
}

std::string without_addresses(std::string text) {
    hide_addresses(text);
    return text;
}

topology with_generation(const topology& machine, std::uint64_t number) {
    topology::state s = state_access::of(machine);
    s.generation = number;
    return frozen(std::move(s));
}

} // namespace hetmem::detail
