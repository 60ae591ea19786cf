#include "learn/compress_config.h"

#include <stddef.h>

#define COMPRESS(field) offsetof(bcue_compress_config, field)
#define REAL(key, member, preset, low, high, text)                                                           \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_DOUBLE, .offset = COMPRESS(member), .fallback = (preset),         \
        .minimum = (low), .maximum = (high), .help = (text)                                                  \
    }
#define WHOLE(key, member, preset, low, high, text)                                                          \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_INT, .offset = COMPRESS(member), .fallback = (preset),            \
        .minimum = (low), .maximum = (high), .help = (text)                                                  \
    }
const bcue_config_field bcue_compress_config_fields[] = {
    REAL("target_ms", target_ms, "40", 0.001, 1e6,
         "time that one answer of the network may take on this machine"),
    REAL("percentile", percentile, "50", 1, 100, "of the runs that must not take longer, %"),
    WHOLE("threads", threads, "0", 0, 1024, "that run the network; 0: as many as help"),
    WHOLE("runs", runs, "50", 5, 100000, "timed runs of each candidate"),
    REAL("max_loss", max_loss, "0.02", 0, 1, "DBA below the model that may be lost, on validation"),
    REAL("budget_hours", budget_hours, "1", 0, 1e4,
         "of fine-tuning; what has begun ends, and the rest is left out; a second call goes on"),
    {.name = "ratios",
     .type = BCUE_CONFIG_DOUBLE_LIST,
     .offset = COMPRESS(ratios),
     .fallback = "[0.9, 0.8, 0.7, 0.6, 0.5, 0.4]",
     .minimum = 0.05,
     .maximum = 0.99,
     .help = "shares of the parameters (prune.of) that are tried beside the whole model"},
    {.name = "frames",
     .type = BCUE_CONFIG_INT_LIST,
     .offset = COMPRESS(frames),
     .fallback = "[]",
     .minimum = 1,
     .maximum = 255,
     .help = "numbers of frames below data.window.frames that are tried, fine-tuned from the whole model"},
    {.name = "pixels",
     .type = BCUE_CONFIG_DOUBLE_LIST,
     .offset = COMPRESS(pixels),
     .fallback = "[]",
     .minimum = 0.1,
     .maximum = 0.99,
     .help = "smaller pictures that are tried, fine-tuned from the whole model: shares of their width and "
             "height"},
    {.name = "dense",
     .type = BCUE_CONFIG_BOOL,
     .offset = COMPRESS(dense),
     .fallback = "true",
     .help =
         "beside the best one that was made smaller: train a narrower network of equal latency from scratch, "
         "for as many epochs in all"},
    {.name = "layers",
     .type = BCUE_CONFIG_STRING,
     .offset = COMPRESS(layers),
     .help =
         "file of the times of layers on this machine, for several runs; default OUT/compress/layers.json"},
    WHOLE("layer_runs", layer_runs, "10", 1, 1000, "timed runs of a layer that the file does not know"),
    WHOLE("tune", tune, "2", 1, 100, "at most so many ratios are fine-tuned, as prune.epochs says"),
    {0}};
