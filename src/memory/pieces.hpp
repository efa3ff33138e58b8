// memory/pieces.hpp: work on ranges piece by piece, by several threads.
#pragma once

#include "memory/address_range.hpp"

#include <cstdint>
#include <functional>
#include <span>

namespace hetmem::detail {

enum class piece_result : std::uint8_t {
    done,
    left, ///< not done; the others go on
    stop, ///< not done, and no further piece is begun
};

/// Called with one piece at a time by each thread.
using piece_work = std::function<piece_result(byte_range)>;
/// Makes what one thread works with; called in that thread.
using make_piece_work = std::function<piece_work()>;

struct in_pieces_options {
    std::size_t piece = huge_page; ///< pieces end at multiples of this, counted from address 0
    unsigned threads = 1;
    /// Not in the calling thread, whose memory policy and signals are not ours.
    bool only_own_threads = false;
};

/// What was not done. An exception in a thread ends the work and is thrown again when all have
/// stopped. Threads of ours block all signals.
byte_ranges in_pieces(std::span<const byte_range> ranges, const in_pieces_options& options,
                      const make_piece_work& make);

/// How many threads help with this much: `asked`, or as many as the caller has CPUs for, at least
/// 16 MiB each (starting one costs as much as populating 2 MiB) and no more than saturate one
/// memory.
unsigned threads_for(std::uint64_t bytes, unsigned asked);

} // namespace hetmem::detail
