#include "kernel/early_tables.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace hetmem::kernel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto raw = std::as_bytes(std::span(text));
    return {raw.begin(), raw.end()};
}

std::vector<early_table> found_in(std::string_view initrd) {
    return find_early_tables(std::as_bytes(std::span(initrd)));
}

const std::vector<early_table> two = {{"HMAT.aml", bytes_of("first")},
                                      {"SRAT.aml", bytes_of("second, and longer")}};

// Written by hand from cpio(5), so that writer and reader cannot share a mistake.
std::string member(std::string_view mode, std::string_view name, std::string_view content) {
    const auto hex = [](std::size_t number) {
        std::string digits(8, '0');
        for (std::size_t at = 8; at-- > 0; number /= 16) {
            digits[at] = "0123456789abcdef"[number % 16];
        }
        return digits;
    };
    std::string out = "070701" + hex(7) + std::string(mode) + hex(0) + hex(0) + hex(1) + hex(0) +
                      hex(content.size()) + hex(0) + hex(0) + hex(0) + hex(0) +
                      hex(name.size() + 1) + hex(0);
    out += name;
    out += '\0';
    out.resize((out.size() + 3) / 4 * 4);
    out += content;
    out.resize((out.size() + 3) / 4 * 4);
    return out;
}
const std::string file_mode = "000081a4";
const std::string directory_mode = "000041ed";

TEST(early_tables, are_found_again) {
    EXPECT_EQ(found_in(make_early_archive(two)), two);
    EXPECT_EQ(make_early_archive(two), make_early_archive(two));
    EXPECT_EQ(make_early_archive(two).size() % 512, 0U);
}

TEST(early_tables, are_files_of_root_as_the_format_has_them) {
    const std::string archive = make_early_archive(two);
    std::string expected = "0707010000000100" + std::string("0041ED");
    EXPECT_EQ(archive.substr(0, expected.size()), expected);
    EXPECT_THAT(archive, ::testing::HasSubstr("000081A40000000000000000"));
    const std::string_view kernel = "kernel/firmware/acpi/HMAT.aml";
    EXPECT_NE(archive.find(kernel), std::string::npos);
    EXPECT_NE(archive.find("TRAILER!!!"), std::string::npos);
}

TEST(early_tables, of_another_writer_are_found) {
    const std::string theirs = member(directory_mode, "kernel", "") +
                               member(file_mode, "kernel/firmware/acpi/hmat.aml", "abc") +
                               member(file_mode, "kernel/x86/microcode/GenuineIntel.bin", "code") +
                               member(file_mode, "kernel/firmware/acpi/slit.aml", "") +
                               member("00000000", "TRAILER!!!", "");
    EXPECT_THAT(found_in(theirs),
                ElementsAre(early_table{"hmat.aml", bytes_of("abc")}, early_table{"slit.aml", {}}));
}

TEST(early_tables, stand_in_several_archives_with_zeros_between) {
    const std::string microcode = member(file_mode, "kernel/x86/microcode/a.bin", "code") +
                                  member("00000000", "TRAILER!!!", "") + std::string(300, '\0');
    EXPECT_EQ(found_in(microcode + make_early_archive(two) + "\x1f\x8b compressed"), two);
}

TEST(early_tables, behind_the_compressed_part_are_not_seen) {
    EXPECT_THAT(found_in("\x1f\x8b\x08 compressed." + make_early_archive(two)), IsEmpty());
}

TEST(early_tables, with_long_names_are_called_as_the_kernel_does) {
    const std::string long_name = "kernel/firmware/acpi/a_very_long_name_of_a_table.aml";
    const auto found = found_in(member(file_mode, long_name, "x") + std::string(200, '\0'));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].name, "a_very_long_name_");
}

TEST(early_tables, that_are_cut_or_damaged_end_the_search) {
    const std::string whole = make_early_archive(two);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_LE(found_in(std::string_view(whole).substr(0, size)).size(), 2U);
    }
    std::string damaged = whole;
    damaged[damaged.find("kernel/firmware/acpi/SRAT") - 100] = 'g'; // no digit
    EXPECT_EQ(found_in(damaged).size(), 1U);
    std::string too_long =
        member(file_mode, "kernel/firmware/acpi/a", "x") + std::string(200, '\0');
    too_long.replace(6 + 6 * 8, 8, "ffffffff");
    EXPECT_THAT(found_in(too_long), IsEmpty());
}

TEST(early_tables, more_than_the_kernel_takes_are_not_seen) {
    EXPECT_EQ(found_in(make_early_archive(std::vector<early_table>(70, two[0]))).size(),
              most_early_tables);
}

} // namespace
} // namespace hetmem::kernel
