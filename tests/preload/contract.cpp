// A program that knows nothing of hetmem and holds its malloc to what the manual pages promise:
//
//     LD_PRELOAD=libhetmem-malloc.so contract alignment
//
// Silent and 0 when all is well; otherwise a line on standard error and 1.
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <new>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t mib = std::size_t{1} << 20;
constexpr std::size_t too_large = std::size_t{1} << 63;

void expect_at(bool is_so, int line, const char* text) {
    if (!is_so) {
        std::fprintf(stderr, "contract.cpp:%d: not so: %s\n", line, text);
        std::_Exit(1);
    }
}
#define EXPECT(condition) expect_at((condition), __LINE__, #condition)

/// Keeps the compiler from seeing through a pointer: it may leave out a malloc that is freed.
template <class T> T* opaque(T* object) {
    asm volatile("" : "+r"(object) : : "memory");
    return object;
}
std::size_t opaque(std::size_t number) {
    asm volatile("" : "+r"(number));
    return number;
}

bool is_aligned(const void* object, std::size_t alignment) {
    return reinterpret_cast<std::uintptr_t>(object) % alignment == 0;
}

bool is_all(const void* object, std::size_t bytes, unsigned char value) {
    const auto* const start = static_cast<const unsigned char*>(object);
    return std::all_of(start, start + bytes, [value](unsigned char one) { return one == value; });
}

std::size_t resident_bytes() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        if (word == "RssAnon:" || word == "RssShmem:") {
            std::size_t kib = 0;
            status >> kib;
            return kib * 1024;
        }
    }
    return 0;
}

/// The line of /proc/self/numa_maps of the mapping that has this address.
std::string numa_map_of(const void* address) {
    std::ifstream maps("/proc/self/numa_maps");
    std::string found;
    for (std::string line; std::getline(maps, line);) {
        if (std::stoull(line, nullptr, 16) > reinterpret_cast<std::uintptr_t>(address)) {
            break;
        }
        found = line;
    }
    return found;
}

