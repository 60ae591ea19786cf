#include "learn/missing_frames.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/rng.h"
#include "learn/scorer.h"

/* As streams do by default: how old the newest frame may be, beyond 2.5 steps; the newest fix; and the line.
 */
static const double hold_s = 0.5, fix_limit_s = 2.0, fit_s = 1.0, usual_row_s = 0.1;
enum { MOST_FIXES = 512, MOST_FRAMES = 256, FAULTS = 1 << 16 };

static const char *const stand_in_names[] = {"stream", "place", "zero", NULL};

#define LOST(sensor_name, modality, word)                                                                    \
    {                                                                                                        \
        .name = (sensor_name), .type = BCUE_CONFIG_DOUBLE,                                                   \
        .offset = offsetof(bcue_missing_frames_config, lost) + (modality) * sizeof(double), .fallback = "0", \
        .minimum = 0, .maximum = 1, .help = "share of the " word " that never came"                          \
    }

const bcue_config_field bcue_missing_frames_fields[] = {
    LOST("camera", BCUE_CAMERA, "pictures"),
    LOST("lidar", BCUE_LIDAR, "LiDAR frames"),
    LOST("radar", BCUE_RADAR, "radar frames"),
    LOST("gps", BCUE_GPS, "fixes"),
    {.name = "stand_in",
     .type = BCUE_CONFIG_CHOICE,
     .offset = offsetof(bcue_missing_frames_config, stand_in),
     .choices = stand_in_names,
     .fallback = "stream",
     .help = "stream: as 'beamcue predict --replay' does; place: the window stays, and the nearest frame of "
             "it is "
             "held; zero: zeros, as in training"},
    {.name = "least",
     .type = BCUE_CONFIG_INT,
     .offset = offsetof(bcue_missing_frames_config, least),
     .fallback = "1",
     .minimum = 1,
     .maximum = 1000,
     .help = "with fewer frames left of its window camera, LiDAR or radar is missing as a whole, and "
             "evaluate.stand_in takes its place"},
    {.name = "carry_s",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = offsetof(bcue_missing_frames_config, carry_s),
     .fallback = "2",
     .minimum = 0,
     .maximum = 60,
     .help = "stream: so long fixes are carried on at constant velocity; 0: the last one is held"},
    {0}};

bool bcue_missing_frames_any(const bcue_missing_frames_config *config)
{
    bool any = false;
    for (int m = 0; m < BCUE_LOSABLE; m++)
        any = any || config->lost[m] > 0;
    return any;
}

bool bcue_frame_is_lost(const bcue_missing_frames_config *config, uint64_t seed, int32_t source, int modality,
                        int64_t row)
{
    /* Faults, as those of a replay, of which there are at most 64. */
    bcue_rng rng = bcue_rng_make(seed, BCUE_RNG_REPLAY, (uint32_t)source, (uint32_t)(row + 1),
                                 FAULTS + (uint32_t)modality);
    return bcue_rng_uniform(&rng) < config->lost[modality];
}

/* ---- samples ---- */

static size_t frames_of(const bcue_model_inputs *inputs, int m)
{
    return (size_t)(m == BCUE_GPS ? inputs->gps_frames : inputs->frames);
}

/* Row of place `f` of a sample's window. */
static int64_t row_of(const bcue_frame_gaps *gaps, const bcue_sample *sample, int m, size_t f)
{
    return sample->row -
           (int64_t)bcue_dataset_stride(gaps->dataset) * (int64_t)(frames_of(&gaps->inputs, m) - 1 - f);
}

static bool in_recording(const bcue_sample *sample, int m, size_t f)
{
    if (m == BCUE_GPS)
        return sample->fix != NULL && !isnan(sample->fix[2 * f]) && !isnan(sample->fix[2 * f + 1]);
    return sample->file[m] != NULL && sample->file[m][f] != NULL;
}

/* Has place `f` of the sample its frame? */
static bool is_there(const bcue_frame_gaps *gaps, const bcue_sample *sample, int m, size_t f)
{
    return in_recording(sample, m, f) &&
           !bcue_frame_is_lost(&gaps->config, gaps->seed, sample->source, m, row_of(gaps, sample, m, f));
}

/* The sample before `index` of the same drive; NULL: it is the first. */
static const bcue_sample *before(const bcue_frame_gaps *gaps, size_t index)
{
    const bcue_sample *now = bcue_dataset_sample(gaps->dataset, index);
    const bcue_sample *other = index > 0 ? bcue_dataset_sample(gaps->dataset, index - 1) : NULL;
    return other != NULL && other->source == now->source && other->episode == now->episode &&
                   other->copy == now->copy && other->row < now->row
               ? other
               : NULL;
}

