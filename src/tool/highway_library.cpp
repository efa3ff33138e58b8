// The part of the Highway library that its run-time dispatch calls, compiled into the command for
// the same reason as fmt_library.cpp: Debian has a shared library only, and loading it (with the
// C++ library, which it needs) takes longer than everything that `hetmem show` does. On other
// architectures than x86 the shared library is linked, and only the start gets slower.
#include <hwy/targets.h>

#if HWY_ARCH_X86

#include <cstdint>

#include <cpuid.h>

namespace hwy {
namespace {

bool converts_half_floats() {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}

bool cpu_has_ssse3() {
    return __builtin_cpu_supports("ssse3") != 0;
}
bool cpu_has_sse4() {
    return cpu_has_ssse3() && __builtin_cpu_supports("sse4.2") != 0 &&
           __builtin_cpu_supports("pclmul") != 0 && __builtin_cpu_supports("aes") != 0;
}
/// What the kernel saves of the registers counts too: the compiler's functions ask for that.
bool cpu_has_avx2() {
    return cpu_has_sse4() && __builtin_cpu_supports("avx2") != 0 &&
           __builtin_cpu_supports("fma") != 0 && __builtin_cpu_supports("bmi") != 0 &&
           __builtin_cpu_supports("bmi2") != 0 && converts_half_floats();
}
bool cpu_has_avx3() {
    return cpu_has_avx2() && __builtin_cpu_supports("avx512f") != 0 &&
           __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
           __builtin_cpu_supports("avx512bw") != 0;
}

} // namespace

std::int64_t SupportedTargets() {
    return HWY_SCALAR | (cpu_has_ssse3() ? HWY_SSSE3 : 0) | (cpu_has_sse4() ? HWY_SSE4 : 0) |
           (cpu_has_avx2() ? HWY_AVX2 : 0) | (cpu_has_avx3() ? HWY_AVX3 : 0);
}

ChosenTarget& GetChosenTarget() {
    static ChosenTarget chosen;
    return chosen;
}

} // namespace hwy

#endif
