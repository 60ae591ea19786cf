/* Presets: what a short configuration stands for, and that what it says itself wins. */
#include "base/file.h"
#include "check.h"
#include "learn/run_config.h"

#define FOLDER BCUE_BINARY_DIR "/test_learn_presets"
#define HEAD "name: x\ndata:\n  sources: [{root: nowhere}]\n"

static bcue_status read(const char *yaml, const char *const *overrides, size_t count, bcue_run_config *run,
                        bcue_config **config, bcue_error *error)
{
    CHECK_OK(bcue_file_write(FOLDER "/run.yaml", yaml, strlen(yaml), error), *error);
    return bcue_run_config_read(FOLDER "/run.yaml", overrides, count, run, config, error);
}

static void all_four(void)
{
    static const struct {
        const char *name;
        int64_t frames, fixes, size, width, depth, blocks, anchors;
        size_t hidden;
    } presets[] = {{"full", 5, 2, 256, 64, 34, 8, 8, 2},
                   {"edge", 1, 2, 256, 64, 34, 8, 8, 2},
                   {"small", 2, 2, 128, 16, 34, 8, 4, 2},
                   {"tiny", 1, 1, 128, 8, 18, 2, 4, 1}};
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
        char yaml[200];
        bcue_error error = {""};
        bcue_run_config run;
        bcue_config *config = NULL;
        snprintf(yaml, sizeof yaml, HEAD "model: {kind: beamtransfuser, preset: %s}\n", presets[i].name);
        CHECK_OK(read(yaml, NULL, 0, &run, &config, &error), error);
        CHECK_INT(run.data.window.frames, presets[i].frames);
        CHECK_INT(run.data.gps_frames, presets[i].fixes);
        CHECK(run.features.camera.enabled && run.features.lidar.enabled && run.features.radar.enabled &&
              run.features.position.enabled);
        CHECK_INT(run.features.camera.width, presets[i].size);
        CHECK_INT(run.features.lidar.height, presets[i].size);
        CHECK_INT(bcue_radar_columns(&run.features.radar), presets[i].size);
        CHECK_INT(run.features.radar.width, 256); /* a cube of 250 chirps fits */
        CHECK_INT(run.model.width, presets[i].width);
        CHECK_INT(run.model.depth[BCUE_INPUT_CAMERA], presets[i].depth);
        CHECK_INT(run.model.depth[BCUE_INPUT_RADAR], 18);
        CHECK_INT(run.model.blocks, presets[i].blocks);
        CHECK_INT(run.model.anchors, presets[i].anchors);
        CHECK_INT(run.model.head.count, presets[i].hidden);
        CHECK_NEAR(run.model.dropout, 0.1, 0);
        bcue_config_destroy(config);
    }
}

/* Given in the file, or by --set, whatever their order. */
static void what_is_given_wins(void)
{
    bcue_error error = {""};
    bcue_run_config run;
    bcue_config *config = NULL;
    const char *const overrides[] = {"model.dropout=0", "features.camera.height=96"};
    CHECK_OK(read("name: x\n"
                  "data: {sources: [{root: nowhere}], window: {frames: 3}}\n"
                  "features: {camera: {width: 64}}\n"
                  "model: {kind: beamtransfuser, preset: small, modalities: [camera, gps], head: []}\n",
                  overrides, 2, &run, &config, &error),
             error);
    CHECK_INT(run.data.window.frames, 3);
    CHECK_INT(run.features.camera.width, 64);
    CHECK_INT(run.features.camera.height, 96);
    CHECK_NEAR(run.model.dropout, 0, 0);
    CHECK_INT(run.model.head.count, 0);
    CHECK_INT(run.model.width, 16);
    CHECK(run.features.camera.enabled && run.features.position.enabled);
    CHECK(!run.features.lidar.enabled && !run.features.radar.enabled);
    bcue_config_destroy(config);
}

/* Whoever gives the radar's bins gets maps of that size. */
static void radar_bins_given(void)
{
    bcue_error error = {""};
    bcue_run_config run;
    bcue_config *config = NULL;
    CHECK_OK(read(HEAD
                  "features: {radar: {width: 64, height: 64}}\nmodel: {kind: beamtransfuser, preset: tiny}\n",
                  NULL, 0, &run, &config, &error),
             error);
    CHECK_INT(bcue_radar_columns(&run.features.radar), 64);
    CHECK_INT(bcue_radar_rows(&run.features.radar), 64);
    bcue_config_destroy(config);
}

/* Other models have no presets: their defaults stay. */
static void only_beamtransfuser(void)
{
    bcue_error error = {""};
    bcue_run_config run;
    bcue_config *config = NULL;
    CHECK_OK(read(HEAD "features: {camera: {enabled: true}}\nmodel: {kind: resnet18}\n", NULL, 0, &run,
                  &config, &error),
             error);
    CHECK_INT(run.data.window.frames, 1);
    CHECK_NEAR(run.model.dropout, 0, 0);
    CHECK(!run.features.position.enabled);
    bcue_config_destroy(config);
}

static void refused(const char *model, const char *part)
{
    char yaml[300];
    bcue_error error = {""};
    bcue_run_config run;
    bcue_config *config = NULL;
    snprintf(yaml, sizeof yaml, HEAD "%s", model);
    CHECK_STATUS(read(yaml, NULL, 0, &run, &config, &error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(error.text, FOLDER "/run.yaml:");
    CHECK_CONTAINS(error.text, part);
}

static void sentences(void)
{
    refused("features: {radar: {enabled: false}}\nmodel: {kind: beamtransfuser}\n",
            "run.yaml:5: model.kind: beamtransfuser needs radar: set features.radar.enabled: true");
    refused("model: {kind: resnet34, modality: lidar}\n",
            "model.kind: resnet34 needs LiDAR: set features.lidar.enabled: true");
    refused("model: {kind: beamtransfuser, heads: 6}\n",
            "run.yaml:4: model.heads: 6 heads cannot share the 64 numbers of a token after stage 1 evenly");
    refused("model: {kind: beamtransfuser, modalities: [gps, thermal]}\n",
            "model.modalities: 'thermal' is no modality");
    refused("model: {kind: beamtransfuser, preset: huge}\n", "huge");
}

int main(void)
{
    bcue_error error;
    if (bcue_make_dirs(FOLDER, &error) != BCUE_OK)
        return 1;
    RUN(all_four);
    RUN(what_is_given_wins);
    RUN(radar_bins_given);
    RUN(only_beamtransfuser);
    RUN(sentences);
    return check_summary();
}
