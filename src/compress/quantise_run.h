/* Making a trained model compute in 8 bits: scales from training windows; what each layer costs, whether the
   weights have to be fine-tuned with the rounding, and which layers stay in f32 from validation windows. */
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
    size_t validation;         /* windows; 0: there are none, and nothing was tried */
    bool rounded;              /* tried in f32, rounded: this machine cannot compute in 8 bits */
    bool tried_layers, tried_tuning;
    int64_t tuned_epochs; /* that the weights were fine-tuned for; 0: they are as they were */
    bcue_quantise_score exact, all, chosen;
    bcue_quantise_score tuned;   /* all in 8 bits after fine-tuning, where it was tried */
    bcue_quantise_layer *layers; /* the most sensitive first when tried */
    size_t layer_count;
} bcue_quantise_result;

void bcue_quantise_result_free(bcue_quantise_result *result);

/* One seed, starting from the model file `from`. Writes into OUT/int8: model-seedS.safetensors, the same or
   fine-tuned weights with scales, config.yaml, with which `beamcue evaluate` scores it, and what fine-tuning
   leaves in the folder tune. */
bcue_status bcue_quantise_member(const bcue_run_config *run, const bcue_config *origin,
                                 const bcue_dataset *dataset, bcue_run_member member, const char *from,
                                 const bcue_hooks *hooks, bcue_quantise_result *result, bcue_error *error);

#endif
