#include "topology/figure_store.hpp"

#include "tests/support/firmware.hpp"
#include "tests/support/made_up_machine.hpp"

#include "topology/describe.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>
#include <hetmem/rank.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace hetmem::detail {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const machine_mark here{"Made-up CPU", "dmi:svnACME:pnBox:"};

/// Two nodes with CPUs, one without, a dax device; `more` are further members.
topology machine_with(const std::string& figures = "", const std::string& node2_size = "2000",
                      const std::string& dax_name = "dax0.0", const std::string& more = "") {
    return from_json(R"({"format": "hetmem-topology", "version": 1,
      "machine": {"cpu_model": "Made-up CPU"},
      "initiators": [{"name": "node0", "node": 0, "cpus": "0-3"},
                     {"name": "node1", "node": 1, "cpus": "4-7"}],
      "targets": [{"name": "node0", "node": 0, "size": 4000, "cpus": "0-3"},
                  {"name": "node1", "node": 1, "size": 4000, "cpus": "4-7"},
                  {"name": "node2", "node": 2, "size": )" +
                     node2_size + R"(, "cpus": ""},
                  {"name": ")" +
                     dax_name + R"(", "state": "reserved", "reserved": true, "size": 9000,
                   "dax": [{"name": ")" +
                     dax_name + R"(", "size": 9000}]}],
      "figures": [)" +
                     figures + "]" + more + "}");
}

/// Read latency of node0 and node1 to each target.
const std::string rated = R"({"source": "hmat", "quantity": "read_latency",
    "values": [[100000, 180000, 120000, 300000], [180000, 100000, 130000, 310000]]})";

measured_cell latency_cell(std::string initiator, std::string target, std::uint64_t picoseconds) {
    measured_cell c;
    c.initiator = std::move(initiator);
    c.target = std::move(target);
    c.what = metric::local_latency;
    c.figure = {picoseconds, picoseconds, picoseconds, picoseconds, picoseconds, 5, true};
    return c;
}

/// What is kept of figures that were taken on a machine.
measurements stored(const topology& machine, std::vector<measured_cell> cells,
                    std::vector<given_figure> given = {}) {
    measurements all;
    all.cells = std::move(cells);
    all.given = std::move(given);
    return import_for(machine, here, all);
}

figure<latency> read_latency(const topology& machine, std::string_view initiator,
                             std::string_view target, unsigned level = 0) {
    for (const hetmem::initiator& one : machine.initiators()) {
        if (one.name == initiator) {
            return machine.access(one.id, machine.find_target(target).value(), level).read_latency;
        }
    }
    throw std::runtime_error("no initiator " + std::string(initiator));
}

figure<latency> ns(std::uint64_t n, source from) {
    return {knowledge::known, latency::from_nanoseconds(n), from};
}

std::string notices(const topology& machine) {
    std::string all;
    for (const notice& one : machine.notices()) {
        all += one.what + ": " + one.why + ". " + one.help + "\n";
    }
    return all;
}

