// place.cpp: memory exactly where it was asked for, or an error.
//
//     place [FAST [LARGE [MIB]]]
//
// FAST and LARGE are memories as `hetmem show` calls them ("node0", "dax0.0"), or kinds ("hbm").
// Without them: the memory with the highest read bandwidth from here, and the largest one. On a
// machine with one memory both are the same, and nothing is left to see but that it works.
//
// Build: c++ -std=c++20 place.cpp $(pkg-config --cflags --libs hetmem)

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>
#include <hetmem/placement.hpp>
#include <hetmem/region.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

void print(const char* what, const hetmem::residency& where) {
    std::printf("%-28s", what);
    for (const hetmem::resident_share& share : where.shares) {
        std::printf("  %s %.1f MiB", share.target.c_str(),
                    static_cast<double>(share.bytes.bytes()) / (1 << 20));
    }
    std::printf("\n");
}

std::string name_of_best(const hetmem::topology& machine, hetmem::criterion by) {
    return hetmem::best(machine, by).legs().front().name;
}

void place(const hetmem::topology& machine, const std::string& fast, const std::string& large,
           hetmem::byte_size size) {
    // Strict: when the constructor returns, every page is there; when it throws, nothing is held,
    // and no program was killed to find that out.
    hetmem::region strict(size, hetmem::bind(machine, fast));
    std::ranges::fill(strict.bytes(), std::byte{42});
    print("strict:", strict.where());

    // In order: what does not fit into the first goes to the next. The headroom is what stays
    // available on a memory for others.
    std::vector<hetmem::memory_name> order = {fast};
    if (large != fast) {
        order.emplace_back(large);
    }
    const auto ordered =
        hetmem::chain(machine, order).with_headroom(hetmem::byte_size::from_mib(64));
    const hetmem::region overflowing(size, ordered);
    print(("filled as " + ordered.to_string() + ":").c_str(), overflowing.where());

    // Strict is true when the constructor returns. What happened since can be counted.
    const hetmem::verification now = strict.verify();
    std::printf("%-28s  %s\n", "still where it was asked:", now.kept ? "yes" : "no");

    // Moves the pages, while other threads may go on using them. All of them get there, or they are
    // put back and target_full is thrown.
    hetmem::migrate_options options;
    options.progress = [](hetmem::byte_size, hetmem::byte_size) { return true; }; // false stops it
    // The kernel cannot move the pages of a dax device or of a file: they are copied, and from when
    // quiesce returned until resume is called nobody may touch them. Here nobody else does.
    options.quiesce = [] {};
    options.resume = [] {};
    const hetmem::migration moved = strict.migrate(hetmem::bind(machine, large), options);
    print("after the migration:", moved.now);

    const bool intact =
        std::ranges::all_of(strict.bytes(), [](std::byte b) { return b == std::byte{42}; });
    std::printf("%-28s  %s\n", "contents:", intact ? "as they were" : "damaged");
    if (!intact || !moved.complete || !strict.verify().kept) {
        throw std::runtime_error("the migration is not what it should be");
    }
}

} // namespace

int main(int count, char** words) {
    try {
        const hetmem::topology machine = hetmem::discover();
        const std::string fast =
            count > 1 ? words[1] : name_of_best(machine, hetmem::criterion::read_bandwidth);
        const std::string large =
            count > 2 ? words[2] : name_of_best(machine, hetmem::criterion::capacity);
        const auto mib = count > 3 ? std::strtoull(words[3], nullptr, 10) : 64;
        place(machine, fast, large, hetmem::byte_size::from_mib(mib));
        return 0;
    } catch (const hetmem::target_full& e) {
        // The one error that a program can do something about: take less, or elsewhere.
        std::fprintf(stderr, "full: %s\n%.1f MiB could have been had\n", e.what(),
                     static_cast<double>(e.available().bytes()) / (1 << 20));
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
    }
    return 1;
}
