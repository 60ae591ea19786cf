/* The section `compress` of a run configuration. */
#ifndef BCUE_LEARN_COMPRESS_CONFIG_H
#define BCUE_LEARN_COMPRESS_CONFIG_H

#include "base/config.h"

typedef struct bcue_compress_config {
    double target_ms, percentile;
    int64_t threads, runs;
    double max_loss, budget_hours;
    bcue_double_list ratios;
    int64_t tune;            /* how many candidates are fine-tuned at most */
    bcue_int_list frames;    /* fewer frames to try */
    bcue_double_list pixels; /* smaller pictures to try: shares of their sides */
    bool dense;              /* train a small dense network of equal latency, too */
    char *layers;            /* the table of layers; NULL: OUT/compress/layers.json */
    int64_t layer_runs;      /* in which a layer is timed */
} bcue_compress_config;

extern const bcue_config_field bcue_compress_config_fields[];

#endif
