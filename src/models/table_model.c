#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/rng.h"
#include "models/model_graph.h"

/* A table model keeps its state as named tensors, like any other model:
   random: nothing; constant, majority: "score" (beams); position-lut: "votes" (bins, bins, beams);
   position-knn: "position" (n, 2), "label" (n) as floats. Positions are scaled to [0, 1] by the recipe. */

static bcue_status reserve(bcue_weights *weights, int32_t count, bcue_error *error)
{
    weights->tensors = bcue_calloc((size_t)count, sizeof *weights->tensors);
    weights->names = bcue_calloc((size_t)count, sizeof *weights->names);
    if (weights->tensors == NULL || weights->names == NULL)
        return bcue_fail_memory(error, "the table");
    return BCUE_OK;
}

static bcue_status add_tensor(bcue_weights *weights, const char *name, bcue_shape shape, float **data,
                              bcue_error *error)
{
    bcue_tensor *tensor = &weights->tensors[weights->count];
    BCUE_TRY(bcue_tensor_create(BCUE_F32, &shape, tensor, error));
    weights->names[weights->count] = bcue_strdup(name);
    weights->count++;
    *data = tensor->data;
    return weights->names[weights->count - 1] == NULL ? bcue_fail_memory(error, "the table") : BCUE_OK;
}

static bool usable_power(const double *power, int64_t beams)
{
    for (int64_t b = 0; power != NULL && b < beams; b++) {
        if (!isfinite(power[b]) || power[b] <= 0)
            return false;
    }
    return power != NULL;
}

/* 1 for the strongest of the beams, 1 / beams for the weakest. */
static double percentile(const double *power, int64_t beams, int64_t beam)
{
    int64_t stronger = 0;
    for (int64_t b = 0; b < beams; b++)
        stronger += power[b] > power[beam];
    return (double)(beams - stronger) / (double)beams;
}

static bcue_status fit_constant(const bcue_model_config *config, int64_t beams,
                                const bcue_table_samples *samples, float *score, bcue_error *error)
{
    double *sum_db = bcue_calloc((size_t)beams, sizeof *sum_db);
    if (sum_db == NULL)
        return bcue_fail_memory(error, "the table");
    size_t used = 0;
    for (size_t i = 0; samples->power != NULL && i < samples->count; i++) {
        if (!usable_power(samples->power[i], beams))
            continue;
        used++;
        for (int64_t b = 0; b < beams; b++)
            sum_db[b] += config->constant_by == 1 ? percentile(samples->power[i], beams, b)
                                                  : 10 * log10(samples->power[i][b]);
    }
    for (int64_t b = 0; used > 0 && b < beams; b++)
        score[b] = (float)(sum_db[b] / (double)used);
    free(sum_db);
    if (used == 0)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "the constant beam needs training samples with a power per beam, and there is none; "
                         "use majority");
    return BCUE_OK;
}

static int64_t cell_of(float coordinate, int64_t bins)
{
    double scaled = floor((double)coordinate * (double)bins);
    if (!(scaled > 0))
        return 0;
    return scaled >= (double)bins ? bins - 1 : (int64_t)scaled;
}

static bcue_status fit_position(const bcue_model_config *config, int64_t beams,
                                const bcue_table_samples *samples, bcue_weights *weights, bcue_error *error)
{
    if (samples->position == NULL)
        return bcue_fail(error, BCUE_ERROR_CONFIG, "%s needs positions: set features.position.enabled: true",
                         bcue_model_kind_names[config->kind]);
    size_t located = 0;
    for (size_t i = 0; i < samples->count; i++)
        located += isfinite(samples->position[2 * i]) && isfinite(samples->position[2 * i + 1]);
    if (located == 0)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "no training sample has a position, so %s has nothing to learn from",
                         bcue_model_kind_names[config->kind]);
    const int64_t bins = config->lut_bins;
    float *votes = NULL, *position = NULL, *label = NULL;
    if (config->kind == BCUE_MODEL_POSITION_LUT) {
        BCUE_TRY(add_tensor(weights, "votes", bcue_shape_of(bins, bins, beams), &votes, error));
    } else {
        BCUE_TRY(add_tensor(weights, "position", bcue_shape_of((int64_t)located, 2), &position, error));
        BCUE_TRY(add_tensor(weights, "label", bcue_shape_of((int64_t)located), &label, error));
    }
    for (size_t i = 0, kept = 0; i < samples->count; i++) {
        const float x = samples->position[2 * i], y = samples->position[2 * i + 1];
        if (!isfinite(x) || !isfinite(y))
            continue;
        if (votes != NULL) {
            votes[(cell_of(x, bins) * bins + cell_of(y, bins)) * beams + samples->label[i]] += 1;
            continue;
        }
        if (position != NULL && label != NULL) {
            position[2 * kept] = x;
            position[2 * kept + 1] = y;
            label[kept++] = (float)samples->label[i];
        }
    }
    return BCUE_OK;
}

