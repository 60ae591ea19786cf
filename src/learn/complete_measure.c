#include "learn/complete_measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "base/rng.h"
#include "learn/complete_inputs.h"
#include "learn/missing_frames.h"
#include "metrics/metric.h"
#include "metrics/quantile.h"

enum { BATCH = BCUE_SCORER_BATCH, SLOTS = BCUE_INPUT_POSITION + 1, MOST_CELLS = 512 };

/* One set of answers that is asked for. */
typedef struct cell {
    unsigned missing;
    int stand_in;
    int64_t draw; /* generated: 0: the prior's mean, else a draw's number */
    float *scores;
} cell;

typedef struct runner {
    bcue_score_session *session;
    const bcue_score_job *job;
    uint64_t seed;
    int64_t hold_rows, beams;
    bcue_gap_net whole, gaps[1U << SLOTS], maps[1U << SLOTS]; /* opened when they are needed */
    bcue_loader *loader, *held;
    bcue_gap_feed *feed; /* NULL: no frame is lost */
    size_t *held_samples;
    cell *cells;
    size_t cell_count;
} runner;

static const char *input_name(int m)
{
    return m == BCUE_INPUT_POSITION ? "position" : bcue_model_input_names[m];
}

static size_t window_numbers(const bcue_model_inputs *inputs, int m)
{
    const bcue_picture_size size = bcue_model_picture(inputs, (bcue_model_input)m);
    return (size_t)(m == BCUE_INPUT_POSITION ? 2 * inputs->gps_frames
                                             : inputs->frames * size.channels * size.height * size.width);
}

/* ---- stand-ins in the inputs of the whole network ---- */

static void put_stand_in(const runner *r, const cell *c, int m, const bcue_batch *batch,
                         const bcue_batch *held)
{
    const size_t numbers = window_numbers(&r->session->model.inputs, m);
    float *input = bcue_plan_input(r->whole.plan, input_name(m));
    const size_t count = bcue_complete_frame_numbers(&r->session->model.inputs, m);
    const float *mean = bcue_complete_tensor(&r->session->model.generator, "input", m);
    for (size_t i = 0; i < batch->count; i++) {
        float *row = input + i * numbers;
        bcue_rng rng =
            bcue_rng_make(r->seed, BCUE_RNG_COMPLETE, 0, (uint32_t)m + 2, (uint32_t)batch->sample[i]);
        for (size_t k = 0; k < numbers; k++) {
            switch ((bcue_stand_in)c->stand_in) {
            case BCUE_STAND_IN_NOISE:
                row[k] = (float)bcue_rng_normal(&rng);
                break;
            case BCUE_STAND_IN_MEAN:
                row[k] = mean != NULL ? mean[k % count] : 0;
                break;
            case BCUE_STAND_IN_HOLD:
                row[k] = held->data[m] != NULL ? held->data[m][i * numbers + k] : 0;
                break;
            default:
                row[k] = 0;
                break;
            }
        }
    }
}

static bcue_status run_whole(runner *r, const cell *c, const bcue_batch *batch, const bcue_batch *held,
                             const float **logits, bcue_error *error)
{
    bcue_feed_batch(r->whole.plan, &r->session->model.inputs, batch, BATCH);
    for (int m = 0; m < SLOTS; m++)
        if ((c->missing & 1U << m) != 0)
            put_stand_in(r, c, m, batch, held);
    BCUE_TRY(bcue_plan_forward(r->whole.plan, error));
    *logits = bcue_plan_output(r->whole.plan, "logits");
    return BCUE_OK;
}

/* ---- what is generated ---- */

static bcue_status generate(const runner *r, const cell *c, bcue_plan *plan, const bcue_batch *batch,
                            bcue_error *error)
{
    const size_t latent = (size_t)r->session->model.completion->latent;
    float *draws = bcue_plan_input(plan, "latent");
    bcue_feed_batch(plan, &r->session->model.inputs, batch, BATCH);
    memset(draws, 0, BATCH * latent * sizeof *draws);
    for (size_t i = 0; c->draw > 0 && i < batch->count; i++) {
        bcue_rng rng =
            bcue_rng_make(r->seed, BCUE_RNG_COMPLETE, (uint32_t)c->draw, 10, (uint32_t)batch->sample[i]);
        for (size_t k = 0; k < latent; k++)
            draws[i * latent + k] = (float)bcue_rng_normal(&rng);
    }
    return bcue_plan_forward(plan, error);
}

