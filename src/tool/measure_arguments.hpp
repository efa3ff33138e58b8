// src/tool/measure_arguments.hpp: what hetmem measure was asked for.
#pragma once

#include <hetmem/measured.hpp>
#include <hetmem/units.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hetmem::tool {

struct measure_arguments {
    enum class action : std::uint8_t { measure, import, forget, list };
    /// Where figures are kept: automatic is the machine's store for root, else the user's.
    enum class keep : std::uint8_t { automatic, nowhere, user, machine };

    action wanted = action::measure;
    std::vector<std::string> initiators;
    std::vector<std::string> targets; ///< of --forget and --list too; empty: all
    std::vector<metric> metrics;
    bool quick = false;
    bool curves = false;
    std::optional<double> precision; ///< percent
    std::optional<std::chrono::milliseconds> budget;
    std::optional<byte_size> buffer;
    bool allow_cached = false;
    bool destroy_contents = false;
    std::string import_file; ///< "-": standard input
    keep store = keep::automatic;
    bool json = false;
    std::optional<std::size_t> width;
};

} // namespace hetmem::tool
