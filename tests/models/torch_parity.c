#include "torch_parity.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/rng.h"

enum { SEED = 7, INPUT_STREAM = 100000, PROBES = 3 };

static bcue_status missing(const char *what, bcue_error *error)
{
    return bcue_fail(error, BCUE_ERROR_FORMAT, "the reference values have no '%s'", what);
}

static bcue_status mark_stages(parity *p, bcue_error *error)
{
    for (int stage = 1; p->config.kind == BCUE_MODEL_BEAMTRANSFUSER && stage <= 4; stage++) {
        for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
            char node[40], name[40];
            snprintf(node, sizeof node, "fusion.%d.%s", stage, bcue_model_input_names[m]);
            snprintf(name, sizeof name, "stage%d.%s", stage, bcue_model_input_names[m]);
            if (bcue_model_needs(&p->config, (bcue_model_input)m))
                bcue_graph_output(p->graph, name, bcue_graph_find(p->graph, node));
        }
    }
    return bcue_graph_check(p->graph, error);
}

bcue_status parity_open(const char *path, parity *p, bcue_error *error)
{
    *p = (parity){0};
    BCUE_TRY(bcue_safetensors_open(path, &p->file, error));
    const char *model = bcue_safetensors_metadata(p->file, "model"),
               *inputs = bcue_safetensors_metadata(p->file, "inputs"),
               *batch = bcue_safetensors_metadata(p->file, "batch"),
               *names = bcue_safetensors_metadata(p->file, "names"),
               *stream = bcue_safetensors_metadata(p->file, "input_stream");
    if (model == NULL || inputs == NULL || batch == NULL || names == NULL)
        return missing("model, inputs, batch, names", error);
    p->batch = strtol(batch, NULL, 10);
    p->names = json_loads(names, 0, NULL);
    p->input_stream = stream != NULL ? (uint32_t)strtoul(stream, NULL, 10) : INPUT_STREAM;
    BCUE_TRY(bcue_config_read_text(model, strlen(model), path, NULL, 0, bcue_model_config_fields, &p->config,
                                   &p->owned, error));
    BCUE_TRY(bcue_config_read_text(inputs, strlen(inputs), path, NULL, 0, bcue_model_inputs_fields,
                                   &p->inputs, &p->owned_inputs, error));
    BCUE_TRY(bcue_model_build(&p->config, &p->inputs, p->batch, &p->graph, error));
    return mark_stages(p, error);
}

void parity_close(parity *p)
{
    bcue_graph_destroy(p->graph);
    bcue_config_destroy(p->owned);
    bcue_config_destroy(p->owned_inputs);
    json_decref(p->names);
    bcue_safetensors_close(p->file);
}

static void put(bcue_dtype dtype, void *data, int64_t i, double value)
{
    if (dtype == BCUE_F64)
        ((double *)data)[i] = value;
    else
        ((float *)data)[i] = (float)value;
}

static double get(bcue_dtype dtype, const void *data, int64_t i)
{
    return dtype == BCUE_F64 ? ((const double *)data)[i] : (double)((const float *)data)[i];
}

static bool ends_with(const char *name, const char *end)
{
    const size_t size = strlen(name), tail = strlen(end);
    return size >= tail && strcmp(name + size - tail, end) == 0;
}

/* The same rule as in parity_beamtransfuser.py. */
static void fill_parameter(bcue_tensor *tensor, const char *name, uint32_t index)
{
    bcue_rng rng = bcue_rng_make(SEED, BCUE_RNG_TEST, 0, 0, index);
    const int64_t count = bcue_tensor_count(tensor);
    const bool flat = tensor->shape.rank == 1;
    const bool positive = flat && (ends_with(name, "running_var") || ends_with(name, "weight"));
    const bool centred = !positive && (flat || ends_with(name, "pos_emb"));
    const double bound = sqrt(3 / (double)(count / tensor->shape.dim[0]));
    for (int64_t i = 0; i < count; i++) {
        const double u = bcue_rng_uniform(&rng);
        put(tensor->dtype, tensor->data, i,
            positive  ? 0.5 + u
            : centred ? 0.4 * (u - 0.5)
                      : (2 * u - 1) * bound);
    }
}

