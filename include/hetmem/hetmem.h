/* hetmem.h: every memory of the machine, described and allocatable, from C.
 *
 *     hetmem_topology* machine = NULL;
 *     hetmem_placement* where = NULL;
 *     hetmem_region* region = NULL;
 *     int fault = hetmem_discover(NULL, &machine);
 *     if (fault == 0) {
 *         fault = hetmem_placement_parse(machine, "best:read_bandwidth", &where);
 *     }
 *     if (fault == 0) {
 *         fault = hetmem_region_create(1 << 30, where, NULL, &region);
 *     }
 *     if (fault == 0) {
 *         use(hetmem_region_data(region), hetmem_region_size(region));
 *     } else {
 *         fprintf(stderr, "%s (%s)\n", hetmem_error_text(), strerror(-fault));
 *     }
 *     hetmem_region_free(region);
 *     hetmem_placement_free(where);
 *     hetmem_topology_free(machine);
 *
 * The calls are those of the C++ headers (<hetmem/placement.hpp>, <hetmem/region.hpp>,
 * <hetmem/pool.hpp>, ...), which say more of what is promised.
 *
 * Conventions
 *
 *  - A function that can fail returns 0 or a negative errno value. hetmem_error_text() then says in
 *    words what failed. Where no other value is named: -EINVAL for an argument that makes no sense
 *    (a null pointer, a flag or a constant that this version does not know), -ENOMEM when the
 *    process is out of memory. What points to a result is written only on success, unless stated.
 *    Allocations of a pool return a null pointer instead and set errno to ENOMEM, as malloc does.
 *  - Handles (hetmem_topology, ...) are opaque, owned by whoever made them, and given back with the
 *    function that says so; a null pointer may be given back. A handle needs none of the others to
 *    stay: a region outlives the placement and the topology that it was made with.
 *  - Every struct starts with struct_size, which the caller sets:
 *        hetmem_target_info info = {.struct_size = sizeof info};
 *    A program that was compiled with an older or a newer header works: the part that both sides
 *    know is used. What a newer program asks for and this library does not know is refused with
 *    -E2BIG unless it is zero. A struct that is zero but for its size asks for the defaults.
 *  - Sizes are in bytes, latencies in picoseconds, bandwidths in bytes per second. Flags without a
 *    meaning must be 0.
 *  - Strings are UTF-8 and end with a zero byte; those inside a handle live as long as it does.
 *  - Everything may be called from any thread and after fork(), where the memory of a region is not
 *    there unless it was made with HETMEM_REGION_KEEP_ON_FORK. Giving a handle back needs the
 *    caller's own order, as does what changes a region or a placement. No C++ exception leaves, the
 *    library never prints and never exits.
 */
#pragma once

#include <hetmem/export.hpp>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Version ------------------------------------------------------------------------------- */

#define HETMEM_VERSION_MAJOR 0
#define HETMEM_VERSION_MINOR 1
#define HETMEM_VERSION_PATCH 0
/* Compares: HETMEM_VERSION >= HETMEM_VERSION_OF(0, 2, 0) */
#define HETMEM_VERSION_OF(major, minor, patch) ((major)*10000 + (minor)*100 + (patch))
#define HETMEM_VERSION                                                                             \
    HETMEM_VERSION_OF(HETMEM_VERSION_MAJOR, HETMEM_VERSION_MINOR, HETMEM_VERSION_PATCH)

/* HETMEM_VERSION of the library that is loaded. */
HETMEM_EXPORT int hetmem_version(void);

/* ---- Errors -------------------------------------------------------------------------------- */

/* What the calling thread's last failed call says, never NULL; "" when none failed. Valid until the
 * thread's next call that fails. */
HETMEM_EXPORT const char* hetmem_error_text(void);

/* What was short when a call failed because the memory that was asked for is not there: -ENOMEM, or
 * -ENOSPC on a dax device or in a directory. */
enum hetmem_shortage_reason {
    HETMEM_SHORT_TARGET = 0,         /* the memory that was named */
    HETMEM_SHORT_HUGE_PAGE_POOL = 1, /* the pool of huge pages on that node */
    HETMEM_SHORT_CGROUP = 2,         /* memory.max or memory.high of a cgroup above this process */
    HETMEM_SHORT_SYSTEM = 3          /* all nodes that this process may use, or the commit limit */
};

