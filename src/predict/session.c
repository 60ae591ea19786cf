#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "beamcue/predict.h"
#include "formats/image.h"
#include "metrics/rank.h"
#include "metrics/reliability.h"
#include "predict/session_parts.h"

enum { MOST_RING_FRAMES = 4096 };
/* The ids of frames that are not there: zeros, and the mean. */
#define MISSING UINT64_MAX
#define MISSING_MEAN (UINT64_MAX - 1)

bcue_status bcue_session_create(const bcue_model *model, bcue_session **session, bcue_error *error)
{
    return bcue_session_create_with(model, NULL, session, error);
}

void bcue_session_get_facts(const bcue_session *session, bcue_session_facts *facts)
{
    *facts = (bcue_session_facts){0};
    if (session->network != NULL)
        bcue_network_get_facts(session->network, facts);
}

bcue_status bcue_session_create_with(const bcue_model *model, const bcue_session_options *options,
                                     bcue_session **session, bcue_error *error)
{
    static const bcue_session_options usual;
    *session = NULL;
    if (options != NULL && options->threads < 0)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "a session with %d threads cannot be made",
                         options->threads);
    if (options != NULL && (options->ring_frames < 0 || options->ring_frames > MOST_RING_FRAMES))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "a session keeps 0 to %d frames, not %d",
                         MOST_RING_FRAMES, options->ring_frames);
    if (options != NULL && (unsigned)options->weights > BCUE_FORM_INT8)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "%d is no form of weights", (int)options->weights);
    if (options != NULL && options->radar_height_m != 0 &&
        !(options->radar_height_m >= 0.1 && options->radar_height_m <= 1000 &&
          fabs(options->radar_pitch_deg) <= 90))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "a radar %g m above ground that looks up by %g degrees is none; give 0.1 to 1000 m "
                         "and -90 to 90 degrees",
                         options->radar_height_m, options->radar_pitch_deg);
    const bcue_model_config *config = &model->file.config;
    if (bcue_model_is_table(config) &&
        (bcue_model_is_oracle(config) || bcue_model_needs(config, BCUE_INPUT_RADAR)))
        return bcue_fail(
            error, BCUE_ERROR_UNSUPPORTED,
            "a %s is a yardstick for recordings: 'beamcue evaluate' scores it, it does not predict",
            bcue_model_kind_names[config->kind]);
    if (bcue_model_needs(config, BCUE_INPUT_VEHICLES))
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                         "this %s was trained with the fixes of all vehicles, which an observation does not "
                         "hold: score it with 'beamcue evaluate', or train one without gps in "
                         "model.modalities",
                         bcue_model_kind_names[config->kind]);
    bcue_session *made = bcue_calloc(1, sizeof *made);
    if (made == NULL)
        return bcue_fail_memory(error, "a session");
    made->model = model;
    made->options = options != NULL ? *options : usual;
    made->scores = bcue_calloc((size_t)model->file.inputs.beams, sizeof *made->scores);
    made->taken = bcue_calloc((size_t)model->file.inputs.beams, sizeof *made->taken);
    made->order = bcue_calloc((size_t)model->file.inputs.beams, sizeof *made->order);
    made->probability = bcue_calloc((size_t)model->file.inputs.beams, sizeof *made->probability);
    bcue_status status =
        made->scores == NULL || made->taken == NULL || made->order == NULL || made->probability == NULL
            ? bcue_fail_memory(error, "a session")
            : BCUE_OK;
    if (status == BCUE_OK && !bcue_model_is_table(&model->file.config))
        status = bcue_network_create(model, &made->options, &made->network, error);
    if (status == BCUE_OK && model->features.radar.enabled)
        status = bcue_radar_maps_create(&model->features.radar, &made->radar, error);
    if (made->radar != NULL)
        bcue_radar_maps_accept_cubes(made->radar, true);
    if (made->radar != NULL && options != NULL && options->radar_height_m > 0)
        bcue_radar_maps_stand(made->radar,
                              (const double[]){options->radar_height_m, options->radar_pitch_deg});
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
    bcue_stream_destroy(session->stream);
    bcue_network_destroy(session->network);
    bcue_radar_maps_destroy(session->radar);
    bcue_lidar_background_destroy(session->background);
    free(session->scores);
    free(session->taken);
    free(session->order);
    free(session->probability);
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

