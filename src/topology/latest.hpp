// latest.hpp: a value that one thread at a time replaces and any thread may read without waiting,
// also in a forked child, whatever the other threads were doing at that moment.
//
//     latest<topology> now(machine);
//     now.set(another);     // one thread at a time; waits for readers of the value before
//     use(now.get());       // a copy
//
// Two places for the value: readers use the one that is named, the writer fills the other one and
// names it then. What a mutex, or std::atomic<std::shared_ptr> with its lock bit, would leave
// locked in a child stays open here.
#pragma once

#include <array>
#include <atomic>
#include <thread>
#include <utility>

namespace hetmem::detail {

template <class Value> class latest {
public:
    explicit latest(const Value& value) : values_{value, value} {}

    Value get() const {
        while (true) {
            const unsigned place = place_.load();
            const reading mark(readers_[place]);
            // Named still: then the writer waits for us before it fills this place.
            if (place_.load() == place) {
                return values_[place];
            }
        }
    }

    void set(Value value) {
        const unsigned free = 1 - place_.load();
        while (readers_[free].load() != 0) {
            std::this_thread::yield(); // somebody copies the value before the present one
        }
        values_[free] = std::move(value);
        place_.store(free);
    }

private:
    class reading {
    public:
        explicit reading(std::atomic<unsigned>& readers) : readers_(readers) { ++readers_; }
        reading(const reading&) = delete;
        reading& operator=(const reading&) = delete;
        ~reading() { --readers_; }

    private:
        std::atomic<unsigned>& readers_;
    };

    std::array<Value, 2> values_;
    std::atomic<unsigned> place_{0};
    mutable std::array<std::atomic<unsigned>, 2> readers_{};
};

} // namespace hetmem::detail
