/* A sensor's plug is pulled: what 'beamcue complete' writes into a model file, and that a session answers
   with the stand-in that is named there as the evaluation does. */
#include <math.h>
#include <string.h>
#include "beamcue/predict.h"
#include "check.h"
#include "formats/ply.h"
#include "learn/calibrate_model.h"
#include "learn/complete_inputs.h"
#include "learn/complete_run.h"
#include "learn/reliability_measure.h"
#include "learn/scorer.h"
#include "models/model_file.h"
#include "toy_data.h"

#define FOLDER BCUE_BINARY_DIR "/test_predict_missing"
#define MODEL FOLDER "/out/model-seed1.safetensors"

enum { EPISODES = 20, ROWS = 5, BEAMS = 4 };

static const char yaml[] = "name: toy\n"
                           "out: " FOLDER "/out\n"
                           "data:\n"
                           "  sources: [{root: " FOLDER "/scenario}]\n"
                           "  beams: 4\n"
                           "  window: {frames: 2}\n"
                           "split: {train: 0.5, validation: 0.2, test: 0.3}\n"
                           "features:\n"
                           "  lidar: {enabled: true, height: 32, width: 32}\n"
                           "  radar: {enabled: true, height: 32, width: 32}\n"
                           "model: {kind: beamtransfuser, modalities: [lidar, radar], width: 8, blocks: 1, "
                           "heads: 2, anchors: 2, head: [8], lidar_depth: 18, radar_depth: 18}\n"
                           "train: {loader_threads: 1}\n"
                           "complete: {target: both, map_channels: 32, latent: 4, hidden: 16, epochs: 60, "
                           "batch: 8, lr: 0.003, weight: 1, warmup_epochs: 5, draws: "
                           "3, timing_runs: 2, hold_rows: 1}\n"
                           "calibrate: {coverage: [0.5, 0.7], most_missing: 2, hold_rows: 2}\n"
                           "evaluate: {bootstrap: 0, top_k: [1, 4], insight: 0}\n";

static void write_scenario(void)
{
    static const char folder[] = FOLDER "/scenario";
    bcue_error error = {""};
    bcue_text table = {0};
    enum { POINTS = 200 };
    CHECK_OK(bcue_make_dirs(folder, &error), error);
    bcue_text_puts(&table, "index,seq_index,unit1_pwr_60ghz,unit1_beam,unit1_lidar,unit1_radar\n");
    for (size_t i = 0; i < EPISODES * ROWS; i++) {
        char name[64], path[512], power[128] = "";
        double points[3 * POINTS];
        float values[2 * 4 * 16 * 12];
        bcue_rng rng = bcue_rng_make(8, BCUE_RNG_TEST, 0, 0, (uint32_t)i);
        const double place = bcue_rng_uniform(&rng); /* what both sensors see */
        for (int k = 0; k < 3 * POINTS; k++)
            points[k] = (k % 3 == 2 ? -1 : -1 - 17 * place) + bcue_rng_range(&rng, -0.5, 0.5);
        for (int k = 0; k < 4 * 16 * 12; k++) {
            const double phase = 6.283185307179586 * (1 + 6 * place) * (double)(k / 12 % 16) / 16;
            values[2 * k] = (float)(cos(phase) + 0.02 * bcue_rng_normal(&rng));
            values[2 * k + 1] = (float)(sin(phase) + 0.02 * bcue_rng_normal(&rng));
        }
        const bcue_ply cloud = {.count = POINTS, .points = points};
        const bcue_npy cube = {
            .type = BCUE_NPY_C64, .rank = 3, .shape = {4, 16, 12}, .count = 4 * 16 * 12, .data = values};
        snprintf(path, sizeof path, "%s/lidar_%zu.ply", folder, i + 1);
        CHECK_OK(bcue_ply_write(path, &cloud, BCUE_PLY_BINARY, &error), error);
        snprintf(path, sizeof path, "%s/radar_%zu.npy", folder, i + 1);
        CHECK_OK(bcue_npy_write(path, &cube, &error), error);
        for (size_t b = 0; b < BEAMS; b++)
            snprintf(power + strlen(power), sizeof power - strlen(power), "%g\n",
                     (b == i % BEAMS ? 0.9 : 0.1) + 1e-4 * (double)(i + 1)); /* no two rows alike */
        snprintf(name, sizeof name, "power_%zu.txt", i + 1);
        toy_write_text(folder, name, power);
        bcue_text_printf(&table, "%zu,%zu,power_%zu.txt,%zu,lidar_%zu.ply,radar_%zu.npy\n", i + 1,
                         i / ROWS + 1, i + 1, i % BEAMS + 1, i + 1, i + 1);
    }
    toy_write_text(folder, "scenario.csv", table.data);
    bcue_text_free(&table);
}

