/* A network in two parts gives what the whole gives, bit for bit: the front of each frame alone, then the
 * rest. */
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "check.h"
#include "engine/plan.h"
#include "models/model_graph.h"

enum { FRAMES = 4 };

typedef struct part {
    bcue_graph *graph;
    bcue_weights weights;
    bcue_plan *plan;
} part;

/* Borrows its tensors from `all`, when given. */
static void make_part(part *p, const bcue_weights *all, bcue_engine engine)
{
    const bcue_plan_options options = {.engine = engine, .window_pictures = FRAMES};
    bcue_error error = {""};
    if (all == NULL) {
        CHECK_OK(bcue_weights_create(p->graph, BCUE_F32, 7, &p->weights, &error), error);
    } else {
        p->weights.count = bcue_graph_parameter_count(p->graph);
        p->weights.tensors = calloc((size_t)p->weights.count, sizeof *p->weights.tensors);
        p->weights.names = calloc((size_t)p->weights.count, sizeof *p->weights.names);
        for (int32_t i = 0; i < p->weights.count; i++) {
            const char *name = bcue_graph_value(p->graph, bcue_graph_parameter_value(p->graph, i))->name;
            for (int32_t k = 0; k < all->count; k++)
                if (strcmp(all->names[k], name) == 0) {
                    p->weights.tensors[i] = all->tensors[k];
                    p->weights.names[i] = all->names[k];
                }
            CHECK_AT(p->weights.names[i] != NULL, "%s is not in the whole network", name);
        }
    }
    CHECK_OK(bcue_plan_create(p->graph, &p->weights, &options, &p->plan, &error), error);
}

static void free_part(part *p, bool borrowed)
{
    bcue_plan_destroy(p->plan);
    if (borrowed) {
        free(p->weights.tensors);
        free(p->weights.names);
    } else {
        bcue_weights_free(&p->weights);
    }
    bcue_graph_destroy(p->graph);
}

static size_t floats_of(bcue_picture_size size)
{
    return (size_t)(size.channels * size.height * size.width);
}

static void compare(const char *yaml, bcue_model_inputs inputs, bcue_engine engine)
{
    bcue_error error = {""};
    bcue_model_config config = {0};
    bcue_config *owned;
    part whole = {0}, rest = {0};
    size_t parameters = 0;
    CHECK_OK(bcue_config_read_text(yaml, strlen(yaml), "test", NULL, 0, bcue_model_config_fields, &config,
                                   &owned, &error),
             error);
    CHECK_OK(bcue_model_build(&config, &inputs, 1, &whole.graph, &error), error);
    CHECK_OK(bcue_model_build_rest(&config, &inputs, &rest.graph, &error), error);
    make_part(&whole, NULL, engine);
    make_part(&rest, &whole.weights, engine);
    bcue_rng rng = bcue_rng_make(2, BCUE_RNG_TEST, 0, 0, 0);
    for (int m = 0; m < BCUE_PICTURE_INPUTS; m++) {
        const bcue_model_input input = (bcue_model_input)m;
        if (!bcue_model_has_front(&config, input))
            continue;
        part front = {0};
        const size_t pixels = floats_of(bcue_model_picture(&inputs, input)),
                     map = floats_of(bcue_model_front_size(&config, &inputs, input));
        CHECK_OK(bcue_model_build_front(&config, &inputs, input, &front.graph, &error), error);
        make_part(&front, &whole.weights, engine);
        parameters += (size_t)front.weights.count;
        float *pictures = bcue_plan_input(whole.plan, bcue_model_input_names[m]),
              *maps = bcue_plan_input(rest.plan, bcue_model_input_names[m]);
        for (size_t f = 0; f < FRAMES; f++) {
            float *picture = bcue_plan_input(front.plan, bcue_model_input_names[m]);
            for (size_t i = 0; i < pixels; i++)
                picture[i] = pictures[f * pixels + i] = (float)bcue_rng_normal(&rng);
            CHECK_OK(bcue_plan_forward(front.plan, &error), error);
            memcpy(maps + f * map, bcue_plan_output(front.plan, "map"), map * sizeof *maps);
        }
        free_part(&front, true);
    }
    float *a = bcue_plan_input(whole.plan, "position"), *b = bcue_plan_input(rest.plan, "position");
    for (int i = 0; a != NULL && i < 2 * (int)inputs.gps_frames; i++)
        a[i] = b[i] = (float)bcue_rng_normal(&rng);
    CHECK_OK(bcue_plan_forward(whole.plan, &error), error);
    CHECK_OK(bcue_plan_forward(rest.plan, &error), error);
    CHECK(memcmp(bcue_plan_output(whole.plan, "logits"), bcue_plan_output(rest.plan, "logits"),
                 (size_t)inputs.beams * sizeof(float)) == 0);
    CHECK_INT(parameters + (size_t)rest.weights.count, whole.weights.count);
    free_part(&rest, true);
    free_part(&whole, false);
    bcue_config_destroy(owned);
}

static void parts_are_the_whole(void)
{
    static const bcue_engine engines[] = {BCUE_ENGINE_REFERENCE, BCUE_ENGINE_ONEDNN};
    const bcue_model_inputs four = {.frames = FRAMES,
                                    .channels = 3,
                                    .height = 50,
                                    .width = 41,
                                    .lidar = {1, 64, 32},
                                    .radar = {2, 32, 35},
                                    .gps_frames = 2,
                                    .beams = 9};
    const bcue_model_inputs wide = {.frames = FRAMES, .channels = 3, .height = 32, .width = 48, .beams = 9};
    for (int e = 0; e < 2; e++) {
        compare("kind: beamtransfuser\nwidth: 8\ncamera_depth: 34\nblocks: 2\nanchors: 4\nhead: [16]\n", four,
                engines[e]);
        compare("kind: resnet18\nwidth: 8\nmodality: camera\nposition: true\n", four, engines[e]);
    }
    compare("kind: beamtransfuser\nwidth: 8\ncamera_depth: 18\nblocks: 1\nanchors: 4\nhead: [16]\n"
            "pruned: [{part: camera.1, keep: [0, 2, 3, 5, 6], inner: [4, 7]}, {part: fusion.1, keep: [1, 3, "
            "4, 6]}]\n",
            four, BCUE_ENGINE_ONEDNN);
    /* Winograd's convolution on 8x8 maps, because the window has four of them. */
    compare("kind: resnet18\nwidth: 64\n", wide, BCUE_ENGINE_ONEDNN);
}

int main(void)
{
    RUN(parts_are_the_whole);
    return check_summary();
}
