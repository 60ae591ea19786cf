/* ResNet: sizes, and the whole network against PyTorch (fixture: tools/fixtures/make_resnet.py) on both
 * engines. */
#include <stdlib.h>
#include "base/json.h"
#include "base/rng.h"
#include "check.h"
#include "engine/plan.h"
#include "models/resnet.h"

static int64_t trainable_count(const bcue_graph *graph)
{
    int64_t total = 0;
    for (int32_t i = 0; i < bcue_graph_parameter_count(graph); i++) {
        const bcue_value_info *info = bcue_graph_value(graph, bcue_graph_parameter_value(graph, i));
        int64_t count = 0;
        bcue_shape_count(&info->shape, &count);
        total += info->spec.running ? 0 : count;
    }
    return total;
}

static void parameter_counts(void)
{
    static const struct {
        int depth;
        int64_t channels, parameters;
    } known[] = {{18, 3, 11176512}, {34, 3, 21284672}, {18, 1, 11170240}, {18, 2, 11173376}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        bcue_error error = {""};
        bcue_graph *graph = bcue_graph_create();
        bcue_shape shape = bcue_shape_of(2, known[i].channels, 256, 256);
        bcue_value y =
            bcue_resnet_backbone(graph, bcue_graph_input(graph, "x", BCUE_F32, &shape), known[i].depth);
        CHECK_OK(bcue_graph_check(graph, &error), error);
        CHECK_INT(trainable_count(graph), known[i].parameters);
        bcue_shape expected = bcue_shape_of(2, 512);
        CHECK(y != BCUE_NO_VALUE && bcue_shape_equal(&bcue_graph_value(graph, y)->shape, &expected));
        CHECK(bcue_graph_find(graph, "layer4.1.bn2.running_var") != BCUE_NO_VALUE);
        CHECK(bcue_graph_find(graph, "layer3.0.downsample.0.weight") != BCUE_NO_VALUE);
        CHECK(bcue_graph_find(graph, "layer1.0.downsample.0.weight") == BCUE_NO_VALUE);
        bcue_graph_destroy(graph);
    }
}

static void stage_shapes(void)
{
    bcue_error error = {""};
    bcue_graph *graph = bcue_graph_create();
    bcue_shape shape = bcue_shape_of(1, 3, 96, 160);
    bcue_value stages[BCUE_RESNET_STAGES];
    bcue_resnet_stages(graph, bcue_graph_input(graph, "x", BCUE_F32, &shape),
                       &(bcue_resnet_config){.depth = 34, .width = 16}, stages);
    CHECK_OK(bcue_graph_check(graph, &error), error);
    for (int s = 0; s < BCUE_RESNET_STAGES; s++) {
        bcue_shape expected = bcue_shape_of(1, 16 << s, 24 >> s, 40 >> s);
        CHECK(bcue_shape_equal(&bcue_graph_value(graph, stages[s])->shape, &expected));
    }
    bcue_graph_destroy(graph);
}

/* ---- parity ---- */

enum { SEED = 7, INPUT_STREAM = 1000 };

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void put(bcue_dtype dtype, void *data, int64_t i, double value)
{
    if (dtype == BCUE_F64)
        ((double *)data)[i] = value;
    else
        ((float *)data)[i] = (float)value;
}

static double get(bcue_dtype dtype, const void *data, int64_t i)
{
    return dtype == BCUE_F64 ? ((const double *)data)[i] : (double)((const float *)data)[i];
}

/* The same rule as in make_resnet.py. */
static void fill_parameter(bcue_tensor *tensor, const char *name, uint32_t index)
{
    bcue_rng rng = bcue_rng_make(SEED, BCUE_RNG_TEST, 0, 0, index);
    int64_t count = bcue_tensor_count(tensor);
    bool positive = strstr(name, "running_var") != NULL || strstr(name, "weight") != NULL;
    for (int64_t i = 0; i < count; i++) {
        double u = bcue_rng_uniform(&rng);
        double value = positive ? 0.5 + u : 0.4 * (u - 0.5);
        if (tensor->shape.rank > 1)
            value = (2 * u - 1) * sqrt(6 / (double)(count / tensor->shape.dim[0]));
        put(tensor->dtype, tensor->data, i, value);
    }
}

