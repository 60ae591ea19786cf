#include "models/completion.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "models/cvae.h"
#include "models/layers.h"
#include "models/map_completion.h"
#include "models/resnet.h"

const char *const bcue_stand_in_names[] = {"zero",      "noise",         "mean", "hold",
                                           "generated", "generated-map", NULL};
const char *const bcue_completion_prior_names[] = {"fixed", "learned", NULL};
const char *const bcue_completion_target_names[] = {"feature", "map", "both", NULL};

#define CHOICE(field) offsetof(bcue_completion_choice, field)
static const bcue_config_field choice_fields[] = {
    {.name = "missing",
     .type = BCUE_CONFIG_STRING_LIST,
     .offset = CHOICE(missing),
     .required = true,
     .help = "modalities"},
    {.name = "stand_in",
     .type = BCUE_CONFIG_CHOICE,
     .offset = CHOICE(stand_in),
     .choices = bcue_stand_in_names,
     .required = true,
     .help = "what was best in their place on the validation part"},
    {.name = "dba", .type = BCUE_CONFIG_DOUBLE, .offset = CHOICE(dba), .help = "DBA with it"},
    {.name = "full_dba", .type = BCUE_CONFIG_DOUBLE, .offset = CHOICE(full_dba), .help = "with everything"},
    {0}};

#define FIELD(field) offsetof(bcue_completion, field)
const bcue_config_field bcue_completion_fields[] = {
    {.name = "prior",
     .type = BCUE_CONFIG_CHOICE,
     .offset = FIELD(prior),
     .choices = bcue_completion_prior_names,
     .required = true,
     .help = "of the latent numbers"},
    {.name = "target",
     .type = BCUE_CONFIG_CHOICE,
     .offset = FIELD(target),
     .choices = bcue_completion_target_names,
     .fallback = "feature",
     .help = "what is generated"},
    {.name = "channels",
     .type = BCUE_CONFIG_INT,
     .offset = FIELD(channels),
     .fallback = "32",
     .minimum = 1,
     .maximum = 4096,
     .help = "channels of the smallest maps of the generator of maps"},
    {.name = "latent",
     .type = BCUE_CONFIG_INT,
     .offset = FIELD(latent),
     .minimum = 1,
     .maximum = 4096,
     .required = true,
     .help = "latent numbers"},
    {.name = "hidden",
     .type = BCUE_CONFIG_INT,
     .offset = FIELD(hidden),
     .minimum = 1,
     .maximum = 4096,
     .required = true,
     .help = "neurons of a hidden layer"},
    {.name = "spread",
     .type = BCUE_CONFIG_DOUBLE_LIST,
     .offset = FIELD(spread),
     .minimum = 0,
     .maximum = 1e12,
     .fallback = "[]",
     .help = "of the vectors of camera, lidar, radar, gps"},
    {.name = "map_spread",
     .type = BCUE_CONFIG_DOUBLE_LIST,
     .offset = FIELD(map_spread),
     .minimum = 0,
     .maximum = 1e12,
     .fallback = "[]",
     .help = "of the inputs of camera, lidar, radar, gps"},
    {.name = "choices",
     .type = BCUE_CONFIG_SECTION_LIST,
     .offset = FIELD(choices),
     .fields = choice_fields,
     .item_size = sizeof(bcue_completion_choice),
     .help = "what takes the place of which modalities"},
    {.name = "data", .type = BCUE_CONFIG_STRING, .offset = FIELD(data), .help = "hash of the data set"},
    {0}};

enum { SLOTS = BCUE_INPUT_POSITION + 1 };

unsigned bcue_completion_missing(const bcue_completion_choice *choice)
{
    return bcue_model_input_bits(&choice->missing);
}

const bcue_completion_choice *bcue_completion_find(const bcue_completion *completion, unsigned missing)
{
    const bcue_completion_choice *choices = completion->choices.items;
    for (size_t i = 0; i < completion->choices.count; i++) {
        if (bcue_completion_missing(&choices[i]) == missing)
            return &choices[i];
    }
    return NULL;
}

bool bcue_completion_offers(const bcue_completion *completion, int stand_in)
{
    if (stand_in == BCUE_STAND_IN_GENERATED)
        return completion->target != BCUE_TARGET_MAP;
    return stand_in != BCUE_STAND_IN_MAP || completion->target != BCUE_TARGET_FEATURE;
}

