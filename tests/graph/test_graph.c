/* Building graphs: shapes, names, sharing, errors, and what is derived from a graph. */
#include "check.h"

#include <stdlib.h>
#include "graph/describe.h"
#include "graph/graph.h"
#include "graph/needed.h"
#include "graph/weights.h"

static const bcue_parameter_spec trained = {.init = BCUE_INIT_UNIFORM_FAN_IN, .fan = 4};
static const int one[2] = {1, 1}, zero[2] = {0, 0}, two[2] = {2, 2}, three[2] = {3, 3};

static bcue_value input(bcue_graph *g, const char *name, bcue_shape shape)
{
    return bcue_graph_input(g, name, BCUE_F32, &shape);
}

static bcue_value parameter(bcue_graph *g, const char *name, bcue_shape shape)
{
    return bcue_graph_parameter(g, name, &shape, &trained);
}

static void check_shape(const bcue_graph *g, bcue_value value, bcue_shape expected)
{
    char have[160], want[160];
    const bcue_value_info *info = bcue_graph_value(g, value);
    CHECK(info != NULL);
    if (info != NULL)
        CHECK_STR(bcue_shape_text(&info->shape, have, sizeof have),
                  bcue_shape_text(&expected, want, sizeof want));
}

static void shapes(void)
{
    bcue_graph *g = bcue_graph_create();
    bcue_value x = input(g, "x", bcue_shape_of(2, 6, 11, 8));
    check_shape(g,
                bcue_graph_conv2d(g, NULL, x, parameter(g, "a", bcue_shape_of(4, 3, 3, 5)), BCUE_NO_VALUE,
                                  two, one, one, 2),
                bcue_shape_of(2, 4, 6, 3));
    check_shape(g,
                bcue_graph_conv2d(g, NULL, x, parameter(g, "b", bcue_shape_of(1, 6, 3, 3)), BCUE_NO_VALUE,
                                  one, zero, three, 1),
                bcue_shape_of(2, 1, 5, 2));
    check_shape(g, bcue_graph_max_pool(g, NULL, x, three, two, one), bcue_shape_of(2, 6, 6, 4));
    check_shape(g, bcue_graph_avg_pool(g, NULL, x, two, two, zero), bcue_shape_of(2, 6, 5, 4));
    check_shape(g, bcue_graph_adaptive_avg_pool(g, NULL, x, 3, 1), bcue_shape_of(2, 6, 3, 1));
    check_shape(g, bcue_graph_linear(g, NULL, x, parameter(g, "c", bcue_shape_of(5, 8)), BCUE_NO_VALUE),
                bcue_shape_of(2, 6, 11, 5));
    check_shape(g, bcue_graph_add(g, NULL, x, input(g, "row", bcue_shape_of(11, 1))),
                bcue_shape_of(2, 6, 11, 8));
    check_shape(
        g, bcue_graph_mul(g, NULL, input(g, "p", bcue_shape_of(3, 1)), input(g, "q", bcue_shape_of(2, 1, 4))),
        bcue_shape_of(2, 3, 4));
    const bcue_value joined[] = {x, x, x};
    check_shape(g, bcue_graph_concat(g, NULL, joined, 3, -3), bcue_shape_of(2, 18, 11, 8));
    check_shape(g, bcue_graph_slice(g, NULL, x, -1, 2, 7), bcue_shape_of(2, 6, 11, 5));
    const bcue_shape open = bcue_shape_of(2, -1, 4);
    check_shape(g, bcue_graph_reshape(g, NULL, x, &open), bcue_shape_of(2, 132, 4));
    const int order[] = {3, 0, 2, 1};
    check_shape(g, bcue_graph_permute(g, NULL, x, order), bcue_shape_of(8, 2, 11, 6));
    check_shape(g, bcue_graph_reduce(g, NULL, BCUE_OP_REDUCE_MEAN, x, 0x9, true), bcue_shape_of(1, 6, 11, 1));
    check_shape(g, bcue_graph_reduce(g, NULL, BCUE_OP_REDUCE_SUM, x, 0x9, false), bcue_shape_of(6, 11));
    check_shape(g, bcue_graph_reduce(g, NULL, BCUE_OP_REDUCE_SUM, x, 0xF, false), (bcue_shape){0});
    bcue_error error = {""};
    CHECK_OK(bcue_graph_check(g, &error), error);
    bcue_graph_destroy(g);
    bcue_graph_destroy(NULL);
}

