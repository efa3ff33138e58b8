// A table as JSON; docs/tables.md tells the form, table_json_read.cpp reads it.
#include <acpi/table_json.hpp>

#include <acpi/bytes.hpp>
#include <acpi/table_form.hpp>
#include <acpi/table_values.hpp>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace hetmem::acpi {
namespace {

/// Longer runs of bytes are broken into lines of this many.
constexpr std::size_t bytes_in_a_line = 32;

/// Puts commas, line breaks and spaces where they belong.
class json_writer {
public:
    void open(char bracket) {
        separate();
        text_ += bracket;
        ++depth_;
        first_ = true;
    }
    void close(char bracket) {
        --depth_;
        if (!first_) {
            new_line();
        }
        text_ += bracket;
        first_ = false;
    }
    void key(std::string_view name) {
        separate();
        quote(name);
        text_ += ": ";
        behind_key_ = true;
    }
    void number(std::uint64_t value) {
        separate();
        fmt::format_to(std::back_inserter(text_), "{}", value);
    }
    void string(std::string_view value) {
        separate();
        quote(value);
    }
    void boolean(bool value) {
        separate();
        text_ += value ? "true" : "false";
    }
    /// Calls write(out) for a value that is written in one line, whatever it is.
    template <class Write> void line(Write write) {
        separate();
        write(text_);
    }
    std::string take() && {
        text_ += '\n';
        return std::move(text_);
    }

private:
    void separate() {
        if (std::exchange(behind_key_, false)) {
            return;
        }
        if (depth_ > 0) {
            if (!first_) {
                text_ += ',';
            }
            new_line();
        }
        first_ = false;
    }
    void new_line() {
        text_ += '\n';
        text_.append(2 * depth_, ' ');
    }
    void quote(std::string_view value) {
        text_ += '"';
        for (const char c : value) {
            if (c == '"' || c == '\\') {
                text_ += '\\';
            }
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
                fmt::format_to(std::back_inserter(text_), "\\u{:04x}",
                               static_cast<unsigned>(static_cast<unsigned char>(c)));
            } else {
                text_ += c;
            }
        }
        text_ += '"';
    }

    std::string text_;
    std::size_t depth_ = 0;
    bool first_ = true;
    bool behind_key_ = false;
};

template <class Numbers> void write_list(json_writer& out, const Numbers& numbers) {
    out.line([&](std::string& text) {
        text += '[';
        for (const auto number : numbers) {
            fmt::format_to(std::back_inserter(text), "{}{}", text.back() == '[' ? "" : ", ",
                           number);
        }
        text += ']';
    });
}

void write_cell(std::string& text, data_type kind, const cell& value) {
    switch (value.state) {
    case cell_state::unknown:
        text += "null";
        return;
    case cell_state::unreachable:
        text += "\"unreachable\"";
        return;
    case cell_state::overflow:
        text += "\"overflow\"";
        return;
    case cell_state::known:
        append_figure(text, kind, value.value);
        return;
    }
}

void write_bytes(json_writer& out, std::string_view key, std::span<const std::byte> bytes) {
    if (bytes.empty()) {
        return;
    }
    out.key(key);
    if (bytes.size() <= bytes_in_a_line) {
        out.string(to_hex(bytes));
        return;
    }
    out.open('[');
    while (!bytes.empty()) {
        const std::size_t count = std::min(bytes.size(), bytes_in_a_line);
        out.string(to_hex(bytes.first(count)));
        bytes = bytes.subspan(count);
    }
    out.close(']');
}

std::string in_hex(std::uint64_t value) {
    return fmt::format("0x{:x}", value);
}

class table_writer {
public:
    explicit table_writer(std::span<const std::byte> bytes) : parts_(cut_table(bytes)) {}

    std::string write() && {
        out_.open('{');
        out_.key("table");
        out_.string(to_string(parts_.kind));
        write_own_length_and_checksum();
        for (const field_form& field : header_form_of(parts_.kind).fields) {
            if (field.role == field_role::plain) {
                write_field(parts_.head, field);
            }
        }
        if (const auto* distances = std::get_if<slit>(&parts_.table)) {
            write_distances(*distances);
        } else {
            out_.key("structures");
            out_.open('[');
            for (std::size_t i = 0; i < parts_.structures.size(); ++i) {
                out_.open('{');
                write_structure(i);
                out_.close('}');
            }
            out_.close(']');
        }
        write_bytes(out_, "trailing", parts_.trailing);
        out_.close('}');
        return std::move(out_).take();
    }

private:
    /// Only where they are not what they must be.
    void write_own_length_and_checksum() {
        const length_field at = table_length_field(parts_.kind);
        const std::uint64_t length = load_number(parts_.head, at.offset, at.size);
        if (length != parts_.all.size()) {
            out_.key("length");
            out_.number(length);
        }
        // As reading it again would compute it: of what the table says is its own.
        const bool own = length >= parts_.head.size() && length <= parts_.all.size();
        if (byte_sum(own ? parts_.all.first(length) : parts_.all) != 0) {
            out_.key("checksum");
            out_.string(in_hex(load_number(parts_.head, table_checksum_offset(parts_.kind), 1)));
        }
    }

