/* train.init: weights to start from, out of a model file or any safetensors file that holds a part of the
 * model. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "base/text.h"
#include "learn/codebook_check.h"
#include "learn/trainer_internal.h"
#include "models/beamtransfuser.h"
#include "models/model_file.h"
#include "tensor/safetensors.h"

enum { NAMES_TOLD = 6, LONGEST_LOG = 2000 };

static bcue_status take_tensor(const char *path, const char *name, const bcue_tensor *from, bcue_tensor *to,
                               bcue_error *error)
{
    char have[80], want[80];
    if (from->dtype != BCUE_F32 || !bcue_shape_equal(&from->shape, &to->shape))
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "%s: tensor '%s' is %s %s, but this model has f32 %s; leave it out of the file, or change the "
            "model",
            path, name, bcue_dtype_name(from->dtype), bcue_shape_text(&from->shape, have, sizeof have),
            bcue_shape_text(&to->shape, want, sizeof want));
    for (int64_t i = 0, count = bcue_tensor_count(from); i < count; i++)
        if (!isfinite(((const float *)from->data)[i]))
            return bcue_fail(error, BCUE_ERROR_DATA, "%s: tensor '%s' holds a value that is not finite", path,
                             name);
    memcpy(to->data, from->data, bcue_tensor_size(from));
    return BCUE_OK;
}

/* ---- a BeamTransFuser from one that sees other sensors ---- */

/* The stage of "fusion.S.pos_emb"; 0 for "modality.weight", which has one row of each modality; -1: other
 * names.
 */
static int stage_of(const char *name)
{
    static const char *const of_stage[] = {"modality.weight", "fusion.1.pos_emb", "fusion.2.pos_emb",
                                           "fusion.3.pos_emb", "fusion.4.pos_emb"};
    for (int s = 0; s < (int)(sizeof of_stage / sizeof *of_stage); s++)
        if (strcmp(name, of_stage[s]) == 0)
            return s;
    return -1;
}

static int64_t rows_of(const bcue_model_config *config, const bcue_model_inputs *inputs, int stage,
                       int64_t first[BCUE_INPUT_COUNT], int64_t count[BCUE_INPUT_COUNT])
{
    int64_t total = bcue_beamtransfuser_tokens(config, inputs, stage > 0 ? stage : 1, first, count);
    if (stage > 0)
        return total;
    total = 0;
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        count[m] = count[m] > 0;
        first[m] = total;
        total += count[m];
    }
    return total;
}

/* Copies the rows of the modalities that both models see in as many tokens; the others stay as drawn. False:
   these tensors are no such rows. */
static bool take_rows(const bcue_trainer *trainer, const bcue_model_file *donor, int stage,
                      const bcue_tensor *from, bcue_tensor *to, bcue_text *which)
{
    int64_t here[BCUE_INPUT_COUNT], there[BCUE_INPUT_COUNT], wanted[BCUE_INPUT_COUNT], had[BCUE_INPUT_COUNT];
    if (donor->config.kind != BCUE_MODEL_BEAMTRANSFUSER || from->shape.rank != to->shape.rank)
        return false;
    const int64_t rows = rows_of(&trainer->run->model, &trainer->inputs, stage, here, wanted),
                  old_rows = rows_of(&donor->config, &donor->inputs, stage, there, had);
    const int64_t values = bcue_tensor_count(to), old_values = bcue_tensor_count(from);
    if (rows < 1 || old_rows < 1 || values % rows != 0 || old_values % old_rows != 0 ||
        values / rows != old_values / old_rows)
        return false;
    const size_t width = (size_t)(values / rows);
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        if (wanted[m] == 0 || wanted[m] != had[m])
            continue;
        memcpy((float *)to->data + (size_t)here[m] * width,
               (const float *)from->data + (size_t)there[m] * width,
               (size_t)wanted[m] * width * sizeof(float));
        bcue_text_printf(which, "%s%s", which->size > 0 ? ", " : "", bcue_model_input_names[m]);
    }
    return which->size > 0;
}

