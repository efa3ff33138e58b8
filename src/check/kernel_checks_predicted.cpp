// What the model of Linux says of the tables, and whether this kernel did so.
#include "check/kernel_checks.hpp"
#include "check/linux_tiers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace hetmem::detail {
namespace {

/// The second class of initiators came with it; the rules of before are not in the model.
constexpr linux_version rules_known_since{5, 10};
constexpr unsigned local_distance = 10;
constexpr unsigned remote_distance = 20;

bool has_table(const check_subject& subject, std::string_view signature) {
    return std::ranges::find(subject.tables, signature, &found_table::signature) !=
           subject.tables.end();
}

std::vector<std::string> reasons_of(const prediction& predicted, std::string_view table) {
    std::vector<std::string> reasons;
    std::ranges::copy_if(predicted.reasons, std::back_inserter(reasons),
                         [&](const std::string& reason) { return reason.starts_with(table); });
    return reasons;
}

/// "HMAT, offset 104: a structure ..." -> place and sentence.
std::pair<std::string, std::string> place_and_text(const std::string& reason) {
    const std::size_t colon = reason.find(": ");
    if (colon == std::string::npos) {
        return {"", reason};
    }
    return {reason.substr(0, colon), reason.substr(colon + 2)};
}

void tell_reasons(told& into, const std::vector<std::string>& reasons) {
    for (const std::string& reason : reasons) {
        const auto said = place_and_text(reason);
        into.add(said.first, [&] { return said.second + "."; });
    }
}

void check_srat(const check_subject& subject, const prediction& predicted, check_result& result) {
    told dropped(result, "srat-dropped");
    told part(result, "srat-misread");
    tell_reasons(predicted.srat_used ? part : dropped, reasons_of(predicted, "SRAT"));
    (void)subject;
}

void check_hmat(const prediction& predicted, check_result& result) {
    told dropped(result, "hmat-dropped");
    told part(result, "hmat-misread");
    std::vector<std::string> reasons = reasons_of(predicted, "HMAT");
    if (!predicted.hmat_used && !reasons.empty()) {
        reasons.resize(1); // the first is why; the others no longer matter
    }
    tell_reasons(predicted.hmat_used ? part : dropped, reasons);
}

/// Where the machine shows it, else by the order in which Linux numbers domains.
int node_of(const topology& machine, const predicted_target& target) {
    const auto targets = machine.targets();
    const auto known = std::ranges::find_if(targets, [&](const hetmem::target& memory) {
        return memory.pxm == target.pxm && memory.node;
    });
    return known != targets.end() ? *known->node : target.node;
}

std::string number_list(const std::vector<unsigned>& nodes) {
    return nodes.empty() ? "no node" : fmt::format("node{}", fmt::join(nodes, ", node"));
}

/// Compares what is shown of one prediction with what was predicted of it.
class comparison {
public:
    comparison(const check_subject& subject, const kernel_view& view, const prediction& predicted)
        : machine_(*subject.machine), view_(view), predicted_(predicted) {
        for (const predicted_target& target : predicted.targets) {
            node_of_[target.pxm] = node_of(machine_, target);
        }
        for (const initiator& from : machine_.initiators()) {
            if (from.pxm && from.node) {
                node_of_.try_emplace(*from.pxm, *from.node);
            }
        }
    }

    /// Figures of CXL memory are the driver's sums since 6.9, whatever the HMAT says.
    bool is_predictable(int node) const {
        return std::ranges::none_of(machine_.targets(), [&](const target& memory) {
            return memory.node == node && memory.kind == memory_kind::cxl && !memory.dax.empty() &&
                   memory.dax.front().origin == "cxl";
        });
    }

    int node(const predicted_target& target) const { return node_of_.at(target.pxm); }

    bool shows_figures_somewhere() const {
        return std::ranges::any_of(view_.nodes.nodes,
                                   [](const kernel::node& n) { return n.access0.has_value(); });
    }

    std::vector<std::string> figures(const kernel::node& shown,
                                     const predicted_target& target) const {
        std::vector<std::string> differences;
        compare_access("access0", shown.access0, target.access0, differences);
        compare_access("access1", shown.access1, target.access1, differences);
        return differences;
    }

    /// The nodes that should be linked as the best initiators, and are not those that are.
    std::optional<std::string> links(const kernel::node& shown,
                                     const predicted_target& target) const {
        if (!shown.access0 || !target.access0) {
            return std::nullopt;
        }
        const auto expected = nodes_of(target.access0->initiators);
        if (!expected || *expected == shown.access0->initiators) {
            return std::nullopt;
        }
        return fmt::format("Linux links {} as the best for it. By the tables that is {}",
                           number_list(shown.access0->initiators), number_list(*expected));
    }

