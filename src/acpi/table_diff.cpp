#include <acpi/table_diff.hpp>

#include <acpi/table_values.hpp>
#include <acpi/table_words.hpp>

#include <hetmem/error.hpp>

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

namespace hetmem::acpi {
namespace {

/// What a matrix is about: figures of the same are held against each other.
struct subject {
    unsigned level = 0; ///< 0: the memory; 1 to 3: a cache
    std::string about;
    data_type kind{};
    friend auto operator<=>(const subject&, const subject&) = default;
};

struct placed_cell {
    std::uint32_t initiator;
    std::uint32_t target;
    cell value;
};

std::vector<data_type> kinds_in(data_type kind) {
    switch (kind) {
    case data_type::access_latency:
        return {data_type::read_latency, data_type::write_latency};
    case data_type::access_bandwidth:
        return {data_type::read_bandwidth, data_type::write_bandwidth};
    default:
        return {kind};
    }
}

std::vector<subject> subjects_of(const locality& matrix, unsigned revision) {
    std::string about;
    if (matrix.hierarchy() != 0) {
        const std::string_view name = hmat_hierarchy_name(revision, matrix.hierarchy());
        about = name.empty() ? fmt::format("hierarchy {}", matrix.hierarchy()) : std::string(name);
    }
    const auto add = [&](const std::string& more) { about += (about.empty() ? "" : ", ") + more; };
    if (matrix.minimum_transfer_size_needed()) {
        add(fmt::format("transfers of {} bytes and more", matrix.minimum_transfer_size));
    }
    if (matrix.non_sequential()) {
        add("non-sequential transfers");
    }
    std::vector<subject> all;
    for (const data_type kind : kinds_in(matrix.kind)) {
        all.push_back({matrix.hierarchy(), about, kind});
    }
    return all;
}

using matrices = std::map<subject, std::vector<const locality*>>;

matrices matrices_of(const table_parts& parts) {
    matrices all;
    for (std::size_t i = 0; i < parts.structures.size(); ++i) {
        if (const locality* matrix = parts.matrix(i)) {
            for (const subject& about : subjects_of(*matrix, parts.revision)) {
                all[about].push_back(matrix);
            }
        }
    }
    return all;
}

/// Every cell of which something is said, by initiator and target, once. Of several the last
/// counts, as it does for Linux.
std::vector<placed_cell> cells_of(const std::vector<const locality*>& all, unsigned revision) {
    std::vector<placed_cell> cells;
    for (const locality* matrix : all) {
        const normalizer figures = matrix->normalizer(revision);
        for (std::size_t i = 0; i < matrix->initiators.size(); ++i) {
            const auto row = matrix->row(i);
            if (row.empty()) {
                break;
            }
            for (std::size_t t = 0; t < row.size(); ++t) {
                if (const cell value = figures(row[t]); value.state != cell_state::unknown) {
                    cells.push_back({matrix->initiators[i], matrix->targets[t], value});
                }
            }
        }
    }
    const auto place = [](const placed_cell& c) { return std::tuple(c.initiator, c.target); };
    std::ranges::stable_sort(cells, {}, place);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (i + 1 == cells.size() || place(cells[i]) != place(cells[i + 1])) {
            cells[kept++] = cells[i];
        }
    }
    cells.resize(kept);
    return cells;
}

void compare_cells(const subject& about, const std::vector<placed_cell>& before,
                   const std::vector<placed_cell>& after, std::vector<figure_change>& changes) {
    const auto add = [&](const placed_cell& at, const cell& was, const cell& is) {
        if (was != is) {
            changes.push_back({about.kind, about.about, at.initiator, at.target, was, is});
        }
    };
    auto a = before.begin();
    auto b = after.begin();
    while (a != before.end() || b != after.end()) {
        const bool only_a = b == after.end() ||
                            (a != before.end() &&
                             std::tie(a->initiator, a->target) < std::tie(b->initiator, b->target));
        const bool only_b = a == before.end() ||
                            (b != after.end() &&
                             std::tie(b->initiator, b->target) < std::tie(a->initiator, a->target));
        if (only_a) {
            add(*a, a->value, {});
            ++a;
        } else if (only_b) {
            add(*b, {}, b->value);
            ++b;
        } else {
            add(*a, a->value, b->value);
            ++a;
            ++b;
        }
    }
}

/// "read latency, base unit 1000, 2 x 3"
std::vector<std::string> layout_of(const table_parts& parts) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < parts.structures.size(); ++i) {
        if (const locality* matrix = parts.matrix(i)) {
            all.push_back(
                fmt::format("{}, base unit {}, {} x {}",
                            is_known(matrix->kind)
                                ? std::string(to_string(matrix->kind))
                                : fmt::format("data type {}", static_cast<unsigned>(matrix->kind)),
                            matrix->base_unit, matrix->initiators.size(), matrix->targets.size()));
        }
    }
    return all;
}