/* The file as a model, opened at the first tensor that needs it; not `there`: it is a part of one. */
typedef struct donor_file {
    bcue_model_file model;
    bool tried, there;
} donor_file;

/* A network that begins with another's sensors and gets further ones: its tokens have other numbers. True:
   the rows that can be taken are. */
static bool take_known_rows(const bcue_trainer *trainer, donor_file *donor, const char *path,
                            const char *name, const bcue_tensor *from, bcue_tensor *to)
{
    const int stage = trainer->run->model.kind == BCUE_MODEL_BEAMTRANSFUSER ? stage_of(name) : -1;
    bcue_text which = {0};
    if (stage < 0 || from->dtype != BCUE_F32 || bcue_shape_equal(&from->shape, &to->shape))
        return false;
    if (!donor->tried)
        donor->there = bcue_model_file_open(path, &donor->model, NULL) == BCUE_OK;
    donor->tried = true;
    if (!donor->there)
        return false;
    const bool took = take_rows(trainer, &donor->model, stage, from, to, &which) && !which.failed;
    if (took)
        bcue_log(trainer->hooks, BCUE_LOG_INFO, "%s: of '%s' the rows of %.*s are taken, the others drawn",
                 path, name, (int)which.size, which.data);
    bcue_text_free(&which);
    return took;
}

/* ---- telling ---- */

static size_t branch_length(const char *name)
{
    return strcspn(name, ".");
}

static bool same_branch(const char *a, const char *b)
{
    const size_t size = branch_length(a);
    return size == branch_length(b) && strncmp(a, b, size) == 0;
}

/* "camera (all 182), head (2 of 4: head.0.weight, head.0.bias)": those of the tensors that are `taken`, or
 * not. */
static void list_tensors(const bcue_weights *weights, const bool *taken, bool wanted, bcue_text *out)
{
    for (int32_t i = 0; i < weights->count; i++) {
        int32_t all = 0, listed = 0, told = 0;
        bool first = true;
        for (int32_t k = 0; k < weights->count; k++) {
            if (!same_branch(weights->names[i], weights->names[k]))
                continue;
            first = first && k >= i;
            all++;
            listed += taken[k] == wanted;
        }
        if (!first || listed == 0)
            continue;
        bcue_text_printf(out, "%s%.*s (", out->size > 0 ? ", " : "", (int)branch_length(weights->names[i]),
                         weights->names[i]);
        if (listed == all) {
            bcue_text_printf(out, "all %d)", all);
            continue;
        }
        bcue_text_printf(out, "%d of %d:", listed, all);
        for (int32_t k = i; k < weights->count && told <= NAMES_TOLD; k++)
            if (same_branch(weights->names[i], weights->names[k]) && taken[k] == wanted &&
                told++ < NAMES_TOLD)
                bcue_text_printf(out, "%s %s", told > 1 ? "," : "", weights->names[k]);
        bcue_text_puts(out, listed > NAMES_TOLD ? ", ...)" : ")");
    }
}

/* Both lists, and what the file has besides. */
static bcue_status tell(const bcue_trainer *trainer, const char *path, const bcue_safetensors *file,
                        int32_t count, bcue_error *error)
{
    const bcue_weights *weights = &trainer->state.weights;
    const size_t unused = bcue_safetensors_count(file) - (size_t)count;
    bcue_text taken = {0}, drawn = {0};
    list_tensors(weights, trainer->taken, true, &taken);
    list_tensors(weights, trainer->taken, false, &drawn);
    if (taken.failed || drawn.failed) {
        bcue_text_free(&taken);
        bcue_text_free(&drawn);
        return bcue_fail_memory(error, path);
    }
    if (count < weights->count)
        bcue_log(trainer->hooks, BCUE_LOG_INFO, "%s: taken: %.*s; drawn: %.*s", path, (int)LONGEST_LOG,
                 taken.data, (int)LONGEST_LOG, drawn.data);
    else
        bcue_log(trainer->hooks, BCUE_LOG_INFO, "%s: all %d tensors taken", path, count);
    bcue_text_free(&taken);
    bcue_text_free(&drawn);
    if (unused == 0)
        return BCUE_OK;
    for (size_t i = 0; i < bcue_safetensors_count(file); i++) {
        const char *name = bcue_safetensors_name(file, i);
        int32_t k = 0;
        while (k < weights->count && strcmp(weights->names[k], name) != 0)
            k++;
        if (k == weights->count) {
            bcue_log(trainer->hooks, BCUE_LOG_WARNING, "%s: this model has no tensor '%s'%s", path, name,
                     unused > 1 ? ", nor others of the file" : "");
            break;
        }
    }
    return BCUE_OK;
}

