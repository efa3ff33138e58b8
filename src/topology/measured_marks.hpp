// measured_marks.hpp: by what a machine, a memory and an initiator are known again, and which of
// today's a store speaks of.
//
//     const mark_matcher here(machine, stored);
//     here.target("node2");      // where that memory is now, whatever it is called
#pragma once

#include <hetmem/measured.hpp>
#include <hetmem/topology.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail {

target_mark mark_of(const target& memory);
initiator_mark mark_of(const initiator& from);

/// What one of them does not know does not count: a copy of a machine lacks the modalias.
bool same_machine(const machine_mark& a, const machine_mark& b);
/// "Example Processor 9000", "unknown"
std::string in_words(const machine_mark& mark);

class mark_matcher {
public:
    mark_matcher(const topology& machine, const measurements& stored);

    enum class fate : std::uint8_t {
        here,
        gone,    ///< nothing is called so, nor is one thing alike
        changed, ///< what is called so is something else now
    };
    struct place {
        fate what = fate::gone;
        std::uint32_t index = 0; ///< in the topology; when here
        friend bool operator==(const place&, const place&) = default;
    };
    /// By the name that the store uses. Of names without a mark only the name counts.
    place initiator(std::string_view name) const;
    place target(std::string_view name) const;

private:
    using places = std::map<std::string, place, std::less<>>;

    void match_initiators(const measurements& stored);
    void match_targets(const measurements& stored);

    const topology& machine_;
    places initiators_;
    places targets_;
};

} // namespace hetmem::detail
