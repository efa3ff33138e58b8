#include "daemon/health.hpp"

#include "topology/snapshot.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace hetmem::daemon {

using detail::without_addresses;
using nlohmann::ordered_json;

namespace {

std::vector<std::string> without_addresses_each(std::vector<std::string> texts) {
    for (std::string& text : texts) {
        text = without_addresses(std::move(text));
    }
    return texts;
}

} // namespace

std::string to_json(const health& now) {
    ordered_json unreadable = ordered_json::array();
    for (const source_report& source : now.unreadable) {
        unreadable.push_back({{"what", source.what},
                              {"path", source.path},
                              {"status", to_string(source.status)},
                              {"detail", without_addresses(source.detail)}});
    }
    ordered_json error = nullptr;
    if (!now.last_error.empty()) {
        error = {{"time", now.last_error_time}, {"text", without_addresses(now.last_error)}};
    }
    const ordered_json all = {
        {"format", "hetmem-health"},
        {"version", 1},
        {"running", now.running},
        {"pid", now.pid},
        {"program", "hetmemd " + now.version},
        {"started", now.started},
        {"privileges", now.privileges},
        {"generation", now.generation},
        {"events",
         {{"arrive", now.events_arrive},
          {"remark", now.events_remark},
          {"seen", now.events_seen},
          {"lost", now.events_lost}}},
        {"looks", now.looks},
        {"failed_looks", now.failed_looks},
        {"last_error", error},
        {"unreadable", unreadable},
        {"hmat",
         {{"in_force", without_addresses(now.hmat)},
          {"refused", without_addresses_each(now.hmat_refused)},
          {"remarks", without_addresses_each(now.hmat_remarks)}}},
    };
    // Names of files and what firmware says need not be UTF-8.
    return all.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::vector<source_report> unreadable_sources(const topology& machine) {
    std::vector<source_report> found;
    for (const source_report& source : machine.sources()) {
        if (source.status == source_status::not_permitted ||
            source.status == source_status::malformed) {
            found.push_back(source);
        }
    }
    return found;
}

} // namespace hetmem::daemon
