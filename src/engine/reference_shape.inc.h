/* Element-wise operators and those that move elements, in BCUE_REAL. Included by reference_dispatch.inc.h
 * only. */

static void relu_forward(const bcue_ref_call *call)
{
    const BCUE_REAL *x = call->in[0];
    BCUE_REAL *y = call->out;
    for (int64_t k = 0, count = bcue_ref_count(&call->out_shape); k < count; k++)
        y[k] = x[k] < 0 ? 0 : x[k];
}

static void relu_backward(const bcue_ref_call *call)
{
    const BCUE_REAL *y = call->out, *dy = call->out_gradient;
    BCUE_REAL *dx = call->in_gradient[0];
    for (int64_t k = 0, count = bcue_ref_count(&call->out_shape); k < count; k++)
        dx[k] += y[k] > 0 ? dy[k] : 0;
}

static double map_value(bcue_op op, double x)
{
    switch (op) {
    case BCUE_OP_GELU:
        return 0.5 * x * erfc(-x * 0.70710678118654752440);
    case BCUE_OP_SIGMOID:
        return 1 / (1 + exp(-x));
    case BCUE_OP_EXP:
        return exp(x);
    default:
        return tanh(x);
    }
}

static void map_forward(const bcue_ref_call *call)
{
    const BCUE_REAL *x = call->in[0];
    BCUE_REAL *y = call->out;
    for (int64_t k = 0, count = bcue_ref_count(&call->out_shape); k < count; k++)
        y[k] = (BCUE_REAL)map_value(call->node->op, (double)x[k]);
}

/* GELU: Phi(x) + x phi(x). The others by their result. */
static void map_backward(const bcue_ref_call *call)
{
    const BCUE_REAL *x = call->in[0], *y = call->out, *dy = call->out_gradient;
    BCUE_REAL *dx = call->in_gradient[0];
    for (int64_t k = 0, count = bcue_ref_count(&call->out_shape); k < count; k++) {
        double slope;
        if (call->node->op == BCUE_OP_GELU) {
            double at = (double)x[k];
            slope =
                0.5 * erfc(-at * 0.70710678118654752440) + at * 0.39894228040143267794 * exp(-0.5 * at * at);
        } else {
            double at = (double)y[k];
            slope = call->node->op == BCUE_OP_SIGMOID ? at * (1 - at)
                    : call->node->op == BCUE_OP_EXP   ? at
                                                      : 1 - at * at;
        }
        dx[k] += (BCUE_REAL)((double)dy[k] * slope);
    }
}

static void affine_forward(const bcue_ref_call *call)
{
    const BCUE_REAL *x = call->in[0];
    BCUE_REAL *y = call->out;
    for (int64_t k = 0, count = bcue_ref_count(&call->out_shape); k < count; k++)
        y[k] = (BCUE_REAL)(call->node->u.affine.scale * (double)x[k] + call->node->u.affine.shift);
}

static void affine_backward(const bcue_ref_call *call)
{
    const BCUE_REAL *dy = call->out_gradient;
    BCUE_REAL *dx = call->in_gradient[0];
    for (int64_t k = 0, count = bcue_ref_count(&call->out_shape); k < count; k++)
        dx[k] += (BCUE_REAL)(call->node->u.affine.scale * (double)dy[k]);
}

static void broadcast_forward(const bcue_ref_call *call)
{
    const bcue_shape *shape = &call->out_shape;
    const BCUE_REAL *a = call->in[0], *b = call->in[1];
    BCUE_REAL *y = call->out;
    int64_t stride_a[BCUE_MAX_RANK], stride_b[BCUE_MAX_RANK];
    bcue_ref_broadcast_strides(&call->in_shape[0], shape->rank, stride_a);
    bcue_ref_broadcast_strides(&call->in_shape[1], shape->rank, stride_b);
    for (int64_t k = 0, count = bcue_ref_count(shape); k < count; k++) {
        BCUE_REAL left = a[bcue_ref_offset(shape, stride_a, k)],
                  right = b[bcue_ref_offset(shape, stride_b, k)];
        y[k] = call->node->op == BCUE_OP_ADD ? left + right : left * right;
    }
}

static void broadcast_backward(const bcue_ref_call *call)
{
    const bcue_shape *shape = &call->out_shape;
    const BCUE_REAL *dy = call->out_gradient;
    int64_t stride[2][BCUE_MAX_RANK];
    bcue_ref_broadcast_strides(&call->in_shape[0], shape->rank, stride[0]);
    bcue_ref_broadcast_strides(&call->in_shape[1], shape->rank, stride[1]);
    for (int side = 0; side < 2; side++) {
        const BCUE_REAL *other = call->in[1 - side];
        BCUE_REAL *dx = call->in_gradient[side];
        for (int64_t k = 0, count = bcue_ref_count(shape); dx != NULL && k < count; k++) {
            BCUE_REAL factor =
                call->node->op == BCUE_OP_ADD ? 1 : other[bcue_ref_offset(shape, stride[1 - side], k)];
            dx[bcue_ref_offset(shape, stride[side], k)] += dy[k] * factor;
        }
    }
}

static void concat_forward(const bcue_ref_call *call)
{
    const bcue_ref_axis all = bcue_ref_axis_of(&call->out_shape, call->node->u.axis.axis);
    BCUE_REAL *y = call->out;
    int64_t start = 0;
    for (int i = 0; i < call->node->input_count; i++) {
        const BCUE_REAL *x = call->in[i];
        int64_t run = call->in_shape[i].dim[call->node->u.axis.axis] * all.inner;
        for (int64_t k = 0; k < all.outer * run; k++)
            y[k / run * all.length * all.inner + start + k % run] = x[k];
        start += run;
    }
}

