// Every check of form and sense: a set of tables that has the fault, and one that has not.
#include "check/parts.hpp"
#include "check/subject.hpp"

#include "tests/support/tree.hpp"

#include <hetmem/discover.hpp>

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

namespace hetmem::detail {
namespace {

using acpi::data_type;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

constexpr std::uint64_t gib = std::uint64_t{1} << 30;

using bytes = std::vector<std::byte>;

void put(bytes& table, std::size_t offset, std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) {
        table.at(offset + i) = static_cast<std::byte>(value >> (8 * i));
    }
}

void mend_checksum(bytes& table) {
    table.at(acpi::checksum_offset) = std::byte{0};
    table.at(acpi::checksum_offset) = static_cast<std::byte>(0x100 - acpi::byte_sum(table));
}

/// The header of a table whose body follows.
bytes raw_table(std::string_view signature, std::uint8_t revision, const bytes& body) {
    bytes table(acpi::table_header_size);
    for (std::size_t i = 0; i < signature.size(); ++i) {
        table[i] = static_cast<std::byte>(signature[i]);
    }
    put(table, 4, table.size() + body.size(), 4);
    put(table, 8, revision, 1);
    table.insert(table.end(), body.begin(), body.end());
    mend_checksum(table);
    return table;
}

/// Two sockets, one far memory behind a cache, one CXL window: tables in which nothing is wrong.
struct machine {
    acpi::hmat hmat;
    acpi::srat srat;
    acpi::slit slit;
    bytes madt_body = bytes(8);
    bytes cedt_body;
    std::vector<memory_map_entry> memory_map;
    std::string kernel_release = "6.12.9";

    /// Changes the finished bytes, after lengths and checksums were set.
    std::function<void(bytes& hmat, bytes& srat, bytes& slit)> damage;
    std::vector<std::string> left_out; // signatures
    bool second_hmat = false;

    machine() {
        hmat.header = acpi::make_header("HMAT", 2);
        srat.header = acpi::make_header("SRAT", 3);
        slit.header = acpi::make_header("SLIT", 1);
        processor(0, 0);
        processor(1, 1);
        memory(0, 0, gib);
        memory(1, gib, gib);
        memory(2, 2 * gib, gib);
        memory(3, 16 * gib, 4 * gib);
        port(7);
        attributes(0, 0);
        attributes(1, 1);
        matrix(data_type::access_latency, 1000, {100, 130, 250, 400, 130, 100, 280, 400});
        matrix(data_type::access_bandwidth, 1000, {200, 100, 50, 20, 100, 200, 40, 20});
        cache(2, 64 << 20, 0x00401111);
        distances(4, {10, 20, 30, 40, 20, 10, 30, 40, 30, 30, 10, 50, 40, 40, 50, 10});
        local_apic(0, 1);
        local_apic(1, 1);
        host_bridge(7);
        window(16 * gib, 4 * gib, {7});
        for (std::uint64_t i = 0; i < 3; ++i) {
            memory_map.push_back({{i * gib, gib}, "System RAM"});
        }
        memory_map.push_back({{16 * gib, 4 * gib}, "Soft Reserved"});
    }

