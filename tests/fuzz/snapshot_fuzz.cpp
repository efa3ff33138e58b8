// Any bytes as a published topology, as they are and with a right checksum: refused with a message
// that names the place, or a topology that is the same when it is written and read again.
#include "tests/fuzz/table_fuzz.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>

#include "topology/snapshot.hpp"

#include <string>
#include <vector>

using hetmem::fuzz::require;

namespace {

void read(std::span<const std::byte> bytes) {
    try {
        const hetmem::detail::snapshot found = hetmem::detail::from_snapshot(bytes, "fuzz");
        const std::string written = hetmem::detail::to_snapshot(found.machine, found.boot_id);
        const hetmem::detail::snapshot again =
            hetmem::detail::from_snapshot(std::as_bytes(std::span(written)), "again");
        require(hetmem::detail::to_snapshot(again.machine, again.boot_id) == written);
        if (found.machine.targets().size() * found.machine.initiators().size() <= 4096) {
            require(!hetmem::to_json(hetmem::detail::without_addresses(found.machine)).empty());
        }
    } catch (const hetmem::malformed_file& e) {
        require(std::string_view(e.what()).starts_with("fuzz: byte "));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = hetmem::fuzz::as_bytes(data, size);
    read(bytes);
    constexpr std::size_t head = 32;
    if (size >= head) {
        std::vector<std::byte> sealed(bytes.begin(), bytes.end());
        hetmem::detail::seal_snapshot(sealed);
        read(sealed);
    }
    return 0;
}