/* Seconds between two rows, over all drives. */
static double row_seconds(const bcue_frame_gaps *gaps)
{
    double seconds = 0, rows = 0;
    for (size_t i = 1; i < bcue_dataset_count(gaps->dataset); i++) {
        const bcue_sample *now = bcue_dataset_sample(gaps->dataset, i), *last = before(gaps, i);
        if (last == NULL || !(now->time_s > last->time_s))
            continue;
        seconds += now->time_s - last->time_s;
        rows += (double)(now->row - last->row);
    }
    return rows > 0 ? seconds / rows : usual_row_s;
}

/* ---- pictures, clouds, radar frames ---- */

/* The sample whose window ends at the newest frame that is there and not too old. Else, at the beginning of a
   drive, too, `index` itself. */
static size_t find_base(const bcue_frame_gaps *gaps, size_t index, int m, double row_s)
{
    const int64_t now = bcue_dataset_sample(gaps->dataset, index)->row;
    const double limit_s = 2.5 * row_s * bcue_dataset_stride(gaps->dataset) + hold_s;
    const size_t newest = frames_of(&gaps->inputs, m) - 1;
    if (gaps->config.stand_in != BCUE_FRAMES_STREAM)
        return index;
    for (size_t at = index;; at--) {
        const bcue_sample *sample = bcue_dataset_sample(gaps->dataset, at);
        if ((double)(now - sample->row) * row_s > limit_s + 1e-6)
            return index;
        if (is_there(gaps, sample, m, newest))
            return at;
        if (before(gaps, at) == NULL)
            return index;
    }
}

/* How the places of a window are filled, from[f] as of bcue_fill_window; how many are there. */
static size_t fill_places(const bcue_frame_gaps *gaps, const bcue_sample *base, int m, const float *present,
                          int *from)
{
    const size_t frames = frames_of(&gaps->inputs, m);
    bool there[MOST_FRAMES];
    size_t good = 0;
    for (size_t f = 0; f < frames; f++) {
        there[f] = is_there(gaps, base, m, f) && (present == NULL || present[f] > 0);
        good += there[f];
    }
    bcue_fill_window(there, frames, gaps->config.stand_in == BCUE_FRAMES_ZERO ? 0 : frames, from);
    return good;
}

static void plan_pictures(bcue_frame_gaps *gaps, const size_t *samples, int m, double row_s)
{
    const size_t frames = frames_of(&gaps->inputs, m);
    const size_t least = gaps->config.least < (int64_t)frames ? (size_t)gaps->config.least : frames;
    bcue_frame_counts *c = &gaps->counts[m];
    int from[MOST_FRAMES];
    for (size_t i = 0; i < gaps->count; i++) {
        const size_t base = find_base(gaps, samples[i], m, row_s);
        const bcue_sample *window = bcue_dataset_sample(gaps->dataset, base),
                          *own = bcue_dataset_sample(gaps->dataset, samples[i]);
        const size_t good = fill_places(gaps, window, m, NULL, from);
        const bool gone = good < least;
        gaps->base[m][i] = base;
        gaps->missing[i] |= gone ? 1U << m : 0;
        c->windows++;
        c->without += gone;
        c->moved += !gone && base != samples[i];
        c->places += frames;
        for (size_t f = 0; f < frames; f++) {
            c->lost += !is_there(gaps, own, m, f);
            c->held += !gone && from[f] >= 0 && (size_t)from[f] != f;
            c->zero += gone || from[f] < 0;
        }
    }
}

/* ---- fixes ---- */

