#include "learn/run_config.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config_path.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "learn/model_presets.h"

static const char *const part_names[] = {"test", "validation", NULL};
static const char *const stand_in_names[] = {"auto", "zero",      "noise",         "mean",
                                             "hold", "generated", "generated-map", NULL};

#define EVAL(field) offsetof(bcue_evaluate_config, field)
static const bcue_config_field evaluate_fields[] = {
    {.name = "part",
     .type = BCUE_CONFIG_CHOICE,
     .offset = EVAL(part),
     .choices = part_names,
     .fallback = "test",
     .help = "which part of the split is scored"},
    {.name = "top_k",
     .type = BCUE_CONFIG_INT_LIST,
     .offset = EVAL(top_k),
     .fallback = "[1, 2, 3, 5]",
     .minimum = 1,
     .maximum = 65536,
     .help = "k of the top-k accuracies"},
    {.name = "bootstrap",
     .type = BCUE_CONFIG_INT,
     .offset = EVAL(bootstrap),
     .fallback = "10000",
     .minimum = 0,
     .maximum = 1e6,
     .help = "draws for the 95 % intervals"},
    {.name = "insight",
     .type = BCUE_CONFIG_INT,
     .offset = EVAL(insight),
     .fallback = "200",
     .minimum = 0,
     .maximum = 1e6,
     .help = "samples of the first seed on which the page shows what each sensor is worth to a network and "
             "where it attends; every sensor costs one more pass over them; 0: none"},
    {.name = "outage_dbm",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = EVAL(outage_dbm),
     .fallback = "-100",
     .minimum = -200,
     .maximum = 200,
     .help = "a vehicle that hears less is in outage, dBm (recordings with a power per vehicle)"},
    {.name = "missing",
     .type = BCUE_CONFIG_STRING_LIST,
     .offset = EVAL(missing),
     .fallback = "[]",
     .help = "modalities that are taken away from a beamtransfuser: camera, lidar, radar, gps"},
    {.name = "stand_in",
     .type = BCUE_CONFIG_CHOICE,
     .offset = EVAL(stand_in),
     .choices = stand_in_names,
     .fallback = "auto",
     .help = "what takes their place; auto: what 'beamcue complete' found best, zero without it"},
    {.name = "missing_frames",
     .type = BCUE_CONFIG_SECTION,
     .offset = EVAL(missing_frames),
     .fields = bcue_missing_frames_fields,
     .help =
         "single frames that are taken away from a network, drawn by the model's seed; one that is lost is "
         "so in every window"},
    {.name = "radar_lost",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = EVAL(radar_lost),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1,
     .late = true,
     .help = "of models that read lists of radar points: every detection is lost with this probability, by "
             "the seed"},
    {.name = "radar_false",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = EVAL(radar_false),
     .fallback = "0",
     .minimum = 0,
     .maximum = 10000,
     .late = true,
     .help = "the same: mean number of false points a frame, anywhere in what the recipe calls 1, up to 20 "
             "m/s fast"},
    {.name = "patterns",
     .type = BCUE_CONFIG_BOOL,
     .offset = EVAL(patterns),
     .fallback = "true",
     .help = "what calibrated models cover without modalities, too: a pass over the samples for each pattern "
             "of the model file"},
    {.name = "rounded",
     .type = BCUE_CONFIG_BOOL,
     .offset = EVAL(rounded),
     .fallback = "false",
     .late = true,
     .help =
         "score a model of 'beamcue quantise' as processors with VNNI or AMX answer, by rounding in f32 on "
         "any machine, which takes longer; without it one that has neither scores it in f32"},
    {.name = "official_weights",
     .type = BCUE_CONFIG_BOOL,
     .offset = EVAL(official_weights),
     .fallback = "false",
     .help = "add the DBA weighted as the 2022 challenge's test set (sources scenario31 .. scenario34)"},
    {0}};

static const char *const calibrate_parts[] = {"test", "validation", "all", NULL};

