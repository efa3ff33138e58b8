#include "preload/node_room.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace hetmem::preload {
namespace {

constexpr std::size_t kib = 1024;

/// NAME=NUMBER.
bool read_count(std::string_view word, std::string_view name, std::size_t& count) noexcept {
    return word.starts_with(name) && read_number(behind(word, name.size()), 10, count);
}

} // namespace

bool parse_available(input& meminfo, std::size_t& bytes) noexcept {
    // "Node 2 MemFree:   1234 kB"
    std::size_t free = 0;
    std::size_t cache = 0;
    bool found = false;
    std::size_t* wanted = nullptr;
    for (token word; meminfo.next(word);) {
        std::size_t number = 0;
        if (wanted != nullptr) {
            if (read_number(word.text(), 10, number)) {
                *wanted += number * kib;
            }
            wanted = nullptr;
        } else if (word.text() == "MemFree:") {
            wanted = &free;
            found = true;
        } else if (word.text() == "Active(file):" || word.text() == "Inactive(file):") {
            wanted = &cache;
        }
    }
    bytes = free + cache / 2;
    return found;
}

bool read_available(int node, std::size_t& bytes) noexcept {
    constexpr std::string_view before = "/sys/devices/system/node/node";
    constexpr std::string_view behind = "/meminfo";
    std::array<char, before.size() + 12 + behind.size()> path{};
    char* end = std::copy(before.begin(), before.end(), path.begin());
    end = std::to_chars(end, end + 11, node).ptr;
    std::copy(behind.begin(), behind.end(), end);
    input meminfo(path.data());
    return parse_available(meminfo, bytes);
}

bool parse_node_pages(std::string_view word, std::size_t& node, std::size_t& pages) noexcept {
    const std::size_t equals = word.find('=');
    return word.starts_with('N') && equals != std::string_view::npos &&
           read_number(before(behind(word, 1), equals - 1), 10, node) &&
           read_number(behind(word, equals + 1), 10, pages);
}

std::size_t count_touched(input& numa_maps, int node,
                          bool (*counts)(void* context, std::uintptr_t start),
                          void* context) noexcept {
    // "7f0000000000 prefer:2 anon=512 dirty=512 active=0 N0=100 N2=412 kernelpagesize_kB=4"
    constexpr std::string_view prefer = "prefer:";
    std::array<char, prefer.size() + 12> policy{};
    char* const number = std::copy(prefer.begin(), prefer.end(), policy.begin());
    char* const end = std::to_chars(number, policy.data() + policy.size(), node).ptr;
    const std::string_view wanted(policy.data(), static_cast<std::size_t>(end - policy.data()));

    std::size_t bytes = 0;
    std::size_t pages = 0;
    bool is_ours = false;
    bool policy_comes = false;
    for (token word; numa_maps.next(word);) {
        const std::string_view text = word.text();
        std::size_t which = 0;
        std::size_t value = 0;
        if (word.starts_line) {
            pages = 0;
            is_ours = read_number(text, 16, value) && counts(context, value);
            policy_comes = true;
        } else if (policy_comes) {
            is_ours = is_ours && text == wanted;
            policy_comes = false;
        } else if (is_ours && parse_node_pages(text, which, value)) {
            pages += value;
        } else if (is_ours && read_count(text, "kernelpagesize_kB=", value)) {
            bytes += pages * value * kib;
        }
    }
    return bytes;
}

void node_room::set(int node, std::size_t headroom) noexcept {
    node_ = node;
    headroom_ = headroom;
}

std::size_t node_room::room(std::size_t wanted, node_observer& observer) noexcept {
    std::size_t available = 0;
    if (!observer.available(node_, available)) {
        return wanted; // nobody tells: the policy alone has to do
    }
    const std::size_t usable = available > headroom_ ? available - headroom_ : 0;
    if (usable >= assigned_ && usable - assigned_ >= wanted) {
        return wanted;
    }
    if (const std::uint64_t start = observer.now(); start >= next_reading_) {
        const std::size_t untouched = assigned_ - std::min(assigned_, observer.touched(node_));
        const std::uint64_t end = observer.now();
        next_reading_ = end + 50 * (end - start);
        last_room_ = usable > untouched ? usable - untouched : 0;
    }
    // However old the last reading is, there is not more than the node has available.
    return std::min(last_room_, usable);
}

std::size_t node_room::take(std::size_t wanted, std::size_t unit,
                            node_observer& observer) noexcept {
    const std::size_t all = std::min(wanted, room(wanted, observer));
    const std::size_t taken = all - all % unit;
    assigned_ += taken;
    last_room_ -= std::min(last_room_, taken);
    return taken;
}

void node_room::give_back(std::size_t bytes) noexcept {
    assigned_ -= std::min(assigned_, bytes);
    last_room_ += bytes;
}

} // namespace hetmem::preload
