#include "channel/coverage.h"

#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "channel/aggregate.h"

bcue_vec3 bcue_coverage_point(const bcue_coverage_grid *grid, size_t index)
{
    size_t i = index % grid->columns, j = index / grid->columns;
    return bcue_vec3_add(grid->origin,
                         bcue_vec3_make(grid->step_m * (double)i, grid->step_m * (double)j, 0.0));
}

bcue_status bcue_coverage_create(const bcue_coverage_grid *grid, bcue_coverage *coverage, bcue_error *error)
{
    bcue_coverage made = {0};
    if (grid->columns == 0 || grid->rows == 0 || !(grid->step_m > 0.0))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "a coverage map needs points and a positive step (%zu x %zu points, %g m)",
                         grid->columns, grid->rows, grid->step_m);
    if (bcue_mul_size(grid->columns, grid->rows, &made.points)) {
        made.unit = bcue_calloc(made.points, sizeof *made.unit);
        made.beam = bcue_calloc(made.points, sizeof *made.beam);
        made.interferer = bcue_calloc(made.points, sizeof *made.interferer);
        made.rss_dbm = bcue_calloc(made.points, sizeof *made.rss_dbm);
        made.sinr_db = bcue_calloc(made.points, sizeof *made.sinr_db);
        made.delay_spread_s = bcue_calloc(made.points, sizeof *made.delay_spread_s);
        made.rician_k_db = bcue_calloc(made.points, sizeof *made.rician_k_db);
    }
    if (!made.unit || !made.beam || !made.interferer || !made.rss_dbm || !made.sinr_db ||
        !made.delay_spread_s || !made.rician_k_db) {
        bcue_coverage_free(&made);
        return bcue_fail_memory(error, "the coverage map");
    }
    *coverage = made;
    return BCUE_OK;
}

void bcue_coverage_free(bcue_coverage *coverage)
{
    free(coverage->unit);
    free(coverage->beam);
    free(coverage->interferer);
    free(coverage->rss_dbm);
    free(coverage->sinr_db);
    free(coverage->delay_spread_s);
    free(coverage->rician_k_db);
    *coverage = (bcue_coverage){0};
}

typedef struct map_job {
    const bcue_link_config *config;
    const bcue_channel *channel;
    const bcue_coverage_unit *units;
    size_t unit_count, beams, first, count;
    const bcue_path_list *paths;
    const size_t *active;
    double noise_mw;
    bcue_coverage *coverage;
    bcue_status *status; /* per point */
    bcue_error *errors;  /* per point */
} map_job;

static bcue_status fill_point(const map_job *job, size_t p, double *power, bcue_link_rays *rays,
                              bcue_error *error)
{
    const bcue_vec3 rest = {0, 0, 0};
    for (size_t u = 0; u < job->unit_count; u++) {
        const bcue_link_receiver *receiver = &job->units[u].receiver;
        BCUE_TRY(bcue_link_trace(job->config, job->channel, receiver, &job->paths[u * job->count + p], rest,
                                 rest, &rays[u], error));
        BCUE_TRY(bcue_link_beam_power(job->config, receiver, &rays[u], power + u * job->beams, error));
    }
    bcue_service s = bcue_serve(power, job->unit_count, job->beams, job->active, job->noise_mw);
    bcue_coverage *c = job->coverage;
    size_t at = job->first + p;
    bool lit = s.power_mw > 0.0;
    c->unit[at] = lit ? (int32_t)s.unit : -1;
    c->beam[at] = lit ? (int32_t)s.beam : -1;
    c->interferer[at] = s.strongest_interferer == SIZE_MAX ? -1 : (int32_t)s.strongest_interferer;
    c->rss_dbm[at] = lit ? 10.0 * log10(s.power_mw) : -INFINITY;
    c->sinr_db[at] = s.sinr_db;
    bcue_link_summary summary = bcue_link_summarise(&rays[s.unit]);
    c->delay_spread_s[at] = lit ? summary.delay_spread_s : NAN;
    c->rician_k_db[at] = lit ? summary.rician_k_db : NAN;
    return BCUE_OK;
}

static void fill_one(void *context, size_t p)
{
    map_job *job = context;
    double *power = bcue_calloc(job->unit_count * job->beams, sizeof *power);
    bcue_link_rays *rays = bcue_calloc(job->unit_count, sizeof *rays);
    bcue_error *error = &job->errors[p];
    job->status[p] = power && rays ? fill_point(job, p, power, rays, error)
                                   : bcue_fail_memory(error, "a point of the coverage map");
    for (size_t u = 0; rays && u < job->unit_count; u++)
        bcue_link_rays_free(&rays[u]);
    free(power);
    free(rays);
}

bcue_status bcue_coverage_fill(const bcue_link_config *config, const bcue_channel *channel,
                               const bcue_coverage_unit *units, size_t unit_count,
                               const bcue_path_list *paths, size_t first, size_t count, double noise_mw,
                               bcue_coverage *coverage, bcue_error *error)
{
    if (unit_count == 0 || unit_count > INT32_MAX || !(noise_mw > 0.0) || first > coverage->points ||
        count > coverage->points - first)
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "a coverage map needs a roadside unit, noise above 0 and points of its grid (%zu units, %g mW, "
            "points %zu to %zu of %zu)",
            unit_count, noise_mw, first, first + count, coverage->points);
    size_t beams = units[0].receiver.codebook->beams;
    for (size_t u = 1; u < unit_count; u++)
        if (units[u].receiver.codebook->beams != beams)
            return bcue_fail(error, BCUE_ERROR_SHAPE,
                             "unit 0 has %zu beams, unit %zu has %zu; a map needs as many for all", beams, u,
                             units[u].receiver.codebook->beams);
    size_t *active = bcue_calloc(unit_count, sizeof *active);
    bcue_status *status = bcue_calloc(count, sizeof *status);
    bcue_error *errors = bcue_calloc(count, sizeof *errors);
    bcue_status result = BCUE_OK;
    if (active && status && errors) {
        for (size_t u = 0; u < unit_count; u++)
            active[u] = units[u].active_beam;
        map_job job = {config, channel, units,    unit_count, beams,  first, count,
                       paths,  active,  noise_mw, coverage,   status, errors};
        bcue_parallel_for(count, 4, fill_one, &job);
        for (size_t p = count; p-- > 0;)
            if (status[p] != BCUE_OK) {
                result = status[p];
                if (error)
                    *error = errors[p];
            }
    } else
        result = bcue_fail_memory(error, "the coverage map");
    free(active);
    free(status);
    free(errors);
    return result;
}
