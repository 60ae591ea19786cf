/* Filling in missing modalities: the network without a branch, the generator in it, its losses and gradients.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "check.h"
#include "engine/plan.h"
#include "models/completion.h"

enum { BATCH = 2, BEAMS = 9, LATENT = 3 };

static const bcue_model_inputs four = {.frames = 2,
                                       .channels = 3,
                                       .height = 64,
                                       .width = 96,
                                       .lidar = {1, 64, 32},
                                       .radar = {2, 32, 35},
                                       .gps_frames = 3,
                                       .beams = BEAMS};
static const char four_yaml[] = "kind: beamtransfuser\nmodalities: [camera, lidar, radar, gps]\nwidth: 8\n"
                                "blocks: 1\nheads: 2\nanchors: 2\nhead: [8]\nfusion: softmax\n"
                                "embedding: [8, 16, 24, 16]\ndropout: 0\n";

static double spreads[] = {0.5, 1, 2, 0.25};

static bcue_completion completion_of(int prior)
{
    return (bcue_completion){.prior = prior, .latent = LATENT, .hidden = 5, .spread = {spreads, 4}};
}

typedef struct network {
    bcue_graph *graph;
    bcue_weights weights; /* a selection */
    bcue_plan *plan;
} network;

static void close_network(network *n)
{
    bcue_plan_destroy(n->plan);
    bcue_graph_destroy(n->graph);
    bcue_weights_release(&n->weights);
}

/* Every input from its own stream, by name: networks with other inputs see the same in those they share. */
static void fill(network *n)
{
    for (bcue_value v = 0; v < bcue_graph_value_count(n->graph); v++) {
        const bcue_value_info *info = bcue_graph_value(n->graph, v);
        int64_t count = 0;
        uint32_t key = 0;
        if (info->kind != BCUE_VALUE_INPUT || info->dtype != BCUE_F32)
            continue;
        for (const char *c = info->name; *c != '\0'; c++)
            key = 31 * key + (uint32_t)(unsigned char)*c;
        bcue_rng rng = bcue_rng_make(3, BCUE_RNG_TEST, 0, 0, key);
        float *data = bcue_plan_input(n->plan, info->name);
        CHECK(bcue_shape_count(&info->shape, &count));
        for (int64_t i = 0; data != NULL && i < count; i++)
            data[i] = (float)bcue_rng_normal(&rng);
    }
}

static void stir(bcue_weights *weights, float size)
{
    for (int32_t i = 0; i < weights->count; i++) {
        bcue_rng rng = bcue_rng_make(4, BCUE_RNG_TEST, 0, 0, (uint32_t)i);
        float *data = weights->tensors[i].data;
        for (int64_t k = 0; k < bcue_tensor_count(&weights->tensors[i]); k++)
            data[k] += size * fabsf((float)bcue_rng_normal(&rng));
    }
}

static void run_gap(const bcue_model_config *config, const bcue_weights *const *sets, size_t set_count,
                    const bcue_model_gap *gap, bcue_engine engine, network *n)
{
    bcue_error error = {""};
    const bcue_plan_options options = {.engine = engine, .dtype = BCUE_F32};
    *n = (network){0};
    CHECK_OK(bcue_model_build_gap(config, &four, gap, BATCH, BCUE_FORM_WHOLE, &n->graph, &error), error);
    CHECK_OK(bcue_weights_select(n->graph, sets, set_count, &n->weights, &error), error);
    CHECK_OK(bcue_plan_create(n->graph, &n->weights, &options, &n->plan, &error), error);
    fill(n);
}

static void forward(network *n)
{
    bcue_error error = {""};
    CHECK_OK(bcue_plan_forward(n->plan, &error), error);
}

typedef struct models {
    bcue_model_config config;
    bcue_config *owned;
    bcue_graph *whole, *kept;
    bcue_weights weights, generator;
} models;

