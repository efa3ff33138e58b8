// src/tool/progress_bar.hpp: one line that shows how far something is, for who waits at a terminal.
#pragma once

#include <hetmem/units.hpp>

#include <chrono>
#include <string>

namespace hetmem::tool {

/// On standard error, and only when that is a terminal; gone with the object.
class progress_bar {
public:
    explicit progress_bar(std::string what);
    ~progress_bar();
    progress_bar(const progress_bar&) = delete;
    progress_bar& operator=(const progress_bar&) = delete;

    /// Draws at most a few times a second. Call it from one thread at a time.
    void show(byte_size done, byte_size total);
    /// share: 0 to 1; `rest`: what is told behind it.
    void show(double share, const std::string& rest);

private:
    bool soon_again() const;

    std::string what_;
    bool to_terminal_;
    bool drawn_ = false;
    std::chrono::steady_clock::time_point last_{};
};

} // namespace hetmem::tool
