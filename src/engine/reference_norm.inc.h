/* Batch norm, layer norm, softmax and dropout in BCUE_REAL; sums in double. Included by
 * reference_dispatch.inc.h only. */

typedef struct norm_size {
    int64_t images, channels, area;
} norm_size;

static norm_size norm_size_of(const bcue_ref_call *call)
{
    const bcue_shape *x = &call->in_shape[0];
    return (norm_size){
        .images = x->dim[0], .channels = x->dim[1], .area = x->rank == 4 ? x->dim[2] * x->dim[3] : 1};
}

/* Sum over one channel of (a - shift), or of its square. */
static double channel_sum(const norm_size *s, int64_t c, const BCUE_REAL *a, double shift, bool square)
{
    double sum = 0;
    for (int64_t n = 0; n < s->images; n++) {
        for (int64_t k = (n * s->channels + c) * s->area; k < (n * s->channels + c + 1) * s->area; k++) {
            double value = (double)a[k] - shift;
            sum += square ? value * value : value;
        }
    }
    return sum;
}

/* Mean and squares of every channel, over this batch and those it is in step with: into call->saved. */
static double sync_statistics(const bcue_ref_call *call, const norm_size *s)
{
    double *sums = call->saved + 2 * s->channels;
    for (int64_t c = 0; c < s->channels; c++) {
        sums[c] = channel_sum(s, c, call->in[0], 0, false);
        sums[s->channels + c] = channel_sum(s, c, call->in[0], 0, true);
    }
    sums[2 * s->channels] = (double)(s->images * s->area);
    call->sync->sum(call->sync->cookie, sums, (size_t)(2 * s->channels + 1));
    return sums[2 * s->channels];
}

/* Normalising takes the biased variance, the running variance the unbiased one (Ioffe and Szegedy 2015,
 * algorithm 2; PyTorch). `count` 0: over this batch alone. */
static void batch_statistics(const bcue_ref_call *call, const norm_size *s, int64_t c, double count,
                             double *mean, double *variance)
{
    double squares;
    if (count > 0) {
        const double *sums = call->saved + 2 * s->channels;
        *mean = sums[c] / count;
        squares = sums[s->channels + c] - count * *mean * *mean;
        squares = squares > 0 ? squares : 0;
    } else {
        count = (double)(s->images * s->area);
        *mean = channel_sum(s, c, call->in[0], 0, false) / count;
        squares = channel_sum(s, c, call->in[0], *mean, true);
    }
    *variance = squares / count;
    BCUE_REAL *running_mean = call->running[0], *running_var = call->running[1];
    double momentum = call->node->u.norm.momentum;
    if (running_mean == NULL)
        return;
    running_mean[c] = (BCUE_REAL)((1 - momentum) * (double)running_mean[c] + momentum * *mean);
    running_var[c] = (BCUE_REAL)((1 - momentum) * (double)running_var[c] + momentum * squares / (count - 1));
}

static void batch_norm_forward(const bcue_ref_call *call)
{
    const norm_size s = norm_size_of(call);
    const BCUE_REAL *x = call->in[0], *weight = call->in[1], *bias = call->in[2];
    BCUE_REAL *y = call->out;
    const double count = call->batch_statistics && call->sync != NULL ? sync_statistics(call, &s) : 0;
    for (int64_t c = 0; c < s.channels; c++) {
        double mean = (double)((const BCUE_REAL *)call->in[3])[c],
               variance = (double)((const BCUE_REAL *)call->in[4])[c];
        if (call->batch_statistics)
            batch_statistics(call, &s, c, count, &mean, &variance);
        double inverse = 1 / sqrt(variance + call->node->u.norm.epsilon);
        if (call->saved != NULL) {
            call->saved[c] = mean;
            call->saved[s.channels + c] = inverse;
        }
        for (int64_t n = 0; n < s.images; n++) {
            for (int64_t k = (n * s.channels + c) * s.area; k < (n * s.channels + c + 1) * s.area; k++)
                y[k] = (BCUE_REAL)(((double)x[k] - mean) * inverse * (double)weight[c] + (double)bias[c]);
        }
    }
}

