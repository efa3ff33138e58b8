#include "topology/describe.hpp"
#include "topology/figure_store.hpp"
#include "topology/published.hpp"
#include "topology/state.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/measured.hpp>

#include "kernel/file.hpp"

#include <optional>

namespace hetmem {

namespace detail {

namespace {

/// Nothing happened that hetmemd did not see. A store that cannot be seen here (a container) is no
/// other one.
bool is_current(const published& one, const kernel::rooted_reader& reader) {
    if (!one.up_to_date) {
        return false;
    }
    const std::optional<store_stamp> stamp = machine_store_stamp(reader);
    return !stamp || stamp == state_access::of(one.machine).store;
}

} // namespace

topology discover_at(const kernel::rooted_reader& reader,
                     const std::filesystem::path& run_directory,
                     const std::filesystem::path& own_store) {
    const std::optional<published> known = read_published(run_directory, reader);
    if (known && is_current(*known, reader)) {
        return with_own_store(known->machine, reader, own_store);
    }
    const topology read = describe_without_store(reader);
    // After joining, since what lapses depends on what everybody says.
    const topology all =
        with_machine_store(known ? join_published(read, known->machine) : read, reader);
    return with_own_store(all, reader, own_store);
}

} // namespace detail

topology discover(const discover_options& options) {
    const kernel::rooted_reader reader(options.root);
    return reader.live() ? detail::discover_at(reader, detail::published_directory, user_store())
                         : detail::describe(reader);
}

void save_topology(const topology& machine, const std::filesystem::path& file) {
    kernel::new_file out(file);
    out.write(to_json(machine));
    out.commit();
}

topology load_topology(const std::filesystem::path& file) {
    return from_json(kernel::read_file(file), file.string());
}

} // namespace hetmem
