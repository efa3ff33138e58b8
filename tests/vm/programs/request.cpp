#include "tests/vm/programs/request.hpp"

#include "tests/vm/programs/pattern.hpp"
#include "tests/vm/programs/report.hpp"

#include <hetmem/discover.hpp>

#include <array>
#include <stdexcept>

namespace vm {

hetmem::placement placement_of(std::string_view text, const arguments& asked) {
    const hetmem::topology machine = hetmem::discover();
    hetmem::placement made = hetmem::parse_placement(machine, text);
    if (asked.has("overflow")) {
        const std::array<hetmem::memory_name, 1> rest{asked.text("overflow")};
        made = made.with_overflow(machine, rest);
    }
    if (asked.has("headroom")) {
        made = made.with_headroom(
            hetmem::byte_size::from_mib(asked.number(std::string_view("headroom"), 0)));
    }
    return made;
}

hetmem::page_size pages_of(const arguments& asked) {
    const std::string name = asked.text("pages", "transparent");
    if (name == "transparent") {
        return hetmem::page_size::transparent;
    }
    if (name == "base") {
        return hetmem::page_size::base;
    }
    if (name == "2m") {
        return hetmem::page_size::huge_2m;
    }
    if (name == "1g") {
        return hetmem::page_size::huge_1g;
    }
    throw std::invalid_argument("no pages are called " + name);
}

hetmem::region_options options_of(const arguments& asked) {
    hetmem::region_options options;
    options.pages = pages_of(asked);
    options.threads = static_cast<unsigned>(asked.number(std::string_view("threads"), 0));
    options.contiguous = asked.has("contiguous");
    options.zeroed = !asked.has("dirty");
    options.keep_on_fork = asked.has("keep-on-fork");
    options.locked = asked.has("locked");
    if (asked.has("reserve")) {
        options.reserve = hetmem::byte_size::from_mib(asked.number(std::string_view("reserve"), 0));
    }
    return options;
}

std::optional<hetmem::region> filled_region(nlohmann::json& said, const arguments& asked,
                                            std::uint64_t seed) {
    std::optional<hetmem::region> region;
    attempt(said, [&] {
        region.emplace(size_of(asked, 2), placement_of(asked.word(1), asked), options_of(asked));
    });
    if (region) {
        write_pattern(region->bytes(), seed);
        said["first"] = state_of(*region);
    }
    return region;
}

hetmem::byte_size size_of(const arguments& asked, std::size_t n) {
    return hetmem::byte_size::from_mib(asked.number(n));
}

} // namespace vm