/// Also in a child: nothing that allocates stands between.
void end_child(bool is_well) {
    ::_exit(is_well ? 0 : 1);
}
bool child_was_well(pid_t child) {
    int status = -1;
    return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void is_preloaded() {
    for (const char* name :
         {"malloc", "free", "calloc", "realloc", "reallocarray", "memalign", "aligned_alloc",
          "posix_memalign", "valloc", "pvalloc", "malloc_usable_size", "malloc_trim"}) {
        Dl_info info{};
        EXPECT(::dladdr(::dlsym(RTLD_DEFAULT, name), &info) != 0);
        EXPECT(std::strstr(info.dli_fname, "libhetmem-malloc.so") != nullptr);
    }
}

void errors() {
    for (const std::size_t bytes : {too_large, ~std::size_t{0}, too_large + 4096}) {
        errno = 0;
        EXPECT(std::malloc(opaque(bytes)) == nullptr && errno == ENOMEM);
        errno = 0;
        EXPECT(std::calloc(1, opaque(bytes)) == nullptr && errno == ENOMEM);
        errno = 0;
        EXPECT(::memalign(64, opaque(bytes)) == nullptr && errno == ENOMEM);
        errno = 0;
        EXPECT(::valloc(opaque(bytes)) == nullptr && errno == ENOMEM);
        errno = 0;
        EXPECT(::pvalloc(opaque(bytes)) == nullptr && errno == ENOMEM);
    }
    errno = 0;
    EXPECT(std::calloc(opaque(std::size_t{1} << 33), std::size_t{1} << 33) == nullptr);
    EXPECT(errno == ENOMEM);
    errno = 0;
    EXPECT(::reallocarray(nullptr, opaque(std::size_t{1} << 33), std::size_t{1} << 33) == nullptr);
    EXPECT(errno == ENOMEM);

    void* object = &object;
    void* const before = object;
    for (const std::size_t alignment :
         {std::size_t{0}, std::size_t{1}, std::size_t{4}, std::size_t{24}, std::size_t{48}}) {
        EXPECT(::posix_memalign(&object, alignment, 16) == EINVAL && object == before);
    }
    errno = 77;
    EXPECT(::posix_memalign(&object, 64, opaque(too_large)) == ENOMEM && errno == 77);
    EXPECT(object == before);
    errno = 0;
    EXPECT(::aligned_alloc(opaque(std::size_t{48}), 96) == nullptr && errno == EINVAL);

    // What cannot grow stays as it is.
    auto* const kept = static_cast<char*>(std::malloc(100));
    std::memset(kept, 'k', 100);
    errno = 0;
    EXPECT(std::realloc(opaque(kept), opaque(too_large)) == nullptr && errno == ENOMEM);
    EXPECT(is_all(kept, 100, 'k'));
    for (const std::size_t bytes : {std::size_t{1}, std::size_t{100}, 40 * mib, 300 * mib}) {
        void* const freed = opaque(std::malloc(bytes));
        EXPECT(freed != nullptr);
        errno = 77;
        std::free(freed);
        EXPECT(errno == 77);
    }
    errno = 77;
    std::free(nullptr);
    std::free(kept);
    EXPECT(errno == 77);
}

void alignment() {
    std::vector<void*> objects;
    for (std::size_t bytes = 0; bytes < 5000; bytes += 7) {
        objects.push_back(std::malloc(bytes));
        EXPECT(objects.back() != nullptr && is_aligned(objects.back(), 16));
        objects.push_back(std::calloc(1, bytes));
        EXPECT(is_aligned(objects.back(), 16));
    }
    for (std::size_t boundary = 8; boundary <= 16 * mib; boundary *= 2) {
        for (const std::size_t bytes : {std::size_t{1}, std::size_t{100}, std::size_t{70'000}}) {
            void* object = nullptr;
            EXPECT(::posix_memalign(&object, boundary, bytes) == 0);
            objects.push_back(object);
            EXPECT(is_aligned(objects.back(), boundary));
            objects.push_back(::aligned_alloc(boundary, bytes));
            EXPECT(is_aligned(objects.back(), boundary));
            objects.push_back(::memalign(boundary, bytes));
            EXPECT(is_aligned(objects.back(), boundary));
            std::memset(objects.back(), 1, bytes);
        }
    }
    objects.push_back(::memalign(opaque(std::size_t{48}), 10)); // rounded up, as the C library's
    EXPECT(is_aligned(objects.back(), 64));
    objects.push_back(::valloc(1));
    EXPECT(is_aligned(objects.back(), 4096));
    objects.push_back(::pvalloc(4097));
    EXPECT(is_aligned(objects.back(), 4096));
    EXPECT(::malloc_usable_size(objects.back()) >= 8192);
    std::for_each(objects.begin(), objects.end(), std::free);
}

void usable_size() {
    EXPECT(::malloc_usable_size(nullptr) == 0);
    for (std::size_t bytes = 0; bytes < 3 * mib; bytes = bytes * 5 / 4 + 1) {
        void* const object = std::malloc(bytes);
        void* const other = std::malloc(bytes);
        const std::size_t usable = ::malloc_usable_size(object);
        EXPECT(usable >= bytes);
        // All of it may be used, and belongs to nobody else.
        std::memset(opaque(object), 1, usable);
        std::memset(opaque(other), 2, ::malloc_usable_size(other));
        EXPECT(is_all(object, usable, 1));
        std::free(object);
        EXPECT(is_all(other, bytes, 2));
        std::free(other);
    }
}

void contents() {
    auto* object = static_cast<unsigned char*>(std::malloc(1));
    std::size_t size = 1;
    object[0] = 1;
    for (std::size_t bytes = 2; bytes < 64 * mib; bytes = bytes * 3 / 2 + 1) {
        object = static_cast<unsigned char*>(std::realloc(object, bytes));
        EXPECT(object != nullptr);
        for (std::size_t i = 0; i < size; i += i < 4096 ? 1 : 4093) {
            EXPECT(object[i] == static_cast<unsigned char>(i + 1));
        }
        for (std::size_t i = size - size % 4093; i < bytes; ++i) {
            object[i] = static_cast<unsigned char>(i + 1);
        }
        size = bytes;
    }
    object = static_cast<unsigned char*>(std::realloc(object, 100));
    EXPECT(object[0] == 1 && object[99] == 100);
    EXPECT(std::realloc(object, opaque(std::size_t{0})) == nullptr);

    for (const std::size_t bytes :
         {std::size_t{24}, std::size_t{3000}, std::size_t{100'000}, 8 * mib}) {
        for (int round = 0; round < 20; ++round) {
            void* const dirty = opaque(std::malloc(bytes));
            std::memset(dirty, 0xff, bytes);
            std::free(dirty);
            void* const clean = opaque(std::calloc(bytes / 8, 8));
            EXPECT(is_all(clean, bytes, 0));
            std::memset(clean, 0xff, bytes);
            std::free(clean);
        }
    }
}

/// Programs do free what came from elsewhere when mallocs are mixed: it must not harm.
void foreign() {
    std::array<long, 64> here{};
    void* const mapped =
        ::mmap(nullptr, mib, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (void* const object : {static_cast<void*>(here.data()), mapped,
                               static_cast<void*>(static_cast<char*>(mapped) + 64)}) {
        EXPECT(::malloc_usable_size(opaque(object)) == 0);
        std::free(opaque(object));
        errno = 0;
        EXPECT(std::realloc(opaque(object), 10) == nullptr && errno == ENOMEM);
    }
    EXPECT(is_all(mapped, mib, 0));
}

void cpp() {
    struct alignas(256) wide {
        std::array<char, 300> bytes;
    };
    auto* const one = opaque(new wide);
    auto* const many = opaque(new wide[5]);
    EXPECT(is_aligned(one, 256) && is_aligned(many, 256));
    delete one;
    delete[] many;
    auto* const sized = opaque(static_cast<char*>(::operator new(1000)));
    EXPECT(::malloc_usable_size(sized) >= 1000);
    ::operator delete(sized);
    EXPECT(::operator new(opaque(too_large), std::nothrow) == nullptr);
    bool thrown = false;
    try {
        opaque(::operator new(opaque(too_large)));
    } catch (const std::bad_alloc&) {
        thrown = true;
    }
    EXPECT(thrown);
}

pthread_key_t late_key;
std::atomic<int> late_calls;

/// Runs when other destructors of the thread may have run already.
void use_malloc_late(void* object) {
    std::free(object);
    void* const other = opaque(std::malloc(200));
    std::memset(other, 1, 200);
    std::free(other);
    late_calls.fetch_add(1);
}

void threads() {
    EXPECT(::pthread_key_create(&late_key, use_malloc_late) == 0);
    constexpr std::size_t count = 256;
    std::vector<void*> left(count * 100);
    std::vector<std::thread> running;
    for (std::size_t t = 0; t < count; ++t) {
        running.emplace_back([&left, t] {
            ::pthread_setspecific(late_key, std::malloc(300));
            for (std::size_t i = 0; i < 100; ++i) {
                const std::size_t bytes = 16 + (t * 37 + i * 101) % 3000;
                left[t * 100 + i] = std::malloc(bytes);
                std::memset(left[t * 100 + i], static_cast<int>(t), bytes);
                std::free(opaque(std::malloc(bytes * 3)));
            }
        });
    }
    std::for_each(running.begin(), running.end(), [](std::thread& one) { one.join(); });
    EXPECT(late_calls.load() == int{count});
    // What a thread left behind can be read and freed when it is gone.
    for (std::size_t i = 0; i < left.size(); ++i) {
        EXPECT(is_all(left[i], 16, static_cast<unsigned char>(i / 100)));
        std::free(left[i]);
    }
}

/// Children of a program whose threads are inside malloc at that moment. A child that waited for a
/// lock of a thread that it does not have would be ended by its alarm.
void forks() {
    std::atomic<bool> stop{false};
    std::vector<std::thread> running;
    for (std::size_t t = 0; t < 3; ++t) {
        running.emplace_back([&stop, t] {
            std::vector<void*> objects(200);
            for (std::size_t i = t; !stop.load(std::memory_order_relaxed); ++i) {
                void*& place = objects[i * 7919 % objects.size()];
                std::free(place);
                const std::size_t bytes = 16 + i * 127 % 5000;
                place = std::malloc(i % 512 == 0 ? bytes * 500 : bytes);
                std::memset(place, 1, 16);
            }
            std::for_each(objects.begin(), objects.end(), std::free);
        });
    }
    auto* const shared = static_cast<unsigned char*>(std::malloc(100'000));
    std::memset(shared, 'p', 100'000);
    for (int round = 0; round < 60; ++round) {
        const pid_t child = ::fork();
        EXPECT(child >= 0);
        if (child == 0) {
            ::alarm(20);
            bool is_well = is_all(shared, 100'000, 'p');
            std::array<void*, 300> objects{};
            for (std::size_t i = 0; i < objects.size(); ++i) {
                const std::size_t bytes = 16 + i * 331 % 20'000;
                objects[i] = std::malloc(bytes);
                is_well = is_well && objects[i] != nullptr;
                std::memset(objects[i], static_cast<int>(i), bytes);
            }
            for (std::size_t i = 0; i < objects.size(); ++i) {
                is_well = is_well &&
                          is_all(objects[i], 16 + i * 331 % 20'000, static_cast<unsigned char>(i));
                std::free(objects[i]);
            }
            std::free(shared);
            std::thread([] { std::free(opaque(std::malloc(5000))); }).join();
            end_child(is_well);
        }
        EXPECT(child_was_well(child));
    }
    stop.store(true);
    std::for_each(running.begin(), running.end(), [](std::thread& one) { one.join(); });
    EXPECT(is_all(shared, 100'000, 'p'));
    std::free(shared);
}

void spawn() {
    for (int round = 0; round < 20; ++round) {
        std::string program = "/bin/true";
        std::array<char*, 2> words{program.data(), nullptr};
        pid_t child = 0;
        EXPECT(::posix_spawn(&child, program.c_str(), nullptr, nullptr, words.data(), environ) ==
               0);
        EXPECT(child_was_well(child));
    }
}

void giving_back() {
    std::vector<void*> objects(200'000);
    for (void*& one : objects) {
        one = std::malloc(1000);
        std::memset(one, 1, 1000);
    }
    const std::size_t full = resident_bytes();
    EXPECT(full > 180 * mib);
    std::for_each(objects.begin(), objects.end(), std::free);
    ::malloc_trim(0);
    EXPECT(resident_bytes() < full / 5);
    const struct mallinfo2 info = ::mallinfo2();
    EXPECT(info.uordblks < 20 * mib);
}

/// dlopen and dlclose of a library that uses malloc and has thread-local variables: argv[2].
void loading(const char* library) {
    for (int round = 0; round < 20; ++round) {
        void* const handle = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);
        EXPECT(handle != nullptr);
        EXPECT(::dlclose(handle) == 0);
        std::thread([] { std::free(opaque(std::malloc(100))); }).join();
    }
}

/// The library of early.cpp is preloaded too: its constructor, before main, has allocated.
void early() {
    auto** const made = static_cast<void**>(::dlsym(RTLD_DEFAULT, "early_object"));
    EXPECT(made != nullptr && *made != nullptr);
    EXPECT(is_all(*made, 1000, 'e'));
    EXPECT(::malloc_usable_size(*made) >= 1000);
    *made = std::realloc(*made, 100'000);
    EXPECT(is_all(*made, 1000, 'e'));
    std::free(*made);
}

/// HETMEM_MALLOC names node 0: all that malloc hands out now has that policy.
void placed() {
    for (const std::size_t bytes : {std::size_t{100}, std::size_t{100'000}, 64 * mib}) {
        void* const object = std::malloc(bytes);
        std::memset(opaque(object), 1, bytes);
        EXPECT(numa_map_of(object).find(" prefer:0 ") != std::string::npos);
        std::free(object);
    }
}

/// HETMEM_MALLOC_LARGE=1048576: the rest has the policy of the process.
void large_only() {
    const auto is_placed = [](const void* object) {
        return numa_map_of(object).find(" prefer:0 ") != std::string::npos;
    };
    for (const std::size_t bytes : {std::size_t{100}, std::size_t{100'000}, mib - 1}) {
        void* const object = opaque(std::malloc(bytes));
        std::memset(object, 1, bytes);
        EXPECT(!is_placed(object));
        std::free(object);
    }
    for (const std::size_t bytes : {mib, 3 * mib + 1, 64 * mib}) {
        void* const object = opaque(std::calloc(1, bytes));
        EXPECT(is_placed(object));
        std::free(object);
    }
    // What grows into a large block moves there, and back.
    auto* grown = static_cast<unsigned char*>(std::malloc(1000));
    std::memset(grown, 'g', 1000);
    for (std::size_t bytes = 2000; bytes < 5 * mib; bytes *= 2) {
        grown = static_cast<unsigned char*>(std::realloc(grown, bytes));
        EXPECT(is_all(grown, 1000, 'g') && is_placed(grown) == (bytes >= mib));
    }
    grown = static_cast<unsigned char*>(std::realloc(grown, 1000));
    EXPECT(is_all(grown, 1000, 'g') && !is_placed(grown));
    std::free(grown);
}

/// HETMEM_MALLOC names a file of 64 MiB that stands for a device: blocks are in it as long as there
/// is room, no two share a place, and a child has a copy of its own.
void device(const char* file) {
    const auto is_there = [file](const void* object) {
        return numa_map_of(object).find(file) != std::string::npos;
    };
    auto* const small = static_cast<unsigned char*>(std::malloc(1000));
    auto* const large = opaque(static_cast<unsigned char*>(std::malloc(20 * mib)));
    EXPECT(is_there(small) && is_there(large));
    EXPECT(is_all(large, 20 * mib, 0)); // not what the file held
    std::memset(small, 's', 1000);
    std::memset(large, 'l', 20 * mib);
    errno = 0;
    EXPECT(std::malloc(opaque(64 * mib)) == nullptr && errno == ENOMEM);

    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(20);
        bool is_well = is_all(small, 1000, 's') && is_all(large, 20 * mib, 'l');
        std::memset(small, 'c', 1000);
        std::memset(large, 'c', 20 * mib);
        void* const more = std::malloc(5000);
        is_well = is_well && more != nullptr;
        std::memset(more, 'm', 5000);
        std::free(large);
        std::free(small);
        end_child(is_well);
    }
    EXPECT(child_was_well(child));
    EXPECT(is_all(small, 1000, 's') && is_all(large, 20 * mib, 'l'));
    std::free(large);
    ::malloc_trim(0);
    void* const again = std::malloc(30 * mib); // fits only where the other was
    EXPECT(again != nullptr && is_there(again));
    std::free(again);
    std::free(small);
}

/// Two processes with the same file each get a part of it.
void device_shared() {
    std::array<int, 2> ready{};
    EXPECT(::pipe(ready.data()) == 0);
    auto* const mine = static_cast<unsigned char*>(std::malloc(24 * mib));
    EXPECT(mine != nullptr);
    std::memset(mine, 'a', 24 * mib);
    // The same program anew, since a child of fork() has no extents.
    std::string self = "/proc/self/exe";
    std::string what = "device_other";
    std::array<char*, 3> words{self.data(), what.data(), nullptr};
    pid_t child = 0;
    EXPECT(::posix_spawn(&child, self.c_str(), nullptr, nullptr, words.data(), environ) == 0);
    EXPECT(child_was_well(child));
    EXPECT(is_all(mine, 24 * mib, 'a'));
    std::free(mine);
}
void device_other() {
    auto* const mine = opaque(static_cast<unsigned char*>(std::malloc(24 * mib)));
    EXPECT(mine != nullptr);
    EXPECT(is_all(mine, 24 * mib, 0));
    std::memset(mine, 'b', 24 * mib);
    EXPECT(std::malloc(opaque(24 * mib)) == nullptr); // the other one's part is taken
}

} // namespace

int main(int count, char** words) {
    ::alarm(100); // instead of waiting for ever
    const std::string what = count > 1 ? words[1] : "";
    const char* const more = count > 2 ? words[2] : "";
    if (what == "loading") {
        loading(more);
        return 0;
    }
    if (what == "device") {
        device(more);
        return 0;
    }
    struct check {
        const char* name;
        void (*run)();
    };
    for (const check& one :
         {check{"is_preloaded", is_preloaded}, check{"errors", errors},
          check{"alignment", alignment}, check{"usable_size", usable_size},
          check{"contents", contents}, check{"foreign", foreign}, check{"cpp", cpp},
          check{"threads", threads}, check{"forks", forks}, check{"spawn", spawn},
          check{"giving_back", giving_back}, check{"early", early}, check{"placed", placed},
          check{"large_only", large_only}, check{"device_shared", device_shared},
          check{"device_other", device_other}}) {
        if (what == one.name) {
            one.run();
            return 0;
        }
    }
    std::fprintf(stderr, "contract: no check is called '%s'\n", what.c_str());
    return 2;
}
