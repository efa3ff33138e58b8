// vm_predict TABLES RELEASE [BASE+LENGTH...]: what Linux of that release makes of the tables HMAT,
// SRAT and SLIT of a directory, as JSON; the ranges are the memory map. For the comparison with
// what it really made of them.
#include "check/linux_model.hpp"

#include "kernel/file.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iterator>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace hetmem::detail;
using nlohmann::json;

/// The first of several has a 1 at its name.
std::string read(const std::filesystem::path& tables, const std::string& signature) {
    for (const std::string& name : {signature, signature + "1"}) {
        if (exists(tables / name)) {
            return hetmem::kernel::read_file(tables / name);
        }
    }
    return {};
}

json to_json(const predicted_access& access) {
    return {{"initiators", access.initiators},
            {"read_latency", access.read_latency},
            {"write_latency", access.write_latency},
            {"read_bandwidth", access.read_bandwidth},
            {"write_bandwidth", access.write_bandwidth}};
}

json to_json(const predicted_target& target) {
    json caches = json::object();
    for (const predicted_cache& cache : target.caches) {
        caches[std::to_string(cache.level)] = {{"size", cache.size},
                                               {"line_size", cache.line_size},
                                               {"indexing", cache.indexing},
                                               {"write_policy", cache.write_policy}};
    }
    json made = {{"pxm", target.pxm},
                 {"node", target.node},
                 {"has_cpus", target.has_cpus},
                 {"caches", caches},
                 {"reasons", target.reasons}};
    if (target.access0) {
        made["access0"] = to_json(*target.access0);
        made["access1"] = to_json(*target.access1);
    }
    if (target.tier) {
        made["tier"] = *target.tier;
    }
    return made;
}

hetmem::address_range range_of(const std::string& word) {
    const std::size_t plus = word.find('+');
    return {std::stoull(word.substr(0, plus), nullptr, 0),
            std::stoull(word.substr(plus + 1), nullptr, 0)};
}

json predict(const std::filesystem::path& tables, const std::string& release,
             const std::vector<hetmem::address_range>& ram) {
    const std::string hmat = read(tables, "HMAT");
    const std::string srat = read(tables, "SRAT");
    const std::string slit = read(tables, "SLIT");
    const prediction made = predict_linux({.hmat = std::as_bytes(std::span(hmat)),
                                           .srat = std::as_bytes(std::span(srat)),
                                           .slit = std::as_bytes(std::span(slit)),
                                           .ram = ram},
                                          parse_linux_version(release).value());
    json targets = json::array();
    for (const predicted_target& target : made.targets) {
        targets.push_back(to_json(target));
    }
    return {{"srat_used", made.srat_used},
            {"slit_used", made.slit_used},
            {"hmat_used", made.hmat_used},
            {"reasons", made.reasons},
            {"tiers_from_hmat", made.tiers_from_hmat},
            {"tiers_reason", made.tiers_reason},
            {"targets", targets}};
}

} // namespace

int main(int count, char** words) {
    const std::vector<std::string> asked(words + 1, words + count);
    if (asked.size() < 2) {
        std::fputs("usage: vm_predict TABLES RELEASE [BASE+LENGTH...]\n", stderr);
        return 2;
    }
    try {
        std::vector<hetmem::address_range> ram;
        std::transform(asked.begin() + 2, asked.end(), std::back_inserter(ram), range_of);
        std::puts(predict(asked[0], asked[1], ram).dump(1).c_str());
    } catch (const std::exception& e) {
        std::fprintf(stderr, "vm_predict: %s\n", e.what());
        return 1;
    }
}
