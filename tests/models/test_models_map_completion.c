/* Filling in missing modalities at the entry of their branches: the generator of maps, its losses and
 * gradients. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "check.h"
#include "engine/plan.h"
#include "models/map_completion.h"

enum { LATENT = 3, ROWS = 3 };

static const bcue_model_inputs inputs = {.frames = 2,
                                         .channels = 3,
                                         .height = 18,
                                         .width = 21,
                                         .lidar = {1, 8, 17},
                                         .radar = {2, 9, 5},
                                         .gps_frames = 2,
                                         .beams = 4};
static const char yaml[] = "kind: beamtransfuser\nmodalities: [camera, lidar, radar, gps]\nwidth: 8\n";
static double spreads[] = {0.5, 1, 2, 0.25};

static bcue_completion completion_of(int prior)
{
    return (bcue_completion){.prior = prior,
                             .target = BCUE_TARGET_MAP,
                             .latent = LATENT,
                             .hidden = 5,
                             .channels = 8,
                             .map_spread = {spreads, 4}};
}

static bcue_config *open_config(bcue_model_config *config)
{
    bcue_config *owned;
    bcue_error error = {""};
    memset(config, 0, sizeof *config);
    CHECK_OK(bcue_config_read_text(yaml, strlen(yaml), "test", NULL, 0, bcue_model_config_fields, config,
                                   &owned, &error),
             error);
    return owned;
}

static const char *input_name(int m)
{
    return m == BCUE_INPUT_POSITION ? "position" : bcue_model_input_names[m];
}

static size_t numbers_of(int m)
{
    const bcue_picture_size size = bcue_model_picture(&inputs, (bcue_model_input)m);
    return (size_t)(m == BCUE_INPUT_POSITION ? 2 * inputs.gps_frames
                                             : inputs.frames * size.channels * size.height * size.width);
}

/* Both engines make the same of every set that is missing; what is missing is no input; z matters. */
static void every_pattern(void)
{
    bcue_model_config config;
    bcue_config *owned = open_config(&config);
    for (unsigned missing = 1; missing < 15; missing++) {
        const bcue_completion completion = completion_of(missing % 2);
        bcue_error error = {""};
        bcue_graph *kept, *graph;
        bcue_weights all, weights;
        const bcue_weights *sets[] = {&all};
        bcue_plan *plans[2];
        CHECK_OK(bcue_completion_build_kept(&completion, &config, &inputs, &kept, &error), error);
        CHECK_OK(bcue_weights_create(kept, BCUE_F32, 2, &all, &error), error);
        CHECK_OK(bcue_map_completion_build(&completion, &config, &inputs, missing, 2, &graph, &error), error);
        CHECK_OK(bcue_weights_select(graph, sets, 1, &weights, &error), error);
        for (int e = 0; e < 2; e++) {
            const bcue_plan_options options = {.engine = e == 0 ? BCUE_ENGINE_ONEDNN : BCUE_ENGINE_REFERENCE,
                                               .dtype = BCUE_F32};
            CHECK_OK(bcue_plan_create(graph, &weights, &options, &plans[e], &error), error);
            for (int m = 0; m < 4; m++) {
                float *data = bcue_plan_input(plans[e], input_name(m));
                bcue_rng rng = bcue_rng_make(3, BCUE_RNG_TEST, 0, 0, (uint32_t)m);
                CHECK((data == NULL) == ((missing & 1U << m) != 0));
                for (size_t i = 0; data != NULL && i < 2 * numbers_of(m); i++)
                    data[i] = (float)bcue_rng_normal(&rng);
            }
            float *latent = bcue_plan_input(plans[e], "latent");
            for (int i = 0; i < 2 * LATENT; i++)
                latent[i] = (float)i - 2;
            CHECK_OK(bcue_plan_forward(plans[e], &error), error);
        }
        for (int m = 0; m < 4; m++) {
            const char *name = bcue_completion_made_name((bcue_model_input)m);
            const float *a = bcue_plan_output(plans[0], name), *b = bcue_plan_output(plans[1], name);
            double apart = 0, moved = 0;
            CHECK((a != NULL) == ((missing & 1U << m) != 0));
            float *before = calloc(2 * numbers_of(m), sizeof *before);
            for (size_t i = 0; a != NULL && i < 2 * numbers_of(m); i++) {
                apart = fmax(apart, fabs((double)a[i] - (double)b[i]));
                before[i] = a[i];
            }
            CHECK_AT(apart < 1e-4, "missing %x: %s differs by %g", missing, name, apart);
            memset(bcue_plan_input(plans[0], "latent"), 0, 2 * LATENT * sizeof(float));
            CHECK_OK(bcue_plan_forward(plans[0], &error), error);
            a = bcue_plan_output(plans[0], name);
            for (size_t i = 0; a != NULL && i < 2 * numbers_of(m); i++)
                moved = fmax(moved, fabs((double)a[i] - (double)before[i]));
            CHECK_AT(a == NULL || moved > 1e-5, "missing %x: z changes nothing in %s", missing, name);
            memcpy(bcue_plan_input(plans[0], "latent"), bcue_plan_input(plans[1], "latent"),
                   2 * LATENT * sizeof(float));
            CHECK_OK(bcue_plan_forward(plans[0], &error), error);
            free(before);
        }
        bcue_plan_destroy(plans[0]);
        bcue_plan_destroy(plans[1]);
        bcue_weights_release(&weights);
        bcue_weights_free(&all);
        bcue_graph_destroy(graph);
        bcue_graph_destroy(kept);
    }
    bcue_config_destroy(owned);
}