static void shapes_of_transformers(void)
{
    bcue_graph *g = bcue_graph_create();
    bcue_value x = input(g, "x", bcue_shape_of(2, 3, 5, 8)), y = input(g, "y", bcue_shape_of(3, 8, 4));
    bcue_value c = parameter(g, "c", bcue_shape_of(8)), k = input(g, "k", bcue_shape_of(2, 3, 7, 8));
    check_shape(g, bcue_graph_layer_norm(g, NULL, x, c, c, 1e-5), bcue_shape_of(2, 3, 5, 8));
    check_shape(g, bcue_graph_matmul(g, "ab", x, y, false, false), bcue_shape_of(2, 3, 5, 4));
    check_shape(g, bcue_graph_matmul(g, "abt", x, k, false, true), bcue_shape_of(2, 3, 5, 7));
    check_shape(g, bcue_graph_matmul(g, "ata", x, x, true, false), bcue_shape_of(2, 3, 8, 8));
    check_shape(g, bcue_graph_matmul(g, "btat", y, x, true, true), bcue_shape_of(2, 3, 4, 5));
    check_shape(g, bcue_graph_resize_bilinear(g, NULL, x, 10, 3), bcue_shape_of(2, 3, 10, 3));
    bcue_value v = input(g, "v", bcue_shape_of(2, 3, 7, 6));
    check_shape(g, bcue_graph_attention(g, "attention", x, k, v, 0.5, 0.1), bcue_shape_of(2, 3, 5, 6));
    check_shape(g, bcue_graph_gelu(g, NULL, x), bcue_shape_of(2, 3, 5, 8));
    check_shape(g, bcue_graph_mse(g, NULL, x, x, BCUE_NO_VALUE), (bcue_shape){0});
    bcue_error error = {""};
    CHECK_OK(bcue_graph_check(g, &error), error);
    const int64_t macs[][2] = {{1, 2 * 3 * 5 * 4 * 8}, {2, 2 * 3 * 5 * 7 * 8},       {3, 2 * 3 * 8 * 8 * 5},
                               {4, 2 * 3 * 4 * 5 * 8}, {6, 2 * 3 * 5 * 7 * (8 + 6)}, {7, 0}};
    for (int i = 0; i < 6; i++)
        CHECK_INT(bcue_graph_node_macs(g, (int32_t)macs[i][0]), macs[i][1]);
    bcue_graph_destroy(g);
}

static void names_and_sharing(void)
{
    bcue_graph *g = bcue_graph_create();
    bcue_value x = input(g, "x", bcue_shape_of(2, 4));
    bcue_graph_push(g, "camera");
    bcue_graph_push(g, "head");
    bcue_value w = parameter(g, "w", bcue_shape_of(4, 4));
    bcue_value first = bcue_graph_linear(g, "fc", x, w, BCUE_NO_VALUE);
    CHECK_INT(parameter(g, "w", bcue_shape_of(4, 4)), w);
    bcue_value second = bcue_graph_linear(g, "fc", first, w, BCUE_NO_VALUE);
    bcue_graph_pop(g);
    bcue_graph_pop(g);
    bcue_graph_output(g, "logits", second);
    CHECK_INT(bcue_graph_parameter_count(g), 1);
    CHECK_STR(bcue_graph_value(g, w)->name, "camera.head.w");
    CHECK_STR(bcue_graph_node(g, 0)->name, "camera.head.fc");
    CHECK_STR(bcue_graph_node(g, 1)->name, "camera.head.fc#2");
    CHECK_INT(bcue_graph_find(g, "camera.head.w"), w);
    CHECK_INT(bcue_graph_find(g, "camera.head.fc"), first);
    CHECK_INT(bcue_graph_find(g, "logits"), second);
    CHECK_INT(bcue_graph_find(g, "x"), x);
    CHECK_INT(bcue_graph_find(g, "y"), BCUE_NO_VALUE);
    CHECK_INT(bcue_graph_node_macs(g, 0), 2 * 4 * 4);
    CHECK(bcue_graph_value(g, 99) == NULL);
    bcue_error error = {""};
    CHECK_OK(bcue_graph_check(g, &error), error);
    bcue_graph_destroy(g);
}

