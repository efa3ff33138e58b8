// src/tool/machine_arguments.hpp: which machine a subcommand was asked about.
#pragma once

#include <string>

namespace hetmem::tool {

/// Both empty: the one this runs on.
struct machine_arguments {
    std::string root;  ///< a directory, or an archive made by `hetmem capture`
    std::string saved; ///< JSON written by `hetmem show --json`
};

} // namespace hetmem::tool
