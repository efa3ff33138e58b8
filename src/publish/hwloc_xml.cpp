#include "publish/views.hpp"

#include "publish/cpu_objects.hpp"
#include "publish/utf8.hpp"
#include "publish/view_parts.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

/// For an attribute in double quotes. hwloc's own reader of XML knows these five entities only.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : printable(text)) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            out += c;
        }
    }
    return out + "\"";
}

/// As hwloc writes bitmaps: words of 32 bits, the most significant first.
std::string bitmap(const id_set& ids) {
    const std::vector<unsigned> all = ids.to_vector();
    std::vector<std::uint32_t> words(all.empty() ? 1 : all.back() / 32 + 1);
    for (const unsigned id : all) {
        words[id / 32] |= 1U << (id % 32);
    }
    std::string out;
    for (auto word = words.rbegin(); word != words.rend(); ++word) {
        fmt::format_to(std::back_inserter(out), "{}0x{:0{}x}", out.empty() ? "" : ",", *word,
                       *word == 0 && words.size() > 1 ? 1 : 8);
    }
    return out;
}

/// One of hwloc's attributes of memory, and the quantities that it is the mean of.
struct memory_attribute {
    std::string_view name;
    unsigned flags; ///< HWLOC_MEMATTR_FLAG_: 1 higher first, 2 lower first, 4 needs an initiator
    std::vector<quantity> of;
};

const std::vector<memory_attribute>& memory_attributes() {
    static const std::vector<memory_attribute> all = {
        {"Bandwidth", 5, {quantity::read_bandwidth, quantity::write_bandwidth}},
        {"Latency", 6, {quantity::read_latency, quantity::write_latency}},
        {"ReadBandwidth", 5, {quantity::read_bandwidth}},
        {"WriteBandwidth", 5, {quantity::write_bandwidth}},
        {"ReadLatency", 6, {quantity::read_latency}},
        {"WriteLatency", 6, {quantity::write_latency}},
    };
    return all;
}

/// What hwloc calls kinds of memory (hwloc 2.9: memattrs.c; "CXL-DRAM" since 2.10).
std::string_view subtype_of(memory_kind kind) {
    switch (kind) {
    case memory_kind::dram:
        return "DRAM";
    case memory_kind::hbm:
        return "HBM";
    case memory_kind::pmem:
        return "NVM";
    case memory_kind::cxl:
        return "CXL-DRAM";
    case memory_kind::device:
    case memory_kind::unknown:
        break;
    }
    return "";
}

class xml_writer {
public:
    xml_writer(const topology& machine, const kernel::cpu_tree& processors)
        : machine_(machine), online_(processors.online), objects_(processors) {
        for (const usable_node& node : usable_nodes(machine)) {
            // Nobody wants a GPU's memory by accident; hwloc leaves it out, too.
            if (node.memory == nullptr || node.memory->kind != memory_kind::device) {
                nodes_.push_back(node);
            }
        }
        if (nodes_.empty()) {
            add_only_node();
        }
        attach_nodes();
    }

    void write(const text_sink& take) {
        take_ = &take;
        out_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
               "<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n"
               "<topology version=\"2.0\">\n";
        write_object(objects_.root(), {}, 1);
        write_distances();
        write_attributes();
        out_ += "</topology>\n";
        take(out_);
    }

private:
    template <class... Arguments>
    void line(unsigned indent, fmt::format_string<Arguments...> text, Arguments&&... arguments) {
        out_.append(std::size_t{2} * indent, ' ');
        fmt::format_to(std::back_inserter(out_), text, std::forward<Arguments>(arguments)...);
        out_ += '\n';
        constexpr std::size_t piece = std::size_t{32} << 10;
        if (out_.size() >= piece) {
            (*take_)(out_);
            out_.clear();
        }
    }

    /// A kernel without NUMA has no nodes; hwloc wants one, and numbers it 0.
    void add_only_node() {
        for (const target& memory : machine_.targets()) {
            if (is_online(memory)) {
                nodes_.push_back({0, online_, &memory});
                return;
            }
        }
    }

    void attach_nodes() {
        localities_.resize(nodes_.size());
        gp_index_.resize(nodes_.size());
        for (std::size_t n = 0; n < nodes_.size(); ++n) {
            localities_[n] = locality_of(nodes_[n]);
        }
        // Nodes with CPUs first: hwloc takes the first of several at one place for the default.
        for (const bool with_cpus : {true, false}) {
            for (std::size_t n = 0; n < nodes_.size(); ++n) {
                if (nodes_[n].cpus.empty() != with_cpus) {
                    objects_.attach_memory(n, localities_[n]);
                }
            }
        }
    }

