/* Uses every function of hetmem.h, as a C11 program does: everything [TARGET]
 * Exits 1 naming what went wrong. The target is an ordinary memory ("node0"). */
#define _DEFAULT_SOURCE /* fork, mkstemp */
#include <hetmem/hetmem.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int faults = 0;

static void expect_at(int holds, const char* what, int line) {
    if (!holds) {
        fprintf(stderr, "line %d: %s: %s\n", line, what, hetmem_error_text());
        ++faults;
    }
}
#define EXPECT(holds) expect_at((holds), #holds, __LINE__)
/* What the rest cannot do without. */
#define NEED(holds)                                                                                \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            fprintf(stderr, "line %d: %s: %s\n", __LINE__, #holds, hetmem_error_text());           \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define MIB ((size_t)1 << 20)

static void use_version(void) {
    EXPECT(hetmem_version() == HETMEM_VERSION);
    EXPECT(HETMEM_VERSION >= HETMEM_VERSION_OF(0, 1, 0));
}

/* The number of the target that the program is to use. */
static size_t find(const hetmem_topology* machine, const char* name) {
    size_t number = (size_t)-1;
    NEED(hetmem_target_find(machine, name, &number) == 0);
    return number;
}

static void use_topology(const hetmem_topology* machine, const char* name) {
    const size_t count = hetmem_target_count(machine);
    EXPECT(count >= 1);
    EXPECT(hetmem_target_count(NULL) == 0);
    hetmem_target_info info = {.struct_size = sizeof info};
    for (size_t i = 0; i < count; ++i) {
        EXPECT(hetmem_target_get(machine, i, &info) == 0);
        EXPECT(info.name[0] != '\0' && info.kind_reason != NULL && info.reserved_reason != NULL);
        EXPECT(hetmem_kind_name(info.kind) != NULL);
        EXPECT(info.reserved == (info.reserved_reason[0] != '\0'));
    }
    EXPECT(hetmem_target_get(machine, find(machine, name), &info) == 0);
    EXPECT(strcmp(info.name, name) == 0 && info.node >= 0 && info.state != HETMEM_STATE_OFFLINE);
    EXPECT(info.bytes != HETMEM_UNKNOWN && info.free_bytes <= info.bytes);
    EXPECT(hetmem_target_get(machine, count, &info) == -ENXIO);
    size_t none = 0;
    EXPECT(hetmem_target_find(machine, "no such thing", &none) == -ENXIO);
    EXPECT(strstr(hetmem_error_text(), "no such thing") != NULL);
    EXPECT(hetmem_kind_name(-1) == NULL && hetmem_kind_name(1000) == NULL);
    EXPECT(strcmp(hetmem_kind_name(HETMEM_KIND_HBM), "hbm") == 0);

    EXPECT(hetmem_initiator_count(NULL) == 0);
    NEED(hetmem_initiator_count(machine) >= 1);
    hetmem_initiator_info initiator = {.struct_size = sizeof initiator};
    EXPECT(hetmem_initiator_get(machine, 0, &initiator) == 0);
    EXPECT(initiator.name[0] != '\0');
    EXPECT(hetmem_initiator_get(machine, 1000000, &initiator) == -ENXIO);
    size_t from = (size_t)-1;
    EXPECT(hetmem_initiator_of_cpu(machine, 100000, &from) == -ENXIO);
    EXPECT(hetmem_initiator_of_cpu(machine, 0, &from) == 0);
    EXPECT(hetmem_initiator_best(machine, find(machine, name), &from) == 0);
    EXPECT(from < hetmem_initiator_count(machine));
    for (int quantity = HETMEM_READ_LATENCY; quantity <= HETMEM_WRITE_BANDWIDTH; ++quantity) {
        hetmem_figure figure = {.struct_size = sizeof figure};
        EXPECT(hetmem_figure_get(machine, from, find(machine, name), 0, quantity, &figure) == 0);
        EXPECT((figure.state == HETMEM_FIGURE_UNKNOWN) == (figure.source[0] == '\0'));
        EXPECT((figure.state == HETMEM_FIGURE_KNOWN) || figure.value == 0);
        EXPECT(hetmem_figure_get(machine, from, count, 0, quantity, &figure) == -ENXIO);
    }
    hetmem_figure figure = {.struct_size = sizeof figure};
    EXPECT(hetmem_figure_get(machine, from, 0, 0, 99, &figure) == -EINVAL);
}

