// src/tool/override_arguments.hpp: what hetmem override was asked for.
#pragma once

#include <cstdint>
#include <string>

namespace hetmem::tool {

struct override_arguments {
    enum class act : std::uint8_t { write, install, remove, status } wanted = act::write;
    std::string hmat; ///< files; "": not asked for
    std::string slit;
    std::string srat;
    bool build = false;  ///< the HMAT of what is measured or given by hand
    std::string archive; ///< where to write it; "-": standard output
    std::string kernel;  ///< release; "": the one that runs
    std::string root = "/";
    std::string method; ///< "initramfs-tools", "dracut"; "": whichever is there
    bool allow_srat = false;
    bool keep_oem = false;
    bool force = false;
    bool yes = false;
    bool json = false;
};

} // namespace hetmem::tool
