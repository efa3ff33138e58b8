#include "tool/machine_source.hpp"

#include "tool/archive.hpp"
#include "tool/temporary_directory.hpp"

#include <hetmem/discover.hpp>

namespace hetmem::tool {
namespace {

topology read_archive(const std::filesystem::path& archive) {
    const temporary_directory place;
    topology machine = discover({.root = unpack(archive, place.path())});
    temporary_directory::check_interrupted();
    return machine;
}

} // namespace

topology read_machine(const machine_arguments& asked) {
    if (!asked.saved.empty()) {
        return load_topology(asked.saved);
    }
    if (asked.root.empty()) {
        return discover();
    }
    std::error_code unknown; // then discover() says what is wrong with it
    if (std::filesystem::is_regular_file(asked.root, unknown)) {
        return read_archive(asked.root);
    }
    return discover({.root = asked.root});
}

} // namespace hetmem::tool
