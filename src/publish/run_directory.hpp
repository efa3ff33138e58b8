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
    /// removed. Throws hetmem::error: EBUSY when another process holds the lock.
    explicit run_directory(std::filesystem::path place);
    ~run_directory();
    run_directory(const run_directory&) = delete;
    run_directory& operator=(const run_directory&) = delete;

    const std::filesystem::path& place() const;
    /// Number of the generation that `current` points to; nothing at first.
    std::optional<std::uint64_t> current() const;

    /// Writes generations/<number> under another name, renames it, lets `current` point to it and
    /// removes all but it and the one before. Throws hetmem::error; what was current stays then.
    void publish(std::uint64_t number, const file_tree& files);
    /// The same; `write` is called once and hands the files over part by part. What it throws
    /// leaves this. seen: set as soon as `current` leads there, for those who wait for it.
    void publish(std::uint64_t number, const std::function<void(const tree_sink&)>& write,
                 std::optional<std::uint64_t> seen = {});
    /// Replaces one file of the directory itself ("health.json").
    void replace(std::string_view name, std::string_view content, mode_t mode = 0644);
    /// Not by rename: it is one write of 16 bytes, and who waits for it hears of it by inotify(7).
    void set_seen(std::uint64_t event_number);

    /// Called before every operation on the file system; for tests that end the process there.
    static void before_each_step(std::function<void()> call);

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// Whether a process holds the lock of a run directory (root only can tell; false otherwise).
bool somebody_publishes(const std::filesystem::path& place);

} // namespace hetmem::detail
