/* A trained model at a new site: trained on with the first so many samples, scored on later episodes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/report_handle.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/report_hooks.h"
#include "beamcue/train.h"
#include "dataset/site_config.h"
#include "learn/codebook_check.h"
#include "learn/predictions.h"
#include "learn/run_config.h"
#include "learn/score_file.h"
#include "learn/trainer.h"
#include "metrics/bootstrap.h"
#include "models/codebook_note.h"
#include "models/model_file.h"
#include "report/chart.h"
#include "report/page.h"

enum { MEASURES = 3, LEAST_SHOTS = 2 };
static const bcue_metric measures[MEASURES] = {
    {BCUE_METRIC_TOP_K, 1, 0}, {BCUE_METRIC_TOP_K, 3, 0}, {BCUE_METRIC_LOSS, 0, 0}};
static const double scales[MEASURES] = {100, 100, 1};

/* What came out for one number of samples. */
typedef struct shot_result {
    size_t shots, seeds;
    bcue_predictions *predictions;                 /* owned: one per seed */
    bcue_scored_set *sets;                         /* owned: their views */
    bcue_interval value[MEASURES], gain[MEASURES]; /* gain over no samples at all */
} shot_result;

typedef struct adaptation {
    const char *init;
    bcue_run_config run;
    bcue_config *config;   /* owned */
    bcue_dataset *dataset; /* owned */
    bcue_split split;      /* of the most samples: its test part is everybody's */
    shot_result *results;  /* owned: count */
    size_t count;
    bool site_marked; /* does site.yaml name its codebook? */
    bcue_codebook_mark site_mark;
    const bcue_hooks *hooks;
} adaptation;

/* ---- the configuration ---- */

static void put_section(bcue_text *out, const char *name, const char *yaml)
{
    bcue_text_printf(out, "%s:\n", name);
    for (const char *line = yaml; *line != '\0';) {
        const size_t size = strcspn(line, "\n");
        bcue_text_printf(out, "  %.*s\n", (int)size, line);
        line += size + (line[size] == '\n');
    }
}

/* The recipe of the model on the data of the site. */
static void put_config(const bcue_site_config *site, const bcue_model_file *model, const char *out_folder,
                       bcue_text *out)
{
    bcue_text data = {0}, network = {0};
    bcue_data_config seen = site->data;
    seen.window.frames = model->inputs.frames > 0 ? model->inputs.frames : seen.window.frames;
    seen.gps_frames = model->inputs.gps_frames > 0 ? model->inputs.gps_frames : seen.gps_frames;
    bcue_config_write(bcue_data_config_fields, &seen, &data);
    bcue_config_write(bcue_model_config_fields, &model->config, &network);
    bcue_text_printf(out,
                     "# 'beamcue train --init MODEL --data SITE' made this of both files.\n"
                     "name: adapted\nout: \"%s\"\n"
                     "split: {kind: few-shot, train: 0.5, validation: 0, test: 0.5}\n"
                     "train:\n  epochs: 30\n  batch: 16\n  select: last\n  bn: %s\n"
                     "  optimizer: {kind: adamw, lr: 3.0e-4, weight_decay: 0.01, schedule: cosine}\n",
                     out_folder,
                     model->config.kind == BCUE_MODEL_RESNET18 || model->config.kind == BCUE_MODEL_RESNET34 ||
                             model->config.kind == BCUE_MODEL_BEAMTRANSFUSER
                         ? "frozen"
                         : "micro");
    put_section(out, "data", data.data != NULL ? data.data : "");
    put_section(out, "features", model->features_yaml);
    put_section(out, "model", network.data != NULL ? network.data : "");
    out->failed = out->failed || data.failed || network.failed;
    bcue_text_free(&data);
    bcue_text_free(&network);
}

/* Model and site.yaml, where both name their codebook. */
static bcue_status check_mark(adaptation *a, const bcue_model_file *model, const char *site_path,
                              const bcue_site_config *site, bcue_error *error)
{
    char mark[BCUE_CODEBOOK_MARK_SIZE];
    bcue_codebook_note_mark(model->codebook_yaml, mark);
    a->site_marked = bcue_site_codebook_mark(site, &a->site_mark);
    if (!a->site_marked || mark[0] == '\0' || strcmp(mark, a->site_mark.text) == 0 ||
        a->run.data.other_codebook)
        return BCUE_OK;
    return bcue_fail(
        error, BCUE_ERROR_DATA,
        "%s: was trained for the codebook %s, %s has the codebook %s (array.codebook_hash); a model of "
        "another codebook cannot be adapted: train one for this site",
        a->init, mark, site_path, a->site_mark.text);
}

