#include "topology/adopted.hpp"

#include "topology/published.hpp"

#include "kernel/root_owned.hpp"

#include <acpi/cross_check.hpp>
#include <acpi/self_check.hpp>

#include <algorithm>
#include <functional>
#include <utility>
#include <variant>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace hetmem::detail {

namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view place = "run/hetmem/current/adopted";
/// More domains than this are reserved by nobody.
constexpr std::size_t most_hints = 65536;

std::string sentence(const defect& d) {
    const std::string what = fmt::format("{}: at offset {} expected {}, found {}", d.table,
                                         d.offset, d.expected, d.found);
    return d.linux_does.empty() ? what : fmt::format("{} (Linux {})", what, d.linux_does);
}

/// A structure of a type that some later revision defines is passed over, as Linux does; it is
/// whole all the same.
bool is_of_later_type(const acpi::hmat& table, std::uint64_t offset) {
    const auto offsets = acpi::structure_offsets(table);
    const auto at = std::lower_bound(offsets.begin(), offsets.end(), offset);
    const auto index = static_cast<std::size_t>(at - offsets.begin());
    if (at == offsets.end() || *at != offset || index >= table.structures.size()) {
        return false;
    }
    const auto* unknown = std::get_if<acpi::unknown_structure>(&table.structures[index]);
    constexpr std::size_t head = 8;
    return unknown != nullptr && unknown->type > acpi::side_cache::type &&
           unknown->length == head + unknown->body.size();
}

bool has_figure(const acpi::hmat& table) {
    return std::ranges::any_of(table.structures, [&](const acpi::hmat_structure& structure) {
        const auto* s = std::get_if<acpi::locality>(&structure);
        if (s == nullptr || !s->cache_level(table.header.revision)) {
            return false;
        }
        const acpi::normalizer figures = s->normalizer(table.header.revision);
        return std::ranges::any_of(s->entries, [&](std::uint16_t entry) {
            return figures(entry).state == acpi::cell_state::known;
        });
    });
}

/// What does not fit the SRAT but does no harm: figures for domains that the SRAT does not have.
bool contradicts_srat(const defect& d) {
    return d.linux_does == "ignores the whole HMAT" || d.linux_does == "does not use the range";
}

std::vector<std::uint32_t> hints_of(const acpi_facts& in_force) {
    std::vector<std::uint32_t> hints = in_force.reservation_hints;
    if (in_force.hmat) {
        const unsigned revision = in_force.hmat->header.revision;
        for (const acpi::hmat_structure& structure : in_force.hmat->structures) {
            const auto* s = std::get_if<acpi::memory_attributes>(&structure);
            if (s != nullptr && s->reservation_hint(revision) && s->memory_valid(revision)) {
                hints.push_back(s->memory_pxm);
            }
        }
    }
    std::ranges::sort(hints);
    hints.erase(std::unique(hints.begin(), hints.end()), hints.end());
    return hints;
}

} // namespace

adoption judge_hmat(std::span<const std::byte> table, std::string from,
                    const acpi_facts& in_force) {
    adoption result;
    const auto refuse = [&](std::string why) { result.refused.push_back(std::move(why)); };
    if (table.size() > adopted_table_limit) {
        refuse(fmt::format("HMAT: {} bytes, more than any machine's has ({})", table.size(),
                           adopted_table_limit));
        return result;
    }
    const acpi::decoded<acpi::hmat> decoded = acpi::decode_hmat(table);
    for (const defect& d : decoded.defects) {
        if (!decoded.table || !is_of_later_type(*decoded.table, d.offset)) {
            refuse(sentence(d));
        }
    }
    if (!decoded.table || !result.refused.empty()) {
        return result;
    }
    if (!has_figure(*decoded.table)) {
        refuse("HMAT: not one latency or bandwidth is told in it");
    }
    for (const defect& d : acpi::check_hmat_against_itself(*decoded.table)) {
        refuse(sentence(d));
    }
    if (!in_force.srat) {
        refuse("there is no SRAT that could be read: nothing tells which memory the proximity "
               "domains of the HMAT mean");
    } else {
        for (const defect& d : acpi::check_hmat_against_srat(*decoded.table, *in_force.srat)) {
            if (contradicts_srat(d)) {
                refuse(sentence(d));
            }
        }
    }
    if (result.refused.empty()) {
        adopted_table accepted;
        accepted.bytes.assign(table.begin(), table.end());
        accepted.from = std::move(from);
        accepted.reservation_hints = hints_of(in_force);
        result.accepted = std::move(accepted);
    }
    return result;
}