static bool fits(const bcue_double_list *spread, bool wanted, const bcue_model_config *config)
{
    bool right = spread->count == (wanted ? SLOTS : 0);
    for (int m = 0; right && wanted && m < SLOTS; m++)
        right = (spread->items[m] > 0) == bcue_model_needs(config, (bcue_model_input)m);
    return right;
}

bcue_status bcue_completion_check(const bcue_completion *completion, const bcue_model_config *config,
                                  const char *name, bcue_error *error)
{
    bool right =
        config->kind == BCUE_MODEL_BEAMTRANSFUSER &&
        fits(&completion->spread, bcue_completion_offers(completion, BCUE_STAND_IN_GENERATED), config) &&
        fits(&completion->map_spread, bcue_completion_offers(completion, BCUE_STAND_IN_MAP), config);
    const bcue_completion_choice *choices = completion->choices.items;
    for (size_t i = 0; right && i < completion->choices.count; i++)
        right = bcue_completion_missing(&choices[i]) != 0 &&
                bcue_completion_offers(completion, choices[i].stand_in);
    return right ? BCUE_OK
                 : bcue_fail(error, BCUE_ERROR_FORMAT,
                             "%s: its generator of missing modalities is not one for this model; make it "
                             "again with 'beamcue complete'",
                             name);
}

const char *bcue_completion_made_name(bcue_model_input input)
{
    static const char *const names[BCUE_INPUT_COUNT] = {"made.camera", "made.lidar", "made.radar", "made.gps",
                                                        "made.vehicles"};
    return names[input];
}

bcue_branch_vectors bcue_branch_vectors_of(const bcue_model_config *config, const bcue_model_inputs *inputs)
{
    bcue_branch_vectors vectors = {.width = config->width << (BCUE_RESNET_STAGES - 1)};
    for (int m = 0; m < SLOTS; m++) {
        if (!bcue_model_needs(config, (bcue_model_input)m))
            continue;
        vectors.seen |= 1U << m;
        vectors.rows[m] = m == BCUE_INPUT_POSITION ? inputs->gps_frames : inputs->frames;
    }
    return vectors;
}

/* ---- the network ---- */

typedef struct maker {
    bcue_graph *graph;
    const bcue_completion *completion;
    const bcue_branch_vectors *vectors;
    int64_t batch;
    bcue_value
        given[BCUE_INPUT_COUNT]; /* (batch, numbers), less mean and over spread; BCUE_NO_VALUE: missing */
    bcue_value there[BCUE_INPUT_COUNT]; /* (batch, 1), training only */
    bool training;
} maker;

static bool sees(const maker *k, int m)
{
    return (k->vectors->seen & 1U << m) != 0;
}

static int64_t numbers_of(const maker *k, int m)
{
    return k->vectors->rows[m] * k->vectors->width;
}

static bcue_value mean_of(const maker *k, int m)
{
    char name[32];
    snprintf(name, sizeof name, "mean.%s", bcue_model_input_names[m]);
    const bcue_shape shape = bcue_shape_of(numbers_of(k, m));
    const bcue_parameter_spec spec = {.init = BCUE_INIT_ZERO, .running = true};
    return bcue_graph_parameter(k->graph, name, &shape, &spec);
}

static bcue_value layer(const maker *k, const char *name, bcue_value x, int64_t outputs)
{
    return bcue_linear_layer(k->graph, name, x, outputs, BCUE_LINEAR_TORCH_NO_DECAY);
}

static bcue_cvae cvae_of(const maker *k)
{
    return (bcue_cvae){k->graph, k->completion, k->batch, k->given, k->training ? k->there : NULL};
}

static bcue_value hidden_of(const maker *k, bcue_value z)
{
    const bcue_cvae cvae = cvae_of(k);
    return bcue_cvae_decode(&cvae, z);
}

static bcue_value prior_latent(const maker *k, bcue_value draw)
{
    const bcue_cvae cvae = cvae_of(k);
    return bcue_cvae_prior(&cvae, draw);
}

static bcue_value latent_input(const maker *k)
{
    const bcue_cvae cvae = cvae_of(k);
    return bcue_cvae_latent(&cvae);
}

/* What the decoder makes of modality m, less mean and over spread. */
static bcue_value decoded(const maker *k, int m, bcue_value hidden)
{
    char name[48];
    snprintf(name, sizeof name, "decoder.to_%s", bcue_model_input_names[m]);
    return layer(k, name, hidden, numbers_of(k, m));
}

