/* Scores against brute force, closed forms and structures that do nothing. */
#include <stdlib.h>
#include "base/memory.h"
#include "check.h"
#include "compress/prune_score.h"
#include "prune_models.h"

enum { WINDOWS = 6, BEAMS = 7 };

#define FUSER                                                                                                \
    "kind: beamtransfuser\nwidth: 8\nblocks: 2\nheads: 2\nanchors: 2\nhead: [9]\nmodalities: [lidar, gps]\n"
#define FUSER_INPUTS                                                                                         \
    "frames: 2\nchannels: 0\nheight: 0\nwidth: 0\nlidar_channels: 1\nlidar_height: 32\nlidar_width: 32\n"    \
    "gps_frames: 1\nbeams: 7\n"
#define TRUNK "kind: resnet18\nwidth: 8\n"
#define TRUNK_INPUTS "frames: 2\nchannels: 3\nheight: 32\nwidth: 40\ngps_frames: 0\nbeams: 7\n"

/* The same windows that bcue_prune_logits makes for a seed. */
typedef struct windows {
    const bcue_model_file *model;
    float *inputs[BCUE_INPUT_COUNT];
    size_t size[BCUE_INPUT_COUNT]; /* numbers per window */
} windows;

static void windows_make(windows *w, const bcue_model_file *model, uint64_t seed)
{
    uint32_t number = 0;
    *w = (windows){.model = model};
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        const bcue_picture_size size = bcue_model_picture(&model->inputs, (bcue_model_input)m);
        if (!bcue_model_needs(&model->config, (bcue_model_input)m))
            continue;
        w->size[m] = m == BCUE_INPUT_POSITION
                         ? (size_t)model->inputs.gps_frames * 2
                         : (size_t)(model->inputs.frames * size.channels * size.height * size.width);
        w->inputs[m] = bcue_calloc(WINDOWS * w->size[m], sizeof(float));
        bcue_rng rng = bcue_rng_make(seed, BCUE_RNG_TEST, 8, 0, number++);
        for (size_t k = 0; k < WINDOWS * w->size[m]; k++)
            w->inputs[m][k] = (float)bcue_rng_normal(&rng);
    }
}

static void windows_free(windows *w)
{
    for (int m = 0; m < BCUE_INPUT_COUNT; m++)
        free(w->inputs[m]);
}

static void feed(void *context, bcue_plan *plan, size_t first, size_t count)
{
    static const char *const names[] = {"camera", "lidar", "radar", "position", "vehicles"};
    const windows *w = context;
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        float *to = bcue_plan_input(plan, names[m]);
        if (to != NULL)
            memcpy(to, w->inputs[m] + first * w->size[m], count * w->size[m] * sizeof *to);
    }
}

static double kl(const float *p, const float *q)
{
    double sum_p = 0, sum_q = 0, result = 0;
    for (int b = 0; b < BEAMS; b++) {
        sum_p += exp((double)p[b]);
        sum_q += exp((double)q[b]);
    }
    for (int b = 0; b < BEAMS; b++)
        result += exp((double)p[b]) / sum_p * ((double)p[b] - log(sum_p) - (double)q[b] + log(sum_q));
    return result;
}

static const int32_t labels[WINDOWS] = {0, 3, 6, 2, 2, 5};

static void score(const bcue_model_file *model, windows *w, int kind, int draws, bcue_prune_space *space)
{
    bcue_error error = {""};
    const bcue_prune_data data = {.count = WINDOWS, .label = labels, .context = w, .feed = feed};
    const bcue_prune_score_options options = {.score = kind, .kinds = ~0U, .seed = 1, .draws = draws};
    CHECK_OK(bcue_prune_score_units(model, &data, &options, space, &error), error);
}

/* A few units of every group, each by a network of its own with this unit off. */
static void exact_is_brute_force(const char *config, const char *inputs)
{
    bcue_error error = {""};
    bcue_model_file model;
    bcue_prune_space space;
    windows w;
    float whole[WINDOWS * BEAMS], without[WINDOWS * BEAMS];
    CHECK_OK(bcue_prune_model_make(config, inputs, 4, &model, &error), error);
    CHECK_OK(bcue_prune_space_create(&model.config, &model.inputs, &space, &error), error);
    windows_make(&w, &model, 9);
    score(&model, &w, BCUE_SCORE_KL, 1, &space);
    CHECK_OK(bcue_prune_logits(&model, &space, WINDOWS, 9, whole, &error), error);
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 0, 0, 0);
    for (size_t g = 0; g < space.count; g += 2) {
        bcue_prune_group *group = &space.groups[g];
        const uint32_t unit = bcue_rng_below(&rng, (uint32_t)(group->heads * group->count));
        double expected = 0;
        group->keep[unit] = false;
        CHECK_OK(bcue_prune_logits(&model, &space, WINDOWS, 9, without, &error), error);
        group->keep[unit] = true;
        for (size_t i = 0; i < WINDOWS; i++)
            expected += kl(whole + i * BEAMS, without + i * BEAMS) / WINDOWS;
        CHECK_AT(fabs(group->score[unit] - expected) < 1e-3 * expected + 1e-6, "%s[%u]: %g, expected %g",
                 group->mask, unit, group->score[unit], expected);
    }
    windows_free(&w);
    bcue_prune_space_free(&space);
    bcue_model_file_free(&model);
}