static bcue_status fill_weights(const parity *p, bcue_weights *weights, bcue_error *error)
{
    for (int32_t i = 0; i < weights->count; i++) {
        uint32_t index = 0;
        while (index < json_array_size(p->names) &&
               strcmp(json_string_value(json_array_get(p->names, index)), weights->names[i]) != 0)
            index++;
        if (index == json_array_size(p->names))
            return missing(weights->names[i], error);
        fill_parameter(&weights->tensors[i], weights->names[i], index);
    }
    return (size_t)weights->count == json_array_size(p->names) ? BCUE_OK
                                                               : missing("the graph's parameters", error);
}

static void fill_input(const parity *p, bcue_plan *plan, bcue_dtype dtype, const char *name, uint32_t stream,
                       int64_t count)
{
    void *to = bcue_plan_input(plan, name);
    bcue_rng rng = bcue_rng_make(SEED, BCUE_RNG_TEST, 0, 0, p->input_stream + stream);
    for (int64_t i = 0; to != NULL && i < count; i++)
        put(dtype, to, i, 2 * bcue_rng_uniform(&rng) - 1);
}

/* Lists of points: the last number of a row is its mask, 1 or 0; the first frame has no point at all. */
static void make_masks(const parity *p, bcue_plan *plan, bcue_dtype dtype, bcue_model_input m)
{
    const bcue_picture_size size = bcue_model_picture(&p->inputs, m);
    void *data = bcue_plan_input(plan, bcue_model_input_names[m]);
    const int64_t rows = p->batch * p->inputs.frames * size.height;
    for (int64_t row = 0; data != NULL && size.channels == 1 && row < rows; row++) {
        const int64_t at = row * size.width + size.width - 1;
        put(dtype, data, at, row >= size.height && get(dtype, data, at) > 0);
    }
}

static void fill_inputs(const parity *p, bcue_plan *plan, bcue_dtype dtype)
{
    for (int m = 0; m < BCUE_PICTURE_INPUTS; m++) {
        const bcue_picture_size size = bcue_model_picture(&p->inputs, (bcue_model_input)m);
        fill_input(p, plan, dtype, bcue_model_input_names[m], (uint32_t)m,
                   p->batch * p->inputs.frames * size.channels * size.height * size.width);
    }
    fill_input(p, plan, dtype, "position", BCUE_INPUT_POSITION, p->batch * p->inputs.gps_frames * 2);
    const bcue_picture_size vehicles = p->inputs.vehicles;
    fill_input(p, plan, dtype, "vehicles", BCUE_INPUT_VEHICLES,
               p->batch * p->inputs.frames * vehicles.channels * vehicles.height * vehicles.width);
    if (p->inputs.radar.channels == 1)
        make_masks(p, plan, dtype, BCUE_INPUT_RADAR);
    make_masks(p, plan, dtype, BCUE_INPUT_VEHICLES);
    int32_t *label = bcue_plan_input(plan, "label");
    for (int64_t i = 0; label != NULL && i < p->batch; i++)
        label[i] = (int32_t)(i * 7 % p->inputs.beams);
}

/* Norm and sums, as make_beamtransfuser.py. */
static void probe(bcue_dtype dtype, const void *data, int64_t count, double probes[PROBES])
{
    double squares = 0, one = 0, two = 0;
    for (int64_t i = 0; i < count; i++) {
        const double value = get(dtype, data, i);
        squares += value * value;
        one += value * cos((double)i);
        two += value * cos(1.4142135623730951 * (double)i + 1);
    }
    probes[0] = sqrt(squares);
    probes[1] = one;
    probes[2] = two;
}

/* ||a - b|| and ||b|| from whole tensors, or from probes: a random difference d gives sums of size ||d|| /
 * sqrt 2. */