/* Ask for the first error of a graph and let it go. */
static void expect_error(bcue_graph *g, bcue_status status, const char *a, const char *b, const char *c)
{
    bcue_error error = {""};
    CHECK_STATUS(bcue_graph_check(g, &error), status);
    CHECK_CONTAINS(error.text, a);
    CHECK_CONTAINS(error.text, b);
    CHECK_CONTAINS(error.text, c);
    bcue_graph_destroy(g);
}

static bcue_graph *start(bcue_value *x, bcue_shape shape)
{
    bcue_graph *g = bcue_graph_create();
    bcue_graph_push(g, "net");
    *x = input(g, "x", shape);
    return g;
}

static void errors_name_node_and_shapes(void)
{
    bcue_value x;
    bcue_graph *g = start(&x, bcue_shape_of(1, 3, 8, 8));
    bcue_value y = bcue_graph_conv2d(g, "conv1", x, parameter(g, "w", bcue_shape_of(8, 4, 3, 3)),
                                     BCUE_NO_VALUE, one, one, one, 1);
    CHECK_INT(y, BCUE_NO_VALUE);
    CHECK_INT(bcue_graph_relu(g, "relu", y), BCUE_NO_VALUE);
    bcue_graph_output(g, "out", y);
    expect_error(g, BCUE_ERROR_SHAPE, "net.conv1", "(1, 3, 8, 8)", "(8, 4, 3, 3)");
    g = start(&x, bcue_shape_of(1, 3, 2, 2));
    bcue_graph_conv2d(g, "c", x, parameter(g, "w", bcue_shape_of(8, 3, 5, 5)), BCUE_NO_VALUE, one, one, one,
                      1);
    expect_error(g, BCUE_ERROR_SHAPE, "net.c", "(1, 3, 2, 2)", "(8, 3, 5, 5)");
    g = start(&x, bcue_shape_of(2, 5));
    bcue_graph_linear(g, "fc", x, parameter(g, "w", bcue_shape_of(3, 4)), BCUE_NO_VALUE);
    expect_error(g, BCUE_ERROR_SHAPE, "net.fc", "(2, 5)", "(3, 4)");
    g = start(&x, bcue_shape_of(2, 5));
    bcue_graph_linear(g, "fc", x, parameter(g, "w", bcue_shape_of(3, 5)),
                      parameter(g, "b", bcue_shape_of(4)));
    expect_error(g, BCUE_ERROR_SHAPE, "net.fc", "(3, 5)", "(4)");
    g = start(&x, bcue_shape_of(2, 5));
    bcue_graph_add(g, "sum", x, input(g, "z", bcue_shape_of(4)));
    expect_error(g, BCUE_ERROR_SHAPE, "net.sum", "(2, 5)", "(4)");
    g = start(&x, bcue_shape_of(2, 5));
    const bcue_value joined[] = {x, input(g, "z", bcue_shape_of(3, 5))};
    bcue_graph_concat(g, "cat", joined, 2, 1);
    expect_error(g, BCUE_ERROR_SHAPE, "net.cat", "(2, 5)", "(3, 5)");
    g = start(&x, bcue_shape_of(2, 5));
    bcue_graph_slice(g, "part", x, 1, 2, 6);
    expect_error(g, BCUE_ERROR_SHAPE, "net.part", "(2, 5)", "2:6");
    g = start(&x, bcue_shape_of(2, 5));
    const bcue_shape wrong = bcue_shape_of(3, -1);
    bcue_graph_reshape(g, "flat", x, &wrong);
    expect_error(g, BCUE_ERROR_SHAPE, "net.flat", "(2, 5)", "(3, -1)");
    g = start(&x, bcue_shape_of(4, 5));
    const bcue_shape rows = bcue_shape_of(3);
    bcue_graph_cross_entropy(g, "ce", x, bcue_graph_input(g, "label", BCUE_I32, &rows), BCUE_NO_VALUE, 0);
    expect_error(g, BCUE_ERROR_SHAPE, "net.ce", "(4, 5)", "(3)");
    g = start(&x, bcue_shape_of(4, 5));
    parameter(g, "w", bcue_shape_of(2, 2));
    parameter(g, "w", bcue_shape_of(2, 3));
    expect_error(g, BCUE_ERROR_SHAPE, "net.w", "(2, 2)", "(2, 3)");
    g = start(&x, bcue_shape_of(4, INT64_C(1) << 40));
    expect_error(g, BCUE_ERROR_SHAPE, "net.x", "(4, 1099511627776)", "2^31");
    g = start(&x, bcue_shape_of(4, 0));
    expect_error(g, BCUE_ERROR_SHAPE, "net.x", "(4, 0)", "at least 1");
}

