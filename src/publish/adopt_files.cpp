#include "publish/adopt_files.hpp"

#include "kernel/file.hpp"
#include "topology/adopted.hpp"

#include <hetmem/error.hpp>

#include <span>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace hetmem::detail {

namespace {

using json = nlohmann::ordered_json;

json parsed(std::string_view text, std::string_view name) {
    json out = json::parse(text, nullptr, false);
    if (!out.is_object()) {
        throw malformed_file(fmt::format("{}: a JSON object is expected", name));
    }
    return out;
}

[[noreturn]] void wrong(std::string_view name, std::string_view key, std::string_view expected) {
    throw malformed_file(fmt::format("{}: {}: expected {}", name, key, expected));
}

std::string string_at(const json& object, std::string_view name, const char* key) {
    const auto it = object.find(key);
    if (it == object.end() || !it->is_string()) {
        wrong(name, key, "a string");
    }
    return it->get<std::string>();
}

std::vector<std::string> strings_at(const json& object, std::string_view name, const char* key) {
    const auto it = object.find(key);
    if (it == object.end() || !it->is_array()) {
        wrong(name, key, "a list of strings");
    }
    std::vector<std::string> out;
    for (const json& one : *it) {
        if (!one.is_string()) {
            wrong(name, key, "a list of strings");
        }
        out.push_back(one.get<std::string>());
    }
    return out;
}

std::string text_of(const json& object) {
    return object.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string_view word(adopt_request::kind wanted) {
    switch (wanted) {
    case adopt_request::kind::table:
        return "table";
    case adopt_request::kind::evaluate:
        return "evaluate";
    case adopt_request::kind::firmware:
        return "firmware";
    }
    return "";
}

} // namespace

adopt_request request_to_adopt(const std::filesystem::path& file) {
    const std::string text = kernel::read_file(file, adopted_table_limit);
    adopt_request request;
    request.wanted = adopt_request::kind::table;
    request.name = file.filename().string();
    const auto bytes = std::as_bytes(std::span(text));
    request.table.assign(bytes.begin(), bytes.end());
    return request;
}

std::string to_json(const adopt_request& request) {
    return text_of({{"wanted", word(request.wanted)}, {"name", request.name}});
}

std::string to_json(const adopt_answer& answer) {
    return text_of({{"done", answer.done},
                    {"generation", answer.generation},
                    {"in_force", answer.in_force},
                    {"refused", answer.refused},
                    {"remarks", answer.remarks},
                    {"changes", answer.changes}});
}

adopt_request adopt_request_from(std::string_view text, std::string_view name) {
    const json object = parsed(text, name);
    adopt_request out;
    out.name = string_at(object, name, "name");
    const std::string wanted = string_at(object, name, "wanted");
    for (const auto kind : {adopt_request::kind::table, adopt_request::kind::evaluate,
                            adopt_request::kind::firmware}) {
        if (wanted == word(kind)) {
            out.wanted = kind;
            return out;
        }
    }
    wrong(name, "wanted", "table, evaluate or firmware");
}

adopt_answer adopt_answer_from(std::string_view text, std::string_view name) {
    const json object = parsed(text, name);
    adopt_answer out;
    const auto done = object.find("done");
    const auto generation = object.find("generation");
    if (done == object.end() || !done->is_boolean()) {
        wrong(name, "done", "true or false");
    }
    if (generation == object.end() || !generation->is_number_unsigned()) {
        wrong(name, "generation", "a number");
    }
    out.done = done->get<bool>();
    out.generation = generation->get<std::uint64_t>();
    out.in_force = string_at(object, name, "in_force");
    out.refused = strings_at(object, name, "refused");
    out.remarks = strings_at(object, name, "remarks");
    out.changes = strings_at(object, name, "changes");
    return out;
}

std::string to_text(const adopt_answer& answer) {
    std::string out;
    for (const std::string& why : answer.refused) {
        out += fmt::format("refused: {}\n", why);
    }
    out += fmt::format("HMAT in force: {}\n", answer.in_force);
    for (const std::string& remark : answer.remarks) {
        out += fmt::format("remark: {}\n", remark);
    }
    if (answer.done && answer.changes.empty()) {
        out += "no figure changed\n";
    }
    for (const std::string& change : answer.changes) {
        out += change + "\n";
    }
    return out;
}

} // namespace hetmem::detail
