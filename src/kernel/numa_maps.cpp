#include "kernel/numa_maps.hpp"

#include "kernel/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

namespace hetmem::kernel {
namespace {

/// The next word of a line whose words are separated by one space each.
std::string_view take_word(std::string_view& text) {
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    return word;
}

/// seq_path() writes some characters as a backslash and three octal digits (and leaves a backslash
/// as it is, so only what it writes is read back).
std::string unescaped(std::string_view text, std::string_view characters) {
    std::string plain;
    plain.reserve(text.size());
    while (!text.empty()) {
        std::size_t used = 1;
        char c = text.front();
        for (const char escaped : characters) {
            const auto code = static_cast<unsigned>(static_cast<unsigned char>(escaped));
            const std::array<char, 4> written{'\\', static_cast<char>('0' + (code >> 6U)),
                                              static_cast<char>('0' + (code >> 3U & 7U)),
                                              static_cast<char>('0' + (code & 7U))};
            if (text.starts_with(std::string_view(written.data(), written.size()))) {
                used = written.size();
                c = escaped;
            }
        }
        plain += c;
        text.remove_prefix(used);
    }
    return plain;
}

/// Hexadecimal digits and nothing else: parse_hex() also takes white space and 0x.
std::optional<std::uint64_t> bare_hex(std::string_view text) {
    if (text.empty() || text.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
        return std::nullopt;
    }
    return parse_hex(text);
}

std::string file_of(pid_t pid, std::string_view name) {
    return pid == 0 ? fmt::format("proc/self/{}", name) : fmt::format("proc/{}/{}", pid, name);
}

template <class Parsed>
maps_read read_lines(const std::string& path, std::optional<Parsed> (*parse)(std::string_view),
                     const std::function<bool(const Parsed&)>& use) {
    maps_read done;
    const rooted_reader machine("/");
    done.read = machine.for_each_line(path, [&](std::string_view line) {
        const std::optional<Parsed> parsed = parse(line);
        if (!parsed) {
            ++done.malformed;
            return true;
        }
        return use(*parsed);
    });
    return done;
}

} // namespace

std::optional<numa_map> parse_numa_map(std::string_view line) {
    numa_map map;
    const std::optional<std::uint64_t> start = bare_hex(take_word(line));
    const std::string_view policy = take_word(line);
    if (!start || policy.empty()) {
        return std::nullopt;
    }
    map.start = *start;
    map.policy = policy;
    // Two policies have a space in their names (policy_modes in mm/mempolicy.c).
    if (policy == "weighted" || (policy == "prefer" && line.starts_with("(many)"))) {
        map.policy += ' ';
        map.policy += take_word(line);
    }
    while (!line.empty()) {
        const std::string_view word = take_word(line);
        const std::size_t equals = word.find('=');
        const std::string_view key = word.substr(0, equals);
        if (equals == std::string_view::npos) {
            if (word == "huge") {
                map.huge = true;
            } else if (word == "heap" || word == "stack") {
                map.name = fmt::format("[{}]", word);
            }
            continue;
        }
        const std::string_view value = word.substr(equals + 1);
        if (key == "file") {
            map.name = unescaped(value, "\n\t= ");
        } else if (const std::optional<unsigned> node = number_after("N", key)) {
            const std::optional<std::uint64_t> count = parse_u64(value);
            if (!count || *node >= node_limit) {
                return std::nullopt;
            }
            map.pages.emplace_back(*node, *count);
        } else if (key == "kernelpagesize_kB") {
            constexpr std::uint64_t largest_kib = std::uint64_t{1} << 40U;
            const std::optional<std::uint64_t> kib = parse_u64(value);
            if (!kib || *kib == 0 || *kib > largest_kib) {
                return std::nullopt;
            }
            map.page_bytes = *kib << 10U;
        }
    }
    // Sums of bytes must not wrap, whatever the file says.
    constexpr std::uint64_t most_bytes = std::uint64_t{1} << 60U;
    for (const auto& [node, count] : map.pages) {
        if (count > most_bytes / map.page_bytes) {
            return std::nullopt;
        }
    }
    return map;
}

std::optional<process_map> parse_process_map(std::string_view line) {
    const std::string_view range = take_word(line);
    const std::string_view permissions = take_word(line);
    const std::optional<std::uint64_t> offset = bare_hex(take_word(line));
    const std::string_view device = take_word(line);
    const std::optional<std::uint64_t> inode = parse_u64(take_word(line));

    const std::size_t dash = std::min(range.find('-'), range.size());
    const std::size_t colon = std::min(device.find(':'), device.size());
    const std::optional<std::uint64_t> start = bare_hex(range.substr(0, dash));
    const std::optional<std::uint64_t> end =
        bare_hex(range.substr(std::min(dash + 1, range.size())));
    const std::optional<std::uint64_t> major = bare_hex(device.substr(0, colon));
    const std::optional<std::uint64_t> minor =
        bare_hex(device.substr(std::min(colon + 1, device.size())));
    if (!start || !end || *end <= *start || !offset || !inode || !major || !minor ||
        *major > 0xffffffffU || *minor > 0xffffffffU || permissions.size() != 4) {
        return std::nullopt;
    }
    process_map map;
    map.start = *start;
    map.end = *end;
    map.readable = permissions[0] == 'r';
    map.writable = permissions[1] == 'w';
    map.shared = permissions[3] == 's';
    map.offset = *offset;
    map.major = static_cast<std::uint32_t>(*major);
    map.minor = static_cast<std::uint32_t>(*minor);
    map.inode = *inode;
    // The name is set in a column of its own.
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    map.path = unescaped(line, "\n");
    return map;
}

maps_read read_numa_maps(pid_t pid, const std::function<bool(const numa_map&)>& use) {
    return read_lines<numa_map>(file_of(pid, "numa_maps"), parse_numa_map, use);
}

maps_read read_maps(pid_t pid, const std::function<bool(const process_map&)>& use) {
    return read_lines<process_map>(file_of(pid, "maps"), parse_process_map, use);
}

} // namespace hetmem::kernel