TEST(WithMeasurements, MeasuredFiguresComeBeforeTheFirmwares) {
    const topology machine = machine_with(rated);
    const topology now = with_measurements(
        machine, here, stored(machine, {latency_cell("node0", "node2", 250'000)}));
    EXPECT_EQ(read_latency(now, "node0", "node2"), ns(250, source::measured));
    EXPECT_EQ(read_latency(now, "node1", "node2"), ns(130, source::hmat));
    EXPECT_EQ(now.claims(quantity::read_latency, {0}, {2}).size(), 2U) << "the rated one is kept";
    EXPECT_THAT(now.notices(), IsEmpty());
}

TEST(WithMeasurements, WhatIsGivenByHandComesBeforeWhatIsMeasured) {
    const topology machine = machine_with(rated);
    const topology now = with_measurements(
        machine, here,
        stored(machine, {latency_cell("node0", "node2", 250'000)},
               {{"node0", "node2", quantity::read_latency, 240'000, source::override_, "", {}}}));
    EXPECT_EQ(read_latency(now, "node0", "node2"), ns(240, source::override_));
}

TEST(WithMeasurements, OnlyTheMetricsThatATopologyKnowsBecomeFigures) {
    const topology machine = machine_with();
    measured_cell random = latency_cell("node0", "node2", 400'000);
    random.what = metric::random_latency;
    measured_cell allocating = latency_cell("node0", "node2", 400'000);
    allocating.what = metric::write_bandwidth;
    measured_cell passing = latency_cell("node0", "node2", 70'000);
    passing.what = metric::nontemporal_write_bandwidth;
    const topology now =
        with_measurements(machine, here, stored(machine, {random, allocating, passing}));
    EXPECT_FALSE(read_latency(now, "node0", "node2").known());
    EXPECT_EQ(now.access({0}, {2}).write_bandwidth.value.bytes_per_second(), 70'000U);
}

TEST(WithMeasurements, WhatWasMeasuredInACacheIsNotTheMediums) {
    const topology machine = machine_with(rated);
    measured_cell in_cpu = latency_cell("node0", "node2", 5'000);
    in_cpu.in = measured_in::cpu_cache;
    measured_cell in_side = latency_cell("node1", "node2", 40'000);
    in_side.in = measured_in::side_cache;
    const measurements all = stored(machine, {in_cpu, in_side});
    const topology now = with_measurements(machine, here, all);
    EXPECT_EQ(read_latency(now, "node0", "node2").from, source::hmat);
    EXPECT_EQ(read_latency(now, "node1", "node2").from, source::hmat);
    EXPECT_FALSE(read_latency(now, "node1", "node2", 1).known()) << "it has no such cache";

    topology::state s = state_access::of(machine);
    s.targets[2].caches.push_back({});
    s.targets[2].caches.back().level = 1;
    const topology cached = with_measurements(finish_topology(std::move(s)), here, all);
    EXPECT_EQ(read_latency(cached, "node1", "node2", 1), ns(40, source::measured));
    EXPECT_EQ(read_latency(cached, "node1", "node2"), ns(130, source::hmat));
}

TEST(WithMeasurements, DisturbedFiguresAreUsedOnlyWhereNothingBetterIsKnown) {
    measured_cell one = latency_cell("node0", "node2", 250'000);
    one.verdict = interference::disturbed;
    one.why = "steal";
    const topology claimed = machine_with(rated);
    const topology unused = with_measurements(claimed, here, stored(claimed, {one}));
    EXPECT_EQ(read_latency(unused, "node0", "node2"), ns(120, source::hmat));
    EXPECT_THAT(notices(unused), HasSubstr("while the machine was disturbed: not used"));
    const topology silent = machine_with();
    const topology now = with_measurements(silent, here, stored(silent, {one}));
    EXPECT_EQ(read_latency(now, "node0", "node2"), ns(250, source::measured));
    EXPECT_THAT(notices(now), AllOf(HasSubstr("read_latency node0 -> node2"),
                                    HasSubstr("while the machine was disturbed: used")));
    const topology given = with_measurements(
        silent, here,
        stored(silent, {one},
               {{"node0", "node2", quantity::read_latency, 90'000, source::override_, "", {}}}));
    EXPECT_EQ(given.claims(quantity::read_latency, {0}, {2}),
              (std::vector<claim>{{source::override_, knowledge::known, 90'000}}));
}

TEST(WithMeasurements, AUsersOwnComeBeforeTheMachinesOfTheSameSource) {
    const topology machine = machine_with(rated);
    const topology with_machines =
        with_measurements(machine, here,
                          stored(machine, {latency_cell("node0", "node2", 250'000),
                                           latency_cell("node1", "node2", 260'000)}));
    const topology now = with_measurements(
        with_machines, here, stored(with_machines, {latency_cell("node0", "node2", 240'000)}));
    EXPECT_EQ(read_latency(now, "node0", "node2"), ns(240, source::measured));
    EXPECT_EQ(read_latency(now, "node1", "node2"), ns(260, source::measured));
    EXPECT_THAT(now.sources_of(quantity::read_latency),
                ElementsAre(source::measured, source::hmat));
}

TEST(WithMeasurements, TheSilenceOfTheFirmwareIsNoNoticeAnyMore) {
    const topology machine =
        machine_with("", "2000", "dax0.0",
                     R"(, "notices": [{"what": "latency and bandwidth of all memories"}])");
    ASSERT_THAT(machine.notices(), SizeIs(1));
    EXPECT_THAT(
        with_measurements(machine, here, stored(machine, {latency_cell("node0", "node0", 1'000)}))
            .notices(),
        IsEmpty());
}

// ---- lapsing

topology later(const topology& then, const measurements& all, const topology& now) {
    static_cast<void>(then);
    return with_measurements(now, here, all);
}

std::string rated_at(std::uint64_t node0_to_node2) {
    return R"({"source": "hmat", "quantity": "read_latency", "values": [[100000, 180000, )" +
           std::to_string(node0_to_node2) + R"(, 300000], [180000, 100000, 130000, 310000]]})";
}

TEST(Lapse, ATableThatSaysSomethingNewIsNewer) {
    const topology then = machine_with(rated);
    const measurements all = stored(
        then, {latency_cell("node0", "node2", 250'000), latency_cell("node1", "node2", 260'000)});
    const topology now = later(then, all, machine_with(rated_at(200'000)));
    EXPECT_EQ(read_latency(now, "node0", "node2"), ns(200, source::hmat));
    EXPECT_EQ(read_latency(now, "node1", "node2"), ns(260, source::measured));
    EXPECT_THAT(notices(now),
                AllOf(HasSubstr("measured read_latency node0 -> node2, 250 ns: lapsed: hmat said "
                                "120 ns then and says 200 ns now"),
                      HasSubstr("hetmem measure")));
    EXPECT_THAT(now.notices(), SizeIs(1));
}

TEST(Lapse, NotByRoundingNorByATableThatSaysWhatWasMeasured) {
    const topology then = machine_with(rated);
    const measurements all = stored(then, {latency_cell("node0", "node2", 250'000)});
    for (const std::uint64_t value : {120'900U, 119'000U, 250'000U, 240'000U, 270'000U}) {
        const topology now = later(then, all, machine_with(rated_at(value)));
        EXPECT_EQ(read_latency(now, "node0", "node2"), ns(250, source::measured)) << value;
        EXPECT_THAT(now.notices(), IsEmpty()) << value;
    }
}

TEST(Lapse, NotBySourcesThatWereOrAreNotReadable) {
    const topology root = machine_with(rated);
    const topology user = machine_with();
    const std::vector<measured_cell> cell{latency_cell("node0", "node2", 250'000)};
    EXPECT_EQ(read_latency(later(root, stored(root, cell), user), "node0", "node2").from,
              source::measured);
    EXPECT_EQ(read_latency(later(user, stored(user, cell), root), "node0", "node2").from,
              source::measured);
}

TEST(Lapse, ByATableThatReplacesTheFirmwaresAtRunTime) {
    const topology then = machine_with(rated);
    const measurements all = stored(then, {latency_cell("node0", "node2", 250'000)});
    std::string adopted = rated_at(400'000);
    adopted.replace(adopted.find("hmat"), 4, "hma");
    const topology now = later(then, all, machine_with(adopted));
    EXPECT_EQ(read_latency(now, "node0", "node2"), ns(400, source::hma));
    EXPECT_THAT(notices(now), HasSubstr("hma said 120 ns then and says 400 ns now"));
}

TEST(Lapse, ByATableThatSaysThereIsNoPathAnyMore) {
    const topology then = machine_with(rated);
    const measurements all = stored(then, {latency_cell("node0", "node2", 250'000)});
    const topology now = later(then, all, machine_with(R"({"source": "hmat",
        "quantity": "read_latency", "values": [[100000, 180000, "unreachable", 300000],
                                               [180000, 100000, 130000, 310000]]})"));
    EXPECT_EQ(read_latency(now, "node0", "node2").state, knowledge::unreachable);
    EXPECT_THAT(notices(now), HasSubstr("says unreachable now"));
}

TEST(Lapse, AllOnAnotherMachine) {
    const topology then = machine_with(rated);
    measurements all = stored(then, {latency_cell("node0", "node2", 250'000)});
    all.machine.modalias = "dmi:svnOther:pnBox:";
    const topology now = later(then, all, then);
    EXPECT_EQ(read_latency(now, "node0", "node2"), ns(120, source::hmat));
    EXPECT_THAT(notices(now), AllOf(HasSubstr("another machine"), HasSubstr("svnOther")));
    all.machine.modalias.clear(); // as in a copy of the machine
    EXPECT_EQ(read_latency(later(then, all, then), "node0", "node2").from, source::measured);
}

TEST(Lapse, WhatIsAnotherMemoryNow) {
    const topology then = machine_with(rated);
    const measurements all = stored(
        then, {latency_cell("node0", "node2", 250'000), latency_cell("node1", "node2", 250'000)});
    const topology now = later(then, all, machine_with(rated, "3000"));
    EXPECT_EQ(read_latency(now, "node0", "node2"), ns(120, source::hmat));
    EXPECT_THAT(notices(now), AllOf(HasSubstr("memory node2"), HasSubstr("another memory now")));
    EXPECT_THAT(now.notices(), SizeIs(1)) << "once for all its figures";
    EXPECT_EQ(read_latency(later(then, all, machine_with(rated, "1900")), "node0", "node2").from,
              source::measured)
        << "the kernel takes a little more or less of it at each boot";
}

TEST(Lapse, NotByAnotherNameOfADevice) {
    const topology then = machine_with(rated);
    const measurements all = stored(then, {latency_cell("node0", "dax0.0", 350'000)});
    const topology now = later(then, all, machine_with(rated, "2000", "dax1.0"));
    EXPECT_EQ(read_latency(now, "node0", "dax1.0"), ns(350, source::measured));
    EXPECT_THAT(now.notices(), IsEmpty());
}

TEST(Lapse, ByNamingWhatIsGone) {
    const topology then = machine_with(rated);
    const measurements all = stored(then, {latency_cell("node0", "dax0.0", 350'000)});
    topology::state s = state_access::of(then);
    s.targets.pop_back();
    s.layers.clear();
    const topology now = with_measurements(finish_topology(std::move(s)), here, all);
    EXPECT_THAT(notices(now), AllOf(HasSubstr("no such memory now"),
                                    HasSubstr("hetmem measure --forget dax0.0")));
}

TEST(Lapse, NotWhileAProcessorIsOff) {
    const topology then = machine_with(rated);
    const measurements all = stored(then, {latency_cell("node0", "node0", 90'000)});
    topology::state s = state_access::of(then);
    s.initiators[0].cpus = *id_set::parse("0-2");
    s.targets[0].cpus = *id_set::parse("0-2");
    EXPECT_EQ(
        read_latency(with_measurements(finish_topology(std::move(s)), here, all), "node0", "node0"),
        ns(90, source::measured));
}

TEST(Lapse, AnInitiatorIsKnownByItsProcessors) {
    const topology then = machine_with(rated);
    const measurements all = stored(then, {latency_cell("node0", "node2", 250'000)});
    topology::state s = state_access::of(then);
    std::swap(s.initiators[0].cpus, s.initiators[1].cpus); // the kernel numbered them otherwise
    s.layers.clear();
    const topology now = with_measurements(finish_topology(std::move(s)), here, all);
    EXPECT_EQ(read_latency(now, "node1", "node2"), ns(250, source::measured));
    EXPECT_FALSE(read_latency(now, "node0", "node2").known());
}

TEST(Lapse, AreToldOneByOneUpToALimit) {
    const topology then = machine_with(rated);
    std::vector<measured_cell> cells;
    for (const char* initiator : {"node0", "node1"}) {
        for (const char* target : {"node0", "node1", "node2", "dax0.0"}) {
            cells.push_back(latency_cell(initiator, target, 900'000));
        }
    }
    std::vector<given_figure> given;
    for (const measured_cell& c : cells) {
        given.push_back(
            {c.initiator, c.target, quantity::read_latency, 800'000, source::override_, "", {}});
    }
    const measurements all = stored(then, cells, given);
    const topology now = later(then, all, machine_with(R"({"source": "hmat",
        "quantity": "read_latency", "values": [[1000, 1000, 1000, 1000],
                                               [1000, 1000, 1000, 1000]]})"));
    ASSERT_THAT(now.notices(), SizeIs(11));
    EXPECT_THAT(now.notices().back().what, HasSubstr("6 more"));
}

// ---- ranking

TEST(RankMeasured, AHalfMeasuredMachineIsRankedByWhatCoversAll) {
    const topology machine = machine_with(rated);
    rank_options from;
    from.from = {{0}};
    const topology half =
        with_measurements(machine, here, stored(machine, {latency_cell("node0", "node2", 1'000)}));
    const ranking order = rank(half, criterion::read_latency, from);
    EXPECT_EQ(order.used, source::hmat);
    EXPECT_EQ(order.places.front().target.index, 0U);
    EXPECT_THAT(order.remarks, Contains(HasSubstr("not comparable")));

    const topology whole =
        with_measurements(machine, here,
                          stored(machine, {latency_cell("node0", "node0", 90'000),
                                           latency_cell("node0", "node1", 170'000),
                                           latency_cell("node0", "node2", 80'000)}));
    const ranking measured = rank(whole, criterion::read_latency, from);
    EXPECT_EQ(measured.used, source::measured);
    EXPECT_EQ(measured.places.front().target.index, 2U);
}

TEST(RankMeasured, TheNearestInitiatorIsNotMeasuredAgainstRated) {
    const topology machine = machine_with(rated);
    const topology half = with_measurements(
        machine, here, stored(machine, {latency_cell("node1", "node2", 110'000)}));
    EXPECT_EQ(half.best_initiator({2}), initiator_id{0}) << "rated 120 against rated 130";
    const topology whole =
        with_measurements(machine, here,
                          stored(machine, {latency_cell("node1", "node2", 110'000),
                                           latency_cell("node0", "node2", 140'000)}));
    EXPECT_EQ(whole.best_initiator({2}), initiator_id{1});
}

TEST(MeasuredDisagreement, IsToldOnceAndNotForLittle) {
    const topology machine = machine_with(rated + R"(, {"source": "sysfs",
        "quantity": "read_latency", "values": [[100000, null, 120000, null],
                                               [null, 100000, null, null]]})");
    const topology now =
        with_measurements(machine, here,
                          stored(machine, {latency_cell("node0", "node2", 250'000),
                                           latency_cell("node0", "node0", 105'000)}));
    const std::vector<disagreement> all = now.disagreements();
    ASSERT_THAT(all, SizeIs(1));
    EXPECT_EQ(all[0].about, "read_latency node0 -> node2");
    EXPECT_EQ(all[0].used, "250 ns (measured)");
    EXPECT_EQ(all[0].other, "120 ns (hmat)");
}

// ---- importing and merging

TEST(ImportFor, TakesTodaysNamesMarksAndClaims) {
    const topology machine = machine_with(rated);
    measurements more;
    more.given = {{"node0", "2", quantity::read_latency, 250'000, source::override_, "sheet", {}}};
    const measurements all = import_for(machine, here, more);
    EXPECT_EQ(all.given[0].target, "node2");
    EXPECT_THAT(all.given[0].declared, ElementsAre(claim{source::hmat, knowledge::known, 120'000}));
    EXPECT_EQ(all.machine, here);
    EXPECT_THAT(all.targets,
                ElementsAre(target_mark{"node2", byte_size::from_bytes(2000), {}, false}));
    EXPECT_THAT(all.initiators, ElementsAre(initiator_mark{"node0", *id_set::parse("0-3")}));
}

TEST(ImportFor, WhatWasMeasuredBeforeIsNoClaim) {
    const topology machine = machine_with(rated);
    const topology measured = with_measurements(
        machine, here, stored(machine, {latency_cell("node0", "node2", 250'000)}));
    EXPECT_THAT(stored(measured, {latency_cell("node0", "node2", 251'000)}).cells[0].declared,
                ElementsAre(claim{source::hmat, knowledge::known, 120'000}));
}

TEST(ImportFor, RefusesWhatIsNotOfThisMachine) {
    const topology machine = machine_with(rated);
    const auto complaint = [&](const measurements& more) -> std::string {
        try {
            import_for(machine, here, more);
        } catch (const error& e) {
            return e.what();
        }
        return "nothing";
    };
    measurements more;
    more.given = {{"node0", "node9", quantity::read_latency, 1, source::override_, "", {}}};
    EXPECT_THROW(import_for(machine, here, more), no_such_target);
    EXPECT_THAT(complaint(more), HasSubstr("no memory is called 'node9'"));
    more.given[0] = {"cpu0", "node2", quantity::read_latency, 1, source::override_, "", {}};
    EXPECT_THAT(complaint(more), HasSubstr("no initiator is called 'cpu0'"));
    more.given[0].initiator = "node0";
    more.targets = {{"node2", byte_size::from_bytes(8000), {}, false}};
    EXPECT_THAT(complaint(more), HasSubstr("'node2' is another memory now"));
    more.targets.clear();
    more.machine = {"Another CPU", ""};
    EXPECT_THAT(complaint(more), AllOf(HasSubstr("of another machine"), HasSubstr("Another CPU"),
                                       HasSubstr("Made-up CPU")));
    more.machine = {};
    EXPECT_EQ(complaint(more), "nothing");
}

TEST(Merged, ReplacesWhatIsOfTheSameThingAndKeepsTheRest) {
    const topology machine = machine_with(rated);
    measured_cell random = latency_cell("node0", "node2", 400'000);
    random.what = metric::random_latency;
    const measurements old =
        stored(machine, {latency_cell("node0", "node2", 250'000), random},
               {{"node0", "node1", quantity::read_latency, 7'000, source::override_, "", {}}});
    const measurements now =
        merged(machine, old, stored(machine, {latency_cell("node0", "node2", 260'000)}));
    ASSERT_THAT(now.cells, SizeIs(2));
    EXPECT_THAT(now.cells, Contains(Field(&measured_cell::what, metric::random_latency)));
    EXPECT_EQ(now.cells.back().figure.median, 260'000U);
    EXPECT_THAT(now.given, SizeIs(1));
    EXPECT_THAT(now.targets, SizeIs(2));
}

TEST(Merged, FollowsRenamedDevices) {
    const topology then = machine_with(rated);
    const measurements old = stored(then, {latency_cell("node0", "dax0.0", 350'000)});
    const topology now = machine_with(rated, "2000", "dax1.0");
    const measurements all =
        merged(now, old, stored(now, {latency_cell("node1", "dax1.0", 360'000)}));
    EXPECT_THAT(all.cells, SizeIs(2));
    EXPECT_THAT(all.cells, Not(Contains(Field(&measured_cell::target, "dax0.0"))));
    EXPECT_THAT(all.targets, SizeIs(1));
}

TEST(Merged, AFigureOfTheMemoryThatHadThatNameIsNotTakenForTheNewOnes) {
    const topology then = machine_with(rated);
    const measurements old = stored(then, {latency_cell("node1", "node2", 350'000)});
    const topology now = machine_with(rated, "9000");
    const measurements all =
        merged(now, old, stored(now, {latency_cell("node0", "node2", 360'000)}));
    EXPECT_THAT(all.cells, SizeIs(1));
    EXPECT_EQ(all.targets.front().size, byte_size::from_bytes(9000));
}

TEST(Merged, FiguresOfAnotherMachineGiveWayAndThatIsSaid) {
    const topology machine = machine_with(rated);
    measurements old = stored(machine, {latency_cell("node1", "node2", 350'000)});
    old.machine.cpu_model = "Another CPU";
    const measurements all =
        merged(machine, old, stored(machine, {latency_cell("node0", "node2", 360'000)}));
    EXPECT_THAT(all.cells, SizeIs(1));
    EXPECT_EQ(all.machine, here);
    EXPECT_THAT(all.remarks, ElementsAre(HasSubstr("Another CPU")));
}

TEST(Forget, TakesOutWhatIsOfAMemory) {
    const topology machine = machine_with(rated);
    measurements all = stored(
        machine, {latency_cell("node0", "node2", 250'000), latency_cell("node0", "node1", 250'000)},
        {{"node1", "node2", quantity::read_latency, 7'000, source::override_, "", {}}});
    EXPECT_EQ(forget(all, {"node2", "node7"}), 2U);
    EXPECT_THAT(all.cells, SizeIs(1));
    EXPECT_THAT(all.targets, SizeIs(1));
    EXPECT_THAT(all.initiators, SizeIs(1));
    EXPECT_EQ(forget(all, {}), 1U);
    EXPECT_THAT(all.targets, IsEmpty());
}

// ---- a machine as it is described

class DescribedStore : public testing::Test {
protected:
    void SetUp() override {
        tables_.processor(0, 0).processor(0, 1);
        tables_.memory(0, 0, 4 * test::block_bytes)
            .memory(1, 16 * test::block_bytes, 2 * test::block_bytes);
        set_rated(120);
    }
    void set_rated(std::uint16_t nanoseconds) {
        test::firmware tables = tables_;
        tables.matrix(acpi::data_type::access_latency, 1000, {0}, {0, 1}, {100, nanoseconds});
        tables.write_into(machine_);
    }
    topology describe_now() const { return describe(kernel::rooted_reader(machine_.root())); }
    std::string store_path() const {
        return (machine_.root() / "var/lib/hetmem/figures.json").string();
    }
    void keep(const measurements& more) { keep_measurements(store_path(), describe_now(), more); }

    test::firmware tables_;
    test::tree machine_ =
        test::make_machine({{0, "0-1", 0, 4, ~0U, "10 21"}, {1, "", 16, 2, ~0U, "21 10"}}, 2);
};

TEST_F(DescribedStore, IsUsedAndReported) {
    const std::size_t without = describe_now().sources().size();
    measurements more;
    more.cells = {latency_cell("node0", "node1", 250'000)};
    keep(more);
    const topology now = describe_now();
    EXPECT_EQ(read_latency(now, "node0", "node1"), ns(250, source::measured));
    ASSERT_THAT(now.sources(), SizeIs(without + 1));
    EXPECT_EQ(now.sources().back().path, "/var/lib/hetmem/figures.json");
    EXPECT_EQ(now.sources().back().detail, "1 measured, 0 given");
    EXPECT_EQ(forget_measurements(store_path(), {"node1"}), 1U);
    EXPECT_EQ(read_latency(describe_now(), "node0", "node1"), ns(120, source::hmat));
}

TEST_F(DescribedStore, LapsesWhenTheTableIsReplaced) {
    measurements more;
    more.cells = {latency_cell("node0", "node1", 250'000)};
    keep(more);
    set_rated(400);
    const topology now = describe_now();
    EXPECT_EQ(read_latency(now, "node0", "node1"), ns(400, source::hmat));
    EXPECT_THAT(notices(now), HasSubstr("hmat said 120 ns then and says 400 ns now"));
}

TEST_F(DescribedStore, IsWrittenByHandToo) {
    machine_.write("var/lib/hetmem/figures.json", R"({"format": "hetmem-figures", "version": 1,
        "given": [{"initiator": "node0", "target": "node1", "read_latency": "90 ns"}]})");
    EXPECT_EQ(read_latency(describe_now(), "node0", "node1"), ns(90, source::override_));
}

TEST_F(DescribedStore, ThatCannotBeReadIsTold) {
    machine_.write("var/lib/hetmem/figures.json", "{\n]");
    const topology now = describe_now();
    EXPECT_EQ(read_latency(now, "node0", "node1"), ns(120, source::hmat));
    EXPECT_EQ(now.sources().back().status, source_status::malformed);
    EXPECT_THAT(notices(now), AllOf(HasSubstr("/var/lib/hetmem/figures.json"), HasSubstr("line 2"),
                                    HasSubstr("--forget")));
}

TEST_F(DescribedStore, AUsersOwnComesOnTop) {
    measurements machines;
    machines.cells = {latency_cell("node0", "node1", 250'000),
                      latency_cell("node0", "node0", 90'000)};
    keep(machines);
    const test::temporary_directory home;
    const std::filesystem::path own = home.path() / "state/hetmem/figures.json";
    measurements mine;
    mine.cells = {latency_cell("node0", "node1", 240'000)};
    keep_measurements(own, describe_now(), mine);
    const kernel::rooted_reader reader(machine_.root());
    const topology now = discover_at(reader, machine_.root() / "run/hetmem", own);
    EXPECT_EQ(read_latency(now, "node0", "node1"), ns(240, source::measured));
    EXPECT_EQ(read_latency(now, "node0", "node0"), ns(90, source::measured));
    EXPECT_EQ(
        read_latency(discover_at(reader, machine_.root() / "run/hetmem", {}), "node0", "node1"),
        ns(250, source::measured));
}

} // namespace
} // namespace hetmem::detail
