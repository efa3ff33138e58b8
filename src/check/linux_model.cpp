#include "check/linux_model.hpp"

#include "check/linux_hmat.hpp"
#include "check/linux_srat.hpp"
#include "check/linux_tiers.hpp"

#include "kernel/text.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace hetmem::detail {
namespace {

/// The digits at the start of `text`, which loses them.
std::optional<unsigned> leading_number(std::string_view& text) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::optional<std::uint64_t> number = kernel::parse_u64(text.substr(0, digits));
    if (!number || *number > 1U << 16) {
        return std::nullopt;
    }
    text.remove_prefix(digits);
    return static_cast<unsigned>(*number);
}

void append(std::vector<std::string>& to, std::vector<std::string> more) {
    std::ranges::move(more, std::back_inserter(to));
}

linux_hmat read_hmat(const linux_tables& tables, const linux_affinity& affinity) {
    linux_hmat nothing;
    if (tables.hmat.empty()) {
        nothing.reasons.emplace_back("HMAT: there is none");
        return nothing;
    }
    if (!affinity.present || affinity.disabled || affinity.endless) {
        nothing.reasons.emplace_back("HMAT: Linux does not look at it without a sound SRAT");
        return nothing;
    }
    return read_hmat_as_linux(raw_bytes(tables.hmat), affinity);
}

} // namespace

std::optional<linux_version> parse_linux_version(std::string_view release) {
    const std::optional<unsigned> major = leading_number(release);
    if (!major || !release.starts_with('.')) {
        return std::nullopt;
    }
    release.remove_prefix(1);
    const std::optional<unsigned> minor = leading_number(release);
    if (!minor) {
        return std::nullopt;
    }
    return linux_version{*major, *minor};
}

prediction predict_linux(const linux_tables& tables, const linux_version& version) {
    prediction made;
    const linux_affinity affinity = read_affinity_as_linux(tables, version);
    made.srat_used = affinity.used;
    append(made.reasons, affinity.reasons);
    made.slit_used = slit_used_by_linux(raw_bytes(tables.slit), affinity, made.reasons);
    linux_hmat attributes = read_hmat(tables, affinity);
    made.hmat_used = attributes.used;
    append(made.reasons, std::move(attributes.reasons));

    for (const auto& [pxm, node] : affinity.nodes) {
        if (!affinity.can_be_online(pxm)) {
            continue;
        }
        predicted_target target;
        target.pxm = pxm;
        target.node = node;
        target.has_cpus = affinity.has_cpus(pxm);
        if (const auto known = attributes.targets.find(pxm);
            attributes.used && known != attributes.targets.end()) {
            target.access0 = std::move(known->second.access0);
            target.access1 = std::move(known->second.access1);
            target.caches = std::move(known->second.caches);
            target.reasons = std::move(known->second.reasons);
        }
        made.targets.push_back(std::move(target));
    }
    predict_tiers(made, version);
    return made;
}

} // namespace hetmem::detail