static bcue_status difference(const parity *p, const char *mode, const json_t *probed, const char *name,
                              bcue_dtype dtype, const void *data, int64_t count, double found[2],
                              bcue_error *error)
{
    char key[160];
    snprintf(key, sizeof key, "%s.%s", mode, name);
    const bcue_tensor *whole = bcue_safetensors_find(p->file, key);
    if (data == NULL)
        return bcue_fail(error, BCUE_ERROR_DATA, "the plan has no '%s'", key);
    found[0] = found[1] = 0;
    if (whole != NULL) {
        if (bcue_tensor_count(whole) != count || whole->dtype != BCUE_F64)
            return bcue_fail(error, BCUE_ERROR_SHAPE, "'%s' has another size", key);
        for (int64_t i = 0; i < count; i++) {
            const double b = ((const double *)whole->data)[i], d = get(dtype, data, i) - b;
            found[0] += d * d;
            found[1] += b * b;
        }
        found[0] = sqrt(found[0]);
        found[1] = sqrt(found[1]);
        return BCUE_OK;
    }
    snprintf(key, sizeof key, "%s.probes", mode);
    const bcue_tensor *table = bcue_safetensors_find(p->file, key);
    size_t row = 0;
    while (row < json_array_size(probed) && strcmp(json_string_value(json_array_get(probed, row)), name) != 0)
        row++;
    if (table == NULL || row == json_array_size(probed))
        return missing(name, error);
    const double *expected = (const double *)table->data + row * PROBES;
    double probes[PROBES];
    probe(dtype, data, count, probes);
    for (int i = 0; i < PROBES; i++)
        found[0] = fmax(found[0], (i > 0 ? sqrt(2) : 1) * fabs(probes[i] - expected[i]));
    found[1] = expected[0];
    return BCUE_OK;
}

typedef struct comparison {
    const parity *p;
    const char *mode;
    json_t *probed;
    bcue_dtype dtype;
    parity_errors *errors;
} comparison;

