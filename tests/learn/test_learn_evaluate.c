/* Scoring runs: numbers that can be computed again, foreign answers, missing sensors, folds and splits. */
#include <unistd.h>
#include "base/parallel.h"
#include "check.h"
#include "formats/csv.h"
#include "learn/evaluate.h"
#include "learn/submission.h"
#include "learn/trainer.h"
#include "models/model_file.h"
#include "toy_data.h"

#define FOLDER BCUE_BINARY_DIR "/test_learn_evaluate"

static const toy_shape street = {.episodes = 12, .rows = 6, .beams = 8, .missing_every = 9};
static const char yaml[] = "name: toy\n"
                           "out: " FOLDER "/out\n"
                           "seeds: 2\n"
                           "data:\n"
                           "  sources: [{format: npy, root: " FOLDER ", prefix: toy}]\n"
                           "  beams: 8\n"
                           "split: {train: 0.5, validation: 0, test: 0.5}\n"
                           "features: {position: {enabled: true}}\n"
                           "model: {kind: position-lut, lut_bins: 8}\n"
                           "train: {loader_threads: 0}\n"
                           "evaluate: {bootstrap: 200, top_k: [1, 3, 8]}\n";

static void train_all(const toy_run *run)
{
    for (size_t i = 0; i < bcue_run_member_count(&run->run); i++) {
        bcue_error error = {""};
        bcue_training_summary summary;
        CHECK_OK(bcue_train_member(&run->run, run->config, run->dataset, bcue_run_member_at(&run->run, i),
                                   NULL, &summary, &error),
                 error);
        bcue_training_summary_free(&summary);
    }
}

static bcue_status evaluate(const char *const *overrides, bool train, const char *foreign,
                            bcue_evaluation *evaluation, bcue_error *error)
{
    toy_run run;
    *evaluation = (bcue_evaluation){0};
    bcue_status status = toy_open(FOLDER, yaml, overrides, &run);
    *error = run.error;
    if (status == BCUE_OK && train)
        train_all(&run);
    if (status == BCUE_OK)
        status = bcue_evaluate_run(&run.run, run.config, run.dataset, foreign, NULL, evaluation, error);
    toy_close(&run);
    return status;
}

static double value_of(const bcue_evaluation_subset *subset, const char *name)
{
    const bcue_evaluation_value *value = bcue_evaluation_find(subset, name);
    CHECK_AT(value != NULL && value->available, "no %s", name);
    return value != NULL ? value->mean : NAN;
}

static double file_metric(const char *path, bcue_metric metric)
{
    bcue_error error = {""};
    bcue_predictions p;
    double value = NAN;
    CHECK_OK(bcue_predictions_read(path, &p, &error), error);
    const bcue_scored_set set = bcue_predictions_view(&p, true, 0);
    CHECK_OK(bcue_metric_compute(&set, metric, &value, NULL, &error), error);
    bcue_predictions_free(&p);
    return value;
}

static void numbers_can_be_computed_again(void)
{
    bcue_error error = {""};
    bcue_evaluation e;
    const char *const overrides[] = {"out=" FOLDER "/again", NULL};
    CHECK_OK(evaluate(overrides, true, NULL, &e, &error), error);
    CHECK_INT(e.seeds, 2);
    for (size_t m = 0; m < e.subsets[0].value_count; m++) {
        const bcue_evaluation_value *value = &e.subsets[0].values[m];
        CHECK_AT(value->available, "%s: %s", value->name, value->reason);
        const double a = file_metric(FOLDER "/again/predictions-seed1.csv", value->metric),
                     b = file_metric(FOLDER "/again/predictions-seed2.csv", value->metric);
        CHECK_AT(value->mean == a / 2 + b / 2, "%s is %.17g, from the files %.17g", value->name, value->mean,
                 a / 2 + b / 2);
        CHECK_NEAR(value->deviation, fabs(a - b) / sqrt(2), 1e-12);
    }
    CHECK_INT(e.subsets[0].value_count, 3 + 9);
    CHECK_NEAR(value_of(&e.subsets[0], "top_8"), 1, 0);
    CHECK(value_of(&e.subsets[0], "top_1") > 0.25);
    CHECK_INT(e.train_count, 36);
    CHECK_INT(e.leak.percent, 0);
    CHECK(!e.random_rows);
    bcue_evaluation_free(&e);
}

static void complete_samples_are_scored_once_more(void)
{
    bcue_error error = {""};
    bcue_evaluation e;
    CHECK_OK(evaluate(NULL, true, NULL, &e, &error), error);
    CHECK_INT(e.subset_count, 2);
    CHECK_STR(e.subsets[0].name, "all");
    CHECK_STR(e.subsets[1].name, "all sensors present");
    size_t present = 0;
    for (size_t i = 0; i < e.predictions[0].rows; i++)
        present += (e.predictions[0].missing[i] >> BCUE_GPS & 1) == 0;
    CHECK_INT(e.subsets[1].rows, present);
    CHECK(present < e.predictions[0].rows && present > 0);
    CHECK(value_of(&e.subsets[1], "top_1") > value_of(&e.subsets[0], "top_1"));
    bcue_evaluation_free(&e);
    /* A model that needs no sensor has nothing to miss. */
    const char *const majority[] = {"model.kind=majority", "out=" FOLDER "/majority", NULL};
    CHECK_OK(evaluate(majority, true, NULL, &e, &error), error);
    CHECK_INT(e.subset_count, 1);
    bcue_evaluation_free(&e);
}

