/* Modality dropout: training samples that lack a sensor, or a frame of one, as samples on the road do. */
#ifndef BCUE_LEARN_MODALITY_DROPOUT_H
#define BCUE_LEARN_MODALITY_DROPOUT_H

#include "base/config.h"
#include "dataset/loader.h"
#include "engine/plan.h"
#include "models/model_graph.h"

typedef struct bcue_modality_dropout {
    double sensor[BCUE_MODALITY_COUNT]; /* probability that a sample lacks the sensor in all its frames */
    double frame;                       /* probability that it lacks one frame of a sensor that is left */
} bcue_modality_dropout;

extern const bcue_config_field bcue_modality_dropout_fields[];

/* Zero what is dropped, as a missing frame is, in the inputs of a plan that hold `count` samples, whose
   indices are `sample`. Draws depend on (seed, epoch, sample) alone. A sample that would lose every frame of
   every input loses nothing. */
void bcue_modality_dropout_apply(const bcue_modality_dropout *drop, const bcue_model_inputs *inputs,
                                 bcue_plan *plan, const size_t *sample, size_t count, uint64_t seed,
                                 uint32_t epoch);

#endif
