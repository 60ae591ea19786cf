/* What bcue_train does with a configuration, for other calls that train. */
#ifndef BCUE_API_TRAIN_TASK_H
#define BCUE_API_TRAIN_TASK_H

#include "api/run_task.h"

/* `path` is not used. */
bcue_status bcue_train_task(const bcue_run_config *run, const bcue_config *config, const char *path,
                            const bcue_hooks *hooks, bcue_report *report, bcue_error *error);

#endif
