/* Teacher and students of cross-modal distillation against PyTorch (fixture: tools/fixtures/make_crkd.py) on
   both engines; their sizes; what they refuse; the order of points and vehicles. */
#include "check.h"
#include "torch_parity.h"

#include <stdlib.h>

#include "base/rng.h"
#include "models/radar_student.h"

static void check_engine(const parity *p, const char *name, bcue_engine engine, bcue_dtype dtype,
                         double outputs, double gradients)
{
    for (int training = 0; training < 2; training++) {
        bcue_error error = {""};
        parity_errors e;
        CHECK_OK(parity_run(p, engine, dtype, training != 0, &e, &error), error);
        CHECK_AT(e.outputs < outputs && e.loss < outputs && e.running < outputs && e.zero < gradients &&
                     e.gradient_worst < gradients,
                 "%s, engine %d, training %d: outputs %g, loss %g, running %g, zero %g, gradient of %s %g",
                 name, (int)engine, training, e.outputs, e.loss, e.running, e.zero, e.worst_gradient,
                 e.gradient_worst);
        CHECK(e.compared >= 14);
    }
    bcue_error error = {""};
    parity_errors e;
    CHECK_OK(parity_infer(p, engine, dtype, &e, &error), error);
    CHECK(e.compared == 2 && e.outputs < outputs); /* logits and mid */
}

static void parity_with_pytorch(void)
{
    static const char *const cases[] = {"student", "points", "teacher"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[256];
        parity p;
        bcue_error error = {""};
        snprintf(path, sizeof path, BCUE_SOURCE_DIR "/tests/models/data/crkd_%s.safetensors", cases[i]);
        CHECK_OK(parity_open(path, &p, &error), error);
        if (p.graph != NULL) {
            check_engine(&p, cases[i], BCUE_ENGINE_REFERENCE, BCUE_F64, 1e-10, 1e-9);
            check_engine(&p, cases[i], BCUE_ENGINE_ONEDNN, BCUE_F32, 2e-5, 5e-2);
        }
        parity_close(&p);
    }
}

static int64_t parameters_of(const char *yaml, const bcue_model_inputs *inputs)
{
    bcue_model_config config;
    bcue_config *owned;
    bcue_graph *graph = NULL;
    bcue_error error = {""};
    int64_t total = 0;
    CHECK_OK(bcue_config_read_text(yaml, strlen(yaml), "model", NULL, 0, bcue_model_config_fields, &config,
                                   &owned, &error),
             error);
    CHECK_OK(bcue_model_build(&config, inputs, 1, &graph, &error), error);
    for (int32_t i = 0; graph != NULL && i < bcue_graph_parameter_count(graph); i++) {
        const bcue_value_info *info = bcue_graph_value(graph, bcue_graph_parameter_value(graph, i));
        int64_t count = 0;
        (void)bcue_shape_count(&info->shape, &count);
        total += info->spec.running ? 0 : count;
    }
    bcue_graph_destroy(graph);
    bcue_config_destroy(owned);
    return total;
}

static const bcue_model_inputs window = {.frames = 5,
                                         .channels = 3,
                                         .height = 144,
                                         .width = 256,
                                         .lidar = {1, 256, 256},
                                         .radar = {1, 512, 5},
                                         .vehicles = {1, 40, 3},
                                         .beams = 152};