static void errors_of_arguments(void)
{
    bcue_value x;
    const bcue_status argument = BCUE_ERROR_ARGUMENT;
    const bcue_shape rows = bcue_shape_of(2);
    bcue_graph *g = start(&x, bcue_shape_of(2, 5));
    bcue_graph_relu(g, "r", 77);
    expect_error(g, argument, "net.r", "input 0", "relu");
    g = start(&x, bcue_shape_of(2, 5));
    bcue_graph_relu(g, "r", bcue_graph_input(g, "label", BCUE_I32, &rows));
    expect_error(g, argument, "net.r", "net.label", "i32");
    g = start(&x, bcue_shape_of(2, 5));
    bcue_graph_dropout(g, "d", x, 1);
    expect_error(g, argument, "net.d", "probability", "dropout");
    g = start(&x, bcue_shape_of(1, 1, 8, 8));
    bcue_graph_max_pool(g, "p", x, two, two, two);
    expect_error(g, argument, "net.p", "padding", "max_pool");
    g = start(&x, bcue_shape_of(2, 5));
    bcue_graph_concat(g, "c", &x, 0, 0);
    expect_error(g, argument, "c", "concat", "0 inputs");
    g = start(&x, bcue_shape_of(2, 5));
    input(g, "x", bcue_shape_of(2, 5));
    expect_error(g, argument, "net.x", "name", "another");
    g = start(&x, bcue_shape_of(2, 5));
    bcue_graph_output(g, "x", x);
    expect_error(g, argument, "net.x", "result", "output");
    g = start(&x, bcue_shape_of(2, 5));
    bcue_graph_pop(g);
    bcue_graph_pop(g);
    expect_error(g, argument, "scope", "left", "never");
    g = start(&x, bcue_shape_of(2, 5));
    bcue_value c = parameter(g, "c", bcue_shape_of(5));
    bcue_graph_batch_norm(g, "bn", x, c, c, c, c, 1e-5, 0.1);
    expect_error(g, argument, "net.bn", "running", "batch_norm");
    g = start(&x, bcue_shape_of(2, 5));
    bcue_graph_reduce(g, "r", BCUE_OP_RELU, x, 1, false);
    expect_error(g, argument, "r", "relu", "reduce");
}

