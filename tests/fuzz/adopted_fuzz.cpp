// What is kept of an adopted HMAT (origin.json), and a table that somebody offers.
#include "tests/fuzz/table_fuzz.hpp"
#include "topology/adopted.hpp"

#include <acpi/srat.hpp>

using hetmem::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hetmem;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::size_t table_size = 0;
    if (const auto origin = detail::parse_origin(text, "", table_size)) {
        detail::adopted_table whole = *origin;
        whole.bytes.resize(table_size);
        std::size_t size_again = 0;
        require(detail::parse_origin(detail::origin_json(whole, ""), "", size_again) == origin);
        require(size_again == table_size);
    }

    detail::acpi_facts machine;
    acpi::memory_affinity memory;
    memory.range_length = 1U << 30;
    memory.flags = 1;
    machine.srat.emplace().structures.emplace_back(memory);
    const auto judged = detail::judge_hmat(std::as_bytes(std::span(data, size)), "fuzz", machine);
    require(judged.accepted.has_value() == judged.refused.empty());
    return 0;
}
