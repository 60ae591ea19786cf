/* 'beamcue complete' for one trained model: a generator of missing modalities, what every stand-in is worth,
   and the better of them kept in the model file. */
#ifndef BCUE_LEARN_COMPLETE_RUN_H
#define BCUE_LEARN_COMPLETE_RUN_H

#include "learn/complete_measure.h"
#include "learn/complete_train.h"
#include "learn/run_config.h"

typedef struct bcue_complete_result {
    bcue_complete_fit fit, map_fit; /* of what the target asks for */
    double seconds, map_seconds;    /* training of each, with the vectors it learns from; 0: not trained */
    bcue_complete_table validation, test; /* test: of evaluate.part */
    size_t validation_samples, test_samples;
    bcue_complete_times full, times[BCUE_GAP_PATTERNS][BCUE_STAND_IN_COUNT]; /* 0: not measured */
    unsigned missing[BCUE_GAP_PATTERNS];
    size_t patterns;
    int chosen[BCUE_GAP_PATTERNS];          /* bcue_stand_in that the file now names */
    int64_t generator_numbers, map_numbers; /* parameters of each, encoder of the posterior left out */
} bcue_complete_result;

/* Writes the member's model file again. `with_latency`: measure the times too. BCUE_ERROR_DATA when there is
   no such model, BCUE_ERROR_UNSUPPORTED when it is no BeamTransFuser of several modalities. */
bcue_status bcue_complete_member(const bcue_run_config *run, const bcue_config *origin,
                                 const bcue_dataset *dataset, bcue_run_member member, bool with_latency,
                                 const bcue_hooks *hooks, bcue_complete_result *result, bcue_error *error);

/* The stand-in of evaluate.stand_in for what evaluate.missing names, in an open model file: its choice where
   it says auto. BCUE_ERROR_CONFIG says what is wrong. */
bcue_status bcue_complete_choose(const bcue_model_file *file, const char *path, unsigned missing,
                                 int wanted /* bcue_stand_in, or BCUE_STAND_IN_COUNT: auto */, int *stand_in,
                                 bcue_error *error);

#endif
