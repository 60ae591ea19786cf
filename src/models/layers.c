#include "models/layers.h"

#include <math.h>
#include <stdio.h>

static int64_t last_dim(const bcue_graph *graph, bcue_value x)
{
    const bcue_shape *shape = &bcue_graph_value(graph, x)->shape;
    return shape->dim[shape->rank - 1];
}

bcue_value bcue_linear_layer(bcue_graph *graph, const char *name, bcue_value x, int64_t outputs,
                             bcue_linear_start start)
{
    if (x == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    const int64_t inputs = last_dim(graph, x);
    bcue_parameter_spec weight_spec = {.init = BCUE_INIT_UNIFORM_FAN_IN, .fan = inputs};
    bcue_parameter_spec bias_spec = weight_spec;
    if (start == BCUE_LINEAR_GPT) {
        weight_spec = (bcue_parameter_spec){.init = BCUE_INIT_NORMAL, .scale = 0.02};
        bias_spec = (bcue_parameter_spec){.init = BCUE_INIT_ZERO};
    }
    bias_spec.no_decay = true;
    bcue_graph_push(graph, name);
    const bcue_shape weight_shape = bcue_shape_of(outputs, inputs), bias_shape = bcue_shape_of(outputs);
    bcue_value weight = bcue_graph_parameter(graph, "weight", &weight_shape, &weight_spec);
    bcue_value bias = bcue_graph_parameter(graph, "bias", &bias_shape, &bias_spec);
    bcue_graph_pop(graph);
    return bcue_graph_linear(graph, name, x, weight, bias);
}

bcue_value bcue_layer_norm_layer(bcue_graph *graph, const char *name, bcue_value x, double epsilon)
{
    if (x == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    const bcue_shape shape = bcue_shape_of(last_dim(graph, x));
    const bcue_parameter_spec one = {.init = BCUE_INIT_ONE, .no_decay = true},
                              zero = {.init = BCUE_INIT_ZERO, .no_decay = true};
    bcue_graph_push(graph, name);
    bcue_value weight = bcue_graph_parameter(graph, "weight", &shape, &one);
    bcue_value bias = bcue_graph_parameter(graph, "bias", &shape, &zero);
    bcue_graph_pop(graph);
    return bcue_graph_layer_norm(graph, name, x, weight, bias, epsilon);
}

static bcue_value dropout(bcue_graph *graph, const char *name, bcue_value x, double probability)
{
    return probability > 0 ? bcue_graph_dropout(graph, name, x, probability) : x;
}

bcue_value bcue_masked_tokens(bcue_graph *graph, bcue_value x, const bcue_token_mask *mask)
{
    return mask != NULL ? bcue_graph_mul(graph, NULL, x, mask->keep) : x;
}

/* Layer norm over all D of y = c (x + (1 - keep) mean), with the mean over the n kept channels and
   c = sqrt(D / n), has their mean and, c^2 n / D = 1, exactly their variance; so its result is c times that
   of the norm over them. */
bcue_value bcue_masked_norm_layer(bcue_graph *graph, const char *name, bcue_value x, double epsilon,
                                  const bcue_token_mask *mask)
{
    if (mask == NULL || x == BCUE_NO_VALUE)
        return bcue_layer_norm_layer(graph, name, x, epsilon);
    bcue_value mean = bcue_graph_reduce(graph, NULL, BCUE_OP_REDUCE_SUM, x, 1U << 2, true);
    mean = bcue_graph_mul(graph, NULL, mean, mask->share);
    bcue_value gone = bcue_graph_affine(graph, NULL, mask->keep, -1, 1);
    bcue_value y = bcue_graph_add(graph, NULL, x, bcue_graph_mul(graph, NULL, mean, gone));
    y = bcue_graph_mul(graph, NULL, y, mask->spread);
    y = bcue_layer_norm_layer(graph, name, y, epsilon);
    if (y == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    /* (n w + b) back + b (1 - back) = n back w + b */
    const bcue_value bias = bcue_graph_node(graph, bcue_graph_value(graph, y)->node)->input[2];
    bcue_value rest = bcue_graph_affine(graph, NULL, mask->back, -1, 1);
    rest = bcue_graph_mul(graph, NULL, rest, bias);
    y = bcue_graph_mul(graph, NULL, y, mask->back);
    return bcue_masked_tokens(graph, bcue_graph_add(graph, NULL, y, rest), mask);
}

/* x (B, heads, T, d) or (B, T, d) times an input (B, heads or 1, [1,] d). */
static bcue_value masked_by_input(bcue_graph *graph, const char *name, bcue_value x,
                                  const bcue_transformer_config *config)
{
    if (config->mask == NULL || x == BCUE_NO_VALUE)
        return x;
    bcue_shape shape = bcue_graph_value(graph, x)->shape;
    shape.dim[shape.rank - 2] = 1;
    return bcue_graph_mul(graph, NULL, x, bcue_graph_input(graph, name, BCUE_F32, &shape));
}

/* Key, query or value: (B, T, D) -> (B, heads, T, d). */
static bcue_value by_head(bcue_graph *graph, const char *name, bcue_value x, int64_t heads, int64_t d)
{
    bcue_value y = bcue_linear_layer(graph, name, x, heads * d, BCUE_LINEAR_GPT);
    if (y == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    const bcue_shape *shape = &bcue_graph_value(graph, y)->shape;
    const bcue_shape split = bcue_shape_of(shape->dim[0], shape->dim[1], heads, d);
    y = bcue_graph_reshape(graph, NULL, y, &split);
    return bcue_graph_permute(graph, NULL, y, (int[]){0, 2, 1, 3});
}

/* The width that the tokens of a network have, or had before they were pruned. */
static int64_t whole_width(const bcue_graph *graph, bcue_value x, const bcue_transformer_config *config)
{
    return config->width > 0 ? config->width : last_dim(graph, x);
}

static bcue_value attention(bcue_graph *graph, bcue_value x, const bcue_transformer_config *config,
                            int64_t number)
{
    if (x == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    const bcue_shape tokens = bcue_graph_value(graph, x)->shape;
    const int64_t heads = config->heads, whole = whole_width(graph, x, config) / heads;
    const bcue_pruned_part *pruned = config->pruned;
    const int64_t qk = pruned != NULL ? bcue_pruned_width(&pruned->qk, number, whole) : whole;
    const int64_t value = pruned != NULL ? bcue_pruned_width(&pruned->value, number, whole) : whole;
    bcue_value k = by_head(graph, "key", x, heads, qk);
    bcue_value q = masked_by_input(graph, "mask_qk", by_head(graph, "query", x, heads, qk), config);
    bcue_value v = masked_by_input(graph, "mask_value", by_head(graph, "value", x, heads, value), config);
    bcue_value y =
        bcue_graph_attention(graph, "attention", q, k, v, 1 / sqrt((double)whole), config->dropout);
    const bcue_shape joined = bcue_shape_of(tokens.dim[0], tokens.dim[1], heads * value);
    y = bcue_graph_permute(graph, NULL, y, (int[]){0, 2, 1, 3});
    y = bcue_graph_reshape(graph, NULL, y, &joined);
    y = bcue_linear_layer(graph, "proj", y, tokens.dim[2], BCUE_LINEAR_GPT);
    return dropout(graph, "dropout", y, config->dropout);
}

static bcue_value block(bcue_graph *graph, bcue_value x, const bcue_transformer_config *config,
                        int64_t number)
{
    if (x == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    const int64_t width = last_dim(graph, x), whole = config->expansion * whole_width(graph, x, config);
    const int64_t inner =
        config->pruned != NULL ? bcue_pruned_width(&config->pruned->inner, number, whole) : whole;
    bcue_value y = bcue_masked_norm_layer(graph, "ln1", x, 1e-5, config->mask);
    bcue_graph_push(graph, "attn");
    y = attention(graph, y, config, number);
    bcue_graph_pop(graph);
    y = bcue_masked_tokens(graph, y, config->mask);
    x = bcue_graph_add(graph, "add1", x, y);
    y = bcue_masked_norm_layer(graph, "ln2", x, 1e-5, config->mask);
    y = bcue_linear_layer(graph, "mlp.0", y, inner, BCUE_LINEAR_GPT);
    y = masked_by_input(graph, "mask_inner", bcue_graph_relu(graph, "mlp.1", y), config);
    y = bcue_linear_layer(graph, "mlp.2", y, width, BCUE_LINEAR_GPT);
    y = dropout(graph, "mlp.3", bcue_masked_tokens(graph, y, config->mask), config->dropout);
    return bcue_graph_add(graph, "add2", x, y);
}

bcue_value bcue_transformer(bcue_graph *graph, bcue_value x, const bcue_transformer_config *config)
{
    for (int64_t i = 0; i < config->blocks; i++) {
        char scope[32];
        snprintf(scope, sizeof scope, "blocks.%d", (int)i);
        bcue_graph_push(graph, scope);
        x = block(graph, x, config, i);
        bcue_graph_pop(graph);
    }
    return x;
}

typedef struct gru {
    bcue_graph *graph;
    bcue_value inputs; /* (B, T, 3 hidden): of all instants at once; reset, update, new */
    bcue_value weight, bias;
    int64_t batch, hidden;
} gru;

/* Gates `first` up to `last` (of three) of x (B, 3 hidden). */
static bcue_value gates(const gru *g, bcue_value x, int first, int last)
{
    return bcue_graph_slice(g->graph, NULL, x, 1, first * g->hidden, last * g->hidden);
}

/* r, z = sigmoid(...), n = tanh(W x + b + r (U h + c)), and the next state (1 - z) n + z h. */
static bcue_value gru_step(const gru *g, int64_t t, bcue_value state)
{
    const bcue_shape flat = bcue_shape_of(g->batch, 3 * g->hidden);
    bcue_graph *graph = g->graph;
    bcue_value now = bcue_graph_slice(graph, NULL, g->inputs, 1, t, t + 1);
    now = bcue_graph_reshape(graph, NULL, now, &flat);
    if (state == BCUE_NO_VALUE)
        state = bcue_graph_affine(graph, NULL, gates(g, now, 0, 1), 0, 0);
    bcue_value past = bcue_graph_linear(graph, NULL, state, g->weight, g->bias);
    bcue_value now_rz = gates(g, now, 0, 2), past_rz = gates(g, past, 0, 2);
    bcue_value rz = bcue_graph_sigmoid(graph, NULL, bcue_graph_add(graph, NULL, now_rz, past_rz));
    bcue_value reset = gates(g, rz, 0, 1), update = gates(g, rz, 1, 2);
    bcue_value past_n = bcue_graph_mul(graph, NULL, reset, gates(g, past, 2, 3));
    bcue_value fresh = bcue_graph_add(graph, NULL, gates(g, now, 2, 3), past_n);
    fresh = bcue_graph_tanh(graph, NULL, fresh);
    bcue_value keep = bcue_graph_affine(graph, NULL, update, -1, 1);
    fresh = bcue_graph_mul(graph, NULL, keep, fresh);
    state = bcue_graph_mul(graph, NULL, update, state);
    return bcue_graph_add(graph, NULL, fresh, state);
}

bcue_value bcue_gru(bcue_graph *graph, const char *name, bcue_value x, int64_t hidden)
{
    if (x == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    const bcue_shape *shape = &bcue_graph_value(graph, x)->shape;
    const int64_t batch = shape->dim[0], steps = shape->dim[1];
    const bcue_parameter_spec spec = {.init = BCUE_INIT_UNIFORM_FAN_IN, .fan = hidden},
                              bias_spec = {.init = BCUE_INIT_UNIFORM_FAN_IN, .fan = hidden, .no_decay = true};
    const bcue_shape in = bcue_shape_of(3 * hidden, shape->dim[2]), past = bcue_shape_of(3 * hidden, hidden),
                     bias = bcue_shape_of(3 * hidden);
    bcue_graph_push(graph, name);
    bcue_value weight_in = bcue_graph_parameter(graph, "weight_ih_l0", &in, &spec);
    bcue_value weight = bcue_graph_parameter(graph, "weight_hh_l0", &past, &spec);
    bcue_value bias_in = bcue_graph_parameter(graph, "bias_ih_l0", &bias, &bias_spec);
    bcue_value bias_past = bcue_graph_parameter(graph, "bias_hh_l0", &bias, &bias_spec);
    const gru g = {.graph = graph,
                   .inputs = bcue_graph_linear(graph, NULL, x, weight_in, bias_in),
                   .weight = weight,
                   .bias = bias_past,
                   .batch = batch,
                   .hidden = hidden};
    bcue_value state = BCUE_NO_VALUE;
    for (int64_t t = 0; t < steps; t++)
        state = gru_step(&g, t, state);
    bcue_graph_pop(graph);
    return state;
}
