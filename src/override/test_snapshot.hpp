// override/test_snapshot.hpp: everything below a directory, to be compared byte for byte.
#pragma once

#include "kernel/file.hpp"

#include <filesystem>
#include <map>
#include <string>

#include <fmt/format.h>

namespace hetmem::detail {

/// Path below it -> permissions and content; directories are there with permissions alone.
inline std::map<std::string, std::string> snapshot(const std::filesystem::path& root) {
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
        const auto mode = static_cast<unsigned>(entry.status().permissions());
        all[std::filesystem::relative(entry.path(), root).string()] = fmt::format(
            "{:o} {}", mode, entry.is_regular_file() ? kernel::read_file(entry.path()) : "");
    }
    return all;
}

} // namespace hetmem::detail
