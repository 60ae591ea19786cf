/* The section `quantise` of a run configuration. */
#ifndef BCUE_LEARN_QUANTISE_CONFIG_H
#define BCUE_LEARN_QUANTISE_CONFIG_H

#include "base/config.h"

typedef enum bcue_quantise_tune {
    BCUE_TUNE_NEVER,
    BCUE_TUNE_WHEN_NEEDED, /* when all layers in 8 bits lose more than max_loss */
    BCUE_TUNE_ALWAYS,
} bcue_quantise_tune;

typedef struct bcue_quantise_config {
    char *model; /* NULL: OUT/model-seedS.safetensors of the run */
    int method;  /* bcue_range_rule */
    double share;
    int64_t windows, validation_windows;
    bool sensitivity;
    double max_loss;
    int tune;              /* bcue_quantise_tune */
    int64_t epochs;        /* of fine-tuning */
    double lr;             /* 0: a tenth of train.optimizer.lr */
    bcue_string_list keep; /* names of weights, or what they begin with: these layers stay in f32 */
} bcue_quantise_config;

extern const char *const bcue_quantise_method_names[];
extern const bcue_config_field bcue_quantise_config_fields[];

#endif
