#include "learn/quantise_config.h"

#include <stddef.h>

const char *const bcue_quantise_method_names[] = {"min-max", "percentile", "mse", "kl", NULL};

static const char *const tune_names[] = {"never", "when-needed", "always", NULL};

#define QUANTISE(field) offsetof(bcue_quantise_config, field)
const bcue_config_field bcue_quantise_config_fields[] = {
    {.name = "model",
     .type = BCUE_CONFIG_STRING,
     .offset = QUANTISE(model),
     .help = "trained model to start from; default OUT/model-seedS.safetensors"},
    {.name = "method",
     .type = BCUE_CONFIG_CHOICE,
     .offset = QUANTISE(method),
     .choices = bcue_quantise_method_names,
     .fallback = "percentile",
     .help =
         "what range of a layer's input the 8 bits cover: all of it, a share of its values, the one of least "
         "squared error, or of least KL divergence"},
    {.name = "share",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = QUANTISE(share),
     .fallback = "0.9999",
     .minimum = 0.5,
     .maximum = 1,
     .help = "percentile: this share of the values is not cut"},
    {.name = "windows",
     .type = BCUE_CONFIG_INT,
     .offset = QUANTISE(windows),
     .fallback = "64",
     .minimum = 1,
     .maximum = 4096,
     .help = "calibration windows, from as many training episodes as there are"},
    {.name = "validation_windows",
     .type = BCUE_CONFIG_INT,
     .offset = QUANTISE(validation_windows),
     .fallback = "128",
     .minimum = 1,
     .maximum = 100000,
     .help = "validation windows on which layers are tried; all are held in memory"},
    {.name = "sensitivity",
     .type = BCUE_CONFIG_BOOL,
     .offset = QUANTISE(sensitivity),
     .fallback = "true",
     .help = "try every layer alone in 8 bits"},
    {.name = "max_loss",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = QUANTISE(max_loss),
     .fallback = "0.005",
     .minimum = 0,
     .maximum = 1,
     .help =
         "DBA lost on those windows that is accepted; where all layers lose more, the most sensitive stay in "
         "f32 (with sensitivity)"},
    {.name = "tune",
     .type = BCUE_CONFIG_CHOICE,
     .offset = QUANTISE(tune),
     .choices = tune_names,
     .fallback = "when-needed",
     .help =
         "fine-tune the weights with the rounding of the 8 bits (train.int8): when all layers in 8 bits lose "
         "more than max_loss, before any returns to f32; the better of both is kept"},
    {.name = "epochs",
     .type = BCUE_CONFIG_INT,
     .offset = QUANTISE(epochs),
     .fallback = "5",
     .minimum = 1,
     .maximum = 1e6,
     .help = "of that fine-tuning"},
    {.name = "lr",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = QUANTISE(lr),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1e3,
     .help = "its learning rate; 0: a tenth of train.optimizer.lr"},
    {.name = "keep",
     .type = BCUE_CONFIG_STRING_LIST,
     .offset = QUANTISE(keep),
     .fallback = "[gps., head.]",
     .help = "layers that stay in f32: names of their weights, or what these begin with. By themselves the "
             "branch of the fixes, for which 256 steps of a street are too few, and the head"},
    {0}};