namespace {

using bytes = std::vector<std::byte>;
/// One of the two files, whole.
using file_reader = std::function<std::optional<bytes>(const char* name, std::size_t limit)>;

std::optional<adopted_table> read_files(const file_reader& read, std::string_view boot_id) {
    constexpr std::size_t largest_origin = std::size_t{1} << 20;
    const std::optional<bytes> text = read("origin.json", largest_origin);
    if (!text) {
        return std::nullopt;
    }
    std::size_t size = 0;
    auto table = parse_origin(
        std::string_view(reinterpret_cast<const char*>(text->data()), text->size()), boot_id, size);
    if (!table) {
        return std::nullopt;
    }
    if (size != 0) {
        std::optional<bytes> whole = read("HMAT", adopted_table_limit);
        if (!whole || whole->size() != size) {
            return std::nullopt;
        }
        table->bytes = std::move(*whole);
    }
    return table;
}

/// This machine's own: whoever else made a directory of that name is not believed.
std::optional<adopted_table> read_of_root(const kernel::rooted_reader& machine) {
    constexpr int directory = O_PATH | O_DIRECTORY;
    const auto run = kernel::open_root_owned(AT_FDCWD, published_directory, directory);
    if (!run) {
        return std::nullopt;
    }
    const auto generation = kernel::open_root_owned(run.get(), "current", directory);
    const auto files = kernel::open_root_owned(generation.get(), "adopted", directory);
    if (!files) {
        return std::nullopt;
    }
    const auto read = [&](const char* name, std::size_t limit) -> std::optional<bytes> {
        const auto file = kernel::read_root_owned(files.get(), name, limit);
        return file ? std::optional<bytes>(std::in_place, file->view().begin(), file->view().end())
                    : std::nullopt;
    };
    return read_files(read, boot_id(machine));
}

} // namespace

std::optional<adopted_table> read_adopted(const kernel::rooted_reader& reader) {
    return reader.live() ? read_of_root(reader) : read_adopted(reader.open(place), boot_id(reader));
}

std::optional<adopted_table> read_adopted(const kernel::directory& files,
                                          std::string_view boot_id) {
    const auto read = [&](const char* name, std::size_t limit) -> std::optional<bytes> {
        bytes all;
        return files && files.read_bytes(name, limit, all) ? std::optional(std::move(all))
                                                           : std::nullopt;
    };
    return read_files(read, boot_id);
}

std::optional<adopted_table> parse_origin(std::string_view text, std::string_view boot_id,
                                          std::size_t& table_size) {
    const json origin = json::parse(text, nullptr, false);
    if (!origin.is_object()) { // also when it is no JSON at all
        return std::nullopt;
    }
    const auto string_of = [&](const char* key) {
        const auto it = origin.find(key);
        return it != origin.end() && it->is_string() ? it->get<std::string>() : std::string();
    };
    const auto hints = origin.find("reservation_hints");
    const auto size = origin.find("bytes");
    const std::string by = string_of("by");
    const bool whole = hints != origin.end() && hints->is_array() && hints->size() <= most_hints &&
                       size != origin.end() && size->is_number_unsigned() &&
                       size->get<std::uint64_t>() <= adopted_table_limit &&
                       (by == "method" || by == "hand");
    if (!whole || string_of("boot_id") != boot_id) {
        return std::nullopt;
    }
    adopted_table table;
    table.by = by == "hand" ? adopted_by::hand : adopted_by::method;
    table.from = string_of("from");
    for (const json& hint : *hints) {
        if (!hint.is_number_unsigned() || hint.get<std::uint64_t>() > 0xFFFFFFFFU) {
            return std::nullopt;
        }
        table.reservation_hints.push_back(hint.get<std::uint32_t>());
    }
    table_size = size->get<std::size_t>();
    return table;
}

std::string origin_json(const adopted_table& table, std::string_view boot_id) {
    // A line each, the boot first: hetmem capture leaves that line out.
    json origin;
    origin["boot_id"] = boot_id;
    origin["by"] = table.by == adopted_by::hand ? "hand" : "method";
    origin["from"] = table.from;
    origin["bytes"] = table.bytes.size();
    origin["reservation_hints"] = table.reservation_hints;
    return origin.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace hetmem::detail