typedef struct lesson {
    bcue_graph *graph;
    bcue_weights weights;
    bcue_plan *plan;
} lesson;

static double there(int m, int row)
{
    return (row + m) % 3 != 0;
}

static void open_lesson(const bcue_completion *completion, const bcue_model_config *config, lesson *l)
{
    const bcue_plan_options options = {.engine = BCUE_ENGINE_REFERENCE, .dtype = BCUE_F64, .training = true};
    bcue_error error = {""};
    *l = (lesson){0};
    CHECK_OK(
        bcue_map_completion_build_training(completion, config, &inputs, 0.7, true, ROWS, &l->graph, &error),
        error);
    CHECK_OK(bcue_weights_create(l->graph, BCUE_F64, 7, &l->weights, &error), error);
    CHECK_OK(bcue_plan_create(l->graph, &l->weights, &options, &l->plan, &error), error);
    for (int m = 0; m < 4; m++) {
        char name[32];
        bcue_rng rng = bcue_rng_make(6, BCUE_RNG_TEST, 0, 1, (uint32_t)m);
        double *data = bcue_plan_input(l->plan, input_name(m));
        for (size_t i = 0; i < ROWS * numbers_of(m); i++)
            data[i] = bcue_rng_normal(&rng);
        snprintf(name, sizeof name, "there.%s", bcue_model_input_names[m]);
        for (int row = 0; row < ROWS; row++)
            ((double *)bcue_plan_input(l->plan, name))[row] = there(m, row);
    }
    for (int i = 0; i < ROWS * LATENT; i++)
        ((double *)bcue_plan_input(l->plan, "latent"))[i] = 0.3 * i - 1;
    *(double *)bcue_plan_input(l->plan, "kl_weight") = 0.3;
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
    bcue_model_config config;
    bcue_config *owned = open_config(&config);
    for (int prior = 0; prior < 2; prior++) {
        const bcue_completion completion = completion_of(prior);
        bcue_error error = {""};
        lesson l;
        open_lesson(&completion, &config, &l);
        const double loss = loss_of(&l), part = *(const double *)bcue_plan_output(l.plan, "reconstruction"),
                     kl = *(const double *)bcue_plan_output(l.plan, "kl");
        double sum = 0;
        for (int m = 0; m < 4; m++) {
            char name[48];
            snprintf(name, sizeof name, "reconstruction.%s", bcue_model_input_names[m]);
            sum += *(const double *)bcue_plan_output(l.plan, name);
        }
        CHECK_NEAR(sum, part, 1e-12);
        CHECK_NEAR(loss, 0.7 * part + 0.3 * kl, 1e-12);
        CHECK(kl > 0 && part > 0);
        for (int32_t i = 0; i < l.weights.count; i++) {
            double *data = l.weights.tensors[i].data, slope = 0;
            const int64_t count = bcue_tensor_count(&l.weights.tensors[i]);
            double *direction = calloc((size_t)count, sizeof *direction), at[2];
            bcue_rng rng = bcue_rng_make(8, BCUE_RNG_TEST, 0, 2, (uint32_t)i);
            (void)loss_of(&l);
            CHECK_OK(bcue_plan_backward(l.plan, &error), error);
            const double *gradient = bcue_plan_gradient(l.plan, i);
            if (strstr(l.weights.names[i], "complete.input.") != NULL)
                CHECK(gradient == NULL); /* the means of the inputs are not learned */
            for (int64_t k = 0; gradient != NULL && k < count; k++)
                slope += gradient[k] * (direction[k] = bcue_rng_normal(&rng) / sqrt((double)count));
            for (int side = 0; gradient != NULL && side < 2; side++) {
                for (int64_t k = 0; k < count; k++)
                    data[k] += (side == 0 ? 1e-6 : -2e-6) * direction[k];
                at[side] = loss_of(&l);
            }
            for (int64_t k = 0; k < count; k++)
                data[k] += 1e-6 * direction[k];
            if (gradient != NULL)
                CHECK_AT(fabs((at[0] - at[1]) / 2e-6 - slope) < 2e-6 * (1 + fabs(slope)),
                         "%s: %g, differences %g", l.weights.names[i], slope, (at[0] - at[1]) / 2e-6);
            free(direction);
        }
        close_lesson(&l);
    }
    bcue_config_destroy(owned);
}