#define CALIBRATE(field) offsetof(bcue_calibrate_config, field)
static const bcue_config_field calibrate_fields[] = {
    {.name = "part",
     .type = BCUE_CONFIG_CHOICE,
     .offset = CALIBRATE(part),
     .choices = calibrate_parts,
     .fallback = "validation",
     .help = "which part of the split it learns from; all: of other recordings, which are for nothing else"},
    {.name = "coverage",
     .type = BCUE_CONFIG_DOUBLE_LIST,
     .offset = CALIBRATE(coverage),
     .fallback = "[0.8, 0.9, 0.95]",
     .minimum = 0.01,
     .maximum = 0.999,
     .help = "how often a set of beams shall hold a right one, rising"},
    {.name = "margin_db",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = CALIBRATE(margin_db),
     .fallback = "1",
     .minimum = 0,
     .maximum = 20,
     .help = "sets also for a beam so many dB below the best; 0: only for the best"},
    {.name = "most_missing",
     .type = BCUE_CONFIG_INT,
     .offset = CALIBRATE(most_missing),
     .fallback = "1",
     .minimum = 0,
     .maximum = 3,
     .help = "a network of several modalities is also calibrated without so many of them, every pattern a "
             "pass over the samples; 0: only with all"},
    {.name = "hold_rows",
     .type = BCUE_CONFIG_INT,
     .offset = CALIBRATE(hold_rows),
     .fallback = "7",
     .minimum = 0,
     .maximum = 1e6,
     .help = "and with each of them held, so many rows old (a stream holds frames for 7.5 steps by "
             "default); 0: not"},
    {0}};

#define VIEW(field) offsetof(bcue_view_config, field)
static const bcue_config_field view_fields[] = {
    {.name = "camera_fov_deg",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = VIEW(camera_fov_deg),
     .fallback = "0",
     .minimum = 0,
     .maximum = 169,
     .help = "horizontal field of view of the camera; 0 = unknown, no beams are drawn over pictures"},
    {.name = "camera_yaw_deg",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = VIEW(camera_yaw_deg),
     .fallback = "0",
     .minimum = -180,
     .maximum = 180,
     .help = "optical axis from the array's boresight, left positive"},
    {.name = "beam_span_deg",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = VIEW(beam_span_deg),
     .fallback = "90",
     .minimum = -180,
     .maximum = 180,
     .help = "azimuth of the first beam minus that of the last; beams lie evenly between"},
    {0}};

