#include "override/steps.hpp"

#include "override/test_snapshot.hpp"
#include "tests/support/tree.hpp"

#include <hetmem/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hetmem::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

class steps : public ::testing::Test {
protected:
    steps() {
        machine_.write({{"etc/there", "old"}, {"etc/gone", "to be removed"}, {"boot/big", "big"}});
        fs::permissions(root() / "etc/gone", fs::perms::owner_read);
    }

    fs::path root() const { return machine_.root(); }
    std::vector<step> all() const {
        return {make_directory(root(), "var/lib/a/private", private_directory),
                write_file(root(), "var/lib/a/private/file", "secret", for_owner),
                write_file(root(), "etc/there", "new", program_mode),
                copy_file(root(), "boot/big", "boot/big.copy"),
                remove_file(root(), "etc/gone"),
                remove_file(root(), "etc/never-was")};
    }

    test::tree machine_;
};

TEST_F(steps, are_done_in_order) {
    std::vector<std::string> told;
    run_steps(all(), [&](const step& one) { told.push_back(one.what); });
    EXPECT_EQ(told.size(), 6U);
    EXPECT_EQ(told[1], "write /var/lib/a/private/file");
    const auto now = snapshot(root());
    EXPECT_EQ(now.at("var/lib/a/private"), "700 ");
    EXPECT_EQ(now.at("var/lib/a/private/file"), "600 secret");
    EXPECT_EQ(now.at("etc/there"), "755 new");
    EXPECT_THAT(now.at("boot/big.copy"), HasSubstr(" big"));
    EXPECT_FALSE(now.contains("etc/gone"));
}

TEST_F(steps, do_not_follow_a_link_out_of_the_machine) {
    test::tree outside;
    outside.write({{"conf", "of another machine"}});
    const auto before = snapshot(outside.root());
    fs::create_directory_symlink(outside.root(), root() / "etc/link");
    fs::create_directory_symlink("link", root() / "etc/hop");
    for (const step& one :
         {make_directory(root(), "etc/link/hooks"), write_file(root(), "etc/link/conf", "ours"),
          write_file(root(), "etc/hop/new", "ours"), remove_file(root(), "etc/hop/conf"),
          copy_file(root(), "boot/big", "etc/link/big"), copy_file(root(), "etc/link/conf", "here"),
          move_file(root(), "boot/big", "etc/link/big")}) {
        EXPECT_THROW(run_steps({one}), not_permitted) << one.what;
    }
    run_steps({clean_up(root(), {"etc/link/conf"})});
    EXPECT_EQ(snapshot(outside.root()), before);
    EXPECT_FALSE(fs::exists(root() / "here"));
}

TEST_F(steps, follow_a_link_within_the_machine) {
    fs::create_directory_symlink("etc", root() / "conf");
    run_steps({write_file(root(), "conf/there", "new")});
    EXPECT_THAT(snapshot(root()).at("etc/there"), HasSubstr(" new"));
}

TEST_F(steps, that_fail_leave_nothing_whichever_it_is) {
    const auto before = snapshot(root());
    for (std::size_t failing = 0; failing <= all().size(); ++failing) {
        std::vector<step> some = all();
        some.insert(some.begin() + static_cast<std::ptrdiff_t>(failing),
                    step{"fail", [] { throw error(EIO, "it failed"); }, {}});
        try {
            run_steps(some);
            ADD_FAILURE() << "step " << failing;
        } catch (const error& e) {
            EXPECT_THAT(e.what(), HasSubstr("it failed"));
        }
        EXPECT_EQ(snapshot(root()), before) << "step " << failing;
    }
}

TEST_F(steps, tell_what_could_not_be_undone) {
    const std::vector<step> some = {{"the first", [] {}, [] { throw error(EROFS, "read-only"); }},
                                    {"the second", [] { throw error(EIO, "it failed"); }, {}}};
    try {
        run_steps(some);
        ADD_FAILURE();
    } catch (const undo_failed& e) {
        EXPECT_THAT(e.what(), HasSubstr("it failed"));
        EXPECT_THAT(e.what(), HasSubstr("could not be undone: the first (read-only"));
    }
}

TEST_F(steps, that_clean_up_never_fail) {
    machine_.make_directory("var/full/file");
    run_steps({clean_up(root(), {"boot/big", "not/there", "var/full"})});
    EXPECT_FALSE(fs::exists(root() / "boot/big"));
    EXPECT_TRUE(fs::exists(root() / "var/full/file"));
}

TEST_F(steps, moves_take_the_place_of_what_is_there) {
    const step move = move_file(root(), "boot/big", "etc/there");
    move.apply();
    EXPECT_FALSE(fs::exists(root() / "boot/big"));
    EXPECT_EQ(kernel::read_file(root() / "etc/there"), "big");
    move.undo();
    EXPECT_EQ(kernel::read_file(root() / "boot/big"), "big");
}

TEST_F(steps, a_copy_that_cannot_be_made_is_told) {
    EXPECT_THROW(run_steps({copy_file(root(), "boot/none", "boot/copy")}), error);
    EXPECT_FALSE(fs::exists(root() / "boot/copy"));
    EXPECT_FALSE(fs::exists(root() / "boot/copy.part"));
}

} // namespace
} // namespace hetmem::detail
