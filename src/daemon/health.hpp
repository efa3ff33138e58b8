// daemon/health.hpp: health.json, how hetmemd is.
#pragma once

#include <hetmem/topology.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hetmem::daemon {

struct health {
    int pid = 0;
    std::string version;
    bool running = false;
    std::string started; ///< UTC
    std::string privileges;
    std::uint64_t generation = 0;

    bool events_arrive = false;
    std::string events_remark; ///< why they do not, and what would help
    std::uint64_t events_seen = 0;
    std::uint64_t events_lost = 0;
    std::uint64_t looks = 0;
    std::uint64_t failed_looks = 0;

    std::string last_error; ///< of the last look; "" when it succeeded
    std::string last_error_time;
    std::vector<source_report> unreadable; ///< sources that are there and could not be read

    std::string hmat;                      ///< which HMAT holds
    std::vector<std::string> hmat_refused; ///< why the last one that was offered was not taken
    std::vector<std::string> hmat_remarks;
};

/// docs/administration.md tells what the members mean. For everybody: without the physical
/// addresses that errors and firmware's texts mention.
std::string to_json(const health& now);

/// Those of a topology that were there and could not be read or understood.
std::vector<source_report> unreadable_sources(const topology& machine);

} // namespace hetmem::daemon
