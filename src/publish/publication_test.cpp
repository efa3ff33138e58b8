#include "publish/publication.hpp"

#include "publish/test_machines.hpp"
#include "topology/snapshot.hpp"

#include <hetmem/discover.hpp>

#include <gmock/gmock.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>

namespace hetmem::detail {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A memory at an address that is nowhere else in what is published.
topology machine_with_address() {
    test::machine_text text;
    text.targets = R"({"name": "node0", "kind": "dram", "state": "online", "node": 0, "pxm": 0,
                       "size": 1073741824, "ranges": [{"base": 20015990439936, "length": 1073741824}]})";
    return with_generation(text.read(), 7);
}

publication_extras some_extras() {
    publication_extras extras;
    extras.boot_id = "1fc3";
    extras.history = "{\"generation\":7}\n";
    extras.processors.online.insert(0);
    extras.processors.packages.push_back({0, extras.processors.online});
    extras.processors.cores.push_back({0, extras.processors.online});
    return extras;
}

file_tree all_of(const topology& machine, const publication_extras& extras) {
    file_tree all;
    publication(machine, extras, [&all](const file_tree& part) {
        for (const tree_entry& entry : part) {
            if (entry.what == tree_entry::kind::more) {
                all.back().content += entry.content;
            } else {
                all.push_back(entry);
            }
        }
    });
    return all;
}

const tree_entry& entry(const file_tree& files, const std::string& path) {
    const auto found = std::ranges::find(files, path, &tree_entry::path);
    if (found == files.end()) {
        throw std::runtime_error("there is no " + path);
    }
    return *found;
}

snapshot read_back(const tree_entry& file) {
    return from_snapshot(std::as_bytes(std::span(file.content)), file.path);
}

TEST(Publication, HoldsTheTopologyInAllItsForms) {
    const topology machine = machine_with_address();
    const file_tree files = all_of(machine, some_extras());
    for (const std::string path : {"private", "snapshot"}) {
        const snapshot read = read_back(entry(files, path));
        EXPECT_EQ(read.boot_id, "1fc3");
        EXPECT_EQ(read.machine.generation(), 7U);
        EXPECT_EQ(read.machine.targets().size(), 1U);
    }
    EXPECT_EQ(from_json(entry(files, "topology.json").content).generation(), 7U);
    EXPECT_EQ(entry(files, "history.jsonl").content, "{\"generation\":7}\n");
    EXPECT_THAT(entry(files, "hwloc.xml").content, HasSubstr("<topology"));
    EXPECT_NO_THROW(entry(files, "fsroot/sys/devices/system/node/online"));
    EXPECT_TRUE(std::ranges::any_of(
        files, [](const tree_entry& e) { return e.path.starts_with("hmem/mem_tgt0/"); }));
}

TEST(Publication, ShowsAddressesToItsOwnerOnly) {
    const topology machine = machine_with_address();
    const file_tree files = all_of(machine, some_extras());
    EXPECT_EQ(entry(files, "private").mode, 0600U);
    EXPECT_EQ(read_back(entry(files, "private")).machine.targets()[0].ranges,
              machine.targets()[0].ranges);
    EXPECT_TRUE(read_back(entry(files, "snapshot")).machine.targets()[0].ranges.empty());
    std::string raw(sizeof(std::uint64_t), '\0'); // as a snapshot would have it
    for (std::size_t i = 0; i < raw.size(); ++i) {
        raw[i] = static_cast<char>((0x123456000000ULL >> (8 * i)) & 0xFF);
    }
    for (const tree_entry& one : files) {
        if (one.what == tree_entry::kind::file && (one.mode & 0044U) != 0) {
            EXPECT_THAT(one.content, Not(HasSubstr("123456000000"))) << one.path;
            EXPECT_THAT(one.content, Not(HasSubstr("20015990439936"))) << one.path;
            EXPECT_THAT(one.content, Not(HasSubstr(raw))) << one.path;
        }
    }
}

TEST(Publication, KeepsTheTableThatWasAdopted) {
    publication_extras extras = some_extras();
    const topology machine = machine_with_address();
    const file_tree without = all_of(machine, extras);
    EXPECT_TRUE(std::ranges::none_of(
        without, [](const tree_entry& e) { return e.path.starts_with("adopted"); }));

    extras.adopted = adopted_table{{std::byte{'H'}, std::byte{0}, std::byte{0xFF}},
                                   adopted_by::hand,
                                   "new.hmat, given by hand",
                                   {3}};
    const file_tree with = all_of(machine, extras);
    EXPECT_EQ(entry(with, "adopted").mode, 0700U);
    EXPECT_EQ(entry(with, "adopted/HMAT").content, std::string("H\0\xFF", 3));
    EXPECT_EQ(entry(with, "adopted/HMAT").mode, 0600U);
    EXPECT_EQ(entry(with, "adopted/origin.json").mode, 0600U);
    EXPECT_EQ(entry(with, "adopted/origin.json").content, origin_json(*extras.adopted, "1fc3"));

    // Somebody wanted the firmware's own table back.
    extras.adopted->bytes.clear();
    const file_tree back = all_of(machine, extras);
    EXPECT_NO_THROW(entry(back, "adopted/origin.json"));
    EXPECT_THROW(entry(back, "adopted/HMAT"), std::runtime_error);
}

} // namespace
} // namespace hetmem::detail
