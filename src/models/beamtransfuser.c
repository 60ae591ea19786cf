#include "models/beamtransfuser.h"

#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "models/completion.h"
#include "models/layers.h"
#include "models/resnet.h"

enum { STAGES = BCUE_RESNET_STAGES, MOST_CHANNELS = 4096 };

typedef struct fuser {
    bcue_graph *graph;
    const bcue_model_config *config;
    const bcue_model_inputs *inputs;
    int64_t batch;
    const bcue_model_gap *gap;
    bool knows[BCUE_INPUT_COUNT];        /* made for it */
    bool sees[BCUE_INPUT_COUNT];         /* and it is not missing */
    bcue_value map[BCUE_PICTURE_INPUTS]; /* (batch * P, C, H, W) */
    bcue_value gps;                      /* (batch, fixes, D) */
    bcue_resnet_config trunk[BCUE_PICTURE_INPUTS];
    const bcue_pruned_part *trunk_parts[BCUE_PICTURE_INPUTS][STAGES], *parts[STAGES];
    bcue_value keep_masks[BCUE_PICTURE_INPUTS][STAGES]; /* with masks */
    bool staged;                                        /* the inputs are what leaves stage 1, not pictures */
    bool masks;
} fuser;

static int64_t channels_of(const bcue_model_config *config, int stage)
{
    return config->width << (stage - 1);
}

static int64_t embedding_of(const bcue_model_config *config, int stage)
{
    return config->embedding.count > 0 ? config->embedding.items[stage - 1] : channels_of(config, stage);
}

/* Tokens of a stage lie in the channels of its maps, or are projected to another width. */
static bool is_projected(const bcue_model_config *config, int stage)
{
    return embedding_of(config, stage) != channels_of(config, stage);
}

/* Numbers of a token within a stage. */
static int64_t token_width(const fuser *f, int stage)
{
    return bcue_pruned_kept(&f->parts[stage - 1]->keep, embedding_of(f->config, stage));
}

static int64_t trunk_channels(const fuser *f, int m, int stage)
{
    return bcue_resnet_channels(&f->trunk[m], stage);
}

/* What is pruned of this modality's trunk. */
static void describe_trunk(fuser *f, int m)
{
    for (int s = 1; s <= STAGES; s++)
        f->trunk_parts[m][s - 1] = bcue_pruned_find(&f->config->pruned, bcue_model_input_names[m], s);
    f->trunk[m] = (bcue_resnet_config){
        .depth = (int)f->config->depth[m], .width = (int)f->config->width, .pruned = f->trunk_parts[m]};
}

/* x along `axis` has the channels `from` of `all` (empty: all of them); the result has `to`, zeros where x
   lacks one. */
static bcue_value rearrange(const fuser *f, bcue_value x, int axis, const bcue_int_list *from,
                            const bcue_int_list *to, int64_t all)
{
    int32_t index[MOST_CHANNELS], place[MOST_CHANNELS];
    const int64_t count = bcue_pruned_kept(to, all);
    if (x == BCUE_NO_VALUE || (from->count == 0 && to->count == 0))
        return x;
    for (int64_t i = 0; i < all; i++)
        place[i] = from->count == 0 ? (int32_t)i : -1;
    for (size_t i = 0; i < from->count; i++)
        place[from->items[i]] = (int32_t)i;
    for (int64_t i = 0; i < count; i++)
        index[i] = place[bcue_pruned_width(to, i, i)];
    return bcue_graph_select(f->graph, NULL, x, axis, index, count);
}

