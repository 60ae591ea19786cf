#include "models/map_completion.h"

#include <stdio.h>

#include "base/fail.h"
#include "models/cvae.h"
#include "models/layers.h"

enum {
    SLOTS = BCUE_INPUT_POSITION + 1,
    KERNEL = 7,
    STRIDE = 4,
    ENCODED = 8, /* channels of an encoder */
    ROWS = 8,
    COLUMNS = 16, /* of its pooled grid */
    DOUBLINGS = 4,
    LEAST_CHANNELS = 4
};

typedef struct painter {
    bcue_graph *graph;
    const bcue_completion *completion;
    const bcue_model_inputs *inputs;
    unsigned seen, missing;
    int64_t batch;
    bcue_value given[SLOTS];   /* inputs less mean over spread; BCUE_NO_VALUE: not there */
    bcue_value encoded[SLOTS]; /* by the decoder's encoders */
    bcue_value there[SLOTS];   /* (batch, 1), training only */
    bool training;
} painter;

static bool sees(const painter *k, int m)
{
    return (k->seen & 1U << m) != 0;
}

static const char *input_name(int m)
{
    return m == BCUE_INPUT_POSITION ? "position" : bcue_model_input_names[m];
}

static bcue_shape window_shape(const painter *k, int m)
{
    const bcue_picture_size size = bcue_model_picture(k->inputs, (bcue_model_input)m);
    return m == BCUE_INPUT_POSITION
               ? bcue_shape_of(k->batch, k->inputs->gps_frames, 2)
               : bcue_shape_of(k->batch, k->inputs->frames, size.channels, size.height, size.width);
}

static bcue_value mean_of(const painter *k, int m)
{
    char name[32];
    const bcue_picture_size size = bcue_model_picture(k->inputs, (bcue_model_input)m);
    const bcue_shape shape =
        m == BCUE_INPUT_POSITION ? bcue_shape_of(2) : bcue_shape_of(size.channels, size.height, size.width);
    const bcue_parameter_spec spec = {.init = BCUE_INIT_ZERO, .running = true};
    snprintf(name, sizeof name, "input.%s", bcue_model_input_names[m]);
    return bcue_graph_parameter(k->graph, name, &shape, &spec);
}

static bcue_value layer(const painter *k, const char *name, bcue_value x, int64_t outputs)
{
    return bcue_linear_layer(k->graph, name, x, outputs, BCUE_LINEAR_TORCH_NO_DECAY);
}

