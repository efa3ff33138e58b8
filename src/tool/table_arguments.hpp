// src/tool/table_arguments.hpp: what hetmem table was asked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hetmem::tool {

struct table_arguments {
    enum class action : std::uint8_t { decode, encode, diff, build };
    action wanted = action::decode;
    bool json = false;
    std::string file;      ///< "-": standard input
    std::string other;     ///< diff: the later one
    std::string signature; ///< of several tables this one; "": all, or the only one
    std::string output;    ///< "": standard output (encode), nowhere (build)

    // build
    std::vector<std::string> set; ///< "node0,node2,read_latency=250ns"
    std::string figures;          ///< a JSON file of measurements; "": those that are kept
    std::string root;             ///< another machine: a directory or archive; "": this one
    std::string tables;           ///< tables alone: a directory, table or acpidump text; "": none
};

} // namespace hetmem::tool
