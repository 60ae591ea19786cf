#include "compress/quantise_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "compress/divergence.h"
#include "compress/int8_inputs.h"
#include "compress/prune_windows.h"
#include "compress/quantise_tune.h"
#include "engine/int8_conv.h"
#include "learn/predictions.h"
#include "learn/score_file.h"
#include "learn/scorer.h"
#include "metrics/metric.h"

enum { BATCH = 8 };

typedef struct quantiser {
    const bcue_run_config *run;
    const bcue_config *origin;
    const bcue_dataset *dataset;
    const bcue_hooks *hooks;
    bcue_run_member member;
    bcue_split split;
    bcue_score_session session; /* the model and its recipes */
    bcue_prune_windows training, validation;
    bcue_int8_scales scales; /* of all layers */
    bool *used;              /* of these, per layer */
    float *exact;            /* scores of the validation windows in f32 */
    bcue_quantise_score now; /* of all layers in 8 bits, with the weights as they are now */
    bcue_weights before;     /* those that fine-tuning replaced */
    bcue_quantise_result *result;
} quantiser;

void bcue_quantise_result_free(bcue_quantise_result *result)
{
    for (size_t i = 0; result->layers != NULL && i < result->layer_count; i++)
        free(result->layers[i].name);
    free(result->layers);
    free(result->folder);
    free(result->model_path);
    *result = (bcue_quantise_result){0};
}

/* ---- scales ---- */

static bool begins_with_one(const char *name, const bcue_string_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (bcue_starts_with(name, list->items[i]))
            return true;
    }
    return false;
}

/* Room in `scales` for as many layers as the graph has nodes. */
static bcue_status reserve(quantiser *q, size_t nodes, bcue_error *error)
{
    bcue_int8_scales *s = &q->scales;
    s->layers.items = bcue_calloc(nodes, sizeof *s->layers.items);
    s->scale.items = bcue_calloc(nodes, sizeof *s->scale.items);
    s->negative.items = bcue_calloc(nodes, sizeof *s->negative.items);
    q->used = bcue_calloc(nodes, sizeof *q->used);
    q->result->layers = bcue_calloc(nodes, sizeof *q->result->layers);
    const bool made = s->layers.items != NULL && s->scale.items != NULL && s->negative.items != NULL &&
                      q->used != NULL && q->result->layers != NULL;
    return made ? BCUE_OK : bcue_fail_memory(error, "scales");
}

static bcue_status add_layer(quantiser *q, const char *name, const bcue_int8_input *input, bcue_error *error)
{
    bcue_int8_scales *s = &q->scales;
    const size_t i = s->layers.count;
    for (size_t k = 0; k < i; k++) { /* a layer that is called again: one scale, in which all of it fits */
        if (strcmp(s->layers.items[k], name) != 0)
            continue;
        s->scale.items[k] = fmax(s->scale.items[k], (double)input->scale);
        s->negative.items[k] = s->negative.items[k] != 0 || input->negative;
        return BCUE_OK;
    }
    bcue_quantise_layer *layer = &q->result->layers[i];
    layer->name = bcue_strdup(name);
    if (layer->name == NULL)
        return bcue_fail_memory(error, "scales");
    q->result->layer_count++;
    layer->kept = begins_with_one(name, &q->run->quantise.keep);
    q->used[i] = !layer->kept;
    s->layers.items[i] = layer->name;
    s->scale.items[i] = (double)input->scale;
    s->negative.items[i] = input->negative;
    s->layers.count = s->scale.count = s->negative.count = i + 1;
    return BCUE_OK;
}

static bcue_status take_scales(quantiser *q, const bcue_graph *graph, const bcue_int8_input *inputs,
                               bcue_error *error)
{
    BCUE_TRY(reserve(q, (size_t)bcue_graph_node_count(graph), error));
    for (int32_t n = 0; n < bcue_graph_node_count(graph); n++) {
        const char *name = bcue_int8_layer_name(graph, n);
        if (name != NULL && inputs[n].scale > 0)
            BCUE_TRY(add_layer(q, name, &inputs[n], error));
    }
    return q->scales.layers.count > 0
               ? BCUE_OK
               : bcue_fail(error, BCUE_ERROR_ARGUMENT,
                           "the model has no layer that could compute in 8 bits; the last one stays in f32");
}

/* The largest batch that leaves nothing over. */
static size_t batch_for(size_t windows)
{
    size_t batch = windows < BATCH ? windows : BATCH;
    while (windows % batch != 0)
        batch--;
    return batch;
}