    std::vector<std::string> caches(const kernel::node& shown,
                                    const predicted_target& target) const {
        std::vector<std::string> differences;
        for (const predicted_cache& cache : target.caches) {
            const auto found =
                std::ranges::find(shown.caches, cache.level, &kernel::side_cache::level);
            if (found == shown.caches.end()) {
                differences.push_back(fmt::format("no side cache of level {}", cache.level));
            } else if (found->size_bytes && *found->size_bytes != cache.size) {
                differences.push_back(fmt::format("a side cache of {} bytes instead of {}",
                                                  *found->size_bytes, cache.size));
            }
        }
        return differences;
    }

    std::optional<std::string> tier(const predicted_target& target) const {
        const auto shown = view_.tiers.tier_of_node.find(static_cast<unsigned>(node(target)));
        if (shown == view_.tiers.tier_of_node.end() || !target.tier) {
            return std::nullopt;
        }
        int expected = *target.tier;
        if (added_by_kmem(node(target)) && !follows_hmat(target)) {
            expected = dax_tier;
        }
        if (shown->second == expected) {
            return std::nullopt;
        }
        return fmt::format("memory tier {} instead of {}", shown->second, expected);
    }

private:
    /// In kernel numbers; nothing when one of them is not known.
    std::optional<std::vector<unsigned>> nodes_of(const std::vector<std::uint32_t>& pxms) const {
        std::vector<unsigned> nodes;
        for (const std::uint32_t pxm : pxms) {
            const auto known = node_of_.find(pxm);
            if (known == node_of_.end() || known->second < 0) {
                return std::nullopt;
            }
            nodes.push_back(static_cast<unsigned>(known->second));
        }
        std::ranges::sort(nodes);
        return nodes;
    }

    static void compare_access(std::string_view name,
                               const std::optional<kernel::access_class>& shown,
                               const std::optional<predicted_access>& expected,
                               std::vector<std::string>& differences) {
        if (!shown || !expected) {
            if (shown) {
                differences.push_back(fmt::format("{}, which it should not have", name));
            }
            return;
        }
        struct pair {
            std::string_view what;
            std::optional<std::uint64_t> shown;
            std::uint64_t expected;
        };
        const std::array<pair, 4> pairs = {{
            {"read latency", shown->read_latency_ns, expected->read_latency},
            {"write latency", shown->write_latency_ns, expected->write_latency},
            {"read bandwidth", shown->read_bandwidth_mb, expected->read_bandwidth},
            {"write bandwidth", shown->write_bandwidth_mb, expected->write_bandwidth},
        }};
        for (const pair& p : pairs) {
            if (p.shown && *p.shown != p.expected) {
                differences.push_back(
                    fmt::format("{} {} {} instead of {}", name, p.what, *p.shown, p.expected));
            }
        }
    }

    bool added_by_kmem(int node) const {
        return std::ranges::any_of(view_.dax, [&](const kernel::dax_device& device) {
            return device.driver == "kmem" && device.target_node == node;
        });
    }

    bool follows_hmat(const predicted_target& target) const {
        return predicted_.tiers_from_hmat && target.access1 &&
               adistance(*target.access1, *target.access1).has_value();
    }

