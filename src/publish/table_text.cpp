#include "publish/table_text.hpp"

#include "topology/value_text.hpp"

#include <acpi/cross_check.hpp>
#include <acpi/self_check.hpp>
#include <acpi/table_values.hpp>
#include <acpi/table_words.hpp>

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

using acpi::cell;
using acpi::cell_state;
using acpi::data_type;
using acpi::field_form;
using acpi::field_look;
using acpi::field_role;

/// Wider matrices go on below.
constexpr std::size_t columns_at_once = 16;
/// Bytes that nobody understands are shown up to this many.
constexpr std::size_t bytes_shown = 64;
/// A difference of a whole machine tells nobody more than its first cells.
constexpr std::size_t figures_told = 1000;

constexpr std::uint64_t megabyte = 1'000'000;
constexpr std::uint64_t megabytes_in_a_gigabyte = 1000;

/// Names on the left, values on the right.
class field_list {
public:
    void add(std::string name, std::string value) {
        width_ = std::max(width_, name.size());
        lines_.emplace_back(std::move(name), std::move(value));
    }
    void draw(std::string& out) const {
        for (const auto& [name, value] : lines_) {
            fmt::format_to(std::back_inserter(out), "  {:<{}}  {}\n", name, width_, value);
        }
    }

private:
    std::vector<std::pair<std::string, std::string>> lines_;
    std::size_t width_ = 0;
};

bool is_size(std::string_view name) {
    return name == "Memory Side Cache Size" || name == "Length of the Range" ||
           name == "System Physical Address Range Length" || name == "DPA Length";
}

std::string some_bytes(std::span<const std::byte> bytes) {
    const bool all = bytes.size() <= bytes_shown;
    return acpi::to_hex(bytes.first(std::min(bytes.size(), bytes_shown))) +
           (all ? std::string() : fmt::format(" ... ({} bytes)", bytes.size()));
}

/// Fields as they are in the table; what is reserved and 0, and what can be counted, is left out.
void add_fields(field_list& list, std::span<const std::byte> bytes,
                const std::vector<field_form>& fields, unsigned revision) {
    for (const field_form& field : fields) {
        if (field.role != field_role::plain) {
            continue;
        }
        if (field.look == field_look::reserved) {
            if (acpi::load_field(bytes, field) != field.usual) {
                list.add(fmt::format("Reserved at {}", field.offset),
                         acpi::field_words(bytes, field, revision));
            }
            continue;
        }
        std::string words = acpi::field_words(bytes, field, revision);
        if (is_size(field.name)) {
            words += fmt::format(
                " ({})", format_size(byte_size::from_bytes(acpi::load_field(bytes, field))));
        }
        list.add(std::string(field.name), std::move(words));
    }
}

/// Rows and columns of texts, the columns as wide as they must be.
struct text_matrix {
    std::string unit;
    std::vector<std::string> rows;
    std::vector<std::string> columns;
    std::vector<std::string> cells; ///< row by row; may end early
};

void draw(std::string& out, const text_matrix& matrix) {
    const std::string corner =
        fmt::format("{}{}from \\ to", matrix.unit, matrix.unit.empty() ? "" : ", ");
    std::size_t row_width = corner.size();
    for (const std::string& row : matrix.rows) {
        row_width = std::max(row_width, row.size());
    }
    // A table that is cut off may name millions of rows and have none of them.
    const std::size_t shown =
        std::min(matrix.rows.size(),
                 matrix.cells.size() / std::max<std::size_t>(matrix.columns.size(), 1) + 1);
    for (std::size_t begin = 0; begin < matrix.columns.size(); begin += columns_at_once) {
        const std::size_t end = std::min(begin + columns_at_once, matrix.columns.size());
        std::vector<std::size_t> widths;
        for (std::size_t c = begin; c < end; ++c) {
            std::size_t width = matrix.columns[c].size();
            for (std::size_t at = c; at < matrix.cells.size(); at += matrix.columns.size()) {
                width = std::max(width, matrix.cells[at].size());
            }
            widths.push_back(width);
        }
        const auto line = [&](std::string_view head, const auto& text_of) {
            fmt::format_to(std::back_inserter(out), "  {:>{}}", head, row_width);
            for (std::size_t c = begin; c < end; ++c) {
                fmt::format_to(std::back_inserter(out), "  {:>{}}", text_of(c), widths[c - begin]);
            }
            out += '\n';
        };
        line(corner, [&](std::size_t c) { return std::string_view(matrix.columns[c]); });
        for (std::size_t r = 0; r < shown; ++r) {
            line(matrix.rows[r], [&](std::size_t c) {
                const std::size_t at = r * matrix.columns.size() + c;
                return at < matrix.cells.size() ? std::string_view(matrix.cells[at])
                                                : std::string_view("cut off");
            });
        }
    }
    if (shown < matrix.rows.size() && !matrix.columns.empty()) {
        fmt::format_to(std::back_inserter(out), "  {} more rows are cut off\n",
                       matrix.rows.size() - shown);
    }
}