typedef struct parity {
    const json_t *golden;
    bcue_graph *graph;
    bcue_weights weights;
    bcue_dtype dtype;
    double tolerance;
} parity;

static bcue_graph *build(const json_t *golden)
{
    bcue_graph *graph = bcue_graph_create();
    int64_t batch = (int64_t)number(golden, "batch"), size = (int64_t)number(golden, "size"),
            classes = (int64_t)number(golden, "classes");
    int width = (int)number(golden, "width");
    bcue_shape x_shape = bcue_shape_of(batch, (int64_t)number(golden, "channels"), size, size),
               label_shape = bcue_shape_of(batch);
    bcue_shape weight_shape = bcue_shape_of(classes, 8 * width), bias_shape = bcue_shape_of(classes);
    bcue_parameter_spec spec = {.init = BCUE_INIT_ZERO};
    bcue_value x = bcue_graph_input(graph, "x", BCUE_F32, &x_shape);
    bcue_value label = bcue_graph_input(graph, "label", BCUE_I32, &label_shape);
    bcue_value features =
        bcue_resnet(graph, x, &(bcue_resnet_config){.depth = (int)number(golden, "depth"), .width = width});
    bcue_value logits = bcue_graph_linear(graph, "fc", features,
                                          bcue_graph_parameter(graph, "fc.weight", &weight_shape, &spec),
                                          bcue_graph_parameter(graph, "fc.bias", &bias_shape, &spec));
    bcue_graph_output(graph, "logits", logits);
    bcue_graph_output(graph, "loss",
                      bcue_graph_cross_entropy(graph, "loss", logits, label, BCUE_NO_VALUE, 0.1));
    return graph;
}

static bool fill_weights(parity *p)
{
    const json_t *names = json_object_get(p->golden, "names");
    for (int32_t i = 0; i < p->weights.count; i++) {
        uint32_t index = 0;
        while (index < json_array_size(names) &&
               strcmp(json_string_value(json_array_get(names, index)), p->weights.names[i]) != 0)
            index++;
        if (index == json_array_size(names))
            return false;
        fill_parameter(&p->weights.tensors[i], p->weights.names[i], index);
    }
    return (size_t)p->weights.count == json_array_size(names);
}

static void fill_inputs(const parity *p, bcue_plan *plan)
{
    int64_t batch = (int64_t)number(p->golden, "batch"), size = (int64_t)number(p->golden, "size");
    int64_t count = batch * (int64_t)number(p->golden, "channels") * size * size;
    bcue_rng rng = bcue_rng_make(SEED, BCUE_RNG_TEST, 0, 0, INPUT_STREAM);
    void *x = bcue_plan_input(plan, "x");
    int32_t *label = bcue_plan_input(plan, "label");
    for (int64_t i = 0; i < count; i++)
        put(p->dtype, x, i, 2 * bcue_rng_uniform(&rng) - 1);
    for (int64_t i = 0; label != NULL && i < batch; i++)
        label[i] = (int32_t)(i * 3 % (int64_t)number(p->golden, "classes"));
}

static void compare_logits(const parity *p, const bcue_plan *plan, const char *key)
{
    const json_t *expected = json_object_get(p->golden, key);
    const void *logits = bcue_plan_output(plan, "logits");
    double largest = 0;
    for (size_t i = 0; i < json_array_size(expected); i++)
        largest = fmax(largest, fabs(json_number_value(json_array_get(expected, i))));
    CHECK(logits != NULL && largest > 0);
    for (size_t i = 0; logits != NULL && i < json_array_size(expected); i++)
        CHECK_NEAR(get(p->dtype, logits, (int64_t)i), json_number_value(json_array_get(expected, i)),
                   p->tolerance * largest);
}

/* `expected` is [norm, weighted sum]; both within the tolerance of the norm (the sum's weights are at most 1,
   so its error is at most sqrt(count) times the norm's). */