/* RADAR_KNN: "radar" (n, size), "label" (n). RADAR_RULE: "votes" (directions, beams), and "score" (beams) of
   the constant beam, for directions without a vote. */
static bcue_status fit_radar(const bcue_model_config *config, int64_t beams,
                             const bcue_table_samples *samples, bcue_weights *weights, bcue_error *error)
{
    const int64_t count = (int64_t)samples->count, size = (int64_t)samples->radar_size;
    float *radar, *label, *votes, *score;
    if (samples->radar == NULL || size == 0)
        return bcue_fail(error, BCUE_ERROR_CONFIG, "%s needs radar: set features.radar.enabled: true",
                         bcue_model_kind_names[config->kind]);
    if (config->kind == BCUE_MODEL_RADAR_KNN) {
        BCUE_TRY(add_tensor(weights, "radar", bcue_shape_of(count, size), &radar, error));
        BCUE_TRY(add_tensor(weights, "label", bcue_shape_of(count), &label, error));
        memcpy(radar, samples->radar, samples->count * samples->radar_size * sizeof *radar);
        for (size_t i = 0; i < samples->count; i++)
            label[i] = (float)samples->label[i];
        return BCUE_OK;
    }
    BCUE_TRY(add_tensor(weights, "votes", bcue_shape_of(config->lut_bins, beams), &votes, error));
    BCUE_TRY(add_tensor(weights, "score", bcue_shape_of(beams), &score, error));
    for (size_t i = 0; i < samples->count; i++) {
        const float at = samples->radar[i * samples->radar_size];
        if (isfinite(at))
            votes[cell_of(0.5F * (at + 1), config->lut_bins) * beams + samples->label[i]] += 1;
    }
    return fit_constant(config, beams, samples, score, error);
}

float bcue_radar_direction(const float *frame, int64_t rows)
{
    enum { FIELDS = 5 };
    const float moves = 0.0125F, gap = 0.05F; /* of 40 m/s: half a metre a second; of 75 degrees */
    double sum = 0, best_sum = 0;
    int64_t count = 0, best_count = 0;
    float last = -1e9F;
    for (int64_t i = 0; i < rows; i++) {
        const float *row = frame + i * FIELDS;
        if (!(row[FIELDS - 1] > 0) || fabsf(row[0]) < moves)
            continue;
        if (row[1] - last > gap)
            sum = 0, count = 0;
        sum += (double)row[1];
        last = row[1];
        if (++count > best_count) {
            best_count = count;
            best_sum = sum;
        }
    }
    return best_count > 0 ? (float)(best_sum / (double)best_count) : NAN;
}

static bcue_status fit(const bcue_model_config *config, int64_t beams, const bcue_table_samples *samples,
                       bcue_weights *weights, bcue_error *error)
{
    BCUE_TRY(reserve(weights, 2, error));
    if (config->kind == BCUE_MODEL_RANDOM || bcue_model_is_oracle(config))
        return BCUE_OK;
    if (config->kind == BCUE_MODEL_RADAR_KNN || config->kind == BCUE_MODEL_RADAR_RULE)
        return fit_radar(config, beams, samples, weights, error);
    if (bcue_model_needs_position(config))
        return fit_position(config, beams, samples, weights, error);
    float *score;
    BCUE_TRY(add_tensor(weights, "score", bcue_shape_of(beams), &score, error));
    if (config->kind == BCUE_MODEL_CONSTANT)
        return fit_constant(config, beams, samples, score, error);
    for (size_t i = 0; i < samples->count; i++)
        score[samples->label[i]] += 1;
    return BCUE_OK;
}

bcue_status bcue_table_fit(const bcue_model_config *config, int64_t beams, const bcue_table_samples *samples,
                           bcue_weights *weights, bcue_error *error)
{
    *weights = (bcue_weights){0};
    if (!bcue_model_is_table(config))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "%s is a network, not a table",
                         bcue_model_kind_names[config->kind]);
    for (size_t i = 0; i < samples->count; i++) {
        if (samples->label[i] < 0 || samples->label[i] >= beams)
            return bcue_fail(error, BCUE_ERROR_DATA, "training sample %zu has beam %d, outside 0 .. %lld", i,
                             samples->label[i], (long long)beams - 1);
    }
    bcue_status status = fit(config, beams, samples, weights, error);
    if (status != BCUE_OK)
        bcue_weights_free(weights);
    return status;
}

