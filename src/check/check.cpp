#include "check/parts.hpp"
#include "check/subject.hpp"

#include <algorithm>
#include <map>
#include <string_view>

namespace hetmem::detail {
namespace {

constexpr auto parts = {
    check_form,        check_hmat_domains, check_figures,  check_initiators, check_tiers,
    check_side_caches, check_distances,    check_affinity, check_memory_map, check_processors,
    check_cxl_windows, check_kernel,       check_seals,    check_measured,   check_override,
};

/// Where each check stands in the list of all.
std::map<std::string_view, std::size_t> places() {
    std::map<std::string_view, std::size_t> place;
    for (const check_info& check : all_checks()) {
        place.emplace(check.id, place.size());
    }
    return place;
}

} // namespace

check_result check(const check_subject& subject) {
    check_result result;
    result.not_looked_at = subject.not_looked_at;
    for (const auto part : parts) {
        part(subject, result);
    }
    const auto place = places();
    std::ranges::stable_sort(result.findings, [&](const finding& a, const finding& b) {
        return a.level != b.level ? a.level > b.level : place.at(a.check) < place.at(b.check);
    });
    std::ranges::sort(result.ran, {}, [&](const std::string& id) { return place.at(id); });
    return result;
}

} // namespace hetmem::detail
