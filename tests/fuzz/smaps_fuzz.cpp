// Any text as /proc/self/smaps: a share of a whole, of pages that have a size.
#include "kernel/smaps.hpp"
#include "tests/fuzz/table_fuzz.hpp"

using hetmem::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::uint64_t joined = std::uint64_t{2} << 20U;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const std::uint64_t start : {std::uint64_t{0}, std::uint64_t{0x10000000}}) {
        const hetmem::kernel::mapped_pages found =
            hetmem::kernel::parse_mapped_pages(text, joined, start, std::uint64_t{1} << 40U);
        require(found.percent <= 100);
        require(found.page_bytes != 0 || found.percent == 0);
    }
    return 0;
}
