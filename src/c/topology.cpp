#include "c/barrier.hpp"
#include "c/handles.hpp"
#include "c/sized.hpp"

#include <hetmem/discover.hpp>

#include <memory>
#include <string_view>

using namespace hetmem::c;

namespace {

using hetmem::memory_kind;
using hetmem::target_state;

static_assert(static_cast<int>(memory_kind::unknown) == HETMEM_KIND_UNKNOWN);
static_assert(static_cast<int>(memory_kind::dram) == HETMEM_KIND_DRAM);
static_assert(static_cast<int>(memory_kind::hbm) == HETMEM_KIND_HBM);
static_assert(static_cast<int>(memory_kind::pmem) == HETMEM_KIND_PMEM);
static_assert(static_cast<int>(memory_kind::cxl) == HETMEM_KIND_CXL);
static_assert(static_cast<int>(memory_kind::device) == HETMEM_KIND_DEVICE);
static_assert(static_cast<int>(target_state::online) == HETMEM_STATE_ONLINE);
static_assert(static_cast<int>(target_state::partly_online) == HETMEM_STATE_PARTLY_ONLINE);
static_assert(static_cast<int>(target_state::offline) == HETMEM_STATE_OFFLINE);
static_assert(static_cast<int>(target_state::reserved) == HETMEM_STATE_RESERVED);
static_assert(static_cast<int>(target_state::absent) == HETMEM_STATE_ABSENT);
static_assert(static_cast<int>(hetmem::initiator_kind::cpu) == HETMEM_INITIATOR_CPU);
static_assert(static_cast<int>(hetmem::initiator_kind::generic_initiator) ==
              HETMEM_INITIATOR_GENERIC);
static_assert(static_cast<int>(hetmem::knowledge::unknown) == HETMEM_FIGURE_UNKNOWN);
static_assert(static_cast<int>(hetmem::knowledge::unreachable) == HETMEM_FIGURE_UNREACHABLE);
static_assert(static_cast<int>(hetmem::knowledge::known) == HETMEM_FIGURE_KNOWN);

std::uint64_t bytes_or_unknown(const std::optional<hetmem::byte_size>& size) {
    return size ? size->bytes() : HETMEM_UNKNOWN;
}

[[noreturn]] void no_such(const char* what, std::size_t number, std::size_t count) {
    throw hetmem::no_such_target(std::string("no ") + what + " " + std::to_string(number) +
                                 ": there are " + std::to_string(count));
}

const hetmem::target& target_at(const hetmem_topology& machine, std::size_t number) {
    const auto all = machine.value.targets();
    if (number >= all.size()) {
        no_such("target", number, all.size());
    }
    return all[number];
}

const hetmem::initiator& initiator_at(const hetmem_topology& machine, std::size_t number) {
    const auto all = machine.value.initiators();
    if (number >= all.size()) {
        no_such("initiator", number, all.size());
    }
    return all[number];
}

template <class Unit> hetmem_figure told(const hetmem::figure<Unit>& known, std::uint64_t value) {
    hetmem_figure out{};
    out.state = static_cast<int>(known.state);
    // Names are literals, which end with a zero byte.
    out.source = known.state == hetmem::knowledge::unknown ? "" : to_string(known.from).data();
    out.value = known.known() ? value : 0;
    return out;
}

hetmem_figure told(const hetmem::figure<hetmem::latency>& known) {
    return told(known, known.value.picoseconds());
}

hetmem_figure told(const hetmem::figure<hetmem::bandwidth>& known) {
    return told(known, known.value.bytes_per_second());
}

hetmem_figure pick(const hetmem::access& figures, int quantity) {
    switch (quantity) {
    case HETMEM_READ_LATENCY:
        return told(figures.read_latency);
    case HETMEM_WRITE_LATENCY:
        return told(figures.write_latency);
    case HETMEM_READ_BANDWIDTH:
        return told(figures.read_bandwidth);
    case HETMEM_WRITE_BANDWIDTH:
        return told(figures.write_bandwidth);
    default:
        throw hetmem::error(std::errc::invalid_argument, "no quantity " + std::to_string(quantity));
    }
}

} // namespace

