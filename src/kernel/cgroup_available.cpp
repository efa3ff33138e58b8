#include "kernel/available.hpp"

#include "kernel/kept_file.hpp"
#include "kernel/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace hetmem::kernel {
namespace {

constexpr std::uint64_t no_limit = ~std::uint64_t{0};

std::uint64_t less(std::uint64_t a, std::uint64_t b) {
    return a > b ? a - b : 0;
}

/// The files of the memory controller, by version.
struct file_names {
    std::array<std::string_view, 2> limits; ///< the second may be ""
    std::string_view current;
    std::string_view prefix;      ///< of the keys of memory.stat that count the children too
    std::string_view mapped_file; ///< key
    std::string_view dirty;       ///< key
    std::string_view writeback;   ///< key
};

// Documentation/admin-guide/cgroup-v2.rst, "Memory Interface Files"; cgroup-v1/memory.rst, 5.2.
constexpr file_names version_2{{"memory.max", "memory.high"},
                               "memory.current",
                               "",
                               "file_mapped",
                               "file_dirty",
                               "file_writeback"};
constexpr file_names version_1{
    {"memory.limit_in_bytes", ""}, "memory.usage_in_bytes", "total_",
    "total_mapped_file",           "total_dirty",           "total_writeback"};

/// "max", or bytes; version 1 has a number near 2^63 for no limit.
std::uint64_t parse_limit(std::string_view text) {
    constexpr std::uint64_t version_1_none = std::uint64_t{1} << 62U;
    const std::optional<std::uint64_t> bytes = parse_u64(text);
    return bytes && *bytes < version_1_none ? *bytes : no_limit;
}

/// File cache that could be dropped: neither mapped (somebody's program) nor still to be written.
std::uint64_t droppable(std::string_view stat, const file_names& names) {
    std::uint64_t cache = 0;
    std::uint64_t busy = 0;
    while (const std::optional<std::string_view> line = next_line(stat)) {
        std::string_view value = *line;
        const std::string_view key = next_word(value);
        if (key == names.mapped_file || key == names.dirty || key == names.writeback) {
            busy += parse_u64(value).value_or(0);
        } else if (key.starts_with(names.prefix)) {
            const std::string_view plain = key.substr(names.prefix.size());
            if (plain == "active_file" || plain == "inactive_file") {
                cache += parse_u64(value).value_or(0);
            }
        }
    }
    return less(cache, busy);
}

/// A cgroup above this process.
struct level {
    level(const std::filesystem::path& directory, std::string shown_path, const file_names& which)
        : names(&which), path(std::move(shown_path)), max(directory / which.limits[0]),
          high(directory / which.limits[1]), current(directory / which.current),
          stat(directory / "memory.stat") {}

    const file_names* names;
    std::string path;
    kept_file max;
    kept_file high;
    kept_file current;
    kept_file stat;
};

/// Where a hierarchy is mounted, and which part of it.
struct mount {
    std::string root;
    std::string point;
};

/// mountinfo: "36 35 98:0 /root /point opts shared:1 - type source superopts"
/// (proc_pid_mountinfo(5)).
struct hierarchies {
    std::vector<mount> unified;
    std::vector<mount> memory; ///< version 1
};

bool has_option(std::string_view options, std::string_view wanted) {
    while (!options.empty()) {
        const std::size_t comma = std::min(options.find(','), options.size());
        if (options.substr(0, comma) == wanted) {
            return true;
        }
        options.remove_prefix(std::min(comma + 1, options.size()));
    }
    return false;
}

hierarchies read_mounts(const rooted_reader& machine) {
    hierarchies found;
    machine.for_each_line("proc/self/mountinfo", [&](std::string_view line) {
        const std::size_t dash = line.find(" - ");
        if (dash == std::string_view::npos) {
            return true;
        }
        std::string_view after = line.substr(dash + 3);
        const std::string_view type = next_word(after);
        if (type != "cgroup" && type != "cgroup2") {
            return true;
        }
        next_word(after); // the source
        for (int skipped = 0; skipped < 3; ++skipped) {
            next_word(line);
        }
        const std::string_view root = next_word(line);
        const std::string_view point = next_word(line);
        if (type == "cgroup2") {
            found.unified.push_back({std::string(root), std::string(point)});
        } else if (has_option(trimmed(after), "memory")) {
            found.memory.push_back({std::string(root), std::string(point)});
        }
        return true;
    });
    return found;
}

/// `path` below `root`; nothing when it is elsewhere.
std::optional<std::string_view> below(std::string_view path, std::string_view root) {
    if (root == "/") {
        return path;
    }
    if (!path.starts_with(root)) {
        return std::nullopt;
    }
    path.remove_prefix(root.size());
    if (path.empty()) {
        return "/";
    }
    return path.front() == '/' ? std::optional(path) : std::nullopt;
}

/// This process' cgroup, then those above it up to what is mounted. A container sees its own
/// cgroup as the root of the mount, and nothing above that.
void add_levels(std::vector<level>& levels, const std::filesystem::path& root, const mount& where,
                std::string_view path, const file_names& names) {
    std::string_view rest = below(path, where.root).value_or("/");
    if (rest.find("/..") != std::string_view::npos) {
        rest = "/"; // outside of what this process' cgroup namespace shows
    }
    const auto point = root / std::filesystem::path(where.point).relative_path();
    for (;;) {
        while (rest.ends_with('/')) {
            rest.remove_suffix(1);
        }
        const auto directory = point / std::filesystem::path(rest).relative_path();
        levels.emplace_back(directory, where.point + std::string(rest), names);
        if (rest.empty()) {
            return;
        }
        rest = rest.substr(0, rest.rfind('/'));
    }
}

} // namespace

