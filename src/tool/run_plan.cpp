#include "tool/run_plan.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

namespace hetmem::tool {
namespace {

/// As many as the preloaded malloc takes (preload/settings.hpp).
constexpr std::size_t most_legs = 64;

bool is_node(const leg& one) {
    return one.kind == leg_kind::node;
}

std::string names_of(const placement& where) {
    std::string names;
    for (const leg& one : where.legs()) {
        names += names.empty() ? "" : ", ";
        names += one.name;
    }
    return names;
}

std::string malloc_leg(const leg& one, const run_wishes& wishes) {
    std::string text = is_node(one) ? fmt::format("{}", one.node) : one.path.string();
    if (text.find_first_of(",;*:") != std::string::npos) {
        throw error(EINVAL,
                    fmt::format("the preloaded malloc cannot be told of a device called {}", text));
    }
    if (one.weight != 1) {
        text += fmt::format("*{}", one.weight);
    }
    const auto headroom = one.headroom ? one.headroom : wishes.headroom;
    if (headroom && is_node(one)) {
        text += fmt::format(";headroom={}", headroom->bytes());
    }
    if (!is_node(one)) {
        text += fmt::format(";align={};size={}", one.dax_align.bytes(), one.dax_size.bytes());
    }
    return text;
}

std::string malloc_placement(const placement& where, const run_wishes& wishes) {
    if (where.legs().size() > most_legs) {
        throw error(EINVAL, fmt::format("the preloaded malloc takes {} memories at most: name the "
                                        "first of them with --chain",
                                        most_legs));
    }
    // A ranking is resolved: what is left of it is an order.
    std::string text(where.kind() == placement_kind::best ? to_string(placement_kind::chain)
                                                          : to_string(where.kind()));
    char separator = ':';
    for (const leg& one : where.legs()) {
        text += separator + malloc_leg(one, wishes);
        separator = ',';
    }
    return text;
}

std::string preload_remark(const placement& where, const run_wishes& wishes) {
    const std::string what =
        wishes.large ? "large blocks of malloc come" : "what malloc hands out comes";
    switch (where.kind()) {
    case placement_kind::bind:
    case placement_kind::chain:
    case placement_kind::best:
        return fmt::format("{} from {} until {} full, then malloc fails; memory that the "
                           "program maps itself, and pages that others take before they are "
                           "touched, are where the kernel puts them",
                           what, names_of(where), where.legs().size() == 1 ? "it is" : "all are");
    case placement_kind::interleave:
    case placement_kind::prefer:
        break;
    }
    return fmt::format("{} from {}, and from elsewhere when that is full; memory that the "
                       "program maps itself is where the kernel puts it",
                       what, names_of(where));
}

id_set nodes_of(const placement& where) {
    id_set nodes;
    for (const leg& one : where.legs()) {
        nodes.insert(static_cast<unsigned>(one.node));
    }
    return nodes;
}

} // namespace

run_plan plan_run(const placement& where, const run_wishes& wishes) {
    const auto legs = where.legs();
    for (const leg& one : legs) {
        if (one.kind == leg_kind::directory) {
            throw error(EINVAL, fmt::format("{} is a directory: a program that knows nothing of it "
                                            "cannot have its memory there",
                                            one.name));
        }
    }
    if (!where.overflow().empty()) {
        throw error(EINVAL, "an overflow cannot be kept for a program that knows nothing of it");
    }
    const bool is_for_kernel =
        std::all_of(legs.begin(), legs.end(), is_node) && !wishes.large && !wishes.headroom &&
        std::none_of(legs.begin(), legs.end(), [](const leg& one) { return one.headroom; });
    if (wishes.hard) {
        if (wishes.large || wishes.headroom) {
            throw error(EINVAL,
                        "--hard is the kernel's own policy, for all of the program's memory: "
                        "--large and --headroom cannot be kept with it");
        }
        if (!is_for_kernel || legs.size() != 1) {
            throw error(EINVAL, fmt::format("--hard is for one node, and {} is not that",
                                            where.to_string()));
        }
        return {mechanism::bind,
                nodes_of(where),
                {},
                fmt::format("when {} is full the kernel kills the program", legs[0].name)};
    }
    const bool is_one =
        where.kind() == placement_kind::bind || where.kind() == placement_kind::prefer;
    if (is_for_kernel && is_one) {
        return {mechanism::preferred,
                nodes_of(where),
                {},
                fmt::format("{} is preferred: what does not fit goes elsewhere, because a program "
                            "that knows nothing of placements cannot be refused memory",
                            legs[0].name)};
    }
    const bool is_even = std::all_of(legs.begin(), legs.end(), [&](const leg& one) {
        return one.weight == legs.front().weight;
    });
    if (is_for_kernel && where.kind() == placement_kind::interleave && is_even) {
        return {mechanism::interleave,
                nodes_of(where),
                {},
                fmt::format("pages come from {} in turn; when one is full the kernel takes another",
                            names_of(where))};
    }
    return {mechanism::preload, {}, malloc_placement(where, wishes), preload_remark(where, wishes)};
}

} // namespace hetmem::tool
