#include "preload/settings.hpp"

#include "preload/files.hpp"

#include <algorithm>
#include <bit>

namespace hetmem::preload {
namespace {

constexpr std::size_t node_headroom = std::size_t{32} << 20;
constexpr std::size_t most_nodes = 1024;

/// Takes what lies before the separator off the text; all of it when there is none.
std::string_view take(std::string_view& text, char separator) noexcept {
    const std::size_t end = text.find(separator);
    const std::string_view part = before(text, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

bool parse_kind(std::string_view name, placement_kind& kind) noexcept {
    if (name == "bind") {
        kind = placement_kind::bind;
    } else if (name == "prefer") {
        kind = placement_kind::prefer;
    } else if (name == "chain") {
        kind = placement_kind::chain;
    } else if (name == "interleave") {
        kind = placement_kind::interleave;
    } else {
        return false;
    }
    return true;
}

bool parse_option(std::string_view option, leg& to) noexcept {
    const std::string_view name = take(option, '=');
    std::size_t bytes = 0;
    if (!parse_bytes(option, bytes)) {
        return false;
    }
    if (name == "headroom") {
        to.headroom = bytes;
        return true;
    }
    if (to.device == nullptr) {
        return false;
    }
    if (name == "align") {
        to.device_align = bytes;
        return std::has_single_bit(bytes);
    }
    to.device_size = bytes;
    return name == "size";
}

} // namespace

bool placement::fail(std::string_view why) noexcept {
    error_ = why;
    count_ = 0;
    return false;
}

bool placement::parse_leg(char* text) noexcept {
    std::string_view options(text);
    std::string_view head = take(options, ';');
    const std::string_view place = take(head, '*');
    leg one;
    std::size_t number = 0;
    if (place.starts_with('/')) {
        one.device = text;
    } else if (read_number(place, 10, number) && number < most_nodes) {
        one.node = static_cast<int>(number);
        one.headroom = node_headroom;
    } else {
        return fail("a memory is neither a node's number nor a path");
    }
    if (head.data() != place.data() + place.size()) { // there was a '*'
        if (!read_number(head, 10, number) || number == 0 || number > 255) {
            return fail("a weight is not from 1 to 255");
        }
        one.weight = static_cast<unsigned>(number);
    }
    while (!options.empty()) {
        if (!parse_option(take(options, ';'), one)) {
            return fail("what follows a memory cannot be read");
        }
    }
    if (one.device != nullptr && one.device_size == 0) {
        return fail("the size of a device is missing");
    }
    text[place.size()] = '\0'; // ends the device's path
    legs_[count_++] = one;
    return true;
}

bool placement::parse(std::string_view text) noexcept {
    if (text.size() >= text_.size()) {
        return fail("it is too long");
    }
    if (!parse_kind(take(text, ':'), kind_)) {
        return fail("it does not begin with bind:, prefer:, chain: or interleave:");
    }
    std::copy(text.begin(), text.end(), text_.begin());
    std::string_view rest(text_.data(), text.size());
    do {
        const std::string_view one = take(rest, ',');
        if (count_ == most_legs) {
            return fail("it names too many memories");
        }
        char* const start = text_.data() + (one.data() - text_.data());
        start[one.size()] = '\0';
        if (!parse_leg(start)) {
            return false;
        }
    } while (!rest.empty());
    if (count_ > 1 && (kind_ == placement_kind::bind || kind_ == placement_kind::prefer)) {
        return fail("it names several memories where one is possible");
    }
    return true;
}

bool parse_bytes(std::string_view text, std::size_t& bytes) noexcept {
    return read_number(text, 10, bytes);
}

bool parse_report_pipe(std::string_view text, report_pipe& pipe) noexcept {
    std::size_t descriptor = 0;
    std::size_t inode = 0;
    if (!read_number(take(text, ':'), 10, descriptor) || !read_number(text, 10, inode) ||
        descriptor > 1 << 20) {
        return false;
    }
    pipe = {static_cast<int>(descriptor), inode};
    return true;
}

} // namespace hetmem::preload