    id_set only_online(id_set cpus) const {
        id_set offline = cpus;
        offline.erase(online_);
        cpus.erase(offline);
        return cpus;
    }

    /// Its CPUs and those of its best initiators, as hwloc does with access1/initiators; where
    /// there are no figures, the CPUs of the nearest nodes unless all are equally near. Empty: the
    /// whole machine.
    id_set locality_of(const usable_node& node) const {
        id_set cpus = only_online(node.cpus);
        if (node.memory == nullptr) {
            return cpus;
        }
        if (const auto near = nearest(machine_, node.memory->id, which_initiators::cpus)) {
            for (const std::uint32_t i : near->initiators) {
                cpus.insert(only_online(machine_.initiators()[i].cpus));
            }
        } else if (cpus.empty()) {
            cpus = nearest_by_distance(*node.memory);
        }
        return cpus;
    }

    id_set nearest_by_distance(const target& memory) const {
        unsigned least = ~0U;
        id_set cpus;
        for (const initiator& from : machine_.initiators()) {
            const auto distance = machine_.distance(from.id, memory.id);
            if (from.kind != initiator_kind::cpu || !distance || *distance > least) {
                continue;
            }
            if (*distance < least) {
                least = *distance;
                cpus = id_set();
            }
            cpus.insert(only_online(from.cpus));
        }
        return cpus;
    }

    unsigned long next_gp_index() { return ++last_gp_index_; }

    std::string sets(const id_set& cpus, const id_set& nodes) {
        const std::string c = bitmap(cpus);
        const std::string n = bitmap(nodes);
        return fmt::format(R"(cpuset="{}" complete_cpuset="{}" nodeset="{}" complete_nodeset="{}")",
                           c, c, n, n);
    }

    id_set numbers_of(const std::vector<std::size_t>& memories) const {
        id_set out;
        for (const std::size_t n : memories) {
            out.insert(nodes_[n].number);
        }
        return out;
    }

    id_set nodes_below(const cpu_object& object) const {
        id_set out = numbers_of(object.memories);
        for (const cpu_object& child : object.children) {
            out.insert(nodes_below(child));
        }
        return out;
    }

    /// `above`: the nodes that are local to every CPU of the object, as attached to what holds it.
    void write_object(const cpu_object& object, id_set above, unsigned indent) {
        above.insert(numbers_of(object.memories));
        id_set nodes = above;
        nodes.insert(nodes_below(object));
        const bool is_machine = indent == 1;
        std::string number =
            object.os_index ? fmt::format(" os_index=\"{}\"", *object.os_index) : "";
        std::string allowed = is_machine
                                  ? fmt::format(R"( allowed_cpuset="{}" allowed_nodeset="{}")",
                                                bitmap(object.cpus), bitmap(nodes))
                                  : "";
        const bool empty =
            object.children.empty() && object.memories.empty() && object.type == "PU";
        line(indent, R"(<object type="{}"{} {}{} gp_index="{}"{}{}>)", object.type, number,
             sets(object.cpus, nodes), allowed, next_gp_index(), object.attributes,
             empty ? "/" : "");
        if (empty) {
            return;
        }
        if (is_machine) {
            write_machine_infos(indent + 1);
        } else if (object.type == "Package" && !machine_.machine().cpu_model.empty()) {
            write_info("CPUModel", machine_.machine().cpu_model, indent + 1);
        }
        for (const std::size_t n : object.memories) {
            write_memory(n, object.cpus, indent + 1);
        }
        for (const cpu_object& child : object.children) {
            write_object(child, above, indent + 1);
        }
        line(indent, "</object>");
    }

    void write_info(std::string_view name, std::string_view value, unsigned indent) {
        if (!value.empty()) {
            line(indent, R"(<info name="{}" value={}/>)", name, quoted(value));
        }
    }

    void write_machine_infos(unsigned indent) {
        write_info("Backend", "hetmem", indent);
        write_info("HetmemGeneration", fmt::format("{}", machine_.generation()), indent);
        write_info("OSName", "Linux", indent);
        write_info("OSRelease", machine_.machine().kernel, indent);
        write_info("Architecture", machine_.machine().architecture, indent);
    }

