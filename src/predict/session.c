#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "beamcue/predict.h"
#include "engine/plan.h"
#include "formats/image.h"
#include "graph/describe.h"
#include "predict/model_handle.h"

struct bcue_session {
    const bcue_model *model;
    bcue_weights
        weights; /* borrowed tensors of the model; plans take a non-const pointer but inference only reads */
    bcue_graph *graph; /* NULL for look-up models */
    bcue_plan *plan;
    int threads; /* limit while it runs; 0: none */
    float *scores;
    bool *taken;
    bcue_radar_maps *radar;            /* NULL: the model takes no radar */
    bcue_lidar_background *background; /* NULL: the recipe has none */
};

static bcue_status plan_session(bcue_session *session, const bcue_session_options *options, bcue_error *error)
{
    const bcue_model_file *file = &session->model->file;
    const bcue_plan_options plan = {.engine = BCUE_ENGINE_ONEDNN,
                                    .dtype = BCUE_F32,
                                    .no_winograd = options->memory == BCUE_MEMORY_SMALL,
                                    .packed = session->model->packed};
    BCUE_TRY(bcue_model_build(&file->config, &file->inputs, 1, &session->graph, error));
    session->threads = bcue_useful_threads(session->graph);
    if (options->threads > 0 && (session->threads == 0 || options->threads < session->threads))
        session->threads = options->threads;
    const int limit = bcue_limit_threads(session->threads);
    bcue_status status = bcue_plan_create(session->graph, &session->weights, &plan, &session->plan, error);
    (void)bcue_limit_threads(limit);
    return status;
}

bcue_status bcue_session_create(const bcue_model *model, bcue_session **session, bcue_error *error)
{
    return bcue_session_create_with(model, NULL, session, error);
}

void bcue_session_get_facts(const bcue_session *session, bcue_session_facts *facts)
{
    *facts = (bcue_session_facts){0};
    if (session->plan == NULL)
        return;
    facts->packed_bytes = bcue_plan_packed_bytes(session->plan);
    facts->activation_bytes = bcue_plan_peak_bytes(session->plan);
}

bcue_status bcue_session_create_with(const bcue_model *model, const bcue_session_options *options,
                                     bcue_session **session, bcue_error *error)
{
    static const bcue_session_options usual;
    *session = NULL;
    if (options != NULL && options->threads < 0)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "a session with %d threads cannot be made",
                         options->threads);
    bcue_session *made = bcue_calloc(1, sizeof *made);
    if (made == NULL)
        return bcue_fail_memory(error, "a session");
    made->model = model;
    made->weights = model->file.weights;
    made->scores = bcue_calloc((size_t)model->file.inputs.beams, sizeof *made->scores);
    made->taken = bcue_calloc((size_t)model->file.inputs.beams, sizeof *made->taken);
    bcue_status status =
        made->scores == NULL || made->taken == NULL ? bcue_fail_memory(error, "a session") : BCUE_OK;
    if (status == BCUE_OK && !bcue_model_is_table(&model->file.config))
        status = plan_session(made, options != NULL ? options : &usual, error);
    if (status == BCUE_OK && model->features.radar.enabled)
        status = bcue_radar_maps_create(&model->features.radar, &made->radar, error);
    if (status == BCUE_OK)
        status = bcue_lidar_background_read(&model->features.lidar, &made->background, error);
    if (status != BCUE_OK) {
        bcue_session_destroy(made);
        return status;
    }
    *session = made;
    return BCUE_OK;
}

void bcue_session_destroy(bcue_session *session)
{
    if (session == NULL)
        return;
    bcue_plan_destroy(session->plan);
    bcue_graph_destroy(session->graph);
    bcue_radar_maps_destroy(session->radar);
    bcue_lidar_background_destroy(session->background);
    free(session->scores);
    free(session->taken);
    free(session);
}

/* The last `wanted` of `count` things: index of the i-th, or -1 when there are too few. */
static ptrdiff_t newest(size_t count, size_t wanted, size_t i)
{
    return (ptrdiff_t)count - (ptrdiff_t)wanted + (ptrdiff_t)i;
}

