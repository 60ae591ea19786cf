/* The contract of plan.h: what is refused, what exists, dropout's mask, batch norm's statistics, bad labels.
 */
#include "case_plan.h"
#include "check.h"

#include <pthread.h>
#include "engine/dropout.h"

static const bcue_op_case *find_case(const char *name)
{
    for (int i = 0; i < bcue_op_case_count; i++) {
        if (strcmp(bcue_op_cases[i].name, name) == 0)
            return &bcue_op_cases[i];
    }
    return NULL;
}

static void make(const char *name, bcue_plan_options options, bcue_case_plan *made)
{
    bcue_error error = {""};
    CHECK_OK(bcue_case_plan_create(find_case(name), &options, made, &error), error);
}

static void mask_is_keyed(void)
{
    enum { COUNT = 40000 };
    static uint8_t keep[COUNT], other[COUNT];
    bcue_dropout_key key = {.seed = 1, .epoch = 2, .step = 3, .node = 4};
    bcue_dropout_mask(&key, 0.3, 0, COUNT, keep);
    int kept = 0;
    for (int i = 0; i < COUNT; i++)
        kept += keep[i];
    CHECK_NEAR(kept, 0.7 * COUNT, 4 * sqrt(0.21 * COUNT));
    for (size_t first = 0; first < 9; first++) {
        bcue_dropout_mask(&key, 0.3, first, 100, other);
        CHECK(memcmp(keep + first, other, 100) == 0);
    }
    const bcue_dropout_key keys[] = {{2, 2, 3, 4}, {1, 3, 3, 4}, {1, 2, 4, 4}, {1, 2, 3, 5}};
    for (int i = 0; i < 4; i++) {
        bcue_dropout_mask(&keys[i], 0.3, 0, COUNT, other);
        int same = 0;
        for (int k = 0; k < COUNT; k++)
            same += keep[k] == other[k];
        CHECK_NEAR(same, 0.58 * COUNT, 4 * sqrt(0.58 * 0.42 * COUNT));
    }
    bcue_dropout_mask(&key, 0, 0, COUNT, other);
    for (int i = 0; i < COUNT; i++)
        CHECK(other[i] == 1);
}

static void dropout_scales_what_it_keeps(void)
{
    bcue_case_plan made;
    bcue_error error = {""};
    make("dropout_half", (bcue_plan_options){.dtype = BCUE_F32, .training = true}, &made);
    bcue_plan_set_step(made.plan, 11, 2, 3);
    CHECK_OK(bcue_plan_forward(made.plan, &error), error);
    const bcue_dropout_key key = {.seed = 11, .epoch = 2, .step = 3, .node = 0};
    uint8_t keep[7 * 41];
    bcue_dropout_mask(&key, 0.5, 0, sizeof keep, keep);
    const float *x = bcue_plan_input(made.plan, "x"), *y = bcue_plan_output(made.plan, "y");
    for (size_t i = 0; i < sizeof keep; i++)
        CHECK(y[i] == (keep[i] ? 2 * x[i] : 0));
    bcue_case_plan_destroy(&made);
    make("dropout_half", (bcue_plan_options){.dtype = BCUE_F32}, &made);
    CHECK_OK(bcue_plan_forward(made.plan, &error), error);
    CHECK(memcmp(bcue_plan_input(made.plan, "x"), bcue_plan_output(made.plan, "y"), 7 * 41 * sizeof(float)) ==
          0);
    bcue_case_plan_destroy(&made);
}

