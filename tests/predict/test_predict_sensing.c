/* LiDAR and radar at the road side: from the bytes of .ply and .npy files the same answers, bit for bit, as
   the evaluation gives for the same sample; what is missing or broken is told. */
#include "beamcue/predict.h"
#include "check.h"
#include "formats/ply.h"
#include "learn/evaluate.h"
#include "learn/scorer.h"
#include "models/model_file.h"
#include "toy_data.h"

#define FOLDER BCUE_BINARY_DIR "/test_predict_sensing"

enum { EPISODES = 5, ROWS = 5, BEAMS = 4, FRAMES = 2 };

static const char yaml[] =
    "name: toy\n"
    "out: " FOLDER "/out\n"
    "data:\n"
    "  sources: [{root: " FOLDER "/scenario}]\n"
    "  beams: 4\n"
    "  window: {frames: 2}\n"
    "split: {train: 0.3, validation: 0, test: 0.7}\n"
    "features:\n"
    "  lidar: {enabled: true, height: 32, width: 32, background: " FOLDER "/static.ply}\n"
    "  radar: {enabled: true, height: 32, width: 32}\n"
    "model: {kind: resnet18, width: 8}\n"
    "train: {loader_threads: 1, epochs: 1}\n"
    "evaluate: {bootstrap: 0, top_k: [1, 4]}\n";

static void write_frames(const char *folder, size_t i)
{
    bcue_error error = {""};
    char path[512];
    enum { POINTS = 300 };
    double points[3 * POINTS];
    float values[2 * 4 * 16 * 12];
    bcue_rng rng = bcue_rng_make(8, BCUE_RNG_TEST, 0, 0, (uint32_t)i);
    for (int k = 0; k < 3 * POINTS; k++)
        points[k] = bcue_rng_range(&rng, -20, 0);
    for (int k = 0; k < 2 * 4 * 16 * 12; k++)
        values[k] = (float)bcue_rng_normal(&rng);
    const bcue_ply cloud = {.count = POINTS, .points = points};
    const bcue_npy cube = {
        .type = BCUE_NPY_C64, .rank = 3, .shape = {4, 16, 12}, .count = 4 * 16 * 12, .data = values};
    snprintf(path, sizeof path, "%s/lidar_%zu.ply", folder, i + 1);
    CHECK_OK(bcue_ply_write(path, &cloud, i % 2 == 0 ? BCUE_PLY_ASCII : BCUE_PLY_BINARY, &error), error);
    snprintf(path, sizeof path, "%s/radar_%zu.npy", folder, i + 1);
    CHECK_OK(bcue_npy_write(path, &cube, &error), error);
}

/* Every seventh row lacks both. */
static void write_scenario(void)
{
    static const char folder[] = FOLDER "/scenario";
    static const double fixed[6] = {-5, -5, -5, -12, -3, -9};
    bcue_error error = {""};
    bcue_text table = {0};
    const bcue_ply background = {.count = 2, .points = (double *)(uintptr_t)fixed};
    CHECK_OK(bcue_make_dirs(folder, &error), error);
    CHECK_OK(bcue_ply_write(FOLDER "/static.ply", &background, BCUE_PLY_BINARY, &error), error);
    bcue_text_puts(&table, "index,seq_index,unit1_pwr_60ghz,unit1_beam,unit1_lidar,unit1_radar\n");
    for (size_t i = 0; i < EPISODES * ROWS; i++) {
        char name[64], power[128] = "";
        write_frames(folder, i);
        for (size_t b = 0; b < BEAMS; b++)
            snprintf(power + strlen(power), sizeof power - strlen(power), "%g\n",
                     (b == i % BEAMS ? 0.9 : 0.1) + 1e-4 * (double)(i + 1)); /* no two rows alike */
        snprintf(name, sizeof name, "power_%zu.txt", i + 1);
        toy_write_text(folder, name, power);
        bcue_text_printf(&table, "%zu,%zu,power_%zu.txt,%zu,", i + 1, i / ROWS + 1, i + 1, i % BEAMS + 1);
        if (i % 7 == 3)
            bcue_text_puts(&table, ",\n");
        else
            bcue_text_printf(&table, "lidar_%zu.ply,radar_%zu.npy\n", i + 1, i + 1);
    }
    toy_write_text(folder, "scenario.csv", table.data);
    bcue_text_free(&table);
}

/* A model file with drawn weights. */
static void write_model(const toy_run *run, char path[512])
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
    snprintf(path, 512, "%s/model-seed1.safetensors", run->run.out);
    CHECK_OK(bcue_model_file_write(path, &model, &error), error);
    bcue_weights_free(&model.weights);
    bcue_graph_destroy(graph);
    bcue_text_free(&recipes);
}

/* The raw files of a sample's window. */
typedef struct raw_window {
    bcue_bytes bytes[2][FRAMES];
    bcue_encoded_picture frame[2][FRAMES]; /* LiDAR, radar */
    bcue_observation observation;
} raw_window;

static void read_raw(const toy_run *run, const bcue_sample *sample, raw_window *raw)
{
    static const bcue_modality kinds[2] = {BCUE_LIDAR, BCUE_RADAR};
    bcue_error error = {""};
    *raw = (raw_window){0};
    for (int k = 0; k < 2; k++)
        for (int f = 0; f < FRAMES; f++) {
            const char *file = sample->file[kinds[k]][f];
            if (file == NULL)
                continue;
            char *path = bcue_dataset_path(run->dataset, sample, file);
            CHECK_OK(bcue_file_read(path, 1 << 20, &raw->bytes[k][f], &error), error);
            free(path);
            raw->frame[k][f] = (bcue_encoded_picture){raw->bytes[k][f].data, raw->bytes[k][f].size, NULL};
        }
    raw->observation = (bcue_observation){
        .lidar = raw->frame[0], .radar = raw->frame[1], .lidar_count = FRAMES, .radar_count = FRAMES};
}