static bcue_status feed_picture(const bcue_session *session, const bcue_encoded_picture *picture,
                                float *input, bcue_timing *timing, bcue_error *error)
{
    const double started = bcue_clock_s();
    bcue_image image;
    const uint8_t *bytes = picture->data;
    const bool png = picture->size > 4 && bytes[0] == 0x89;
    const int channels = (int)session->model->file.inputs.channels;
    BCUE_TRY((png ? bcue_png_decode : bcue_jpeg_decode)(
        picture->data, picture->size, picture->name != NULL ? picture->name : "camera frame", channels,
        &image, error));
    const double decoded = bcue_clock_s();
    bcue_status status = bcue_camera_features(&image, &session->model->features.camera, input, error);
    bcue_image_free(&image);
    timing->decode_ms += 1e3 * (decoded - started);
    timing->features_ms += 1e3 * (bcue_clock_s() - decoded);
    return status;
}

/* A cloud or a radar frame, by the same functions as in training. Decoding counts as making features. */
static bcue_status feed_echoes(const bcue_session *session, bcue_model_input which,
                               const bcue_observation *observation, const bcue_encoded_picture *frame,
                               float *input, bcue_timing *timing, bcue_error *error)
{
    const double started = bcue_clock_s();
    const bool lidar = which == BCUE_INPUT_LIDAR;
    const char *name = frame->name != NULL ? frame->name : lidar ? "LiDAR frame" : "radar frame";
    bcue_status status =
        lidar ? bcue_lidar_features_decode(frame->data, frame->size, name, &session->model->features.lidar,
                                           session->background, observation->scenario, NULL, input, error)
              : bcue_radar_features_decode(session->radar, frame->data, frame->size, name, input, error);
    timing->features_ms += 1e3 * (bcue_clock_s() - started);
    return status;
}

/* Every frame of one modality; a missing one is zeros. */
static bcue_status feed_frames(bcue_session *session, bcue_model_input which,
                               const bcue_observation *observation, size_t *seen, bcue_timing *timing,
                               bcue_error *error)
{
    const bcue_model_inputs *inputs = &session->model->file.inputs;
    const bcue_picture_size shape = bcue_model_picture(inputs, which);
    const bcue_encoded_picture *const frames[] = {observation->camera, observation->lidar,
                                                  observation->radar};
    const size_t counts[] = {observation->camera_count, observation->lidar_count, observation->radar_count};
    float *input =
        session->plan != NULL ? bcue_plan_input(session->plan, bcue_model_input_names[which]) : NULL;
    const size_t size = (size_t)(shape.channels * shape.height * shape.width);
    for (size_t i = 0; input != NULL && i < (size_t)inputs->frames; i++, input += size) {
        const ptrdiff_t at = newest(counts[which], (size_t)inputs->frames, i);
        if (at < 0 || frames[which][at].data == NULL) {
            memset(input, 0, size * sizeof *input);
            continue;
        }
        BCUE_TRY(which == BCUE_INPUT_CAMERA
                     ? feed_picture(session, &frames[which][at], input, timing, error)
                     : feed_echoes(session, which, observation, &frames[which][at], input, timing, error));
        (*seen)++;
    }
    return BCUE_OK;
}

static bcue_status fix_features(const bcue_session *session, const bcue_observation *observation,
                                ptrdiff_t at, float features[2], bool *there, bcue_error *error)
{
    features[0] = features[1] = 0;
    *there = false;
    if (at < 0)
        return BCUE_OK;
    const bcue_fix *fix = &observation->fixes[at], *rsu = &observation->rsu;
    if (isnan(fix->latitude_deg) || isnan(fix->longitude_deg))
        return BCUE_OK;
    if (!(fabs(fix->latitude_deg) <= 90 && fabs(fix->longitude_deg) <= 360))
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "fix %td: latitude %g, longitude %g is no place on Earth; give degrees, or NaN for a "
            "missing fix",
            at, fix->latitude_deg, fix->longitude_deg);
    *there = true;
    const bcue_position_recipe recipe =
        bcue_position_recipe_for(&session->model->features.position, observation->scenario);
    return bcue_position_features(fix->latitude_deg, fix->longitude_deg, rsu->latitude_deg,
                                  rsu->longitude_deg, &recipe, false, features, error);
}

/* `position` gets the newest fix as features, NaN when missing; a network also gets all of them, zeros where
 * missing. A table looks at the newest only, so older ones do not count as seen. */
