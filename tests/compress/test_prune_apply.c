/* A pruned network is the masked one: at random widths, on random small networks. */
#include "check.h"
#include "compress/prune_apply.h"
#include "prune_models.h"

enum { WINDOWS = 2, BEAMS = 7, LOGITS = WINDOWS * BEAMS };

#define ALL                                                                                                  \
    "frames: 2\nchannels: 3\nheight: 64\nwidth: 64\nlidar_channels: 1\nlidar_height: 64\nlidar_width: 64\n"  \
    "radar_channels: 2\nradar_height: 64\nradar_width: 96\ngps_frames: 2\nbeams: 7\n"
#define CAMERA "frames: 2\nchannels: 3\nheight: 64\nwidth: 40\ngps_frames: 0\nbeams: 7\n"
#define CAMERA_GPS "frames: 1\nchannels: 3\nheight: 64\nwidth: 64\ngps_frames: 3\nbeams: 7\n"
#define GPS_LIDAR                                                                                            \
    "frames: 1\nchannels: 0\nheight: 0\nwidth: 0\nlidar_channels: 1\nlidar_height: 64\nlidar_width: 64\n"    \
    "gps_frames: 1\nbeams: 7\n"

static const struct {
    const char *config, *inputs;
} models[] = {
    {"kind: beamtransfuser\nwidth: 8\ncamera_depth: 18\nblocks: 2\nanchors: 3\nhead: [16]\n", ALL},
    {"kind: beamtransfuser\nwidth: 8\ncamera_depth: 34\nblocks: 1\nheads: 2\nanchors: 4\nhead: []\n"
     "embedding: [12, 12, 24, 24]\nfusion: softmax\n",
     ALL},
    {"kind: beamtransfuser\nwidth: 8\nblocks: 3\nheads: 4\nanchors: 2\nhead: [9]\nmodalities: [lidar, gps]\n"
     "embedding: [8, 20, 32, 64]\nexpansion: 2\n",
     GPS_LIDAR},
    {"kind: resnet18\nwidth: 8\n", CAMERA},
    {"kind: resnet34\nwidth: 12\n", CAMERA},
    {"kind: resnet18\nwidth: 8\nposition: true\nhidden: 16\n", CAMERA_GPS},
};
enum { MODELS = sizeof models / sizeof *models };

static void nothing_pruned_is_the_same(void)
{
    bcue_error error = {""};
    for (int i = 0; i < MODELS; i++) {
        bcue_model_file model, pruned;
        bcue_prune_space space;
        float before[LOGITS], after[LOGITS], masked[LOGITS];
        CHECK_OK(bcue_prune_model_make(models[i].config, models[i].inputs, 1, &model, &error), error);
        CHECK_OK(bcue_prune_space_create(&model.config, &model.inputs, &space, &error), error);
        CHECK_OK(bcue_prune_apply(&model, &space, &pruned, &error), error);
        CHECK_INT(pruned.config.pruned.count, 0);
        CHECK_INT(pruned.weights.count, model.weights.count);
        for (int32_t k = 0; k < model.weights.count; k++)
            CHECK(memcmp(pruned.weights.tensors[k].data, model.weights.tensors[k].data,
                         bcue_tensor_size(&model.weights.tensors[k])) == 0);
        CHECK_OK(bcue_prune_logits(&model, NULL, WINDOWS, 1, before, &error), error);
        CHECK_OK(bcue_prune_logits(&pruned, NULL, WINDOWS, 1, after, &error), error);
        CHECK(memcmp(before, after, sizeof before) == 0);
        CHECK_OK(bcue_prune_logits(&model, &space, WINDOWS, 1, masked, &error), error);
        CHECK_AT(bcue_prune_error(masked, before, LOGITS) < 1e-5, "model %d: all masks on, error %g", i,
                 bcue_prune_error(masked, before, LOGITS));
        bcue_prune_space_free(&space);
        bcue_model_file_free(&pruned);
        bcue_model_file_free(&model);
    }
}

/* Prune, and prune again what is left. */
static void pruned_is_masked(void)
{
    bcue_error error = {""};
    double worst = 0;
    for (uint32_t round = 0; round < 3 * MODELS; round++) {
        const int i = (int)(round % MODELS);
        bcue_rng rng = bcue_rng_make(5, BCUE_RNG_TEST, 0, 0, round);
        bcue_model_file model, pruned;
        CHECK_OK(bcue_prune_model_make(models[i].config, models[i].inputs, round, &model, &error), error);
        for (int again = 0; again < 2; again++) {
            bcue_prune_space space;
            float masked[LOGITS], after[LOGITS], whole[LOGITS];
            CHECK_OK(bcue_prune_space_create(&model.config, &model.inputs, &space, &error), error);
            bcue_prune_at_random(&space, &rng);
            CHECK_OK(bcue_prune_logits(&model, NULL, WINDOWS, round, whole, &error), error);
            CHECK_OK(bcue_prune_logits(&model, &space, WINDOWS, round, masked, &error), error);
            bcue_status status = bcue_prune_apply(&model, &space, &pruned, &error);
            CHECK_OK(status, error);
            bcue_prune_space_free(&space);
            if (status != BCUE_OK)
                break;
            CHECK_OK(bcue_prune_logits(&pruned, NULL, WINDOWS, round, after, &error), error);
            const double away = bcue_prune_error(after, masked, LOGITS);
            worst = away > worst ? away : worst;
            CHECK_AT(away < 1e-5, "model %d, round %u.%d: error %g", i, round, again, away);
            CHECK_AT(bcue_prune_error(masked, whole, LOGITS) > 1e-3, "model %d: the masks did nothing", i);
            bcue_model_file_free(&model);
            model = pruned;
        }
        bcue_model_file_free(&model);
    }
    printf("pruned against masked: worst error %.2g\n", worst);
}

