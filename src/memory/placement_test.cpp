#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>
#include <hetmem/placement.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace hetmem {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

/// A CPU node, two HBM nodes of which node5 is the nearer, CXL, and memory in every other state.
topology machine() {
    return from_json(R"({"format": "hetmem-topology", "version": 1,
      "initiators": [{"name": "node0", "node": 0, "cpus": "0-1"}],
      "targets": [
        {"name": "node0", "node": 0, "kind": "dram", "state": "online", "size": 400, "free": 10},
        {"name": "node3", "node": 3, "kind": "hbm", "state": "online", "size": 100, "free": 10},
        {"name": "node5", "node": 5, "kind": "hbm", "state": "online", "size": 100, "free": 10},
        {"name": "node1023", "node": 1023, "kind": "cxl", "state": "partly_online", "size": 90},
        {"name": "dax0.0", "node": 7, "kind": "hbm", "state": "reserved", "reserved": true,
         "reserved_reason": "device-dax dax0.0", "size": 900,
         "dax": [{"name": "dax0.0", "size": 900, "align": 1073741824, "driver": "device_dax"}]},
        {"name": "dax1.0", "node": 8, "kind": "pmem", "state": "reserved", "reserved": true,
         "reserved_reason": "device-dax dax1.0", "size": 900,
         "dax": [{"name": "dax1.0", "size": 900, "driver": ""}]},
        {"name": "mem0", "kind": "cxl", "state": "reserved", "reserved": true,
         "reserved_reason": "device memory", "size": 900},
        {"name": "node9", "node": 9, "kind": "cxl", "state": "offline", "size": 50},
        {"name": "pxm11", "pxm": 11, "kind": "device", "state": "absent", "size": 50},
        {"name": "node12", "node": 12, "kind": "dram", "state": "online", "size": 0}],
      "figures": [{"source": "hmat", "quantity": "read_latency",
        "values": [[100, 300, 200, 900, 250, 500, 500, 900, 900, 100]]}]})");
}

std::vector<std::string> names(std::span<const leg> legs) {
    std::vector<std::string> all;
    for (const leg& one : legs) {
        all.push_back(one.name);
    }
    return all;
}

std::vector<std::string> legs_of(const std::string& text) {
    const placement parsed = parse_placement(machine(), text);
    return names(parsed.legs());
}

template <class Error> std::string message_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const Error& e) {
        return e.what();
    } catch (const std::exception& e) {
        return std::string("another exception: ") + e.what();
    }
    return "nothing was thrown";
}

template <class Error> std::string refusal(const std::string& text) {
    return message_of<Error>([&] { parse_placement(machine(), text); });
}

TEST(Placement, NamesTargetsAsShowDoes) {
    for (const char* name : {"node1023", "1023", "N1023"}) {
        const placement only = bind(machine(), name);
        EXPECT_EQ(only.kind(), placement_kind::bind);
        ASSERT_EQ(only.legs().size(), 1U);
        EXPECT_EQ(only.legs()[0].kind, leg_kind::node);
        EXPECT_EQ(only.legs()[0].node, 1023);
    }
    const topology here = machine();
    EXPECT_EQ(bind(here, here.targets()[2].id).legs()[0].name, "node5");
}

TEST(Placement, AKindIsTheNearestOrAllOfIt) {
    EXPECT_THAT(names(bind(machine(), "hbm").legs()), ElementsAre("node5"));
    EXPECT_THAT(names(chain(machine(), {"hbm", "node0"}).legs()),
                ElementsAre("node5", "node3", "node0"));
    EXPECT_THAT(names(chain(machine(), {"node3", "hbm"}).legs()), ElementsAre("node3", "node5"));
    const placement spread = interleave(machine(), {{"hbm", 3}, {"node0", 1}});
    EXPECT_EQ(spread.to_string(), "interleave:node5:3,node3:3,node0:1");
}

TEST(Placement, ReservedMemoryIsUsedOnlyWhenItIsNamed) {
    const placement named = bind(machine(), "dax0.0");
    ASSERT_EQ(named.legs().size(), 1U);
    EXPECT_EQ(named.legs()[0].kind, leg_kind::dax);
    EXPECT_EQ(named.legs()[0].path, "/dev/dax0.0");
    EXPECT_EQ(named.legs()[0].dax_align.bytes(), 1U << 30);
    EXPECT_EQ(named.legs()[0].dax_size.bytes(), 900U);
    EXPECT_THAT(names(best(machine(), criterion::read_latency).legs()),
                ElementsAre("node0", "node5", "node3", "node1023"));
    // The nearest pmem is reserved: its kind leads nowhere, and the text says what there is.
    EXPECT_THAT(refusal<no_such_target>("pmem"), AllOf(HasSubstr("no pmem"), HasSubstr("dax1.0")));
}

TEST(Placement, BestMayBeAllowedReservedMemory) {
    rank_options options;
    options.include_reserved = true;
    // What has no driver and what is offline cannot be in it.
    EXPECT_THAT(names(best(machine(), criterion::read_latency, options).legs()),
                ElementsAre("node0", "node5", "dax0.0", "node3", "node1023"));
}

