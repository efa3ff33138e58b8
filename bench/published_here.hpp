// bench/published_here.hpp: this machine as hetmemd would publish it, in a temporary directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

namespace hetmem::bench {

class published_here {
public:
    /// Only root: what others made is not trusted.
    static bool can_be_made();

    published_here();
    ~published_here();
    published_here(const published_here&) = delete;
    published_here& operator=(const published_here&) = delete;

    /// Does the work in a process of the user nobody. Throws when that fails.
    void as_ordinary_user(const std::function<void()>& work) const;

    /// What discover() does where it finds this up to date.
    void load() const;
    /// The same where the kernel has spoken since: nothing is read afresh.
    void load_as_it_is() const;

private:
    void set_seen(const std::filesystem::path& place, std::uint64_t event) const;

    std::filesystem::path place_;
    std::filesystem::path outdated_; // the same, but for `seen`
};

} // namespace hetmem::bench