static void concat_backward(const bcue_ref_call *call)
{
    const bcue_ref_axis all = bcue_ref_axis_of(&call->out_shape, call->node->u.axis.axis);
    const BCUE_REAL *dy = call->out_gradient;
    int64_t start = 0;
    for (int i = 0; i < call->node->input_count; i++) {
        BCUE_REAL *dx = call->in_gradient[i];
        int64_t run = call->in_shape[i].dim[call->node->u.axis.axis] * all.inner;
        for (int64_t k = 0; dx != NULL && k < all.outer * run; k++)
            dx[k] += dy[k / run * all.length * all.inner + start + k % run];
        start += run;
    }
}

static void slice_both(const bcue_ref_call *call, bool backward)
{
    const bcue_ref_axis all = bcue_ref_axis_of(&call->in_shape[0], call->node->u.axis.axis);
    const BCUE_REAL *x = call->in[0], *dy = call->out_gradient;
    BCUE_REAL *y = call->out, *dx = call->in_gradient[0];
    int64_t start = call->node->u.axis.start * all.inner;
    int64_t run = (call->node->u.axis.stop - call->node->u.axis.start) * all.inner;
    for (int64_t k = 0; k < all.outer * run; k++) {
        int64_t from = k / run * all.length * all.inner + start + k % run;
        if (backward)
            dx[from] += dy[k];
        else
            y[k] = x[from];
    }
}

static void select_both(const bcue_ref_call *call, bool backward)
{
    const bcue_ref_axis in = bcue_ref_axis_of(&call->in_shape[0], call->node->u.select.axis),
                        out = bcue_ref_axis_of(&call->out_shape, call->node->u.select.axis);
    const BCUE_REAL *x = call->in[0], *dy = call->out_gradient;
    BCUE_REAL *y = call->out, *dx = call->in_gradient[0];
    for (int64_t row = 0; row < out.outer * out.length; row++) {
        const int32_t index = call->node->u.select.index[row % out.length];
        const int64_t from = (row / out.length * in.length + index) * in.inner, to = row * out.inner;
        for (int64_t k = 0; k < out.inner; k++) {
            if (backward && index >= 0)
                dx[from + k] += dy[to + k];
            else if (!backward)
                y[to + k] = index >= 0 ? x[from + k] : 0;
        }
    }
}

static void reshape_both(const bcue_ref_call *call, bool backward)
{
    const BCUE_REAL *x = call->in[0], *dy = call->out_gradient;
    BCUE_REAL *y = call->out, *dx = call->in_gradient[0];
    for (int64_t k = 0, count = bcue_ref_count(&call->out_shape); k < count; k++) {
        if (backward)
            dx[k] += dy[k];
        else
            y[k] = x[k];
    }
}

static void permute_both(const bcue_ref_call *call, bool backward)
{
    const BCUE_REAL *x = call->in[0], *dy = call->out_gradient;
    BCUE_REAL *y = call->out, *dx = call->in_gradient[0];
    int64_t plain[BCUE_MAX_RANK], stride[BCUE_MAX_RANK] = {0};
    bcue_ref_broadcast_strides(&call->in_shape[0], call->in_shape[0].rank, plain);
    for (int i = 0; i < call->out_shape.rank; i++)
        stride[i] = plain[call->node->u.permute.order[i]];
    for (int64_t k = 0, count = bcue_ref_count(&call->out_shape); k < count; k++) {
        int64_t from = bcue_ref_offset(&call->out_shape, stride, k);
        if (backward)
            dx[from] += dy[k];
        else
            y[k] = x[from];
    }
}

/* Result element k is the sum (or mean) over `inner` of the elements at outer offset + inner offset. */
static void reduce_both(const bcue_ref_call *call, bool backward)
{
    const bcue_shape *shape = &call->in_shape[0];
    const BCUE_REAL *x = call->in[0], *dy = call->out_gradient;
    BCUE_REAL *y = call->out, *dx = call->in_gradient[0];
    int64_t plain[BCUE_MAX_RANK], outer_stride[BCUE_MAX_RANK] = {0}, inner_stride[BCUE_MAX_RANK] = {0};
    bcue_shape outer = {0}, inner = {0};
    bcue_ref_broadcast_strides(shape, shape->rank, plain);
    for (int i = 0; i < shape->rank; i++) {
        bool reduced = (call->node->u.reduce.axes >> i & 1U) != 0;
        bcue_shape *part = reduced ? &inner : &outer;
        (reduced ? inner_stride : outer_stride)[part->rank] = plain[i];
        part->dim[part->rank++] = shape->dim[i];
    }
    int64_t terms = bcue_ref_count(&inner);
    double divisor = call->node->op == BCUE_OP_REDUCE_MEAN ? (double)terms : 1;
    for (int64_t k = 0, count = bcue_ref_count(&outer); k < count; k++) {
        int64_t start = bcue_ref_offset(&outer, outer_stride, k);
        double sum = 0;
        for (int64_t t = 0; t < terms; t++) {
            int64_t at = start + bcue_ref_offset(&inner, inner_stride, t);
            if (backward)
                dx[at] += (BCUE_REAL)((double)dy[k] / divisor);
            else
                sum += (double)x[at];
        }
        if (!backward)
            y[k] = (BCUE_REAL)(sum / divisor);
    }
}
