/* Convolution and linear in BCUE_REAL; sums in double. Included by reference_dispatch.inc.h only.
   The sums are of the definition, ordered so that the innermost loop runs along memory; the outer ones are
   shared out, and each result is summed by one thread in one order. */

typedef struct conv_size {
    int64_t images, in_channels, height, width, out_channels, taps_y, taps_x, out_height, out_width;
    int64_t in_per_group, out_per_group;
    const bcue_node *node;
} conv_size;

static conv_size conv_size_of(const bcue_ref_call *call)
{
    const int64_t *x = call->in_shape[0].dim, *w = call->in_shape[1].dim, *y = call->out_shape.dim;
    return (conv_size){.images = x[0],
                       .in_channels = x[1],
                       .height = x[2],
                       .width = x[3],
                       .out_channels = y[1],
                       .taps_y = w[2],
                       .taps_x = w[3],
                       .out_height = y[2],
                       .out_width = y[3],
                       .in_per_group = w[1],
                       .out_per_group = w[0] / call->node->u.conv.groups,
                       .node = call->node};
}

enum { REF_CHUNK = 256 }; /* columns summed at once */

/* Input row (axis 0) or column (axis 1) that tap `tap` of output position 0 reads; may lie in the padding. */
static int64_t conv_first_input(const conv_size *s, int axis, int64_t tap)
{
    return tap * s->node->u.conv.dilation[axis] - s->node->u.conv.padding[axis];
}

/* Smallest i with i * stride >= distance. */
static int64_t conv_steps(int64_t distance, int64_t stride)
{
    return distance <= 0 ? 0 : (distance + stride - 1) / stride;
}

static int64_t conv_least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The row of input that output row i reads with tap p; NULL: padding. `x` is one channel. */
static const BCUE_REAL *conv_row(const conv_size *s, const BCUE_REAL *x, int64_t i, int64_t p)
{
    const int64_t row = i * s->node->u.conv.stride[0] + conv_first_input(s, 0, p);
    return row < 0 || row >= s->height ? NULL : x + row * s->width;
}

typedef struct conv_work {
    conv_size size;
    const BCUE_REAL *x, *w, *bias, *dy;
    BCUE_REAL *y, *dx, *dw;
} conv_work;

/* Output columns from .. from + count - 1 of a row, added to `sum`: sum[j] += w[q] * row[column of j, q]. */
static void conv_add_row(const conv_size *s, const BCUE_REAL *row, const BCUE_REAL *w, int64_t from,
                         int64_t count, double *sum)
{
    const int64_t stride = s->node->u.conv.stride[1];
    for (int64_t q = 0; q < s->taps_x; q++) {
        const int64_t start = conv_first_input(s, 1, q) + from * stride;
        const int64_t low = conv_steps(-start, stride),
                      high = conv_least(count, conv_steps(s->width - start, stride));
        const double weight = (double)w[q];
        if (stride == 1) {
            for (int64_t j = low; j < high; j++)
                sum[j] += weight * (double)row[start + j];
        } else {
            for (int64_t j = low; j < high; j++)
                sum[j] += weight * (double)row[start + j * stride];
        }
    }
}

/* One output channel of one picture. */
static void conv_forward_plane(void *context, size_t index)
{
    const conv_work *k = context;
    const conv_size *s = &k->size;
    const int64_t n = (int64_t)index / s->out_channels, o = (int64_t)index % s->out_channels;
    const int64_t first = n * s->in_channels + o / s->out_per_group * s->in_per_group;
    BCUE_REAL *y = k->y + (int64_t)index * s->out_height * s->out_width;
    double sum[REF_CHUNK];
    for (int64_t i = 0; i < s->out_height; i++) {
        for (int64_t from = 0; from < s->out_width; from += REF_CHUNK) {
            const int64_t count = conv_least(REF_CHUNK, s->out_width - from);
            for (int64_t j = 0; j < count; j++)
                sum[j] = k->bias == NULL ? 0 : (double)k->bias[o];
            for (int64_t c = 0; c < s->in_per_group; c++) {
                const BCUE_REAL *x = k->x + (first + c) * s->height * s->width;
                for (int64_t p = 0; p < s->taps_y; p++) {
                    const BCUE_REAL *row = conv_row(s, x, i, p);
                    const BCUE_REAL *w = k->w + ((o * s->in_per_group + c) * s->taps_y + p) * s->taps_x;
                    if (row != NULL)
                        conv_add_row(s, row, w, from, count, sum);
                }
            }
            for (int64_t j = 0; j < count; j++)
                y[i * s->out_width + from + j] = (BCUE_REAL)sum[j];
        }
    }
}