/* Sums of dy and of dy times the normalised x. */
static void gradient_sums(const bcue_ref_call *call, const norm_size *s, int64_t c, double *sum,
                          double *sum_normal)
{
    const BCUE_REAL *x = call->in[0], *dy = call->out_gradient;
    double mean = call->saved[c], inverse = call->saved[s->channels + c];
    *sum = *sum_normal = 0;
    for (int64_t n = 0; n < s->images; n++) {
        for (int64_t k = (n * s->channels + c) * s->area; k < (n * s->channels + c + 1) * s->area; k++) {
            *sum += (double)dy[k];
            *sum_normal += (double)dy[k] * ((double)x[k] - mean) * inverse;
        }
    }
}

/* Their sums over all batches in step, in units of this batch's loss; returns the rows of all. */
static double sync_gradients(const bcue_ref_call *call, const norm_size *s)
{
    double *sums = call->saved + 2 * s->channels, share = call->sync->share;
    for (int64_t c = 0; c < s->channels; c++) {
        gradient_sums(call, s, c, &sums[c], &sums[s->channels + c]);
        sums[c] *= share;
        sums[s->channels + c] *= share;
    }
    sums[2 * s->channels] = (double)(s->images * s->area);
    call->sync->sum(call->sync->cookie, sums, (size_t)(2 * s->channels + 1));
    for (int64_t c = 0; c < 2 * s->channels; c++)
        sums[c] /= share;
    return sums[2 * s->channels];
}

static void batch_norm_backward(const bcue_ref_call *call)
{
    const norm_size s = norm_size_of(call);
    const BCUE_REAL *x = call->in[0], *weight = call->in[1], *dy = call->out_gradient;
    BCUE_REAL *dx = call->in_gradient[0], *dw = call->in_gradient[1], *db = call->in_gradient[2];
    const bool sync = call->batch_statistics && call->sync != NULL;
    double count = sync ? sync_gradients(call, &s) : (double)(s.images * s.area);
    for (int64_t c = 0; c < s.channels; c++) {
        double mean = call->saved[c], inverse = call->saved[s.channels + c], sum, sum_normal;
        gradient_sums(call, &s, c, &sum, &sum_normal);
        if (dw != NULL)
            dw[c] += (BCUE_REAL)sum_normal;
        if (db != NULL)
            db[c] += (BCUE_REAL)sum;
        if (sync) {
            sum = call->saved[2 * s.channels + c];
            sum_normal = call->saved[3 * s.channels + c];
        }
        double scale = (double)weight[c] * inverse;
        for (int64_t n = 0; dx != NULL && n < s.images; n++) {
            for (int64_t k = (n * s.channels + c) * s.area; k < (n * s.channels + c + 1) * s.area; k++) {
                double through_statistics = (sum + ((double)x[k] - mean) * inverse * sum_normal) / count;
                dx[k] +=
                    (BCUE_REAL)(scale * ((double)dy[k] - (call->batch_statistics ? through_statistics : 0)));
            }
        }
    }
}

static void softmax_forward(const bcue_ref_call *call)
{
    const bcue_ref_axis s = bcue_ref_axis_of(&call->out_shape, call->node->u.axis.axis);
    const BCUE_REAL *x = call->in[0];
    BCUE_REAL *y = call->out;
    for (int64_t row = 0; row < s.outer * s.inner; row++) {
        int64_t start = row / s.inner * s.length * s.inner + row % s.inner, end = start + s.length * s.inner;
        double largest = (double)x[start], sum = 0;
        for (int64_t k = start; k < end; k += s.inner)
            largest = (double)x[k] > largest ? (double)x[k] : largest;
        for (int64_t k = start; k < end; k += s.inner)
            sum += exp((double)x[k] - largest);
        for (int64_t k = start; k < end; k += s.inner)
            y[k] = (BCUE_REAL)(exp((double)x[k] - largest) / sum);
    }
}

static void softmax_backward(const bcue_ref_call *call)
{
    const bcue_ref_axis s = bcue_ref_axis_of(&call->out_shape, call->node->u.axis.axis);
    const BCUE_REAL *y = call->out, *dy = call->out_gradient;
    BCUE_REAL *dx = call->in_gradient[0];
    for (int64_t row = 0; row < s.outer * s.inner; row++) {
        int64_t start = row / s.inner * s.length * s.inner + row % s.inner, end = start + s.length * s.inner;
        double sum = 0;
        for (int64_t k = start; k < end; k += s.inner)
            sum += (double)dy[k] * (double)y[k];
        for (int64_t k = start; k < end; k += s.inner)
            dx[k] += (BCUE_REAL)((double)y[k] * ((double)dy[k] - sum));
    }
}