static bcue_status run_gap(const runner *r, const cell *c, const bcue_batch *batch, const float **logits,
                           bcue_error *error)
{
    bcue_plan *plan = r->gaps[c->missing].plan;
    BCUE_TRY(generate(r, c, plan, batch, error));
    *logits = bcue_plan_output(plan, "logits");
    return BCUE_OK;
}

static bcue_status run_maps(const runner *r, const cell *c, const bcue_batch *batch, const float **logits,
                            bcue_error *error)
{
    const bcue_plan *made = r->maps[c->missing].plan;
    const bcue_model_inputs *inputs = &r->session->model.inputs;
    BCUE_TRY(generate(r, c, r->maps[c->missing].plan, batch, error));
    bcue_feed_batch(r->whole.plan, inputs, batch, BATCH);
    for (int m = 0; m < SLOTS; m++)
        if ((c->missing & 1U << m) != 0)
            memcpy(bcue_plan_input(r->whole.plan, input_name(m)),
                   bcue_plan_output(made, bcue_completion_made_name((bcue_model_input)m)),
                   batch->count * window_numbers(inputs, m) * sizeof(float));
    BCUE_TRY(bcue_plan_forward(r->whole.plan, error));
    *logits = bcue_plan_output(r->whole.plan, "logits");
    return BCUE_OK;
}

static bcue_status run_cell(runner *r, const cell *c, const bcue_batch *batch, const bcue_batch *held,
                            const float **logits, bcue_error *error)
{
    if (c->missing != 0 && c->stand_in == BCUE_STAND_IN_GENERATED)
        return run_gap(r, c, batch, logits, error);
    if (c->missing != 0 && c->stand_in == BCUE_STAND_IN_MAP)
        return run_maps(r, c, batch, logits, error);
    return run_whole(r, c, batch, held, logits, error);
}

/* ---- the pass ---- */

/* The sample of the same episode so many rows before; or its first. */
static size_t held_sample(const bcue_dataset *dataset, size_t sample, int64_t rows)
{
    const bcue_sample *now = bcue_dataset_sample(dataset, sample);
    size_t at = sample;
    while (at > 0) {
        const bcue_sample *before = bcue_dataset_sample(dataset, at - 1);
        if (before->episode != now->episode || now->row - before->row > rows)
            break;
        at--;
    }
    return at;
}

static bcue_status open_nets(runner *r, bcue_error *error)
{
    const bcue_model_file *file = &r->session->model;
    const bcue_engine engine = (bcue_engine)r->job->train->engine;
    BCUE_TRY(bcue_gap_net_open(file, &(bcue_model_gap){0}, engine, BATCH, &r->whole, error));
    for (size_t i = 0; i < r->cell_count; i++) {
        const cell *c = &r->cells[i];
        const bcue_model_gap gap = {.missing = c->missing, .completion = file->completion};
        if (c->stand_in == BCUE_STAND_IN_GENERATED && c->missing != 0 && r->gaps[c->missing].plan == NULL)
            BCUE_TRY(bcue_gap_net_open(file, &gap, engine, BATCH, &r->gaps[c->missing], error));
        if (c->stand_in == BCUE_STAND_IN_MAP && c->missing != 0 && r->maps[c->missing].plan == NULL)
            BCUE_TRY(bcue_generator_net_open(file, c->stand_in, c->missing, engine, BATCH,
                                             &r->maps[c->missing], error));
    }
    return BCUE_OK;
}