static void conv2d_forward(const bcue_ref_call *call)
{
    conv_work k = {
        .size = conv_size_of(call), .x = call->in[0], .w = call->in[1], .bias = call->in[2], .y = call->out};
    bcue_parallel_for((size_t)(k.size.images * k.size.out_channels), 1, conv_forward_plane, &k);
}

/* Input columns from .. from + count - 1: sum[column] += w[q] * dy[j of column, q]. */
static void conv_add_row_back(const conv_size *s, const BCUE_REAL *dy, const BCUE_REAL *w, int64_t from,
                              int64_t count, double *sum)
{
    const int64_t stride = s->node->u.conv.stride[1];
    for (int64_t q = 0; q < s->taps_x; q++) {
        const int64_t start = conv_first_input(s, 1, q) - from; /* of output column 0, seen from `from` */
        const int64_t low = conv_steps(-start, stride),
                      high = conv_least(s->out_width, conv_steps(count - start, stride));
        const double weight = (double)w[q];
        if (stride == 1) {
            for (int64_t j = low; j < high; j++)
                sum[start + j] += weight * (double)dy[j];
        } else {
            for (int64_t j = low; j < high; j++)
                sum[start + j * stride] += weight * (double)dy[j];
        }
    }
}

/* One input channel of one picture. */
static void conv_input_plane(void *context, size_t index)
{
    const conv_work *k = context;
    const conv_size *s = &k->size;
    const int64_t n = (int64_t)index / s->in_channels, c = (int64_t)index % s->in_channels;
    const int64_t group = c / s->in_per_group, stride = s->node->u.conv.stride[0];
    BCUE_REAL *dx = k->dx + (int64_t)index * s->height * s->width;
    double sum[REF_CHUNK];
    for (int64_t row = 0; row < s->height; row++) {
        for (int64_t from = 0; from < s->width; from += REF_CHUNK) {
            const int64_t count = conv_least(REF_CHUNK, s->width - from);
            for (int64_t j = 0; j < count; j++)
                sum[j] = 0;
            for (int64_t p = 0; p < s->taps_y; p++) {
                const int64_t above = row - conv_first_input(s, 0, p);
                if (above < 0 || above % stride != 0 || above / stride >= s->out_height)
                    continue;
                for (int64_t o = group * s->out_per_group; o < (group + 1) * s->out_per_group; o++) {
                    const BCUE_REAL *dy =
                        k->dy + ((n * s->out_channels + o) * s->out_height + above / stride) * s->out_width;
                    const BCUE_REAL *w =
                        k->w + ((o * s->in_per_group + c % s->in_per_group) * s->taps_y + p) * s->taps_x;
                    conv_add_row_back(s, dy, w, from, count, sum);
                }
            }
            for (int64_t j = 0; j < count; j++)
                dx[row * s->width + from + j] += (BCUE_REAL)sum[j];
        }
    }
}

