#include "publish/test_machines.hpp"
#include "publish/views.hpp"

#include <gmock/gmock.h>

#include <cstddef>
#include <string>
#include <vector>

namespace hetmem::detail {
namespace {

using test::figures;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

id_set cpus(const char* list) {
    return id_set::parse(list).value();
}

/// Packages, of cores with one hardware thread each.
kernel::cpu_tree processors(const std::vector<const char*>& packages) {
    kernel::cpu_tree tree;
    for (unsigned p = 0; p < packages.size(); ++p) {
        tree.packages.push_back({p, cpus(packages[p])});
        tree.online.insert(tree.packages.back().cpus);
    }
    for (const unsigned cpu : tree.online.to_vector()) {
        id_set self;
        self.insert(cpu);
        tree.cores.push_back({cpu, self});
    }
    return tree;
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++found;
    }
    return found;
}

/// The lines above the first one with `part` whose elements hold it, without their indentation.
std::string parents_of(const std::string& xml, const std::string& part) {
    std::string out;
    std::size_t end = xml.rfind('\n', xml.find(part));
    std::size_t indent = xml.find('<', end) - end;
    while (end != std::string::npos && end != 0) {
        const std::size_t begin = xml.rfind('\n', end - 1);
        const std::size_t text = xml.find('<', begin == std::string::npos ? 0 : begin);
        if (begin != std::string::npos && text - begin < indent &&
            xml.compare(text, 8, "<object ") == 0) {
            indent = text - begin;
            out += xml.substr(text + 14, xml.find('"', text + 14) - text - 14) + " ";
        }
        end = begin;
    }
    return out;
}

TEST(hwloc_xml, objects_hold_each_other_by_their_cpus) {
    kernel::cpu_tree tree = processors({"0-1", "2-3"});
    tree.caches = {{3, 'U', 0U, 1U << 20, 64, 16, cpus("0-1")},
                   {1, 'D', 5U, 32768, 64, 8, cpus("2")},
                   {1, 'I', {}, 32768, 64, 8, cpus("2")}};
    const std::string xml = hwloc_xml(test::three_memories(), tree);
    EXPECT_EQ(parents_of(xml, R"(type="PU" os_index="0")"), "Core L3Cache Package Machine ");
    EXPECT_EQ(parents_of(xml, R"(type="PU" os_index="2")"),
              "Core L1iCache L1Cache Package Machine ");
    EXPECT_THAT(xml, HasSubstr(R"(<object type="L1Cache" os_index="5" cpuset="0x00000004")"));
    EXPECT_THAT(xml, HasSubstr(R"(cache_size="32768" depth="1" cache_linesize="64" )"
                               R"(cache_associativity="8" cache_type="1">)"));
    EXPECT_EQ(count(xml, "<object "), count(xml, "</object>") + 4) << "the PUs have no end tag";
}

TEST(hwloc_xml, memories_at_their_locality) {
    test::machine_text text;
    text.packages = R"({"id": 0, "cpus": "0-1"}, {"id": 1, "cpus": "2-3"})";
    text.initiators = R"({"name": "node0", "kind": "cpu", "node": 0, "cpus": "0-1"},
                         {"name": "node1", "kind": "cpu", "node": 1, "cpus": "2-3"})";
    text.targets = R"(
        {"name": "node0", "kind": "dram", "state": "online", "node": 0, "size": 4096},
        {"name": "node1", "kind": "dram", "state": "online", "node": 1, "size": 4096},
        {"name": "node2", "kind": "hbm", "state": "online", "node": 2, "size": 8192},
        {"name": "node3", "kind": "cxl", "state": "online", "node": 3, "size": 8192},
        {"name": "node4", "kind": "pmem", "state": "online", "node": 4, "size": 8192},
        {"name": "node5", "kind": "hbm", "state": "reserved", "node": 5, "size": 8192})";
    text.figures =
        figures("hmat", "read_bandwidth",
                "[100e9, 50e9, 40e9, 30e9, null, 9e9], [50e9, 100e9, 400e9, 30e9, null, 9e9]");
    // Plain numbers only.
    for (std::size_t at = text.figures.find("e9"); at != std::string::npos;
         at = text.figures.find("e9")) {
        text.figures.replace(at, 2, "000000000");
    }
    text.distances = "[10, 20, 30, 30, 17, 10], [20, 10, 30, 30, 28, 10]";
    const std::string xml = hwloc_xml(text.read(), processors({"0-1", "2-3"}));
    EXPECT_THAT(xml, HasSubstr(R"(<object type="NUMANode" subtype="HBM" os_index="2" )"
                               R"(cpuset="0x0000000c")"))
        << "with its best initiator";
    EXPECT_EQ(parents_of(xml, R"(os_index="2" cpuset="0x0000000c")"), "Package Machine ");
    EXPECT_THAT(xml, HasSubstr(R"(subtype="CXL-DRAM" os_index="3" cpuset="0x0000000f")"))
        << "as far from all";
    EXPECT_THAT(xml, HasSubstr(R"(subtype="NVM" os_index="4" cpuset="0x00000003")"))
        << "no figures, but distances";
    EXPECT_THAT(xml, Not(HasSubstr(R"(subtype="HBM" os_index="5")"))) << "not online";
    EXPECT_THAT(xml, HasSubstr(R"(local_memory="8192")"));
    // The nodes that are local to the first package, and to the whole machine.
    EXPECT_THAT(xml, HasSubstr(R"(<object type="Package" os_index="0" cpuset="0x00000003" )"
                               R"(complete_cpuset="0x00000003" nodeset="0x00000019")"));
    EXPECT_THAT(xml, HasSubstr(R"(allowed_nodeset="0x0000001f")"));
}

