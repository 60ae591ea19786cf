#include "learn/scorer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/report_hooks.h"
#include "graph/describe.h"

enum { BATCH = BCUE_SCORER_BATCH };

_Static_assert((int)BCUE_INPUT_CAMERA == (int)BCUE_CAMERA && (int)BCUE_INPUT_LIDAR == (int)BCUE_LIDAR &&
                   (int)BCUE_INPUT_RADAR == (int)BCUE_RADAR && (int)BCUE_INPUT_POSITION == (int)BCUE_GPS &&
                   (int)BCUE_INPUT_VEHICLES == (int)BCUE_VEHICLES,
               "inputs of a model are in the order of the modalities");

struct bcue_scorer {
    const bcue_model_config *model;
    const bcue_dataset *dataset;
    bcue_model_inputs inputs;
    bcue_weights *weights;
    bcue_scorer_options options;
    const bcue_hooks *hooks;
    int threads; /* limit for the plan; 0: none */
    bcue_loader *loader;
    bcue_graph *graph; /* NULL for tables */
    bcue_plan *plan;
    bcue_fusion_view view;
    unsigned left_out; /* bits of inputs */
};

bcue_feature_config bcue_features_for(const bcue_feature_config *features, const bcue_model_config *model)
{
    bcue_feature_config used = *features;
    used.camera.enabled = used.camera.enabled && bcue_model_needs_camera(model);
    used.lidar.enabled = used.lidar.enabled && bcue_model_needs(model, BCUE_INPUT_LIDAR);
    used.radar.enabled = used.radar.enabled && bcue_model_needs(model, BCUE_INPUT_RADAR);
    used.position.enabled = used.position.enabled && bcue_model_needs_position(model);
    used.vehicles.enabled = used.vehicles.enabled && bcue_model_needs(model, BCUE_INPUT_VEHICLES);
    if (bcue_model_is_table(model)) /* one pass over the samples as they are */
        used.augment = (bcue_augment_recipe){.boresight_deg = BCUE_BORESIGHT_UNKNOWN};
    return used;
}

bcue_model_inputs bcue_model_inputs_of(const bcue_dataset *dataset, const bcue_feature_config *features,
                                       const bcue_model_config *model)
{
    const bcue_feature_config used = bcue_features_for(features, model);
    int64_t camera[3], lidar[3], radar[3], vehicles[3]; /* channels, height, width */
    (void)bcue_feature_shape(&used, BCUE_CAMERA, camera);
    (void)bcue_feature_shape(&used, BCUE_LIDAR, lidar);
    (void)bcue_feature_shape(&used, BCUE_RADAR, radar);
    (void)bcue_feature_shape(&used, BCUE_VEHICLES, vehicles);
    return (bcue_model_inputs){
        .frames = bcue_dataset_frames(dataset),
        .channels = camera[0],
        .height = camera[1],
        .width = camera[2],
        .lidar = {lidar[0], lidar[1], lidar[2]},
        .radar = {radar[0], radar[1], radar[2]},
        .vehicles = {vehicles[0], vehicles[1], vehicles[2]},
        .gps_frames = used.position.enabled ? bcue_dataset_gps_frames(dataset) : 0,
        .beams = bcue_dataset_beams(dataset),
    };
}

static void feed(float *to, const float *from, size_t row, size_t rows, size_t capacity)
{
    if (to == NULL)
        return;
    if (from != NULL)
        memcpy(to, from, rows * row * sizeof *to);
    const size_t filled = from != NULL ? rows : 0;
    memset(to + filled * row, 0, (capacity - filled) * row * sizeof *to);
}

void bcue_feed_batch(bcue_plan *plan, const bcue_model_inputs *inputs, const bcue_batch *batch,
                     size_t capacity)
{
    for (int i = 0; i < BCUE_INPUT_COUNT; i++) { /* in the order of bcue_modality */
        const bcue_picture_size size = bcue_model_picture(inputs, (bcue_model_input)i);
        if (!bcue_model_input_has_frames((bcue_model_input)i))
            continue;
        feed(bcue_plan_input(plan, bcue_model_input_names[i]), batch->data[i],
             (size_t)(inputs->frames * size.channels * size.height * size.width), batch->count, capacity);
    }
    feed(bcue_plan_input(plan, "position"), batch->data[BCUE_GPS], (size_t)inputs->gps_frames * 2,
         batch->count, capacity);
    int32_t *label = bcue_plan_input(plan, "label");
    if (label != NULL)
        memcpy(label, batch->label, batch->count * sizeof *label);
}