extern "C" {

int hetmem_discover(const char* root, hetmem_topology** out) {
    return guarded([&] {
        need(out, "out");
        hetmem::discover_options options;
        if (root != nullptr) {
            options.root = root;
        }
        hand_out(out, hetmem::discover(options));
    });
}

void hetmem_topology_free(hetmem_topology* machine) {
    const std::unique_ptr<hetmem_topology> owned(machine);
}

int hetmem_topology_to_json(const hetmem_topology* machine, char** text, size_t* length) {
    return guarded([&] {
        need(text, "text");
        const std::string json = hetmem::to_json(need(machine, "machine").value);
        auto copy = std::make_unique<char[]>(json.size() + 1);
        json.copy(copy.get(), json.size());
        *text = copy.release();
        if (length != nullptr) {
            *length = json.size();
        }
    });
}

void hetmem_text_free(char* text) {
    const std::unique_ptr<char[]> owned(text);
}

int hetmem_topology_from_json(const char* text, size_t length, hetmem_topology** out) {
    return guarded([&] {
        need(text, "text");
        need(out, "out");
        hand_out(out, hetmem::from_json(std::string_view(text, length)));
    });
}

int hetmem_topology_save(const hetmem_topology* machine, const char* file) {
    return guarded(
        [&] { hetmem::save_topology(need(machine, "machine").value, &need(file, "file")); });
}

int hetmem_topology_load(const char* file, hetmem_topology** out) {
    return guarded([&] {
        need(out, "out");
        hand_out(out, hetmem::load_topology(&need(file, "file")));
    });
}

size_t hetmem_target_count(const hetmem_topology* machine) {
    return machine == nullptr ? 0 : machine->value.targets().size();
}

int hetmem_target_get(const hetmem_topology* machine, size_t target, hetmem_target_info* out) {
    return guarded([&] {
        const hetmem::target& memory = target_at(need(machine, "machine"), target);
        hetmem_target_info info{};
        info.name = memory.name.c_str();
        info.kind_reason = memory.kind_reason.c_str();
        info.reserved_reason = memory.reserved_reason.c_str();
        info.kind = static_cast<int>(memory.kind);
        info.state = static_cast<int>(memory.state);
        info.node = memory.node.value_or(-1);
        info.reserved = memory.reserved ? 1 : 0;
        info.bytes = bytes_or_unknown(memory.size);
        info.free_bytes = bytes_or_unknown(memory.free);
        answer(out, info, "info");
    });
}

int hetmem_target_find(const hetmem_topology* machine, const char* name, size_t* target) {
    return guarded([&] {
        need(target, "target");
        const auto found = need(machine, "machine").value.find_target(&need(name, "name"));
        if (!found) {
            throw hetmem::no_such_target(std::string("no target is called '") + name + "'");
        }
        *target = found->index;
    });
}

const char* hetmem_kind_name(int kind) {
    if (kind < HETMEM_KIND_UNKNOWN || kind > HETMEM_KIND_DEVICE) {
        return nullptr;
    }
    return to_string(static_cast<memory_kind>(kind)).data();
}

size_t hetmem_initiator_count(const hetmem_topology* machine) {
    return machine == nullptr ? 0 : machine->value.initiators().size();
}

int hetmem_initiator_get(const hetmem_topology* machine, size_t initiator,
                         hetmem_initiator_info* out) {
    return guarded([&] {
        const hetmem::initiator& from = initiator_at(need(machine, "machine"), initiator);
        hetmem_initiator_info info{};
        info.name = from.name.c_str();
        info.kind = static_cast<int>(from.kind);
        info.node = from.node.value_or(-1);
        info.cpu_count = from.cpus.size();
        answer(out, info, "info");
    });
}

int hetmem_initiator_of_cpu(const hetmem_topology* machine, unsigned cpu, size_t* initiator) {
    return guarded([&] {
        need(initiator, "initiator");
        const auto found = need(machine, "machine").value.initiator_of_cpu(cpu);
        if (!found) {
            throw hetmem::no_such_target("CPU " + std::to_string(cpu) + " belongs to no initiator");
        }
        *initiator = found->index;
    });
}

int hetmem_initiator_best(const hetmem_topology* machine, size_t target, size_t* initiator) {
    return guarded([&] {
        need(initiator, "initiator");
        const hetmem::target& memory = target_at(need(machine, "machine"), target);
        const auto found = machine->value.best_initiator(memory.id);
        if (!found) {
            throw hetmem::no_such_target("no initiator is known to reach " + memory.name);
        }
        *initiator = found->index;
    });
}

int hetmem_figure_get(const hetmem_topology* machine, size_t initiator, size_t target,
                      unsigned level, int quantity, hetmem_figure* out) {
    return guarded([&] {
        const hetmem::initiator& from = initiator_at(need(machine, "machine"), initiator);
        const hetmem::target& to = target_at(*machine, target);
        answer(out, pick(machine->value.access(from.id, to.id, level), quantity), "figure");
    });
}

} // extern "C"