TEST(Placement, ARankingCanBeMadeAgain) {
    rank_options options;
    options.include_reserved = true;
    const placement first = best(machine(), criterion::read_latency, options);
    ASSERT_TRUE(first.chosen());
    EXPECT_EQ(first.chosen()->by, criterion::read_latency);
    EXPECT_THAT(first.chosen()->from, ElementsAre("node0"));
    EXPECT_EQ(first.with_headroom(byte_size::from_mib(1)).chosen(), first.chosen());
    EXPECT_EQ(best(machine(), *first.chosen()), first);
    EXPECT_FALSE(chain(machine(), {"node0", "node5"}).chosen());

    // Of another machine, on which initiators and memories have other places.
    const topology later = from_json(R"({"format": "hetmem-topology", "version": 1,
      "initiators": [{"name": "node8", "node": 8, "cpus": "4"},
                     {"name": "node0", "node": 0, "cpus": "0-1"}],
      "targets": [{"name": "node4", "node": 4, "state": "online", "size": 100},
                  {"name": "node0", "node": 0, "state": "online", "size": 100}],
      "figures": [{"source": "hmat", "quantity": "read_latency",
                   "values": [[1, 2], [200, 100]]}]})");
    EXPECT_THAT(names(best(later, *first.chosen()).legs()), ElementsAre("node0", "node4"));
    const best_choice from_elsewhere{criterion::read_latency, {"node77"}, {}, false};
    EXPECT_THAT(message_of<no_such_target>([&] { best(later, from_elsewhere); }),
                HasSubstr("node77"));
}

TEST(Placement, SaysWhyAMemoryCannotBeUsed) {
    EXPECT_THAT(refusal<no_such_target>("nod0"), HasSubstr("'nod0'"));
    EXPECT_THAT(refusal<no_such_target>("pxm11"), HasSubstr("firmware"));
    EXPECT_THAT(refusal<no_such_target>("node12"), HasSubstr("no memory"));
    EXPECT_THAT(refusal<target_lost>("node9"), HasSubstr("online"));
    EXPECT_THAT(refusal<target_lost>("dax1.0"), AllOf(HasSubstr("no driver"), HasSubstr("daxctl")));
    EXPECT_THAT(refusal<target_reserved>("mem0"), HasSubstr("device memory"));
    EXPECT_THAT(refusal<no_such_target>("/no/such/directory"), HasSubstr("/no/such/directory"));
}

TEST(Placement, ADirectoryIsATarget) {
    const placement files = bind(machine(), "/tmp");
    EXPECT_EQ(files.legs()[0].kind, leg_kind::directory);
    EXPECT_EQ(files.legs()[0].path, "/tmp");
    EXPECT_EQ(memory_name(std::filesystem::path("here")).name(), "./here");
}

TEST(Placement, RefusesWhatMakesNoSense) {
    EXPECT_THAT(refusal<error>("chain:node0,node3,node0"), HasSubstr("node0 is named twice"));
    EXPECT_THAT(refusal<error>("chain:node0,0"), HasSubstr("node0 is named twice"));
    EXPECT_THAT(refusal<error>("prefer:dax0.0"), HasSubstr("dax0.0"));
    EXPECT_THAT(refusal<error>("bind:node0,node3"), HasSubstr("one memory"));
    EXPECT_THAT(refusal<error>("chain:node0,,node3"), HasSubstr("name 2 is empty"));
    EXPECT_THAT(refusal<error>(""), HasSubstr("name 1 is empty"));
    EXPECT_THAT(refusal<error>("best:speed"), HasSubstr("'speed'"));
    for (const char* weight : {"0", "256", "-1", "x", "1x", "", "99999999999"}) {
        const std::string item = std::string("node0:") + weight;
        EXPECT_THAT(refusal<error>("interleave:" + item), HasSubstr("'" + item + "'")) << weight;
    }
    EXPECT_THAT(refusal<error>("interleave:node0:1,node3:1|node0"), HasSubstr("named twice"));
    EXPECT_THAT(message_of<error>([] {
                    static_cast<void>(bind(machine(), "node0").with_overflow(machine(), {}));
                    placement(placement_kind::bind, {});
                }),
                HasSubstr("no memory is named"));
}

TEST(Placement, TextIsReadBack) {
    for (const char* text : {"bind:node5", "chain:node5,node0,dax0.0", "interleave:node0:3,node5:1",
                             "interleave:node0:255,node3:1|node5,node1023", "prefer:node3"}) {
        const placement parsed = parse_placement(machine(), text);
        EXPECT_EQ(parsed.to_string(), text);
        EXPECT_EQ(parse_placement(machine(), parsed.to_string()), parsed);
    }
    EXPECT_THAT(legs_of("node3"), ElementsAre("node3"));
    EXPECT_EQ(parse_placement(machine(), "best:capacity").to_string(),
              "chain:node0,node3,node5,node1023");
}

TEST(Placement, HeadroomOfALegStays) {
    const memory_name careful = memory_name("node3").with_headroom(byte_size::from_mib(7));
    const placement mixed =
        chain(machine(), {careful, "node0"}).with_headroom(byte_size::from_mib(9));
    EXPECT_EQ(mixed.legs()[0].headroom, byte_size::from_mib(7));
    EXPECT_EQ(mixed.legs()[1].headroom, byte_size::from_mib(9));
    EXPECT_EQ(bind(machine(), "node0").legs()[0].headroom, std::nullopt);
}

} // namespace
} // namespace hetmem
