/* The training recipe: soft targets, micro-batches, moving average, batch-norm modes, modality dropout, and
   runs that are killed or diverge. */
#include <math.h>
#include "base/json.h"
#include "base/parallel.h"
#include "check.h"
#include "models/loss.h"
#include "tensor/safetensors.h"

#define FOLDER BCUE_BINARY_DIR "/test_learn_recipe"

/* 72 training samples. */
static const char yaml[] = "name: toy\n"
                           "out: " FOLDER "/out\n"
                           "data:\n"
                           "  sources:\n"
                           "    - {format: npy, root: " FOLDER ", prefix: toy}\n"
                           "  beams: 8\n"
                           "split: {train: 0.6, validation: 0.2, test: 0.2}\n"
                           "features: {position: {enabled: true}}\n"
                           "model: {kind: position-mlp, hidden: 24, shared_layers: 1}\n"
                           "train:\n"
                           "  epochs: 3\n"
                           "  batch: 10\n"
                           "  loader_threads: 0\n"
                           "  optimizer: {kind: adamw, lr: 0.02, weight_decay: 0.01, clip_norm: 5}\n";

#include "toy_train.h"

static const toy_shape street = {.episodes = 10, .rows = 12, .beams = 8};

/* ---- targets ---- */

/* 1.25 times the density of N(label, 0.5^2) at the beams within 5, from the closed form; what lies beyond the
   codebook is cut off. */
static void gaussian_targets_by_hand(void)
{
    const bcue_loss_config config = {.kind = BCUE_LOSS_FOCAL_SIGMOID,
                                     .targets = BCUE_TARGET_GAUSSIAN,
                                     .sigma = 0.5,
                                     .reach = 5,
                                     .scale = 1.25};
    const int32_t label[2] = {0, 9};
    float target[2 * 16];
    bcue_loss_fill_target(&config, label, 2, 16, target);
    const double peak = 1.25 * 0.79788456080286536; /* 1.25 / (0.5 sqrt(2 pi)) */
    CHECK_NEAR(target[0], peak, 1e-7);
    CHECK_NEAR(target[1], peak * exp(-2.0), 1e-7);
    CHECK_NEAR(target[2], peak * exp(-8.0), 1e-7);
    CHECK_NEAR(target[5], peak * exp(-50.0), 1e-7);
    for (int b = 6; b < 16; b++)
        CHECK_NEAR(target[b], 0, 0);
    for (int b = 0; b < 16; b++) {
        const double away = fabs((double)b - 9);
        CHECK_NEAR(target[16 + b], away > 5 ? 0 : peak * exp(-2.0 * away * away), 1e-7);
    }
    /* A narrow one would exceed 1; as a distribution it sums to 1. */
    bcue_loss_config narrow = config;
    narrow.sigma = 0.1;
    bcue_loss_fill_target(&narrow, label, 1, 16, target);
    CHECK_NEAR(target[0], 1, 0);
    bcue_loss_config share = config;
    share.kind = BCUE_LOSS_CROSS_ENTROPY;
    bcue_loss_fill_target(&share, label, 2, 16, target);
    double sum = 0;
    for (int b = 0; b < 16; b++)
        sum += (double)target[16 + b];
    CHECK_NEAR(sum, 1, 1e-6);
    CHECK_NEAR(target[16 + 8] / target[16 + 9], exp(-2.0), 1e-6);
    bcue_loss_config hard = config;
    hard.targets = BCUE_TARGET_HARD;
    bcue_loss_fill_target(&hard, label, 2, 16, target);
    for (int i = 0; i < 32; i++)
        CHECK_NEAR(target[i], i == 0 || i == 16 + 9, 0);
}