static void use_json(const hetmem_topology* machine) {
    char* text = NULL;
    size_t length = 0;
    NEED(hetmem_topology_to_json(machine, &text, &length) == 0);
    EXPECT(length > 0 && strlen(text) == length);
    hetmem_topology* same = NULL;
    NEED(hetmem_topology_from_json(text, length, &same) == 0);
    EXPECT(hetmem_target_count(same) == hetmem_target_count(machine));
    hetmem_topology_free(same);
    hetmem_text_free(text);

    same = NULL;
    EXPECT(hetmem_topology_from_json("{", 1, &same) == -EBADMSG);
    EXPECT(same == NULL);

    char file[] = "/tmp/hetmem-c-XXXXXX";
    const int descriptor = mkstemp(file);
    NEED(descriptor >= 0);
    close(descriptor);
    EXPECT(hetmem_topology_save(machine, file) == 0);
    EXPECT(hetmem_topology_load(file, &same) == 0);
    hetmem_topology_free(same);
    unlink(file);
    EXPECT(hetmem_topology_load(file, &same) == -ENOENT);
}

static void use_ranking(const hetmem_topology* machine) {
    size_t order[4] = {0};
    size_t count = 4;
    EXPECT(hetmem_rank(machine, HETMEM_BY_CAPACITY, NULL, order, &count) == 0);
    EXPECT(count >= 1);
    EXPECT(order[0] < hetmem_target_count(machine));
    size_t places = 0;
    EXPECT(hetmem_rank(machine, HETMEM_BY_CAPACITY, NULL, NULL, &places) == 0);
    EXPECT(places == count);

    const size_t from[] = {0};
    hetmem_rank_options options = {.struct_size = sizeof options, .initiators = from};
    options.initiator_count = 1;
    options.flags = HETMEM_RANK_INCLUDE_RESERVED;
    count = 4;
    EXPECT(hetmem_rank(machine, HETMEM_BY_CAPACITY, &options, order, &count) == 0);
    EXPECT(count >= places);
    options.flags = (uint64_t)1 << 40;
    EXPECT(hetmem_rank(machine, HETMEM_BY_CAPACITY, &options, order, &count) == -EINVAL);
    options.flags = 0;
    const size_t nobody[] = {1000000};
    options.initiators = nobody;
    EXPECT(hetmem_rank(machine, HETMEM_BY_CAPACITY, &options, order, &count) == -ENXIO);
    EXPECT(hetmem_rank(machine, 77, NULL, order, &count) == -EINVAL);
}

static void expect_text(const hetmem_placement* placement, const char* expected) {
    char text[200] = "";
    size_t length = 0;
    EXPECT(hetmem_placement_format(placement, text, sizeof text, &length) == 0);
    EXPECT(strncmp(text, expected, strlen(expected)) == 0);
    EXPECT(strlen(text) == length);
    char small[4];
    EXPECT(hetmem_placement_format(placement, small, sizeof small, &length) == -ERANGE);
    EXPECT(strlen(small) == 3 && length > 3);
    EXPECT(hetmem_placement_format(placement, NULL, 0, &length) == -ERANGE);
}

