// kernel/dax_extent.hpp: pieces of a device-dax device, shared between programs by locks.
//
// Each program locks the byte ranges that it uses, by open-file-description locks on the device
// node (fcntl(2), F_OFD_SETLK). The mapping keeps its description, and so the lock, after the
// descriptor was closed: an extent is held exactly as long as it is mapped, also when its holder is
// killed, and needs no daemon. A description for each extent: locks of one description do not
// exclude each other, and a descriptor kept open would be inherited over fork. Locks belong to the
// inode of the device node: programs that use another node of the same device (another mknod) do
// not see each other.
#pragma once

#include <hetmem/error.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace hetmem::kernel {

/// Where a mapped piece came from.
struct dax_extent {
    std::byte* start = nullptr;
    std::size_t length = 0;
    std::uint64_t offset = 0; ///< in the device
};

struct dax_request {
    std::filesystem::path device;
    std::uint64_t device_bytes = 0;
    std::size_t unit = 0;    ///< the device's alignment: of offsets, lengths and addresses
    bool contiguous = false; ///< one extent of all of it, or none
};

/// Locks free ranges, first fit, and maps them (shared, writable, MADV_DONTFORK) over the address
/// space from `start` on, which the caller has reserved. Together at most `length` bytes; what
/// could not be had is a shorter answer, and the address space behind it is untouched. Contents are
/// what the last holder left. Throws not_permitted, target_lost (ENXIO: no driver is bound; ENOENT:
/// gone). Unmapping (munmap, or mmap of something else over it) gives an extent back.
std::vector<dax_extent> map_dax(const dax_request& from, std::byte* start, std::size_t length);

/// Bytes of the device that nobody has locked now. Throws as map_dax.
std::uint64_t unlocked_bytes(const dax_request& device);

} // namespace hetmem::kernel