static void every_loss_learns(void)
{
    static const char *const losses[] = {
        "train.loss={kind: focal-softmax}", "train.loss={kind: focal-sigmoid}",
        "train.loss={kind: focal-sigmoid, targets: gaussian}", "train.loss={targets: gaussian}",
        "train.loss={label_smoothing: 0.1}"};
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        const char *const overrides[] = {
            "out=" FOLDER "/loss",        "train.epochs=80", "train.select=validation-dba",
            "train.optimizer={lr: 0.01}", losses[i],         NULL};
        outcome result = train_yaml(yaml, overrides, NULL);
        CHECK_OK(result.status, result.error);
        CHECK_AT(result.summary.validation_top1 > 0.8, "%s: top-1 %g", losses[i],
                 result.summary.validation_top1);
        bcue_training_summary_free(&result.summary);
    }
}

/* ---- micro-batches ---- */

/* Largest difference of two models' weights, relative to the largest weight of each tensor. */
static double model_distance(const char *out_a, const char *out_b)
{
    bcue_model_file a = read_model(out_a), b = read_model(out_b);
    double worst = 0;
    CHECK_INT(a.weights.count, b.weights.count);
    for (int32_t i = 0; i < a.weights.count; i++) {
        const float *x = a.weights.tensors[i].data, *y = b.weights.tensors[i].data;
        double largest = 0, difference = 0;
        for (int64_t k = 0; k < bcue_tensor_count(&a.weights.tensors[i]); k++) {
            largest = fmax(largest, fabs((double)x[k]));
            difference = fmax(difference, fabs((double)x[k] - (double)y[k]));
        }
        worst = fmax(worst, difference / largest);
    }
    bcue_model_file_free(&a);
    bcue_model_file_free(&b);
    return worst;
}

/* Without batch norm the gradients of the pieces add up to those of the batch, also where pieces and batches
   are of unequal size (10 = 3 + 3 + 3 + 1; the last batch holds 2). Plain SGD, so that rounding stays
   rounding. */
static void pieces_add_up_to_the_batch(void)
{
    const char *const sgd = "train.optimizer={kind: sgd, lr: 0.1, momentum: 0.9, clip_norm: 1}";
    const char *const whole[] = {"out=" FOLDER "/whole", "train.select=last", sgd, NULL};
    const char *const pieces[] = {"out=" FOLDER "/pieces", "train.select=last", sgd, "train.micro_batch=3",
                                  NULL};
    const char *const all[] = {"out=" FOLDER "/all", "train.select=last", sgd, "train.micro_batch=10", NULL};
    const char *const more[] = {"out=" FOLDER "/more", "train.select=last", sgd, "train.micro_batch=99",
                                NULL};
    CHECK_STATUS(train(whole, NULL), BCUE_OK);
    CHECK_STATUS(train(pieces, NULL), BCUE_OK);
    CHECK_STATUS(train(all, NULL), BCUE_OK);
    CHECK_STATUS(train(more, NULL), BCUE_OK);
    const double distance = model_distance(FOLDER "/whole", FOLDER "/pieces");
    CHECK_AT(distance < 2e-5, "%g", distance);
    CHECK(!same_models(FOLDER "/whole", FOLDER "/pieces"));
    CHECK(same_models(FOLDER "/whole", FOLDER "/all"));
    CHECK(same_models(FOLDER "/whole", FOLDER "/more"));
    bcue_model_file model = read_model(FOLDER "/pieces");
    CHECK_CONTAINS(model.training_json, "\"batch\":10,\"micro_batch\":3");
    bcue_model_file_free(&model);
}

/* ---- moving average ---- */

static bcue_safetensors *open_checkpoint(const char *out)
{
    char path[512];
    bcue_error error = {""};
    bcue_safetensors *file = NULL;
    snprintf(path, sizeof path, "%s/checkpoint-seed1.safetensors", out);
    CHECK_OK(bcue_safetensors_open(path, &file, &error), error);
    return file;
}

static double checkpoint_step(const char *out)
{
    bcue_safetensors *file = open_checkpoint(out);
    const char *text = file != NULL ? bcue_safetensors_metadata(file, "beamcue.checkpoint") : NULL;
    json_t *meta = text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const double steps = json_number_value(json_object_get(meta, "optimizer_steps"));
    json_decref(meta);
    bcue_safetensors_close(file);
    return steps;
}