typedef struct hetmem_shortage {
    size_t struct_size;
    int reason;         /* enum hetmem_shortage_reason */
    int reserved;       /* 0 */
    uint64_t available; /* what could have been had, as far as it was found out */
    uint64_t strayed;   /* of a migration that was put back: what could not be */
} hetmem_shortage;

/* Of the calling thread's last failed call. -ENODATA when that failed for another reason, or was an
 * allocation of a pool, which says what was short in words only. */
HETMEM_EXPORT int hetmem_last_shortage(hetmem_shortage* out);

/* ---- Topology ------------------------------------------------------------------------------ */

/* Everything known of a machine; never changes. */
typedef struct hetmem_topology hetmem_topology;

/* What is not known, where a number is expected. */
#define HETMEM_UNKNOWN UINT64_MAX

/* The machine whose /sys and /proc are below `root`; NULL: this one. */
HETMEM_EXPORT int hetmem_discover(const char* root, hetmem_topology** out);
/* Back with hetmem_topology_free. */
HETMEM_EXPORT void hetmem_topology_free(hetmem_topology* machine);

/* The documented JSON form (docs/json.md). The text ends with a zero byte, which `length` (may be
 * NULL) does not count; back with hetmem_text_free. */
HETMEM_EXPORT int hetmem_topology_to_json(const hetmem_topology* machine, char** text,
                                          size_t* length);
HETMEM_EXPORT void hetmem_text_free(char* text);
/* -EBADMSG, with the place in the text, when it is not a topology that this version reads. */
HETMEM_EXPORT int hetmem_topology_from_json(const char* text, size_t length, hetmem_topology** out);
/* The same to and from a file. */
HETMEM_EXPORT int hetmem_topology_save(const hetmem_topology* machine, const char* file);
HETMEM_EXPORT int hetmem_topology_load(const char* file, hetmem_topology** out);

enum hetmem_kind {
    HETMEM_KIND_UNKNOWN = 0,
    HETMEM_KIND_DRAM = 1,
    HETMEM_KIND_HBM = 2,
    HETMEM_KIND_PMEM = 3,
    HETMEM_KIND_CXL = 4,
    HETMEM_KIND_DEVICE = 5
};

enum hetmem_state {
    HETMEM_STATE_ONLINE = 0,
    HETMEM_STATE_PARTLY_ONLINE = 1,
    HETMEM_STATE_OFFLINE = 2,
    HETMEM_STATE_RESERVED = 3, /* reachable through a dax device only */
    HETMEM_STATE_ABSENT = 4    /* described by firmware; neither a node nor a device has it */
};

/* A piece of memory of uniform performance. */
typedef struct hetmem_target_info {
    size_t struct_size;
    const char* name;            /* "node2", "dax0.0" */
    const char* kind_reason;     /* the evidence for `kind` */
    const char* reserved_reason; /* "" unless `reserved` */
    int kind;                    /* enum hetmem_kind */
    int state;                   /* enum hetmem_state */
    int node;                    /* the kernel's node; -1: none */
    int reserved;                /* 1: never used unless it is named */
    uint64_t bytes;              /* HETMEM_UNKNOWN when not told */
    uint64_t free_bytes;         /* of the node when it was discovered, or HETMEM_UNKNOWN */
} hetmem_target_info;

/* Targets are numbered from 0. 0 for a null pointer. */
HETMEM_EXPORT size_t hetmem_target_count(const hetmem_topology* machine);
/* -ENXIO when there is no target of that number. */
HETMEM_EXPORT int hetmem_target_get(const hetmem_topology* machine, size_t target,
                                    hetmem_target_info* out);
/* By name ("node2", "dax0.0", "2"). -ENXIO when none is called so. */
HETMEM_EXPORT int hetmem_target_find(const hetmem_topology* machine, const char* name,
                                     size_t* target);
/* "dram", "hbm", ...; NULL for what is no enum hetmem_kind. */
HETMEM_EXPORT const char* hetmem_kind_name(int kind);

enum hetmem_initiator_kind {
    HETMEM_INITIATOR_CPU = 0,
    HETMEM_INITIATOR_GENERIC = 1 /* a Generic Initiator: a device */
};

/* What issues accesses. */
typedef struct hetmem_initiator_info {
    size_t struct_size;
    const char* name; /* "node0", "gi2" */
    int kind;         /* enum hetmem_initiator_kind */
    int node;         /* -1: none */
    size_t cpu_count; /* 0 for a Generic Initiator */
} hetmem_initiator_info;

