#include "predict/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "engine/plan.h"
#include "graph/describe.h"
#include "models/map_completion.h"

enum { MOST_OPERATORS = 4096 };

/* A graph with its plan. */
typedef struct part {
    bcue_graph *graph;
    bcue_weights weights; /* in the order of the graph; tensors and names are the model's */
    bcue_plan *plan;
    float *operator_s; /* owned: what its operators are expected to take, the first MOST_OPERATORS of them */
    size_t operators;  /* so many are known */
} part;

typedef struct kept_frame {
    uint64_t id;   /* 0: empty */
    uint64_t used; /* when last, in frames that were looked up */
    float *map;
    float *pixels; /* what was written; NULL: no generator of maps that would need it */
} kept_frame;

typedef struct branch {
    part front;
    float *frames; /* input of the main part: pictures, or maps where there is a front */
    size_t frame_count;
    kept_frame *ring;     /* ring_frames of them */
    float *maps, *pixels; /* of the ring */
    float *window;        /* what was written of this window; NULL as above, or where `frames` has it */
} branch;

enum { GAPS = 1 << (BCUE_INPUT_POSITION + 1) };

struct bcue_network {
    const bcue_model *model;
    part gaps[GAPS];   /* by missing inputs: the main part without them, the generator in their place */
    part makers[GAPS]; /* the generator of their maps, for the whole of the main part */
    unsigned missing;  /* of this window */
    int stand_in;      /* bcue_stand_in */
    bcue_session_options options;
    part main;
    branch branches[BCUE_PICTURE_INPUTS];
    bool split;
    size_t pixels[BCUE_PICTURE_INPUTS], map_size[BCUE_PICTURE_INPUTS]; /* floats of a frame */
    int threads;                                                       /* limit while it runs; 0: none */
    uint64_t lookups;
    double front_s; /* of the window that began last */
    double until_s;
    part *running;
    double left_s;     /* expected for the rest of the window */
    size_t operators;  /* of it that were begun */
    double operator_s; /* when the last of them was */
    double longest_s;
};

/* ---- in time ---- */

/* What an operator is expected to take follows the upper part of what it took: one that another program
   delayed moves it little, and a first run, which is slow, is soon forgotten. */
static void learn(float *expected, double took)
{
    const double e = (double)*expected;
    *expected = (float)(e == 0 ? took : took > e ? fmin(1.2 * e, took) : took < 0.5 * e ? 0.5 * e : 0.95 * e);
}

static double end_operator(bcue_network *net)
{
    const double now = bcue_clock_s(), took = now - net->operator_s;
    net->operator_s = now;
    if (net->operators == 0)
        return now;
    net->longest_s = took > net->longest_s ? took : net->longest_s;
    if (net->operators <= MOST_OPERATORS)
        learn(&net->running->operator_s[net->operators - 1], took);
    return now;
}

static double expected_s(const part *p)
{
    double sum = 0;
    for (size_t i = 0; i < p->operators; i++)
        sum += (double)p->operator_s[i];
    return sum;
}

/* Before every operator. A window that will not be through in time is left at once: the rest of it would be
   for nothing, and an operator that is begun cannot be stopped. */
static bool out_of_time(void *cookie)
{
    bcue_network *net = cookie;
    part *p = net->running;
    const double now = end_operator(net);
    const size_t next = net->operators++;
    if (next >= p->operators && next < MOST_OPERATORS)
        p->operators = next + 1;
    if (now + net->left_s > net->until_s) {
        /* What is not run is not measured, and must not be thought too slow for ever. */
        for (size_t i = next; i < p->operators; i++)
            p->operator_s[i] *= 0.97F;
        return true;
    }
    net->left_s -= next < MOST_OPERATORS ? (double)p->operator_s[next] : 0;
    return false;
}

void bcue_network_begin(bcue_network *network, double until_s)
{
    network->until_s = until_s;
    network->front_s = 0;
}

double bcue_network_longest_s(bcue_network *network, bool again)
{
    const double longest_s = network->longest_s;
    if (again)
        network->longest_s = 0;
    return longest_s;
}

/* One pass of a plan, by the clock. */
static bcue_status forward(bcue_network *net, part *p, bcue_error *error)
{
    const int limit = bcue_limit_threads(net->threads);
    net->running = p;
    net->left_s = expected_s(p) + (p != &net->main ? expected_s(&net->main) : 0);
    net->operators = 0;
    net->operator_s = bcue_clock_s();
    bcue_status status = bcue_plan_forward(p->plan, error);
    (void)bcue_limit_threads(limit);
    if (status == BCUE_OK)
        (void)end_operator(net);
    return status;
}

