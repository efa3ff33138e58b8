#include "c/barrier.hpp"
#include "c/handles.hpp"
#include "c/sized.hpp"

#include <algorithm>

namespace hetmem::c {

static_assert(static_cast<int>(criterion::read_latency) == HETMEM_BY_READ_LATENCY);
static_assert(static_cast<int>(criterion::write_latency) == HETMEM_BY_WRITE_LATENCY);
static_assert(static_cast<int>(criterion::read_bandwidth) == HETMEM_BY_READ_BANDWIDTH);
static_assert(static_cast<int>(criterion::write_bandwidth) == HETMEM_BY_WRITE_BANDWIDTH);
static_assert(static_cast<int>(criterion::capacity) == HETMEM_BY_CAPACITY);
static_assert(static_cast<int>(criterion::free) == HETMEM_BY_FREE);

criterion criterion_of(int number) {
    if (number < HETMEM_BY_READ_LATENCY || number > HETMEM_BY_FREE) {
        throw error(std::errc::invalid_argument, "no criterion " + std::to_string(number));
    }
    return static_cast<criterion>(number);
}

rank_options rank_options_of(const topology& machine, const hetmem_rank_options* given) {
    const hetmem_rank_options told = asked(given, "options");
    need_known_flags(told.flags, HETMEM_RANK_INCLUDE_RESERVED, "options");
    rank_options options;
    options.include_reserved = (told.flags & HETMEM_RANK_INCLUDE_RESERVED) != 0;
    if (told.initiator_count != 0) {
        need(told.initiators, "options.initiators");
    }
    for (std::size_t i = 0; i < told.initiator_count; ++i) {
        if (told.initiators[i] >= machine.initiators().size()) {
            throw no_such_target("no initiator " + std::to_string(told.initiators[i]));
        }
        options.from.push_back({static_cast<std::uint32_t>(told.initiators[i])});
    }
    return options;
}

} // namespace hetmem::c

using namespace hetmem::c;

extern "C" int hetmem_rank(const hetmem_topology* machine, int criterion,
                           const hetmem_rank_options* options, size_t* targets, size_t* count) {
    return guarded([&] {
        const hetmem::topology& all = need(machine, "machine").value;
        const size_t room = need(count, "count");
        if (room != 0) {
            need(targets, "targets");
        }
        const auto order =
            hetmem::rank(all, criterion_of(criterion), rank_options_of(all, options));
        for (size_t i = 0; i < std::min(room, order.places.size()); ++i) {
            targets[i] = order.places[i].target.index;
        }
        *count = order.places.size();
    });
}
