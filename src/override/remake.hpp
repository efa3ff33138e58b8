// override/remake.hpp: the step that makes the initrds anew and sees to it that they are right.
#pragma once

#include "kernel/early_tables.hpp"
#include "kernel/initrd.hpp"
#include "kernel/rooted.hpp"
#include "override/install.hpp"
#include "override/steps.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail {

/// What initrds must hold, or must not hold, afterwards.
struct wanted_tables {
    std::vector<kernel::early_table> tables;
    bool present = true;
};

/// Runs the command and looks into what it made. Before that a copy of each initrd is kept, to be
/// brought back byte for byte if this or a later step fails; `backups` gets their names, for a last
/// step. Of initrds named in `copied`, kept_name() is such a copy already.
std::vector<step> remake_initrds(const std::vector<kernel::initrd>& initrds,
                                 const std::vector<std::string>& command,
                                 const wanted_tables& wanted, const install_options& options,
                                 const kernel::rooted_reader& machine,
                                 const std::vector<std::string>& copied,
                                 std::vector<std::string>& backups);

/// The first table of each signature that an initrd holds is the one that the kernel takes. Whether
/// those are ours (or none is).
bool holds(const std::vector<kernel::early_table>& early, const wanted_tables& wanted);

/// "update-initramfs -u -k all"
std::string command_text(const std::vector<std::string>& command);

/// Runs it; where no program is run, a step that only says so.
step run_step(const install_options& options, const std::vector<std::string>& command);

/// Keeps a copy of an initrd, which comes back byte for byte when a later step fails; `backups`
/// gets its name, for a last step.
step keep_backup(const kernel::rooted_reader& machine, const std::string& initrd,
                 std::vector<std::string>& backups);

/// Whether an initrd has tables of the kinds that we replace, whoever put them there.
bool has_tables(const kernel::rooted_reader& machine, const std::string& initrd);

/// Throws hetmem::error (ENOSPC) when a copy of each, and the new one that is just being made,
/// would not fit beside what is there.
void check_room(const kernel::rooted_reader& machine, const std::vector<kernel::initrd>& initrds);

} // namespace hetmem::detail
