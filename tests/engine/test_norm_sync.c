/* Batch norm over several plans in step: two plans with unequal parts of a batch, each in its own thread,
   give the loss, the gradients and the running statistics of one plan with the whole batch. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/parallel.h"
#include "base/rng.h"
#include "check.h"
#include "engine/plan.h"

enum { ROWS = 7, CHANNELS = 5, CLASSES = 3, SIZE = 3 * 6 * 4, PARTS = 2 };

static bcue_value norm(bcue_graph *g, const char *name, bcue_value x)
{
    const bcue_shape vector = bcue_shape_of(CHANNELS);
    const bcue_parameter_spec zero = {.init = BCUE_INIT_ZERO}, one = {.init = BCUE_INIT_ONE},
                              mean = {.init = BCUE_INIT_ZERO, .running = true},
                              variance = {.init = BCUE_INIT_ONE, .running = true};
    bcue_graph_push(g, name);
    const bcue_value weight = bcue_graph_parameter(g, "weight", &vector, &one),
                     bias = bcue_graph_parameter(g, "bias", &vector, &zero),
                     running_mean = bcue_graph_parameter(g, "mean", &vector, &mean),
                     running_var = bcue_graph_parameter(g, "var", &vector, &variance);
    bcue_graph_pop(g);
    return bcue_graph_batch_norm(g, name, x, weight, bias, running_mean, running_var, 1e-5, 0.1);
}

static bcue_graph *make_net(int64_t rows)
{
    bcue_graph *g = bcue_graph_create();
    const bcue_shape picture = bcue_shape_of(rows, 3, 6, 4), labels = bcue_shape_of(rows),
                     kernel = bcue_shape_of(CHANNELS, 3, 3, 3), matrix = bcue_shape_of(CLASSES, CHANNELS);
    const bcue_parameter_spec spec = {.init = BCUE_INIT_NORMAL, .scale = 0.3};
    bcue_value x = bcue_graph_input(g, "x", BCUE_F32, &picture);
    const bcue_value label = bcue_graph_input(g, "label", BCUE_I32, &labels);
    x = bcue_graph_conv2d(g, "conv", x, bcue_graph_parameter(g, "conv.weight", &kernel, &spec), BCUE_NO_VALUE,
                          (int[]){1, 1}, (int[]){1, 1}, (int[]){1, 1}, 1);
    x = bcue_graph_relu(g, "relu", norm(g, "first", x));
    x = norm(g, "second", x);
    x = bcue_graph_reduce(g, "mean", BCUE_OP_REDUCE_MEAN, x, 0xC, false);
    x = bcue_graph_linear(g, "out", x, bcue_graph_parameter(g, "out.weight", &matrix, &spec), BCUE_NO_VALUE);
    bcue_graph_output(g, "loss", bcue_graph_cross_entropy(g, "loss", x, label, BCUE_NO_VALUE, 0));
    return g;
}

/* A sum that waits for all parts. */
typedef struct meeting {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int arrived, round;
    double total[PARTS][2 * CHANNELS + 1];
} meeting;

typedef struct part {
    meeting *place;
    int index;
    bcue_dtype dtype;
    bcue_engine engine;
    int64_t first, rows;
    bcue_weights weights;
    bcue_graph *graph;
    bcue_plan *plan;
    bcue_norm_sync sync;
    double loss;
    int calls;
} part;

static void meet(void *cookie, double *values, size_t count)
{
    part *p = cookie;
    meeting *m = p->place;
    pthread_mutex_lock(&m->lock);
    p->calls++;
    memcpy(m->total[p->index], values, count * sizeof *values);
    const int round = m->round;
    if (++m->arrived == PARTS) {
        m->arrived = 0;
        m->round++;
        for (size_t i = 0; i < count; i++) {
            double sum = 0;
            for (int k = 0; k < PARTS; k++)
                sum += m->total[k][i];
            for (int k = 0; k < PARTS; k++)
                m->total[k][i] = sum;
        }
        pthread_cond_broadcast(&m->changed);
    }
    while (m->round == round)
        pthread_cond_wait(&m->changed, &m->lock);
    memcpy(values, m->total[p->index], count * sizeof *values);
    pthread_mutex_unlock(&m->lock);
}

