// Any bytes as a saved topology: refused with a message that names the place, or a topology that
// can be ranked and drawn, and that is the same when it is written and read again.
#include "tests/fuzz/table_fuzz.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/draw.hpp>
#include <hetmem/error.hpp>
#include <hetmem/rank.hpp>

#include <string>

using hetmem::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    try {
        const hetmem::topology machine = hetmem::from_json(text, "fuzz");
        const std::string written = hetmem::to_json(machine);
        require(hetmem::to_json(hetmem::from_json(written, "again")) == written);
        if (machine.targets().size() <= 64 && machine.initiators().size() <= 64) {
            require(!hetmem::draw_text(machine).empty());
            require(!hetmem::draw_svg(machine).empty());
        }
        if (!machine.initiators().empty()) {
            hetmem::rank_options options;
            options.from = {{0}};
            const auto order = hetmem::rank(machine, hetmem::criterion::read_latency, options);
            require(order.places.size() + order.left_out.size() == machine.targets().size());
        }
    } catch (const hetmem::malformed_file& e) {
        require(std::string_view(e.what()).starts_with("fuzz: "));
    }
    return 0;
}
