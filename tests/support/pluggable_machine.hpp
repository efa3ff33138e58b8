// tests/support/pluggable_machine.hpp: a made-up machine of one node with CPUs, and a second one
// whose memory comes and goes while somebody watches. The HMAT knows both from the beginning.
#pragma once

#include "tests/support/firmware.hpp"
#include "tests/support/made_up_machine.hpp"

#include <filesystem>
#include <string>

namespace hetmem::test {

class pluggable_machine {
public:
    explicit pluggable_machine(std::uint16_t latency_ns = 300)
        : machine_(make_machine({{0, "0-1", 0, 4, ~0U, "10"}}, 2)) {
        describe_again(latency_ns);
    }

    const std::filesystem::path& root() const { return machine_.root(); }
    tree& files() { return machine_; }

    /// An HMAT that says something else of the memory that can be plugged.
    void describe_again(std::uint16_t latency_ns) {
        firmware tables;
        tables.processor(0, 0).processor(0, 1);
        tables.memory(0, 0, 4 * block_bytes).memory(2, first * block_bytes, 4 * block_bytes, 3);
        tables.matrix(acpi::data_type::access_latency, 1000, {0}, {0, 2}, {100, latency_ns});
        tables.matrix(acpi::data_type::access_bandwidth, 1000, {0}, {0, 2}, {100, 30});
        tables.write_into(machine_);
    }

    /// Node 2 with its first `blocks` blocks, `online` of which are online.
    void plug(unsigned blocks = 2, unsigned online = ~0U) {
        unplug();
        const unsigned present = online == ~0U ? blocks : online;
        for (unsigned b = 0; b < blocks; ++b) {
            const std::string block = "memory" + std::to_string(first + b);
            machine_.write(system + "memory/" + block + "/state",
                           b < present ? "online\n" : "offline\n");
            machine_.link(system + "node/node2/" + block, "../../memory/" + block);
        }
        const std::string kib = std::to_string(present * (block_bytes >> 10));
        machine_.write(system + "node/node2/cpulist", "\n");
        machine_.write(system + "node/node2/distance", "17 10\n");
        machine_.write(system + "node/node0/distance", "10 17\n");
        machine_.write(system + "node/node2/meminfo", "Node 2 MemTotal:       " + kib +
                                                          " kB\nNode 2 MemFree:        " + kib +
                                                          " kB\n");
        machine_.write(system + "node/online", "0,2\n");
    }

    void unplug() {
        machine_.write(system + "node/online", "0\n");
        machine_.write(system + "node/node0/distance", "10\n");
        machine_.remove(system + "node/node2");
        for (unsigned b = 0; b < 4; ++b) {
            machine_.remove(system + "memory/memory" + std::to_string(first + b));
        }
    }

    /// A plugged node goes and comes back as it was, with few operations on files: for thousands.
    void take_out() {
        std::filesystem::rename(root() / (system + "node/node2"), root() / "node2");
        machine_.write(system + "node/online", "0\n");
    }
    void put_back() {
        std::filesystem::rename(root() / "node2", root() / (system + "node/node2"));
        machine_.write(system + "node/online", "0,2\n");
    }

private:
    static constexpr unsigned first = 16;
    inline static const std::string system = "sys/devices/system/";

    tree machine_;
};

} // namespace hetmem::test
