#include "topology/state.hpp"

#include "tests/support/pluggable_machine.hpp"

#include <hetmem/change.hpp>
#include <hetmem/discover.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace hetmem {
namespace {

using detail::figure_layer;
using test::pluggable_machine;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

topology look(const pluggable_machine& machine) {
    return discover({.root = machine.root()});
}

std::vector<std::string> texts(const std::vector<change>& all) {
    std::vector<std::string> out;
    for (const change& c : all) {
        out.push_back(to_string(c));
    }
    return out;
}

/// Two initiators, two memories, a figure of every kind.
topology::state small_state() {
    topology::state s;
    s.initiators.resize(2);
    s.targets.resize(2);
    for (unsigned n = 0; n < 2; ++n) {
        s.initiators[n].name = s.targets[n].name = "node" + std::to_string(n);
        s.initiators[n].node = s.targets[n].node = static_cast<int>(n);
        s.initiators[n].cpus = id_set::parse(n == 0 ? "0-3" : "4-7").value();
        s.targets[n].size = byte_size::from_mib(1024);
    }
    for (const quantity what : all_quantities) {
        figure_layer hmat(source::hmat, what, 0, 2, 2, figure_layer::storage::dense);
        for (std::size_t i = 0; i < 2; ++i) {
            for (std::size_t t = 0; t < 2; ++t) {
                hmat.set(i, t, 100'000'000'000 + i * 10 + t);
            }
        }
        s.layers.push_back(std::move(hmat));
    }
    figure_layer weaker(source::sysfs, quantity::read_latency, 0, 2, 2,
                        figure_layer::storage::sparse);
    weaker.set(0, 0, 5000);
    weaker.finish();
    s.layers.push_back(std::move(weaker));
    s.distances = {10, 20, 20, 10};
    return s;
}

/// What changes() says of the small machine when it is edited.
std::vector<change> after_edit(const std::function<void(topology::state&)>& edit) {
    topology::state changed = small_state();
    edit(changed);
    return changes(detail::finish_topology(small_state()),
                   detail::finish_topology(std::move(changed)));
}

change one(change_kind kind, std::string target, std::string initiator, std::string what,
           std::string before, std::string after) {
    return {kind,
            std::move(target),
            std::move(initiator),
            std::move(what),
            std::move(before),
            std::move(after)};
}

TEST(changes, a_machine_that_is_looked_at_twice_has_none) {
    const pluggable_machine machine;
    EXPECT_THAT(changes(look(machine), look(machine)), IsEmpty());
}

TEST(changes, memory_that_is_plugged_appears_and_vanishes) {
    pluggable_machine machine;
    const topology empty = look(machine);
    machine.plug();
    const topology full = look(machine);
    // The room that the SRAT told of is no target of its own while memory is in it.
    EXPECT_THAT(texts(changes(empty, full)),
                ElementsAre("pxm2 vanished, was absent", "node2 appeared: online"));
    machine.unplug();
    EXPECT_THAT(texts(changes(full, look(machine))),
                ElementsAre("node2 vanished, was online", "pxm2 appeared: absent"));
}

TEST(changes, memory_goes_offline_comes_online_and_grows) {
    pluggable_machine machine;
    machine.plug(2, 0);
    const topology offline = look(machine);
    machine.plug(2, 1);
    const topology half = look(machine);
    machine.plug(2, 2);
    const topology full = look(machine);
    EXPECT_THAT(texts(changes(offline, half)),
                ElementsAre("node2: offline, now partly_online (1 of 2 blocks)",
                            "node2 grew from 0 B to 128 MiB"));
    EXPECT_THAT(texts(changes(half, full)),
                ElementsAre("node2 came online", "node2 grew from 128 MiB to 256 MiB"));
    EXPECT_THAT(changes(full, offline),
                ElementsAre(one(change_kind::state, "node2", "", "", "online", "offline"),
                            one(change_kind::size, "node2", "", "shrank", "256 MiB", "0 B")));
    EXPECT_EQ(to_string(changes(full, offline).front()), "node2 went offline");
}

TEST(changes, another_table_changes_figures_and_says_from_what_to_what) {
    pluggable_machine machine(300);
    machine.plug();
    const topology before = look(machine);
    machine.describe_again(250);
    EXPECT_THAT(changes(before, look(machine)),
                ElementsAre(one(change_kind::figure, "node2", "node0", "read_latency",
                                "300 ns (hmat)", "250 ns (hmat)"),
                            one(change_kind::figure, "node2", "node0", "write_latency",
                                "300 ns (hmat)", "250 ns (hmat)")));
}

TEST(changes, a_figure_that_is_no_longer_known_is_one) {
    pluggable_machine machine;
    machine.plug();
    const topology before = look(machine);
    machine.files().remove("sys/firmware/acpi/tables/HMAT");
    const auto all = changes(before, look(machine));
    EXPECT_THAT(texts(all), Contains("read_latency node0 -> node2: 300 ns (hmat), now unknown"));
}

TEST(changes, free_memory_and_addresses_are_none) {
    EXPECT_THAT(after_edit([](topology::state& s) {
                    s.targets[0].free = byte_size::from_mib(5);
                    s.targets[0].ranges.push_back({0x1000, 0x1000});
                    s.targets[1].huge_pages.push_back({byte_size::from_mib(2), 12, 3});
                    s.notices.push_back({"a", "b", "c"});
                    s.generation = 17;
                }),
                IsEmpty());
}

TEST(changes, the_addresses_of_devices_are_none) {
    const auto with_device = [](std::optional<std::uint64_t> resource, std::string driver) {
        topology::state s = small_state();
        s.targets[1].dax.push_back({.name = "dax0.0",
                                    .size = byte_size::from_mib(512),
                                    .align = byte_size::from_mib(2),
                                    .driver = std::move(driver),
                                    .origin = "soft-reserved",
                                    .target_node = 1,
                                    .resource = resource});
        return detail::finish_topology(std::move(s));
    };
    EXPECT_THAT(changes(with_device(0x4000'0000, "kmem"), with_device(std::nullopt, "kmem")),
                IsEmpty());
    EXPECT_THAT(
        texts(changes(with_device(1, "device_dax"), with_device(1, "kmem"))),
        ElementsAre("node1: dax devices dax0.0 (512 MiB, device_dax), now dax0.0 (512 MiB, kmem)"));
}

TEST(changes, every_quantity_and_the_caches_have_their_own) {
    for (const quantity what : all_quantities) {
        EXPECT_THAT(
            after_edit([&](topology::state& s) {
                s.layers[static_cast<std::size_t>(what)].set(1, 0, 5'000'000'000'000);
            }),
            ElementsAre(AllOf(Field(&change::kind, change_kind::figure),
                              Field(&change::initiator, "node1"), Field(&change::target, "node0"),
                              Field(&change::what, std::string(to_string(what))))));
    }
    EXPECT_THAT(texts(after_edit([](topology::state& s) {
                    figure_layer cache(source::hmat, quantity::read_latency, 2, 2, 2,
                                       figure_layer::storage::sparse);
                    cache.set(0, 1, 40'000);
                    cache.finish();
                    s.layers.push_back(std::move(cache));
                })),
                ElementsAre("level 2 read_latency node0 -> node1: unknown, now 40 ns (hmat)"));
}

TEST(changes, unknown_unreachable_and_known_are_three) {
    EXPECT_THAT(
        texts(after_edit([](topology::state& s) {
            s.layers[2].set(0, 1, topology::unreachable_value);
            s.layers[3].set(0, 1, topology::unknown_value);
        })),
        ElementsAre("read_bandwidth node0 -> node1: 100 GB/s (hmat), now unreachable (hmat)",
                    "write_bandwidth node0 -> node1: 100 GB/s (hmat), now unknown"));
}

TEST(changes, what_people_would_see_as_equal_is_told_exactly) {
    EXPECT_THAT(texts(after_edit([](topology::state& s) {
                    s.layers[2].set(0, 0, 100'000'000'001);
                    s.targets[0].size = byte_size::from_bytes((1024ULL << 20) + 4096);
                })),
                ElementsAre("node0 grew from 1073741824 B to 1073745920 B",
                            "read_bandwidth node0 -> node0: 100000000000 B/s (hmat), now "
                            "100000000001 B/s (hmat)"));
}

TEST(changes, of_several_sources_the_strongest_counts) {
    EXPECT_THAT(after_edit([](topology::state& s) { s.layers.pop_back(); }), IsEmpty());
    EXPECT_THAT(texts(after_edit([](topology::state& s) { s.layers.erase(s.layers.begin()); })),
                Contains("read_latency node0 -> node0: 100000000 ns (hmat), now 5 ns (sysfs)"));
}

TEST(changes, reservation_identity_and_settings_are_told) {
    EXPECT_THAT(texts(after_edit([](topology::state& s) {
                    s.targets[1].reserved = true;
                    s.targets[1].reserved_reason = "reservation hint";
                    s.targets[1].kind = memory_kind::hbm;
                    s.targets[1].pxm = 7;
                    s.targets[1].tier = 22;
                    s.targets[1].caches.push_back({.level = 1,
                                                   .size = byte_size::from_mib(64),
                                                   .line_size = byte_size::from_bytes(64),
                                                   .associativity = "direct",
                                                   .write_policy = "write-back",
                                                   .address_mode = "",
                                                   .from = source::hmat});
                    s.targets[0].interleave_weight = 3;
                    s.machine.demotion = true;
                    s.distances[1] = 17;
                })),
                ElementsAre("node1: not reserved, now reserved (reservation hint)",
                            "node1: kind unknown, now hbm", "node1: pxm unknown, now 7",
                            "node1: tier unknown, now 22",
                            "node1: side caches none, now level 1: 64 MiB, lines of 64 B, direct, "
                            "write-back",
                            "distance node0 -> node1: 20, now 17", "demotion unknown, now on",
                            "node0: interleave weight unknown, now 3"));
}

TEST(changes, initiators_come_go_and_get_other_cpus) {
    EXPECT_THAT(texts(after_edit([](topology::state& s) {
                    s.initiators[0].cpus = id_set::parse("0-2").value();
                    s.initiators[1].name = "gi1";
                    s.initiators[1].kind = initiator_kind::generic_initiator;
                    s.initiators[1].device = "pci 0000:00:03.0";
                })),
                ElementsAre("initiator node1 vanished (4-7)", "initiator node0: 0-3, now 0-2",
                            "initiator gi1 appeared (pci 0000:00:03.0)"));
}

TEST(changes, what_moved_to_another_place_in_the_list_is_the_same) {
    EXPECT_THAT(texts(after_edit([](topology::state& s) {
                    // node0 goes; node1 and its figures are the first now.
                    s.targets.erase(s.targets.begin());
                    s.distances = {20, 10};
                    for (figure_layer& layer : s.layers) {
                        figure_layer narrow(layer.from(), layer.what(), 0, 2, 1,
                                            figure_layer::storage::dense);
                        for (std::size_t i = 0; i < 2; ++i) {
                            narrow.set(i, 0, layer.at(i, 1));
                        }
                        layer = narrow;
                    }
                })),
                ElementsAre("node0 vanished, was online"));
}

/// As large as machines get: 1024 x 1024 pairs.
topology huge(std::uint64_t first_latency, std::uint64_t other_latencies) {
    constexpr std::size_t nodes = 1024;
    topology::state s;
    s.initiators.resize(nodes);
    s.targets.resize(nodes);
    for (std::size_t n = 0; n < nodes; ++n) {
        s.initiators[n].name = s.targets[n].name = "node" + std::to_string(n);
    }
    figure_layer hmat(source::hmat, quantity::read_latency, 0, nodes, nodes,
                      figure_layer::storage::dense);
    for (std::size_t i = 0; i < nodes; ++i) {
        const auto row = hmat.dense_row(i);
        std::fill(row.begin(), row.end(), i == 0 ? first_latency : other_latencies);
    }
    s.layers.push_back(std::move(hmat));
    s.distances.assign(nodes * nodes, 20);
    return detail::finish_topology(std::move(s));
}

TEST(changes, of_a_million_a_thousand_are_told_and_the_rest_is_counted) {
    const topology before = huge(1000, 1000);
    EXPECT_THAT(changes(before, huge(1000, 1000)), IsEmpty());
    EXPECT_THAT(changes(before, huge(2000, 1000)), SizeIs(1001));
    const auto all = changes(before, huge(2000, 3000));
    ASSERT_THAT(all, SizeIs(1001));
    EXPECT_THAT(all, Each(Field(&change::kind, change_kind::figure)));
    EXPECT_EQ(to_string(all.front()), "read_latency node0 -> node0: 1 ns (hmat), now 2 ns (hmat)");
    EXPECT_EQ(to_string(all.back()), "1047576 more of kind figure");
}

} // namespace
} // namespace hetmem