void bcue_session_stand_in(const float *mean, size_t size, float *input)
{
    if (mean != NULL)
        memcpy(input, mean, size * sizeof *input);
    else
        memset(input, 0, size * sizeof *input);
}

/* Modalities of which the observation has nothing. *partly: of some it has not all. */
static unsigned lacking(const bcue_model_file *file, const bcue_observation *observation, bool *partly)
{
    const bcue_encoded_picture *const frames[] = {observation->camera, observation->lidar,
                                                  observation->radar};
    const size_t counts[] = {observation->camera_count, observation->lidar_count, observation->radar_count};
    const size_t wanted = (size_t)file->inputs.frames, fixes = (size_t)file->inputs.gps_frames;
    unsigned missing = 0;
    *partly = false;
    for (int m = 0; m <= BCUE_INPUT_POSITION; m++) {
        const bool gps = m == BCUE_INPUT_POSITION;
        bool any = false, all = true;
        for (size_t i = 0; i < (gps ? fixes : wanted); i++) {
            const ptrdiff_t at = newest(gps ? observation->fix_count : counts[m], gps ? fixes : wanted, i);
            const bool there = at >= 0 && (gps ? !isnan(observation->fixes[at].latitude_deg) &&
                                                     !isnan(observation->fixes[at].longitude_deg)
                                               : frames[m][at].data != NULL);
            any = any || there;
            all = all && there;
        }
        *partly = *partly || (bcue_model_needs(&file->config, (bcue_model_input)m) && any && !all);
        missing |= bcue_model_needs(&file->config, (bcue_model_input)m) && !any ? 1U << m : 0;
    }
    return missing;
}

/* Every frame of one modality; a missing one is zeros, or the mean. */
static bcue_status feed_frames(bcue_session *session, bcue_model_input which,
                               const bcue_observation *observation, size_t *seen, bcue_timing *timing,
                               bcue_error *error)
{
    const bcue_model_inputs *inputs = &session->model->file.inputs;
    const bcue_picture_size shape = bcue_model_picture(inputs, which);
    const bcue_encoded_picture *const frames[] = {observation->camera, observation->lidar,
                                                  observation->radar};
    const uint64_t *const ids[] = {observation->camera_id, observation->lidar_id, observation->radar_id};
    const size_t counts[] = {observation->camera_count, observation->lidar_count, observation->radar_count};
    const size_t size = (size_t)(shape.channels * shape.height * shape.width);
    if (session->network == NULL || bcue_network_skips(session->network, which))
        return BCUE_OK;
    const float *mean = bcue_network_mean(session->network, which);
    for (size_t i = 0; i < (size_t)inputs->frames; i++) {
        float *input = bcue_network_frame(session->network, which, i);
        const ptrdiff_t at = newest(counts[which], (size_t)inputs->frames, i);
        const bcue_encoded_picture *frame =
            at < 0 || frames[which][at].data == NULL ? NULL : &frames[which][at];
        const uint64_t gone = mean != NULL ? MISSING_MEAN : MISSING;
        const uint64_t id = frame == NULL ? gone : ids[which] != NULL ? ids[which][at] : 0;
        if (input == NULL)
            return BCUE_OK;
        *seen += frame != NULL;
        if (bcue_network_recall(session->network, which, i, id))
            continue;
        if (frame == NULL)
            bcue_session_stand_in(mean, size, input);
        else
            BCUE_TRY(which == BCUE_INPUT_CAMERA
                         ? feed_picture(session, frame, input, timing, error)
                         : feed_echoes(session, which, observation, frame, input, timing, error));
        BCUE_TRY(bcue_network_take(session->network, which, i, id, error));
    }
    return BCUE_OK;
}

bcue_status bcue_session_fix(const bcue_session *session, const bcue_fix *fix, const bcue_fix *rsu,
                             int32_t scenario, float features[2], bool *there, bcue_error *error)
{
    features[0] = features[1] = 0;
    *there = false;
    if (isnan(fix->latitude_deg) || isnan(fix->longitude_deg))
        return BCUE_OK;
    if (!(fabs(fix->latitude_deg) <= 90 && fabs(fix->longitude_deg) <= 360))
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "latitude %g, longitude %g is no place on Earth; give degrees, or NaN for a missing fix",
            fix->latitude_deg, fix->longitude_deg);
    *there = true;
    const bcue_position_recipe recipe =
        bcue_position_recipe_for(&session->model->features.position, scenario);
    return bcue_position_features(fix->latitude_deg, fix->longitude_deg, rsu->latitude_deg,
                                  rsu->longitude_deg, &recipe, false, features, error);
}

