#include "tests/conformance/cases.hpp"

#include "tests/support/huge_pages.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace hetmem::test {
namespace {

constexpr std::array kind_names = {"bind",   "chain",     "best", "interleave",
                                   "prefer", "directory", "dax"};
constexpr std::array page_names = {"transparent", "base", "huge_2m", "huge_1g"};

const topology& this_machine() {
    static const topology machine = discover();
    return machine;
}

/// The memories to test on: nodes, and dax devices where they were named.
struct memories {
    std::vector<std::string> nodes;
    std::vector<std::string> dax;
};

memories find_memories() {
    const topology& machine = this_machine();
    memories found;
    const auto add = [&](const std::string& name) {
        const placement one = hetmem::bind(machine, name);
        const leg& at = one.legs().front();
        (at.kind == leg_kind::dax ? found.dax : found.nodes).push_back(name);
    };
    if (const char* named = std::getenv("HETMEM_TEST_TARGETS")) {
        std::string_view rest = named;
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find(','), rest.size());
            if (end != 0) {
                add(std::string(rest.substr(0, end)));
            }
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        return found;
    }
    const id_set allowed = allowed_nodes();
    for (const target& memory : machine.targets()) {
        const bool usable = memory.node && *memory.node >= 0 &&
                            allowed.contains(static_cast<unsigned>(*memory.node));
        if (usable && !memory.reserved && memory.state == target_state::online) {
            add(memory.name);
        }
    }
    return found;
}

const memories& all_memories() {
    static const memories found = find_memories();
    return found;
}

/// Nothing when the machine has no such memory.
std::optional<placement> make_placement(kind wanted) {
    const topology& machine = this_machine();
    const memories& all = all_memories();
    if (wanted == kind::directory) {
        return hetmem::bind(machine, std::filesystem::temp_directory_path());
    }
    if (wanted == kind::dax) {
        return all.dax.empty() ? std::nullopt
                               : std::optional(hetmem::bind(machine, all.dax.front()));
    }
    if (all.nodes.empty()) {
        return std::nullopt;
    }
    const std::vector<memory_name> nodes(all.nodes.begin(), all.nodes.end());
    std::vector<weighted_name> weighted;
    for (const memory_name& node : nodes) {
        weighted.push_back({node, static_cast<unsigned>(weighted.size()) + 1});
    }
    switch (wanted) {
    case kind::bind:
        return hetmem::bind(machine, nodes.back());
    case kind::chain:
        return chain(machine, nodes);
    case kind::best:
        return best(machine, criterion::capacity);
    case kind::interleave:
        return interleave(machine, weighted);
    case kind::prefer:
        return prefer(machine, nodes.back());
    default:
        return std::nullopt;
    }
}

} // namespace

std::string name_of(const testing::TestParamInfo<param>& info) {
    return std::string(kind_names.at(static_cast<std::size_t>(std::get<0>(info.param)))) + "_" +
           page_names.at(static_cast<std::size_t>(std::get<1>(info.param)));
}

const topology& on_every_placement::machine() const {
    return this_machine();
}

std::size_t on_every_placement::page_bytes() const {
    switch (pages()) {
    case page_size::huge_1g:
        return std::size_t{1} << 30;
    case page_size::huge_2m:
        return 2 * mib;
    default:
        return 4 * kib;
    }
}

placement on_every_placement::elsewhere() const {
    const auto& nodes = all_memories().nodes;
    return nodes.empty() ? where() : hetmem::bind(this_machine(), nodes.front());
}

void on_every_placement::SetUp() {
    where_ = make_placement(chosen());
    if (!where_) {
        GTEST_SKIP() << "no such memory here, or none named in HETMEM_TEST_TARGETS";
    }
    if (!from_huge_pool()) {
        return;
    }
    if (chosen() == kind::directory) {
        region_options options;
        options.pages = pages();
        EXPECT_THROW(region(byte_size::from_bytes(page_bytes()), where(), options), error);
        GTEST_SKIP() << "files do not come in huge pages: refused, as it should be";
    }
    for (const leg& one : where().legs()) {
        if (one.kind == leg_kind::dax) {
            if (one.dax_align.bytes() % page_bytes() != 0) {
                GTEST_SKIP() << one.name << " does not map such pages";
            }
            continue;
        }
        // Two grants for the pool's tests, and what is to fail must fail by itself.
        if (!fill_huge_pages(one.node, page_bytes(), std::max(page_bytes(), 128 * mib))) {
            GTEST_SKIP() << "the pool of " << (page_bytes() >> 20) << " MiB pages on " << one.name
                         << " cannot be filled";
        }
    }
}

void on_every_placement::expect_kept(const residency& now, std::size_t bytes) const {
    EXPECT_EQ(now.present().bytes(), bytes) << where().to_string();
    EXPECT_EQ(now.absent.bytes(), 0U);
    EXPECT_EQ(now.unknown.bytes(), 0U);
    if (chosen() == kind::directory || chosen() == kind::prefer) {
        return; // wherever the kernel puts it
    }
    std::uint64_t on_legs = 0;
    std::uint64_t weights = 0;
    for (const leg& one : where().legs()) {
        on_legs += now.on(one.name).bytes();
        weights += one.weight;
    }
    EXPECT_EQ(on_legs, bytes) << where().to_string();
    if (chosen() != kind::interleave) {
        return;
    }
    for (const leg& one : where().legs()) {
        const double stripe = static_cast<double>(std::max(page_bytes(), 2 * mib));
        const double share = static_cast<double>(bytes) * one.weight / static_cast<double>(weights);
        EXPECT_NEAR(static_cast<double>(now.on(one.name).bytes()), share, stripe) << one.name;
    }
}

namespace detail {

pid_t start_child() {
    const pid_t child = fork();
    if (child == 0) {
        alarm(60);
    }
    return child;
}

bool child_succeeded(pid_t child) {
    int status = 1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void end_child(bool success) {
    _exit(success ? 0 : 1);
}

} // namespace detail
} // namespace hetmem::test
