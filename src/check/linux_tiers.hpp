// check/linux_tiers.hpp: the memory tiers that Linux makes of an HMAT's figures
// (mm/memory-tiers.c since 6.7; before, all memory that firmware describes is in one tier).
#pragma once

#include "check/linux_model.hpp"

#include <cstdint>
#include <optional>

namespace hetmem::detail {

inline constexpr linux_version tiers_of_hmat_since{6, 7};

/// MEMTIER_CHUNK_BITS and MEMTIER_ADISTANCE_DRAM of include/linux/memory-tiers.h
inline constexpr int tier_shift = 7;
inline constexpr int dram_adistance = 4 * (1 << tier_shift) + (1 << tier_shift) / 2;
inline constexpr int dram_tier = dram_adistance >> tier_shift;
/// MEMTIER_DEFAULT_DAX_ADISTANCE: memory that kmem adds and of which nobody knows figures.
inline constexpr int dax_tier = 5 * dram_adistance >> tier_shift;

/// mt_perf_to_adistance(): nothing where it has no latency or no bandwidth.
std::optional<int> adistance(const predicted_access& of, const predicted_access& dram);

/// Two figures of DRAM nodes differ so much that Linux gives all tiers up: more than 10 % of the
/// first node's in one of the four.
bool dram_nodes_disagree(const predicted_access& first, const predicted_access& other);

/// Fills adistance and tier of the targets, and says whether they follow the HMAT.
void predict_tiers(prediction& made, const linux_version& version);

} // namespace hetmem::detail
