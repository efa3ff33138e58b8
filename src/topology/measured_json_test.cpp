#include <hetmem/error.hpp>
#include <hetmem/measured.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace hetmem {
namespace {

using testing::HasSubstr;

measured_cell a_cell() {
    measured_cell c;
    c.initiator = "node0";
    c.target = "node2";
    c.what = metric::nontemporal_write_bandwidth;
    c.figure = {
        61'440'000'000, 61'000'000'000, 62'000'000'000, 60'000'000'000, 63'000'000'000, 12, true};
    c.bus = 61'440'000'000;
    c.buffer = byte_size::from_mib(512);
    c.page = byte_size::from_mib(2);
    c.page_percent = 99;
    c.threads = 4;
    c.cpus = *id_set::parse("0-3");
    c.kernel = "AVX3 8 streams";
    c.in = measured_in::side_cache;
    c.verdict = interference::disturbed;
    c.why = "PSI: 12 % of the time";
    c.time = "2026-11-23T08:00:00Z";
    c.declared = {{source::hmat, knowledge::known, 70'000'000'000},
                  {source::sysfs, knowledge::unreachable, 0}};
    return c;
}

measurements everything() {
    measurements all;
    all.machine = {"Made-up CPU", "dmi:svnACME:pnBox:"};
    all.initiators = {{"node0", *id_set::parse("0-3")}};
    all.targets = {{"node2", byte_size::from_mib(2048), {}, false}, {"dax0.0", {}, {}, true}};
    all.cells = {a_cell()};
    measured_curve curve;
    curve.initiator = "node0";
    curve.target = "node2";
    curve.read_percent = 67;
    curve.idle = 110'000;
    curve.points = {{0, 110'000}, {30'000'000'000, 240'000}};
    curve.knee = curve.points.back();
    curve.verdict = interference::quiet;
    curve.time = "2026-11-23T08:01:00Z";
    all.curves = {curve};
    all.given = {
        {"node0",
         "dax0.0",
         quantity::read_latency,
         250'000,
         source::override_,
         "data sheet",
         {{source::hmat, knowledge::known, 0}}},
        {"node0", "dax0.0", quantity::read_bandwidth, 1, source::measured, "mlc 3.11", {}}};
    all.remarks = {"the size of the side cache is not known"};
    return all;
}

std::string document(const std::string& members) {
    return R"({"format": "hetmem-figures", "version": 1, )" + members + "}";
}

std::string complaint(const std::string& text) {
    try {
        static_cast<void>(measurements_from_json(text, "figures.json"));
    } catch (const malformed_file& e) {
        return e.what();
    }
    return "nothing";
}

TEST(MeasuredJson, KeepsEverything) {
    EXPECT_EQ(measurements_from_json(to_json(everything())), everything());
    EXPECT_EQ(measurements_from_json(to_json(measurements())), measurements());
}

TEST(MeasuredJson, SaysTheUnitOfEachFigure) {
    EXPECT_THAT(to_json(everything()), HasSubstr("\"unit\":\"B/s\""));
}

TEST(MeasuredJson, TheModaliasIsALineOfItsOwn) {
    EXPECT_THAT(to_json(everything()), HasSubstr("\n    \"modalias\": \"dmi:svnACME:pnBox:\",\n"));
}

TEST(MeasuredJson, IsPleasantToWriteByHand) {
    const measurements all = measurements_from_json(document(R"("given": [
        {"initiator": "node0", "target": "node2", "read_latency": "250 ns",
         "read_bandwidth": "61.44 GB/s", "origin": "data sheet"},
        {"initiator": "node1", "target": "node2", "write_latency": 180500, "source": "measured"}])"));
    ASSERT_EQ(all.given.size(), 3U);
    EXPECT_EQ(all.given[0], (given_figure{"node0",
                                          "node2",
                                          quantity::read_latency,
                                          250'000,
                                          source::override_,
                                          "data sheet",
                                          {}}));
    EXPECT_EQ(all.given[1].value, 61'440'000'000U);
    EXPECT_EQ(all.given[2].value, 180'500U);
    EXPECT_EQ(all.given[2].from, source::measured);
}

TEST(MeasuredJson, RefusesWithThePlace) {
    const auto given = [](const std::string& members) {
        return complaint(
            document(R"("given": [{"initiator": "node0", "target": "node2", )" + members + "}]"));
    };
    EXPECT_THAT(given(R"("read_latency": "250 GB/s")"),
                HasSubstr("figures.json: given[0].read_latency: expected a latency such as \"250 "
                          "ns\", found \"250 GB/s\""));
    EXPECT_THAT(given(R"("read_bandwidth": "fast")"), HasSubstr("given[0].read_bandwidth"));
    EXPECT_THAT(given(R"("read_latency": 0)"), HasSubstr("more than 0 ps"));
    EXPECT_THAT(given(R"("read_latency": -5)"), HasSubstr("given[0].read_latency"));
    EXPECT_THAT(given(R"("read_latency": 1.5)"), HasSubstr("a whole number"));
    EXPECT_THAT(given(R"("read_latency": 18446744073709551615)"), HasSubstr("found 1844"));
    EXPECT_THAT(given(R"("read_latancy": 5)"),
                HasSubstr("given[0].read_latancy: nothing is called so here"));
    EXPECT_THAT(given(R"("origin": "me")"), HasSubstr("given[0]: expected read_latency"));
    EXPECT_THAT(given(R"("read_latency": 5, "source": "hmat")"),
                HasSubstr("given[0].source: expected \"override\" or \"measured\""));
    EXPECT_THAT(complaint(document(R"("given": [{"initiator": "", "target": "x",
                                   "read_latency": 5}])")),
                HasSubstr("given[0].initiator: expected a name"));
    EXPECT_THAT(complaint("{\"format\": \"hetmem-figures\",\n \"version\": 1,,}"),
                HasSubstr("line 2"));
    EXPECT_THAT(complaint(R"({"format": "hetmem-figures", "version": 2})"),
                HasSubstr("version: expected version 1"));
    EXPECT_THAT(complaint(R"({"format": "hetmem-topology", "version": 1})"), HasSubstr("format"));
    EXPECT_THAT(complaint(document(R"("extra": 1)")), HasSubstr("extra: nothing is called so"));
}

TEST(MeasuredJson, RefusesSamplesThatCannotBe) {
    const auto cell = [](const std::string& members) {
        return complaint(document(R"("measured": [{"initiator": "node0", "target": "node2",
                                  "what": "local_latency", )" +
                                  members + "}]"));
    };
    EXPECT_EQ(cell(R"("median": 100000, "n": 3)"), "nothing");
    EXPECT_THAT(cell(R"("median": 100000, "n": 0)"), HasSubstr("measured[0].n: expected at least"));
    EXPECT_THAT(cell(R"("median": 100000, "n": 3, "low": 100001)"), HasSubstr("measured[0].low"));
    EXPECT_THAT(cell(R"("median": 100000, "n": 3, "high": 99999)"), HasSubstr("measured[0].high"));
    EXPECT_THAT(cell(R"("median": 100000, "n": 3, "unit": "B/s")"),
                HasSubstr("measured[0].unit: expected \"ps\""));
    EXPECT_THAT(cell(R"("median": 100000, "n": 3, "page_percent": 101)"),
                HasSubstr("page_percent"));
    EXPECT_THAT(cell(R"("median": 100000, "n": 3, "in": "a dream")"), HasSubstr("measured[0].in"));
    EXPECT_THAT(cell(R"("n": 3)"), HasSubstr("measured[0].median: missing"));
}

TEST(MeasuredJson, RefusesTwoFiguresOfOneThing) {
    measurements all = everything();
    all.cells.push_back(all.cells.front());
    EXPECT_THAT(complaint(to_json(all)), HasSubstr("measured[1]: expected what no other element"));
    EXPECT_THAT(complaint(document(R"("given": [
        {"initiator": "node0", "target": "node2", "read_latency": 5, "write_latency": 6},
        {"initiator": "node0", "target": "node2", "write_latency": 6}])")),
                HasSubstr("given[1]: expected what no other"));
}

TEST(Metric, NamesAreReadBack) {
    for (int n = 0; n <= static_cast<int>(metric::read_1_write_1_bandwidth); ++n) {
        const auto what = static_cast<metric>(n);
        EXPECT_EQ(parse_metric(to_string(what)), what) << to_string(what);
    }
    EXPECT_EQ(parse_metric("speed"), std::nullopt);
}

TEST(Metric, TellsWhichQuantityItMeasures) {
    EXPECT_EQ(quantity_of(metric::local_latency), quantity::read_latency);
    EXPECT_EQ(quantity_of(metric::random_latency), std::nullopt);
    EXPECT_EQ(quantity_of(metric::nontemporal_write_bandwidth), quantity::write_bandwidth);
    EXPECT_EQ(quantity_of(metric::write_bandwidth), std::nullopt) << "lines are read first there";
}

} // namespace
} // namespace hetmem
