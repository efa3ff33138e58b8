#include "preload/report.hpp"

#include "preload/files.hpp"
#include "preload/node_room.hpp"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace hetmem::preload {
namespace {

constexpr std::size_t most_nodes = 1024;

struct bytes_there {
    std::size_t all = 0;
    std::size_t placed = 0;
};

/// A pipe takes this much at once or not at all (PIPE_BUF).
class message {
public:
    message& operator<<(std::string_view part) noexcept {
        const std::size_t fits = std::min(part.size(), text_.size() - length_);
        std::copy_n(part.data(), fits, text_.data() + length_);
        length_ += fits;
        return *this;
    }
    message& operator<<(std::size_t number) noexcept {
        std::array<char, 20> digits;
        const char* const end =
            std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        return *this << std::string_view(digits.data(),
                                         static_cast<std::size_t>(end - digits.data()));
    }
    void write(int descriptor) const noexcept {
        ::syscall(SYS_write, descriptor, text_.data(), length_);
    }

private:
    std::array<char, 4096> text_;
    std::size_t length_ = 0;
};

void count(std::array<bytes_there, most_nodes>& nodes, placed_memory* placed) noexcept {
    constexpr std::string_view page_size = "kernelpagesize_kB=";
    constinit static std::array<std::size_t, most_nodes> pages{}; // of one mapping
    input maps("/proc/self/numa_maps");
    bool is_placed = false;
    std::size_t last = 0; // node that has any
    for (token word; maps.next(word);) {
        std::size_t node = 0;
        std::size_t value = 0;
        if (word.starts_line) {
            is_placed =
                placed != nullptr && read_number(word.text(), 16, value) && placed->owns(value);
        } else if (parse_node_pages(word.text(), node, value) && node < most_nodes) {
            pages[node] = value;
            last = std::max(last, node);
        } else if (word.text().starts_with(page_size) &&
                   read_number(behind(word.text(), page_size.size()), 10, value)) {
            for (std::size_t i = 0; i <= last; ++i) {
                const std::size_t bytes = pages[i] * value * 1024;
                nodes[i].all += bytes;
                nodes[i].placed += is_placed ? bytes : 0;
                pages[i] = 0;
            }
            last = 0;
        }
    }
}

} // namespace

void report(const report_pipe& to, placed_memory* placed) noexcept {
    struct stat found {};
    if (to.descriptor < 0 || ::fstat(to.descriptor, &found) != 0 || !S_ISFIFO(found.st_mode) ||
        found.st_ino != to.inode) {
        return;
    }
    constinit static std::array<bytes_there, most_nodes> nodes{};
    count(nodes, placed);
    message text;
    text << "pid " << static_cast<std::size_t>(::getpid()) << "\n";
    for (std::size_t node = 0; node < most_nodes; ++node) {
        if (nodes[node].all != 0) {
            text << "node " << node << " " << nodes[node].all << " " << nodes[node].placed << "\n";
        }
    }
    if (placed != nullptr) {
        const auto legs = placed->where().legs();
        for (std::size_t i = 0; i < legs.size(); ++i) {
            if (const std::size_t bytes = placed->assigned(i);
                legs[i].device != nullptr && bytes != 0) {
                text << "device " << legs[i].device << " " << bytes << "\n";
            }
        }
    }
    text << "end\n";
    text.write(to.descriptor);
}

} // namespace hetmem::preload
