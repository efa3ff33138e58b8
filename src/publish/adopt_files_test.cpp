#include "publish/adopt_files.hpp"

#include "tests/support/tree.hpp"
#include "topology/adopted.hpp"

#include <hetmem/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>

namespace hetmem::detail {
namespace {

using testing::HasSubstr;
using testing::Property;
using testing::Throws;

TEST(AdoptFiles, ARequestComesBackAsItWas) {
    for (const auto kind : {adopt_request::kind::table, adopt_request::kind::evaluate,
                            adopt_request::kind::firmware}) {
        const adopt_request back =
            adopt_request_from(to_json(adopt_request{kind, "a \"b\"\n.hmat", {}}), "x.json");
        EXPECT_EQ(back.wanted, kind);
        EXPECT_EQ(back.name, "a \"b\"\n.hmat");
    }
}

TEST(AdoptFiles, AnAnswerComesBackAsItWas) {
    adopt_answer answer;
    answer.done = true;
    answer.generation = 1ULL << 60;
    answer.in_force = "\\_SB._HMA";
    answer.refused = {"a", "b"};
    answer.remarks = {"c"};
    answer.changes = {};
    const adopt_answer back = adopt_answer_from(to_json(answer), "x.answer");
    EXPECT_EQ(back.done, answer.done);
    EXPECT_EQ(back.generation, answer.generation);
    EXPECT_EQ(back.in_force, answer.in_force);
    EXPECT_EQ(back.refused, answer.refused);
    EXPECT_EQ(back.remarks, answer.remarks);
    EXPECT_EQ(back.changes, answer.changes);
}

TEST(AdoptFiles, WhatIsNoneIsRefusedByNameAndPlace) {
    const auto refused = [](std::string_view text, const std::string& words) {
        EXPECT_THAT(
            [&] { adopt_request_from(text, "5-1.json"); },
            Throws<malformed_file>(Property(
                &malformed_file::what, testing::AllOf(HasSubstr("5-1.json"), HasSubstr(words)))));
    };
    refused("", "JSON object");
    refused("[1]", "JSON object");
    refused(R"({"wanted":"table"})", "name: expected a string");
    refused(R"({"wanted":"all","name":""})", "wanted: expected table, evaluate or firmware");
    EXPECT_THROW(adopt_answer_from(R"({"done":1})", "a"), malformed_file);
    EXPECT_THROW(adopt_answer_from(R"({"done":true,"generation":-1})", "a"), malformed_file);
}

TEST(AdoptFiles, ATableIsReadWhole) {
    const test::tree files({{"new.hmat", std::string("HMAT\0\xff", 6)}});
    const adopt_request request = request_to_adopt(files.root() / "new.hmat");
    EXPECT_EQ(request.wanted, adopt_request::kind::table);
    EXPECT_EQ(request.name, "new.hmat");
    ASSERT_EQ(request.table.size(), 6U);
    EXPECT_EQ(request.table[5], std::byte{0xff});
    EXPECT_THROW(request_to_adopt(files.root() / "none"), error);
}

TEST(AdoptFiles, AHugeFileIsNoTable) {
    const test::tree files({{"large", ""}});
    std::filesystem::resize_file(files.root() / "large", adopted_table_limit + 1);
    try {
        request_to_adopt(files.root() / "large");
        FAIL() << "taken";
    } catch (const error& e) {
        EXPECT_EQ(e.code().value(), EFBIG);
    }
}

TEST(AdoptFiles, TheTextSaysWhatHoldsAndWhatChanged) {
    adopt_answer answer;
    answer.done = true;
    answer.in_force = "new.hmat, given by hand";
    answer.changes = {"node2: read_latency from node0: 120 ns (hmat) is now 150 ns (hma)"};
    EXPECT_EQ(to_text(answer), "HMAT in force: new.hmat, given by hand\n"
                               "node2: read_latency from node0: 120 ns (hmat) is now 150 ns "
                               "(hma)\n");
    answer.done = false;
    answer.changes.clear();
    answer.refused = {"not one figure"};
    answer.in_force = "the firmware's own table";
    EXPECT_EQ(to_text(answer), "refused: not one figure\n"
                               "HMAT in force: the firmware's own table\n");
}

} // namespace
} // namespace hetmem::detail