/* `position` gets the newest fix as features, NaN when missing; a network also gets all of them, zeros where
 * missing. A table looks at the newest only, so older ones do not count as seen. */
void bcue_session_put_fix(bcue_session *session, size_t index, size_t window, bool there, float features[2],
                          float position[2])
{
    float *input = session->network != NULL ? bcue_network_position(session->network) : NULL;
    const size_t size = 2 * sizeof *features;
    if (there && index + 1 == window)
        memcpy(position, features, size);
    if (input != NULL && !there)
        bcue_session_stand_in(bcue_network_mean(session->network, BCUE_INPUT_POSITION), 2, features);
    if (input != NULL)
        memcpy(input + 2 * index, features, size);
}

static bcue_status feed_position(bcue_session *session, const bcue_observation *observation,
                                 float position[2], size_t *seen, bcue_error *error)
{
    const size_t wanted = (size_t)session->model->file.inputs.gps_frames;
    float *input = session->network != NULL ? bcue_network_position(session->network) : NULL;
    position[0] = position[1] = NAN;
    for (size_t i = 0; i < wanted; i++) {
        const ptrdiff_t at = newest(observation->fix_count, wanted, i);
        float features[2] = {0, 0};
        bool there = false;
        if (at >= 0) {
            const bcue_status status = bcue_session_fix(session, &observation->fixes[at], &observation->rsu,
                                                        observation->scenario, features, &there, error);
            if (status != BCUE_OK)
                return bcue_fail_context(error, status, "fix %td", at);
        }
        *seen += there && (input != NULL || i + 1 == wanted);
        bcue_session_put_fix(session, i, wanted, there, features, position);
    }
    return BCUE_OK;
}

bool bcue_session_needs_anything(const bcue_session *session)
{
    bool any = false;
    for (int i = 0; i < BCUE_INPUT_COUNT; i++)
        any = any || bcue_model_needs(&session->model->file.config, (bcue_model_input)i);
    return any;
}

