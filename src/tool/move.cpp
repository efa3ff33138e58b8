// hetmem move: brings the pages of a process to other memories while it runs.
#include "publish/format.hpp"
#include "publish/utf8.hpp"
#include "tool/commands.hpp"
#include "tool/output.hpp"
#include "tool/process_name.hpp"
#include "tool/progress_bar.hpp"
#include "tool/shares.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/placement.hpp>
#include <hetmem/region.hpp>
#include <hetmem/topology.hpp>

#include <algorithm>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace hetmem::tool {
namespace {

bool has_leg(std::span<const leg> legs, int node) {
    return std::any_of(legs.begin(), legs.end(), [&](const leg& one) { return one.node == node; });
}

/// What is where the placement does not want it.
std::vector<resident_share> elsewhere(const migration& done, const placement& to) {
    std::vector<resident_share> shares;
    for (const resident_share& share : done.now.shares) {
        if (!has_leg(to.legs(), share.node) && !has_leg(to.overflow(), share.node)) {
            shares.push_back(share);
        }
    }
    return shares;
}

std::string as_text(const migration& done, const placement& to) {
    const std::string moved = detail::format_size(done.moved);
    const std::string all = detail::format_size(done.now.present());
    if (done.complete) {
        return fmt::format("moved {}; all {} are where {} says\n", moved, all, to.to_string());
    }
    std::string remain;
    for (const resident_share& share : elsewhere(done, to)) {
        remain += fmt::format("{}{} remain on {}", remain.empty() ? "" : ", ",
                              detail::format_size(share.bytes), share.target);
    }
    if (remain.empty()) {
        remain = fmt::format("{} remain", detail::format_size(done.remaining));
    }
    return fmt::format("moved {} of {}; {}: {}\n", moved, all, remain, detail::printable(done.why));
}

std::string as_json(const move_arguments& asked, const migration& done, const placement& to) {
    nlohmann::ordered_json document;
    document["pid"] = asked.pid;
    document["command"] = process_name(asked.pid);
    document["placement"] = to.to_string();
    document["complete"] = done.complete;
    document["moved"] = done.moved.bytes();
    document["remaining"] = done.remaining.bytes();
    document["why"] = detail::printable(done.why);
    document["present"] = done.now.present().bytes();
    document["targets"] = json_of(done.now.shares);
    return document.dump(2) + "\n";
}

} // namespace

void move(const move_arguments& asked) {
    const topology machine = discover();
    placement to = parse_placement(machine, asked.placement);
    if (asked.headroom) {
        to = to.with_headroom(*asked.headroom);
    }
    migration done;
    {
        progress_bar bar(fmt::format("moving {}", process_name(asked.pid)));
        migrate_options options;
        options.all_or_nothing = false;
        options.progress = [&](byte_size so_far, byte_size all) {
            bar.show(so_far, all);
            return true;
        };
        done = migrate_process(asked.pid, to, asked.maps, options);
    }
    write_output(asked.json ? as_json(asked, done, to) : as_text(done, to));
}

} // namespace hetmem::tool
