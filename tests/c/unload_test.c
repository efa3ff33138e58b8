/* Loads the library while threads run, uses a pool, forks, and closes it: unload LIBRARY [TARGET]
 * Threads that used it and end later, and later forks, must not miss it. */
#define _DEFAULT_SOURCE /* fork */
#include <hetmem/hetmem.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_barrier_t loaded, used, unloaded;
static void* (*allocate)(hetmem_pool*, size_t);
static void (*release)(void*);
static hetmem_pool* pool = NULL;

/* Is there before the library and after it, so that its exit meets what the library left. */
static void* outlive(void* object_is_there) {
    pthread_barrier_wait(&loaded);
    void* const object = allocate(pool, 1000);
    *(int*)object_is_there = object != NULL;
    release(object);
    pthread_barrier_wait(&used);
    pthread_barrier_wait(&unloaded);
    return NULL;
}

static int fork_works(void) {
    const pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    int status = 1;
    waitpid(child, &status, 0);
    return status == 0;
}

/* ISO C has no conversion from an object pointer to a function; POSIX wants one. */
static int find(void* library, const char* name, void* function) {
    void* const found = dlsym(library, name);
    memcpy(function, &found, sizeof found);
    return found != NULL;
}

int main(int count, char** words) {
    if (count < 2) {
        return 2;
    }
    const char* const target = count > 2 ? words[2] : "node0";
    int (*discover)(const char*, hetmem_topology**);
    int (*bind)(const hetmem_topology*, const char*, hetmem_placement**);
    int (*create)(const hetmem_placement*, const hetmem_pool_options*, hetmem_pool**);
    void (*forget_machine)(hetmem_topology*);
    void (*forget_placement)(hetmem_placement*);
    void (*destroy)(hetmem_pool*);
    const char* (*error_text)(void);

    pthread_barrier_init(&loaded, NULL, 2);
    pthread_barrier_init(&used, NULL, 2);
    pthread_barrier_init(&unloaded, NULL, 2);
    int object_was_there = 0;
    pthread_t thread;
    if (pthread_create(&thread, NULL, outlive, &object_was_there) != 0) {
        return 1;
    }
    void* const library = dlopen(words[1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    if (!find(library, "hetmem_discover", &discover) ||
        !find(library, "hetmem_placement_bind", &bind) ||
        !find(library, "hetmem_pool_create", &create) ||
        !find(library, "hetmem_pool_allocate", &allocate) ||
        !find(library, "hetmem_free", &release) ||
        !find(library, "hetmem_topology_free", &forget_machine) ||
        !find(library, "hetmem_placement_free", &forget_placement) ||
        !find(library, "hetmem_pool_destroy", &destroy) ||
        !find(library, "hetmem_error_text", &error_text)) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    hetmem_topology* machine = NULL;
    hetmem_placement* where = NULL;
    if (discover(NULL, &machine) != 0 || bind(machine, target, &where) != 0 ||
        create(where, NULL, &pool) != 0) {
        fprintf(stderr, "%s\n", error_text());
        return 1;
    }
    pthread_barrier_wait(&loaded);
    pthread_barrier_wait(&used);
    void* const mine = allocate(pool, 3 << 20);
    const int works = mine != NULL && object_was_there && fork_works();
    destroy(pool);
    forget_placement(where);
    forget_machine(machine);
    if (dlclose(library) != 0) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    pthread_barrier_wait(&unloaded);
    pthread_join(thread, NULL);
    if (!works || !fork_works()) {
        fprintf(stderr, "the pool or a fork did not work\n");
        return 1;
    }
    return 0;
}