static void what_exists(void)
{
    bcue_case_plan made;
    bcue_error error = {""};
    make("tiny_resnet", (bcue_plan_options){.dtype = BCUE_F32}, &made);
    CHECK(bcue_plan_input(made.plan, "x") != NULL);
    CHECK(bcue_plan_input(made.plan, "label") == NULL);
    CHECK(bcue_plan_input(made.plan, "stem.w") == NULL);
    CHECK(bcue_plan_input(made.plan, "nothing") == NULL);
    CHECK(bcue_plan_output(made.plan, "y") != NULL);
    CHECK(bcue_plan_output(made.plan, "loss") == NULL);
    CHECK(bcue_plan_output(made.plan, "fc") == NULL);
    CHECK(bcue_plan_gradient(made.plan, 0) == NULL);
    CHECK(bcue_plan_input_gradient(made.plan, "x") == NULL);
    CHECK_STATUS(bcue_plan_backward(made.plan, &error), BCUE_ERROR_ARGUMENT);
    size_t inference = bcue_plan_peak_bytes(made.plan);
    bcue_case_plan_destroy(&made);
    make("tiny_resnet", (bcue_plan_options){.dtype = BCUE_F32, .training = true}, &made);
    CHECK(bcue_plan_input(made.plan, "label") != NULL);
    CHECK(bcue_plan_output(made.plan, "loss") != NULL);
    CHECK(bcue_plan_peak_bytes(made.plan) > inference && inference > 0);
    CHECK_STATUS(bcue_plan_backward(made.plan, &error), BCUE_ERROR_ARGUMENT);
    CHECK_OK(bcue_plan_forward(made.plan, &error), error);
    CHECK_OK(bcue_plan_backward(made.plan, &error), error);
    for (int32_t i = 0; i < made.weights.count; i++) {
        bool running = strstr(made.weights.names[i], "running") != NULL;
        CHECK((bcue_plan_gradient(made.plan, i) == NULL) == running);
    }
    CHECK(bcue_plan_gradient(made.plan, -1) == NULL &&
          bcue_plan_gradient(made.plan, made.weights.count) == NULL);
    CHECK(bcue_plan_input_gradient(made.plan, "x") != NULL &&
          bcue_plan_input_gradient(made.plan, "label") == NULL);
    bcue_case_plan_destroy(&made);
    bcue_plan_destroy(NULL);
}