/* The recordings with both; what is not known is said. */
static bcue_status check_recordings(const adaptation *a, const char *site_path, bcue_error *error)
{
    BCUE_TRY(bcue_site_check_codebook(a->site_marked ? &a->site_mark : NULL, site_path, a->dataset, error));
    bcue_codebook_tell_file(a->init, a->dataset, a->hooks);
    return BCUE_OK;
}

static bcue_status check_model(const char *init, const bcue_model_file *model, const char *site_path,
                               const bcue_site_config *site, bcue_error *error)
{
    const int64_t beams = (site->data.beams + site->data.beam_step - 1) / site->data.beam_step;
    const bool monotone = strstr(model->codebook_yaml, "index_monotone: true") != NULL;
    if (bcue_model_is_table(&model->config))
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: a %s has no weights to go on from; train one for this site instead", init,
                         bcue_model_kind_names[model->config.kind]);
    if (model->inputs.beams != beams)
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "%s: answers with %lld beams, the codebook of %s has %lld; a model of another codebook "
            "cannot be adapted: train one for this site",
            init, (long long)model->inputs.beams, site_path, (long long)beams);
    if (monotone != site->data.index_monotone)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: the beams of its codebook are %s in the order of their angles, those of %s %s "
                         "(data.index_monotone); a model of another codebook cannot be adapted",
                         init, monotone ? "" : "not", site_path, monotone ? "are not" : "are");
    if (site->scene != NULL)
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "%s: is about one scene of several (scene: %s); put the recordings of this scene into a "
            "folder of their own to adapt a model to it",
            site_path, site->scene);
    return BCUE_OK;
}

/* The text of the last "out=" among the overrides, else the default. */
static const char *out_folder(const char *const *overrides, size_t count, const char *usual)
{
    for (size_t i = count; i > 0; i--)
        if (bcue_starts_with(overrides[i - 1], "out="))
            return overrides[i - 1] + 4;
    return usual;
}

static bcue_status read_run(adaptation *a, const char *site_path, const char *const *overrides, size_t count,
                            bcue_error *error)
{
    bcue_site_config site;
    bcue_config *source;
    bcue_model_file model;
    bcue_text yaml = {0}, usual = {0};
    BCUE_TRY(bcue_site_config_read(site_path, &site, &source, error));
    bcue_status status = bcue_model_file_read(a->init, &model, error);
    if (status != BCUE_OK) {
        bcue_config_destroy(source);
        return status;
    }
    status = check_model(a->init, &model, site_path, &site, error);
    bcue_text_printf(&usual, "out/adapted_%s", site.name != NULL ? site.name : "site");
    const char *folder = out_folder(overrides, count, usual.failed ? "" : usual.data);
    char *path = bcue_path_join(folder, "adapt.yaml");
    put_config(&site, &model, folder, &yaml);
    if (status == BCUE_OK && (path == NULL || yaml.failed || usual.failed))
        status = bcue_fail_memory(error, "the configuration");
    if (status == BCUE_OK)
        status = bcue_check_writable_dir(folder, error);
    if (status == BCUE_OK)
        status = bcue_file_write(path, yaml.data, yaml.size, error);
    if (status == BCUE_OK)
        status = bcue_run_config_read(path, overrides, count, &a->run, &a->config, error);
    if (status == BCUE_OK)
        status = check_mark(a, &model, site_path, &site, error);
    if (status == BCUE_OK) {
        a->run.train.init = bcue_config_strdup(a->config, a->init);
        status = a->run.train.init == NULL ? bcue_fail_memory(error, "the configuration") : BCUE_OK;
    }
    free(path);
    bcue_text_free(&usual);
    bcue_text_free(&yaml);
    bcue_model_file_free(&model);
    bcue_config_destroy(source);
    return status;
}

/* ---- training and scoring ---- */

