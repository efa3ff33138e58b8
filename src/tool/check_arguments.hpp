// src/tool/check_arguments.hpp: what hetmem check was asked for.
#pragma once

#include "check/finding.hpp"

#include <string>
#include <vector>

namespace hetmem::tool {

struct check_arguments {
    std::string root;   ///< a directory, or an archive made by `hetmem capture`; "": this machine
    std::string tables; ///< a directory of tables, a table, or text of acpidump; "": none
    std::string kernel; ///< "6.1": whose rules count; "": the machine's own
    std::vector<std::string> only; ///< ids; empty: all
    std::vector<std::string> skip; ///< ids
    detail::severity least = detail::severity::info;
    bool json = false;
    bool list = false;
    bool markdown = false; ///< with list
    std::string explain;   ///< an id; "": none
};

} // namespace hetmem::tool
