// Writes the views of a machine into a directory, as hetmemd does below /run/hetmem.
//
//     write_views / DIR                 of this machine
//     write_views MACHINE DIR           of one whose /sys and /proc lie below MACHINE
//     write_views MACHINE DIR FILE      the same processors, with the memories of a saved topology
//
// Links out of fsroot/ lead to where the machine's files are, so that hwloc sees all of it there.

#include "kernel/cpu_tree.hpp"
#include "kernel/rooted.hpp"
#include "publish/views.hpp"

#include <hetmem/discover.hpp>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <sys/stat.h>

namespace {

namespace fs = std::filesystem;
using hetmem::detail::tree_entry;

void write_file(const fs::path& path, const std::string& content, mode_t mode) {
    std::ofstream out(path, std::ios::binary);
    out << content;
    out.close();
    if (!out || ::chmod(path.c_str(), mode) != 0) {
        throw std::runtime_error("cannot write " + path.string());
    }
}

void write_tree(const fs::path& place, const hetmem::detail::file_tree& tree,
                const fs::path& machine) {
    for (const tree_entry& entry : tree) {
        const fs::path path = place / entry.path;
        fs::create_directories(path.parent_path());
        if (entry.what == tree_entry::kind::directory) {
            fs::create_directories(path);
        } else if (entry.what == tree_entry::kind::link) {
            const bool out = entry.content.starts_with('/') && machine != "/";
            fs::create_symlink(out ? machine.string() + entry.content : entry.content, path);
        } else {
            write_file(path, entry.content, entry.mode);
        }
    }
}

} // namespace

int main(int count, char** words) {
    if (count < 3 || count > 4) {
        std::fputs("usage: write_views MACHINE DIRECTORY [TOPOLOGY]\n", stderr);
        return 2;
    }
    try {
        const fs::path machine = fs::absolute(words[1]);
        const fs::path place = words[2];
        const hetmem::topology described =
            count == 4 ? hetmem::load_topology(words[3]) : hetmem::discover({.root = machine});
        const hetmem::kernel::rooted_reader reader(machine);
        write_tree(place / "hmem", hetmem::detail::hmem_tree(described), machine);
        write_tree(place / "fsroot", hetmem::detail::hwloc_root(described), machine);
        write_file(place / "hwloc.xml",
                   hetmem::detail::hwloc_xml(described, hetmem::kernel::read_cpu_tree(reader)),
                   0644);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "write_views: %s\n", error.what());
        return 1;
    }
    return 0;
}
