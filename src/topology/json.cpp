// The JSON form of a topology, written and read here and nowhere else; docs/json.md describes it.
#include "topology/names.hpp"
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

// ---- reading

/// A JSON value and its place, so that every complaint can say where. A place refers to the one it
/// came from, which must outlive it; the path is put together only for a complaint.
class place {
public:
    place(const json& value, std::string_view document) : value_(&value), document_(document) {}

    [[noreturn]] void refuse(std::string_view expected) const {
        throw malformed_file(
            fmt::format("{}: {}: expected {}, found {}", document_, path(), expected, found()));
    }

    /// A member that must be there.
    place required(const char* name) const {
        place p = member(name);
        if (p.value_->is_null()) {
            throw malformed_file(fmt::format("{}: {}: missing", document_, p.path()));
        }
        return p;
    }
    /// A member; null when it is absent.
    place member(const char* name) const {
        static const json none;
        if (!value_->is_object()) {
            refuse("an object");
        }
        const auto it = value_->find(name);
        place p(it == value_->end() ? none : *it, document_);
        p.parent_ = this;
        p.name_ = name;
        return p;
    }
    std::size_t size() const {
        if (is_null()) {
            return 0;
        }
        if (!value_->is_array()) {
            refuse("an array");
        }
        return value_->size();
    }
    place item(std::size_t n) const {
        place p((*value_)[n], document_);
        p.parent_ = this;
        p.index_ = n;
        return p;
    }

    bool is_null() const { return value_->is_null(); }
    bool says(std::string_view text) const {
        return value_->is_string() && value_->get_ref<const std::string&>() == text;
    }

    std::uint64_t number(std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) const {
        if (!value_->is_number_unsigned() || value_->get<std::uint64_t>() > most) {
            refuse(most == std::numeric_limits<std::uint64_t>::max()
                       ? std::string("a whole number, 0 or more")
                       : fmt::format("a whole number from 0 to {}", most));
        }
        return value_->get<std::uint64_t>();
    }

    void read(std::uint64_t& out) const {
        if (!is_null()) {
            out = number();
        }
    }
    void read(unsigned& out) const {
        if (!is_null()) {
            out = static_cast<unsigned>(number(std::numeric_limits<unsigned>::max()));
        }
    }
    void read(int& out) const {
        if (!is_null()) {
            out = static_cast<int>(number(std::numeric_limits<int>::max()));
        }
    }
    void read(bool& out) const {
        if (is_null()) {
            return;
        }
        if (!value_->is_boolean()) {
            refuse("true or false");
        }
        out = value_->get<bool>();
    }
    void read(std::string& out) const {
        if (is_null()) {
            return;
        }
        if (!value_->is_string()) {
            refuse("a string");
        }
        out = value_->get<std::string>();
    }
    void read(byte_size& out) const {
        if (!is_null()) {
            out = byte_size::from_bytes(number());
        }
    }
    void read(id_set& out) const {
        std::string text;
        read(text);
        const auto set = id_set::parse(text);
        if (!set) {
            refuse("a list such as \"0-3,8\"");
        }
        out = *set;
    }
    void read(address_range& out) const {
        if (is_null()) {
            return;
        }
        member("base").read(out.base);
        member("length").read(out.length);
    }
    template <class Enum>
    requires std::is_enum_v<Enum>
    void read(Enum& out) const {
        if (is_null()) {
            return;
        }
        std::string name;
        read(name);
        const auto value = detail::from_name<Enum>(name);
        if (!value) {
            refuse("a name that this version knows");
        }
        out = *value;
    }
    template <class Value> void read(std::optional<Value>& out) const {
        if (is_null()) {
            out.reset();
            return;
        }
        read(out.emplace());
    }
    template <class Value> void read(std::vector<Value>& out) const {
        const std::size_t n = size();
        out.clear();
        for (std::size_t i = 0; i < n; ++i) {
            item(i).read(out.emplace_back());
        }
    }

