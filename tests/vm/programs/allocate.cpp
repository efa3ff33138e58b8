#include "tests/vm/programs/hold.hpp"
#include "tests/vm/programs/pattern.hpp"
#include "tests/vm/programs/report.hpp"
#include "tests/vm/programs/request.hpp"
#include "tests/vm/programs/subcommands.hpp"

#include <unistd.h>

#include <optional>

namespace vm {
namespace {

using nlohmann::json;

/// Nobody may touch the region meanwhile, and in this program nobody does.
void ask_for_quiet(hetmem::migrate_options& options, unsigned& quiesced, unsigned& resumed) {
    options.quiesce = [&quiesced] { ++quiesced; };
    options.resume = [&resumed] { ++resumed; };
}

json migrate(hetmem::region& region, const arguments& asked) {
    json went;
    unsigned quiesced = 0;
    unsigned resumed = 0;
    attempt(went, [&] {
        hetmem::migrate_options options;
        options.all_or_nothing = !asked.has("as-far");
        if (asked.has("quiesce")) {
            ask_for_quiet(options, quiesced, resumed);
        }
        went["result"] =
            json_of(region.migrate(placement_of(asked.text("migrate"), asked), options));
    });
    went["quiesced"] = quiesced;
    went["resumed"] = resumed;
    return went;
}

} // namespace

json allocate(const arguments& asked) {
    constexpr std::uint64_t seed = 0x5eed;
    json said{{"asked", asked.word(1)}};
    std::optional<hetmem::region> region;
    const bool got = attempt(said, [&] {
        const hetmem::placement where = placement_of(asked.word(1), asked);
        said["placement"] = where.to_string();
        region.emplace(size_of(asked, 2), where, options_of(asked));
    });
    if (!got) {
        // What a failed request left behind in this process.
        json held;
        attempt(held, [&] {
            for (const auto& share : hetmem::where_process(getpid()).shares) {
                held[share.target] = share.bytes.bytes();
            }
        });
        held.erase("outcome");
        said["left_behind"] = held;
        wait_until_released();
        return said;
    }
    said["size"] = region->size();
    said["zeroed"] = all_zero(region->bytes());
    write_pattern(region->bytes(), seed);
    said["first"] = state_of(*region);
    said["target_of"] = hetmem::target_of(region->data()).value_or("");
    if (asked.has("migrate")) {
        said["migrate"] = migrate(*region, asked);
        said["migrated"] = state_of(*region);
    }
    wait_until_released();
    said["later"] = state_of(*region);
    said["contents"] = has_pattern(region->bytes(), seed);
    return said;
}

} // namespace vm
