#include "measure/buffer_size.hpp"

#include "measure/chase.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>

namespace hetmem::detail {
namespace {

byte_size mib(std::uint64_t n) {
    return byte_size::from_mib(n);
}

/// One CPU reaches 32 MiB, all of them together four times that.
last_level four_caches() {
    return {mib(32), mib(128), true};
}

target node() {
    target memory;
    memory.name = "node0";
    memory.node = 0;
    return memory;
}
target cached_node(std::optional<byte_size> cache) {
    target memory = node();
    memory.caches.emplace_back().size = cache;
    return memory;
}

dax_device device(const std::string& name, byte_size size) {
    dax_device made;
    made.name = name;
    made.size = size;
    return made;
}

TEST(BufferSize, IsFourTimesTheCachesThatTheThreadsReach) {
    EXPECT_EQ(wanted_buffer(metric::local_latency, four_caches(), node()), mib(128));
    EXPECT_EQ(wanted_buffer(metric::read_bandwidth, four_caches(), node()), mib(512));
    EXPECT_EQ(least_buffer(metric::local_latency, four_caches()), mib(64));
    EXPECT_EQ(least_buffer(metric::read_bandwidth, four_caches()), mib(256));
}

TEST(BufferSize, IsLargeEnoughToTimeWhereCachesAreSmall) {
    const last_level small{mib(1), mib(1), true};
    EXPECT_EQ(wanted_buffer(metric::copy_bandwidth, small, node()), mib(64));
    EXPECT_EQ(least_buffer(metric::copy_bandwidth, small), mib(2));
}

TEST(BufferSize, IsBeyondTheTlbForRandomAccess) {
    EXPECT_EQ(wanted_buffer(metric::random_latency, four_caches(), node()), mib(1024));
    EXPECT_EQ(wanted_buffer(metric::random_latency, {mib(512), mib(512), true}, node()), mib(2048));
}

TEST(BufferSize, GoesBeyondASideCache) {
    for (const metric what : {metric::local_latency, metric::read_bandwidth}) {
        const byte_size wanted = wanted_buffer(what, four_caches(), cached_node(mib(4096)));
        EXPECT_GT(wanted, mib(2 * 4096));
        EXPECT_EQ(measured_where(what, wanted, four_caches(), cached_node(mib(4096))),
                  measured_in::memory);
    }
}

TEST(MeasuredWhere, IsTheCacheForWhatFitsIt) {
    EXPECT_EQ(measured_where(metric::read_bandwidth, mib(1), four_caches(), node()),
              measured_in::cpu_cache);
    EXPECT_EQ(measured_where(metric::read_bandwidth, mib(255), four_caches(), node()),
              measured_in::cpu_cache);
    EXPECT_EQ(measured_where(metric::read_bandwidth, mib(256), four_caches(), node()),
              measured_in::memory);
    EXPECT_EQ(measured_where(metric::local_latency, mib(64), four_caches(), node()),
              measured_in::memory);
}

TEST(MeasuredWhere, IsTheSideCacheForWhatFitsThat) {
    const target cached = cached_node(mib(4096));
    EXPECT_EQ(measured_where(metric::local_latency, mib(1), four_caches(), cached),
              measured_in::cpu_cache);
    EXPECT_EQ(measured_where(metric::local_latency, mib(1024), four_caches(), cached),
              measured_in::side_cache);
    EXPECT_EQ(measured_where(metric::local_latency, mib(8192), four_caches(), cached),
              measured_in::side_cache);
}

TEST(MeasuredWhere, IsNeverTheMemoryBehindASideCacheOfUnknownSize) {
    const target memory = cached_node({});
    EXPECT_EQ(measured_where(metric::local_latency, mib(65536), four_caches(), memory),
              measured_in::side_cache);
    EXPECT_EQ(measured_where(metric::local_latency, mib(1), four_caches(), memory),
              measured_in::cpu_cache);
    target two = cached_node({});
    two.caches.emplace_back().size = mib(4);
    EXPECT_EQ(measured_where(metric::local_latency, mib(65536), four_caches(), two),
              measured_in::side_cache);
}

TEST(ShareOf, AllTargetsTogetherTakeAQuarterOfWhatTheCgroupsLeave) {
    EXPECT_EQ(share_of(mib(400).bytes(), mib(4000).bytes(), 1), mib(100)) << "the node has less";
    EXPECT_EQ(share_of(mib(4000).bytes(), mib(400).bytes(), 1), mib(100));
    EXPECT_EQ(share_of(mib(4000).bytes(), mib(800).bytes(), 8), mib(25));
    // What a node has is its own.
    EXPECT_EQ(share_of(mib(400).bytes(), mib(400'000).bytes(), 8), mib(100));
}

TEST(RoomFor, IsAPartOfWhatANodeHas) {
    const byte_size room = room_for(node(), 1);
    EXPECT_GT(room, byte_size{});
    target nowhere = node();
    nowhere.node = 60'000;
    EXPECT_EQ(room_for(nowhere, 1), byte_size{});
}

TEST(RoomFor, IsAllOfADaxDevice) {
    target memory;
    memory.name = "dax0.0";
    memory.node = 1; // which it would become
    memory.state = target_state::reserved;
    memory.dax.push_back(device("dax0.0", mib(512)));
    EXPECT_EQ(room_for(memory, 1), mib(512));
    memory.dax.push_back(device("dax0.1", mib(64)));
    EXPECT_EQ(room_for(memory, 1), mib(512));
    memory.name = "node1";
    EXPECT_EQ(room_for(memory, 1), byte_size{}) << "nobody said which device";
    memory.dax.clear();
    EXPECT_EQ(room_for(memory, 1), byte_size{});
}

TEST(CalibratedSize, IsWithinWhatItWasGiven) {
    constexpr std::size_t size = std::size_t{4} << 20;
    const std::unique_ptr<std::byte, void (*)(std::byte*)> memory(
        static_cast<std::byte*>(::operator new(size, std::align_val_t(4096))),
        [](std::byte* p) { ::operator delete(p, std::align_val_t(4096)); });
    const std::span<std::byte> all(memory.get(), size);
    for (const std::size_t least : {std::size_t{0}, size / 4, size, 2 * size}) {
        const std::size_t found = calibrated_size(all, least, 1);
        EXPECT_GE(found, std::min(least, size) / tlb_window * tlb_window);
        EXPECT_LE(found, size);
        EXPECT_EQ(found % tlb_window, 0U);
    }
}

} // namespace
} // namespace hetmem::detail