/* Drawn weights. */
static void write_model(const toy_run *run)
{
    bcue_error error = {""};
    const bcue_feature_config features = bcue_features_for(&run->run.features, &run->run.model);
    bcue_model_file model = {.config = run->run.model,
                             .inputs = bcue_model_inputs_of(run->dataset, &features, &run->run.model)};
    bcue_text recipes = {0};
    bcue_graph *graph;
    CHECK_OK(bcue_make_dirs(run->run.out, &error), error);
    bcue_config_write(bcue_feature_config_fields, &features, &recipes);
    model.features_yaml = recipes.data;
    CHECK_OK(bcue_model_build(&model.config, &model.inputs, 1, &graph, &error), error);
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 2, &model.weights, &error), error);
    for (int32_t i = 0; i < model.weights.count; i++) /* a head that tells windows apart */
        for (int64_t k = 0; strncmp(model.weights.names[i], "head", 4) == 0 &&
                            k < bcue_tensor_count(&model.weights.tensors[i]);
             k++)
            ((float *)model.weights.tensors[i].data)[k] *= 3;
    CHECK_OK(bcue_model_file_write(MODEL, &model, &error), error);
    bcue_weights_free(&model.weights);
    bcue_graph_destroy(graph);
    bcue_text_free(&recipes);
}

static void made(void)
{
    toy_run run;
    bcue_complete_result result;
    bcue_model_file before, after;
    write_scenario();
    CHECK_OK(toy_open(FOLDER, yaml, (const char *const[]){NULL}, &run), run.error);
    write_model(&run);
    CHECK_OK(bcue_model_file_read(MODEL, &before, &run.error), run.error);
    CHECK_OK(bcue_complete_member(&run.run, run.config, run.dataset, bcue_run_member_at(&run.run, 0), true,
                                  NULL, &result, &run.error),
             run.error);
    CHECK_OK(bcue_model_file_read(MODEL, &after, &run.error), run.error);
    CHECK_INT(before.weights.count, after.weights.count);
    for (int32_t i = 0; i < before.weights.count; i++)
        CHECK(memcmp(before.weights.tensors[i].data, after.weights.tensors[i].data,
                     bcue_tensor_size(&after.weights.tensors[i])) == 0);
    CHECK(after.completion != NULL && after.completion->choices.count == 2 && result.patterns == 2);
    for (size_t p = 0; p < result.patterns; p++) {
        const bcue_completion_choice *choice = bcue_completion_find(after.completion, result.missing[p]);
        const bcue_complete_row *best = bcue_complete_best(&result.validation, result.missing[p]);
        CHECK(choice != NULL && choice->stand_in == best->stand_in && choice->stand_in == result.chosen[p]);
    }
    CHECK(result.fit.error < result.fit.first_error && result.fit.best_epoch > 0);
    CHECK_INT(result.test.count, 1 + 2 * BCUE_STAND_IN_COUNT);
    CHECK(result.full.window_ms > 0);
    for (size_t p = 0; p < result.patterns; p++) {
        const bcue_complete_times *times = result.times[p];
        CHECK(times[BCUE_STAND_IN_GENERATED].generator_ms > 0 && times[BCUE_STAND_IN_MAP].generator_ms > 0);
        CHECK(times[BCUE_STAND_IN_GENERATED].window_ms > 0);
        CHECK(times[BCUE_STAND_IN_MAP].window_ms > times[BCUE_STAND_IN_MAP].generator_ms);
    }
    CHECK(result.map_fit.error < result.map_fit.first_error && result.map_fit.best_epoch > 0);
    CHECK(result.map_numbers > 0 && result.generator_numbers > 0);
    for (size_t i = 0; i < result.test.count; i++)
        CHECK(isfinite(result.test.rows[i].scores.top1) && isfinite(result.test.rows[i].scores.loss_db));
    /* Twice the same. */
    bcue_complete_result again;
    CHECK_OK(bcue_complete_member(&run.run, run.config, run.dataset, bcue_run_member_at(&run.run, 0), false,
                                  NULL, &again, &run.error),
             run.error);
    CHECK(again.fit.error <= result.fit.error && again.fit.error >= result.fit.error);
    for (size_t i = 0; i < result.test.count; i++)
        CHECK_NEAR(again.test.rows[i].scores.loss_db, result.test.rows[i].scores.loss_db, 0);
    bcue_model_file_free(&before);
    bcue_model_file_free(&after);
    toy_close(&run);
}

