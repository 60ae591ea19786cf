/* The road side: the same answers as the evaluation gives for the same sample, from raw files; whatever is
 * missing or broken is told. */
#include <pthread.h>
#include <unistd.h>
#include "base/parallel.h"
#include "beamcue/predict.h"
#include "check.h"
#include "learn/evaluate.h"
#include "learn/scorer.h"
#include "learn/trainer.h"
#include "models/model_file.h"
#include "toy_data.h"

#define FOLDER BCUE_BINARY_DIR "/test_predict"

static const toy_shape street = {.episodes = 5, .rows = 4, .beams = 4, .missing_every = 5};

/* All rows are tested, so that some lack their picture; the models are drawn, not trained. */
static const char yaml[] =
    "name: toy\n"
    "out: " FOLDER "/out\n"
    "data:\n"
    "  sources: [{root: " FOLDER "/scenario}]\n"
    "  beams: 4\n"
    "  gps_frames: 2\n"
    "split: {train: 0.3, validation: 0, test: 0.7}\n"
    "features:\n"
    "  camera: {enabled: true, width: 32, height: 32}\n"
    "  position: {enabled: true, low_0: 50, high_0: 50.001, low_1: 10, high_1: 10.001}\n"
    "model: {kind: position-mlp, hidden: 64, shared_layers: 2}\n"
    "train: {loader_threads: 0, epochs: 1}\n"
    "evaluate: {bootstrap: 0, top_k: [1, 4]}\n";

static void model_path(const toy_run *run, char path[512])
{
    snprintf(path, 512, "%s/model-seed1.safetensors", run->run.out);
}

/* A model file with drawn weights (networks) or fitted ones (tables). */
static void write_model(toy_run *run)
{
    bcue_error error = {""};
    bcue_training_summary summary = {0};
    if (bcue_model_is_table(&run->run.model)) {
        CHECK_OK(bcue_train_member(&run->run, run->config, run->dataset, bcue_run_member_at(&run->run, 0),
                                   NULL, &summary, &error),
                 error);
        bcue_training_summary_free(&summary);
        return;
    }
    const bcue_feature_config features = bcue_features_for(&run->run.features, &run->run.model);
    bcue_model_file model = {.config = run->run.model,
                             .inputs = bcue_model_inputs_of(run->dataset, &features, &run->run.model)};
    bcue_text recipes = {0};
    bcue_graph *graph;
    char path[512];
    bcue_config_write(bcue_feature_config_fields, &features, &recipes);
    model.features_yaml = recipes.data;
    CHECK_OK(bcue_model_build(&model.config, &model.inputs, 1, &graph, &error), error);
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 2, &model.weights, &error), error);
    model_path(run, path);
    CHECK_OK(bcue_model_file_write(path, &model, &error), error);
    bcue_weights_free(&model.weights);
    bcue_graph_destroy(graph);
    bcue_text_free(&recipes);
}

/* What the road side would have in its hands. */
typedef struct raw_sample {
    bcue_bytes picture;
    bcue_encoded_picture camera;
    bcue_fix fixes[2];
    bcue_observation observation;
} raw_sample;

static void read_raw(const toy_run *run, const bcue_sample *sample, raw_sample *raw)
{
    bcue_error error = {""};
    *raw = (raw_sample){0};
    if (sample->file[BCUE_CAMERA] != NULL && sample->file[BCUE_CAMERA][0] != NULL) {
        char *path = bcue_dataset_path(run->dataset, sample, sample->file[BCUE_CAMERA][0]);
        CHECK_OK(bcue_file_read(path, 1 << 20, &raw->picture, &error), error);
        free(path);
        raw->camera = (bcue_encoded_picture){raw->picture.data, raw->picture.size, "frame.jpg"};
    }
    for (int i = 0; i < 2; i++)
        raw->fixes[i] = (bcue_fix){sample->fix[2 * i], sample->fix[2 * i + 1]};
    raw->observation = (bcue_observation){
        .camera = &raw->camera, .camera_count = 1, .fixes = raw->fixes, .fix_count = 2, .rsu = {NAN, NAN}};
}