/* to[k] (+)= from[k] / (1 - p) where kept, 0 elsewhere. */
static void apply_dropout(const bcue_ref_call *call, const BCUE_REAL *from, BCUE_REAL *to, bool add)
{
    int64_t count = bcue_ref_count(&call->out_shape);
    double probability = call->drop ? call->node->u.dropout.probability : 0;
    uint8_t keep[256];
    for (int64_t first = 0; first < count; first += 256) {
        size_t some = count - first < 256 ? (size_t)(count - first) : 256;
        bcue_dropout_mask(&call->key, probability, (size_t)first, some, keep);
        for (size_t k = 0; k < some; k++) {
            double value = keep[k] ? (double)from[(size_t)first + k] / (1 - probability) : 0;
            to[(size_t)first + k] = (BCUE_REAL)(value + (add ? (double)to[(size_t)first + k] : 0));
        }
    }
}

static void layer_norm_moments(const BCUE_REAL *x, int64_t width, double epsilon, double *mean,
                               double *inverse)
{
    double sum = 0, squares = 0;
    for (int64_t c = 0; c < width; c++)
        sum += (double)x[c];
    *mean = sum / (double)width;
    for (int64_t c = 0; c < width; c++)
        squares += ((double)x[c] - *mean) * ((double)x[c] - *mean);
    *inverse = 1 / sqrt(squares / (double)width + epsilon);
}

static void layer_norm_forward(const bcue_ref_call *call)
{
    int64_t width = call->in_shape[1].dim[0], rows = bcue_ref_count(&call->in_shape[0]) / width;
    const BCUE_REAL *weight = call->in[1], *bias = call->in[2];
    for (int64_t r = 0; r < rows; r++) {
        const BCUE_REAL *x = (const BCUE_REAL *)call->in[0] + r * width;
        BCUE_REAL *y = (BCUE_REAL *)call->out + r * width;
        double mean, inverse;
        layer_norm_moments(x, width, call->node->u.norm.epsilon, &mean, &inverse);
        for (int64_t c = 0; c < width; c++)
            y[c] = (BCUE_REAL)(((double)x[c] - mean) * inverse * (double)weight[c] + (double)bias[c]);
    }
}

/* With n the normalised x and g = dy weight: dx = (g - mean(g) - n mean(g n)) / deviation. */
static void layer_norm_backward(const bcue_ref_call *call)
{
    int64_t width = call->in_shape[1].dim[0], rows = bcue_ref_count(&call->in_shape[0]) / width;
    const BCUE_REAL *weight = call->in[1];
    BCUE_REAL *dw = call->in_gradient[1], *db = call->in_gradient[2];
    for (int64_t r = 0; r < rows; r++) {
        const BCUE_REAL *x = (const BCUE_REAL *)call->in[0] + r * width,
                        *dy = (const BCUE_REAL *)call->out_gradient + r * width;
        double mean, inverse, sum = 0, sum_normal = 0;
        layer_norm_moments(x, width, call->node->u.norm.epsilon, &mean, &inverse);
        for (int64_t c = 0; c < width; c++) {
            double normal = ((double)x[c] - mean) * inverse;
            sum += (double)dy[c] * (double)weight[c];
            sum_normal += (double)dy[c] * (double)weight[c] * normal;
            if (dw != NULL)
                dw[c] += (BCUE_REAL)((double)dy[c] * normal);
            if (db != NULL)
                db[c] += dy[c];
        }
        for (int64_t c = 0; call->in_gradient[0] != NULL && c < width; c++) {
            double normal = ((double)x[c] - mean) * inverse, own = (double)dy[c] * (double)weight[c];
            ((BCUE_REAL *)call->in_gradient[0])[r * width + c] +=
                (BCUE_REAL)((own - (sum + normal * sum_normal) / (double)width) * inverse);
        }
    }
}