/* ---- making ---- */

static bcue_status plan_part(bcue_network *net, part *p, bcue_error *error)
{
    bcue_int8_input *inputs = NULL;
    p->operator_s = bcue_calloc(MOST_OPERATORS, sizeof *p->operator_s);
    if (p->operator_s == NULL)
        return bcue_fail_memory(error, "a session");
    const bcue_weights *sets[] = {&net->model->file.weights, &net->model->file.generator};
    BCUE_TRY(bcue_weights_select(p->graph, sets, 2, &p->weights, error));
    if (net->model->file.int8 != NULL)
        BCUE_TRY(bcue_int8_scales_apply(net->model->file.int8, p->graph, &inputs, error));
    const bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN,
                                       .dtype = BCUE_F32,
                                       .no_winograd = net->options.memory == BCUE_MEMORY_SMALL,
                                       .window_pictures = net->model->file.inputs.frames,
                                       .packed = net->model->packed,
                                       .weight_bits = (bcue_weight_bits)net->options.weights,
                                       .int8 = inputs};
    bcue_status status = bcue_plan_create(p->graph, &p->weights, &options, &p->plan, error);
    free(inputs);
    if (status == BCUE_OK)
        bcue_plan_set_stop(p->plan, out_of_time, net);
    return status;
}

static void free_part(part *p)
{
    bcue_plan_destroy(p->plan);
    bcue_graph_destroy(p->graph);
    bcue_weights_release(&p->weights);
    free(p->operator_s);
}

static size_t floats_of(bcue_picture_size size)
{
    return (size_t)(size.channels * size.height * size.width);
}

static bcue_status make_ring(bcue_network *net, branch *b, size_t map_size, bcue_error *error)
{
    const size_t count = (size_t)net->options.ring_frames;
    if (count == 0)
        return BCUE_OK;
    b->ring = bcue_calloc(count, sizeof *b->ring);
    b->maps = bcue_calloc_aligned(count, map_size * sizeof *b->maps);
    if (b->ring == NULL || b->maps == NULL)
        return bcue_fail_memory(error, "the frames that a session keeps");
    for (size_t i = 0; i < count; i++)
        b->ring[i].map = b->maps + i * map_size;
    return BCUE_OK;
}

/* A generator of maps looks at what is written, the main part only at the maps that the front makes of it. */
static bcue_status make_pixels(const bcue_network *net, branch *b, size_t pixels, bcue_error *error)
{
    const bcue_completion *completion = net->model->file.completion;
    const size_t count = (size_t)net->options.ring_frames;
    if (completion == NULL || !bcue_completion_offers(completion, BCUE_STAND_IN_MAP))
        return BCUE_OK;
    b->window = bcue_calloc(b->frame_count, pixels * sizeof *b->window);
    b->pixels = bcue_calloc(count + 1, pixels * sizeof *b->pixels);
    if (b->window == NULL || b->pixels == NULL)
        return bcue_fail_memory(error, "the frames that a session keeps");
    for (size_t i = 0; i < count; i++)
        b->ring[i].pixels = b->pixels + i * pixels;
    return BCUE_OK;
}

static bcue_status make_branch(bcue_network *net, bcue_model_input input, bcue_error *error)
{
    const bcue_model_file *file = &net->model->file;
    branch *b = &net->branches[input];
    b->frames = bcue_plan_input(net->main.plan, bcue_model_input_names[input]);
    b->frame_count = (size_t)file->inputs.frames;
    net->pixels[input] = floats_of(bcue_model_picture(&file->inputs, input));
    if (!net->split)
        return BCUE_OK;
    net->map_size[input] = floats_of(bcue_model_front_size(&file->config, &file->inputs, input));
    BCUE_TRY(bcue_model_build_front(&file->config, &file->inputs, input, &b->front.graph, error));
    BCUE_TRY(plan_part(net, &b->front, error));
    BCUE_TRY(make_ring(net, b, net->map_size[input], error));
    return make_pixels(net, b, net->pixels[input], error);
}

static bcue_status build_gap(const bcue_network *net, unsigned missing, bool maps, bcue_graph **graph,
                             bcue_error *error)
{
    const bcue_model_file *file = &net->model->file;
    const bcue_model_gap gap = {.missing = missing, .completion = file->completion};
    return maps ? bcue_map_completion_build(file->completion, &file->config, &file->inputs, missing, 1, graph,
                                            error)
                : bcue_model_build_gap(&file->config, &file->inputs, &gap, 1,
                                       net->split ? BCUE_FORM_STAGED : BCUE_FORM_WHOLE, graph, error);
}

