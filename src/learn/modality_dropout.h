/* Modality dropout: training samples that lack a sensor, or a frame of one, as samples on the road do. */
#ifndef BCUE_LEARN_MODALITY_DROPOUT_H
#define BCUE_LEARN_MODALITY_DROPOUT_H

#include "base/config.h"
#include "dataset/loader.h"
#include "engine/plan.h"
#include "models/model_graph.h"

/* What takes the place of a frame while others of its sensor are left. */
typedef enum bcue_dropout_stand_in {
    BCUE_DROPOUT_ZERO, /* zeros, as in the place of a whole sensor */
    /* What streams do (features/window_fill.h), as far as the window goes: it ends at the newest frame left;
       before that the nearest older frame, else the nearest newer one; fixes on the line of those left. */
    BCUE_DROPOUT_STREAM,
} bcue_dropout_stand_in;

typedef struct bcue_modality_dropout {
    double sensor[BCUE_MODALITY_COUNT]; /* probability that a sample lacks the sensor in all its frames */
    double frame;                       /* probability that it lacks one frame of a sensor that is left */
    int stand_in;                       /* bcue_dropout_stand_in: for single frames */
} bcue_modality_dropout;

extern const bcue_config_field bcue_modality_dropout_fields[];

/* Drop frames in the inputs of a plan that hold `count` samples, whose indices are `sample`: zeros, as a
   missing frame is, or what stands in. Draws depend on (seed, epoch, sample) alone. A sample that would lose
   every frame of every input loses nothing. */
void bcue_modality_dropout_apply(const bcue_modality_dropout *drop, const bcue_model_inputs *inputs,
                                 bcue_plan *plan, const size_t *sample, size_t count, uint64_t seed,
                                 uint32_t epoch);

#endif
