/* What this CPU can do, as part of a run's identity. */
#ifndef BCUE_BASE_CPU_H
#define BCUE_BASE_CPU_H

/* The instruction sets that change floating-point results, e.g. "x86-64 avx512 vnni". Static storage. */
const char *bcue_cpu_isa(void);

#endif
