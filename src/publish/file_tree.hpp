// file_tree.hpp: files, links and directories as values, so that what is published can be made,
// looked at and tested before anything is written.
#pragma once

#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace hetmem::detail {

struct tree_entry {
    enum class kind : unsigned char {
        file,
        more, ///< of a file that came before
        link,
        directory
    };
    std::string path; ///< relative, without "..": "hmem/mem_tgt0/firmware_id"
    kind what = kind::file;
    std::string content; ///< of a file; what a link points to
    mode_t mode = 0644;  ///< of files and directories (0755 for those that are not listed)
    friend bool operator==(const tree_entry&, const tree_entry&) = default;
};

/// Parents need not be listed.
using file_tree = std::vector<tree_entry>;

/// Takes a tree part by part, for those that are too large to be held as a whole. A directory with
/// a mode of its own comes not after what is in it.
using tree_sink = std::function<void(const file_tree& part)>;

} // namespace hetmem::detail
