/* Fitting a table model: one pass over the training samples. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "learn/trainer_internal.h"

/* What a table is fitted on. */
typedef struct table_rows {
    float *position, *radar;
    int32_t *label;
    const double **power;
    size_t radar_size; /* 0: no radar */
} table_rows;

static void take_row(const bcue_trainer *trainer, const bcue_batch *batch, size_t i, size_t row,
                     const table_rows *rows)
{
    if (trainer->inputs.gps_frames > 0)
        bcue_batch_position(batch, trainer->inputs.gps_frames, i, rows->position + 2 * row);
    if (rows->radar_size == 0)
        return;
    float direction;
    const float *radar = bcue_batch_radar(&trainer->run->model, &trainer->inputs, batch, i, &direction);
    memcpy(rows->radar + row * rows->radar_size, radar, rows->radar_size * sizeof *radar);
}

static bcue_status gather_table_samples(bcue_trainer *trainer, const table_rows *rows, bcue_error *error)
{
    const bcue_split *split = &trainer->split;
    for (size_t i = 0; i < split->train_count; i++) {
        const bcue_sample *sample = bcue_dataset_sample(trainer->dataset, split->train[i]);
        rows->label[i] = sample->label;
        rows->power[i] = sample->power;
        rows->position[2 * i] = rows->position[2 * i + 1] = NAN;
    }
    if (trainer->inputs.gps_frames == 0 && rows->radar_size == 0)
        return BCUE_OK;
    BCUE_TRY(bcue_loader_begin(trainer->loader, split->train, split->train_count, 256, true,
                               trainer->member.seed, 0, error));
    for (size_t done = 0; done < split->train_count;) {
        bcue_batch batch;
        BCUE_TRY(bcue_loader_next(trainer->loader, &batch, error));
        for (size_t i = 0; i < batch.count; i++)
            take_row(trainer, &batch, i, done + i, rows);
        if (batch.count == 0)
            return bcue_fail(error, BCUE_ERROR_INTERNAL, "the loader ended early");
        done += batch.count;
    }
    return BCUE_OK;
}

bcue_status bcue_trainer_fit_table(bcue_trainer *trainer, bcue_error *error)
{
    const size_t count = trainer->split.train_count;
    const bcue_picture_size size = trainer->inputs.radar;
    const bool windows = trainer->run->model.kind == BCUE_MODEL_RADAR_KNN;
    table_rows rows = {0};
    if (bcue_model_needs(&trainer->run->model, BCUE_INPUT_RADAR))
        rows.radar_size =
            windows ? (size_t)(trainer->inputs.frames * size.channels * size.height * size.width) : 1;
    rows.position = bcue_calloc(count, 2 * sizeof *rows.position);
    rows.label = bcue_calloc(count, sizeof *rows.label);
    rows.power = bcue_calloc(count, sizeof *rows.power);
    rows.radar = bcue_calloc(count, (rows.radar_size + 1) * sizeof *rows.radar);
    bcue_status status =
        rows.position == NULL || rows.label == NULL || rows.power == NULL || rows.radar == NULL
            ? bcue_fail_memory(error, "the training samples")
            : gather_table_samples(trainer, &rows, error);
    if (status == BCUE_OK) {
        const bcue_table_samples samples = {.count = count,
                                            .position = trainer->inputs.gps_frames > 0 ? rows.position : NULL,
                                            .label = rows.label,
                                            .power = rows.power,
                                            .radar = rows.radar_size > 0 ? rows.radar : NULL,
                                            .radar_size = rows.radar_size};
        status = bcue_table_fit(&trainer->run->model, trainer->inputs.beams, &samples,
                                &trainer->state.weights, error);
    }
    free(rows.position);
    free(rows.radar);
    free(rows.label);
    free(rows.power);
    return status;
}
