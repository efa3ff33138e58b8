#include "memory/grants.hpp"

#include <gmock/gmock.h>

namespace hetmem::detail {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t mib = 1U << 20;

std::vector<std::size_t> lengths(const grants& held) {
    std::vector<std::size_t> all;
    for (const grants::range& r : held.ranges()) {
        all.push_back(r.length / mib);
    }
    return all;
}

TEST(Grants, CountsWhatEachLegGave) {
    grants held(2);
    held.add(100 * mib, 2 * mib, {2 * mib, 0});
    held.add(102 * mib, 4 * mib, {1 * mib, 3 * mib});
    EXPECT_THAT(held.totals(), ElementsAre(3 * mib, 3 * mib));
    EXPECT_THAT(lengths(held), ElementsAre(6));
}

TEST(Grants, AWholeGrantIsSubtractedAsItWasAdded) {
    grants held(2);
    held.add(100 * mib, 2 * mib, {2 * mib, 0});
    held.add(102 * mib, 4 * mib, {1 * mib, 3 * mib});
    EXPECT_FALSE(held.splits_legs(102 * mib, 4 * mib));
    held.remove(102 * mib, 4 * mib);
    EXPECT_THAT(held.totals(), ElementsAre(2 * mib, 0));
    held.remove(100 * mib, 2 * mib);
    EXPECT_THAT(held.totals(), ElementsAre(0, 0));
    EXPECT_THAT(held.ranges(), IsEmpty());
}

TEST(Grants, APartOfOneLegNeedsNoCounting) {
    grants held(2);
    held.add(100 * mib, 8 * mib, {0, 8 * mib});
    EXPECT_FALSE(held.splits_legs(102 * mib, 2 * mib));
    held.remove(102 * mib, 2 * mib);
    EXPECT_THAT(held.totals(), ElementsAre(0, 6 * mib));
    EXPECT_THAT(lengths(held), ElementsAre(2, 4));
}

TEST(Grants, APartOfSeveralLegsIsSubtractedAsItWasCounted) {
    grants held(2);
    held.add(100 * mib, 8 * mib, {6 * mib, 2 * mib});
    EXPECT_TRUE(held.splits_legs(104 * mib, 2 * mib));
    held.remove(104 * mib, 2 * mib, {2 * mib, 0});
    EXPECT_THAT(held.totals(), ElementsAre(4 * mib, 2 * mib));
    held.remove(100 * mib, 4 * mib, {4 * mib, 0});
    held.remove(106 * mib, 2 * mib, {0, 2 * mib});
    EXPECT_THAT(held.totals(), ElementsAre(0, 0));
    EXPECT_THAT(held.ranges(), IsEmpty());
}

TEST(Grants, TheSumsAreRightWhateverIsCounted) {
    grants held(2);
    held.add(100 * mib, 8 * mib, {6 * mib, 2 * mib});
    held.remove(100 * mib, 4 * mib, {0, 64 * mib}); // more than that leg has
    EXPECT_EQ(held.totals()[0] + held.totals()[1], 4 * mib);
    held.remove(104 * mib, 4 * mib); // nothing was counted
    EXPECT_THAT(held.totals(), ElementsAre(0, 0));
}

TEST(Grants, ARangeMaySpanGrants) {
    grants held(1);
    held.add(100 * mib, 4 * mib, {4 * mib});
    held.add(104 * mib, 4 * mib, {4 * mib});
    held.add(108 * mib, 4 * mib, {4 * mib});
    held.remove(102 * mib, 8 * mib);
    EXPECT_THAT(held.totals(), ElementsAre(4 * mib));
    EXPECT_THAT(lengths(held), ElementsAre(2, 2));
    held.remove(90 * mib, 100 * mib);
    EXPECT_THAT(held.ranges(), IsEmpty());
}

TEST(Grants, AreForgottenTogether) {
    grants held(2);
    held.add(100 * mib, 8 * mib, {6 * mib, 2 * mib});
    held.clear();
    EXPECT_THAT(held.totals(), ElementsAre(0, 0));
    EXPECT_THAT(held.ranges(), IsEmpty());
}

} // namespace
} // namespace hetmem::detail