    void write_field(std::span<const std::byte> bytes, const field_form& field) {
        const auto raw = bytes.subspan(field.offset, field.size);
        switch (field.look) {
        case field_look::characters:
            out_.key(field.key);
            out_.string(characters_of(raw));
            return;
        case field_look::handle:
            out_.key(field.key);
            out_.string(handle_text(std::to_integer<std::uint8_t>(bytes[3]), raw));
            return;
        default:
            break;
        }
        const std::uint64_t value = load_field(bytes, field);
        switch (field.look) {
        case field_look::reserved:
            if (value != field.usual) {
                out_.key(field.key);
                out_.string(in_hex(value));
            }
            return;
        case field_look::address:
            out_.key(field.key);
            out_.string(in_hex(value));
            return;
        case field_look::kind:
            out_.key(field.key);
            write_word(to_string(static_cast<data_type>(value)), value);
            return;
        case field_look::bits:
            out_.key(field.key);
            write_bits(field, value);
            return;
        default:
            out_.key(field.key);
            out_.number(value);
            return;
        }
    }

    void write_word(std::string_view word, std::uint64_t value) {
        if (word.empty()) {
            out_.number(value);
        } else {
            out_.string(word);
        }
    }

    void write_bits(const field_form& field, std::uint64_t value) {
        out_.open('{');
        for (const bits_name& bits : field.bits) {
            out_.key(key_for(bits));
            const std::uint64_t part = bits_of(value, bits);
            if (bits.count == 1) {
                out_.boolean(part != 0);
            } else {
                write_word(
                    word_for_bits(bits, hmat_revision_of(parts_.kind, parts_.revision), part),
                    part);
            }
        }
        if (const std::uint64_t other = value & ~named_bits(field.bits); other != 0) {
            out_.key("other_bits");
            out_.string(in_hex(other));
        }
        out_.close('}');
    }

    void write_structure(std::size_t number) {
        const table_piece& piece = parts_.structures[number];
        out_.key("type");
        if (piece.form == nullptr) {
            write_raw(piece);
            return;
        }
        out_.string(piece.form->name);
        const bool whole = is_whole(number);
        if (const auto length = load_length(piece); length != piece.bytes.size() || !whole) {
            out_.key("length");
            out_.number(length);
        }
        for (const field_form& field : piece.form->fields) {
            if (field.role == field_role::plain) {
                write_field(piece.bytes, field);
            }
        }
        std::size_t used = piece.form->size;
        if (parts_.kind == table_kind::hmat && piece.type == locality::type) {
            used += write_matrix(*parts_.matrix(number));
        } else if (parts_.kind == table_kind::hmat && piece.type == side_cache::type) {
            used += write_handles(
                std::get<side_cache>(std::get<hmat>(parts_.table).structures[number]));
        } else if (parts_.kind == table_kind::cdat) {
            used += write_cdat_figures(std::get<cdat>(parts_.table).structures[number]);
        }
        write_bytes(out_, "trailing", piece.bytes.subspan(used));
    }

    std::uint64_t load_length(const table_piece& piece) const {
        const length_field at = length_field_of(parts_.kind);
        return load_number(piece.bytes, at.offset, at.size);
    }

    /// False for a matrix that is cut off: then the length must be there when it is read again.
    bool is_whole(std::size_t number) const {
        const locality* matrix = parts_.matrix(number);
        return matrix == nullptr ||
               matrix->entries.size() == matrix->initiators.size() * matrix->targets.size();
    }

    void write_raw(const table_piece& piece) {
        const std::size_t head = structure_head_size(parts_.kind);
        out_.number(piece.type);
        if (const auto length = load_length(piece); length != piece.bytes.size()) {
            out_.key("length");
            out_.number(length);
        }
        const length_field length = length_field_of(parts_.kind);
        const std::size_t after_type = type_size_of(parts_.kind);
        if (const std::size_t reserved = length.offset - after_type; reserved > 0) {
            if (const auto value = load_number(piece.bytes, after_type, reserved); value != 0) {
                out_.key(fmt::format("reserved_at_{}", after_type));
                out_.string(in_hex(value));
            }
        }
        if (piece.bytes.size() == head) {
            out_.key("bytes");
            out_.string("");
        }
        write_bytes(out_, "bytes", piece.bytes.subspan(head));
    }