static bcue_status compare_outputs(const comparison *c, const bcue_plan *plan, bcue_error *error)
{
    for (bcue_value v = 0; v < bcue_graph_value_count(c->p->graph); v++) {
        const bcue_value_info *info = bcue_graph_value(c->p->graph, v);
        if (info->output_name == NULL || strcmp(info->output_name, "loss") == 0)
            continue;
        int64_t count = 0;
        double found[2];
        (void)bcue_shape_count(&info->shape, &count);
        BCUE_TRY(difference(c->p, c->mode, c->probed, info->output_name, c->dtype,
                            bcue_plan_output(plan, info->output_name), count, found, error));
        c->errors->compared++;
        if (found[0] / found[1] > c->errors->outputs) {
            c->errors->outputs = found[0] / found[1];
            snprintf(c->errors->worst_output, sizeof c->errors->worst_output, "%s", info->output_name);
        }
    }
    return BCUE_OK;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bcue_status compare_gradients(const comparison *c, bcue_plan *plan, const bcue_weights *weights,
                                     double *relative, bcue_error *error)
{
    double squares = 0, zero = 0;
    int count = 0;
    for (int32_t i = 0; i < weights->count; i++) {
        const char *name = weights->names[i];
        char key[128];
        double found[2];
        if (strstr(name, "running_") != NULL)
            continue;
        snprintf(key, sizeof key, "gradient.%s", name);
        BCUE_TRY(difference(c->p, c->mode, c->probed, key, c->dtype, bcue_plan_gradient(plan, i),
                            bcue_tensor_count(&weights->tensors[i]), found, error));
        c->errors->compared++;
        squares += found[1] * found[1];
        if (ends_with(name, "key.bias") || ends_with(name, "score.bias")) {
            zero = fmax(zero, found[0]);
            continue;
        }
        relative[count++] = found[0] / found[1];
        if (found[0] / found[1] > c->errors->gradient_worst) {
            c->errors->gradient_worst = found[0] / found[1];
            snprintf(c->errors->worst_gradient, sizeof c->errors->worst_gradient, "%s", name);
        }
    }
    qsort(relative, (size_t)count, sizeof *relative, ascending);
    c->errors->gradient_median = relative[count / 2];
    c->errors->zero = zero / sqrt(squares);
    return BCUE_OK;
}

static bcue_status compare_running(const comparison *c, const bcue_weights *weights, bcue_error *error)
{
    for (int32_t i = 0; i < weights->count; i++) {
        char key[128];
        double found[2];
        if (strstr(weights->names[i], "running_") == NULL)
            continue;
        snprintf(key, sizeof key, "running.%s", weights->names[i]);
        BCUE_TRY(difference(c->p, c->mode, c->probed, key, c->dtype, weights->tensors[i].data,
                            bcue_tensor_count(&weights->tensors[i]), found, error));
        c->errors->compared++;
        c->errors->running = fmax(c->errors->running, found[0] / found[1]);
    }
    return BCUE_OK;
}

static bcue_status run_plan(const comparison *c, bcue_plan *plan, const bcue_plan_options *options,
                            bcue_weights *weights, double *relative, bcue_error *error)
{
    fill_inputs(c->p, plan, c->dtype);
    BCUE_TRY(bcue_plan_forward(plan, error));
    BCUE_TRY(compare_outputs(c, plan, error));
    if (!options->training)
        return BCUE_OK;
    char key[40];
    snprintf(key, sizeof key, "%s.loss", c->mode);
    const bcue_tensor *loss = bcue_safetensors_find(c->p->file, key);
    if (loss == NULL)
        return missing(key, error);
    c->errors->loss = fabs(get(c->dtype, bcue_plan_output(plan, "loss"), 0) - *(const double *)loss->data);
    BCUE_TRY(bcue_plan_backward(plan, error));
    BCUE_TRY(compare_gradients(c, plan, weights, relative, error));
    return options->frozen_norm ? BCUE_OK : compare_running(c, weights, error);
}

static bcue_status compare(const parity *p, const bcue_plan_options *options, parity_errors *errors,
                           bcue_error *error)
{
    comparison c = {.p = p, .dtype = options->dtype, .errors = errors};
    c.mode = options->training && !options->frozen_norm ? "training" : "inference";
    char key[40];
    snprintf(key, sizeof key, "%s.names", c.mode);
    const char *probed = bcue_safetensors_metadata(p->file, key);
    c.probed = probed != NULL ? json_loads(probed, 0, NULL) : NULL;
    *errors = (parity_errors){0};
    bcue_weights weights = {0};
    bcue_plan *plan = NULL;
    bcue_status status = bcue_weights_create(p->graph, options->dtype, 1, &weights, error);
    double *relative = bcue_calloc((size_t)weights.count + 1, sizeof *relative);
    if (status == BCUE_OK)
        status = relative == NULL ? bcue_fail_memory(error, "parity") : fill_weights(p, &weights, error);
    if (status == BCUE_OK)
        status = bcue_plan_create(p->graph, &weights, options, &plan, error);
    if (status == BCUE_OK)
        status = run_plan(&c, plan, options, &weights, relative, error);
    bcue_plan_destroy(plan);
    bcue_weights_free(&weights);
    free(relative);
    json_decref(c.probed);
    return status;
}

bcue_status parity_run(const parity *p, bcue_engine engine, bcue_dtype dtype, bool training,
                       parity_errors *errors, bcue_error *error)
{
    const bcue_plan_options options = {
        .engine = engine, .dtype = dtype, .training = true, .frozen_norm = !training};
    return compare(p, &options, errors, error);
}

bcue_status parity_infer(const parity *p, bcue_engine engine, bcue_dtype dtype, parity_errors *errors,
                         bcue_error *error)
{
    const bcue_plan_options options = {.engine = engine, .dtype = dtype};
    return compare(p, &options, errors, error);
}

double parity_torch_f32(const parity *p, bool training, const char *key)
{
    const char *text = bcue_safetensors_metadata(p->file, "torch_f32");
    json_t *all = text != NULL ? json_loads(text, 0, NULL) : NULL;
    const double value =
        json_number_value(json_object_get(json_object_get(all, training ? "training" : "inference"), key));
    json_decref(all);
    return value;
}