/* Is the pattern's what fits the answers without these inputs, scored by themselves? */
static void check_fit(const bcue_calibration_pattern *pattern, const toy_run *run, const bcue_split *split,
                      unsigned missing, int stand_in, int64_t hold_rows)
{
    bcue_error error = {""};
    bcue_score_session session;
    bcue_predictions predictions;
    bcue_scored_set set;
    double temperature = NAN;
    float *scores = bcue_calloc(split->validation_count, BEAMS * sizeof *scores);
    const bcue_score_job job = {.train = &run->run.train,
                                .dataset = run->dataset,
                                .samples = split->validation,
                                .count = split->validation_count};
    CHECK_OK(bcue_score_session_open(MODEL, &job, NULL, NULL, &session, &error), error);
    CHECK_OK(bcue_complete_score(&session, &job, missing, stand_in, hold_rows, 1, NULL, scores, &error),
             error);
    CHECK_OK(bcue_predictions_create(run->dataset, job.samples, job.count, BEAMS, &predictions, &error),
             error);
    for (size_t i = 0; i < job.count; i++)
        bcue_predictions_rank(&predictions, i, scores + i * BEAMS);
    const bcue_answers answers = bcue_answers_of(&predictions, &set);
    CHECK_OK(bcue_temperature_fit(&answers, &temperature, &error), error);
    CHECK_NEAR(pattern->temperature, temperature, 1e-4);
    CHECK_NEAR(pattern->error_before, bcue_calibration_error(&answers, 1), 1e-6);
    CHECK_NEAR(pattern->error_after, bcue_calibration_error(&answers, temperature), 1e-4);
    bcue_predictions_free(&predictions);
    bcue_score_session_close(&session);
    free(scores);
}

/* A calibration for everything, for each of the two missing, and for each held; measured for all five; and
   without its patterns when the stand-ins are made anew. */
