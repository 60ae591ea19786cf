#include "models/cvae.h"

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
bcue_value bcue_cvae_divergence(bcue_graph *graph, bcue_value m, bcue_value s, bcue_value n, bcue_value t)
{
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