static void exact_of_a_fuser(void)
{
    exact_is_brute_force(FUSER, FUSER_INPUTS);
}

static void exact_of_a_trunk(void)
{
    exact_is_brute_force(TRUNK, TRUNK_INPUTS);
}

static float *tensor(const bcue_model_file *model, const char *name, bcue_shape *shape)
{
    for (int32_t i = 0; i < model->weights.count; i++) {
        if (strcmp(model->weights.names[i], name) == 0) {
            *shape = model->weights.tensors[i].shape;
            return model->weights.tensors[i].data;
        }
    }
    CHECK_AT(false, "no tensor %s", name);
    return NULL;
}

/* Zeros where the index along `axis` is `unit`. */
static void clear(const bcue_model_file *model, const char *name, int axis, int64_t unit)
{
    bcue_shape shape;
    float *values = tensor(model, name, &shape);
    int64_t inner = 1, count = 0;
    if (values == NULL || !bcue_shape_count(&shape, &count))
        return;
    for (int i = axis + 1; i < shape.rank; i++)
        inner *= shape.dim[i];
    for (int64_t k = 0; k < count; k++)
        values[k] = k / inner % shape.dim[axis] == unit ? 0 : values[k];
}

static void goes_first(const bcue_prune_space *space, bcue_prune_kind kind, int modality, int stage,
                       int block, int64_t unit)
{
    const bcue_prune_group *group = bcue_prune_find(space, kind, modality, stage, block);
    double dearest = 0;
    CHECK(group != NULL);
    if (group == NULL)
        return;
    for (int64_t k = 0; k < group->heads * group->count; k++)
        dearest = fmax(dearest, group->score[k]);
    CHECK_AT(dearest > 1e-6, "%s: everything scores nothing", group->mask);
    CHECK_AT(group->score[unit] <= 1e-12, "%s[%d] scores %g", group->mask, (int)unit, group->score[unit]);
    for (int64_t k = 0; k < group->heads * group->count; k++)
        CHECK_AT(group->score[k] >= group->score[unit], "%s[%d] scores %g", group->mask, (int)k,
                 group->score[k]);
}

/* Other units may be silent too, by their ReLU: none scores less. What multiplies zeros is worth nothing, by
 * every score that looks at the output. */
static void idle_units_go_first(void)
{
    bcue_error error = {""};
    bcue_model_file fuser, trunk;
    bcue_prune_space space;
    windows w;
    CHECK_OK(bcue_prune_model_make(FUSER, FUSER_INPUTS, 4, &fuser, &error), error);
    clear(&fuser, "fusion.2.blocks.0.attn.query.weight", 0, 3);
    clear(&fuser, "fusion.2.blocks.0.attn.query.bias", 0, 3);
    clear(&fuser, "fusion.2.blocks.0.attn.key.weight", 0, 3);
    clear(&fuser, "fusion.2.blocks.0.attn.key.bias", 0, 3);
    clear(&fuser, "fusion.1.blocks.1.attn.value.weight", 0, 5);
    clear(&fuser, "fusion.1.blocks.1.attn.value.bias", 0, 5);
    clear(&fuser, "fusion.3.blocks.1.mlp.0.weight", 0, 17);
    clear(&fuser, "fusion.3.blocks.1.mlp.0.bias", 0, 17);
    clear(&fuser, "lidar.layer2.0.bn1.weight", 0, 7);
    clear(&fuser, "lidar.layer2.0.bn1.bias", 0, 7);
    CHECK_OK(bcue_prune_space_create(&fuser.config, &fuser.inputs, &space, &error), error);
    windows_make(&w, &fuser, 9);
    static const int scores[] = {BCUE_SCORE_KL, BCUE_SCORE_FISHER, BCUE_SCORE_TAYLOR};
    for (int i = 0; i < 3; i++) {
        score(&fuser, &w, scores[i], 8, &space);
        goes_first(&space, BCUE_PRUNE_QK, -1, 2, 0, 3);
        goes_first(&space, BCUE_PRUNE_VALUE, -1, 1, 1, 5);
        goes_first(&space, BCUE_PRUNE_INNER, BCUE_INPUT_LIDAR, 2, 0, 7);
        goes_first(&space, BCUE_PRUNE_NEURONS, -1, 3, 1, 17);
    }
    windows_free(&w);
    bcue_prune_space_free(&space);
    bcue_model_file_free(&fuser);
    CHECK_OK(bcue_prune_model_make(TRUNK, TRUNK_INPUTS, 4, &trunk, &error), error);
    static const char *const norms[] = {
        "camera.layer3.0.bn2.weight",          "camera.layer3.0.bn2.bias",
        "camera.layer3.0.downsample.1.weight", "camera.layer3.0.downsample.1.bias",
        "camera.layer3.1.bn2.weight",          "camera.layer3.1.bn2.bias"};
    for (int i = 0; i < 6; i++)
        clear(&trunk, norms[i], 0, 11);
    CHECK_OK(bcue_prune_space_create(&trunk.config, &trunk.inputs, &space, &error), error);
    windows_make(&w, &trunk, 9);
    score(&trunk, &w, BCUE_SCORE_KL, 1, &space);
    goes_first(&space, BCUE_PRUNE_CHANNELS, BCUE_INPUT_CAMERA, 3, -1, 11);
    score(&trunk, &w, BCUE_SCORE_FISHER, 8, &space);
    CHECK(bcue_prune_find(&space, BCUE_PRUNE_CHANNELS, BCUE_INPUT_CAMERA, 3, -1)->score[11] <= 1e-12);
    windows_free(&w);
    bcue_prune_space_free(&space);
    bcue_model_file_free(&trunk);
}