TEST(hwloc_xml, a_group_where_no_object_has_these_cpus) {
    test::machine_text text;
    text.initiators = R"({"name": "node0", "kind": "cpu", "node": 0, "cpus": "0-3"},
                         {"name": "node1", "kind": "cpu", "node": 1, "cpus": "4-5"})";
    text.targets = R"(
        {"name": "node0", "kind": "dram", "state": "online", "node": 0, "size": 4096},
        {"name": "node1", "kind": "dram", "state": "online", "node": 1, "size": 4096})";
    text.distances = "[10, 20], [20, 10]";
    const std::string xml = hwloc_xml(text.read(), processors({"0-1", "2-3", "4-5"}));
    EXPECT_EQ(parents_of(xml, R"(type="NUMANode" os_index="0")"), "Group Machine ");
    EXPECT_EQ(parents_of(xml, R"(type="PU" os_index="3")"), "Core Package Group Machine ");
    EXPECT_EQ(parents_of(xml, R"(type="PU" os_index="4")"), "Core Package Machine ");
    // A node that cuts through a package is attached to what holds both.
    const std::string cut = hwloc_xml(text.read(), processors({"0-2", "3-5"}));
    EXPECT_EQ(parents_of(cut, R"(type="NUMANode" os_index="0")"), "Machine ");
    EXPECT_EQ(count(cut, "Group"), 1U) << "that of node1, within the second package";
}

TEST(hwloc_xml, attributes_of_every_pair) {
    const std::string xml = hwloc_xml(test::many_nodes(4), processors({"0-1", "2-3"}));
    EXPECT_THAT(xml, HasSubstr("<memattr name=\"ReadLatency\" flags=\"6\">"));
    EXPECT_THAT(xml, ContainsRegex("value=\"80\" initiator_cpuset=\"0x00000001\""));
    EXPECT_THAT(xml, ContainsRegex("value=\"120\" initiator_cpuset=\"0x00000002\""));
    EXPECT_THAT(xml, ContainsRegex("value=\"200\" initiator_cpuset=\"0x0000000c\""))
        << "initiators that are alike are one";
    EXPECT_THAT(xml, Not(HasSubstr("name=\"Latency\""))) << "the mean of one that is not known";
    EXPECT_THAT(xml, HasSubstr(R"(<distances2 type="NUMANode" nbobjs="4" kind="5" )"
                               R"(name="NUMALatency" indexing="os">)"));
    EXPECT_THAT(xml, HasSubstr(R"(<indexes length="8">0 1 2 3 </indexes>)"));
}