/* Stops after every step and follows the average of one tensor in double. */
static void the_average_by_hand(void)
{
    const char *const overrides[] = {"out=" FOLDER "/ema", "train.ema=0.5", "train.batch=3",
                                     "train.resume=true", NULL};
    double average[64] = {0};
    remove_results(FOLDER "/ema");
    for (int step = 0; step <= 20; step++) { /* of the 24 of one epoch */
        watcher w = {.cancel_at = step == 0 ? 1 : 2};
        CHECK_STATUS(train(overrides, &w), BCUE_ERROR_CANCELLED);
        CHECK_NEAR(checkpoint_step(FOLDER "/ema"), step, 0);
        bcue_safetensors *file = open_checkpoint(FOLDER "/ema");
        if (file == NULL)
            return;
        const bcue_tensor *weight = bcue_safetensors_find(file, "weights.output.bias"),
                          *kept = bcue_safetensors_find(file, "ema.output.bias");
        CHECK(weight != NULL && kept != NULL && bcue_tensor_count(weight) == 8);
        const double decay = fmin(0.5, (1.0 + step) / (10.0 + step));
        for (int64_t k = 0; k < 8; k++) {
            const double now = (double)((const float *)weight->data)[k];
            average[k] = step == 0 ? now : decay * average[k] + (1 - decay) * now;
            CHECK_NEAR((double)((const float *)kept->data)[k], average[k], 1e-6);
        }
        bcue_safetensors_close(file);
    }
}

/* The kept model is the average, not the weights of the last step. */
static void the_average_is_kept(void)
{
    const char *const plain[] = {"out=" FOLDER "/plain", "train.select=last", NULL}, *const averaged[] = {
                                                                                         "out=" FOLDER
                                                                                         "/averaged",
                                                                                         "train.select=last",
                                                                                         "train.ema=0.9",
                                                                                         NULL};
    CHECK_STATUS(train(plain, NULL), BCUE_OK);
    CHECK_STATUS(train(averaged, NULL), BCUE_OK);
    const double distance = model_distance(FOLDER "/plain", FOLDER "/averaged");
    CHECK_AT(distance > 1e-3 && distance < 1, "%g", distance);
}

/* ---- modality dropout ---- */

static void dropped(const bcue_modality_dropout *drop, const size_t *sample, size_t count, uint32_t epoch,
                    float *camera, float *position)
{
    bcue_error error = {""};
    const bcue_model_config model = {.kind = BCUE_MODEL_RESNET18, .position = true, .width = 8, .hidden = 8};
    const bcue_model_inputs inputs = {
        .frames = 2, .channels = 1, .height = 32, .width = 32, .gps_frames = 2, .beams = 8};
    bcue_graph *graph;
    bcue_weights weights;
    bcue_plan *plan;
    CHECK_OK(bcue_model_build(&model, &inputs, (int64_t)count, &graph, &error), error);
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 1, &weights, &error), error);
    const bcue_plan_options options = {.engine = BCUE_ENGINE_REFERENCE, .dtype = BCUE_F32};
    CHECK_OK(bcue_plan_create(graph, &weights, &options, &plan, &error), error);
    float *pictures = bcue_plan_input(plan, "camera"), *fixes = bcue_plan_input(plan, "position");
    for (size_t i = 0; i < count * 2 * 1024; i++)
        pictures[i] = 1;
    for (size_t i = 0; i < count * 4; i++)
        fixes[i] = 1;
    bcue_modality_dropout_apply(drop, &inputs, plan, sample, count, 7, epoch);
    for (size_t i = 0; i < count * 2; i++) { /* a frame is there or not, never in part */
        double sum = 0;
        for (size_t k = 0; k < 1024; k++)
            sum += (double)pictures[i * 1024 + k];
        CHECK(sum == 0 || sum == 1024);
        CHECK(fixes[2 * i] == fixes[2 * i + 1]);
        camera[i] = sum > 0;
        position[i] = fixes[2 * i];
    }
    bcue_plan_destroy(plan);
    bcue_weights_free(&weights);
    bcue_graph_destroy(graph);
}

enum { DROPS = 2000 };