struct cgroup_reader::state {
    explicit state(const std::filesystem::path& where)
        : root(where), membership(where / "proc/self/cgroup") {}

    std::filesystem::path root;
    kept_file membership;
    std::string member_of; ///< what membership said when the levels were found
    std::vector<level> levels;
    std::array<char, 16384> buffer; // memory.stat: 1.5 to 3 KiB

    void find_levels();
    std::uint64_t read_bytes(kept_file& file) {
        const std::optional<std::string_view> text = file.read(buffer);
        return text ? parse_u64(*text).value_or(0) : 0;
    }
    std::uint64_t read_limit(kept_file& file) {
        const std::optional<std::string_view> text = file.read(buffer);
        return text ? parse_limit(*text) : no_limit;
    }
};

void cgroup_reader::state::find_levels() {
    levels.clear();
    const rooted_reader machine(root);
    const hierarchies mounts = read_mounts(machine);
    std::string_view text = member_of;
    while (const std::optional<std::string_view> line = next_line(text)) {
        // "4:memory:/a/b", or "0::/a/b" for version 2.
        const std::size_t first = line->find(':');
        const std::size_t second =
            first == std::string_view::npos ? first : line->find(':', first + 1);
        if (second == std::string_view::npos) {
            continue;
        }
        const std::string_view controllers = line->substr(first + 1, second - first - 1);
        const std::string_view path = line->substr(second + 1);
        const bool unified = line->substr(0, first) == "0" && controllers.empty();
        const std::vector<mount>& of = unified ? mounts.unified : mounts.memory;
        if (of.empty() || (!unified && !has_option(controllers, "memory"))) {
            continue;
        }
        // The mount that shows most of the way up, when there are several.
        const mount* best = &of.front();
        for (const mount& one : of) {
            const bool shows = below(path, one.root).has_value();
            const bool best_shows = below(path, best->root).has_value();
            if ((shows && !best_shows) ||
                (shows == best_shows && one.root.size() < best->root.size())) {
                best = &one;
            }
        }
        add_levels(levels, root, *best, path, unified ? version_2 : version_1);
    }
    // The root has no such files, nor has a hierarchy without the controller: each would be looked
    // up in vain with every reading. A controller that is switched on later is not seen.
    std::erase_if(levels, [&](level& one) { return !one.max.read(buffer); });
}

cgroup_reader::cgroup_reader(const std::filesystem::path& root)
    : state_(std::make_unique<state>(root)) {}

cgroup_reader::~cgroup_reader() = default;

cgroup_available cgroup_reader::read(std::uint64_t enough) {
    state& s = *state_;
    if (const std::optional<std::string_view> member_of = s.membership.read(s.buffer);
        member_of && *member_of != s.member_of) {
        s.member_of = *member_of;
        s.find_levels();
    }
    cgroup_available tightest;
    for (level& one : s.levels) {
        std::uint64_t limit = s.read_limit(one.max);
        std::string_view name = one.names->limits[0];
        if (!one.names->limits[1].empty()) {
            const std::uint64_t high = s.read_limit(one.high);
            if (high < limit) {
                limit = high;
                name = one.names->limits[1];
            }
        }
        if (limit == no_limit) {
            continue;
        }
        const std::uint64_t current = s.read_bytes(one.current);
        std::uint64_t available = less(limit, current);
        if (available < enough) {
            if (const std::optional<std::string_view> stat = one.stat.read(s.buffer)) {
                // Above its limit (memory.high is no wall) a cgroup loses that much first.
                available = less(limit + droppable(*stat, *one.names), current);
            }
        }
        if (available < tightest.available) {
            tightest = {available, one.path, std::string(name)};
        }
    }
    return tightest;
}

} // namespace hetmem::kernel