/* A perfect answer for every test sample of the split. */
static void write_perfect(const char *const *overrides, const char *name)
{
    toy_run run;
    bcue_split split;
    bcue_text text = {0};
    CHECK_OK(toy_open(FOLDER, yaml, overrides, &run), run.error);
    CHECK_OK(bcue_run_member_split(&run.run, run.config, run.dataset, bcue_run_member_at(&run.run, 0), &split,
                                   &run.error),
             run.error);
    bcue_text_puts(&text, "id,ranked\n");
    for (size_t i = 0; i < split.test_count; i++) {
        const bcue_sample *sample = bcue_dataset_sample(run.dataset, split.test[i]);
        bcue_text_printf(&text, "%s,%d %d\n", sample->id, sample->label, (sample->label + 1) % 8);
    }
    toy_write_text(FOLDER, name, text.data);
    bcue_text_free(&text);
    bcue_split_free(&split);
    toy_close(&run);
}

static void foreign_perfection_is_seen(void)
{
    bcue_error error = {""};
    bcue_evaluation e;
    const char *const overrides[] = {"out=" FOLDER "/foreign", NULL};
    write_perfect(overrides, "perfect.csv");
    CHECK_OK(evaluate(overrides, false, FOLDER "/perfect.csv", &e, &error), error);
    CHECK_INT(e.seeds, 1);
    CHECK_NEAR(value_of(&e.subsets[0], "top_1"), 1, 0);
    CHECK_NEAR(value_of(&e.subsets[0], "dba"), 1, 0);
    CHECK_NEAR(value_of(&e.subsets[0], "loss_db"), 0, 0);
    CHECK_NEAR(file_metric(FOLDER "/foreign/predictions-seed1.csv", (bcue_metric){BCUE_METRIC_TOP_K, 1, 0}),
               1, 0);
    bcue_evaluation_free(&e);
    /* Not into the folder of trained models. */
    const char *const trained[] = {"out=" FOLDER "/again", NULL};
    CHECK_STATUS(evaluate(trained, false, FOLDER "/perfect.csv", &e, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "--set out=");
    CHECK(e.predictions == NULL);
    /* An answer missing. */
    CHECK_STATUS(evaluate(overrides, false, FOLDER "/nowhere.csv", &e, &error), BCUE_ERROR_IO);
}

static void folds_test_every_sample_once(void)
{
    bcue_error error = {""};
    bcue_evaluation e;
    const char *const overrides[] = {"out=" FOLDER "/folds", "cross_validate=true",
                                     "split={folds: 4, validation: 0}", NULL};
    CHECK_OK(evaluate(overrides, true, NULL, &e, &error), error);
    CHECK(bcue_path_exists(FOLDER "/folds/model-seed2-fold3.safetensors"));
    for (size_t s = 0; s < e.seeds; s++) {
        int seen[72] = {0};
        CHECK_INT(e.predictions[s].rows, 72);
        for (size_t i = 0; i < e.predictions[s].rows; i++) {
            int row = 0;
            CHECK_INT(sscanf(strchr(e.predictions[s].ids[i], '/'), "/%d", &row), 1);
            if (row >= 1 && row <= 72)
                seen[row - 1]++;
        }
        for (int i = 0; i < 72; i++)
            CHECK_INT(seen[i], 1);
    }
    bcue_evaluation_free(&e);
}

static void splits_follow_the_seed_or_not(void)
{
    bcue_error error = {""};
    bcue_evaluation e;
    CHECK_OK(evaluate(NULL, true, NULL, &e, &error), error);
    CHECK_STR(e.predictions[0].ids[0], e.predictions[1].ids[0]);
    bcue_evaluation_free(&e);
    const char *const overrides[] = {"out=" FOLDER "/follow", "split_follows_seed=true", NULL};
    CHECK_OK(evaluate(overrides, true, NULL, &e, &error), error);
    bool differ = e.predictions[0].rows != e.predictions[1].rows;
    for (size_t i = 0; !differ && i < e.predictions[0].rows; i++)
        differ = strcmp(e.predictions[0].ids[i], e.predictions[1].ids[i]) != 0;
    CHECK(differ);
    const bcue_evaluation_value *value = bcue_evaluation_find(&e.subsets[0], "top_1");
    CHECK(value != NULL && !value->interval.has_interval);
    CHECK_CONTAINS(value->interval.note, "its own test samples");
    bcue_evaluation_free(&e);
}

static void refused(const char *const *overrides, bcue_status expected, const char *part)
{
    bcue_error error = {""};
    bcue_evaluation e;
    CHECK_STATUS(evaluate(overrides, false, NULL, &e, &error), expected);
    CHECK_CONTAINS(error.text, part);
    CHECK(e.predictions == NULL);
}

static void what_does_not_fit_is_told(void)
{
    const char *const beams[] = {"out=" FOLDER "/again", "data.beam_step=2", NULL},
                      *const fixes[] = {"out=" FOLDER "/again", "data.gps_frames=3", NULL},
                      *const missing[] = {"out=" FOLDER "/empty", NULL},
                      *const k[] = {"out=" FOLDER "/again", "evaluate.top_k=[9]", NULL},
                      *const nobody[] = {"out=" FOLDER "/again", "evaluate.part=validation", NULL};
    refused(beams, BCUE_ERROR_DATA, "trained for 8 beams, the data has 4");
    refused(fixes, BCUE_ERROR_DATA, "trained on 1 position fixes");
    refused(missing, BCUE_ERROR_DATA, "train it first with 'beamcue train'");
    refused(k, BCUE_ERROR_CONFIG, "9 is more than the 8 beams");
    refused(nobody, BCUE_ERROR_DATA, "no sample to score");
    bcue_error error = {""};
    CHECK_OK(bcue_make_dirs(FOLDER "/broken", &error), error);
    CHECK_OK(bcue_file_write(FOLDER "/broken/model-seed1.safetensors", "?", 1, &error), error);
    const char *const broken[] = {"out=" FOLDER "/broken", NULL};
    refused(broken, BCUE_ERROR_FORMAT, "model-seed1.safetensors");
}

/* 64 and more metrics: a long list of k is not cut. */
static void many_k(void)
{
    bcue_error error = {""};
    bcue_evaluation e;
    bcue_text list = {0};
    bcue_text_puts(&list, "evaluate.top_k=[1");
    for (int i = 0; i < 70; i++)
        bcue_text_printf(&list, ", %d", 1 + i % 8);
    bcue_text_puts(&list, "]");
    const char *const overrides[] = {"out=" FOLDER "/again", "evaluate.bootstrap=0", list.data, NULL};
    CHECK_OK(evaluate(overrides, false, NULL, &e, &error), error);
    CHECK_INT(e.subsets[0].value_count, 71 + 9);
    bcue_evaluation_free(&e);
    bcue_text_free(&list);
}

/* A submission ranks every row of recordings that the run does not name: here the run's own, whose
 * predictions are known. */
static void submissions_answer_every_row(void)
{
    bcue_error error = {""};
    bcue_evaluation e;
    size_t rows = 0;
    toy_run run;
    const char *const overrides[] = {"out=" FOLDER "/submit", "seeds=1", "split.train=0.4", "split.test=0.6",
                                     NULL};
    CHECK_OK(evaluate(overrides, true, NULL, &e, &error), error);
    CHECK_OK(toy_open(FOLDER, yaml, overrides, &run), run.error);
    CHECK_STATUS(bcue_submission_write(&run.run, FOLDER "/nowhere", NULL, &rows, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "no such folder");
    CHECK_OK(bcue_submission_write(&run.run, FOLDER, NULL, &rows, &error), error);
    CHECK_INT(rows, street.episodes * street.rows);
    bcue_csv *csv = NULL;
    CHECK_OK(bcue_csv_read(FOLDER "/submit/submission-seed1.csv", &csv, &error), error);
    CHECK_INT(bcue_csv_rows(csv), rows);
    CHECK_INT(bcue_csv_find(csv, "top-3 beam"), 3);
    const bcue_predictions *p = &e.predictions[0];
    size_t compared = 0;
    for (size_t i = 0; i < p->rows; i++) /* ids are toy/1 .. */
        for (size_t row = 0; row < rows; row++) {
            char id[32];
            snprintf(id, sizeof id, "toy/%zu", row + 1);
            if (strcmp(id, p->ids[i]) != 0)
                continue;
            for (int k = 0; k < 3; k++)
                CHECK_INT(atoi(bcue_csv_cell(csv, row, (size_t)k + 1)),
                          p->ranked[i * (size_t)p->ranked_count + (size_t)k] + 1);
            CHECK_INT(atoi(bcue_csv_cell(csv, row, 0)), row);
            compared++;
        }
    CHECK_INT(compared, p->rows);
    bcue_csv_destroy(csv);
    /* A window leaves rows without a sample: refused, not skipped. */
    run.run.data.window.horizon = 1;
    CHECK_STATUS(bcue_submission_write(&run.run, FOLDER, NULL, &rows, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "answers every row");
    bcue_evaluation_free(&e);
    toy_close(&run);
}

int main(void)
{
    bcue_set_threads(1);
    toy_write_positions(FOLDER, &street);
    RUN(numbers_can_be_computed_again);
    RUN(complete_samples_are_scored_once_more);
    RUN(foreign_perfection_is_seen);
    RUN(folds_test_every_sample_once);
    RUN(splits_follow_the_seed_or_not);
    RUN(what_does_not_fit_is_told);
    RUN(many_k);
    RUN(submissions_answer_every_row);
    return check_summary();
}