static bcue_status open_loaders(runner *r, const bcue_hooks *hooks, bcue_error *error)
{
    const bcue_score_job *job = r->job;
    const bcue_feature_config used = bcue_features_for(&r->session->features, &r->session->model.config);
    bool holds = false;
    for (size_t i = 0; i < r->cell_count; i++)
        holds = holds || r->cells[i].stand_in == BCUE_STAND_IN_HOLD;
    BCUE_TRY(
        bcue_loader_create(job->dataset, &used, (int)job->train->loader_threads, hooks, &r->loader, error));
    bcue_loader_spoil_points(r->loader, &job->faults, job->seed);
    BCUE_TRY(bcue_loader_begin(r->loader, job->samples, job->count, BATCH, false, 0, 0, error));
    if (job->gaps != NULL)
        BCUE_TRY(bcue_gap_feed_create(job->gaps, &used, (int)job->train->loader_threads, job->gap_rows,
                                      job->count, BATCH, hooks, &r->feed, error));
    if (!holds)
        return BCUE_OK;
    r->held_samples = bcue_calloc(job->count, sizeof *r->held_samples);
    if (r->held_samples == NULL)
        return bcue_fail_memory(error, "what was seen last");
    for (size_t i = 0; i < job->count; i++)
        r->held_samples[i] = held_sample(job->dataset, job->samples[i], r->hold_rows);
    BCUE_TRY(
        bcue_loader_create(job->dataset, &used, (int)job->train->loader_threads, hooks, &r->held, error));
    bcue_loader_spoil_points(r->held, &job->faults, job->seed);
    return bcue_loader_begin(r->held, r->held_samples, job->count, BATCH, false, 0, 0, error);
}

static bcue_status run_batches(runner *r, const bcue_hooks *hooks, bcue_error *error)
{
    for (size_t done = 0; done < r->job->count;) {
        bcue_batch batch, held = {0};
        BCUE_TRY(bcue_loader_next(r->loader, &batch, error));
        if (r->held != NULL)
            BCUE_TRY(bcue_loader_next(r->held, &held, error));
        if (batch.count == 0 || (r->held != NULL && held.count != batch.count))
            return bcue_fail(error, BCUE_ERROR_INTERNAL, "the loader ended after %zu of %zu samples", done,
                             r->job->count);
        if (r->feed != NULL)
            BCUE_TRY(bcue_gap_feed_next(r->feed, &batch, error));
        for (size_t i = 0; i < r->cell_count; i++) {
            const cell *c = &r->cells[i];
            const float *logits;
            if (bcue_cancelled(hooks))
                return bcue_fail(error, BCUE_ERROR_CANCELLED, "stopped while scoring");
            BCUE_TRY(run_cell(r, c, &batch, &held, &logits, error));
            memcpy(c->scores + done * (size_t)r->beams, logits,
                   batch.count * (size_t)r->beams * sizeof *logits);
        }
        done += batch.count;
    }
    return BCUE_OK;
}

static bcue_status run(runner *r, const bcue_hooks *hooks, bcue_error *error)
{
    bcue_status status = open_nets(r, error);
    if (status == BCUE_OK)
        status = open_loaders(r, hooks, error);
    if (status == BCUE_OK)
        status = run_batches(r, hooks, error);
    bcue_loader_destroy(r->loader);
    bcue_loader_destroy(r->held);
    bcue_gap_feed_destroy(r->feed);
    free(r->held_samples);
    bcue_gap_net_close(&r->whole);
    for (size_t i = 0; i < sizeof r->gaps / sizeof *r->gaps; i++) {
        bcue_gap_net_close(&r->gaps[i]);
        bcue_gap_net_close(&r->maps[i]);
    }
    return status;
}

bcue_status bcue_complete_score(bcue_score_session *session, const bcue_score_job *job, unsigned missing,
                                int stand_in, int64_t hold_rows, uint64_t seed, const bcue_hooks *hooks,
                                float *scores, bcue_error *error)
{
    cell one = {missing, stand_in, 0, scores};
    runner r = {.session = session,
                .job = job,
                .seed = seed,
                .hold_rows = hold_rows,
                .beams = session->model.inputs.beams,
                .cells = &one,
                .cell_count = 1};
    return run(&r, hooks, error);
}

/* ---- the table ---- */

static double metric_of(const bcue_scored_set *set, bcue_metric metric)
{
    double value;
    bcue_error ignored;
    if (bcue_metric_check(set, metric, &ignored) != BCUE_OK ||
        bcue_metric_compute(set, metric, &value, NULL, &ignored) != BCUE_OK)
        return NAN;
    return value;
}