static bcue_status score(const adaptation *a, const char *path, uint64_t seed, bcue_predictions *predictions,
                         bcue_scored_set *set, bcue_error *error)
{
    const size_t beams = (size_t)bcue_dataset_beams(a->dataset), rows = a->split.test_count;
    BCUE_TRY(bcue_predictions_create(a->dataset, a->split.test, rows, (int32_t)beams, predictions, error));
    float *scores = bcue_calloc(rows * beams, sizeof *scores);
    if (scores == NULL)
        return bcue_fail_memory(error, "the scores");
    const bcue_score_job job = {
        .train = &a->run.train, .dataset = a->dataset, .seed = seed, .samples = a->split.test, .count = rows};
    bcue_status status = bcue_score_file(path, &job, a->hooks, scores, error);
    for (size_t i = 0; status == BCUE_OK && i < rows; i++)
        bcue_predictions_rank(predictions, i, scores + i * beams);
    free(scores);
    *set = bcue_predictions_view(predictions, a->run.data.index_monotone, a->run.data.power_unit);
    return status == BCUE_OK ? bcue_scored_set_check(set, error) : status;
}

static bcue_status adapt_once(const adaptation *a, shot_result *result, size_t seed, bcue_report *report,
                              bcue_error *error)
{
    bcue_run_config run = a->run;
    bcue_training_summary summary;
    char out[4096];
    snprintf(out, sizeof out, "%s/shots-%zu", a->run.out, result->shots);
    run.out = out;
    run.split.shots = (int64_t)result->shots;
    const bcue_run_member member = bcue_run_member_at(&run, seed);
    if (result->shots == 0)
        return score(a, a->init, member.seed, &result->predictions[seed], &result->sets[seed], error);
    BCUE_TRY(bcue_check_writable_dir(out, error));
    bcue_log(a->hooks, BCUE_LOG_INFO, "%zu samples, seed %llu", result->shots,
             (unsigned long long)member.seed);
    BCUE_TRY(bcue_train_member(&run, a->config, a->dataset, member, a->hooks, &summary, error));
    bcue_status status =
        score(a, summary.model_path, member.seed, &result->predictions[seed], &result->sets[seed], error);
    if (status == BCUE_OK && !bcue_report_add_file(report, summary.model_path))
        status = bcue_fail_memory(error, "the report");
    bcue_training_summary_free(&summary);
    return status;
}

static bcue_status measure(const adaptation *a, shot_result *result, bcue_error *error)
{
    const bcue_runs here = {result->sets, result->seeds}, before = {a->results[0].sets, a->results[0].seeds};
    const bcue_bootstrap_options options = {.draws = (uint32_t)a->run.evaluate.bootstrap,
                                            .seed = (uint64_t)a->run.seed};
    for (int m = 0; m < MEASURES; m++) {
        double p_value;
        BCUE_TRY(bcue_metric_interval(&here, measures[m], &options, &result->value[m], error));
        BCUE_TRY(bcue_difference_interval(&here, &before, measures[m], &options, &result->gain[m], &p_value,
                                          error));
    }
    return BCUE_OK;
}

static bcue_status adapt_all(adaptation *a, bcue_report *report, bcue_error *error)
{
    for (size_t k = 0; k < a->count; k++) {
        shot_result *result = &a->results[k];
        result->seeds = result->shots == 0 ? 1 : (size_t)a->run.seeds;
        result->predictions = bcue_calloc(result->seeds, sizeof *result->predictions);
        result->sets = bcue_calloc(result->seeds, sizeof *result->sets);
        if (result->predictions == NULL || result->sets == NULL)
            return bcue_fail_memory(error, "the results");
        for (size_t s = 0; s < result->seeds; s++)
            BCUE_TRY(adapt_once(a, result, s, report, error));
        BCUE_TRY(measure(a, result, error));
    }
    return BCUE_OK;
}

/* ---- the answer ---- */

