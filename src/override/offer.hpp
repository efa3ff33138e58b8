// override/offer.hpp: tables that somebody wants the kernel to take, and whether it would.
//
//     const offer judged = judge_offer({.tables = {{"HMAT", "new.aml", bytes}}}, reader);
//     if (judged.refused.empty()) { write(make_early_archive(early_tables(judged))); }
#pragma once

#include "kernel/early_tables.hpp"
#include "kernel/rooted.hpp"
#include "override/replacement.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace hetmem::detail {

struct offered_table {
    std::string signature; ///< "HMAT", "SRAT" or "SLIT": as what it is offered
    std::string name;      ///< what people call it: its file
    std::vector<std::byte> bytes;
};

struct offered_tables {
    std::vector<offered_table> tables;
    std::string kernel = {}; ///< the release whose rules count; "": that of the machine
    bool keep_oem = false;
    bool allow_srat = false;
    /// Goes on where it can only be feared that the kernel will not take them: a kernel that is
    /// locked down, a SRAT that cannot be compared with the memory map.
    bool force = false;
    /// They take the place of all that is installed: of what was and is not offered again, the
    /// firmware's own counts.
    bool installing = false;
};

struct offer {
    std::vector<prepared_table> tables;
    std::vector<std::string> refused; ///< why not, a sentence each; empty: they may be used
    std::vector<std::string> remarks; ///< what was changed, what is to be known
};

/// Against the tables, the kernel and the memory map of the machine that is read. Throws
/// hetmem::error only when that cannot be read.
offer judge_offer(const offered_tables& wanted, const kernel::rooted_reader& machine);

/// As they stand in the archive.
std::vector<kernel::early_table> early_tables(const offer& judged);

} // namespace hetmem::detail
