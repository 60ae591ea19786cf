/* A student with a teacher, end to end on a fabricated recording: gradients that are written between forward
   and backward, the cache of answers, what is refused, and the variant without a teacher's help against the
   focal loss in the graph. */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/rng.h"
#include "base/text.h"
#include "../dataset/fabricate.h"
#include "engine/plan.h"
#include "formats/npy.h"
#include "learn/trainer.h"
#include "models/model_file.h"

enum { EPISODES = 6, ROWS = 8, BEAMS = 4, POINTS = 6 };

enum { USUAL = 5, CROWD = 4 * POINTS };

/* A few points at the azimuth of the best beam, in no order; the first `broken` have no velocity. */
static void write_points(const char *file, uint32_t row, int beam, int count, int broken)
{
    bcue_rng rng = bcue_rng_make(51, BCUE_RNG_TEST, row, 0, 0);
    float values[4 * CROWD];
    for (int i = 0; i < count; i++) {
        values[4 * i] = (float)bcue_rng_range(&rng, -5, 5);
        values[4 * i + 1] = (float)(-0.9 + 0.6 * beam + 0.1 * bcue_rng_normal(&rng));
        values[4 * i + 2] = (float)bcue_rng_range(&rng, -0.1, 0.1);
        values[4 * i + 3] = (float)bcue_rng_range(&rng, 10, 50);
        if (i < broken)
            values[4 * i] = NAN;
    }
    const size_t rows = (size_t)count;
    const bcue_npy points = {
        .type = BCUE_NPY_F32, .rank = 2, .shape = {rows, 4}, .count = 4 * rows, .data = values};
    bcue_bytes bytes;
    bcue_error error;
    CHECK_OK(bcue_npy_encode(&points, &bytes, &error), error);
    fabricate_bytes(file, bytes.data, bytes.size);
    bcue_bytes_free(&bytes);
}

/* No two power vectors are alike: equal ones count as copies of one sample. */
static void write_power(const char *file, uint32_t row, int beam)
{
    bcue_rng rng = bcue_rng_make(52, BCUE_RNG_TEST, row, 0, 0);
    bcue_text text = {0};
    for (int b = 0; b < BEAMS; b++)
        bcue_text_printf(&text, "%.6f\n", (b == beam ? 0.9 : 0.1) + 0.05 * bcue_rng_uniform(&rng));
    fabricate_bytes(file, text.data, text.size);
    bcue_text_free(&text);
}

/* `damaged`: one episode has no point at all, others have frames without, with more points than rows, and
   with points that have no velocity. */
static void make_recording(const char *name, bool damaged)
{
    bcue_text table = {0};
    fabricate_begin(name);
    bcue_text_puts(&table, "index,unit1_radar,unit1_pwr_60ghz,seq_index\n");
    for (int i = 0; i < EPISODES * ROWS; i++) {
        char radar[64], power[64];
        const int beam = i * 7 % 5 % BEAMS;
        snprintf(radar, sizeof radar, "radar/%d.npy", i);
        snprintf(power, sizeof power, "power/%d.txt", i);
        const bool empty = damaged && (i / ROWS == 1 || i % 5 == 2);
        write_points(radar, (uint32_t)i, beam,
                     empty                   ? 0
                     : damaged && i % 5 == 4 ? CROWD
                                             : USUAL,
                     damaged && i % 3 == 1 ? 3 : 0);
        write_power(power, (uint32_t)i, beam);
        bcue_text_printf(&table, "%d,%s,%s,%d\n", i + 1, radar, power, i / ROWS);
    }
    fabricate_bytes("table.csv", table.data, table.size);
    bcue_text_free(&table);
}

