// override/steps.hpp: changes to a machine's files, done in order, and undone backwards when one
// fails: half of it is never left.
//
//     std::vector<step> steps = {write_file(place, "etc/a.conf", text), run(...)};
//     run_steps(steps, [](const step& s) { print(s.what); });
//
// Paths are relative to the root of the machine; where a link leads out of it, nothing is changed
// and not_permitted is thrown. What is written is on the disk before the next step begins: without
// power in the middle of it, the machine still starts.
#pragma once

#include <hetmem/error.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace hetmem::detail {

struct step {
    std::string what; ///< for people: "write /etc/a.conf"
    std::function<void()> apply;
    /// Brings back what was there before; only called after apply() has returned. Empty: nothing to
    /// bring back.
    std::function<void()> undo;
    /// A command that this step only tells of, since it must be run elsewhere.
    std::string left_to_run{};
};

/// Something could not be brought back: what() says what failed first, and what is left.
class undo_failed : public error {
public:
    using error::error;
};

/// Throws what a step threw, once all that were done before it are undone; undo_failed where that
/// went wrong. `begin` is called before each.
void run_steps(const std::vector<step>& steps, const std::function<void(const step&)>& begin = {});

constexpr mode_t for_everybody = 0644;
constexpr mode_t for_owner = 0600;
constexpr mode_t program_mode = 0755;
constexpr mode_t private_directory = 0700;

/// With those above it; undone, those that were made are gone.
step make_directory(const std::filesystem::path& root, const std::string& path,
                    mode_t mode = program_mode);
/// Written to a temporary name and renamed.
step write_file(const std::filesystem::path& root, const std::string& path, std::string content,
                mode_t mode = for_everybody);
/// A large file; `to` appears when it is complete. Undone, it is gone, unless there was one before.
step copy_file(const std::filesystem::path& root, const std::string& from, const std::string& to);
/// In place of what is there; undone, `to` is gone: something before it must bring that back.
step move_file(const std::filesystem::path& root, const std::string& from, const std::string& to);
/// That it is not there is no failure. Kept in memory until all is done.
step remove_file(const std::filesystem::path& root, const std::string& path);
/// For what can be spared: files that are too large to be kept in memory, empty directories. Never
/// fails and cannot be undone: it comes last.
step clean_up(const std::filesystem::path& root, std::vector<std::string> paths);

} // namespace hetmem::detail
