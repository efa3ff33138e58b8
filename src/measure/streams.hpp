// measure/streams.hpp: the loops that bandwidth is measured with, in the widest vectors that this
// CPU has (chosen at run time by Highway).
//
//     for (const stream_kernel& one : stream_kernels(metric::read_bandwidth)) {
//         sum += one.run(share_of_this_thread);
//     }
#pragma once

#include <hetmem/measured.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hetmem::detail {

/// The buffer's size must be a multiple of this for each thread: it is cut into up to three arrays,
/// each array into up to eight streams, and these into blocks of vectors of any CPU.
inline constexpr std::size_t stream_granule = std::size_t{3} << 16;

struct stream_kernel {
    std::string name; ///< "AVX3, 8 streams"
    /// Of each byte of the buffer that one pass touches: what counts as payload, and what crosses
    /// the bus (a store that is not non-temporal reads the line first).
    double payload = 1;
    double bus = 1;

    /// Passes over the memory once, whose size is a multiple of stream_granule and which is aligned
    /// to a cache line; std::invalid_argument otherwise. What was in it is lost, unless it is only
    /// read. When this returns, stores that bypass the caches are on their way in order. The result
    /// depends on what was read, so that nothing is optimised away.
    std::uint64_t run(std::span<std::byte> memory) const;

    using pass = std::uint64_t (*)(std::byte* memory, std::size_t size);
    pass over = nullptr;
};

/// The candidates for a metric of bandwidth: which is fastest differs from CPU to CPU, so the first
/// samples choose. Never empty; std::invalid_argument for a latency.
std::vector<stream_kernel> stream_kernels(metric what);

} // namespace hetmem::detail
