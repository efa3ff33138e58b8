// The JSON form of measured and given figures, written and read here and nowhere else; docs/json.md
// describes it. People write it too: what is misspelt must not be passed over.
#include "topology/json_lines.hpp"
#include "topology/json_place.hpp"
#include "topology/value_text.hpp"

#include <hetmem/error.hpp>
#include <hetmem/measured.hpp>

#include <set>
#include <tuple>

#include <fmt/format.h>

namespace hetmem {

namespace {

using json = nlohmann::ordered_json;
using detail::json_lines;
using detail::json_place;

constexpr std::string_view format_name = "hetmem-figures";
constexpr std::uint64_t format_version = 1;
/// Above this are the two values that are no figures.
constexpr std::uint64_t largest_value = topology::unreachable_value - 1;

std::string_view unit_of(bool latency) {
    return latency ? "ps" : "B/s";
}

// ---- writing

json written(const claim&);
json written(const curve_point&);
json written(const initiator_mark&);
json written(const target_mark&);
json written(const measured_cell&);
json written(const measured_curve&);
json written(const given_figure&);
template <class Value> json written(const std::vector<Value>& values) {
    json out = json::array();
    for (const Value& value : values) {
        out.push_back(written(value));
    }
    return out;
}

json written(const claim& c) {
    return {{"source", to_string(c.from)},
            {"value", c.state == knowledge::known ? json(c.value) : json("unreachable")}};
}

json written(const initiator_mark& m) {
    return {{"name", m.name}, {"cpus", m.cpus.to_string()}};
}

json written(const target_mark& m) {
    return {{"name", m.name},
            {"size", m.size ? json(m.size->bytes()) : json(nullptr)},
            {"cpus", m.cpus.to_string()},
            {"dax", m.dax}};
}

json written(const measured_cell& c) {
    return {{"initiator", c.initiator},
            {"target", c.target},
            {"what", to_string(c.what)},
            {"unit", unit_of(is_latency(c.what))},
            {"median", c.figure.median},
            {"low", c.figure.low},
            {"high", c.figure.high},
            {"least", c.figure.least},
            {"most", c.figure.most},
            {"n", c.figure.n},
            {"converged", c.figure.converged},
            {"bus", c.bus},
            {"buffer", c.buffer.bytes()},
            {"page", c.page.bytes()},
            {"page_percent", c.page_percent},
            {"threads", c.threads},
            {"cpus", c.cpus.to_string()},
            {"kernel", c.kernel},
            {"in", to_string(c.in)},
            {"interference", to_string(c.verdict)},
            {"why", c.why},
            {"time", c.time},
            {"declared", written(c.declared)}};
}

json written(const curve_point& p) {
    return {{"load", p.load}, {"latency", p.latency}};
}

json written(const measured_curve& c) {
    return {{"initiator", c.initiator},
            {"target", c.target},
            {"read_percent", c.read_percent},
            {"idle", c.idle},
            {"points", written(c.points)},
            {"knee", c.knee ? written(*c.knee) : json(nullptr)},
            {"interference", to_string(c.verdict)},
            {"time", c.time}};
}

json written(const given_figure& g) {
    json out = {{"initiator", g.initiator}, {"target", g.target}};
    out[std::string(to_string(g.what))] = g.value;
    out["source"] = to_string(g.from);
    out["origin"] = g.origin;
    out["declared"] = written(g.declared);
    return out;
}

// ---- reading

/// A number of base units, or a text with a unit; never 0.
std::uint64_t value_at(const json_place& p, bool latency) {
    std::uint64_t value = 0;
    if (const std::string* text = p.text()) {
        value =
            (latency ? detail::parse_latency(*text) : detail::parse_bandwidth(*text)).value_or(0);
        if (value == 0) {
            p.refuse(latency ? "a latency such as \"250 ns\""
                             : "a bandwidth such as \"61.4 GB/s\"");
        }
        return value;
    }
    value = p.number(largest_value);
    if (value == 0) {
        p.refuse(latency ? "more than 0 ps" : "more than 0 B/s");
    }
    return value;
}

void expect_unit(const json_place& p, bool latency) {
    const json_place unit = p.member("unit");
    if (!unit.is_null() && !unit.says(unit_of(latency))) {
        unit.refuse(fmt::format("\"{}\"", unit_of(latency)));
    }
}

void read_name(const json_place& p, const char* member, std::string& out) {
    p.required(member).read(out);
    if (out.empty()) {
        p.member(member).refuse("a name");
    }
}

/// Low, median and high of one sample lie in this order.
void read_summary(const json_place& p, bool latency, sample_summary& out) {
    out.median = value_at(p.required("median"), latency);
    const auto bound = [&](const char* name, std::uint64_t otherwise, std::uint64_t least,
                           std::uint64_t most) {
        const json_place at = p.member(name);
        const std::uint64_t value = at.is_null() ? otherwise : value_at(at, latency);
        if (value < least || value > most) {
            at.refuse("least <= low <= median <= high <= most");
        }
        return value;
    };
    out.low = bound("low", out.median, 0, out.median);
    out.high = bound("high", out.median, out.median, largest_value);
    out.least = bound("least", out.low, 0, out.low);
    out.most = bound("most", out.high, out.high, largest_value);
    p.required("n").read(out.n);
    if (out.n == 0) {
        p.member("n").refuse("at least 1 sample");
    }
    p.member("converged").read(out.converged);
}

} // namespace

namespace detail {

// Not in an unnamed namespace: json_place finds them by its own.

static void read_members(const json_place& p, machine_mark& out) {
    if (p.is_null()) {
        return;
    }
    p.expect_only({"modalias", "cpu_model"});
    p.member("modalias").read(out.modalias);
    p.member("cpu_model").read(out.cpu_model);
}

static void read_members(const json_place& p, initiator_mark& out) {
    p.expect_only({"name", "cpus"});
    read_name(p, "name", out.name);
    p.member("cpus").read(out.cpus);
}

static void read_members(const json_place& p, target_mark& out) {
    p.expect_only({"name", "size", "cpus", "dax"});
    read_name(p, "name", out.name);
    p.member("size").read(out.size);
    p.member("cpus").read(out.cpus);
    p.member("dax").read(out.dax);
}

/// Of what quantity: where it stands tells.
static void read_claims(const json_place& p, bool latency, std::vector<claim>& out) {
    for (std::size_t n = 0; n < p.size(); ++n) {
        const json_place one = p.item(n);
        one.expect_only({"source", "value"});
        claim said;
        one.required("source").read(said.from);
        const json_place value = one.required("value");
        const bool known = !value.says("unreachable");
        said.state = known ? knowledge::known : knowledge::unreachable;
        // A claim may be any nonsense, 0 too: it is what somebody said.
        said.value =
            known ? value.text() ? value_at(value, latency) : value.number(largest_value) : 0;
        out.push_back(said);
    }
}

static void read_members(const json_place& p, measured_cell& out) {
    p.expect_only({"initiator", "target",       "what",         "unit",    "median",    "low",
                   "high",      "least",        "most",         "n",       "converged", "bus",
                   "buffer",    "page",         "page_percent", "threads", "cpus",      "kernel",
                   "in",        "interference", "why",          "time",    "declared"});
    read_name(p, "initiator", out.initiator);
    read_name(p, "target", out.target);
    p.required("what").read(out.what);
    const bool latency = is_latency(out.what);
    expect_unit(p, latency);
    read_summary(p, latency, out.figure);
    if (const json_place bus = p.member("bus"); !bus.is_null()) {
        out.bus = bus.number(largest_value);
    }
    p.member("buffer").read(out.buffer);
    p.member("page").read(out.page);
    if (const json_place percent = p.member("page_percent"); !percent.is_null()) {
        out.page_percent = static_cast<unsigned>(percent.number(100));
    }
    p.member("threads").read(out.threads);
    p.member("cpus").read(out.cpus);
    p.member("kernel").read(out.kernel);
    p.member("in").read(out.in);
    p.member("interference").read(out.verdict);
    p.member("why").read(out.why);
    p.member("time").read(out.time);
    read_claims(p.member("declared"), latency, out.declared);
}

static void read_members(const json_place& p, curve_point& out) {
    p.expect_only({"load", "latency"});
    // The first point has no load at all.
    out.load = p.required("load").number(largest_value);
    out.latency = value_at(p.required("latency"), true);
}

static void read_members(const json_place& p, measured_curve& out) {
    p.expect_only(
        {"initiator", "target", "read_percent", "idle", "points", "knee", "interference", "time"});
    read_name(p, "initiator", out.initiator);
    read_name(p, "target", out.target);
    if (const json_place percent = p.member("read_percent"); !percent.is_null()) {
        out.read_percent = static_cast<unsigned>(percent.number(100));
    }
    out.idle = value_at(p.required("idle"), true);
    p.required("points").read(out.points);
    p.member("knee").read(out.knee);
    p.member("interference").read(out.verdict);
    p.member("time").read(out.time);
}

} // namespace detail

namespace {

/// One element gives one quantity of a pair or several.
void read_one_given(const json_place& p, std::vector<given_figure>& out) {
    p.expect_only({"initiator", "target", "read_latency", "write_latency", "read_bandwidth",
                   "write_bandwidth", "source", "origin", "declared"});
    given_figure one;
    read_name(p, "initiator", one.initiator);
    read_name(p, "target", one.target);
    p.member("origin").read(one.origin);
    p.member("source").read(one.from);
    if (one.from != source::override_ && one.from != source::measured) {
        p.member("source").refuse("\"override\" or \"measured\"");
    }
    const std::size_t before = out.size();
    for (const quantity what : all_quantities) {
        const std::string name(to_string(what));
        const json_place value = p.member(name.c_str());
        if (!value.is_null()) {
            one.what = what;
            one.value = value_at(value, detail::is_latency(what));
            out.push_back(one);
        }
    }
    const std::size_t quantities = out.size() - before;
    if (quantities == 0) {
        p.refuse("read_latency, write_latency, read_bandwidth or write_bandwidth");
    }
    if (const json_place declared = p.member("declared"); declared.size() != 0) {
        if (quantities != 1) {
            declared.refuse("one quantity only beside it");
        }
        detail::read_claims(declared, detail::is_latency(out.back().what), out.back().declared);
    }
}

/// In which element of the list each of them stands.
std::vector<std::size_t> read_given(const json_place& list, std::vector<given_figure>& out) {
    std::vector<std::size_t> elements;
    for (std::size_t n = 0; n < list.size(); ++n) {
        read_one_given(list.item(n), out);
        elements.resize(out.size(), n);
    }
    return elements;
}

/// Two figures of one thing would make it a matter of chance which counts.
/// elements: in which of the list each stands, where one holds several.
template <class Item, class Key>
void refuse_twins(const json_place& list, const std::vector<Item>& all, Key key,
                  const std::vector<std::size_t>& elements = {}) {
    std::set<decltype(key(all.front()))> seen;
    for (std::size_t n = 0; n < all.size(); ++n) {
        if (!seen.insert(key(all[n])).second) {
            list.item(elements.empty() ? n : elements[n]).refuse("what no other element tells");
        }
    }
}

measurements read_all(const json_place& root) {
    root.expect_format(format_name, format_version);
    root.expect_only({"format", "version", "machine", "initiators", "targets", "measured", "curves",
                      "given", "remarks"});
    measurements all;
    root.member("machine").read(all.machine);
    root.member("initiators").read(all.initiators);
    root.member("targets").read(all.targets);
    root.member("measured").read(all.cells);
    root.member("curves").read(all.curves);
    root.member("remarks").read(all.remarks);
    const std::vector<std::size_t> elements = read_given(root.member("given"), all.given);
    const auto name_of = [](const auto& one) { return std::string_view(one.name); };
    refuse_twins(root.member("initiators"), all.initiators, name_of);
    refuse_twins(root.member("targets"), all.targets, name_of);
    refuse_twins(root.member("measured"), all.cells, [](const measured_cell& c) {
        return std::tuple<std::string_view, std::string_view, metric>(c.initiator, c.target,
                                                                      c.what);
    });
    refuse_twins(
        root.member("given"), all.given,
        [](const given_figure& g) {
            return std::tuple<std::string_view, std::string_view, quantity>(g.initiator, g.target,
                                                                            g.what);
        },
        elements);
    refuse_twins(root.member("curves"), all.curves, [](const measured_curve& c) {
        return std::tuple<std::string_view, std::string_view, unsigned>(c.initiator, c.target,
                                                                        c.read_percent);
    });
    return all;
}

} // namespace

std::string to_json(const measurements& all) {
    json_lines out;
    out.add("format", format_name);
    out.add("version", format_version);
    // A line each, the modalias first: hetmem capture leaves that line out.
    out.add_rows("machine",
                 {{"modalias", all.machine.modalias}, {"cpu_model", all.machine.cpu_model}});
    out.add_rows("initiators", written(all.initiators));
    out.add_rows("targets", written(all.targets));
    out.add_rows("measured", written(all.cells));
    out.add_rows("curves", written(all.curves));
    out.add_rows("given", written(all.given));
    out.add_rows("remarks", all.remarks);
    return out.text();
}

measurements measurements_from_json(std::string_view text, std::string_view name) {
    const json document = detail::parse_json(text, name);
    return read_all(json_place(document, name));
}

} // namespace hetmem
