#include "api/run_task.h"

#include <stdlib.h>

#include "base/fail.h"
#include "base/file.h"
#include "beamcue/dataset.h"
#include "dataset/export.h"
#include "learn/run_config.h"

static bcue_status list_files(const char *folder, bcue_report *report, bcue_error *error)
{
    for (size_t i = 0; bcue_export_files[i] != NULL; i++) {
        char *path = bcue_path_join(folder, bcue_export_files[i]);
        const bool listed = path != NULL && (!bcue_path_exists(path) || bcue_report_add_file(report, path));
        free(path);
        if (!listed)
            return bcue_fail_memory(error, "the report");
    }
    return BCUE_OK;
}

static bcue_status summarise(const bcue_dataset *dataset, const bcue_split *split, const char *folder,
                             bcue_report *report, bcue_error *error)
{
    bcue_text_printf(
        bcue_report_out(report),
        "%s: %zu samples (%zu training, %zu validation, %zu test), %d beams; docs/export.md has a reader\n",
        folder, bcue_dataset_count(dataset), split->train_count, split->validation_count, split->test_count,
        bcue_dataset_beams(dataset));
    BCUE_TRY(list_files(folder, report, error));
    json_t *object = bcue_report_object(report);
    json_object_set_new(object, "folder", json_string(folder));
    json_object_set_new(object, "samples", json_integer((json_int_t)bcue_dataset_count(dataset)));
    json_object_set_new(object, "train", json_integer((json_int_t)split->train_count));
    json_object_set_new(object, "validation", json_integer((json_int_t)split->validation_count));
    json_object_set_new(object, "test", json_integer((json_int_t)split->test_count));
    json_object_set_new(object, "data_hash", json_string(bcue_dataset_hash(dataset)));
    return BCUE_OK;
}

/* The split is that of the first seed and fold. */
static bcue_status export_split(const bcue_run_config *run, const bcue_dataset *dataset,
                                const bcue_split *split, const char *folder, const bcue_hooks *hooks,
                                bcue_error *error)
{
    bcue_feature_config features = run->features;
    BCUE_TRY(bcue_features_fit(dataset, split->train, split->train_count, &features, error));
    return bcue_dataset_export(dataset, split, &features, folder, hooks, error);
}

static bcue_status export_run(const bcue_run_config *run, const bcue_config *config, const char *folder,
                              const bcue_hooks *hooks, bcue_report *report, bcue_error *error)
{
    bcue_dataset *dataset;
    bcue_split split = {0};
    BCUE_TRY(bcue_dataset_open(&run->data, config, hooks, &dataset, error));
    bcue_status status =
        bcue_run_member_split(run, config, dataset, bcue_run_member_at(run, 0), &split, error);
    if (status == BCUE_OK) {
        status = export_split(run, dataset, &split, folder, hooks, error);
        if (status == BCUE_OK)
            status = summarise(dataset, &split, folder, report, error);
        bcue_split_free(&split);
    }
    bcue_dataset_destroy(dataset);
    return status;
}

bcue_status bcue_export_samples(const char *config_path, const char *const *overrides, size_t override_count,
                                const char *out_folder, const bcue_hooks *hooks, bcue_report **report,
                                bcue_error *error)
{
    return bcue_do_run_task(export_run, config_path, overrides, override_count, out_folder, hooks, report,
                            error);
}