HETMEM_EXPORT size_t hetmem_initiator_count(const hetmem_topology* machine);
/* -ENXIO when there is no initiator of that number. */
HETMEM_EXPORT int hetmem_initiator_get(const hetmem_topology* machine, size_t initiator,
                                       hetmem_initiator_info* out);
/* The initiator that a CPU belongs to. -ENXIO when it belongs to none. */
HETMEM_EXPORT int hetmem_initiator_of_cpu(const hetmem_topology* machine, unsigned cpu,
                                          size_t* initiator);
/* The initiator that is nearest to a target. -ENXIO when none can reach it or nothing is known. */
HETMEM_EXPORT int hetmem_initiator_best(const hetmem_topology* machine, size_t target,
                                        size_t* initiator);

enum hetmem_quantity {
    HETMEM_READ_LATENCY = 0,   /* picoseconds */
    HETMEM_WRITE_LATENCY = 1,  /* picoseconds */
    HETMEM_READ_BANDWIDTH = 2, /* bytes per second */
    HETMEM_WRITE_BANDWIDTH = 3 /* bytes per second */
};

enum hetmem_knowledge {
    HETMEM_FIGURE_UNKNOWN = 0,     /* nobody said */
    HETMEM_FIGURE_UNREACHABLE = 1, /* firmware says that there is no path */
    HETMEM_FIGURE_KNOWN = 2
};

typedef struct hetmem_figure {
    size_t struct_size;
    int state;          /* enum hetmem_knowledge */
    int reserved;       /* 0 */
    const char* source; /* "measured", "hmat", "sysfs", ...; "" unless known or unreachable */
    uint64_t value;     /* in the unit of the quantity; 0 unless known */
} hetmem_figure;

/* One figure of one pair, from its strongest source. `level` 0 is the memory itself, 1 to 3 are the
 * caches in front of it. -ENXIO when there is no such target or initiator. */
HETMEM_EXPORT int hetmem_figure_get(const hetmem_topology* machine, size_t initiator, size_t target,
                                    unsigned level, int quantity, hetmem_figure* out);

/* ---- Ranking ------------------------------------------------------------------------------- */

enum hetmem_criterion {
    HETMEM_BY_READ_LATENCY = 0,
    HETMEM_BY_WRITE_LATENCY = 1,
    HETMEM_BY_READ_BANDWIDTH = 2,
    HETMEM_BY_WRITE_BANDWIDTH = 3,
    HETMEM_BY_CAPACITY = 4, /* larger first */
    HETMEM_BY_FREE = 5      /* more free memory first */
};

enum hetmem_rank_flag {
    HETMEM_RANK_INCLUDE_RESERVED = 1 /* also reserved and offline memory */
};

typedef struct hetmem_rank_options {
    size_t struct_size;
    uint64_t flags;           /* enum hetmem_rank_flag */
    const size_t* initiators; /* whose accesses count; NULL: those of the calling thread's CPUs */
    size_t initiator_count;
} hetmem_rank_options;

/* Writes the best targets, best first, to `targets`, at most *count of them, and sets *count to how
 * many there are, which may be more. `targets` may be NULL when *count is 0. `options` may be NULL.
 * -ENXIO when an initiator is not of this machine. */
HETMEM_EXPORT int hetmem_rank(const hetmem_topology* machine, int criterion,
                              const hetmem_rank_options* options, size_t* targets, size_t* count);

/* ---- Placements ---------------------------------------------------------------------------- */

/* Where memory is to be, resolved: it no longer needs the topology.
 *
 * A name is that of a target ("node2", "dax0.0", "2"), a kind ("dram", "hbm", "pmem", "cxl",
 * "device": the online memories of that kind, nearest first), or a directory (with a '/').
 * Errors: -ENXIO when a name has no target, -EBUSY when a memory is reserved and no program can use
 * it as it is, -EPERM when the caller's cpuset forbids a node that was named. */
typedef struct hetmem_placement hetmem_placement;

/* All of it on one memory. */
HETMEM_EXPORT int hetmem_placement_bind(const hetmem_topology* machine, const char* where,
                                        hetmem_placement** out);
