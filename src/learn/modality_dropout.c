#include "learn/modality_dropout.h"

#include <stddef.h>
#include <string.h>

#include "base/rng.h"
#include "features/window_fill.h"

#define DROP(sensor_name, modality, word)                                                                    \
    {                                                                                                        \
        .name = (sensor_name), .type = BCUE_CONFIG_DOUBLE,                                                   \
        .offset = offsetof(bcue_modality_dropout, sensor) + (modality) * sizeof(double), .fallback = "0",    \
        .minimum = 0, .maximum = 0.99, .help = "share of training samples without " word                     \
    }

static const char *const stand_in_names[] = {"zero", "stream", NULL};

const bcue_config_field bcue_modality_dropout_fields[] = {
    DROP("camera", BCUE_CAMERA, "any picture"),
    DROP("lidar", BCUE_LIDAR, "any LiDAR frame"),
    DROP("radar", BCUE_RADAR, "any radar frame"),
    DROP("gps", BCUE_GPS, "any position"),
    DROP("vehicles", BCUE_VEHICLES, "any vehicle"),
    {.name = "frame",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = offsetof(bcue_modality_dropout, frame),
     .fallback = "0",
     .minimum = 0,
     .maximum = 0.99,
     .help = "share of the frames left that are missing too"},
    {.name = "stand_in",
     .type = BCUE_CONFIG_CHOICE,
     .offset = offsetof(bcue_modality_dropout, stand_in),
     .choices = stand_in_names,
     .fallback = "zero",
     .help = "what takes the place of a single missing frame; stream: what streams do, as far as the window "
             "goes"},
    {0}};

/* The input of one modality: `frames` of `size` numbers per sample. */
typedef struct sensor_input {
    float *data; /* NULL: the model has no such input */
    size_t frames, size;
} sensor_input;

static void find_inputs(const bcue_model_inputs *inputs, bcue_plan *plan,
                        sensor_input found[BCUE_MODALITY_COUNT])
{
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++) { /* in the order of bcue_model_input */
        const bcue_picture_size size = bcue_model_picture(inputs, (bcue_model_input)m);
        const bool gps = m == BCUE_GPS;
        found[m] = (sensor_input){.data = bcue_plan_input(plan, gps ? "position" : bcue_model_input_names[m]),
                                  .frames = (size_t)(gps ? inputs->gps_frames : inputs->frames),
                                  .size = gps ? 2 : (size_t)(size.channels * size.height * size.width)};
    }
}

enum { MOST_FRAMES = 256 }; /* as the configuration allows */

/* The window ends at the newest frame that is left, so that it moves by the newer ones: places[f] is what
   stands in place f. */
static void hold_frames(const sensor_input *in, float *window, const bool *left)
{
    size_t newest = in->frames - 1;
    bool there[MOST_FRAMES];
    int from[MOST_FRAMES];
    while (!left[newest])
        newest--;
    const size_t moved = in->frames - 1 - newest;
    for (size_t f = 0; f < in->frames; f++)
        there[f] = f >= moved && left[f - moved];
    bcue_fill_window(there, in->frames, in->frames, from);
    /* From the newest on: a place that is read has not been written, or with what it held. */
    for (size_t f = in->frames; f-- > 0;)
        memmove(window + f * in->size, window + ((size_t)from[f] - moved) * in->size,
                in->size * sizeof *window);
}

static void carry_fixes(const sensor_input *in, float *window, const bool *left)
{
    const double all = (double)in->frames;
    const bcue_fix_rule rule = {.step_s = 1, .fit_s = all, .carry_s = all, .hold_s = all};
    bcue_timed_fix good[MOST_FRAMES], places[MOST_FRAMES];
    bcue_fill how[MOST_FRAMES];
    size_t count = 0;
    for (size_t f = 0; f < in->frames; f++)
        if (left[f])
            good[count++] = (bcue_timed_fix){(double)f, {(double)window[2 * f], (double)window[2 * f + 1]}};
    bcue_fill_fixes(&rule, good, count, all - 1, in->frames, places, how);
    for (size_t f = 0; f < in->frames; f++)
        for (int k = 0; how[f] != BCUE_FILL_NONE && k < 2; k++)
            window[2 * f + (size_t)k] = (float)places[f].at[k];
}

static void erase_frames(const bcue_modality_dropout *drop, const sensor_input *in, bool gps, float *window,
                         const bool *left)
{
    size_t kept = 0;
    for (size_t f = 0; f < in->frames; f++)
        kept += left[f];
    if (kept == in->frames)
        return;
    if (drop->stand_in == BCUE_DROPOUT_STREAM && kept > 0) {
        (gps ? carry_fixes : hold_frames)(in, window, left);
        return;
    }
    for (size_t f = 0; f < in->frames; f++)
        if (!left[f])
            memset(window + f * in->size, 0, in->size * sizeof *window);
}

/* Goes over the frames that a sample loses; `erase` false only counts what would be left. */
static size_t drop_frames(const bcue_modality_dropout *drop, const sensor_input *in, size_t row, bcue_rng rng,
                          bool erase)
{
    size_t left = 0;
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++) {
        const bool all = bcue_rng_uniform(&rng) < drop->sensor[m];
        bool there[MOST_FRAMES];
        for (size_t f = 0; f < in[m].frames; f++) {
            const bool lost = bcue_rng_uniform(&rng) < drop->frame || all;
            left += !lost && in[m].data != NULL;
            if (f < MOST_FRAMES)
                there[f] = !lost;
        }
        if (erase && in[m].data != NULL)
            erase_frames(drop, &in[m], m == BCUE_GPS, in[m].data + row * in[m].frames * in[m].size, there);
    }
    return left;
}

void bcue_modality_dropout_apply(const bcue_modality_dropout *drop, const bcue_model_inputs *inputs,
                                 bcue_plan *plan, const size_t *sample, size_t count, uint64_t seed,
                                 uint32_t epoch)
{
    bool any = drop->frame > 0;
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++)
        any = any || drop->sensor[m] > 0;
    if (!any)
        return;
    sensor_input in[BCUE_MODALITY_COUNT];
    find_inputs(inputs, plan, in);
    for (size_t i = 0; i < count; i++) {
        const bcue_rng rng = bcue_rng_make(seed, BCUE_RNG_MODALITY, epoch, 0, (uint32_t)sample[i]);
        if (drop_frames(drop, in, i, rng, false) > 0)
            (void)drop_frames(drop, in, i, rng, true);
    }
}