/* What a stand-in needs. Nothing is done when it is there already. */
static bcue_status make_gap(bcue_network *net, unsigned missing, int stand_in, bcue_error *error)
{
    const bool maps = stand_in == BCUE_STAND_IN_MAP;
    part *p = maps ? &net->makers[missing] : &net->gaps[missing];
    if (p->plan != NULL || (!maps && stand_in != BCUE_STAND_IN_GENERATED))
        return BCUE_OK;
    bcue_status status = build_gap(net, missing, maps, &p->graph, error);
    if (status == BCUE_OK)
        status = plan_part(net, p, error);
    if (status != BCUE_OK) {
        free_part(p);
        *p = (part){0};
        return status;
    }
    memset(bcue_plan_input(p->plan, "latent"), 0,
           (size_t)net->model->file.completion->latent * sizeof(float));
    return BCUE_OK;
}

/* Those for one missing sensor, so that its failing costs no time. */
static bcue_status make_gaps(bcue_network *net, bcue_error *error)
{
    const bcue_completion *completion = net->model->file.completion;
    const bcue_completion_choice *choices = completion != NULL ? completion->choices.items : NULL;
    for (size_t i = 0; choices != NULL && i < completion->choices.count; i++) {
        const unsigned missing = bcue_completion_missing(&choices[i]);
        if ((missing & (missing - 1)) == 0)
            BCUE_TRY(make_gap(net, missing, choices[i].stand_in, error));
    }
    return BCUE_OK;
}

static bcue_status make_parts(bcue_network *net, bcue_error *error)
{
    const bcue_model_file *file = &net->model->file;
    net->split = bcue_model_is_split(&file->config, &file->inputs);
    BCUE_TRY(net->split ? bcue_model_build_rest(&file->config, &file->inputs, &net->main.graph, error)
                        : bcue_model_build(&file->config, &file->inputs, 1, &net->main.graph, error));
    net->threads = bcue_useful_threads(net->main.graph);
    if (net->options.threads > 0 && (net->threads == 0 || net->options.threads < net->threads))
        net->threads = net->options.threads;
    const int limit = bcue_limit_threads(net->threads);
    bcue_status status = plan_part(net, &net->main, error);
    for (int i = 0; status == BCUE_OK && i < BCUE_PICTURE_INPUTS; i++)
        if (bcue_model_needs(&file->config, (bcue_model_input)i))
            status = make_branch(net, (bcue_model_input)i, error);
    if (status == BCUE_OK)
        status = make_gaps(net, error);
    (void)bcue_limit_threads(limit);
    return status;
}

bcue_status bcue_network_create(const bcue_model *model, const bcue_session_options *options,
                                bcue_network **network, bcue_error *error)
{
    *network = NULL;
    bcue_network *made = bcue_calloc(1, sizeof *made);
    if (made == NULL)
        return bcue_fail_memory(error, "a session");
    made->model = model;
    made->options = *options;
    made->until_s = INFINITY;
    bcue_status status = make_parts(made, error);
    if (status != BCUE_OK) {
        bcue_network_destroy(made);
        return status;
    }
    *network = made;
    return BCUE_OK;
}

void bcue_network_destroy(bcue_network *network)
{
    if (network == NULL)
        return;
    free_part(&network->main);
    for (int i = 0; i < GAPS; i++) {
        free_part(&network->gaps[i]);
        free_part(&network->makers[i]);
    }
    for (int i = 0; i < BCUE_PICTURE_INPUTS; i++) {
        free_part(&network->branches[i].front);
        free(network->branches[i].ring);
        free(network->branches[i].maps);
        free(network->branches[i].pixels);
        free(network->branches[i].window);
    }
    free(network);
}

/* ---- frames ---- */

float *bcue_network_position(bcue_network *network)
{
    return bcue_plan_input(network->main.plan, "position");
}

float *bcue_network_frame(bcue_network *network, bcue_model_input input, size_t index)
{
    const branch *b = &network->branches[input];
    if (b->frames == NULL || index >= b->frame_count)
        return NULL;
    return network->split ? bcue_plan_input(b->front.plan, bcue_model_input_names[input])
                          : b->frames + index * network->pixels[input];
}

static void copy_map(bcue_network *network, bcue_model_input input, size_t index, const float *map)
{
    const size_t size = network->map_size[input];
    memcpy(network->branches[input].frames + index * size, map, size * sizeof *map);
}