static void make_part(part *p)
{
    bcue_error error = {""};
    p->graph = make_net(p->rows);
    CHECK_OK(bcue_weights_create(p->graph, p->dtype, 4, &p->weights, &error), error);
    const bcue_plan_options options = {.engine = p->engine,
                                       .dtype = p->dtype,
                                       .training = true,
                                       .norm_sync = p->place != NULL ? &p->sync : NULL};
    p->sync = (bcue_norm_sync){p, meet, (double)p->rows / ROWS};
    CHECK_OK(bcue_plan_create(p->graph, &p->weights, &options, &p->plan, &error), error);
    int32_t *label = bcue_plan_input(p->plan, "label");
    void *x = bcue_plan_input(p->plan, "x");
    for (int64_t r = 0; r < p->rows; r++) {
        bcue_rng rng = bcue_rng_make(8, BCUE_RNG_TEST, 0, 0, (uint32_t)(p->first + r));
        label[r] = (int32_t)((p->first + r) % CLASSES);
        for (int64_t k = 0; k < SIZE; k++) {
            const double value = 2 + bcue_rng_normal(&rng);
            if (p->dtype == BCUE_F64)
                ((double *)x)[r * SIZE + k] = value;
            else
                ((float *)x)[r * SIZE + k] = (float)value;
        }
    }
}

static void *run_part(void *cookie)
{
    part *p = cookie;
    bcue_error error = {""};
    if (bcue_plan_forward(p->plan, &error) == BCUE_OK) {
        const void *loss = bcue_plan_output(p->plan, "loss");
        p->loss = p->dtype == BCUE_F64 ? *(const double *)loss : (double)*(const float *)loss;
        (void)bcue_plan_backward(p->plan, &error);
    }
    return NULL;
}

static void free_part(part *p)
{
    bcue_plan_destroy(p->plan);
    bcue_weights_free(&p->weights);
    bcue_graph_destroy(p->graph);
}

static double number(bcue_dtype dtype, const void *data, int64_t i)
{
    return dtype == BCUE_F64 ? ((const double *)data)[i] : (double)((const float *)data)[i];
}

static void check_tensors(const part *whole, const part *parts, double tolerance)
{
    for (int32_t t = 0; t < whole->weights.count; t++) {
        const void *wanted = bcue_plan_gradient(whole->plan, t);
        for (int64_t i = 0; i < bcue_tensor_count(&whole->weights.tensors[t]); i++) {
            const double statistic = number(whole->dtype, whole->weights.tensors[t].data, i);
            double gradient = 0;
            for (int k = 0; k < PARTS; k++) {
                CHECK_NEAR(number(whole->dtype, parts[k].weights.tensors[t].data, i), statistic,
                           tolerance * fmax(1, fabs(statistic)));
                if (wanted != NULL)
                    gradient +=
                        parts[k].sync.share * number(whole->dtype, bcue_plan_gradient(parts[k].plan, t), i);
            }
            if (wanted != NULL)
                CHECK_AT(fabs(gradient - number(whole->dtype, wanted, i)) <= tolerance, "%s %lld: %g, %g",
                         whole->weights.names[t], (long long)i, gradient, number(whole->dtype, wanted, i));
        }
    }
}

static void compare(bcue_engine engine, bcue_dtype dtype, double tolerance)
{
    meeting place = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    part whole = {.engine = engine, .dtype = dtype, .rows = ROWS};
    part parts[PARTS] = {
        {.place = &place, .index = 0, .engine = engine, .dtype = dtype, .rows = 5},
        {.place = &place, .index = 1, .engine = engine, .dtype = dtype, .first = 5, .rows = ROWS - 5}};
    pthread_t threads[PARTS];
    make_part(&whole);
    run_part(&whole);
    for (int k = 0; k < PARTS; k++)
        make_part(&parts[k]);
    for (int k = 0; k < PARTS; k++)
        CHECK(pthread_create(&threads[k], NULL, run_part, &parts[k]) == 0);
    double loss = 0;
    for (int k = 0; k < PARTS; k++) {
        pthread_join(threads[k], NULL);
        loss += parts[k].sync.share * parts[k].loss;
        CHECK_INT(parts[k].calls, 4); /* two batch norms, forward and back */
    }
    CHECK_NEAR(loss, whole.loss, tolerance);
    check_tensors(&whole, parts, tolerance);
    for (int k = 0; k < PARTS; k++)
        free_part(&parts[k]);
    free_part(&whole);
}

static void plain_in_double(void)
{
    compare(BCUE_ENGINE_REFERENCE, BCUE_F64, 1e-11);
}

static void plain_in_float(void)
{
    compare(BCUE_ENGINE_REFERENCE, BCUE_F32, 1e-5);
}

static void onednn(void)
{
    compare(BCUE_ENGINE_ONEDNN, BCUE_F32, 1e-5);
}

int main(void)
{
    bcue_set_threads(1);
    RUN(plain_in_double);
    RUN(plain_in_float);
    RUN(onednn);
    return check_summary();
}