static bcue_status find_scales(quantiser *q, bcue_error *error)
{
    const bcue_quantise_config *config = &q->run->quantise;
    bcue_model_file *model = &q->session.model;
    const size_t windows = q->training.data.count, batch = batch_for(windows);
    const bcue_int8_calibration calibration = {.method = (bcue_range_rule)config->method,
                                               .share = config->share,
                                               .windows = windows,
                                               .batch = batch,
                                               .context = q->training.data.context,
                                               .feed = q->training.data.feed};
    bcue_graph *graph;
    BCUE_TRY(bcue_model_build(&model->config, &model->inputs, (int64_t)batch, &graph, error));
    bcue_int8_input *inputs = bcue_calloc((size_t)bcue_graph_node_count(graph), sizeof *inputs);
    bcue_status status = inputs == NULL
                             ? bcue_fail_memory(error, "scales")
                             : bcue_int8_inputs(graph, &model->weights, &calibration, inputs, error);
    if (status == BCUE_OK)
        status = take_scales(q, graph, inputs, error);
    free(inputs);
    bcue_graph_destroy(graph);
    return status;
}

/* The scales of the layers that `used` names; borrows their lists from `room`, which has room for all. */
static bcue_int8_scales selected(const quantiser *q, const bool *used, bcue_int8_scales *room)
{
    const bcue_int8_scales *all = &q->scales;
    size_t count = 0;
    for (size_t i = 0; i < all->layers.count; i++) {
        if (!used[i])
            continue;
        room->layers.items[count] = all->layers.items[i];
        room->scale.items[count] = all->scale.items[i];
        room->negative.items[count++] = all->negative.items[i];
    }
    room->layers.count = room->scale.count = room->negative.count = count;
    return *room;
}

static bcue_status make_room(size_t count, bcue_int8_scales *room, bcue_error *error)
{
    *room = (bcue_int8_scales){0};
    room->layers.items = bcue_calloc(count, sizeof *room->layers.items);
    room->scale.items = bcue_calloc(count, sizeof *room->scale.items);
    room->negative.items = bcue_calloc(count, sizeof *room->negative.items);
    return room->layers.items != NULL && room->scale.items != NULL && room->negative.items != NULL
               ? BCUE_OK
               : bcue_fail_memory(error, "scales");
}

static void free_lists(bcue_int8_scales *scales)
{
    free(scales->layers.items);
    free(scales->scale.items);
    free(scales->negative.items);
    *scales = (bcue_int8_scales){0};
}

/* ---- trying ---- */

static bcue_status forward_all(quantiser *q, bcue_plan *plan, float *scores, bcue_error *error)
{
    const size_t count = q->validation.data.count, beams = (size_t)q->session.model.inputs.beams;
    for (size_t first = 0; first < count; first += BATCH) {
        const size_t now = count - first < BATCH ? count - first : BATCH;
        const bcue_batch part = bcue_batch_part(&q->validation.batch, &q->validation.inputs, first, now);
        if (bcue_cancelled(q->hooks))
            return bcue_fail(error, BCUE_ERROR_CANCELLED, "stopped while trying layers in 8 bits");
        bcue_feed_batch(plan, &q->validation.inputs, &part, BATCH);
        BCUE_TRY(bcue_plan_forward(plan, error));
        memcpy(scores + first * beams, bcue_plan_output(plan, "logits"), now * beams * sizeof *scores);
    }
    return BCUE_OK;
}

/* Scores of the validation windows with the layers of `used` in 8 bits; NULL: none. */
static bcue_status run_with(quantiser *q, const bool *used, float *scores, bcue_error *error)
{
    bcue_model_file *model = &q->session.model;
    bcue_int8_scales room = {0};
    bcue_int8_input *inputs = NULL;
    bcue_graph *graph;
    bcue_plan *plan = NULL;
    BCUE_TRY(bcue_model_build(&model->config, &model->inputs, BATCH, &graph, error));
    bcue_status status = BCUE_OK;
    if (used != NULL) {
        status = make_room(q->scales.layers.count, &room, error);
        if (status == BCUE_OK) {
            const bcue_int8_scales scales = selected(q, used, &room);
            status = bcue_int8_available() ? bcue_int8_scales_apply(&scales, graph, &inputs, error)
                                           : bcue_int8_scales_round(&scales, &graph, error);
        }
        free_lists(&room);
    }
    const bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32, .int8 = inputs};
    if (status == BCUE_OK)
        status = bcue_plan_create(graph, &model->weights, &options, &plan, error);
    if (status == BCUE_OK)
        status = forward_all(q, plan, scores, error);
    bcue_plan_destroy(plan);
    bcue_graph_destroy(graph);
    free(inputs);
    return status;
}

