#include "c/barrier.hpp"
#include "c/handles.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

using namespace hetmem::c;

namespace {

std::vector<hetmem::memory_name> names_of(const char* const* where, size_t count) {
    std::vector<hetmem::memory_name> names;
    if (count != 0) {
        need(where, "where");
    }
    for (size_t i = 0; i < count; ++i) {
        names.emplace_back(&need(where[i], "a name of where"));
    }
    return names;
}

} // namespace

extern "C" {

int hetmem_placement_bind(const hetmem_topology* machine, const char* where,
                          hetmem_placement** out) {
    return guarded([&] {
        need(out, "out");
        hand_out(out, hetmem::bind(need(machine, "machine").value, &need(where, "where")));
    });
}

int hetmem_placement_chain(const hetmem_topology* machine, const char* const* where, size_t count,
                           hetmem_placement** out) {
    return guarded([&] {
        need(out, "out");
        hand_out(out, hetmem::chain(need(machine, "machine").value, names_of(where, count)));
    });
}

int hetmem_placement_best(const hetmem_topology* machine, int criterion,
                          const hetmem_rank_options* options, hetmem_placement** out) {
    return guarded([&] {
        need(out, "out");
        const hetmem::topology& all = need(machine, "machine").value;
        hand_out(out, hetmem::best(all, criterion_of(criterion), rank_options_of(all, options)));
    });
}

int hetmem_placement_interleave(const hetmem_topology* machine, const char* const* where,
                                const unsigned* weights, size_t count, hetmem_placement** out) {
    return guarded([&] {
        need(out, "out");
        std::vector<hetmem::weighted_name> weighted;
        for (const hetmem::memory_name& name : names_of(where, count)) {
            const unsigned weight = weights == nullptr ? 1 : weights[weighted.size()];
            weighted.push_back({name, weight});
        }
        hand_out(out, hetmem::interleave(need(machine, "machine").value, weighted));
    });
}

int hetmem_placement_prefer(const hetmem_topology* machine, const char* where,
                            hetmem_placement** out) {
    return guarded([&] {
        need(out, "out");
        hand_out(out, hetmem::prefer(need(machine, "machine").value, &need(where, "where")));
    });
}

int hetmem_placement_parse(const hetmem_topology* machine, const char* text,
                           hetmem_placement** out) {
    return guarded([&] {
        need(out, "out");
        hand_out(out, hetmem::parse_placement(need(machine, "machine").value, &need(text, "text")));
    });
}

int hetmem_placement_set_headroom(hetmem_placement* placement, uint64_t bytes) {
    return guarded([&] {
        hetmem::placement& value = need(placement, "placement").value;
        value = value.with_headroom(hetmem::byte_size::from_bytes(bytes));
    });
}

int hetmem_placement_set_overflow(hetmem_placement* placement, const hetmem_topology* machine,
                                  const char* const* where, size_t count) {
    return guarded([&] {
        hetmem::placement& value = need(placement, "placement").value;
        value = value.with_overflow(need(machine, "machine").value, names_of(where, count));
    });
}

int hetmem_placement_format(const hetmem_placement* placement, char* text, size_t size,
                            size_t* length) {
    return guarded([&] {
        const std::string whole = need(placement, "placement").value.to_string();
        if (length != nullptr) {
            *length = whole.size();
        }
        if (size != 0) {
            need(text, "text");
            const size_t part = std::min(size - 1, whole.size());
            text[whole.copy(text, part)] = '\0';
        }
        if (size <= whole.size()) {
            throw hetmem::error(ERANGE, "the placement's text needs " +
                                            std::to_string(whole.size() + 1) + " bytes");
        }
    });
}

void hetmem_placement_free(hetmem_placement* placement) {
    const std::unique_ptr<hetmem_placement> owned(placement);
}

} // extern "C"
