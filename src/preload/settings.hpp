// preload/settings.hpp: what the environment tells the preloaded malloc. `hetmem run` writes it.
//
//     HETMEM_MALLOC=KIND:MEMORY[,MEMORY...]
//
// KIND is bind, prefer (one memory each), chain (filled in this order) or interleave (spread by
// weight in stripes of 2 MiB). A MEMORY is a node's number or the device node of a dax device,
// followed by what applies to it:
//
//     *WEIGHT           interleave: 1 to 255, 1 when not given
//     ;headroom=BYTES   what stays available there; 32 MiB on nodes when not given, 0 on devices
//     ;align=BYTES      a device's alignment; 2 MiB when not given
//     ;size=BYTES       a device's size: must be given
//
//     HETMEM_MALLOC="chain:2;headroom=67108864,/dev/dax0.0;size=536870912,0"
//     HETMEM_MALLOC="interleave:0*3,2*1"
//
//     HETMEM_MALLOC_LARGE=BYTES         only blocks of at least this size go there
//     HETMEM_MALLOC_REPORT=FD:INODE     a pipe, for where memory was when the process exits
//
// Nothing set: an ordinary malloc. Something that cannot be read: the same, and a line on standard
// error. Parsing allocates nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace hetmem::preload {

enum class placement_kind : std::uint8_t { bind, prefer, chain, interleave };

/// One memory of a placement.
struct leg {
    int node = -1;                ///< -1: a device
    const char* device = nullptr; ///< its path, ends with 0
    std::size_t device_align = std::size_t{2} << 20;
    std::size_t device_size = 0;
    std::size_t headroom = 0;
    unsigned weight = 1;
};

/// As many as parse_placement() takes.
inline constexpr std::size_t most_legs = 64;

/// Holds its text itself: programs overwrite their environment (setproctitle does).
class placement {
public:
    /// False for a text that is not of the form above; then error() says what is wrong. Once only.
    bool parse(std::string_view text) noexcept;

    placement_kind kind() const noexcept { return kind_; }
    std::span<const leg> legs() const noexcept { return {legs_.data(), count_}; }
    std::string_view error() const noexcept { return error_; }

private:
    bool parse_leg(char* text) noexcept;
    bool fail(std::string_view why) noexcept;

    placement_kind kind_{};
    std::array<leg, most_legs> legs_{};
    std::size_t count_ = 0;
    std::string_view error_;
    std::array<char, 8192> text_{};
};

/// A plain number of bytes.
bool parse_bytes(std::string_view text, std::size_t& bytes) noexcept;

/// FD:INODE.
struct report_pipe {
    int descriptor = -1;
    std::uint64_t inode = 0; ///< tells whether the descriptor is still what it was
};
bool parse_report_pipe(std::string_view text, report_pipe& pipe) noexcept;

} // namespace hetmem::preload
