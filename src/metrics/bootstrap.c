#include "metrics/bootstrap.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "metrics/accurate_sum.h"
#include "metrics/quantile.h"

#define DRAWS_PER_BLOCK 50

/* What every draw reads: per-episode sums, from which any resample of episodes gives the metric without going
 * back to the rows. */
typedef struct {
    bcue_metric metric;
    size_t runs[2];       /* seeds of model A and B; B has 0 for the interval of one model */
    size_t width;         /* 1 + seeds of both */
    double *episode_sums; /* episodes x width: rows that count, then the sum of each run */
    size_t episodes;
    size_t
        *street_start; /* streets + 1: episodes of street t are street_start[t] .. street_start[t + 1] - 1 */
    size_t streets;
    bool fixed_streets; /* every street keeps its own sums, for the official weights */
    uint64_t seed;
    size_t draws;
    double *draw_value; /* out */
    size_t scratch_size;
    double *scratch; /* blocks x scratch_size */
} resampler;

static void resampler_free(resampler *r)
{
    free(r->episode_sums);
    free(r->street_start);
    free(r->draw_value);
    free(r->scratch);
}

/* ---- From rows to episodes ---- */

typedef struct {
    int32_t street, episode;
    size_t row;
} row_key;

static int compare_keys(const void *a, const void *b)
{
    const row_key *x = a, *y = b;
    if (x->street != y->street)
        return x->street < y->street ? -1 : 1;
    if (x->episode != y->episode)
        return x->episode < y->episode ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* The rows whose value is not NaN, ordered by street and episode. */
static row_key *sorted_rows(const bcue_scored_set *set, const double *values, size_t *count)
{
    row_key *keys = bcue_calloc(set->rows, sizeof *keys);
    if (keys == NULL)
        return NULL;
    *count = 0;
    for (size_t n = 0; n < set->rows; n++)
        if (!isnan(values[n]))
            keys[(*count)++] = (row_key){set->street != NULL ? set->street[n] : 0, set->episode[n], n};
    if (*count > 1)
        qsort(keys, *count, sizeof *keys, compare_keys);
    return keys;
}

/* Number the episodes; episode_of[i] belongs to keys[i]. `street_start` has room for count + 1. */
static void number_episodes(const row_key *keys, size_t count, size_t *episode_of, resampler *r)
{
    for (size_t i = 0; i < count; i++) {
        bool new_street = i == 0 || keys[i].street != keys[i - 1].street;
        if (new_street)
            r->street_start[r->streets++] = r->episodes;
        if (new_street || keys[i].episode != keys[i - 1].episode)
            r->episodes++;
        episode_of[i] = r->episodes - 1;
    }
    r->street_start[r->streets] = r->episodes;
}

static void add_run(const row_key *keys, const size_t *episode_of, size_t count, const double *values,
                    size_t column, resampler *r)
{
    bcue_sum sum = {0};
    for (size_t i = 0; i < count; i++) {
        bcue_sum_add(&sum, values[keys[i].row]);
        if (i + 1 == count || episode_of[i + 1] != episode_of[i]) {
            r->episode_sums[episode_of[i] * r->width + column] = bcue_sum_value(&sum);
            sum = (bcue_sum){0};
        }
    }
}

static bcue_status fill_sums(const bcue_runs *models, const row_key *keys, const size_t *episode_of,
                             size_t count, double *values, resampler *r, bcue_error *error)
{
    for (size_t i = 0; i < count; i++)
        r->episode_sums[episode_of[i] * r->width] += 1.0;
    for (size_t m = 0, column = 1; m < 2; m++)
        for (size_t s = 0; s < r->runs[m]; s++, column++) {
            BCUE_TRY(bcue_metric_rows(&models[m].sets[s], r->metric, values, error));
            add_run(keys, episode_of, count, values, column, r);
        }
    return BCUE_OK;
}

static bcue_status gather_episodes(const bcue_runs *models, resampler *r, bcue_error *error)
{
    const bcue_scored_set *first = &models[0].sets[0];
    double *values = bcue_calloc(first->rows, sizeof *values);
    size_t *episode_of = bcue_calloc(first->rows, sizeof *episode_of);
    r->street_start = bcue_calloc(first->rows + 1, sizeof *r->street_start);
    row_key *keys = NULL;
    size_t count = 0;
    bcue_status status = values != NULL && episode_of != NULL && r->street_start != NULL
                             ? bcue_metric_rows(first, r->metric, values, error)
                             : bcue_fail_memory(error, "the bootstrap");
    if (status == BCUE_OK && (keys = sorted_rows(first, values, &count)) == NULL)
        status = bcue_fail_memory(error, "the bootstrap");
    if (status == BCUE_OK) {
        number_episodes(keys, count, episode_of, r);
        r->episode_sums = bcue_calloc(r->episodes * r->width, sizeof *r->episode_sums);
        status = r->episode_sums != NULL ? fill_sums(models, keys, episode_of, count, values, r, error)
                                         : bcue_fail_memory(error, "the bootstrap");
    }
    free(values);
    free(episode_of);
    free(keys);
    return status;
}

/* ---- One draw ---- */

static void add_episodes(const resampler *r, size_t street, bcue_rng *rng, double *sums)
{
    size_t first = r->street_start[street], count = r->street_start[street + 1] - first;
    for (size_t i = 0; i < count; i++) {
        const double *episode = r->episode_sums + (first + bcue_rng_below(rng, (uint32_t)count)) * r->width;
        for (size_t j = 0; j < r->width; j++)
            sums[j] += episode[j];
    }
}

/* The metric of the run in `column` from the drawn sums (with fixed streets, one row of sums per street). */
static double run_value(const resampler *r, const double *sums, size_t column)
{
    if (!r->fixed_streets)
        return bcue_metric_finish(r->metric, sums[column] / sums[0]);
    double dba[BCUE_OFFICIAL_SCENARIOS];
    for (size_t t = 0; t < BCUE_OFFICIAL_SCENARIOS; t++)
        dba[t] = sums[t * r->width + column] / sums[t * r->width];
    return bcue_official_dba(dba);
}

static double mean_of_drawn(const double *run_values, size_t runs, bcue_rng rng)
{
    double sum = 0.0;
    for (size_t s = 0; s < runs; s++)
        sum += run_values[runs > 1 ? bcue_rng_below(&rng, (uint32_t)runs) : 0];
    return sum / (double)runs;
}

static double one_draw(const resampler *r, size_t draw, double *scratch)
{
    bcue_rng rng = bcue_rng_make(r->seed, BCUE_RNG_BOOTSTRAP, 0, 0, (uint32_t)draw);
    size_t groups = r->fixed_streets ? r->streets : 1;
    double *run_values = scratch + groups * r->width;
    memset(scratch, 0, groups * r->width * sizeof *scratch);
    for (size_t i = 0; i < r->streets; i++) {
        size_t street = r->fixed_streets || r->streets == 1 ? i : bcue_rng_below(&rng, (uint32_t)r->streets);
        add_episodes(r, street, &rng, scratch + (r->fixed_streets ? i * r->width : 0));
    }
    for (size_t column = 1; column < r->width; column++)
        run_values[column - 1] = run_value(r, scratch, column);
    /* Passing the generator by value lets both models draw the same seeds; with unlike counts B has a stream
     * of its own. */
    double value = mean_of_drawn(run_values, r->runs[0], rng);
    if (r->runs[1] == 0)
        return value;
    if (r->runs[1] != r->runs[0])
        rng = bcue_rng_make(r->seed, BCUE_RNG_BOOTSTRAP, 1, 0, (uint32_t)draw);
    return value - mean_of_drawn(run_values + r->runs[0], r->runs[1], rng);
}

static void draw_block(void *context, size_t block)
{
    resampler *r = context;
    double *scratch = r->scratch + block * r->scratch_size;
    size_t end = (block + 1) * DRAWS_PER_BLOCK;
    for (size_t draw = block * DRAWS_PER_BLOCK; draw < end && draw < r->draws; draw++)
        r->draw_value[draw] = one_draw(r, draw, scratch);
}

static bcue_status run_draws(resampler *r, bcue_error *error)
{
    size_t blocks = (r->draws + DRAWS_PER_BLOCK - 1) / DRAWS_PER_BLOCK;
    size_t groups = r->fixed_streets ? r->streets : 1;
    /* Rounded up to whole cache lines, so that threads do not write to a common one. */
    r->scratch_size = ((groups + 1) * r->width + 7) / 8 * 8;
    r->draw_value = bcue_calloc(r->draws, sizeof *r->draw_value);
    r->scratch = bcue_calloc_aligned(blocks * r->scratch_size, sizeof *r->scratch);
    if (r->draw_value == NULL || r->scratch == NULL)
        return bcue_fail_memory(error, "the bootstrap draws");
    bcue_parallel_for(blocks, 1, draw_block, r);
    return BCUE_OK;
}

/* ---- The calls ---- */

static bcue_status check_runs(const bcue_runs *models, bcue_error *error)
{
    const bcue_scored_set *first = models[0].sets;
    if (models[0].count == 0 || first == NULL)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "bootstrap: a model without a scored run");
    for (size_t m = 0; m < 2; m++)
        for (size_t s = 0; s < models[m].count; s++) {
            const bcue_scored_set *set = &models[m].sets[s];
            bcue_status status = bcue_scored_set_check(set, error);
            if (status == BCUE_OK)
                status = bcue_scored_set_same_samples(first, set, error);
            if (status != BCUE_OK)
                return bcue_fail_context(error, status, "model %s, run %zu", m == 0 ? "A" : "B", s + 1);
        }
    if (first->episode == NULL || first->rows > UINT32_MAX)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "bootstrap: the episode of every sample is needed");
    return BCUE_OK;
}

