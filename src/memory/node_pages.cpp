// What all suppliers of node memory do to a mapping.
#include "memory/supplier.hpp"
#include "memory/words.hpp"

#include "kernel/policy.hpp"

#include <hetmem/error.hpp>

#include <cerrno>
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <sys/mman.h>

namespace hetmem::detail {

std::size_t bytes_of(page_size pages) {
    switch (pages) {
    case page_size::huge_2m:
        return huge_page;
    case page_size::huge_1g:
        return giant_page;
    case page_size::transparent:
    case page_size::base:
        break;
    }
    return base_page;
}

bool from_huge_pool(page_size pages) {
    return pages == page_size::huge_2m || pages == page_size::huge_1g;
}

std::uint64_t headroom_of(const leg& from, page_size pages) {
    const bool of_node_memory = from.kind == leg_kind::node && !from_huge_pool(pages);
    return from.headroom.value_or(of_node_memory ? default_headroom : byte_size{}).bytes();
}

std::optional<shortfall> open_for_use(byte_range range, const backing_options& options) {
    if (::mprotect(range.start, range.length, PROT_READ | PROT_WRITE) != 0) {
        if (errno != ENOMEM) {
            throw error(errno, "mprotect");
        }
        return shortfall{
            shortage::system,
            fmt::format("the system's commit limit (vm.overcommit_memory) or the number "
                        "of mappings (vm.max_map_count) does not allow {} more",
                        in_words(range.length)),
            0};
    }
    // A kernel without transparent huge pages refuses the advice and does what it would do anyway.
    ::madvise(range.start, range.length,
              options.pages == page_size::base ? MADV_NOHUGEPAGE : MADV_HUGEPAGE);
    if (!options.keep_on_fork && ::madvise(range.start, range.length, MADV_DONTFORK) != 0) {
        throw error(errno, "madvise(MADV_DONTFORK)");
    }
    return std::nullopt;
}

std::string refused_policy(std::string_view call) {
    return fmt::format("{} is not permitted here: a seccomp filter, as containers have it, forbids "
                       "it; the capability CAP_SYS_NICE or another filter would help",
                       call);
}

void prefer_node(byte_range range, unsigned node, guard& watch) {
    id_set nodes;
    nodes.insert(node);
    const int failed =
        kernel::set_range_policy(range.start, range.length, kernel::policy::preferred, nodes);
    if (failed == 0) {
        return;
    }
    const id_set allowed = watch.allowed();
    if (allowed == nodes && (failed == EPERM || failed == ENOSYS)) {
        return;
    }
    if (!allowed.contains(node)) {
        throw not_permitted(fmt::format("node{} is not in the cpuset of this thread, which allows "
                                        "nodes {} (Mems_allowed_list)",
                                        node, allowed.to_string()));
    }
    if (failed == EPERM || failed == ENOSYS) {
        throw not_permitted(refused_policy("mbind"));
    }
    if (failed == EINVAL) {
        throw target_lost(fmt::format("node{} is no longer online", node));
    }
    throw error(failed, fmt::format("mbind to node{}", node));
}

} // namespace hetmem::detail
