// libhetmem-malloc.so as a library that a program loads and unloads itself.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <latch>
#include <thread>

#include <dlfcn.h>

namespace hetmem::preload {
namespace {

// In a process of its own: a crash at the end of a thread shall be that of this test.
TEST(Unload, ThreadsThatUsedItEndAfterIt) {
    const auto work = [] {
        void* const library = ::dlopen(HETMEM_MALLOC_FILE, RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) {
            std::_Exit(1);
        }
        auto* const allocate = reinterpret_cast<void* (*)(std::size_t)>(::dlsym(library, "malloc"));
        auto* const release = reinterpret_cast<void (*)(void*)>(::dlsym(library, "free"));
        std::latch used(1);
        std::latch unloaded(1);
        std::thread user([&] {
            release(allocate(100));
            used.count_down();
            unloaded.wait();
        });
        used.wait();
        ::dlclose(library);
        unloaded.count_down();
        user.join();
        std::_Exit(0);
    };
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(work(), ::testing::ExitedWithCode(0), "");
}

} // namespace
} // namespace hetmem::preload
