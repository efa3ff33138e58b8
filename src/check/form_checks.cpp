// What is wrong with the form of a table. The decoders find it; here it gets its name.
#include "check/parts.hpp"

#include <acpi/decoded.hpp>

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <string_view>

namespace hetmem::detail {
namespace {

/// What a decoder expected, by how its sentence begins or what stands in it, and the check that
/// this is. The first that fits counts.
struct named_defect {
    std::string_view table; // "" for every table
    std::string_view begins;
    std::string_view holds;
    std::string_view check;
};

constexpr std::array named_defects = {
    named_defect{"SLIT", "", " distances", "slit-size"},
    named_defect{"", "checksum", "", "table-checksum"},
    named_defect{"", "a table of", "", "table-length"},
    named_defect{"", "a table length of", "", "table-length"},
    named_defect{"", "", "as the table's length says", "table-length"},
    named_defect{"", "the end of the table after", "", "table-length"},
    named_defect{"", "the end of the table, or", "", "structure-cut"},
    named_defect{"", "a structure of at most", "", "structure-cut"},
    named_defect{"", "a structure length of", "", "structure-length"},
    named_defect{"", "fewer than", "", "table-garbage"},
    named_defect{"", "no further defects", "", "table-garbage"},
    named_defect{"", "a structure of type", "", "structure-unknown"},
    named_defect{"", "a length of", " domains", "hmat-counts"},
    named_defect{"", "a length of", " SMBIOS handles", "hmat-cache-form"},
    named_defect{"CEDT", "a length of", " host bridges", "structure-length"},
    named_defect{"CEDT", "an interleave of", "", "structure-length"},
    named_defect{"", "a length of", "", "structure-length"},
    named_defect{"", "revision", "", "table-revision"},
    named_defect{"", "flags within", "", "reserved-bits"},
    named_defect{"", "a range that ends within", "", "range-end"},
    named_defect{"", "a hierarchy of", "", "hmat-hierarchy"},
    named_defect{"", "a data type of", "", "hmat-data-type"},
    named_defect{"", "an entry base unit above 0", "", "hmat-base-unit"},
    named_defect{"HMAT", "every ", " domain once", "hmat-domain-twice"},
    named_defect{"", "entry x base unit within", "", "hmat-overflow"},
    named_defect{"", "entries of 10 and more", "", "hmat-small-entry"},
    named_defect{"", "at most 3 cache levels", "", "hmat-cache-form"},
    named_defect{"", "a cache level of", "", "hmat-cache-form"},
    named_defect{"", "an associativity of", "", "hmat-cache-form"},
    named_defect{"", "a write policy of", "", "hmat-cache-form"},
    named_defect{"", "a device handle of", "", "srat-handle"},
    named_defect{"", "no range in common", "", "srat-overlap"},
    named_defect{"SLIT", "10 from domain", "", "slit-rejected"},
    named_defect{"SLIT", "more than 10 from domain", "", "slit-rejected"},
};

/// Nothing that a decoder tells is lost: what has no name of its own is a fault of some structure.
std::string_view check_of(const defect& d) {
    for (const named_defect& named : named_defects) {
        if ((named.table.empty() || named.table == d.table) &&
            d.expected.starts_with(named.begins) &&
            d.expected.find(named.holds) != std::string::npos) {
            return named.check;
        }
    }
    return "structure-length";
}

/// The checks of form that a table of this kind can fail.
std::vector<std::string_view> checks_for(std::string_view signature) {
    std::vector<std::string_view> ids = {"table-checksum", "table-length", "table-twice",
                                         "table-revision", "table-garbage"};
    const auto add = [&](std::initializer_list<std::string_view> more) {
        ids.insert(ids.end(), more);
    };
    if (signature != "SLIT") {
        add({"structure-length", "structure-cut"});
    }
    if (signature == "HMAT") {
        add({"structure-unknown", "reserved-bits", "hmat-counts", "hmat-hierarchy",
             "hmat-data-type", "hmat-base-unit", "hmat-overflow", "hmat-small-entry",
             "hmat-domain-twice", "hmat-cache-form", "range-end"});
    } else if (signature == "SRAT") {
        add({"structure-unknown", "reserved-bits", "srat-overlap", "srat-handle", "range-end"});
    } else if (signature == "SLIT") {
        add({"slit-size", "slit-rejected"});
    } else if (signature == "CEDT") {
        add({"range-end"});
    }
    return ids;
}

std::string sentence(std::string text) {
    if (!text.empty()) {
        text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
        text += '.';
    }
    return text;
}

/// The findings of form: one `told` for each check, made when a table is there that can fail it.
class form_checks {
public:
    explicit form_checks(check_result& result) : result_(result) {}

