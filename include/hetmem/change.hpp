// hetmem/change.hpp: what is different between two descriptions of one machine.
//
//     for (const hetmem::change& c : hetmem::changes(before, after)) {
//         std::puts(hetmem::to_string(c).c_str()); // "node2 went offline"
//     }
//
// Memories and initiators are matched by name, which is stable while they exist. What varies by
// itself (free memory, free huge pages) is no change. All of it is values; thread-safe.
#pragma once

#include <hetmem/export.hpp>
#include <hetmem/topology.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem {

enum class change_kind : std::uint8_t {
    target_appeared, ///< `target`; after is its state
    target_vanished, ///< before was its state
    state,           ///< online, partly_online, offline, reserved, absent: before, after
    size,            ///< `what` is "grew" or "shrank"
    reservation,     ///< "reserved" or "not reserved", with the reason
    identity,        ///< kind, pxm, node, tier, side caches: `what` says which
    figure,          ///< one quantity of one pair: `initiator`, `target`, `quantity`
    initiator_appeared,
    initiator_vanished,
    initiator_cpus, ///< its CPUs, as a list
    distance,       ///< of one pair
    setting,        ///< of the kernel: demotion, interleave weight, ...: `what` says which
};

struct change {
    change_kind kind{};
    std::string target;    ///< a name; "" where none is meant
    std::string initiator; ///< a name; "" where none is meant
    std::string
        what; ///< "read_latency", "tier", "level 1 read_latency", ...; "" where kind says all
    std::string before; ///< as people are shown it, with its source: "120 ns (hmat)"; "unknown"
    std::string after;
    friend bool operator==(const change&, const change&) = default;
};

/// In the order: targets, initiators, figures by target and initiator, distances, settings. Empty:
/// no difference that a program could care for. The figures of a memory or an initiator that is new
/// are no changes of their own. Of one kind at most 1000 are told; then one more at the end,
/// without names, before and after, says in `what` how many there are besides: "31 more".
HETMEM_EXPORT std::vector<change> changes(const topology& before, const topology& after);

/// One line of text without its end.
HETMEM_EXPORT std::string to_string(const change&);
HETMEM_EXPORT std::string_view to_string(change_kind);

} // namespace hetmem