    /// The caches in front of a memory hold it, the one nearest to the CPUs outermost.
    void write_memory(std::size_t n, const id_set& cpus, unsigned indent) {
        const usable_node& node = nodes_[n];
        id_set self;
        self.insert(node.number);
        std::vector<memory_side_cache> caches;
        if (node.memory != nullptr) {
            caches = node.memory->caches;
            std::erase_if(caches, [](const memory_side_cache& c) { return !c.size; });
            std::sort(caches.begin(), caches.end(),
                      [](const auto& a, const auto& b) { return a.level > b.level; });
        }
        for (const memory_side_cache& cache : caches) {
            // Associativity 1 is direct-mapped, 0 unknown; type 0 is unified.
            line(indent++,
                 R"(<object type="MemCache" {} gp_index="{}" cache_size="{}" depth="{}" )"
                 R"(cache_linesize="{}" cache_associativity="{}" cache_type="0">)",
                 sets(cpus, self), next_gp_index(), cache.size->bytes(), cache.level,
                 cache.line_size.value_or(byte_size()).bytes(),
                 cache.associativity == "direct" ? 1 : 0);
        }
        gp_index_[n] = next_gp_index();
        const std::string_view subtype = shown_subtype(node);
        line(indent, R"(<object type="NUMANode"{} os_index="{}" {} gp_index="{}"{}>)",
             subtype.empty() ? "" : fmt::format(" subtype=\"{}\"", subtype), node.number,
             sets(cpus, self), gp_index_[n],
             node.memory != nullptr && node.memory->size
                 ? fmt::format(" local_memory=\"{}\"", node.memory->size->bytes())
                 : "");
        if (node.memory != nullptr) {
            write_info("HetmemName", node.memory->name, indent + 1);
            for (const dax_device& device : node.memory->dax) {
                write_info("DAXDevice", device.name, indent + 1);
            }
        }
        line(indent, "</object>");
        while (!caches.empty()) {
            caches.pop_back();
            line(--indent, "</object>");
        }
    }

    /// Where all memory is DRAM there is nothing to tell apart, and hwloc says nothing.
    std::string_view shown_subtype(const usable_node& node) const {
        if (node.memory == nullptr) {
            return "";
        }
        const bool all_alike =
            std::all_of(nodes_.begin(), nodes_.end(), [](const usable_node& other) {
                return other.memory == nullptr || other.memory->kind == memory_kind::dram;
            });
        return all_alike ? "" : subtype_of(node.memory->kind);
    }

    /// Nodes whose distances are known both ways: those that have memory and initiators.
    void write_distances() {
        std::map<unsigned, initiator_id> initiator_of;
        for (const initiator& from : machine_.initiators()) {
            if (from.node && *from.node >= 0) {
                initiator_of.try_emplace(static_cast<unsigned>(*from.node), from.id);
            }
        }
        std::vector<const usable_node*> known;
        for (const usable_node& node : nodes_) {
            if (node.memory != nullptr && initiator_of.contains(node.number)) {
                known.push_back(&node);
            }
        }
        std::vector<std::string> indexes;
        std::vector<std::string> values;
        for (const usable_node* from : known) {
            indexes.push_back(fmt::format("{} ", from->number));
            for (const usable_node* to : known) {
                const auto distance =
                    machine_.distance(initiator_of.at(from->number), to->memory->id);
                if (!distance) {
                    return;
                }
                values.push_back(fmt::format("{} ", *distance));
            }
        }
        if (known.size() < 2) {
            return;
        }
        // kind 5: HWLOC_DISTANCES_KIND_FROM_OS and _MEANS_LATENCY, which is what hwloc says of the
        // kernel's distances.
        line(1,
             R"(<distances2 type="NUMANode" nbobjs="{}" kind="5" name="NUMALatency" )"
             R"(indexing="os">)",
             known.size());
        write_array("indexes", indexes);
        write_array("u64values", values);
        line(1, "</distances2>");
    }

    void write_array(std::string_view name, const std::vector<std::string>& values) {
        constexpr std::size_t each = 10; // in a line, as hwloc does
        for (std::size_t i = 0; i < values.size(); i += each) {
            std::string text;
            for (std::size_t v = i; v < std::min(i + each, values.size()); ++v) {
                text += values[v];
            }
            line(2, R"(<{} length="{}">{}</{}>)", name, text.size(), text, name);
        }
    }

    struct attribute_value {
        unsigned long target = 0; ///< gp_index
        std::uint64_t value = 0;
        id_set initiators;
        bool nearest = false;
    };