/* Fills the first, then the next, ... */
HETMEM_EXPORT int hetmem_placement_chain(const hetmem_topology* machine, const char* const* where,
                                         size_t count, hetmem_placement** out);
/* The chain that a ranking gives. `options` may be NULL. */
HETMEM_EXPORT int hetmem_placement_best(const hetmem_topology* machine, int criterion,
                                        const hetmem_rank_options* options, hetmem_placement** out);
/* Spread by weight (1 to 255 each; NULL: evenly). */
HETMEM_EXPORT int hetmem_placement_interleave(const hetmem_topology* machine,
                                              const char* const* where, const unsigned* weights,
                                              size_t count, hetmem_placement** out);
/* One memory, then whatever the kernel likes; pages come when they are touched. */
HETMEM_EXPORT int hetmem_placement_prefer(const hetmem_topology* machine, const char* where,
                                          hetmem_placement** out);
/* "bind:node2", "chain:hbm,node0", "best:read_bandwidth", "interleave:node0:3,node2:1",
 * "prefer:node2"; a name alone means bind. */
HETMEM_EXPORT int hetmem_placement_parse(const hetmem_topology* machine, const char* text,
                                         hetmem_placement** out);

/* What stays available for others on every memory of the placement that has no headroom yet. */
HETMEM_EXPORT int hetmem_placement_set_headroom(hetmem_placement* placement, uint64_t bytes);
/* Where an interleave goes when one of its memories is full, in order. */
HETMEM_EXPORT int hetmem_placement_set_overflow(hetmem_placement* placement,
                                                const hetmem_topology* machine,
                                                const char* const* where, size_t count);

/* As hetmem_placement_parse reads it (but for a directory with a ',' in its name or, of an
 * interleave, a '|': it has no text that is read back). At most `size` bytes are written, always
 * with a zero byte at the end when size is not 0; *length (may be NULL) is set to what the whole
 * text needs without that byte. -ERANGE when it did not fit. */
HETMEM_EXPORT int hetmem_placement_format(const hetmem_placement* placement, char* text,
                                          size_t size, size_t* length);
HETMEM_EXPORT void hetmem_placement_free(hetmem_placement* placement);

/* ---- Where memory is ----------------------------------------------------------------------- */

/* Bytes on each memory, counted when it was made. */
typedef struct hetmem_residency hetmem_residency;

typedef struct hetmem_share {
    size_t struct_size;
    const char* target; /* "node2", "dax0.0" */
    int node;           /* -1 for what is no node */
    int reserved;       /* 0 */
    uint64_t bytes;
} hetmem_share;

/* Any range of this process; the pages that it touches count whole. -EINVAL when it is not mapped,
 * -EPERM when the kernel refuses. */
HETMEM_EXPORT int hetmem_where(const void* start, size_t length, hetmem_residency** out);
/* All of a process. -ESRCH, -EPERM. */
HETMEM_EXPORT int hetmem_where_process(int pid, hetmem_residency** out);
/* The memory that the page of an address is on. At most `size` bytes are written, with a zero byte
 * at the end; -ERANGE when that is too small, -ENODATA when no page is there yet. */
HETMEM_EXPORT int hetmem_target_of(const void* address, char* name, size_t size);

/* 0 for a null pointer. */
HETMEM_EXPORT uint64_t hetmem_residency_on_node(const hetmem_residency* where, int node);
HETMEM_EXPORT uint64_t hetmem_residency_on(const hetmem_residency* where, const char* target);
/* All shares together. */
HETMEM_EXPORT uint64_t hetmem_residency_present(const hetmem_residency* where);
/* Never touched, given back or swapped out. */
HETMEM_EXPORT uint64_t hetmem_residency_absent(const hetmem_residency* where);
/* There, but the kernel does not tell where. */
HETMEM_EXPORT uint64_t hetmem_residency_unknown(const hetmem_residency* where);
/* The shares one by one: nodes ascending, then others by name. */
HETMEM_EXPORT size_t hetmem_residency_count(const hetmem_residency* where);
/* -ENXIO when there is no share of that number. */
HETMEM_EXPORT int hetmem_residency_get(const hetmem_residency* where, size_t share,
                                       hetmem_share* out);
HETMEM_EXPORT void hetmem_residency_free(hetmem_residency* where);

/* ---- Regions ------------------------------------------------------------------------------- */