/* Sets one unit's mask to 1 - h in every row, and for tokens what goes with n = D - h. */
static void dim(bcue_plan *plan, const bcue_graph *graph, const bcue_prune_group *group, int64_t unit,
                double h)
{
    float *mask = bcue_plan_input(plan, group->mask);
    const int64_t rows = bcue_graph_value(graph, bcue_graph_find(graph, group->mask))->shape.dim[0],
                  units = group->heads * group->count;
    for (int64_t r = 0; r < rows; r++)
        mask[r * units + unit] = (float)(1 - h);
    if (group->kind != BCUE_PRUNE_TOKENS)
        return;
    const double all = (double)units, n = all - h, values[] = {1 / n, sqrt(all / n), sqrt(n / all)};
    static const char *const names[] = {"share", "spread", "back"};
    for (int i = 0; i < 3; i++) {
        char name[128];
        snprintf(name, sizeof name, "%.*s%s", (int)strlen(group->mask) - 4, group->mask, names[i]);
        float *to = bcue_plan_input(plan, name);
        for (int64_t r = 0; r < rows; r++)
            to[r] = (float)values[i];
    }
}

static double loss(const float *logits, int32_t label)
{
    double sum = 0;
    for (int b = 0; b < BEAMS; b++)
        sum += exp((double)logits[b] - (double)logits[label]);
    return log(sum);
}

/* Outputs with a unit's mask at 1 - h and at 1 + h. */
static void both_sides(bcue_plan *plan, const bcue_graph *graph, const bcue_prune_space *space,
                       const bcue_prune_group *group, int64_t unit, double h, float moved[2][WINDOWS * BEAMS])
{
    bcue_error error = {""};
    bcue_prune_feed_all(plan, graph, space);
    for (int side = 0; side < 2; side++) {
        dim(plan, graph, group, unit, side == 0 ? h : -h);
        CHECK_OK(bcue_plan_forward(plan, &error), error);
        memcpy(moved[side], bcue_plan_output(plan, "logits"), sizeof moved[side]);
    }
}

static int64_t dearest_of(const bcue_prune_group *group)
{
    int64_t best = 0;
    for (int64_t k = 0; k < group->heads * group->count; k++)
        best = group->score[k] > group->score[best] ? k : best;
    return best;
}

/* The slopes by differences, for the dearest unit of every group (kinks of ReLU lie within the differences);
   and KL(p || p at 1 - h) = h^2 times half the Fisher information, which its estimate by drawn labels
   scatters around. */
