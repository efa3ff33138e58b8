#include "tool/capture_list.hpp"

#include <hetmem/measured.hpp>

#include <gmock/gmock.h>

namespace hetmem::tool {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const captured_files& list_entry(std::string_view pattern) {
    for (const captured_files& files : capture_list()) {
        if (files.pattern == pattern) {
            return files;
        }
    }
    throw std::out_of_range(std::string(pattern));
}

TEST(capture_list, braces_give_every_combination) {
    EXPECT_THAT(without_braces("a/b"), ElementsAre("a/b"));
    EXPECT_THAT(without_braces("{a,b}/x{1,2}"), ElementsAre("a/x1", "a/x2", "b/x1", "b/x2"));
}

TEST(capture_list, patterns_match_whole_names) {
    EXPECT_TRUE(matches("node#", "node12"));
    EXPECT_FALSE(matches("node#", "node"));
    EXPECT_FALSE(matches("node#", "node1x"));
    EXPECT_TRUE(matches("dax#.#", "dax10.0"));
    EXPECT_TRUE(matches("hugepages-#kB", "hugepages-2048kB"));
    EXPECT_TRUE(matches("*", "0000:00:03.0"));
    EXPECT_FALSE(matches("memory#", "memory_side_cache"));
    EXPECT_TRUE(matches("SLIT", "SLIT"));
    EXPECT_FALSE(matches("SLIT", "SLIT1"));
}

TEST(capture_list, nothing_that_tells_one_machine_from_another_is_in_it) {
    for (const captured_files& files : capture_list()) {
        for (const char* secret : {"serial", "uuid", "hostname", "cmdline", "version", "class/net",
                                   "dmi", "machine-id", "product"}) {
            EXPECT_THAT(std::string(files.pattern), Not(HasSubstr(secret)));
        }
    }
}

TEST(capture_list, cpuinfo_keeps_the_model_and_drops_the_serial_number) {
    const std::string kept =
        wanted_text(list_entry("proc/cpuinfo"), "processor\t: 0\nmodel name\t: Example 9000\n"
                                                "flags\t\t: fpu vme\napicid\t\t: 4\n\n"
                                                "Serial\t\t: 00000000deadbeef\n");
    EXPECT_EQ(kept, "processor\t: 0\nmodel name\t: Example 9000\napicid\t\t: 4\n\n");
}

TEST(capture_list, iomem_keeps_memory_only) {
    const std::string kept =
        wanted_text(list_entry("proc/iomem"), "00001000-0009ffff : System RAM\n"
                                              "000a0000-000bffff : PCI Bus 0000:00\n"
                                              "100000000-11fffffff : Soft Reserved\n"
                                              "  100000000-11fffffff : dax0.0\n"
                                              "200000000-21fffffff : Persistent Memory\n"
                                              "  200000000-21fffffff : namespace0.0\n");
    EXPECT_EQ(kept, "00001000-0009ffff : System RAM\n"
                    "100000000-11fffffff : Soft Reserved\n"
                    "200000000-21fffffff : Persistent Memory\n");
}

TEST(capture_list, the_host_name_in_copies_of_others_is_dropped) {
    EXPECT_EQ(wanted_text(list_entry("proc/hwloc-nofile-info"),
                          "OSRelease: 6.12.9\nHostName: secret\nArchitecture: x86_64"),
              "OSRelease: 6.12.9\nArchitecture: x86_64");
}

TEST(capture_list, figures_are_kept_and_the_name_of_the_machine_is_dropped) {
    measurements all;
    all.machine = {"Example 9000", "dmi:svnSecret:pnBox:"};
    all.given = {{"node0", "node2", quantity::read_latency, 250'000, source::override_, "", {}}};
    const std::string kept = wanted_text(list_entry("var/lib/hetmem/figures.json"), to_json(all));
    all.machine.modalias.clear();
    EXPECT_EQ(measurements_from_json(kept), all);
    EXPECT_THAT(kept, Not(HasSubstr("Secret")));
}

TEST(capture_list, files_without_a_filter_are_kept_as_they_are) {
    const std::string bytes("\0HMAT\n\n\xff", 8);
    EXPECT_EQ(wanted_text(list_entry("sys/firmware/acpi/tables/{HMAT,SRAT,SLIT,APIC,CEDT}"), bytes),
              bytes);
}

} // namespace
} // namespace hetmem::tool
