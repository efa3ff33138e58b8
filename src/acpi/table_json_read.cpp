// A table from JSON; docs/tables.md tells the form, table_json_write.cpp writes it.
#include <acpi/table_json.hpp>

#include <acpi/bytes.hpp>
#include <acpi/json_tree.hpp>
#include <acpi/table_form.hpp>
#include <acpi/table_values.hpp>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <optional>

#include <fmt/format.h>

namespace hetmem::acpi {
namespace {

using bytes = std::vector<std::byte>;

constexpr std::uint64_t most_in_a_byte = 0xFF;
constexpr std::uint64_t most_in_16_bits = 0xFFFF;
constexpr std::uint64_t most_in_32_bits = 0xFFFF'FFFF;
constexpr std::uint64_t any_number = std::numeric_limits<std::uint64_t>::max();
constexpr std::string_view unreachable_word = "unreachable";
constexpr std::string_view overflow_word = "overflow";

bytes read_hex(const json_place& place) {
    bytes all;
    const auto add = [&](const json_place& line) {
        const auto part = from_hex(line.string());
        if (!part) {
            line.refuse("expected bytes such as \"00 1f ff\"");
        }
        all.insert(all.end(), part->begin(), part->end());
    };
    if (place.is(json_kind::array)) {
        place.for_each(add);
    } else {
        add(place);
    }
    return all;
}

void append_number(bytes& out, std::uint64_t value, std::size_t size) {
    out.resize(out.size() + size);
    store_number(out, out.size() - size, size, value);
}

template <class Number> std::vector<Number> read_list(const json_place& place, std::uint64_t most) {
    std::vector<Number> numbers;
    place.for_each(
        [&](const json_place& item) { numbers.push_back(static_cast<Number>(item.number(most))); });
    return numbers;
}

/// A normalised value says what its entry says.
void check_value(const json_place& place, data_type kind, const cell& expected) {
    switch (expected.state) {
    case cell_state::unknown:
        if (place.is(json_kind::null)) {
            return;
        }
        break;
    case cell_state::unreachable:
    case cell_state::overflow:
        if (place.is(json_kind::string) &&
            place.string() ==
                (expected.state == cell_state::overflow ? overflow_word : unreachable_word)) {
            return;
        }
        break;
    case cell_state::known:
        if ((place.is(json_kind::number) || place.is(json_kind::other_number)) &&
            figure_from(place.number_text(), kind) == expected.value) {
            return;
        }
        break;
    }
    std::string says = "no figure";
    if (expected.state == cell_state::known) {
        says.clear();
        append_figure(says, kind, expected.value);
        says.append(" ").append(unit_text(kind));
    } else if (expected.state != cell_state::unknown) {
        says = expected.state == cell_state::overflow ? overflow_word : unreachable_word;
    }
    place.refuse(fmt::format("the entry gives {}: leave out \"values\" to change \"entries\", or "
                             "\"entries\" to change \"values\"",
                             says));
}

/// The entry that gives a value, of which the base unit must be a divisor.
std::uint16_t entry_for(const json_place& place, data_type kind, std::uint64_t step) {
    if (place.is(json_kind::null)) {
        return entry_unknown;
    }
    if (place.is(json_kind::string) && place.string() == unreachable_word) {
        return entry_unreachable;
    }
    if (!place.is(json_kind::number) && !place.is(json_kind::other_number)) {
        place.refuse_kind("a number, null or \"unreachable\"");
    }
    const auto value = figure_from(place.number_text(), kind);
    if (!value) {
        place.refuse(fmt::format("{} is no number of {}", place.number_text(), unit_text(kind)));
    }
    if (step == 0 || *value == 0 || *value % step != 0) {
        place.refuse(fmt::format("{} {} is no multiple of the entry base unit", place.number_text(),
                                 unit_text(kind)));
    }
    if (*value / step >= entry_unreachable) {
        place.refuse(fmt::format("{} {} is more than 65534 times the entry base unit",
                                 place.number_text(), unit_text(kind)));
    }
    return static_cast<std::uint16_t>(*value / step);
}

/// Reads one structure after the other, and the header around them.
class table_reader {
public:
    explicit table_reader(const json_place& root) : root_(root), members_(root) {}

