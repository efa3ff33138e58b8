#include "tests/vm/programs/report.hpp"

#include "tests/vm/programs/count.hpp"

#include <hetmem/error.hpp>

#include <fmt/core.h>

#include <cstdio>
#include <new>

namespace vm {
namespace {

using nlohmann::json;

std::string_view name_of(hetmem::shortage reason) {
    switch (reason) {
    case hetmem::shortage::target:
        return "target";
    case hetmem::shortage::huge_page_pool:
        return "huge_page_pool";
    case hetmem::shortage::cgroup:
        return "cgroup";
    case hetmem::shortage::system:
        return "system";
    }
    return "?";
}

json failed(std::string_view outcome, const std::exception& why) {
    return {{"outcome", outcome}, {"what", why.what()}};
}

json with_code(json into, const hetmem::error& why) {
    into["code"] = why.code().value();
    return into;
}

} // namespace

json json_of(const hetmem::residency& found) {
    json bytes = json::object();
    for (const hetmem::resident_share& share : found.shares) {
        bytes[share.target] = share.bytes.bytes();
    }
    return {{"bytes", bytes}, {"absent", found.absent.bytes()}, {"unknown", found.unknown.bytes()}};
}

json json_of(const hetmem::verification& found) {
    return {{"kept", found.kept},
            {"strayed", found.strayed.bytes()},
            {"absent", found.absent.bytes()},
            {"now", json_of(found.now)}};
}

json json_of(const hetmem::migration& done) {
    return {{"complete", done.complete},
            {"moved", done.moved.bytes()},
            {"remaining", done.remaining.bytes()},
            {"why", done.why},
            {"now", json_of(done.now)}};
}

json json_of(const std::map<int, std::uint64_t>& bytes_by_node) {
    json object = json::object();
    for (const auto& [node, bytes] : bytes_by_node) {
        object[std::to_string(node)] = bytes;
    }
    return object;
}

json state_of(std::span<const std::byte> range) {
    // The library first: the query of Linux 6.1 must not get a chance to help it.
    json state{{"where", json_of(hetmem::where(range))}};
    const counted_maps maps = count_by_maps(range.data(), range.size());
    state["numa_maps"] = json_of(maps.bytes);
    state["policies"] = maps.policies;
    state["mappings"] = maps.mappings;
    state["move_pages"] = json_of(count_by_query(range.data(), range.size()));
    json files = json::array();
    for (const mapped_piece& piece : mapped_files(range.data(), range.size())) {
        files.push_back({{"file", piece.file}, {"offset", piece.offset}, {"length", piece.length}});
    }
    state["files"] = files;
    return state;
}

json state_of(const hetmem::region& region) {
    const json verified = json_of(region.verify());
    const json where = json_of(region.where());
    json state = state_of(std::span<const std::byte>(region.bytes()));
    state["verify"] = verified;
    state["where"] = where;
    return state;
}

bool attempt(json& into, const std::function<void()>& what) {
    try {
        what();
        into["outcome"] = "done";
        return true;
    } catch (const hetmem::target_full& why) {
        into.update(with_code(failed("target_full", why), why));
        into["reason"] = name_of(why.reason());
        into["available"] = why.available().bytes();
        into["strayed"] = why.strayed().bytes();
    } catch (const hetmem::not_permitted& why) {
        into.update(with_code(failed("not_permitted", why), why));
    } catch (const hetmem::no_such_target& why) {
        into.update(with_code(failed("no_such_target", why), why));
    } catch (const hetmem::target_reserved& why) {
        into.update(with_code(failed("target_reserved", why), why));
    } catch (const hetmem::target_lost& why) {
        into.update(with_code(failed("target_lost", why), why));
    } catch (const hetmem::error& why) {
        into.update(with_code(failed("error", why), why));
    } catch (const hetmem::allocation_failed& why) {
        into.update(failed("allocation_failed", why));
    } catch (const std::exception& why) {
        into.update(failed("exception", why));
    }
    return false;
}

void print(const json& document) {
    fmt::print("{}\n", document.dump(1));
    static_cast<void>(std::fflush(stdout));
}

} // namespace vm