enum hetmem_page_size {
    HETMEM_PAGES_TRANSPARENT = 0, /* 4 KiB pages that the kernel may join to huge ones */
    HETMEM_PAGES_BASE = 1,        /* 4 KiB pages only */
    HETMEM_PAGES_HUGE_2M = 2,     /* from the node's pool of 2 MiB pages */
    HETMEM_PAGES_HUGE_1G = 3      /* from the node's pool of 1 GiB pages */
};

enum hetmem_region_flag {
    HETMEM_REGION_CONTIGUOUS = 1,   /* one physically contiguous extent; dax devices only */
    HETMEM_REGION_NOT_ZEROED = 2,   /* dax devices: leaves what the last user wrote */
    HETMEM_REGION_KEEP_ON_FORK = 4, /* a forked child gets a copy; not of dax and directories */
    HETMEM_REGION_LOCKED = 8        /* mlock(2); needs RLIMIT_MEMLOCK */
};

typedef struct hetmem_region_options {
    size_t struct_size;
    uint64_t flags;     /* enum hetmem_region_flag */
    int pages;          /* enum hetmem_page_size */
    unsigned threads;   /* that populate; 0: as many as help */
    uint64_t reserve;   /* what stays available in the system and in each cgroup; 0: 32 MiB */
    uint64_t alignment; /* of the address, a power of two; 0: of the page size */
} hetmem_region_options;

/* An owned range of memory, every page of it where the placement says. */
typedef struct hetmem_region hetmem_region;

/* All of it, or an error and nothing is held: -ENOMEM (-ENOSPC on a dax device or in a directory)
 * when the memory is not there, of which hetmem_last_shortage() says more; nobody is killed for it.
 * -EPERM, -EBUSY, -ENODEV when the memory went away. The size is rounded up to whole pages.
 * `options` may be NULL. */
HETMEM_EXPORT int hetmem_region_create(uint64_t bytes, const hetmem_placement* where,
                                       const hetmem_region_options* options, hetmem_region** out);
/* NULL and 0 for a null pointer. */
HETMEM_EXPORT void* hetmem_region_data(const hetmem_region* region);
HETMEM_EXPORT size_t hetmem_region_size(const hetmem_region* region);
/* Counts where the pages are, now. */
HETMEM_EXPORT int hetmem_region_where(const hetmem_region* region, hetmem_residency** out);

typedef struct hetmem_verification {
    size_t struct_size;
    int kept;         /* 1: every page is on a memory of the placement */
    int reserved;     /* 0 */
    uint64_t strayed; /* bytes on other memories */
    uint64_t absent;  /* bytes not present (swapped out, given back) */
} hetmem_verification;

/* Counts again and compares with the placement. */
HETMEM_EXPORT int hetmem_region_verify(const hetmem_region* region, hetmem_verification* out);

enum hetmem_migrate_flag {
    /* As far as it goes; otherwise all of it gets there, or it is put back and the call fails. */
    HETMEM_MIGRATE_PARTLY = 1
};

typedef struct hetmem_migrate_options {
    size_t struct_size;
    uint64_t flags;   /* enum hetmem_migrate_flag */
    uint64_t reserve; /* as in hetmem_region_options */
    unsigned threads; /* that move; 0: as many as help */
    unsigned reserved;
    void* context; /* given to the functions below, each of which may be NULL */
    /* Called now and then; what is not 0 stops. */
    int (*progress)(void* context, uint64_t done, uint64_t total);
    /* Needed where dax devices or directories are involved: nobody may touch the region from when
     * quiesce returned until resume is called, which happens on failure too. */
    void (*quiesce)(void* context);
    void (*resume)(void* context);
} hetmem_migrate_options;

typedef struct hetmem_migration {
    size_t struct_size;
    int complete;       /* 1: every page is where the new placement says */
    int reserved;       /* 0 */
    uint64_t moved;     /* bytes that changed their memory */
    uint64_t remaining; /* bytes that are not where the new placement says */
} hetmem_migration;

/* Moves the pages while other threads go on using them. `options` and `out` may be NULL. With
 * HETMEM_MIGRATE_PARTLY a migration that is not complete is no failure: `out` tells how far it
 * went, and hetmem_error_text() what stopped it. */
HETMEM_EXPORT int hetmem_region_migrate(hetmem_region* region, const hetmem_placement* to,
                                        const hetmem_migrate_options* options,
                                        hetmem_migration* out);
