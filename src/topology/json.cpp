// The JSON form of a topology, written and read here and nowhere else; docs/json.md describes it.
#include "topology/json_lines.hpp"
#include "topology/json_place.hpp"
#include "topology/state.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace hetmem {

namespace {

using json = nlohmann::ordered_json;
using detail::figure_layer;
using detail::json_place;

constexpr std::string_view format_name = "hetmem-topology";
constexpr std::uint64_t format_version = 1;
/// Far above what any machine has, and small enough that a short hostile file stays harmless.
constexpr std::size_t most_pairs = std::size_t{1} << 24;

// ---- writing

json written(std::uint64_t n) {
    return n;
}
json written(std::uint32_t n) {
    return n;
}
json written(int n) {
    return n;
}
json written(bool b) {
    return b;
}
json written(byte_size n) {
    return n.bytes();
}
json written(const id_set& s) {
    return s.to_string();
}
json written(address_range r) {
    return {{"base", r.base}, {"length", r.length}};
}
json written(const memory_side_cache&);
json written(const huge_page_pool&);
json written(const dax_device&);
json written(const device_leg&);
json written(const package&);
json written(const initiator&);
json written(const target&);
json written(const source_report&);
json written(const notice&);
json written(const defect&);
json written(const disagreement&);
template <class Value> json written(const std::optional<Value>& value) {
    return value ? written(*value) : json(nullptr);
}
template <class Value> json written(const std::vector<Value>& values) {
    json out = json::array();
    for (const Value& value : values) {
        out.push_back(written(value));
    }
    return out;
}
template <class Value> json written(std::span<const Value> values) {
    json out = json::array();
    for (const Value& value : values) {
        out.push_back(written(value));
    }
    return out;
}

std::uint64_t base_value(latency v) {
    return v.picoseconds();
}
std::uint64_t base_value(bandwidth v) {
    return v.bytes_per_second();
}
std::string_view unit_of(quantity what) {
    return what == quantity::read_latency || what == quantity::write_latency ? "ps" : "B/s";
}

template <class Unit> json leg_value(const figure<Unit>& f) {
    return f.known()                           ? json(base_value(f.value))
           : f.state == knowledge::unreachable ? json("unreachable")
                                               : json(nullptr);
}

json written(const memory_side_cache& c) {
    return {{"level", c.level},
            {"size", written(c.size)},
            {"line_size", written(c.line_size)},
            {"associativity", c.associativity},
            {"write_policy", c.write_policy},
            {"address_mode", c.address_mode},
            {"source", to_string(c.from)}};
}

json written(const huge_page_pool& p) {
    return {{"page", written(p.page)}, {"total", p.total}, {"free", p.free}};
}

json written(const dax_device& d) {
    return {{"name", d.name},
            {"size", written(d.size)},
            {"align", written(d.align)},
            {"driver", d.driver},
            {"origin", d.origin},
            {"target_node", written(d.target_node)},
            {"resource", written(d.resource)}};
}

json written(const device_leg& l) {
    return {{"device", l.device},
            {"device_range", written(l.device_range)},
            {"non_volatile", l.non_volatile},
            {"figures",
             {{"read_latency", leg_value(l.figures.read_latency)},
              {"write_latency", leg_value(l.figures.write_latency)},
              {"read_bandwidth", leg_value(l.figures.read_bandwidth)},
              {"write_bandwidth", leg_value(l.figures.write_bandwidth)}}}};
}

json written(const package& p) {
    return {{"id", p.id}, {"cpus", written(p.cpus)}};
}

json written(const initiator& i) {
    return {{"name", i.name},        {"kind", to_string(i.kind)}, {"node", written(i.node)},
            {"pxm", written(i.pxm)}, {"cpus", written(i.cpus)},   {"package", written(i.package)},
            {"device", i.device}};
}

json written(const target& t) {
    return {{"name", t.name},
            {"kind", to_string(t.kind)},
            {"kind_reason", t.kind_reason},
            {"state", to_string(t.state)},
            {"node", written(t.node)},
            {"pxm", written(t.pxm)},
            {"pxm_reason", t.pxm_reason},
            {"size", written(t.size)},
            {"free", written(t.free)},
            {"reserved", t.reserved},
            {"reserved_reason", t.reserved_reason},
            {"cpus", written(t.cpus)},
            {"package", written(t.package)},
            {"ranges", written(t.ranges)},
            {"block_size", written(t.block_size)},
            {"blocks", t.blocks},
            {"blocks_online", t.blocks_online},
            {"caches", written(t.caches)},
            {"huge_pages", written(t.huge_pages)},
            {"dax", written(t.dax)},
            {"device_legs", written(t.device_legs)},
            {"tier", written(t.tier)},
            {"interleave_weight", written(t.interleave_weight)}};
}

json written(const source_report& r) {
    return {
        {"what", r.what}, {"path", r.path}, {"status", to_string(r.status)}, {"detail", r.detail}};
}

json written(const notice& n) {
    return {{"what", n.what}, {"why", n.why}, {"help", n.help}};
}

json written(const defect& d) {
    return {{"table", d.table},
            {"offset", d.offset},
            {"expected", d.expected},
            {"found", d.found},
            {"linux_does", d.linux_does}};
}

json written(const disagreement& d) {
    return {{"about", d.about}, {"used", d.used}, {"other", d.other}};
}

json written(const machine_info& m) {
    return {{"cpu_model", m.cpu_model},
            {"architecture", m.architecture},
            {"kernel", m.kernel},
            {"demotion", written(m.demotion)}};
}

json cell(std::uint64_t value) {
    return value == topology::unknown_value       ? json(nullptr)
           : value == topology::unreachable_value ? json("unreachable")
                                                  : json(value);
}

json figures_of(const topology& machine) {
    json out = json::array();
    std::vector<std::uint64_t> row(machine.targets().size());
    for (const unsigned level : {0U, 1U, 2U, 3U}) {
        for (const quantity what : all_quantities) {
            for (const source from : machine.sources_of(what, level)) {
                json rows = json::array();
                for (const initiator& i : machine.initiators()) {
                    machine.row(from, what, i.id, row, level);
                    json values = json::array();
                    for (const std::uint64_t value : row) {
                        values.push_back(cell(value));
                    }
                    rows.push_back(std::move(values));
                }
                out.push_back({{"source", to_string(from)},
                               {"quantity", to_string(what)},
                               {"unit", unit_of(what)},
                               {"level", level},
                               {"values", std::move(rows)}});
            }
        }
    }
    return out;
}

json distances_of(const topology& machine) {
    json out = json::array();
    for (const initiator& i : machine.initiators()) {
        json row = json::array();
        for (const target& t : machine.targets()) {
            row.push_back(written(machine.distance(i.id, t.id)));
        }
        out.push_back(std::move(row));
    }
    return out;
}

template <class Unit> json best_value(quantity what, const figure<Unit>& f) {
    if (f.state != knowledge::known) {
        return f.state == knowledge::unknown ? json(nullptr) : json("unreachable");
    }
    return {{"value", base_value(f.value)}, {"unit", unit_of(what)}, {"source", to_string(f.from)}};
}

json best_of(const topology& machine) {
    json out = json::array();
    for (const target& t : machine.targets()) {
        const auto near = machine.best_initiator(t.id);
        if (!near) {
            continue;
        }
        const access a = machine.access(*near, t.id);
        out.push_back(
            {{"target", t.name},
             {"initiator", machine.initiators()[near->index].name},
             {"read_latency", best_value(quantity::read_latency, a.read_latency)},
             {"write_latency", best_value(quantity::write_latency, a.write_latency)},
             {"read_bandwidth", best_value(quantity::read_bandwidth, a.read_bandwidth)},
             {"write_bandwidth", best_value(quantity::write_bandwidth, a.write_bandwidth)}});
    }
    return out;
}

} // namespace