    bytes read() {
        const json_place name = members_.required("table");
        const auto kind = parse_table_kind(name.string());
        if (!kind) {
            name.refuse("expected \"HMAT\", \"SRAT\", \"SLIT\" or \"CDAT\"");
        }
        kind_ = *kind;
        allow_header();
        revision_ = static_cast<unsigned>(members_.required("revision").number(most_in_a_byte));
        const auto length = members_.take("length");
        const auto checksum = members_.take("checksum");
        out_ = read_fixed(members_, header_form_of(kind_));
        if (kind_ != table_kind::cdat) {
            std::ranges::transform(name.string(), out_.begin(),
                                   [](char c) { return static_cast<std::byte>(c); });
        }
        if (kind_ == table_kind::slit) {
            read_distances();
        } else {
            read_structures(members_.required("structures"));
        }
        if (const auto trailing = members_.take("trailing")) {
            const bytes rest = read_hex(*trailing);
            out_.insert(out_.end(), rest.begin(), rest.end());
        }
        members_.finish();
        set_length_and_checksum(length, checksum);
        return std::move(out_);
    }

private:
    /// The names of the fields that a form has, those that are reserved apart.
    static void add_names(const structure_form& form, std::vector<std::string>& names,
                          std::vector<std::string>& reserved) {
        for (const field_form& field : form.fields) {
            if (field.role == field_role::plain) {
                (field.look == field_look::reserved ? reserved : names).push_back(field.key);
            }
        }
    }

    static void add_names(std::vector<std::string>& names,
                          std::initializer_list<const char*> more) {
        names.insert(names.end(), more.begin(), more.end());
    }

    void allow_header() const {
        std::vector<std::string> names{"table"};
        std::vector<std::string> reserved;
        add_names(header_form_of(kind_), names, reserved);
        if (kind_ == table_kind::slit) {
            add_names(names, {"distances", "number_of_system_localities"});
        } else {
            add_names(names, {"structures"});
        }
        add_names(names, {"length", "checksum", "trailing"});
        members_.allow(names, reserved);
    }

    void allow_structure(const json_object& members, const structure_form& form) const {
        std::vector<std::string> names{"type"};
        std::vector<std::string> reserved;
        add_names(form, names, reserved);
        if (kind_ == table_kind::hmat && form.type == locality::type) {
            add_names(names, {"initiator_proximity_domains", "target_proximity_domains", "entries",
                              "unit", "values"});
        } else if (kind_ == table_kind::hmat && form.type == side_cache::type) {
            add_names(names, {"smbios_handles", "number_of_smbios_handles"});
        } else if (kind_ == table_kind::cdat && form.type == dslbis::type) {
            add_names(names, {"unit", "values"});
        } else if (kind_ == table_kind::cdat && form.type == sslbis::type) {
            add_names(names, {"entries", "unit", "values"});
        }
        add_names(names, {"length", "trailing"});
        members.allow(names, reserved);
    }

    void set_length_and_checksum(const std::optional<json_place>& length,
                                 const std::optional<json_place>& checksum) {
        const length_field at = table_length_field(kind_);
        if (out_.size() > most_in_32_bits) {
            root_.refuse("the table has more than 4 GiB");
        }
        const std::uint64_t says = length ? length->number(largest(at.size)) : out_.size();
        store_number(out_, at.offset, at.size, says);
        const std::size_t place = table_checksum_offset(kind_);
        if (checksum) {
            store_number(out_, place, 1, checksum->number(most_in_a_byte));
            return;
        }
        // Of what the table says is its own.
        const bool own = says >= table_head_size(kind_) && says <= out_.size();
        const auto counted = std::span(out_).first(own ? says : out_.size());
        store_number(out_, place, 1, 0);
        store_number(out_, place, 1, (0x100U - byte_sum(counted)) & most_in_a_byte);
    }

    /// The fixed part of the header or of a structure. Type, length and counts stay 0.
    bytes read_fixed(json_object& from, const structure_form& form) {
        bytes fixed(form.size);
        for (const field_form& field : form.fields) {
            if (field.role != field_role::plain) {
                continue;
            }
            if (field.key == "revision") {
                store_number(fixed, field.offset, field.size, revision_);
                continue;
            }
            const auto place = from.take(field.key);
            if (place) {
                read_field(*place, field, fixed);
            } else if (field.may_be_absent) {
                store_number(fixed, field.offset, std::min<std::size_t>(field.size, 8),
                             field.usual);
            } else {
                from.required(field.key); // refuses
            }
        }
        return fixed;
    }

