#include "learn/complete_config.h"

#include <stddef.h>

#include "models/completion.h"

#define FIELD(member) offsetof(bcue_complete_config, member)
#define WHOLE(key, member, value, low, high, text)                                                           \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_INT, .offset = FIELD(member), .fallback = (value),                \
        .minimum = (low), .maximum = (high), .help = (text)                                                  \
    }
#define REAL(key, member, value, low, high, text)                                                            \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_DOUBLE, .offset = FIELD(member), .fallback = (value),             \
        .minimum = (low), .maximum = (high), .help = (text)                                                  \
    }
const bcue_config_field bcue_complete_config_fields[] = {
    {.name = "target",
     .type = BCUE_CONFIG_CHOICE,
     .offset = FIELD(target),
     .choices = bcue_completion_target_names,
     .fallback = "feature",
     .help = "what is generated: what would leave the missing branch, the maps that would enter it, or both, "
             "to choose from"},
    {.name = "prior",
     .type = BCUE_CONFIG_CHOICE,
     .offset = FIELD(prior),
     .choices = bcue_completion_prior_names,
     .fallback = "fixed",
     .help = "of the latent numbers: N(0, 1), as paper A, or learned from the modalities that are there"},
    WHOLE("latent", latent, "128", 1, 4096, "latent numbers"),
    WHOLE("hidden", hidden, "256", 1, 4096,
          "neurons of its hidden layers, and channels of the convolution on features"),
    WHOLE("map_channels", map_channels, "32", 4, 1024,
          "of the smallest maps that a generator of maps makes, a sixteenth as high and wide as the input"),
    WHOLE("most_missing", most_missing, "2", 1, 3,
          "it learns, and is measured, with so many missing at once"),
    WHOLE("epochs", epochs, "60", 1, 100000, "passes over the training samples; the best one is kept"),
    WHOLE("batch", batch, "64", 2, 65536, "samples of a step"),
    WHOLE("warmup_epochs", warmup_epochs, "20", 0, 100000,
          "the weight of the KL divergence rises to 1 in so many epochs"),
    REAL("lr", lr, "0.001", 1e-9, 10, "learning rate of AdamW, falling by half a cosine"),
    REAL("weight_decay", weight_decay, "0.01", 0, 10, "of AdamW"),
    REAL("weight", weight, "1", 1e-6, 1e6,
         "of the squared error beside the KL divergence: 1 / the variance of what is generated, in units of "
         "the spread"),
    REAL("map_weight", map_weight, "128", 1e-6, 1e6,
         "of the mean squared error of a modality's maps beside the KL divergence: it counts as so many "
         "numbers"),
    WHOLE("hold_rows", hold_rows, "10", 1, 1e6,
          "stand-in hold: what was seen so many rows before, or at the start of the episode"),
    WHOLE("draws", draws, "10", 1, 1000, "draws of the prior whose spread the table gives"),
    WHOLE("timing_runs", timing_runs, "30", 1, 100000, "runs of one window whose median is the latency"),
    {0}};