static void copy_pixels(bcue_network *network, bcue_model_input input, size_t index, const float *pixels)
{
    const size_t size = network->pixels[input];
    if (network->branches[input].window != NULL)
        memcpy(network->branches[input].window + index * size, pixels, size * sizeof *pixels);
}

bool bcue_network_recall(bcue_network *network, bcue_model_input input, size_t index, uint64_t id)
{
    const branch *b = &network->branches[input];
    for (int64_t i = 0; id != 0 && b->ring != NULL && i < network->options.ring_frames; i++) {
        if (b->ring[i].id != id)
            continue;
        b->ring[i].used = ++network->lookups;
        copy_map(network, input, index, b->ring[i].map);
        copy_pixels(network, input, index, b->ring[i].pixels);
        return true;
    }
    return false;
}

/* In place of what was not used for the longest time. */
static void keep(bcue_network *network, bcue_model_input input, uint64_t id, const float *map,
                 const float *pixels)
{
    const branch *b = &network->branches[input];
    if (id == 0 || b->ring == NULL)
        return;
    kept_frame *oldest = &b->ring[0];
    for (int64_t i = 1; i < network->options.ring_frames; i++)
        if (b->ring[i].used < oldest->used)
            oldest = &b->ring[i];
    oldest->id = id;
    oldest->used = ++network->lookups;
    memcpy(oldest->map, map, network->map_size[input] * sizeof *map);
    if (oldest->pixels != NULL)
        memcpy(oldest->pixels, pixels, network->pixels[input] * sizeof *pixels);
}

bcue_status bcue_network_take(bcue_network *network, bcue_model_input input, size_t index, uint64_t id,
                              bcue_error *error)
{
    if (!network->split)
        return BCUE_OK;
    const double started = bcue_clock_s();
    part *whole = &network->branches[input].front;
    BCUE_TRY(forward(network, whole, error));
    const bcue_plan *front = whole->plan;
    const float *pixels = bcue_plan_input(whole->plan, bcue_model_input_names[input]);
    copy_map(network, input, index, bcue_plan_output(front, "map"));
    copy_pixels(network, input, index, pixels);
    keep(network, input, id, bcue_plan_output(front, "map"), pixels);
    network->front_s += bcue_clock_s() - started;
    return BCUE_OK;
}

void bcue_network_forget(bcue_network *network)
{
    for (int i = 0; i < BCUE_PICTURE_INPUTS; i++)
        for (int64_t k = 0; network->branches[i].ring != NULL && k < network->options.ring_frames; k++)
            network->branches[i].ring[k].id = network->branches[i].ring[k].used = 0;
}

/* ---- what is missing ---- */

bcue_status bcue_network_lack(bcue_network *network, unsigned missing, bcue_error *error)
{
    const bcue_completion *completion = network->model->file.completion;
    const bcue_completion_choice *choice =
        completion != NULL && missing != 0 ? bcue_completion_find(completion, missing) : NULL;
    network->missing = missing;
    network->stand_in = choice != NULL ? choice->stand_in : BCUE_STAND_IN_ZERO;
    return make_gap(network, missing, network->stand_in, error);
}

int bcue_network_stand_in(const bcue_network *network)
{
    return network->stand_in;
}

bool bcue_network_skips(const bcue_network *network, bcue_model_input input)
{
    return (network->stand_in == BCUE_STAND_IN_GENERATED || network->stand_in == BCUE_STAND_IN_MAP) &&
           (network->missing & 1U << input) != 0;
}

const float *bcue_network_mean(const bcue_network *network, bcue_model_input input)
{
    static const char *const names[BCUE_INPUT_COUNT] = {"complete.input.camera", "complete.input.lidar",
                                                        "complete.input.radar", "complete.input.gps", ""};
    const bcue_weights *kept = &network->model->file.generator;
    if (network->stand_in != BCUE_STAND_IN_MEAN || (network->missing & 1U << input) == 0)
        return NULL;
    for (int32_t i = 0; i < kept->count; i++)
        if (strcmp(kept->names[i], names[input]) == 0)
            return kept->tensors[i].data;
    return NULL;
}

static void copy_input(bcue_network *net, bcue_plan *to, const char *name, size_t count)
{
    float *target = bcue_plan_input(to, name);
    if (target != NULL)
        memcpy(target, bcue_plan_input(net->main.plan, name), count * sizeof *target);
}

