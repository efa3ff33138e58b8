#include "tool/run_plan.hpp"

#include <hetmem/error.hpp>

#include <gmock/gmock.h>

namespace hetmem::tool {
namespace {

using testing::HasSubstr;

leg node(int number, unsigned weight = 1) {
    leg one;
    one.name = "node" + std::to_string(number);
    one.node = number;
    one.weight = weight;
    return one;
}

leg device() {
    leg one;
    one.kind = leg_kind::dax;
    one.name = "dax0.0";
    one.path = "/dev/dax0.0";
    one.dax_align = byte_size::from_mib(2);
    one.dax_size = byte_size::from_mib(512);
    return one;
}

leg directory() {
    leg one;
    one.kind = leg_kind::directory;
    one.name = "/mnt";
    one.path = "/mnt";
    return one;
}

TEST(RunPlan, OneNodeIsTheKernelsPreferredPolicy) {
    for (const placement& where : {placement(placement_kind::bind, {node(2)}),
                                   placement(placement_kind::prefer, {node(2)})}) {
        const run_plan plan = plan_run(where, {});
        EXPECT_EQ(plan.by, mechanism::preferred);
        EXPECT_EQ(plan.nodes.to_string(), "2");
        EXPECT_THAT(plan.remark, HasSubstr("what does not fit goes elsewhere"));
    }
}

TEST(RunPlan, HardIsTheKernelsBindAndWarns) {
    const run_plan plan = plan_run({placement_kind::bind, {node(1)}}, {.hard = true});
    EXPECT_EQ(plan.by, mechanism::bind);
    EXPECT_EQ(plan.nodes.to_string(), "1");
    EXPECT_THAT(plan.remark, HasSubstr("kills"));
}

TEST(RunPlan, EqualWeightsAreTheKernelsAndOthersAreNot) {
    const run_plan even = plan_run({placement_kind::interleave, {node(0, 7), node(2, 7)}}, {});
    EXPECT_EQ(even.by, mechanism::interleave);
    EXPECT_EQ(even.nodes.to_string(), "0,2");
    const run_plan uneven = plan_run({placement_kind::interleave, {node(0, 3), node(2)}}, {});
    EXPECT_EQ(uneven.by, mechanism::preload);
    EXPECT_EQ(uneven.malloc_placement, "interleave:0*3,2");
}

TEST(RunPlan, AnOrderIsLeftToThePreloadedMalloc) {
    leg roomy = node(2);
    roomy.headroom = byte_size::from_mib(64);
    const run_plan plan = plan_run({placement_kind::chain, {roomy, device(), node(0)}},
                                   {.headroom = byte_size::from_mib(16)});
    EXPECT_EQ(plan.by, mechanism::preload);
    EXPECT_EQ(plan.malloc_placement, "chain:2;headroom=67108864,/dev/dax0.0;align=2097152;"
                                     "size=536870912,0;headroom=16777216");
    EXPECT_THAT(plan.remark, HasSubstr("then malloc fails"));
    EXPECT_EQ(plan_run({placement_kind::best, {node(1), node(0)}}, {}).malloc_placement,
              "chain:1,0");
    // What an order means does not depend on how many memories a machine has.
    for (const placement_kind kind : {placement_kind::chain, placement_kind::best}) {
        EXPECT_EQ(plan_run({kind, {node(1)}}, {}).malloc_placement, "chain:1");
    }
}

TEST(RunPlan, LargeBlocksHeadroomAndDevicesNeedThePreloadedMalloc) {
    const placement one(placement_kind::bind, {node(2)});
    EXPECT_EQ(plan_run(one, {.large = byte_size::from_mib(1)}).malloc_placement, "bind:2");
    EXPECT_EQ(plan_run(one, {.headroom = byte_size::from_mib(1)}).malloc_placement,
              "bind:2;headroom=1048576");
    EXPECT_EQ(plan_run({placement_kind::bind, {device()}}, {}).malloc_placement,
              "bind:/dev/dax0.0;align=2097152;size=536870912");
}

TEST(RunPlan, RefusesWhatNobodyCanKeep) {
    const placement bound(placement_kind::bind, {node(2)});
    EXPECT_THROW(plan_run(bound, {.hard = true, .large = byte_size::from_mib(1)}), error);
    EXPECT_THROW(plan_run({placement_kind::bind, {device()}}, {.hard = true}), error);
    EXPECT_THROW(plan_run({placement_kind::bind, {directory()}}, {}), error);
    EXPECT_THROW(plan_run({placement_kind::chain, {node(0), directory()}}, {}), error);
    EXPECT_THROW(plan_run({placement_kind::interleave, {node(0), node(1)}, {node(2)}}, {}), error);
    leg strange = device();
    strange.path = "/dev/a,b";
    EXPECT_THROW(plan_run({placement_kind::bind, {strange}}, {}), error);
    std::vector<leg> many;
    for (int i = 0; i < 65; ++i) {
        many.push_back(node(i));
    }
    EXPECT_THROW(plan_run({placement_kind::chain, many}, {}), error);
}

} // namespace
} // namespace hetmem::tool
