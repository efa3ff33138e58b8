/* place.c: memory exactly where it was asked for, or an error; in C11.
 *
 *     place [PLACEMENT [DESTINATION [MIB]]]
 *
 * A placement is written as for `hetmem run`: "hbm", "bind:node2", "chain:hbm,node0",
 * "interleave:node0:3,node2:1". Without one: the memory with the highest read bandwidth from here,
 * then the others; without a destination: the largest memory.
 *
 * Build: cc -std=c11 place.c $(pkg-config --cflags --libs hetmem)
 */
#include <hetmem/hetmem.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every call that can fail returns 0 or a negative errno value; the text says more. */
static int failed(const char* what, int fault) {
    if (fault == 0) {
        return 0;
    }
    fprintf(stderr, "%s: %s\n", what, hetmem_error_text());
    hetmem_shortage shortage = {.struct_size = sizeof shortage};
    if (hetmem_last_shortage(&shortage) == 0) {
        fprintf(stderr, "%" PRIu64 " MiB could have been had\n", shortage.available >> 20);
    }
    return 1;
}

static int print(const char* what, const hetmem_region* region) {
    hetmem_residency* where = NULL;
    if (failed("where", hetmem_region_where(region, &where))) {
        return 1;
    }
    printf("%-28s", what);
    for (size_t i = 0; i < hetmem_residency_count(where); ++i) {
        hetmem_share share = {.struct_size = sizeof share};
        if (hetmem_residency_get(where, i, &share) == 0) {
            printf("  %s %" PRIu64 " MiB", share.target, share.bytes >> 20);
        }
    }
    printf("\n");
    hetmem_residency_free(where);
    return 0;
}

/* The kernel cannot move the pages of a dax device or of a file: they are copied, and from when
 * quiesce returned until resume is called nobody may touch them. Here nobody else does. */
static void quiesce(void* context) {
    (void)context;
}
static void resume(void* context) {
    (void)context;
}

/* A region: large memory, page by page where the placement says. */
static int use_region(const hetmem_placement* where, const hetmem_placement* destination,
                      uint64_t bytes) {
    hetmem_region* region = NULL;
    if (failed("region", hetmem_region_create(bytes, where, NULL, &region))) {
        return 1; /* nothing is held */
    }
    memset(hetmem_region_data(region), 42, hetmem_region_size(region));
    int fault = print("as asked:", region);

    hetmem_verification now = {.struct_size = sizeof now};
    fault |= failed("verify", hetmem_region_verify(region, &now));
    printf("%-28s  %s\n", "still where it was asked:", now.kept ? "yes" : "no");

    /* All of it, or it is put back and the call fails. */
    hetmem_migrate_options how = {.struct_size = sizeof how};
    how.quiesce = quiesce;
    how.resume = resume;
    hetmem_migration moved = {.struct_size = sizeof moved};
    fault |= failed("migrate", hetmem_region_migrate(region, destination, &how, &moved));
    fault |= print("after the migration:", region);
    hetmem_region_free(region);
    return fault;
}

/* A pool: objects of any size in the same memory. */
static int use_pool(const hetmem_placement* where) {
    hetmem_pool* pool = NULL;
    hetmem_pool_options options = {.struct_size = sizeof options, .limit = (uint64_t)256 << 20};
    if (failed("pool", hetmem_pool_create(where, &options, &pool))) {
        return 1;
    }
    char* words = hetmem_pool_allocate(pool, 64);
    if (words == NULL) { /* as malloc: errno is ENOMEM, and the text names limit or memory */
        fprintf(stderr, "pool: %s\n", hetmem_error_text());
        hetmem_pool_destroy(pool);
        return 1;
    }
    strcpy(words, "an object of the pool");
    char name[32];
    int fault = failed("target_of", hetmem_target_of(words, name, sizeof name));
    if (fault == 0) {
        printf("%-28s  %s\n", words, name);
    }
    hetmem_free(words); /* finds the pool by itself, from any thread */
    hetmem_pool_destroy(pool);
    return fault;
}

int main(int count, char** arguments) {
    hetmem_topology* machine = NULL;
    hetmem_placement* where = NULL;
    hetmem_placement* destination = NULL;
    const char* const first = count > 1 ? arguments[1] : "best:read_bandwidth";
    const char* const then = count > 2 ? arguments[2] : "best:capacity";
    const uint64_t bytes = (count > 3 ? strtoull(arguments[3], NULL, 10) : 64) << 20;

    int fault = failed("discover", hetmem_discover(NULL, &machine)) ||
                failed(first, hetmem_placement_parse(machine, first, &where)) ||
                failed(then, hetmem_placement_parse(machine, then, &destination));
    hetmem_topology_free(machine); /* placements need it no longer */
    if (!fault) {
        fault = use_region(where, destination, bytes) || use_pool(where);
    }
    hetmem_placement_free(destination);
    hetmem_placement_free(where);
    return fault ? 1 : 0;
}