/* ---- in a network ---- */

void bcue_completion_fill(bcue_graph *graph, const bcue_completion *completion,
                          const bcue_branch_vectors *vectors, int64_t batch, unsigned missing,
                          bcue_value values[BCUE_INPUT_COUNT])
{
    maker k = {.graph = graph, .completion = completion, .vectors = vectors, .batch = batch};
    const bcue_value draw = latent_input(&k);
    bcue_graph_push(graph, "complete");
    for (int m = 0; m < SLOTS; m++) {
        k.given[m] = BCUE_NO_VALUE;
        if (!sees(&k, m) || (missing & 1U << m) != 0)
            continue;
        const bcue_shape flat = bcue_shape_of(batch, numbers_of(&k, m));
        bcue_value x = bcue_graph_reshape(graph, NULL, values[m], &flat);
        x = bcue_graph_add(graph, NULL, x, bcue_graph_affine(graph, NULL, mean_of(&k, m), -1, 0));
        k.given[m] = bcue_graph_affine(graph, NULL, x, 1 / completion->spread.items[m], 0);
    }
    const bcue_value hidden = hidden_of(&k, prior_latent(&k, draw));
    for (int m = 0; m < SLOTS; m++) {
        if (!sees(&k, m) || (missing & 1U << m) == 0)
            continue;
        const bcue_shape rows = bcue_shape_of(batch, vectors->rows[m], vectors->width);
        bcue_value x = bcue_graph_affine(graph, NULL, decoded(&k, m, hidden), completion->spread.items[m], 0);
        x = bcue_graph_add(graph, NULL, x, mean_of(&k, m));
        values[m] = bcue_graph_reshape(graph, NULL, x, &rows);
    }
    bcue_graph_pop(graph);
}

static void given_inputs(maker *k)
{
    for (int m = 0; m < SLOTS; m++) {
        char name[32];
        k->given[m] = BCUE_NO_VALUE;
        if (!sees(k, m))
            continue;
        const bcue_shape shape = bcue_shape_of(k->batch, numbers_of(k, m)), one = bcue_shape_of(k->batch, 1);
        snprintf(name, sizeof name, "given.%s", bcue_model_input_names[m]);
        k->given[m] = bcue_graph_input(k->graph, name, BCUE_F32, &shape);
        snprintf(name, sizeof name, "there.%s", bcue_model_input_names[m]);
        k->there[m] = k->training ? bcue_graph_input(k->graph, name, BCUE_F32, &one) : BCUE_NO_VALUE;
    }
}

static void input_means(const maker *k, const bcue_model_inputs *inputs)
{
    const bcue_parameter_spec spec = {.init = BCUE_INIT_ZERO, .running = true};
    for (int m = 0; m < SLOTS; m++) {
        char name[32];
        if (!sees(k, m))
            continue;
        const bcue_picture_size size = bcue_model_picture(inputs, (bcue_model_input)m);
        const bcue_shape shape = m == BCUE_INPUT_POSITION
                                     ? bcue_shape_of(2)
                                     : bcue_shape_of(size.channels, size.height, size.width);
        snprintf(name, sizeof name, "input.%s", bcue_model_input_names[m]);
        (void)bcue_graph_parameter(k->graph, name, &shape, &spec);
    }
}

/* Everything from everything, so that every parameter is there. */
static void keep_features(maker *k, bcue_value draw)
{
    given_inputs(k);
    bcue_graph_push(k->graph, "complete");
    const bcue_value hidden = hidden_of(k, prior_latent(k, draw));
    for (int m = 0; m < SLOTS; m++) {
        if (!sees(k, m))
            continue;
        bcue_value x = decoded(k, m, hidden);
        bcue_graph_output(k->graph, bcue_model_input_names[m],
                          bcue_graph_add(k->graph, NULL, x, mean_of(k, m)));
    }
    bcue_graph_pop(k->graph);
}