static void open_models(int prior, models *m)
{
    bcue_error error = {""};
    const bcue_completion completion = completion_of(prior);
    memset(m, 0, sizeof *m);
    CHECK_OK(bcue_config_read_text(four_yaml, strlen(four_yaml), "test", NULL, 0, bcue_model_config_fields,
                                   &m->config, &m->owned, &error),
             error);
    CHECK_OK(bcue_model_build(&m->config, &four, 1, &m->whole, &error), error);
    CHECK_OK(bcue_weights_create(m->whole, BCUE_F32, 1, &m->weights, &error), error);
    CHECK_OK(bcue_completion_build_kept(&completion, &m->config, &four, &m->kept, &error), error);
    CHECK_OK(bcue_weights_create(m->kept, BCUE_F32, 2, &m->generator, &error), error);
    stir(&m->weights, 0.01F);
    stir(&m->generator, 0.2F);
}

static void close_models(models *m)
{
    bcue_weights_free(&m->weights);
    bcue_weights_free(&m->generator);
    bcue_graph_destroy(m->whole);
    bcue_graph_destroy(m->kept);
    bcue_config_destroy(m->owned);
}

static double apart(const float *a, const float *b, size_t count)
{
    double worst = 0;
    for (size_t i = 0; i < count; i++)
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
    return worst;
}

/* Nothing missing: the network itself, bit for bit, and its vectors. */
static void nothing_missing(void)
{
    models m;
    open_models(BCUE_PRIOR_FIXED, &m);
    const bcue_weights *sets[] = {&m.weights, &m.generator};
    network gap, whole = {0};
    const bcue_model_gap none = {.show = true};
    const bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32};
    bcue_error error = {""};
    run_gap(&m.config, sets, 2, &none, BCUE_ENGINE_ONEDNN, &gap);
    CHECK_OK(bcue_model_build(&m.config, &four, BATCH, &whole.graph, &error), error);
    CHECK_OK(bcue_weights_select(whole.graph, sets, 1, &whole.weights, &error), error);
    CHECK_OK(bcue_plan_create(whole.graph, &whole.weights, &options, &whole.plan, &error), error);
    fill(&whole);
    forward(&gap);
    forward(&whole);
    CHECK(memcmp(bcue_plan_output(gap.plan, "logits"), bcue_plan_output(whole.plan, "logits"),
                 BATCH * BEAMS * sizeof(float)) == 0);
    CHECK(bcue_plan_output(gap.plan, "vectors.camera") != NULL);
    CHECK(bcue_plan_output(gap.plan, "vectors.gps") != NULL);
    close_network(&gap);
    close_network(&whole);
    close_models(&m);
}

/* What is missing is no input, and both engines agree on what is generated. */
static void every_pattern(void)
{
    for (int prior = 0; prior < 2; prior++) {
        models m;
        open_models(prior, &m);
        const bcue_completion completion = completion_of(prior);
        const bcue_weights *sets[] = {&m.weights, &m.generator};
        for (unsigned missing = 1; missing < 15; missing++) {
            const bcue_model_gap with = {.missing = missing, .completion = &completion, .show = true},
                                 without = {.missing = missing};
            network a, b, c;
            run_gap(&m.config, sets, 2, &with, BCUE_ENGINE_ONEDNN, &a);
            run_gap(&m.config, sets, 2, &with, BCUE_ENGINE_REFERENCE, &b);
            run_gap(&m.config, sets, 1, &without, BCUE_ENGINE_ONEDNN, &c);
            for (int i = 0; i < 4; i++) {
                const char *name = i == 3 ? "position" : bcue_model_input_names[i];
                CHECK((bcue_plan_input(a.plan, name) == NULL) == ((missing & 1U << i) != 0));
            }
            forward(&a);
            forward(&b);
            forward(&c);
            const float *la = bcue_plan_output(a.plan, "logits"), *lb = bcue_plan_output(b.plan, "logits"),
                        *lc = bcue_plan_output(c.plan, "logits");
            double size = 0;
            for (int i = 0; i < BATCH * BEAMS; i++)
                size = fmax(size, fabs((double)lb[i]));
            CHECK(isfinite(size) && size > 0);
            CHECK_AT(apart(la, lb, BATCH * BEAMS) < 1e-4 * size, "missing %x: %g of %g", missing,
                     apart(la, lb, BATCH * BEAMS), size);
            CHECK_AT(apart(la, lc, BATCH * BEAMS) > 1e-3 * size, "missing %x: the generator does nothing",
                     missing);
            close_network(&a);
            close_network(&b);
            close_network(&c);
        }
        close_models(&m);
    }
}