static bcue_status effective_options(const bcue_bootstrap_options *given, bcue_bootstrap_options *options,
                                     bcue_error *error)
{
    *options = given != NULL ? *given : (bcue_bootstrap_options){0};
    if (options->draws == 0)
        options->draws = BCUE_BOOTSTRAP_DRAWS;
    if (options->confidence == 0.0)
        options->confidence = BCUE_BOOTSTRAP_CONFIDENCE;
    if (options->draws < 100 || options->draws > 10000000)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "bootstrap: %" PRIu32 " draws, must be 100 to 10000000",
                         options->draws);
    if (!(options->confidence > 0.0 && options->confidence < 1.0))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "bootstrap: confidence %g, must lie between 0 and 1",
                         options->confidence);
    return BCUE_OK;
}

bcue_status bcue_runs_mean(const bcue_runs *model, bcue_metric metric, double *mean, bcue_error *error)
{
    bcue_sum sum = {0};
    for (size_t s = 0; s < model->count; s++) {
        double value;
        BCUE_TRY(bcue_metric_compute(&model->sets[s], metric, &value, NULL, error));
        bcue_sum_add(&sum, value);
    }
    *mean = bcue_sum_value(&sum) / (double)model->count;
    return BCUE_OK;
}

static double p_of_no_difference(const double *sorted, size_t count)
{
    size_t at_most = 0, at_least = 0;
    for (size_t i = 0; i < count; i++) {
        at_most += sorted[i] <= 0.0;
        at_least += sorted[i] >= 0.0;
    }
    size_t rarer = at_most < at_least ? at_most : at_least;
    double p = 2.0 * (double)(rarer + 1) / (double)(count + 1);
    return p < 1.0 ? p : 1.0;
}