// ---- reading

namespace detail {

// Not in an unnamed namespace: json_place finds them by its own.

static void read_members(const json_place& p, address_range& out) {
    if (p.is_null()) {
        return;
    }
    p.member("base").read(out.base);
    p.member("length").read(out.length);
}

static void read_members(const json_place& p, memory_side_cache& out) {
    p.member("level").read(out.level);
    p.member("size").read(out.size);
    p.member("line_size").read(out.line_size);
    p.member("associativity").read(out.associativity);
    p.member("write_policy").read(out.write_policy);
    p.member("address_mode").read(out.address_mode);
    p.member("source").read(out.from);
}

static void read_members(const json_place& p, huge_page_pool& out) {
    p.member("page").read(out.page);
    p.member("total").read(out.total);
    p.member("free").read(out.free);
}

static void read_members(const json_place& p, dax_device& out) {
    p.required("name").read(out.name);
    p.member("size").read(out.size);
    p.member("align").read(out.align);
    p.member("driver").read(out.driver);
    p.member("origin").read(out.origin);
    p.member("target_node").read(out.target_node);
    p.member("resource").read(out.resource);
}

template <class Unit> void read_members(const json_place& p, figure<Unit>& out) {
    if (p.is_null()) {
        return;
    }
    if (p.says("unreachable")) {
        out = {knowledge::unreachable, Unit{}, source::cdat};
        return;
    }
    const std::uint64_t n = p.number();
    if constexpr (std::is_same_v<Unit, latency>) {
        out = {knowledge::known, latency::from_picoseconds(n), source::cdat};
    } else {
        out = {knowledge::known, bandwidth::from_bytes_per_second(n), source::cdat};
    }
}

static void read_members(const json_place& p, device_leg& out) {
    p.required("device").read(out.device);
    p.member("device_range").read(out.device_range);
    p.member("non_volatile").read(out.non_volatile);
    const json_place figures = p.member("figures");
    if (figures.is_null()) {
        return;
    }
    figures.member("read_latency").read(out.figures.read_latency);
    figures.member("write_latency").read(out.figures.write_latency);
    figures.member("read_bandwidth").read(out.figures.read_bandwidth);
    figures.member("write_bandwidth").read(out.figures.write_bandwidth);
}

static void read_members(const json_place& p, package& out) {
    p.member("id").read(out.id);
    p.member("cpus").read(out.cpus);
}

static void read_members(const json_place& p, initiator& out) {
    p.required("name").read(out.name);
    p.member("kind").read(out.kind);
    p.member("node").read(out.node);
    p.member("pxm").read(out.pxm);
    p.member("cpus").read(out.cpus);
    p.member("package").read(out.package);
    p.member("device").read(out.device);
}

static void read_members(const json_place& p, target& out) {
    p.required("name").read(out.name);
    p.member("kind").read(out.kind);
    p.member("kind_reason").read(out.kind_reason);
    p.member("state").read(out.state);
    p.member("node").read(out.node);
    p.member("pxm").read(out.pxm);
    p.member("pxm_reason").read(out.pxm_reason);
    p.member("size").read(out.size);
    p.member("free").read(out.free);
    p.member("reserved").read(out.reserved);
    p.member("reserved_reason").read(out.reserved_reason);
    p.member("cpus").read(out.cpus);
    p.member("package").read(out.package);
    p.member("ranges").read(out.ranges);
    p.member("block_size").read(out.block_size);
    p.member("blocks").read(out.blocks);
    p.member("blocks_online").read(out.blocks_online);
    p.member("caches").read(out.caches);
    p.member("huge_pages").read(out.huge_pages);
    p.member("dax").read(out.dax);
    p.member("device_legs").read(out.device_legs);
    p.member("tier").read(out.tier);
    p.member("interleave_weight").read(out.interleave_weight);
}

static void read_members(const json_place& p, source_report& out) {
    p.member("what").read(out.what);
    p.member("path").read(out.path);
    p.member("status").read(out.status);
    p.member("detail").read(out.detail);
}

static void read_members(const json_place& p, notice& out) {
    p.member("what").read(out.what);
    p.member("why").read(out.why);
    p.member("help").read(out.help);
}

static void read_members(const json_place& p, defect& out) {
    p.member("table").read(out.table);
    p.member("offset").read(out.offset);
    p.member("expected").read(out.expected);
    p.member("found").read(out.found);
    p.member("linux_does").read(out.linux_does);
}

static void read_members(const json_place& p, disagreement& out) {
    p.member("about").read(out.about);
    p.member("used").read(out.used);
    p.member("other").read(out.other);
}

static void read_members(const json_place& p, machine_info& out) {
    if (p.is_null()) {
        return;
    }
    p.member("cpu_model").read(out.cpu_model);
    p.member("architecture").read(out.architecture);
    p.member("kernel").read(out.kernel);
    p.member("demotion").read(out.demotion);
}

} // namespace detail

