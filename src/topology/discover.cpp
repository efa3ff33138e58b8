#include "topology/describe.hpp"
#include "topology/published.hpp"

#include <hetmem/discover.hpp>

#include "kernel/file.hpp"

#include <optional>

namespace hetmem {

topology discover(const discover_options& options) {
    const kernel::rooted_reader reader(options.root);
    if (!reader.live()) {
        return detail::describe(reader);
    }
    std::optional<detail::published> published =
        detail::read_published(detail::published_directory, reader);
    if (published && published->up_to_date) {
        return published->machine;
    }
    topology own = detail::describe(reader);
    return published ? detail::join_published(own, published->machine) : own;
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