    const topology& machine_;
    const kernel_view& view_;
    const prediction& predicted_;
    std::map<std::uint32_t, int> node_of_;
};

bool says_something(const std::optional<predicted_access>& access) {
    return access && *access != predicted_access{};
}

/// How many nodes there are, and how far from each other.
void compare_nodes(const kernel_view& view, const prediction& predicted, const comparison& compared,
                   told& as_predicted) {
    const std::size_t online = view.nodes.has_memory ? view.nodes.has_memory->size() : 0;
    if (!predicted.srat_used && online > 1) {
        as_predicted.add("nodes", [&] {
            return fmt::format("By its rules Linux {}.{} would use neither domain of the SRAT nor "
                               "more than one node; it has {} nodes with memory.",
                               view.version.major, view.version.minor, online);
        });
    }
    if (!predicted.srat_used || predicted.slit_used) {
        return;
    }
    for (const predicted_target& from : predicted.targets) {
        for (const predicted_target& to : predicted.targets) {
            const int a = compared.node(from);
            const int b = compared.node(to);
            const auto shown = a < 0 || b < 0 ? std::nullopt
                                              : view.nodes.distance(static_cast<unsigned>(a),
                                                                    static_cast<unsigned>(b));
            const unsigned expected = a == b ? local_distance : remote_distance;
            if (shown && *shown != expected) {
                as_predicted.add(fmt::format("node{} -> node{}", a, b), [&] {
                    return fmt::format("Linux uses no SLIT by its rules, and the distance would "
                                       "be {}; it is {}.",
                                       expected, *shown);
                });
            }
        }
    }
}

void compare_target(const kernel_view& view, const comparison& compared,
                    const predicted_target& target, told& as_predicted, told& lost, told& links) {
    const int number = compared.node(target);
    const kernel::node* const shown =
        view.has_memory(number) ? view.nodes.find(static_cast<unsigned>(number)) : nullptr;
    if (shown == nullptr || !compared.is_predictable(number)) {
        return;
    }
    const std::string about = fmt::format("node{}", number);
    if (says_something(target.access0) && !shown->access0) {
        if (compared.shows_figures_somewhere()) {
            lost.add(about, [&] {
                return fmt::format("The HMAT has figures of domain {}, and other nodes have "
                                   "theirs; Linux shows none of this one.",
                                   target.pxm);
            });
        }
        return;
    }
    if (const auto wrong = compared.links(*shown, target)) {
        links.add(about, [&] { return *wrong + "."; });
    }
    std::vector<std::string> differences = compared.figures(*shown, target);
    std::ranges::move(compared.caches(*shown, target), std::back_inserter(differences));
    if (const auto tier = compared.tier(target)) {
        differences.push_back(*tier);
    }
    if (!differences.empty()) {
        as_predicted.add(about, [&] {
            return fmt::format("By the rules of Linux {}.{} and these tables it is otherwise: it "
                               "shows {}.",
                               view.version.major, view.version.minor,
                               fmt::join(differences, "; "));
        });
    }
}

void check_numbering(const check_subject& subject, check_result& result) {
    told numbering(result, "node-numbering");
    std::vector<std::string> different;
    for (const target& memory : subject.machine->targets()) {
        if (memory.pxm && memory.node && static_cast<int>(*memory.pxm) != *memory.node) {
            different.push_back(fmt::format("domain {} is node {}", *memory.pxm, *memory.node));
        }
    }
    if (!different.empty()) {
        numbering.add("nodes", [&] {
            return fmt::format("The firmware's numbers are not those of Linux: {}.",
                               fmt::join(different, ", "));
        });
    }
}

} // namespace

void check_predictions(const check_subject& subject, const prediction& predicted,
                       check_result& result) {
    if (has_table(subject, "SRAT")) {
        check_srat(subject, predicted, result);
    }
    if (has_table(subject, "HMAT") && has_table(subject, "SRAT")) {
        check_hmat(predicted, result);
    }
}

void check_against_predictions(const check_subject& subject, const kernel_view& view,
                               const prediction& predicted, check_result& result) {
    check_numbering(subject, result);
    told not_to(result, "kernel-told-not-to");
    const std::vector<std::string> options = options_against_tables(*subject.reader);
    if (!options.empty()) {
        not_to.add("command line", [&] {
            return fmt::format("The kernel was started with {}.", fmt::join(options, " and "));
        });
        result.not_looked_at.emplace_back(
            "what the kernel made of the tables: it was told not to use them");
        return;
    }
    if (subject.kernel_release != subject.machine->machine().kernel) {
        result.not_looked_at.push_back(
            fmt::format("what the kernel made of the tables: it is {}, and the rules of {} were "
                        "asked for",
                        subject.machine->machine().kernel, subject.kernel_release));
        return;
    }
    if (!has_table(subject, "SRAT")) {
        return; // not there, or not to be read, which is said elsewhere
    }
    if (view.version < rules_known_since) {
        result.not_looked_at.push_back(
            fmt::format("what the kernel made of the tables: rules of Linux {}.{} are not known",
                        view.version.major, view.version.minor));
        return;
    }
    const comparison compared(subject, view, predicted);
    told as_predicted(result, "kernel-as-predicted");
    told lost(result, "figures-lost");
    told links(result, "initiator-links");
    compare_nodes(view, predicted, compared, as_predicted);
    const bool expected = std::ranges::any_of(
        predicted.targets, [](const predicted_target& t) { return says_something(t.access0); });
    if (expected && !compared.shows_figures_somewhere()) {
        as_predicted.add("HMAT", [&] {
            return fmt::format("Linux {}.{} would take the HMAT by its rules, and shows no figure "
                               "of any memory. It may be built without CONFIG_ACPI_HMAT.",
                               view.version.major, view.version.minor);
        });
        return;
    }
    for (const predicted_target& target : predicted.targets) {
        compare_target(view, compared, target, as_predicted, lost, links);
    }
}

} // namespace hetmem::detail