/* The generated vectors of one missing modality against the formulas of models/completion.h, in double. */
static const float *weight_of(const bcue_weights *w, const char *name)
{
    for (int32_t i = 0; i < w->count; i++)
        if (strcmp(w->names[i], name) == 0)
            return w->tensors[i].data;
    CHECK_AT(false, "no tensor %s", name);
    return NULL;
}

static void add_linear(const bcue_weights *w, const char *name, const double *x, size_t inputs, double *y,
                       size_t outputs)
{
    char full[96];
    snprintf(full, sizeof full, "complete.%s.weight", name);
    const float *weight = weight_of(w, full);
    snprintf(full, sizeof full, "complete.%s.bias", name);
    const float *bias = weight_of(w, full);
    for (size_t o = 0; o < outputs; o++) {
        y[o] += (double)bias[o];
        for (size_t i = 0; i < inputs; i++)
            y[o] += (double)weight[o * inputs + i] * x[i];
    }
}

static void rectify(double *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        x[i] = x[i] > 0 ? x[i] : 0;
}

/* LiDAR missing: what is added to the pooled sum, seen through the difference to the network that leaves it
   out, needs the head; so the vectors are recomputed and the generator's graph is run on them. */
static void generator_formula(void)
{
    models m;
    open_models(BCUE_PRIOR_LEARNED, &m);
    bcue_error error = {""};
    const bcue_completion completion = completion_of(BCUE_PRIOR_LEARNED);
    const bcue_branch_vectors vectors = bcue_branch_vectors_of(&m.config, &four);
    bcue_graph *graph = bcue_graph_create();
    bcue_value values[BCUE_INPUT_COUNT];
    static const char *const names[] = {"camera", NULL, "radar", "gps"};
    for (int i = 0; i < 4; i++) {
        const bcue_shape shape = bcue_shape_of(1, vectors.rows[i], vectors.width);
        values[i] = names[i] != NULL ? bcue_graph_input(graph, names[i], BCUE_F32, &shape) : BCUE_NO_VALUE;
    }
    bcue_completion_fill(graph, &completion, &vectors, 1, 1U << BCUE_INPUT_LIDAR, values);
    bcue_graph_output(graph, "made", values[BCUE_INPUT_LIDAR]);
    CHECK_OK(bcue_graph_check(graph, &error), error);
    const bcue_weights *sets[] = {&m.generator};
    const bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32};
    network n = {.graph = graph};
    CHECK_OK(bcue_weights_select(graph, sets, 1, &n.weights, &error), error);
    CHECK_OK(bcue_plan_create(graph, &n.weights, &options, &n.plan, &error), error);
    fill(&n);
    forward(&n);
    double h[5] = {0}, p[5] = {0}, z[LATENT] = {0}, s[LATENT] = {0}, h2[5] = {0}, y[2 * 64] = {0};
    for (int i = 0; i < 4; i++) {
        double x[3 * 64];
        char name[64];
        if (names[i] == NULL)
            continue;
        const size_t count = (size_t)(vectors.rows[i] * vectors.width);
        snprintf(name, sizeof name, "complete.mean.%s", names[i]);
        const float *mean = weight_of(&m.generator, name), *in = bcue_plan_input(n.plan, names[i]);
        for (size_t k = 0; k < count; k++)
            x[k] = ((double)in[k] - (double)mean[k]) / spreads[i];
        snprintf(name, sizeof name, "decoder.%s", names[i]);
        add_linear(&m.generator, name, x, count, h, 5);
        snprintf(name, sizeof name, "prior.%s", names[i]);
        add_linear(&m.generator, name, x, count, p, 5);
    }
    rectify(p, 5);
    add_linear(&m.generator, "prior.to_mean", p, 5, z, LATENT);
    add_linear(&m.generator, "prior.to_variance", p, 5, s, LATENT);
    const float *draw = bcue_plan_input(n.plan, "latent");
    for (int i = 0; i < LATENT; i++)
        z[i] += exp(3 * tanh(s[i] / 6)) * (double)draw[i];
    add_linear(&m.generator, "decoder.latent", z, LATENT, h, 5);
    rectify(h, 5);
    add_linear(&m.generator, "decoder.middle", h, 5, h2, 5);
    rectify(h2, 5);
    add_linear(&m.generator, "decoder.to_lidar", h2, 5, y, 2 * 64);
    const float *mean = weight_of(&m.generator, "complete.mean.lidar"),
                *made = bcue_plan_output(n.plan, "made");
    double worst = 0;
    for (int i = 0; i < 2 * 64; i++)
        worst = fmax(worst, fabs(y[i] * spreads[BCUE_INPUT_LIDAR] + (double)mean[i] - (double)made[i]) /
                                (1 + fabs(y[i])));
    CHECK_AT(worst < 1e-5, "generated vectors differ by %g", worst);
    close_network(&n);
    close_models(&m);
}