static void slopes_are_differences(void)
{
    bcue_error error = {""};
    bcue_model_file model;
    bcue_prune_space taylor, fisher;
    windows w;
    bcue_graph *graph;
    bcue_plan *plan;
    const double h = 0.005;
    const bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32};
    CHECK_OK(bcue_prune_model_make(FUSER, FUSER_INPUTS, 4, &model, &error), error);
    bcue_shape shape; /* flatter answers, so that few draws tell as much */
    float *head = tensor(&model, "head.2.weight", &shape);
    for (int64_t k = 0; k < shape.dim[0] * shape.dim[1]; k++)
        head[k] *= 0.1F;
    CHECK_OK(bcue_prune_space_create(&model.config, &model.inputs, &taylor, &error), error);
    CHECK_OK(bcue_prune_space_create(&model.config, &model.inputs, &fisher, &error), error);
    windows_make(&w, &model, 9);
    score(&model, &w, BCUE_SCORE_TAYLOR, 1, &taylor);
    score(&model, &w, BCUE_SCORE_FISHER, 200, &fisher);
    CHECK_OK(bcue_prune_masked_graph(&model.config, &model.inputs, WINDOWS, &graph, &error), error);
    bcue_weights borrowed = model.weights;
    CHECK_OK(bcue_plan_create(graph, &borrowed, &options, &plan, &error), error);
    feed(&w, plan, 0, WINDOWS);
    double ratios = 0, worst = 0;
    for (size_t g = 0; g < taylor.count; g++) {
        const bcue_prune_group *group = &taylor.groups[g];
        const int64_t best = dearest_of(group), deep = dearest_of(&fisher.groups[g]);
        float moved[2][WINDOWS * BEAMS];
        double slope = 0, curvature = 0;
        both_sides(plan, graph, &taylor, group, best, h, moved);
        for (size_t i = 0; i < WINDOWS; i++)
            slope += fabs(loss(moved[1] + i * BEAMS, labels[i]) - loss(moved[0] + i * BEAMS, labels[i])) /
                     (2 * h * WINDOWS);
        const double away = fabs(group->score[best] - slope) / slope;
        worst = fmax(worst, away);
        CHECK_AT(away < 0.15, "%s[%d]: %g, expected %g", group->mask, (int)best, group->score[best], slope);
        both_sides(plan, graph, &fisher, group, deep, 4 * h, moved);
        for (size_t i = 0; i < WINDOWS; i++) /* p at 1 - h and at 1 + h: twice h apart */
            curvature += kl(moved[0] + i * BEAMS, moved[1] + i * BEAMS) / (64 * h * h * WINDOWS);
        const double ratio = fisher.groups[g].score[deep] / curvature;
        CHECK_AT(ratio > 0.4 && ratio < 2.5, "%s[%d]: %g times the curvature", group->mask, (int)deep, ratio);
        ratios += log(ratio) / (double)taylor.count;
    }
    printf("slopes: worst %.2g; Fisher against curvature: %.3g on average\n", worst, exp(ratios));
    CHECK_AT(fabs(ratios) < 0.15, "Fisher scores are %g times the curvature", exp(ratios));
    bcue_plan_destroy(plan);
    bcue_graph_destroy(graph);
    windows_free(&w);
    bcue_prune_space_free(&taylor);
    bcue_prune_space_free(&fisher);
    bcue_model_file_free(&model);
}

static void magnitude_by_hand(void)
{
    bcue_error error = {""};
    bcue_model_file model;
    bcue_prune_space space;
    windows w = {0};
    CHECK_OK(bcue_prune_model_make(FUSER, FUSER_INPUTS, 4, &model, &error), error);
    CHECK_OK(bcue_prune_space_create(&model.config, &model.inputs, &space, &error), error);
    score(&model, &w, BCUE_SCORE_MAGNITUDE, 1, &space);
    bcue_shape in, out, bias;
    const float *a = tensor(&model, "fusion.2.blocks.1.mlp.0.weight", &in),
                *b = tensor(&model, "fusion.2.blocks.1.mlp.0.bias", &bias),
                *c = tensor(&model, "fusion.2.blocks.1.mlp.2.weight", &out);
    double sum = (double)b[5] * (double)b[5];
    for (int64_t k = 0; k < in.dim[1]; k++)
        sum += (double)a[5 * in.dim[1] + k] * (double)a[5 * in.dim[1] + k];
    for (int64_t k = 0; k < out.dim[0]; k++)
        sum += (double)c[k * out.dim[1] + 5] * (double)c[k * out.dim[1] + 5];
    CHECK_NEAR(bcue_prune_find(&space, BCUE_PRUNE_NEURONS, -1, 2, 1)->score[5], sqrt(sum), 1e-9);
    score(&model, &w, BCUE_SCORE_RANDOM, 1, &space);
    const double first = space.groups[0].score[0];
    score(&model, &w, BCUE_SCORE_RANDOM, 1, &space);
    CHECK_NEAR(space.groups[0].score[0], first, 0);
    CHECK(first >= 0 && first < 1 && space.groups[0].score[1] != first);
    bcue_prune_space_free(&space);
    bcue_model_file_free(&model);
}

int main(void)
{
    RUN(exact_of_a_fuser);
    RUN(exact_of_a_trunk);
    RUN(idle_units_go_first);
    RUN(slopes_are_differences);
    RUN(magnitude_by_hand);
    return check_summary();
}
