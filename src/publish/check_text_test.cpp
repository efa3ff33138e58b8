#include "publish/check_text.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace hetmem::detail {
namespace {

using testing::HasSubstr;
using testing::Not;

check_result some_findings() {
    check_result result;
    result.findings = {
        {"slit-rejected", severity::error, "SLIT, offset 45", "Expected 10; found 11.", "", ""},
        {"slit-rejected", severity::error, "SLIT, offset 50", "Expected 10; found 12.", "", ""},
        {"hmat-unknown-domain", severity::warning, "HMAT, offset 60", "It is domain 7.",
         "Ignores what is told of this domain.", "Ask \x1b[31m for it."},
        {"asymmetric", severity::info, "domain 0 -> domain 1", "100 ns, and 150 ns back.", "", ""},
    };
    result.seals = {
        {"node2", seal_verdict::state::leaky, {"It is online in a kernel zone.", "So."}},
        {"dax0.0", seal_verdict::state::sealed, {}}};
    result.not_looked_at = {"APIC: only root may read it (run as root)"};
    result.ran = {"slit-rejected", "asymmetric"};
    return result;
}

TEST(check_text, tells_each_check_once_with_what_to_do) {
    const std::string text = draw_check(some_findings(), {});
    EXPECT_THAT(text,
                HasSubstr("error: The SLIT has a distance that Linux does not accept [slit-"));
    EXPECT_EQ(text.find("slit-rejected"), text.rfind("slit-rejected"));
    EXPECT_THAT(text, HasSubstr("  SLIT, offset 45: Expected 10; found 11.\n"
                                "  SLIT, offset 50: Expected 10; found 12.\n"
                                "  Linux  Ignores the whole SLIT"));
    EXPECT_THAT(text, HasSubstr("  Linux  Ignores what is told of this domain.\n"));
    EXPECT_THAT(text, HasSubstr("  see    ACPI 6.4, 5.2.17"));
    EXPECT_THAT(text, HasSubstr("  node2   leaky    It is online in a kernel zone.\n"));
    EXPECT_THAT(text, HasSubstr("not looked at\n  APIC"));
    EXPECT_THAT(text, HasSubstr("2 errors, 1 warning, 1 info; 2 of "));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(check_text, fits_80_columns) {
    const std::string text = draw_check(some_findings(), {}) + draw_check_list({}) +
                             draw_explanation(*find_check("one-tier"), {});
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        EXPECT_LE(end - at, 80U) << text.substr(at, end - at);
        at = end + 1;
    }
}

TEST(check_text, says_so_when_nothing_was_found) {
    check_result result;
    result.ran = {"asymmetric"};
    EXPECT_THAT(draw_check(result, {}), HasSubstr("nothing found; 1 of "));
}

TEST(check_text, json_has_every_finding_with_its_remedy) {
    const auto json = nlohmann::json::parse(to_json(some_findings()));
    EXPECT_EQ(json.at("format"), "hetmem-check");
    EXPECT_EQ(json.at("findings").size(), 4U);
    EXPECT_EQ(json.at("findings")[0].at("linux_does"), find_check("slit-rejected")->linux_does);
    EXPECT_EQ(json.at("findings")[2].at("linux_does"), "Ignores what is told of this domain.");
    EXPECT_EQ(json.at("seals")[0].at("state"), "leaky");
    EXPECT_EQ(json.at("ran").size(), 2U);
}

TEST(check_text, the_page_has_every_check) {
    const std::string page = checks_as_markdown();
    for (const check_info& check : all_checks()) {
        EXPECT_THAT(page, HasSubstr("\n### " + std::string(check.id) + "\n"));
    }
    EXPECT_THAT(page, Not(HasSubstr("\n\n\n")));
}

} // namespace
} // namespace hetmem::detail
