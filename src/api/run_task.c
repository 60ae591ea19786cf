#include "api/run_task.h"

#include "base/fail.h"
#include "base/parallel.h"

bcue_status bcue_do_run_task(bcue_run_task *task, const char *config_path, const char *const *overrides,
                             size_t override_count, const char *path, const bcue_hooks *hooks,
                             bcue_report **report, bcue_error *error)
{
    bcue_run_config run;
    bcue_config *config;
    *report = NULL;
    BCUE_TRY(bcue_run_config_read(config_path, overrides, override_count, &run, &config, error));
    bcue_set_threads((int)run.threads);
    bcue_report *made = bcue_report_create();
    bcue_status status =
        made == NULL ? bcue_fail_memory(error, "the report") : task(&run, config, path, hooks, made, error);
    bcue_config_destroy(config);
    return bcue_report_deliver(made, status, report, error);
}
