#include "measure/plan.hpp"

#include "tests/support/made_up_machine.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hetmem::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

/// Nodes 0 and 1 have CPUs, node 2 is memory alone, node 3 is offline, dax0.0 is reserved.
test::tree four_memories() {
    test::tree machine = test::make_machine({{0, "0-1", 0, 2, ~0U, "10 20 30 40"},
                                             {1, "2-3", 2, 2, ~0U, "20 10 30 40"},
                                             {2, "", 4, 2, ~0U, "30 30 10 40"},
                                             {3, "", 6, 2, 0, "40 40 40 10"}},
                                            4);
    const std::string device = "sys/devices/platform/hmem.0/dax0.0/";
    machine.write(device + "size", "1073741824\n")
        .write(device + "align", "2097152\n")
        .write(device + "target_node", "5\n")
        .link("sys/bus/dax/devices/dax0.0", "../../../devices/platform/hmem.0/dax0.0");
    return machine;
}

const id_set all = *id_set::parse("0-3");

class Plan : public ::testing::Test {
protected:
    measuring_plan made(const measure_options& options, const id_set& cpus = all,
                        const id_set& nodes = all) const {
        return make_plan(described_, options, cpus, nodes);
    }
    std::vector<std::string> targets(const measuring_plan& plan) const {
        std::vector<std::string> names;
        for (const planned_target& one : plan.targets) {
            names.push_back(described_.targets()[one.id.index].name);
        }
        return names;
    }
    std::vector<std::string> initiators(const measuring_plan& plan) const {
        std::vector<std::string> names;
        for (const planned_initiator& one : plan.initiators) {
            names.push_back(described_.initiators()[one.id.index].name + ":" +
                            one.cpus.to_string());
        }
        return names;
    }

    test::tree machine_ = four_memories();
    topology described_ = discover({.root = machine_.root()});
};

TEST_F(Plan, EverythingThatIsNobodysOwn) {
    const measuring_plan plan = made({});
    EXPECT_THAT(initiators(plan), ElementsAre("node0:0-1", "node1:2-3"));
    EXPECT_THAT(targets(plan), ElementsAre("node0", "node1", "node2"));
    EXPECT_THAT(plan.metrics, SizeIs(10));
    EXPECT_THAT(plan.remarks, ElementsAre(HasSubstr("node3: left out, offline"),
                                          HasSubstr("dax0.0: left out, reserved")));
    EXPECT_FALSE(plan.targets.front().named);
}

TEST_F(Plan, WhatIsNamedAndNothingElse) {
    const measuring_plan plan = made(
        {.initiators = {"node1", "node1"},
         .targets = {"dax0.0", "2", "node2"},
         .metrics = {metric::triad_bandwidth, metric::local_latency, metric::triad_bandwidth}});
    EXPECT_THAT(initiators(plan), ElementsAre("node1:2-3"));
    EXPECT_THAT(targets(plan), ElementsAre("dax0.0", "node2")) << "each once";
    EXPECT_TRUE(plan.targets.front().named);
    EXPECT_THAT(plan.metrics, ElementsAre(metric::local_latency, metric::triad_bandwidth));
    EXPECT_THAT(plan.remarks, SizeIs(0));
}

TEST_F(Plan, QuickIsFewerMetricsAndLessTime) {
    const measuring_plan quick = made({.quick = true});
    EXPECT_THAT(quick.metrics, ElementsAre(metric::local_latency, metric::read_bandwidth,
                                           metric::nontemporal_write_bandwidth));
    EXPECT_EQ(quick.budget, std::chrono::milliseconds(800));
    EXPECT_GE(quick.rounds, 2U) << "one round sees no drift";
    EXPECT_EQ(made({}).budget, std::chrono::milliseconds(1900));
    EXPECT_EQ(made({.quick = true, .cell_budget = std::chrono::milliseconds(30)}).budget,
              std::chrono::milliseconds(30));
    EXPECT_THAT(made({.metrics = {metric::copy_bandwidth}, .quick = true}).metrics,
                ElementsAre(metric::copy_bandwidth));
}

TEST_F(Plan, OnlyWhereThisProcessMayRunAndTakeMemory) {
    const measuring_plan plan = made({}, *id_set::parse("1"), *id_set::parse("0,2"));
    EXPECT_THAT(initiators(plan), ElementsAre("node0:1"));
    EXPECT_THAT(targets(plan), ElementsAre("node0", "node2"));
    EXPECT_THAT(plan.remarks, ::testing::Contains(HasSubstr("node1: left out, this process may "
                                                            "run on none of its CPUs")));
    EXPECT_THAT(plan.remarks, ::testing::Contains(HasSubstr("node1: left out, this process' "
                                                            "cpuset")));
    EXPECT_THROW(made({.initiators = {"node1"}}, *id_set::parse("1")), not_permitted);
    EXPECT_THROW(made({}, *id_set::parse("9")), not_permitted);
}

TEST_F(Plan, WhatIsNotThere) {
    EXPECT_THROW(made({.initiators = {"node9"}}), no_such_target);
    EXPECT_THROW(made({.targets = {"hbm7"}}), no_such_target);
}

TEST_F(Plan, WhatMakesNoSense) {
    const auto code_of = [&](const measure_options& options) {
        try {
            made(options);
        } catch (const error& e) {
            return e.code().value();
        }
        return 0;
    };
    EXPECT_EQ(code_of({.precision = 0}), EINVAL);
    EXPECT_EQ(code_of({.precision = 1}), EINVAL);
    EXPECT_EQ(code_of({.cell_budget = std::chrono::milliseconds(0)}), EINVAL);
    EXPECT_EQ(code_of({.buffer = byte_size{}}), EINVAL);
}

} // namespace
} // namespace hetmem::detail