static bcue_status take_all(bcue_trainer *trainer, const char *path, const bcue_safetensors *file,
                            donor_file *donor, bcue_error *error)
{
    bcue_weights *weights = &trainer->state.weights;
    int32_t count = 0;
    for (int32_t i = 0; i < weights->count; i++) {
        const bcue_tensor *from = bcue_safetensors_find(file, weights->names[i]);
        if (from == NULL)
            continue;
        count++;
        if (take_known_rows(trainer, donor, path, weights->names[i], from, &weights->tensors[i]))
            continue;
        BCUE_TRY(take_tensor(path, weights->names[i], from, &weights->tensors[i], error));
        trainer->taken[i] = true;
    }
    if (count == 0)
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "%s: no tensor has a name of this model (such as '%s'); tools/peer/convert.py renames those of "
            "PyTorch",
            path, weights->count > 0 ? weights->names[0] : "");
    return tell(trainer, path, file, count, error);
}

/* Weights of a network for other beams are a place to start from like any other, if that is what is wanted.
 */
static void warn_of_codebook(const bcue_trainer *trainer, const char *path, const char *note)
{
    bcue_error why = {""};
    if (bcue_codebook_check(path, note, trainer->dataset, &why) != BCUE_OK)
        bcue_log(trainer->hooks, BCUE_LOG_WARNING, "train.init: %s", why.text);
}

bcue_status bcue_trainer_take_initial_weights(bcue_trainer *trainer, bcue_error *error)
{
    const char *path = trainer->run->train.init;
    bcue_safetensors *file;
    if (path == NULL)
        return BCUE_OK;
    trainer->taken = bcue_calloc((size_t)trainer->state.weights.count, sizeof *trainer->taken);
    if (trainer->taken == NULL)
        return bcue_fail_memory(error, path);
    BCUE_TRY(bcue_safetensors_open(path, &file, error));
    warn_of_codebook(trainer, path, bcue_safetensors_metadata(file, "beamcue.codebook"));
    donor_file donor = {.tried = false};
    bcue_status status = take_all(trainer, path, file, &donor, error);
    if (donor.there)
        bcue_model_file_free(&donor.model);
    bcue_safetensors_close(file);
    return status;
}

bcue_status bcue_trainer_take_scales(bcue_trainer *trainer, bcue_error *error)
{
    const bcue_train_config *train = &trainer->run->train;
    bcue_graph *graph;
    if (!train->int8)
        return BCUE_OK;
    BCUE_TRY(bcue_model_file_read(train->init, &trainer->scaled, error));
    if (trainer->scaled.int8 == NULL)
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "%s: has no scales of 8-bit layers, which train.int8 trains with; make them first with "
            "'beamcue quantise'",
            train->init);
    bcue_weights_free(&trainer->scaled.weights); /* take_initial_weights reads them */
    BCUE_TRY(bcue_model_build(&trainer->run->model, &trainer->inputs, 1, &graph, error));
    const bcue_status status = bcue_int8_scales_check_layers(trainer->scaled.int8, graph, train->init, error);
    bcue_graph_destroy(graph);
    if (status != BCUE_OK)
        return status;
    trainer->scaled.int8->epochs += train->epochs;
    bcue_log(trainer->hooks, BCUE_LOG_INFO, "%zu layers are rounded as in 8 bits",
             trainer->scaled.int8->layers.count);
    return BCUE_OK;
}
