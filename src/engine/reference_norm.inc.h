/* Batch norm, softmax, dropout and cross-entropy in BCUE_REAL; sums in double. Included by
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

/* Normalising takes the biased variance, the running variance the unbiased one (Ioffe and Szegedy 2015,
 * algorithm 2; PyTorch). */
static void batch_statistics(const bcue_ref_call *call, const norm_size *s, int64_t c, double *mean,
                             double *variance)
{
    const BCUE_REAL *x = call->in[0];
    double sum = 0, squares = 0, count = (double)(s->images * s->area);
    for (int64_t n = 0; n < s->images; n++) {
        for (int64_t k = 0; k < s->area; k++)
            sum += (double)x[(n * s->channels + c) * s->area + k];
    }
    *mean = sum / count;
    for (int64_t n = 0; n < s->images; n++) {
        for (int64_t k = 0; k < s->area; k++) {
            double away = (double)x[(n * s->channels + c) * s->area + k] - *mean;
            squares += away * away;
        }
    }
    *variance = squares / count;
    BCUE_REAL *running_mean = call->running[0], *running_var = call->running[1];
    double momentum = call->node->u.norm.momentum;
    running_mean[c] = (BCUE_REAL)((1 - momentum) * (double)running_mean[c] + momentum * *mean);
    running_var[c] = (BCUE_REAL)((1 - momentum) * (double)running_var[c] + momentum * squares / (count - 1));
}

static void batch_norm_forward(const bcue_ref_call *call)
{
    const norm_size s = norm_size_of(call);
    const BCUE_REAL *x = call->in[0], *weight = call->in[1], *bias = call->in[2];
    BCUE_REAL *y = call->out;
    for (int64_t c = 0; c < s.channels; c++) {
        double mean = (double)((const BCUE_REAL *)call->in[3])[c],
               variance = (double)((const BCUE_REAL *)call->in[4])[c];
        if (call->batch_statistics)
            batch_statistics(call, &s, c, &mean, &variance);
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

static void batch_norm_backward(const bcue_ref_call *call)
{
    const norm_size s = norm_size_of(call);
    const BCUE_REAL *x = call->in[0], *weight = call->in[1], *dy = call->out_gradient;
    BCUE_REAL *dx = call->in_gradient[0], *dw = call->in_gradient[1], *db = call->in_gradient[2];
    double count = (double)(s.images * s.area);
    for (int64_t c = 0; c < s.channels; c++) {
        double mean = call->saved[c], inverse = call->saved[s.channels + c], sum = 0, sum_normal = 0;
        for (int64_t n = 0; n < s.images; n++) {
            for (int64_t k = (n * s.channels + c) * s.area; k < (n * s.channels + c + 1) * s.area; k++) {
                sum += (double)dy[k];
                sum_normal += (double)dy[k] * ((double)x[k] - mean) * inverse;
            }
        }
        if (dw != NULL)
            dw[c] += (BCUE_REAL)sum_normal;
        if (db != NULL)
            db[c] += (BCUE_REAL)sum;
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

static double row_weight(const bcue_ref_call *call, int64_t row)
{
    const BCUE_REAL *weight = call->in[2];
    return weight == NULL ? 1 : (double)weight[row];
}

static double target_probability(const bcue_ref_call *call, int64_t row, int64_t c, int64_t classes)
{
    double smoothing = call->node->u.loss.label_smoothing;
    double target = call->labels ? (double)(((const int32_t *)call->in[1])[row] == c)
                                 : (double)((const BCUE_REAL *)call->in[1])[row * classes + c];
    return (1 - smoothing) * target + smoothing / (double)classes;
}

/* log(sum of exp(x)) of one row, safe against overflow. */
static double log_sum_exp(const BCUE_REAL *x, int64_t count)
{
    double largest = (double)x[0], sum = 0;
    for (int64_t c = 1; c < count; c++)
        largest = (double)x[c] > largest ? (double)x[c] : largest;
    for (int64_t c = 0; c < count; c++)
        sum += exp((double)x[c] - largest);
    return largest + log(sum);
}

/* Rows of weight 0 count for nothing, whatever their label. */
static bcue_status check_rows(const bcue_ref_call *call, int64_t rows, int64_t classes, bcue_error *error)
{
    for (int64_t r = 0; r < rows; r++) {
        double weight = row_weight(call, r);
        if (!(weight >= 0))
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "%s: the weight of row %" PRId64 " is %g; it must be at least 0",
                             call->node->name, r, weight);
        int32_t label = call->labels ? ((const int32_t *)call->in[1])[r] : 0;
        if (weight > 0 && (label < 0 || label >= classes))
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "%s: the label of row %" PRId64 " is %" PRId32 ", but there are %" PRId64
                             " classes",
                             call->node->name, r, label, classes);
    }
    return BCUE_OK;
}

static bcue_status cross_entropy_forward(const bcue_ref_call *call, bcue_error *error)
{
    int64_t rows = call->in_shape[0].dim[0], classes = call->in_shape[0].dim[1];
    const BCUE_REAL *x = call->in[0];
    double sum = 0, total_weight = 0;
    BCUE_TRY(check_rows(call, rows, classes, error));
    for (int64_t r = 0; r < rows; r++) {
        double weight = row_weight(call, r), norm = log_sum_exp(x + r * classes, classes), loss = 0;
        for (int64_t c = 0; weight > 0 && c < classes; c++)
            loss += target_probability(call, r, c, classes) * (norm - (double)x[r * classes + c]);
        sum += weight * loss;
        total_weight += weight;
    }
    *(BCUE_REAL *)call->out = (BCUE_REAL)(total_weight > 0 ? sum / total_weight : 0);
    return BCUE_OK;
}

static void cross_entropy_backward(const bcue_ref_call *call)
{
    int64_t rows = call->in_shape[0].dim[0], classes = call->in_shape[0].dim[1];
    const BCUE_REAL *x = call->in[0];
    BCUE_REAL *dx = call->in_gradient[0];
    double total_weight = 0, dy = (double)*(const BCUE_REAL *)call->out_gradient;
    for (int64_t r = 0; r < rows; r++)
        total_weight += row_weight(call, r);
    for (int64_t r = 0; r < rows; r++) {
        double weight = row_weight(call, r), norm = log_sum_exp(x + r * classes, classes), target_sum = 0;
        for (int64_t c = 0; c < classes; c++)
            target_sum += target_probability(call, r, c, classes);
        for (int64_t c = 0; weight > 0 && c < classes; c++) {
            double probability = exp((double)x[r * classes + c] - norm);
            double slope = probability * target_sum - target_probability(call, r, c, classes);
            dx[r * classes + c] += (BCUE_REAL)(dy * weight / total_weight * slope);
        }
    }
}
