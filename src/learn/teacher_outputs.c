#include "learn/teacher_outputs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "learn/score_file.h"
#include "tensor/safetensors.h"

static const char draw[] = "none"; /* the augmentation draw that the answers are about */
enum { LARGEST_MODEL = 1 << 30 };

void bcue_teacher_outputs_free(bcue_teacher_outputs *outputs)
{
    free(outputs->end);
    free(outputs->mid);
    *outputs = (bcue_teacher_outputs){0};
}

bcue_status bcue_teacher_hash(const char *path, char text[17], bcue_error *error)
{
    bcue_bytes bytes;
    BCUE_TRY(bcue_file_read(path, LARGEST_MODEL, &bytes, error));
    bcue_hash hash = bcue_hash_begin();
    bcue_hash_bytes(&hash, bytes.data, bytes.size);
    snprintf(text, 17, "%016llx", (unsigned long long)bcue_hash_end(&hash));
    bcue_bytes_free(&bytes);
    return BCUE_OK;
}

static bcue_status reserve(bcue_teacher_outputs *outputs, bcue_error *error)
{
    outputs->end = bcue_calloc(outputs->samples, (size_t)outputs->beams * sizeof *outputs->end);
    outputs->mid = bcue_calloc(outputs->samples, (size_t)outputs->mid_width * sizeof *outputs->mid);
    return outputs->end != NULL && outputs->mid != NULL ? BCUE_OK
                                                        : bcue_fail_memory(error, "the teacher's answers");
}

static bool says(const bcue_safetensors *file, const char *key, const char *value)
{
    const char *text = bcue_safetensors_metadata(file, key);
    return text != NULL && strcmp(text, value) == 0;
}

static bcue_status check_origin(const bcue_safetensors *file, const bcue_teacher_job *job,
                                const bcue_teacher_outputs *outputs, bcue_error *error)
{
    const char *other = bcue_safetensors_metadata(file, "beamcue.teacher");
    if (other == NULL)
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s: is no file of a teacher's answers; name another one with distill.cache",
                         job->cache);
    if (strcmp(other, outputs->hash) != 0)
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "%s: holds the answers of another teacher (hash %.20s; %s has %s); delete the file, or "
            "name another one with distill.cache",
            job->cache, other, job->teacher, outputs->hash);
    if (!says(file, "beamcue.data", bcue_dataset_hash(job->dataset)))
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "%s: holds the teacher's answers for other samples; delete the file, or name another one "
            "with distill.cache",
            job->cache);
    if (!says(file, "beamcue.draw", draw))
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "%s: holds the teacher's answers for samples changed by augmentation; delete the file",
            job->cache);
    return BCUE_OK;
}

static bcue_status take(const bcue_safetensors *file, const bcue_teacher_job *job, const char *name,
                        int64_t rows, int64_t *width, float **values, bcue_error *error)
{
    const bcue_tensor *tensor = bcue_safetensors_find(file, name);
    const bool good = tensor != NULL && tensor->dtype == BCUE_F32 && tensor->shape.rank == 2 &&
                      tensor->shape.dim[0] == rows && tensor->shape.dim[1] > 0;
    if (!good)
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s: '%s' is missing or has another shape; delete the file and run again",
                         job->cache, name);
    *width = tensor->shape.dim[1];
    *values = bcue_calloc((size_t)rows, (size_t)*width * sizeof **values);
    if (*values == NULL)
        return bcue_fail_memory(error, job->cache);
    memcpy(*values, tensor->data, bcue_tensor_size(tensor));
    for (int64_t i = 0; i < rows * *width; i++) {
        if (!isfinite((*values)[i]))
            return bcue_fail(error, BCUE_ERROR_FORMAT,
                             "%s: '%s' holds a value that is not finite; delete the file and run again",
                             job->cache, name);
    }
    return BCUE_OK;
}