    void read_field(const json_place& place, const field_form& field, bytes& fixed) {
        const auto into = std::span(fixed).subspan(field.offset, field.size);
        switch (field.look) {
        case field_look::characters: {
            const auto raw = field_from(place.string(), field.size);
            if (!raw) {
                place.refuse(
                    fmt::format("expected at most {} characters, of one byte each", field.size));
            }
            std::ranges::copy(*raw, into.begin());
            return;
        }
        case field_look::handle: {
            const auto raw = handle_from(place.string());
            if (!raw) {
                place.refuse("expected \"pci 0000:00:03.0\", \"acpi ACPI0016:4\" or 16 bytes such "
                             "as \"00 1f ...\"");
            }
            std::ranges::transform(*raw, into.begin(), [](std::uint8_t b) { return std::byte{b}; });
            return;
        }
        case field_look::kind:
            store_number(into, 0, field.size, read_kind(place));
            return;
        case field_look::bits:
            store_number(into, 0, field.size, read_bits(place, field));
            return;
        default:
            store_number(into, 0, field.size, place.number(largest(field.size)));
            return;
        }
    }

    static std::uint64_t read_kind(const json_place& place) {
        if (!place.is(json_kind::string) || place.string().starts_with("0x")) {
            return place.number(most_in_a_byte);
        }
        for (auto kind = data_type::access_latency; is_known(kind);
             kind = static_cast<data_type>(static_cast<unsigned>(kind) + 1)) {
            if (to_string(kind) == place.string()) {
                return static_cast<std::uint64_t>(kind);
            }
        }
        place.refuse("expected \"access latency\", \"read latency\", \"write latency\", "
                     "\"access bandwidth\", \"read bandwidth\", \"write bandwidth\" or a number");
    }

    std::uint64_t read_bits(const json_place& place, const field_form& field) const {
        if (!place.is(json_kind::object)) {
            return place.number(largest(field.size));
        }
        json_object members(place);
        std::vector<std::string> names;
        std::ranges::transform(field.bits, std::back_inserter(names), key_for);
        names.emplace_back("other_bits");
        members.allow(names);
        std::uint64_t value = 0;
        for (const bits_name& bits : field.bits) {
            if (const auto part = members.take(key_for(bits))) {
                value |= read_part(*part, bits) << bits.lowest;
            }
        }
        if (const auto other = members.take("other_bits")) {
            const std::uint64_t more = other->number(largest(field.size));
            if ((more & named_bits(field.bits)) != 0) {
                other->refuse("holds bits that have a name of their own");
            }
            value |= more;
        }
        members.finish();
        return value;
    }

    std::uint64_t read_part(const json_place& place, const bits_name& bits) const {
        const std::uint64_t most = (std::uint64_t{1} << bits.count) - 1;
        if (place.is(json_kind::boolean)) {
            if (bits.count > 1) {
                place.refuse_kind("a number");
            }
            return place.boolean() ? 1 : 0;
        }
        if (place.is(json_kind::string) && !place.string().starts_with("0x")) {
            for (std::uint64_t value = 0; value <= most; ++value) {
                const auto word = word_for_bits(bits, hmat_revision_of(kind_, revision_), value);
                if (word.empty() || word == place.string()) {
                    if (word.empty()) {
                        break;
                    }
                    return value;
                }
            }
            place.refuse(fmt::format("\"{}\" is nothing that \"{}\" can be in revision {}",
                                     place.string(), bits.name, revision_));
        }
        return place.number(most);
    }

    void read_structures(const json_place& list) {
        list.for_each([&](const json_place& place) {
            json_object members(place);
            const bytes structure = read_structure(members);
            members.finish();
            out_.insert(out_.end(), structure.begin(), structure.end());
        });
    }

    bytes read_structure(json_object& members) {
        const std::size_t type_size = type_size_of(kind_);
        const json_place type = members.required("type");
        const structure_form* form = nullptr;
        if (type.is(json_kind::string) && !type.string().starts_with("0x")) {
            form = form_named(type);
        }
        const std::uint64_t number = form != nullptr ? form->type : type.number(largest(type_size));
        bytes structure;
        if (members.has("bytes")) {
            structure = read_raw(members);
        } else {
            if (form == nullptr) {
                form = form_of(kind_, revision_, static_cast<unsigned>(number));
            }
            if (form == nullptr) {
                type.refuse(fmt::format("there is no type {}: such a structure has \"bytes\" and "
                                        "no fields",
                                        number));
            }
            allow_structure(members, *form);
            structure = read_known(members, *form);
        }
        store_number(structure, 0, type_size, number);
        const length_field at = length_field_of(kind_);
        if (const auto length = members.take("length")) {
            store_number(structure, at.offset, at.size, length->number(largest(at.size)));
        } else if (structure.size() > largest(at.size)) {
            members.place().refuse(
                fmt::format("{} bytes are more than its length can tell", structure.size()));
        } else {
            store_number(structure, at.offset, at.size, structure.size());
        }
        return structure;
    }