/* The reconstruction counts only what is missing, and the decoder is given only what is there: without the
   posterior, what is missing moves the loss, but not what is made of it. */
static void masks(void)
{
    bcue_model_config config;
    bcue_config *owned = open_config(&config);
    const bcue_completion completion = completion_of(BCUE_PRIOR_LEARNED);
    const bcue_plan_options options = {.engine = BCUE_ENGINE_REFERENCE, .dtype = BCUE_F64, .training = true};
    bcue_error error = {""};
    lesson with, l = {0};
    open_lesson(&completion, &config, &with);
    CHECK_OK(
        bcue_map_completion_build_training(&completion, &config, &inputs, 1, false, ROWS, &l.graph, &error),
        error);
    CHECK_OK(bcue_weights_create(l.graph, BCUE_F64, 7, &l.weights, &error), error);
    CHECK_OK(bcue_plan_create(l.graph, &l.weights, &options, &l.plan, &error), error);
    for (int m = 0; m < 4; m++) {
        char name[32];
        memcpy(bcue_plan_input(l.plan, input_name(m)), bcue_plan_input(with.plan, input_name(m)),
               ROWS * numbers_of(m) * sizeof(double));
        snprintf(name, sizeof name, "there.%s", bcue_model_input_names[m]);
        memcpy(bcue_plan_input(l.plan, name), bcue_plan_input(with.plan, name), ROWS * sizeof(double));
    }
    memset(bcue_plan_input(l.plan, "latent"), 0, ROWS * LATENT * sizeof(double));
    (void)loss_of(&l);
    double before[4];
    for (int m = 0; m < 4; m++) {
        char name[48];
        snprintf(name, sizeof name, "reconstruction.%s", bcue_model_input_names[m]);
        before[m] = *(const double *)bcue_plan_output(l.plan, name);
        CHECK(before[m] > 0);
    }
    /* A missing camera that changes: the error of the camera does, that of the others does not. */
    double *camera = bcue_plan_input(l.plan, "camera");
    for (int row = 0; row < ROWS; row++)
        for (size_t i = 0; there(0, row) < 0.5 && i < numbers_of(0); i++)
            camera[(size_t)row * numbers_of(0) + i] += 3;
    (void)loss_of(&l);
    for (int m = 0; m < 4; m++) {
        char name[48];
        snprintf(name, sizeof name, "reconstruction.%s", bcue_model_input_names[m]);
        const double now = *(const double *)bcue_plan_output(l.plan, name);
        if (m == 0)
            CHECK(fabs(now - before[m]) > 1e-3);
        else
            CHECK_NEAR(now, before[m], 1e-12);
    }
    close_lesson(&l);
    close_lesson(&with);
    bcue_config_destroy(owned);
}

int main(void)
{
    RUN(every_pattern);
    RUN(gradients);
    RUN(masks);
    return check_summary();
}