std::vector<std::string> to_texts(const std::vector<std::uint32_t>& numbers) {
    std::vector<std::string> texts;
    for (const std::uint32_t number : numbers) {
        texts.push_back(std::to_string(number));
    }
    return texts;
}

/// Without losing anything: GB/s only where that takes three decimals or fewer.
std::string figure_text(data_type kind, std::uint64_t value, bool gigabytes) {
    std::string text;
    if (gigabytes && !acpi::is_latency(kind)) {
        // A thousandth of a GB/s is a MB/s, as a picosecond is of a nanosecond.
        acpi::append_figure(text, data_type::read_latency, value / megabyte);
    } else {
        acpi::append_figure(text, kind, value);
    }
    return text;
}

std::string cell_text(data_type kind, const cell& value, bool gigabytes) {
    switch (value.state) {
    case cell_state::unknown:
        return "-";
    case cell_state::unreachable:
        return "unreachable";
    case cell_state::overflow:
        return "overflow";
    case cell_state::known:
        break;
    }
    return figure_text(kind, value.value, gigabytes);
}

/// "100 ns", "204.8 GB/s", "unknown": what stands in sentences.
std::string cell_words(data_type kind, const cell& value) {
    switch (value.state) {
    case cell_state::unknown:
        return "unknown";
    case cell_state::unreachable:
        return "unreachable";
    case cell_state::overflow:
        return "more than 64 bits hold";
    case cell_state::known:
        break;
    }
    const bool gigabytes =
        value.value % megabyte == 0 && value.value / megabyte >= megabytes_in_a_gigabyte;
    return fmt::format("{} {}", figure_text(kind, value.value, gigabytes),
                       acpi::is_latency(kind) ? "ns"
                       : gigabytes            ? "GB/s"
                                              : "MB/s");
}

void draw_matrix(std::string& out, const acpi::locality& matrix, unsigned revision) {
    const acpi::normalizer figures = matrix.normalizer(revision);
    const bool known = acpi::is_known(matrix.kind);
    const bool gigabytes = std::ranges::all_of(matrix.entries, [&](std::uint16_t entry) {
        const cell value = figures(entry);
        return value.state != cell_state::known || value.value % megabyte == 0;
    });
    text_matrix texts;
    if (known) {
        texts.unit = acpi::is_latency(matrix.kind) ? "ns" : gigabytes ? "GB/s" : "MB/s";
    } else {
        texts.unit = "entries";
    }
    texts.rows = to_texts(matrix.initiators);
    texts.columns = to_texts(matrix.targets);
    for (const std::uint16_t entry : matrix.entries) {
        texts.cells.push_back(known ? cell_text(matrix.kind, figures(entry), gigabytes)
                                    : std::to_string(entry));
    }
    draw(out, texts);
}

class table_drawing {
public:
    explicit table_drawing(std::span<const std::byte> table) : parts_(acpi::cut_table(table)) {}

    std::string draw_all(const acpi::srat* affinity) && {
        draw_header();
        if (const auto* distances = std::get_if<acpi::slit>(&parts_.table)) {
            draw_distances(*distances);
        }
        for (std::size_t i = 0; i < parts_.structures.size(); ++i) {
            draw_structure(i);
        }
        if (!parts_.trailing.empty()) {
            fmt::format_to(std::back_inserter(out_),
                           "\nat {}: {} bytes that are no structures\n  {}\n",
                           parts_.all.size() - parts_.trailing.size(), parts_.trailing.size(),
                           some_bytes(parts_.trailing));
        }
        draw_defects("What is wrong with it", parts_.defects);
        if (const auto* table = std::get_if<acpi::hmat>(&parts_.table)) {
            draw_defects("Where it contradicts itself", acpi::check_hmat_against_itself(*table));
            if (affinity != nullptr) {
                draw_defects("Where it does not fit the SRAT",
                             acpi::check_hmat_against_srat(*table, *affinity));
            }
        }
        return std::move(out_);
    }

private:
    void draw_header() {
        fmt::format_to(std::back_inserter(out_), "{}, {} bytes\n", to_string(parts_.kind),
                       parts_.all.size());
        field_list list;
        add_fields(list, parts_.head, acpi::header_form_of(parts_.kind).fields, parts_.revision);
        list.draw(out_);
    }

    void draw_structure(std::size_t number) {
        const acpi::table_piece& piece = parts_.structures[number];
        if (piece.form == nullptr) {
            const std::size_t head = acpi::structure_head_size(parts_.kind);
            fmt::format_to(std::back_inserter(out_), "\nat {}: structure of type {}, {} bytes\n",
                           piece.offset, piece.type, piece.bytes.size());
            if (piece.bytes.size() > head) {
                fmt::format_to(std::back_inserter(out_), "  {}\n",
                               some_bytes(piece.bytes.subspan(head)));
            }
            return;
        }
        fmt::format_to(std::back_inserter(out_), "\nat {}: {}\n", piece.offset, piece.form->name);
        field_list list;
        add_fields(list, piece.bytes, piece.form->fields, parts_.revision);
        add_meaning(list, number);
        list.draw(out_);
        if (const acpi::locality* matrix = parts_.matrix(number)) {
            draw_matrix(out_, *matrix, parts_.revision);
        }
    }