/* The part that runs, with its inputs. */
static part *choose_part(bcue_network *net)
{
    if (net->missing == 0 || net->stand_in != BCUE_STAND_IN_GENERATED)
        return &net->main;
    part *p = &net->gaps[net->missing];
    for (int i = 0; i < BCUE_PICTURE_INPUTS; i++)
        copy_input(net, p->plan, bcue_model_input_names[i],
                   net->branches[i].frame_count * (net->split ? net->map_size[i] : net->pixels[i]));
    copy_input(net, p->plan, "position", 2 * (size_t)net->model->file.inputs.gps_frames);
    return p;
}

/* The maps of what is missing, into the inputs of the main part. */
static bcue_status generate_maps(bcue_network *net, bcue_error *error)
{
    part *maker = &net->makers[net->missing];
    for (int i = 0; i < BCUE_PICTURE_INPUTS; i++) {
        const branch *b = &net->branches[i];
        float *target = bcue_plan_input(maker->plan, bcue_model_input_names[i]);
        if (target != NULL)
            memcpy(target, net->split ? b->window : b->frames,
                   b->frame_count * net->pixels[i] * sizeof *target);
    }
    copy_input(net, maker->plan, "position", 2 * (size_t)net->model->file.inputs.gps_frames);
    BCUE_TRY(forward(net, maker, error));
    for (int i = 0; i <= BCUE_INPUT_POSITION; i++) {
        const float *made = bcue_plan_output(maker->plan, bcue_completion_made_name((bcue_model_input)i));
        if (made == NULL)
            continue;
        if (i == BCUE_INPUT_POSITION)
            memcpy(bcue_network_position(net), made,
                   2 * (size_t)net->model->file.inputs.gps_frames * sizeof *made);
        for (size_t f = 0; i < BCUE_PICTURE_INPUTS && f < net->branches[i].frame_count; f++) {
            memcpy(bcue_network_frame(net, (bcue_model_input)i, f), made + f * net->pixels[i],
                   net->pixels[i] * sizeof *made);
            BCUE_TRY(bcue_network_take(net, (bcue_model_input)i, f, 0, error));
        }
    }
    return BCUE_OK;
}

/* ---- running ---- */

bcue_status bcue_network_run(bcue_network *network, const float **logits, double *ms, bcue_error *error)
{
    if (network->missing != 0 && network->stand_in == BCUE_STAND_IN_MAP) {
        const double began = bcue_clock_s(), fronts_s = network->front_s;
        BCUE_TRY(generate_maps(network, error));
        network->front_s = fronts_s + bcue_clock_s() - began;
    }
    const double started = bcue_clock_s();
    part *p = choose_part(network);
    BCUE_TRY(forward(network, p, error));
    *logits = bcue_plan_output(p->plan, "logits");
    *ms = 1e3 * (network->front_s + bcue_clock_s() - started);
    network->front_s = 0;
    return BCUE_OK;
}

static int64_t macs_of(const bcue_graph *graph)
{
    int64_t sum = 0;
    for (int32_t i = 0; i < bcue_graph_node_count(graph); i++)
        sum += bcue_graph_node_macs(graph, i);
    return sum;
}

void bcue_network_get_facts(const bcue_network *network, bcue_session_facts *facts)
{
    *facts = (bcue_session_facts){.packed_bytes = bcue_plan_packed_bytes(network->main.plan),
                                  .activation_bytes = bcue_plan_peak_bytes(network->main.plan),
                                  .int8_layers = bcue_plan_int8_layers(network->main.plan)};
    for (int i = 0; i < GAPS; i++) {
        facts->activation_bytes +=
            network->gaps[i].plan != NULL ? bcue_plan_peak_bytes(network->gaps[i].plan) : 0;
        facts->activation_bytes +=
            network->makers[i].plan != NULL ? bcue_plan_peak_bytes(network->makers[i].plan) : 0;
    }
    for (int i = 0; i < BCUE_PICTURE_INPUTS; i++) {
        const branch *b = &network->branches[i];
        if (b->front.plan == NULL)
            continue;
        facts->activation_bytes += bcue_plan_peak_bytes(b->front.plan);
        facts->int8_layers += bcue_plan_int8_layers(b->front.plan);
        facts->ring_bytes += b->ring != NULL
                                 ? (uint64_t)network->options.ring_frames *
                                       (network->map_size[i] + (b->pixels != NULL ? network->pixels[i] : 0)) *
                                       sizeof(float)
                                 : 0;
        facts->frame_multiply_accumulates += macs_of(b->front.graph);
    }
}
