#include <acpi/normalize.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

namespace hetmem::acpi {
namespace {

using ::testing::ElementsAre;

__extension__ using wide = unsigned __int128;

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

cell known(std::uint64_t value) {
    return {cell_state::known, value};
}

TEST(Normalize, RevisionOneCountsTenths) {
    // As published with the first HMAT examples: base 1, entry 500 is 50 ns; base 1024, entry 400
    // is 40960 MB/s.
    EXPECT_EQ(normalize(1, data_type::read_latency, 1, 500), known(50'000));
    EXPECT_EQ(normalize(1, data_type::read_bandwidth, 1024, 400), known(40'960'000'000));
    // Not a whole nanosecond: nothing is rounded.
    EXPECT_EQ(normalize(1, data_type::access_latency, 1, 11), known(1'100));
    EXPECT_EQ(normalize(1, data_type::write_bandwidth, 1, 1), known(100'000));
}

TEST(Normalize, RevisionTwoCountsPicosecondsAndMegabytes) {
    EXPECT_EQ(normalize(2, data_type::write_latency, 1000, 100), known(100'000));
    EXPECT_EQ(normalize(2, data_type::access_bandwidth, 1024, 100), known(102'400'000'000));
    EXPECT_EQ(normalize(3, data_type::read_latency, 1, 1), known(1));
}

TEST(Normalize, UnknownUnreachableAndZeroAreThreeThings) {
    EXPECT_EQ(normalize(2, data_type::read_latency, 1, 0).state, cell_state::unknown);
    EXPECT_EQ(normalize(2, data_type::read_latency, 1, 0xFFFF).state, cell_state::unreachable);
    EXPECT_EQ(normalize(2, data_type::read_latency, 1, 0xFFFE), known(0xFFFE));
    // Unreachable is a mark and not a factor: it never overflows.
    EXPECT_EQ(normalize(2, data_type::read_latency, most, 0xFFFF).state, cell_state::unreachable);
}

TEST(Normalize, WithoutAUnitThereIsNoFigure) {
    EXPECT_EQ(normalize(2, data_type::read_latency, 0, 5).state, cell_state::unknown);
    EXPECT_EQ(normalize(2, static_cast<data_type>(6), 1, 5).state, cell_state::unknown);
    EXPECT_EQ(normalize(2, static_cast<data_type>(6), 1, 0xFFFF).state, cell_state::unreachable);
}

TEST(Normalize, AgreesWith128BitArithmeticAroundTheLimit) {
    const std::array types{data_type::read_latency, data_type::read_bandwidth};
    for (const unsigned revision : {1U, 2U}) {
        for (const data_type type : types) {
            const std::uint64_t step = is_latency(type) ? (revision == 1 ? 100 : 1)
                                                        : (revision == 1 ? 100'000 : 1'000'000);
            for (const std::uint32_t entry : {1U, 2U, 3U, 10U, 1000U, 0x7FFFU, 0xFFFDU, 0xFFFEU}) {
                const std::uint64_t limit = most / step / entry;
                for (const std::uint64_t base :
                     {limit - 1, limit, limit + 1, limit / 2, most / step, most - 1, most}) {
                    const wide exact = wide{entry} * base * step;
                    const cell expected = exact > most ? cell{cell_state::overflow, 0}
                                                       : known(static_cast<std::uint64_t>(exact));
                    if (base != 0) {
                        EXPECT_EQ(
                            normalize(revision, type, base, static_cast<std::uint16_t>(entry)),
                            expected)
                            << revision << ' ' << to_string(type) << ' ' << base << " x " << entry;
                    }
                }
            }
        }
    }
}

constexpr cell_marks marks{most, most - 1, most - 2};

TEST(NormalizerRow, GivesWhatTheCellsGive) {
    std::vector<std::uint16_t> entries;
    for (std::uint32_t e = 0; e <= 0xFFFF; ++e) {
        entries.push_back(static_cast<std::uint16_t>(e));
    }
    std::vector<std::uint64_t> values(entries.size());
    // A small base, one where only some entries overflow, one where all do, and none at all.
    for (const std::uint64_t base : {std::uint64_t{1}, most / 1000, most - 5, std::uint64_t{0}}) {
        const normalizer figures(2, data_type::write_latency, base);
        figures.row(entries, values, marks);
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const cell c = figures(entries[i]);
            const std::uint64_t expected = c.state == cell_state::unknown       ? marks.unknown
                                           : c.state == cell_state::unreachable ? marks.unreachable
                                           : c.state == cell_state::overflow    ? marks.overflow
                                                                                : c.value;
            ASSERT_EQ(values[i], expected) << base << " x " << entries[i];
        }
    }
}

TEST(NormalizerRow, AFigureIsNeverTakenForAMark) {
    const std::vector<std::uint16_t> entries{1, 0, 0xFFFF};
    std::vector<std::uint64_t> values(3);
    normalizer(2, data_type::read_latency, most).row(entries, values, marks);
    EXPECT_THAT(values, ElementsAre(marks.overflow, marks.unknown, marks.unreachable));
}

TEST(NormalizerRow, MarksMayBeSmall) {
    const std::vector<std::uint16_t> entries{1, 2, 3, 4, 0, 0xFFFF};
    std::vector<std::uint64_t> values(entries.size());
    normalizer(2, data_type::read_latency, 10).row(entries, values, {10, 20, 30});
    EXPECT_THAT(values, ElementsAre(30, 30, 30, 40, 10, 20));
}

TEST(NormalizerRow, WritesNoMoreThanThereIsRoomFor) {
    const std::vector<std::uint16_t> entries{1, 2, 3};
    std::vector<std::uint64_t> values{0, 0, 77};
    normalizer(2, data_type::read_latency, 10).row(entries, std::span(values).first(2), marks);
    EXPECT_THAT(values, ElementsAre(10, 20, 77));
}

TEST(DataType, HasAName) {
    EXPECT_EQ(to_string(data_type::access_latency), "access latency");
    EXPECT_EQ(to_string(data_type::write_bandwidth), "write bandwidth");
    EXPECT_EQ(to_string(static_cast<data_type>(6)), "");
}

} // namespace
} // namespace hetmem::acpi
