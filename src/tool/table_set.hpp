// src/tool/table_set.hpp: figures that are given on the command line.
//
//     parse_set("node0,node2,read_latency=250ns");   // one figure
//     parse_set("pxm0,pxm2,bandwidth=61.4GB/s");     // reading and writing
#pragma once

#include <hetmem/topology.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::tool {

struct set_figure {
    std::string from; ///< names, as they were typed
    std::string to;
    quantity what{};
    std::uint64_t value = 0; ///< picoseconds or bytes per second
    friend bool operator==(const set_figure&, const set_figure&) = default;
};

/// Throws usage_error saying which part is wrong.
std::vector<set_figure> parse_set(std::string_view text);

} // namespace hetmem::tool