bcue_batch bcue_batch_part(const bcue_batch *batch, const bcue_model_inputs *inputs, size_t first,
                           size_t count)
{
    bcue_batch part = {.count = count,
                       .sample = batch->sample + first,
                       .label = batch->label + first,
                       .power = batch->power != NULL ? batch->power + first * (size_t)inputs->beams : NULL};
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++) {
        const bcue_picture_size size = bcue_model_picture(inputs, (bcue_model_input)m);
        const size_t frames = (size_t)(m == BCUE_GPS ? inputs->gps_frames : inputs->frames);
        const size_t numbers = m == BCUE_GPS ? 2 : (size_t)(size.channels * size.height * size.width);
        if (batch->data[m] != NULL)
            part.data[m] = batch->data[m] + first * frames * numbers;
        if (batch->present[m] != NULL)
            part.present[m] = batch->present[m] + first * frames;
    }
    return part;
}

void bcue_batch_position(const bcue_batch *batch, int64_t gps_frames, size_t i, float position[2])
{
    const size_t newest = i * (size_t)gps_frames + (size_t)gps_frames - 1;
    const bool there = batch->data[BCUE_GPS] != NULL && batch->present[BCUE_GPS][newest] > 0;
    position[0] = there ? batch->data[BCUE_GPS][2 * newest] : NAN;
    position[1] = there ? batch->data[BCUE_GPS][2 * newest + 1] : NAN;
}

static bcue_status make_plan(bcue_scorer *scorer, bcue_error *error)
{
    BCUE_TRY(bcue_model_build(scorer->model, &scorer->inputs, BATCH, &scorer->graph, error));
    const bool rounded = scorer->options.int8 != NULL && scorer->options.rounded;
    if (rounded)
        BCUE_TRY(bcue_int8_scales_round(scorer->options.int8, &scorer->graph, error));
    if (scorer->options.look != NULL)
        BCUE_TRY(bcue_fusion_view_mark(scorer->model, &scorer->inputs, scorer->graph, &scorer->view, error));
    bcue_int8_input *int8 = NULL;
    if (scorer->options.int8 != NULL && !rounded && scorer->options.engine == BCUE_ENGINE_ONEDNN)
        BCUE_TRY(bcue_int8_scales_apply(scorer->options.int8, scorer->graph, &int8, error));
    const bcue_plan_options options = {.engine = scorer->options.engine, .dtype = BCUE_F32, .int8 = int8};
    const int limit = bcue_limit_threads(scorer->threads = bcue_useful_threads(scorer->graph));
    bcue_status status = bcue_plan_create(scorer->graph, scorer->weights, &options, &scorer->plan, error);
    (void)bcue_limit_threads(limit);
    free(int8);
    return status;
}

bcue_status bcue_scorer_create(const bcue_model_config *model, const bcue_model_inputs *inputs,
                               bcue_weights *weights, const bcue_dataset *dataset,
                               const bcue_feature_config *features, const bcue_scorer_options *options,
                               const bcue_hooks *hooks, bcue_scorer **scorer, bcue_error *error)
{
    *scorer = NULL;
    bcue_scorer *made = bcue_calloc(1, sizeof *made);
    if (made == NULL)
        return bcue_fail_memory(error, "scoring");
    *made = (bcue_scorer){.model = model,
                          .dataset = dataset,
                          .inputs = *inputs,
                          .weights = weights,
                          .options = *options,
                          .hooks = hooks};
    const bcue_feature_config used = bcue_features_for(features, model);
    bcue_status status =
        bcue_loader_create(dataset, &used, options->loader_threads, hooks, &made->loader, error);
    if (status == BCUE_OK && !bcue_model_is_table(model))
        status = make_plan(made, error);
    if (status != BCUE_OK) {
        bcue_scorer_destroy(made);
        return status;
    }
    *scorer = made;
    return BCUE_OK;
}