/* ---- losses ---- */

typedef struct lesson {
    bcue_graph *graph;
    bcue_weights weights;
    bcue_plan *plan;
} lesson;

static void put(lesson *l, const char *name, size_t count, uint32_t stream, int kind)
{
    double *data = bcue_plan_input(l->plan, name);
    bcue_rng rng = bcue_rng_make(6, BCUE_RNG_TEST, 0, 1, stream);
    for (size_t i = 0; data != NULL && i < count; i++)
        data[i] = kind == 0 ? bcue_rng_normal(&rng) : (double)((i + stream) % 3 != 0);
}

static void open_lesson(const bcue_completion *completion, const bcue_branch_vectors *v, bool posterior,
                        lesson *l)
{
    const bcue_plan_options options = {.engine = BCUE_ENGINE_REFERENCE, .dtype = BCUE_F64, .training = true};
    bcue_error error = {""};
    *l = (lesson){0};
    CHECK_OK(bcue_completion_build_training(completion, v, 0.7, posterior, 3, &l->graph, &error), error);
    CHECK_OK(bcue_weights_create(l->graph, BCUE_F64, 7, &l->weights, &error), error);
    CHECK_OK(bcue_plan_create(l->graph, &l->weights, &options, &l->plan, &error), error);
    for (uint32_t m = 0; m < 4; m++) {
        char name[32];
        snprintf(name, sizeof name, "given.%s", bcue_model_input_names[m]);
        put(l, name, (size_t)(3 * v->rows[m] * v->width), 2 * m, 0);
        snprintf(name, sizeof name, "target.%s", bcue_model_input_names[m]);
        put(l, name, (size_t)(3 * v->rows[m] * v->width), 2 * m + 1, 0);
        snprintf(name, sizeof name, "there.%s", bcue_model_input_names[m]);
        put(l, name, 3, m, 1);
    }
    put(l, "latent", 3 * LATENT, 30, 0);
    double *kl = bcue_plan_input(l->plan, "kl_weight");
    if (kl != NULL)
        *kl = 0.3;
}

static void close_lesson(lesson *l)
{
    bcue_plan_destroy(l->plan);
    bcue_weights_free(&l->weights);
    bcue_graph_destroy(l->graph);
}

static double loss_of(lesson *l)
{
    bcue_error error = {""};
    CHECK_OK(bcue_plan_forward(l->plan, &error), error);
    return *(const double *)bcue_plan_output(l->plan, "loss");
}

