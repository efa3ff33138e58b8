#include "kernel/cpu.hpp"

#include "kernel/text.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>

namespace hetmem::kernel {
namespace {

struct key_value {
    std::string_view key;
    std::string_view value;
};

/// "model name\t: Intel(R) ..."
std::optional<key_value> parse_line(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    return key_value{trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1))};
}

std::optional<unsigned> parse_unsigned(std::string_view text) {
    const std::optional<std::uint64_t> number = parse_any_base(text);
    if (!number || *number > std::numeric_limits<unsigned>::max()) {
        return std::nullopt;
    }
    return static_cast<unsigned>(*number);
}

void set_if_empty(std::string& text, std::string_view value) {
    if (text.empty()) {
        text = value;
    }
}

void take_model_line(cpu_model& model, const key_value& line) {
    const auto [key, value] = line;
    // As x86, power, loongarch, mips and riscv call it; arm prints numbers only.
    constexpr std::string_view name_keys[] = {"model name", "cpu", "Model Name", "cpu model",
                                              "uarch"};
    if (std::find(std::begin(name_keys), std::end(name_keys), key) != std::end(name_keys)) {
        set_if_empty(model.name, value);
    } else if (key == "vendor_id" || key == "CPU implementer" || key == "mvendorid") {
        set_if_empty(model.vendor, value);
    } else if (key == "cpu family") {
        model.family = parse_unsigned(value);
    } else if (key == "model") {
        model.model = parse_unsigned(value);
    } else if (key == "stepping" || key == "CPU revision") {
        model.stepping = parse_unsigned(value);
    } else if (key == "CPU part") {
        model.part = parse_unsigned(value);
    }
}

/// The CPUs of the package of `cpu`; at least `cpu` itself.
id_set package_cpus(const directory& topology, unsigned cpu) {
    id_set cpus;
    // The newer name first; both hold the same.
    std::optional<id_set> siblings = topology.read_ids("package_cpus_list");
    if (!siblings) {
        siblings = topology.read_ids("core_siblings_list");
    }
    if (!siblings) {
        if (const read_result mask = topology.read("core_siblings")) {
            siblings = parse_mask(mask.text);
        }
    }
    if (siblings) {
        cpus.insert(*siblings);
    }
    cpus.insert(cpu);
    return cpus;
}

} // namespace

std::optional<id_set> read_online_cpus(const rooted_reader& reader) {
    const directory cpus = reader.open("sys/devices/system/cpu");
    if (std::optional<id_set> online = cpus.read_ids("online")) {
        return online;
    }
    // Copies made by old tools lack the list, but have a directory for each.
    id_set found;
    for (const unsigned cpu : cpus.numbered("cpu")) {
        if (cpu < id_set::limit) {
            found.insert(cpu);
        }
    }
    return found.empty() ? std::nullopt : std::optional<id_set>(std::move(found));
}

std::vector<cpu_package> read_packages(const rooted_reader& reader, const id_set& online_cpus) {
    std::map<int, id_set> cpus_of;
    id_set done;
    const directory all = reader.open("sys/devices/system/cpu");
    for (const unsigned cpu : online_cpus.to_vector()) {
        if (done.contains(cpu)) {
            continue;
        }
        const directory topology = all.open("cpu" + std::to_string(cpu) + "/topology");
        const read_result file = topology.read("physical_package_id");
        const std::optional<std::int64_t> id = file ? parse_i64(file.text) : std::nullopt;
        if (!id || *id < std::numeric_limits<int>::min() || *id > std::numeric_limits<int>::max()) {
            continue;
        }
        const id_set cpus = package_cpus(topology, cpu);
        done.insert(cpus);
        cpus_of[static_cast<int>(*id)].insert(cpus);
    }
    std::vector<cpu_package> packages;
    for (auto& [id, cpus] : cpus_of) {
        packages.push_back({id, std::move(cpus)});
    }
    return packages;
}

cpu_model read_cpu_model(const rooted_reader& reader) {
    cpu_model model;
    bool in_paragraph = false;
    reader.for_each_line("proc/cpuinfo", [&](std::string_view line) {
        if (trimmed(line).empty()) {
            return !in_paragraph;
        }
        in_paragraph = true;
        if (const std::optional<key_value> pair = parse_line(line)) {
            take_model_line(model, *pair);
        }
        return true;
    });
    return model;
}

std::map<unsigned, std::uint32_t> read_apic_ids(const rooted_reader& reader) {
    std::map<unsigned, std::uint32_t> apic_ids;
    std::optional<unsigned> cpu;
    reader.for_each_line("proc/cpuinfo", [&](std::string_view line) {
        const std::optional<key_value> pair = parse_line(line);
        if (!pair) {
            return true;
        }
        if (pair->key == "processor") {
            cpu = parse_unsigned(pair->value);
        } else if (pair->key == "apicid" && cpu && *cpu < id_set::limit) {
            if (const std::optional<unsigned> id = parse_unsigned(pair->value)) {
                apic_ids.emplace(*cpu, *id);
            }
        }
        return true;
    });
    return apic_ids;
}

} // namespace hetmem::kernel
