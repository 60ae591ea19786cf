/* train.init out of a BeamTransFuser that sees fewer sensors: tokens have other numbers there. */
#include "base/parallel.h"
#include "check.h"
#include "models/beamtransfuser.h"
#include "toy_data.h"

#define FOLDER BCUE_BINARY_DIR "/test_learn_init"

static const toy_shape street = {.episodes = 5, .rows = 6, .beams = 4};

static const char yaml[] =
    "name: toy\n"
    "out: " FOLDER "/out\n"
    "data:\n"
    "  sources: [{root: " FOLDER "/scenario}]\n"
    "  beams: 4\n"
    "  gps_frames: 2\n"
    "  window: {frames: 2}\n"
    "split: {train: 0.6, validation: 0.2, test: 0.2}\n"
    "features:\n"
    "  camera: {enabled: true, width: 32, height: 32}\n"
    "  position: {enabled: true}\n"
    "model: {kind: beamtransfuser, modalities: [camera, gps], width: 8, camera_depth: 18, blocks: "
    "1, anchors: 2, head: [16], fusion: softmax}\n"
    "train: {epochs: 1, batch: 8, loader_threads: 1, checkpoint_every: 0, optimizer: {kind: sgd, lr: 0.1}}\n";

#include "toy_train.h"

#define GPS_ONLY "features.camera.enabled=false", "model.modalities=[gps]"
/* So small a step that every weight stays as it was taken or drawn. */
#define STILL "train.optimizer.lr=1e-12"

static const float *tensor(const bcue_model_file *model, const char *name, int64_t *count)
{
    for (int32_t i = 0; i < model->weights.count; i++)
        if (strcmp(model->weights.names[i], name) == 0) {
            *count = bcue_tensor_count(&model->weights.tensors[i]);
            return model->weights.tensors[i].data;
        }
    *count = 0;
    return NULL;
}

/* The last `count` numbers of the one are all of the other, and those before are `drawn`. */
static void check_tail(const char *name, const bcue_model_file *fixes, const bcue_model_file *both,
                       double drawn)
{
    int64_t few, all;
    const float *from = tensor(fixes, name, &few), *to = tensor(both, name, &all);
    double most = 0;
    CHECK_AT(from != NULL && to != NULL && few > 0 && all > few, "%s: %lld of %lld", name, (long long)few,
             (long long)all);
    if (from == NULL || to == NULL || all <= few)
        return;
    for (int64_t i = 0; i < few; i++) {
        CHECK_NEAR(to[all - few + i], (double)from[i], 1e-7);
        most = fmax(most, fabs((double)from[i]));
    }
    CHECK_AT(strcmp(name, "modality.weight") == 0 || most > 1e-6, "%s: nothing was learned", name);
    for (int64_t i = 0; i < all - few; i++)
        CHECK_NEAR(to[i], drawn, 1e-7);
}

static void fixes_first_then_the_camera(void)
{
    const char *const fixes[] = {"out=" FOLDER "/fixes", GPS_ONLY, "train.epochs=3", NULL};
    CHECK_STATUS(train(fixes, NULL), BCUE_OK);
    const char *const both[] = {"out=" FOLDER "/both", "train.init=" FOLDER "/fixes/model-seed1.safetensors",
                                STILL, NULL};
    CHECK_STATUS(train(both, NULL), BCUE_OK);
    bcue_model_file before = read_model(FOLDER "/fixes"), after = read_model(FOLDER "/both");
    int64_t few, all;
    for (int stage = 1; stage <= 4; stage++) {
        char name[40];
        snprintf(name, sizeof name, "fusion.%d.pos_emb", stage);
        check_tail(name, &before, &after, 0);
    }
    check_tail("modality.weight", &before, &after, 0);
    const float *from = tensor(&before, "gps.1.weight", &few), *to = tensor(&after, "gps.1.weight", &all);
    CHECK(from != NULL && to != NULL && few == all);
    for (int64_t i = 0; i < few; i++)
        CHECK_NEAR(to[i], (double)from[i], 1e-7);
    bcue_model_file_free(&before);
    bcue_model_file_free(&after);
}

static void refused(const char *const *overrides, const char *words)
{
    outcome result = train_yaml(yaml, overrides, NULL);
    CHECK_STATUS(result.status, BCUE_ERROR_DATA);
    CHECK_CONTAINS(result.error.text, words);
    bcue_training_summary_free(&result.summary);
}

/* Other fixes, so that no row means the same; and other widths, which are no matter of rows. */
static void what_does_not_fit_is_told(void)
{
    const char *const other_fixes[] = {"out=" FOLDER "/no",
                                       "train.init=" FOLDER "/fixes/model-seed1.safetensors",
                                       "data.gps_frames=1", NULL};
    refused(other_fixes, "tensor 'fusion.1.pos_emb' is f32 (1, 2, 8)");
    const char *const wider[] = {"out=" FOLDER "/no", "train.init=" FOLDER "/fixes/model-seed1.safetensors",
                                 "model.width=16", NULL};
    refused(wider, "but this model has f32");
}

/* Two fixes stand after 2 frames of 2 x 2 tokens. */
static void rows_of_a_stage(void)
{
    const bcue_model_config config = {.kind = BCUE_MODEL_BEAMTRANSFUSER,
                                      .anchors = 2,
                                      .modalities = {.count = 2, .items = (char *[]){"camera", "gps"}}};
    const bcue_model_inputs inputs = {.frames = 2, .channels = 3, .height = 32, .width = 32, .gps_frames = 2};
    int64_t first[BCUE_INPUT_COUNT], count[BCUE_INPUT_COUNT];
    CHECK_INT(bcue_beamtransfuser_tokens(&config, &inputs, 1, first, count), 10);
    CHECK_INT(count[BCUE_INPUT_CAMERA], 8);
    CHECK_INT(first[BCUE_INPUT_POSITION], 8);
    CHECK_INT(count[BCUE_INPUT_POSITION], 2);
    CHECK_INT(count[BCUE_INPUT_LIDAR], 0);
    CHECK_INT(bcue_beamtransfuser_tokens(&config, &inputs, 4, first, count),
              4); /* one token a frame is left */
}

int main(void)
{
    bcue_set_threads(1);
    toy_write_scenario(FOLDER "/scenario", &street);
    RUN(rows_of_a_stage);
    RUN(fixes_first_then_the_camera);
    RUN(what_does_not_fit_is_told);
    return check_summary();
}
