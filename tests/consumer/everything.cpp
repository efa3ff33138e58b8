// Uses every function of the public headers, from outside the library: what is not exported does
// not link, and an exception whose type is not shared is not caught. Exits 1 naming what went
// wrong.
#include <hetmem/discover.hpp>
#include <hetmem/draw.hpp>
#include <hetmem/error.hpp>
#include <hetmem/hetmem.h>
#include <hetmem/placement.hpp>
#include <hetmem/pool.hpp>
#include <hetmem/rank.hpp>
#include <hetmem/region.hpp>
#include <hetmem/residency.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <unistd.h>

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

const std::string& name_of_first(const hetmem::topology& machine) {
    return machine.targets().front().name;
}

void use_placements(const hetmem::topology& machine) {
    const std::string& name = name_of_first(machine);
    const hetmem::placement only = hetmem::bind(machine, name);
    expect(only.kind() == hetmem::placement_kind::bind && only.legs().size() == 1 &&
               only.overflow().empty(),
           "bind is not of one memory");
    expect(only.to_string() == "bind:" + name && hetmem::parse_placement(machine, name) == only,
           "a placement is not read back");
    expect(to_string(hetmem::placement_kind::chain) == "chain", "name of a placement");
    expect(hetmem::chain(machine, {hetmem::memory_name(name).with_headroom({})}).legs().size() == 1,
           "chain");
    expect(!hetmem::best(machine, hetmem::criterion::capacity).legs().empty(), "best");
    const hetmem::placement spread = hetmem::interleave(machine, {{name, 2}});
    const std::vector<hetmem::memory_name> overflow{std::filesystem::path("/tmp")};
    expect(spread.with_overflow(machine, overflow).overflow().size() == 1, "overflow");
    expect(hetmem::prefer(machine, machine.targets().front().id)
               .with_headroom(hetmem::byte_size::from_mib(1))
               .legs()[0]
               .headroom.has_value(),
           "headroom");
    expect(throws<hetmem::no_such_target>([&] { hetmem::bind(machine, "nowhere"); }),
           "no_such_target is not caught");
}

void use_regions(const hetmem::topology& machine) {
    const std::string& name = name_of_first(machine);
    const hetmem::placement only = hetmem::bind(machine, name);
    const hetmem::byte_size size = hetmem::byte_size::from_mib(4);
    hetmem::region made(size, only);
    hetmem::region moved = std::move(made);
    made = std::move(moved);
    expect(made.size() == size.bytes() && made.bytes().data() == made.data() &&
               made.asked() == only,
           "a region is not what was asked for");
    expect(made.where().on(name) == size && made.where().present() == size &&
               hetmem::where(made.bytes()) == made.where(),
           "a region is not where it was asked for");
    expect(made.verify().kept, "a region does not verify");
    expect(hetmem::target_of(made.data()) == name, "target_of");
    const hetmem::migration result = made.migrate(only);
    expect(result.complete && result.moved.bytes() == 0, "migrating to where it is");
    made.lock();
    made.unlock();
    expect(hetmem::where_process(::getpid()).present() > size, "where_process");
    expect(!hetmem::where_mappings(::getpid()).empty(), "where_mappings");
    try {
        hetmem::migrate_process(::getpid(), only, "no such mapping");
        expect(false, "what is not there was moved");
    } catch (const hetmem::error& e) {
        expect(e.code() == std::errc::no_such_file_or_directory, "a pattern of nothing");
    }
    try {
        const hetmem::region impossible(hetmem::byte_size::from_mib(1ULL << 30), only);
        expect(false, "a region larger than any machine");
    } catch (const hetmem::target_full& e) {
        static_cast<void>(e.reason());
        expect(e.available().bytes() < (1ULL << 50) && e.strayed().bytes() == 0, "target_full");
    }
    expect(throws<hetmem::target_reserved>([] { throw hetmem::target_reserved("no"); }) &&
               throws<hetmem::target_lost>([] { throw hetmem::target_lost("gone"); }),
           "target_reserved or target_lost is not caught");
}

void use_pools(const hetmem::topology& machine) {
    hetmem::pool_options options;
    options.limit = hetmem::byte_size::from_mib(16);
    hetmem::pool pool(hetmem::bind(machine, name_of_first(machine)), options);
    void* object = pool.allocate(100, 64);
    expect(hetmem::usable_size(object) >= 100 && hetmem::pool::of(object) == &pool, "an object");
    object = pool.reallocate(object, 5000);
    hetmem::free(object);
    object = pool.allocate_zeroed(10, 10);
    expect(*static_cast<char*>(object) == 0, "zeroed memory is not zero");
    pool.deallocate(object, 100);
    std::vector<int, hetmem::allocator<int>> numbers(1000, 7, hetmem::allocator<int>(pool));
    expect(pool.statistics().live == 1, "statistics");
    static_cast<void>(pool.asked());
    static_cast<void>(pool.trim());
    expect(pool.where().present().bytes() != 0, "a pool is nowhere");
    expect(pool.try_allocate(1U << 30) == nullptr, "a limit that does not hold");
    expect(throws<hetmem::allocation_failed>([&] { pool.allocate(1U << 30); }) &&
               throws<std::bad_alloc>([&] { pool.allocate(1U << 30); }),
           "allocation_failed is not caught");
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
    use_placements(machine);
    use_regions(machine);
    use_pools(machine);

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
