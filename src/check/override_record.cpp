#include "check/override_record.hpp"

#include "kernel/file.hpp"

#include <hetmem/error.hpp>

#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace hetmem::detail {

namespace {

using json = nlohmann::ordered_json;

constexpr int format = 1;
constexpr std::size_t largest_record = std::size_t{1} << 20;

/// One object of the record, read strictly: what is missing or of another kind throws.
class fields {
public:
    fields(const json& object, std::string_view name, std::string place)
        : object_(object), name_(name), place_(std::move(place)) {
        if (!object.is_object()) {
            fail("", "an object");
        }
    }

    std::string text(const char* key) const {
        const json& value = at(key);
        if (!value.is_string()) {
            fail(key, "a string");
        }
        return value.get<std::string>();
    }
    std::uint64_t number(const char* key, std::uint64_t most) const {
        const json& value = at(key);
        if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most) {
            fail(key, fmt::format("a number up to {}", most));
        }
        return value.get<std::uint64_t>();
    }
    std::vector<std::string> texts(const char* key) const {
        std::vector<std::string> out;
        for (const json& one : list(key)) {
            if (!one.is_string()) {
                fail(key, "a list of strings");
            }
            out.push_back(one.get<std::string>());
        }
        return out;
    }
    const json& list(const char* key) const {
        const json& value = at(key);
        if (!value.is_array()) {
            fail(key, "a list");
        }
        return value;
    }
    bool empty(const char* key) const { return at(key).is_null(); }
    const json& at(const char* key) const {
        const auto it = object_.find(key);
        if (it == object_.end()) {
            fail(key, "something");
        }
        return *it;
    }
    [[noreturn]] void fail(std::string_view key, std::string_view expected) const {
        throw malformed_file(fmt::format("{}: {}{}{}: expected {}", name_, place_,
                                         place_.empty() || key.empty() ? "" : ".", key, expected));
    }

private:
    const json& object_;
    std::string_view name_;
    std::string place_;
};

overridden_table table_from(const fields& from) {
    constexpr std::uint64_t largest = std::numeric_limits<std::uint32_t>::max();
    overridden_table table;
    table.signature = from.text("signature");
    table.oem_id = from.text("oem_id");
    table.oem_table_id = from.text("oem_table_id");
    table.oem_revision = static_cast<std::uint32_t>(from.number("oem_revision", largest));
    table.length = from.number("length", largest);
    if (!from.empty("replaces")) {
        table.replaces = static_cast<std::uint32_t>(from.number("replaces", largest));
    }
    return table;
}

json to_object(const overridden_table& table) {
    return {{"signature", table.signature},
            {"oem_id", table.oem_id},
            {"oem_table_id", table.oem_table_id},
            {"oem_revision", table.oem_revision},
            {"length", table.length},
            {"replaces", table.replaces ? json(*table.replaces) : json()}};
}

} // namespace

std::string early_name(std::string_view signature) {
    return fmt::format("{}.aml", signature);
}

std::string to_json(const override_record& record) {
    json tables = json::array();
    for (const overridden_table& table : record.tables) {
        tables.push_back(to_object(table));
    }
    const json all = {{"hetmem_override", format},
                      {"time", record.time},
                      {"boot_id", record.boot_id},
                      {"kernel", record.kernel},
                      {"machine",
                       {{"bios_vendor", record.machine.bios_vendor},
                        {"bios_version", record.machine.bios_version},
                        {"bios_date", record.machine.bios_date},
                        {"modalias", record.machine.machine}}},
                      {"method", record.method},
                      {"tables", tables},
                      {"files", record.files},
                      {"initrds", record.initrds}};
    return all.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

override_record override_record_from(std::string_view text, std::string_view name) {
    const json parsed = json::parse(text, nullptr, false);
    const fields all(parsed, name, "");
    if (all.number("hetmem_override", std::numeric_limits<int>::max()) != format) {
        all.fail("hetmem_override", fmt::format("{}, of this version of hetmem", format));
    }
    override_record record;
    record.time = all.text("time");
    record.boot_id = all.text("boot_id");
    record.kernel = all.text("kernel");
    const fields machine(all.at("machine"), name, "machine");
    record.machine = {machine.text("bios_vendor"), machine.text("bios_version"),
                      machine.text("bios_date"), machine.text("modalias")};
    record.method = all.text("method");
    for (const json& table : all.list("tables")) {
        record.tables.push_back(
            table_from(fields(table, name, fmt::format("tables[{}]", record.tables.size()))));
    }
    record.files = all.texts("files");
    record.initrds = all.texts("initrds");
    return record;
}

std::optional<override_record> read_override_record(const kernel::rooted_reader& reader) {
    const std::string path = fmt::format("{}/override.json", override_directory);
    std::vector<std::byte> bytes;
    const kernel::outcome read = reader.top().read_bytes(path, largest_record, bytes);
    if (read.absent()) {
        return std::nullopt;
    }
    const std::string name = (reader.root() / path).string();
    if (read.not_permitted()) {
        throw not_permitted(fmt::format("cannot read {}: this user may not", name));
    }
    if (!read) {
        throw error(read.errno_value, fmt::format("cannot read {}", name));
    }
    return override_record_from(
        std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), name);
}

std::string_view to_string(override_state state) {
    switch (state) {
    case override_state::in_force:
        return "in force";
    case override_state::pending:
        return "waits for a restart";
    case override_state::ignored:
        return "not in force";
    case override_state::unknown:
        return "unknown";
    }
    return "";
}

} // namespace hetmem::detail