static bcue_status rate(const runner *r, const cell *c, bcue_complete_scores *scores, bcue_error *error)
{
    bcue_predictions predictions;
    const bcue_score_job *job = r->job;
    BCUE_TRY(bcue_predictions_create(job->dataset, job->samples, job->count, (int32_t)r->beams, &predictions,
                                     error));
    for (size_t i = 0; i < job->count; i++)
        bcue_predictions_rank(&predictions, i, c->scores + i * (size_t)r->beams);
    const bcue_scored_set set =
        bcue_predictions_view(&predictions, bcue_dataset_index_monotone(job->dataset), BCUE_POWER_ARBITRARY);
    scores->top1 = metric_of(&set, (bcue_metric){.kind = BCUE_METRIC_TOP_K, .k = 1});
    scores->dba = metric_of(&set, (bcue_metric){.kind = BCUE_METRIC_DBA});
    scores->loss_db = metric_of(&set, (bcue_metric){.kind = BCUE_METRIC_LOSS});
    bcue_predictions_free(&predictions);
    return BCUE_OK;
}

static size_t plan_cells(const bcue_complete_job *what, const bcue_completion *completion, unsigned seen,
                         cell *cells)
{
    unsigned missing[BCUE_GAP_PATTERNS];
    const size_t patterns = bcue_gap_patterns(seen, what->most_missing, missing);
    size_t count = 0;
    cells[count++] = (cell){.stand_in = BCUE_STAND_IN_ZERO};
    for (size_t p = 0; p < patterns; p++) {
        for (int s = 0; s < BCUE_STAND_IN_COUNT; s++) {
            const bool generated = s == BCUE_STAND_IN_GENERATED || s == BCUE_STAND_IN_MAP;
            if (!bcue_completion_offers(completion, s))
                continue;
            cells[count++] = (cell){.missing = missing[p], .stand_in = s};
            for (int64_t d = 1; generated && d <= what->draws && count < MOST_CELLS; d++)
                cells[count++] = (cell){.missing = missing[p], .stand_in = s, .draw = d};
        }
    }
    return count;
}

/* Mean and standard deviation of the draws that follow cell `first`. */
static bcue_status rate_draws(const runner *r, size_t first, bcue_complete_row *row, bcue_error *error)
{
    double sum[3] = {0}, square[3] = {0};
    size_t count = 0;
    for (size_t i = first + 1; i < r->cell_count && r->cells[i].draw > 0; i++, count++) {
        bcue_complete_scores s;
        BCUE_TRY(rate(r, &r->cells[i], &s, error));
        const double values[3] = {s.top1, s.dba, s.loss_db};
        for (int k = 0; k < 3; k++) {
            sum[k] += values[k];
            square[k] += values[k] * values[k];
        }
    }
    const double n = (double)count;
    row->drawn = (bcue_complete_scores){NAN, NAN, NAN};
    row->top1_spread = row->dba_spread = NAN;
    if (count < 2)
        return BCUE_OK;
    row->drawn = (bcue_complete_scores){sum[0] / n, sum[1] / n, sum[2] / n};
    row->top1_spread = sqrt(fmax(0, (square[0] - sum[0] * sum[0] / n) / (n - 1)));
    row->dba_spread = sqrt(fmax(0, (square[1] - sum[1] * sum[1] / n) / (n - 1)));
    return BCUE_OK;
}

static bcue_status fill_table(const runner *r, bcue_complete_table *table, bcue_error *error)
{
    table->count = 0;
    for (size_t i = 0; i < r->cell_count; i++) {
        const cell *c = &r->cells[i];
        if (c->draw > 0)
            continue;
        bcue_complete_row *row = &table->rows[table->count++];
        *row = (bcue_complete_row){.missing = c->missing, .stand_in = c->stand_in};
        BCUE_TRY(rate(r, c, &row->scores, error));
        BCUE_TRY(rate_draws(r, i, row, error));
    }
    return BCUE_OK;
}

