#include "memory/resolve.hpp"

#include "topology/names.hpp"
#include "topology/target_state.hpp"

#include <hetmem/error.hpp>
#include <hetmem/rank.hpp>

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

constexpr byte_size usual_dax_align = byte_size::from_mib(2);

leg leg_of(const dax_device& device) {
    if (device.driver != "device_dax") {
        throw target_lost(fmt::format(
            "{} has {}: 'daxctl reconfigure-device --mode=devdax {}' makes it a device that "
            "programs "
            "can map",
            device.name, device.driver.empty() ? "no driver bound" : "the driver " + device.driver,
            device.name));
    }
    leg made;
    made.kind = leg_kind::dax;
    made.name = device.name;
    made.path = "/dev/" + device.name;
    made.dax_align = device.align.value_or(usual_dax_align);
    made.dax_size = device.size;
    return made;
}

std::string names_of(std::span<const dax_device> devices) {
    std::string names;
    for (const dax_device& one : devices) {
        names += (names.empty() ? "" : ", ") + one.name;
    }
    return names;
}

} // namespace

resolver::resolver(const topology& machine) : machine_(machine) {
    if (machine.live()) {
        nodes_ = allowed_nodes();
    }
}

leg resolver::one(const memory_name& name) const {
    return all(name).front();
}

std::vector<leg> resolver::all(const memory_name& name) const {
    std::vector<leg> legs;
    if (auto found = named(name)) {
        legs.push_back(std::move(*found));
    } else if (const auto kind = from_name<memory_kind>(name.name());
               kind && *kind != memory_kind::unknown) {
        legs = of_kind(*kind);
    } else {
        throw no_such_target(
            fmt::format("no memory is called '{}': hetmem show names them", name.name()));
    }
    for (leg& one : legs) {
        one.headroom = name.headroom();
    }
    return legs;
}

std::optional<leg> resolver::named(const memory_name& name) const {
    if (name.id()) {
        if (name.id()->index >= machine_.targets().size()) {
            throw no_such_target("a target of another topology");
        }
        return of(machine_.targets()[name.id()->index]);
    }
    if (name.name().find('/') != std::string::npos) {
        return directory(name.name());
    }
    if (const auto id = machine_.find_target(name.name())) {
        return of(machine_.targets()[id->index]);
    }
    for (const target& memory : machine_.targets()) {
        for (const dax_device& device : memory.dax) {
            if (device.name == name.name()) {
                return is_node(memory) ? of(memory) : leg_of(device);
            }
        }
    }
    return std::nullopt;
}

leg resolver::of(const target& memory) const {
    if (is_node(memory)) {
        if (nodes_ && !nodes_->contains(static_cast<unsigned>(*memory.node))) {
            throw not_permitted(
                fmt::format("{} is not among the memories that the cpuset of this process allows "
                            "(nodes {})",
                            memory.name, nodes_->to_string()));
        }
        if (memory.size && memory.size->bytes() == 0) {
            throw no_such_target(memory.name + " has no memory");
        }
        leg made;
        made.name = memory.name;
        made.node = *memory.node;
        return made;
    }
    if (memory.dax.size() == 1) {
        return leg_of(memory.dax.front());
    }
    if (memory.dax.size() > 1) {
        for (const dax_device& device : memory.dax) {
            if (device.name == memory.name) {
                return leg_of(device);
            }
        }
        throw no_such_target(fmt::format("{} is {} devices, of which one must be named: {}",
                                         memory.name, memory.dax.size(), names_of(memory.dax)));
    }
    if (memory.reserved) {
        throw target_reserved(
            fmt::format("{} is reserved ({}) and no device gives programs a way to it", memory.name,
                        memory.reserved_reason));
    }
    if (memory.state == target_state::offline) {
        throw target_lost(fmt::format("{} is offline: its memory blocks must be brought online "
                                      "first (daxctl online-memory, or chmem --enable)",
                                      memory.name));
    }
    throw no_such_target(
        fmt::format("{} is described by firmware, and Linux has neither a node nor a device for it",
                    memory.name));
}

std::vector<leg> resolver::of_kind(memory_kind kind) const {
    rank_options options;
    options.nodes = nodes_;
    const ranking nearest = rank(machine_, criterion::read_latency, options);
    std::vector<leg> legs;
    for (const ranked_target& place : nearest.places) {
        const target& memory = machine_.targets()[place.target.index];
        if (memory.kind == kind && is_node(memory)) {
            legs.push_back(of(memory));
        }
    }
    if (!legs.empty()) {
        return legs;
    }
    std::string others;
    for (const left_out_target& out : nearest.left_out) {
        const target& memory = machine_.targets()[out.target.index];
        if (memory.kind == kind) {
            others += fmt::format("{}{} ({})", others.empty() ? "; there is " : ", ", memory.name,
                                  out.why);
        }
    }
    const auto all = machine_.targets();
    if (std::none_of(all.begin(), all.end(), [&](const target& t) { return t.kind == kind; })) {
        throw no_such_target(fmt::format("this machine has no {}", to_string(kind)));
    }
    throw no_such_target(fmt::format("no {} that this process may use without naming it{}",
                                     to_string(kind), others));
}

leg resolver::directory(const std::string& path) const {
    std::error_code failed;
    leg made;
    made.kind = leg_kind::directory;
    made.path = std::filesystem::absolute(path, failed).lexically_normal();
    made.name = made.path.string();
    if (failed || !std::filesystem::is_directory(made.path, failed)) {
        throw no_such_target(fmt::format("'{}' is not a directory that can be reached{}", path,
                                         failed ? " (" + failed.message() + ")" : ""));
    }
    return made;
}

best_choice choice_of(const topology& machine, const ranking& made, const rank_options& options) {
    best_choice choice{made.by, {}, options.nodes, options.include_reserved};
    for (const initiator_id id : made.from) {
        choice.from.push_back(machine.initiators()[id.index].name);
    }
    return choice;
}

rank_options options_of(const topology& machine, const best_choice& choice) {
    rank_options options{{}, choice.nodes, choice.include_reserved};
    for (const initiator& one : machine.initiators()) {
        if (std::ranges::find(choice.from, one.name) != choice.from.end()) {
            options.from.push_back(one.id);
        }
    }
    if (options.from.empty() && !choice.from.empty()) {
        throw no_such_target(
            fmt::format("by {}: none of the initiators that counted is there any more ({})",
                        to_string(choice.by), fmt::join(choice.from, ", ")));
    }
    return options;
}

bool same_memory(const leg& a, const leg& b) {
    return a.kind == b.kind && a.node == b.node && a.path == b.path;
}

} // namespace hetmem::detail