/* sum of a[j] * b[j * stride], in eight lanes. */
static double conv_dot(const BCUE_REAL *a, const BCUE_REAL *b, int64_t count, int64_t stride)
{
    double lane[8] = {0};
    int64_t j = 0;
    for (; stride == 1 && j + 8 <= count; j += 8) {
        for (int l = 0; l < 8; l++)
            lane[l] += (double)a[j + l] * (double)b[j + l];
    }
    for (; j < count; j++)
        lane[0] += (double)a[j] * (double)b[j * stride];
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

/* The taps of one output channel from one input channel. */
static void conv_weight_plane(void *context, size_t index)
{
    const conv_work *k = context;
    const conv_size *s = &k->size;
    const int64_t o = (int64_t)index / s->in_per_group, c = (int64_t)index % s->in_per_group;
    const int64_t channel = o / s->out_per_group * s->in_per_group + c, stride = s->node->u.conv.stride[1];
    for (int64_t p = 0; p < s->taps_y; p++) {
        for (int64_t q = 0; q < s->taps_x; q++) {
            const int64_t start = conv_first_input(s, 1, q);
            const int64_t low = conv_steps(-start, stride),
                          high = conv_least(s->out_width, conv_steps(s->width - start, stride));
            double sum = 0;
            for (int64_t r = 0; high > low && r < s->images * s->out_height; r++) {
                const int64_t n = r / s->out_height, i = r % s->out_height;
                const BCUE_REAL *x = k->x + (n * s->in_channels + channel) * s->height * s->width;
                const BCUE_REAL *row = conv_row(s, x, i, p);
                const BCUE_REAL *dy = k->dy + ((n * s->out_channels + o) * s->out_height + i) * s->out_width;
                if (row != NULL)
                    sum += conv_dot(dy + low, row + (start + low * stride), high - low, stride);
            }
            k->dw[((int64_t)index * s->taps_y + p) * s->taps_x + q] += (BCUE_REAL)sum;
        }
    }
}

static void conv_bias_backward(const conv_size *s, const BCUE_REAL *dy, BCUE_REAL *db)
{
    const int64_t plane = s->out_height * s->out_width;
    for (int64_t o = 0; o < s->out_channels; o++) {
        double sum = 0;
        for (int64_t n = 0; n < s->images; n++) {
            for (int64_t k = 0; k < plane; k++)
                sum += (double)dy[(n * s->out_channels + o) * plane + k];
        }
        db[o] += (BCUE_REAL)sum;
    }
}

static void conv2d_backward(const bcue_ref_call *call)
{
    conv_work k = {.size = conv_size_of(call),
                   .x = call->in[0],
                   .w = call->in[1],
                   .dy = call->out_gradient,
                   .dx = call->in_gradient[0],
                   .dw = call->in_gradient[1]};
    const conv_size *s = &k.size;
    BCUE_REAL *db = call->in_gradient[2];
    if (k.dx != NULL)
        bcue_parallel_for((size_t)(s->images * s->in_channels), 1, conv_input_plane, &k);
    if (k.dw != NULL)
        bcue_parallel_for((size_t)(s->out_channels * s->in_per_group), 1, conv_weight_plane, &k);
    if (db != NULL)
        conv_bias_backward(s, k.dy, db);
}

typedef struct linear_work {
    int64_t rows, inputs, outputs;
    const BCUE_REAL *x, *w, *bias, *dy;
    BCUE_REAL *y, *dx, *dw;
} linear_work;

static linear_work linear_work_of(const bcue_ref_call *call)
{
    const int64_t inputs = call->in_shape[1].dim[1];
    return (linear_work){.rows = bcue_ref_count(&call->in_shape[0]) / inputs,
                         .inputs = inputs,
                         .outputs = call->in_shape[1].dim[0],
                         .x = call->in[0],
                         .w = call->in[1],
                         .bias = call->in[2],
                         .dy = call->out_gradient,
                         .y = call->out,
                         .dx = call->in_gradient[0],
                         .dw = call->in_gradient[1]};
}

static void linear_row(void *context, size_t row)
{
    const linear_work *k = context;
    const BCUE_REAL *x = k->x + (int64_t)row * k->inputs;
    for (int64_t o = 0; o < k->outputs; o++)
        k->y[(int64_t)row * k->outputs + o] = (BCUE_REAL)((k->bias == NULL ? 0 : (double)k->bias[o]) +
                                                          conv_dot(x, k->w + o * k->inputs, k->inputs, 1));
}

static void linear_forward(const bcue_ref_call *call)
{
    linear_work k = linear_work_of(call);
    bcue_parallel_for((size_t)k.rows, 1, linear_row, &k);
}

/* to[i] += sum over `count` of a[r * step] * b[r * length + i]: a row of a matrix product. */
static void linear_add_rows(const BCUE_REAL *a, int64_t step, const BCUE_REAL *b, int64_t count,
                            int64_t length, BCUE_REAL *to)
{
    double sum[REF_CHUNK];
    for (int64_t from = 0; from < length; from += REF_CHUNK) {
        const int64_t width = conv_least(REF_CHUNK, length - from);
        for (int64_t i = 0; i < width; i++)
            sum[i] = 0;
        for (int64_t r = 0; r < count; r++) {
            const BCUE_REAL *row = b + r * length + from;
            for (int64_t i = 0; i < width; i++)
                sum[i] += (double)a[r * step] * (double)row[i];
        }
        for (int64_t i = 0; i < width; i++)
            to[from + i] += (BCUE_REAL)sum[i];
    }
}

static void linear_input_row(void *context, size_t row)
{
    const linear_work *k = context;
    linear_add_rows(k->dy + (int64_t)row * k->outputs, 1, k->w, k->outputs, k->inputs,
                    k->dx + (int64_t)row * k->inputs);
}

static void linear_weight_row(void *context, size_t o)
{
    const linear_work *k = context;
    linear_add_rows(k->dy + o, k->outputs, k->x, k->rows, k->inputs, k->dw + (int64_t)o * k->inputs);
}

static void linear_backward(const bcue_ref_call *call)
{
    linear_work k = linear_work_of(call);
    BCUE_REAL *db = call->in_gradient[2];
    if (k.dx != NULL)
        bcue_parallel_for((size_t)k.rows, 1, linear_input_row, &k);
    if (k.dw != NULL)
        bcue_parallel_for((size_t)k.outputs, 1, linear_weight_row, &k);
    for (int64_t o = 0; db != NULL && o < k.outputs; o++) {
        double sum = 0;
        for (int64_t r = 0; r < k.rows; r++)
            sum += (double)k.dy[r * k.outputs + o];
        db[o] += (BCUE_REAL)sum;
    }
}
