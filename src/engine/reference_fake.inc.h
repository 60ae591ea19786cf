/* What layers in 8 bits read, in BCUE_REAL (graph/fake_int8.h). Included by reference_dispatch.inc.h only. */

enum { FAKE_WEIGHT_TOP = 127 };

typedef struct fake_levels {
    BCUE_REAL scale, inverse;
    double low, high;
} fake_levels;

static fake_levels fake_levels_of(const bcue_ref_call *call)
{
    const BCUE_REAL scale = (BCUE_REAL)call->node->u.quantise.scale;
    const bool negative = call->node->u.quantise.negative;
    return (fake_levels){scale, 1 / scale, negative ? -128 : 0, negative ? 127 : 255};
}

/* The level before it is cut; half to even, as nearbyint rounds in the default mode. */
static double fake_level(const fake_levels *levels, BCUE_REAL x)
{
    return nearbyint((double)(x * levels->inverse));
}

static void fake_forward(const bcue_ref_call *call)
{
    const fake_levels levels = fake_levels_of(call);
    const BCUE_REAL *x = call->in[0];
    BCUE_REAL *y = call->out;
    for (int64_t k = 0, count = bcue_ref_count(&call->out_shape); k < count; k++) {
        double level = fake_level(&levels, x[k]); /* what is not a number stays so */
        level = level < levels.low ? levels.low : level > levels.high ? levels.high : level;
        y[k] = (BCUE_REAL)level * levels.scale;
    }
}

static void fake_backward(const bcue_ref_call *call)
{
    const fake_levels levels = fake_levels_of(call);
    const BCUE_REAL *x = call->in[0], *dy = call->out_gradient;
    BCUE_REAL *dx = call->in_gradient[0];
    for (int64_t k = 0, count = bcue_ref_count(&call->out_shape); k < count; k++) {
        const double level = fake_level(&levels, x[k]);
        if (level >= levels.low && level <= levels.high)
            dx[k] += dy[k];
    }
}

/* ---- weights: one scale per output, by the largest magnitude; nothing is ever cut ---- */

static BCUE_REAL fake_largest(const BCUE_REAL *w, int64_t count)
{
    BCUE_REAL largest = 0;
    for (int64_t i = 0; i < count; i++) {
        const BCUE_REAL size = w[i] < 0 ? -w[i] : w[i];
        largest = size > largest ? size : largest;
    }
    return largest;
}

typedef struct fake_weight_work {
    const BCUE_REAL *w;
    BCUE_REAL *y;
    int64_t each;
} fake_weight_work;

static void fake_weight_output(void *context, size_t output)
{
    const fake_weight_work *k = context;
    const BCUE_REAL *w = k->w + (int64_t)output * k->each, largest = fake_largest(w, k->each),
                    scale = largest > 0 ? largest / FAKE_WEIGHT_TOP : 1;
    BCUE_REAL *y = k->y + (int64_t)output * k->each;
    for (int64_t i = 0; i < k->each; i++)
        y[i] = (BCUE_REAL)nearbyint((double)(w[i] / scale)) * scale;
}

static void fake_weight_forward(const bcue_ref_call *call)
{
    const int64_t outputs = call->out_shape.dim[0];
    fake_weight_work k = {call->in[0], call->out, bcue_ref_count(&call->out_shape) / outputs};
    bcue_parallel_for((size_t)outputs, (size_t)(4096 / k.each + 1), fake_weight_output, &k);
}

static void fake_weight_backward(const bcue_ref_call *call)
{
    const BCUE_REAL *dy = call->out_gradient;
    BCUE_REAL *dw = call->in_gradient[0];
    for (int64_t k = 0, count = bcue_ref_count(&call->out_shape); k < count; k++)
        dw[k] += dy[k];
}

/* ---- bias ---- */

/* What is added to every sum of an output, and the step of these sums. */
typedef struct fake_bias {
    double added, step, steps; /* steps: added / step, rounded, before it is cut */
} fake_bias;

static fake_bias fake_bias_of(const bcue_ref_call *call, int64_t o)
{
    const BCUE_REAL *bias = call->in[0];
    const int64_t each = bcue_ref_count(&call->in_shape[1]) / call->in_shape[1].dim[0];
    double largest = (double)fake_largest((const BCUE_REAL *)call->in[1] + o * each, each);
    fake_bias b = {.added = (double)bias[o]};
    if (call->node->input_count > 2) { /* as bcue_fold_batch_norm has it */
        const BCUE_REAL *weight = call->in[2], *mean = call->in[3], *variance = call->in[4];
        const double factor = (double)weight[o] / sqrt((double)variance[o] + call->node->u.quantise.epsilon);
        const double before = call->node->input_count > 5 ? (double)((const BCUE_REAL *)call->in[5])[o] : 0;
        b.added = (before - (double)mean[o]) * factor + (double)bias[o];
        largest *= fabs(factor);
    }
    b.step = (largest > 0 ? largest / FAKE_WEIGHT_TOP : 1) * call->node->u.quantise.scale;
    b.steps = nearbyint(b.added / b.step);
    return b;
}

static const double fake_most_steps = 1 << 30; /* as bcue_int8_layer cuts them */

static void fake_bias_forward(const bcue_ref_call *call)
{
    const BCUE_REAL *bias = call->in[0];
    BCUE_REAL *y = call->out;
    for (int64_t o = 0; o < call->out_shape.dim[0]; o++) {
        const fake_bias b = fake_bias_of(call, o);
        const double steps = b.steps < -fake_most_steps  ? -fake_most_steps
                             : b.steps > fake_most_steps ? fake_most_steps
                                                         : b.steps;
        y[o] = (BCUE_REAL)((double)bias[o] + (steps * b.step - b.added));
    }
}

static void fake_bias_backward(const bcue_ref_call *call)
{
    const BCUE_REAL *dy = call->out_gradient;
    BCUE_REAL *db = call->in_gradient[0];
    for (int64_t o = 0; o < call->out_shape.dim[0]; o++)
        if (fabs(fake_bias_of(call, o).steps) <= fake_most_steps)
            db[o] += dy[o];
}
