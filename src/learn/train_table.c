/* Fitting a table model: one pass over the training samples. */
#include <math.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "learn/trainer_internal.h"

static bcue_status gather_table_samples(bcue_trainer *trainer, float *position, int32_t *label,
                                        const double **power, bcue_error *error)
{
    const bcue_split *split = &trainer->split;
    for (size_t i = 0; i < split->train_count; i++) {
        const bcue_sample *sample = bcue_dataset_sample(trainer->dataset, split->train[i]);
        label[i] = sample->label;
        power[i] = sample->power;
        position[2 * i] = position[2 * i + 1] = NAN;
    }
    if (trainer->inputs.gps_frames == 0)
        return BCUE_OK;
    BCUE_TRY(bcue_loader_begin(trainer->loader, split->train, split->train_count, 256, true,
                               trainer->member.seed, 0, error));
    for (size_t done = 0; done < split->train_count;) {
        bcue_batch batch;
        BCUE_TRY(bcue_loader_next(trainer->loader, &batch, error));
        for (size_t i = 0; i < batch.count; i++)
            bcue_batch_position(&batch, trainer->inputs.gps_frames, i, position + 2 * (done + i));
        if (batch.count == 0)
            return bcue_fail(error, BCUE_ERROR_INTERNAL, "the loader ended early");
        done += batch.count;
    }
    return BCUE_OK;
}

bcue_status bcue_trainer_fit_table(bcue_trainer *trainer, bcue_error *error)
{
    const size_t count = trainer->split.train_count;
    float *position = bcue_calloc(count, 2 * sizeof *position);
    int32_t *label = bcue_calloc(count, sizeof *label);
    const double **power = bcue_calloc(count, sizeof *power);
    bcue_status status = position == NULL || label == NULL || power == NULL
                             ? bcue_fail_memory(error, "the training samples")
                             : gather_table_samples(trainer, position, label, power, error);
    if (status == BCUE_OK) {
        const bcue_table_samples samples = {count, trainer->inputs.gps_frames > 0 ? position : NULL, label,
                                            power};
        status = bcue_table_fit(&trainer->run->model, trainer->inputs.beams, &samples,
                                &trainer->state.weights, error);
    }
    free(position);
    free(label);
    free(power);
    return status;
}
