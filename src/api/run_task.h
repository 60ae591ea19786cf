/* What the calls that work on a run configuration share: read it, set the threads, do the task, hand the
 * report over. */
#ifndef BCUE_API_RUN_TASK_H
#define BCUE_API_RUN_TASK_H

#include "api/report_handle.h"
#include "beamcue/hooks.h"
#include "learn/run_config.h"

/* `path` is the call's own argument (a file or folder), or NULL. */
typedef bcue_status bcue_run_task(const bcue_run_config *run, const bcue_config *config, const char *path,
                                  const bcue_hooks *hooks, bcue_report *report, bcue_error *error);

bcue_status bcue_do_run_task(bcue_run_task *task, const char *config_path, const char *const *overrides,
                             size_t override_count, const char *path, const bcue_hooks *hooks,
                             bcue_report **report, bcue_error *error);

#endif
