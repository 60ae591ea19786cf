#include "base/cpu.h"

#include <stdio.h>
#include <string.h>

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

bcue_cpu_level bcue_cpu_best(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return BCUE_CPU_PLAIN;
    return __builtin_cpu_supports("avx512f") ? BCUE_CPU_AVX512 : BCUE_CPU_AVX2;
#else
    return BCUE_CPU_PLAIN;
#endif
}

void bcue_cpu_name(char *name, size_t size)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    snprintf(name, size, "unknown");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *value = strncmp(line, "model name", 10) == 0 ? strchr(line, ':') : NULL;
        if (value == NULL)
            continue;
        value += strspn(value, ": \t");
        snprintf(name, size, "%.*s", (int)strcspn(value, "\n"), value);
        break;
    }
    if (file != NULL)
        (void)fclose(file);
}