static void free_raw(raw_window *raw)
{
    for (int k = 0; k < 2; k++)
        for (int f = 0; f < FRAMES; f++)
            bcue_bytes_free(&raw->bytes[k][f]);
}

static const bcue_sample *find_sample(const toy_run *run, const char *id)
{
    for (size_t i = 0; i < bcue_dataset_count(run->dataset); i++) {
        const bcue_sample *sample = bcue_dataset_sample(run->dataset, i);
        if (strcmp(sample->id, id) == 0)
            return sample;
    }
    return NULL;
}

static void compare(const toy_run *run, const char *path, const bcue_predictions *expected)
{
    bcue_error error = {""};
    bcue_model *model;
    bcue_session *session;
    CHECK_OK(bcue_model_load(path, &model, &error), error);
    CHECK_OK(bcue_session_create(model, &session, &error), error);
    size_t compared = 0, lacking = 0;
    for (size_t i = 0; i < expected->rows; i++) {
        raw_window raw;
        bcue_ranked_beam ranked[BEAMS];
        read_raw(run, find_sample(run, expected->ids[i]), &raw);
        bcue_status status = bcue_predict(session, &raw.observation, BEAMS, ranked, NULL, &error);
        CHECK_AT(status == BCUE_OK, "%s: %s", expected->ids[i], error.text);
        /* Evaluation computes many samples at once; some CPUs have other kernels for one. */
        for (size_t k = 0; status == BCUE_OK && k < BEAMS; k++, compared++) {
            CHECK_INT(ranked[k].beam, expected->ranked[BEAMS * i + k]);
            CHECK_AT(fabs((double)ranked[k].probability - (double)expected->probability[BEAMS * i + k]) <=
                         1e-6,
                     "%s: probability %.9g, evaluation says %.9g", expected->ids[i], ranked[k].probability,
                     expected->probability[BEAMS * i + k]);
        }
        lacking += raw.frame[0][0].data == NULL || raw.frame[0][1].data == NULL;
        free_raw(&raw);
    }
    CHECK(compared >= 10 * BEAMS && lacking > 0);
    bcue_session_destroy(session);
    bcue_model_destroy(model);
}

static void agree(const char *modality, const char *more)
{
    char model[96], out[256], first[128];
    snprintf(model, sizeof model, "model.modality=%s", modality);
    snprintf(out, sizeof out, "out=%s/%s", FOLDER, modality);
    snprintf(first, sizeof first, "%s", more);
    const char *const overrides[] = {model, out, first, NULL};
    toy_run run;
    bcue_evaluation evaluation;
    char path[512];
    CHECK_OK(toy_open(FOLDER, yaml, overrides, &run), run.error);
    write_model(&run, path);
    CHECK_OK(bcue_evaluate_run(&run.run, run.config, run.dataset, NULL, NULL, &evaluation, &run.error),
             run.error);
    compare(&run, path, &evaluation.predictions[0]);
    bcue_evaluation_free(&evaluation);
    toy_close(&run);
}

static void test_agreement(void)
{
    write_scenario();
    agree("lidar", "features.lidar.clip=3");
    agree("radar", "features.radar.recipe=tii");
    agree("radar", "features.radar.recipe=calibrated");
}

static void test_refusals(void)
{
    bcue_error error = {""};
    bcue_model *model;
    bcue_session *session;
    bcue_model_facts facts;
    bcue_ranked_beam ranked[BEAMS];
    CHECK_OK(bcue_model_load(FOLDER "/radar/model-seed1.safetensors", &model, &error), error);
    bcue_model_get_facts(model, &facts);
    CHECK_INT(facts.radar_frames, FRAMES);
    CHECK_INT(facts.lidar_frames, 0);
    CHECK_INT(facts.camera_frames, 0);
    CHECK_OK(bcue_session_create(model, &session, &error), error);
    bcue_encoded_picture broken = {"\x93NUMPY\1", 8, "radar.npy"};
    bcue_observation observation = {.radar = &broken, .radar_count = 1};
    CHECK_STATUS(bcue_predict(session, &observation, BEAMS, ranked, NULL, &error), BCUE_ERROR_FORMAT);
    CHECK_CONTAINS(error.text, "radar.npy");
    observation.radar_count = 0;
    observation.lidar = &broken; /* not looked at */
    observation.lidar_count = 1;
    CHECK_STATUS(bcue_predict(session, &observation, BEAMS, ranked, NULL, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "radar frames");
    bcue_session_destroy(session);
    bcue_model_destroy(model);
    /* The static background that the model was trained with must still be there, and whole. */
    CHECK(remove(FOLDER "/static.ply") == 0);
    CHECK_OK(bcue_model_load(FOLDER "/lidar/model-seed1.safetensors", &model, &error), error);
    CHECK_STATUS(bcue_session_create(model, &session, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "static.ply");
    bcue_model_destroy(model);
}

int main(void)
{
    RUN(test_agreement);
    RUN(test_refusals);
    return check_summary();
}