static size_t best_of(const float *scores, size_t beams)
{
    size_t best = 0;
    for (size_t b = 1; b < beams; b++)
        best = scores[b] > scores[best] ? b : best;
    return best;
}

static bcue_status rate(quantiser *q, const float *scores, bcue_quantise_score *score, bcue_error *error)
{
    const size_t count = q->validation.data.count, beams = (size_t)q->session.model.inputs.beams;
    bcue_predictions predictions;
    bcue_error refused = {""};
    BCUE_TRY(bcue_predictions_create(q->dataset, q->validation.samples, count, (int32_t)beams, &predictions,
                                     error));
    for (size_t i = 0; i < count; i++) {
        const float *exact = q->exact + i * beams, *rounded = scores + i * beams;
        bcue_predictions_rank(&predictions, i, rounded);
        score->changed += (double)(best_of(exact, beams) != best_of(rounded, beams)) / (double)count;
        score->divergence += bcue_logits_divergence(exact, rounded, beams) / (double)count;
    }
    const bcue_scored_set set =
        bcue_predictions_view(&predictions, q->run->data.index_monotone, q->run->data.power_unit);
    bcue_status status =
        bcue_metric_compute(&set, (bcue_metric){BCUE_METRIC_TOP_K, 1, 0}, &score->top1, NULL, error);
    if (bcue_metric_compute(&set, (bcue_metric){BCUE_METRIC_DBA, 0, 0}, &score->dba, NULL, &refused) !=
        BCUE_OK)
        score->dba = NAN;
    bcue_predictions_free(&predictions);
    return status;
}

static bcue_status try_layers(quantiser *q, const bool *used, bcue_quantise_score *score, bcue_error *error)
{
    const size_t count = q->validation.data.count, beams = (size_t)q->session.model.inputs.beams;
    float *scores = bcue_calloc(count * beams, sizeof *scores);
    *score = (bcue_quantise_score){0};
    for (size_t i = 0; used != NULL && i < q->scales.layers.count; i++)
        score->layers += used[i];
    bcue_status status =
        scores == NULL ? bcue_fail_memory(error, "validation") : run_with(q, used, scores, error);
    if (status == BCUE_OK && used == NULL)
        memcpy(q->exact, scores, count * beams * sizeof *scores);
    if (status == BCUE_OK)
        status = rate(q, scores, score, error);
    free(scores);
    return status;
}

/* ---- choosing ---- */

static bcue_status try_each(quantiser *q, bcue_error *error)
{
    const size_t count = q->scales.layers.count;
    bool *alone = bcue_calloc(count, sizeof *alone);
    bcue_status status = alone == NULL ? bcue_fail_memory(error, "validation") : BCUE_OK;
    for (size_t i = 0; status == BCUE_OK && i < count; i++) {
        alone[i] = true;
        status = try_layers(q, alone, &q->result->layers[i].alone, error);
        alone[i] = false;
        bcue_progress(q->hooks, "layers", i + 1, count);
    }
    free(alone);
    q->result->tried_layers = status == BCUE_OK;
    return status;
}

/* Lost against f32: DBA, or top-1 where there is no DBA. */
static double loss_of(const bcue_quantise_result *result, const bcue_quantise_score *score)
{
    return isnan(score->dba) ? result->exact.top1 - score->top1 : result->exact.dba - score->dba;
}

static int by_divergence(const void *a, const void *b)
{
    const bcue_quantise_layer *x = a, *y = b;
    return (x->alone.divergence < y->alone.divergence) - (x->alone.divergence > y->alone.divergence);
}

/* Marks what is `kept` in result->layers as not used, by name: these may lie in another order. */
static void use_the_rest(quantiser *q)
{
    for (size_t i = 0; i < q->scales.layers.count; i++)
        for (size_t k = 0; k < q->result->layer_count; k++)
            if (q->scales.layers.items[i] == q->result->layers[k].name)
                q->used[i] = !q->result->layers[k].kept;
}

/* The most sensitive layers return to f32, 1, 2, 4, ... of them, until the loss is accepted. */
static bcue_status choose(quantiser *q, bcue_error *error)
{
    bcue_quantise_result *result = q->result;
    const double most = q->run->quantise.max_loss;
    qsort(result->layers, result->layer_count, sizeof *result->layers, by_divergence);
    result->chosen = q->now;
    for (size_t kept = 1; loss_of(result, &result->chosen) > most && kept < 2 * result->layer_count;
         kept *= 2) {
        for (size_t i = 0; i < kept && i < result->layer_count; i++)
            result->layers[i].kept = true;
        use_the_rest(q);
        BCUE_TRY(try_layers(q, q->used, &result->chosen, error));
    }
    return BCUE_OK;
}

