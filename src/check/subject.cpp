#include "check/subject.hpp"

#include "kernel/acpi_tables.hpp"
#include "kernel/file.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory_map.hpp"
#include "kernel/text.hpp"

#include <acpi/acpidump.hpp>
#include <acpi/header.hpp>

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <string_view>

namespace hetmem::detail {
namespace {

constexpr std::array<std::string_view, 5> looked_at = {"HMAT", "SRAT", "SLIT", "APIC", "CEDT"};

bool is_looked_at(std::string_view signature) {
    return std::ranges::find(looked_at, signature) != looked_at.end();
}

template <class Table>
void decode_first(const check_subject& subject, std::string_view signature,
                  acpi::decoded<Table> (*decode)(std::span<const std::byte>),
                  std::optional<acpi::decoded<Table>>& into) {
    const auto first = std::ranges::find(subject.tables, signature, &found_table::signature);
    if (first != subject.tables.end()) {
        into = decode(first->bytes);
    }
}

void decode_tables(check_subject& subject) {
    decode_first(subject, "HMAT", acpi::decode_hmat, subject.hmat);
    decode_first(subject, "SRAT", acpi::decode_srat, subject.srat);
    decode_first(subject, "SLIT", acpi::decode_slit, subject.slit);
    decode_first(subject, "APIC", acpi::decode_madt, subject.madt);
    decode_first(subject, "CEDT", acpi::decode_cedt, subject.cedt);
}

void tell_absent_tables(check_subject& subject, std::string_view why) {
    for (const std::string_view signature : looked_at) {
        const bool there =
            std::ranges::find(subject.tables, signature, &found_table::signature) !=
                subject.tables.end() ||
            std::ranges::find(subject.unread_tables, signature) != subject.unread_tables.end();
        if (!there) {
            subject.not_looked_at.push_back(fmt::format("{}: {}", signature, why));
        }
    }
}

// ---- a machine ----------------------------------------------------------------------------------

std::string why_not_read(const kernel::outcome& read) {
    return read.not_permitted() ? "only root may read it (run as root)"
                                : std::string(std::generic_category().message(read.errno_value));
}

void read_tables(const kernel::rooted_reader& reader, check_subject& subject) {
    auto read = kernel::read_acpi_tables(reader, {"HMAT", "SRAT", "SLIT", "APIC", "CEDT"});
    if (!read.listed) {
        subject.not_looked_at.push_back(
            fmt::format("firmware's tables: {}",
                        read.listed.absent() ? "there are none here" : why_not_read(read.listed)));
    }
    for (kernel::acpi_table& table : read.tables) {
        if (table.read) {
            subject.tables.push_back({table.signature, table.path, std::move(table.bytes)});
        } else {
            subject.not_looked_at.push_back(
                fmt::format("{}: {}", table.path, why_not_read(table.read)));
            subject.unread_tables.push_back(table.signature);
        }
    }
    if (read.listed) {
        tell_absent_tables(subject, "the machine has none");
    }
}

void read_map(const kernel::rooted_reader& reader, check_subject& subject) {
    const kernel::memory_map map = kernel::read_memory_map(reader);
    for (const kernel::memory_map_range& r : map.ranges) {
        subject.memory_map.push_back({{r.base, r.length}, r.type});
    }
    if (map.ranges.empty()) {
        subject.not_looked_at.push_back(
            fmt::format("memory map: {}", map.hidden          ? "only root sees it (run as root)"
                                          : map.read.absent() ? "there is none here"
                                                              : "it is empty"));
    }
}

void append(measurements& to, measurements&& from) {
    std::ranges::move(from.initiators, std::back_inserter(to.initiators));
    std::ranges::move(from.targets, std::back_inserter(to.targets));
    std::ranges::move(from.cells, std::back_inserter(to.cells));
    std::ranges::move(from.curves, std::back_inserter(to.curves));
    std::ranges::move(from.given, std::back_inserter(to.given));
    std::ranges::move(from.remarks, std::back_inserter(to.remarks));
    if (to.machine == machine_mark{}) {
        to.machine = std::move(from.machine);
    }
}

/// The machine's store, and that of whoever asks.
void read_stores(const kernel::rooted_reader& reader, check_subject& subject) {
    std::vector<std::filesystem::path> stores = {
        reader.root() / std::filesystem::path(machine_store()).relative_path()};
    if (reader.live()) {
        stores.push_back(user_store());
    }
    for (const std::filesystem::path& store : stores) {
        std::error_code unknown;
        if (store.empty() || !std::filesystem::exists(store, unknown)) {
            continue;
        }
        try {
            measurements read = read_measurements(store);
            if (!subject.stored) {
                subject.stored.emplace();
            }
            append(*subject.stored, std::move(read));
        } catch (const error& e) {
            subject.not_looked_at.push_back(fmt::format("measurements: {}", e.what()));
        }
    }
}

// ---- tables only --------------------------------------------------------------------------------

/// acpidump(8) heads each table with its signature and where it was: "HMAT @ 0x...".
bool looks_like_acpidump(std::string_view text) {
    // A binary table has zeros within the first bytes: in its length.
    constexpr std::size_t head = 4096;
    const std::string_view beginning = text.substr(0, head);
    return beginning.find('\0') == std::string_view::npos &&
           beginning.find(" @ 0x") != std::string_view::npos;
}

void add_file(const std::filesystem::path& file, std::vector<found_table>& found) {
    const std::string content = kernel::read_file(file, kernel::acpi_table_limit);
    const auto bytes = std::as_bytes(std::span(content));
    if (looks_like_acpidump(content)) {
        for (acpi::dumped_table& table : acpi::parse_acpidump(content, file.string())) {
            if (is_looked_at(table.signature)) {
                found.push_back({table.signature, fmt::format("{}:{}", file.string(), table.line),
                                 std::move(table.bytes)});
            }
        }
        return;
    }
    const std::string signature(acpi::signature_of(bytes));
    if (is_looked_at(signature)) {
        found.push_back({signature, file.string(), {bytes.begin(), bytes.end()}});
    }
}

/// In an order that does not depend on the file system, HMAT2 before HMAT10.
std::vector<std::filesystem::path> files_of(const std::filesystem::path& directory) {
    std::vector<std::filesystem::path> files;
    std::error_code failed;
    for (std::filesystem::directory_iterator entry(directory, failed), end; !failed && entry != end;
         entry.increment(failed)) {
        if (entry->is_regular_file()) {
            files.push_back(entry->path());
        }
    }
    if (failed) {
        throw error(failed.value(), "cannot read " + directory.string());
    }
    std::ranges::sort(files, [](const auto& a, const auto& b) {
        return kernel::natural_less(a.filename().string(), b.filename().string());
    });
    return files;
}

} // namespace

check_subject read_check_subject(const kernel::rooted_reader& reader) {
    check_subject subject;
    subject.reader = &reader;
    read_tables(reader, subject);
    read_map(reader, subject);
    try {
        subject.machine = discover({.root = reader.root()});
    } catch (const error& e) {
        if (subject.tables.empty()) {
            throw; // nothing is left to be looked at
        }
        subject.not_looked_at.push_back(fmt::format("the machine itself: {}", e.what()));
    }
    subject.kernel_release = kernel::read_machine(reader).kernel_release;
    read_stores(reader, subject);
    decode_tables(subject);
    return subject;
}

check_subject subject_of_tables(std::vector<found_table> tables) {
    check_subject subject;
    subject.tables = std::move(tables);
    tell_absent_tables(subject, "it is not among the tables");
    subject.not_looked_at.emplace_back("the machine itself: only tables are looked at");
    decode_tables(subject);
    return subject;
}

check_subject read_table_subject(const std::filesystem::path& tables) {
    std::vector<found_table> found;
    std::error_code unknown; // then reading says what is wrong
    const bool folder = std::filesystem::is_directory(tables, unknown);
    for (const auto& file : folder ? files_of(tables) : std::vector{tables}) {
        add_file(file, found);
    }
    if (found.empty()) {
        throw error(EINVAL, fmt::format("{}: no {} and no text of acpidump with one",
                                        tables.string(), fmt::join(looked_at, ", ")));
    }
    return subject_of_tables(std::move(found));
}

} // namespace hetmem::detail
