// Compiled together with highway_library.cpp, whose functions take the place of the library's.
#include <hwy/targets.h>

#include <gtest/gtest.h>

#include <cstdint>

#include <dlfcn.h>

namespace hetmem::tool {
namespace {

#if HWY_ARCH_X86
TEST(HighwayLibrary, FindsTheVectorsThatTheLibraryFinds) {
    void* const library = ::dlopen("libhwy.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        GTEST_SKIP() << "another version of Highway: " << ::dlerror();
    }
    using function = std::int64_t();
    auto* const theirs =
        reinterpret_cast<function*>(::dlsym(library, "_ZN3hwy16SupportedTargetsEv"));
    ASSERT_NE(theirs, nullptr);
    constexpr std::int64_t of_ours = HWY_SSSE3 | HWY_SSE4 | HWY_AVX2 | HWY_AVX3;
    EXPECT_EQ(hwy::SupportedTargets(), (theirs() & of_ours) | HWY_SCALAR);
}
#endif

} // namespace
} // namespace hetmem::tool
