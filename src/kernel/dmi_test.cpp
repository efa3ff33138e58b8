#include "kernel/dmi.hpp"

#include "tests/support/tree.hpp"

#include <gtest/gtest.h>

namespace hetmem::kernel {
namespace {

TEST(dmi, tells_firmware_and_machine) {
    const test::tree machine({
        {"sys/class/dmi/id/bios_vendor", "ACME\n"},
        {"sys/class/dmi/id/bios_version", "1.2 b\n"},
        {"sys/class/dmi/id/bios_date", "01/02/2026\n"},
        {"sys/class/dmi/id/modalias", "dmi:bvnACME:bvr1.2b:bd01/02/2026:br1.2:svnACME:pnBox:\n"},
    });
    EXPECT_EQ(read_dmi(rooted_reader(machine.root())),
              (dmi{"ACME", "1.2 b", "01/02/2026", "dmi:svnACME:pnBox:"}));
}

TEST(dmi, tells_nothing_where_there_is_none) {
    const test::tree machine;
    EXPECT_EQ(read_dmi(rooted_reader(machine.root())), dmi());
}

TEST(dmi, a_firmware_update_leaves_the_machine_the_same) {
    EXPECT_EQ(without_bios("dmi:bvnA:bvr1:bd01/01/2020:br1.0:efr1.1:svnB:pnC:pvrD:rvnE:"),
              without_bios("dmi:bvnZ:bvr2:bd02/02/2026:br9.0:svnB:pnC:pvrD:rvnE:"));
    EXPECT_NE(without_bios("dmi:bvnA:svnB:pnC:"), without_bios("dmi:bvnA:svnB:pnX:"));
    EXPECT_EQ(without_bios(""), "");
    EXPECT_EQ(without_bios("dmi:svnB"), "dmi:svnB");
}

} // namespace
} // namespace hetmem::kernel
