#include "measure/streams.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <new>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <hwy/targets.h>

namespace hetmem::detail {
namespace {

constexpr std::size_t line = 64;

constexpr metric bandwidths[] = {
    metric::read_bandwidth,
    metric::write_bandwidth,
    metric::nontemporal_write_bandwidth,
    metric::copy_bandwidth,
    metric::nontemporal_copy_bandwidth,
    metric::triad_bandwidth,
    metric::read_2_write_1_bandwidth,
    metric::read_1_write_1_bandwidth,
};

/// Numbers at the start of a cache line, each different, and some behind them that nobody may
/// touch.
class numbers {
public:
    explicit numbers(std::size_t bytes)
        : count_(bytes / sizeof(std::uint64_t)),
          first_(static_cast<std::uint64_t*>(
              ::operator new((count_ + guards) * sizeof(std::uint64_t), std::align_val_t(line)))) {
        std::iota(first_.get(), first_.get() + count_ + guards, std::uint64_t{1000});
    }
    std::span<std::byte> bytes() { return std::as_writable_bytes(std::span(first_.get(), count_)); }
    std::vector<std::uint64_t> all() const { return {first_.get(), first_.get() + count_}; }
    bool guards_are_whole() const {
        for (std::size_t n = count_; n < count_ + guards; ++n) {
            if (first_.get()[n] != 1000 + n) {
                return false;
            }
        }
        return true;
    }

private:
    struct aligned_delete {
        void operator()(std::uint64_t* p) const { ::operator delete(p, std::align_val_t(line)); }
    };
    static constexpr std::size_t guards = 512;
    std::size_t count_;
    std::unique_ptr<std::uint64_t, aligned_delete> first_;
};

/// What a pass leaves of such numbers.
std::vector<std::uint64_t> expected(metric what, std::vector<std::uint64_t> n) {
    const std::size_t half = n.size() / 2;
    const std::size_t third = n.size() / 3;
    const std::uint64_t value = n[0] * 2 + 1;
    for (std::size_t i = 0; i < n.size(); ++i) {
        switch (what) {
        case metric::write_bandwidth:
        case metric::nontemporal_write_bandwidth:
            n[i] = value;
            break;
        case metric::read_1_write_1_bandwidth:
            n[i] += value;
            break;
        case metric::copy_bandwidth:
        case metric::nontemporal_copy_bandwidth:
            n[i] = i < half ? n[i + half] : n[i];
            break;
        case metric::read_2_write_1_bandwidth:
            n[i] += i < half ? n[i + half] : 0;
            break;
        case metric::triad_bandwidth:
            n[i] = i < third ? n[i + third] + 2 * n[i + 2 * third] : n[i];
            break;
        default:
            break;
        }
    }
    return n;
}

/// Everything again for each kind of vectors that this CPU has.
class Streams : public testing::TestWithParam<std::int64_t> {
public:
    Streams() {
        hwy::SetSupportedTargetsForTest(GetParam());
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    }
    ~Streams() override {
        hwy::SetSupportedTargetsForTest(0);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    }
    Streams(const Streams&) = delete;
    Streams& operator=(const Streams&) = delete;
};

TEST_P(Streams, LeaveWhatTheirMetricSays) {
    for (const metric what : bandwidths) {
        for (const stream_kernel& kernel : stream_kernels(what)) {
            for (const std::size_t granules : {1U, 2U, 3U, 5U}) {
                numbers memory(granules * stream_granule);
                const std::vector<std::uint64_t> after = expected(what, memory.all());
                kernel.run(memory.bytes());
                ASSERT_TRUE(memory.all() == after) << to_string(what) << ": " << kernel.name;
                ASSERT_TRUE(memory.guards_are_whole()) << to_string(what) << ": " << kernel.name;
            }
        }
    }
}

/// The sum is of the four lanes, or more, of what was read.
TEST_P(Streams, ReadEveryNumber) {
    for (const stream_kernel& kernel : stream_kernels(metric::read_bandwidth)) {
        const std::size_t count = 2 * stream_granule / sizeof(std::uint64_t);
        for (const std::size_t at : {std::size_t{0}, count / 3, count / 2 + 5, count - 1}) {
            numbers memory(2 * stream_granule);
            const std::span all(reinterpret_cast<std::uint64_t*>(memory.bytes().data()), count);
            std::ranges::fill(all, 0);
            EXPECT_EQ(kernel.run(memory.bytes()), 0U) << kernel.name;
            all[at] = 7;
            EXPECT_EQ(kernel.run(memory.bytes()), 7U) << kernel.name;
        }
    }
}

TEST_P(Streams, WriteAnotherValueThanTheLastPass) {
    for (const metric what : {metric::write_bandwidth, metric::nontemporal_write_bandwidth}) {
        for (const stream_kernel& kernel : stream_kernels(what)) {
            numbers memory(stream_granule);
            kernel.run(memory.bytes());
            const std::vector<std::uint64_t> once = memory.all();
            kernel.run(memory.bytes());
            EXPECT_NE(memory.all().back(), once.back()) << kernel.name;
        }
    }
}

TEST_P(Streams, AreNamedByTheirVectors) {
    for (const metric what : bandwidths) {
        const std::vector<stream_kernel> kernels = stream_kernels(what);
        ASSERT_FALSE(kernels.empty());
        for (const stream_kernel& kernel : kernels) {
            EXPECT_THAT(kernel.name,
                        testing::StartsWith(std::string(hwy::TargetName(GetParam())) + ", "));
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Vectors, Streams, testing::ValuesIn(hwy::SupportedAndGeneratedTargets()),
                         [](const auto& test) { return hwy::TargetName(test.param); });

/// What is counted, of one byte of the buffer.
double payload(metric what) {
    return stream_kernels(what).front().payload;
}
double bus(metric what) {
    return stream_kernels(what).front().bus;
}

TEST(StreamBytes, CountWhatTheProgramReadsAndWrites) {
    EXPECT_DOUBLE_EQ(payload(metric::read_bandwidth), 1);
    EXPECT_DOUBLE_EQ(payload(metric::write_bandwidth), 1);
    EXPECT_DOUBLE_EQ(payload(metric::copy_bandwidth), 1);
    EXPECT_DOUBLE_EQ(payload(metric::triad_bandwidth), 1);
    EXPECT_DOUBLE_EQ(payload(metric::read_2_write_1_bandwidth), 1.5);
    EXPECT_DOUBLE_EQ(payload(metric::read_1_write_1_bandwidth), 2);
}

/// A line that is stored to is read first, unless the program has read it itself.
TEST(StreamBytes, CountTheReadOfWhatIsWrittenOnTheBus) {
    EXPECT_DOUBLE_EQ(bus(metric::read_bandwidth), 1);
    EXPECT_DOUBLE_EQ(bus(metric::write_bandwidth), 2);
    EXPECT_DOUBLE_EQ(bus(metric::copy_bandwidth) / payload(metric::copy_bandwidth), 3.0 / 2);
    EXPECT_DOUBLE_EQ(bus(metric::triad_bandwidth) / payload(metric::triad_bandwidth), 4.0 / 3);
    EXPECT_DOUBLE_EQ(bus(metric::read_2_write_1_bandwidth), 1.5);
    EXPECT_DOUBLE_EQ(bus(metric::read_1_write_1_bandwidth), 2);
#if defined(__x86_64__)
    EXPECT_DOUBLE_EQ(bus(metric::nontemporal_write_bandwidth), 1);
    EXPECT_DOUBLE_EQ(bus(metric::nontemporal_copy_bandwidth), 1);
#endif
}

TEST(StreamKernels, RefuseWhatIsNoWholeBuffer) {
    const stream_kernel kernel = stream_kernels(metric::read_bandwidth).front();
    numbers memory(2 * stream_granule);
    EXPECT_THROW(kernel.run(memory.bytes().first(stream_granule + line)), std::invalid_argument);
    EXPECT_THROW(kernel.run(memory.bytes().subspan(8, stream_granule)), std::invalid_argument);
    EXPECT_EQ(kernel.run({}), 0U);
}

TEST(StreamKernels, AreNotOfLatencies) {
    EXPECT_THROW(stream_kernels(metric::local_latency), std::invalid_argument);
    EXPECT_THROW(stream_kernels(metric::random_latency), std::invalid_argument);
}

} // namespace
} // namespace hetmem::detail
