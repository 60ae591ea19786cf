#include "dataset/export.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "formats/csv.h"
#include "formats/npy.h"

enum { EXPORT_BATCH = 16, EXPORT_THREADS = 2 };
static const char *const side_names[] = {"none", "train", "validation", "test"};

const char *const bcue_export_files[] = {"about.json",
                                         "samples.csv",
                                         "label.npy",
                                         "power.npy",
                                         "split.npy",
                                         "episode.npy",
                                         "fix.npy",
                                         "rsu_fix.npy",
                                         "camera.npy",
                                         "camera_present.npy",
                                         "position.npy",
                                         "position_present.npy",
                                         "lidar.npy",
                                         "lidar_present.npy",
                                         "radar.npy",
                                         "radar_present.npy",
                                         "vehicles.npy",
                                         "vehicles_present.npy",
                                         NULL};

typedef struct export_job {
    const bcue_dataset *dataset;
    const char *folder;
    const bcue_hooks *hooks;
    uint8_t *side; /* of each sample: index into side_names */
} export_job;

static bcue_status write_bytes(const export_job *job, const char *name, const void *data, size_t size,
                               bcue_error *error)
{
    char *path = bcue_path_join(job->folder, name);
    bcue_status status =
        path != NULL ? bcue_file_write(path, data, size, error) : bcue_fail_memory(error, name);
    free(path);
    return status;
}

/* A new array of (samples, columns, depth), the last two left out when 0; filled in by the caller. */
static bcue_status new_array(const export_job *job, bcue_npy_type type, size_t columns, size_t depth,
                             bcue_npy *array, bcue_error *error)
{
    *array = (bcue_npy){.type = type,
                        .rank = depth > 0     ? 3
                                : columns > 0 ? 2
                                              : 1,
                        .count = bcue_dataset_count(job->dataset)};
    array->shape[0] = array->count;
    array->shape[1] = columns;
    array->shape[2] = depth;
    for (int i = 1; i < array->rank; i++)
        if (!bcue_mul_size(array->count, array->shape[i], &array->count))
            return bcue_fail_memory(error, "export");
    array->data = bcue_calloc(array->count, bcue_npy_type_size(type));
    return array->data != NULL ? BCUE_OK : bcue_fail_memory(error, "export");
}

static bcue_status write_array(const export_job *job, const char *name, bcue_npy *array, bcue_error *error)
{
    char *path = bcue_path_join(job->folder, name);
    bcue_status status = path != NULL ? bcue_npy_write(path, array, error) : bcue_fail_memory(error, name);
    free(path);
    bcue_npy_free(array);
    return status;
}

static bcue_status write_labels(const export_job *job, bcue_error *error)
{
    size_t count = bcue_dataset_count(job->dataset);
    bcue_npy label, episode, side;
    BCUE_TRY(new_array(job, BCUE_NPY_I32, 0, 0, &label, error));
    for (size_t i = 0; i < count; i++)
        ((int32_t *)label.data)[i] = bcue_dataset_sample(job->dataset, i)->label;
    BCUE_TRY(write_array(job, "label.npy", &label, error));
    BCUE_TRY(new_array(job, BCUE_NPY_I32, 0, 0, &episode, error));
    for (size_t i = 0; i < count; i++)
        ((int32_t *)episode.data)[i] = bcue_dataset_sample(job->dataset, i)->episode;
    BCUE_TRY(write_array(job, "episode.npy", &episode, error));
    BCUE_TRY(new_array(job, BCUE_NPY_U8, 0, 0, &side, error));
    memcpy(side.data, job->side, count);
    return write_array(job, "split.npy", &side, error);
}

static bcue_status write_power(const export_job *job, bcue_error *error)
{
    size_t beams = (size_t)bcue_dataset_beams(job->dataset);
    bcue_npy power;
    BCUE_TRY(new_array(job, BCUE_NPY_F64, beams, 0, &power, error));
    for (size_t i = 0; i < power.shape[0]; i++) {
        const bcue_sample *sample = bcue_dataset_sample(job->dataset, i);
        for (size_t b = 0; b < beams; b++)
            ((double *)power.data)[i * beams + b] = sample->power != NULL ? sample->power[b] : NAN;
    }
    return write_array(job, "power.npy", &power, error);
}