    /// What no single field says.
    void add_meaning(field_list& list, std::size_t number) {
        if (const auto* table = std::get_if<acpi::hmat>(&parts_.table)) {
            if (const auto* cache = std::get_if<acpi::side_cache>(&table->structures[number])) {
                std::string handles;
                for (const std::uint16_t handle : cache->smbios_handles) {
                    handles += fmt::format("{}0x{:04x}", handles.empty() ? "" : ", ", handle);
                }
                list.add("SMBIOS Handles", handles.empty() ? "none" : handles);
            }
            return;
        }
        if (const auto* table = std::get_if<acpi::srat>(&parts_.table)) {
            if (const auto* apic = std::get_if<acpi::apic_affinity>(&table->structures[number])) {
                list.add("Proximity Domain", std::to_string(apic->pxm(parts_.revision)));
            }
            return;
        }
        const auto* table = std::get_if<acpi::cdat>(&parts_.table);
        if (table == nullptr) {
            return;
        }
        if (const auto* device = std::get_if<acpi::dslbis>(&table->structures[number])) {
            list.add("Figure", cell_words(device->kind, device->value()));
        } else if (const auto* ports = std::get_if<acpi::sslbis>(&table->structures[number])) {
            for (std::size_t i = 0; i < ports->entries.size(); ++i) {
                list.add(fmt::format("{} to {}", port_words(ports->entries[i].port_x),
                                     port_words(ports->entries[i].port_y)),
                         cell_words(ports->kind, ports->value(i)));
            }
        }
    }

    static std::string port_words(std::uint16_t port) {
        return port == acpi::sslbis_entry::upstream_port ? "upstream port"
               : port == acpi::sslbis_entry::any_port    ? "any port"
                                                         : fmt::format("port {}", port);
    }

    void draw_distances(const acpi::slit& table) {
        out_ += '\n';
        text_matrix texts;
        const auto width = static_cast<std::size_t>(table.rows() == 0 ? 0 : table.localities);
        for (std::size_t i = 0; i < table.rows(); ++i) {
            texts.rows.push_back(std::to_string(i));
        }
        for (std::size_t i = 0; i < width; ++i) {
            texts.columns.push_back(std::to_string(i));
        }
        for (const std::uint8_t distance : table.entries) {
            texts.cells.push_back(distance == acpi::slit_unreachable ? "unreachable"
                                                                     : std::to_string(distance));
        }
        draw(out_, texts);
    }

    void draw_defects(std::string_view title, const std::vector<defect>& defects) {
        if (defects.empty()) {
            return;
        }
        fmt::format_to(std::back_inserter(out_), "\n{}:\n", title);
        for (const defect& d : defects) {
            fmt::format_to(std::back_inserter(out_), "  at {}: expected {}, found {}{}{}\n",
                           d.offset, d.expected, d.found, d.linux_does.empty() ? "" : "; Linux ",
                           d.linux_does);
        }
    }

    acpi::table_parts parts_;
    std::string out_;
};

} // namespace

std::string draw_table(std::span<const std::byte> table, const acpi::srat* affinity) {
    return table_drawing(table).draw_all(affinity);
}

std::string draw_difference(const acpi::table_difference& d) {
    std::string out;
    const auto line = [&](const std::string& text) { out += text + '\n'; };
    for (const acpi::field_change& f : d.fields) {
        line(fmt::format("{}{}{}: {}, now {}", f.of, f.of.empty() ? "" : ": ", f.field, f.before,
                         f.after));
    }
    for (const std::string& gone : d.removed) {
        line("removed: " + gone);
    }
    for (const std::string& added : d.added) {
        line("added: " + added);
    }
    for (const acpi::distance_change& c : d.distances) {
        line(fmt::format("distance from domain {} to domain {}: {}, now {}", c.from, c.to, c.before,
                         c.after));
    }
    for (std::size_t i = 0; i < std::min(d.figures.size(), figures_told); ++i) {
        const acpi::figure_change& f = d.figures[i];
        line(fmt::format("{}{}{}{} from domain {} to domain {}: {}, now {}",
                         acpi::to_string(f.kind), f.about.empty() ? "" : " (", f.about,
                         f.about.empty() ? "" : ")", f.initiator, f.target,
                         cell_words(f.kind, f.before), cell_words(f.kind, f.after)));
    }
    if (d.figures.size() > figures_told) {
        line(fmt::format("and {} more figures; --json tells all", d.figures.size() - figures_told));
    }
    for (const std::string& form : d.form) {
        line("written otherwise: " + form);
    }
    if (!d.same_bytes && d.same_content()) {
        const bool slit = d.kind == acpi::table_kind::slit;
        const bool hmat = d.kind == acpi::table_kind::hmat;
        const std::string_view what = slit ? "distances" : hmat ? "figures" : "structures";
        line(fmt::format("the same {}{}", what, d.form.empty() ? "" : ", another form"));
    }
    return out;
}

} // namespace hetmem::detail
