// src/tool/report_arguments.hpp: what hetmem report was asked for.
#pragma once

#include "tool/machine_arguments.hpp"

#include <string>

namespace hetmem::tool {

struct report_arguments {
    machine_arguments machine;
    std::string file = "hetmem-report.html"; ///< "-": standard output
    bool check = true;
};

} // namespace hetmem::tool
