/* Convolution and linear in BCUE_REAL; sums in double. Included by reference_dispatch.inc.h only. */

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

/* Input row (axis 0) or column (axis 1) that tap `tap` of output position `at` reads; outside 0 .. size-1
 * lies the padding. */
static int64_t conv_input_at(const conv_size *s, int axis, int64_t at, int64_t tap)
{
    return at * s->node->u.conv.stride[axis] - s->node->u.conv.padding[axis] +
           tap * s->node->u.conv.dilation[axis];
}

/* Output position that reads input position `at` with tap `tap`; -1: none. */
static int64_t conv_output_at(const conv_size *s, int axis, int64_t at, int64_t tap)
{
    int64_t from = at + s->node->u.conv.padding[axis] - tap * s->node->u.conv.dilation[axis];
    int64_t stride = s->node->u.conv.stride[axis], size = axis == 0 ? s->out_height : s->out_width;
    return from >= 0 && from % stride == 0 && from / stride < size ? from / stride : -1;
}

static int64_t conv_x(const conv_size *s, int64_t n, int64_t c, int64_t i, int64_t j)
{
    return ((n * s->in_channels + c) * s->height + i) * s->width + j;
}

static int64_t conv_y(const conv_size *s, int64_t n, int64_t c, int64_t i, int64_t j)
{
    return ((n * s->out_channels + c) * s->out_height + i) * s->out_width + j;
}

static int64_t conv_w(const conv_size *s, int64_t o, int64_t c, int64_t i, int64_t j)
{
    return ((o * s->in_per_group + c) * s->taps_y + i) * s->taps_x + j;
}

static double conv_output(const conv_size *s, const BCUE_REAL *x, const BCUE_REAL *w, int64_t n, int64_t o,
                          int64_t i, int64_t j)
{
    int64_t first_channel = o / s->out_per_group * s->in_per_group;
    double sum = 0;
    for (int64_t c = 0; c < s->in_per_group; c++) {
        for (int64_t p = 0; p < s->taps_y; p++) {
            int64_t row = conv_input_at(s, 0, i, p);
            if (row < 0 || row >= s->height)
                continue;
            for (int64_t q = 0; q < s->taps_x; q++) {
                int64_t column = conv_input_at(s, 1, j, q);
                if (column >= 0 && column < s->width)
                    sum += (double)x[conv_x(s, n, first_channel + c, row, column)] *
                           (double)w[conv_w(s, o, c, p, q)];
            }
        }
    }
    return sum;
}

static void conv2d_forward(const bcue_ref_call *call)
{
    const conv_size s = conv_size_of(call);
    const BCUE_REAL *x = call->in[0], *w = call->in[1], *bias = call->in[2];
    BCUE_REAL *y = call->out;
    for (int64_t n = 0; n < s.images; n++) {
        for (int64_t o = 0; o < s.out_channels; o++) {
            double start = bias == NULL ? 0 : (double)bias[o];
            for (int64_t i = 0; i < s.out_height; i++) {
                for (int64_t j = 0; j < s.out_width; j++)
                    y[conv_y(&s, n, o, i, j)] = (BCUE_REAL)(start + conv_output(&s, x, w, n, o, i, j));
            }
        }
    }
}

static double conv_input_gradient(const conv_size *s, const BCUE_REAL *dy, const BCUE_REAL *w, int64_t n,
                                  int64_t c, int64_t row, int64_t column)
{
    int64_t group = c / s->in_per_group;
    double sum = 0;
    for (int64_t p = 0; p < s->taps_y; p++) {
        int64_t i = conv_output_at(s, 0, row, p);
        for (int64_t q = 0; i >= 0 && q < s->taps_x; q++) {
            int64_t j = conv_output_at(s, 1, column, q);
            for (int64_t k = 0; j >= 0 && k < s->out_per_group; k++) {
                int64_t o = group * s->out_per_group + k;
                sum += (double)dy[conv_y(s, n, o, i, j)] * (double)w[conv_w(s, o, c % s->in_per_group, p, q)];
            }
        }
    }
    return sum;
}