static bcue_status fill_interval(resampler *r, const bcue_bootstrap_options *options, bcue_interval *interval,
                                 double *p_value, bcue_error *error)
{
    *p_value = 1.0;
    interval->episodes = r->episodes;
    interval->streets = r->streets;
    interval->understates = options->random_row_split;
    if (r->episodes < BCUE_BOOTSTRAP_LEAST_EPISODES) {
        snprintf(interval->note, sizeof interval->note, "too few episodes (%zu of at least %d)", r->episodes,
                 BCUE_BOOTSTRAP_LEAST_EPISODES);
        return BCUE_OK;
    }
    BCUE_TRY(run_draws(r, error));
    bcue_sort_doubles(r->draw_value, r->draws);
    double tail = (1.0 - options->confidence) / 2.0;
    interval->low = bcue_quantile_sorted(r->draw_value, r->draws, tail);
    interval->high = bcue_quantile_sorted(r->draw_value, r->draws, 1.0 - tail);
    interval->has_interval = true;
    interval->draws = options->draws;
    *p_value = p_of_no_difference(r->draw_value, r->draws);
    if (interval->understates)
        snprintf(interval->note, sizeof interval->note,
                 "interval understates: test rows were drawn at random");
    return BCUE_OK;
}

static bcue_status resample(const bcue_runs *models, bcue_metric metric, const bcue_bootstrap_options *given,
                            bcue_interval *interval, double *p_value, bcue_error *error)
{
    bcue_bootstrap_options options;
    *interval = (bcue_interval){0};
    BCUE_TRY(effective_options(given, &options, error));
    BCUE_TRY(check_runs(models, error));
    double estimate_a, estimate_b = 0.0;
    BCUE_TRY(bcue_runs_mean(&models[0], metric, &estimate_a, error));
    if (models[1].count > 0)
        BCUE_TRY(bcue_runs_mean(&models[1], metric, &estimate_b, error));
    interval->estimate = estimate_a - estimate_b;
    resampler r = {.metric = metric,
                   .runs = {models[0].count, models[1].count},
                   .width = 1 + models[0].count + models[1].count,
                   .fixed_streets = metric.kind == BCUE_METRIC_DBA_OFFICIAL,
                   .seed = options.seed,
                   .draws = options.draws};
    bcue_status status = gather_episodes(models, &r, error);
    if (status == BCUE_OK)
        status = fill_interval(&r, &options, interval, p_value, error);
    resampler_free(&r);
    return status;
}

bcue_status bcue_metric_interval(const bcue_runs *model, bcue_metric metric,
                                 const bcue_bootstrap_options *options, bcue_interval *interval,
                                 bcue_error *error)
{
    const bcue_runs models[2] = {*model, {0}};
    double p_value;
    return resample(models, metric, options, interval, &p_value, error);
}

bcue_status bcue_difference_interval(const bcue_runs *a, const bcue_runs *b, bcue_metric metric,
                                     const bcue_bootstrap_options *options, bcue_interval *difference,
                                     double *p_value, bcue_error *error)
{
    const bcue_runs models[2] = {*a, *b};
    if (b->count == 0 || b->sets == NULL)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "bootstrap: model B has no scored run");
    return resample(models, metric, options, difference, p_value, error);
}