static void errors_of_transformers(void)
{
    bcue_graph *g = bcue_graph_create();
    bcue_graph_layer_norm(g, "ln", input(g, "x", bcue_shape_of(2, 6)), parameter(g, "w", bcue_shape_of(6)),
                          parameter(g, "b", bcue_shape_of(5)), 1e-5);
    expect_error(g, BCUE_ERROR_SHAPE, "ln (layer_norm)", "(2, 6)", "bias (5)");
    g = bcue_graph_create();
    bcue_graph_matmul(g, "mm", input(g, "x", bcue_shape_of(2, 6)), input(g, "y", bcue_shape_of(6, 3)), true,
                      false);
    expect_error(g, BCUE_ERROR_SHAPE, "mm (matmul)", "(2, 6)", "(6, 3)");
    g = bcue_graph_create();
    bcue_graph_matmul(g, "mm", input(g, "x", bcue_shape_of(2, 4, 6)), input(g, "y", bcue_shape_of(3, 6, 3)),
                      false, false);
    expect_error(g, BCUE_ERROR_SHAPE, "(2, 4, 6)", "(3, 6, 3)", "leading dimensions");
    g = bcue_graph_create();
    bcue_value q = input(g, "q", bcue_shape_of(1, 2, 3, 4));
    bcue_graph_attention(g, "at", q, input(g, "k", bcue_shape_of(1, 2, 5, 3)), q, 1, 0);
    expect_error(g, BCUE_ERROR_SHAPE, "at (attention)", "queries (1, 2, 3, 4)", "keys (1, 2, 5, 3)");
    g = bcue_graph_create();
    q = input(g, "q", bcue_shape_of(1, 2, 3, 4));
    bcue_graph_attention(g, "at", q, input(g, "k", bcue_shape_of(1, 2, 5, 4)), q, 1, 0);
    expect_error(g, BCUE_ERROR_SHAPE, "at (attention)", "keys (1, 2, 5, 4)", "values (1, 2, 3, 4)");
    g = bcue_graph_create();
    q = input(g, "q", bcue_shape_of(1, 2, 3, 4));
    bcue_graph_attention(g, "at", q, q, q, 0, 0);
    expect_error(g, BCUE_ERROR_ARGUMENT, "at (attention)", "scale", "above 0");
    g = bcue_graph_create();
    bcue_graph_resize_bilinear(g, "up", input(g, "x", bcue_shape_of(1, 2, 3)), 4, 4);
    expect_error(g, BCUE_ERROR_SHAPE, "up (resize_bilinear)", "(1, 2, 3)", "(N, C, H, W)");
    g = bcue_graph_create();
    q = input(g, "x", bcue_shape_of(2, 3));
    bcue_graph_focal_softmax(g, "loss", q, q, BCUE_NO_VALUE, 2);
    expect_error(g, BCUE_ERROR_SHAPE, "loss (focal_softmax)", "logits (2, 3)", "labels i32 (N)");
    g = bcue_graph_create();
    bcue_graph_kl_distill(g, "loss", input(g, "x", bcue_shape_of(2, 3)), input(g, "t", bcue_shape_of(2, 4)),
                          BCUE_NO_VALUE, 2);
    expect_error(g, BCUE_ERROR_SHAPE, "loss (kl_distill)", "student (2, 3)", "teacher (2, 4)");
    g = bcue_graph_create();
    q = input(g, "x", bcue_shape_of(2, 3));
    bcue_graph_smooth_l1(g, "loss", q, q, BCUE_NO_VALUE, 0);
    expect_error(g, BCUE_ERROR_ARGUMENT, "loss (smooth_l1)", "beta", "above 0");
}

static void initial_weights(void)
{
    bcue_graph *g = bcue_graph_create();
    const bcue_shape big = bcue_shape_of(40, 50), small = bcue_shape_of(7);
    const bcue_parameter_spec specs[] = {{.init = BCUE_INIT_ZERO},
                                         {.init = BCUE_INIT_ONE},
                                         {.init = BCUE_INIT_UNIFORM_FAN_IN, .fan = 50},
                                         {.init = BCUE_INIT_NORMAL_FAN_OUT, .fan = 40},
                                         {.init = BCUE_INIT_NORMAL, .scale = 3}};
    static const char *const names[] = {"zero", "one", "uniform", "he", "normal"};
    static const double deviation[] = {0, 0, 0.081649658, 0.2236068, 3};
    for (int i = 0; i < 5; i++)
        bcue_graph_parameter(g, names[i], i < 2 ? &small : &big, &specs[i]);
    bcue_weights a, b, c;
    bcue_error error = {""};
    CHECK_OK(bcue_weights_create(g, BCUE_F64, 9, &a, &error), error);
    CHECK_OK(bcue_weights_create(g, BCUE_F32, 9, &b, &error), error);
    CHECK_OK(bcue_weights_copy(&a, BCUE_F32, &c, &error), error);
    CHECK_INT(a.count, 5);
    for (int i = 0; i < 5; i++) {
        const double *values = a.tensors[i].data;
        int64_t count = bcue_tensor_count(&a.tensors[i]);
        double sum = 0, squares = 0, largest = 0;
        for (int64_t k = 0; k < count; k++) {
            double away = values[k] - (i == 1 ? 1 : 0);
            sum += away;
            squares += away * away;
            largest = fmax(largest, fabs(away));
        }
        double n = (double)count;
        CHECK_STR(a.names[i], names[i]);
        CHECK_NEAR(sum / n, 0, 4 * deviation[i] / sqrt(n));
        CHECK_NEAR(sqrt(squares / n), deviation[i], 0.08 * deviation[i]);
        CHECK(i != 2 || largest <= 1 / sqrt(50));
        CHECK(memcmp(b.tensors[i].data, c.tensors[i].data, bcue_tensor_size(&b.tensors[i])) == 0);
    }
    CHECK_STATUS(bcue_weights_create(g, BCUE_U8, 9, &c, &error), BCUE_ERROR_ARGUMENT);
    bcue_weights_free(&a);
    bcue_weights_free(&b);
    bcue_weights_free(&c);
    bcue_weights_free(NULL);
    bcue_graph_destroy(g);
}

