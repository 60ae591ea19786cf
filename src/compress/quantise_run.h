/* Making a trained model compute in 8 bits: scales from training windows, what each layer costs and which of
   them stay in f32 from validation windows. */
#ifndef BCUE_COMPRESS_QUANTISE_RUN_H
#define BCUE_COMPRESS_QUANTISE_RUN_H

#include "learn/run_config.h"

/* What a choice of layers answers on the validation windows. */
typedef struct bcue_quantise_score {
    int32_t layers;    /* in 8 bits */
    double top1, dba;  /* dba NaN where it cannot be computed */
    double changed;    /* share of windows with another best beam than in f32 */
    double divergence; /* mean KL divergence of the softmax in f32 from this one, in nats */
} bcue_quantise_score;

typedef struct bcue_quantise_layer {
    char *name;                /* owned: of its weights */
    bcue_quantise_score alone; /* it alone in 8 bits */
    bool kept;                 /* it stays in f32 */
} bcue_quantise_layer;

typedef struct bcue_quantise_result {
    char *folder, *model_path; /* owned */
    size_t windows, episodes;  /* calibration */
    size_t validation; /* windows; 0: nothing was tried, for this machine cannot compute in 8 bits, or there
                          are none */
    bool tried_layers;
    bcue_quantise_score exact, all, chosen;
    bcue_quantise_layer *layers; /* the most sensitive first when tried */
    size_t layer_count;
} bcue_quantise_result;

void bcue_quantise_result_free(bcue_quantise_result *result);

/* One seed, starting from the model file `from`. Writes into OUT/int8: model-seedS.safetensors, the same
   weights with scales, and config.yaml, with which `beamcue evaluate` scores it. */
bcue_status bcue_quantise_member(const bcue_run_config *run, const bcue_config *origin,
                                 const bcue_dataset *dataset, bcue_run_member member, const char *from,
                                 const bcue_hooks *hooks, bcue_quantise_result *result, bcue_error *error);

#endif
