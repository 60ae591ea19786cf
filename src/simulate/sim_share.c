#include "simulate/sim_parts.h"

#include <stdio.h>
#include <string.h>
#include "base/fail.h"
#include "base/report_hooks.h"

/* Simulate an episode that this process holds. */
static bcue_status make_part(bcue_sim_run *r, uint32_t episode, bcue_error *error)
{
    bcue_status status = bcue_sim_run_episode(r, episode, error);
    if (status == BCUE_OK)
        return bcue_sim_part_write(r, episode, error);
    bcue_output_tree_undo(&r->tree);
    return status;
}

static bcue_status make_unless_done(bcue_sim_run *r, uint32_t episode, bcue_error *error)
{
    /* An episode that is to be seen is simulated again. */
    const bool seen = r->options.view && r->options.view_episode == (uint64_t)episode + 1;
    if (!seen && bcue_sim_part_done(r, episode))
        return BCUE_OK;
    int claim;
    BCUE_TRY(bcue_sim_part_claim(r, episode, &claim, error));
    if (claim < 0)
        return BCUE_OK;
    /* Somebody may have finished it in between. */
    bcue_status status = !seen && bcue_sim_part_done(r, episode) ? BCUE_OK : make_part(r, episode, error);
    bcue_sim_part_release(r, episode, claim);
    return status;
}

bcue_status bcue_sim_run_share(bcue_sim_run *r, bcue_error *error)
{
    const uint32_t shards = r->options.shards > 0 ? r->options.shards : 1;
    const uint32_t first = r->options.shards > 0 ? r->options.shard - 1 : 0;
    const uint32_t count = r->plan->episodes > first ? (r->plan->episodes - first + shards - 1) / shards : 0;
    for (uint32_t i = 0; i < count; i++) {
        bcue_progress(r->hooks, "episode", i, count);
        if (bcue_cancelled(r->hooks))
            return bcue_fail(error, BCUE_ERROR_CANCELLED, "stopped before episode %u of %u",
                             first + i * shards + 1, r->plan->episodes);
        BCUE_TRY(make_unless_done(r, first + i * shards, error));
    }
    bcue_progress(r->hooks, "episode", count, count);
    return BCUE_OK;
}