    /// Initiators with the same value are one: hwloc answers for any part of a set of CPUs.
    void collect(const memory_attribute& attribute, std::size_t n,
                 const std::vector<alike_initiators>& groups, const id_set& local,
                 std::vector<attribute_value>& values) const {
        const std::size_t before = values.size();
        std::map<std::uint64_t, std::size_t> place_of;
        for (const alike_initiators& group : groups) {
            std::uint64_t sum = 0;
            bool known = true;
            for (const quantity what : attribute.of) {
                const plain_figure& f = group.figures[static_cast<std::size_t>(what)];
                known = known && f.state == knowledge::known;
                sum += kernel_units(what, f.value);
            }
            const std::uint64_t value = sum / attribute.of.size();
            if (!known || value == 0) {
                continue;
            }
            const auto [place, is_new] = place_of.try_emplace(value, values.size());
            if (is_new) {
                values.push_back({gp_index_[n], value, {}, false});
            }
            for (const std::uint32_t i : group.initiators) {
                values[place->second].initiators.insert(only_online(machine_.initiators()[i].cpus));
            }
        }
        values.erase(std::remove_if(values.begin() + static_cast<std::ptrdiff_t>(before),
                                    values.end(),
                                    [](const attribute_value& v) { return v.initiators.empty(); }),
                     values.end());
        // The best first: hwloc takes the first value when it is asked for no CPUs in particular.
        const auto mine = values.begin() + static_cast<std::ptrdiff_t>(before);
        for (auto v = mine; v != values.end(); ++v) {
            v->nearest = !local.empty() && v->initiators.includes(local);
        }
        std::stable_partition(mine, values.end(),
                              [](const attribute_value& v) { return v.nearest; });
    }

    /// Of one attribute and all nodes; empty when nothing is known.
    std::vector<attribute_value> values_of(const memory_attribute& attribute) const {
        std::vector<attribute_value> values;
        for (std::size_t n = 0; n < nodes_.size(); ++n) {
            if (nodes_[n].memory != nullptr) {
                collect(attribute, n, group_alike(machine_, nodes_[n].memory->id), localities_[n],
                        values);
            }
        }
        return values;
    }

    /// How many values all attributes have together; counts no further than a little above `most`.
    std::size_t count_values(std::size_t most) const {
        std::size_t count = 0;
        std::vector<attribute_value> values;
        for (std::size_t n = 0; n < nodes_.size() && count <= most; ++n) {
            if (nodes_[n].memory == nullptr) {
                continue;
            }
            const auto groups = group_alike(machine_, nodes_[n].memory->id);
            for (const memory_attribute& attribute : memory_attributes()) {
                values.clear();
                collect(attribute, n, groups, localities_[n], values);
                count += values.size();
            }
        }
        return count;
    }

    void write_attributes() {
        // A thousand nodes whose every pair is different would be a file of a gigabyte, and hwloc
        // searches it value by value: then it has what sysfs has.
        constexpr std::size_t most = 100'000;
        if (count_values(most) > most) {
            write_nearest();
            return;
        }
        for (const memory_attribute& attribute : memory_attributes()) {
            write_attribute(attribute, values_of(attribute));
        }
    }

    void write_nearest() {
        std::vector<std::vector<attribute_value>> values(memory_attributes().size());
        std::vector<attribute_value> of_node;
        for (std::size_t n = 0; n < nodes_.size(); ++n) {
            if (nodes_[n].memory == nullptr) {
                continue;
            }
            const auto groups = group_alike(machine_, nodes_[n].memory->id);
            for (std::size_t a = 0; a < values.size(); ++a) {
                of_node.clear();
                collect(memory_attributes()[a], n, groups, localities_[n], of_node);
                std::erase_if(of_node, [](const attribute_value& v) { return !v.nearest; });
                std::ranges::move(of_node, std::back_inserter(values[a]));
            }
        }
        for (std::size_t a = 0; a < values.size(); ++a) {
            write_attribute(memory_attributes()[a], values[a]);
        }
    }

    void write_attribute(const memory_attribute& attribute,
                         const std::vector<attribute_value>& values) {
        if (values.empty()) {
            return;
        }
        line(1, R"(<memattr name="{}" flags="{}">)", attribute.name, attribute.flags);
        for (const attribute_value& v : values) {
            line(2,
                 R"(<memattr_value target_obj_type="NUMANode" target_obj_gp_index="{}" )"
                 R"(value="{}" initiator_cpuset="{}"/>)",
                 v.target, v.value, bitmap(v.initiators));
        }
        line(1, "</memattr>");
    }

    const topology& machine_;
    id_set online_;
    cpu_objects objects_;
    std::vector<usable_node> nodes_;
    std::vector<id_set> localities_;      ///< of nodes_; empty: the machine
    std::vector<unsigned long> gp_index_; ///< of nodes_
    unsigned long last_gp_index_ = 0;
    std::string out_;
    const text_sink* take_ = nullptr;
};

} // namespace

void write_hwloc_xml(const topology& machine, const kernel::cpu_tree& processors,
                     const text_sink& take) {
    xml_writer(machine, processors).write(take);
}

std::string hwloc_xml(const topology& machine, const kernel::cpu_tree& processors) {
    std::string all;
    write_hwloc_xml(machine, processors, [&all](std::string_view piece) { all += piece; });
    return all;
}

} // namespace hetmem::detail