static bcue_table *result_table(const adaptation *a)
{
    const bcue_column columns[] = {{"samples", NULL, BCUE_ALIGN_RIGHT, 0},
                                   {"seeds", NULL, BCUE_ALIGN_RIGHT, 0},
                                   {"top-1", "%", BCUE_ALIGN_RIGHT, 2},
                                   {"gain", "%", BCUE_ALIGN_RIGHT, 2},
                                   {"95 % of the gain", NULL, BCUE_ALIGN_RIGHT, 2},
                                   {"top-3", "%", BCUE_ALIGN_RIGHT, 2},
                                   {"below the best beam", "dB", BCUE_ALIGN_RIGHT, 3}};
    bcue_table *table =
        bcue_table_create("Adapted with so many samples", columns, sizeof columns / sizeof *columns);
    for (size_t k = 0; table != NULL && k < a->count; k++) {
        const shot_result *r = &a->results[k];
        bcue_table_row(table);
        bcue_table_number(table, (double)r->shots);
        bcue_table_number(table, (double)r->seeds);
        bcue_table_number(table, 100 * r->value[0].estimate);
        bcue_table_number(table, 100 * r->gain[0].estimate);
        if (r->gain[0].has_interval && r->shots > 0)
            bcue_table_range(table, 100 * r->gain[0].low, 100 * r->gain[0].high);
        else
            bcue_table_missing(table);
        bcue_table_number(table, 100 * r->value[1].estimate);
        bcue_table_number(table, r->value[2].estimate);
    }
    if (table != NULL)
        bcue_table_footnote(table, "%zu test samples of %zu later episodes, the same for all rows%s%s",
                            a->split.test_count, a->results[0].value[0].episodes,
                            a->results[0].value[0].note[0] != '\0' ? "; " : "", a->results[0].value[0].note);
    return table;
}

static bcue_status write_csv(const adaptation *a, const char *path, bcue_error *error)
{
    bcue_text csv = {0};
    bcue_text_puts(&csv, "samples,seed,top_1,top_3,loss_db\n");
    for (size_t k = 0; k < a->count; k++)
        for (size_t s = 0; s < a->results[k].seeds; s++) {
            bcue_text_printf(&csv, "%zu,%llu", a->results[k].shots,
                             (unsigned long long)bcue_run_member_at(&a->run, s).seed);
            for (int m = 0; m < MEASURES; m++) {
                double value = NAN;
                if (bcue_metric_compute(&a->results[k].sets[s], measures[m], &value, NULL, NULL) != BCUE_OK)
                    value = NAN;
                bcue_text_printf(&csv, ",%.6g", value);
            }
            bcue_text_puts(&csv, "\n");
        }
    bcue_status status =
        csv.failed ? bcue_fail_memory(error, path) : bcue_file_write(path, csv.data, csv.size, error);
    bcue_text_free(&csv);
    return status;
}

static bcue_status add_chart(bcue_page *page, const adaptation *a, double *numbers, bcue_error *error)
{
    static const char *const names[2] = {"top-1", "top-3"};
    const size_t n = a->count;
    bcue_line_series series[2];
    for (size_t m = 0; m < 2; m++) {
        double *x = numbers, *y = numbers + n * (1 + 3 * m), *low = y + n, *high = low + n;
        for (size_t k = 0; k < n; k++) {
            const bcue_interval *gain = &a->results[k].gain[m];
            x[k] = (double)a->results[k].shots;
            y[k] = scales[m] * gain->estimate;
            low[k] = gain->has_interval ? scales[m] * gain->low : y[k];
            high[k] = gain->has_interval ? scales[m] * gain->high : y[k];
        }
        series[m] = (bcue_line_series){
            .name = names[m], .x = x, .y = y, .low = low, .high = high, .count = n, .markers = true};
    }
    const bcue_line_chart chart = {.options = {.title = "Gain over the model as it was",
                                               .description = "Gain in accuracy against recorded samples"},
                                   .x = {.title = "recorded samples", .from_zero = true, .integer = true},
                                   .y = {.title = "gain", .unit = "%", .from_zero = true},
                                   .series = series,
                                   .series_count = 2};
    bcue_text svg = {0};
    const bcue_status status = bcue_chart_lines(&chart, &svg, error);
    if (status == BCUE_OK)
        bcue_page_chart(page, &svg,
                        "On later episodes of the site. Bands: 95 % intervals over episodes and seeds.");
    bcue_text_free(&svg);
    return status;
}

static bcue_status write_page(const adaptation *a, const bcue_table *table, const char *path,
                              bcue_error *error)
{
    bcue_origin_note note;
    bcue_page *page = bcue_page_create("A model at a new site", a->init);
    double *numbers = bcue_calloc(7 * a->count, sizeof *numbers);
    bcue_status status = page == NULL || numbers == NULL ? bcue_fail_memory(error, path) : BCUE_OK;
    if (status == BCUE_OK) {
        bcue_origin_note_fill(&note, "beamcue train --init");
        bcue_page_section(page, "Gain");
        status = add_chart(page, a, numbers, error);
    }
    if (status == BCUE_OK) {
        bcue_page_table(page, table);
        status = bcue_page_write(page, &note.provenance, path, error);
    }
    free(numbers);
    bcue_page_destroy(page);
    return status;
}