bcue_status bcue_scorer_spoil_points(bcue_scorer *scorer, const bcue_feature_config *features,
                                     const bcue_point_faults *faults, uint64_t seed, bcue_error *error)
{
    const bcue_radar_recipe *radar = &features->radar;
    if (!bcue_model_needs(scorer->model, BCUE_INPUT_RADAR) ||
        (radar->kind != BCUE_RADAR_HPS && radar->kind != BCUE_RADAR_POINTS))
        return bcue_fail(
            error, BCUE_ERROR_CONFIG,
            "evaluate.radar_lost and evaluate.radar_false: the model (%s) reads no lists of radar points "
            "(features.radar.recipe: hps or points), so none can be lost or be false",
            bcue_model_kind_names[scorer->model->kind]);
    bcue_loader_spoil_points(scorer->loader, faults, seed);
    return BCUE_OK;
}

size_t bcue_scorer_network_bytes(const bcue_scorer *scorer)
{
    return scorer->plan == NULL ? 0
                                : bcue_plan_peak_bytes(scorer->plan) + bcue_plan_packed_bytes(scorer->plan);
}

size_t bcue_scorer_batch_bytes(const bcue_model_inputs *inputs, int loader_threads, size_t batch)
{
    size_t sample = 0;
    for (int i = 0; i < BCUE_PICTURE_INPUTS; i++) {
        const bcue_picture_size size = bcue_model_picture(inputs, (bcue_model_input)i);
        sample += (size_t)(inputs->frames * size.channels * size.height * size.width) * sizeof(float);
    }
    return (loader_threads > 0 ? 4 : 1) * batch * sample; /* the loader keeps three batches ready */
}

void bcue_scorer_destroy(bcue_scorer *scorer)
{
    if (scorer == NULL)
        return;
    bcue_plan_destroy(scorer->plan);
    bcue_graph_destroy(scorer->graph);
    bcue_loader_destroy(scorer->loader);
    free(scorer);
}

const float *bcue_batch_radar(const bcue_model_config *model, const bcue_model_inputs *inputs,
                              const bcue_batch *batch, size_t i, float *direction)
{
    const bcue_picture_size size = inputs->radar;
    const size_t frame = (size_t)(size.channels * size.height * size.width), frames = (size_t)inputs->frames;
    const float *window = batch->data[BCUE_RADAR] + i * frames * frame;
    if (model->kind == BCUE_MODEL_RADAR_KNN)
        return window;
    *direction = bcue_radar_direction(window + (frames - 1) * frame, size.height);
    return direction;
}

void bcue_scorer_leave_out(bcue_scorer *scorer, unsigned inputs)
{
    scorer->left_out = inputs;
}

static void blank_inputs(const bcue_scorer *scorer)
{
    const bcue_model_inputs *inputs = &scorer->inputs;
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        const bcue_picture_size size = bcue_model_picture(inputs, (bcue_model_input)m);
        const bool fixes = m == BCUE_INPUT_POSITION;
        float *input = bcue_plan_input(scorer->plan, fixes ? "position" : bcue_model_input_names[m]);
        const int64_t numbers =
            fixes ? 2 * inputs->gps_frames : inputs->frames * size.channels * size.height * size.width;
        if ((scorer->left_out & 1U << m) != 0 && input != NULL)
            memset(input, 0, (size_t)(BATCH * numbers) * sizeof *input);
    }
}

/* The powers as scores; beams alike where they are not known. */
static void tell(const bcue_scorer *scorer, size_t index, float *scores)
{
    const bcue_sample *sample = bcue_dataset_sample(scorer->dataset, index);
    const double *power = scorer->model->kind == BCUE_MODEL_ORACLE_HOLD ? sample->power_now : sample->power;
    for (int64_t b = 0; b < scorer->inputs.beams; b++) /* dB: floats keep the order of small powers */
        scores[b] = power != NULL && power[b] > 0 ? (float)(10 * log10(power[b])) : -1000;
}

