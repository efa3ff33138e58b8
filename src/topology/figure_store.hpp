// figure_store.hpp: what is measured or given by hand, as one more source of figures.
//
//     std::vector<source_report> reports;
//     std::vector<notice> notices;
//     if (auto stored = read_machine_store(reader, reports, notices)) {
//         machine = with_measurements(machine, read_machine_mark(reader), *stored);
//     }
//
// A store's figure holds for a pair as long as it is the pair that it was taken of (machine_mark,
// target_mark, initiator_mark) and nobody has told anything new of it since: a table that says
// something else now than when it was measured, and that is not what was measured, is newer. What
// holds no more lapses: it is left out, with a notice.
#pragma once

#include "topology/state.hpp"

#include "kernel/rooted.hpp"

#include <hetmem/measured.hpp>

#include <filesystem>
#include <optional>
#include <vector>

namespace hetmem::detail {

/// Of the machine below the reader's root, for the marks of a store.
machine_mark read_machine_mark(const kernel::rooted_reader& reader);

/// The store var/lib/hetmem/figures.json below the reader's root. Of the running machine only when
/// root alone can have written it. What is wrong with it is told in `reports` and `notices`.
std::optional<measurements> read_machine_store(const kernel::rooted_reader& reader,
                                               std::vector<source_report>& reports,
                                               std::vector<notice>& notices);

/// The same of any file: only when it and its directory are root's alone to write.
std::optional<measurements> read_store_of_root(const std::filesystem::path& store,
                                               std::vector<source_report>& reports,
                                               std::vector<notice>& notices);

/// The store of the user that this process runs as, which nobody else but root may be able to
/// write, nor its directory. `store` empty: nothing.
std::optional<measurements> read_own_store(const std::filesystem::path& store,
                                           std::vector<source_report>& reports,
                                           std::vector<notice>& notices);

/// What tells that the machine's store was written since; nothing when there is none.
std::optional<store_stamp> machine_store_stamp(const kernel::rooted_reader& reader);

/// The same topology with the layers of a store before all others; the figures that lapsed are told
/// in its notices. Where an earlier store has figures, those of this one count.
topology with_measurements(const topology& machine, const machine_mark& mark,
                           const measurements& stored);

/// The machine with its store, for describe(). What it has of an earlier reading of that store is
/// left out, unless there is no store to be seen.
topology with_machine_store(const topology& machine, const kernel::rooted_reader& reader);
/// And with a user's own, for discover().
topology with_own_store(const topology& machine, const kernel::rooted_reader& reader,
                        const std::filesystem::path& store);

/// What keep_measurements() keeps of `more`: with the names that the machine has now, the marks of
/// what it is about, and what others say of it. Throws no_such_target; hetmem::error (EINVAL) when
/// they are of another machine.
measurements import_for(const topology& machine, const machine_mark& mark,
                        const measurements& more);

/// A store after import_for()'s result was added to it.
measurements merged(const topology& machine, const measurements& old, const measurements& more);

/// Takes out what is of these targets (all when empty); how many figures that were.
std::size_t forget(measurements& all, const std::vector<std::string>& targets);

/// Where a user's store lies. secure: set-user-id and the like, where neither the environment nor
/// what the user could write counts.
std::filesystem::path user_store_for(bool secure, const char* state_home,
                                     const std::filesystem::path& home);

} // namespace hetmem::detail