static void dropout_keeps_its_shares(void)
{
    static float camera[2 * DROPS], position[2 * DROPS];
    static size_t sample[DROPS];
    for (size_t i = 0; i < DROPS; i++)
        sample[i] = i;
    bcue_modality_dropout drop = {.sensor = {[BCUE_CAMERA] = 0.3, [BCUE_GPS] = 0.2}};
    dropped(&drop, sample, DROPS, 1, camera, position);
    double lost_camera = 0, lost_position = 0;
    for (size_t i = 0; i < DROPS; i++) {
        CHECK(camera[2 * i] == camera[2 * i + 1] && position[2 * i] == position[2 * i + 1]);
        CHECK(camera[2 * i] > 0 || position[2 * i] > 0);
        lost_camera += camera[2 * i] == 0;
        lost_position += position[2 * i] == 0;
    }
    /* Those that would lose both lose neither: 0.3 - 0.06 and 0.2 - 0.06, within 4 standard deviations. */
    CHECK_NEAR(lost_camera / DROPS, 0.24, 4 * sqrt(0.24 * 0.76 / DROPS));
    CHECK_NEAR(lost_position / DROPS, 0.14, 4 * sqrt(0.14 * 0.86 / DROPS));
    drop = (bcue_modality_dropout){.frame = 0.25};
    dropped(&drop, sample, DROPS, 1, camera, position);
    double lost = 0;
    for (size_t i = 0; i < 2 * DROPS; i++)
        lost += (camera[i] == 0) + (position[i] == 0);
    CHECK_NEAR(lost / (4 * DROPS), 0.25 - pow(0.25, 4), 4 * sqrt(0.25 * 0.75 / (4 * DROPS)));
}

/* What a sample loses depends on the sample and the epoch, not on its batch. */
static void dropout_belongs_to_the_sample(void)
{
    const bcue_modality_dropout drop = {.sensor = {[BCUE_CAMERA] = 0.5, [BCUE_GPS] = 0.1}, .frame = 0.3};
    const size_t many[6] = {5, 11, 2, 900, 7, 3}, few[2] = {7, 11};
    float camera[12], position[12], camera2[4], position2[4], other[12];
    dropped(&drop, many, 6, 4, camera, position);
    dropped(&drop, few, 2, 4, camera2, position2);
    CHECK(camera2[0] == camera[8] && camera2[1] == camera[9]);
    CHECK(camera2[2] == camera[2] && camera2[3] == camera[3]);
    CHECK(position2[0] == position[8] && position2[3] == position[3]);
    size_t differs = 0;
    for (uint32_t epoch = 5; epoch < 8; epoch++) {
        dropped(&drop, many, 6, epoch, other, position);
        differs += memcmp(other, camera, sizeof other) != 0;
    }
    CHECK(differs > 0);
}

/* With `stand_in: stream` the frames that are lost are those that are zeros without it. What stands in is
   said here anew: the window ends at the newest frame left, and before it a gap is the nearest older one,
   else the nearest newer one; fixes, here on a line, are where the line has them from two on. */
enum { WINDOW = 4, WINDOWS = 400 };

static void drop_windows(const bcue_modality_dropout *drop, float *camera, float *position)
{
    static size_t sample[WINDOWS];
    bcue_error error = {""};
    const bcue_model_config model = {.kind = BCUE_MODEL_RESNET18, .position = true, .width = 8, .hidden = 8};
    const bcue_model_inputs inputs = {
        .frames = WINDOW, .channels = 1, .height = 32, .width = 32, .gps_frames = WINDOW, .beams = 8};
    bcue_graph *graph;
    bcue_weights weights;
    bcue_plan *plan;
    CHECK_OK(bcue_model_build(&model, &inputs, WINDOWS, &graph, &error), error);
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 1, &weights, &error), error);
    const bcue_plan_options options = {.engine = BCUE_ENGINE_REFERENCE, .dtype = BCUE_F32};
    CHECK_OK(bcue_plan_create(graph, &weights, &options, &plan, &error), error);
    float *pictures = bcue_plan_input(plan, "camera"), *fixes = bcue_plan_input(plan, "position");
    for (size_t i = 0; i < WINDOWS * WINDOW; i++) {
        sample[i / WINDOW] = i / WINDOW;
        for (size_t k = 0; k < 1024; k++)
            pictures[i * 1024 + k] = (float)(1 + i % WINDOW);
        fixes[2 * i] = (float)(10 + 3 * (i % WINDOW));
        fixes[2 * i + 1] = (float)(50 - 2 * (i % WINDOW));
    }
    bcue_modality_dropout_apply(drop, &inputs, plan, sample, WINDOWS, 7, 1);
    for (size_t i = 0; i < WINDOWS * WINDOW; i++) {
        camera[i] = pictures[i * 1024];
        CHECK(pictures[i * 1024 + 1023] == camera[i]);
        memcpy(position + 2 * i, fixes + 2 * i, 2 * sizeof *fixes);
    }
    bcue_plan_destroy(plan);
    bcue_weights_free(&weights);
    bcue_graph_destroy(graph);
}