static bcue_status feed_position(bcue_session *session, const bcue_observation *observation,
                                 float position[2], size_t *seen, bcue_error *error)
{
    const size_t wanted = (size_t)session->model->file.inputs.gps_frames;
    float *input = session->plan != NULL ? bcue_plan_input(session->plan, "position") : NULL;
    position[0] = position[1] = NAN;
    for (size_t i = 0; i < wanted; i++) {
        float features[2];
        bool there;
        BCUE_TRY(fix_features(session, observation, newest(observation->fix_count, wanted, i), features,
                              &there, error));
        *seen += there && (input != NULL || i + 1 == wanted);
        if (there && i + 1 == wanted)
            memcpy(position, features, sizeof features);
        if (input != NULL)
            memcpy(input + 2 * i, features, sizeof features);
    }
    return BCUE_OK;
}

/* Does the model look at anything at all (some tables do not)? */
static bool needs_anything(const bcue_model_file *file)
{
    bool any = false;
    for (int i = 0; i < BCUE_INPUT_COUNT; i++)
        any = any || bcue_model_needs(&file->config, (bcue_model_input)i);
    return any;
}

static bcue_status refuse_nothing(const bcue_model_file *file, bcue_error *error)
{
    static const char *const noun[BCUE_INPUT_COUNT] = {"camera frames", "LiDAR frames", "radar frames",
                                                       "GNSS fixes"};
    char list[80] = "";
    size_t used = 0;
    for (int i = 0; i < BCUE_INPUT_COUNT; i++) {
        if (bcue_model_needs(&file->config, (bcue_model_input)i))
            used +=
                (size_t)snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? " or " : "", noun[i]);
    }
    return bcue_fail(error, BCUE_ERROR_DATA,
                     "nothing to predict from: this %s needs %s, and every one of them is missing",
                     bcue_model_kind_names[file->config.kind], list);
}

static bcue_status run_model(bcue_session *session, const float position[2], bcue_error *error)
{
    const bcue_model_file *file = &session->model->file;
    if (session->plan == NULL)
        return bcue_table_score(&file->config, file->inputs.beams, &file->weights, position, 0, 0,
                                session->scores, error);
    const int limit = bcue_limit_threads(session->threads);
    bcue_status status = bcue_plan_forward(session->plan, error);
    (void)bcue_limit_threads(limit);
    BCUE_TRY(status);
    memcpy(session->scores, bcue_plan_output(session->plan, "logits"),
           (size_t)file->inputs.beams * sizeof *session->scores);
    return BCUE_OK;
}

/* Best first; equal scores: the lower beam. Probabilities are the softmax over all beams. */
static void rank(bcue_session *session, size_t count, bcue_ranked_beam *ranked)
{
    const size_t beams = (size_t)session->model->file.inputs.beams;
    const float *scores = session->scores;
    double sum = 0;
    memset(session->taken, 0, beams * sizeof *session->taken);
    for (size_t k = 0; k < count; k++) {
        size_t best = beams;
        for (size_t b = 0; b < beams; b++) {
            if (!session->taken[b] && (best == beams || scores[b] > scores[best]))
                best = b;
        }
        session->taken[best] = true;
        ranked[k].beam = (int32_t)best;
    }
    const double top = (double)scores[ranked[0].beam];
    for (size_t b = 0; b < beams; b++)
        sum += exp((double)scores[b] - top);
    for (size_t k = 0; k < count; k++)
        ranked[k].probability = (double)(float)(exp((double)scores[ranked[k].beam] - top) / sum);
}

bcue_status bcue_predict(bcue_session *session, const bcue_observation *observation, size_t count,
                         bcue_ranked_beam *ranked, bcue_timing *timing, bcue_error *error)
{
    const bcue_model_file *file = &session->model->file;
    const double started = bcue_clock_s();
    bcue_timing times = {0};
    float position[2];
    size_t seen = 0;
    if (count < 1 || count > (size_t)file->inputs.beams)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "asked for %zu beams; this model ranks 1 to %lld", count,
                         (long long)file->inputs.beams);
    for (int i = 0; i < BCUE_PICTURE_INPUTS; i++)
        BCUE_TRY(feed_frames(session, (bcue_model_input)i, observation, &seen, &times, error));
    BCUE_TRY(feed_position(session, observation, position, &seen, error));
    if (seen == 0 && needs_anything(file))
        return refuse_nothing(file, error);
    const double fed = bcue_clock_s();
    BCUE_TRY(run_model(session, position, error));
    rank(session, count, ranked);
    const double ended = bcue_clock_s();
    times.network_ms = 1e3 * (ended - fed);
    times.total_ms = 1e3 * (ended - started);
    if (timing != NULL)
        *timing = times;
    return BCUE_OK;
}
