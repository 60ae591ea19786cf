#include "beamcue/simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "simulate/sim_jobs.h"
#include "simulate/sim_parts.h"

/* Everything is there: the tables, the manifest, the name. */
static bcue_status put_together(bcue_sim_run *run, bcue_error *error)
{
    BCUE_TRY(bcue_sim_parts_merge(run, error));
    if (run->summary.samples == 0) {
        bcue_output_tree_discard(&run->tree);
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "none of the %llu frames had a signal above the noise; raise channel.transmit_power_dbm or lower "
            "channel.noise_floor_dbm",
            (unsigned long long)run->summary.frames_no_signal);
    }
    BCUE_TRY(bcue_sim_write_locations(run, error));
    BCUE_TRY(bcue_sim_write_tables(run, error));
    for (size_t i = 0; i < run->tree.count; i++)
        run->summary.bytes += run->tree.files[i].size;
    BCUE_TRY(bcue_sim_write_manifest(run, error));
    bcue_output_tree_drop(&run->tree, "episodes");
    return bcue_output_tree_commit(&run->tree, error);
}

/* The manifest, once there is one. */
static json_t *read_manifest(const bcue_sim_run *run)
{
    char *path = bcue_output_tree_path(&run->tree, "manifest.json");
    json_t *manifest = path && bcue_path_exists(path) ? json_load_file(path, 0, NULL) : NULL;
    free(path);
    return manifest;
}

/* A run that was killed after its manifest was written lacks only its name. */
static bcue_status give_name(bcue_sim_run *run, const json_t *manifest, bcue_error *error)
{
    const json_t *counts = json_object_get(manifest, "counts");
    run->summary.episodes = (uint64_t)json_integer_value(json_object_get(counts, "episodes"));
    run->summary.samples = (uint64_t)json_integer_value(json_object_get(counts, "samples"));
    run->summary.samples_blocked = (uint64_t)json_integer_value(json_object_get(counts, "samples_blocked"));
    run->summary.frames_no_signal = (uint64_t)json_integer_value(json_object_get(counts, "frames_no_signal"));
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(manifest, "files"), i, entry)
    {
        run->summary.bytes += (uint64_t)json_integer_value(json_object_get(entry, "bytes"));
    }
    bcue_output_tree_drop(&run->tree, "episodes");
    return bcue_output_tree_commit(&run->tree, error);
}

/* Put together and name, unless another process does: of all that share a run one must. */
static bcue_status complete(bcue_sim_run *run, bcue_error *error)
{
    int claim;
    run->summary.merged_elsewhere = !bcue_output_tree_claim(&run->tree, &claim);
    if (run->summary.merged_elsewhere) {
        run->summary.episodes = run->plan->episodes;
        return BCUE_OK;
    }
    json_t *manifest = read_manifest(run);
    bcue_status status = manifest ? give_name(run, manifest, error) : put_together(run, error);
    json_decref(manifest);
    if (claim >= 0)
        close(claim);
    return status;
}

static bcue_status finish(bcue_sim_run *run, bcue_error *error)
{
    uint32_t done = bcue_sim_parts_count(run);
    if (done >= run->plan->episodes || bcue_sim_parts_gone(run))
        return complete(run, error);
    run->summary.episodes = done;
    run->summary.episodes_missing = run->plan->episodes - done;
    if (!run->options.merge)
        return BCUE_OK;
    return bcue_fail(error, BCUE_ERROR_DATA,
                     "%s: %u of %u episodes are finished; run the others first, all of them or by --shard",
                     run->tree.temporary, done, run->plan->episodes);
}

/* Say what a run that failed has left, and leave nothing that is of no use. */
static void settle_failure(bcue_sim_run *run, bcue_error *error)
{
    uint32_t done = bcue_sim_parts_count(run);
    if (done == 0 && run->tree.created && run->options.shards == 0 && !run->options.together) {
        bcue_output_tree_discard(&run->tree);
        return;
    }
    size_t used = error ? strlen(error->text) : 0;
    if (error && !run->options.merge && bcue_path_exists(run->tree.temporary))
        snprintf(error->text + used, sizeof error->text - used,
                 "; %u of %u episodes are finished in %s, and the same command goes on from there", done,
                 run->plan->episodes, run->tree.temporary);
}

