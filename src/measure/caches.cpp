#include "measure/caches.hpp"

#include "kernel/cpu_tree.hpp"

#include <algorithm>

namespace hetmem::detail {

namespace {

constexpr unsigned level_of_last = 3;

} // namespace

last_level read_last_level(const kernel::rooted_reader& reader, const id_set& cpus) {
    last_level out;
    unsigned level = 0;
    for (const kernel::cpu_cache& cache : kernel::read_cpu_tree(reader).caches) {
        if (cache.type == 'I' || cache.size_bytes == 0 || !cache.cpus.intersects(cpus) ||
            cache.level < level) {
            continue;
        }
        if (cache.level > level) {
            level = cache.level;
            out = {};
        }
        const byte_size size = byte_size::from_bytes(cache.size_bytes);
        out.largest = std::max(out.largest, size);
        out.together += size;
    }
    out.known = level >= level_of_last;
    if (!out.known) {
        out.largest = std::max(out.largest, assumed_last_level);
        out.together = std::max(out.together, assumed_last_level);
    }
    return out;
}

} // namespace hetmem::detail
