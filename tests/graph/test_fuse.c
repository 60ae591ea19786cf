/* Fusion groups and the folding of batch norm. */
#include "check.h"

#include "graph/fuse.h"

static const bcue_parameter_spec trained = {.init = BCUE_INIT_NORMAL, .scale = 1},
                                 statistic = {.running = true};
static const int one[2] = {1, 1};

static bcue_value parameter(bcue_graph *g, const char *name, bcue_shape shape)
{
    return bcue_graph_parameter(g, name, &shape, &trained);
}

static bcue_value conv(bcue_graph *g, const char *name, bcue_value x)
{
    bcue_graph_push(g, name);
    bcue_value y = bcue_graph_conv2d(g, "conv", x, parameter(g, "w", bcue_shape_of(3, 3, 3, 3)),
                                     BCUE_NO_VALUE, one, one, one, 1);
    bcue_graph_pop(g);
    return y;
}

static bcue_value norm(bcue_graph *g, const char *name, bcue_value x)
{
    const bcue_shape c = bcue_shape_of(3);
    bcue_graph_push(g, name);
    bcue_value y = bcue_graph_batch_norm(g, "norm", x, parameter(g, "weight", c), parameter(g, "bias", c),
                                         bcue_graph_parameter(g, "mean", &c, &statistic),
                                         bcue_graph_parameter(g, "var", &c, &statistic), 1e-5, 0.1);
    bcue_graph_pop(g);
    return y;
}

static bcue_value picture(bcue_graph *g)
{
    const bcue_shape shape = bcue_shape_of(2, 3, 5, 5);
    return bcue_graph_input(g, "x", BCUE_F32, &shape);
}

static void fuse(bcue_graph *g, bool enable, bcue_fusion *fusion)
{
    bcue_needed needed = {0};
    bcue_error error = {""};
    CHECK_OK(bcue_graph_check(g, &error), error);
    CHECK_OK(bcue_needed_create(g, false, &needed, &error), error);
    CHECK_OK(bcue_fusion_create(g, &needed, enable, fusion, &error), error);
    bcue_needed_free(&needed);
}

static void whole_chain(void)
{
    bcue_graph *g = bcue_graph_create();
    bcue_value x = picture(g);
    bcue_value y = norm(g, "a", conv(g, "a", x));                                /* nodes 0, 1 */
    bcue_value out = bcue_graph_relu(g, "relu", bcue_graph_add(g, "add", x, y)); /* 2, 3 */
    bcue_graph_output(g, "y", out);
    bcue_fusion fusion;
    fuse(g, true, &fusion);
    CHECK_INT(fusion.count, 1);
    CHECK_INT(fusion.groups[0].anchor, 0);
    CHECK_INT(fusion.groups[0].norm, 1);
    CHECK_INT(fusion.groups[0].add, 2);
    CHECK_INT(fusion.groups[0].relu, 3);
    CHECK_INT(fusion.groups[0].last, 3);
    CHECK_INT(fusion.groups[0].residual, x);
    CHECK_INT(fusion.groups[0].output, out);
    for (int i = 0; i < 4; i++)
        CHECK_INT(fusion.group_of_node[i], 0);
    bcue_fusion_free(&fusion);
    fuse(g, false, &fusion);
    CHECK_INT(fusion.count, 1);
    CHECK_INT(fusion.groups[0].last, 0);
    CHECK_INT(fusion.group_of_node[1], -1);
    bcue_fusion_free(&fusion);
    bcue_fusion_free(NULL);
    bcue_graph_destroy(g);
}

/* Two convolutions meet in one sum: the later takes it, and the earlier's result is its residual. */
static void one_sum_for_two(void)
{
    bcue_graph *g = bcue_graph_create();
    bcue_value x = picture(g);
    bcue_value a = norm(g, "a", conv(g, "a", x)), b = norm(g, "b", conv(g, "b", x)); /* 0 1, 2 3 */
    bcue_graph_output(g, "y", bcue_graph_relu(g, "relu", bcue_graph_add(g, "add", a, b)));
    bcue_fusion fusion;
    fuse(g, true, &fusion);
    CHECK_INT(fusion.count, 2);
    CHECK_INT(fusion.groups[0].last, 1);
    CHECK_INT(fusion.groups[0].add, -1);
    CHECK_INT(fusion.groups[1].add, 4);
    CHECK_INT(fusion.groups[1].last, 5);
    CHECK_INT(fusion.groups[1].residual, a);
    bcue_fusion_free(&fusion);
    bcue_graph_destroy(g);
}

