// describe.hpp: the machine as it can be read now, without and with what hetmemd published.
#pragma once

#include "topology/adopted.hpp"

#include "kernel/rooted.hpp"

#include <hetmem/topology.hpp>

#include <filesystem>

namespace hetmem::detail {

/// Reads tables, kernel files and the machine's store of figures and merges them. `adopted`: an
/// HMAT in place of the firmware's; null: the one that was adopted earlier (read_adopted()), if
/// any. Throws hetmem::error when no memory is described.
topology describe(const kernel::rooted_reader& reader, const adopted_table* adopted = nullptr);
/// The same without the machine's store of figures.
topology describe_without_store(const kernel::rooted_reader& reader,
                                const adopted_table* adopted = nullptr);

/// The machine as discover() describes the running one: by what hetmemd publishes where that is up
/// to date, else by reading it, and with a user's own store.
topology discover_at(const kernel::rooted_reader& reader,
                     const std::filesystem::path& run_directory,
                     const std::filesystem::path& own_store);

} // namespace hetmem::detail
