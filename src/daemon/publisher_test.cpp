#include "daemon/publisher.hpp"

#include "daemon/evaluator.hpp"
#include "kernel/file.hpp"
#include "tests/support/firmware.hpp"
#include "tests/support/made_up_machine.hpp"

#include <hetmem/error.hpp>

#include <gmock/gmock.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hetmem::daemon {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

/// Two nodes; the second has no CPUs.
test::tree two_nodes() {
    test::tree machine =
        test::make_machine({{0, "0-1", 0, 4, ~0U, "10 20"}, {1, "", 4, 2, ~0U, "20 10"}}, 2);
    machine.write("proc/sys/kernel/random/boot_id", "1fc3\n");
    return machine;
}

/// An HMAT in which node 0 reads from node 1 in `picoseconds`.
std::vector<std::byte> table_with(std::uint16_t picoseconds, test::tree& into) {
    test::firmware tables;
    tables.processor(0, 0).processor(0, 1);
    tables.memory(0, 0, 512 * mib).memory(1, 512 * mib, 256 * mib);
    tables.matrix(acpi::data_type::access_latency, 1, {0}, {0, 1}, {100, picoseconds});
    tables.write_into(into);
    const std::string bytes = kernel::read_file(into.root() / "sys/firmware/acpi/tables/HMAT");
    const auto all = std::as_bytes(std::span(bytes));
    return {all.begin(), all.end()};
}

class Publisher : public testing::Test {
protected:
    /// As after a start.
    void start() {
        hmat_.reset();
        directory_.reset();
        directory_.emplace(place_.path() / "run");
        const kernel::rooted_reader earlier(directory_->place());
        hmat_.emplace(hma_, detail::read_adopted(earlier.open("current/adopted"), "1fc3"));
        publisher_.emplace(reader_, *directory_, *hmat_);
    }
    /// One of the two blocks of node 1.
    void block_5(const std::string& state) {
        machine_.write("sys/devices/system/memory/memory5/state", state + "\n");
        const std::string kib = state == "online" ? "262144" : "131072";
        machine_.write("sys/devices/system/node/node1/meminfo",
                       "Node 1 MemTotal: " + kib + " kB\nNode 1 MemFree: 1024 kB\n");
    }
    std::string text(const std::string& name) const {
        return kernel::read_file(place_.path() / "run/current" / name);
    }

    test::tree machine_ = two_nodes();
    test::temporary_directory place_;
    kernel::rooted_reader reader_{machine_.root()};
    evaluator hma_{reader_, evaluation_ways{}};
    std::optional<detail::run_directory> directory_;
    std::optional<hmat_in_force> hmat_;
    std::optional<publisher> publisher_;
};

TEST_F(Publisher, PublishesWhatIsDifferentOnly) {
    start();
    publisher::outcome now = publisher_->look("start", 0);
    EXPECT_TRUE(now.published);
    EXPECT_EQ(now.generation, 1U);
    EXPECT_THAT(now.changes, IsEmpty());
    EXPECT_EQ(publisher_->published()->generation(), 1U);

    now = publisher_->look("events", 0);
    EXPECT_FALSE(now.published);
    EXPECT_EQ(now.generation, 1U);

    block_5("offline");
    now = publisher_->look("events", 0);
    EXPECT_TRUE(now.published);
    EXPECT_EQ(now.generation, 2U);
    EXPECT_THAT(now.changes, Not(IsEmpty()));
    EXPECT_THAT(text("history.jsonl"), HasSubstr("node1"));
    EXPECT_THAT(text("topology.json"), HasSubstr("\"generation\": 2"));
}

TEST_F(Publisher, GoesOnAfterARestart) {
    start();
    publisher_->look("start", 0);
    block_5("offline");
    publisher_->look("events", 0);
    start();
    EXPECT_EQ(publisher_->published()->generation(), 2U);
    EXPECT_FALSE(publisher_->look("start", 0).published);
    block_5("online");
    EXPECT_EQ(publisher_->look("events", 0).generation, 3U);
}

