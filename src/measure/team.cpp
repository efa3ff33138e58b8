#include "measure/team.hpp"

#include "kernel/blocked_signals.hpp"
#include "measure/clock.hpp"
#include "memory/uncancellable.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <span>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <hwy/cache_control.h>
#include <sched.h>

namespace hetmem::detail {

namespace {

void pin_this_thread(unsigned cpu) {
    constexpr std::size_t bits = 8 * sizeof(unsigned long);
    std::vector<unsigned long> mask(cpu / bits + 1);
    mask.back() = 1UL << (cpu % bits);
    if (::sched_setaffinity(0, mask.size() * sizeof mask.front(),
                            reinterpret_cast<const cpu_set_t*>(mask.data())) != 0) {
        throw not_permitted(fmt::format(
            "no thread of this process may run on CPU {}: it is offline, or the cpuset does not "
            "have it (Cpus_allowed_list of /proc/self/status)",
            cpu));
    }
}

void must_run_on(unsigned cpu) {
    const int now = ::sched_getcpu();
    if (now >= 0 && static_cast<unsigned>(now) != cpu) {
        throw error(EAGAIN, fmt::format("a thread that was pinned to CPU {} ran on CPU {}: the CPU "
                                        "was taken offline, or somebody moved the thread",
                                        cpu, now));
    }
}

/// Where threads wait for each other without sleeping, so that they leave at the same moment.
class spin_barrier {
public:
    void expect(unsigned count) {
        count_ = count;
        arrived_.store(0, std::memory_order_relaxed);
    }
    void wait() {
        // Another thread may need this CPU to get here: it is given up now and then.
        constexpr unsigned spins_between_yields = 1000;
        arrived_.fetch_add(1, std::memory_order_acq_rel);
        for (unsigned spins = 1; arrived_.load(std::memory_order_acquire) < count_; ++spins) {
            if (spins % spins_between_yields == 0) {
                std::this_thread::yield();
            } else {
                hwy::Pause();
            }
        }
    }

private:
    unsigned count_ = 0;
    std::atomic<unsigned> arrived_{0};
};

} // namespace

struct team::state {
    struct member {
        unsigned cpu = 0;
        measuring_clock::time_point began;
        measuring_clock::time_point ended;
        std::exception_ptr failure;
    };

    explicit state(const id_set& cpus);
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() { stop(); }

    void start_threads();
    void live(unsigned index);
    void take_part(unsigned index);
    void stop();
    void throw_failure(unsigned count);

    std::vector<member> members;
    std::mutex mutex;
    std::condition_variable changed;  ///< for the members: a new run, or the end
    std::condition_variable finished; ///< for the caller: all that were awaited have come
    unsigned long runs = 0;
    unsigned taking_part = 0;
    unsigned awaited = 0;
    bool ending = false;
    const std::function<void(unsigned)>* work = nullptr;
    spin_barrier start;
    std::vector<std::thread> threads;
};

team::state::state(const id_set& cpus) {
    for (const unsigned cpu : cpus.to_vector()) {
        members.emplace_back().cpu = cpu;
    }
    if (members.empty()) {
        throw std::invalid_argument("a team without CPUs");
    }
    threads.reserve(members.size());
    awaited = static_cast<unsigned>(members.size());
    try {
        start_threads();
        std::unique_lock lock(mutex);
        finished.wait(lock, [this] { return awaited == 0; });
        lock.unlock();
        throw_failure(static_cast<unsigned>(members.size()));
    } catch (...) {
        stop();
        throw;
    }
}

void team::state::start_threads() {
    const kernel::blocked_signals quiet;
    for (unsigned index = 0; index < members.size(); ++index) {
        try {
            threads.emplace_back([this, index] { live(index); });
        } catch (const std::system_error& e) {
            throw error(e.code().value(), "starting a thread that measures");
        }
    }
}

void team::state::stop() {
    {
        const std::lock_guard lock(mutex);
        ending = true;
    }
    changed.notify_all();
    for (std::thread& one : threads) {
        one.join();
    }
    threads.clear();
}

void team::state::throw_failure(unsigned count) {
    for (unsigned index = 0; index < count; ++index) {
        if (const std::exception_ptr failure = std::exchange(members[index].failure, nullptr)) {
            std::rethrow_exception(failure);
        }
    }
}

void team::state::live(unsigned index) {
    try {
        pin_this_thread(members[index].cpu);
        must_run_on(members[index].cpu);
    } catch (...) {
        members[index].failure = std::current_exception();
    }
    std::unique_lock lock(mutex);
    for (unsigned long seen = 0;;) {
        if (--awaited == 0) {
            finished.notify_one();
        }
        do {
            changed.wait(lock, [&] { return ending || runs != seen; });
            if (ending) {
                return;
            }
            seen = runs;
        } while (index >= taking_part);
        lock.unlock();
        take_part(index);
        lock.lock();
    }
}

void team::state::take_part(unsigned index) {
    member& self = members[index];
    start.wait();
    self.began = measuring_clock::now();
    try {
        (*work)(index);
        self.ended = measuring_clock::now();
        must_run_on(self.cpu);
    } catch (...) {
        self.failure = std::current_exception();
    }
}

team::team(const id_set& cpus) {
    const uncancellable whole;
    state_ = std::make_unique<state>(cpus);
}
team::~team() = default;

unsigned team::size() const {
    return static_cast<unsigned>(state_->members.size());
}

std::uint64_t team::run(const std::function<void(unsigned index)>& work, unsigned threads) {
    if (threads == 0 || threads > size()) {
        throw std::invalid_argument(fmt::format("{} of {} threads", threads, size()));
    }
    const uncancellable whole; // the threads use `work`
    {
        std::unique_lock lock(state_->mutex);
        state_->work = &work;
        state_->taking_part = threads;
        state_->awaited = threads;
        state_->start.expect(threads);
        ++state_->runs;
        state_->changed.notify_all();
        state_->finished.wait(lock, [this] { return state_->awaited == 0; });
        state_->work = nullptr;
    }
    state_->throw_failure(threads);
    const std::span members = std::span(state_->members).first(threads);
    const auto began = std::ranges::min(members, {}, &state::member::began).began;
    const auto ended = std::ranges::max(members, {}, &state::member::ended).ended;
    return picoseconds(ended - began);
}

} // namespace hetmem::detail
