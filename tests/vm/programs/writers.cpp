#include "tests/vm/programs/pattern.hpp"
#include "tests/vm/programs/report.hpp"
#include "tests/vm/programs/request.hpp"
#include "tests/vm/programs/subcommands.hpp"

#include <atomic>
#include <cstring>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace vm {
namespace {

using nlohmann::json;

constexpr std::size_t page = 4096;
constexpr std::size_t threads = 4;

/// Counts up in a word of every page of its share, round after round; a round that was begun is
/// finished.
class writer {
public:
    writer(std::span<std::byte> share, const std::atomic<bool>& stop)
        : share_(share), thread_([this, &stop] {
              while (!stop) {
                  round();
                  rounds_.fetch_add(1, std::memory_order_release);
                  std::this_thread::yield(); // the one that migrates is a fifth thread
              }
          }) {}

    std::uint64_t rounds() const { return rounds_.load(std::memory_order_acquire); }
    void join() { thread_.join(); }
    /// After join(): every page has every count.
    bool arrived() const {
        for (std::size_t at = offset; at < share_.size(); at += page) {
            std::uint64_t found = 0;
            std::memcpy(&found, &share_[at], sizeof(found));
            if (found != rounds()) {
                return false;
            }
        }
        return true;
    }

private:
    // Between two words of the pattern, so that what nobody writes is checked too.
    static constexpr std::size_t offset = 256;

    void round() const {
        for (std::size_t at = offset; at < share_.size(); at += page) {
            std::uint64_t count = 0;
            std::memcpy(&count, &share_[at], sizeof(count));
            ++count;
            std::memcpy(&share_[at], &count, sizeof(count));
        }
    }

    std::span<std::byte> share_;
    std::atomic<std::uint64_t> rounds_{0};
    std::thread thread_;
};

} // namespace

json writers(const arguments& asked) {
    constexpr std::uint64_t seed = 0x317e5;
    json said;
    std::optional<hetmem::region> region = filled_region(said, asked, seed);
    if (!region) {
        return said;
    }

    std::atomic<bool> stop = false;
    std::vector<std::unique_ptr<writer>> all;
    const std::size_t share = region->size() / threads;
    for (std::size_t n = 0; n < threads; ++n) {
        all.push_back(std::make_unique<writer>(region->bytes().subspan(n * share, share), stop));
    }
    const auto let_them_write = [&all] {
        for (const auto& one : all) {
            for (const auto begun = one->rounds(); one->rounds() == begun;) {
                std::this_thread::yield();
            }
        }
    };
    let_them_write();
    json went;
    attempt(went, [&] {
        hetmem::migrate_options options;
        options.all_or_nothing = !asked.has("as-far");
        went["result"] = json_of(region->migrate(placement_of(asked.word(3), asked), options));
    });
    let_them_write();
    stop = true;
    bool arrived = true;
    std::uint64_t rounds = 0;
    for (const auto& one : all) {
        one->join();
        arrived = arrived && one->arrived();
        rounds += one->rounds();
    }
    said["migrate"] = went;
    said["every_count_arrived"] = arrived;
    said["rounds"] = rounds;
    said["contents"] = has_pattern(region->bytes(), seed);
    said["migrated"] = state_of(*region);
    return said;
}

} // namespace vm