static void use_placements(const hetmem_topology* machine, const char* name) {
    const char* const names[] = {name};
    const unsigned weights[] = {3};
    hetmem_placement* made = NULL;
    NEED(hetmem_placement_bind(machine, name, &made) == 0);
    expect_text(made, "bind:");
    hetmem_placement_free(made);
    NEED(hetmem_placement_chain(machine, names, 1, &made) == 0);
    expect_text(made, "chain:");
    hetmem_placement_free(made);
    NEED(hetmem_placement_prefer(machine, name, &made) == 0);
    expect_text(made, "prefer:");
    hetmem_placement_free(made);
    NEED(hetmem_placement_best(machine, HETMEM_BY_CAPACITY, NULL, &made) == 0);
    hetmem_placement_free(made);
    NEED(hetmem_placement_interleave(machine, names, NULL, 1, &made) == 0);
    hetmem_placement_free(made);
    NEED(hetmem_placement_interleave(machine, names, weights, 1, &made) == 0);
    expect_text(made, "interleave:");
    const char* const overflow[] = {"/tmp"};
    EXPECT(hetmem_placement_set_overflow(made, machine, overflow, 1) == 0);
    EXPECT(hetmem_placement_set_headroom(made, 64 * MIB) == 0);
    hetmem_placement_free(made);
    made = NULL;
    EXPECT(hetmem_placement_bind(machine, "no such thing", &made) == -ENXIO);
    EXPECT(hetmem_placement_parse(machine, "bind:", &made) == -EINVAL);
    EXPECT(hetmem_placement_chain(machine, names, 0, &made) == -EINVAL);
    EXPECT(hetmem_placement_chain(machine, NULL, 1, &made) == -EINVAL);
    EXPECT(hetmem_placement_bind(NULL, name, &made) == -EINVAL);
    EXPECT(hetmem_placement_bind(machine, NULL, &made) == -EINVAL);
    EXPECT(hetmem_placement_bind(machine, name, NULL) == -EINVAL);
    EXPECT(made == NULL);
    hetmem_placement_free(NULL);
}

static void use_residency(const hetmem_residency* where, const char* name, int node,
                          uint64_t bytes) {
    EXPECT(hetmem_residency_on(where, name) >= bytes);
    EXPECT(hetmem_residency_on_node(where, node) >= bytes);
    EXPECT(hetmem_residency_present(where) >= bytes);
    uint64_t sum = 0;
    for (size_t i = 0; i < hetmem_residency_count(where); ++i) {
        hetmem_share share = {.struct_size = sizeof share};
        EXPECT(hetmem_residency_get(where, i, &share) == 0);
        EXPECT(share.target[0] != '\0' && share.bytes != 0);
        sum += share.bytes;
    }
    EXPECT(sum == hetmem_residency_present(where));
    hetmem_share none = {.struct_size = sizeof none};
    EXPECT(hetmem_residency_get(where, hetmem_residency_count(where), &none) == -ENXIO);
    EXPECT(hetmem_residency_on(where, "no such thing") == 0);
    EXPECT(hetmem_residency_on(NULL, name) == 0 && hetmem_residency_on_node(NULL, 0) == 0);
    EXPECT(hetmem_residency_present(NULL) == 0 && hetmem_residency_absent(NULL) == 0);
    EXPECT(hetmem_residency_unknown(NULL) == 0 && hetmem_residency_count(NULL) == 0);
}

static int asked_to_go_on = 0;
static int go_on(void* context, uint64_t done, uint64_t total) {
    ++*(int*)context;
    EXPECT(done <= total);
    return 0;
}