#define RUN(field) offsetof(bcue_run_config, field)
const bcue_config_field bcue_run_config_fields[] = {
    {.name = "name",
     .type = BCUE_CONFIG_STRING,
     .offset = RUN(name),
     .required = true,
     .help = "name of the run in tables"},
    {.name = "out",
     .type = BCUE_CONFIG_STRING,
     .offset = RUN(out),
     .help = "folder for everything the run writes; default out/NAME"},
    {.name = "seed",
     .type = BCUE_CONFIG_INT,
     .offset = RUN(seed),
     .fallback = "1",
     .minimum = 0,
     .maximum = 1e15,
     .help = "first seed"},
    {.name = "seeds",
     .type = BCUE_CONFIG_INT,
     .offset = RUN(seeds),
     .fallback = "1",
     .minimum = 1,
     .maximum = 10000,
     .help = "how many seeds: seed, seed+1, ..."},
    {.name = "threads",
     .type = BCUE_CONFIG_INT,
     .offset = RUN(threads),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1024,
     .help = "0 = all"},
    {.name = "split_follows_seed",
     .type = BCUE_CONFIG_BOOL,
     .offset = RUN(split_follows_seed),
     .fallback = "false",
     .help = "every seed draws its own split"},
    {.name = "cross_validate",
     .type = BCUE_CONFIG_BOOL,
     .offset = RUN(cross_validate),
     .fallback = "false",
     .help = "train and test every fold of split.folds, so that every sample is tested once"},
    {.name = "data",
     .type = BCUE_CONFIG_SECTION,
     .offset = RUN(data),
     .fields = bcue_data_config_fields,
     .required = true,
     .help = "recordings"},
    {.name = "split",
     .type = BCUE_CONFIG_SECTION,
     .offset = RUN(split),
     .fields = bcue_split_config_fields,
     .help = "who trains, chooses, tests"},
    {.name = "features",
     .type = BCUE_CONFIG_SECTION,
     .offset = RUN(features),
     .fields = bcue_feature_config_fields,
     .help = "recipes from records to inputs"},
    {.name = "model",
     .type = BCUE_CONFIG_SECTION,
     .offset = RUN(model),
     .fields = bcue_model_config_fields,
     .required = true,
     .help = "what is trained"},
    {.name = "train",
     .type = BCUE_CONFIG_SECTION,
     .offset = RUN(train),
     .fields = bcue_train_config_fields,
     .help = "how it is trained"},
    {.name = "prune",
     .type = BCUE_CONFIG_SECTION,
     .offset = RUN(prune),
     .fields = bcue_prune_config_fields,
     .help = "how 'beamcue prune' makes it smaller"},
    {.name = "quantise",
     .type = BCUE_CONFIG_SECTION,
     .offset = RUN(quantise),
     .fields = bcue_quantise_config_fields,
     .help = "how 'beamcue quantise' makes it compute in 8 bits"},
    {.name = "compress",
     .type = BCUE_CONFIG_SECTION,
     .offset = RUN(compress),
     .fields = bcue_compress_config_fields,
     .help = "what 'beamcue compress' looks for"},
    {.name = "distill",
     .type = BCUE_CONFIG_SECTION,
     .offset = RUN(distill),
     .fields = bcue_distill_config_fields,
     .help = "what a teacher adds to the training of a student"},
    {.name = "complete",
     .type = BCUE_CONFIG_SECTION,
     .offset = RUN(complete),
     .fields = bcue_complete_config_fields,
     .help = "how 'beamcue complete' makes what takes the place of missing modalities"},
    {.name = "evaluate",
     .type = BCUE_CONFIG_SECTION,
     .offset = RUN(evaluate),
     .fields = evaluate_fields,
     .help = "how it is scored"},
    {.name = "calibrate",
     .type = BCUE_CONFIG_SECTION,
     .offset = RUN(calibrate),
     .fields = calibrate_fields,
     .help = "how 'beamcue calibrate' learns how far its probabilities can be believed"},
    {.name = "view",
     .type = BCUE_CONFIG_SECTION,
     .offset = RUN(view),
     .fields = view_fields,
     .help = "camera and beams, for drawing only"},
    {0}};

/* A model needs its features. */
static bcue_status check_features(const bcue_run_config *run, const bcue_config *config, bcue_error *error)
{
    const struct {
        bool enabled;
        const char *noun, *key;
    } features[BCUE_INPUT_COUNT] = {{run->features.camera.enabled, "pictures", "camera"},
                                    {run->features.lidar.enabled, "LiDAR", "lidar"},
                                    {run->features.radar.enabled, "radar", "radar"},
                                    {run->features.position.enabled, "positions", "position"},
                                    {run->features.vehicles.enabled, "vehicles", "vehicles"}};
    for (int i = 0; i < BCUE_INPUT_COUNT; i++) {
        if (bcue_model_needs(&run->model, (bcue_model_input)i) && !features[i].enabled)
            return bcue_config_fail(config, error, "model.kind", "%s needs %s: set features.%s.enabled: true",
                                    bcue_model_kind_names[run->model.kind], features[i].noun,
                                    features[i].key);
    }
    return BCUE_OK;
}

