// check/sense.hpp: what the checks of sense share.
#pragma once

#include "check/domains.hpp"
#include "check/hmat_figures.hpp"
#include "check/subject.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hetmem::detail {

/// Null when there is no such table, or its bytes are too few to be one.
template <class Table> const Table* table_of(const std::optional<acpi::decoded<Table>>& read) {
    return read && read->table ? &*read->table : nullptr;
}

/// "domain 3", or "domain 3 (node2)" where a machine tells.
std::string domain_name(const check_subject& subject, std::uint32_t pxm);
/// "domain 0 -> domain 2 (node1)"
std::string pair_name(const check_subject& subject, std::uint32_t initiator, std::uint32_t target);

/// The kinds of memory that the machine tells, by proximity domain; none where only tables are
/// looked at.
std::map<std::uint32_t, memory_kind> kinds_of(const check_subject& subject);

} // namespace hetmem::detail