/* What a receiver has sent until sample `index`, rising in time; how many. */
static size_t gather_fixes(const bcue_frame_gaps *gaps, size_t index, double row_s, bcue_timed_fix *track)
{
    const size_t frames = frames_of(&gaps->inputs, BCUE_GPS);
    const double span_s = fix_limit_s + fit_s + (double)frames * row_s * bcue_dataset_stride(gaps->dataset);
    const int64_t now = bcue_dataset_sample(gaps->dataset, index)->row;
    size_t count = 0;
    for (size_t at = index; count < MOST_FIXES;) {
        const bcue_sample *sample = bcue_dataset_sample(gaps->dataset, at);
        const bool last = before(gaps, at) == NULL || (double)(now - sample->row) * row_s > span_s;
        for (size_t f = frames; f-- > (last ? 0 : frames - 1) && count < MOST_FIXES;)
            if (is_there(gaps, sample, BCUE_GPS, f))
                track[count++] = (bcue_timed_fix){(double)row_of(gaps, sample, BCUE_GPS, f) * row_s,
                                                  {sample->fix[2 * f], sample->fix[2 * f + 1]}};
        if (last)
            break;
        at--;
    }
    for (size_t k = 0; k < count / 2; k++) {
        const bcue_timed_fix swap = track[k];
        track[k] = track[count - 1 - k];
        track[count - 1 - k] = swap;
    }
    for (size_t k = 1; k < count; k++) /* a longitude that does not wrap */
        track[k].at[1] -= 360 * rint((track[k].at[1] - track[k - 1].at[1]) / 360);
    return count;
}

static void fill_from_window(const bcue_frame_gaps *gaps, const bcue_sample *sample, bcue_timed_fix *places,
                             bcue_fill *how)
{
    int from[MOST_FRAMES];
    (void)fill_places(gaps, sample, BCUE_GPS, NULL, from);
    for (size_t f = 0; f < frames_of(&gaps->inputs, BCUE_GPS); f++) {
        how[f] = from[f] < 0 ? BCUE_FILL_NONE : (size_t)from[f] == f ? BCUE_FILL_THERE : BCUE_FILL_HELD;
        for (int k = 0; from[f] >= 0 && k < 2; k++)
            places[f].at[k] = sample->fix[2 * from[f] + k];
    }
}

static bool fill_as_stream(const bcue_frame_gaps *gaps, size_t index, double row_s, bcue_timed_fix *places,
                           bcue_fill *how)
{
    bcue_timed_fix track[MOST_FIXES];
    const double now_s = (double)bcue_dataset_sample(gaps->dataset, index)->row * row_s;
    const bcue_fix_rule rule = {.step_s = row_s * bcue_dataset_stride(gaps->dataset),
                                .fit_s = fit_s,
                                .carry_s = gaps->config.carry_s,
                                .hold_s = hold_s};
    const size_t count = gather_fixes(gaps, index, row_s, track);
    if (count == 0 || now_s - track[count - 1].time_s > fix_limit_s + 1e-6)
        return false;
    bcue_fill_fixes(&rule, track, count, now_s, frames_of(&gaps->inputs, BCUE_GPS), places, how);
    return true;
}

static bcue_status plan_fixes(bcue_frame_gaps *gaps, const bcue_feature_config *features,
                              const size_t *samples, double row_s, bcue_error *error)
{
    const size_t frames = frames_of(&gaps->inputs, BCUE_GPS);
    bcue_frame_counts *c = &gaps->counts[BCUE_GPS];
    for (size_t i = 0; i < gaps->count; i++) {
        const bcue_sample *sample = bcue_dataset_sample(gaps->dataset, samples[i]);
        const bcue_position_recipe recipe = bcue_position_recipe_for(&features->position, sample->scenario);
        bcue_timed_fix places[MOST_FRAMES];
        bcue_fill how[MOST_FRAMES] = {BCUE_FILL_NONE};
        size_t stood = 0;
        if (gaps->config.stand_in == BCUE_FRAMES_STREAM)
            (void)fill_as_stream(gaps, samples[i], row_s, places, how);
        else
            fill_from_window(gaps, sample, places, how);
        for (size_t f = 0; f < frames; f++) {
            stood += how[f] != BCUE_FILL_NONE;
            c->lost += !is_there(gaps, sample, BCUE_GPS, f);
            c->held += how[f] == BCUE_FILL_HELD;
            c->carried += how[f] == BCUE_FILL_CARRIED;
            c->zero += how[f] == BCUE_FILL_NONE;
            if (how[f] != BCUE_FILL_NONE)
                BCUE_TRY(bcue_position_features(places[f].at[0], places[f].at[1], sample->rsu_fix[0],
                                                sample->rsu_fix[1], &recipe, false,
                                                gaps->fixes + 2 * (i * frames + f), error));
        }
        gaps->missing[i] |= stood == 0 ? 1U << BCUE_GPS : 0;
        c->windows++;
        c->without += stood == 0;
        c->moved += stood > 0 && how[frames - 1] != BCUE_FILL_CARRIED &&
                    !is_there(gaps, sample, BCUE_GPS, frames - 1);
        c->places += frames;
    }
    return BCUE_OK;
}

/* ---- the whole ---- */