/* The pictures of a modality, all frames of all windows one after the other, through stem. */
static bcue_value begin(fuser *f, int m)
{
    const bcue_model_input input = (bcue_model_input)m;
    const bcue_picture_size size =
        f->staged ? bcue_model_front_size(f->config, f->inputs, input) : bcue_model_picture(f->inputs, input);
    const int64_t frames = f->inputs->frames;
    const bcue_shape windows = bcue_shape_of(f->batch, frames, size.channels, size.height, size.width);
    const bcue_shape pictures = bcue_shape_of(f->batch * frames, size.channels, size.height, size.width);
    bcue_value x = bcue_graph_input(f->graph, bcue_model_input_names[m], BCUE_F32, &windows);
    x = bcue_graph_reshape(f->graph, NULL, x, &pictures);
    if (f->staged)
        return x;
    bcue_graph_push(f->graph, bcue_model_input_names[m]);
    if (f->masks) {
        bcue_resnet_mask_inputs(f->graph, f->batch * frames, &f->trunk[m], f->keep_masks[m]);
        f->trunk[m].keep_mask = f->keep_masks[m];
    }
    x = bcue_resnet_stem(f->graph, x, &f->trunk[m]);
    bcue_graph_pop(f->graph);
    return x;
}

static bcue_value trunk_stage(const fuser *f, int m, int stage)
{
    bcue_graph_push(f->graph, bcue_model_input_names[m]);
    bcue_value x = bcue_resnet_stage(f->graph, f->map[m], &f->trunk[m], stage);
    bcue_graph_pop(f->graph);
    return x;
}

/* "project_in.camera": (batch, tokens, C) -> (batch, tokens, D), or back. */
static bcue_value project(const fuser *f, const char *way, int m, bcue_value x, int64_t width)
{
    char name[32];
    snprintf(name, sizeof name, "%s.%s", way, bcue_model_input_names[m]);
    return bcue_linear_layer(f->graph, name, x, width, BCUE_LINEAR_GPT);
}

static void grid_of(const fuser *f, int m, int64_t grid[2])
{
    const bcue_shape *shape = &bcue_graph_value(f->graph, f->map[m])->shape;
    for (int i = 0; i < 2; i++)
        grid[i] = shape->dim[2 + i] < f->config->anchors ? shape->dim[2 + i] : f->config->anchors;
}

void bcue_beamtransfuser_grid(const bcue_model_config *config, const bcue_model_inputs *inputs,
                              bcue_model_input input, int stage, int64_t grid[2])
{
    const bcue_picture_size size = bcue_model_picture(inputs, input);
    grid[0] = (size.height + 3) / 4;
    grid[1] = (size.width + 3) / 4;
    for (int i = 0; i < 2; i++) {
        for (int s = 2; s <= stage; s++)
            grid[i] = (grid[i] + 1) / 2;
        grid[i] = grid[i] < config->anchors ? grid[i] : config->anchors;
    }
}

int64_t bcue_beamtransfuser_tokens(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                   int stage, int64_t first[BCUE_INPUT_COUNT],
                                   int64_t count[BCUE_INPUT_COUNT])
{
    int64_t total = 0, grid[2];
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        first[m] = total;
        count[m] = 0;
        if (!bcue_model_needs(config, (bcue_model_input)m))
            continue;
        if (m == BCUE_INPUT_POSITION) {
            count[m] = inputs->gps_frames;
        } else {
            bcue_beamtransfuser_grid(config, inputs, (bcue_model_input)m, stage, grid);
            count[m] = inputs->frames * grid[0] * grid[1];
        }
        total += count[m];
    }
    return total;
}

/* "pos_emb" (1, T, D), without the rows of what is missing. */
static bcue_value places(const fuser *f, int stage)
{
    const bcue_parameter_spec zero = {.init = BCUE_INIT_ZERO, .no_decay = true};
    bcue_value parts[BCUE_INPUT_COUNT];
    int64_t first[BCUE_INPUT_COUNT], tokens[BCUE_INPUT_COUNT];
    int count = 0;
    bool whole = true;
    for (int m = 0; m < BCUE_INPUT_COUNT; m++)
        whole = whole && f->sees[m] == f->knows[m];
    const int64_t total = bcue_beamtransfuser_tokens(f->config, f->inputs, stage, first, tokens);
    const bcue_shape shape = bcue_shape_of(1, total, token_width(f, stage));
    bcue_value embedding = bcue_graph_parameter(f->graph, "pos_emb", &shape, &zero);
    if (whole)
        return embedding;
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        if (f->sees[m])
            parts[count++] = bcue_graph_slice(f->graph, NULL, embedding, 1, first[m], first[m] + tokens[m]);
    }
    return count > 1 ? bcue_graph_concat(f->graph, NULL, parts, count, 1) : parts[0];
}

