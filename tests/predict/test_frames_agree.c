/* Frames that are lost: the evaluation and a stream that never gets them answer alike; zeros are what a
   single call makes of a frame that is not there; and nothing lost, or everything, is what it was. */
#include <math.h>
#include <string.h>

#include "beamcue/stream.h"
#include "check.h"
#include "formats/ply.h"
#include "learn/complete_measure.h"
#include "learn/evaluate.h"
#include "learn/score_without.h"
#include "models/model_file.h"
#include "toy_data.h"

#define FOLDER BCUE_BINARY_DIR "/test_frames_agree"
#define MODEL FOLDER "/out/model-seed1.safetensors"

enum { EPISODES = 4, ROWS = 20, BEAMS = 4, FRAMES = 3, FIXES = 2, POINTS = 200, SEED = 5, SETTLED = 10 };

static const char yaml[] =
    "name: toy\n"
    "out: " FOLDER "/out\n"
    "data:\n"
    "  sources: [{root: " FOLDER "/scenario}]\n"
    "  beams: 4\n"
    "  window: {frames: 3}\n"
    "  gps_frames: 2\n"
    "split: {train: 0.25, validation: 0.25, test: 0.5}\n"
    "features:\n"
    "  lidar: {enabled: true, height: 32, width: 32}\n"
    "  radar: {enabled: true, height: 32, width: 32}\n"
    "  position: {enabled: true, mode: enu}\n"
    "model: {kind: beamtransfuser, modalities: [lidar, radar, gps], width: 8, blocks: 1, "
    "heads: 2, anchors: 2, head: [8], lidar_depth: 18, radar_depth: 18}\n"
    "train: {loader_threads: 1}\n"
    "evaluate: {bootstrap: 0, top_k: [1, 4], insight: 0}\n";

/* A vehicle that passes at 10 m/s and slows down, with a metre of noise. */
static bcue_fix place(size_t i)
{
    bcue_rng rng = bcue_rng_make(9, BCUE_RNG_TEST, 0, 0, (uint32_t)i);
    const double t = 0.1 * (double)(i % ROWS), along_m = 10 * t - 1.5 * t * t;
    return (bcue_fix){33.42 + 9e-6 * (20 + bcue_rng_normal(&rng)),
                      -111.92 + 1.08e-5 * (along_m - 10 + bcue_rng_normal(&rng))};
}

