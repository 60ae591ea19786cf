#include "compress/prune_windows.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/rng.h"
#include "learn/scorer.h"

static void feed(void *context, bcue_plan *plan, size_t first, size_t count)
{
    const bcue_prune_windows *windows = context;
    const bcue_batch part = bcue_batch_part(&windows->batch, &windows->inputs, first, count);
    bcue_feed_batch(plan, &windows->inputs, &part, count);
}

/* Takes the first sample of every episode in a shuffled order, then the second, ... . */
static size_t pick(const bcue_dataset *dataset, size_t *order, size_t count, size_t wanted, size_t *picked,
                   size_t *episodes)
{
    size_t taken = 0;
    *episodes = 0;
    for (bool any = true; any && taken < wanted;) {
        const size_t round = taken;
        any = false;
        for (size_t i = 0; i < count && taken < wanted; i++) {
            if (order[i] == SIZE_MAX)
                continue;
            const int32_t episode = bcue_dataset_sample(dataset, order[i])->episode;
            bool seen = false;
            for (size_t k = round; !seen && k < taken; k++)
                seen = bcue_dataset_sample(dataset, picked[k])->episode == episode;
            if (seen)
                continue;
            picked[taken++] = order[i];
            order[i] = SIZE_MAX;
            any = true;
        }
        *episodes = *episodes == 0 ? taken : *episodes;
    }
    return taken;
}

static bcue_status choose_samples(const bcue_dataset *dataset, const bcue_split *split, size_t count,
                                  uint64_t seed, bcue_prune_windows *windows, bcue_error *error)
{
    size_t *order = bcue_calloc(split->train_count, sizeof *order), labelled = 0;
    windows->samples = bcue_calloc(count, sizeof *windows->samples);
    if (order == NULL || windows->samples == NULL) {
        free(order);
        return bcue_fail_memory(error, "calibration windows");
    }
    for (size_t i = 0; i < split->train_count; i++) {
        if (bcue_dataset_sample(dataset, split->train[i])->label >= 0)
            order[labelled++] = split->train[i];
    }
    bcue_rng rng = bcue_rng_make(seed, BCUE_RNG_PRUNE, 2, 0, 0);
    bcue_rng_shuffle(&rng, order, labelled);
    windows->data.count = pick(dataset, order, labelled, count, windows->samples, &windows->episodes);
    free(order);
    return windows->data.count > 0
               ? BCUE_OK
               : bcue_fail(error, BCUE_ERROR_DATA,
                           "the split leaves no labelled training sample to calibrate with");
}

bcue_status bcue_prune_windows_load(const bcue_dataset *dataset, const bcue_split *split,
                                    const bcue_feature_config *features, const bcue_model_inputs *inputs,
                                    size_t count, uint64_t seed, const bcue_hooks *hooks,
                                    bcue_prune_windows *windows, bcue_error *error)
{
    *windows = (bcue_prune_windows){.inputs = *inputs};
    windows->data.context = windows;
    windows->data.feed = feed;
    bcue_status status = choose_samples(dataset, split, count, seed, windows, error);
    if (status == BCUE_OK)
        status = bcue_loader_create(dataset, features, 0, hooks, &windows->loader, error);
    if (status == BCUE_OK)
        status = bcue_loader_begin(windows->loader, windows->samples, windows->data.count,
                                   windows->data.count, false, 0, 0, error);
    if (status == BCUE_OK)
        status = bcue_loader_next(windows->loader, &windows->batch, error);
    if (status == BCUE_OK && windows->batch.count != windows->data.count)
        status = bcue_fail(error, BCUE_ERROR_INTERNAL, "the loader gave %zu of %zu windows",
                           windows->batch.count, windows->data.count);
    windows->data.label = windows->batch.label;
    if (status != BCUE_OK)
        bcue_prune_windows_free(windows);
    return status;
}

void bcue_prune_windows_free(bcue_prune_windows *windows)
{
    bcue_loader_destroy(windows->loader);
    free(windows->samples);
    *windows = (bcue_prune_windows){0};
}
