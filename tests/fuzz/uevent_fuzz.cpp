// Any datagram as an event of the kernel: refused, or parts of it.
#include "kernel/uevent.hpp"
#include "tests/fuzz/table_fuzz.hpp"

using hetmem::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace kernel = hetmem::kernel;
    const std::string_view datagram(reinterpret_cast<const char*>(data), size);
    kernel::uevent event{"untouched", {}, {}, 7};
    if (!kernel::parse_uevent(datagram, event)) {
        require(event.action == "untouched" && event.seqnum == 7);
        return 0;
    }
    require(!event.action.empty() && event.path.starts_with('/'));
    const auto is_part = [&](std::string_view part) {
        return part.empty() || (part.data() >= datagram.data() &&
                                part.data() + part.size() <= datagram.data() + datagram.size());
    };
    require(is_part(event.action) && is_part(event.path) && is_part(event.subsystem));
    require(event.subsystem.find('\0') == std::string_view::npos);
    static_cast<void>(kernel::concerns_memory(event));
    return 0;
}