static bcue_status check(const bcue_missing_frames_config *config, const bcue_model_file *file,
                         bcue_error *error)
{
    const bcue_model_config *model = &file->config;
    if (bcue_model_is_table(model))
        return bcue_fail(error, BCUE_ERROR_CONFIG,
                         "evaluate.missing_frames is for networks; a %s is a table of what was seen",
                         bcue_model_kind_names[model->kind]);
    if (file->inputs.frames > MOST_FRAMES || file->inputs.gps_frames > MOST_FRAMES)
        return bcue_fail(error, BCUE_ERROR_CONFIG,
                         "evaluate.missing_frames is for windows of up to %d frames", MOST_FRAMES);
    for (int m = 0; m < BCUE_LOSABLE; m++)
        if (config->lost[m] > 0 && !bcue_model_needs(model, (bcue_model_input)m))
            return bcue_fail(error, BCUE_ERROR_CONFIG,
                             "evaluate.missing_frames.%s: the model takes no %s that could be lost",
                             bcue_modality_name((bcue_modality)m), bcue_modality_name((bcue_modality)m));
    return BCUE_OK;
}

static bcue_status reserve(bcue_frame_gaps *gaps, bcue_error *error)
{
    bool made = (gaps->missing = bcue_calloc(gaps->count, sizeof *gaps->missing)) != NULL;
    for (int m = 0; m < BCUE_GPS; m++)
        if (gaps->config.lost[m] > 0)
            made = (gaps->base[m] = bcue_calloc(gaps->count, sizeof *gaps->base[m])) != NULL && made;
    if (gaps->config.lost[BCUE_GPS] > 0)
        made = (gaps->fixes = bcue_calloc(2 * gaps->count * (size_t)gaps->inputs.gps_frames,
                                          sizeof *gaps->fixes)) != NULL &&
               made;
    return made ? BCUE_OK : bcue_fail_memory(error, "the frames that are lost");
}

bcue_status bcue_frame_gaps_create(const bcue_missing_frames_config *config, const bcue_model_file *file,
                                   const bcue_feature_config *features, const bcue_dataset *dataset,
                                   const size_t *samples, size_t count, uint64_t seed, bcue_frame_gaps *gaps,
                                   bcue_error *error)
{
    *gaps = (bcue_frame_gaps){
        .config = *config, .dataset = dataset, .inputs = file->inputs, .seed = seed, .count = count};
    BCUE_TRY(check(config, file, error));
    bcue_status status = reserve(gaps, error);
    const double row_s = row_seconds(gaps);
    for (int m = 0; status == BCUE_OK && m < BCUE_GPS; m++)
        if (gaps->base[m] != NULL)
            plan_pictures(gaps, samples, m, row_s);
    if (status == BCUE_OK && gaps->fixes != NULL)
        status = plan_fixes(gaps, features, samples, row_s, error);
    if (status != BCUE_OK)
        bcue_frame_gaps_free(gaps);
    return status;
}

void bcue_frame_gaps_free(bcue_frame_gaps *gaps)
{
    for (int m = 0; m < BCUE_LOSABLE; m++)
        free(gaps->base[m]);
    free(gaps->missing);
    free(gaps->fixes);
    *gaps = (bcue_frame_gaps){0};
}

/* ---- a pass ---- */

struct bcue_gap_feed {
    const bcue_frame_gaps *gaps;
    const size_t *rows;
    size_t count, done;
    bcue_loader *loader[BCUE_GPS];
    size_t *base[BCUE_GPS];    /* of the rows */
    float *data[BCUE_LOSABLE]; /* of a batch */
};

static size_t frame_numbers(const bcue_model_inputs *inputs, int m)
{
    const bcue_picture_size size = bcue_model_picture(inputs, (bcue_model_input)m);
    return m == BCUE_GPS ? 2 : (size_t)(size.channels * size.height * size.width);
}

/* The recipes with one modality alone. */
static bcue_feature_config only(const bcue_feature_config *features, int m)
{
    bcue_feature_config one = *features;
    one.camera.enabled = one.camera.enabled && m == BCUE_CAMERA;
    one.lidar.enabled = one.lidar.enabled && m == BCUE_LIDAR;
    one.radar.enabled = one.radar.enabled && m == BCUE_RADAR;
    one.position.enabled = one.vehicles.enabled = false;
    return one;
}

