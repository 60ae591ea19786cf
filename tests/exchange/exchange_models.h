/* Small models of every kind that is a network, with random weights. */
#ifndef BCUE_TESTS_EXCHANGE_MODELS_H
#define BCUE_TESTS_EXCHANGE_MODELS_H

#include "models/model_file.h"

typedef struct bcue_exchange_model {
    const char *name, *config, *inputs; /* YAML */
} bcue_exchange_model;

extern const bcue_exchange_model bcue_exchange_models[];
extern const int bcue_exchange_model_count;

/* Running variances and norm weights lie in 0.5 .. 1.5, so that batch norm does something; everything else
   that starts as zero is small noise. Free with bcue_model_file_free. */
bcue_status bcue_exchange_model_make(const bcue_exchange_model *what, bcue_model_file *model,
                                     bcue_error *error);

/* A BeamTransFuser with both generators of missing modalities (models/completion.h), with random weights;
   `prior` is a bcue_completion_prior. No choice is measured. Free with bcue_model_file_free. */
bcue_status bcue_exchange_generators_make(int prior, bcue_model_file *model, bcue_error *error);

#endif