/* The model as it is now, with these scales; borrows from both. */
static bcue_model_file with_scales(const quantiser *q, bcue_int8_scales *scales)
{
    bcue_model_file model = q->session.model;
    scales->method = (char *)(uintptr_t)bcue_quantise_method_names[q->run->quantise.method];
    scales->windows = (int64_t)q->result->windows;
    scales->episodes = (int64_t)q->result->episodes;
    scales->epochs = q->result->tuned_epochs;
    model.int8 = scales;
    model.calibration = NULL; /* it was made with other answers */
    return model;
}

static bcue_status load_validation(quantiser *q, bcue_error *error)
{
    const size_t beams = (size_t)q->session.model.inputs.beams;
    if (!bcue_int8_available())
        bcue_log(
            q->hooks, BCUE_LOG_WARNING,
            "this machine has neither VNNI nor AMX, and will answer in f32: what 8 bits cost elsewhere is "
            "found by rounding in f32");
    q->result->rounded = !bcue_int8_available();
    if (q->split.validation_count == 0)
        return BCUE_OK;
    const bcue_split part = {.train = q->split.validation, .train_count = q->split.validation_count};
    BCUE_TRY(bcue_prune_windows_load(q->dataset, &part, &q->session.features, &q->session.model.inputs,
                                     (size_t)q->run->quantise.validation_windows, q->member.seed, q->hooks,
                                     &q->validation, error));
    q->result->validation = q->validation.data.count;
    q->exact = bcue_calloc(q->validation.data.count * beams, sizeof *q->exact);
    if (q->exact == NULL)
        return bcue_fail_memory(error, "validation");
    BCUE_TRY(try_layers(q, NULL, &q->result->exact, error));
    BCUE_TRY(try_layers(q, q->used, &q->result->all, error));
    q->now = q->result->chosen = q->result->all;
    return BCUE_OK;
}

/* ---- fine-tuning ---- */

static bool wants_tuning(const quantiser *q)
{
    const bcue_quantise_result *result = q->result;
    switch ((bcue_quantise_tune)q->run->quantise.tune) {
    case BCUE_TUNE_ALWAYS:
        return true;
    case BCUE_TUNE_WHEN_NEEDED:
        return result->validation > 0 && loss_of(result, &result->all) > q->run->quantise.max_loss;
    case BCUE_TUNE_NEVER:
        break;
    }
    return false;
}

/* The tuned weights take the place of those before, unless these are better in 8 bits. */
static bcue_status take_tuned(quantiser *q, bcue_error *error)
{
    bcue_quantise_result *result = q->result;
    const bcue_weights tuned = q->before;
    q->before = q->session.model.weights;
    q->session.model.weights = tuned;
    result->tuned_epochs = q->run->quantise.epochs;
    if (result->validation == 0)
        return BCUE_OK;
    BCUE_TRY(try_layers(q, q->used, &result->tuned, error));
    if (loss_of(result, &result->tuned) <= loss_of(result, &result->all)) {
        q->now = result->chosen = result->tuned;
        return BCUE_OK;
    }
    bcue_log(
        q->hooks, BCUE_LOG_WARNING,
        "fine-tuning in 8 bits lost more on the validation windows than it won back; the weights stay as "
        "they were (quantise.epochs, quantise.lr)");
    q->session.model.weights = q->before;
    q->before = tuned;
    result->tuned_epochs = 0;
    return BCUE_OK;
}

static bcue_status tune(quantiser *q, bcue_error *error)
{
    bcue_int8_scales room;
    if (!wants_tuning(q))
        return BCUE_OK;
    char *folder = bcue_path_join(q->result->folder, "tune");
    bcue_status status = folder == NULL ? bcue_fail_memory(error, "quantising")
                                        : make_room(q->scales.layers.count, &room, error);
    if (status == BCUE_OK) {
        bcue_int8_scales scales = selected(q, q->used, &room);
        const bcue_model_file scaled = with_scales(q, &scales);
        bcue_log(q->hooks, BCUE_LOG_INFO, "fine-tuning with the rounding of %zu layers in 8 bits",
                 scales.layers.count);
        status = bcue_quantise_tune_weights(q->run, q->origin, q->dataset, q->member, &scaled, folder,
                                            q->hooks, &q->before, error);
        free_lists(&room);
    }
    if (status == BCUE_OK) {
        q->result->tried_tuning = true;
        status = take_tuned(q, error);
    }
    free(folder);
    return status;
}

