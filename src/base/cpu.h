/* What this CPU can do, as part of a run's identity. */
#ifndef BCUE_BASE_CPU_H
#define BCUE_BASE_CPU_H

#include <stddef.h>

/* The instruction sets that change floating-point results, e.g. "x86-64 avx512 vnni". Static storage. */
const char *bcue_cpu_isa(void);

/* Which of our own kernels this CPU runs. */
typedef enum bcue_cpu_level {
    BCUE_CPU_PLAIN,  /* C */
    BCUE_CPU_AVX2,   /* x86-64 with AVX2 and FMA */
    BCUE_CPU_AVX512, /* and AVX-512 F */
} bcue_cpu_level;
bcue_cpu_level bcue_cpu_best(void);

/* What the CPU calls itself, e.g. "AMD EPYC 7763 64-Core Processor"; "unknown" where the system does not say.
 */
void bcue_cpu_name(char *name, size_t size);

#endif
