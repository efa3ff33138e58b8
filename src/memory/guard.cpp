#include "memory/guard.hpp"

#include "kernel/available.hpp"
#include "kernel/calls.hpp"
#include "memory/words.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace hetmem::detail {

namespace {

constexpr std::uint64_t bytes_per_nanosecond = 64;

std::uint64_t less(std::uint64_t from, std::uint64_t what) {
    return from > what ? from - what : 0;
}

class from_kernel final : public memory_reader {
public:
    id_set allowed_nodes() override { return kernel::thread_allowed_nodes(); }

    std::optional<std::uint64_t> node_available(unsigned node) override {
        id_set wanted = nodes_;
        wanted.insert(node);
        const std::optional<kernel::node_available> found = reader(wanted).read(node);
        return found ? std::optional(found->available) : std::nullopt;
    }

    std::uint64_t all_available(const id_set& nodes) override { return reader(nodes).read_all(); }

    cgroup_room cgroup() override {
        if (!cgroups_) {
            cgroups_ = std::make_unique<kernel::cgroup_reader>();
        }
        const kernel::cgroup_available found = cgroups_->read();
        return {found.available, fmt::format("{} of cgroup {}", found.limit, found.path)};
    }

    std::chrono::nanoseconds now() override {
        return std::chrono::steady_clock::now().time_since_epoch();
    }

private:
    kernel::node_reader& reader(const id_set& nodes) {
        if (!reader_ || !(nodes == nodes_)) {
            reader_ = std::make_unique<kernel::node_reader>(nodes);
            nodes_ = nodes;
        }
        return *reader_;
    }

    id_set nodes_;
    std::unique_ptr<kernel::node_reader> reader_;
    std::unique_ptr<kernel::cgroup_reader> cgroups_;
};

} // namespace

std::unique_ptr<memory_reader> kernel_reader() {
    return std::make_unique<from_kernel>();
}

struct guard::state {
    struct look {
        std::chrono::nanoseconds when{};
        std::uint64_t slack = 0;
        std::uint64_t admitted = 0; ///< state::admitted at that time
    };

    explicit state(std::unique_ptr<memory_reader> from)
        : process(::getpid()), reader(std::move(from)) {}

    bool covered(const request& piece) const;
    shortfall take_look(const request& piece);

    const pid_t process;
    std::mutex mutex;
    std::unique_ptr<memory_reader> reader;
    /// By who asks: the slack holds for the same node, headroom and reserve only.
    std::map<std::tuple<std::optional<unsigned>, std::uint64_t, std::uint64_t>, look> looks;
    std::uint64_t admitted = 0;  ///< ever
    std::uint64_t in_flight = 0; ///< admitted and not finished: no reading shows them yet
};

guard& guard::of_process() {
    struct immortal {
        immortal() { std::construct_at(&value); }
        ~immortal() {} // NOLINT(*-use-equals-default): of a union, it would be deleted
        immortal(const immortal&) = delete;
        immortal& operator=(const immortal&) = delete;
        union {
            guard value;
        };
    };
    static immortal one;
    return one.value;
}

guard::guard(make_reader make) : make_(make), state_(std::make_unique<state>(make()).release()) {}

guard::~guard() {
    const std::unique_ptr<state> last(state_.load());
}

guard::state& guard::of_this_process() {
    state* found = state_.load(std::memory_order_acquire);
    if (found->process == ::getpid()) {
        return *found;
    }
    auto fresh = std::make_unique<state>(make_());
    if (state_.compare_exchange_strong(found, fresh.get(), std::memory_order_acq_rel)) {
        return *fresh.release();
    }
    return *found; // another thread of the child was faster
}

std::optional<shortfall> guard::admit(const request& piece) {
    state& now = of_this_process();
    const std::lock_guard lock(now.mutex);
    if (!now.covered(piece)) {
        shortfall room = now.take_look(piece);
        if (room.available < piece.bytes) {
            return room;
        }
    }
    now.admitted += piece.bytes;
    now.in_flight += piece.bytes;
    return std::nullopt;
}

void guard::finished(std::uint64_t bytes) {
    state& now = of_this_process();
    const std::lock_guard lock(now.mutex);
    now.in_flight -= std::min(bytes, now.in_flight);
}

shortfall guard::room(const request& piece) {
    state& now = of_this_process();
    const std::lock_guard lock(now.mutex);
    return now.take_look(piece);
}

id_set guard::allowed() {
    state& now = of_this_process();
    const std::lock_guard lock(now.mutex);
    return now.reader->allowed_nodes();
}

bool guard::is_only_node(unsigned node) {
    const id_set nodes = allowed();
    return nodes.size() == 1 && nodes.contains(node);
}

bool guard::state::covered(const request& piece) const {
    const auto found = looks.find({piece.node, piece.headroom, piece.reserve});
    if (found == looks.end()) {
        return false;
    }
    const look& last = found->second;
    const std::uint64_t since = admitted - last.admitted + piece.bytes;
    const std::uint64_t half = last.slack / 2;
    const std::chrono::nanoseconds age = reader->now() - last.when;
    return since < half && age.count() >= 0 &&
           static_cast<std::uint64_t>(age.count()) < (half - since) / bytes_per_nanosecond;
}

shortfall guard::state::take_look(const request& piece) {
    memory_reader& from = *reader;
    const id_set nodes = from.allowed_nodes();
    look now;
    now.when = from.now();
    now.admitted = admitted;

    shortfall out;
    const std::uint64_t taken = in_flight;
    const std::uint64_t all = from.all_available(nodes);
    const std::uint64_t in_all = less(all, piece.reserve + taken);
    const memory_reader::cgroup_room cgroup = from.cgroup();
    const std::uint64_t in_cgroup = less(cgroup.available, piece.reserve + taken);
    std::uint64_t on_target = ~std::uint64_t{0};
    bool only_node = false;
    if (piece.node) {
        const std::optional<std::uint64_t> found = from.node_available(*piece.node);
        if (!found) {
            throw target_lost(fmt::format("node{} is no longer online", *piece.node));
        }
        on_target = less(*found, piece.headroom + taken);
        only_node = nodes.size() == 1 && nodes.contains(*piece.node);
        // On a machine with one node the reserve of all nodes is one of this node, too.
        const bool is_reserve = only_node && piece.reserve > piece.headroom;
        out.what =
            fmt::format("node{} has {} available and keeps {} {}", *piece.node, in_words(*found),
                        in_words(is_reserve ? piece.reserve : piece.headroom),
                        is_reserve ? "in reserve while it is populated" : "as headroom");
    }
    out.reason = shortage::target;
    out.available = on_target;
    if (in_all < out.available) {
        out.available = in_all;
        if (!only_node) {
            out.reason = shortage::system;
            out.what = fmt::format("the nodes that may be used ({}) have {} available together, of "
                                   "which {} stay free",
                                   nodes.to_string(), in_words(all), in_words(piece.reserve));
        }
    }
    if (in_cgroup < out.available) {
        out.available = in_cgroup;
        out.reason = shortage::cgroup;
        out.what = fmt::format("{} leaves {}, of which {} stay free", cgroup.name,
                               in_words(cgroup.available), in_words(piece.reserve));
    }
    now.slack = out.available;
    constexpr std::size_t most_looks = 256; // of callers that all have headrooms of their own
    if (looks.size() >= most_looks) {
        looks.clear();
    }
    looks[{piece.node, piece.headroom, piece.reserve}] = now;
    return out;
}

} // namespace hetmem::detail