static void calibrated(void)
{
    static const unsigned inputs[2] = {1U << BCUE_INPUT_LIDAR, 1U << BCUE_INPUT_RADAR};
    toy_run run;
    bcue_calibration made;
    bcue_model_file file;
    bcue_split split;
    bcue_reliability reliability;
    CHECK_OK(toy_open(FOLDER, yaml, (const char *const[]){NULL}, &run), run.error);
    const bcue_run_member member = bcue_run_member_at(&run.run, 0);
    CHECK_OK(bcue_calibrate_member(&run.run, run.config, run.dataset, member, NULL, &made, &run.error),
             run.error);
    CHECK_INT(bcue_calibration_count(&made), 5);
    bcue_calibration_release(&made);
    CHECK_OK(bcue_model_file_read(MODEL, &file, &run.error), run.error);
    CHECK_OK(bcue_run_member_split(&run.run, run.config, run.dataset, member, &split, &run.error), run.error);
    const bcue_calibration *c = file.calibration;
    CHECK_INT(bcue_calibration_count(c), 5);
    CHECK_INT(c->whole.episodes, 4);
    CHECK_NEAR(c->hold_s, 0.2, 1e-9); /* two rows; without time stamps a row takes 0.1 s */
    check_fit(&c->whole, &run, &split, 0, BCUE_STAND_IN_ZERO, 1);
    for (int i = 0; i < 2; i++) {
        const bcue_completion_choice *choice = bcue_completion_find(file.completion, inputs[i]);
        const bcue_calibration_pattern *gone = bcue_calibration_find(
                                           c, (bcue_input_pattern){.missing = inputs[i],
                                                                   .stand_in = choice->stand_in}),
                                       *held =
                                           bcue_calibration_find(c, (bcue_input_pattern){.held = inputs[i]});
        CHECK(gone != NULL && held != NULL && gone->episodes == 4 && gone->samples == held->samples);
        check_fit(gone, &run, &split, inputs[i], choice->stand_in, 1);
        check_fit(held, &run, &split, inputs[i], BCUE_STAND_IN_HOLD, 2);
        CHECK(fabs(gone->error_before - c->whole.error_before) > 1e-4 &&
              fabs(held->error_before - c->whole.error_before) > 1e-4);
    }
    bcue_predictions test;
    const bcue_score_job job = {
        .train = &run.run.train, .dataset = run.dataset, .samples = split.test, .count = split.test_count};
    bcue_score_session session;
    CHECK_OK(bcue_score_session_open(MODEL, &job, NULL, NULL, &session, &run.error), run.error);
    CHECK_OK(bcue_predictions_create(run.dataset, job.samples, job.count, BEAMS, &test, &run.error),
             run.error);
    float *scores = bcue_calloc(job.count, BEAMS * sizeof *scores);
    CHECK_OK(bcue_scorer_run(session.scorer, job.samples, job.count, scores, &run.error), run.error);
    for (size_t i = 0; i < job.count; i++)
        bcue_predictions_rank(&test, i, scores + i * BEAMS);
    CHECK_OK(bcue_reliability_measure(MODEL, &job, &test, (bcue_input_pattern){0}, true, 1, NULL,
                                      &reliability, &run.error),
             run.error);
    CHECK_INT(reliability.count, 5 * 2 * 2); /* patterns, coverages, best beam and margin */
    for (size_t i = 0; i < reliability.count; i++) {
        const bcue_reliability_row *row = &reliability.rows[i];
        CHECK(row->own && row->found.episodes == 6 && row->found.size >= 1 &&
              row->found.low <= row->found.mean + 1e-9);
        CHECK(row->inputs.missing != 0 || row->inputs.held != 0 ||
              (row->whole_mean >= row->found.mean && row->whole_mean <= row->found.mean));
    }
    bcue_reliability_free(&reliability);
    /* Answers without the LiDAR, by a stand-in that was not calibrated. */
    CHECK_OK(bcue_reliability_measure(
                 MODEL, &job, &test,
                 (bcue_input_pattern){.missing = 1U << BCUE_INPUT_LIDAR, .stand_in = BCUE_STAND_IN_NOISE},
                 true, 1, NULL, &reliability, &run.error),
             run.error);
    CHECK_INT(reliability.count, 2 * 2);
    CHECK(!reliability.rows[0].own);
    bcue_reliability_free(&reliability);
    bcue_complete_result result;
    CHECK_OK(
        bcue_complete_member(&run.run, run.config, run.dataset, member, false, NULL, &result, &run.error),
        run.error);
    bcue_model_file_free(&file);
    CHECK_OK(bcue_model_file_read(MODEL, &file, &run.error), run.error);
    CHECK(file.calibration != NULL && bcue_calibration_count(file.calibration) == 1);
    free(scores);
    bcue_score_session_close(&session);
    bcue_predictions_free(&test);
    bcue_split_free(&split);
    bcue_model_file_free(&file);
    toy_close(&run);
}

static void force_choice(int stand_in)
{
    bcue_error error = {""};
    bcue_model_file file;
    CHECK_OK(bcue_model_file_read(MODEL, &file, &error), error);
    bcue_completion_choice *choices = file.completion->choices.items;
    for (size_t i = 0; i < file.completion->choices.count; i++)
        choices[i].stand_in = stand_in;
    CHECK_OK(bcue_model_file_write(MODEL, &file, &error), error);
    bcue_model_file_free(&file);
}

/* The answer of a session without LiDAR (0) or radar (1). */
static void predict(const toy_run *run, bcue_session *session, const bcue_sample *sample, int without,
                    double probability[BEAMS])
{
    static const bcue_modality kinds[2] = {BCUE_LIDAR, BCUE_RADAR};
    bcue_error error = {""};
    bcue_bytes bytes[2] = {{0}};
    bcue_encoded_picture frames[2];
    bcue_ranked_beam ranked[BEAMS];
    const bcue_modality kind = kinds[1 - without];
    for (int f = 0; f < 2; f++) {
        char *path = bcue_dataset_path(run->dataset, sample, sample->file[kind][f]);
        CHECK_OK(bcue_file_read(path, 1 << 20, &bytes[f], &error), error);
        frames[f] = (bcue_encoded_picture){bytes[f].data, bytes[f].size, NULL};
        free(path);
    }
    bcue_observation observation = {0};
    if (without == 0) {
        observation.radar = frames;
        observation.radar_count = 2;
    } else {
        observation.lidar = frames;
        observation.lidar_count = 2;
    }
    CHECK_OK(bcue_predict(session, &observation, BEAMS, ranked, NULL, &error), error);
    for (int k = 0; k < BEAMS; k++)
        probability[ranked[k].beam] = ranked[k].probability;
    for (int f = 0; f < 2; f++)
        bcue_bytes_free(&bytes[f]);
}

