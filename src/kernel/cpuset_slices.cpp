#include "kernel/cpuset_slices.hpp"

#include "kernel/text.hpp"

#include <algorithm>
#include <string_view>

namespace hetmem::kernel {
namespace {

/// A kernel thread has no command line, and no program that may be asked for its own.
bool is_program(const rooted_reader& reader, std::string_view pid) {
    return !reader.read("proc/" + std::string(pid) + "/cmdline").text.empty();
}

bool has_programs(const rooted_reader& reader, const directory& cgroup) {
    const read_result read = cgroup.read("cgroup.procs");
    std::vector<std::string> pids; // the reader has one buffer
    std::string_view text = read.text;
    while (const std::optional<std::string_view> line = next_line(text)) {
        pids.emplace_back(trimmed(*line));
    }
    return std::ranges::any_of(pids,
                               [&](const std::string& pid) { return is_program(reader, pid); });
}

} // namespace

std::vector<std::string> cpuset_slices::open_to(unsigned node) const {
    std::vector<std::string> open;
    for (const cpuset_slice& slice : slices) {
        if (!slice.mems || slice.mems->contains(node)) {
            open.push_back(slice.name);
        }
    }
    if (programs_outside) {
        open.emplace_back("the root cgroup");
    }
    return open;
}

cpuset_slices read_cpuset_slices(const rooted_reader& reader) {
    cpuset_slices found;
    const directory top = reader.open("sys/fs/cgroup");
    // The root of all has no events; in a container the top is one cgroup among others, and the
    // others cannot be seen.
    found.known =
        static_cast<bool>(top.read("cgroup.controllers")) && top.read("cgroup.events").absent();
    if (!found.known) {
        return found;
    }
    std::vector<std::string> names;
    top.for_each([&](std::string_view name, entry_kind kind) {
        if (kind == entry_kind::directory) {
            names.emplace_back(name);
        }
    });
    std::ranges::sort(names, natural_less);
    for (const std::string& name : names) {
        // One without any process below it can make no page.
        const directory cgroup = top.open(name);
        const read_result events = cgroup.read("cgroup.events");
        if (events && events.text.find("populated 0") != std::string_view::npos) {
            continue;
        }
        found.slices.push_back({name, cgroup.read_ids("cpuset.mems.effective")});
    }
    found.programs_outside = has_programs(reader, top);
    return found;
}

} // namespace hetmem::kernel
