// hetmem table build: a new HMAT of what is in force, what is known better, and what is given.
#include "tool/table_build.hpp"

#include "check/hmat_builder.hpp"
#include "check/linux_model.hpp"
#include "check/subject.hpp"
#include "kernel/acpi_tables.hpp"
#include "kernel/file.hpp"
#include "kernel/rooted.hpp"
#include "kernel/text.hpp"
#include "tool/archive.hpp"
#include "tool/arguments.hpp"
#include "tool/output.hpp"
#include "tool/table_set.hpp"
#include "tool/temporary_directory.hpp"
#include "topology/figure_store.hpp"
#include "topology/value_text.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace hetmem::tool {
namespace {

using json = nlohmann::ordered_json;
namespace fs = std::filesystem;

/// What a table is built from.
struct material {
    std::vector<std::byte> hmat; ///< empty: there is none
    std::vector<std::byte> srat;
    std::vector<std::byte> slit;
    std::optional<topology> machine; ///< nothing where there are tables alone
    measurements stored;
    std::vector<notice> notices; ///< what is wrong with the stores
};

void take_table(material& into, std::string_view signature, std::vector<std::byte> bytes) {
    auto& place = signature == "HMAT" ? into.hmat : signature == "SRAT" ? into.srat : into.slit;
    if (place.empty()) { // Linux takes the first of several
        place = std::move(bytes);
    }
}

void add_stored(measurements& all, const measurements& more) {
    all.cells.insert(all.cells.end(), more.cells.begin(), more.cells.end());
}

/// A table built without figures that somebody believes to be in it would be a surprise: a store
/// that is there and cannot be used ends it.
void demand_usable(const std::vector<source_report>& stores, const kernel::rooted_reader& reader) {
    for (const source_report& store : stores) {
        if (store.status == source_status::used || store.status == source_status::absent) {
            continue;
        }
        std::string why = store.detail; // begins with the path where it was read
        if (const std::string begin = store.path + ":"; why.starts_with(begin)) {
            why.erase(0, why.find_first_not_of(' ', begin.size()));
        }
        const std::string tail = ": " + malformed_file("").code().message();
        if (why.ends_with(tail)) {
            why.erase(why.size() - tail.size());
        }
        const fs::path place =
            reader.live() ? fs::path(store.path) : reader.root() / store.path.substr(1);
        throw malformed_file(fmt::format("{}: {}", place.string(), why));
    }
}

material read_below(const fs::path& root, const table_arguments& asked) {
    const kernel::rooted_reader reader(root);
    material found;
    for (auto& table : kernel::read_acpi_tables(reader, {"HMAT", "SRAT", "SLIT"}).tables) {
        if (table.read.not_permitted()) {
            throw not_permitted(fmt::format("{} is only root's to read", table.path));
        }
        if (table.read) {
            take_table(found, table.signature, std::move(table.bytes));
        }
    }
    found.machine = discover({.root = root});
    std::vector<source_report> reports;
    if (const auto stored = detail::read_machine_store(reader, reports, found.notices)) {
        add_stored(found.stored, *stored);
    }
    if (reader.live()) {
        if (const auto own = detail::read_own_store(user_store(), reports, found.notices)) {
            add_stored(found.stored, *own);
        }
    }
    if (asked.figures.empty()) { // else they come from that file, and a remark is enough
        demand_usable(reports, reader);
    }
    if (!asked.figures.empty()) {
        const auto given = measurements_from_json(kernel::read_file(asked.figures), asked.figures);
        const auto kept =
            detail::import_for(*found.machine, detail::read_machine_mark(reader), given);
        found.machine =
            detail::with_measurements(*found.machine, detail::read_machine_mark(reader), kept);
        found.stored = kept;
    }
    return found;
}

material read_material(const table_arguments& asked) {
    if (!asked.tables.empty()) {
        material found;
        for (auto& table : detail::read_table_subject(asked.tables).tables) {
            if (table.signature == "HMAT" || table.signature == "SRAT" ||
                table.signature == "SLIT") {
                take_table(found, table.signature, std::move(table.bytes));
            }
        }
        return found;
    }
    std::error_code unknown; // then reading says what is wrong with it
    if (!asked.root.empty() && fs::is_regular_file(asked.root, unknown)) {
        const temporary_directory place;
        material found = read_below(unpack(asked.root, place.path()), asked);
        temporary_directory::check_interrupted();
        return found;
    }
    return read_below(asked.root.empty() ? "/" : asked.root, asked);
}

std::optional<std::uint32_t> named_domain(std::string_view name) {
    const auto number = kernel::number_after("pxm", name);
    return number ? std::optional<std::uint32_t>(*number) : std::nullopt;
}

std::uint32_t domain_of(const std::optional<std::uint32_t>& pxm, std::string_view name) {
    if (!pxm) {
        throw no_such_target(fmt::format("nobody knows the proximity domain of {}", name));
    }
    return *pxm;
}

std::uint32_t initiator_domain(const material& from, const std::string& name) {
    if (from.machine) {
        for (const initiator& i : from.machine->initiators()) {
            if (i.name == name) {
                return domain_of(i.pxm, name);
            }
        }
    }
    if (const auto pxm = named_domain(name)) {
        return *pxm;
    }
    throw no_such_target(
        from.machine ? fmt::format("no initiator is called {}", name)
                     : fmt::format("{}: with --tables, initiators are called pxm0, pxm1", name));
}

std::uint32_t target_domain(const material& from, const std::string& name) {
    if (from.machine) {
        if (const auto id = from.machine->find_target(name)) {
            return domain_of(from.machine->targets()[id->index].pxm, name);
        }
    }
    if (const auto pxm = named_domain(name)) {
        return *pxm;
    }
    throw no_such_target(
        from.machine ? fmt::format("no memory is called {}", name)
                     : fmt::format("{}: with --tables, memories are called pxm0, pxm1", name));
}

std::vector<detail::wanted_figure> wanted_of(const material& from, const table_arguments& asked) {
    std::vector<detail::wanted_figure> wanted;
    // First, so that what is said here counts and not what is known of that cell.
    for (const std::string& text : asked.set) {
        for (const set_figure& figure : parse_set(text)) {
            const std::uint32_t initiator = initiator_domain(from, figure.from);
            const std::uint32_t target = target_domain(from, figure.to);
            if (std::ranges::any_of(wanted, [&](const detail::wanted_figure& other) {
                    return other.initiator_pxm == initiator && other.target_pxm == target &&
                           other.what == figure.what;
                })) {
                throw usage_error(fmt::format("--set {}: another --set gives that {} too", text,
                                              detail::words_of(figure.what)));
            }
            wanted.push_back(
                {initiator, target, figure.what, figure.value, {}, {}, source::override_});
        }
    }
    if (from.machine) {
        const auto known = detail::figures_to_build_from(*from.machine, from.stored);
        wanted.insert(wanted.end(), known.begin(), known.end());
    }
    return wanted;
}

struct built {
    detail::built_hmat hmat;
    std::vector<std::byte> bytes;
    detail::linux_version version;
    detail::prediction before;
    detail::prediction after;
};

built build(const material& from, const table_arguments& asked) {
    if (from.srat.empty()) {
        throw error(EINVAL, "there is no SRAT, and Linux takes no HMAT without one");
    }
    const auto affinity = acpi::decode_srat(from.srat);
    if (!affinity.table) {
        throw malformed_file("SRAT: " + affinity.defects.at(0).found);
    }
    std::optional<acpi::hmat> in_force;
    if (!from.hmat.empty()) {
        auto read = acpi::decode_hmat(from.hmat);
        if (!read.table) {
            throw malformed_file("HMAT: " + read.defects.at(0).found);
        }
        in_force = std::move(read.table);
    }
    built result;
    result.hmat = detail::build_hmat(in_force, *affinity.table, wanted_of(from, asked));
    for (const notice& one : from.notices) {
        result.hmat.remarks.push_back(fmt::format("{}: {}", one.what, one.why));
    }
    result.bytes = acpi::encode(result.hmat.table);
    if (from.machine) {
        result.version =
            detail::parse_linux_version(from.machine->machine().kernel).value_or(result.version);
    }
    detail::linux_tables tables{from.hmat, from.srat, from.slit, {}};
    result.before = detail::predict_linux(tables, result.version);
    tables.hmat = result.bytes;
    result.after = detail::predict_linux(tables, result.version);
    return result;
}

std::string tier_words(const detail::predicted_target& target) {
    return target.tier ? fmt::format("memory_tier{}", *target.tier) : "no tier of the HMAT";
}

const detail::predicted_target* find_target(const detail::prediction& all, std::uint32_t pxm) {
    const auto found = std::ranges::find(all.targets, pxm, &detail::predicted_target::pxm);
    return found == all.targets.end() ? nullptr : &*found;
}

std::string draw_prediction(const built& b) {
    std::string text =
        fmt::format("What Linux {}.{} makes of it:\n", b.version.major, b.version.minor);
    for (const std::string& reason : b.after.reasons) {
        text += "  " + reason + "\n";
    }
    text += fmt::format(
        "  tiers {} the HMAT: {}\n", b.after.tiers_from_hmat ? "follow" : "do not follow",
        b.after.tiers_from_hmat && b.after.tiers_reason.empty() ? "the DRAM nodes agree within 10 %"
                                                                : b.after.tiers_reason);
    for (const detail::predicted_target& target : b.after.targets) {
        const detail::predicted_target* before = find_target(b.before, target.pxm);
        const std::string now = tier_words(target);
        const std::string then = before != nullptr ? tier_words(*before) : now;
        text += fmt::format("  memory of domain {} (node{}): {}{}\n", target.pxm, target.node, now,
                            now == then ? "" : fmt::format(" (was {})", then));
    }
    return text;
}

std::string draw(const built& b, const table_arguments& asked) {
    std::string text = !b.hmat.changes.empty() ? "What changes:\n"
                       : b.hmat.mended         ? "No figure changes; the table is mended.\n"
                                       : "Nothing changes: the HMAT says all that already.\n";
    for (const std::string& change : b.hmat.changes) {
        text += "  " + change + "\n";
    }
    for (const std::string& remark : b.hmat.remarks) {
        text += "Note: " + remark + "\n";
    }
    text += draw_prediction(b);
    if (asked.output.empty()) {
        text += "Nothing is written without -o FILE.\n";
    } else if (asked.output != "-") {
        text += fmt::format("Written: {}, {} bytes, revision {}, OEM revision {}\n", asked.output,
                            b.bytes.size(), b.hmat.table.header.revision,
                            b.hmat.table.header.oem_revision);
    }
    return text;
}

json tiers_json(const detail::prediction& p) {
    json targets = json::array();
    for (const detail::predicted_target& target : p.targets) {
        targets.push_back({{"pxm", target.pxm},
                           {"node", target.node},
                           {"adistance", target.adistance ? json(*target.adistance) : json()},
                           {"tier", target.tier ? json(*target.tier) : json()}});
    }
    return {{"hmat_used", p.hmat_used},
            {"reasons", p.reasons},
            {"tiers_from_hmat", p.tiers_from_hmat},
            {"tiers_reason", p.tiers_reason},
            {"targets", targets}};
}

json to_json(const built& b, const table_arguments& asked) {
    const auto& header = b.hmat.table.header;
    return {{"format", "hetmem-table-build"},
            {"version", 1},
            {"changes", b.hmat.changes},
            {"remarks", b.hmat.remarks},
            {"mended", b.hmat.mended},
            {"revision", header.revision},
            {"oem_id", acpi::field_text(header.oem_id)},
            {"oem_table_id", acpi::field_text(header.oem_table_id)},
            {"oem_revision", header.oem_revision},
            {"bytes", b.bytes.size()},
            {"linux",
             {{"version", fmt::format("{}.{}", b.version.major, b.version.minor)},
              {"before", tiers_json(b.before)},
              {"after", tiers_json(b.after)}}},
            {"written", asked.output.empty() ? json() : json(asked.output)}};
}

} // namespace

detail::built_hmat built_for(const table_arguments& asked) {
    return build(read_material(asked), asked).hmat;
}

int build_table(const table_arguments& asked) {
    const built result = build(read_material(asked), asked);
    const std::string_view table(reinterpret_cast<const char*>(result.bytes.data()),
                                 result.bytes.size());
    if (asked.output == "-") {
        write_output(table);
        return 0;
    }
    if (!asked.output.empty()) {
        kernel::new_file out(asked.output);
        out.write(table);
        out.commit();
    }
    write_output(asked.json ? to_json(result, asked).dump(2) + "\n" : draw(result, asked));
    return 0;
}

} // namespace hetmem::tool