/* The frames of a branch as tokens (batch, P * grid, D). */
static bcue_value tokens_of(const fuser *f, int m, int stage)
{
    if (f->map[m] == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    int64_t grid[2];
    grid_of(f, m, grid);
    const int64_t frames = f->inputs->frames, channels = trunk_channels(f, m, stage);
    const bcue_shape flat = bcue_shape_of(f->batch * frames, channels, grid[0] * grid[1]);
    const bcue_shape tokens = bcue_shape_of(f->batch, frames * grid[0] * grid[1], channels);
    bcue_value x = bcue_graph_adaptive_avg_pool(f->graph, NULL, f->map[m], (int)grid[0], (int)grid[1]);
    x = bcue_graph_reshape(f->graph, NULL, x, &flat);
    x = bcue_graph_permute(f->graph, NULL, x, (int[]){0, 2, 1});
    x = bcue_graph_reshape(f->graph, NULL, x, &tokens);
    if (is_projected(f->config, stage))
        return project(f, "project_in", m, x, token_width(f, stage));
    return rearrange(f, x, 2, &f->trunk_parts[m][stage - 1]->keep, &f->parts[stage - 1]->keep,
                     channels_of(f->config, stage));
}

/* The branch plus its part of the mixed tokens, brought to the branch's size. */
static bcue_value give_back(const fuser *f, int m, int stage, bcue_value tokens, int64_t *at)
{
    static const bcue_int_list all = {0};
    if (f->map[m] == BCUE_NO_VALUE || tokens == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    int64_t grid[2];
    grid_of(f, m, grid);
    const bcue_shape *map = &bcue_graph_value(f->graph, f->map[m])->shape;
    const int64_t height = map->dim[2], width = map->dim[3], channels = map->dim[1];
    const int64_t frames = f->inputs->frames, count = frames * grid[0] * grid[1];
    const bcue_shape rows = bcue_shape_of(f->batch * frames, grid[0] * grid[1], channels);
    const bcue_shape picture = bcue_shape_of(f->batch * frames, channels, grid[0], grid[1]);
    bcue_value x = bcue_graph_slice(f->graph, NULL, tokens, 1, *at, *at + count);
    *at += count;
    if (is_projected(f->config, stage))
        x = project(f, "project_out", m, x, channels);
    else
        x = rearrange(f, x, 2, &all, &f->trunk_parts[m][stage - 1]->keep, channels_of(f->config, stage));
    x = bcue_graph_reshape(f->graph, NULL, x, &rows);
    x = bcue_graph_permute(f->graph, NULL, x, (int[]){0, 2, 1});
    x = bcue_graph_reshape(f->graph, NULL, x, &picture);
    if (grid[0] != height || grid[1] != width)
        x = bcue_graph_resize_bilinear(f->graph, NULL, x, (int)height, (int)width);
    x = bcue_graph_add(f->graph, bcue_model_input_names[m], f->map[m], x);
    return f->masks ? bcue_graph_mul(f->graph, NULL, x, f->keep_masks[m][stage - 1]) : x;
}

/* The inputs that switch channels of the tokens (B, T, D) off. */
static bcue_token_mask mask_inputs(const fuser *f, int64_t width)
{
    const bcue_shape keep = bcue_shape_of(f->batch, 1, width), one = bcue_shape_of(f->batch, 1, 1);
    bcue_token_mask mask;
    mask.keep = bcue_graph_input(f->graph, "mask_keep", BCUE_F32, &keep);
    mask.share = bcue_graph_input(f->graph, "mask_share", BCUE_F32, &one);
    mask.spread = bcue_graph_input(f->graph, "mask_spread", BCUE_F32, &one);
    mask.back = bcue_graph_input(f->graph, "mask_back", BCUE_F32, &one);
    return mask;
}

/* pos_emb + tokens, dropout, blocks, the final norm; from pruned tokens back to all channels of the stage. */
static bcue_value mix(const fuser *f, int stage, bcue_value tokens)
{
    if (tokens == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    const bcue_model_config *config = f->config;
    bcue_transformer_config transformer = {.blocks = config->blocks,
                                           .heads = config->heads,
                                           .expansion = config->expansion,
                                           .dropout = config->dropout,
                                           .width = embedding_of(config, stage),
                                           .pruned = f->parts[stage - 1]};
    bcue_token_mask mask;
    if (f->masks) {
        mask = mask_inputs(f, token_width(f, stage));
        transformer.mask = &mask;
    }
    bcue_value embedding = places(f, stage);
    bcue_value x = bcue_graph_add(f->graph, NULL, tokens, embedding);
    if (config->dropout > 0)
        x = bcue_graph_dropout(f->graph, NULL, x, config->dropout);
    x = bcue_masked_tokens(f->graph, x, transformer.mask);
    x = bcue_transformer(f->graph, x, &transformer);
    x = bcue_masked_norm_layer(f->graph, "ln_f", x, 1e-5, transformer.mask);
    const bool narrow = token_width(f, stage) < embedding_of(config, stage);
    return narrow && !is_projected(config, stage)
               ? bcue_linear_layer(f->graph, "exit", x, channels_of(config, stage), BCUE_LINEAR_GPT)
               : x;
}

static void fusion_stage(fuser *f, int stage)
{
    bcue_value parts[BCUE_INPUT_COUNT] = {BCUE_NO_VALUE};
    int count = 0;
    for (int m = 0; m < BCUE_PICTURE_INPUTS; m++) {
        if (f->sees[m])
            parts[count++] = tokens_of(f, m, stage);
    }
    if (f->sees[BCUE_INPUT_POSITION])
        parts[count++] = f->gps;
    bcue_value tokens = count > 1 ? bcue_graph_concat(f->graph, NULL, parts, count, 1) : parts[0];
    tokens = mix(f, stage, tokens);
    int64_t at = 0;
    for (int m = 0; m < BCUE_PICTURE_INPUTS; m++) {
        if (f->sees[m])
            f->map[m] = give_back(f, m, stage, tokens, &at);
    }
    if (f->sees[BCUE_INPUT_POSITION])
        f->gps = bcue_graph_slice(f->graph, "gps", tokens, 1, at, at + f->inputs->gps_frames);
}

static void stage(fuser *f, int stage)
{
    char scope[32];
    for (int m = 0; m < BCUE_PICTURE_INPUTS; m++) {
        if (f->sees[m] && !(f->staged && stage == 1))
            f->map[m] = trunk_stage(f, m, stage);
    }
    if (f->sees[BCUE_INPUT_POSITION]) {
        snprintf(scope, sizeof scope, "gps.%d", stage);
        f->gps =
            bcue_linear_layer(f->graph, scope, f->gps, token_width(f, stage), BCUE_LINEAR_TORCH_NO_DECAY);
    }
    snprintf(scope, sizeof scope, "fusion.%d", stage);
    bcue_graph_push(f->graph, scope);
    fusion_stage(f, stage);
    bcue_graph_pop(f->graph);
}

/* M softmax(w) as M values of one element each. */
static void modality_weights(const fuser *f, int count, bcue_value *weights)
{
    const bcue_shape shape = bcue_shape_of(count);
    const bcue_parameter_spec zero = {.init = BCUE_INIT_ZERO, .no_decay = true};
    bcue_graph_push(f->graph, "modality");
    bcue_value x = bcue_graph_parameter(f->graph, "weight", &shape, &zero);
    x = bcue_graph_softmax(f->graph, NULL, x, 0);
    x = bcue_graph_affine(f->graph, NULL, x, count, 0);
    for (int i = 0; i < count; i++)
        weights[i] = bcue_graph_slice(f->graph, NULL, x, 0, i, i + 1);
    bcue_graph_pop(f->graph);
}

/* Of every frame or fix of one modality: (batch, rows, 8 width). */
static bcue_value vectors_of(const fuser *f, int m)
{
    const int64_t features = channels_of(f->config, STAGES);
    bcue_value x = f->gps;
    if (m != BCUE_INPUT_POSITION) {
        static const bcue_int_list all = {0};
        const bcue_shape windows = bcue_shape_of(f->batch, f->inputs->frames, trunk_channels(f, m, STAGES));
        bcue_graph_push(f->graph, bcue_model_input_names[m]);
        x = bcue_graph_reshape(f->graph, NULL, bcue_resnet_pool(f->graph, f->map[m]), &windows);
        x = rearrange(f, x, 2, &f->trunk_parts[m][STAGES - 1]->keep, &all, features);
        bcue_graph_pop(f->graph);
    } else if (embedding_of(f->config, STAGES) != features) {
        x = bcue_linear_layer(f->graph, "gps.project", x, features, BCUE_LINEAR_TORCH_NO_DECAY);
    }
    return x;
}

static bcue_value summed(const fuser *f, bcue_value vectors)
{
    return bcue_graph_reduce(f->graph, NULL, BCUE_OP_REDUCE_SUM, vectors, 1U << 1, false);
}

/* Summed over its frames or fixes, every modality that the network is made for: (batch, 8 width).
   BCUE_NO_VALUE: missing, and not generated. */
static void all_sums(const fuser *f, bcue_value sums[BCUE_INPUT_COUNT])
{
    bcue_value values[BCUE_INPUT_COUNT];
    unsigned missing = 0;
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        values[m] = f->sees[m] ? vectors_of(f, m) : BCUE_NO_VALUE;
        sums[m] = f->sees[m] ? summed(f, values[m]) : BCUE_NO_VALUE;
        missing |= f->knows[m] && !f->sees[m] ? 1U << m : 0;
    }
    if (missing != 0 && f->gap->completion != NULL) {
        const bcue_branch_vectors vectors = bcue_branch_vectors_of(f->config, f->inputs);
        bcue_completion_fill(f->graph, f->gap->completion, &vectors, f->batch, missing, values);
        for (int m = 0; m < BCUE_INPUT_COUNT; m++)
            sums[m] = (missing & 1U << m) != 0 ? summed(f, values[m]) : sums[m];
    }
    for (int m = 0; f->gap != NULL && f->gap->show && m < BCUE_INPUT_COUNT; m++) {
        if (f->sees[m])
            bcue_graph_output(f->graph, bcue_model_vectors_name((bcue_model_input)m), values[m]);
    }
}

static bcue_value combined(const fuser *f)
{
    bcue_value sums[BCUE_INPUT_COUNT], weights[BCUE_INPUT_COUNT], sum = BCUE_NO_VALUE;
    int count = 0;
    all_sums(f, sums);
    for (int m = 0; m < BCUE_INPUT_COUNT; m++)
        count += f->knows[m];
    if (f->config->fusion == BCUE_FUSION_SOFTMAX)
        modality_weights(f, count, weights);
    for (int m = 0, i = 0; m < BCUE_INPUT_COUNT; m++) {
        if (!f->knows[m])
            continue;
        if (f->sees[m] || f->gap->completion != NULL) {
            bcue_value part = sums[m];
            if (f->config->fusion == BCUE_FUSION_SOFTMAX)
                part = bcue_graph_mul(f->graph, NULL, part, weights[i]);
            sum = sum == BCUE_NO_VALUE ? part : bcue_graph_add(f->graph, NULL, sum, part);
        }
        i++;
    }
    return sum;
}

static bcue_value head(const fuser *f, bcue_value x)
{
    const bcue_int_list *hidden = &f->config->head;
    char name[32];
    for (size_t i = 0; i < hidden->count; i++) {
        snprintf(name, sizeof name, "head.%d", (int)(2 * i));
        x = bcue_linear_layer(f->graph, name, x, hidden->items[i], BCUE_LINEAR_TORCH_NO_DECAY);
        x = bcue_graph_relu(f->graph, NULL, x);
    }
    snprintf(name, sizeof name, "head.%d", (int)(2 * hidden->count));
    return bcue_linear_layer(f->graph, name, x, f->inputs->beams, BCUE_LINEAR_TORCH_NO_DECAY);
}

bcue_value bcue_beamtransfuser(bcue_graph *graph, const bcue_model_config *config,
                               const bcue_model_inputs *inputs, int64_t batch, bcue_model_form form,
                               const bcue_model_gap *gap)
{
    fuser f = {.graph = graph,
               .config = config,
               .inputs = inputs,
               .batch = batch,
               .gap = gap,
               .gps = BCUE_NO_VALUE,
               .staged = form == BCUE_FORM_STAGED,
               .masks = form == BCUE_FORM_MASKED};
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        f.knows[m] = bcue_model_needs(config, (bcue_model_input)m);
        f.sees[m] = f.knows[m] && (gap == NULL || (gap->missing & 1U << m) == 0);
    }
    for (int m = 0; m < BCUE_PICTURE_INPUTS; m++)
        describe_trunk(&f, m);
    for (int s = 1; s <= STAGES; s++)
        f.parts[s - 1] = bcue_pruned_find(&config->pruned, "fusion", s);
    for (int m = 0; m < BCUE_PICTURE_INPUTS; m++)
        f.map[m] = f.sees[m] ? begin(&f, m) : BCUE_NO_VALUE;
    if (f.sees[BCUE_INPUT_POSITION]) {
        const bcue_shape fixes = bcue_shape_of(batch, inputs->gps_frames, 2);
        f.gps = bcue_graph_input(graph, "position", BCUE_F32, &fixes);
    }
    for (int s = 1; s <= STAGES; s++)
        stage(&f, s);
    return head(&f, combined(&f));
}

static bcue_status check_modalities(const bcue_string_list *list, bcue_error *error)
{
    if (list->count == 0)
        return bcue_fail(error, BCUE_ERROR_CONFIG,
                         "names no modality; give one or more of camera, lidar, "
                         "radar, gps");
    for (size_t i = 0; i < list->count; i++) {
        if (bcue_model_sensor_find(list->items[i], strlen(list->items[i])) < 0)
            return bcue_fail(error, BCUE_ERROR_CONFIG,
                             "'%.40s' is no modality; expected camera, lidar, radar or gps", list->items[i]);
        for (size_t k = 0; k < i; k++) {
            if (strcmp(list->items[i], list->items[k]) == 0)
                return bcue_fail(error, BCUE_ERROR_CONFIG, "names %s twice", list->items[i]);
        }
    }
    return BCUE_OK;
}

bcue_status bcue_modalities_check(const bcue_model_config *config, const char **key, bcue_error *error)
{
    static const char *const depth_key[] = {"camera_depth", "lidar_depth", "radar_depth"};
    *key = "modalities";
    BCUE_TRY(check_modalities(&config->modalities, error));
    for (int m = 0; m < BCUE_PICTURE_INPUTS; m++) {
        *key = depth_key[m];
        if (config->depth[m] != 18 && config->depth[m] != 34)
            return bcue_fail(error, BCUE_ERROR_CONFIG, "there is no ResNet-%lld here; expected 18 or 34",
                             (long long)config->depth[m]);
    }
    return BCUE_OK;
}

bcue_status bcue_beamtransfuser_check(const bcue_model_config *config, const char **key, bcue_error *error)
{
    BCUE_TRY(bcue_modalities_check(config, key, error));
    *key = "embedding";
    if (config->embedding.count != 0 && config->embedding.count != STAGES)
        return bcue_fail(error, BCUE_ERROR_CONFIG,
                         "has %zu widths; expected one for each of the %d stages, "
                         "or none",
                         config->embedding.count, STAGES);
    *key = "heads";
    for (int s = 1; s <= STAGES; s++) {
        const int64_t width = embedding_of(config, s);
        if (config->heads < 1 || width % config->heads != 0)
            return bcue_fail(error, BCUE_ERROR_CONFIG,
                             "%lld heads cannot share the %lld numbers of a token after stage %d evenly",
                             (long long)config->heads, (long long)width, s);
    }
    return BCUE_OK;
}