    void looked_at(std::string_view signature) {
        for (const std::string_view id : checks_for(signature)) {
            list(id);
        }
    }

    void add(const defect& d) {
        finding* const found =
            list(check_of(d)).add(fmt::format("{}, offset {}", d.table, d.offset), [&] {
                return fmt::format("Expected {}; found {}.", d.expected, d.found);
            });
        if (found != nullptr) {
            found->linux_does = sentence(d.linux_does);
        }
    }

    void add(std::string_view id, std::string about, const told::text& what) {
        list(id).add(std::move(about), what);
    }

private:
    told& list(std::string_view id) { return lists_.try_emplace(id, result_, id).first->second; }

    check_result& result_;
    std::map<std::string_view, told> lists_;
};

template <class Table>
void tell_defects(std::string_view signature, const std::optional<acpi::decoded<Table>>& read,
                  form_checks& checks) {
    if (!read) {
        return;
    }
    checks.looked_at(signature);
    for (const defect& d : read->defects) {
        checks.add(d);
    }
}

void tell_several(const check_subject& subject, form_checks& checks) {
    std::map<std::string_view, const found_table*> first;
    for (const found_table& table : subject.tables) {
        const found_table* const before = first.emplace(table.signature, &table).first->second;
        if (before != &table) {
            checks.add("table-twice", table.place, [&] {
                return fmt::format("There is already a table {}: {}.", table.signature,
                                   before->place);
            });
        }
    }
}

/// The highest revision that a specification defines; the decoder of the HMAT tells for itself.
struct revisions {
    std::string_view signature;
    unsigned first;
    unsigned last;
};
constexpr std::array known_revisions = {
    revisions{"SRAT", 1, 3},
    revisions{"SLIT", 1, 1},
    revisions{"CEDT", 1, 2},
};

template <class Table>
void tell_revision(const std::optional<acpi::decoded<Table>>& read, const revisions& known,
                   form_checks& checks) {
    if (!read || !read->table) {
        return;
    }
    const unsigned revision = read->table->header.revision;
    if (revision < known.first || revision > known.last) {
        checks.add("table-revision", fmt::format("{}, offset 8", known.signature), [&] {
            return fmt::format("Revision {}; {} to {} are known.", revision, known.first,
                               known.last);
        });
    }
}

/// Fields in which there is nothing before a later revision says what.
class reserved_fields {
public:
    reserved_fields(std::string_view table, form_checks& checks) : table_(table), checks_(checks) {}