static void bad_labels(void)
{
    bcue_case_plan made;
    bcue_error error = {""};
    make("cross_entropy_smooth_weighted", (bcue_plan_options){.dtype = BCUE_F32, .training = true}, &made);
    int32_t *label = bcue_plan_input(made.plan, "label");
    float *weight = bcue_plan_input(made.plan, "row_weight");
    label[2] = 6;
    CHECK_STATUS(bcue_plan_forward(made.plan, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "row 2 is 6");
    CHECK_STATUS(bcue_plan_backward(made.plan, &error), BCUE_ERROR_ARGUMENT);
    weight[2] = 0;
    CHECK_OK(bcue_plan_forward(made.plan, &error), error);
    label[1] = -1;
    CHECK_STATUS(bcue_plan_forward(made.plan, &error), BCUE_ERROR_DATA);
    for (int i = 0; i < 4; i++)
        weight[i] = 0;
    CHECK_OK(bcue_plan_forward(made.plan, &error), error);
    CHECK(*(const float *)bcue_plan_output(made.plan, "loss") == 0);
    CHECK_OK(bcue_plan_backward(made.plan, &error), error);
    const float *gradient = bcue_plan_input_gradient(made.plan, "x");
    for (int i = 0; i < 24; i++)
        CHECK(gradient[i] == 0);
    weight[0] = NAN;
    CHECK_STATUS(bcue_plan_forward(made.plan, &error), BCUE_ERROR_DATA);
    bcue_case_plan_destroy(&made);
}

static void changed_weights(void)
{
    bcue_case_plan made;
    bcue_error error = {""};
    make("residual_block_down", (bcue_plan_options){.dtype = BCUE_F64}, &made);
    CHECK_OK(bcue_plan_forward(made.plan, &error), error);
    double before = ((const double *)bcue_plan_output(made.plan, "y"))[0];
    for (int32_t i = 0; i < made.weights.count; i++) {
        if (bcue_graph_value(made.graph, bcue_graph_parameter_value(made.graph, i))->spec.running)
            continue;
        double *data = made.weights.tensors[i].data;
        for (int64_t k = 0; k < bcue_tensor_count(&made.weights.tensors[i]); k++)
            data[k] = 0.5;
    }
    bcue_plan_weights_changed(made.plan);
    CHECK_OK(bcue_plan_forward(made.plan, &error), error);
    double after = ((const double *)bcue_plan_output(made.plan, "y"))[0];
    bcue_plan *plain = NULL;
    const bcue_plan_options options = {.dtype = BCUE_F64, .no_fusion = true};
    CHECK_OK(bcue_plan_create(made.graph, &made.weights, &options, &plain, &error), error);
    memcpy(bcue_plan_input(plain, "x"), bcue_plan_input(made.plan, "x"), sizeof(double) * 2 * 3 * 7 * 6);
    CHECK_OK(bcue_plan_forward(plain, &error), error);
    CHECK(after != before);
    CHECK_NEAR(after, ((const double *)bcue_plan_output(plain, "y"))[0], 1e-9);
    bcue_plan_destroy(plain);
    bcue_case_plan_destroy(&made);
}

static void refused(bcue_graph *graph, bcue_weights *weights, bcue_plan_options options, bcue_status status,
                    const char *part)
{
    bcue_plan *plan = NULL;
    bcue_error error = {""};
    CHECK_STATUS(bcue_plan_create(graph, weights, &options, &plan, &error), status);
    CHECK_CONTAINS(error.text, part);
    CHECK(plan == NULL);
}

static void refusals(void)
{
    bcue_graph *graph = bcue_graph_create(), *other = bcue_graph_create();
    bcue_weights weights, others;
    bcue_error error = {""};
    find_case("norm_2d")->build(graph);
    find_case("linear_2d")->build(other);
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 1, &weights, &error), error);
    CHECK_OK(bcue_weights_create(other, BCUE_F32, 1, &others, &error), error);
    refused(graph, &weights, (bcue_plan_options){.dtype = BCUE_F64}, BCUE_ERROR_ARGUMENT, "f64");
    refused(graph, &weights, (bcue_plan_options){.dtype = BCUE_I32}, BCUE_ERROR_ARGUMENT, "i32");
    refused(graph, &weights, (bcue_plan_options){.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F64},
            BCUE_ERROR_UNSUPPORTED, "oneDNN");
    refused(graph, &others, (bcue_plan_options){.dtype = BCUE_F32}, BCUE_ERROR_SHAPE, "2 tensors");
    weights.tensors[1].shape.dim[0] = 4;
    refused(graph, &weights, (bcue_plan_options){.dtype = BCUE_F32}, BCUE_ERROR_SHAPE, "(4)");
    weights.tensors[1].shape.dim[0] = 5;
    char *kept = weights.names[1];
    weights.names[1] = weights.names[0];
    refused(graph, &weights, (bcue_plan_options){.dtype = BCUE_F32}, BCUE_ERROR_DATA, "bn.weight");
    weights.names[1] = kept;
    bcue_weights_free(&weights);
    bcue_weights_free(&others);
    bcue_graph_destroy(graph);
    bcue_graph_destroy(other);
}

