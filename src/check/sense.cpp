#include "check/sense.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hetmem::detail {

std::string domain_name(const check_subject& subject, std::uint32_t pxm) {
    std::string name = fmt::format("domain {}", pxm);
    if (!subject.machine) {
        return name;
    }
    const auto targets = subject.machine->targets();
    const auto target = std::ranges::find(targets, pxm, &target::pxm);
    if (target != targets.end()) {
        return name + fmt::format(" ({})", target->name);
    }
    const auto initiators = subject.machine->initiators();
    const auto initiator = std::ranges::find(initiators, pxm, &initiator::pxm);
    return initiator != initiators.end() ? name + fmt::format(" ({})", initiator->name) : name;
}

std::string pair_name(const check_subject& subject, std::uint32_t initiator, std::uint32_t target) {
    return fmt::format("{} -> {}", domain_name(subject, initiator), domain_name(subject, target));
}

std::map<std::uint32_t, memory_kind> kinds_of(const check_subject& subject) {
    std::map<std::uint32_t, memory_kind> kinds;
    if (subject.machine) {
        for (const target& memory : subject.machine->targets()) {
            if (memory.pxm && memory.kind != memory_kind::unknown) {
                kinds.emplace(*memory.pxm, memory.kind);
            }
        }
    }
    return kinds;
}

} // namespace hetmem::detail
