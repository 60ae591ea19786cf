#include "api/compress_latency.h"

#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/rng.h"
#include "predict/network.h"

enum { WARM_UP = 3 };

/* The frame that came `tick` ticks after the first. Contents do not matter to the time. */
static bcue_status give_frame(bcue_network *network, const bcue_model *model, bcue_model_input input,
                              size_t index, uint64_t tick, bcue_error *error)
{
    const bcue_picture_size size = bcue_model_picture(&model->file.inputs, input);
    float *frame = bcue_network_frame(network, input, index);
    if (frame == NULL || bcue_network_recall(network, input, index, tick))
        return BCUE_OK;
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, (uint32_t)input, (uint32_t)tick, 0);
    for (int64_t i = 0; i < size.channels * size.height * size.width; i++)
        frame[i] = (float)bcue_rng_range(&rng, -1, 1);
    return bcue_network_take(network, input, index, tick, error);
}

/* The window whose oldest frame is of `tick`; *ms: the network's time. */
static bcue_status answer(bcue_network *network, const bcue_model *model, uint64_t tick, double *ms,
                          bcue_error *error)
{
    const float *logits;
    for (int input = 0; input < BCUE_PICTURE_INPUTS; input++) {
        for (int64_t i = 0; i < model->file.inputs.frames; i++)
            BCUE_TRY(
                give_frame(network, model, (bcue_model_input)input, (size_t)i, tick + (uint64_t)i, error));
    }
    float *position = bcue_network_position(network);
    for (int64_t i = 0; position != NULL && i < 2 * model->file.inputs.gps_frames; i++)
        position[i] = 0.1F;
    return bcue_network_run(network, &logits, ms, error);
}

/* `step` ticks from window to window. */
static bcue_status measure(bcue_network *network, const bcue_model *model, const bcue_compress_config *config,
                           uint64_t step, double *times, bcue_error *error)
{
    const int64_t runs = config->runs;
    for (int64_t i = -WARM_UP; i < runs; i++) {
        double now;
        BCUE_TRY(answer(network, model, 1 + step * (uint64_t)(i + WARM_UP), &now, error));
        if (i >= 0)
            times[i] = now;
    }
    return BCUE_OK;
}

static bcue_status measure_both(const bcue_model *model, const bcue_compress_config *config,
                                bcue_answer_times *times, bcue_error *error)
{
    const bcue_session_options options = {.threads = (int)config->threads,
                                          .ring_frames = (int)model->file.inputs.frames};
    const size_t runs = (size_t)config->runs;
    bcue_network *network;
    BCUE_TRY(bcue_network_create(model, &options, &network, error));
    double *next = bcue_calloc(runs, sizeof *next), *window = bcue_calloc(runs, sizeof *window);
    bcue_status status = next == NULL || window == NULL ? bcue_fail_memory(error, "measuring") : BCUE_OK;
    if (status == BCUE_OK)
        status = measure(network, model, config, (uint64_t)model->file.inputs.frames, window, error);
    bcue_network_forget(network);
    if (status == BCUE_OK)
        status = measure(network, model, config, 1, next, error);
    if (status == BCUE_OK)
        status = bcue_answer_times_add(times, next, window, runs, config->percentile, error);
    free(next);
    free(window);
    bcue_network_destroy(network);
    return status;
}

bcue_status bcue_compress_latency(void *cookie, const char *model_path, bcue_answer_times *times,
                                  bcue_error *error)
{
    bcue_model *model;
    BCUE_TRY(bcue_model_load(model_path, &model, error));
    bcue_status status = measure_both(model, cookie, times, error);
    bcue_model_destroy(model);
    return status;
}
