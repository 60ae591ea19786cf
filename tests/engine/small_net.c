#include "small_net.h"

#include "base/rng.h"

static bcue_value conv(bcue_graph *g, const char *name, bcue_value x, int64_t channels, int kernel,
                       int stride)
{
    int64_t inputs = bcue_graph_value(g, x)->shape.dim[1];
    bcue_shape shape = bcue_shape_of(channels, inputs, kernel, kernel), vector = bcue_shape_of(channels);
    bcue_parameter_spec spec = {.init = BCUE_INIT_NORMAL_FAN_OUT, .fan = channels * kernel * kernel};
    bcue_parameter_spec zero = {.init = BCUE_INIT_ZERO}, one = {.init = BCUE_INIT_ONE};
    bcue_parameter_spec mean = {.init = BCUE_INIT_ZERO, .running = true},
                        variance = {.init = BCUE_INIT_ONE, .running = true};
    int strides[2] = {stride, stride}, padding[2] = {kernel / 2, kernel / 2}, dilation[2] = {1, 1};
    bcue_graph_push(g, name);
    bcue_value y = bcue_graph_conv2d(g, "conv", x, bcue_graph_parameter(g, "weight", &shape, &spec),
                                     BCUE_NO_VALUE, strides, padding, dilation, 1);
    y = bcue_graph_batch_norm(g, "norm", y, bcue_graph_parameter(g, "norm.weight", &vector, &one),
                              bcue_graph_parameter(g, "norm.bias", &vector, &zero),
                              bcue_graph_parameter(g, "norm.mean", &vector, &mean),
                              bcue_graph_parameter(g, "norm.var", &vector, &variance), 1e-5, 0.1);
    bcue_graph_pop(g);
    return y;
}

static bcue_value linear(bcue_graph *g, const char *name, bcue_value x, int64_t outputs)
{
    int64_t inputs = bcue_graph_value(g, x)->shape.dim[1];
    bcue_shape shape = bcue_shape_of(outputs, inputs), vector = bcue_shape_of(outputs);
    bcue_parameter_spec spec = {.init = BCUE_INIT_UNIFORM_FAN_IN, .fan = inputs};
    bcue_graph_push(g, name);
    bcue_value weight = bcue_graph_parameter(g, "weight", &shape, &spec),
               bias = bcue_graph_parameter(g, "bias", &vector, &spec);
    bcue_graph_pop(g);
    return bcue_graph_linear(g, name, x, weight, bias);
}

bcue_graph *bcue_small_net(int batch)
{
    bcue_graph *g = bcue_graph_create();
    bcue_shape picture = bcue_shape_of(batch, 3, 40, 24), place = bcue_shape_of(batch, 2),
               labels = bcue_shape_of(batch);
    bcue_value x = bcue_graph_input(g, "x", BCUE_F32, &picture);
    bcue_value position = bcue_graph_input(g, "position", BCUE_F32, &place);
    bcue_value label = bcue_graph_input(g, "label", BCUE_I32, &labels);
    bcue_value y = bcue_graph_relu(g, "stem.relu", conv(g, "stem", x, 20, 7, 2));
    y = bcue_graph_max_pool(g, "pool", y, (int[]){3, 3}, (int[]){2, 2}, (int[]){1, 1});
    bcue_value z = bcue_graph_relu(g, "a.relu", conv(g, "a", y, 20, 3, 1));
    y = bcue_graph_relu(g, "ab.relu", bcue_graph_add(g, "ab", conv(g, "b", z, 20, 3, 1), y));
    z = bcue_graph_relu(g, "c.relu", conv(g, "c", y, 32, 3, 2));
    y = bcue_graph_relu(g, "cd.relu",
                        bcue_graph_add(g, "cd", conv(g, "d", z, 32, 3, 1), conv(g, "e", y, 32, 1, 2)));
    y = bcue_graph_reduce(g, "mean", BCUE_OP_REDUCE_MEAN, y, 0xC, false);
    bcue_value joined = bcue_graph_concat(
        g, "joined", (bcue_value[]){y, bcue_graph_relu(g, "p.relu", linear(g, "p", position, 8))}, 2, 1);
    joined = bcue_graph_dropout(g, "dropout", bcue_graph_relu(g, "h.relu", linear(g, "h", joined, 24)), 0.25);
    bcue_value logits = linear(g, "out", joined, BCUE_SMALL_NET_CLASSES);
    bcue_graph_output(g, "logits", logits);
    bcue_graph_output(g, "loss", bcue_graph_cross_entropy(g, "loss", logits, label, BCUE_NO_VALUE, 0.1));
    return g;
}

void bcue_small_net_fill(bcue_plan *plan, int batch, uint32_t index)
{
    bcue_rng rng = bcue_rng_make(2, BCUE_RNG_TEST, 0, 0, index);
    float *x = bcue_plan_input(plan, "x"), *position = bcue_plan_input(plan, "position");
    int32_t *label = bcue_plan_input(plan, "label");
    for (int i = 0; i < batch * 3 * 40 * 24; i++)
        x[i] = (float)bcue_rng_normal(&rng);
    for (int i = 0; i < batch * 2; i++)
        position[i] = (float)bcue_rng_normal(&rng);
    for (int i = 0; label != NULL && i < batch; i++)
        label[i] = (int32_t)bcue_rng_below(&rng, BCUE_SMALL_NET_CLASSES);
}