    std::size_t write_matrix(const locality& matrix) {
        out_.key("initiator_proximity_domains");
        write_list(out_, matrix.initiators);
        out_.key("target_proximity_domains");
        write_list(out_, matrix.targets);
        out_.key("entries");
        write_rows(matrix, [](std::string& text, std::uint16_t entry) {
            fmt::format_to(std::back_inserter(text), "{}", entry);
        });
        if (is_known(matrix.kind)) {
            out_.key("unit");
            out_.string(unit_text(matrix.kind));
            out_.key("values");
            const auto figures = matrix.normalizer(parts_.revision);
            write_rows(matrix, [&](std::string& text, std::uint16_t entry) {
                write_cell(text, matrix.kind, figures(entry));
            });
        }
        return 4 * (matrix.initiators.size() + matrix.targets.size()) + 2 * matrix.entries.size();
    }

    template <class Write> void write_rows(const locality& matrix, Write write) {
        out_.open('[');
        for (std::size_t i = 0; i < matrix.initiators.size(); ++i) {
            const auto row = matrix.row(i);
            if (row.empty()) {
                break; // cut off before it, or no columns
            }
            out_.line([&](std::string& text) {
                text += '[';
                for (const std::uint16_t entry : row) {
                    if (text.back() != '[') {
                        text += ", ";
                    }
                    write(text, entry);
                }
                text += ']';
            });
        }
        out_.close(']');
    }

    std::size_t write_handles(const side_cache& cache) {
        if (cache.smbios_handle_count != cache.smbios_handles.size()) {
            out_.key("number_of_smbios_handles");
            out_.number(cache.smbios_handle_count);
        }
        out_.key("smbios_handles");
        write_list(out_, cache.smbios_handles);
        return 2 * cache.smbios_handles.size();
    }

    std::size_t write_cdat_figures(const cdat_structure& structure) {
        if (const auto* device = std::get_if<dslbis>(&structure)) {
            write_values(device->kind, device->entries.size(),
                         [&](std::size_t i) { return device->value(i); });
        }
        const auto* ports = std::get_if<sslbis>(&structure);
        if (ports == nullptr) {
            return 0;
        }
        out_.key("entries");
        out_.open('[');
        for (const sslbis_entry& entry : ports->entries) {
            out_.line([&](std::string& text) {
                fmt::format_to(std::back_inserter(text),
                               "{{\"port_x\": {}, \"port_y\": {}, \"latency_or_bandwidth\": {}",
                               entry.port_x, entry.port_y, entry.value);
                if (entry.reserved != 0) {
                    fmt::format_to(std::back_inserter(text), ", \"reserved\": {}", entry.reserved);
                }
                text += '}';
            });
        }
        out_.close(']');
        write_values(ports->kind, ports->entries.size(),
                     [&](std::size_t i) { return ports->value(i); });
        constexpr std::size_t entry_size = 8;
        return entry_size * ports->entries.size();
    }

    template <class ValueOf>
    void write_values(data_type kind, std::size_t count, ValueOf value_of) {
        if (!is_known(kind)) {
            return;
        }
        out_.key("unit");
        out_.string(unit_text(kind));
        out_.key("values");
        out_.line([&](std::string& text) {
            text += '[';
            for (std::size_t i = 0; i < count; ++i) {
                text += i == 0 ? "" : ", ";
                write_cell(text, kind, value_of(i));
            }
            text += ']';
        });
    }

    void write_distances(const slit& table) {
        const std::size_t rows = table.rows();
        if (table.localities != rows) {
            out_.key("number_of_system_localities");
            out_.number(table.localities);
        }
        out_.key("distances");
        out_.open('[');
        for (std::size_t row = 0; row < rows; ++row) {
            write_list(
                out_, std::span(table.entries).subspan(row * rows_width(table), rows_width(table)));
        }
        out_.close(']');
    }
    static std::size_t rows_width(const slit& table) {
        return static_cast<std::size_t>(table.localities);
    }

    table_parts parts_;
    json_writer out_;
};

} // namespace

std::string table_to_json(std::span<const std::byte> table) {
    return table_writer(table).write();
}

} // namespace hetmem::acpi