static double conv_weight_gradient(const conv_size *s, const BCUE_REAL *dy, const BCUE_REAL *x, int64_t o,
                                   int64_t c, int64_t p, int64_t q)
{
    int64_t channel = o / s->out_per_group * s->in_per_group + c;
    double sum = 0;
    for (int64_t n = 0; n < s->images; n++) {
        for (int64_t i = 0; i < s->out_height; i++) {
            int64_t row = conv_input_at(s, 0, i, p);
            if (row < 0 || row >= s->height)
                continue;
            for (int64_t j = 0; j < s->out_width; j++) {
                int64_t column = conv_input_at(s, 1, j, q);
                if (column >= 0 && column < s->width)
                    sum += (double)dy[conv_y(s, n, o, i, j)] * (double)x[conv_x(s, n, channel, row, column)];
            }
        }
    }
    return sum;
}

static void conv_bias_backward(const conv_size *s, const BCUE_REAL *dy, BCUE_REAL *db)
{
    for (int64_t o = 0; o < s->out_channels; o++) {
        double sum = 0;
        for (int64_t n = 0; n < s->images; n++) {
            for (int64_t k = 0; k < s->out_height * s->out_width; k++)
                sum += (double)dy[conv_y(s, n, o, 0, 0) + k];
        }
        db[o] += (BCUE_REAL)sum;
    }
}

static void conv2d_backward(const bcue_ref_call *call)
{
    const conv_size s = conv_size_of(call);
    const BCUE_REAL *x = call->in[0], *w = call->in[1], *dy = call->out_gradient;
    BCUE_REAL *dx = call->in_gradient[0], *dw = call->in_gradient[1], *db = call->in_gradient[2];
    for (int64_t n = 0; dx != NULL && n < s.images; n++) {
        for (int64_t c = 0; c < s.in_channels; c++) {
            for (int64_t i = 0; i < s.height; i++) {
                for (int64_t j = 0; j < s.width; j++)
                    dx[conv_x(&s, n, c, i, j)] += (BCUE_REAL)conv_input_gradient(&s, dy, w, n, c, i, j);
            }
        }
    }
    for (int64_t o = 0; dw != NULL && o < s.out_channels; o++) {
        for (int64_t c = 0; c < s.in_per_group; c++) {
            for (int64_t p = 0; p < s.taps_y; p++) {
                for (int64_t q = 0; q < s.taps_x; q++)
                    dw[conv_w(&s, o, c, p, q)] += (BCUE_REAL)conv_weight_gradient(&s, dy, x, o, c, p, q);
            }
        }
    }
    if (db != NULL)
        conv_bias_backward(&s, dy, db);
}

static void linear_forward(const bcue_ref_call *call)
{
    int64_t outputs = call->in_shape[1].dim[0], inputs = call->in_shape[1].dim[1];
    int64_t rows = bcue_ref_count(&call->in_shape[0]) / inputs;
    const BCUE_REAL *x = call->in[0], *w = call->in[1], *bias = call->in[2];
    BCUE_REAL *y = call->out;
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t o = 0; o < outputs; o++) {
            double sum = bias == NULL ? 0 : (double)bias[o];
            for (int64_t i = 0; i < inputs; i++)
                sum += (double)x[r * inputs + i] * (double)w[o * inputs + i];
            y[r * outputs + o] = (BCUE_REAL)sum;
        }
    }
}

static void linear_backward(const bcue_ref_call *call)
{
    int64_t outputs = call->in_shape[1].dim[0], inputs = call->in_shape[1].dim[1];
    int64_t rows = bcue_ref_count(&call->in_shape[0]) / inputs;
    const BCUE_REAL *x = call->in[0], *w = call->in[1], *dy = call->out_gradient;
    BCUE_REAL *dx = call->in_gradient[0], *dw = call->in_gradient[1], *db = call->in_gradient[2];
    for (int64_t k = 0; dx != NULL && k < rows * inputs; k++) {
        double sum = 0;
        for (int64_t o = 0; o < outputs; o++)
            sum += (double)dy[k / inputs * outputs + o] * (double)w[o * inputs + k % inputs];
        dx[k] += (BCUE_REAL)sum;
    }
    for (int64_t k = 0; dw != NULL && k < outputs * inputs; k++) {
        double sum = 0;
        for (int64_t r = 0; r < rows; r++)
            sum += (double)dy[r * outputs + k / inputs] * (double)x[r * inputs + k % inputs];
        dw[k] += (BCUE_REAL)sum;
    }
    for (int64_t o = 0; db != NULL && o < outputs; o++) {
        double sum = 0;
        for (int64_t r = 0; r < rows; r++)
            sum += (double)dy[r * outputs + o];
        db[o] += (BCUE_REAL)sum;
    }
}
