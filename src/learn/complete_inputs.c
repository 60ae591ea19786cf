#include "learn/complete_inputs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/report_hooks.h"

enum { BATCH = BCUE_SCORER_BATCH, SLOTS = BCUE_INPUT_POSITION + 1 };

float *bcue_complete_tensor(const bcue_weights *generator, const char *part, int m)
{
    char name[48];
    snprintf(name, sizeof name, "complete.%s.%s", part, bcue_model_input_names[m]);
    for (int32_t i = 0; i < generator->count; i++) {
        if (strcmp(generator->names[i], name) == 0)
            return generator->tensors[i].data;
    }
    return NULL;
}

bcue_status bcue_complete_reserve(bcue_model_file *file, uint64_t seed, bcue_error *error)
{
    bcue_graph *kept;
    BCUE_TRY(bcue_completion_build_kept(file->completion, &file->config, &file->inputs, &kept, error));
    bcue_status status = bcue_weights_create(kept, BCUE_F32, seed, &file->generator, error);
    bcue_graph_destroy(kept);
    return status;
}

size_t bcue_complete_frame_numbers(const bcue_model_inputs *inputs, int m)
{
    const bcue_picture_size size = bcue_model_picture(inputs, (bcue_model_input)m);
    return m == BCUE_INPUT_POSITION ? 2 : (size_t)(size.channels * size.height * size.width);
}

typedef struct moments {
    double *sum[SLOTS]; /* NULL: the model does not see it */
    double square[SLOTS], frames[SLOTS];
} moments;

static void add(moments *m, const bcue_model_inputs *inputs, const bcue_batch *batch)
{
    for (int i = 0; i < SLOTS; i++) {
        const size_t numbers = bcue_complete_frame_numbers(inputs, i),
                     frames = batch->count *
                              (size_t)(i == BCUE_INPUT_POSITION ? inputs->gps_frames : inputs->frames);
        for (size_t f = 0; m->sum[i] != NULL && f < frames; f++) {
            if (!(batch->present[i][f] > 0))
                continue;
            m->frames[i]++;
            for (size_t k = 0; k < numbers; k++) {
                const double x = (double)batch->data[i][f * numbers + k];
                m->sum[i][k] += x;
                m->square[i] += x * x;
            }
        }
    }
}

static bcue_status run(bcue_score_session *session, const bcue_score_job *job, const size_t *samples,
                       size_t count, const bcue_hooks *hooks, moments *m, bcue_error *error)
{
    const bcue_feature_config used = bcue_features_for(&session->features, &session->model.config);
    bcue_loader *loader = NULL;
    bcue_status status =
        bcue_loader_create(job->dataset, &used, (int)job->train->loader_threads, hooks, &loader, error);
    if (status == BCUE_OK)
        status = bcue_loader_begin(loader, samples, count, BATCH, false, 0, 0, error);
    for (bcue_batch batch = {.count = 1}; status == BCUE_OK && batch.count > 0;) {
        status = bcue_cancelled(hooks)
                     ? bcue_fail(error, BCUE_ERROR_CANCELLED, "stopped while reading the inputs")
                     : bcue_loader_next(loader, &batch, error);
        if (status == BCUE_OK)
            add(m, &session->model.inputs, &batch);
    }
    bcue_loader_destroy(loader);
    return status;
}

static void keep(const moments *m, bcue_model_file *file)
{
    for (int i = 0; i < SLOTS; i++) {
        if (m->sum[i] == NULL)
            continue;
        const size_t numbers = bcue_complete_frame_numbers(&file->inputs, i);
        const double frames = m->frames[i] > 0 ? m->frames[i] : 1;
        float *mean = bcue_complete_tensor(&file->generator, "input", i);
        double variance = m->square[i] / frames;
        for (size_t k = 0; k < numbers; k++) {
            mean[k] = (float)(m->sum[i][k] / frames);
            variance -= m->sum[i][k] / frames * (m->sum[i][k] / frames);
        }
        if (file->completion->map_spread.count > 0)
            file->completion->map_spread.items[i] = fmax(sqrt(fmax(variance / (double)numbers, 0)), 1e-6);
    }
}

bcue_status bcue_complete_measure_inputs(bcue_score_session *session, const bcue_score_job *job,
                                         const size_t *samples, size_t count, const bcue_hooks *hooks,
                                         bcue_error *error)
{
    moments m = {0};
    bcue_model_file *file = &session->model;
    bcue_status status = BCUE_OK;
    for (int i = 0; i < SLOTS; i++) {
        if (!bcue_model_needs(&file->config, (bcue_model_input)i))
            continue;
        m.sum[i] = bcue_calloc(bcue_complete_frame_numbers(&file->inputs, i), sizeof *m.sum[i]);
        if (m.sum[i] == NULL)
            status = bcue_fail_memory(error, "the mean of the inputs");
    }
    if (status == BCUE_OK)
        status = run(session, job, samples, count, hooks, &m, error);
    if (status == BCUE_OK)
        keep(&m, file);
    for (int i = 0; i < SLOTS; i++)
        free(m.sum[i]);
    return status;
}