static bcue_status write_fixes(const export_job *job, bcue_error *error)
{
    size_t frames = (size_t)bcue_dataset_gps_frames(job->dataset);
    bcue_npy fix, rsu;
    BCUE_TRY(new_array(job, BCUE_NPY_F64, frames, 2, &fix, error));
    for (size_t i = 0; i < fix.shape[0]; i++)
        memcpy((double *)fix.data + 2 * frames * i, bcue_dataset_sample(job->dataset, i)->fix,
               2 * frames * sizeof(double));
    BCUE_TRY(write_array(job, "fix.npy", &fix, error));
    BCUE_TRY(new_array(job, BCUE_NPY_F64, 2, 0, &rsu, error));
    for (size_t i = 0; i < rsu.shape[0]; i++)
        memcpy((double *)rsu.data + 2 * i, bcue_dataset_sample(job->dataset, i)->rsu_fix, 2 * sizeof(double));
    return write_array(job, "rsu_fix.npy", &rsu, error);
}

static void put_number(bcue_text *out, const char *format, double value, int last)
{
    char cell[64] = "";
    if (!isnan(value))
        snprintf(cell, sizeof cell, format, value);
    bcue_csv_put(out, cell, last);
}

static bool has_modality(const bcue_dataset *dataset, int modality)
{
    for (size_t i = 0; i < bcue_dataset_count(dataset); i++)
        if (bcue_dataset_sample(dataset, i)->file[modality] != NULL)
            return true;
    return false;
}

static bcue_status put_files(const export_job *job, const bcue_sample *sample, const bool *has,
                             bcue_text *out, bcue_error *error)
{
    int frames = (int)bcue_dataset_frames(job->dataset);
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++)
        for (int f = 0; has[m] && f < frames; f++) {
            const char *file = sample->file[m] != NULL ? sample->file[m][f] : NULL;
            char *path = file != NULL ? bcue_dataset_path(job->dataset, sample, file) : bcue_strdup("");
            if (path == NULL)
                return bcue_fail_memory(error, "export");
            bcue_csv_put(out, path, 0);
            free(path);
        }
    return BCUE_OK;
}

static bcue_status put_sample(const export_job *job, size_t index, const bool *has, bcue_text *out,
                              bcue_error *error)
{
    const bcue_sample *sample = bcue_dataset_sample(job->dataset, index);
    int32_t newest = bcue_dataset_gps_frames(job->dataset) - 1;
    bcue_csv_put(out, sample->id, 0);
    bcue_csv_put(out, side_names[job->side[index]], 0);
    put_number(out, "%.0f", sample->label >= 0 ? (double)sample->label : NAN, 0);
    bcue_csv_put(out, bcue_dataset_source_name(job->dataset, (size_t)sample->source), 0);
    put_number(out, "%.0f", (double)sample->episode, 0);
    put_number(out, "%.0f", (double)sample->sequence, 0);
    put_number(out, "%.0f", (double)sample->row, 0);
    put_number(out, "%.6f", sample->time_s, 0);
    BCUE_TRY(put_files(job, sample, has, out, error));
    put_number(out, "%.12f", sample->fix[2 * newest], 0);
    put_number(out, "%.12f", sample->fix[2 * newest + 1], 1);
    return BCUE_OK;
}

static bcue_status write_table(const export_job *job, bcue_error *error)
{
    bool has[BCUE_MODALITY_COUNT];
    bcue_text out = {0};
    bcue_text_puts(&out, "id,side,label,source,episode,sequence,row,time_s");
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++) {
        has[m] = bcue_modality_has_frames((bcue_modality)m) && has_modality(job->dataset, m);
        for (int f = 0; has[m] && f < bcue_dataset_frames(job->dataset); f++)
            bcue_text_printf(&out, ",%s_%d", bcue_modality_name((bcue_modality)m), f + 1);
    }
    bcue_text_puts(&out, ",latitude_deg,longitude_deg\n");
    bcue_status status = BCUE_OK;
    for (size_t i = 0; status == BCUE_OK && i < bcue_dataset_count(job->dataset); i++)
        status = put_sample(job, i, has, &out, error);
    if (status == BCUE_OK)
        status = out.failed ? bcue_fail_memory(error, "samples.csv")
                            : write_bytes(job, "samples.csv", out.data, out.size, error);
    bcue_text_free(&out);
    return status;
}