/* `first`: row of the batch's first sample. */
static bcue_status score_batch(bcue_scorer *scorer, const bcue_batch *batch, size_t first, float *scores,
                               float *mid, bcue_error *error)
{
    const int64_t beams = scorer->inputs.beams;
    if (scorer->plan != NULL) {
        bcue_feed_batch(scorer->plan, &scorer->inputs, batch, BATCH);
        blank_inputs(scorer);
        BCUE_TRY(bcue_plan_forward(scorer->plan, error));
        if (scorer->view.there)
            scorer->options.look(scorer->options.cookie, scorer->plan, &scorer->view, first, batch->count);
        memcpy(scores, bcue_plan_output(scorer->plan, "logits"),
               batch->count * (size_t)beams * sizeof *scores);
        if (mid != NULL)
            memcpy(mid, bcue_plan_output(scorer->plan, "mid"),
                   batch->count * (size_t)bcue_scorer_mid_width(scorer->graph) * sizeof *mid);
        return BCUE_OK;
    }
    for (size_t i = 0; i < batch->count; i++) {
        if (bcue_model_is_oracle(scorer->model)) {
            tell(scorer, batch->sample[i], scores + i * (size_t)beams);
            continue;
        }
        if (bcue_model_needs(scorer->model, BCUE_INPUT_RADAR)) {
            float direction;
            const float *row = bcue_batch_radar(scorer->model, &scorer->inputs, batch, i, &direction);
            BCUE_TRY(bcue_table_score(scorer->model, beams, scorer->weights, row, scorer->options.seed,
                                      (uint32_t)batch->sample[i], scores + i * (size_t)beams, error));
            continue;
        }
        float position[2] = {NAN, NAN};
        if (scorer->inputs.gps_frames > 0)
            bcue_batch_position(batch, scorer->inputs.gps_frames, i, position);
        BCUE_TRY(bcue_table_score(scorer->model, beams, scorer->weights, position, scorer->options.seed,
                                  (uint32_t)batch->sample[i], scores + i * (size_t)beams, error));
    }
    return BCUE_OK;
}

static bcue_status score_all(bcue_scorer *scorer, const size_t *samples, size_t count, float *scores,
                             float *mid, bcue_error *error)
{
    const size_t width = mid != NULL ? (size_t)bcue_scorer_mid_width(scorer->graph) : 0;
    BCUE_TRY(bcue_loader_begin(scorer->loader, samples, count, BATCH, false, 0, 0, error));
    for (size_t done = 0; done < count;) {
        bcue_batch batch;
        BCUE_TRY(bcue_loader_next(scorer->loader, &batch, error));
        if (batch.count == 0)
            return bcue_fail(error, BCUE_ERROR_INTERNAL, "the loader ended after %zu of %zu samples", done,
                             count);
        if (bcue_cancelled(scorer->hooks))
            return bcue_fail(error, BCUE_ERROR_CANCELLED, "stopped while scoring");
        BCUE_TRY(score_batch(scorer, &batch, done, scores + done * (size_t)scorer->inputs.beams,
                             mid != NULL ? mid + done * width : NULL, error));
        done += batch.count;
    }
    return BCUE_OK;
}

int64_t bcue_scorer_mid_width(const bcue_graph *graph)
{
    const bcue_value mid = graph != NULL ? bcue_graph_find(graph, "mid") : BCUE_NO_VALUE;
    if (mid == BCUE_NO_VALUE)
        return 0;
    const bcue_shape *shape = &bcue_graph_value(graph, mid)->shape;
    return shape->dim[shape->rank - 1];
}

bcue_status bcue_scorer_run(bcue_scorer *scorer, const size_t *samples, size_t count, float *scores,
                            bcue_error *error)
{
    return bcue_scorer_run_mid(scorer, samples, count, scores, NULL, error);
}

bcue_status bcue_scorer_run_mid(bcue_scorer *scorer, const size_t *samples, size_t count, float *scores,
                                float *mid, bcue_error *error)
{
    if (mid != NULL && bcue_scorer_mid_width(scorer->graph) == 0)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "the model has no middle layer");
    const int limit = bcue_limit_threads(scorer->threads);
    if (scorer->plan != NULL)
        bcue_plan_weights_changed(scorer->plan);
    bcue_status status = score_all(scorer, samples, count, scores, mid, error);
    (void)bcue_limit_threads(limit);
    return status;
}
