#include "daemon/hmat_in_force.hpp"

#include "tests/support/aml.hpp"
#include "tests/support/firmware.hpp"
#include "tests/support/made_up_machine.hpp"
#include "topology/describe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hetmem::daemon {
namespace {

namespace aml = test::aml;
using acpi::data_type;
using detail::adopt_request;
using detail::adopted_by;
using detail::adopted_table;
using effort = evaluator::effort;
using test::block_bytes;
using test::firmware;
using test::tree;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::byte> hmat_with(std::uint16_t nanoseconds) {
    firmware tables;
    tables.matrix(data_type::access_latency, 1000, {0}, {0, 1}, {100, nanoseconds});
    return tables.hmat();
}

/// Two nodes, whose domains are 0 and 1; the HMAT reserves domain 1; \_SB._HMA is there.
class HmatInForce : public testing::Test {
protected:
    HmatInForce() {
        firmware tables(1);
        tables.processor(0, 0).memory(0, 0, 2 * block_bytes);
        tables.memory(1, 8 * block_bytes, 2 * block_bytes);
        tables.matrix(data_type::access_latency, 1000, {0}, {0, 1}, {1000, 1200});
        acpi::memory_attributes hint;
        hint.flags = 7;
        hint.memory_pxm = 1;
        hint.range_base = 8 * block_bytes;
        hint.range_length = 2 * block_bytes;
        tables.structure(hint).write_into(machine_);
        machine_.write("sys/firmware/acpi/tables/SSDT",
                       aml::table("SSDT", aml::scope("_SB_", aml::method("_HMA", aml::code()))));
    }

    std::unique_ptr<evaluator> make_evaluator() {
        return std::make_unique<evaluator>(reader(), evaluation_ways{[this](std::string_view path) {
                                                                         called answer;
                                                                         answer.no_such_method =
                                                                             path != "\\_SB._HMA";
                                                                         answer.failure = failure_;
                                                                         answer.buffer =
                                                                             method_returns_;
                                                                         return answer;
                                                                     },
                                                                     {}});
    }
    const kernel::rooted_reader& reader() {
        if (!reader_) {
            reader_ = std::make_unique<kernel::rooted_reader>(machine_.root());
        }
        return *reader_;
    }
    hmat_in_force::outcome by_hand(hmat_in_force& hmat, std::vector<std::byte> table) {
        return hmat.adopt(reader(), {adopt_request::kind::table, "new.hmat", std::move(table)});
    }