bcue_status bcue_completion_build_kept(const bcue_completion *completion, const bcue_model_config *config,
                                       const bcue_model_inputs *inputs, bcue_graph **graph, bcue_error *error)
{
    *graph = NULL;
    const bcue_branch_vectors sizes = bcue_branch_vectors_of(config, inputs), *vectors = &sizes;
    maker k = {.graph = bcue_graph_create(), .completion = completion, .vectors = vectors, .batch = 1};
    if (k.graph == NULL)
        return bcue_fail_memory(error, "the generator of missing modalities");
    const bcue_value draw = latent_input(&k);
    if (bcue_completion_offers(completion, BCUE_STAND_IN_GENERATED))
        keep_features(&k, draw);
    bcue_graph_push(k.graph, "complete");
    input_means(&k, inputs);
    bcue_graph_pop(k.graph);
    if (bcue_completion_offers(completion, BCUE_STAND_IN_MAP))
        bcue_map_completion_keep(k.graph, completion, config, inputs, draw);
    return bcue_cvae_deliver(k.graph, graph, error);
}

bcue_status bcue_completion_build_generator(const bcue_completion *completion,
                                            const bcue_model_config *config, const bcue_model_inputs *inputs,
                                            unsigned missing, int64_t batch, bcue_graph **graph,
                                            bcue_error *error)
{
    *graph = NULL;
    const bcue_branch_vectors sizes = bcue_branch_vectors_of(config, inputs);
    bcue_value values[BCUE_INPUT_COUNT];
    bcue_graph *built = bcue_graph_create();
    if (built == NULL)
        return bcue_fail_memory(error, "the generator of missing modalities");
    for (int m = 0; m < SLOTS; m++) {
        const bcue_shape shape = bcue_shape_of(batch, sizes.rows[m], sizes.width);
        const char *name = bcue_model_vectors_name((bcue_model_input)m);
        values[m] = (sizes.seen & ~missing & 1U << m) != 0 ? bcue_graph_input(built, name, BCUE_F32, &shape)
                                                           : BCUE_NO_VALUE;
    }
    bcue_completion_fill(built, completion, &sizes, batch, missing, values);
    for (int m = 0; m < SLOTS; m++)
        if ((sizes.seen & missing & 1U << m) != 0)
            bcue_graph_output(built, bcue_completion_made_name((bcue_model_input)m), values[m]);
    return bcue_cvae_deliver(built, graph, error);
}

/* ---- training ---- */

/* Modalities one below the other: (batch, rows of all, width). */
static bcue_value stacked(const maker *k, const bcue_value *parts)
{
    bcue_value rows[SLOTS];
    int count = 0;
    for (int m = 0; m < SLOTS; m++) {
        const bcue_shape shape = bcue_shape_of(k->batch, k->vectors->rows[m], k->vectors->width);
        if (sees(k, m))
            rows[count++] = bcue_graph_reshape(k->graph, NULL, parts[m], &shape);
    }
    return count > 1 ? bcue_graph_concat(k->graph, NULL, rows, count, 1) : rows[0];
}

static bcue_value row_convolution(const maker *k, bcue_value x)
{
    static const int stride[2] = {1, 1}, padding[2] = {1, 0}, dilation[2] = {1, 1};
    const int64_t fan = 6 * k->vectors->width, hidden = k->completion->hidden;
    const bcue_parameter_spec spec = {.init = BCUE_INIT_UNIFORM_FAN_IN, .fan = fan},
                              bias_spec = {.init = BCUE_INIT_UNIFORM_FAN_IN, .fan = fan, .no_decay = true};
    const bcue_shape shape = bcue_shape_of(hidden, 2 * k->vectors->width, 3, 1), one = bcue_shape_of(hidden);
    bcue_value weight = bcue_graph_parameter(k->graph, "posterior.conv.weight", &shape, &spec);
    bcue_value bias = bcue_graph_parameter(k->graph, "posterior.conv.bias", &one, &bias_spec);
    x = bcue_graph_conv2d(k->graph, "posterior.conv", x, weight, bias, stride, padding, dilation, 1);
    return bcue_graph_relu(k->graph, NULL, x);
}