/* A value that someone else reads, or that is an output, must exist. */
static void others_look_on(void)
{
    bcue_graph *g = bcue_graph_create();
    bcue_value y = conv(g, "a", picture(g)), n = norm(g, "a", y), r = bcue_graph_relu(g, "relu", n);
    bcue_graph_output(g, "features", n);
    bcue_graph_output(g, "y", r);
    bcue_value twice = conv(g, "b", r);
    bcue_graph_output(g, "z", bcue_graph_add(g, "double", twice, twice));
    const bcue_shape row = bcue_shape_of(5);
    bcue_value wide = bcue_graph_add(g, "row", conv(g, "c", r), bcue_graph_input(g, "row", BCUE_F32, &row));
    bcue_graph_output(g, "w", wide);
    bcue_fusion fusion;
    fuse(g, true, &fusion);
    CHECK_INT(fusion.count, 3);
    CHECK_INT(fusion.groups[0].norm, 1);
    CHECK_INT(fusion.groups[0].relu, -1);
    CHECK_INT(fusion.groups[1].add, -1);
    CHECK_INT(fusion.groups[2].add, -1);
    bcue_fusion_free(&fusion);
    bcue_graph_destroy(g);
}

/* Channels of a linear layer are its last dimension: with more than two the batch norm is over another one.
 */
static void linear_layers(void)
{
    bcue_graph *g = bcue_graph_create();
    const bcue_shape flat = bcue_shape_of(4, 5);
    bcue_value x = bcue_graph_input(g, "flat", BCUE_F32, &flat);
    bcue_value y = bcue_graph_linear(g, "fc", x, parameter(g, "w", bcue_shape_of(3, 5)), BCUE_NO_VALUE);
    bcue_graph_output(g, "y", bcue_graph_relu(g, "relu", norm(g, "a", y)));
    bcue_value z =
        bcue_graph_linear(g, "fc4", picture(g), parameter(g, "v", bcue_shape_of(3, 5)), BCUE_NO_VALUE);
    bcue_graph_output(g, "z", norm(g, "b", z));
    bcue_fusion fusion;
    fuse(g, true, &fusion);
    CHECK_INT(fusion.count, 2);
    CHECK_INT(fusion.groups[0].norm, 1);
    CHECK_INT(fusion.groups[0].relu, 2);
    CHECK_INT(fusion.groups[1].norm, -1);
    bcue_fusion_free(&fusion);
    bcue_graph_destroy(g);
}

static void dropout_and_residual(void)
{
    bcue_graph *g = bcue_graph_create();
    const bcue_shape flat = bcue_shape_of(4, 5);
    bcue_value x = bcue_graph_input(g, "flat", BCUE_F32, &flat);
    bcue_value y = bcue_graph_linear(g, "fc", x, parameter(g, "w", bcue_shape_of(5, 5)), BCUE_NO_VALUE);
    bcue_graph_output(g, "y", bcue_graph_add(g, "sum", x, bcue_graph_dropout(g, "drop", y, 0.5)));
    bcue_fusion fusion;
    fuse(g, true, &fusion);
    CHECK_INT(fusion.count, 1);
    CHECK_INT(fusion.groups[0].dropout, 1);
    CHECK_INT(fusion.groups[0].add, 2);
    CHECK_INT(fusion.groups[0].residual, x);
    CHECK_INT(fusion.groups[0].last, 2);
    bcue_fusion_free(&fusion);
    bcue_graph_destroy(g);
}

static void folding(void)
{
    double w[] = {1, 2, 3, 4}, b[] = {5, 6}, gamma[] = {2, -1}, beta[] = {0.5, 0.25}, mean[] = {1, -1},
           var[] = {3, 0};
    double fw[4], fb[2];
    const bcue_shape two = bcue_shape_of(2), four = bcue_shape_of(2, 2);
    bcue_tensor weight = {BCUE_F64, four, w, false}, bias = {BCUE_F64, two, b, false},
                g = {BCUE_F64, two, gamma, false};
    bcue_tensor s = {BCUE_F64, two, beta, false}, m = {BCUE_F64, two, mean, false},
                v = {BCUE_F64, two, var, false};
    bcue_tensor folded_weight = {BCUE_F64, four, fw, false}, folded_bias = {BCUE_F64, two, fb, false};
    const bcue_norm_values values = {&g, &s, &m, &v, 1};
    bcue_fold_batch_norm(&weight, &bias, &values, &folded_weight, &folded_bias);
    /* Scales 2 / sqrt(4) = 1 and -1 / sqrt(1) = -1. */
    CHECK(fw[0] == 1 && fw[1] == 2 && fw[2] == -3 && fw[3] == -4);
    CHECK(fb[0] == 5 - 1 + 0.5 && fb[1] == -(6 + 1) + 0.25);
    bcue_fold_batch_norm(&weight, NULL, &values, &folded_weight, &folded_bias);
    CHECK(fb[0] == -0.5 && fb[1] == -0.75);
}

int main(void)
{
    RUN(whole_chain);
    RUN(one_sum_for_two);
    RUN(others_look_on);
    RUN(linear_layers);
    RUN(dropout_and_residual);
    RUN(folding);
    return check_summary();
}