static bcue_status try_single_layers(quantiser *q, bcue_error *error)
{
    if (q->result->validation == 0 || !q->run->quantise.sensitivity)
        return BCUE_OK;
    BCUE_TRY(try_each(q, error));
    return choose(q, error);
}

/* ---- files ---- */

/* The model with the scales of the layers in use. */
static bcue_status write_model(quantiser *q, const char *path, bcue_error *error)
{
    bcue_int8_scales room;
    BCUE_TRY(make_room(q->scales.layers.count, &room, error));
    bcue_int8_scales scales = selected(q, q->used, &room);
    const bcue_model_file model = with_scales(q, &scales);
    scales.data = bcue_strdup(bcue_dataset_hash(q->dataset));
    bcue_status status =
        scales.data == NULL ? bcue_fail_memory(error, "scales") : bcue_model_file_write(path, &model, error);
    free(scales.data);
    free_lists(&room);
    return status;
}

static bcue_status write_config(const quantiser *q, bcue_error *error)
{
    bcue_text name = {0};
    bcue_run_config run = *q->run;
    bcue_text_printf(&name, "%s-int8", run.name);
    run.model = q->session.model.config;
    run.name = name.data;
    run.out = q->result->folder;
    const bcue_status status =
        name.failed ? bcue_fail_memory(error, "config.yaml")
                    : bcue_run_config_write(&run, "config.yaml",
                                            "A model in 8 bits: 'beamcue evaluate' with this file scores it.",
                                            NULL, error);
    bcue_text_free(&name);
    return status;
}

static bcue_status prepare(quantiser *q, const char *from, bcue_error *error)
{
    const bcue_run_config *run = q->run;
    bcue_quantise_result *result = q->result;
    bcue_run_config written = *run;
    char seen_hash[17];
    result->folder = bcue_path_join(run->out, "int8");
    if (result->folder == NULL)
        return bcue_fail_memory(error, "quantising");
    written.out = result->folder;
    result->model_path = bcue_run_member_path(&written, q->member, "model", "safetensors");
    if (result->model_path == NULL)
        return bcue_fail_memory(error, "quantising");
    BCUE_TRY(bcue_check_writable_dir(result->folder, error));
    BCUE_TRY(bcue_run_member_split(run, q->origin, q->dataset, q->member, &q->split, error));
    bcue_split_seen_hash(q->dataset, &q->split, seen_hash);
    if (!bcue_path_exists(from))
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: no such model; train it first with 'beamcue train' and the same configuration",
                         from);
    const bcue_score_job job = {
        .train = &run->train, .dataset = q->dataset, .seed = q->member.seed, .seen_hash = seen_hash};
    BCUE_TRY(bcue_score_session_open(from, &job, q->hooks, NULL, &q->session, error));
    if (bcue_model_is_table(&q->session.model.config))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "%s: a %s is a table and has no layers to quantise",
                         from, bcue_model_kind_names[q->session.model.config.kind]);
    BCUE_TRY(bcue_prune_windows_load(q->dataset, &q->split, &q->session.features, &q->session.model.inputs,
                                     (size_t)run->quantise.windows, q->member.seed, q->hooks, &q->training,
                                     error));
    result->windows = q->training.data.count;
    result->episodes = q->training.episodes;
    return BCUE_OK;
}

bcue_status bcue_quantise_member(const bcue_run_config *run, const bcue_config *origin,
                                 const bcue_dataset *dataset, bcue_run_member member, const char *from,
                                 const bcue_hooks *hooks, bcue_quantise_result *result, bcue_error *error)
{
    quantiser q = {
        .run = run, .origin = origin, .dataset = dataset, .hooks = hooks, .member = member, .result = result};
    *result = (bcue_quantise_result){0};
    bcue_status status = prepare(&q, from, error);
    if (status == BCUE_OK)
        status = find_scales(&q, error);
    if (status == BCUE_OK)
        status = load_validation(&q, error);
    if (status == BCUE_OK)
        status = tune(&q, error);
    if (status == BCUE_OK)
        status = try_single_layers(&q, error);
    if (status == BCUE_OK)
        status = write_model(&q, result->model_path, error);
    if (status == BCUE_OK)
        status = write_config(&q, error);
    free(q.exact);
    free(q.used);
    free_lists(&q.scales);
    bcue_prune_windows_free(&q.validation);
    bcue_prune_windows_free(&q.training);
    bcue_score_session_close(&q.session);
    bcue_weights_free(&q.before);
    bcue_split_free(&q.split);
    if (status != BCUE_OK)
        bcue_quantise_result_free(result);
    return status;
}
