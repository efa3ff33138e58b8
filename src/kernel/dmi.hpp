// kernel/dmi.hpp: what the firmware calls itself and the machine (SMBIOS, /sys/class/dmi/id), as
// far as everybody may read it: no serial numbers.
#pragma once

#include "kernel/rooted.hpp"

#include <string>
#include <string_view>

namespace hetmem::kernel {

struct dmi {
    std::string bios_vendor; ///< "" where nobody tells, as for all of these
    std::string bios_version;
    std::string bios_date;
    /// The machine: its modalias without what a firmware update changes (without_bios()).
    std::string machine;
    friend bool operator==(const dmi&, const dmi&) = default;
};

dmi read_dmi(const rooted_reader& reader);

/// "dmi:bvnACME:bvr1.2:bd01/02/2026:svnACME:pnBox:" -> "dmi:svnACME:pnBox:".
std::string without_bios(std::string_view modalias);

} // namespace hetmem::kernel