static void write_scenario(void)
{
    static const char folder[] = FOLDER "/scenario";
    bcue_error error = {""};
    bcue_text table = {0};
    CHECK_OK(bcue_make_dirs(folder, &error), error);
    bcue_text_puts(
        &table, "index,seq_index,unit1_pwr_60ghz,unit1_beam,unit1_lidar,unit1_radar,unit1_loc,unit2_loc\n");
    toy_write_text(folder, "rsu.txt", "33.42\n-111.92\n");
    for (size_t i = 0; i < EPISODES * ROWS; i++) {
        char name[64], path[512], text[256] = "";
        double points[3 * POINTS];
        float values[2 * 4 * 16 * 12];
        bcue_rng rng = bcue_rng_make(8, BCUE_RNG_TEST, 0, 0, (uint32_t)i);
        for (int k = 0; k < 3 * POINTS; k++)
            points[k] = k % 3 == 2 ? -1 : bcue_rng_range(&rng, -18, 18);
        for (int k = 0; k < 2 * 4 * 16 * 12; k++)
            values[k] = (float)bcue_rng_normal(&rng);
        const bcue_ply cloud = {.count = POINTS, .points = points};
        const bcue_npy cube = {
            .type = BCUE_NPY_C64, .rank = 3, .shape = {4, 16, 12}, .count = 4 * 16 * 12, .data = values};
        snprintf(path, sizeof path, "%s/lidar_%zu.ply", folder, i + 1);
        CHECK_OK(bcue_ply_write(path, &cloud, BCUE_PLY_BINARY, &error), error);
        snprintf(path, sizeof path, "%s/radar_%zu.npy", folder, i + 1);
        CHECK_OK(bcue_npy_write(path, &cube, &error), error);
        for (size_t b = 0; b < BEAMS; b++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%g\n",
                     (b == i % BEAMS ? 0.9 : 0.1) + 1e-4 * (double)(i + 1)); /* no two rows alike */
        snprintf(name, sizeof name, "power_%zu.txt", i + 1);
        toy_write_text(folder, name, text);
        const bcue_fix fix = place(i);
        snprintf(text, sizeof text, "%.12f\n%.12f\n", fix.latitude_deg, fix.longitude_deg);
        snprintf(name, sizeof name, "fix_%zu.txt", i + 1);
        toy_write_text(folder, name, text);
        bcue_text_printf(&table,
                         "%zu,%zu,power_%zu.txt,%zu,lidar_%zu.ply,radar_%zu.npy,rsu.txt,fix_%zu.txt\n", i + 1,
                         i / ROWS + 1, i + 1, i % BEAMS + 1, i + 1, i + 1, i + 1);
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

static toy_run open_run(const char *missing_frames)
{
    toy_run run;
    char set[256];
    snprintf(set, sizeof set, "evaluate.missing_frames=%s", missing_frames);
    CHECK_OK(toy_open(FOLDER, yaml, (const char *const[]){set, NULL}, &run), run.error);
    return run;
}

/* Scores of all samples; free them. */
static float *score_all(toy_run *run, uint64_t seed, bcue_frame_counts counts[BCUE_LOSABLE])
{
    const size_t count = bcue_dataset_count(run->dataset);
    size_t *samples = bcue_calloc(count, sizeof *samples);
    float *scores = bcue_calloc(count, BEAMS * sizeof *scores);
    bcue_frame_counts ignored[BCUE_LOSABLE] = {{0}};
    for (size_t i = 0; i < count; i++)
        samples[i] = i;
    const bcue_score_job job = {
        .train = &run->run.train, .dataset = run->dataset, .seed = seed, .samples = samples, .count = count};
    CHECK_OK(bcue_score_without(&run->run, MODEL, &job, NULL, scores, counts != NULL ? counts : ignored,
                                &run->error),
             run->error);
    free(samples);
    return scores;
}

static void softmax(const float *scores, double probability[BEAMS])
{
    double sum = 0;
    for (int b = 0; b < BEAMS; b++)
        sum += probability[b] = exp((double)scores[b]);
    for (int b = 0; b < BEAMS; b++)
        probability[b] /= sum;
}

/* Bytes of a frame of a row. */
static bcue_bytes frame_of(const toy_run *run, const bcue_sample *sample, int m, size_t f)
{
    bcue_error error = {""};
    bcue_bytes bytes = {0};
    char *path = bcue_dataset_path(run->dataset, sample, sample->file[m][f]);
    CHECK_OK(bcue_file_read(path, 1 << 20, &bytes, &error), error);
    free(path);
    return bytes;
}

/* What a stream gets of place `f` of a sample's window, when it is not lost. */
static void push_place(const toy_run *run, bcue_session *session, const bcue_sample *sample, int m, size_t f)
{
    bcue_error error = {""};
    const int64_t row = sample->row - ((m == BCUE_GPS ? FIXES : FRAMES) - 1 - (int64_t)f);
    const double time_s = 0.1 * (double)row;
    bcue_verdict verdict = BCUE_FRAME_GOOD;
    if (bcue_frame_is_lost(&run->run.evaluate.missing_frames, SEED, sample->source, m, row))
        return;
    if (m == BCUE_GPS) {
        const bcue_fix fix = {sample->fix[2 * f], sample->fix[2 * f + 1]};
        CHECK_OK(bcue_session_push_fix(session, time_s, fix, &verdict, &error), error);
    } else {
        bcue_bytes bytes = frame_of(run, sample, m, f);
        CHECK_OK(bcue_session_push(session, (bcue_sensor)m, time_s, bytes.data, bytes.size, &verdict, &error),
                 error);
        bcue_bytes_free(&bytes);
    }
    CHECK_INT(verdict, BCUE_FRAME_GOOD);
}

/* The newest of each; of the first sample of a drive all. */
static void push_row(const toy_run *run, bcue_session *session, const bcue_sample *sample, bool first)
{
    for (int m = BCUE_LIDAR; m <= BCUE_GPS; m++) {
        const size_t frames = m == BCUE_GPS ? FIXES : FRAMES;
        for (size_t f = first ? 0 : frames - 1; f < frames; f++)
            push_place(run, session, sample, m, f);
    }
}

/* Sample by sample the same probabilities as a stream's, which is given the frames that were not lost. */
static void as_a_stream(void)
{
    static const char *const cases[] = {
        "{lidar: 0.3, radar: 0.4, gps: 0.4}", "{lidar: 0.3, radar: 0.4, gps: 0.4, carry_s: 0}",
        "{lidar: 0.5, gps: 0.7, carry_s: 0.3}", "{lidar: 0.6, radar: 0.5, gps: 0.2, least: 2}"};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        toy_run run = open_run(cases[c]);
        bcue_model *model;
        bcue_session *session;
        bcue_frame_counts counts[BCUE_LOSABLE] = {{0}};
        const bcue_missing_frames_config *lost = &run.run.evaluate.missing_frames;
        float *scores = score_all(&run, SEED, counts);
        const bcue_stream_options options = {.rsu = {33.42, -111.92},
                                             .carry_s = lost->carry_s > 0 ? lost->carry_s : -1,
                                             .least_frames = (int)lost->least};
        size_t compared = 0, touched = 0, without = 0;
        CHECK_OK(bcue_model_load(MODEL, &model, &run.error), run.error);
        CHECK_OK(bcue_session_create(model, &session, &run.error), run.error);
        CHECK_OK(bcue_session_stream(session, &options, &run.error), run.error);
        for (size_t i = 0; i < bcue_dataset_count(run.dataset); i++) {
            const bcue_sample *sample = bcue_dataset_sample(run.dataset, i);
            double want[BEAMS];
            bcue_answer answer;
            const bool first = i == 0 || sample->episode != bcue_dataset_sample(run.dataset, i - 1)->episode;
            if (first)
                bcue_session_forget(session);
            push_row(&run, session, sample, first);
            CHECK_OK(bcue_session_predict(session, 0.1 * (double)sample->row, INFINITY, &answer, &run.error),
                     run.error);
            if (sample->row % ROWS < SETTLED || answer.rung != BCUE_RUNG_NETWORK)
                continue; /* the evaluation has no windows that end before the first sample */
            softmax(scores + i * BEAMS, want);
            for (int k = 0; k < BEAMS; k++)
                CHECK_AT(fabs(answer.beams[k].probability - want[answer.beams[k].beam]) < 1e-5,
                         "%s, %s: beam %d has %g in the stream and %g in the evaluation", cases[c],
                         sample->id, answer.beams[k].beam, answer.beams[k].probability,
                         want[answer.beams[k].beam]);
            compared++;
            touched += answer.pattern.partly != 0;
            without += answer.pattern.missing != 0;
        }
        CHECK_AT(compared > 30 && touched > 15, "%s: %zu compared, %zu with gaps", cases[c], compared,
                 touched);
        CHECK(c != 3 || without > 3);
        for (int m = BCUE_LIDAR; m <= BCUE_GPS; m++) {
            const double n = (double)counts[m].windows, share = lost->lost[m];
            if (share > 0) /* frames of neighbouring windows are the same */
                CHECK_NEAR((double)counts[m].lost / (double)counts[m].places, share, 4 * sqrt(0.25 / n));
            else
                CHECK_INT(counts[m].places, 0);
        }
        free(scores);
        bcue_session_destroy(session);
        bcue_model_destroy(model);
        toy_close(&run);
    }
}

/* What a single call says of the window of a sample: of each place the frame `from`, -1: none. */
static void single_call(const toy_run *run, bcue_session *session, const bcue_sample *sample,
                        int from[BCUE_LOSABLE][FRAMES], double probability[BEAMS])
{
    bcue_error error = {""};
    bcue_bytes bytes[2][FRAMES];
    bcue_encoded_picture frames[2][FRAMES] = {0};
    bcue_fix fixes[FIXES];
    bcue_ranked_beam ranked[BEAMS];
    for (int m = BCUE_LIDAR; m <= BCUE_RADAR; m++)
        for (int f = 0; f < FRAMES; f++) {
            bytes[m - BCUE_LIDAR][f] = frame_of(run, sample, m, (size_t)(from[m][f] < 0 ? 0 : from[m][f]));
            if (from[m][f] >= 0)
                frames[m - BCUE_LIDAR][f] = (bcue_encoded_picture){bytes[m - BCUE_LIDAR][f].data,
                                                                   bytes[m - BCUE_LIDAR][f].size, NULL};
        }
    for (int f = 0; f < FIXES; f++) {
        const int at = from[BCUE_GPS][f];
        fixes[f] = at < 0 ? (bcue_fix){NAN, NAN} : (bcue_fix){sample->fix[2 * at], sample->fix[2 * at + 1]};
    }
    const bcue_observation observation = {.lidar = frames[0],
                                          .lidar_count = FRAMES,
                                          .radar = frames[1],
                                          .radar_count = FRAMES,
                                          .fixes = fixes,
                                          .fix_count = FIXES,
                                          .rsu = {33.42, -111.92}};
    CHECK_OK(bcue_predict(session, &observation, BEAMS, ranked, NULL, &error), error);
    for (int k = 0; k < BEAMS; k++)
        probability[ranked[k].beam] = ranked[k].probability;
    for (int m = 0; m < 2; m++)
        for (int f = 0; f < FRAMES; f++)
            bcue_bytes_free(&bytes[m][f]);
}

/* `zero` is what a session makes of frames that are not there; `place` holds them where they are. */
static void zeros_and_places(void)
{
    for (int hold = 0; hold < 2; hold++) {
        toy_run run = open_run(hold ? "{lidar: 0.4, radar: 0.3, gps: 0.3, stand_in: place}"
                                    : "{lidar: 0.4, radar: 0.3, gps: 0.3, stand_in: zero}");
        bcue_model *model;
        bcue_session *session;
        size_t compared = 0;
        float *scores = score_all(&run, SEED, NULL);
        CHECK_OK(bcue_model_load(MODEL, &model, &run.error), run.error);
        CHECK_OK(bcue_session_create(model, &session, &run.error), run.error);
        for (size_t i = 0; i < bcue_dataset_count(run.dataset); i++) {
            const bcue_sample *sample = bcue_dataset_sample(run.dataset, i);
            int from[BCUE_LOSABLE][FRAMES], left = 0;
            double want[BEAMS], got[BEAMS];
            for (int m = BCUE_LIDAR; m <= BCUE_GPS; m++) {
                const int frames = m == BCUE_GPS ? FIXES : FRAMES;
                bool there[FRAMES];
                for (int f = 0; f < frames; f++) {
                    there[f] = !bcue_frame_is_lost(&run.run.evaluate.missing_frames, SEED, sample->source, m,
                                                   sample->row - (frames - 1 - f));
                    left += there[f];
                }
                bcue_fill_window(there, (size_t)frames, hold ? FRAMES : 0, from[m]);
            }
            if (left == 0)
                continue;
            single_call(&run, session, sample, from, want);
            softmax(scores + i * BEAMS, got);
            for (int b = 0; b < BEAMS; b++)
                CHECK_AT(fabs(want[b] - got[b]) < 1e-5, "hold %d, %s: %g, expected %g", hold, sample->id,
                         got[b], want[b]);
            compared++;
        }
        CHECK(compared > 50);
        free(scores);
        bcue_session_destroy(session);
        bcue_model_destroy(model);
        toy_close(&run);
    }
}

static double most_apart(const float *a, const float *b, size_t count)
{
    double most = 0;
    for (size_t i = 0; i < count * BEAMS; i++)
        most = fmax(most, fabs((double)a[i] - (double)b[i]));
    return most;
}

/* A share so small that nothing is lost goes the whole way, and comes out as if nothing had been asked for.
 */
static void nothing_lost_changes_nothing(void)
{
    static const char *const never[] = {"{lidar: 1e-12, radar: 1e-12, gps: 1e-12}",
                                        "{lidar: 1e-12, radar: 1e-12, gps: 1e-12, stand_in: place, least: 3}",
                                        "{lidar: 1e-12, stand_in: zero}"};
    toy_run plain = open_run("{}");
    const size_t count = bcue_dataset_count(plain.dataset);
    float *want = score_all(&plain, SEED, NULL);
    for (size_t c = 0; c < 3; c++) {
        toy_run run = open_run(never[c]);
        bcue_frame_counts counts[BCUE_LOSABLE] = {{0}};
        float *got = score_all(&run, SEED, counts);
        CHECK_INT(counts[BCUE_LIDAR].lost, 0);
        CHECK_INT(counts[BCUE_LIDAR].places, count * FRAMES);
        CHECK_INT(counts[BCUE_GPS].held + counts[BCUE_GPS].carried + counts[BCUE_GPS].zero, 0);
        CHECK_AT(most_apart(got, want, count) <= 0, "%s: %g apart", never[c], most_apart(got, want, count));
        free(got);
        toy_close(&run);
    }
    free(want);
    toy_close(&plain);
}

/* All of it lost is the modality missing. */
static void everything_lost_is_a_modality(void)
{
    toy_run run = open_run("{lidar: 1, gps: 1}"), without;
    const char *const missing[] = {"evaluate.missing=[lidar, gps]", NULL};
    const size_t count = bcue_dataset_count(run.dataset);
    bcue_frame_counts counts[BCUE_LOSABLE] = {{0}};
    float *got = score_all(&run, SEED, counts);
    CHECK_OK(toy_open(FOLDER, yaml, missing, &without), without.error);
    float *want = score_all(&without, SEED, NULL);
    CHECK(most_apart(got, want, count) <= 0);
    CHECK_INT(counts[BCUE_LIDAR].without, count);
    CHECK_INT(counts[BCUE_GPS].without, count);
    free(got);
    free(want);
    toy_close(&run);
    toy_close(&without);
}

static void draws_follow_the_seed(void)
{
    toy_run run = open_run("{radar: 0.3}");
    const size_t count = bcue_dataset_count(run.dataset);
    float *first = score_all(&run, SEED, NULL), *again = score_all(&run, SEED, NULL),
          *other = score_all(&run, SEED + 1, NULL);
    CHECK(most_apart(first, again, count) <= 0);
    CHECK(most_apart(first, other, count) > 1e-4);
    free(first);
    free(again);
    free(other);
    toy_close(&run);
}

/* The whole way of 'beamcue evaluate', and what it refuses. */
static void evaluated(void)
{
    toy_run run = open_run("{radar: 0.3, gps: 0.5}");
    bcue_evaluation evaluation;
    CHECK_OK(bcue_evaluate_run(&run.run, run.config, run.dataset, NULL, NULL, &evaluation, &run.error),
             run.error);
    CHECK_INT(evaluation.frames[BCUE_RADAR].windows, evaluation.predictions[0].rows);
    CHECK(evaluation.frames[BCUE_RADAR].held > 0 && evaluation.frames[BCUE_GPS].carried > 0);
    CHECK_INT(evaluation.frames[BCUE_LIDAR].windows, 0);
    bcue_evaluation_free(&evaluation);
    toy_close(&run);
    run = open_run("{camera: 0.1}");
    CHECK_STATUS(bcue_evaluate_run(&run.run, run.config, run.dataset, NULL, NULL, &evaluation, &run.error),
                 BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(run.error.text, "evaluate.missing_frames.camera: the model takes no camera");
    toy_close(&run);
    CHECK_STATUS(
        toy_open(FOLDER, yaml, (const char *const[]){"evaluate.missing_frames={lidar: 1.5}", NULL}, &run),
        BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(run.error.text, "evaluate.missing_frames.lidar");
}

int main(void)
{
    toy_run run;
    write_scenario();
    CHECK_OK(toy_open(FOLDER, yaml, (const char *const[]){NULL}, &run), run.error);
    write_model(&run);
    toy_close(&run);
    RUN(as_a_stream);
    RUN(zeros_and_places);
    RUN(nothing_lost_changes_nothing);
    RUN(everything_lost_is_a_modality);
    RUN(draws_follow_the_seed);
    RUN(evaluated);
    return check_summary();
}