static void sizes(void)
{
    static const struct {
        const char *yaml;
        double wanted, tolerance;
    } cases[] = {
        {"kind: student\nparameters: 6000000\n", 6e6, 0.02 * 6e6},
        {"kind: student\n", 13e6, 0.02 * 13e6},
        {"kind: student\nparameters: 34000000\n", 34e6, 0.02 * 34e6},
        {"kind: teacher\nwidth: 64\nblocks: 10\nheads: 12\nhidden: 768\nanchors: 4\npoint_width: 192\n"
         "queries: 4\n",
         105e6, 0.5e6},
        {"kind: teacher\nwidth: 16\ncamera_depth: 18\nblocks: 6\nheads: 4\nhidden: 256\nanchors: 4\n"
         "point_width: 64\nqueries: 4\n",
         7e6, 1e6},
        {"kind: point-student\n", 0.75e6, 0.75e6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_NEAR((double)parameters_of(cases[i].yaml, &window), cases[i].wanted, cases[i].tolerance);
    /* By hand: 2 inputs, width 3, 2 beams: 3 * 3 + 4 * 3 * 4 + 4 * 2. */
    const bcue_model_inputs two = {.frames = 1, .radar = {1, 1, 2}, .beams = 2};
    CHECK_INT(parameters_of("kind: student\nwidths: [3, 3, 3, 3, 3]\n", &two), 9 + 48 + 8);
    /* The nearest of two widths: 65 weights with width 3, 102 with width 4. */
    bcue_model_config config = {.kind = BCUE_MODEL_STUDENT, .parameters = 83};
    CHECK_INT(bcue_student_width(&config, &two), 3);
    config.parameters = 84;
    CHECK_INT(bcue_student_width(&config, &two), 4);
}

static void refuse(const char *yaml, const bcue_model_inputs *inputs, const char *part)
{
    bcue_model_config config;
    bcue_config *owned;
    bcue_graph *graph = NULL;
    bcue_error error = {""};
    CHECK_OK(bcue_config_read_text(yaml, strlen(yaml), "model", NULL, 0, bcue_model_config_fields, &config,
                                   &owned, &error),
             error);
    CHECK_STATUS(bcue_model_build(&config, inputs, 1, &graph, &error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(error.text, part);
    bcue_config_destroy(owned);
}

static void refused(void)
{
    bcue_model_inputs maps = window, none = window;
    maps.radar = (bcue_picture_size){2, 256, 256};
    none.vehicles = (bcue_picture_size){0};
    refuse("kind: point-student\n", &maps, "takes lists of radar points, not maps");
    refuse("kind: teacher\n", &none, "teacher needs vehicles: set features.vehicles.enabled: true");
    refuse("kind: teacher\nheads: 7\n", &window, "model.heads: 7 heads cannot share the 256 numbers");
    refuse("kind: student\nwidths: [3, 4]\n", &window, "model.widths: has 2 hidden widths");
}

/* Rows in another order: what attention pooling makes of a list is a matter of rounding only. */
static void order_of_points(void)
{
    enum { ROWS = 9, FIELDS = 5, BEAMS = 4 };
    const bcue_model_inputs inputs = {.frames = 2, .radar = {1, ROWS, FIELDS}, .beams = BEAMS};
    const bcue_model_config config = {
        .kind = BCUE_MODEL_POINT_STUDENT, .point_width = 8, .queries = 2, .hidden = 6};
    const bcue_plan_options options = {.engine = BCUE_ENGINE_REFERENCE, .dtype = BCUE_F64};
    bcue_error error = {""};
    bcue_graph *graph;
    bcue_weights weights;
    bcue_plan *plan;
    double first[BEAMS];
    CHECK_OK(bcue_model_build(&config, &inputs, 1, &graph, &error), error);
    CHECK_OK(bcue_weights_create(graph, BCUE_F64, 3, &weights, &error), error);
    CHECK_OK(bcue_plan_create(graph, &weights, &options, &plan, &error), error);
    double *radar = bcue_plan_input(plan, "radar");
    bcue_rng rng = bcue_rng_make(5, BCUE_RNG_TEST, 0, 0, 0);
    for (int i = 0; i < 2 * ROWS * FIELDS; i++)
        radar[i] = i % FIELDS == FIELDS - 1 ? (double)(i / FIELDS % ROWS < 6) : bcue_rng_normal(&rng);
    CHECK_OK(bcue_plan_forward(plan, &error), error);
    memcpy(first, bcue_plan_output(plan, "logits"), sizeof first);
    for (int f = 0; f < 2; f++) /* the first six rows backwards */
        for (int r = 0; r < 3; r++)
            for (int k = 0; k < FIELDS; k++) {
                double *a = &radar[(f * ROWS + r) * FIELDS + k], *b = &radar[(f * ROWS + 5 - r) * FIELDS + k],
                       kept = *a;
                *a = *b;
                *b = kept;
            }
    for (int k = 0; k < FIELDS - 1; k++) /* what stands in rows without a point */
        radar[7 * FIELDS + k] = 1e3;
    CHECK_OK(bcue_plan_forward(plan, &error), error);
    const double *again = bcue_plan_output(plan, "logits");
    for (int b = 0; b < BEAMS; b++)
        CHECK_NEAR(again[b], first[b], 1e-12);
    for (int i = 0; i < 2 * ROWS * FIELDS; i++) /* a window without any point */
        radar[i] = 0;
    CHECK_OK(bcue_plan_forward(plan, &error), error);
    for (int b = 0; b < BEAMS; b++)
        CHECK(isfinite(again[b]));
    bcue_plan_destroy(plan);
    bcue_weights_free(&weights);
    bcue_graph_destroy(graph);
}

int main(void)
{
    RUN(sizes);
    RUN(refused);
    RUN(order_of_points);
    RUN(parity_with_pytorch);
    return check_summary();
}