/* mlock(2) and munlock(2). -EPERM when RLIMIT_MEMLOCK is too small. */
HETMEM_EXPORT int hetmem_region_lock(hetmem_region* region);
HETMEM_EXPORT int hetmem_region_unlock(hetmem_region* region);
HETMEM_EXPORT void hetmem_region_free(hetmem_region* region);

/* Moves pages of another process, as far as it goes (with all of `options` but quiesce and resume).
 * `pattern` is a shell pattern for the names of mappings, "[anon]" for anonymous ones; NULL: all.
 * -ESRCH, -EPERM. */
HETMEM_EXPORT int hetmem_migrate_process(int pid, const hetmem_placement* to, const char* pattern,
                                         const hetmem_migrate_options* options,
                                         hetmem_migration* out);

/* ---- Pools --------------------------------------------------------------------------------- */

/* Objects of any size inside a placement. */
typedef struct hetmem_pool hetmem_pool;

enum hetmem_pool_flag {
    HETMEM_POOL_LIMITED = 1 /* `limit` counts, also when it is 0 */
};

typedef struct hetmem_pool_options {
    size_t struct_size;
    uint64_t flags;   /* enum hetmem_pool_flag */
    int pages;        /* enum hetmem_page_size */
    int reserved;     /* 0 */
    uint64_t limit;   /* the most that the pool takes; 0 without the flag: as much as there is */
    uint64_t reserve; /* as in hetmem_region_options */
} hetmem_pool_options;

/* Takes nothing from the placement yet. `options` may be NULL. */
HETMEM_EXPORT int hetmem_pool_create(const hetmem_placement* where,
                                     const hetmem_pool_options* options, hetmem_pool** out);
/* Frees every object that is left and gives all memory back. */
HETMEM_EXPORT void hetmem_pool_destroy(hetmem_pool* pool);

/* Uninitialised memory, aligned for every type; never NULL for 0 bytes. NULL, with errno set to
 * ENOMEM, when the pool's limit or its placement is exhausted: hetmem_error_text() says which. */
HETMEM_EXPORT void* hetmem_pool_allocate(hetmem_pool* pool, size_t bytes);
/* `alignment` is a power of two up to 1 GiB; errno is EINVAL otherwise. */
HETMEM_EXPORT void* hetmem_pool_allocate_aligned(hetmem_pool* pool, size_t alignment, size_t bytes);
/* Zeroed memory for `count` objects of `bytes`. */
HETMEM_EXPORT void* hetmem_pool_allocate_zeroed(hetmem_pool* pool, size_t count, size_t bytes);
/* Grows or shrinks, moving if it must; NULL allocates. On failure (NULL) the object is as it was.
 * The object may be of any pool; what is returned is of this one. 0 bytes do not free. */
HETMEM_EXPORT void* hetmem_pool_reallocate(hetmem_pool* pool, void* object, size_t bytes);
/* Frees an object of whichever pool, from any thread; a null pointer is ignored; errno is kept. */
HETMEM_EXPORT void hetmem_free(void* object);
/* How many bytes of the object may be used; 0 for what is no object of a pool. */
HETMEM_EXPORT size_t hetmem_usable_size(const void* object);
/* The pool that an object is of; NULL when it is of none. */
HETMEM_EXPORT hetmem_pool* hetmem_pool_of(const void* object);

/* Gives memory that no object uses back; *bytes (may be NULL) is how much that was. */
HETMEM_EXPORT int hetmem_pool_trim(hetmem_pool* pool, uint64_t* bytes);

typedef struct hetmem_pool_statistics {
    size_t struct_size;
    uint64_t in_use; /* handed out, in usable sizes */
    uint64_t in_use_peak;
    uint64_t held; /* taken from the placement */
    uint64_t held_peak;
    uint64_t allocations; /* objects ever handed out */
    uint64_t live;        /* objects handed out and not freed */
} hetmem_pool_statistics;

HETMEM_EXPORT int hetmem_pool_statistics_get(const hetmem_pool* pool, hetmem_pool_statistics* out);
/* What is held, by target, as it was granted. */
HETMEM_EXPORT int hetmem_pool_granted(const hetmem_pool* pool, hetmem_residency** out);
/* Where the pages are, counted now. */
HETMEM_EXPORT int hetmem_pool_where(const hetmem_pool* pool, hetmem_residency** out);

#ifdef __cplusplus
}
#endif
