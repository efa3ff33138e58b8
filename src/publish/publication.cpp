#include "publish/publication.hpp"

#include "publish/views.hpp"

#include "topology/snapshot.hpp"

#include <hetmem/discover.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace hetmem::detail {
namespace {

using enum tree_entry::kind;

constexpr mode_t for_everyone = 0644;
constexpr mode_t for_its_owner = 0600;

/// Moved into its place: a list in braces would copy what may be megabytes.
file_tree one_file(std::string path, std::string content, mode_t mode) {
    file_tree one;
    one.push_back({std::move(path), file, std::move(content), mode});
    return one;
}

file_tree below(std::string_view directory_name, file_tree part) {
    for (tree_entry& entry : part) {
        entry.path = std::string(directory_name) + "/" + entry.path;
    }
    return part;
}

std::string text_of(std::span<const std::byte> bytes) {
    std::string text(bytes.size(), '\0');
    std::transform(bytes.begin(), bytes.end(), text.begin(),
                   [](std::byte b) { return static_cast<char>(b); });
    return text;
}

} // namespace

void publication(const topology& machine, const publication_extras& extras, const tree_sink& take) {
    // From the whole topology: its files with addresses are readable for their owner only.
    take(below("hmem", hmem_tree(machine)));
    take(one_file("private", to_snapshot(machine, extras.boot_id), for_its_owner));
    const topology open = without_addresses(machine);
    take(one_file("hwloc.xml", "", for_everyone));
    write_hwloc_xml(open, extras.processors, [&take](std::string_view piece) {
        take({{"hwloc.xml", more, std::string(piece), for_everyone}});
    });
    take(one_file("topology.json", to_json(open), for_everyone));
    take(one_file("snapshot", to_snapshot(open, extras.boot_id), for_everyone));
    take(below("fsroot", hwloc_root(open)));
    take(one_file("history.jsonl", extras.history, for_everyone));
    if (extras.adopted) {
        take({{"adopted", directory, "", 0700},
              {"adopted/origin.json", file, origin_json(*extras.adopted, extras.boot_id),
               for_its_owner}});
        if (!extras.adopted->bytes.empty()) {
            take(one_file("adopted/HMAT", text_of(extras.adopted->bytes), for_its_owner));
        }
    }
}

} // namespace hetmem::detail
