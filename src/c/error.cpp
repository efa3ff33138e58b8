#include "c/barrier.hpp"
#include "c/sized.hpp"

#include <hetmem/hetmem.h>

#include <cerrno>

using namespace hetmem::c;

// hetmem.h says the version of the project.
static_assert(HETMEM_VERSION_MAJOR == HETMEM_PROJECT_VERSION_MAJOR);
static_assert(HETMEM_VERSION_MINOR == HETMEM_PROJECT_VERSION_MINOR);
static_assert(HETMEM_VERSION_PATCH == HETMEM_PROJECT_VERSION_PATCH);

static_assert(static_cast<int>(hetmem::shortage::target) == HETMEM_SHORT_TARGET);
static_assert(static_cast<int>(hetmem::shortage::huge_page_pool) == HETMEM_SHORT_HUGE_PAGE_POOL);
static_assert(static_cast<int>(hetmem::shortage::cgroup) == HETMEM_SHORT_CGROUP);
static_assert(static_cast<int>(hetmem::shortage::system) == HETMEM_SHORT_SYSTEM);

extern "C" {

int hetmem_version(void) {
    return HETMEM_VERSION;
}

const char* hetmem_error_text(void) {
    return kept_text();
}

int hetmem_last_shortage(hetmem_shortage* out) {
    // Not an ordinary failure: asking must not replace what is asked about.
    const auto kept = last_shortage();
    if (!kept) {
        return -ENODATA;
    }
    return guarded([&] {
        hetmem_shortage told{};
        told.reason = static_cast<int>(kept->reason);
        told.available = kept->available.bytes();
        told.strayed = kept->strayed.bytes();
        answer(out, told, "shortage");
    });
}

} // extern "C"