static void only_what_is_needed(void)
{
    bcue_value x;
    bcue_graph *g = start(&x, bcue_shape_of(2, 5));
    const bcue_shape rows = bcue_shape_of(2);
    bcue_value y = bcue_graph_relu(g, "y", x), unused = bcue_graph_relu(g, "unused", x);
    bcue_value label = bcue_graph_input(g, "label", BCUE_I32, &rows);
    bcue_value loss = bcue_graph_cross_entropy(g, "ce", y, label, BCUE_NO_VALUE, 0);
    bcue_value twice = bcue_graph_add(g, "twice", loss, loss);
    bcue_graph_output(g, "loss", twice);
    bcue_needed needed;
    bcue_error error = {""};
    CHECK_STATUS(bcue_needed_create(g, false, &needed, &error), BCUE_ERROR_DATA);
    bcue_graph_output(g, "y", y);
    CHECK_OK(bcue_needed_create(g, false, &needed, &error), error);
    CHECK(needed.node[0] && !needed.node[1] && !needed.node[2] && !needed.node[3]);
    CHECK(needed.value[x] && needed.value[y] && !needed.value[label] && !needed.value[unused] &&
          !needed.output[twice]);
    bcue_needed_free(&needed);
    CHECK_OK(bcue_needed_create(g, true, &needed, &error), error);
    CHECK(needed.node[0] && !needed.node[1] && needed.node[2] && needed.node[3] && needed.value[label]);
    bcue_needed_free(&needed);
    bcue_needed_free(NULL);
    bcue_graph_destroy(g);
}

static void description(void)
{
    bcue_graph *g = bcue_graph_create();
    bcue_value x = input(g, "x", bcue_shape_of(1, 3, 4, 4));
    const bcue_shape flat = bcue_shape_of(1, -1);
    bcue_graph_push(g, "camera");
    x = bcue_graph_conv2d(g, "conv", x, parameter(g, "w", bcue_shape_of(2, 3, 3, 3)),
                          parameter(g, "b", bcue_shape_of(2)), one, one, one, 1);
    x = bcue_graph_relu(g, "relu", x);
    bcue_graph_pop(g);
    x = bcue_graph_reshape(g, "flat", x, &flat);
    bcue_graph_push(g, "head");
    for (int i = 0; i < 2; i++)
        x = bcue_graph_linear(g, "fc", x, parameter(g, "w", bcue_shape_of(32, 32)), BCUE_NO_VALUE);
    bcue_graph_pop(g);
    bcue_description d;
    bcue_error error = {""};
    CHECK_OK(bcue_describe(g, &d, &error), error);
    CHECK_INT(d.node_count, 5);
    CHECK_INT(d.branch_count, 3);
    CHECK_INT(d.parameters, 56 + 1024);
    CHECK_INT(d.macs, 32 * 27 + 2 * 1024);
    CHECK_STR(d.branches[0].name, "camera");
    CHECK_INT(d.branches[0].parameters, 56);
    CHECK_INT(d.branches[0].macs, 32 * 27);
    CHECK_INT(d.branches[2].nodes, 2);
    CHECK_INT(d.branches[2].parameters, 1024);
    CHECK_INT(d.nodes[4].parameters, 0);
    bcue_text text = {0};
    bcue_description_print(&d, &text);
    CHECK_CONTAINS(text.data, "camera.conv");
    CHECK_CONTAINS(text.data, "(1, 2, 4, 4)");
    CHECK_CONTAINS(text.data, "1080");
    bcue_text_free(&text);
    bcue_description_free(&d);
    bcue_description_free(NULL);
    bcue_graph_destroy(g);
}

int main(void)
{
    RUN(shapes);
    RUN(shapes_of_transformers);
    RUN(names_and_sharing);
    RUN(errors_name_node_and_shapes);
    RUN(errors_of_arguments);
    RUN(errors_of_transformers);
    RUN(initial_weights);
    RUN(only_what_is_needed);
    RUN(description);
    return check_summary();
}