static bcue_status open_loader(bcue_gap_feed *feed, int m, const bcue_feature_config *features, int threads,
                               size_t batch, const bcue_hooks *hooks, bcue_error *error)
{
    const bcue_feature_config one = only(features, m);
    feed->base[m] = bcue_calloc(feed->count, sizeof *feed->base[m]);
    if (feed->base[m] == NULL)
        return bcue_fail_memory(error, "the frames that are lost");
    for (size_t i = 0; i < feed->count; i++)
        feed->base[m][i] = feed->gaps->base[m][feed->rows[i]];
    BCUE_TRY(bcue_loader_create(feed->gaps->dataset, &one, threads, hooks, &feed->loader[m], error));
    return bcue_loader_begin(feed->loader[m], feed->base[m], feed->count, batch, false, 0, 0, error);
}

bcue_status bcue_gap_feed_create(const bcue_frame_gaps *gaps, const bcue_feature_config *features,
                                 int loader_threads, const size_t *rows, size_t count, size_t batch,
                                 const bcue_hooks *hooks, bcue_gap_feed **feed, bcue_error *error)
{
    *feed = NULL;
    bcue_gap_feed *made = bcue_calloc(1, sizeof *made);
    if (made == NULL)
        return bcue_fail_memory(error, "the frames that are lost");
    *made = (bcue_gap_feed){.gaps = gaps, .rows = rows, .count = count};
    bcue_status status = BCUE_OK;
    for (int m = 0; status == BCUE_OK && m < BCUE_LOSABLE; m++) {
        const bool pictures = m != BCUE_GPS && gaps->base[m] != NULL;
        if (!pictures && (m != BCUE_GPS || gaps->fixes == NULL))
            continue;
        made->data[m] = bcue_calloc(batch * frames_of(&gaps->inputs, m) * frame_numbers(&gaps->inputs, m),
                                    sizeof *made->data[m]);
        if (made->data[m] == NULL)
            status = bcue_fail_memory(error, "the frames that are lost");
        else if (pictures)
            status = open_loader(made, m, features, loader_threads, batch, hooks, error);
    }
    if (status != BCUE_OK) {
        bcue_gap_feed_destroy(made);
        return status;
    }
    *feed = made;
    return BCUE_OK;
}

void bcue_gap_feed_destroy(bcue_gap_feed *feed)
{
    if (feed == NULL)
        return;
    for (int m = 0; m < BCUE_LOSABLE; m++) {
        if (m < BCUE_GPS) {
            bcue_loader_destroy(feed->loader[m]);
            free(feed->base[m]);
        }
        free(feed->data[m]);
    }
    free(feed);
}

static void put_frames(const bcue_gap_feed *feed, int m, const bcue_batch *from)
{
    const bcue_frame_gaps *gaps = feed->gaps;
    const size_t frames = frames_of(&gaps->inputs, m), numbers = frame_numbers(&gaps->inputs, m);
    int places[MOST_FRAMES];
    for (size_t i = 0; i < from->count; i++) {
        const bcue_sample *base = bcue_dataset_sample(gaps->dataset, from->sample[i]);
        const float *data = from->data[m] + i * frames * numbers;
        float *to = feed->data[m] + i * frames * numbers;
        (void)fill_places(gaps, base, m, from->present[m] + i * frames, places);
        for (size_t f = 0; f < frames; f++) {
            if (places[f] < 0 || (gaps->missing[feed->rows[feed->done + i]] & 1U << m) != 0)
                memset(to + f * numbers, 0, numbers * sizeof *to);
            else
                memcpy(to + f * numbers, data + (size_t)places[f] * numbers, numbers * sizeof *to);
        }
    }
}

bcue_status bcue_gap_feed_next(bcue_gap_feed *feed, bcue_batch *batch, bcue_error *error)
{
    for (int m = 0; m < BCUE_LOSABLE; m++) {
        if (feed->data[m] == NULL)
            continue;
        if (m == BCUE_GPS) {
            const size_t row = 2 * frames_of(&feed->gaps->inputs, m);
            for (size_t i = 0; i < batch->count; i++)
                memcpy(feed->data[m] + i * row, feed->gaps->fixes + feed->rows[feed->done + i] * row,
                       row * sizeof(float));
        } else {
            bcue_batch from;
            BCUE_TRY(bcue_loader_next(feed->loader[m], &from, error));
            if (from.count != batch->count)
                return bcue_fail(error, BCUE_ERROR_INTERNAL, "the loader of lost frames ended early");
            put_frames(feed, m, &from);
        }
        batch->data[m] = feed->data[m];
    }
    feed->done += batch->count;
    return BCUE_OK;
}
