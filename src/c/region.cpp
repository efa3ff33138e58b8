#include "c/barrier.hpp"
#include "c/handles.hpp"
#include "c/sized.hpp"

#include <memory>
#include <optional>
#include <string>

using namespace hetmem::c;
using hetmem::byte_size;

namespace {

hetmem::region_options region_options_of(const hetmem_region_options* given) {
    const hetmem_region_options told = asked(given, "options");
    need_known_flags(told.flags,
                     HETMEM_REGION_CONTIGUOUS | HETMEM_REGION_NOT_ZEROED |
                         HETMEM_REGION_KEEP_ON_FORK | HETMEM_REGION_LOCKED,
                     "options");
    hetmem::region_options options;
    options.pages = page_size_of(told.pages);
    options.contiguous = (told.flags & HETMEM_REGION_CONTIGUOUS) != 0;
    options.zeroed = (told.flags & HETMEM_REGION_NOT_ZEROED) == 0;
    options.keep_on_fork = (told.flags & HETMEM_REGION_KEEP_ON_FORK) != 0;
    options.locked = (told.flags & HETMEM_REGION_LOCKED) != 0;
    options.threads = told.threads;
    if (told.reserve != 0) {
        options.reserve = byte_size::from_bytes(told.reserve);
    }
    options.alignment = byte_size::from_bytes(told.alignment);
    return options;
}

hetmem::migrate_options migrate_options_of(const hetmem_migrate_options* given) {
    const hetmem_migrate_options told = asked(given, "options");
    need_known_flags(told.flags, HETMEM_MIGRATE_PARTLY, "options");
    need_known_flags(told.reserved, 0, "options.reserved");
    hetmem::migrate_options options;
    options.all_or_nothing = (told.flags & HETMEM_MIGRATE_PARTLY) == 0;
    options.threads = told.threads;
    if (told.reserve != 0) {
        options.reserve = byte_size::from_bytes(told.reserve);
    }
    if (told.progress != nullptr) {
        options.progress = [told](byte_size done, byte_size total) {
            return told.progress(told.context, done.bytes(), total.bytes()) == 0;
        };
    }
    if (told.quiesce != nullptr) {
        options.quiesce = [told] { told.quiesce(told.context); };
    }
    if (told.resume != nullptr) {
        options.resume = [told] { told.resume(told.context); };
    }
    return options;
}

/// Checked before anything moves, so that a struct of no sense does not lose the outcome.
void check(const hetmem_migration* out) {
    if (out != nullptr) {
        size_told(*out, "migration");
    }
}

void tell(hetmem_migration* out, const hetmem::migration& done) {
    if (!done.complete) {
        keep_text(done.why.c_str());
    }
    if (out == nullptr) {
        return;
    }
    hetmem_migration told{};
    told.complete = done.complete ? 1 : 0;
    told.moved = done.moved.bytes();
    told.remaining = done.remaining.bytes();
    answer(out, told, "migration");
}

} // namespace

namespace hetmem::c {

static_assert(static_cast<int>(page_size::transparent) == HETMEM_PAGES_TRANSPARENT);
static_assert(static_cast<int>(page_size::base) == HETMEM_PAGES_BASE);
static_assert(static_cast<int>(page_size::huge_2m) == HETMEM_PAGES_HUGE_2M);
static_assert(static_cast<int>(page_size::huge_1g) == HETMEM_PAGES_HUGE_1G);

page_size page_size_of(int number) {
    if (number < HETMEM_PAGES_TRANSPARENT || number > HETMEM_PAGES_HUGE_1G) {
        throw error(std::errc::invalid_argument, "no page size " + std::to_string(number));
    }
    return static_cast<page_size>(number);
}

} // namespace hetmem::c

extern "C" {

int hetmem_region_create(uint64_t bytes, const hetmem_placement* where,
                         const hetmem_region_options* options, hetmem_region** out) {
    return guarded([&] {
        need(out, "out");
        hand_out(out, hetmem::region(byte_size::from_bytes(bytes), need(where, "where").value,
                                     region_options_of(options)));
    });
}

void* hetmem_region_data(const hetmem_region* region) {
    return region == nullptr ? nullptr : region->value.data();
}

size_t hetmem_region_size(const hetmem_region* region) {
    return region == nullptr ? 0 : region->value.size();
}

int hetmem_region_where(const hetmem_region* region, hetmem_residency** out) {
    return guarded([&] {
        need(out, "out");
        hand_out(out, need(region, "region").value.where());
    });
}

int hetmem_region_verify(const hetmem_region* region, hetmem_verification* out) {
    return guarded([&] {
        size_told(need(out, "verification"), "verification");
        const hetmem::verification seen = need(region, "region").value.verify();
        hetmem_verification told{};
        told.kept = seen.kept ? 1 : 0;
        told.strayed = seen.strayed.bytes();
        told.absent = seen.absent.bytes();
        answer(out, told, "verification");
    });
}

int hetmem_region_migrate(hetmem_region* region, const hetmem_placement* to,
                          const hetmem_migrate_options* options, hetmem_migration* out) {
    return guarded([&] {
        check(out);
        tell(out, need(region, "region")
                      .value.migrate(need(to, "to").value, migrate_options_of(options)));
    });
}

int hetmem_region_lock(hetmem_region* region) {
    return guarded([&] { need(region, "region").value.lock(); });
}

int hetmem_region_unlock(hetmem_region* region) {
    return guarded([&] { need(region, "region").value.unlock(); });
}

void hetmem_region_free(hetmem_region* region) {
    const std::unique_ptr<hetmem_region> owned(region);
}

int hetmem_migrate_process(int pid, const hetmem_placement* to, const char* pattern,
                           const hetmem_migrate_options* options, hetmem_migration* out) {
    return guarded([&] {
        check(out);
        const std::optional<std::string> chosen =
            pattern == nullptr ? std::nullopt : std::optional<std::string>(pattern);
        tell(out, hetmem::migrate_process(pid, need(to, "to").value, chosen,
                                          migrate_options_of(options)));
    });
}

} // extern "C"
