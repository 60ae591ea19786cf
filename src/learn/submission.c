#include "learn/submission.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "learn/score_file.h"
#include "metrics/rank.h"

/* The run's data section with `source` alone. `text` holds what it points to and is the caller's to free. */
static bcue_status replace_sources(const bcue_run_config *run, const char *source, bcue_source_config *only,
                                   bcue_data_config *data, bcue_error *error)
{
    const bcue_source_config *first = run->data.sources.items;
    *only = *first;
    only->name = NULL;
    only->copies = 0;
    if (bcue_path_is_dir(source)) {
        only->csv = NULL;
        only->root = bcue_strdup(source);
    } else if (bcue_path_exists(source)) {
        only->csv = bcue_strdup(bcue_path_basename(source));
        only->root = bcue_path_dirname(source);
    } else {
        *only = (bcue_source_config){0};
        return bcue_fail(
            error, BCUE_ERROR_IO,
            "%s: no such folder or table; give the folder of the unlabelled recordings, or its CSV", source);
    }
    *data = run->data;
    data->sources.items = only;
    data->sources.count = 1;
    return only->root == NULL ? bcue_fail_memory(error, "a folder name") : BCUE_OK;
}

static bcue_status write_answers(const char *path, const float *scores, size_t count, int32_t beams,
                                 bcue_error *error)
{
    bcue_text text = {0};
    bcue_text_puts(&text, "index");
    for (int k = 0; k < BCUE_SUBMITTED_BEAMS; k++)
        bcue_text_printf(&text, ",top-%d beam", k + 1);
    bcue_text_puts(&text, "\n");
    for (size_t i = 0; i < count; i++) {
        int32_t ranked[BCUE_SUBMITTED_BEAMS];
        bcue_rank_beams(scores + i * (size_t)beams, beams, BCUE_SUBMITTED_BEAMS, ranked);
        bcue_text_printf(&text, "%zu", i);
        for (int k = 0; k < BCUE_SUBMITTED_BEAMS; k++)
            bcue_text_printf(&text, ",%d", ranked[k] + 1);
        bcue_text_puts(&text, "\n");
    }
    bcue_status status =
        text.failed ? bcue_fail_memory(error, path) : bcue_file_write(path, text.data, text.size, error);
    bcue_text_free(&text);
    return status;
}

static bcue_status answer_member(const bcue_run_config *run, const bcue_dataset *dataset,
                                 bcue_run_member member, const bcue_hooks *hooks, bcue_error *error)
{
    const size_t count = bcue_dataset_count(dataset);
    const int32_t beams = bcue_dataset_beams(dataset);
    char *model = bcue_run_member_path(run, member, "model", "safetensors");
    char *out = bcue_run_member_path(run, member, "submission", "csv");
    size_t *samples = bcue_calloc(count, sizeof *samples);
    float *scores = bcue_calloc(count, (size_t)beams * sizeof *scores);
    bcue_status status = model == NULL || out == NULL || samples == NULL || scores == NULL
                             ? bcue_fail_memory(error, "the answers")
                             : BCUE_OK;
    for (size_t i = 0; status == BCUE_OK && i < count; i++)
        samples[i] = i;
    const bcue_score_job job = {
        .train = &run->train, .dataset = dataset, .seed = member.seed, .samples = samples, .count = count};
    if (status == BCUE_OK)
        status = bcue_score_file(model, &job, hooks, scores, error);
    if (status == BCUE_OK)
        status = write_answers(out, scores, count, beams, error);
    free(model);
    free(out);
    free(samples);
    free(scores);
    return status;
}

static bcue_status answer(const bcue_run_config *run, const bcue_dataset *dataset, const char *source,
                          const bcue_hooks *hooks, bcue_error *error)
{
    const bcue_defects *defects = bcue_dataset_defects(dataset);
    if (bcue_dataset_beams(dataset) < BCUE_SUBMITTED_BEAMS)
        return bcue_fail(error, BCUE_ERROR_CONFIG, "a submission ranks three beams, the data has %d",
                         bcue_dataset_beams(dataset));
    if ((int64_t)bcue_dataset_count(dataset) != defects->rows)
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "%s: %lld of %lld rows give no sample (%lld do not fill a window, %lld lack a required "
            "modality); a submission answers every row, so require less or make data.window shorter",
            source, (long long)defects->rows - (long long)bcue_dataset_count(dataset),
            (long long)defects->rows, (long long)defects->window_crossing_dropped,
            (long long)defects->required_missing_dropped);
    for (size_t i = 0; i < bcue_run_member_count(run); i++)
        BCUE_TRY(answer_member(run, dataset, bcue_run_member_at(run, i), hooks, error));
    return BCUE_OK;
}

bcue_status bcue_submission_write(const bcue_run_config *run, const char *source, const bcue_hooks *hooks,
                                  size_t *rows, bcue_error *error)
{
    bcue_source_config only;
    bcue_data_config data;
    bcue_dataset *dataset = NULL;
    bcue_status status = replace_sources(run, source, &only, &data, error);
    if (status == BCUE_OK)
        status = bcue_dataset_open(&data, NULL, hooks, &dataset, error);
    if (status == BCUE_OK) {
        *rows = bcue_dataset_count(dataset);
        status = answer(run, dataset, source, hooks, error);
    }
    bcue_dataset_destroy(dataset);
    free(only.root);
    free(only.csv);
    return status;
}
