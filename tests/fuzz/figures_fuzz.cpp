// Any bytes as a store of figures: refused with a message that names the place, or figures that are
// the same when they are written and read again, that a machine can take as a source, and that can
// be added to a store.
#include "tests/fuzz/table_fuzz.hpp"
#include "topology/figure_store.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>

#include <string>

using hetmem::fuzz::require;

namespace {

/// What the seeds speak of.
const hetmem::topology& machine() {
    static const hetmem::topology made = hetmem::from_json(R"({
      "format": "hetmem-topology", "version": 1, "machine": {"cpu_model": "Made-up CPU"},
      "initiators": [{"name": "node0", "node": 0, "cpus": "0-3"},
                     {"name": "node1", "node": 1, "cpus": "4-7"}],
      "targets": [{"name": "node0", "node": 0, "size": 4000, "cpus": "0-3"},
                  {"name": "node2", "node": 2, "size": 2000, "caches": [{"level": 1}]},
                  {"name": "dax0.0", "state": "reserved", "size": 9000,
                   "dax": [{"name": "dax0.0", "size": 9000}]}],
      "figures": [{"source": "hmat", "quantity": "read_latency",
                   "values": [[100, 120, 300], [180, "unreachable", 310]]}]})");
    return made;
}

void add_to_a_store(const hetmem::measurements& all) {
    const hetmem::machine_mark here{"Made-up CPU", ""};
    try {
        const auto mine = hetmem::detail::import_for(machine(), here, all);
        const auto once = hetmem::detail::merged(machine(), {}, mine);
        require(hetmem::detail::merged(machine(), once, mine) == once);
        require(hetmem::measurements_from_json(hetmem::to_json(once)) == once);
    } catch (const hetmem::error&) {
        // Of another machine, or of what this one does not have.
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    try {
        hetmem::measurements all = hetmem::measurements_from_json(text, "fuzz");
        require(hetmem::measurements_from_json(hetmem::to_json(all), "again") == all);
        const hetmem::topology with =
            hetmem::detail::with_measurements(machine(), {"Made-up CPU", ""}, all);
        require(!hetmem::to_json(with).empty());
        add_to_a_store(all);
        hetmem::detail::forget(all, {});
        require(all.cells.empty() && all.given.empty() && all.targets.empty());
    } catch (const hetmem::malformed_file& e) {
        require(std::string_view(e.what()).starts_with("fuzz: "));
    }
    return 0;
}