    void zero(std::uint64_t offset, std::uint64_t value) {
        if (value != 0) {
            checks_.add("reserved-bits", fmt::format("{}, offset {}", table_, offset), [&] {
                return fmt::format("A reserved field should be 0 and is 0x{:x}.", value);
            });
        }
    }

private:
    std::string_view table_;
    form_checks& checks_;
};

void look(reserved_fields& fields, std::uint64_t at, unsigned revision,
          const acpi::memory_attributes& s) {
    fields.zero(at + 2, s.reserved0);
    fields.zero(at + 10, s.reserved1);
    fields.zero(at + 20, s.reserved2);
    if (revision >= 2) {
        fields.zero(at + 24, s.range_base);
        fields.zero(at + 32, s.range_length);
    }
}

void look(reserved_fields& fields, std::uint64_t at, unsigned, const acpi::locality& s) {
    constexpr std::uint8_t undefined = 0xC0;
    fields.zero(at + 2, s.reserved0);
    fields.zero(at + 8, s.flags & undefined);
    fields.zero(at + 11, s.reserved1);
    fields.zero(at + 20, s.reserved2);
}

void look(reserved_fields& fields, std::uint64_t at, unsigned, const acpi::side_cache& s) {
    fields.zero(at + 2, s.reserved0);
    fields.zero(at + 12, s.reserved1);
}

void look(reserved_fields& fields, std::uint64_t at, unsigned, const acpi::apic_affinity& s) {
    fields.zero(at + 4, s.flags & ~1U);
}

void look(reserved_fields& fields, std::uint64_t at, unsigned, const acpi::memory_affinity& s) {
    constexpr std::uint32_t defined = 7;
    fields.zero(at + 6, s.reserved0);
    fields.zero(at + 24, s.reserved1);
    fields.zero(at + 28, s.flags & ~defined);
}

void look(reserved_fields& fields, std::uint64_t at, unsigned, const acpi::x2apic_affinity& s) {
    fields.zero(at + 2, s.reserved0);
    fields.zero(at + 12, s.flags & ~1U);
}

void look(reserved_fields& fields, std::uint64_t at, unsigned, const acpi::gicc_affinity& s) {
    fields.zero(at + 10, s.flags & ~1U);
}

void look(reserved_fields& fields, std::uint64_t at, unsigned, const acpi::its_affinity& s) {
    fields.zero(at + 6, s.reserved0);
}

void look(reserved_fields& fields, std::uint64_t at, unsigned, const acpi::generic_affinity& s) {
    constexpr std::uint32_t defined = 3;
    fields.zero(at + 2, s.reserved0);
    fields.zero(at + 24, s.flags & ~defined);
    fields.zero(at + 28, s.reserved1);
}

void look(reserved_fields& fields, std::uint64_t at, unsigned, const acpi::rintc_affinity& s) {
    fields.zero(at + 2, s.reserved0);
    fields.zero(at + 12, s.flags & ~1U);
}

void look(reserved_fields&, std::uint64_t, unsigned, const acpi::unknown_structure&) {}

void look(reserved_fields& fields, const acpi::hmat& table) {
    fields.zero(acpi::table_header_size, table.reserved);
}

void look(reserved_fields& fields, const acpi::srat& table) {
    // Called reserved, and always 1.
    fields.zero(acpi::table_header_size, table.table_revision ^ 1U);
}

template <class Table>
void tell_reserved(std::string_view signature, const std::optional<acpi::decoded<Table>>& read,
                   form_checks& checks) {
    if (!read || !read->table) {
        return;
    }
    reserved_fields fields(signature, checks);
    look(fields, *read->table);
    const auto offsets = structure_offsets(*read->table);
    for (std::size_t i = 0; i < read->table->structures.size(); ++i) {
        std::visit(
            [&](const auto& s) { look(fields, offsets[i], read->table->header.revision, s); },
            read->table->structures[i]);
    }
}

} // namespace

void check_form(const check_subject& subject, check_result& result) {
    form_checks checks(result);
    tell_several(subject, checks);
    tell_defects("HMAT", subject.hmat, checks);
    tell_defects("SRAT", subject.srat, checks);
    tell_defects("SLIT", subject.slit, checks);
    tell_defects("APIC", subject.madt, checks);
    tell_defects("CEDT", subject.cedt, checks);
    tell_revision(subject.srat, known_revisions[0], checks);
    tell_revision(subject.slit, known_revisions[1], checks);
    tell_revision(subject.cedt, known_revisions[2], checks);
    tell_reserved("HMAT", subject.hmat, checks);
    tell_reserved("SRAT", subject.srat, checks);
}

} // namespace hetmem::detail
