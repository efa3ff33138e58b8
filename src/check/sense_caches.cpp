// Whether memory-side caches can be as the HMAT describes them.
#include "check/parts.hpp"
#include "check/sense.hpp"

#include <fmt/format.h>

#include <bit>
#include <map>
#include <set>

namespace hetmem::detail {
namespace {

constexpr std::uint16_t extended_linear = 1;

/// The levels of one memory's caches.
struct cache_levels {
    unsigned total = 0;
    std::multiset<unsigned> described;
    std::uint64_t offset = 0; // of the first
};

std::string describe(const acpi::side_cache& cache) {
    const unsigned line = cache.attributes.line_size();
    if (cache.cache_size == 0) {
        return "Its size is 0.";
    }
    if (line != 0 && !std::has_single_bit(line)) {
        return fmt::format("Its line of {} bytes is no power of two.", line);
    }
    if (line > cache.cache_size) {
        return fmt::format("Its line of {} bytes is larger than the cache, {} bytes.", line,
                           cache.cache_size);
    }
    return {};
}

void look_at_levels(std::uint32_t pxm, const cache_levels& levels, told& odd,
                    const check_subject& subject) {
    constexpr unsigned most_levels = 3;
    for (unsigned level = 1; level <= std::min(levels.total, most_levels); ++level) {
        const std::size_t described = levels.described.count(level);
        if (described != 1) {
            odd.add(domain_name(subject, pxm), [&] {
                return fmt::format("Of {} levels, level {} is described {}.", levels.total, level,
                                   described == 0 ? std::string("nowhere")
                                                  : fmt::format("{} times", described));
            });
        }
    }
}

} // namespace

void check_side_caches(const check_subject& subject, check_result& result) {
    const acpi::hmat* const hmat = table_of(subject.hmat);
    if (hmat == nullptr) {
        return;
    }
    const acpi::srat* const srat = table_of(subject.srat);
    const srat_domains domains = srat != nullptr ? domains_of(*srat) : srat_domains{};
    told odd(result, "cache-odd");
    std::optional<told> larger;
    if (srat != nullptr) {
        larger.emplace(result, "cache-larger");
    }
    std::map<std::uint32_t, cache_levels> levels;
    const auto offsets = structure_offsets(*hmat);
    for (std::size_t i = 0; i < hmat->structures.size(); ++i) {
        const auto* cache = std::get_if<acpi::side_cache>(&hmat->structures[i]);
        if (cache == nullptr) {
            continue;
        }
        const std::uint32_t pxm = cache->memory_pxm;
        cache_levels& of_memory = levels[pxm];
        of_memory.total = std::max(of_memory.total, cache->attributes.total_levels());
        of_memory.described.insert(cache->attributes.level());
        if (const std::string fault = describe(*cache); !fault.empty()) {
            odd.add(domain_name(subject, pxm),
                    [&] { return fmt::format("The cache at offset {}: {}", offsets[i], fault); });
        }
        const auto domain = domains.all.find(pxm);
        // An extended-linear cache is memory itself: as large as what it stands before.
        if (larger && domain != domains.all.end() && domain->second.memory &&
            cache->address_mode != extended_linear && cache->cache_size >= domain->second.bytes) {
            larger->add(domain_name(subject, pxm), [&] {
                return fmt::format("Its level-{} cache has {} of {} bytes of memory.",
                                   cache->attributes.level(), cache->cache_size,
                                   domain->second.bytes);
            });
        }
    }
    for (const auto& [pxm, of_memory] : levels) {
        look_at_levels(pxm, of_memory, odd, subject);
    }
}

} // namespace hetmem::detail