/* What the arrays mean, for readers that check before they use. */
static bcue_status write_about(const export_job *job, const bcue_split *split, bcue_error *error)
{
    json_t *about = json_pack(
        "{s:s, s:I, s:i, s:i, s:i, s:i, s:b, s:s, s:s?}", "format", "beamcue-samples-1", "samples",
        (json_int_t)bcue_dataset_count(job->dataset), "beams", (int)bcue_dataset_beams(job->dataset),
        "beam_step", (int)bcue_dataset_beam_step(job->dataset), "frames",
        (int)bcue_dataset_frames(job->dataset), "gps_frames", (int)bcue_dataset_gps_frames(job->dataset),
        "index_monotone", (int)bcue_dataset_index_monotone(job->dataset), "dataset_hash",
        bcue_dataset_hash(job->dataset), "codebook", bcue_dataset_codebook(job->dataset));
    if (about != NULL && split != NULL)
        json_object_set_new(about, "leak_percent", json_real(split->leak.percent));
    char *text = about != NULL ? json_dumps(about, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
    json_decref(about);
    bcue_status status = text != NULL ? write_bytes(job, "about.json", text, strlen(text), error)
                                      : bcue_fail_memory(error, "about.json");
    free(text);
    return status;
}

/* Arrays that grow batch by batch: camera.npy, lidar.npy, radar.npy and position.npy with their presence. */
typedef struct input_files {
    bcue_file_writer data[BCUE_MODALITY_COUNT], present[BCUE_MODALITY_COUNT];
    size_t frame_size[BCUE_MODALITY_COUNT], frames[BCUE_MODALITY_COUNT];
} input_files;

static bcue_status begin_file(const export_job *job, const char *name, int rank, const size_t *shape,
                              bcue_file_writer *writer, bcue_error *error)
{
    bcue_bytes header;
    char *path = bcue_path_join(job->folder, name);
    if (path == NULL)
        return bcue_fail_memory(error, name);
    bcue_status status = bcue_npy_encode_header(BCUE_NPY_F32, rank, shape, &header, error);
    if (status == BCUE_OK) {
        status = bcue_file_writer_open(writer, path, error);
        if (status == BCUE_OK)
            (void)!fwrite(header.data, 1, header.size, writer->stream); /* commit checks */
        bcue_bytes_free(&header);
    }
    free(path);
    return status;
}

static bcue_status begin_inputs(const export_job *job, const bcue_feature_config *features,
                                input_files *files, bcue_error *error)
{
    size_t count = bcue_dataset_count(job->dataset), frames = (size_t)bcue_dataset_frames(job->dataset);
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++) {
        int64_t frame[3];
        char name[64], present_name[64];
        if (!bcue_feature_shape(features, (bcue_modality)m, frame))
            continue;
        const size_t shape[] = {count, frames, (size_t)frame[0], (size_t)frame[1], (size_t)frame[2]};
        snprintf(name, sizeof name, "%s.npy", bcue_modality_name((bcue_modality)m));
        snprintf(present_name, sizeof present_name, "%s_present.npy", bcue_modality_name((bcue_modality)m));
        files->frame_size[m] = shape[2] * shape[3] * shape[4];
        files->frames[m] = frames;
        BCUE_TRY(begin_file(job, name, 5, shape, &files->data[m], error));
        BCUE_TRY(begin_file(job, present_name, 2, shape, &files->present[m], error));
    }
    if (features->position.enabled) {
        const size_t shape[] = {count, (size_t)bcue_dataset_gps_frames(job->dataset), 2};
        files->frame_size[BCUE_GPS] = 2;
        files->frames[BCUE_GPS] = shape[1];
        BCUE_TRY(begin_file(job, "position.npy", 3, shape, &files->data[BCUE_GPS], error));
        BCUE_TRY(begin_file(job, "position_present.npy", 2, shape, &files->present[BCUE_GPS], error));
    }
    return BCUE_OK;
}