static bcue_status read_cache(const bcue_teacher_job *job, bcue_teacher_outputs *outputs, bcue_error *error)
{
    bcue_safetensors *file;
    const int64_t rows = (int64_t)outputs->samples, beams = outputs->beams;
    BCUE_TRY(bcue_safetensors_open(job->cache, &file, error));
    bcue_status status = check_origin(file, job, outputs, error);
    if (status == BCUE_OK)
        status = take(file, job, "end", rows, &outputs->beams, &outputs->end, error);
    if (status == BCUE_OK && outputs->beams != beams)
        status =
            bcue_fail(error, BCUE_ERROR_DATA,
                      "%s: answers for %lld beams, the data has %lld; delete the file, or name another one",
                      job->cache, (long long)outputs->beams, (long long)beams);
    if (status == BCUE_OK)
        status = take(file, job, "mid", rows, &outputs->mid_width, &outputs->mid, error);
    bcue_safetensors_close(file);
    return status;
}

static bcue_status write_cache(const bcue_teacher_job *job, const bcue_teacher_outputs *outputs,
                               bcue_error *error)
{
    const int64_t rows = (int64_t)outputs->samples;
    const bcue_tensor end = {
        .dtype = BCUE_F32, .shape = bcue_shape_of(rows, outputs->beams), .data = outputs->end};
    const bcue_tensor mid = {
        .dtype = BCUE_F32, .shape = bcue_shape_of(rows, outputs->mid_width), .data = outputs->mid};
    const bcue_named_tensor tensors[] = {{.name = "end", .tensor = &end}, {.name = "mid", .tensor = &mid}};
    const bcue_metadata metadata[] = {{"beamcue.teacher", outputs->hash},
                                      {"beamcue.data", bcue_dataset_hash(job->dataset)},
                                      {"beamcue.draw", draw}};
    return bcue_safetensors_write(job->cache, tensors, 2, metadata, 3, error);
}

static bcue_status compute(const bcue_teacher_job *job, const bcue_hooks *hooks,
                           bcue_teacher_outputs *outputs, bcue_error *error)
{
    size_t *all = bcue_calloc(outputs->samples, sizeof *all);
    if (all == NULL)
        return bcue_fail_memory(error, "the teacher's answers");
    for (size_t i = 0; i < outputs->samples; i++)
        all[i] = i;
    const bcue_score_job score = {.train = job->train,
                                  .dataset = job->dataset,
                                  .seen_hash = job->seen_hash,
                                  .samples = all,
                                  .count = outputs->samples};
    bcue_log(hooks, BCUE_LOG_INFO, "the teacher answers %zu samples, once", outputs->samples);
    bcue_status status = reserve(outputs, error);
    if (status == BCUE_OK)
        status = bcue_score_file_mid(job->teacher, &score, hooks, outputs->end, outputs->mid, error);
    free(all);
    return status;
}

bcue_status bcue_teacher_outputs_open(const bcue_teacher_job *job, const bcue_hooks *hooks,
                                      bcue_teacher_outputs *outputs, bcue_error *error)
{
    *outputs = (bcue_teacher_outputs){.samples = bcue_dataset_count(job->dataset),
                                      .beams = bcue_dataset_beams(job->dataset)};
    bcue_status status = bcue_teacher_hash(job->teacher, outputs->hash, error);
    if (status == BCUE_OK)
        status = bcue_score_file_check(job->teacher, job->dataset, job->seen_hash, &outputs->mid_width,
                                       &outputs->parameters, error);
    if (status == BCUE_OK && outputs->mid_width == 0)
        status = bcue_fail(
            error, BCUE_ERROR_DATA,
            "%s: has no middle layer to learn from; a teacher is a model of kind teacher, student or "
            "point-student",
            job->teacher);
    if (status == BCUE_OK && bcue_path_exists(job->cache))
        status = read_cache(job, outputs, error);
    else if (status == BCUE_OK) {
        outputs->computed = true;
        status = compute(job, hooks, outputs, error);
        if (status == BCUE_OK)
            status = write_cache(job, outputs, error);
    }
    if (status != BCUE_OK)
        bcue_teacher_outputs_free(outputs);
    return status;
}