/* PyTorch's convolution with a bias. */
static bcue_value convolution(const painter *k, const char *name, bcue_value x, int64_t outputs, int size,
                              int step)
{
    if (x == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    const int stride[2] = {step, step}, padding[2] = {size / 2, size / 2}, dilation[2] = {1, 1};
    const int64_t channels = bcue_graph_value(k->graph, x)->shape.dim[1], fan = channels * size * size;
    const bcue_parameter_spec spec = {.init = BCUE_INIT_UNIFORM_FAN_IN, .fan = fan},
                              bias_spec = {.init = BCUE_INIT_UNIFORM_FAN_IN, .fan = fan, .no_decay = true};
    const bcue_shape shape = bcue_shape_of(outputs, channels, size, size), one = bcue_shape_of(outputs);
    bcue_graph_push(k->graph, name);
    const bcue_value weight = bcue_graph_parameter(k->graph, "weight", &shape, &spec);
    const bcue_value bias = bcue_graph_parameter(k->graph, "bias", &one, &bias_spec);
    x = bcue_graph_conv2d(k->graph, "conv", x, weight, bias, stride, padding, dilation, 1);
    bcue_graph_pop(k->graph);
    return x;
}

static int at_most(int64_t value, int most)
{
    return value < most ? (int)value : most;
}

/* All frames of a modality as one row of numbers: (batch, numbers). */
static bcue_value encoder(const painter *k, const char *part, int m)
{
    char name[48];
    const bcue_picture_size size = bcue_model_picture(k->inputs, (bcue_model_input)m);
    const int64_t frames = k->inputs->frames;
    const bcue_shape fixes = bcue_shape_of(k->batch, 2 * k->inputs->gps_frames),
                     pictures = bcue_shape_of(k->batch * frames, size.channels, size.height, size.width);
    if (m == BCUE_INPUT_POSITION)
        return bcue_graph_reshape(k->graph, NULL, k->given[m], &fixes);
    const int rows = at_most((size.height + STRIDE - 1) / STRIDE, ROWS),
              columns = at_most((size.width + STRIDE - 1) / STRIDE, COLUMNS);
    const bcue_shape flat = bcue_shape_of(k->batch, frames * ENCODED * rows * columns);
    snprintf(name, sizeof name, "%s.%s.conv", part, bcue_model_input_names[m]);
    bcue_value x = bcue_graph_reshape(k->graph, NULL, k->given[m], &pictures);
    x = bcue_graph_relu(k->graph, NULL, convolution(k, name, x, ENCODED, KERNEL, STRIDE));
    x = bcue_graph_adaptive_avg_pool(k->graph, NULL, x, rows, columns);
    return bcue_graph_reshape(k->graph, NULL, x, &flat);
}

static bcue_cvae cvae_of(const painter *k)
{
    return (bcue_cvae){k->graph, k->completion, k->batch, k->encoded, k->training ? k->there : NULL};
}

static bcue_value hidden_of(const painter *k, bcue_value z)
{
    const bcue_cvae cvae = cvae_of(k);
    return bcue_cvae_decode(&cvae, z);
}

static bcue_value prior_latent(const painter *k, bcue_value draw)
{
    const bcue_cvae cvae = cvae_of(k);
    return bcue_cvae_prior(&cvae, draw);
}

static bcue_value latent_input(const painter *k)
{
    const bcue_cvae cvae = cvae_of(k);
    return bcue_cvae_latent(&cvae);
}

/* A length after so many halvings, rounded up. */
static int64_t halved(int64_t length, int times)
{
    for (int i = 0; i < times; i++)
        length = (length + 1) / 2;
    return length;
}

static int64_t decoder_channels(const painter *k, int doubled)
{
    const int64_t channels = k->completion->channels >> doubled;
    return channels > LEAST_CHANNELS ? channels : LEAST_CHANNELS;
}

static bcue_value painted(const painter *k, int m, bcue_value x)
{
    char name[48];
    const bcue_picture_size size = bcue_model_picture(k->inputs, (bcue_model_input)m);
    const int64_t height = halved(size.height, DOUBLINGS), width = halved(size.width, DOUBLINGS);
    const int64_t frames = k->inputs->frames, channels = decoder_channels(k, 0);
    const bcue_shape smallest = bcue_shape_of(k->batch * frames, channels, height, width);
    snprintf(name, sizeof name, "decoder.to_%s", bcue_model_input_names[m]);
    x = bcue_graph_relu(k->graph, NULL, layer(k, name, x, frames * channels * height * width));
    x = bcue_graph_reshape(k->graph, NULL, x, &smallest);
    for (int i = 1; i <= DOUBLINGS; i++) {
        const bool last = i == DOUBLINGS;
        x = bcue_graph_resize_bilinear(k->graph, NULL, x, (int)halved(size.height, DOUBLINGS - i),
                                       (int)halved(size.width, DOUBLINGS - i));
        snprintf(name, sizeof name, "decoder.up_%s.%d", bcue_model_input_names[m], i);
        x = convolution(k, name, x, last ? size.channels : decoder_channels(k, i), 3, 1);
        if (!last)
            x = bcue_graph_relu(k->graph, NULL, x);
    }
    return x;
}

/* What the decoder makes of modality m, less mean and over spread, in the shape of the input. */
static bcue_value decoded(const painter *k, int m, bcue_value hidden)
{
    const bcue_shape shape = window_shape(k, m);
    const bcue_value x = m == BCUE_INPUT_POSITION
                             ? layer(k, "decoder.to_gps", hidden, 2 * k->inputs->gps_frames)
                             : painted(k, m, hidden);
    return bcue_graph_reshape(k->graph, NULL, x, &shape);
}

static double spread_of(const painter *k, int m)
{
    return k->completion->map_spread.items[m];
}

/* Inputs of what is there, normalised and through the decoder's encoders. Within no scope. */
static void take_inputs(painter *k)
{
    for (int m = 0; m < SLOTS; m++) {
        k->given[m] = k->encoded[m] = k->there[m] = BCUE_NO_VALUE;
        if (!sees(k, m) || (k->missing & 1U << m) != 0)
            continue;
        char name[32];
        const bcue_shape shape = window_shape(k, m), one = bcue_shape_of(k->batch, 1);
        const bcue_value x = bcue_graph_input(k->graph, input_name(m), BCUE_F32, &shape);
        snprintf(name, sizeof name, "there.%s", bcue_model_input_names[m]);
        k->there[m] = k->training ? bcue_graph_input(k->graph, name, BCUE_F32, &one) : BCUE_NO_VALUE;
        bcue_graph_push(k->graph, "complete");
        k->given[m] =
            bcue_graph_add(k->graph, NULL, x, bcue_graph_affine(k->graph, NULL, mean_of(k, m), -1, 0));
        k->given[m] = bcue_graph_affine(k->graph, NULL, k->given[m], 1 / spread_of(k, m), 0);
        bcue_graph_push(k->graph, "map");
        k->encoded[m] = encoder(k, "decoder", m);
        bcue_graph_pop(k->graph);
        bcue_graph_pop(k->graph);
    }
}

/* The outputs "made.M" of the modalities in `made`. */
static void paint(const painter *k, bcue_value draw, unsigned made)
{
    bcue_graph_push(k->graph, "complete");
    bcue_graph_push(k->graph, "map");
    const bcue_value hidden = hidden_of(k, prior_latent(k, draw));
    bcue_value x[SLOTS];
    for (int m = 0; m < SLOTS; m++)
        x[m] = sees(k, m) && (made & 1U << m) != 0 ? decoded(k, m, hidden) : BCUE_NO_VALUE;
    bcue_graph_pop(k->graph);
    for (int m = 0; m < SLOTS; m++) {
        if (x[m] == BCUE_NO_VALUE)
            continue;
        x[m] = bcue_graph_affine(k->graph, NULL, x[m], spread_of(k, m), 0);
        x[m] = bcue_graph_add(k->graph, NULL, x[m], mean_of(k, m));
    }
    bcue_graph_pop(k->graph);
    for (int m = 0; m < SLOTS; m++)
        if (x[m] != BCUE_NO_VALUE)
            bcue_graph_output(k->graph, bcue_completion_made_name((bcue_model_input)m), x[m]);
}

bcue_status bcue_map_completion_build(const bcue_completion *completion, const bcue_model_config *config,
                                      const bcue_model_inputs *inputs, unsigned missing, int64_t batch,
                                      bcue_graph **graph, bcue_error *error)
{
    *graph = NULL;
    painter k = {.graph = bcue_graph_create(),
                 .completion = completion,
                 .inputs = inputs,
                 .seen = bcue_branch_vectors_of(config, inputs).seen,
                 .missing = missing,
                 .batch = batch};
    if (k.graph == NULL)
        return bcue_fail_memory(error, "the generator of missing modalities");
    const bcue_value draw = latent_input(&k);
    take_inputs(&k);
    paint(&k, draw, missing);
    return bcue_cvae_deliver(k.graph, graph, error);
}

void bcue_map_completion_keep(bcue_graph *graph, const bcue_completion *completion,
                              const bcue_model_config *config, const bcue_model_inputs *inputs,
                              bcue_value latent)
{
    painter k = {.graph = graph,
                 .completion = completion,
                 .inputs = inputs,
                 .seen = bcue_branch_vectors_of(config, inputs).seen,
                 .batch = 1};
    take_inputs(&k);
    paint(&k, latent, k.seen);
}

/* ---- training ---- */

static void posterior(const painter *k, bcue_value *mean, bcue_value *spread)
{
    bcue_value parts[2 * SLOTS];
    int count = 0;
    for (int m = 0; m < SLOTS; m++) {
        if (!sees(k, m))
            continue;
        parts[count++] = encoder(k, "posterior", m);
        parts[count++] = k->there[m];
    }
    const bcue_value x = bcue_graph_concat(k->graph, NULL, parts, count, 1);
    *mean = layer(k, "posterior.to_mean", x, k->completion->latent);
    *spread = bcue_cvae_log_variance(k->graph, "posterior.to_variance", x, k->completion->latent);
}

static void put_part(const painter *k, int m, bcue_value part)
{
    char name[48];
    snprintf(name, sizeof name, "reconstruction.%s", bcue_model_input_names[m]);
    bcue_graph_output(k->graph, name, part);
}

/* Half the mean squared error of every modality that is missing, summed over them, mean over the batch. */
static bcue_value reconstruction(const painter *k, bcue_value hidden, bcue_value parts[SLOTS])
{
    bcue_value sum = BCUE_NO_VALUE;
    for (int m = 0; m < SLOTS; m++) {
        parts[m] = BCUE_NO_VALUE;
        if (!sees(k, m))
            continue;
        const bcue_shape shape = window_shape(k, m);
        int64_t numbers = 1;
        for (int i = 1; i < shape.rank; i++)
            numbers *= shape.dim[i];
        const bcue_shape flat = bcue_shape_of(k->batch, numbers);
        bcue_value x = bcue_graph_affine(k->graph, NULL, k->given[m], -1, 0);
        x = bcue_graph_add(k->graph, NULL, decoded(k, m, hidden), x);
        x = bcue_graph_reshape(k->graph, NULL, x, &flat);
        x = bcue_graph_mul(k->graph, NULL, x, bcue_graph_affine(k->graph, NULL, k->there[m], -1, 1));
        x = bcue_cvae_mean_sum(k->graph, bcue_graph_mul(k->graph, NULL, x, x), 0.5 / (double)numbers);
        sum = sum == BCUE_NO_VALUE ? x : bcue_graph_add(k->graph, NULL, sum, x);
        parts[m] = x;
    }
    return sum;
}

static bcue_value divergence(const painter *k, bcue_value mean, bcue_value spread)
{
    const bcue_cvae cvae = cvae_of(k);
    return bcue_cvae_prior_divergence(&cvae, mean, spread);
}

static bcue_value loss_of(const painter *k, bcue_value draw, double weight, bool with_posterior)
{
    bcue_value z, kl = BCUE_NO_VALUE, parts[SLOTS];
    bcue_graph_push(k->graph, "complete");
    bcue_graph_push(k->graph, "map");
    if (with_posterior) {
        bcue_value mean, spread;
        posterior(k, &mean, &spread);
        z = bcue_cvae_draw(k->graph, mean, spread, draw);
        kl = divergence(k, mean, spread);
    } else {
        z = prior_latent(k, draw);
    }
    const bcue_value error = reconstruction(k, hidden_of(k, z), parts);
    bcue_graph_pop(k->graph);
    bcue_graph_pop(k->graph);
    for (int m = 0; m < SLOTS; m++)
        if (parts[m] != BCUE_NO_VALUE)
            put_part(k, m, parts[m]);
    bcue_graph_output(k->graph, "reconstruction", error);
    const bcue_value weighted = bcue_graph_affine(k->graph, NULL, error, weight, 0);
    if (!with_posterior || kl == BCUE_NO_VALUE)
        return weighted;
    bcue_graph_output(k->graph, "kl", kl);
    const bcue_shape one = bcue_graph_value(k->graph, kl)->shape;
    kl = bcue_graph_mul(k->graph, NULL, kl, bcue_graph_input(k->graph, "kl_weight", BCUE_F32, &one));
    return bcue_graph_add(k->graph, NULL, weighted, kl);
}

bcue_status bcue_map_completion_build_training(const bcue_completion *completion,
                                               const bcue_model_config *config,
                                               const bcue_model_inputs *inputs, double weight,
                                               bool with_posterior, int64_t batch, bcue_graph **graph,
                                               bcue_error *error)
{
    *graph = NULL;
    painter k = {.graph = bcue_graph_create(),
                 .completion = completion,
                 .inputs = inputs,
                 .seen = bcue_branch_vectors_of(config, inputs).seen,
                 .batch = batch,
                 .training = true};
    if (k.graph == NULL)
        return bcue_fail_memory(error, "the generator of missing modalities");
    const bcue_value draw = latent_input(&k);
    take_inputs(&k);
    bcue_graph_output(k.graph, "loss", loss_of(&k, draw, weight, with_posterior));
    return bcue_cvae_deliver(k.graph, graph, error);
}