/* Of a window in which the frames with zeros are lost: what stands in place f; -1: nothing is left. */
static int stands_in(const float *window, size_t step, int f)
{
    int newest = WINDOW - 1;
    while (newest >= 0 && window[(size_t)newest * step] == 0)
        newest--;
    if (newest < 0)
        return -1;
    const int place = f - (WINDOW - 1 - newest); /* in the window that was */
    for (int k = place; k >= 0; k--)
        if (window[(size_t)k * step] != 0)
            return k;
    for (int k = place < 0 ? 0 : place; k < WINDOW; k++)
        if (window[(size_t)k * step] != 0)
            return k;
    return -1;
}

static void dropout_as_streams_do(void)
{
    static float zeros[WINDOWS * WINDOW], held[WINDOWS * WINDOW], zero_fix[2 * WINDOWS * WINDOW],
        fix[2 * WINDOWS * WINDOW];
    bcue_modality_dropout drop = {.frame = 0.4, .sensor = {[BCUE_CAMERA] = 0.1, [BCUE_GPS] = 0.1}};
    int gaps = 0, gone = 0, carried = 0;
    drop_windows(&drop, zeros, zero_fix);
    drop.stand_in = BCUE_DROPOUT_STREAM;
    drop_windows(&drop, held, fix);
    for (size_t w = 0; w < WINDOWS; w++) {
        int left = 0;
        for (int f = 0; f < WINDOW; f++)
            left += zero_fix[2 * (w * WINDOW + (size_t)f)] != 0;
        for (int f = 0; f < WINDOW; f++) {
            const size_t i = w * WINDOW + (size_t)f;
            const int from = stands_in(zeros + w * WINDOW, 1, f),
                      fix_from = stands_in(zero_fix + 2 * w * WINDOW, 2, f);
            CHECK_NEAR(held[i], from < 0 ? 0 : from + 1, 0);
            gaps += from >= 0 && from != f;
            gone += from < 0;
            const bool older = zero_fix[2 * w * WINDOW] != 0; /* nothing lies before the first that is left */
            if (left >= 2 && older) {
                CHECK_NEAR(fix[2 * i], 10 + 3 * f, 1e-5);
                CHECK_NEAR(fix[2 * i + 1], 50 - 2 * f, 1e-5);
                carried += fix_from != f;
            } else if (left < 2) {
                CHECK_NEAR(fix[2 * i], fix_from < 0 ? 0 : 10 + 3 * fix_from, 1e-5);
            }
        }
    }
    CHECK(gaps > 100 && gone > 50 && carried > 100);
}

/* ---- killed, stopped, diverged ---- */

#define EVERYTHING                                                                                           \
    "train.ema=0.99", "train.micro_batch=4", "model.dropout=0.2", "train.checkpoint_every=0",                \
        "train.checkpoint_minutes=1e-9", "train.modality_dropout={frame: 0.3, gps: 0.2}",                    \
        "data.gps_frames=2", "train.loss={kind: focal-sigmoid, targets: gaussian}",                          \
        "train.optimizer={kind: adamw, lr: 0.02, schedule: cyclic-cosine, warmup_epochs: 1, decay_epochs: "  \
        "1, "                                                                                                \
        "restart_epochs: 1}"

