// Any text as a list of CPUs or nodes: refused, or a set that prints as a list of the same numbers.
#include "tests/fuzz/table_fuzz.hpp"

#include <hetmem/id_set.hpp>

using hetmem::id_set;
using hetmem::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto set = id_set::parse({reinterpret_cast<const char*>(data), size});
    if (set) {
        require(id_set::parse(set->to_string()) == set);
        const auto numbers = set->to_vector();
        require(numbers.size() == set->size());
        for (const unsigned n : numbers) {
            require(n < id_set::limit && set->contains(n));
        }
    }
    return 0;
}