/* Trains the members of a configuration; the sentence of what went wrong. */
static bcue_status train(const char *name, const char *rest, char *sentence, size_t size,
                         bcue_training_summary *summary)
{
    bcue_text yaml = {0};
    bcue_run_config run;
    bcue_config *config = NULL;
    bcue_dataset *dataset = NULL;
    bcue_error error = {""};
    char file[64];
    bcue_text_printf(
        &yaml,
        "name: %s\nout: \"%s/out-%s\"\nthreads: 1\ndata: {beams: %d, window: {frames: 2}, sources: "
        "[{name: s, root: \"%s\"}]}\nsplit: {kind: episode, train: 0.5, validation: 0.34, test: "
        "0.16}\nfeatures: {radar: {enabled: true, recipe: hps, points: %d}}\n%s",
        name, fabricate_root, name, (int)BEAMS, fabricate_root, (int)POINTS, rest);
    snprintf(file, sizeof file, "%s.yaml", name);
    fabricate_bytes(file, yaml.data, yaml.size);
    bcue_text_free(&yaml);
    char *path = bcue_path_join(fabricate_root, file);
    bcue_status status = bcue_run_config_read(path, NULL, 0, &run, &config, &error);
    if (status == BCUE_OK)
        status = bcue_dataset_open(&run.data, config, NULL, &dataset, &error);
    if (status == BCUE_OK)
        status = bcue_check_writable_dir(run.out, &error);
    if (status == BCUE_OK)
        status = bcue_train_member(&run, config, dataset, bcue_run_member_at(&run, 0), NULL, summary, &error);
    snprintf(sentence, size, "%s", error.text);
    bcue_dataset_destroy(dataset);
    bcue_config_destroy(config);
    free(path);
    return status;
}

static bcue_training_summary trained(const char *name, const char *rest)
{
    bcue_training_summary summary = {0};
    char sentence[512];
    const bcue_status status = train(name, rest, sentence, sizeof sentence, &summary);
    CHECK_AT(status == BCUE_OK, "%s: %s", name, sentence);
    return summary;
}

static void refused(const char *name, const char *rest, const char *part)
{
    bcue_training_summary summary = {0};
    char sentence[512];
    CHECK(train(name, rest, sentence, sizeof sentence, &summary) != BCUE_OK);
    CHECK_CONTAINS(sentence, part);
    bcue_training_summary_free(&summary);
}

static const char teacher_yaml[] = "model: {kind: point-student, point_width: 16, queries: 2, hidden: 12}\n"
                                   "train: {epochs: 60, batch: 8, optimizer: {kind: adamw, lr: 0.01}}\n";

static void student_yaml(char *text, size_t size, const char *variant, const char *more)
{
    snprintf(text, size,
             "model: {kind: student, widths: [10, 9, 8, 7, 6]}\ntrain: {epochs: 3, batch: 8, loss: {kind: "
             "focal-softmax}, optimizer: {kind: sgd, lr: 0.05}}\n"
             "distill: {teacher: \"%s/out-teacher/model-seed1.safetensors\", variant: %s%s}\n",
             fabricate_root, variant, more);
}

static bcue_model_file open_model(const char *name)
{
    char path[1200];
    bcue_model_file model = {0};
    bcue_error error = {""};
    snprintf(path, sizeof path, "%s/out-%s/model-seed1.safetensors", fabricate_root, name);
    CHECK_OK(bcue_model_file_read(path, &model, &error), error);
    return model;
}

static double difference(const bcue_model_file *a, const bcue_model_file *b)
{
    double worst = 0;
    CHECK_INT(a->weights.count, b->weights.count);
    for (int32_t i = 0; i < a->weights.count && i < b->weights.count; i++)
        for (int64_t k = 0; k < bcue_tensor_count(&a->weights.tensors[i]); k++)
            worst = fmax(worst, fabs((double)((const float *)a->weights.tensors[i].data)[k] -
                                     (double)((const float *)b->weights.tensors[i].data)[k]));
    return worst;
}