    tree machine_ =
        test::make_machine({{0, "0", 0, 2, ~0U, "10 20"}, {1, "", 8, 2, ~0U, "20 10"}}, 1);
    std::unique_ptr<kernel::rooted_reader> reader_;
    std::vector<std::byte> method_returns_ = hmat_with(150);
    std::string failure_;
    std::unique_ptr<evaluator> hma_ = make_evaluator();
};

TEST_F(HmatInForce, FollowsTheMethod) {
    hmat_in_force hmat(*hma_, std::nullopt);
    EXPECT_TRUE(hmat.untouched());
    EXPECT_TRUE(hmat.follow(reader(), effort::if_changed).changed);
    EXPECT_EQ(hmat.table().bytes, hmat_with(150));
    EXPECT_EQ(hmat.table().by, adopted_by::method);
    EXPECT_THAT(hmat.words(), HasSubstr("executed by the kernel"));
    EXPECT_FALSE(hmat.follow(reader(), effort::if_changed).changed) << "the same again";

    method_returns_ = hmat_with(170);
    EXPECT_TRUE(hmat.follow(reader(), effort::if_changed).changed);
    EXPECT_EQ(hmat.table().bytes, hmat_with(170));
}

TEST_F(HmatInForce, WhatIsRefusedLeavesTheOldOne) {
    hmat_in_force hmat(*hma_, std::nullopt);
    hmat.follow(reader(), effort::if_changed);
    const adopted_table before = hmat.table();

    method_returns_.pop_back();
    auto result = hmat.follow(reader(), effort::if_changed);
    EXPECT_FALSE(result.changed);
    EXPECT_THAT(result.refused, testing::Contains(HasSubstr("offset")));
    EXPECT_EQ(hmat.table(), before);

    failure_ = "it fails with AE_ERROR";
    result = hmat.follow(reader(), effort::if_changed);
    EXPECT_FALSE(result.changed);
    EXPECT_EQ(hmat.table(), before);

    result = by_hand(hmat, {std::byte{1}, std::byte{2}});
    EXPECT_FALSE(result.changed);
    EXPECT_FALSE(result.refused.empty());
    EXPECT_EQ(hmat.table(), before);
}

TEST_F(HmatInForce, WhatIsGivenByHandStaysUntilSomethingElseIsWanted) {
    hmat_in_force hmat(*hma_, std::nullopt);
    EXPECT_TRUE(by_hand(hmat, hmat_with(180)).changed);
    EXPECT_EQ(hmat.words(), "new.hmat, given by hand");
    EXPECT_FALSE(hmat.follow(reader(), effort::again).changed) << "neither events nor SIGHUP";
    EXPECT_EQ(hmat.table().bytes, hmat_with(180));

    EXPECT_TRUE(hmat.adopt(reader(), {adopt_request::kind::evaluate, "", {}}).changed);
    EXPECT_EQ(hmat.table().bytes, hmat_with(150));
    method_returns_ = hmat_with(160);
    EXPECT_TRUE(hmat.follow(reader(), effort::if_changed).changed) << "it is followed again";
}

TEST_F(HmatInForce, TheFirmwaresOwnStaysToo) {
    hmat_in_force hmat(*hma_, std::nullopt);
    hmat.follow(reader(), effort::if_changed);
    EXPECT_TRUE(hmat.adopt(reader(), {adopt_request::kind::firmware, "", {}}).changed);
    EXPECT_THAT(hmat.table().bytes, IsEmpty());
    EXPECT_FALSE(hmat.untouched()) << "it must survive a restart";
    EXPECT_FALSE(hmat.follow(reader(), effort::again).changed);
    EXPECT_FALSE(hmat.adopt(reader(), {adopt_request::kind::firmware, "", {}}).changed);

    hmat_in_force restarted(*hma_, hmat.table());
    EXPECT_FALSE(restarted.follow(reader(), effort::again).changed);
}

TEST_F(HmatInForce, ARestartKeepsWhatWasAdopted) {
    hmat_in_force hmat(*hma_, std::nullopt);
    by_hand(hmat, hmat_with(180));
    hmat_in_force restarted(*hma_, hmat.table());
    EXPECT_FALSE(restarted.follow(reader(), effort::if_changed).changed);
    EXPECT_EQ(restarted.table(), hmat.table());
}

TEST_F(HmatInForce, EvaluatingWithoutAMethodIsRefused) {
    machine_.remove("sys/firmware/acpi/tables/SSDT");
    hmat_in_force hmat(*hma_, std::nullopt);
    const auto result = hmat.adopt(reader(), {adopt_request::kind::evaluate, "", {}});
    EXPECT_FALSE(result.changed);
    EXPECT_THAT(result.refused, ElementsAre("the firmware has no _HMA"));
    EXPECT_THAT(hmat.follow(reader(), effort::if_changed).refused, IsEmpty()) << "and is no news";
}

TEST_F(HmatInForce, HintsHoldUntilTheirMemoryIsGone) {
    hmat_in_force hmat(*hma_, std::nullopt);
    hmat.follow(reader(), effort::if_changed);
    EXPECT_THAT(hmat.table().reservation_hints, ElementsAre(1U));
    EXPECT_FALSE(hmat.release_hints(detail::describe(reader(), &hmat.table())));
    EXPECT_THAT(hmat.table().reservation_hints, ElementsAre(1U));

    // The memory is taken out ...
    machine_.remove("sys/devices/system/node/node1").write("sys/devices/system/node/online", "0\n");
    EXPECT_TRUE(hmat.release_hints(detail::describe(reader(), &hmat.table())));
    EXPECT_THAT(hmat.table().reservation_hints, IsEmpty());
    // ... and a table that comes later does not remember.
    method_returns_ = hmat_with(160);
    EXPECT_TRUE(hmat.follow(reader(), effort::if_changed).changed);
    EXPECT_THAT(hmat.table().reservation_hints, IsEmpty());
}

} // namespace
} // namespace hetmem::daemon
