// hetmem where: on which memories the pages of a process are.
#include "publish/format.hpp"
#include "publish/utf8.hpp"
#include "tool/commands.hpp"
#include "tool/output.hpp"
#include "tool/process_name.hpp"
#include "tool/shares.hpp"
#include "tool/terminal.hpp"

#include <hetmem/error.hpp>
#include <hetmem/residency.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace hetmem::tool {
namespace {

/// All of a process, by its mappings.
struct seen {
    std::vector<mapping_residency> mappings;
    residency sum;
};

seen look_at(const where_arguments& asked) {
    seen now;
    now.mappings = where_mappings(asked.pid);
    for (const mapping_residency& one : now.mappings) {
        now.sum += one.where;
    }
    return now;
}

double percent(byte_size part, byte_size all) {
    return all == byte_size{}
               ? 0.0
               : 100.0 * static_cast<double>(part.bytes()) / static_cast<double>(all.bytes());
}

/// An anonymous mapping is called as `hetmem move --maps` takes it.
std::string name_of(const mapping_residency& one) {
    return one.name.empty() ? "[anon]" : detail::printable(one.name);
}

std::string as_text(const where_arguments& asked, const seen& now) {
    constexpr double bar_width = 32;
    const byte_size all = now.sum.present();
    std::string text = fmt::format("{} (process {}): {}\n", process_name(asked.pid), asked.pid,
                                   detail::format_size(all));
    std::size_t widest = 0;
    for (const resident_share& share : now.sum.shares) {
        widest = std::max(widest, share.target.size());
    }
    for (const resident_share& share : now.sum.shares) {
        const double part = percent(share.bytes, all);
        const auto filled = static_cast<std::size_t>(std::lround(part / 100.0 * bar_width));
        text += fmt::format("  {:<{}}  {:>10}  {:5.1f} %  {:#>{}}\n", share.target, widest,
                            detail::format_size(share.bytes), part, "", filled);
    }
    if (now.sum.unknown != byte_size{}) {
        text += fmt::format("  and {} whose place the kernel does not tell\n",
                            detail::format_size(now.sum.unknown));
    }
    if (!asked.maps) {
        return text;
    }
    text += "\n";
    for (const mapping_residency& one : now.mappings) {
        if (one.where.present() == byte_size{}) {
            continue;
        }
        const bool own_policy = one.policy != "default";
        const bool pool_page = one.page > byte_size::from_kib(4);
        text += fmt::format(
            "{:012x}  {:>10}  {}  {}{}{}\n", one.start,
            detail::format_size(byte_size::from_bytes(one.length)), name_of(one),
            list_of(one.where.shares),
            own_policy ? fmt::format("  ({})", detail::printable(one.policy)) : "",
            pool_page ? fmt::format("  (pages of {})", detail::format_size(one.page)) : "");
    }
    return text;
}

nlohmann::ordered_json as_json(const where_arguments& asked, const seen& now) {
    nlohmann::ordered_json document;
    document["pid"] = asked.pid;
    document["command"] = process_name(asked.pid);
    document["present"] = now.sum.present().bytes();
    document["unknown"] = now.sum.unknown.bytes();
    document["targets"] = json_of(now.sum.shares);
    if (asked.maps) {
        nlohmann::ordered_json mappings = nlohmann::ordered_json::array();
        for (const mapping_residency& one : now.mappings) {
            nlohmann::ordered_json mapping;
            mapping["start"] = fmt::format("{:#x}", one.start);
            mapping["length"] = one.length;
            mapping["name"] = name_of(one);
            mapping["policy"] = detail::printable(one.policy);
            mapping["page"] = one.page.bytes();
            mapping["absent"] = one.where.absent.bytes();
            mapping["targets"] = json_of(one.where.shares);
            mappings.push_back(std::move(mapping));
        }
        document["mappings"] = std::move(mappings);
    }
    return document;
}

void print(const where_arguments& asked, const seen& now) {
    if (asked.json) {
        // A line each when there will be several: readers of a stream want lines.
        write_output(as_json(asked, now).dump(asked.watch ? -1 : 2) + "\n");
    } else {
        write_output(as_text(asked, now));
    }
}

} // namespace

void where(const where_arguments& asked) {
    print(asked, look_at(asked)); // that there is no such process is an error only at first
    if (!asked.watch) {
        return;
    }
    const bool redraw = !asked.json && output_is_terminal();
    const std::chrono::duration<double> pause(*asked.watch);
    while (true) {
        std::this_thread::sleep_for(pause);
        seen now;
        try {
            now = look_at(asked);
        } catch (const error& e) {
            if (e.code().value() == ESRCH) {
                return;
            }
            throw;
        }
        if (now.sum.present() == byte_size{}) {
            return; // it has ended, and waits to be asked how
        }
        if (redraw) {
            write_output("\033[H\033[J");
        } else if (!asked.json) {
            write_output("\n");
        }
        print(asked, now);
    }
}

} // namespace hetmem::tool