namespace {

/// A sparse layer when few pairs are known, so that a thousand nodes' local pairs stay small.
figure_layer read_layer(const json_place& p, const topology::state& s) {
    source from{};
    quantity what{};
    unsigned level = 0;
    p.required("source").read(from);
    p.required("quantity").read(what);
    p.member("level").read(level);
    if (const json_place unit = p.member("unit"); !unit.is_null() && !unit.says(unit_of(what))) {
        unit.refuse(fmt::format("\"{}\", the unit of {}", unit_of(what), to_string(what)));
    }
    if (level > 3) {
        p.member("level").refuse("a level from 0 to 3");
    }
    if (from == source::cdat) {
        p.member("source").refuse("a source that tells of whole paths (cdat goes to device_legs)");
    }
    const json_place values = p.required("values");
    const std::size_t targets = s.targets.size();
    values.expect_matrix(s.initiators.size(), targets);

    std::size_t known = 0;
    for (std::size_t i = 0; i < s.initiators.size(); ++i) {
        const json_place row = values.item(i);
        for (std::size_t t = 0; t < targets; ++t) {
            known += row.item(t).is_null() ? 0U : 1U;
        }
    }
    const bool dense = known * 4 > s.initiators.size() * targets;
    figure_layer layer(from, what, level, s.initiators.size(), targets,
                       dense ? figure_layer::storage::dense : figure_layer::storage::sparse);
    for (std::size_t i = 0; i < s.initiators.size(); ++i) {
        const json_place row = values.item(i);
        for (std::size_t t = 0; t < targets; ++t) {
            const json_place value = row.item(t);
            if (!value.is_null()) {
                layer.set(i, t,
                          value.says("unreachable")
                              ? topology::unreachable_value
                              : value.number(topology::unreachable_value - 1));
            }
        }
    }
    layer.finish();
    return layer;
}

/// Rankings and `best` refer to these by name.
template <class Named> void refuse_twins(const json_place& p, const std::vector<Named>& all) {
    std::unordered_set<std::string_view> names;
    for (std::size_t n = 0; n < all.size(); ++n) {
        if (!names.insert(all[n].name).second) {
            p.item(n).member("name").refuse("a name that no other has");
        }
    }
}

topology read_topology(const json_place& root) {
    root.expect_format(format_name, format_version);
    topology::state s;
    root.member("generation").read(s.generation);
    root.member("machine").read(s.machine);
    root.member("packages").read(s.packages);
    root.required("initiators").read(s.initiators);
    root.required("targets").read(s.targets);
    root.member("sources").read(s.sources);
    root.member("notices").read(s.notices);
    root.member("defects").read(s.defects);
    root.member("disagreements").read(s.disagreements);

    const std::size_t targets = s.targets.size();
    if (targets != 0 && s.initiators.size() > most_pairs / targets) {
        root.member("targets").refuse(
            fmt::format("at most {} pairs of initiators and targets", most_pairs));
    }
    refuse_twins(root.member("initiators"), s.initiators);
    refuse_twins(root.member("targets"), s.targets);
    const json_place figures = root.member("figures");
    for (std::size_t n = 0; n < figures.size(); ++n) {
        figure_layer layer = read_layer(figures.item(n), s);
        for (const figure_layer& earlier : s.layers) {
            if (earlier.from() == layer.from() && earlier.what() == layer.what() &&
                earlier.level() == layer.level()) {
                figures.item(n).refuse("each source, quantity and level once");
            }
        }
        s.layers.push_back(std::move(layer));
    }
    const json_place distances = root.member("distances");
    if (!distances.is_null()) {
        distances.expect_matrix(s.initiators.size(), targets);
        s.distances.assign(s.initiators.size() * targets, 0);
        for (std::size_t i = 0; i < s.initiators.size(); ++i) {
            const json_place row = distances.item(i);
            for (std::size_t t = 0; t < targets; ++t) {
                const json_place value = row.item(t);
                if (!value.is_null()) {
                    s.distances[i * targets + t] = static_cast<std::uint8_t>(value.number(255));
                }
            }
        }
    }
    // Those between figures are found again from the figures, whenever they are asked for.
    std::stable_sort(
        s.layers.begin(), s.layers.end(),
        [](const figure_layer& a, const figure_layer& b) { return a.from() < b.from(); });
    for (const disagreement& d : detail::figure_disagreements(s)) {
        std::erase(s.disagreements, d);
    }
    return detail::finish_topology(std::move(s));
}

} // namespace

