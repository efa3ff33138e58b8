// run_directory.hpp: the directory that hetmemd publishes in (/run/hetmem), written so that whoever
// reads sees one generation whole, also when the writer is killed between any two steps.
//
//     lock                 held by the one that writes
//     seen                 topology/published.hpp
//     health.json          how the daemon is
//     requests/            what `hetmem adopt` asks for (root only)
//     current              -> generations/N, replaced by rename
//     generations/N/       never changed once it has its name; the one before stays
//     topology.json, history.jsonl, hmem, fsroot, hwloc.xml    -> current/...
#pragma once

#include "publish/file_tree.hpp"

#include "kernel/rooted.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hetmem::detail {

class run_directory {
public:
    /// Creates what is missing and takes the lock. What a writer that was killed left half done is
    /// removed, and nothing else. Throws hetmem::error: EBUSY when another process holds the lock,
    /// ENOTEMPTY when the directory holds something and is none of ours, ENOTDIR when it is a link:
    /// whoever may turn that would decide where root writes.
    explicit run_directory(const std::filesystem::path& place);
    ~run_directory();
    run_directory(const run_directory&) = delete;
    run_directory& operator=(const run_directory&) = delete;

    const std::filesystem::path& place() const;
    /// Number of the generation that `current` points to; nothing at first, or when `current` is
    /// damaged.
    std::optional<std::uint64_t> current() const;
    /// The largest number of a generation so far, 0 at first: the next one has a larger number.
    std::uint64_t last_number() const;

    /// Makes again what somebody removed from under us, the lock and `seen` included, and finds
    /// out what `current` points to now. publish() and replace() do so, too.
    void restore();

    /// Writes generations/<number> under another name, renames it, lets `current` point to it and
    /// removes all but it and the one before. Throws hetmem::error; what was current stays then.
    void publish(std::uint64_t number, const file_tree& files);
    /// The same; `write` is called once and hands the files over part by part. What it throws
    /// leaves this. seen: set as soon as `current` leads there, for those who wait for it.
    void publish(std::uint64_t number, const std::function<void(const tree_sink&)>& write,
                 std::optional<std::uint64_t> seen = {});
    /// Replaces one file of the directory itself; there is only "health.json".
    void replace(std::string_view name, std::string_view content, mode_t mode = 0644);
    /// Not by rename: it is one write of 16 bytes, and who waits for it hears of it by inotify(7).
    void set_seen(std::uint64_t event_number);
    /// Nothing has been seen: the number may be one of an earlier boot, ahead of this kernel's.
    void forget_seen();

    /// Called before every operation on the file system; for tests that end the process there.
    static void before_each_step(std::function<void()> call);

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// Whether a process holds the lock of a run directory (root only can tell; false otherwise).
bool somebody_publishes(const std::filesystem::path& place);

} // namespace hetmem::detail
