#include "models/loss.h"

#include <math.h>
#include <stddef.h>

#include "models/layers.h"

static const char *const kind_names[] = {"cross-entropy", "focal-softmax", "focal-sigmoid", NULL};
static const char *const target_names[] = {"hard", "gaussian", NULL};

#define LOSS(field) offsetof(bcue_loss_config, field)
const bcue_config_field bcue_loss_config_fields[] = {
    {.name = "kind",
     .type = BCUE_CONFIG_CHOICE,
     .offset = LOSS(kind),
     .choices = kind_names,
     .fallback = "cross-entropy",
     .help = "cross-entropy and focal-softmax: one of all beams; focal-sigmoid: each beam by itself"},
    {.name = "targets",
     .type = BCUE_CONFIG_CHOICE,
     .offset = LOSS(targets),
     .choices = target_names,
     .fallback = "hard",
     .help = "hard: the best beam; gaussian: its neighbours a little too (cross-entropy, focal-sigmoid)"},
    {.name = "sigma",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = LOSS(sigma),
     .fallback = "0.5",
     .minimum = 0.01,
     .maximum = 1000,
     .help = "gaussian: standard deviation, beams"},
    {.name = "reach",
     .type = BCUE_CONFIG_INT,
     .offset = LOSS(reach),
     .fallback = "5",
     .minimum = 0,
     .maximum = 65536,
     .help = "gaussian: beams to either side; further ones are 0"},
    {.name = "scale",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = LOSS(scale),
     .fallback = "1.25",
     .minimum = 1e-6,
     .maximum = 1e6,
     .help = "gaussian: factor on the density; values above 1 become 1"},
    {.name = "alpha",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = LOSS(alpha),
     .fallback = "0.25",
     .minimum = 0,
     .maximum = 1,
     .help = "focal-sigmoid: weight of the yes beams; the others have 1 - alpha"},
    {.name = "gamma",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = LOSS(gamma),
     .fallback = "2",
     .minimum = 0,
     .maximum = 20,
     .help = "focal-*: how much less what is right already counts; 0 = as cross-entropy"},
    {.name = "label_smoothing",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = LOSS(label_smoothing),
     .fallback = "0",
     .minimum = 0,
     .maximum = 0.99,
     .help = "cross-entropy with hard targets: share that is spread over all beams"},
    {0}};

bool bcue_loss_needs_target(const bcue_loss_config *config)
{
    if (config->external)
        return false;
    return config->kind == BCUE_LOSS_FOCAL_SIGMOID ||
           (config->kind == BCUE_LOSS_CROSS_ENTROPY && config->targets == BCUE_TARGET_GAUSSIAN);
}

/* The sum of x times what the caller writes: whose gradient by x is just that. */
static bcue_value written_gradient(bcue_graph *graph, const char *name, bcue_value x)
{
    if (x == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    const bcue_shape shape = bcue_graph_value(graph, x)->shape;
    bcue_value given = bcue_graph_input(graph, name, BCUE_F32, &shape);
    return bcue_graph_reduce(graph, NULL, BCUE_OP_REDUCE_SUM, bcue_graph_mul(graph, NULL, x, given), 3U,
                             false);
}

static void build_external(bcue_graph *graph, const bcue_loss_config *config, bcue_value logits)
{
    bcue_value loss = written_gradient(graph, "gradient.end", logits), mid = bcue_graph_find(graph, "mid");
    if (mid != BCUE_NO_VALUE) {
        if (config->projected > 0) {
            mid = bcue_linear_layer(graph, "distill.projection", mid, config->projected, BCUE_LINEAR_TORCH);
            bcue_graph_output(graph, "projected", mid);
        }
        loss = bcue_graph_add(graph, NULL, loss, written_gradient(graph, "gradient.mid", mid));
    }
    bcue_graph_output(graph, "loss", loss);
}

void bcue_loss_build(bcue_graph *graph, const bcue_loss_config *config, bcue_value logits, int64_t batch,
                     int64_t beams)
{
    static const bcue_loss_config plain = {.kind = BCUE_LOSS_CROSS_ENTROPY};
    const bcue_loss_config *c = config != NULL ? config : &plain;
    if (c->external) {
        build_external(graph, c, logits);
        return;
    }
    const bcue_shape rows = bcue_shape_of(batch), cells = bcue_shape_of(batch, beams);
    const bcue_value target = bcue_loss_needs_target(c) ? bcue_graph_input(graph, "target", BCUE_F32, &cells)
                                                        : bcue_graph_input(graph, "label", BCUE_I32, &rows);
    bcue_value loss = BCUE_NO_VALUE;
    switch ((bcue_loss_kind)c->kind) {
    case BCUE_LOSS_CROSS_ENTROPY:
        loss = bcue_graph_cross_entropy(graph, "cross_entropy", logits, target, BCUE_NO_VALUE,
                                        c->label_smoothing);
        break;
    case BCUE_LOSS_FOCAL_SOFTMAX:
        loss = bcue_graph_focal_softmax(graph, "focal_softmax", logits, target, BCUE_NO_VALUE, c->gamma);
        break;
    case BCUE_LOSS_FOCAL_SIGMOID:
        loss = bcue_graph_focal_sigmoid(graph, "focal_sigmoid", logits, target, BCUE_NO_VALUE, c->alpha,
                                        c->gamma);
        break;
    }
    bcue_graph_output(graph, "loss", loss);
}

static double target_value(const bcue_loss_config *config, int64_t distance)
{
    if (config->targets == BCUE_TARGET_HARD)
        return distance == 0;
    if (distance < -config->reach || distance > config->reach)
        return 0;
    const double root_two_pi = 2.50662827463100050242, z = (double)distance / config->sigma;
    const double value = config->scale * exp(-0.5 * z * z) / (root_two_pi * config->sigma);
    return value < 1 ? value : 1;
}

void bcue_loss_fill_target(const bcue_loss_config *config, const int32_t *label, size_t count, int64_t beams,
                           float *target)
{
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        for (int64_t b = 0; b < beams; b++)
            sum += target_value(config, b - label[i]);
        const double factor = config->kind == BCUE_LOSS_CROSS_ENTROPY && sum > 0 ? 1 / sum : 1;
        for (int64_t b = 0; b < beams; b++)
            target[i * (size_t)beams + (size_t)b] = (float)(factor * target_value(config, b - label[i]));
    }
}
