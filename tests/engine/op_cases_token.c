/* Cases of what works on rows of tokens, and of resizing. */
#include "op_case_parts.h"

void bcue_case_layer_norm_3d(bcue_graph *g)
{
    bcue_value x = bcue_case_input(g, "x", bcue_shape_of(2, 3, 37));
    bcue_value w = bcue_case_parameter(g, "w", bcue_shape_of(37)),
               b = bcue_case_parameter(g, "b", bcue_shape_of(37));
    bcue_case_finish(g, bcue_graph_layer_norm(g, "ln", x, w, b, 1e-5));
}

void bcue_case_layer_norm_vector(bcue_graph *g)
{
    bcue_value x = bcue_case_input(g, "x", bcue_shape_of(16));
    bcue_value w = bcue_case_parameter(g, "w", bcue_shape_of(16)),
               b = bcue_case_parameter(g, "b", bcue_shape_of(16));
    bcue_case_finish(g, bcue_graph_layer_norm(g, "ln", x, w, b, 1e-3));
}

static void matmul_case(bcue_graph *g, bcue_shape a, bcue_shape b, bool turn_a, bool turn_b)
{
    bcue_case_finish(g, bcue_graph_matmul(g, "matmul", bcue_case_input(g, "x", a),
                                          bcue_case_parameter(g, "w", b), turn_a, turn_b));
}

void bcue_case_matmul_2d(bcue_graph *g)
{
    matmul_case(g, bcue_shape_of(4, 7), bcue_shape_of(7, 5), false, false);
}

void bcue_case_matmul_turned_a(bcue_graph *g)
{
    matmul_case(g, bcue_shape_of(3, 6, 4), bcue_shape_of(3, 6, 5), true, false);
}

void bcue_case_matmul_turned_b(bcue_graph *g)
{
    matmul_case(g, bcue_shape_of(2, 3, 4, 6), bcue_shape_of(2, 3, 5, 6), false, true);
}

void bcue_case_matmul_turned_both(bcue_graph *g)
{
    matmul_case(g, bcue_shape_of(2, 6, 4), bcue_shape_of(2, 5, 6), true, true);
}

void bcue_case_matmul_broadcast(bcue_graph *g)
{
    matmul_case(g, bcue_shape_of(2, 1, 3, 4), bcue_shape_of(3, 4, 5), false, false);
}

void bcue_case_gelu_2d(bcue_graph *g)
{
    bcue_case_finish(g, bcue_graph_gelu(g, "gelu", bcue_case_input(g, "x", bcue_shape_of(5, 19))));
}

void bcue_case_sigmoid_3d(bcue_graph *g)
{
    bcue_case_finish(g, bcue_graph_sigmoid(g, "sigmoid", bcue_case_input(g, "x", bcue_shape_of(2, 3, 7))));
}

void bcue_case_tanh_3d(bcue_graph *g)
{
    bcue_case_finish(g, bcue_graph_tanh(g, "tanh", bcue_case_input(g, "x", bcue_shape_of(2, 3, 7))));
}

void bcue_case_exp_2d(bcue_graph *g)
{
    bcue_case_finish(g, bcue_graph_exp(g, "exp", bcue_case_input(g, "x", bcue_shape_of(5, 13))));
}

static void resize_case(bcue_graph *g, bcue_shape x, int height, int width)
{
    bcue_case_finish(g, bcue_graph_resize_bilinear(g, "resize", bcue_case_input(g, "x", x), height, width));
}

void bcue_case_resize_double(bcue_graph *g)
{
    resize_case(g, bcue_shape_of(2, 3, 4, 5), 8, 10);
}

void bcue_case_resize_eightfold(bcue_graph *g)
{
    resize_case(g, bcue_shape_of(1, 2, 3, 2), 24, 16);
}

void bcue_case_resize_uneven(bcue_graph *g)
{
    resize_case(g, bcue_shape_of(1, 3, 5, 4), 7, 3);
}

void bcue_case_resize_same(bcue_graph *g)
{
    resize_case(g, bcue_shape_of(1, 2, 3, 3), 3, 3);
}

static void attention_case(bcue_graph *g, bcue_shape q, int64_t keys, int64_t value_width, double scale,
                           double dropout)
{
    bcue_shape k = q, v = q;
    k.dim[2] = v.dim[2] = keys;
    v.dim[3] = value_width;
    bcue_value in_q = bcue_case_input(g, "x", q), in_k = bcue_case_input(g, "k", k),
               in_v = bcue_case_parameter(g, "w", v);
    bcue_case_finish(g, bcue_graph_attention(g, "attention", in_q, in_k, in_v, scale, dropout));
}

void bcue_case_attention_self(bcue_graph *g)
{
    attention_case(g, bcue_shape_of(2, 3, 5, 4), 5, 4, 0.5, 0);
}

void bcue_case_attention_cross(bcue_graph *g)
{
    attention_case(g, bcue_shape_of(1, 2, 3, 16), 35, 7, 0.25, 0);
}

void bcue_case_attention_one_token(bcue_graph *g)
{
    attention_case(g, bcue_shape_of(2, 1, 1, 8), 1, 8, 1, 0);
}

void bcue_case_attention_dropped(bcue_graph *g)
{
    attention_case(g, bcue_shape_of(2, 2, 6, 8), 9, 8, 0.3, 0.2);
}

/* As a transformer does it: one projection, heads cut out of it, and put together again. */
void bcue_case_attention_heads(bcue_graph *g)
{
    const int order[] = {2, 0, 3, 1, 4}, back[] = {0, 2, 1, 3};
    const bcue_shape parts = bcue_shape_of(2, 7, 3, 2, 4), heads = bcue_shape_of(2, 2, 7, 4),
                     rows = bcue_shape_of(2, 7, 8);
    bcue_value x = bcue_case_input(g, "x", bcue_shape_of(2, 7, 8));
    bcue_value w = bcue_case_parameter(g, "w", bcue_shape_of(24, 8)),
               b = bcue_case_parameter(g, "b", bcue_shape_of(24));
    bcue_value qkv = bcue_graph_reshape(g, "parts", bcue_graph_linear(g, "qkv", x, w, b), &parts);
    qkv = bcue_graph_permute(g, "packed", qkv, order);
    bcue_value part[3];
    for (int i = 0; i < 3; i++)
        part[i] = bcue_graph_reshape(g, NULL, bcue_graph_slice(g, NULL, qkv, 0, i, i + 1), &heads);
    bcue_value y = bcue_graph_attention(g, "attention", part[0], part[1], part[2], 0.5, 0);
    y = bcue_graph_reshape(g, "rows", bcue_graph_permute(g, "turn", y, back), &rows);
    bcue_case_finish(g, bcue_graph_add(g, "skip", x, y));
}

/* Some left out, one twice, two of zeros. */
void bcue_case_select_channels(bcue_graph *g)
{
    static const int32_t index[] = {4, -1, 0, 2, 2, -1};
    bcue_case_finish(
        g, bcue_graph_select(g, "select", bcue_case_input(g, "x", bcue_shape_of(2, 3, 5)), -1, index, 6));
}

void bcue_case_select_rows(bcue_graph *g)
{
    static const int32_t index[] = {3, 1};
    bcue_case_finish(
        g, bcue_graph_select(g, "select", bcue_case_input(g, "x", bcue_shape_of(2, 4, 3, 2)), 1, index, 2));
}