    void processor(std::uint32_t pxm, std::uint32_t apic_id) {
        acpi::x2apic_affinity s;
        s.proximity_domain = pxm;
        s.x2apic_id = apic_id;
        s.flags = 1;
        srat.structures.emplace_back(s);
    }
    acpi::memory_affinity& memory(std::uint32_t pxm, std::uint64_t base, std::uint64_t length,
                                  std::uint32_t flags = 1) {
        acpi::memory_affinity s;
        s.proximity_domain = pxm;
        s.base = base;
        s.range_length = length;
        s.flags = flags;
        return std::get<acpi::memory_affinity>(srat.structures.emplace_back(s));
    }
    void port(std::uint32_t uid) {
        acpi::generic_affinity s;
        s.type = acpi::generic_affinity::port;
        s.proximity_domain = 9;
        s.set_device(acpi::acpi_device{"ACPI0016", uid});
        s.flags = 1;
        srat.structures.emplace_back(s);
    }
    acpi::memory_attributes& attributes(std::uint32_t initiator, std::uint32_t memory_pxm) {
        acpi::memory_attributes s;
        s.flags = 1;
        s.initiator_pxm = initiator;
        s.memory_pxm = memory_pxm;
        return std::get<acpi::memory_attributes>(hmat.structures.emplace_back(s));
    }
    acpi::locality& matrix(data_type kind, std::uint64_t unit, std::vector<std::uint16_t> entries,
                           std::vector<std::uint32_t> initiators = {0, 1},
                           std::vector<std::uint32_t> targets = {0, 1, 2, 3}) {
        acpi::locality s;
        s.kind = kind;
        s.base_unit = unit;
        s.initiators = std::move(initiators);
        s.targets = std::move(targets);
        s.entries = std::move(entries);
        return std::get<acpi::locality>(hmat.structures.emplace_back(std::move(s)));
    }
    acpi::side_cache& cache(std::uint32_t pxm, std::uint64_t size, std::uint32_t bits) {
        acpi::side_cache s;
        s.memory_pxm = pxm;
        s.cache_size = size;
        s.attributes.bits = bits;
        return std::get<acpi::side_cache>(hmat.structures.emplace_back(s));
    }
    void distances(std::uint64_t count, std::vector<std::uint8_t> entries) {
        slit.localities = count;
        slit.entries = std::move(entries);
    }
    void local_apic(std::uint8_t id, std::uint32_t flags) {
        const std::size_t at = madt_body.size();
        madt_body.resize(at + 8);
        put(madt_body, at + 1, 8, 1);
        put(madt_body, at + 3, id, 1);
        put(madt_body, at + 4, flags, 4);
    }
    void host_bridge(std::uint32_t uid) {
        const std::size_t at = cedt_body.size();
        cedt_body.resize(at + 32);
        put(cedt_body, at + 2, 32, 2);
        put(cedt_body, at + 4, uid, 4);
    }
    void window(std::uint64_t base, std::uint64_t size, const std::vector<std::uint32_t>& bridges) {
        const std::size_t at = cedt_body.size();
        cedt_body.resize(at + 36 + 4 * bridges.size());
        put(cedt_body, at, 1, 1);
        put(cedt_body, at + 2, 36 + 4 * bridges.size(), 2);
        put(cedt_body, at + 8, base, 8);
        put(cedt_body, at + 16, size, 8);
        for (std::size_t i = 0; i < bridges.size(); ++i) {
            put(cedt_body, at + 36 + 4 * i, bridges[i], 4);
        }
    }

    // What a fault is made of.
    acpi::memory_attributes& first_attributes() {
        return std::get<acpi::memory_attributes>(hmat.structures.at(0));
    }
    acpi::locality& latencies() { return std::get<acpi::locality>(hmat.structures.at(2)); }
    acpi::locality& bandwidths() { return std::get<acpi::locality>(hmat.structures.at(3)); }
    acpi::side_cache& the_cache() { return std::get<acpi::side_cache>(hmat.structures.at(4)); }

