/* Cases of losses. */
#include "op_case_parts.h"

/* Loss over logits x (N, C) + a parameter row. */
static void cross_entropy(bcue_graph *g, int64_t rows, int64_t classes, bool soft, bool weighted,
                          double smoothing)
{
    const bcue_shape logits = bcue_shape_of(rows, classes), per_row = bcue_shape_of(rows);
    bcue_value y = bcue_graph_add(g, "logits", bcue_case_input(g, "x", logits),
                                  bcue_case_parameter(g, "w", bcue_shape_of(classes)));
    bcue_value target = soft ? bcue_graph_input(g, "target", BCUE_F32, &logits)
                             : bcue_graph_input(g, "label", BCUE_I32, &per_row);
    bcue_value weight = weighted ? bcue_graph_input(g, "row_weight", BCUE_F32, &per_row) : BCUE_NO_VALUE;
    bcue_graph_output(g, "y", y);
    bcue_graph_output(g, "loss", bcue_graph_cross_entropy(g, "ce", y, target, weight, smoothing));
}

void bcue_case_cross_entropy_hard(bcue_graph *g)
{
    cross_entropy(g, 5, 7, false, false, 0);
}

void bcue_case_cross_entropy_one_row(bcue_graph *g)
{
    cross_entropy(g, 1, 64, false, false, 0);
}

void bcue_case_cross_entropy_smooth_weighted(bcue_graph *g)
{
    cross_entropy(g, 4, 6, false, true, 0.1);
}

void bcue_case_cross_entropy_soft(bcue_graph *g)
{
    cross_entropy(g, 4, 6, true, false, 0);
}

void bcue_case_cross_entropy_soft_weighted(bcue_graph *g)
{
    cross_entropy(g, 3, 5, true, true, 0.2);
}

typedef bcue_value loss_function(bcue_graph *g, bcue_value y, bcue_value target, bcue_value weight);

/* Loss over x + a parameter row, against a target of the same shape or labels. */
static void loss_case(bcue_graph *g, loss_function *function, bcue_shape shape, bool labels, bool weighted)
{
    const bcue_shape per_row = bcue_shape_of(shape.dim[0]);
    bcue_value y = bcue_graph_add(g, "shifted", bcue_case_input(g, "x", shape),
                                  bcue_case_parameter(g, "w", bcue_shape_of(shape.dim[shape.rank - 1])));
    bcue_value target = labels ? bcue_graph_input(g, "label", BCUE_I32, &per_row)
                               : bcue_graph_input(g, "target", BCUE_F32, &shape);
    bcue_value weight = weighted ? bcue_graph_input(g, "row_weight", BCUE_F32, &per_row) : BCUE_NO_VALUE;
    bcue_graph_output(g, "y", y);
    bcue_graph_output(g, "loss", function(g, y, target, weight));
}

static bcue_value focal_2(bcue_graph *g, bcue_value y, bcue_value target, bcue_value weight)
{
    return bcue_graph_focal_softmax(g, "focal", y, target, weight, 2);
}

static bcue_value focal_0(bcue_graph *g, bcue_value y, bcue_value target, bcue_value weight)
{
    return bcue_graph_focal_softmax(g, "focal", y, target, weight, 0);
}

static bcue_value focal_sigmoid_2(bcue_graph *g, bcue_value y, bcue_value target, bcue_value weight)
{
    return bcue_graph_focal_sigmoid(g, "focal", y, target, weight, 0.25, 2);
}

static bcue_value smooth_l1_half(bcue_graph *g, bcue_value y, bcue_value target, bcue_value weight)
{
    return bcue_graph_smooth_l1(g, "smooth", y, target, weight, 0.5);
}

static bcue_value mean_square(bcue_graph *g, bcue_value y, bcue_value target, bcue_value weight)
{
    return bcue_graph_mse(g, "mse", y, target, weight);
}

static bcue_value distill_2(bcue_graph *g, bcue_value y, bcue_value target, bcue_value weight)
{
    return bcue_graph_kl_distill(g, "kl", y, target, weight, 2);
}

void bcue_case_focal_softmax(bcue_graph *g)
{
    loss_case(g, focal_2, bcue_shape_of(5, 7), true, false);
}

void bcue_case_focal_softmax_weighted(bcue_graph *g)
{
    loss_case(g, focal_0, bcue_shape_of(4, 6), true, true);
}

void bcue_case_focal_sigmoid(bcue_graph *g)
{
    loss_case(g, focal_sigmoid_2, bcue_shape_of(4, 6), false, false);
}

void bcue_case_focal_sigmoid_weighted(bcue_graph *g)
{
    loss_case(g, focal_sigmoid_2, bcue_shape_of(3, 5), false, true);
}

void bcue_case_mse_3d(bcue_graph *g)
{
    loss_case(g, mean_square, bcue_shape_of(3, 2, 5), false, true);
}

void bcue_case_smooth_l1(bcue_graph *g)
{
    loss_case(g, smooth_l1_half, bcue_shape_of(6, 4), false, false);
}

void bcue_case_smooth_l1_weighted(bcue_graph *g)
{
    loss_case(g, smooth_l1_half, bcue_shape_of(3, 2, 3), false, true);
}

void bcue_case_kl_distill(bcue_graph *g)
{
    loss_case(g, distill_2, bcue_shape_of(4, 6), false, false);
}

void bcue_case_kl_distill_weighted(bcue_graph *g)
{
    loss_case(g, distill_2, bcue_shape_of(3, 5), false, true);
}

static void gaussian_kl_case(bcue_graph *g, bool weighted)
{
    const bcue_shape per_row = bcue_shape_of(4);
    bcue_value x = bcue_case_input(g, "x", bcue_shape_of(4, 3));
    bcue_value mean =
        bcue_graph_linear(g, "mean", x, bcue_case_parameter(g, "w", bcue_shape_of(5, 3)), BCUE_NO_VALUE);
    bcue_value spread =
        bcue_graph_linear(g, "spread", x, bcue_case_parameter(g, "v", bcue_shape_of(5, 3)), BCUE_NO_VALUE);
    bcue_value weight = weighted ? bcue_graph_input(g, "row_weight", BCUE_F32, &per_row) : BCUE_NO_VALUE;
    bcue_graph_output(g, "y", mean);
    bcue_graph_output(g, "loss", bcue_graph_gaussian_kl(g, "kl", mean, spread, weight));
}

void bcue_case_gaussian_kl(bcue_graph *g)
{
    gaussian_kl_case(g, false);
}

void bcue_case_gaussian_kl_weighted(bcue_graph *g)
{
    gaussian_kl_case(g, true);
}
