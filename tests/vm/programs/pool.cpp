#include "tests/vm/programs/pattern.hpp"
#include "tests/vm/programs/report.hpp"
#include "tests/vm/programs/request.hpp"
#include "tests/vm/programs/subcommands.hpp"

#include <hetmem/pool.hpp>

#include <optional>
#include <vector>

namespace vm {
namespace {

using nlohmann::json;

json json_of(const hetmem::pool_statistics& found) {
    json targets = json::object();
    for (const hetmem::resident_share& share : found.targets) {
        targets[share.target] = share.bytes.bytes();
    }
    return {{"in_use", found.in_use.bytes()},
            {"held", found.held.bytes()},
            {"live", found.live},
            {"allocations", found.allocations},
            {"targets", targets}};
}

} // namespace

json fill_pool(const arguments& asked) {
    json said;
    std::optional<hetmem::pool> pool;
    if (!attempt(said, [&] {
            hetmem::pool_options options;
            options.pages = pages_of(asked);
            if (asked.has("limit")) {
                options.limit =
                    hetmem::byte_size::from_mib(asked.number(std::string_view("limit"), 0));
            }
            pool.emplace(placement_of(asked.word(1), asked), options);
        })) {
        return said;
    }
    const std::size_t bytes = asked.number(std::size_t{2});
    std::vector<std::span<std::byte>> objects;
    objects.reserve(std::size_t{1} << 20U);
    json last;
    while (attempt(last, [&] {
        objects.emplace_back(static_cast<std::byte*>(pool->allocate(bytes)), bytes);
    })) {
        write_pattern(objects.back(), objects.size());
    }
    bool intact = true;
    for (std::size_t n = 0; n < objects.size(); ++n) {
        intact = intact && has_pattern(objects[n], n + 1);
    }
    said["refused"] = last;
    said["intact"] = intact;
    said["objects"] = objects.size();
    said["where"] = vm::json_of(pool->where());
    said["full"] = json_of(pool->statistics());
    for (const auto& object : objects) {
        hetmem::free(object.data());
    }
    said["trimmed"] = pool->trim().bytes();
    said["empty"] = json_of(pool->statistics());
    return said;
}

} // namespace vm
