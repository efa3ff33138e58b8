// override/initrd_maker.hpp: the programs that make initrds, and how each is told to put tables in
// front of them.
#pragma once

#include "kernel/rooted.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail {

/// A file that makes the tables part of every initrd that is made from now on.
struct maker_file {
    std::string path; ///< below the root
    std::string content;
    bool program = false;
};

struct initrd_maker {
    std::string name; ///< "initramfs-tools", "dracut"
    maker_file file;
    std::vector<std::string> command; ///< makes all initrds anew
};

/// The one that this machine has, or that of this name. Throws hetmem::error (ENOENT) when there is
/// none, or (EEXIST) when somebody has told dracut already of tables of his own.
initrd_maker find_initrd_maker(const kernel::rooted_reader& machine, std::string_view name = "");

/// The program of that name in the usual places below the root; nothing when there is none.
std::optional<std::string> find_program(const kernel::rooted_reader& machine,
                                        std::string_view name);

} // namespace hetmem::detail
