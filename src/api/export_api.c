#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/report_handle.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/report_hooks.h"
#include "beamcue/dataset.h"
#include "dataset/loader.h"
#include "formats/csv.h"
#include "formats/npy.h"
#include "learn/run_config.h"
#include "learn/scorer.h"

/* One array that grows by a batch at a time. */
typedef struct array_file {
    const char *name; /* in the folder; NULL: not written */
    char *path;
    bcue_file_writer writer;
    bool open;
} array_file;

enum { CAMERA, CAMERA_PRESENT, POSITION, POSITION_PRESENT, LABEL, POWER, ARRAYS };

typedef struct exporter {
    const bcue_run_config *run;
    const bcue_dataset *dataset;
    const char *folder;
    const bcue_hooks *hooks;
    bcue_report *report;
    bcue_split split;
    bcue_feature_config features;
    array_file arrays[ARRAYS];
} exporter;

static bcue_status begin_array(exporter *e, int which, const char *name, bcue_npy_type type, int rank,
                               const size_t *shape, bcue_error *error)
{
    array_file *array = &e->arrays[which];
    array->name = name;
    array->path = bcue_path_join(e->folder, name);
    if (array->path == NULL)
        return bcue_fail_memory(error, name);
    BCUE_TRY(bcue_npy_begin(array->path, type, rank, shape, &array->writer, error));
    array->open = true;
    return BCUE_OK;
}

static bcue_status begin_arrays(exporter *e, bcue_error *error)
{
    const size_t count = bcue_dataset_count(e->dataset), beams = (size_t)bcue_dataset_beams(e->dataset);
    const bcue_camera_recipe *camera = &e->features.camera;
    const size_t frames = (size_t)bcue_dataset_frames(e->dataset),
                 fixes = (size_t)bcue_dataset_gps_frames(e->dataset);
    if (camera->enabled) {
        const size_t shape[] = {count, frames, (size_t)camera->channels, (size_t)camera->height,
                                (size_t)camera->width};
        BCUE_TRY(begin_array(e, CAMERA, "camera.npy", BCUE_NPY_F32, 5, shape, error));
        BCUE_TRY(begin_array(e, CAMERA_PRESENT, "camera_present.npy", BCUE_NPY_F32, 2, shape, error));
    }
    if (e->features.position.enabled) {
        const size_t shape[] = {count, fixes, 2};
        BCUE_TRY(begin_array(e, POSITION, "position.npy", BCUE_NPY_F32, 3, shape, error));
        BCUE_TRY(begin_array(e, POSITION_PRESENT, "position_present.npy", BCUE_NPY_F32, 2, shape, error));
    }
    const size_t shape[] = {count, beams};
    BCUE_TRY(begin_array(e, LABEL, "label.npy", BCUE_NPY_I32, 1, shape, error));
    return begin_array(e, POWER, "power.npy", BCUE_NPY_F64, 2, shape, error);
}

static void put(exporter *e, int which, const void *values, size_t count, size_t size)
{
    if (e->arrays[which].open && values != NULL)
        fwrite(values, size, count, e->arrays[which].writer.stream); /* an error shows at commit */
}

static void put_batch(exporter *e, const bcue_batch *batch)
{
    const bcue_camera_recipe *camera = &e->features.camera;
    const size_t frames = (size_t)bcue_dataset_frames(e->dataset),
                 fixes = (size_t)bcue_dataset_gps_frames(e->dataset);
    const size_t pixels = (size_t)(camera->channels * camera->height * camera->width),
                 beams = (size_t)bcue_dataset_beams(e->dataset);
    put(e, CAMERA, batch->data[BCUE_CAMERA], batch->count * frames * pixels, sizeof(float));
    put(e, CAMERA_PRESENT, batch->present[BCUE_CAMERA], batch->count * frames, sizeof(float));
    put(e, POSITION, batch->data[BCUE_GPS], batch->count * fixes * 2, sizeof(float));
    put(e, POSITION_PRESENT, batch->present[BCUE_GPS], batch->count * fixes, sizeof(float));
    put(e, LABEL, batch->label, batch->count, sizeof(int32_t));
    put(e, POWER, batch->power, batch->count * beams, sizeof(double));
}

