// Uses every function of the public headers, from outside the library: what is not exported does
// not link, and an exception whose type is not shared is not caught. Exits 1 naming what went
// wrong.
#include <hetmem/discover.hpp>
#include <hetmem/draw.hpp>
#include <hetmem/error.hpp>
#include <hetmem/rank.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace {

int faults = 0;

void expect(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "%s\n", what);
        ++faults;
    }
}

template <class Exception, class Action> bool throws(Action action) {
    try {
        action();
    } catch (const Exception& e) {
        return e.what() != std::string{};
    }
    return false;
}

void use_id_sets() {
    const auto parsed = hetmem::id_set::parse("0-3,8");
    expect(parsed && parsed->to_string() == "0-3,8", "id_set does not print what it parsed");
    hetmem::id_set set;
    set.insert(9);
    set.insert(*parsed);
    expect(set.contains(9) && set.includes(*parsed) && set.intersects(*parsed), "id_set::insert");
    hetmem::id_set nine;
    nine.insert(9);
    set.erase(nine);
    expect(set == *parsed && set.size() == 5 && !set.empty(), "id_set::erase");
    expect(set.first() == 0U && set.to_vector().back() == 8U, "id_set::to_vector");
}

void use_names() {
    expect(to_string(hetmem::source::hmat) == "hmat", "name of a source");
    expect(to_string(hetmem::quantity::read_latency) == "read_latency", "name of a quantity");
    expect(to_string(hetmem::memory_kind::hbm) == "hbm", "name of a kind");
    expect(to_string(hetmem::target_state::online) == "online", "name of a state");
    expect(to_string(hetmem::initiator_kind::cpu) == "cpu", "name of an initiator's kind");
    expect(to_string(hetmem::source_status::used) == "used", "name of a status");
    expect(hetmem::parse_criterion(to_string(hetmem::criterion::capacity)) ==
               hetmem::criterion::capacity,
           "name of a criterion");
}

void use_errors() {
    const auto read_nonsense = [] { hetmem::from_json("{", "nonsense"); };
    expect(throws<hetmem::malformed_file>(read_nonsense), "malformed_file is not caught");
    expect(throws<hetmem::error>(read_nonsense), "error is not caught");
    expect(throws<std::system_error>(read_nonsense), "system_error is not caught");
    expect(throws<hetmem::error>([] { hetmem::load_topology("/nowhere/at/all.json"); }),
           "a file that is absent can be loaded");
    expect(throws<hetmem::not_permitted>([] { throw hetmem::not_permitted("no"); }),
           "not_permitted is not caught");
    expect(throws<hetmem::error>([] { throw hetmem::error(std::errc::io_error, "io"); }) &&
               throws<hetmem::error>([] { throw hetmem::error(5, "io"); }),
           "error cannot be made");
}

void use_queries(const hetmem::topology& machine) {
    hetmem::topology copy = machine;
    copy = machine;
    expect(machine.live() && !hetmem::from_json(hetmem::to_json(machine)).live(),
           "what is live is not told from what was saved");
    expect(copy.generation() == machine.generation(), "a copy has another generation");
    expect(!machine.machine().kernel.empty(), "no kernel release");
    expect(!machine.packages().empty() && !machine.initiators().empty(), "no packages, initiators");
    expect(!machine.sources().empty(), "no sources");
    static_cast<void>(machine.notices());
    static_cast<void>(machine.defects());
    static_cast<void>(machine.disagreements());

    const hetmem::target& memory = machine.targets().front();
    const hetmem::initiator& first = machine.initiators().front();
    expect(machine.find_target(memory.name) == memory.id, "a target is not found by its name");
    expect(machine.initiator_of_cpu(first.cpus.first().value_or(0)) == first.id,
           "an initiator is not found by its CPU");
    expect(machine.best_initiator(memory.id).has_value(), "a memory without best initiator");
    static_cast<void>(machine.distance(first.id, memory.id));

    std::vector<std::uint64_t> row(machine.targets().size());
    for (const hetmem::quantity what : hetmem::all_quantities) {
        static_cast<void>(machine.access(first.id, memory.id));
        static_cast<void>(machine.claims(what, first.id, memory.id));
        for (const hetmem::source from : machine.sources_of(what)) {
            machine.row(from, what, first.id, row);
        }
    }
}

void use_ranking(const hetmem::topology& machine) {
    const auto order = hetmem::rank(machine, hetmem::criterion::capacity);
    expect(order.places.size() + order.left_out.size() == machine.targets().size(),
           "a ranking loses targets");
    expect(!explain(order, order.places.front()).empty(), "a place without a reason");
    hetmem::rank_options from_nowhere;
    from_nowhere.from = {hetmem::initiator_id{1'000'000}};
    expect(throws<hetmem::no_such_target>(
               [&] { hetmem::rank(machine, hetmem::criterion::capacity, from_nowhere); }),
           "a ranking takes an initiator that is not there");
    expect(!hetmem::allowed_nodes().empty() && !hetmem::allowed_cpus().empty(),
           "nothing is allowed here");
}

} // namespace

int main(int count, char** words) {
    if (count != 2) {
        std::fprintf(stderr, "usage: everything FILE.json\n");
        return 2;
    }
    const hetmem::topology machine = hetmem::discover();
    use_id_sets();
    use_names();
    use_errors();
    use_queries(machine);
    use_ranking(machine);

    const std::string json = hetmem::to_json(machine);
    const hetmem::topology same = hetmem::from_json(json);
    expect(hetmem::to_json(same) == json, "JSON changes when it is read and written");
    hetmem::save_topology(machine, words[1]);
    const hetmem::topology loaded = hetmem::load_topology(words[1]);
    expect(std::ranges::equal(loaded.targets(), machine.targets()), "a saved machine differs");
    expect(!hetmem::draw_text(machine).empty(), "no drawing");
    expect(hetmem::draw_svg(machine).find("<svg") != std::string::npos, "no picture");
    return faults == 0 ? 0 : 1;
}