static bcue_status check_distill(const bcue_run_config *run, const bcue_config *config, bcue_error *error)
{
    if (run->distill.teacher == NULL)
        return BCUE_OK;
    if (bcue_model_is_table(&run->model))
        return bcue_config_fail(config, error, "distill.teacher", "a table (%s) cannot learn from a teacher",
                                bcue_model_kind_names[run->model.kind]);
    if (run->train.micro_batch > 0 && run->train.micro_batch < run->train.batch)
        return bcue_config_fail(config, error, "train.micro_batch",
                                "relations are between the samples of a batch, which is computed at once to "
                                "distill: leave it at 0");
    return bcue_distill_config_check(&run->distill, config, "distill.", error);
}

static bcue_status check(const bcue_run_config *run, const bcue_config *config, bcue_error *error)
{
    const char *key;
    bcue_error cause;
    if (bcue_model_config_check(&run->model, &key, &cause) != BCUE_OK) {
        char path[64];
        snprintf(path, sizeof path, "model.%s", key);
        return bcue_config_fail(config, error, path, "%s", cause.text);
    }
    BCUE_TRY(check_features(run, config, error));
    if (run->model.kind == BCUE_MODEL_RADAR_RULE && (run->features.radar.kind != BCUE_RADAR_HPS ||
                                                     run->features.radar.points_frame != BCUE_POINTS_SENSOR))
        return bcue_config_fail(
            config, error, "features.radar.recipe",
            "radar-rule needs the directions of points: recipe: hps, points_frame: sensor");
    if (run->model.kind == BCUE_MODEL_POSITION_LUT && run->features.position.mode != BCUE_POSITION_MINMAX &&
        run->features.position.mode != BCUE_POSITION_UTM)
        return bcue_config_fail(config, error, "features.position.mode",
                                "position-lut needs positions scaled to 0 .. 1: use minmax or utm");
    if (run->cross_validate && (run->split.kind != BCUE_SPLIT_EPISODE || run->split.folds < 2))
        return bcue_config_fail(config, error, "cross_validate",
                                "needs split.kind: episode and split.folds: 2 or more");
    if (run->cross_validate && run->evaluate.part != 0)
        return bcue_config_fail(
            config, error, "evaluate.part",
            "the validation parts of the folds overlap; with cross_validate only the test part is scored");
    BCUE_TRY(bcue_feature_config_check(&run->features, run->data.beam_step, config, "features.", error));
    BCUE_TRY(check_distill(run, config, error));
    if (run->train.int8 && bcue_model_is_table(&run->model))
        return bcue_config_fail(config, error, "train.int8",
                                "a table (%s) has no layers that could be rounded: leave it at false",
                                bcue_model_kind_names[run->model.kind]);
    return bcue_train_config_check(&run->train, run->data.index_monotone, config, error);
}

static bcue_status resolve_paths(bcue_run_config *run, bcue_config *config, const char *config_path,
                                 bcue_error *error)
{
    bcue_source_config *sources = run->data.sources.items;
    char **others[] = {&run->split.train_csv,
                       &run->split.validation_csv,
                       &run->split.test_csv,
                       &run->train.init,
                       &run->prune.model,
                       &run->quantise.model,
                       &run->features.lidar.background,
                       &run->distill.teacher};
    char *folder = bcue_path_dirname(config_path);
    bcue_status status = folder == NULL ? bcue_fail_memory(error, "the configuration") : BCUE_OK;
    for (size_t i = 0; status == BCUE_OK && i < run->data.sources.count; i++)
        status = bcue_config_find_path(config, folder, &sources[i].root, error);
    for (size_t i = 0; status == BCUE_OK && i < sizeof others / sizeof *others; i++)
        status = bcue_config_find_path(config, folder, others[i], error);
    free(folder);
    return status;
}

static bcue_status default_out(bcue_run_config *run, bcue_config *config, bcue_error *error)
{
    if (run->out != NULL)
        return BCUE_OK;
    bcue_text out = {0};
    bcue_text_printf(&out, "out/%s", run->name);
    if (out.failed) {
        bcue_text_free(&out);
        return bcue_fail_memory(error, "the configuration");
    }
    run->out = bcue_config_strdup(config, out.data);
    bcue_text_free(&out);
    return run->out == NULL ? bcue_fail_memory(error, "the configuration") : BCUE_OK;
}