/* Kill -9 in any step costs no more than the interval, here no step at all; then on to the same weights. */
static void killed_hard_loses_at_most_the_interval(void)
{
    const char *const whole[] = {"out=" FOLDER "/unbroken", EVERYTHING, NULL}, *const killed[] = {
                                                                                   "out=" FOLDER "/killed",
                                                                                   EVERYTHING,
                                                                                   "train.resume=true", NULL};
    CHECK_STATUS(train(whole, NULL), BCUE_OK);
    const int places[] = {1, 2, 6, 7, 8, 15, 20};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        remove_results(FOLDER "/killed");
        fflush(NULL);
        const pid_t child = fork();
        if (child == 0) {
            watcher w = {.die_at = places[i], .hard = true};
            (void)train(killed, &w);
            _exit(0);
        }
        int status = 0;
        CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        CHECK_NEAR(checkpoint_step(FOLDER "/killed"), places[i], 0);
        CHECK_INT(exists(FOLDER "/killed", "best-seed1.safetensors"), places[i] > 7);
        CHECK_STATUS(train(killed, NULL), BCUE_OK);
        CHECK_AT(same_models(FOLDER "/unbroken", FOLDER "/killed"), "killed in step %d: other weights",
                 places[i]);
        CHECK(!exists(FOLDER "/killed", "best-seed1.safetensors"));
    }
}

static void refused(const char *const *overrides, bcue_status expected, const char *part)
{
    outcome result = train_yaml(yaml, overrides, NULL);
    CHECK_STATUS(result.status, expected);
    CHECK_CONTAINS(result.error.text, part);
    bcue_training_summary_free(&result.summary);
}

/* Weights so large that the loss overflows; then such that only a gradient does: logits of some 1e10, and the
   gradient of the middle layer is 1e30 (from the output) times 1e10 (from the input). */
static void diverging_saves_the_batch(void)
{
    bcue_error error = {""};
    static const float factors[2][3] = {{1e30F, 1e30F, 1e30F}, {1e10F, 1e-30F, 1e30F}};
    static const char *const what[2] = {"the loss is not a number in epoch 1, step 1",
                                        "a gradient is not a number in epoch 1, step 1"};
    for (int i = 0; i < 2; i++) {
        bcue_model_file model = read_model(FOLDER "/whole");
        for (int32_t t = 0; t < model.weights.count; t++) {
            const char first = model.weights.names[t][0]; /* of input, shared, output */
            for (int64_t k = 0; k < bcue_tensor_count(&model.weights.tensors[t]); k++)
                ((float *)model.weights.tensors[t].data)[k] *= factors[i][first == 'i'   ? 0
                                                                          : first == 's' ? 1
                                                                                         : 2];
        }
        CHECK_OK(bcue_model_file_write(FOLDER "/huge.safetensors", &model, &error), error);
        bcue_model_file_free(&model);
        remove_results(FOLDER "/wild");
        const char *const wild[] = {"out=" FOLDER "/wild", "train.init=" FOLDER "/huge.safetensors", NULL};
        refused(wild, BCUE_ERROR_DATA, what[i]);
        CHECK(!exists(FOLDER "/wild", "model-seed1.safetensors"));
        bcue_safetensors *file;
        CHECK_OK(bcue_safetensors_open(FOLDER "/wild/diverged-seed1.safetensors", &file, &error), error);
        if (file == NULL)
            continue;
        const bcue_tensor *label = bcue_safetensors_find(file, "label"),
                          *position = bcue_safetensors_find(file, "position");
        CHECK(label != NULL && position != NULL && bcue_tensor_count(label) == 10 &&
              bcue_tensor_count(position) == 20);
        json_t *meta = json_loads(bcue_safetensors_metadata(file, "beamcue.batch"), 0, NULL);
        CHECK_INT(json_array_size(json_object_get(meta, "samples")), 10);
        CHECK_INT(json_integer_value(json_object_get(meta, "step")), 1);
        json_decref(meta);
        bcue_safetensors_close(file);
    }
}