    const structure_form* form_named(const json_place& type) const {
        for (const structure_form& form : all_forms(kind_, revision_)) {
            if (form.name == type.string()) {
                return &form;
            }
        }
        std::string known;
        for (const structure_form& form : all_forms(kind_, revision_)) {
            known += fmt::format("{}\"{}\"", known.empty() ? "" : ", ", form.name);
        }
        type.refuse(fmt::format("there is no such structure in revision {}; there are {}",
                                revision_, known));
    }

    bytes read_raw(json_object& members) {
        bytes structure(structure_head_size(kind_));
        const std::size_t after_type = type_size_of(kind_);
        const std::size_t reserved = length_field_of(kind_).offset - after_type;
        if (reserved > 0) {
            if (const auto value = members.take(fmt::format("reserved_at_{}", after_type))) {
                store_number(structure, after_type, reserved, value->number(largest(reserved)));
            }
        }
        const bytes body = read_hex(members.required("bytes"));
        structure.insert(structure.end(), body.begin(), body.end());
        return structure;
    }

    bytes read_known(json_object& members, const structure_form& form) {
        bytes structure = read_fixed(members, form);
        if (kind_ == table_kind::hmat && form.type == locality::type) {
            read_matrix(members, structure);
        } else if (kind_ == table_kind::hmat && form.type == side_cache::type) {
            read_handles(members, structure);
        } else if (kind_ == table_kind::cdat && form.type == dslbis::type) {
            dslbis device;
            device.kind = static_cast<data_type>(load_number(structure, 6, 1));
            device.base_unit = load_number(structure, 8, 8);
            for (std::size_t i = 0; i < device.entries.size(); ++i) {
                device.entries[i] =
                    static_cast<std::uint16_t>(load_number(structure, 16 + 2 * i, 2));
            }
            check_values(members, device.kind, device.entries.size(),
                         [&](std::size_t i) { return device.value(i); });
        } else if (kind_ == table_kind::cdat && form.type == sslbis::type) {
            read_ports(members, structure);
        }
        if (const auto trailing = members.take("trailing")) {
            const bytes rest = read_hex(*trailing);
            structure.insert(structure.end(), rest.begin(), rest.end());
        }
        return structure;
    }

    /// Lists and entries of a locality, whose fixed part is there.
    void read_matrix(json_object& members, bytes& structure) {
        const auto initiators = read_list<std::uint32_t>(
            members.required("initiator_proximity_domains"), most_in_32_bits);
        const auto targets =
            read_list<std::uint32_t>(members.required("target_proximity_domains"), most_in_32_bits);
        constexpr std::size_t kind_at = 9;
        constexpr std::size_t initiators_at = 12;
        constexpr std::size_t targets_at = 16;
        constexpr std::size_t base_unit_at = 24;
        const auto kind = static_cast<data_type>(load_number(structure, kind_at, 1));
        const std::uint64_t base_unit = load_number(structure, base_unit_at, 8);
        store_number(structure, initiators_at, 4, initiators.size());
        store_number(structure, targets_at, 4, targets.size());
        append_all(structure, initiators);
        append_all(structure, targets);
        check_unit(members, kind);
        const auto values = members.take("values");
        const normalizer figures(revision_, kind, base_unit);
        const cell one = figures(1);
        const std::uint64_t step = one.state == cell_state::known ? one.value : 0;
        const matrix_shape shape{initiators.size(), targets.size(), members.has("length")};
        std::vector<std::uint16_t> entries;
        if (!members.has("entries") && values) {
            if (!is_known(kind)) {
                values->refuse("a data type that is not known has \"entries\" only");
            }
            read_rows(*values, shape, [&](const json_place& place, std::size_t) {
                entries.push_back(entry_for(place, kind, step));
            });
        } else {
            read_rows(
                members.required("entries"), shape, [&](const json_place& place, std::size_t) {
                    entries.push_back(static_cast<std::uint16_t>(place.number(most_in_16_bits)));
                });
            if (values) {
                read_rows(*values, shape, [&](const json_place& place, std::size_t i) {
                    if (i >= entries.size()) {
                        place.refuse("\"entries\" has nothing here");
                    }
                    check_value(place, kind, figures(entries[i]));
                });
            }
        }
        append_all(structure, entries);
    }

    struct matrix_shape {
        std::size_t rows;
        std::size_t columns;
        bool may_be_cut; ///< a structure that says its length itself
    };

