// kernel/initrd.hpp: the initial RAM disks that the installed kernels boot with.
#pragma once

#include "kernel/early_tables.hpp"
#include "kernel/rooted.hpp"

#include <string>
#include <vector>

namespace hetmem::kernel {

struct initrd {
    std::string release; ///< of its kernel: "6.12.9"
    std::string path;    ///< below the root: "boot/initrd.img-6.12.9"
    friend bool operator==(const initrd&, const initrd&) = default;
};

/// As initramfs-tools, dracut and kernel-install name them, of kernels that are installed (or have
/// modules); copies under other names are none. Ascending by path.
std::vector<initrd> find_initrds(const rooted_reader& reader);

/// The ACPI tables that a kernel would find in it. Throws hetmem::error.
std::vector<early_table> read_early_tables(const rooted_reader& reader, const std::string& initrd);

} // namespace hetmem::kernel