static bcue_status append_batches(const export_job *job, bcue_loader *loader, input_files *files,
                                  bcue_error *error)
{
    size_t count = bcue_dataset_count(job->dataset), done = 0;
    size_t *order = bcue_calloc(count, sizeof *order);
    if (order == NULL)
        return bcue_fail_memory(error, "export");
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    bcue_status status = bcue_loader_begin(loader, order, count, EXPORT_BATCH, false, 0, 0, error);
    free(order);
    while (status == BCUE_OK && done < count) {
        bcue_batch batch;
        status = bcue_loader_next(loader, &batch, error);
        for (int m = 0; status == BCUE_OK && m < BCUE_MODALITY_COUNT; m++) {
            if (files->frame_size[m] == 0)
                continue;
            size_t slots = batch.count * files->frames[m];
            if (fwrite(batch.data[m], sizeof(float) * files->frame_size[m], slots, files->data[m].stream) !=
                    slots ||
                fwrite(batch.present[m], sizeof(float), slots, files->present[m].stream) != slots)
                status = bcue_fail(error, BCUE_ERROR_IO, "%s: cannot write; is the disk full?", job->folder);
        }
        done += batch.count;
        bcue_progress(job->hooks, "export", done, count);
        if (status == BCUE_OK && bcue_cancelled(job->hooks))
            status = bcue_fail(error, BCUE_ERROR_CANCELLED, "%s: stopped while exporting", job->folder);
    }
    return status;
}

static bcue_status write_inputs(const export_job *job, const bcue_feature_config *features, bcue_error *error)
{
    bcue_loader *loader;
    input_files files = {0};
    if (!features->camera.enabled && !features->lidar.enabled && !features->radar.enabled &&
        !features->position.enabled && !features->vehicles.enabled)
        return BCUE_OK;
    BCUE_TRY(bcue_loader_create(job->dataset, features, EXPORT_THREADS, job->hooks, &loader, error));
    bcue_status status = begin_inputs(job, features, &files, error);
    if (status == BCUE_OK)
        status = append_batches(job, loader, &files, error);
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++) {
        if (status == BCUE_OK && files.frame_size[m] > 0)
            status = bcue_file_writer_commit(&files.data[m], error);
        if (status == BCUE_OK && files.frame_size[m] > 0)
            status = bcue_file_writer_commit(&files.present[m], error);
        bcue_file_writer_abandon(&files.data[m]);
        bcue_file_writer_abandon(&files.present[m]);
    }
    bcue_loader_destroy(loader);
    return status;
}

static void mark(uint8_t *side, const size_t *samples, size_t count, uint8_t which)
{
    for (size_t i = 0; i < count; i++)
        side[samples[i]] = which;
}

bcue_status bcue_dataset_export(const bcue_dataset *dataset, const bcue_split *split,
                                const bcue_feature_config *features, const char *folder,
                                const bcue_hooks *hooks, bcue_error *error)
{
    BCUE_TRY(bcue_check_writable_dir(folder, error));
    export_job job = {dataset, folder, hooks, bcue_calloc(bcue_dataset_count(dataset), 1)};
    if (job.side == NULL)
        return bcue_fail_memory(error, "export");
    if (split != NULL) {
        mark(job.side, split->train, split->train_count, 1);
        mark(job.side, split->validation, split->validation_count, 2);
        mark(job.side, split->test, split->test_count, 3);
    }
    bcue_status status = write_labels(&job, error);
    if (status == BCUE_OK)
        status = write_power(&job, error);
    if (status == BCUE_OK)
        status = write_fixes(&job, error);
    if (status == BCUE_OK)
        status = write_table(&job, error);
    if (status == BCUE_OK && features != NULL)
        status = write_inputs(&job, features, error);
    if (status == BCUE_OK)
        status = write_about(&job, split, error);
    free(job.side);
    return status;
}