static void file_round_trip(void)
{
    bcue_error error = {""};
    const char *path = BCUE_BINARY_DIR "/test_prune_apply.safetensors";
    bcue_model_file model, pruned, read;
    bcue_prune_space space;
    bcue_rng rng = bcue_rng_make(6, BCUE_RNG_TEST, 0, 0, 0);
    float before[LOGITS], after[LOGITS];
    CHECK_OK(bcue_prune_model_make(models[0].config, models[0].inputs, 3, &model, &error), error);
    CHECK_OK(bcue_prune_space_create(&model.config, &model.inputs, &space, &error), error);
    bcue_prune_at_random(&space, &rng);
    CHECK_OK(bcue_prune_apply(&model, &space, &pruned, &error), error);
    CHECK_OK(bcue_model_file_write(path, &pruned, &error), error);
    CHECK_OK(bcue_model_file_read(path, &read, &error), error);
    CHECK_OK(bcue_prune_logits(&pruned, NULL, WINDOWS, 3, before, &error), error);
    CHECK_OK(bcue_prune_logits(&read, NULL, WINDOWS, 3, after, &error), error);
    CHECK(memcmp(before, after, sizeof before) == 0);
    int64_t counts[2], left[2];
    const char *const prefixes[] = {"", "fusion."};
    CHECK_OK(bcue_prune_count(&model.config, &model.inputs, prefixes, 2, counts, &error), error);
    CHECK_OK(bcue_prune_count(&read.config, &read.inputs, prefixes, 2, left, &error), error);
    CHECK(left[0] < counts[0] && left[1] < counts[1] && counts[1] < counts[0]);
    bcue_prune_space_free(&space);
    bcue_model_file_free(&model);
    bcue_model_file_free(&pruned);
    bcue_model_file_free(&read);
    (void)remove(path);
}

static void refused(const char *config, const char *sentence)
{
    bcue_error error = {""};
    bcue_model_file model;
    const bcue_status status = bcue_prune_model_make(config, ALL, 1, &model, &error);
    CHECK_STATUS(status, BCUE_ERROR_CONFIG);
    CHECK_STR(error.text, sentence);
    bcue_model_file_free(&model);
}

#define SMALL "kind: beamtransfuser\nwidth: 8\nblocks: 2\npruned: "
static void refusals(void)
{
    refused(SMALL "[{part: fusion.5}]", "model.pruned: 'fusion.5' is no part of this beamtransfuser");
    refused(SMALL "[{part: gps.1}]", "model.pruned: 'gps.1' is no part of this beamtransfuser");
    refused(SMALL "[{part: fusion.1}, {part: fusion.1}]", "model.pruned: names fusion.1 twice");
    refused(SMALL "[{part: fusion.1, keep: [1, 8]}]",
            "model.pruned: fusion.1: keep must be ascending channel numbers below 8; item 1 is 8");
    refused(SMALL "[{part: fusion.2, qk: [4]}]",
            "model.pruned: fusion.2: qk has 1 numbers, the part has 2 blocks");
    refused(SMALL "[{part: fusion.2, value: [4, 5]}]",
            "model.pruned: fusion.2: value of block 1 is 5, expected 1 to 4");
    refused(SMALL "[{part: lidar.2, qk: [4, 4]}]", "model.pruned: lidar.2: qk belongs to fusion parts");
    bcue_error error = {""};
    bcue_prune_space space;
    bcue_model_file model;
    CHECK_OK(bcue_prune_model_make("kind: position-mlp\n",
                                   "frames: 1\nchannels: 0\nheight: 0\nwidth: 0\ngps_frames: 1\nbeams: 4\n",
                                   1, &model, &error),
             error);
    CHECK_STATUS(bcue_prune_space_create(&model.config, &model.inputs, &space, &error),
                 BCUE_ERROR_UNSUPPORTED);
    CHECK_STR(error.text, "a position-mlp has nothing to prune");
    bcue_model_file_free(&model);
    CHECK_OK(bcue_prune_model_make(models[0].config, models[0].inputs, 3, &model, &error), error);
    CHECK_OK(bcue_prune_space_create(&model.config, &model.inputs, &space, &error), error);
    bcue_prune_find(&space, BCUE_PRUNE_QK, -1, 2, 1)->keep[0] = false;
    bcue_model_file pruned;
    CHECK_STATUS(bcue_prune_apply(&model, &space, &pruned, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STR(error.text, "fusion.2.blocks.1.attn.mask_qk: heads would keep 3 and 4 numbers");
    bcue_prune_space_free(&space);
    bcue_model_file_free(&model);
}

int main(void)
{
    RUN(nothing_pruned_is_the_same);
    RUN(pruned_is_masked);
    RUN(file_round_trip);
    RUN(refusals);
    return check_summary();
}
