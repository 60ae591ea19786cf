/* Pooling and resizing in BCUE_REAL; sums in double. Included by reference_dispatch.inc.h only. */

/* The rows first .. stop-1 and columns likewise that an output element covers, clipped to the picture, and
 * the divisor of an average. */
typedef struct pool_window {
    int64_t first[2], stop[2];
    double divisor;
} pool_window;

static pool_window window_at(const bcue_ref_call *call, const int64_t at[2])
{
    pool_window window = {.divisor = 1};
    for (int axis = 0; axis < 2; axis++) {
        int64_t size = call->in_shape[0].dim[2 + axis], out = call->out_shape.dim[2 + axis];
        int64_t first, stop;
        if (call->node->op == BCUE_OP_ADAPTIVE_AVG_POOL) {
            first = at[axis] * size / out;
            stop = ((at[axis] + 1) * size + out - 1) / out;
            window.divisor *= (double)(stop - first);
        } else {
            first = at[axis] * call->node->u.pool.stride[axis] - call->node->u.pool.padding[axis];
            stop = first + call->node->u.pool.kernel[axis];
            window.divisor *= (double)call->node->u.pool.kernel[axis];
        }
        window.first[axis] = first < 0 ? 0 : first;
        window.stop[axis] = stop > size ? size : stop;
    }
    return window;
}

/* Place of the largest element of a plane within the window; the first one of equals, and NaN above all, as
 * in PyTorch. */
static int64_t largest_in(const BCUE_REAL *plane, int64_t width, const pool_window *window)
{
    int64_t best = window->first[0] * width + window->first[1];
    for (int64_t i = window->first[0]; i < window->stop[0]; i++) {
        for (int64_t j = window->first[1]; j < window->stop[1]; j++) {
            BCUE_REAL value = plane[i * width + j];
            if (value > plane[best] || (isnan(value) && !isnan(plane[best])))
                best = i * width + j;
        }
    }
    return best;
}

static double mean_in(const BCUE_REAL *plane, int64_t width, const pool_window *window)
{
    double sum = 0;
    for (int64_t i = window->first[0]; i < window->stop[0]; i++) {
        for (int64_t j = window->first[1]; j < window->stop[1]; j++)
            sum += (double)plane[i * width + j];
    }
    return sum / window->divisor;
}

static void spread(BCUE_REAL *plane, int64_t width, const pool_window *window, double gradient)
{
    for (int64_t i = window->first[0]; i < window->stop[0]; i++) {
        for (int64_t j = window->first[1]; j < window->stop[1]; j++)
            plane[i * width + j] += (BCUE_REAL)(gradient / window->divisor);
    }
}

/* Forward: `backward` false. Both walk over all output elements in the same way. */
static void pool(const bcue_ref_call *call, bool backward)
{
    const int64_t *in = call->in_shape[0].dim, *out = call->out_shape.dim;
    const BCUE_REAL *x = call->in[0], *dy = call->out_gradient;
    BCUE_REAL *y = call->out, *dx = call->in_gradient[0];
    for (int64_t k = 0, count = bcue_ref_count(&call->out_shape); k < count; k++) {
        const int64_t at[2] = {k / out[3] % out[2], k % out[3]};
        int64_t plane = k / (out[2] * out[3]) * in[2] * in[3];
        const pool_window window = window_at(call, at);
        if (call->node->op == BCUE_OP_MAX_POOL) {
            int64_t best = plane + largest_in(x + plane, in[3], &window);
            if (backward)
                dx[best] += dy[k];
            else
                y[k] = x[best];
        } else if (backward) {
            spread(dx + plane, in[3], &window, (double)dy[k]);
        } else {
            y[k] = (BCUE_REAL)mean_in(x + plane, in[3], &window);
        }
    }
}

/* Along one axis, output element `at` is (1 - part) of input element `first` and `part` of `second`. The
   centre of an element lies at + 1/2; what lies before the first centre takes the first element. */
typedef struct resize_tap {
    int64_t first, second;
    double part;
} resize_tap;

static resize_tap resize_tap_of(int64_t in, int64_t out, int64_t at)
{
    double from = ((double)at + 0.5) * ((double)in / (double)out) - 0.5;
    from = from < 0 ? 0 : from;
    int64_t first = (int64_t)from < in - 1 ? (int64_t)from : in - 1;
    return (resize_tap){first, first < in - 1 ? first + 1 : first, from - (double)first};
}

static void resize(const bcue_ref_call *call, bool backward)
{
    const int64_t *in = call->in_shape[0].dim, *out = call->out_shape.dim;
    for (int64_t k = 0, count = bcue_ref_count(&call->out_shape); k < count; k++) {
        resize_tap row = resize_tap_of(in[2], out[2], k / out[3] % out[2]),
                   column = resize_tap_of(in[3], out[3], k % out[3]);
        int64_t plane = k / (out[2] * out[3]) * in[2] * in[3];
        const int64_t at[4] = {
            plane + row.first * in[3] + column.first, plane + row.first * in[3] + column.second,
            plane + row.second * in[3] + column.first, plane + row.second * in[3] + column.second};
        const double share[4] = {(1 - row.part) * (1 - column.part), (1 - row.part) * column.part,
                                 row.part * (1 - column.part), row.part * column.part};
        double sum = 0;
        for (int i = 0; i < 4; i++) {
            if (backward)
                ((BCUE_REAL *)call->in_gradient[0])[at[i]] +=
                    (BCUE_REAL)(share[i] * (double)((const BCUE_REAL *)call->out_gradient)[k]);
            else
                sum += share[i] * (double)((const BCUE_REAL *)call->in[0])[at[i]];
        }
        if (!backward)
            ((BCUE_REAL *)call->out)[k] = (BCUE_REAL)sum;
    }
}
