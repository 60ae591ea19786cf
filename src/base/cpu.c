#include "base/cpu.h"

const char *bcue_cpu_isa(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    if (__builtin_cpu_supports("avx512f"))
        return __builtin_cpu_supports("avx512vnni") ? "x86-64 avx512 vnni" : "x86-64 avx512";
    if (__builtin_cpu_supports("avx2"))
        return __builtin_cpu_supports("fma") ? "x86-64 avx2 fma" : "x86-64 avx2";
    return "x86-64";
#elif defined(__aarch64__)
    return "aarch64";
#else
    return "generic";
#endif
}
