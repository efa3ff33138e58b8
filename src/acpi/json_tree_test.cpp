#include <acpi/json_tree.hpp>

#include <hetmem/error.hpp>

#include <gmock/gmock.h>

namespace hetmem::acpi {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

template <class Use> std::string refusal(std::string_view text, Use use) {
    try {
        const json_tree tree(text, "x.json");
        const json_place root = tree.root();
        use(root);
    } catch (const malformed_file& e) {
        return e.what();
    }
    return "accepted";
}

std::string refusal(std::string_view text) {
    return refusal(text, [](const json_place&) {});
}

TEST(JsonTree, EveryValueKnowsItsLineAndItsWay) {
    constexpr std::string_view text = "{\n"
                                      "  \"a\": 7,\n"
                                      "  \"b\": [[1, 2],\n"
                                      "    [3,\n"
                                      "     70000\n"
                                      "    ]]\n"
                                      "}\n";
    EXPECT_THAT(refusal(text,
                        [](const json_place& root) {
                            json_object all(root);
                            all.required("a").number(6);
                        }),
                StartsWith("x.json:2: a: expected a whole number from 0 to 6, found 7"));
    EXPECT_THAT(refusal(text,
                        [](const json_place& root) {
                            json_object all(root);
                            all.required("b").for_each([](const json_place& row) {
                                row.for_each([](const json_place& n) { n.number(0xFFFF); });
                            });
                        }),
                StartsWith("x.json:5: b[1][1]: 70000 does not fit 16 bits"));
}

TEST(JsonTree, WhatIsNoJsonIsToldWithItsLine) {
    EXPECT_THAT(refusal("{\n  \"a\": 1,\n  \"b\" 2\n}"), StartsWith("x.json:3: syntax error"));
    EXPECT_THAT(refusal(""), StartsWith("x.json:1: syntax error"));
    EXPECT_THAT(refusal("[1] x"), StartsWith("x.json:1: syntax error"));
}

TEST(JsonTree, MembersAreTakenOnceAndNoneIsLeft) {
    constexpr std::string_view text = R"({"known": 1, "tpyo": 2})";
    EXPECT_THAT(refusal(text,
                        [](const json_place& root) {
                            json_object all(root);
                            all.required("known");
                            all.finish();
                        }),
                StartsWith("x.json:1: tpyo: there is no such field here"));
    EXPECT_THAT(refusal(text, [](const json_place& root) { json_object(root).required("more"); }),
                StartsWith("x.json:1: \"more\" is missing"));
    EXPECT_THAT(
        refusal("{\"a\": 1,\n\"a\": 2}", [](const json_place& root) { json_object all(root); }),
        StartsWith("x.json:2: a: is there a second time"));
}

TEST(JsonTree, AMisspeltMemberIsToldBeforeTheOneThatIsMissing) {
    const auto with = [](const std::vector<std::string>& names) {
        return refusal(R"({"reserved": 0, "naem": 2})", [&](const json_place& root) {
            json_object all(root);
            all.allow(names, {"reserved"});
            all.required("name");
        });
    };
    EXPECT_THAT(with({"name", "size"}),
                StartsWith("x.json:1: naem: there is no such field here; there are name, size"));
    EXPECT_THAT(with({"name", std::string(1000, 'x')}),
                StartsWith("x.json:1: naem: there is no such field here:"));
    EXPECT_THAT(with({"naem"}), StartsWith("x.json:1: \"name\" is missing"));
}

TEST(JsonTree, NumbersAreExact) {
    const json_tree tree(R"([18446744073709551615, "0xff", -1, 1.50, 18446744073709551616])", "x");
    const json_place root = tree.root();
    std::vector<std::string> texts;
    root.for_each([&](const json_place& item) {
        if (item.is(json_kind::number) || item.is(json_kind::string)) {
            texts.push_back(std::to_string(item.number(~std::uint64_t{0})));
        } else {
            EXPECT_TRUE(item.is(json_kind::other_number));
            texts.push_back(item.number_text());
        }
    });
    EXPECT_THAT(texts, ::testing::ElementsAre("18446744073709551615", "255", "-1", "1.50",
                                              "18446744073709551616"));
}

TEST(JsonTree, DeepNestingIsReadWithoutRecursion) {
    const std::string deep(100'000, '[');
    EXPECT_THAT(refusal(deep), StartsWith("x.json:1: syntax error"));
    EXPECT_EQ(refusal(deep + std::string(100'000, ']')), "accepted");
}

} // namespace
} // namespace hetmem::acpi