static bcue_status answer(const adaptation *a, bcue_report *report, bcue_error *error)
{
    bcue_table *table = result_table(a);
    char *csv = bcue_path_join(a->run.out, "adapt.csv"), *page = bcue_path_join(a->run.out, "adapt.html");
    bcue_status status = table == NULL || csv == NULL || page == NULL
                             ? bcue_fail_memory(error, "the report")
                             : bcue_report_add_table(report, "adapted", table, error);
    if (status == BCUE_OK)
        status = write_csv(a, csv, error);
    if (status == BCUE_OK)
        status = write_page(a, table, page, error);
    if (status == BCUE_OK && !(bcue_report_add_file(report, csv) && bcue_report_add_file(report, page)))
        status = bcue_fail_memory(error, "the report");
    free(csv);
    free(page);
    bcue_table_destroy(table);
    return status;
}

/* ---- all together ---- */

static void adaptation_free(adaptation *a)
{
    for (size_t k = 0; a->results != NULL && k < a->count; k++) {
        for (size_t s = 0; a->results[k].predictions != NULL && s < a->results[k].seeds; s++)
            bcue_predictions_free(&a->results[k].predictions[s]);
        free(a->results[k].predictions);
        free(a->results[k].sets);
    }
    free(a->results);
    bcue_split_free(&a->split);
    bcue_dataset_destroy(a->dataset);
    bcue_config_destroy(a->config);
}

/* None first, then rising. */
static bcue_status take_shots(adaptation *a, const size_t *shots, size_t count, bcue_error *error)
{
    const bool none = count > 0 && shots[0] == 0;
    a->count = count + !none;
    a->results = bcue_calloc(a->count, sizeof *a->results);
    if (a->results == NULL)
        return bcue_fail_memory(error, "the results");
    for (size_t k = 0; k < count; k++) {
        const size_t before = k > 0 ? shots[k - 1] : 0;
        if ((shots[k] < LEAST_SHOTS || shots[k] <= before) && !(k == 0 && none))
            return bcue_fail(
                error, BCUE_ERROR_ARGUMENT,
                "samples to adapt with: %zu after %zu; expected rising numbers of 2 and more (or 0, first)",
                shots[k], before);
        a->results[k + !none].shots = shots[k];
    }
    return count == 0 || (none && count == 1)
               ? bcue_fail(error, BCUE_ERROR_ARGUMENT,
                           "how many samples to adapt with? Expected rising numbers of 2 and more")
               : BCUE_OK;
}

/* A model that saw these recordings in training would be tested on what it knows. */
static bcue_status make_split(adaptation *a, bcue_error *error)
{
    bcue_run_config run = a->run;
    char seen[17];
    int64_t middle, parameters;
    run.split.shots = (int64_t)a->results[a->count - 1].shots;
    BCUE_TRY(
        bcue_run_member_split(&run, a->config, a->dataset, bcue_run_member_at(&run, 0), &a->split, error));
    bcue_split_seen_hash(a->dataset, &a->split, seen);
    return bcue_score_file_check(a->init, a->dataset, seen, &middle, &parameters, error);
}

bcue_status bcue_adapt(const char *init, const char *site_path, const size_t *shots, size_t shot_count,
                       const char *const *overrides, size_t override_count, const bcue_hooks *hooks,
                       bcue_report **report, bcue_error *error)
{
    adaptation a = {.init = init, .hooks = hooks};
    bcue_report *made = NULL;
    *report = NULL;
    bcue_status status = take_shots(&a, shots, shot_count, error);
    if (status == BCUE_OK)
        status = read_run(&a, site_path, overrides, override_count, error);
    if (status == BCUE_OK)
        bcue_set_threads((int)a.run.threads);
    if (status == BCUE_OK)
        status = bcue_dataset_open(&a.run.data, a.config, hooks, &a.dataset, error);
    if (status == BCUE_OK)
        status = make_split(&a, error);
    if (status == BCUE_OK)
        status = check_recordings(&a, site_path, error);
    if (status == BCUE_OK) {
        made = bcue_report_create();
        status = made == NULL ? bcue_fail_memory(error, "the report") : adapt_all(&a, made, error);
    }
    if (status == BCUE_OK)
        status = answer(&a, made, error);
    adaptation_free(&a);
    return made != NULL ? bcue_report_deliver(made, status, report, error) : status;
}