static void use_regions(const hetmem_topology* machine, const hetmem_placement* where,
                        const char* name) {
    hetmem_target_info info = {.struct_size = sizeof info};
    EXPECT(hetmem_target_get(machine, find(machine, name), &info) == 0);
    hetmem_region* region = NULL;
    hetmem_region_options options = {.struct_size = sizeof options, .alignment = 8 * MIB};
    options.flags = HETMEM_REGION_KEEP_ON_FORK;
    options.threads = 1;
    NEED(hetmem_region_create(20 * MIB, where, &options, &region) == 0);
    unsigned char* const data = hetmem_region_data(region);
    EXPECT(hetmem_region_size(region) == 20 * MIB);
    EXPECT((uintptr_t)data % (8 * MIB) == 0);
    EXPECT(data[0] == 0 && data[20 * MIB - 1] == 0);
    memset(data, 7, 20 * MIB);

    hetmem_residency* seen = NULL;
    NEED(hetmem_region_where(region, &seen) == 0);
    use_residency(seen, name, info.node, 20 * MIB);
    EXPECT(hetmem_residency_absent(seen) == 0 && hetmem_residency_unknown(seen) == 0);
    hetmem_residency_free(seen);
    NEED(hetmem_where(data, 4 * MIB, &seen) == 0);
    EXPECT(hetmem_residency_present(seen) >= 4 * MIB);
    hetmem_residency_free(seen);
    NEED(hetmem_where_process((int)getpid(), &seen) == 0);
    use_residency(seen, name, info.node, 20 * MIB);
    hetmem_residency_free(seen);
    hetmem_residency_free(NULL);
    char found[32];
    EXPECT(hetmem_target_of(data, found, sizeof found) == 0 && strcmp(found, name) == 0);
    EXPECT(hetmem_target_of(data, found, 2) == -ERANGE);

    hetmem_verification verified = {.struct_size = sizeof verified};
    EXPECT(hetmem_region_verify(region, &verified) == 0);
    EXPECT(verified.kept == 1 && verified.strayed == 0 && verified.absent == 0);

    hetmem_migration moved = {.struct_size = sizeof moved};
    hetmem_migrate_options how = {.struct_size = sizeof how, .flags = HETMEM_MIGRATE_PARTLY};
    how.progress = go_on;
    how.context = &asked_to_go_on;
    EXPECT(hetmem_region_migrate(region, where, &how, &moved) == 0);
    EXPECT(moved.complete == 1 && moved.remaining == 0);
    EXPECT(hetmem_region_migrate(region, where, NULL, NULL) == 0);
    EXPECT(hetmem_migrate_process((int)getpid(), where, "no mapping is called so", NULL, &moved) ==
           -ENOENT);
    EXPECT(hetmem_migrate_process(0x7ffffff0, where, NULL, NULL, &moved) == -ESRCH);
    EXPECT(data[12345] == 7);

    if (hetmem_region_lock(region) == 0) {
        EXPECT(hetmem_region_unlock(region) == 0);
    } else {
        EXPECT(strstr(hetmem_error_text(), "RLIMIT_MEMLOCK") != NULL);
    }
    hetmem_region_free(region);

    /* What is not there: nothing is held, and the reason is told. */
    region = NULL;
    EXPECT(hetmem_region_create((uint64_t)1 << 45, where, NULL, &region) == -ENOMEM);
    EXPECT(region == NULL && hetmem_error_text()[0] != '\0');
    hetmem_shortage shortage = {.struct_size = sizeof shortage};
    EXPECT(hetmem_last_shortage(&shortage) == 0);
    EXPECT(shortage.reason >= HETMEM_SHORT_TARGET && shortage.reason <= HETMEM_SHORT_SYSTEM);
    EXPECT(shortage.available < (uint64_t)1 << 45);
    EXPECT(hetmem_region_create(0, where, NULL, &region) == -EINVAL);
    EXPECT(hetmem_last_shortage(&shortage) == -ENODATA);
    options.flags = 1 << 20;
    EXPECT(hetmem_region_create(MIB, where, &options, &region) == -EINVAL);
    options.flags = 0;
    options.struct_size = 0;
    EXPECT(hetmem_region_create(MIB, where, &options, &region) == -EINVAL);
    EXPECT(hetmem_region_data(NULL) == NULL && hetmem_region_size(NULL) == 0);
    hetmem_region_free(NULL);
}

static void* free_elsewhere(void* object) {
    hetmem_free(object);
    EXPECT(strcmp(hetmem_error_text(), "") == 0); /* nothing failed in this thread */
    return NULL;
}

