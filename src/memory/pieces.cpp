#include "memory/pieces.hpp"

#include "kernel/blocked_signals.hpp"
#include "kernel/calls.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <bit>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

namespace hetmem::detail {

namespace {

class queue {
public:
    queue(std::span<const byte_range> ranges, std::size_t piece) : ranges_(ranges), piece_(piece) {}

    void work(const make_piece_work& make) {
        try {
            const piece_work one = make();
            while (const std::optional<byte_range> piece = next()) {
                const piece_result result = one(*piece);
                if (result != piece_result::done) {
                    leave(*piece, result == piece_result::stop);
                }
            }
        } catch (...) {
            const std::lock_guard lock(mutex_);
            failure_ = std::current_exception();
            stopped_ = true;
        }
    }

    byte_ranges finish() {
        if (failure_) {
            std::rethrow_exception(failure_);
        }
        while (!at_end()) {
            left_.push_back(take());
        }
        return joined(std::move(left_));
    }

private:
    bool at_end() const { return range_ == ranges_.size(); }

    byte_range take() {
        const byte_range& range = ranges_[range_];
        std::byte* const start = range.start + offset_;
        const std::size_t to_boundary = piece_ - std::bit_cast<std::uintptr_t>(start) % piece_;
        const std::size_t length = std::min(range.length - offset_, to_boundary);
        offset_ += length;
        if (offset_ == range.length) {
            ++range_;
            offset_ = 0;
        }
        return {start, length};
    }

    std::optional<byte_range> next() {
        const std::lock_guard lock(mutex_);
        if (stopped_ || at_end()) {
            return std::nullopt;
        }
        return take();
    }

    void leave(byte_range piece, bool stop) {
        const std::lock_guard lock(mutex_);
        left_.push_back(piece);
        stopped_ = stopped_ || stop;
    }

    std::span<const byte_range> ranges_;
    std::size_t piece_;
    std::mutex mutex_;
    std::size_t range_ = 0;
    std::size_t offset_ = 0;
    bool stopped_ = false;
    byte_ranges left_;
    std::exception_ptr failure_;
};

} // namespace

byte_ranges in_pieces(std::span<const byte_range> ranges, const in_pieces_options& options,
                      const make_piece_work& make) {
    queue all(ranges, options.piece);
    {
        std::vector<std::jthread> threads;
        const unsigned more = options.only_own_threads ? options.threads : options.threads - 1;
        if (more != 0) {
            const kernel::blocked_signals quiet;
            try {
                for (unsigned n = 0; n < more; ++n) {
                    threads.emplace_back([&] { all.work(make); });
                }
            } catch (const std::system_error& e) {
                // Fewer do it too, but for somebody who may not do it himself.
                if (options.only_own_threads && threads.empty()) {
                    throw error(e.code().value(), "starting a thread that populates");
                }
            }
        }
        if (!options.only_own_threads) {
            all.work(make);
        }
    }
    return all.finish();
}

unsigned threads_for(std::uint64_t bytes, unsigned asked) {
    constexpr std::uint64_t least = 16ULL << 20;
    constexpr std::uint64_t most = 16;
    const std::uint64_t pieces = std::max<std::uint64_t>(1, bytes / huge_page);
    if (asked != 0) {
        return static_cast<unsigned>(std::min<std::uint64_t>(asked, pieces));
    }
    const std::uint64_t useful = std::min(most, bytes / least);
    if (useful < 2) {
        return 1;
    }
    const std::uint64_t cpus = kernel::thread_allowed_cpus().size();
    return static_cast<unsigned>(std::max<std::uint64_t>(1, std::min(useful, cpus)));
}

} // namespace hetmem::detail