static bcue_status refuse_nothing(const bcue_model_file *file, bcue_error *error)
{
    static const char *const noun[BCUE_INPUT_COUNT] = {"camera frames", "LiDAR frames", "radar frames",
                                                       "GNSS fixes", "fixes of vehicles"};
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

bcue_status bcue_session_score(bcue_session *session, const float position[2], double *network_ms,
                               bcue_error *error)
{
    const bcue_model_file *file = &session->model->file;
    const double started = bcue_clock_s();
    if (session->network == NULL) {
        BCUE_TRY(bcue_table_score(&file->config, file->inputs.beams, &file->weights, position, 0, 0,
                                  session->scores, error));
        *network_ms = 1e3 * (bcue_clock_s() - started);
        session->scored = true;
        return BCUE_OK;
    }
    const float *logits;
    BCUE_TRY(bcue_network_run(session->network, &logits, network_ms, error));
    memcpy(session->scores, logits, (size_t)file->inputs.beams * sizeof *session->scores);
    session->scored = true;
    return BCUE_OK;
}

void bcue_session_note_pattern(bcue_session *session, unsigned missing, unsigned held, bool partly)
{
    const bcue_calibration *calibration = session->model->file.calibration;
    const bcue_input_pattern inputs = {
        .missing = missing,
        .held = held,
        .stand_in = session->network != NULL ? bcue_network_stand_in(session->network) : BCUE_STAND_IN_ZERO};
    session->of_them = calibration != NULL && !partly ? bcue_calibration_find(calibration, inputs) : NULL;
    session->pattern = (bcue_sensor_pattern){.missing = missing,
                                             .held = held,
                                             .partly = partly,
                                             .basis = calibration == NULL        ? BCUE_SET_NONE
                                                      : session->of_them != NULL ? BCUE_SET_OWN
                                                                                 : BCUE_SET_WIDEST};
}

void bcue_session_get_pattern(const bcue_session *session, bcue_sensor_pattern *pattern)
{
    *pattern = session->pattern;
}

static double temperature_of(const bcue_session *session)
{
    const bcue_calibration *calibration = session->model->file.calibration;
    return calibration != NULL ? bcue_calibration_temperature(calibration, session->of_them) : 1.0;
}

/* Best first; equal scores: the lower beam. Probabilities are the softmax over all beams. */
void bcue_session_rank(bcue_session *session, size_t count, bcue_ranked_beam *ranked)
{
    const size_t beams = (size_t)session->model->file.inputs.beams;
    const float *scores = session->scores;
    const double warmth = temperature_of(session);
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
        sum += exp(((double)scores[b] - top) / warmth);
    for (size_t k = 0; k < count; k++)
        ranked[k].probability = (double)(float)(exp(((double)scores[ranked[k].beam] - top) / warmth) / sum);
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
    if (session->network != NULL && observation->scenario != session->scenario)
        bcue_network_forget(session->network); /* recipes may differ */
    session->scenario = observation->scenario;
    bool partly;
    const unsigned missing = lacking(file, observation, &partly);
    if (session->network != NULL) {
        bcue_network_begin(session->network, INFINITY);
        BCUE_TRY(bcue_network_lack(session->network, missing, error));
    }
    bcue_session_note_pattern(session, missing, 0, partly && session->network != NULL);
    session->out_of_domain = false;
    if (session->radar != NULL)
        (void)bcue_radar_maps_took_cube(session->radar); /* those of a call that failed */
    for (int i = 0; i < BCUE_PICTURE_INPUTS; i++)
        BCUE_TRY(feed_frames(session, (bcue_model_input)i, observation, &seen, &times, error));
    BCUE_TRY(feed_position(session, observation, position, &seen, error));
    if (seen == 0 && bcue_session_needs_anything(session))
        return refuse_nothing(file, error);
    session->out_of_domain = session->radar != NULL && bcue_radar_maps_took_cube(session->radar);
    BCUE_TRY(bcue_session_score(session, position, &times.network_ms, error));
    const double scored = bcue_clock_s();
    bcue_session_rank(session, count, ranked);
    const double ended = bcue_clock_s();
    times.network_ms += 1e3 * (ended - scored);
    times.total_ms = 1e3 * (ended - started);
    if (timing != NULL)
        *timing = times;
    return BCUE_OK;
}

bool bcue_session_out_of_domain(const bcue_session *session)
{
    return session->out_of_domain;
}

/* Beams in the set of one pattern; session->order is filled. */
static size_t set_size(bcue_session *session, const bcue_calibration_pattern *pattern, size_t level,
                       bool margin)
{
    const size_t beams = (size_t)session->model->file.inputs.beams;
    const double top = (double)session->scores[session->order[0]];
    double sum = 0;
    for (size_t k = 0; k < beams; k++) {
        session->probability[k] =
            exp(((double)session->scores[session->order[k]] - top) / pattern->temperature);
        sum += session->probability[k];
    }
    for (size_t k = 0; k < beams; k++)
        session->probability[k] /= sum;
    return bcue_conformal_size(session->probability, beams,
                               (margin ? &pattern->margin_threshold : &pattern->threshold)->items[level]);
}

bcue_status bcue_session_probe(bcue_session *session, double coverage, double margin_db, size_t *count,
                               bcue_error *error)
{
    const bcue_calibration *calibration = session->model->file.calibration;
    const int32_t beams = (int32_t)session->model->file.inputs.beams;
    size_t level;
    if (calibration == NULL)
        return bcue_fail(
            error, BCUE_ERROR_UNSUPPORTED,
            "the model is not calibrated, so it cannot say how many beams to probe; run 'beamcue "
            "calibrate' with its configuration");
    if (!session->scored)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "nothing was predicted yet to choose beams from");
    BCUE_TRY(bcue_calibration_level(calibration, coverage, margin_db, &level, error));
    bcue_rank_beams(session->scores, beams, beams, session->order);
    *count = session->of_them != NULL ? set_size(session, session->of_them, level, margin_db > 0.0) : 0;
    /* Sets of one ranking lie within each other: the widest holds all that any of them would. */
    for (size_t i = 0; session->of_them == NULL && i < bcue_calibration_count(calibration); i++) {
        const size_t size = set_size(session, bcue_calibration_at(calibration, i), level, margin_db > 0.0);
        *count = size > *count ? size : *count;
    }
    return BCUE_OK;
}