/* Central differences of every parameter, along a random direction. */
static void gradients(void)
{
    const bcue_branch_vectors v = {.rows = {2, 2, 2, 1}, .width = 3, .seen = 15};
    for (int prior = 0; prior < 2; prior++) {
        const bcue_completion completion = completion_of(prior);
        bcue_error error = {""};
        lesson l;
        open_lesson(&completion, &v, true, &l);
        const double loss = loss_of(&l), part = *(const double *)bcue_plan_output(l.plan, "reconstruction"),
                     kl = *(const double *)bcue_plan_output(l.plan, "kl");
        CHECK_NEAR(loss, 0.7 * part + 0.3 * kl, 1e-12);
        CHECK(kl > 0 && part > 0);
        CHECK_OK(bcue_plan_backward(l.plan, &error), error);
        int checked = 0;
        for (int32_t i = 0; i < l.weights.count; i++) {
            double *data = l.weights.tensors[i].data, slope = 0, direction[512];
            const double *gradient = bcue_plan_gradient(l.plan, i);
            const int64_t count = bcue_tensor_count(&l.weights.tensors[i]);
            bcue_rng rng = bcue_rng_make(8, BCUE_RNG_TEST, 0, 2, (uint32_t)i);
            if (gradient == NULL || count > 512)
                continue;
            for (int64_t k = 0; k < count; k++)
                slope += gradient[k] * (direction[k] = bcue_rng_normal(&rng));
            double at[2];
            for (int side = 0; side < 2; side++) {
                for (int64_t k = 0; k < count; k++)
                    data[k] += (side == 0 ? 1e-6 : -2e-6) * direction[k];
                at[side] = loss_of(&l);
            }
            for (int64_t k = 0; k < count; k++)
                data[k] += 1e-6 * direction[k];
            CHECK_AT(fabs((at[0] - at[1]) / 2e-6 - slope) < 1e-6 * (1 + fabs(slope)),
                     "%s: %g, differences %g", l.weights.names[i], slope, (at[0] - at[1]) / 2e-6);
            checked++;
            (void)loss_of(&l);
            CHECK_OK(bcue_plan_backward(l.plan, &error), error);
        }
        CHECK_AT(checked == l.weights.count, "%d of %d parameters checked", checked, (int)l.weights.count);
        close_lesson(&l);
    }
}

/* What is missing does not count among what is given, and what is there not among what is to be made. */
static void masks(void)
{
    const bcue_branch_vectors v = {.rows = {2, 2, 2, 1}, .width = 3, .seen = 15};
    const bcue_completion completion = completion_of(BCUE_PRIOR_LEARNED);
    lesson l;
    open_lesson(&completion, &v, true, &l);
    const double before = loss_of(&l);
    for (int m = 0; m < 4; m++) {
        char name[32];
        snprintf(name, sizeof name, "there.%s", bcue_model_input_names[m]);
        const double *there = bcue_plan_input(l.plan, name);
        snprintf(name, sizeof name, "given.%s", bcue_model_input_names[m]);
        double *given = bcue_plan_input(l.plan, name);
        snprintf(name, sizeof name, "target.%s", bcue_model_input_names[m]);
        double *target = bcue_plan_input(l.plan, name);
        const int64_t numbers = v.rows[m] * v.width;
        for (int64_t row = 0; row < 3; row++)
            for (int64_t i = 0; i < numbers; i++)
                (there[row] > 0 ? target : given)[row * numbers + i] += 5;
    }
    CHECK_NEAR(loss_of(&l), before, 1e-12);
    double *target = bcue_plan_input(l.plan, "target.camera");
    const double *there = bcue_plan_input(l.plan, "there.camera");
    for (int64_t row = 0; row < 3; row++)
        target[row * 6] += there[row] > 0 ? 0 : 1;
    CHECK(fabs(loss_of(&l) - before) > 1e-6);
    close_lesson(&l);
}

static void refusals(void)
{
    models m;
    bcue_error error = {""};
    bcue_graph *graph;
    open_models(BCUE_PRIOR_FIXED, &m);
    CHECK(bcue_model_build_gap(&m.config, &four, &(bcue_model_gap){.missing = 15}, 1, BCUE_FORM_WHOLE, &graph,
                               &error) == BCUE_ERROR_ARGUMENT &&
          graph == NULL);
    CHECK(strstr(error.text, "at least one of its modalities") != NULL);
    m.config.kind = BCUE_MODEL_RESNET18;
    CHECK(bcue_model_build_gap(&m.config, &four, &(bcue_model_gap){.missing = 1}, 1, BCUE_FORM_WHOLE, &graph,
                               &error) == BCUE_ERROR_ARGUMENT);
    CHECK(strstr(error.text, "only a beamtransfuser") != NULL);
    close_models(&m);
}

int main(void)
{
    RUN(nothing_missing);
    RUN(every_pattern);
    RUN(generator_formula);
    RUN(gradients);
    RUN(masks);
    RUN(refusals);
    return check_summary();
}
