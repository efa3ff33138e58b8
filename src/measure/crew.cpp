#include "measure/crew.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

/// How many CPUs of the same core that may be used come before it.
std::size_t place_in_core(const kernel::rooted_reader& reader, unsigned cpu, const id_set& usable) {
    const auto siblings = reader.top().read_ids(
        fmt::format("sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", cpu));
    if (!siblings) {
        return 0;
    }
    const std::vector<unsigned> together = siblings->to_vector();
    return static_cast<std::size_t>(
        std::count_if(together.begin(), together.end(),
                      [&](unsigned other) { return other < cpu && usable.contains(other); }));
}

} // namespace

crew::crew(const kernel::rooted_reader& reader, const id_set& cpus)
    : order_(cpus.to_vector()), cache_(read_last_level(reader, cpus)) {
    std::map<unsigned, std::size_t> places;
    for (const unsigned cpu : order_) {
        places[cpu] = place_in_core(reader, cpu, cpus);
    }
    std::stable_sort(order_.begin(), order_.end(),
                     [&](unsigned a, unsigned b) { return places[a] < places[b]; });
}

id_set crew::cpus(unsigned threads) const {
    id_set used;
    for (unsigned i = 0; i < std::min(threads, all()); ++i) {
        used.insert(order_[i]);
    }
    return used;
}

std::vector<unsigned> crew::counts() const {
    std::vector<unsigned> counts;
    for (unsigned n = 1; n < all(); n *= 2) {
        counts.push_back(n);
    }
    counts.push_back(all());
    return counts;
}

team& crew::of(unsigned threads) {
    std::unique_ptr<team>& kept = teams_[threads];
    if (!kept) {
        kept = std::make_unique<team>(cpus(threads));
    }
    return *kept;
}

} // namespace hetmem::detail
