#include "check/predict_subject.hpp"

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

namespace hetmem::detail {
namespace {

std::span<const std::byte> first_of(const check_subject& subject, std::string_view signature) {
    const auto table = std::ranges::find(subject.tables, signature, &found_table::signature);
    return table == subject.tables.end() ? std::span<const std::byte>{} : table->bytes;
}

} // namespace

linux_version version_of(const check_subject& subject) {
    return parse_linux_version(subject.kernel_release).value_or(linux_version{});
}

prediction predict_linux(const check_subject& subject) {
    std::vector<address_range> ram;
    for (const memory_map_entry& entry : subject.memory_map) {
        if (entry.type == "System RAM") {
            ram.push_back(entry.range);
        }
    }
    return predict_linux({.hmat = first_of(subject, "HMAT"),
                          .srat = first_of(subject, "SRAT"),
                          .slit = first_of(subject, "SLIT"),
                          .ram = ram},
                         version_of(subject));
}

} // namespace hetmem::detail