std::string to_json(const topology& machine) {
    using detail::json_lines;
    json_lines out;
    out.add("format", format_name);
    out.add("version", format_version);
    out.add("generation", machine.generation());
    out.add("machine", written(machine.machine()));
    out.add_rows("packages", written(machine.packages()));
    out.add_rows("initiators", written(machine.initiators()));
    out.add_rows("targets", written(machine.targets()));
    out.add_rows("best", best_of(machine));

    // A matrix is written a row a line.
    std::string figures = "[";
    for (const json& layer : figures_of(machine)) {
        const auto member = [&](const char* name) { return json_lines::in_one_line(layer[name]); };
        figures +=
            fmt::format("{}\n    {{\"source\": {}, \"quantity\": {}, \"unit\": {}, "
                        "\"level\": {}, \"values\": {}}}",
                        figures.size() == 1 ? "" : ",", member("source"), member("quantity"),
                        member("unit"), member("level"), json_lines::rows(layer["values"], "    "));
    }
    out.add_text("figures", figures + (figures.size() == 1 ? "]" : "\n  ]"));
    out.add_rows("distances", distances_of(machine));
    out.add_rows("sources", written(machine.sources()));
    out.add_rows("notices", written(machine.notices()));
    out.add_rows("defects", written(machine.defects()));
    out.add_rows("disagreements", written(machine.disagreements()));
    return out.text();
}

topology from_json(std::string_view text, std::string_view name) {
    const json document = detail::parse_json(text, name);
    return read_topology(detail::json_place(document, name));
}

} // namespace hetmem
