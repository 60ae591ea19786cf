#include "api/run_task.h"

#include <stdlib.h>

#include "base/fail.h"
#include "base/json.h"
#include "beamcue/train.h"
#include "learn/submission.h"

static bcue_status submit_run(const bcue_run_config *run, const bcue_config *config, const char *source,
                              const bcue_hooks *hooks, bcue_report *report, bcue_error *error)
{
    (void)config;
    size_t rows = 0;
    BCUE_TRY(bcue_submission_write(run, source, hooks, &rows, error));
    bcue_text_printf(bcue_report_out(report), "%zu rows of %s answered, three beams each, counted from 1.\n",
                     rows, source);
    json_object_set_new(bcue_report_object(report), "rows", json_integer((json_int_t)rows));
    for (size_t i = 0; i < bcue_run_member_count(run); i++) {
        char *path = bcue_run_member_path(run, bcue_run_member_at(run, i), "submission", "csv");
        const bool added = path != NULL && bcue_report_add_file(report, path);
        free(path);
        if (!added)
            return bcue_fail_memory(error, "the report");
    }
    return BCUE_OK;
}

bcue_status bcue_submit(const char *config_path, const char *const *overrides, size_t override_count,
                        const char *source_path, const bcue_hooks *hooks, bcue_report **report,
                        bcue_error *error)
{
    return bcue_do_run_task(submit_run, config_path, overrides, override_count, source_path, hooks, report,
                            error);
}
