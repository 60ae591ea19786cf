#include "base/parallel.h"

#include <stdatomic.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* ThreadSanitizer does not see libgomp's fork and join. The two calls say what they order, and the compiler's
   own hand-over of captured variables, which comes after the first call, stays unseen. */
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
#define BCUE_UNSEEN __attribute__((noinline, no_sanitize("thread")))
#else
#define __tsan_acquire(address) ((void)(address))
#define __tsan_release(address) ((void)(address))
#define BCUE_UNSEEN
#endif

static atomic_int thread_setting;
static _Thread_local int thread_limit; /* 0: none */
#ifdef _OPENMP
static atomic_int thread_default; /* what OpenMP would use; 0: not asked yet */
#endif

#ifdef _OPENMP
/* Asked before the first omp_set_num_threads of the process, so that OMP_NUM_THREADS counts. */
static int default_threads(void)
{
    int threads = atomic_load(&thread_default);
    if (threads == 0) {
        threads = omp_get_max_threads();
        atomic_store(&thread_default, threads);
    }
    return threads;
}
#endif

void bcue_set_threads(int threads)
{
    atomic_store(&thread_setting, threads < 0 ? 0 : threads);
#ifdef _OPENMP
    (void)default_threads();
    omp_set_num_threads(bcue_get_threads());
#endif
}

int bcue_get_threads(void)
{
    int threads = atomic_load(&thread_setting);
#ifdef _OPENMP
    threads = threads > 0 ? threads : default_threads();
#else
    threads = threads > 0 ? threads : 1;
#endif
    return thread_limit > 0 && thread_limit < threads ? thread_limit : threads;
}

int bcue_limit_threads(int most)
{
    int before = thread_limit;
#ifdef _OPENMP
    (void)default_threads();
#endif
    thread_limit = most;
#ifdef _OPENMP
    omp_set_num_threads(bcue_get_threads());
#endif
    return before;
}

#ifdef _OPENMP
typedef struct team_job {
    size_t count;
    void (*body)(void *context, size_t index);
    void *context;
    /* For ThreadSanitizer. One address for both would order members that do not overlap in time, and hide
     * races. */
    char fork, join;
} team_job;

static void run_share(team_job *job)
{
    __tsan_acquire(&job->fork);
    size_t team = (size_t)omp_get_num_threads(), member = (size_t)omp_get_thread_num();
    size_t end = job->count * (member + 1) / team;
    for (size_t i = job->count * member / team; i < end; i++)
        job->body(job->context, i);
    __tsan_release(&job->join);
}

BCUE_UNSEEN static void run_team(team_job *job, int threads)
{
#pragma omp parallel num_threads(threads)
    run_share(job);
}
#endif

void bcue_parallel_for(size_t count, size_t grain, void (*body)(void *context, size_t index), void *context)
{
#ifdef _OPENMP
    if (grain == 0)
        grain = 1;
    size_t threads = (size_t)bcue_get_threads();
    size_t useful = count / grain + (count % grain != 0);
    if (threads > useful)
        threads = useful;
    if (threads > 1 && !omp_in_parallel()) {
        team_job job = {.count = count, .body = body, .context = context};
        __tsan_release(&job.fork);
        run_team(&job, (int)threads);
        __tsan_acquire(&job.join);
        return;
    }
#else
    (void)grain;
#endif
    for (size_t i = 0; i < count; i++)
        body(context, i);
}
