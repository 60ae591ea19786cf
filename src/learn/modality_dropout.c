#include "learn/modality_dropout.h"

#include <stddef.h>
#include <string.h>

#include "base/rng.h"

#define DROP(sensor_name, modality, word)                                                                    \
    {                                                                                                        \
        .name = sensor_name, .type = BCUE_CONFIG_DOUBLE,                                                     \
        .offset = offsetof(bcue_modality_dropout, sensor) + (modality) * sizeof(double), .fallback = "0",    \
        .minimum = 0, .maximum = 0.99, .help = "share of training samples without " word                     \
    }

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

/* Goes over the frames that a sample loses; `erase` false only counts what would be left. */
static size_t drop_frames(const bcue_modality_dropout *drop, const sensor_input *in, size_t row, bcue_rng rng,
                          bool erase)
{
    size_t left = 0;
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++) {
        const bool all = bcue_rng_uniform(&rng) < drop->sensor[m];
        for (size_t f = 0; f < in[m].frames; f++) {
            const bool lost = bcue_rng_uniform(&rng) < drop->frame || all;
            if (in[m].data == NULL)
                continue;
            left += !lost;
            if (lost && erase)
                memset(in[m].data + (row * in[m].frames + f) * in[m].size, 0,
                       in[m].size * sizeof *in[m].data);
        }
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