    void read(memory_side_cache& out) const {
        member("level").read(out.level);
        member("size").read(out.size);
        member("line_size").read(out.line_size);
        member("associativity").read(out.associativity);
        member("write_policy").read(out.write_policy);
        member("address_mode").read(out.address_mode);
        member("source").read(out.from);
    }
    void read(huge_page_pool& out) const {
        member("page").read(out.page);
        member("total").read(out.total);
        member("free").read(out.free);
    }
    void read(dax_device& out) const {
        required("name").read(out.name);
        member("size").read(out.size);
        member("align").read(out.align);
        member("driver").read(out.driver);
        member("origin").read(out.origin);
        member("target_node").read(out.target_node);
        member("resource").read(out.resource);
    }
    template <class Unit> void read(figure<Unit>& out) const {
        if (is_null()) {
            return;
        }
        if (says("unreachable")) {
            out = {knowledge::unreachable, Unit{}, source::cdat};
            return;
        }
        const std::uint64_t n = number();
        if constexpr (std::is_same_v<Unit, latency>) {
            out = {knowledge::known, latency::from_picoseconds(n), source::cdat};
        } else {
            out = {knowledge::known, bandwidth::from_bytes_per_second(n), source::cdat};
        }
    }
    void read(device_leg& out) const {
        required("device").read(out.device);
        member("device_range").read(out.device_range);
        member("non_volatile").read(out.non_volatile);
        const place figures = member("figures");
        if (figures.is_null()) {
            return;
        }
        figures.member("read_latency").read(out.figures.read_latency);
        figures.member("write_latency").read(out.figures.write_latency);
        figures.member("read_bandwidth").read(out.figures.read_bandwidth);
        figures.member("write_bandwidth").read(out.figures.write_bandwidth);
    }
    void read(package& out) const {
        member("id").read(out.id);
        member("cpus").read(out.cpus);
    }
    void read(initiator& out) const {
        required("name").read(out.name);
        member("kind").read(out.kind);
        member("node").read(out.node);
        member("pxm").read(out.pxm);
        member("cpus").read(out.cpus);
        member("package").read(out.package);
        member("device").read(out.device);
    }
    void read(target& out) const {
        required("name").read(out.name);
        member("kind").read(out.kind);
        member("kind_reason").read(out.kind_reason);
        member("state").read(out.state);
        member("node").read(out.node);
        member("pxm").read(out.pxm);
        member("pxm_reason").read(out.pxm_reason);
        member("size").read(out.size);
        member("free").read(out.free);
        member("reserved").read(out.reserved);
        member("reserved_reason").read(out.reserved_reason);
        member("cpus").read(out.cpus);
        member("package").read(out.package);
        member("ranges").read(out.ranges);
        member("block_size").read(out.block_size);
        member("blocks").read(out.blocks);
        member("blocks_online").read(out.blocks_online);
        member("caches").read(out.caches);
        member("huge_pages").read(out.huge_pages);
        member("dax").read(out.dax);
        member("device_legs").read(out.device_legs);
        member("tier").read(out.tier);
        member("interleave_weight").read(out.interleave_weight);
    }
    void read(source_report& out) const {
        member("what").read(out.what);
        member("path").read(out.path);
        member("status").read(out.status);
        member("detail").read(out.detail);
    }
    void read(notice& out) const {
        member("what").read(out.what);
        member("why").read(out.why);
        member("help").read(out.help);
    }
    void read(defect& out) const {
        member("table").read(out.table);
        member("offset").read(out.offset);
        member("expected").read(out.expected);
        member("found").read(out.found);
        member("linux_does").read(out.linux_does);
    }
    void read(disagreement& out) const {
        member("about").read(out.about);
        member("used").read(out.used);
        member("other").read(out.other);
    }
    void read(machine_info& out) const {
        if (is_null()) {
            return;
        }
        member("cpu_model").read(out.cpu_model);
        member("architecture").read(out.architecture);
        member("kernel").read(out.kernel);
        member("demotion").read(out.demotion);
    }

    /// Checks that this is a matrix of rows x columns, before anything of that size is allocated.
    void expect_matrix(std::size_t rows, std::size_t columns) const {
        if (size() != rows) {
            refuse(fmt::format("{} rows, one an initiator", rows));
        }
        for (std::size_t r = 0; r < rows; ++r) {
            const place row = item(r);
            if (row.size() != columns) {
                row.refuse(fmt::format("{} values, one a target", columns));
            }
        }
    }

private:
    std::string path() const {
        if (parent_ == nullptr) {
            return "the document";
        }
        const std::string above = parent_->parent_ == nullptr ? std::string() : parent_->path();
        return name_ == nullptr ? fmt::format("{}[{}]", above, index_)
               : above.empty()  ? std::string(name_)
                                : fmt::format("{}.{}", above, name_);
    }

    std::string found() const {
        switch (value_->type()) {
        case json::value_t::array:
            return fmt::format("an array of {}", value_->size());
        case json::value_t::object:
            return "an object";
        case json::value_t::null:
            return "null";
        default: {
            std::string text = value_->dump(-1, ' ', true, json::error_handler_t::replace);
            if (text.size() > 40) {
                text = text.substr(0, 40) + "...";
            }
            return text;
        }
        }
    }

    const json* value_;
    std::string_view document_;
    const place* parent_ = nullptr;
    const char* name_ = nullptr;
    std::size_t index_ = 0;
};