static bcue_status pour(exporter *e, bcue_loader *loader, bcue_error *error)
{
    const size_t count = bcue_dataset_count(e->dataset);
    size_t *order = bcue_calloc(count, sizeof *order);
    if (order == NULL)
        return bcue_fail_memory(error, "the samples");
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    bcue_status status = bcue_loader_begin(loader, order, count, 16, false, 0, 0, error);
    for (size_t done = 0; status == BCUE_OK && done < count;) {
        bcue_batch batch;
        if (bcue_cancelled(e->hooks))
            status =
                bcue_fail(error, BCUE_ERROR_CANCELLED,
                          "stopped after %zu of %zu samples; nothing was written, start again", done, count);
        else
            status = bcue_loader_next(loader, &batch, error);
        if (status != BCUE_OK)
            break;
        put_batch(e, &batch);
        done += batch.count;
        bcue_progress(e->hooks, "export", done, count);
    }
    free(order);
    return status;
}

static bcue_status write_arrays(exporter *e, bcue_error *error)
{
    bcue_loader *loader = NULL;
    bcue_status status = begin_arrays(e, error);
    if (status == BCUE_OK)
        status = bcue_loader_create(e->dataset, &e->features, (int)e->run->train.loader_threads, e->hooks,
                                    &loader, error);
    if (status == BCUE_OK)
        status = pour(e, loader, error);
    bcue_loader_destroy(loader);
    for (int i = 0; i < ARRAYS; i++) {
        array_file *array = &e->arrays[i];
        if (array->open && status == BCUE_OK) {
            status = bcue_file_writer_commit(&array->writer, error);
            if (status == BCUE_OK && !bcue_report_add_file(e->report, array->path))
                status = bcue_fail_memory(error, "the report");
        } else if (array->open) {
            bcue_file_writer_abandon(&array->writer);
        }
        free(array->path);
    }
    return status;
}

static bcue_status write_text(exporter *e, const char *name, bcue_text *text, bcue_error *error)
{
    char *path = bcue_path_join(e->folder, name);
    bcue_status status = text->failed || path == NULL ? bcue_fail_memory(error, name)
                                                      : bcue_file_write(path, text->data, text->size, error);
    if (status == BCUE_OK && !bcue_report_add_file(e->report, path))
        status = bcue_fail_memory(error, "the report");
    free(path);
    bcue_text_free(text);
    return status;
}

/* Which part each sample is in: "train", "validation", "test" or "". NULL: no memory. */
static const char **name_parts(const exporter *e)
{
    const bcue_split *split = &e->split;
    const size_t count = bcue_dataset_count(e->dataset);
    const char **parts = bcue_calloc(count, sizeof *parts);
    for (size_t i = 0; parts != NULL && i < count; i++)
        parts[i] = "";
    for (size_t i = 0; parts != NULL && i < split->train_count; i++)
        parts[split->train[i]] = "train";
    for (size_t i = 0; parts != NULL && i < split->validation_count; i++)
        parts[split->validation[i]] = "validation";
    for (size_t i = 0; parts != NULL && i < split->test_count; i++)
        parts[split->test[i]] = "test";
    return parts;
}

static bcue_status write_table(exporter *e, bcue_error *error)
{
    const char **parts = name_parts(e);
    if (parts == NULL)
        return bcue_fail_memory(error, "samples.csv");
    const size_t newest = (size_t)bcue_dataset_gps_frames(e->dataset) - 1;
    bcue_text text = {0};
    bcue_text_puts(&text, "row,id,episode,time_s,part,label,latitude_deg,longitude_deg\n");
    for (size_t i = 0; i < bcue_dataset_count(e->dataset); i++) {
        const bcue_sample *sample = bcue_dataset_sample(e->dataset, i);
        bcue_text_printf(&text, "%zu,", i);
        bcue_csv_put(&text, sample->id, 0);
        bcue_text_printf(&text, "%d,%.6f,%s,%d,", (int)sample->episode, sample->time_s, parts[i],
                         (int)sample->label);
        if (isfinite(sample->fix[2 * newest]))
            bcue_text_printf(&text, "%.8f,%.8f", sample->fix[2 * newest], sample->fix[2 * newest + 1]);
        else
            bcue_text_puts(&text, ",");
        bcue_text_puts(&text, "\n");
    }
    free(parts);
    return write_text(e, "samples.csv", &text, error);
}