/* ---- files ---- */

/* Every line is an object with the numbers of the table's row. */
static void metrics_lines_agree_with_the_table(void)
{
    FILE *csv = fopen(FOLDER "/unbroken/history-seed1.csv", "r"),
         *lines = fopen(FOLDER "/unbroken/metrics-seed1.jsonl", "r");
    char row[512], line[1024];
    CHECK(csv != NULL && lines != NULL && fgets(row, sizeof row, csv) != NULL);
    int count = 0;
    while (csv != NULL && lines != NULL && fgets(line, sizeof line, lines) != NULL) {
        CHECK(fgets(row, sizeof row, csv) != NULL);
        long long epoch;
        double rate, loss, validation, top1, seconds, dba, norm;
        CHECK_INT(sscanf(row, "%lld,%lf,%lf,%lf,%lf,%lf,%lf,%lf", &epoch, &rate, &loss, &validation, &top1,
                         &seconds, &dba, &norm),
                  8);
        json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        CHECK_INT(json_integer_value(json_object_get(json, "epoch")), ++count);
        CHECK_INT(json_integer_value(json_object_get(json, "step")), 7 * count);
        CHECK_NEAR(json_number_value(json_object_get(json, "learning_rate")), rate, 0);
        CHECK_NEAR(json_number_value(json_object_get(json, "train_loss")), loss, 0);
        CHECK_NEAR(json_number_value(json_object_get(json, "validation_top1")), top1, 0);
        CHECK_NEAR(json_number_value(json_object_get(json, "validation_dba")), dba, 0);
        CHECK_NEAR(json_number_value(json_object_get(json, "gradient_norm")), norm, 0);
        CHECK(dba > 0 && dba <= 1 && norm > 0);
        json_decref(json);
    }
    CHECK_INT(count, 3);
    if (csv != NULL)
        fclose(csv);
    if (lines != NULL)
        fclose(lines);
}

static void wrong_recipes_are_refused(void)
{
    static const char *const wrong[][2] = {
        {"train.bn=frozen", "frozen needs train.init"},
        {"train.loss={kind: focal-softmax, targets: gaussian}", "focal-softmax takes hard targets"},
        {"train.modality_dropout={camera: 1}", "train.modality_dropout.camera"},
        {"train.ema=1", "train.ema"},
    };
    toy_run run;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *const overrides[] = {wrong[i][0], NULL};
        CHECK_STATUS(toy_open(FOLDER, yaml, overrides, &run), BCUE_ERROR_CONFIG);
        CHECK_CONTAINS(run.error.text, wrong[i][1]);
        toy_close(&run);
    }
    const char *const sync[] = {"train.bn=sync", "train.micro_batch=2", NULL},
                      *const angles[] = {"train.loss={targets: gaussian}", "data.index_monotone=false", NULL},
                      *const dba[] = {"train.select=validation-dba", "data.index_monotone=false", NULL};
    CHECK_STATUS(toy_open(FOLDER, yaml, sync, &run), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(run.error.text, "all of its activations at once");
    toy_close(&run);
    CHECK_STATUS(toy_open(FOLDER, yaml, angles, &run), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(run.error.text, "gaussian targets need a codebook");
    toy_close(&run);
    CHECK_STATUS(toy_open(FOLDER, yaml, dba, &run), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(run.error.text, "the DBA needs a codebook");
    toy_close(&run);
}

int main(void)
{
    bcue_set_threads(1);
    toy_write_positions(FOLDER, &street);
    RUN(gaussian_targets_by_hand);
    RUN(every_loss_learns);
    RUN(pieces_add_up_to_the_batch);
    RUN(the_average_by_hand);
    RUN(the_average_is_kept);
    RUN(dropout_keeps_its_shares);
    RUN(dropout_belongs_to_the_sample);
    RUN(dropout_as_streams_do);
    RUN(killed_hard_loses_at_most_the_interval);
    RUN(diverging_saves_the_batch);
    RUN(metrics_lines_agree_with_the_table);
    RUN(wrong_recipes_are_refused);
    return check_summary();
}
