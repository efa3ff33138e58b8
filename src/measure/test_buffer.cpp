#include "measure/test_buffer.hpp"

#include "kernel/available.hpp"
#include "kernel/dax_users.hpp"
#include "kernel/smaps.hpp"
#include "memory/words.hpp"
#include "topology/target_state.hpp"

#include <hetmem/error.hpp>
#include <hetmem/placement.hpp>

#include <algorithm>
#include <bit>

#include <fmt/format.h>
#include <unistd.h>

namespace hetmem::detail {

namespace {

constexpr byte_size pool_page = byte_size::from_mib(2);

/// Whether the node's pool has that much to spare.
bool pool_has(int node, byte_size size) {
    const auto pool = kernel::read_huge_pool(static_cast<unsigned>(node), pool_page.bytes());
    return pool && pool->free >= (size.bytes() + pool_page.bytes() - 1) / pool_page.bytes();
}

region make_region(const topology& machine, target_id id, byte_size size, bool destroy) {
    const target& memory = machine.targets()[id.index];
    if (const auto why = keeps_contents(memory); why && !destroy) {
        throw target_reserved(fmt::format("{} {}: measuring it would overwrite what is there, and "
                                          "needs to be told so (destroy_contents)",
                                          memory.name, *why));
    }
    if (const auto by = mapped_by_others(kernel::rooted_reader("/"), memory); by && !destroy) {
        throw target_reserved(fmt::format("{} {}: measuring it would overwrite what that has "
                                          "there, and needs to be told so (destroy_contents)",
                                          memory.name, *by));
    }
    const placement there = hetmem::bind(machine, id);
    region_options options;
    options.zeroed = false; // of dax devices; nothing here reads what the last user wrote
    if (is_node(memory) && pool_has(*memory.node, size)) {
        options.pages = page_size::huge_2m;
        try {
            return {size, there, options};
        } catch (const target_full&) {
            // Somebody else was faster: there is other memory.
            options.pages = page_size::transparent;
        }
    }
    return {size, there, options};
}

} // namespace

std::optional<std::string> keeps_contents(const target& memory) {
    if (is_node(memory)) {
        return std::nullopt; // ordinary memory, whatever it is made of
    }
    if (memory.kind == memory_kind::pmem) {
        return fmt::format("is persistent memory ({})", memory.kind_reason);
    }
    for (const device_leg& leg : memory.device_legs) {
        if (leg.non_volatile) {
            return fmt::format("is persistent memory by the CDAT of {}", leg.device);
        }
    }
    for (const dax_device& device : memory.dax) {
        if (device.origin == "pmem") {
            return fmt::format("is persistent memory ({} belongs to an NVDIMM region)",
                               device.name);
        }
        if (device.origin.empty()) {
            return fmt::format("may be persistent memory (nothing tells what {} is made of)",
                               device.name);
        }
    }
    return std::nullopt;
}

std::optional<std::string> mapped_by_others(const kernel::rooted_reader& reader,
                                            const target& memory) {
    if (is_node(memory) || memory.dax.empty()) {
        return std::nullopt;
    }
    const kernel::dax_users users = kernel::read_dax_users(reader);
    for (const dax_device& device : memory.dax) {
        const auto found = users.processes.find(device.name);
        if (found == users.processes.end()) {
            continue;
        }
        for (const unsigned pid : found->second) {
            // What this process has there it locked as every region does.
            if (pid != static_cast<unsigned>(::getpid())) {
                const auto name = reader.top().read_line(fmt::format("proc/{}/comm", pid));
                return fmt::format("is in use: {} (process {}) has {} mapped",
                                   name.value_or("a program"), pid, device.name);
            }
        }
    }
    return std::nullopt;
}

test_buffer::test_buffer(const topology& machine, target_id target, byte_size size, bool destroy)
    : region_(make_region(machine, target, size, destroy)),
      name_(machine.targets()[target.index].name) {
    const kernel::mapped_pages pages = kernel::read_mapped_pages(
        kernel::rooted_reader("/"), std::bit_cast<std::uintptr_t>(region_.data()), region_.size());
    page_ = byte_size::from_bytes(pages.page_bytes);
    page_percent_ = pages.percent;
    verify();
}

void test_buffer::verify() const {
    const verification found = region_.verify();
    if (found.kept) {
        return;
    }
    throw target_lost(
        fmt::format("of {} that were on {}, {} are elsewhere and {} are no longer present",
                    in_words(region_.size()), name_, in_words(found.strayed.bytes()),
                    in_words(found.absent.bytes())));
}

} // namespace hetmem::detail