TEST_F(Publisher, TakesWhatAnotherBootLeftForNothing) {
    start();
    publisher_->look("start", 0);
    machine_.write("proc/sys/kernel/random/boot_id", "2fd4\n");
    start();
    EXPECT_FALSE(publisher_->published());
    const publisher::outcome now = publisher_->look("start", 0);
    EXPECT_TRUE(now.published);
    EXPECT_EQ(now.generation, 2U);
    EXPECT_THAT(text("history.jsonl"), Not(HasSubstr("\"generation\":1,")));
}

TEST_F(Publisher, ForgetsWhichEventsAnotherBootHadSeen) {
    start();
    publisher_->look("start", 5000);
    EXPECT_EQ(kernel::read_file(place_.path() / "run/seen").size(), 16U);
    start();
    EXPECT_EQ(kernel::read_file(place_.path() / "run/seen").size(), 16U) << "of this boot";
    machine_.write("proc/sys/kernel/random/boot_id", "2fd4\n");
    start();
    EXPECT_EQ(kernel::read_file(place_.path() / "run/seen"), "");
}

TEST_F(Publisher, PublishesAgainWhatSomebodyRemoved) {
    start();
    publisher_->look("start", 0);
    block_5("offline");
    ASSERT_EQ(publisher_->look("events", 0).generation, 2U);
    for (const auto& entry : std::filesystem::directory_iterator(place_.path() / "run")) {
        std::filesystem::remove_all(entry.path());
    }
    publisher::outcome now = publisher_->look("events", 7);
    EXPECT_TRUE(now.published);
    EXPECT_EQ(now.generation, 3U);
    EXPECT_THAT(now.changes, IsEmpty());
    EXPECT_THAT(text("topology.json"), HasSubstr("\"generation\": 3"));
    EXPECT_EQ(kernel::read_file(place_.path() / "run/seen").size(), 16U);
    now = publisher_->look("events", 8);
    EXPECT_FALSE(now.published);
    EXPECT_EQ(now.generation, 3U);
}

TEST_F(Publisher, PublishesAgainWhenCurrentLeadsElsewhere) {
    start();
    publisher_->look("start", 0);
    block_5("offline");
    publisher_->look("events", 0);
    std::filesystem::remove(place_.path() / "run/current");
    std::filesystem::create_symlink("generations/1", place_.path() / "run/current");
    EXPECT_EQ(publisher_->look("events", 0).generation, 3U);
    EXPECT_THAT(text("topology.json"), HasSubstr("\"generation\": 3"));
}

TEST_F(Publisher, LeavesWhatIsPublishedWhenALookFails) {
    start();
    publisher_->look("start", 0);
    machine_.remove("sys").remove("proc/meminfo");
    EXPECT_THROW(publisher_->look("events", 0), error);
    EXPECT_EQ(directory_->current(), 1U);
    EXPECT_EQ(publisher_->published()->generation(), 1U);
    EXPECT_THAT(text("topology.json"), HasSubstr("node1"));
}

TEST_F(Publisher, KeepsTheTableThatItWasMadeWith) {
    table_with(200, machine_);
    test::tree elsewhere;
    const std::vector<std::byte> better = table_with(150, elsewhere);
    start();
    publisher_->look("start", 0);
    EXPECT_FALSE(std::filesystem::exists(place_.path() / "run/current/adopted"));

    detail::adopt_request request;
    request.wanted = detail::adopt_request::kind::table;
    request.name = "better.hmat";
    request.table = better;
    ASSERT_THAT(hmat_->adopt(reader_, request).refused, IsEmpty());
    publisher::outcome now = publisher_->look("adopted", 0);
    EXPECT_EQ(now.generation, 2U);
    EXPECT_THAT(now.changes, testing::Contains(testing::Field(&change::kind, change_kind::figure)));
    EXPECT_EQ(text("adopted/HMAT").size(), better.size());

    // The restart has it again, and nothing is new.
    start();
    EXPECT_EQ(hmat_->table().bytes, better);
    EXPECT_FALSE(publisher_->look("start", 0).published);

    // And so has the next generation, whatever made it.
    block_5("offline");
    EXPECT_EQ(publisher_->look("events", 0).generation, 3U);
    EXPECT_EQ(text("adopted/HMAT").size(), better.size());
}

} // namespace
} // namespace hetmem::daemon