std::string joined(const std::vector<std::string>& words) {
    constexpr std::size_t most = 8;
    std::string text;
    for (std::size_t i = 0; i < std::min(words.size(), most); ++i) {
        text += (i == 0 ? "" : "; ") + words[i];
    }
    if (words.size() > most) {
        text += fmt::format("; and {} more", words.size() - most);
    }
    return text.empty() ? "none" : text;
}

class comparison {
public:
    comparison(std::span<const std::byte> before, std::span<const std::byte> after)
        : before_(cut_table(before)), after_(cut_table(after)) {
        if (before_.kind != after_.kind) {
            throw malformed_file(fmt::format("cannot compare tables of different kinds: {} and {}",
                                             to_string(before_.kind), to_string(after_.kind)));
        }
        result_.kind = before_.kind;
        result_.same_bytes = std::ranges::equal(before, after);
    }

    table_difference run() && {
        if (result_.same_bytes) {
            return std::move(result_);
        }
        compare_fields("", header_form_of(result_.kind), before_.head, after_.head);
        if (result_.kind == table_kind::slit) {
            compare_distances();
        } else {
            compare_figures();
            compare_structures();
        }
        if (!std::ranges::equal(before_.trailing, after_.trailing)) {
            result_.fields.push_back({"", "bytes behind the last structure",
                                      fmt::format("{}", before_.trailing.size()),
                                      fmt::format("{}", after_.trailing.size())});
        }
        tell_form();
        return std::move(result_);
    }

private:
    void compare_fields(const std::string& of, const structure_form& form,
                        std::span<const std::byte> before, std::span<const std::byte> after) {
        for (const field_form& field : form.fields) {
            const bool told_otherwise =
                field.role != field_role::plain && field.role != field_role::count;
            if (told_otherwise || std::ranges::equal(before.subspan(field.offset, field.size),
                                                     after.subspan(field.offset, field.size))) {
                continue;
            }
            result_.fields.push_back({of, std::string(field.name),
                                      field_words(before, field, before_.revision),
                                      field_words(after, field, after_.revision)});
        }
    }

    void compare_figures() {
        const matrices before = matrices_of(before_);
        const matrices after = matrices_of(after_);
        std::map<subject, int> subjects;
        for (const auto& [about, all] : before) {
            subjects.emplace(about, 0);
        }
        for (const auto& [about, all] : after) {
            subjects.emplace(about, 0);
        }
        const auto cells = [](const matrices& from, const subject& about, unsigned revision) {
            const auto found = from.find(about);
            return found == from.end() ? std::vector<placed_cell>()
                                       : cells_of(found->second, revision);
        };
        for (const auto& [about, unused] : subjects) {
            compare_cells(about, cells(before, about, before_.revision),
                          cells(after, about, after_.revision), result_.figures);
        }
    }

    /// Structures by what they are about; the second of several about one thing is held against
    /// the second.
    using structures = std::map<std::pair<std::string, std::size_t>, const table_piece*>;

    static structures structures_of(const table_parts& parts) {
        structures all;
        std::map<std::string, std::size_t> seen;
        for (std::size_t i = 0; i < parts.structures.size(); ++i) {
            if (parts.matrix(i) == nullptr) {
                const table_piece& piece = parts.structures[i];
                std::string identity = identity_of(parts.kind, piece);
                const std::size_t number = seen[identity]++;
                all.emplace(std::pair(std::move(identity), number), &piece);
            }
        }
        return all;
    }