bcue_status bcue_complete_measure(bcue_score_session *session, const bcue_score_job *job,
                                  const bcue_complete_job *what, const bcue_hooks *hooks,
                                  bcue_complete_table *table, bcue_error *error)
{
    cell cells[MOST_CELLS + BCUE_GAP_PATTERNS * BCUE_STAND_IN_COUNT] = {{0}};
    const bcue_model_file *file = &session->model;
    runner r = {.session = session,
                .job = job,
                .seed = what->seed,
                .hold_rows = what->hold_rows,
                .beams = file->inputs.beams,
                .cells = cells};
    r.cell_count =
        plan_cells(what, file->completion, bcue_branch_vectors_of(&file->config, &file->inputs).seen, cells);
    const size_t size = job->count * (size_t)r.beams;
    float *scores = bcue_calloc(r.cell_count, size * sizeof *scores);
    if (scores == NULL)
        return bcue_fail_memory(error, "the answers without each modality");
    for (size_t i = 0; i < r.cell_count; i++)
        cells[i].scores = scores + i * size;
    bcue_status status = run(&r, hooks, error);
    if (status == BCUE_OK)
        status = fill_table(&r, table, error);
    free(scores);
    return status;
}

static double worth(const bcue_complete_row *row)
{
    return isnan(row->scores.dba) ? row->scores.top1 : row->scores.dba;
}

const bcue_complete_row *bcue_complete_best(const bcue_complete_table *table, unsigned missing)
{
    const bcue_complete_row *best = NULL;
    for (size_t i = 0; i < table->count; i++) {
        const bcue_complete_row *row = &table->rows[i];
        if (row->missing != missing || row->stand_in == BCUE_STAND_IN_NOISE ||
            row->stand_in == BCUE_STAND_IN_HOLD)
            continue;
        if (best == NULL || worth(row) > worth(best))
            best = row;
    }
    return best;
}

/* Medians of one run of all nets, one after the other, and of the first of them. */
static bcue_status time_nets(const bcue_gap_net *nets, size_t count, int64_t runs, double *all_ms,
                             double *first_ms, bcue_error *error)
{
    double *times = bcue_calloc(2 * (size_t)runs, sizeof *times);
    bcue_status status = times == NULL ? bcue_fail_memory(error, "the latency") : BCUE_OK;
    for (int64_t i = -1; status == BCUE_OK && i < runs; i++) { /* once to warm */
        double ended[2] = {0, 0};
        const double began = bcue_clock_s();
        for (size_t k = 0; status == BCUE_OK && k < count; k++) {
            status = bcue_plan_forward(nets[k].plan, error);
            ended[k == 0 ? 0 : 1] = bcue_clock_s();
        }
        if (i < 0)
            continue;
        times[i] = 1e3 * (ended[count > 1 ? 1 : 0] - began);
        times[runs + i] = 1e3 * (ended[0] - began);
    }
    for (int k = 0; status == BCUE_OK && k < 2; k++)
        *(k == 0 ? all_ms : first_ms) = bcue_median(times + k * runs, (size_t)runs);
    free(times);
    return status;
}

bcue_status bcue_complete_latency(const bcue_model_file *file, bcue_engine engine, unsigned missing,
                                  int stand_in, int64_t runs, bcue_complete_times *times, bcue_error *error)
{
    bcue_gap_net nets[2] = {{0}};
    const bool features = missing != 0 && stand_in == BCUE_STAND_IN_GENERATED,
               maps = missing != 0 && stand_in == BCUE_STAND_IN_MAP;
    const bcue_model_gap gap = {.missing = features ? missing : 0, .completion = file->completion};
    double ignored;
    *times = (bcue_complete_times){0};
    bcue_status status = bcue_gap_net_open(file, &gap, engine, 1, &nets[1], error);
    if (status == BCUE_OK && (features || maps))
        status = bcue_generator_net_open(file, stand_in, missing, engine, 1, &nets[0], error);
    if (status == BCUE_OK && maps)
        status = time_nets(nets, 2, runs, &times->window_ms, &times->generator_ms, error);
    else if (status == BCUE_OK)
        status = time_nets(&nets[1], 1, runs, &times->window_ms, &ignored, error);
    if (status == BCUE_OK && features)
        status = time_nets(nets, 1, runs, &times->generator_ms, &ignored, error);
    bcue_gap_net_close(&nets[0]);
    bcue_gap_net_close(&nets[1]);
    return status;
}