static void posterior(const maker *k, const bcue_value *target, bcue_value *mean, bcue_value *spread)
{
    bcue_value given[SLOTS], wanted[SLOTS];
    int64_t rows = 0, seen = 0;
    for (int m = 0; m < SLOTS; m++) {
        if (!sees(k, m))
            continue;
        rows += k->vectors->rows[m];
        seen++;
        given[m] = bcue_graph_mul(k->graph, NULL, k->given[m], k->there[m]);
        bcue_value gone = bcue_graph_affine(k->graph, NULL, k->there[m], -1, 1);
        wanted[m] = bcue_graph_mul(k->graph, NULL, target[m], gone);
    }
    const bcue_value left = stacked(k, given), right = stacked(k, wanted);
    const bcue_value both[2] = {left, right};
    const bcue_shape picture = bcue_shape_of(k->batch, 2 * k->vectors->width, rows, 1);
    const bcue_shape flat = bcue_shape_of(k->batch, k->completion->hidden * seen);
    bcue_value x = bcue_graph_concat(k->graph, NULL, both, 2, 2);
    x = bcue_graph_permute(k->graph, NULL, x, (int[]){0, 2, 1});
    x = bcue_graph_reshape(k->graph, NULL, x, &picture);
    x = row_convolution(k, x);
    x = bcue_graph_adaptive_avg_pool(k->graph, NULL, x, (int)seen, 1);
    x = bcue_graph_reshape(k->graph, NULL, x, &flat);
    *mean = layer(k, "posterior.to_mean", x, k->completion->latent);
    *spread = bcue_cvae_log_variance(k->graph, "posterior.to_variance", x, k->completion->latent);
}

static bcue_value divergence(const maker *k, bcue_value mean, bcue_value spread)
{
    const bcue_cvae cvae = cvae_of(k);
    return bcue_cvae_prior_divergence(&cvae, mean, spread);
}

static bcue_value reconstruction(const maker *k, const bcue_value *target, bcue_value hidden)
{
    bcue_value sum = BCUE_NO_VALUE;
    for (int m = 0; m < SLOTS; m++) {
        if (!sees(k, m))
            continue;
        bcue_value gone = bcue_graph_affine(k->graph, NULL, k->there[m], -1, 1);
        bcue_value x = bcue_graph_affine(k->graph, NULL, target[m], -1, 0);
        x = bcue_graph_add(k->graph, NULL, decoded(k, m, hidden), x);
        x = bcue_graph_mul(k->graph, NULL, x, gone);
        x = bcue_cvae_mean_sum(k->graph, bcue_graph_mul(k->graph, NULL, x, x), 0.5);
        sum = sum == BCUE_NO_VALUE ? x : bcue_graph_add(k->graph, NULL, sum, x);
    }
    return sum;
}

static bcue_value loss_of(const maker *k, const bcue_value *target, double weight, bool with_posterior)
{
    const bcue_value draw = latent_input(k);
    bcue_value z, kl = BCUE_NO_VALUE;
    bcue_graph_push(k->graph, "complete");
    if (with_posterior) {
        bcue_value mean, spread;
        posterior(k, target, &mean, &spread);
        z = bcue_cvae_draw(k->graph, mean, spread, draw);
        kl = divergence(k, mean, spread);
    } else {
        z = prior_latent(k, draw);
    }
    const bcue_value error = reconstruction(k, target, hidden_of(k, z));
    bcue_graph_pop(k->graph);
    bcue_graph_output(k->graph, "reconstruction", error);
    const bcue_value weighted = bcue_graph_affine(k->graph, NULL, error, weight, 0);
    if (!with_posterior)
        return weighted;
    bcue_graph_output(k->graph, "kl", kl);
    if (kl == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    const bcue_shape one = bcue_graph_value(k->graph, kl)->shape;
    kl = bcue_graph_mul(k->graph, NULL, kl, bcue_graph_input(k->graph, "kl_weight", BCUE_F32, &one));
    return bcue_graph_add(k->graph, NULL, weighted, kl);
}

bcue_status bcue_completion_build_training(const bcue_completion *completion,
                                           const bcue_branch_vectors *vectors, double weight,
                                           bool with_posterior, int64_t batch, bcue_graph **graph,
                                           bcue_error *error)
{
    *graph = NULL;
    maker k = {.graph = bcue_graph_create(),
               .completion = completion,
               .vectors = vectors,
               .batch = batch,
               .training = true};
    bcue_value target[SLOTS];
    if (k.graph == NULL)
        return bcue_fail_memory(error, "the generator of missing modalities");
    given_inputs(&k);
    for (int m = 0; m < SLOTS; m++) {
        char name[32];
        if (!sees(&k, m))
            continue;
        const bcue_shape shape = bcue_shape_of(batch, numbers_of(&k, m));
        snprintf(name, sizeof name, "target.%s", bcue_model_input_names[m]);
        target[m] = bcue_graph_input(k.graph, name, BCUE_F32, &shape);
    }
    bcue_graph_output(k.graph, "loss", loss_of(&k, target, weight, with_posterior));
    return bcue_cvae_deliver(k.graph, graph, error);
}