static void use_pools(const hetmem_placement* where, const char* name) {
    hetmem_pool_options options = {.struct_size = sizeof options, .limit = 64 * MIB};
    hetmem_pool* pool = NULL;
    NEED(hetmem_pool_create(where, &options, &pool) == 0);

    char* text = hetmem_pool_allocate(pool, 100);
    NEED(text != NULL);
    memset(text, 'x', 100);
    EXPECT(hetmem_pool_of(text) == pool && hetmem_pool_of(&options) == NULL);
    EXPECT(hetmem_usable_size(text) >= 100 && hetmem_usable_size(&options) == 0);
    text = hetmem_pool_reallocate(pool, text, 5 * MIB);
    NEED(text != NULL);
    EXPECT(text[0] == 'x' && text[99] == 'x');
    void* const aligned = hetmem_pool_allocate_aligned(pool, 4096, 10);
    EXPECT(aligned != NULL && (uintptr_t)aligned % 4096 == 0);
    errno = 0;
    EXPECT(hetmem_pool_allocate_aligned(pool, 100, 10) == NULL && errno == EINVAL);
    unsigned char* const zeroed = hetmem_pool_allocate_zeroed(pool, 100, 10);
    EXPECT(zeroed != NULL && zeroed[0] == 0 && zeroed[999] == 0);

    hetmem_pool_statistics seen = {.struct_size = sizeof seen};
    EXPECT(hetmem_pool_statistics_get(pool, &seen) == 0);
    EXPECT(seen.live == 3 && seen.in_use >= 5 * MIB && seen.held >= seen.in_use);
    EXPECT(seen.held <= 64 * MIB);
    hetmem_residency* granted = NULL;
    NEED(hetmem_pool_granted(pool, &granted) == 0);
    EXPECT(hetmem_residency_on(granted, name) == seen.held);
    hetmem_residency_free(granted);
    NEED(hetmem_pool_where(pool, &granted) == 0);
    EXPECT(hetmem_residency_on(granted, name) == seen.held);
    hetmem_residency_free(granted);

    errno = 0;
    EXPECT(hetmem_pool_allocate(pool, 100 * MIB) == NULL && errno == ENOMEM);
    EXPECT(strstr(hetmem_error_text(), "limit") != NULL);
    EXPECT(hetmem_pool_reallocate(pool, text, 100 * MIB) == NULL && text[99] == 'x');
    EXPECT(hetmem_pool_allocate_zeroed(pool, SIZE_MAX / 2, 3) == NULL && errno == ENOMEM);
    EXPECT(hetmem_pool_allocate(NULL, 1) == NULL && errno == EINVAL);

    pthread_t thread;
    NEED(pthread_create(&thread, NULL, free_elsewhere, text) == 0);
    pthread_join(thread, NULL);
    errno = 33;
    hetmem_free(aligned);
    hetmem_free(zeroed);
    hetmem_free(NULL);
    EXPECT(errno == 33);
    uint64_t returned = 0;
    EXPECT(hetmem_pool_trim(pool, &returned) == 0);
    EXPECT(hetmem_pool_trim(pool, NULL) == 0);
    EXPECT(hetmem_pool_statistics_get(pool, &seen) == 0);
    EXPECT(seen.live == 0 && seen.in_use == 0 && seen.held_peak >= 5 * MIB);

    char* const kept = hetmem_pool_allocate(pool, 10);
    kept[0] = 'p';
    const pid_t child = fork();
    if (child == 0) {
        kept[0] = 'c';
        void* const more = hetmem_pool_allocate(pool, 3 * MIB);
        hetmem_free(kept);
        _exit(more != NULL ? 0 : 1);
    }
    int status = 1;
    waitpid(child, &status, 0);
    EXPECT(status == 0 && kept[0] == 'p');
    hetmem_pool_destroy(pool); /* frees what is left */
    hetmem_pool_destroy(NULL);

    options.limit = 0;
    options.flags = HETMEM_POOL_LIMITED;
    NEED(hetmem_pool_create(where, &options, &pool) == 0);
    EXPECT(hetmem_pool_allocate(pool, 1) == NULL);
    hetmem_pool_destroy(pool);
    options.pages = 99;
    EXPECT(hetmem_pool_create(where, &options, &pool) == -EINVAL);
}

int main(int count, char** words) {
    const char* const name = count > 1 ? words[1] : "node0";
    use_version();
    EXPECT(strcmp(hetmem_error_text(), "") == 0);
    hetmem_shortage shortage = {.struct_size = sizeof shortage};
    EXPECT(hetmem_last_shortage(&shortage) == -ENODATA);

    hetmem_topology* machine = NULL;
    EXPECT(hetmem_discover("/no/such/folder", &machine) < 0 && machine == NULL);
    NEED(hetmem_discover(NULL, &machine) == 0);
    use_topology(machine, name);
    use_json(machine);
    use_ranking(machine);
    use_placements(machine, name);
    hetmem_placement* where = NULL;
    NEED(hetmem_placement_parse(machine, name, &where) == 0);
    use_regions(machine, where, name);
    hetmem_topology_free(machine);
    hetmem_topology_free(NULL);
    use_pools(where, name); /* needs the topology no longer */
    hetmem_placement_free(where);
    return faults == 0 ? 0 : 1;
}
