// Any text as a placement: refused with an error of the library, or a placement whose own text is
// read as the same placement.
#include "tests/fuzz/table_fuzz.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>
#include <hetmem/placement.hpp>

#include <optional>

using hetmem::fuzz::require;

namespace {

const hetmem::topology& machine() {
    static const hetmem::topology made_up = hetmem::from_json(
        R"({"format": "hetmem-topology", "version": 1,
      "initiators": [{"name": "node0", "node": 0, "cpus": "0-1"}],
      "targets": [
        {"name": "node0", "node": 0, "kind": "dram", "state": "online", "size": 400, "free": 10},
        {"name": "node3", "node": 3, "kind": "hbm", "state": "online", "size": 100, "free": 10},
        {"name": "node5", "node": 5, "kind": "hbm", "state": "online", "size": 100, "free": 10},
        {"name": "dax0.0", "node": 7, "kind": "cxl", "state": "reserved", "reserved": true,
         "reserved_reason": "device-dax dax0.0", "size": 900,
         "dax": [{"name": "dax0.0", "size": 900, "driver": "device_dax"}]}]})");
    return made_up;
}

std::optional<hetmem::placement> parsed(std::string_view text) {
    try {
        return hetmem::parse_placement(machine(), text);
    } catch (const hetmem::error&) {
        return std::nullopt;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto first = parsed({reinterpret_cast<const char*>(data), size});
    if (!first) {
        return 0;
    }
    require(!first->legs().empty());
    for (const hetmem::leg& one : first->legs()) {
        if (one.name.find_first_of(",|:") != std::string::npos) {
            return 0; // a directory whose name cannot be in a list
        }
    }
    const auto again = parsed(first->to_string());
    require(again && std::equal(again->legs().begin(), again->legs().end(), first->legs().begin(),
                                first->legs().end()));
    return 0;
}
