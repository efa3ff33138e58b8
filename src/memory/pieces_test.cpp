#include "memory/pieces.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <csignal>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include <pthread.h>

namespace hetmem::detail {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t mib = std::size_t{1} << 20;

byte_range at(std::uintptr_t start, std::size_t length) {
    return {std::bit_cast<std::byte*>(start), length};
}

make_piece_work every(std::function<piece_result(byte_range)> work) {
    return [work] { return work; };
}

TEST(Pieces, EndAtTheirMultiples) {
    byte_ranges seen;
    const byte_ranges ranges{at(3 * mib, 4 * mib), at(16 * mib, mib)};
    EXPECT_THAT(in_pieces(ranges, {}, every([&](byte_range piece) {
                              seen.push_back(piece);
                              return piece_result::done;
                          })),
                IsEmpty());
    EXPECT_THAT(seen, ElementsAre(at(3 * mib, mib), at(4 * mib, 2 * mib), at(6 * mib, mib),
                                  at(16 * mib, mib)));
}

TEST(Pieces, WhatWasNotDoneComesBack) {
    const byte_ranges ranges{at(2 * mib, 10 * mib)};
    const auto third = [](piece_result result) {
        return every([result](byte_range piece) {
            return piece.start == at(6 * mib, 0).start ? result : piece_result::done;
        });
    };
    EXPECT_THAT(in_pieces(ranges, {}, third(piece_result::left)),
                ElementsAre(at(6 * mib, 2 * mib)));
    EXPECT_THAT(in_pieces(ranges, {}, third(piece_result::stop)),
                ElementsAre(at(6 * mib, 6 * mib)));
}

TEST(Pieces, SeveralThreadsDoEachPieceOnce) {
    std::mutex mutex;
    byte_ranges seen;
    in_pieces(byte_ranges{at(2 * mib, 200 * mib)}, {.threads = 4}, every([&](byte_range piece) {
                  const std::lock_guard lock(mutex);
                  seen.push_back(piece);
                  return piece_result::done;
              }));
    EXPECT_EQ(seen.size(), 100U);
    EXPECT_THAT(joined(seen), ElementsAre(at(2 * mib, 200 * mib)));
}

TEST(Pieces, OwnThreadsAreOthersAndHaveNoSignals) {
    std::atomic<bool> blocked = false;
    std::atomic<bool> other = false;
    in_pieces(byte_ranges{at(0, mib)}, {.only_own_threads = true},
              every([&, me = std::this_thread::get_id()](byte_range) {
                  sigset_t mask;
                  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
                  blocked = ::sigismember(&mask, SIGTERM) == 1;
                  other = std::this_thread::get_id() != me;
                  return piece_result::done;
              }));
    EXPECT_TRUE(blocked);
    EXPECT_TRUE(other);
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    EXPECT_EQ(::sigismember(&mask, SIGTERM), 0);
}

TEST(Pieces, AnExceptionReachesTheCaller) {
    EXPECT_THROW(
        in_pieces(byte_ranges{at(64 * mib, 100 * mib)}, {.threads = 3},
                  every([](byte_range) -> piece_result { throw std::runtime_error("broken"); })),
        std::runtime_error);
}

TEST(Pieces, LittleWorkIsForOneThread) {
    EXPECT_EQ(threads_for(16 * mib, 0), 1U);
    EXPECT_EQ(threads_for(16 * mib, 3), 3U);
    EXPECT_EQ(threads_for(4096, 3), 1U);
}

} // namespace
} // namespace hetmem::detail
