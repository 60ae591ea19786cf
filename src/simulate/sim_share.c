#include "simulate/sim_parts.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/fail.h"
#include "base/report_hooks.h"

/* A process that shares a run gives up after so many episodes that failed. */
enum { MOST_FAILURES = 3 };

typedef struct share {
    uint32_t first, step, count; /* of its episodes, modulo all of them */
    uint32_t made, failures;
    bcue_status status; /* of the first that failed */
    bcue_error error;
    uint64_t bytes; /* of the episodes made here */
} share;

/* Simulate an episode that this process holds. */
static bcue_status make_part(bcue_sim_run *r, uint32_t episode, share *mine, bcue_error *error)
{
    bcue_status status = bcue_sim_run_episode(r, episode, error);
    if (status != BCUE_OK) {
        bcue_output_tree_undo(&r->tree);
        return status;
    }
    for (size_t i = 0; i < r->tree.count; i++)
        mine->bytes += (r->tree.files[i].size + 4095) / 4096 * 4096;
    mine->made++;
    return bcue_sim_part_write(r, episode, error);
}

/* *taken: somebody else has it. */
static bcue_status make_unless_done(bcue_sim_run *r, uint32_t episode, share *mine, bool *taken,
                                    bcue_error *error)
{
    /* An episode that is to be seen is simulated again. */
    const bool seen = r->options.view && r->options.view_episode == (uint64_t)episode + 1;
    *taken = false;
    if (!seen && bcue_sim_part_done(r, episode))
        return BCUE_OK;
    int claim;
    BCUE_TRY(bcue_sim_part_claim(r, episode, &claim, error));
    *taken = claim < 0;
    if (claim < 0)
        return BCUE_OK;
    /* Somebody may have finished it in between, or even the whole run: then its record is gone again. */
    bcue_status status = BCUE_OK;
    if (seen || !bcue_sim_part_done(r, episode)) {
        r->gone = bcue_sim_parts_gone(r);
        status = r->gone ? BCUE_OK : make_part(r, episode, mine, error);
    }
    bcue_sim_part_release(r, episode, claim);
    return status;
}

/* Stop early where the rest of the share will not fit. */
static bcue_status check_room(const bcue_sim_run *r, const share *mine, uint32_t left, bcue_error *error)
{
    if (mine->made == 0 || left == 0)
        return BCUE_OK;
    double each = (double)mine->bytes / mine->made, room = bcue_sim_room(r, (double)mine->bytes);
    if (each * left <= room)
        return BCUE_OK;
    return bcue_fail(error, BCUE_ERROR_IO,
                     "%s: about %.3g GB more are needed, but there is room for %.3g GB only; free some space "
                     "or choose another output",
                     r->tree.temporary, 1e-9 * each * left, 1e-9 * room);
}

/* Every episode of the share once. *taken: how many others have. */
static bcue_status pass(bcue_sim_run *r, share *mine, uint32_t *taken, bcue_error *error)
{
    *taken = 0;
    for (uint32_t i = 0; i < mine->count && !r->gone; i++) {
        uint32_t episode = (mine->first + i * mine->step) % r->plan->episodes;
        bool busy;
        bcue_progress(r->hooks, "episode", i, mine->count);
        if (bcue_cancelled(r->hooks))
            return bcue_fail(error, BCUE_ERROR_CANCELLED, "stopped before episode %u of %u", episode + 1,
                             r->plan->episodes);
        bcue_error failed = {""};
        bcue_status status = make_unless_done(r, episode, mine, &busy, &failed);
        *taken += busy;
        if (status == BCUE_OK) {
            BCUE_TRY(check_room(r, mine, mine->count - i - 1, error));
            continue;
        }
        if (!r->options.together || r->helped || status == BCUE_ERROR_CANCELLED ||
            ++mine->failures >= MOST_FAILURES)
            return bcue_fail(error, status, "%s", failed.text);
        bcue_log(r->hooks, BCUE_LOG_WARNING, "rank %u: episode %u failed: %s", r->options.place, episode + 1,
                 failed.text);
    }
    bcue_progress(r->hooks, "episode", mine->count, mine->count);
    return BCUE_OK;
}

/* Go round until all are finished: a process may die, and leave its episode to the others. */
static bcue_status share_until_done(bcue_sim_run *r, share *mine, bcue_error *error)
{
    for (;;) {
        uint32_t taken, failures = mine->failures;
        BCUE_TRY(pass(r, mine, &taken, error));
        if (mine->failures > failures)
            continue; /* once more, until it has had enough */
        if (taken == 0 || r->gone)
            return BCUE_OK;
        nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    }
}

bcue_status bcue_sim_run_share(bcue_sim_run *r, bcue_error *error)
{
    const bcue_simulate_options *o = &r->options;
    const uint32_t all = r->plan->episodes, shards = o->shards > 0 ? o->shards : 1;
    share mine = {.first = o->shards > 0 ? o->shard - 1 : 0, .step = shards};
    mine.count = all > mine.first ? (all - mine.first + shards - 1) / shards : 0;
    uint32_t taken;
    if (!o->together && !r->helped)
        return pass(r, &mine, &taken, error);
    if (o->places > 0)
        mine.first = (uint32_t)((uint64_t)all * (o->place % o->places) / o->places);
    return share_until_done(r, &mine, error);
}
