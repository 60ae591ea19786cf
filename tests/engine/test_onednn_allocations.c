/* Running a plan: beamcue's own code allocates nothing and takes no lock, and what the third-party libraries
   allocate does not grow. The allocator and the locks of pthreads are interposed here, and each call is
   attributed to the shared object that made it; beamcue is linked into this program, so its calls are those
   from the program itself. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr, RTLD_NEXT */
#endif
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>

#include "sanitized.h"

#ifdef SANITIZED
int main(void)
{
    puts("skipped: a sanitizer has the allocator");
    return 77;
}
#else

#include "base/parallel.h"
#include "check.h"
#include "small_net.h"

/* The build hides symbols by default, and hidden ones would not be seen by the libraries. */
#define INTERPOSE __attribute__((visibility("default"), noinline))

enum { MAX_CALLS = 1 << 16 };
typedef enum call_kind { CALL_ALLOCATE, CALL_FREE, CALL_LOCK } call_kind;
typedef struct call {
    void *caller;
    call_kind kind;
} call;
static call calls[MAX_CALLS];
static atomic_int call_count;
static atomic_bool counting;

static void note(void *caller, call_kind kind)
{
    if (!atomic_load(&counting))
        return;
    int i = atomic_fetch_add(&call_count, 1);
    if (i < MAX_CALLS)
        calls[i] = (call){caller, kind};
}

/* glibc's allocator under its other names. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

INTERPOSE void *malloc(size_t size)
{
    note(__builtin_return_address(0), CALL_ALLOCATE);
    return __libc_malloc(size);
}

INTERPOSE void *calloc(size_t count, size_t size)
{
    note(__builtin_return_address(0), CALL_ALLOCATE);
    return __libc_calloc(count, size);
}

INTERPOSE void *realloc(void *memory, size_t size)
{
    note(__builtin_return_address(0), CALL_ALLOCATE);
    if (memory != NULL)
        note(__builtin_return_address(0), CALL_FREE);
    return __libc_realloc(memory, size);
}

INTERPOSE void *aligned_alloc(size_t alignment, size_t size)
{
    note(__builtin_return_address(0), CALL_ALLOCATE);
    return __libc_memalign(alignment, size);
}

INTERPOSE int posix_memalign(void **memory, size_t alignment, size_t size)
{
    note(__builtin_return_address(0), CALL_ALLOCATE);
    *memory = __libc_memalign(alignment, size);
    return *memory != NULL ? 0 : ENOMEM;
}

INTERPOSE void free(void *memory)
{
    if (memory != NULL)
        note(__builtin_return_address(0), CALL_FREE);
    __libc_free(memory);
}

typedef int lock_function(void *lock);
static lock_function *next_mutex_lock, *next_read_lock, *next_write_lock, *next_spin_lock;

/* A function pointer out of dlsym, without the cast that ISO C does not know. */
static lock_function *next_of(const char *name)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    lock_function *function;
    memcpy(&function, &symbol, sizeof function);
    return function;
}

__attribute__((constructor)) static void find_next(void)
{
    next_mutex_lock = next_of("pthread_mutex_lock");
    next_read_lock = next_of("pthread_rwlock_rdlock");
    next_write_lock = next_of("pthread_rwlock_wrlock");
    next_spin_lock = next_of("pthread_spin_lock");
}

INTERPOSE int pthread_mutex_lock(pthread_mutex_t *lock)
{
    note(__builtin_return_address(0), CALL_LOCK);
    return next_mutex_lock != NULL ? next_mutex_lock(lock) : 0;
}

INTERPOSE int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
    note(__builtin_return_address(0), CALL_LOCK);
    return next_read_lock != NULL ? next_read_lock(lock) : 0;
}

INTERPOSE int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
    note(__builtin_return_address(0), CALL_LOCK);
    return next_write_lock != NULL ? next_write_lock(lock) : 0;
}

INTERPOSE int pthread_spin_lock(pthread_spinlock_t *lock)
{
    note(__builtin_return_address(0), CALL_LOCK);
    return next_spin_lock != NULL ? next_spin_lock((void *)(uintptr_t)lock) : 0;
}

typedef struct tally {
    int own, others[3]; /* others by kind */
} tally;

static tally run_counted(bcue_plan *plan, bool training)
{
    bcue_error error = {""};
    tally result = {0};
    atomic_store(&call_count, 0);
    atomic_store(&counting, true);
    bcue_status forward = bcue_plan_forward(plan, &error);
    bcue_status backward = training ? bcue_plan_backward(plan, &error) : BCUE_OK;
    atomic_store(&counting, false);
    CHECK(forward == BCUE_OK && backward == BCUE_OK);
    Dl_info self, other;
    dladdr(__extension__(void *) run_counted, &self);
    int count = atomic_load(&call_count);
    CHECK(count < MAX_CALLS);
    for (int i = 0; i < count && i < MAX_CALLS; i++) {
        if (dladdr(calls[i].caller, &other) != 0 && other.dli_fbase == self.dli_fbase)
            result.own++;
        else
            result.others[calls[i].kind]++;
    }
    return result;
}

static void run_plan(bcue_plan_options options)
{
    enum { BATCH = 4, WARM_UP = 3, RUNS = 6 };
    bcue_error error = {""};
    bcue_graph *graph = bcue_small_net(BATCH);
    bcue_weights weights;
    bcue_plan *plan = NULL;
    options.engine = BCUE_ENGINE_ONEDNN;
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 1, &weights, &error), error);
    CHECK_OK(bcue_plan_create(graph, &weights, &options, &plan, &error), error);
    bcue_small_net_fill(plan, BATCH, 0);
    for (int i = 0; i < WARM_UP; i++)
        run_counted(plan, options.training);
    tally first = run_counted(plan, options.training);
    for (int i = 0; i < RUNS; i++) {
        tally next = run_counted(plan, options.training);
        CHECK_INT(next.own, 0);
        CHECK_INT(next.others[CALL_ALLOCATE], first.others[CALL_ALLOCATE]);
        CHECK_INT(next.others[CALL_ALLOCATE], next.others[CALL_FREE]);
        CHECK_INT(next.others[CALL_LOCK], first.others[CALL_LOCK]);
    }
    printf("%s: third-party calls per run: %d allocations, %d locks\n",
           options.training ? "training" : "inference", first.others[CALL_ALLOCATE], first.others[CALL_LOCK]);
    bcue_plan_destroy(plan);
    bcue_weights_free(&weights);
    bcue_graph_destroy(graph);
}

/* Without this, a broken interposition would pass. */
static void own_calls_are_seen(void)
{
    atomic_store(&call_count, 0);
    atomic_store(&counting, true);
    bcue_graph *graph = bcue_graph_create();
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    atomic_store(&counting, false);
    bcue_graph_destroy(graph);
    Dl_info self, other;
    dladdr(__extension__(void *) run_counted, &self);
    int own[3] = {0};
    for (int i = 0; i < atomic_load(&call_count); i++)
        if (dladdr(calls[i].caller, &other) != 0 && other.dli_fbase == self.dli_fbase)
            own[calls[i].kind]++;
    CHECK(own[CALL_ALLOCATE] > 0);
    CHECK_INT(own[CALL_LOCK], 1);
}

static void training(void)
{
    run_plan((bcue_plan_options){.training = true});
}

static void inference(void)
{
    run_plan((bcue_plan_options){0});
    run_plan((bcue_plan_options){.no_fusion = true});
}

int main(void)
{
    bcue_set_threads(2);
    RUN(own_calls_are_seen);
    RUN(training);
    RUN(inference);
    return check_summary();
}
#endif
