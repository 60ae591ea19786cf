#include "models/cvae.h"

#include <stdio.h>

#include "models/layers.h"

bcue_value bcue_cvae_log_variance(bcue_graph *graph, const char *name, bcue_value x, int64_t latent)
{
    x = bcue_linear_layer(graph, name, x, latent, BCUE_LINEAR_TORCH_NO_DECAY);
    x = bcue_graph_affine(graph, NULL, x, 1.0 / 6, 0);
    return bcue_graph_affine(graph, NULL, bcue_graph_tanh(graph, NULL, x), 6, 0);
}

bcue_value bcue_cvae_draw(bcue_graph *graph, bcue_value mean, bcue_value log_variance, bcue_value draw)
{
    const bcue_value deviation =
        bcue_graph_exp(graph, NULL, bcue_graph_affine(graph, NULL, log_variance, 0.5, 0));
    return bcue_graph_add(graph, NULL, mean, bcue_graph_mul(graph, NULL, deviation, draw));
}

bcue_value bcue_cvae_mean_sum(bcue_graph *graph, bcue_value x, double scale)
{
    if (x == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    const bcue_shape shape = bcue_graph_value(graph, x)->shape;
    x = bcue_graph_reduce(graph, NULL, BCUE_OP_REDUCE_SUM, x, (1U << shape.rank) - 1, false);
    return bcue_graph_affine(graph, NULL, x, scale / (double)shape.dim[0], 0);
}

static bcue_value minus(bcue_graph *graph, bcue_value a, bcue_value b)
{
    return bcue_graph_add(graph, NULL, a, bcue_graph_affine(graph, NULL, b, -1, 0));
}

/* Of N(m, e^s) and N(n, e^t): half the sum of e^(s - t) + (m - n)^2 e^-t - (s - t) - 1. */
bcue_value bcue_cvae_divergence(bcue_graph *graph, bcue_value mean, bcue_value log_variance,
                                bcue_value prior_mean, bcue_value prior_log_variance)
{
    const bcue_value m = mean, s = log_variance, n = prior_mean, t = prior_log_variance;
    if (n == BCUE_NO_VALUE)
        return bcue_graph_gaussian_kl(graph, NULL, m, s, BCUE_NO_VALUE);
    const bcue_value ratio = minus(graph, s, t);
    bcue_value apart = minus(graph, m, n);
    apart = bcue_graph_mul(graph, NULL, apart, apart);
    apart = bcue_graph_mul(graph, NULL, apart,
                           bcue_graph_exp(graph, NULL, bcue_graph_affine(graph, NULL, t, -1, 0)));
    bcue_value sum = bcue_graph_add(graph, NULL, bcue_graph_exp(graph, NULL, ratio), apart);
    sum = bcue_graph_add(graph, NULL, sum, bcue_graph_affine(graph, NULL, ratio, -1, -1));
    return bcue_cvae_mean_sum(graph, sum, 0.5);
}

static bcue_value layer(const bcue_cvae *c, const char *name, bcue_value x, int64_t outputs)
{
    return bcue_linear_layer(c->graph, name, x, outputs, BCUE_LINEAR_TORCH_NO_DECAY);
}

/* The sum over what is there of a linear layer PART.M of each. */
static bcue_value gather(const bcue_cvae *c, const char *part, bcue_value sum)
{
    for (int m = 0; m <= BCUE_INPUT_POSITION; m++) {
        char name[48];
        if (c->read[m] == BCUE_NO_VALUE)
            continue;
        snprintf(name, sizeof name, "%s.%s", part, bcue_model_input_names[m]);
        bcue_value x = layer(c, name, c->read[m], c->completion->hidden);
        if (c->there != NULL)
            x = bcue_graph_mul(c->graph, NULL, x, c->there[m]);
        sum = sum == BCUE_NO_VALUE ? x : bcue_graph_add(c->graph, NULL, sum, x);
    }
    return sum;
}

static void learned_prior(const bcue_cvae *c, bcue_value *mean, bcue_value *spread)
{
    const bcue_value x = bcue_graph_relu(c->graph, NULL, gather(c, "prior", BCUE_NO_VALUE));
    *mean = layer(c, "prior.to_mean", x, c->completion->latent);
    *spread = bcue_cvae_log_variance(c->graph, "prior.to_variance", x, c->completion->latent);
}

bcue_value bcue_cvae_latent(const bcue_cvae *c)
{
    const bcue_shape shape = bcue_shape_of(c->batch, c->completion->latent);
    return bcue_graph_input(c->graph, "latent", BCUE_F32, &shape);
}

bcue_value bcue_cvae_prior(const bcue_cvae *c, bcue_value draw)
{
    if (c->completion->prior == BCUE_PRIOR_FIXED)
        return draw;
    bcue_value mean, spread;
    learned_prior(c, &mean, &spread);
    return bcue_cvae_draw(c->graph, mean, spread, draw);
}

bcue_value bcue_cvae_prior_divergence(const bcue_cvae *c, bcue_value mean, bcue_value log_variance)
{
    bcue_value n = BCUE_NO_VALUE, t = BCUE_NO_VALUE;
    if (c->completion->prior == BCUE_PRIOR_LEARNED)
        learned_prior(c, &n, &t);
    return bcue_cvae_divergence(c->graph, mean, log_variance, n, t);
}

bcue_value bcue_cvae_decode(const bcue_cvae *c, bcue_value z)
{
    bcue_value x = gather(c, "decoder", layer(c, "decoder.latent", z, c->completion->hidden));
    x = bcue_graph_relu(c->graph, NULL, x);
    x = layer(c, "decoder.middle", x, c->completion->hidden);
    return bcue_graph_relu(c->graph, NULL, x);
}

bcue_status bcue_cvae_deliver(bcue_graph *built, bcue_graph **graph, bcue_error *error)
{
    bcue_status status = bcue_graph_check(built, error);
    if (status == BCUE_OK)
        *graph = built;
    else
        bcue_graph_destroy(built);
    return status;
}
