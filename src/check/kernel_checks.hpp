// check/kernel_checks.hpp: what the checks of the kernel share: what it shows of its memories.
#pragma once

#include "check/linux_model.hpp"
#include "check/parts.hpp"

#include "kernel/dax.hpp"
#include "kernel/memory_block.hpp"
#include "kernel/node.hpp"
#include "kernel/tier.hpp"
#include "topology/target_state.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail {

/// dax_hmem marks its devices for kmem (IORESOURCE_DAX_KMEM), which takes what has no driver.
inline constexpr linux_version kmem_takes_devices_since{6, 3};

struct kernel_view {
    linux_version version;
    kernel::node_list nodes;
    kernel::memory_blocks blocks;
    kernel::tiers tiers;
    std::vector<kernel::dax_device> dax;

    /// Whether a node has memory online.
    bool has_memory(int node) const;
};

kernel_view read_kernel_view(const check_subject& subject);

/// The words of the kernel's command line that keep it from these tables: "numa=off".
std::vector<std::string> options_against_tables(const kernel::rooted_reader& reader);

// kernel_checks_predicted.cpp
void check_predictions(const check_subject& subject, const prediction& predicted,
                       check_result& result);
void check_against_predictions(const check_subject& subject, const kernel_view& view,
                               const prediction& predicted, check_result& result);
// kernel_checks_memory.cpp
void check_exposure(const check_subject& subject, const kernel_view& view, check_result& result);
void check_kernel_tiers(const check_subject& subject, const kernel_view& view,
                        check_result& result);
void check_weights(const check_subject& subject, const kernel_view& view, check_result& result);

} // namespace hetmem::detail
