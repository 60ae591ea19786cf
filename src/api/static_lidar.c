#include <stdio.h>
#include <stdlib.h>

#include "api/dataset_api.h"
#include "api/report_handle.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "beamcue/dataset.h"

enum { MOST_CLOUDS = 1000 };

/* The k-th of `count` clouds, spread evenly over the samples; false: none in that part that can be read. */
static bool read_cloud(const bcue_dataset *dataset, size_t k, size_t count, bcue_ply *cloud)
{
    const size_t samples = bcue_dataset_count(dataset), newest = (size_t)bcue_dataset_frames(dataset) - 1;
    for (size_t i = samples * k / count; i < samples * (k + 1) / count; i++) {
        const bcue_sample *sample = bcue_dataset_sample(dataset, i);
        const char *file = sample->file[BCUE_LIDAR] != NULL ? sample->file[BCUE_LIDAR][newest] : NULL;
        char *path = file != NULL ? bcue_dataset_path(dataset, sample, file) : NULL;
        const bool read = path != NULL && bcue_ply_read(path, cloud, NULL) == BCUE_OK;
        free(path);
        if (read)
            return true;
    }
    return false;
}

static bcue_status write_static(const bcue_dataset *dataset, const char *name, size_t wanted, double share,
                                const char *out_path, const bcue_hooks *hooks, bcue_report *report,
                                bcue_error *error)
{
    bcue_ply *clouds = bcue_calloc(wanted, sizeof *clouds), fixed = {0};
    size_t found = 0;
    bcue_status status = clouds == NULL ? bcue_fail_memory(error, "the clouds") : BCUE_OK;
    for (size_t k = 0; status == BCUE_OK && k < wanted; k++) {
        bcue_progress(hooks, "read LiDAR", k, wanted);
        found += read_cloud(dataset, k, wanted, &clouds[found]);
        if (bcue_cancelled(hooks))
            status = bcue_fail(error, BCUE_ERROR_CANCELLED, "%s: stopped while reading clouds", name);
    }
    if (status == BCUE_OK && found < 2)
        status = bcue_fail(
            error, BCUE_ERROR_DATA,
            "%s: %zu LiDAR clouds can be read; at least 2 are needed to tell what stands still", name, found);
    if (status == BCUE_OK)
        status = bcue_lidar_background_build(clouds, found, share, &fixed, error);
    if (status == BCUE_OK)
        status = bcue_ply_write(out_path, &fixed, BCUE_PLY_BINARY, error);
    if (status == BCUE_OK) {
        bcue_text_printf(bcue_report_out(report), "%s: %zu static points from %zu clouds\n", out_path,
                         fixed.count, found);
        json_object_set_new(bcue_report_object(report), "points", json_integer((json_int_t)fixed.count));
        json_object_set_new(bcue_report_object(report), "clouds", json_integer((json_int_t)found));
        status = bcue_report_add_file(report, out_path) ? BCUE_OK : bcue_fail_memory(error, "the report");
    }
    for (size_t k = 0; clouds != NULL && k < found; k++)
        bcue_ply_free(&clouds[k]);
    free(clouds);
    bcue_ply_free(&fixed);
    return status;
}

bcue_status bcue_static_lidar(const char *config_or_folder, const char *const *overrides,
                              size_t override_count, size_t clouds, double share, const char *out_path,
                              const bcue_hooks *hooks, bcue_report **report, bcue_error *error)
{
    bcue_dataset *dataset;
    bcue_config *config;
    *report = NULL;
    if (clouds < 2 || clouds > MOST_CLOUDS || !(share > 0 && share <= 1))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "static LiDAR from %zu clouds, share %g; expected 2 to %d and 0 to 1", clouds, share,
                         (int)MOST_CLOUDS);
    BCUE_TRY(
        bcue_open_recordings(config_or_folder, overrides, override_count, hooks, &dataset, &config, error));
    bcue_report *made = bcue_report_create();
    bcue_status status =
        made == NULL ? bcue_fail_memory(error, "the report")
                     : write_static(dataset, config_or_folder, clouds, share, out_path, hooks, made, error);
    bcue_dataset_destroy(dataset);
    bcue_config_destroy(config);
    return bcue_report_deliver(made, status, report, error);
}