/* Read once to learn which preset is asked for, and once more with what it stands for. */
static bcue_status read_with_preset(const char *path, const char *const *overrides, size_t override_count,
                                    bcue_run_config *run, bcue_config **config, bcue_error *error)
{
    const char **settings = NULL;
    size_t count = 0;
    BCUE_TRY(bcue_config_read(path, overrides, override_count, bcue_run_config_fields, run, config, error));
    bcue_status status = bcue_model_preset_settings(&run->model, *config, &settings, &count, error);
    if (status != BCUE_OK || count == 0) {
        free(settings);
        if (status != BCUE_OK)
            bcue_config_destroy(*config);
        return status;
    }
    bcue_config_destroy(*config);
    *config = NULL;
    const char **all = bcue_calloc(count + override_count, sizeof *all);
    if (all != NULL) {
        memcpy(all, settings, count * sizeof *all);
        if (override_count > 0)
            memcpy(all + count, overrides, override_count * sizeof *all);
        status =
            bcue_config_read(path, all, count + override_count, bcue_run_config_fields, run, config, error);
    } else {
        status = bcue_fail_memory(error, "the configuration");
    }
    free(all);
    free(settings);
    return status;
}

bcue_status bcue_run_config_read(const char *path, const char *const *overrides, size_t override_count,
                                 bcue_run_config *run, bcue_config **config, bcue_error *error)
{
    BCUE_TRY(read_with_preset(path, overrides, override_count, run, config, error));
    bcue_status status = default_out(run, *config, error);
    if (status == BCUE_OK)
        status = resolve_paths(run, *config, path, error);
    if (status == BCUE_OK)
        status = check(run, *config, error);
    if (status != BCUE_OK) {
        bcue_config_destroy(*config);
        *config = NULL;
    }
    return status;
}

size_t bcue_run_member_count(const bcue_run_config *run)
{
    return (size_t)run->seeds * (run->cross_validate ? (size_t)run->split.folds : 1);
}

bcue_run_member bcue_run_member_at(const bcue_run_config *run, size_t index)
{
    const size_t folds = run->cross_validate ? (size_t)run->split.folds : 1;
    return (bcue_run_member){(uint64_t)run->seed + index / folds,
                             run->cross_validate ? (int64_t)(index % folds) : -1};
}

char *bcue_run_member_path(const bcue_run_config *run, bcue_run_member member, const char *stem,
                           const char *ending)
{
    bcue_text name = {0};
    bcue_text_printf(&name, "%s/%s-seed%llu", run->out, stem, (unsigned long long)member.seed);
    if (member.fold >= 0)
        bcue_text_printf(&name, "-fold%lld", (long long)member.fold);
    bcue_text_printf(&name, ".%s", ending);
    if (name.failed)
        bcue_text_free(&name);
    return name.data;
}

bcue_status bcue_run_config_write(const bcue_run_config *run, const char *file, const char *comment,
                                  char **path, bcue_error *error)
{
    bcue_text text = {0};
    bcue_text_printf(&text, "# %s\n", comment);
    bcue_config_write(bcue_run_config_fields, run, &text);
    char *made = bcue_path_join(run->out, file);
    const bcue_status status = text.failed || made == NULL
                                   ? bcue_fail_memory(error, file)
                                   : bcue_file_write(made, text.data, text.size, error);
    bcue_text_free(&text);
    if (path != NULL && status == BCUE_OK)
        *path = made;
    else
        free(made);
    return status;
}

bcue_status bcue_run_member_split(const bcue_run_config *run, const bcue_config *origin,
                                  const bcue_dataset *dataset, bcue_run_member member, bcue_split *split,
                                  bcue_error *error)
{
    bcue_split_config config = run->split;
    if (run->split_follows_seed)
        config.seed = (int64_t)member.seed;
    if (member.fold >= 0)
        config.fold = member.fold;
    return bcue_split_make(dataset, &config, origin, split, error);
}