    /// Where the n-th structure of the HMAT begins.
    std::size_t hmat_at(std::size_t n) const {
        return static_cast<std::size_t>(acpi::structure_offsets(hmat).at(n));
    }
    std::size_t srat_at(std::size_t n) const {
        return static_cast<std::size_t>(acpi::structure_offsets(srat).at(n));
    }
};

/// Runs the checks of form and sense, as the tables of a folder.
check_result run(machine what) {
    acpi::seal(what.hmat);
    acpi::seal(what.srat);
    acpi::seal(what.slit);
    bytes hmat = acpi::encode(what.hmat);
    bytes srat = acpi::encode(what.srat);
    bytes slit = acpi::encode(what.slit);
    if (what.damage) {
        what.damage(hmat, srat, slit);
    }
    const std::vector<std::pair<std::string, bytes>> tables = {
        {"HMAT", hmat},
        {"SRAT", srat},
        {"SLIT", slit},
        {"APIC", raw_table("APIC", 5, what.madt_body)},
        {"CEDT", raw_table("CEDT", 1, what.cedt_body)},
    };
    test::tree folder;
    for (const auto& [name, table] : tables) {
        if (std::ranges::find(what.left_out, name) == what.left_out.end()) {
            folder.write(name, table);
        }
    }
    if (what.second_hmat) {
        folder.write("HMAT2", hmat);
    }
    check_subject subject = read_table_subject(folder.root());
    // As it would be of a machine.
    const kernel::rooted_reader reader(folder.root());
    subject.reader = &reader;
    subject.not_looked_at.clear();
    subject.memory_map = what.memory_map;
    subject.kernel_release = what.kernel_release;

    check_result result;
    for (const auto part : {check_form, check_hmat_domains, check_figures, check_initiators,
                            check_tiers, check_side_caches, check_distances, check_affinity,
                            check_memory_map, check_processors, check_cxl_windows}) {
        part(subject, result);
    }
    return result;
}

std::vector<std::string> found_by(const check_result& result) {
    std::vector<std::string> ids;
    for (const finding& f : result.findings) {
        ids.push_back(f.check);
    }
    return ids;
}

struct fault {
    std::string id;
    std::function<void(machine&)> make;
    std::string told; ///< a part of what is said of it
    std::optional<severity> level{};
};
void PrintTo(const fault& f, std::ostream* out) {
    *out << f.id;
}

/// Puts raw bytes behind the structures of the HMAT.
void append_to_hmat(machine& m, std::initializer_list<unsigned> raw) {
    for (const unsigned b : raw) {
        m.hmat.trailing.push_back(static_cast<std::byte>(b));
    }
}

std::vector<fault> faults_of_form() {
    return {
        {"table-checksum",
         [](machine& m) {
             m.damage = [](bytes& hmat, bytes&, bytes&) {
                 hmat[acpi::checksum_offset] ^= std::byte{1};
             };
         },
         "checksum 0x"},
        {"table-length",
         [](machine& m) {
             m.damage = [](bytes&, bytes& srat, bytes&) { srat.resize(srat.size() - 4); };
         },
         "as the table's length says"},
        {"table-twice", [](machine& m) { m.second_hmat = true; }, "already a table HMAT"},
        {"table-revision", [](machine& m) { m.hmat.header.revision = 7; }, "revision 1 or 2"},
        {"table-revision", [](machine& m) { m.srat.header.revision = 9; }, "Revision 9"},
        {"structure-length",
         [](machine& m) {
             m.damage = [at = m.hmat_at(0)](bytes& hmat, bytes&, bytes&) {
                 put(hmat, at + 4, 48, 4);
                 mend_checksum(hmat);
             };
         },
         "a length of 40 bytes"},
        {"structure-cut",
         [](machine& m) {
             append_to_hmat(m, {1, 0, 0, 0, 200, 0, 0, 0});
         },
         "up to the end of the table"},
        {"structure-unknown",
         [](machine& m) {
             append_to_hmat(m, {9, 0, 0, 0, 8, 0, 0, 0});
         },
         "type 9"},
        {"reserved-bits", [](machine& m) { m.first_attributes().flags = 0x101; }, "flags within"},
        {"reserved-bits", [](machine& m) { m.memory(2, 3 * gib, 0, 0x80).reserved1 = 5; },
         "A reserved field should be 0 and is 0x5"},
        {"table-garbage",
         [](machine& m) {
             for (int i = 0; i < 200; ++i) {
                 append_to_hmat(m, {9, 0, 0, 0, 8, 0, 0, 0});
             }
         },
         "more"},
        {"hmat-counts",
         [](machine& m) {
             m.damage = [at = m.hmat_at(2)](bytes& hmat, bytes&, bytes&) {
                 put(hmat, at + 12, 3, 4);
                 mend_checksum(hmat);
             };
         },
         "3 x 4 domains"},
        {"hmat-hierarchy", [](machine& m) { m.latencies().flags = 7; }, "a hierarchy of 0 to 3"},
        {"hmat-data-type", [](machine& m) { m.latencies().kind = static_cast<data_type>(9); },
         "data type of 0 to 5"},
        {"hmat-base-unit", [](machine& m) { m.latencies().base_unit = 0; }, "above 0"},
        {"hmat-overflow", [](machine& m) { m.latencies().base_unit = std::uint64_t{1} << 60; },
         "within 64 bits"},
        {"hmat-overflow", [](machine& m) { m.bandwidths().base_unit = 1'000'000'000; },
         "does not fit 32 bits"},
        {"hmat-small-entry",
         [](machine& m) {
             m.hmat.header.revision = 1;
             m.latencies().entries[2] = 9;
         },
         "entries of 10 and more"},
        {"hmat-domain-twice",
         [](machine& m) {
             m.latencies().targets = {0, 1, 2, 2};
         },
         "every target domain once"},
        {"hmat-cache-form", [](machine& m) { m.the_cache().attributes.bits = 0x00409111; },
         "write policy"},
        {"hmat-cache-form", [](machine& m) { m.the_cache().attributes.bits = 0x00401154; },
         "cache level"},
        {"srat-overlap", [](machine& m) { m.memory(0, 2 * gib - 4096, 8192); },
         "no range in common"},
        {"range-end", [](machine& m) { m.memory(0, ~std::uint64_t{0} - 4095, 8192); },
         "within 64 bits"},
        {"range-end", [](machine& m) { m.window(~std::uint64_t{0} - 4095, 8192, {7}); },
         "within 64 bits"},
        {"srat-handle",
         [](machine& m) {
             acpi::generic_affinity s;
             s.handle_type = 5;
             s.proximity_domain = 1;
             s.flags = 1;
             m.srat.structures.emplace_back(s);
         },
         "device handle"},
        {"slit-size", [](machine& m) { m.slit.entries.pop_back(); }, "4 x 4 distances"},
        {"slit-rejected", [](machine& m) { m.slit.entries[1] = 10; },
         "more than 10 from domain 0 to domain 1"},
        {"slit-rejected", [](machine& m) { m.slit.entries[0] = 11; }, "10 from domain 0 to itself"},
    };
}

std::vector<fault> faults_of_sense() {
    return {
        {"hmat-missing", [](machine& m) { m.left_out = {"HMAT"}; }, "domains 2 and 3"},
        {"hmat-without-srat", [](machine& m) { m.left_out = {"SRAT"}; }, "no SRAT"},
        {"hmat-unknown-domain", [](machine& m) { m.attributes(0, 77); }, "domain 77",
         severity::error},
        {"hmat-unknown-domain", [](machine& m) { m.cache(78, gib, 0x00401111); }, "domain 78",
         severity::warning},
        {"hmat-range",
         [](machine& m) {
             m.hmat.header.revision = 1;
             auto& s = m.first_attributes();
             s.flags = 3;
             s.range_base = 8 * gib;
             s.range_length = gib;
         },
         "0x200000000-0x23fffffff"},
        {"domain-too-large", [](machine& m) { m.processor(1024, 5); }, "domain 1024"},
        {"memory-without-figures",
         [](machine& m) {
             for (auto* s : {&m.latencies(), &m.bandwidths()}) {
                 s->entries[2] = s->entries[6] = 0;
             }
         },
         "No initiator", severity::warning},
        {"memory-without-figures", [](machine& m) { m.memory(4, 64 * gib, gib, 3); },
         "plugged in later", severity::info},
        {"initiator-without-figures", [](machine& m) { m.processor(3, 2); }, "No memory"},
        {"half-figures",
         [](machine& m) { m.bandwidths().entries = {200, 100, 0, 20, 100, 200, 0, 20}; },
         "a latency of it and no bandwidth"},
        {"uneven-write-figures",
         [](machine& m) {
             m.latencies().kind = data_type::read_latency;
             m.matrix(data_type::write_latency, 1000, {100, 130, 0, 400, 130, 100, 0, 400});
         },
         "Told of domains 0, 1 and 3; not of domain 2"},
        {"figures-contradict",
         [](machine& m) { m.matrix(data_type::read_latency, 1000, {500}, {0}, {2}); }, "250000 ps"},
        {"figures-replaced",
         [](machine& m) { m.matrix(data_type::read_bandwidth, 1000, {50}, {0}, {2}); },
         "read bandwidth from domain 0 to domain 0"},
        {"figure-implausible", [](machine& m) { m.latencies().base_unit = 1; },
         "The access latency is 0.1 ns"},
        {"figure-implausible",
         [](machine& m) {
             m.bandwidths().entries[3] = 0xFFFE;
             m.bandwidths().base_unit = 60000;
         },
         "The access bandwidth is 3932"},
        {"self-unreachable", [](machine& m) { m.latencies().entries[0] = 0xFFFF; }, "0xFFFF"},
        {"local-slower", [](machine& m) { m.latencies().entries[0] = 140; },
         "140 ns to their own memory, and 130 ns to that of domain 1"},
        {"local-slower",
         [](machine& m) { m.latencies().entries = {100, 130, 250, 400, 80, 70, 280, 400}; },
         "100 ns from its own processors, and 80 ns from those of domain 1"},
        {"asymmetric", [](machine& m) { m.latencies().entries[1] = 150; },
         "150 ns, and 130 ns the other way"},
        {"attached-not-best", [](machine& m) { m.attributes(1, 2); },
         "attached to domain 1, with a write latency of 280 ns; from domain 0 it is 250 ns"},
        {"reservation-hint",
         [](machine& m) {
             m.hmat.header.revision = 1;
             m.attributes(0, 2).flags = 7;
         },
         "reservation hint"},
        {"one-tier",
         [](machine& m) { m.latencies().entries = {100, 130, 250, 400, 130, 150, 280, 400}; },
         "differ by more than 10 %", severity::warning},
        {"one-tier", [](machine& m) { m.kernel_release = "6.1.0"; }, "6.1 makes no tiers",
         severity::info},
        {"cache-larger", [](machine& m) { m.the_cache().cache_size = gib; }, "of 1073741824 bytes"},
        {"cache-odd", [](machine& m) { m.the_cache().cache_size = 0; }, "size is 0"},
        {"cache-odd", [](machine& m) { m.the_cache().attributes.bits = 0x00411111; },
         "65 bytes is no power of two"},
        {"cache-odd", [](machine& m) { m.the_cache().attributes.bits = 0x00401112; },
         "level 2 is described nowhere"},
        {"slit-short",
         [](machine& m) {
             m.distances(2, {10, 20, 20, 10});
         },
         "domains 2 and 3"},
        {"slit-asymmetric", [](machine& m) { m.slit.entries[4] = 25; }, "20, and 25"},
        {"slit-contradicts-hmat", [](machine& m) { m.slit.entries[2] = 15; },
         "domain 2 is at distance 15 with 250 ns, domain 1 at distance 20 with 130 ns"},
        {"srat-range-twice", [](machine& m) { m.memory(0, gib / 2, 4096); }, "addresses in common"},
        {"srat-zero-range", [](machine& m) { m.memory(2, 0, 0); }, "length 0"},
        {"srat-empty-domain", [](machine& m) { m.memory(5, 0, 0); }, "first that names it"},
        {"ram-outside-srat",
         [](machine& m) {
             m.memory_map.push_back({{8 * gib, gib}, "System RAM"});
         },
         "1 GiB of memory in no domain"},
        {"srat-over-nothing", [](machine& m) { m.memory(2, 40 * gib, gib); }, "no memory there"},
        {"cpu-outside-srat", [](machine& m) { m.local_apic(5, 1); }, "1 of 3 processors"},
        {"srat-unknown-cpu", [](machine& m) { m.processor(1, 300); }, "UIDs: 300"},
        {"cxl-window-domains",
         [](machine& m) {
             m.memory(2, 20 * gib, gib, 3);
             m.window(19 * gib, 2 * gib, {7});
         },
         "domains 2 and 3"},
        {"cxl-window-outside-srat", [](machine& m) { m.window(64 * gib, gib, {7}); },
         "shares no address"},
        {"cxl-bridge-missing", [](machine& m) { m.window(16 * gib, gib, {8}); }, "host bridge 8"},
        {"cxl-bridge-missing", [](machine& m) { m.port(12); }, "host bridge 12"},
    };
}

std::vector<fault> all_faults() {
    std::vector<fault> all = faults_of_form();
    std::ranges::move(faults_of_sense(), std::back_inserter(all));
    return all;
}

/// hotplug-outside-srat is judged by what the running kernel made of the SRAT: see below.
const std::set<std::string> with_a_test_of_their_own = {"hotplug-outside-srat"};

TEST(checks, nothing_is_wrong_with_good_tables) {
    const check_result result = run(machine{});
    EXPECT_THAT(found_by(result), IsEmpty())
        << result.findings.front().about << ": " << result.findings.front().what;
    EXPECT_THAT(result.not_looked_at, IsEmpty());
}

TEST(checks, distances_that_linux_rejects_are_not_held_against_the_hmat) {
    machine broken;
    broken.slit.entries[2] = 15; // contradicts
    broken.slit.entries[0] = 11; // and is rejected
    const check_result result = run(broken);
    EXPECT_THAT(found_by(result), Contains("slit-rejected"));
    EXPECT_THAT(found_by(result), Not(Contains("slit-contradicts-hmat")));
    EXPECT_THAT(result.ran, Not(Contains("slit-contradicts-hmat")));
}

TEST(checks, every_one_of_form_and_sense_is_tried) {
    std::set<std::string> tried = with_a_test_of_their_own;
    for (const fault& f : all_faults()) {
        tried.insert(f.id);
    }
    for (const check_info& check : all_checks()) {
        if (check.area == check_area::form || check.area == check_area::sense) {
            EXPECT_THAT(tried, Contains(std::string(check.id)));
        }
    }
    // And each of them looked at the good tables, in which it finds nothing (see above).
    const check_result good = run(machine{});
    for (const std::string& id : tried) {
        EXPECT_THAT(good.ran, Contains(id));
    }
}

class each_fault : public testing::TestWithParam<fault> {};

TEST_P(each_fault, is_found_and_told) {
    machine broken;
    GetParam().make(broken);
    const check_result result = run(broken);
    const auto found = std::ranges::find_if(result.findings, [&](const finding& f) {
        return f.check == GetParam().id && f.what.find(GetParam().told) != std::string::npos;
    });
    std::string all;
    for (const finding& f : result.findings) {
        all += f.check + ": " + f.about + ": " + f.what + "\n";
    }
    ASSERT_NE(found, result.findings.end()) << all;
    EXPECT_FALSE(found->about.empty());
    EXPECT_EQ(found->level, GetParam().level.value_or(find_check(found->check)->usual)) << all;
    EXPECT_THAT(result.ran, Contains(GetParam().id));
}

TEST(checks, memory_that_the_kernel_put_beside_the_srat_was_plugged_in) {
    test::tree machine;
    for (const char* node : {"node0", "node1"}) {
        const std::string place = "sys/devices/system/node/" + std::string(node);
        machine.write(place + "/meminfo", "Node 0 MemTotal: 1048576 kB\n");
        machine.write(place + "/cpulist", "\n");
    }
    machine.write("sys/devices/system/node/online", "0-1\n");
    machine.write("sys/devices/system/node/has_memory", "0-1\n");

    check_subject subject;
    subject.machine = discover({.root = machine.root()});
    acpi::srat srat;
    srat.header = acpi::make_header("SRAT", 3);
    acpi::memory_affinity known;
    known.range_length = gib;
    known.flags = 1;
    srat.structures.emplace_back(known);
    acpi::seal(srat);
    subject.srat = acpi::decode_srat(acpi::encode(srat));
    subject.memory_map = {{{0, gib}, "System RAM"}};
    check_result result;
    check_memory_map(subject, result);
    EXPECT_THAT(found_by(result), IsEmpty());

    subject.memory_map.push_back({{4 * gib, gib}, "System RAM"});
    check_memory_map(subject, result);
    EXPECT_THAT(found_by(result), ElementsAre("hotplug-outside-srat"));
    EXPECT_EQ(result.findings.front().about, "0x100000000-0x13fffffff");
}

TEST(checks, many_findings_of_one_kind_are_counted) {
    machine broken;
    for (std::uint32_t pxm = 1000; pxm < 1100; ++pxm) {
        broken.cache(pxm, gib, 0x00401111);
    }
    const check_result result = run(broken);
    const auto count = std::ranges::count(result.findings, "hmat-unknown-domain", &finding::check);
    EXPECT_EQ(count, static_cast<std::ptrdiff_t>(findings_of_a_check) + 1);
    EXPECT_THAT(result.findings, Contains(testing::Field(&finding::what, "84 more of the same.")));
}

TEST(catalogue, is_complete_and_names_every_check_once) {
    std::set<std::string_view> ids;
    check_area area = check_area::form;
    for (const check_info& check : all_checks()) {
        SCOPED_TRACE(check.id);
        EXPECT_TRUE(ids.insert(check.id).second);
        EXPECT_EQ(find_check(check.id), &check);
        EXPECT_GE(check.area, area); // in order
        area = check.area;
        EXPECT_FALSE(check.title.empty() || check.title.ends_with('.'));
        EXPECT_TRUE(check.meaning.ends_with('.'));
        EXPECT_TRUE(check.linux_does.empty() || check.linux_does.ends_with('.'));
    }
    EXPECT_GE(ids.size(), 30U);
    EXPECT_EQ(find_check("no-such-check"), nullptr);
}

INSTANTIATE_TEST_SUITE_P(form, each_fault, testing::ValuesIn(faults_of_form()));
INSTANTIATE_TEST_SUITE_P(sense, each_fault, testing::ValuesIn(faults_of_sense()));

} // namespace
} // namespace hetmem::detail