/* The first sample that lacks nothing. */
static const bcue_sample *complete_sample(const toy_run *run)
{
    for (size_t i = 0; i < bcue_dataset_count(run->dataset); i++) {
        const bcue_sample *sample = bcue_dataset_sample(run->dataset, i);
        if (sample->file[BCUE_CAMERA][0] != NULL && isfinite(sample->fix[0]) && isfinite(sample->fix[2]))
            return sample;
    }
    return NULL;
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

/* Every tested sample through a session. Those without anything that the model needs are refused. */
static void compare_with_evaluation(const toy_run *run, const bcue_predictions *expected)
{
    bcue_error error = {""};
    bcue_model *model;
    bcue_session *session;
    char path[512];
    model_path(run, path);
    CHECK_OK(bcue_model_load(path, &model, &error), error);
    CHECK_OK(bcue_session_create(model, &session, &error), error);
    size_t refused = 0;
    for (size_t i = 0; i < expected->rows; i++) {
        raw_sample raw;
        bcue_ranked_beam ranked[4];
        read_raw(run, find_sample(run, expected->ids[i]), &raw);
        bcue_status status = bcue_predict(session, &raw.observation, 4, ranked, NULL, &error);
        refused += status == BCUE_ERROR_DATA;
        /* Evaluation computes many samples at once; some CPUs have other kernels for one. */
        for (size_t k = 0; status == BCUE_OK && k < 4; k++) {
            CHECK_INT(ranked[k].beam, expected->ranked[4 * i + k]);
            CHECK_AT(fabs((double)ranked[k].probability - (double)expected->probability[4 * i + k]) <= 1e-6,
                     "%s: probability %.9g, evaluation says %.9g", expected->ids[i], ranked[k].probability,
                     expected->probability[4 * i + k]);
        }
        bcue_bytes_free(&raw.picture);
    }
    CHECK(refused < expected->rows / 2);
    bcue_session_destroy(session);
    bcue_model_destroy(model);
}

static void agree(const char *const *overrides)
{
    toy_run run;
    bcue_evaluation evaluation;
    CHECK_OK(toy_open(FOLDER, yaml, overrides, &run), run.error);
    write_model(&run);
    CHECK_OK(bcue_evaluate_run(&run.run, run.config, run.dataset, NULL, NULL, &evaluation, &run.error),
             run.error);
    CHECK(evaluation.predictions[0].rows > 10);
    compare_with_evaluation(&run, &evaluation.predictions[0]);
    bcue_evaluation_free(&evaluation);
    toy_close(&run);
}

static void answers_as_the_evaluation(void)
{
    const char *const mlp[] = {"out=" FOLDER "/mlp", NULL},
                      *const knn[] = {"model={kind: position-knn}", "out=" FOLDER "/knn", NULL},
                      *const constant[] = {"model={kind: constant}", "out=" FOLDER "/constant", NULL},
                      *const camera[] = {"model={kind: resnet18}", "out=" FOLDER "/camera", NULL},
                      *const both[] = {"model={kind: resnet18, position: true, hidden: 16}",
                                       "out=" FOLDER "/both", NULL};
    agree(mlp);
    agree(knn);
    agree(constant);
    agree(camera);
    agree(both);
}

static bcue_model *load(const char *path)
{
    bcue_error error = {""};
    bcue_model *model = NULL;
    CHECK_OK(bcue_model_load(path, &model, &error), error);
    return model;
}

#define BOTH FOLDER "/both/model-seed1.safetensors"
#define KNN FOLDER "/knn/model-seed1.safetensors"

static void facts_are_told(void)
{
    bcue_model *model = load(BOTH);
    bcue_model_facts facts;
    bcue_model_get_facts(model, &facts);
    CHECK_STR(facts.kind, "resnet18");
    CHECK_INT(facts.beams, 4);
    CHECK_INT(facts.camera_frames, 1);
    CHECK_INT(facts.camera_width, 32);
    CHECK_INT(facts.camera_height, 32);
    CHECK_INT(facts.position_fixes, 2);
    CHECK(facts.parameters > 11000000 && facts.parameters < 12000000);
    CHECK(facts.multiply_accumulates > 30000000 && facts.multiply_accumulates < 50000000);
    bcue_model_destroy(model);
    model = load(KNN);
    bcue_model_get_facts(model, &facts);
    CHECK_STR(facts.kind, "position-knn");
    CHECK_INT(facts.camera_frames, 0);
    CHECK_INT(facts.multiply_accumulates, 0);
    bcue_model_destroy(model);
    bcue_model_destroy(NULL);
    bcue_session_destroy(NULL);
}

static bool same_answer(const bcue_ranked_beam a[4], const bcue_ranked_beam b[4])
{
    bool same = true;
    for (int k = 0; k < 4; k++)
        same = same && a[k].beam == b[k].beam && a[k].probability == b[k].probability;
    return same;
}

static bcue_session *session_of(const bcue_model *model)
{
    bcue_error error = {""};
    bcue_session *session = NULL;
    CHECK_OK(bcue_session_create(model, &session, &error), error);
    return session;
}

static void broken_and_missing_observations(void)
{
    bcue_error error = {""};
    toy_run run;
    raw_sample raw;
    bcue_ranked_beam full[4], other[4];
    bcue_timing timing;
    bcue_model *model = load(BOTH);
    bcue_session *session = session_of(model);
    CHECK_OK(toy_open(FOLDER, yaml, NULL, &run), run.error);
    read_raw(&run, complete_sample(&run), &raw);
    CHECK_OK(bcue_predict(session, &raw.observation, 4, full, &timing, &error), error);
    CHECK(timing.total_ms >= timing.network_ms && timing.decode_ms > 0 && timing.features_ms > 0);

    /* More than the model wants: the newest count. */
    const bcue_encoded_picture pictures[2] = {{"rubbish", 7, NULL}, raw.camera};
    const bcue_fix fixes[3] = {{1, 1}, raw.fixes[0], raw.fixes[1]};
    bcue_observation observation = {
        .camera = pictures, .camera_count = 2, .fixes = fixes, .fix_count = 3, .rsu = {NAN, NAN}};
    CHECK_OK(bcue_predict(session, &observation, 4, other, NULL, &error), error);
    CHECK(same_answer(full, other));
    /* Fewer: zeros, and another answer. */
    observation = (bcue_observation){
        .camera = NULL, .camera_count = 0, .fixes = raw.fixes + 1, .fix_count = 1, .rsu = {NAN, NAN}};
    CHECK_OK(bcue_predict(session, &observation, 4, other, NULL, &error), error);
    CHECK(!same_answer(full, other));
    observation = (bcue_observation){
        .camera = &raw.camera, .camera_count = 1, .fixes = NULL, .fix_count = 0, .rsu = {NAN, NAN}};
    CHECK_OK(bcue_predict(session, &observation, 1, other, NULL, &error), error);
    /* Nothing. */
    const bcue_encoded_picture none = {NULL, 0, NULL};
    const bcue_fix lost = {NAN, 10};
    observation = (bcue_observation){
        .camera = &none, .camera_count = 1, .fixes = &lost, .fix_count = 1, .rsu = {NAN, NAN}};
    CHECK_STATUS(bcue_predict(session, &observation, 4, other, NULL, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "this resnet18 needs camera frames or GNSS fixes");
    observation = (bcue_observation){
        .camera = NULL, .camera_count = 0, .fixes = NULL, .fix_count = 0, .rsu = {NAN, NAN}};
    CHECK_STATUS(bcue_predict(session, &observation, 4, other, NULL, &error), BCUE_ERROR_DATA);
    const bcue_fix nowhere = {1e300, 10};
    observation = (bcue_observation){
        .camera = &raw.camera, .camera_count = 1, .fixes = &nowhere, .fix_count = 1, .rsu = {NAN, NAN}};
    CHECK_STATUS(bcue_predict(session, &observation, 4, other, NULL, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "no place on Earth");
    /* Too many or too few beams. */
    CHECK_STATUS(bcue_predict(session, &raw.observation, 0, other, NULL, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_predict(session, &raw.observation, 5, other, NULL, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "this model ranks 1 to 4");
    /* Damage. */
    const bcue_encoded_picture rubbish[3] = {
        {"rubbish", 7, NULL}, {"", 0, NULL}, {raw.picture.data, raw.picture.size / 2, "half.jpg"}};
    for (int i = 0; i < 3; i++) {
        observation = (bcue_observation){
            .camera = &rubbish[i], .camera_count = 1, .fixes = raw.fixes, .fix_count = 2, .rsu = {NAN, NAN}};
        CHECK_STATUS(bcue_predict(session, &observation, 4, other, NULL, &error), BCUE_ERROR_FORMAT);
        CHECK_CONTAINS(error.text, i < 2 ? "camera frame" : "half.jpg");
    }
    /* And the session still works. */
    CHECK_OK(bcue_predict(session, &raw.observation, 4, other, NULL, &error), error);
    CHECK(same_answer(full, other));
    bcue_bytes_free(&raw.picture);
    bcue_session_destroy(session);
    bcue_model_destroy(model);
    toy_close(&run);
}

/* ---- two threads on one model ---- */

typedef struct job {
    const bcue_model *model;
    const bcue_observation *observation;
    bcue_ranked_beam ranked[4];
    int done;
} job;

static void *ask(void *context)
{
    job *j = context;
    bcue_session *session = NULL;
    if (bcue_session_create(j->model, &session, NULL) != BCUE_OK)
        return NULL;
    for (int i = 0; i < 5; i++)
        j->done += bcue_predict(session, j->observation, 4, j->ranked, NULL, NULL) == BCUE_OK;
    bcue_session_destroy(session);
    return NULL;
}

static void two_threads(const char *path, const bcue_observation *observation)
{
    bcue_model *model = load(path);
    job jobs[2] = {{.model = model, .observation = observation},
                   {.model = model, .observation = observation}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, ask, &jobs[i]), 0);
    for (int i = 0; i < 2; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    CHECK_INT(jobs[0].done, 5);
    CHECK_INT(jobs[1].done, 5);
    CHECK(same_answer(jobs[0].ranked, jobs[1].ranked));
    bcue_model_destroy(model);
}

static void sessions_in_two_threads_share_a_model(void)
{
    toy_run run;
    raw_sample raw;
    CHECK_OK(toy_open(FOLDER, yaml, NULL, &run), run.error);
    read_raw(&run, complete_sample(&run), &raw);
    two_threads(BOTH, &raw.observation);
    two_threads(KNN, &raw.observation);
    bcue_bytes_free(&raw.picture);
    toy_close(&run);
}

/* Recipes that do not make what the network takes would write beyond its inputs. */
static void recipes_that_do_not_fit_are_refused(void)
{
    bcue_error error = {""};
    bcue_model_file file;
    bcue_model *model;
    static const char *const recipes[][2] = {
        {"camera: {enabled: true, width: 64, height: 64}\nposition: {enabled: true}\n", "camera recipe"},
        {"camera: {enabled: true, width: 32, height: 32, channels: 1}\nposition: {enabled: true}\n",
         "camera recipe"},
        {"camera: {enabled: true, width: 32, height: 32, channels: 2}\nposition: {enabled: true}\n",
         "camera.channels"},
        {"position: {enabled: true}\n", "camera recipe"},
        {"camera: {enabled: true, width: 32, height: 32}\n", "position recipe"},
        {"camera: {enabled: true, width: 0, height: 32}\n", "width"},
        {"rubbish", "features.safetensors"}};
    CHECK_OK(bcue_model_file_read(BOTH, &file, &error), error);
    char *kept = file.features_yaml;
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++) {
        file.features_yaml = bcue_strdup(recipes[i][0]);
        CHECK_OK(bcue_model_file_write(FOLDER "/features.safetensors", &file, &error), error);
        CHECK_STATUS(bcue_model_load(FOLDER "/features.safetensors", &model, &error), BCUE_ERROR_FORMAT);
        CHECK_CONTAINS(error.text, recipes[i][1]);
        CHECK_CONTAINS(error.text, "features.safetensors");
        CHECK(model == NULL);
        free(file.features_yaml);
    }
    file.features_yaml = kept;
    bcue_model_file_free(&file);
}

int main(void)
{
    bcue_set_threads(1);
    toy_write_scenario(FOLDER "/scenario", &street);
    RUN(answers_as_the_evaluation);
    RUN(facts_are_told);
    RUN(broken_and_missing_observations);
    RUN(sessions_in_two_threads_share_a_model);
    RUN(recipes_that_do_not_fit_are_refused);
    return check_summary();
}
