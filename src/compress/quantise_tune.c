#include "compress/quantise_tune.h"

#include <stdlib.h>

#include "base/fail.h"
#include "base/file.h"
#include "learn/trainer.h"

enum { DBA_BEAMS = 3 };
static const double lr_share = 0.1; /* of train.optimizer.lr, where quantise.lr says nothing */

/* The configuration that trains; its strings are the caller's. */
static bcue_run_config tuned_run(const bcue_run_config *from, bcue_run_member member,
                                 const bcue_model_file *scaled, const char *folder, char *init)
{
    bcue_run_config run = *from;
    bcue_optimizer_config *optimizer = &run.train.optimizer;
    run.model = scaled->config;
    run.out = (char *)(uintptr_t)folder;
    run.seed = (int64_t)member.seed;
    run.seeds = 1;
    run.train.init = init;
    run.train.int8 = true;
    run.train.bn = BCUE_BN_FROZEN;
    run.train.freeze.count = 0;
    run.train.epochs = from->quantise.epochs;
    if (from->data.index_monotone && scaled->inputs.beams >= DBA_BEAMS &&
        from->train.select != BCUE_SELECT_LAST)
        run.train.select = BCUE_SELECT_DBA; /* by which it is then accepted */
    optimizer->lr = from->quantise.lr > 0 ? from->quantise.lr : lr_share * optimizer->lr;
    optimizer->schedule = BCUE_SCHEDULE_COSINE;
    optimizer->minimum_lr = 0;
    optimizer->warmup_epochs = 0;
    return run;
}

static bcue_status take_weights(const char *path, bcue_weights *weights, bcue_error *error)
{
    bcue_model_file tuned;
    BCUE_TRY(bcue_model_file_read(path, &tuned, error));
    *weights = tuned.weights;
    tuned.weights = (bcue_weights){0};
    bcue_model_file_free(&tuned);
    return BCUE_OK;
}

bcue_status bcue_quantise_tune_weights(const bcue_run_config *run, const bcue_config *origin,
                                       const bcue_dataset *dataset, bcue_run_member member,
                                       const bcue_model_file *scaled, const char *folder,
                                       const bcue_hooks *hooks, bcue_weights *weights, bcue_error *error)
{
    bcue_run_config training = tuned_run(run, member, scaled, folder, NULL);
    char *init = bcue_run_member_path(&training, member, "scaled", "safetensors");
    bcue_training_summary summary;
    if (init == NULL)
        return bcue_fail_memory(error, folder);
    bcue_status status = bcue_make_dirs(folder, error);
    if (status == BCUE_OK)
        status = bcue_model_file_write(init, scaled, error);
    training.train.init = init;
    if (status == BCUE_OK)
        status = bcue_train_member(&training, origin, dataset, member, hooks, &summary, error);
    if (status == BCUE_OK) {
        status = take_weights(summary.model_path, weights, error);
        bcue_training_summary_free(&summary);
    }
    free(init);
    return status;
}
