#include "base/parallel.h"

#include <stdatomic.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* ThreadSanitizer does not see libgomp's fork and join; these say what they order. */
#if defined(__SANITIZE_THREAD__)
#define BCUE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define BCUE_TSAN 1
#endif
#endif
#ifdef BCUE_TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#else
#define __tsan_acquire(address) ((void)(address))
#define __tsan_release(address) ((void)(address))
#endif

static atomic_int thread_setting;

void bcue_set_threads(int threads)
{
    atomic_store(&thread_setting, threads < 0 ? 0 : threads);
#ifdef _OPENMP
    omp_set_num_threads(threads > 0 ? threads : omp_get_num_procs());
#endif
}

int bcue_get_threads(void)
{
    int threads = atomic_load(&thread_setting);
#ifdef _OPENMP
    return threads > 0 ? threads : omp_get_max_threads();
#else
    return threads > 0 ? threads : 1;
#endif
}

void bcue_parallel_for(size_t count, size_t grain, void (*body)(void *context, size_t index), void *context)
{
    if (grain == 0)
        grain = 1;
    size_t threads = (size_t)bcue_get_threads();
    size_t useful = (count + grain - 1) / grain;
    if (threads > useful)
        threads = useful;
#ifdef _OPENMP
    if (threads > 1 && !omp_in_parallel()) {
        char fork_join = 0;
        __tsan_release(&fork_join);
#pragma omp parallel num_threads((int)threads)
        {
            __tsan_acquire(&fork_join);
            size_t team = (size_t)omp_get_num_threads(), member = (size_t)omp_get_thread_num();
            size_t end = count * (member + 1) / team;
            for (size_t i = count * member / team; i < end; i++)
                body(context, i);
            __tsan_release(&fork_join);
        }
        __tsan_acquire(&fork_join);
        return;
    }
#endif
    for (size_t i = 0; i < count; i++)
        body(context, i);
}