static void softmax(const float *scores, double probability[BEAMS])
{
    double sum = 0;
    for (int b = 0; b < BEAMS; b++)
        sum += probability[b] = exp((double)scores[b]);
    for (int b = 0; b < BEAMS; b++)
        probability[b] /= sum;
}

/* The session's answer is that of bcue_complete_score, and differs between the stand-ins. */
static void session_agrees(void)
{
    enum { COUNT = 4 };
    static const int stand_ins[COUNT] = {BCUE_STAND_IN_ZERO, BCUE_STAND_IN_MEAN, BCUE_STAND_IN_GENERATED,
                                         BCUE_STAND_IN_MAP};
    toy_run run;
    double seen[COUNT][2][6][BEAMS];
    size_t samples[6];
    CHECK_OK(toy_open(FOLDER, yaml, (const char *const[]){NULL}, &run), run.error);
    for (size_t i = 0; i < 6; i++)
        samples[i] = 3 * i;
    for (int s = 0; s < COUNT; s++) {
        bcue_model *model;
        bcue_session *session;
        bcue_score_session scores;
        const bcue_score_job job = {
            .train = &run.run.train, .dataset = run.dataset, .samples = samples, .count = 6};
        force_choice(stand_ins[s]);
        CHECK_OK(bcue_model_load(MODEL, &model, &run.error), run.error);
        CHECK_OK(bcue_session_create(model, &session, &run.error), run.error);
        CHECK_OK(bcue_score_session_open(MODEL, &job, NULL, NULL, &scores, &run.error), run.error);
        for (int without = 0; without < 2; without++) {
            float expected[6 * BEAMS];
            int stand_in = -1;
            const unsigned missing = 1U << (without == 0 ? BCUE_INPUT_LIDAR : BCUE_INPUT_RADAR);
            CHECK_OK(bcue_complete_choose(&scores.model, MODEL, missing, BCUE_STAND_IN_COUNT, &stand_in,
                                          &run.error),
                     run.error);
            CHECK_INT(stand_in, stand_ins[s]);
            CHECK_OK(bcue_complete_score(&scores, &job, missing, stand_in, 1, 1, NULL, expected, &run.error),
                     run.error);
            for (size_t i = 0; i < 6; i++) {
                double want[BEAMS], *got = seen[s][without][i];
                softmax(expected + i * BEAMS, want);
                predict(&run, session, bcue_dataset_sample(run.dataset, samples[i]), without, got);
                for (int b = 0; b < BEAMS; b++)
                    CHECK_AT(fabs(want[b] - got[b]) < 1e-5, "%s, without %d, sample %zu: %g, expected %g",
                             bcue_stand_in_names[stand_ins[s]], without, i, got[b], want[b]);
            }
        }
        bcue_score_session_close(&scores);
        bcue_session_destroy(session);
        bcue_model_destroy(model);
    }
    double map_apart = 0; /* of the radar's maps little more than the mean can be known */
    for (int without = 0; without < 2; without++)
        for (int a = 0; a < COUNT; a++)
            for (int b = 0; b < a; b++) {
                double apart = 0;
                for (size_t i = 0; i < 6; i++)
                    for (int k = 0; k < BEAMS; k++)
                        apart = fmax(apart, fabs(seen[a][without][i][k] - seen[b][without][i][k]));
                if (stand_ins[a] == BCUE_STAND_IN_MAP && stand_ins[b] == BCUE_STAND_IN_MEAN)
                    map_apart = fmax(map_apart, apart);
                else
                    CHECK_AT(apart > 1e-5, "stand-ins %d and %d are one, without %d: %g", a, b, without,
                             apart);
            }
    CHECK(map_apart > 1e-5);
    toy_close(&run);
}