    void compare_structures() {
        const structures before = structures_of(before_);
        const structures after = structures_of(after_);
        for (const auto& [identity, piece] : before) {
            const auto same = after.find(identity);
            if (same == after.end()) {
                result_.removed.push_back(whole_words(before_, *piece));
            } else {
                compare_pieces(*piece, *same->second);
            }
        }
        for (const auto& [identity, piece] : after) {
            if (!before.contains(identity)) {
                result_.added.push_back(whole_words(after_, *piece));
            }
        }
    }

    static std::string whole_words(const table_parts& parts, const table_piece& piece) {
        std::string words = structure_words(parts.kind, piece);
        if (piece.form == nullptr) {
            return words;
        }
        std::string fields;
        for (const field_form& field : piece.form->fields) {
            if (field.role == field_role::plain && field.look != field_look::reserved) {
                fields += fmt::format("{}{}: {}", fields.empty() ? "" : ", ", field.name,
                                      field_words(piece.bytes, field, parts.revision));
            }
        }
        return fmt::format("{} ({})", words, fields);
    }

    void compare_pieces(const table_piece& before, const table_piece& after) {
        if (std::ranges::equal(before.bytes, after.bytes)) {
            return;
        }
        const std::string of = structure_words(result_.kind, after);
        std::size_t fixed = structure_head_size(result_.kind);
        if (after.form != nullptr) {
            compare_fields(of, *after.form, before.bytes, after.bytes);
            fixed = after.form->size;
        }
        const auto rest_before = before.bytes.subspan(fixed);
        const auto rest_after = after.bytes.subspan(fixed);
        if (!std::ranges::equal(rest_before, rest_after)) {
            result_.fields.push_back(
                {of, "bytes behind the fields", to_hex(rest_before), to_hex(rest_after)});
        }
    }

    void compare_distances() {
        const auto& before = std::get<slit>(before_.table);
        const auto& after = std::get<slit>(after_.table);
        const std::size_t rows = std::min(before.rows(), after.rows());
        for (std::size_t from = 0; from < rows; ++from) {
            for (std::size_t to = 0; to < rows; ++to) {
                const std::uint8_t was = *before.distance(from, to);
                const std::uint8_t is = *after.distance(from, to);
                if (was != is) {
                    result_.distances.push_back({from, to, was, is});
                }
            }
        }
    }

    /// What is left when everything that has a meaning was compared.
    void tell_form() {
        const auto before = layout_of(before_);
        const auto after = layout_of(after_);
        if (before != after) {
            result_.form.push_back(
                fmt::format("matrices: {}; now {}", joined(before), joined(after)));
        }
        const bool told = !result_.figures.empty() || !result_.distances.empty() ||
                          !result_.added.empty() || !result_.removed.empty() ||
                          !result_.fields.empty() || !result_.form.empty();
        if (told) {
            return;
        }
        const auto length_of = [this](const table_parts& parts) {
            const length_field at = table_length_field(result_.kind);
            return load_number(parts.head, at.offset, at.size);
        };
        if (length_of(before_) != length_of(after_)) {
            result_.form.push_back(
                fmt::format("length: {}, now {}", length_of(before_), length_of(after_)));
            return;
        }
        if (std::ranges::equal(before_.all.subspan(before_.head.size()),
                               after_.all.subspan(after_.head.size()))) {
            result_.form.emplace_back("checksum");
        } else {
            result_.form.emplace_back("the order of structures, rows or columns, or cells that "
                                      "say nothing");
        }
    }

    table_parts before_;
    table_parts after_;
    table_difference result_;
};

} // namespace

bool table_difference::same_content() const {
    return figures.empty() && distances.empty() && added.empty() && removed.empty() &&
           std::ranges::all_of(fields, [](const field_change& f) { return f.of.empty(); });
}

table_difference compare_tables(std::span<const std::byte> before,
                                std::span<const std::byte> after) {
    return comparison(before, after).run();
}

} // namespace hetmem::acpi
