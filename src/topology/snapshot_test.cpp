#include "topology/snapshot.hpp"

#include "tests/support/firmware.hpp"
#include "tests/support/made_up_machine.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>

#include "kernel/file.hpp"
#include "source_directory.hpp"
#include "topology/state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

namespace hetmem::detail {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view boot = "b0071d00-0000-4000-8000-000000000000";

/// A machine that has something in every field.
topology full_machine() {
    return load_topology(HETMEM_SOURCE_DIR "/tests/fuzz/corpus/json/full.json");
}

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

topology read_back(const topology& machine) {
    const std::string bytes = to_snapshot(machine, boot);
    return from_snapshot(bytes_of(bytes), "bytes").machine;
}

std::string complaint(const std::string& bytes) {
    try {
        from_snapshot(bytes_of(bytes), "current/snapshot");
    } catch (const malformed_file& e) {
        return e.what();
    }
    return "no complaint";
}

void expect_same(const topology& a, const topology& b) {
    EXPECT_EQ(to_json(a), to_json(b));
    EXPECT_EQ(a.live(), b.live());
    EXPECT_TRUE(std::ranges::equal(a.targets(), b.targets()));
    EXPECT_TRUE(std::ranges::equal(a.initiators(), b.initiators()));
    EXPECT_TRUE(std::ranges::equal(a.packages(), b.packages()));
    EXPECT_EQ(a.machine(), b.machine());
    EXPECT_EQ(a.disagreements(), b.disagreements());
    for (const target& t : a.targets()) {
        EXPECT_EQ(a.best_initiator(t.id), b.best_initiator(t.id)) << t.name;
    }
}

TEST(Snapshot, HoldsEverything) {
    const topology machine = full_machine();
    expect_same(read_back(machine), machine);
    const std::string bytes = to_snapshot(machine, boot);
    EXPECT_EQ(from_snapshot(bytes_of(bytes), "bytes").boot_id, boot);
    EXPECT_EQ(to_snapshot(read_back(machine), boot), bytes);
}

TEST(Snapshot, HoldsTheLeastThatAMachineIs) {
    const topology nothing = finish_topology({});
    expect_same(read_back(nothing), nothing);
    topology::state one_memory;
    one_memory.live = true;
    one_memory.targets.emplace_back().name = "ram";
    const topology machine = finish_topology(std::move(one_memory));
    expect_same(read_back(machine), machine);
    EXPECT_TRUE(read_back(machine).live());
}

/// Three initiators, four targets, the given values in a matrix of one quantity.
topology with_matrix(const std::vector<std::uint64_t>& values) {
    topology::state s;
    for (const char* name : {"a", "b", "c"}) {
        s.initiators.emplace_back().name = name;
    }
    for (const char* name : {"a", "b", "c", "d"}) {
        s.targets.emplace_back().name = name;
    }
    figure_layer layer(source::hmat, quantity::read_bandwidth, 0, 3, 4,
                       figure_layer::storage::dense);
    for (std::size_t n = 0; n < values.size(); ++n) {
        layer.set(n / 4, n % 4, values[n]);
    }
    s.layers.push_back(std::move(layer));
    return finish_topology(std::move(s));
}

TEST(Snapshot, FiguresOfAnySizeComeBackExactly) {
    const std::uint64_t none = topology::unknown_value;
    const std::uint64_t never = topology::unreachable_value;
    const std::vector<std::vector<std::uint64_t>> matrices = {
        {0, none, never, 0},
        {1, 65532, 65533, 65534, 65535, 65536, none, never}, // one byte more than 16 bits
        {100'000, 65'533 * 100'000ULL, never, none},         // the last that fits
        {100'000, 65'534 * 100'000ULL, never, none},         // the first that does not
        {7, 0xFFFFFFFDULL * 7, none, never},
        {7, 0xFFFFFFFEULL * 7, 0xFFFFFFFFULL * 7, none, never},
        {1, never - 1, none, never},
        {409'600'000'000, 12'345'678'901, 3},
    };
    for (const auto& values : matrices) {
        const topology machine = with_matrix(values);
        expect_same(read_back(machine), machine);
    }
}

TEST(Snapshot, AFullMatrixOfFirmwareTakesTwoBytesACell) {
    // Entries of 16 bits with a base unit, as the HMAT has them.
    constexpr std::size_t nodes = 100;
    topology::state s;
    for (std::size_t n = 0; n < nodes; ++n) {
        s.initiators.emplace_back().name = "node" + std::to_string(n);
        s.targets.emplace_back().name = "node" + std::to_string(n);
    }
    std::mt19937_64 random(4);
    for (const quantity what : all_quantities) {
        figure_layer layer(source::hmat, what, 0, nodes, nodes, figure_layer::storage::dense);
        for (std::size_t cell = 0; cell < nodes * nodes; ++cell) {
            layer.set(cell / nodes, cell % nodes, (1 + random() % 65'000) * 100'000);
        }
        s.layers.push_back(std::move(layer));
    }
    const topology machine = finish_topology(std::move(s));
    EXPECT_LT(to_snapshot(machine, boot).size(), 2 * 4 * nodes * nodes + 60'000);
    expect_same(read_back(machine), machine);
}

TEST(Snapshot, WhatIsDamagedIsRefusedByItsPlace) {
    const std::string good = to_snapshot(full_machine(), boot);
    EXPECT_EQ(complaint(good), "no complaint");
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const unsigned bit : {0U, 7U}) {
            std::string bad = good;
            bad[at] = static_cast<char>(static_cast<unsigned char>(bad[at]) ^ (1U << bit));
            EXPECT_THAT(complaint(bad), HasSubstr("current/snapshot: byte ")) << at;
        }
    }
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_THAT(complaint(good.substr(0, size)), HasSubstr("current/snapshot: byte ")) << size;
    }
    EXPECT_THAT(complaint(good + '\0'), HasSubstr("length"));
    EXPECT_THAT(complaint("not one at all, but long enough to be"), HasSubstr("a snapshot"));
}

/// Damage behind a checksum that is right: never more than an error, and never more memory than
/// the bytes account for.
TEST(Snapshot, WhatIsWrongBehindARightChecksumIsRefusedOrATopology) {
    const std::string good = to_snapshot(full_machine(), boot);
    for (std::size_t at = 32; at < good.size(); ++at) {
        for (const char byte : {'\0', '\x01', '\x7F', '\xFF'}) {
            std::string bad = good;
            bad[at] = byte;
            if (at + 3 < bad.size() && byte == '\xFF') {
                bad.replace(at, 4, 4, '\xFF'); // a length of 4 GiB
            }
            seal_snapshot(std::as_writable_bytes(std::span(bad)));
            try {
                const topology read = from_snapshot(bytes_of(bad), "bad").machine;
                EXPECT_FALSE(to_json(read).empty());
            } catch (const malformed_file& e) {
                EXPECT_THAT(e.what(), HasSubstr("bad: byte "));
            }
        }
    }
}

TEST(Snapshot, AnotherVersionIsRefused) {
    std::string later = to_snapshot(full_machine(), boot);
    later[8] = 99;
    EXPECT_THAT(complaint(later), AllOf(HasSubstr("expected version 2"), HasSubstr("found 99")));
}

TEST(Snapshot, TellsWhichStoreOfFiguresIsInIt) {
    topology::state s = state_access::of(full_machine());
    s.store = store_stamp{12, 345, 6789};
    const topology machine = finish_topology(std::move(s));
    EXPECT_EQ(state_access::of(read_back(machine)).store, (store_stamp{12, 345, 6789}));
    EXPECT_EQ(state_access::of(read_back(full_machine())).store, std::nullopt);
}

TEST(Snapshot, TheFuzzersSeedIsOne) {
    // The seed is this very snapshot: fuzzing would start from nothing with one of another version.
    const std::filesystem::path seed = HETMEM_SOURCE_DIR "/tests/fuzz/corpus/snapshot/full.bin";
    const std::string now = to_snapshot(full_machine(), boot);
    if (!std::filesystem::exists(seed) || kernel::read_file(seed) != now) {
        const std::filesystem::path made = std::filesystem::temp_directory_path() / "full.bin";
        kernel::new_file out(made);
        out.write(now);
        out.commit();
        FAIL() << "copy " << made << " to " << seed;
    }
}

TEST(WithGeneration, ChangesNothingElse) {
    const topology machine = full_machine();
    const topology later = with_generation(machine, 12);
    EXPECT_EQ(later.generation(), 12U);
    EXPECT_EQ(machine.generation(), 3U);
    expect_same(with_generation(later, 3), machine);
}

TEST(WithoutAddresses, NoneIsLeft) {
    // Ranges that overlap: a defect that tells where.
    test::tree root = test::make_machine({{0, "0-1", 64, 4, ~0U, "10"}}, 2);
    test::firmware tables(1);
    constexpr std::uint64_t base = 64 * test::block_bytes;
    tables.processor(0, 0)
        .memory(0, base, 4 * test::block_bytes)
        .memory(1, base + test::block_bytes, test::block_bytes);
    acpi::memory_attributes elsewhere;
    elsewhere.flags = 2;
    elsewhere.memory_pxm = 0;
    elsewhere.range_base = 0x123456000;
    elsewhere.range_length = 0x1000;
    tables.structure(elsewhere);
    tables.write_into(root);
    const std::string dax = "sys/devices/platform/hmem.0/dax0.0/";
    root.write({{dax + "size", "268435456\n"},
                {dax + "target_node", "1\n"},
                {dax + "resource", "0x240000000\n"}});
    root.link("sys/bus/dax/devices/dax0.0", "../../../devices/platform/hmem.0/dax0.0");
    const topology whole = discover({.root = root.root()});
    const std::string before = to_json(whole);
    ASSERT_THAT(before, AllOf(HasSubstr("0x200000000"), HasSubstr("0x123456000"),
                              HasSubstr("8589934592"), HasSubstr("9663676416")));

    const topology open = without_addresses(whole);
    EXPECT_THAT(to_json(open), AllOf(Not(HasSubstr("0x2000")), Not(HasSubstr("0x1234")),
                                     Not(HasSubstr("8589934592")), Not(HasSubstr("9663676416"))));
    ASSERT_EQ(open.defects().size(), whole.defects().size());
    EXPECT_THAT(open.defects()[0].found, HasSubstr("0x..."));
    EXPECT_EQ(open.targets()[0].size, whole.targets()[0].size);
}

TEST(WithoutAddresses, WhatIsNoneStays) {
    topology::state s;
    s.targets.emplace_back().name = "node0";
    s.defects.push_back({"HMAT", 40, "flags within 0x0007", "0xFF0F", "ignores the other bits"});
    s.notices.push_back({"pci 0000:00:03.0", "0x1-0x2; 0xyz; 0x", ""});
    const topology machine = finish_topology(std::move(s));
    expect_same(without_addresses(machine), machine);
}

} // namespace
} // namespace hetmem::detail
