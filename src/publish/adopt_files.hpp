// publish/adopt_files.hpp: the files by which `hetmem adopt` talks to hetmemd, in
// /run/hetmem/requests (root only):
//
//     ID.table      a new HMAT, where one is given
//     ID.json       what is wanted; renamed into its place last
//     ID.answer     what became of it; renamed into its place by hetmemd
//
// ID is the client's process id and a number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail {

struct adopt_request {
    enum class kind : std::uint8_t {
        table,    ///< this table replaces the firmware's
        evaluate, ///< what _HMA returns does; from now on again after every hotplug
        firmware, ///< the firmware's own is in force again, and stays
    };
    kind wanted = kind::evaluate;
    std::string name; ///< what the file was called
    std::vector<std::byte> table;
};

struct adopt_answer {
    bool done = false;
    std::uint64_t generation = 0;     ///< the one that holds now
    std::string in_force;             ///< which HMAT holds now, for people
    std::vector<std::string> refused; ///< why not, when it is not done
    std::vector<std::string> remarks;
    std::vector<std::string> changes; ///< to_string() of each
};

/// Reads the table of a request from a file that somebody named. Throws hetmem::error; EFBIG above
/// adopted_table_limit.
adopt_request request_to_adopt(const std::filesystem::path& file);

/// Of everything but the table.
std::string to_json(const adopt_request& request);
std::string to_json(const adopt_answer& answer);
/// Throw malformed_file.
adopt_request adopt_request_from(std::string_view text, std::string_view name);
adopt_answer adopt_answer_from(std::string_view text, std::string_view name);

/// Lines for a terminal: what is in force, what changed, or why not.
std::string to_text(const adopt_answer& answer);

} // namespace hetmem::detail
