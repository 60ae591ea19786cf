#include "api/train_task.h"
#include "base/fail.h"
#include "beamcue/train.h"

static bcue_status distill(const bcue_run_config *run, const bcue_config *config, const char *path,
                           const bcue_hooks *hooks, bcue_report *report, bcue_error *error)
{
    if (run->distill.teacher == NULL)
        return bcue_config_fail(
            config, error, "distill.teacher",
            "name the model file of a trained teacher; 'beamcue train' makes one (configs/crkd)");
    return bcue_train_task(run, config, path, hooks, report, error);
}

bcue_status bcue_distill(const char *config_path, const char *const *overrides, size_t override_count,
                         const bcue_hooks *hooks, bcue_report **report, bcue_error *error)
{
    return bcue_do_run_task(distill, config_path, overrides, override_count, NULL, hooks, report, error);
}
