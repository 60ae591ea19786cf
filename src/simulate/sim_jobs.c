/* One run by several processes of this machine, each on its own share of the cores: episodes have nothing to
   do with each other, and an instant of one is too short for several threads. The processes claim episodes
   in the folder as any that share a run (sim_share.c). */
#include "simulate/sim_jobs.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/report_hooks.h"
#include "simulate/sim_parts.h"

/* Memory that a process may take: the largest seen is 4 GB, that of the presets below 1. */
#define BYTES_PER_JOB 1.5e9

/* One of the processes that help. */
typedef struct helper {
    pid_t process;
    int pipe; /* its summary comes out here */
} helper;

static uint32_t episodes_left(bcue_sim_run *r)
{
    uint32_t done = bcue_sim_parts_count(r);
    return r->plan->episodes > done ? r->plan->episodes - done : 0;
}

static uint32_t jobs_of(bcue_sim_run *r)
{
    const bcue_simulate_options *o = &r->options;
    uint32_t jobs = o->jobs, left = episodes_left(r);
    if (o->together || o->shards > 0 || o->view)
        return 1;
    if (jobs == BCUE_SIMULATE_JOBS_AUTO) {
        double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
        jobs = (uint32_t)bcue_get_threads();
        if (memory > 0.0 && jobs > memory / BYTES_PER_JOB)
            jobs = (uint32_t)(memory / BYTES_PER_JOB);
    }
    jobs = jobs < left ? jobs : left;
    return jobs > 1 ? jobs : 1;
}

_Static_assert(sizeof(bcue_simulate_summary) <= PIPE_BUF, "a summary goes through a pipe in one piece");

/* A helper is silent, but stops when its caller is told to stop, and dies with the process that began it. */
_Noreturn static void help(bcue_sim_run *r, uint32_t place, uint32_t jobs, int out, pid_t caller)
{
#ifdef __linux__
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    if (getppid() != caller) /* it died before it could be asked for */
        _exit(1);
    const bcue_hooks quiet = {.cookie = r->hooks ? r->hooks->cookie : NULL,
                              .cancelled = r->hooks ? r->hooks->cancelled : NULL};
    r->hooks = &quiet;
    r->options.together = true;
    r->options.place = place;
    r->options.places = jobs;
    bcue_error error = {""};
    bcue_status status = bcue_sim_run_share(r, &error);
    bool sent = status == BCUE_OK && write(out, &r->summary, sizeof r->summary) == (ssize_t)sizeof r->summary;
    _exit(sent ? 0 : 1);
}

static bool start(bcue_sim_run *r, uint32_t place, uint32_t jobs, helper *made)
{
    int ends[2];
    if (pipe(ends) != 0)
        return false;
    pid_t caller = getpid(), child = fork();
    if (child == 0) {
        close(ends[0]);
        help(r, place, jobs, ends[1], caller);
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return false;
    }
    *made = (helper){child, ends[0]};
    return true;
}

/* Wait for a helper's end, and add what its sensors took. */
static void collect(bcue_simulate_summary *sum, const helper *h)
{
    bcue_simulate_summary its;
    ssize_t got;
    do
        got = read(h->pipe, &its, sizeof its);
    while (got < 0 && errno == EINTR);
    if (got == (ssize_t)sizeof its) {
        sum->channel_seconds += its.channel_seconds;
        sum->camera_seconds += its.camera_seconds;
        sum->lidar_seconds += its.lidar_seconds;
        sum->radar_seconds += its.radar_seconds;
    }
    close(h->pipe);
    while (waitpid(h->process, NULL, 0) < 0 && errno == EINTR) {
    }
}

bcue_status bcue_sim_run_jobs(bcue_sim_run *r, bcue_error *error)
{
    uint32_t jobs = jobs_of(r), helpers = 0;
    r->summary.jobs = jobs;
    if (jobs == 1)
        return bcue_sim_run_share(r, error);
    r->helped = true;
    helper *all = bcue_calloc(jobs, sizeof *all);
    if (!all)
        return bcue_fail_memory(error, "the processes that simulate");
    int before = bcue_limit_threads(bcue_get_threads() / (int)jobs > 1 ? bcue_get_threads() / (int)jobs : 1);
    /* Without one of them the others do its work. */
    while (helpers + 1 < jobs && start(r, helpers + 1, jobs, &all[helpers]))
        helpers++;
    r->options.places = jobs;
    bcue_status status = bcue_sim_run_share(r, error);
    if (status != BCUE_OK) /* they may still work for minutes, in a folder that is to be put away */
        for (uint32_t i = 0; i < helpers; i++)
            (void)kill(all[i].process, SIGKILL);
    for (uint32_t i = 0; i < helpers; i++)
        collect(&r->summary, &all[i]);
    free(all);
    (void)bcue_limit_threads(before);
    return status;
}