static void compare_probe(const parity *p, const char *name, const json_t *expected, const void *data,
                          int64_t count)
{
    double squares = 0, sum = 0, norm = json_number_value(json_array_get(expected, 0));
    CHECK_AT(data != NULL && json_array_size(expected) == 2, "%s: nothing to compare", name);
    for (int64_t i = 0; data != NULL && i < count; i++) {
        double value = get(p->dtype, data, i);
        squares += value * value;
        sum += value * cos((double)i);
    }
    CHECK_AT(fabs(sqrt(squares) - norm) <= 10 * p->tolerance * norm, "%s: norm %.9g, expected %.9g", name,
             sqrt(squares), norm);
    CHECK_AT(fabs(sum - json_number_value(json_array_get(expected, 1))) <=
                 10 * p->tolerance * norm * sqrt((double)count),
             "%s: sum %.9g, expected %.9g", name, sum, json_number_value(json_array_get(expected, 1)));
}

static void check_inference(parity *p, bcue_engine engine, bool no_fusion)
{
    bcue_error error = {""};
    bcue_plan *plan = NULL;
    bcue_plan_options options = {.engine = engine, .dtype = p->dtype, .no_fusion = no_fusion};
    CHECK_OK(bcue_plan_create(p->graph, &p->weights, &options, &plan, &error), error);
    if (plan == NULL)
        return;
    fill_inputs(p, plan);
    CHECK_OK(bcue_plan_forward(plan, &error), error);
    compare_logits(p, plan, "inference");
    CHECK(bcue_plan_output(plan, "loss") == NULL);
    bcue_plan_destroy(plan);
}

static void check_training(parity *p, bcue_engine engine)
{
    bcue_error error = {""};
    bcue_plan *plan = NULL;
    bcue_plan_options options = {.engine = engine, .dtype = p->dtype, .training = true};
    CHECK_OK(bcue_plan_create(p->graph, &p->weights, &options, &plan, &error), error);
    if (plan == NULL)
        return;
    fill_inputs(p, plan);
    CHECK_OK(bcue_plan_forward(plan, &error), error);
    compare_logits(p, plan, "training");
    CHECK_NEAR(get(p->dtype, bcue_plan_output(plan, "loss"), 0), number(p->golden, "loss"),
               p->tolerance * 10);
    CHECK_OK(bcue_plan_backward(plan, &error), error);
    for (int32_t i = 0; i < p->weights.count; i++) {
        const char *name = p->weights.names[i];
        bool running = strstr(name, "running") != NULL;
        const json_t *expected =
            json_object_get(json_object_get(p->golden, running ? "running" : "gradients"), name);
        compare_probe(p, name, expected, running ? p->weights.tensors[i].data : bcue_plan_gradient(plan, i),
                      bcue_tensor_count(&p->weights.tensors[i]));
    }
    bcue_plan_destroy(plan);
}

static void check_parity(bcue_engine engine, bcue_dtype dtype, double tolerance)
{
    json_error_t json_error;
    json_t *fixture =
        json_load_file(BCUE_SOURCE_DIR "/tests/models/data/resnet.json", JSON_REJECT_DUPLICATES, &json_error);
    const json_t *cases = json_object_get(fixture, "cases");
    CHECK_INT(json_array_size(cases), 2);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        bcue_error error = {""};
        parity p = {.golden = json_array_get(cases, i), .dtype = dtype, .tolerance = tolerance};
        p.graph = build(p.golden);
        CHECK_OK(bcue_weights_create(p.graph, dtype, 1, &p.weights, &error), error);
        CHECK(fill_weights(&p));
        check_inference(&p, engine, false);
        check_inference(&p, engine, true);
        check_training(&p, engine);
        bcue_weights_free(&p.weights);
        bcue_graph_destroy(p.graph);
    }
    json_decref(fixture);
}

static void parity_reference(void)
{
    check_parity(BCUE_ENGINE_REFERENCE, BCUE_F64, 1e-9);
}

static void parity_onednn(void)
{
    check_parity(BCUE_ENGINE_ONEDNN, BCUE_F32, 1e-5);
}

int main(void)
{
    RUN(parameter_counts);
    RUN(stage_shapes);
    RUN(parity_reference);
    RUN(parity_onednn);
    return check_summary();
}