/// A sparse layer when few pairs are known, so that a thousand nodes' local pairs stay small.
figure_layer read_layer(const place& p, const topology::state& s) {
    source from{};
    quantity what{};
    unsigned level = 0;
    p.required("source").read(from);
    p.required("quantity").read(what);
    p.member("level").read(level);
    if (const place unit = p.member("unit"); !unit.is_null() && !unit.says(unit_of(what))) {
        unit.refuse(fmt::format("\"{}\", the unit of {}", unit_of(what), to_string(what)));
    }
    if (level > 3) {
        p.member("level").refuse("a level from 0 to 3");
    }
    if (from == source::cdat) {
        p.member("source").refuse("a source that tells of whole paths (cdat goes to device_legs)");
    }
    const place values = p.required("values");
    const std::size_t targets = s.targets.size();
    values.expect_matrix(s.initiators.size(), targets);

    std::size_t known = 0;
    for (std::size_t i = 0; i < s.initiators.size(); ++i) {
        const place row = values.item(i);
        for (std::size_t t = 0; t < targets; ++t) {
            known += row.item(t).is_null() ? 0U : 1U;
        }
    }
    const bool dense = known * 4 > s.initiators.size() * targets;
    figure_layer layer(from, what, level, s.initiators.size(), targets,
                       dense ? figure_layer::storage::dense : figure_layer::storage::sparse);
    for (std::size_t i = 0; i < s.initiators.size(); ++i) {
        const place row = values.item(i);
        for (std::size_t t = 0; t < targets; ++t) {
            const place value = row.item(t);
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
template <class Named> void refuse_twins(const place& p, const std::vector<Named>& all) {
    std::unordered_set<std::string_view> names;
    for (std::size_t n = 0; n < all.size(); ++n) {
        if (!names.insert(all[n].name).second) {
            p.item(n).member("name").refuse("a name that no other has");
        }
    }
}

topology read_topology(const place& root) {
    if (!root.member("format").says(format_name)) {
        root.member("format").refuse(fmt::format("\"{}\"", format_name));
    }
    if (root.required("version").number() != format_version) {
        root.member("version").refuse(fmt::format("version {}", format_version));
    }
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
    const place figures = root.member("figures");
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
    const place distances = root.member("distances");
    if (!distances.is_null()) {
        distances.expect_matrix(s.initiators.size(), targets);
        s.distances.assign(s.initiators.size() * targets, 0);
        for (std::size_t i = 0; i < s.initiators.size(); ++i) {
            const place row = distances.item(i);
            for (std::size_t t = 0; t < targets; ++t) {
                const place value = row.item(t);
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
    const auto dump = [](const json& value, int indent) {
        return value.dump(indent, ' ', false, json::error_handler_t::replace);
    };
    // A matrix is written a row a line: by machine it is read all the same, and a person can too.
    const auto dump_rows = [&](const json& rows, std::string_view indent) {
        std::string out = "[";
        for (const json& row : rows) {
            out += fmt::format("{}\n{}  {}", out.size() == 1 ? "" : ",", indent, dump(row, -1));
        }
        return out + (rows.empty() ? "]" : fmt::format("\n{}]", indent));
    };
    std::string out = "{";
    const auto add = [&](std::string_view name, const std::string& value) {
        out += fmt::format("{}\n  \"{}\": {}", out.size() == 1 ? "" : ",", name, value);
    };
    add("format", dump(format_name, -1));
    add("version", dump(format_version, -1));
    add("generation", dump(machine.generation(), -1));
    add("machine", dump(written(machine.machine()), -1));
    add("packages", dump_rows(written(machine.packages()), "  "));
    add("initiators", dump_rows(written(machine.initiators()), "  "));
    add("targets", dump_rows(written(machine.targets()), "  "));
    add("best", dump_rows(best_of(machine), "  "));

    std::string figures = "[";
    for (const json& layer : figures_of(machine)) {
        figures += fmt::format("{}\n    {{\"source\": {}, \"quantity\": {}, \"unit\": {}, "
                               "\"level\": {}, \"values\": {}}}",
                               figures.size() == 1 ? "" : ",", dump(layer["source"], -1),
                               dump(layer["quantity"], -1), dump(layer["unit"], -1),
                               dump(layer["level"], -1), dump_rows(layer["values"], "    "));
    }
    add("figures", figures + (figures.size() == 1 ? "]" : "\n  ]"));
    add("distances", dump_rows(distances_of(machine), "  "));
    add("sources", dump_rows(written(machine.sources()), "  "));
    add("notices", dump_rows(written(machine.notices()), "  "));
    add("defects", dump_rows(written(machine.defects()), "  "));
    add("disagreements", dump_rows(written(machine.disagreements()), "  "));
    return out + "\n}\n";
}

topology from_json(std::string_view text, std::string_view name) {
    json document;
    try {
        document = json::parse(text);
    } catch (const json::exception& e) {
        // The parser's message names line and column, after its own name in brackets.
        std::string_view what = e.what();
        what.remove_prefix(what.starts_with('[') ? std::min(what.find("] ") + 2, what.size()) : 0);
        throw malformed_file(fmt::format("{}: {}", name, what));
    }
    return read_topology(place(document, name));
}

} // namespace hetmem