/* A random order of the beams as scores in [0, 1): the same for the same seed and sample. */
static void score_randomly(int64_t beams, uint64_t seed, uint32_t sample, float scale, float *scores)
{
    bcue_rng rng = bcue_rng_make(seed, BCUE_RNG_BASELINE, 0, 0, sample);
    for (int64_t b = 0; b < beams; b++)
        scores[b] = scale * (float)bcue_rng_uniform(&rng);
}

typedef struct neighbour {
    double distance;
    size_t index;
} neighbour;

static int by_distance(const void *a, const void *b)
{
    const neighbour *x = a, *y = b;
    if (x->distance != y->distance)
        return x->distance < y->distance ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* One vote per neighbour, plus up to half a vote for nearness, which only orders beams of equal votes: the
 * one with the nearer voter first. */
static bcue_status score_knn(const bcue_model_config *config, const bcue_weights *weights,
                             const float *position, float *scores, bcue_error *error)
{
    const size_t count = (size_t)weights->tensors[0].shape.dim[0];
    const float *known = weights->tensors[0].data, *label = weights->tensors[1].data;
    neighbour *all = bcue_calloc(count, sizeof *all);
    if (all == NULL)
        return bcue_fail_memory(error, "the neighbours");
    const size_t width = (size_t)weights->tensors[0].shape.dim[1];
    for (size_t i = 0; i < count; i++) {
        double distance = 0;
        for (size_t k = 0; k < width; k++) {
            const double d = (double)known[width * i + k] - (double)position[k];
            distance += d * d;
        }
        all[i] = (neighbour){distance, i};
    }
    qsort(all, count, sizeof *all, by_distance);
    const size_t voters = (size_t)config->neighbours < count ? (size_t)config->neighbours : count;
    for (size_t rank = 0; rank < count; rank++) {
        float *score = &scores[(size_t)label[all[rank].index]];
        const float nearness = 0.5F * (float)(count - rank) / (float)count;
        const float votes = floorf(*score), best = *score - votes;
        *score = votes + (rank < voters ? 1.0F : 0.0F) + (best > 0 ? best : nearness);
    }
    free(all);
    return BCUE_OK;
}

/* Votes of the direction; beams of equally many votes in the order of the constant beam. */
static void score_rule(const bcue_model_config *config, int64_t beams, const bcue_weights *weights,
                       float direction, float *scores)
{
    const float *votes = weights->tensors[0].data, *order = weights->tensors[1].data;
    const float *cell =
        isfinite(direction) ? votes + cell_of(0.5F * (direction + 1), config->lut_bins) * beams : NULL;
    for (int64_t b = 0; b < beams; b++) {
        int64_t better = 0;
        for (int64_t k = 0; k < beams; k++)
            better += order[k] > order[b];
        scores[b] = (cell != NULL ? cell[b] : 0) + 0.5F * (float)(beams - better) / (float)beams;
    }
}

bcue_status bcue_table_score(const bcue_model_config *config, int64_t beams, const bcue_weights *weights,
                             const float *position, uint64_t seed, uint32_t sample, float *scores,
                             bcue_error *error)
{
    memset(scores, 0, (size_t)beams * sizeof *scores);
    if (bcue_model_is_oracle(config))
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                         "%s is told the powers that it should predict, so it answers only for recordings",
                         bcue_model_kind_names[config->kind]);
    const bool lost = bcue_model_needs_position(config) &&
                      (position == NULL || !isfinite(position[0]) || !isfinite(position[1]));
    if (config->kind == BCUE_MODEL_RANDOM || lost) {
        score_randomly(beams, seed, sample, 1, scores);
        return BCUE_OK;
    }
    if (config->kind == BCUE_MODEL_CONSTANT || config->kind == BCUE_MODEL_MAJORITY) {
        memcpy(scores, weights->tensors[0].data, (size_t)beams * sizeof *scores);
        return BCUE_OK;
    }
    if (config->kind == BCUE_MODEL_RADAR_RULE) {
        score_rule(config, beams, weights, position[0], scores);
        return BCUE_OK;
    }
    if (config->kind == BCUE_MODEL_POSITION_KNN || config->kind == BCUE_MODEL_RADAR_KNN)
        return score_knn(config, weights, position, scores, error);
    /* Beams without a vote, and with them a whole empty cell, come in random order below those with votes. */
    score_randomly(beams, seed, sample, 0.5F, scores);
    const int64_t bins = config->lut_bins;
    const float *votes = (const float *)weights->tensors[0].data +
                         (cell_of(position[0], bins) * bins + cell_of(position[1], bins)) * beams;
    for (int64_t b = 0; b < beams; b++)
        scores[b] += votes[b];
    return BCUE_OK;
}