    /// Calls take(place, number) for every cell.
    template <class Take>
    void read_rows(const json_place& list, const matrix_shape& shape, Take take) {
        if (!list.is(json_kind::array)) {
            list.refuse_kind("an array of rows");
        }
        const std::size_t rows = list.size();
        const std::size_t expected = shape.columns == 0 ? 0 : shape.rows;
        if (rows > expected || (rows < expected && !shape.may_be_cut)) {
            list.refuse(
                fmt::format("expected {} rows, one for each initiator, found {}", expected, rows));
        }
        std::size_t row_number = 0;
        std::size_t number = 0;
        list.for_each([&](const json_place& row) {
            const bool last = ++row_number == rows;
            if (!row.is(json_kind::array)) {
                row.refuse_kind("an array");
            }
            const bool short_of = row.size() < shape.columns && !(last && shape.may_be_cut);
            if (row.size() > shape.columns || short_of) {
                row.refuse(fmt::format("expected {} items, one for each target, found {}",
                                       shape.columns, row.size()));
            }
            row.for_each([&](const json_place& place) { take(place, number++); });
        });
    }

    static void check_unit(json_object& members, data_type kind) {
        if (const auto unit = members.take("unit");
            unit && (!is_known(kind) || unit->string() != unit_text(kind))) {
            unit->refuse(fmt::format("the values of this data type are written in {}",
                                     is_known(kind) ? unit_text(kind) : "nothing that is known"));
        }
    }

    template <class ValueOf>
    void check_values(json_object& members, data_type kind, std::size_t count, ValueOf value_of) {
        check_unit(members, kind);
        const auto values = members.take("values");
        if (!values) {
            return;
        }
        if (!values->is(json_kind::array) || values->size() != count) {
            values->refuse(fmt::format("expected an array of {} values", count));
        }
        std::size_t number = 0;
        values->for_each(
            [&](const json_place& place) { check_value(place, kind, value_of(number++)); });
    }

    static void read_handles(json_object& members, bytes& structure) {
        const auto handles =
            read_list<std::uint16_t>(members.required("smbios_handles"), most_in_16_bits);
        constexpr std::size_t count_at = 30;
        std::uint64_t count = handles.size();
        if (const auto says = members.take("number_of_smbios_handles")) {
            count = says->number(most_in_16_bits);
        } else if (count > most_in_16_bits) {
            members.place().refuse("more SMBIOS handles than can be counted");
        }
        store_number(structure, count_at, 2, count);
        append_all(structure, handles);
    }

    void read_ports(json_object& members, bytes& structure) {
        sslbis ports;
        ports.kind = static_cast<data_type>(load_number(structure, 4, 1));
        ports.base_unit = load_number(structure, 8, 8);
        members.required("entries").for_each([&](const json_place& place) {
            json_object fields(place);
            fields.allow({"port_x", "port_y", "latency_or_bandwidth", "reserved"});
            const auto take = [&](const char* name) {
                return static_cast<std::uint16_t>(fields.required(name).number(most_in_16_bits));
            };
            sslbis_entry entry{take("port_x"), take("port_y"), take("latency_or_bandwidth"), 0};
            if (fields.has("reserved")) {
                entry.reserved = take("reserved");
            }
            fields.finish();
            for (const std::uint16_t part :
                 {entry.port_x, entry.port_y, entry.value, entry.reserved}) {
                append_number(structure, part, sizeof part);
            }
            ports.entries.push_back(entry);
        });
        check_values(members, ports.kind, ports.entries.size(),
                     [&](std::size_t i) { return ports.value(i); });
    }

    void read_distances() {
        const json_place rows = members_.required("distances");
        if (!rows.is(json_kind::array)) {
            rows.refuse_kind("an array of rows");
        }
        std::uint64_t count = rows.size();
        if (const auto says = members_.take("number_of_system_localities")) {
            count = says->number(any_number);
            if (rows.size() > count) {
                rows.refuse(fmt::format("expected at most {} rows, found {}", count, rows.size()));
            }
        }
        store_number(out_, table_header_size, 8, count);
        rows.for_each([&](const json_place& row) {
            if (!row.is(json_kind::array) || row.size() != count) {
                row.refuse(fmt::format("expected an array of {} distances", count));
            }
            row.for_each([&](const json_place& place) {
                out_.push_back(static_cast<std::byte>(place.number(most_in_a_byte)));
            });
        });
    }

    json_place root_;
    json_object members_;
    table_kind kind_{};
    unsigned revision_ = 0;
    bytes out_;
};

} // namespace

std::vector<std::byte> table_from_json(std::string_view text, std::string_view name) {
    const json_tree tree(text, name);
    const json_place root = tree.root();
    return table_reader(root).read();
}

} // namespace hetmem::acpi
