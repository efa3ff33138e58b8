// Any bytes as the tables of a machine: whatever they are, looking at them ends and tells what is
// in the list of checks. Of each byte that begins a table, the low bits say which one it is.
#include "tests/fuzz/table_fuzz.hpp"

#include "check/subject.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

using namespace hetmem::detail;
using hetmem::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::array<const char*, 5> kinds = {"HMAT", "SRAT", "SLIT", "APIC", "CEDT"};
    constexpr std::size_t header = 3; // kind, length
    std::vector<found_table> tables;
    while (size >= header) {
        const std::string signature = kinds[data[0] % kinds.size()];
        const std::size_t length =
            std::min<std::size_t>(data[1] | static_cast<std::size_t>(data[2]) << 8, size - header);
        const auto bytes = hetmem::fuzz::as_bytes(data + header, length);
        tables.push_back({signature, "input", {bytes.begin(), bytes.end()}});
        // Otherwise nearly every input is no table.
        for (std::size_t i = 0; i < std::min<std::size_t>(signature.size(), length); ++i) {
            tables.back().bytes[i] = static_cast<std::byte>(signature[i]);
        }
        data += header + length;
        size -= header + length;
    }
    const check_result result = check(subject_of_tables(std::move(tables)));
    for (const finding& f : result.findings) {
        require(find_check(f.check) != nullptr && !f.about.empty() && !f.what.empty());
    }
    for (const std::string& id : result.ran) {
        require(find_check(id) != nullptr);
    }
    return 0;
}