static void test_variants(void)
{
    static const char *const variants[] = {"none",    "kd-mid",  "kd-end",  "kd-both",
                                           "rkd-mid", "rkd-end", "rkd-both"};
    char text[1500];
    make_recording("taught", false);
    bcue_training_summary teacher = trained("teacher", teacher_yaml);
    CHECK(teacher.validation_top1 > 0.8); /* or there is nothing to teach */
    /* The focal loss in the graph: no teacher. */
    bcue_training_summary plain =
        trained("plain",
                "model: {kind: student, widths: [10, 9, 8, 7, 6]}\ntrain: {epochs: 3, batch: 8, loss: {kind: "
                "focal-softmax}, optimizer: {kind: sgd, lr: 0.05}}\n");
    bcue_model_file of_plain = open_model("plain");
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        student_yaml(text, sizeof text, variants[i], "");
        bcue_training_summary s = trained(variants[i], text);
        CHECK(s.has_teacher);
        CHECK_NEAR(s.teacher_top1, teacher.validation_top1, 1e-9);
        CHECK_INT(s.teacher_parameters, teacher.parameters);
        CHECK_INT(s.parameters, plain.parameters); /* the projection is not the student's */
        bcue_model_file model = open_model(variants[i]);
        const double apart = difference(&model, &of_plain);
        /* The same loss by another way, or another loss. */
        CHECK_AT(i == 0 ? apart < 1e-5 : apart > 1e-5, "%s: weights differ from the focal loss's by %g",
                 variants[i], apart);
        bcue_model_file_free(&model);
        bcue_training_summary_free(&s);
    }
    bcue_model_file_free(&of_plain);
    bcue_training_summary_free(&plain);
    bcue_training_summary_free(&teacher);
}

static void test_cache(void)
{
    char text[3000], more[1200], path[1200];
    bcue_training_summary summary;
    snprintf(more, sizeof more, ", cache: \"%s/answers.safetensors\"", fabricate_root);
    student_yaml(text, sizeof text, "kd-end", more);
    summary = trained("first", text);
    bcue_training_summary_free(&summary);
    /* Read, not computed again: with a changed answer the student comes out another. */
    summary = trained("second", text);
    bcue_training_summary_free(&summary);
    bcue_model_file first = open_model("first"), second = open_model("second");
    CHECK(difference(&first, &second) <= 0);
    bcue_model_file_free(&second);
    bcue_safetensors *file;
    bcue_error error;
    snprintf(path, sizeof path, "%s/answers.safetensors", fabricate_root);
    CHECK_OK(bcue_safetensors_open(path, &file, &error), error);
    const bcue_tensor *end = bcue_safetensors_find(file, "end"), *mid = bcue_safetensors_find(file, "mid");
    bcue_tensor changed;
    CHECK_OK(bcue_tensor_create(BCUE_F32, &end->shape, &changed, &error), error);
    const bcue_named_tensor tensors[] = {{.name = "end", .tensor = &changed}, {.name = "mid", .tensor = mid}};
    const bcue_metadata metadata[] = {{"beamcue.teacher", bcue_safetensors_metadata(file, "beamcue.teacher")},
                                      {"beamcue.data", bcue_safetensors_metadata(file, "beamcue.data")},
                                      {"beamcue.draw", "none"}};
    CHECK_OK(bcue_safetensors_write(path, tensors, 2, metadata, 3, &error), error);
    bcue_tensor_free(&changed);
    bcue_safetensors_close(file);
    summary = trained("third", text);
    bcue_training_summary_free(&summary);
    bcue_model_file third = open_model("third");
    CHECK(difference(&first, &third) > 1e-5);
    bcue_model_file_free(&first);
    bcue_model_file_free(&third);
}

/* The file of answers again, with one beam less. */
static void wrong_width(void)
{
    char path[1200];
    bcue_safetensors *file;
    bcue_error error;
    bcue_tensor narrow;
    snprintf(path, sizeof path, "%s/answers.safetensors", fabricate_root);
    CHECK_OK(bcue_safetensors_open(path, &file, &error), error);
    const bcue_shape shape = bcue_shape_of(bcue_safetensors_find(file, "end")->shape.dim[0], BEAMS - 1);
    CHECK_OK(bcue_tensor_create(BCUE_F32, &shape, &narrow, &error), error);
    const bcue_named_tensor tensors[] = {{"end", &narrow, false},
                                         {"mid", bcue_safetensors_find(file, "mid"), false}};
    const bcue_metadata metadata[] = {{"beamcue.teacher", bcue_safetensors_metadata(file, "beamcue.teacher")},
                                      {"beamcue.data", bcue_safetensors_metadata(file, "beamcue.data")},
                                      {"beamcue.draw", "none"}};
    CHECK_OK(bcue_safetensors_write(path, tensors, 2, metadata, 3, &error), error);
    bcue_tensor_free(&narrow);
    bcue_safetensors_close(file);
}