TEST(hwloc_xml, means_of_reading_and_writing) {
    const std::string xml = hwloc_xml(test::three_memories(), processors({"0-3"}));
    EXPECT_THAT(xml, ContainsRegex("name=\"Bandwidth\" flags=\"5\">\n *<memattr_value "
                                   "target_obj_type=\"NUMANode\" target_obj_gp_index=\"[0-9]+\" "
                                   "value=\"99200\""));
    EXPECT_EQ(count(xml, "value=\"409600\""), 1U) << "read only";
}

TEST(hwloc_xml, a_side_cache_holds_its_memory) {
    const std::string xml = hwloc_xml(test::three_memories(), processors({"0-3"}));
    EXPECT_EQ(parents_of(xml, R"(subtype="CXL-DRAM" os_index="2")"), "MemCache Package Machine ");
    EXPECT_THAT(xml, HasSubstr(R"(cache_size="67108864" depth="1" cache_linesize="64" )"
                               R"(cache_associativity="1" cache_type="0")"));
}

TEST(hwloc_xml, sets_of_many_cpus_are_words_of_32) {
    test::machine_text text;
    text.initiators = R"({"name": "node0", "kind": "cpu", "node": 0, "cpus": "0,64-67"})";
    text.targets = R"({"name": "node0", "kind": "dram", "state": "online", "node": 0, "size": 1})";
    text.distances = "[10]";
    const std::string xml = hwloc_xml(text.read(), processors({"0,64-67"}));
    EXPECT_THAT(xml, HasSubstr(R"( cpuset="0x0000000f,0x0,0x00000001" )"));
}

TEST(hwloc_xml, gpu_memory_is_left_out_as_hwloc_does) {
    test::machine_text text;
    text.targets = R"({"name": "node0", "kind": "dram", "state": "online", "node": 0, "size": 1},
        {"name": "node1", "kind": "device", "state": "online", "node": 1, "size": 1})";
    text.distances = "[10, 80]";
    const std::string xml = hwloc_xml(text.read(), processors({"0-3"}));
    EXPECT_EQ(count(xml, "NUMANode"), 1U);
}

TEST(hwloc_xml, a_kernel_without_nodes_has_one) {
    test::machine_text text;
    text.initiators = R"({"name": "cpus", "kind": "cpu", "cpus": "0-3"})";
    text.targets = R"({"name": "ram", "kind": "dram", "state": "online", "size": 4096})";
    const std::string xml = hwloc_xml(text.read(), processors({"0-3"}));
    EXPECT_THAT(xml, HasSubstr(R"(<object type="NUMANode" os_index="0")"));
}

TEST(hwloc_xml, text_from_elsewhere_is_escaped) {
    test::machine_text text;
    text.cpu_model = R"(a \"b\" <c> & d\u0007\n)";
    text.targets = R"({"name": "node0", "kind": "dram", "state": "online", "node": 0, "size": 1})";
    const std::string xml = hwloc_xml(text.read(), processors({"0-3"}));
    EXPECT_THAT(xml, HasSubstr("value=\"a &quot;b&quot; &lt;c&gt; &amp; d"));
    EXPECT_EQ(xml.find('\a'), std::string::npos);
}

TEST(hwloc_xml, a_large_machine_stays_small) {
    kernel::cpu_tree tree = processors({"0-1023"});
    EXPECT_LT(hwloc_xml(test::many_nodes(1024), tree).size(), 16U << 20);
    // No two pairs alike: only the best initiators are left.
    const topology distinct = test::many_nodes(
        512, [](std::size_t i, std::size_t t) { return i == t ? 50 : 100 + i * 512 + t; });
    const std::string xml = hwloc_xml(distinct, processors({"0-511"}));
    EXPECT_LT(xml.size(), 16U << 20);
    EXPECT_EQ(count(xml, "<memattr_value "), 512U);
    EXPECT_EQ(count(xml, "value=\"50\""), 512U);
}

} // namespace
} // namespace hetmem::detail
