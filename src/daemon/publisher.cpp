#include "daemon/publisher.hpp"

#include "kernel/cpu.hpp"
#include "kernel/file.hpp"
#include "publish/history.hpp"
#include "publish/publication.hpp"
#include "topology/describe.hpp"
#include "topology/published.hpp"
#include "topology/snapshot.hpp"
#include "topology/state.hpp"

#include <hetmem/error.hpp>

#include <chrono>
#include <span>
#include <utility>

namespace hetmem::daemon {
namespace {

/// "" when there is none.
std::string text_of(const std::filesystem::path& file) {
    try {
        return kernel::read_file(file);
    } catch (const error&) {
        return {};
    }
}

} // namespace

std::optional<topology> read_private(const detail::run_directory& from, std::string_view boot_id) {
    const std::filesystem::path file = from.place() / "current/private";
    try {
        const std::string bytes = kernel::read_file(file);
        detail::snapshot read =
            detail::from_snapshot(std::as_bytes(std::span(bytes)), file.string());
        if (read.boot_id == boot_id && read.machine.generation() == from.current()) {
            return std::move(read.machine);
        }
    } catch (const error&) {
        // Another version of hetmemd wrote it, or nobody did: a new generation replaces it.
    }
    return std::nullopt;
}

publisher::publisher(const kernel::rooted_reader& machine, detail::run_directory& into,
                     hmat_in_force& hmat)
    : machine_(machine), into_(into), hmat_(hmat), boot_id_(detail::boot_id(machine)),
      published_(read_private(into, boot_id_)), published_table_(hmat.table()) {
    if (!published_) {
        into_.forget_seen(); // it speaks of what is not published, maybe of another boot
    }
}

publisher::outcome publisher::look(std::string_view cause, std::uint64_t upto) {
    topology now = detail::describe(machine_, &hmat_.table());
    hmat_.release_hints(now);
    into_.restore();
    outcome result;
    result.generation = into_.last_number();
    result.look_again = detail::tiers_unread(now);
    if (published_) {
        now = detail::keep_tiers(now, *published_);
        result.changes = changes(*published_, now);
        const bool still_there = into_.current() == published_->generation();
        // A store that was written anew is read by everybody who finds another one published.
        const bool same_store =
            detail::state_access::of(*published_).store == detail::state_access::of(now).store;
        if (still_there && result.changes.empty() && same_store &&
            hmat_.table() == published_table_) {
            result.generation = published_->generation();
            into_.set_seen(upto);
            return result;
        }
    }
    ++result.generation;
    now = detail::with_generation(now, result.generation);
    detail::publication_extras extras;
    extras.boot_id = boot_id_;
    if (!hmat_.untouched()) {
        extras.adopted = hmat_.table();
    }
    if (const auto online = kernel::read_online_cpus(machine_);
        !online || *online != processors_.online) {
        processors_ = kernel::read_cpu_tree(machine_);
    }
    extras.processors = processors_;
    extras.history = history_with(cause, result);
    into_.publish(
        result.generation,
        [&](const detail::tree_sink& take) { detail::publication(now, extras, take); }, upto);
    result.published = true;
    published_ = std::move(now);
    published_table_ = hmat_.table();
    return result;
}

std::string publisher::history_with(std::string_view cause, const outcome& now) const {
    // A history of another boot speaks of another machine, as far as anybody knows.
    const std::string so_far =
        published_ ? text_of(into_.place() / "current/history.jsonl") : std::string();
    return detail::extended_history(
        so_far, detail::history_line({now.generation, std::chrono::system_clock::now(),
                                      std::string(cause), now.changes}));
}

} // namespace hetmem::daemon