static bcue_status open_tree(bcue_sim_run *run, bcue_error *error)
{
    const bcue_sim_plan *plan = run->plan;
    const bcue_output_identity identity = {.config_hash = run->config_hash,
                                           .version = BCUE_PROJECT_VERSION,
                                           .episodes = plan->episodes,
                                           .follow = run->options.together && run->options.place > 0};
    BCUE_TRY(
        bcue_output_tree_open(&run->tree, plan->config.output, plan->config.overwrite, &identity, error));
    run->gone = run->tree.finished;
    if (run->gone)
        return BCUE_OK;
    BCUE_TRY(bcue_sim_parts_open(run, error));
    uint32_t done = bcue_sim_parts_count(run);
    if (done > 0 && run->options.shards == 0)
        bcue_log(run->hooks, BCUE_LOG_INFO, "%s: going on with a run of which %u of %u episodes are finished",
                 run->tree.temporary, done, plan->episodes);
    return BCUE_OK;
}

static bcue_status run_opened(bcue_sim_run *run, bcue_error *error)
{
    if (run->gone)
        return complete(run, error);
    if (!run->options.merge)
        BCUE_TRY(bcue_sim_run_jobs(run, error));
    return finish(run, error);
}

static bcue_status simulate_all(bcue_sim_run *run, bcue_error *error)
{
    run->sites = bcue_calloc(run->plan->scene_count, sizeof *run->sites);
    if (!run->sites)
        return bcue_fail_memory(error, "the scenes");
    if (run->options.dry_run)
        return bcue_sim_estimate(run, error);
    BCUE_TRY(bcue_sim_config_hash(run->plan, run->config_hash, error));
    BCUE_TRY(open_tree(run, error));
    bcue_status status = run_opened(run, error);
    if (status != BCUE_OK)
        settle_failure(run, error);
    return status;
}

static bcue_status pin_and_simulate(bcue_sim_run *run, bcue_error *error)
{
    static const char *const isas[] = {NULL, "avx2", "sse4.2"};
    bcue_rays_pin_isa(isas[run->plan->config.isa]);
    bcue_status status = simulate_all(run, error);
    bcue_rays_pin_isa(NULL);
    return status;
}

/* Refuse before the work what cannot be written after it. */
static bcue_status check_options(const bcue_sim_plan *plan, const bcue_simulate_options *options,
                                 bcue_error *error)
{
    if (options->shards > 0 && (options->shard < 1 || options->shard > options->shards))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "shard %u of %u: count from 1 to %u", options->shard,
                         options->shards, options->shards);
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

bcue_status bcue_simulate_run(const char *config_path, const char *const *overrides, size_t override_count,
                              const bcue_simulate_options *options, const bcue_hooks *hooks,
                              bcue_simulate_summary *summary, bcue_error *error)
{
    double start = bcue_clock_s();
    bcue_sim_plan plan = {0};
    bcue_sim_run run = {.plan = &plan, .hooks = hooks};
    if (options)
        run.options = *options;
    bcue_status status = bcue_sim_plan_read(config_path, overrides, override_count, &plan, error);
    if (status == BCUE_OK)
        status = check_options(&plan, &run.options, error);
    if (status == BCUE_OK)
        status = pin_and_simulate(&run, error);
    bcue_sim_run_free(&run);
    if (status == BCUE_OK && summary) {
        *summary = run.summary;
        snprintf(summary->output, sizeof summary->output, "%s",
                 summary->episodes_missing > 0 ? run.tree.temporary : run.tree.target);
        if (!run.options.dry_run)
            summary->seconds = bcue_clock_s() - start;
    }
    bcue_output_tree_close(&run.tree);
    bcue_sim_plan_destroy(&plan);
    return status;
}

bcue_status bcue_simulate(const char *config_path, const char *const *overrides, size_t override_count,
                          const bcue_hooks *hooks, bcue_simulate_summary *summary, bcue_error *error)
{
    return bcue_simulate_run(config_path, overrides, override_count, NULL, hooks, summary, error);
}