/* Frames without a point, too many and broken ones: every network and every relation stays finite. */
static void test_damaged_recording(void)
{
    static const char *const more[] = {"", ", relations: [euclidean, cosine, hyperbolic, angle]"};
    char text[1500];
    make_recording("damaged", true);
    bcue_training_summary teacher = trained("teacher", teacher_yaml);
    bcue_training_summary_free(&teacher);
    for (int i = 0; i < 2; i++) {
        student_yaml(text, sizeof text, i == 0 ? "kd-both" : "rkd-both", more[i]);
        bcue_training_summary s = trained(i == 0 ? "kd" : "rkd", text);
        bcue_model_file model = open_model(i == 0 ? "kd" : "rkd"); /* refuses values that are not finite */
        CHECK(model.weights.count == 12);
        bcue_model_file_free(&model);
        bcue_training_summary_free(&s);
    }
}

static void test_refused(void)
{
    char text[3000], more[1200], other[2400];
    snprintf(more, sizeof more, ", cache: \"%s/answers.safetensors\"", fabricate_root);
    student_yaml(text, sizeof text, "kd-end", more);
    /* Another teacher with the same file of answers. */
    bcue_training_summary summary = trained(
        "teacher2", "model: {kind: student, widths: [8, 8, 8, 8, 8]}\ntrain: {epochs: 1, batch: 8}\n");
    bcue_training_summary_free(&summary);
    snprintf(
        other, sizeof other,
        "model: {kind: student, widths: [10, 9, 8, 7, 6]}\ntrain: {epochs: 1, batch: 8}\ndistill: {teacher: "
        "\"%s/out-teacher2/model-seed1.safetensors\", cache: \"%s/answers.safetensors\"}\n",
        fabricate_root, fabricate_root);
    refused("mixed", other, "holds the answers of another teacher");
    /* Answers for another codebook under the right name. */
    wrong_width();
    refused("narrow", text, "answers for 3 beams, the data has 4");
    /* Another codebook. */
    bcue_run_config run;
    bcue_config *config;
    bcue_dataset *dataset;
    bcue_error error;
    char *path = bcue_path_join(fabricate_root, "kd-end.yaml");
    const char *overrides[] = {"data.beam_step=2"};
    CHECK_OK(bcue_run_config_read(path, overrides, 1, &run, &config, &error), error);
    CHECK_OK(bcue_dataset_open(&run.data, config, NULL, &dataset, &error), error);
    CHECK_STATUS(
        bcue_train_member(&run, config, dataset, bcue_run_member_at(&run, 0), NULL, &summary, &error),
        BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(error.text, "trained for 4 beams, the data has 2");
    bcue_dataset_destroy(dataset);
    bcue_config_destroy(config);
    free(path);
    /* A student without a middle layer; a table; relations of parts of a batch. */
    snprintf(other, sizeof other,
             "model: {kind: resnet18, modality: radar, width: 8}\ndistill: {variant: rkd-mid, teacher: "
             "\"%s/out-teacher/model-seed1.safetensors\"}\n",
             fabricate_root);
    refused("trunk", other, "resnet18 has no middle layer");
    snprintf(other, sizeof other,
             "model: {kind: majority}\ndistill: {teacher: \"%s/out-teacher/model-seed1.safetensors\"}\n",
             fabricate_root);
    refused("table", other, "a table (majority) cannot learn from a teacher");
    student_yaml(text, sizeof text, "rkd-both", ", relations: [euclid]");
    refused("relation", text, "no relation is named 'euclid'");
    snprintf(other, sizeof other,
             "model: {kind: student, widths: [8, 8, 8, 8, 8]}\ntrain: {batch: 8, micro_batch: 2}\ndistill: "
             "{teacher: \"%s/out-teacher/model-seed1.safetensors\"}\n",
             fabricate_root);
    refused("micro", other, "relations are between the samples of a batch");
}

/* ---- gradients that are written after forward ---- */

typedef struct gradients {
    double values[2000];
    size_t count;
} gradients;

static gradients run_external(bcue_engine engine, bool late)
{
    const bcue_model_inputs inputs = {.frames = 1, .radar = {1, 3, 5}, .beams = BEAMS};
    int64_t widths[] = {7, 6, 5, 6, 7};
    const bcue_model_config config = {.kind = BCUE_MODEL_STUDENT, .widths = {widths, 5}, .mid_layer = 2};
    const bcue_loss_config loss = {.external = true, .projected = 9};
    const bcue_dtype dtype = engine == BCUE_ENGINE_REFERENCE ? BCUE_F64 : BCUE_F32;
    const bcue_plan_options options = {.engine = engine, .dtype = dtype, .training = true};
    bcue_error error = {""};
    bcue_graph *graph;
    bcue_weights weights;
    bcue_plan *plan;
    gradients found = {.count = 0};
    CHECK_OK(bcue_model_build_with_loss(&config, &inputs, &loss, 5, &graph, &error), error);
    CHECK_OK(bcue_weights_create(graph, dtype, 3, &weights, &error), error);
    CHECK_OK(bcue_plan_create(graph, &weights, &options, &plan, &error), error);
    static const char *const names[] = {"radar", "gradient.end", "gradient.mid"};
    for (int pass = 0; pass < 2; pass++) { /* before forward, and the last two again after it */
        for (int n = pass; n < 3; n++) {
            const bcue_value_info *info = bcue_graph_value(graph, bcue_graph_find(graph, names[n]));
            bcue_rng rng = bcue_rng_make(8, BCUE_RNG_TEST, 0, 0, (uint32_t)n);
            int64_t count = 0;
            (void)bcue_shape_count(&info->shape, &count);
            void *to = bcue_plan_input(plan, names[n]);
            for (int64_t i = 0; i < count; i++) {
                const double value = late && pass == 0 && n > 0 ? 77 : bcue_rng_normal(&rng);
                if (dtype == BCUE_F64)
                    ((double *)to)[i] = value;
                else
                    ((float *)to)[i] = (float)value;
            }
        }
        if (pass == 0)
            CHECK_OK(bcue_plan_forward(plan, &error), error);
    }
    CHECK_OK(bcue_plan_backward(plan, &error), error);
    for (int32_t p = 0; p < weights.count; p++) {
        const void *gradient = bcue_plan_gradient(plan, p);
        for (int64_t i = 0; gradient != NULL && i < bcue_tensor_count(&weights.tensors[p]); i++)
            found.values[found.count++] =
                dtype == BCUE_F64 ? ((const double *)gradient)[i] : (double)((const float *)gradient)[i];
    }
    CHECK_STR(weights.names[weights.count - 2], "distill.projection.weight");
    bcue_plan_destroy(plan);
    bcue_weights_free(&weights);
    bcue_graph_destroy(graph);
    return found;
}

static void test_written_gradients(void)
{
    const gradients right = run_external(BCUE_ENGINE_REFERENCE, false);
    CHECK(right.count > 200);
    for (int engine = 0; engine < 2; engine++) {
        const gradients late = run_external((bcue_engine)engine, true);
        double worst = 0, largest = 0;
        CHECK_INT(late.count, right.count);
        for (size_t i = 0; i < right.count; i++) {
            worst = fmax(worst, fabs(late.values[i] - right.values[i]));
            largest = fmax(largest, fabs(right.values[i]));
        }
        CHECK_AT(worst < 1e-5 * largest && largest > 0.1, "engine %d: %g of %g", engine, worst, largest);
    }
}

int main(void)
{
    RUN(test_written_gradients);
    RUN(test_variants);
    RUN(test_cache);
    RUN(test_refused);
    RUN(test_damaged_recording);
    return check_summary();
}
