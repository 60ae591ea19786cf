/* Small networks with random weights, and pieces of them switched off at random. */
#ifndef BCUE_TESTS_PRUNE_MODELS_H
#define BCUE_TESTS_PRUNE_MODELS_H

#include "base/rng.h"
#include "compress/prune_space.h"

/* `config` and `inputs` are YAML. Weights are larger than fresh ones, so that every part matters. Free with
   bcue_model_file_free. */
bcue_status bcue_prune_model_make(const char *config, const char *inputs, uint64_t seed,
                                  bcue_model_file *model, bcue_error *error);
/* Logits (windows, beams) for inputs from `seed`; with `space`: of the masked network by its keep flags. */
bcue_status bcue_prune_logits(const bcue_model_file *model, const bcue_prune_space *space, int64_t windows,
                              uint64_t seed, float *logits, bcue_error *error);
/* Every group keeps between 1 and all units, the same number in every head. */
void bcue_prune_at_random(bcue_prune_space *space, bcue_rng *rng);
/* ||a - b|| / ||b|| */
double bcue_prune_error(const float *a, const float *b, size_t count);

#endif