static bcue_status write_config(exporter *e, bcue_error *error)
{
    bcue_text text = {0};
    bcue_text_puts(&text, "# The effective configuration of this export.\n");
    bcue_config_write(bcue_run_config_fields, e->run, &text);
    return write_text(e, "config.yaml", &text, error);
}

static void summarise(exporter *e)
{
    const size_t count = bcue_dataset_count(e->dataset);
    bcue_text *out = bcue_report_out(e->report);
    json_t *object = bcue_report_object(e->report);
    bcue_text_printf(out, "%zu samples of %d beams: %zu to train, %zu to validate, %zu to test\n", count,
                     (int)bcue_dataset_beams(e->dataset), e->split.train_count, e->split.validation_count,
                     e->split.test_count);
    if (e->split.leak.percent > 0)
        bcue_text_printf(out, "%.1f %% of the test samples leak into training\n", e->split.leak.percent);
    json_object_set_new(object, "samples", json_integer((json_int_t)count));
    json_object_set_new(object, "beams", json_integer(bcue_dataset_beams(e->dataset)));
    json_object_set_new(object, "train", json_integer((json_int_t)e->split.train_count));
    json_object_set_new(object, "validation", json_integer((json_int_t)e->split.validation_count));
    json_object_set_new(object, "test", json_integer((json_int_t)e->split.test_count));
    json_object_set_new(object, "leak_percent", json_real(e->split.leak.percent));
}

/* The split is that of the first seed and fold. Training-only steps (augmentation, quantising) are left out.
 */
static bcue_status export_samples(exporter *e, const bcue_config *origin, bcue_error *error)
{
    BCUE_TRY(
        bcue_run_member_split(e->run, origin, e->dataset, bcue_run_member_at(e->run, 0), &e->split, error));
    e->features = e->run->features;
    BCUE_TRY(bcue_features_fit(e->dataset, e->split.train, e->split.train_count, &e->features, error));
    BCUE_TRY(write_arrays(e, error));
    BCUE_TRY(write_table(e, error));
    BCUE_TRY(write_config(e, error));
    summarise(e);
    return BCUE_OK;
}

static bcue_status open_and_export(const bcue_run_config *run, const bcue_config *origin, const char *folder,
                                   const bcue_hooks *hooks, bcue_report *report, bcue_error *error)
{
    bcue_dataset *dataset;
    BCUE_TRY(bcue_check_writable_dir(folder, error));
    BCUE_TRY(bcue_dataset_open(&run->data, origin, hooks, &dataset, error));
    exporter e = {.run = run, .dataset = dataset, .folder = folder, .hooks = hooks, .report = report};
    bcue_status status = export_samples(&e, origin, error);
    bcue_split_free(&e.split);
    bcue_dataset_destroy(dataset);
    return status;
}

bcue_status bcue_export_samples(const char *config_path, const char *const *overrides, size_t override_count,
                                const char *out_folder, const bcue_hooks *hooks, bcue_report **report,
                                bcue_error *error)
{
    bcue_run_config run;
    bcue_config *config;
    *report = NULL;
    BCUE_TRY(bcue_run_config_read(config_path, overrides, override_count, &run, &config, error));
    bcue_set_threads((int)run.threads);
    bcue_report *made = bcue_report_create();
    bcue_status status = made == NULL ? bcue_fail_memory(error, "the report")
                                      : open_and_export(&run, config, out_folder, hooks, made, error);
    if (status == BCUE_OK)
        status = bcue_report_finish(made, error);
    bcue_config_destroy(config);
    if (status != BCUE_OK) {
        bcue_report_destroy(made);
        return status;
    }
    *report = made;
    return BCUE_OK;
}