static void refusals_of_training(void)
{
    bcue_graph *graph = bcue_graph_create();
    bcue_weights weights;
    bcue_error error = {""};
    const bcue_shape row = bcue_shape_of(1, 3), three = bcue_shape_of(3);
    const bcue_parameter_spec plain = {.init = BCUE_INIT_ONE},
                              running = {.init = BCUE_INIT_ONE, .running = true};
    bcue_value x = bcue_graph_input(graph, "x", BCUE_F32, &row),
               w = bcue_graph_parameter(graph, "w", &three, &plain);
    bcue_value m = bcue_graph_parameter(graph, "m", &three, &running),
               v = bcue_graph_parameter(graph, "v", &three, &running);
    bcue_value y = bcue_graph_batch_norm(graph, "bn", x, w, w, m, v, 1e-5, 0.1);
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 1, &weights, &error), error);
    refused(graph, &weights, (bcue_plan_options){.dtype = BCUE_F32}, BCUE_ERROR_DATA, "no output");
    bcue_graph_output(graph, "y", y);
    refused(graph, &weights, (bcue_plan_options){.dtype = BCUE_F32, .training = true}, BCUE_ERROR_DATA,
            "loss");
    bcue_graph_output(graph, "loss", bcue_graph_relu(graph, "r", y));
    refused(graph, &weights, (bcue_plan_options){.dtype = BCUE_F32, .training = true}, BCUE_ERROR_SHAPE,
            "(1, 3)");
    bcue_weights_free(&weights);
    bcue_graph_destroy(graph);
    graph = bcue_graph_create();
    x = bcue_graph_input(graph, "x", BCUE_F32, &row);
    w = bcue_graph_parameter(graph, "w", &three, &plain);
    m = bcue_graph_parameter(graph, "m", &three, &running);
    v = bcue_graph_parameter(graph, "v", &three, &running);
    y = bcue_graph_batch_norm(graph, "bn", x, w, w, m, v, 1e-5, 0.1);
    bcue_graph_output(graph, "loss", bcue_graph_reduce(graph, "sum", BCUE_OP_REDUCE_SUM, y, 3, false));
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 1, &weights, &error), error);
    refused(graph, &weights, (bcue_plan_options){.dtype = BCUE_F32, .training = true}, BCUE_ERROR_SHAPE,
            "more than one value");
    bcue_weights_free(&weights);
    bcue_graph_relu(graph, "bad", 99);
    refused(graph, &weights, (bcue_plan_options){.dtype = BCUE_F32}, BCUE_ERROR_ARGUMENT, "bad");
    bcue_graph_destroy(graph);
}

enum { SESSIONS = 4, CLASSES = 8, ROWS = 3 };

/* One thread's inference with weights that all threads read. */
typedef struct session {
    bcue_plan *plan;
    float result[CLASSES * ROWS];
    bcue_status status;
} session;

static void *infer(void *argument)
{
    session *mine = argument;
    for (int i = 0; i < 5; i++) {
        mine->status = bcue_plan_forward(mine->plan, NULL);
        memcpy(mine->result, bcue_plan_output(mine->plan, "y"), sizeof mine->result);
    }
    return NULL;
}

static void sessions_share_weights(void)
{
    bcue_case_plan made;
    bcue_error error = {""};
    const bcue_plan_options options = {.dtype = BCUE_F32};
    make("tiny_resnet", options, &made);
    session sessions[SESSIONS] = {0};
    pthread_t threads[SESSIONS];
    for (int i = 0; i < SESSIONS; i++) {
        CHECK_OK(bcue_plan_create(made.graph, &made.weights, &options, &sessions[i].plan, &error), error);
        memcpy(bcue_plan_input(sessions[i].plan, "x"), bcue_plan_input(made.plan, "x"),
               sizeof(float) * ROWS * 3 * 16 * 14);
    }
    for (int i = 0; i < SESSIONS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, infer, &sessions[i]), 0);
    for (int i = 0; i < SESSIONS; i++)
        pthread_join(threads[i], NULL);
    CHECK_OK(bcue_plan_forward(made.plan, &error), error);
    for (int i = 0; i < SESSIONS; i++) {
        CHECK_INT(sessions[i].status, BCUE_OK);
        CHECK(memcmp(sessions[i].result, bcue_plan_output(made.plan, "y"), sizeof sessions[i].result) == 0);
        bcue_plan_destroy(sessions[i].plan);
    }
    bcue_case_plan_destroy(&made);
}

int main(void)
{
    RUN(mask_is_keyed);
    RUN(dropout_scales_what_it_keeps);
    RUN(what_exists);
    RUN(bad_labels);
    RUN(changed_weights);
    RUN(refusals);
    RUN(refusals_of_training);
    RUN(sessions_share_weights);
    return check_summary();
}