/* Vectors of both modalities that are linear in three hidden numbers: each can be made from the other. */
static void fill_vectors(bcue_gap_vectors *v, const bcue_model_file *file, size_t rows, uint32_t stream)
{
    *v = (bcue_gap_vectors){.sizes = bcue_branch_vectors_of(&file->config, &file->inputs), .rows = rows};
    v->patterns = 1 + bcue_gap_patterns(v->sizes.seen, 1, v->missing + 1);
    for (int m = BCUE_INPUT_LIDAR; m <= BCUE_INPUT_RADAR; m++) {
        const size_t numbers = (size_t)bcue_gap_numbers(&v->sizes, m);
        for (size_t p = 0; p < v->patterns; p++) {
            if ((v->missing[p] & 1U << m) != 0)
                continue;
            v->data[p][m] = calloc(rows, numbers * sizeof(float));
            for (size_t k = 0; k < rows * numbers; k++) {
                bcue_rng hidden = bcue_rng_make(1, BCUE_RNG_TEST, stream, 0, (uint32_t)(k / numbers)),
                         mixing = bcue_rng_make(2, BCUE_RNG_TEST, 0, (uint32_t)m, (uint32_t)(k % numbers));
                double x = 5;
                for (int h = 0; h < 3; h++)
                    x += bcue_rng_normal(&hidden) * bcue_rng_normal(&mixing);
                v->data[p][m][k] = (float)(0.1 * x);
            }
        }
    }
}

static void learns_what_can_be_known(void)
{
    for (int prior = 0; prior < 2; prior++) {
        toy_run run;
        bcue_model_file file;
        bcue_gap_vectors train, validation;
        bcue_complete_fit fit;
        CHECK_OK(toy_open(FOLDER, yaml, (const char *const[]){NULL}, &run), run.error);
        CHECK_OK(bcue_model_file_read(MODEL, &file, &run.error), run.error);
        bcue_weights_free(&file.generator);
        file.completion->prior = prior;
        CHECK_OK(bcue_complete_reserve(&file, 1, &run.error), run.error);
        fill_vectors(&train, &file, 200, 1);
        fill_vectors(&validation, &file, 50, 2);
        CHECK_OK(
            bcue_complete_train(&run.run.complete, 1, &train, &validation, NULL, &file, &fit, &run.error),
            run.error);
        CHECK_AT(fit.error < 0.3 && fit.first_error > 0.9, "prior %d: the error went from %g to %g", prior,
                 fit.first_error, fit.error);
        bcue_gap_vectors_free(&train);
        bcue_gap_vectors_free(&validation);
        bcue_model_file_free(&file);
        toy_close(&run);
    }
}

static void refusals(void)
{
    toy_run run;
    bcue_complete_result result;
    bcue_model_file file;
    int stand_in;
    CHECK_OK(toy_open(FOLDER, yaml, (const char *const[]){NULL}, &run), run.error);
    CHECK_OK(bcue_model_file_read(MODEL, &file, &run.error), run.error);
    CHECK_STATUS(bcue_complete_choose(&file, MODEL, 1U << BCUE_INPUT_CAMERA, BCUE_STAND_IN_COUNT, &stand_in,
                                      &run.error),
                 BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(run.error.text, "has no camera");
    file.completion->spread.count--; /* a damaged file */
    CHECK_OK(bcue_model_file_write(FOLDER "/out/damaged.safetensors", &file, &run.error), run.error);
    file.completion->spread.count++;
    bcue_model_file_free(&file);
    CHECK_STATUS(bcue_model_file_read(FOLDER "/out/damaged.safetensors", &file, &run.error),
                 BCUE_ERROR_FORMAT);
    CHECK_CONTAINS(run.error.text, "beamcue complete");
    CHECK(remove(MODEL) == 0);
    CHECK_STATUS(bcue_complete_member(&run.run, run.config, run.dataset, bcue_run_member_at(&run.run, 0),
                                      false, NULL, &result, &run.error),
                 BCUE_ERROR_DATA);
    CHECK_CONTAINS(run.error.text, "beamcue train");
    toy_close(&run);
}

int main(void)
{
    RUN(made);
    RUN(session_agrees);
    RUN(calibrated);
    RUN(learns_what_can_be_known);
    RUN(refusals);
    return check_summary();
}
