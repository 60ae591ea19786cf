#include "beamcue/simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "simulate/sim_run.h"

static bcue_status finish(bcue_sim_run *run, bcue_error *error)
{
    if (run->summary.samples == 0)
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "none of the %llu frames had a signal above the noise; raise channel.transmit_power_dbm or lower "
            "channel.noise_floor_dbm",
            (unsigned long long)run->summary.frames_no_signal);
    BCUE_TRY(bcue_sim_write_tables(run, error));
    BCUE_TRY(bcue_sim_write_manifest(run, error));
    run->summary.bytes = run->tree.bytes;
    return bcue_output_tree_commit(&run->tree, error);
}

static bcue_status simulate_all(bcue_sim_run *run, bcue_error *error)
{
    const bcue_sim_plan *plan = run->plan;
    run->sites = bcue_calloc(plan->scene_count, sizeof *run->sites);
    if (!run->sites)
        return bcue_fail_memory(error, "the scenes");
    BCUE_TRY(bcue_output_tree_open(&run->tree, plan->config.output, plan->config.overwrite, error));
    for (uint32_t episode = 0; episode < plan->episodes; episode++) {
        bcue_progress(run->hooks, "episode", episode, plan->episodes);
        BCUE_TRY(bcue_sim_run_episode(run, episode, error));
    }
    bcue_progress(run->hooks, "episode", plan->episodes, plan->episodes);
    return finish(run, error);
}

/* Refuse before the work what cannot be written after it. */
static bcue_status check_options(const bcue_sim_plan *plan, const bcue_simulate_options *options,
                                 bcue_error *error)
{
    if (!options->view)
        return BCUE_OK;
    if (options->view_episode > plan->episodes)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "there is no episode %llu to view; the configuration has %u",
                         (unsigned long long)options->view_episode, plan->episodes);
    char *folder = bcue_path_dirname(options->view);
    bcue_status status =
        folder ? bcue_check_writable_dir(folder, error) : bcue_fail_memory(error, "the name of the view");
    free(folder);
    return status;
}

bcue_status bcue_simulate(const char *config_path, const char *const *overrides, size_t override_count,
                          const bcue_hooks *hooks, bcue_simulate_summary *summary, bcue_error *error)
{
    return bcue_simulate_run(config_path, overrides, override_count, NULL, hooks, summary, error);
}

bcue_status bcue_simulate_run(const char *config_path, const char *const *overrides, size_t override_count,
                              const bcue_simulate_options *options, const bcue_hooks *hooks,
                              bcue_simulate_summary *summary, bcue_error *error)
{
    static const bcue_simulate_options none = {0};
    double start = bcue_clock_s();
    bcue_sim_plan plan;
    bcue_sim_run run = {.plan = &plan, .hooks = hooks, .options = options ? *options : none};
    bcue_status status = bcue_sim_plan_read(config_path, overrides, override_count, &plan, error);
    if (status == BCUE_OK)
        status = check_options(&plan, &run.options, error);
    if (status == BCUE_OK)
        status = simulate_all(&run, error);
    bcue_output_tree_close(&run.tree);
    bcue_sim_run_free(&run);
    if (status == BCUE_OK && summary) {
        *summary = run.summary;
        snprintf(summary->output, sizeof summary->output, "%s", plan.config.output);
        summary->seconds = bcue_clock_s() - start;
    }
    bcue_sim_plan_destroy(&plan);
    return status;
}
