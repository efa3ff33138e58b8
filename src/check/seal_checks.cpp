// The seal: one verdict for each scarce memory, and a finding where it leaks.
#include "check/parts.hpp"
#include "check/predict_subject.hpp"
#include "check/seal.hpp"

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

std::string sentences(const seal_verdict& verdict) {
    return fmt::format("{}", fmt::join(verdict.why, " "));
}

std::string_view check_of(seal_breach breach) {
    switch (breach) {
    case seal_breach::kernel_zone:
        return "seal-kernel";
    case seal_breach::demotion:
        return "seal-demotion";
    default:
        return "seal-open";
    }
}

} // namespace

void check_seals(const check_subject& subject, check_result& result) {
    if (subject.reader == nullptr || !subject.machine) {
        return;
    }
    const auto scarce = scarce_memories(*subject.machine);
    if (scarce.empty()) {
        return;
    }
    for (const std::string_view id :
         {"seal-open", "seal-kernel", "seal-demotion", "seal-at-risk", "seal-unknown"}) {
        told(result, id); // all of them look at the same facts
    }
    const seal_facts facts = read_seal_facts(*subject.reader, scarce, version_of(subject));
    for (const target* memory : scarce) {
        const judged_seal judged = judge_seal(*memory, facts);
        if (judged.verdict.is == seal_verdict::state::leaky) {
            told(result, check_of(judged.breach)).add(memory->name, [&] {
                return sentences(judged.verdict);
            });
        } else if (judged.verdict.is == seal_verdict::state::unknown) {
            told(result, "seal-unknown").add(memory->name, [&] {
                return sentences(judged.verdict);
            });
        } else if (!judged.risk.empty()) {
            told(result, "seal-at-risk").add(memory->name, [&] { return judged.risk; });
        }
        result.seals.push_back(judged.verdict);
    }
}

} // namespace hetmem::detail
