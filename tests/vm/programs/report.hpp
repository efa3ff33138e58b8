// What the guest's programs print: one JSON object, read by tests/vm/harness/placed.py.
#pragma once

#include <hetmem/placement.hpp>
#include <hetmem/pool.hpp>
#include <hetmem/region.hpp>
#include <hetmem/residency.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <span>

namespace vm {

nlohmann::json json_of(const hetmem::residency&);
nlohmann::json json_of(const hetmem::verification&);
nlohmann::json json_of(const hetmem::migration&);
nlohmann::json json_of(const std::map<int, std::uint64_t>& bytes_by_node);

/// What the library says of a range, and what the kernel says of it when asked without the library.
nlohmann::json state_of(const hetmem::region&);
/// The same of memory that is no region of ours.
nlohmann::json state_of(std::span<const std::byte> range);

/// Runs something and puts how it went into `into`: "outcome" is "done" or the type of the
/// exception that was thrown, with its text, code, reason and figures.
bool attempt(nlohmann::json& into, const std::function<void()>& what);

void print(const nlohmann::json&);

} // namespace vm
