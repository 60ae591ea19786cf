/* Losses in BCUE_REAL; sums in double. Included by reference_dispatch.inc.h only. */

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

/* log(sum of exp(x / temperature)) of one row, safe against overflow. */
static double log_sum_exp(const BCUE_REAL *x, int64_t count, double temperature)
{
    double largest = (double)x[0], sum = 0;
    for (int64_t c = 1; c < count; c++)
        largest = (double)x[c] > largest ? (double)x[c] : largest;
    for (int64_t c = 0; c < count; c++)
        sum += exp(((double)x[c] - largest) / temperature);
    return largest / temperature + log(sum);
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

/* ---- each loss: its value for row r, and its slope by element c of that row ---- */

typedef struct loss_row {
    const bcue_ref_call *call;
    int64_t row, width;          /* elements per row */
    const BCUE_REAL *x, *target; /* of the row; target NULL: labels */
    int64_t label;
    double norm, target_norm, target_sum; /* log of the softmax's denominators; sum of the target */
} loss_row;

static double cross_entropy_value(const loss_row *r)
{
    double loss = 0;
    for (int64_t c = 0; c < r->width; c++)
        loss += target_probability(r->call, r->row, c, r->width) * (r->norm - (double)r->x[c]);
    return loss;
}

static double cross_entropy_slope(const loss_row *r, int64_t c)
{
    return exp((double)r->x[c] - r->norm) * r->target_sum - target_probability(r->call, r->row, c, r->width);
}

static double focal_softmax_value(const loss_row *r)
{
    double log_p = (double)r->x[r->label] - r->norm;
    return -pow(-expm1(log_p), r->call->node->u.loss.gamma) * log_p;
}

/* d/dlog p = gamma p (1-p)^(gamma-1) log p - (1-p)^gamma, and dlog p/dx[c] = [c = label] - softmax(x)[c]. */
static double focal_softmax_slope(const loss_row *r, int64_t c)
{
    double log_p = (double)r->x[r->label] - r->norm, gamma = r->call->node->u.loss.gamma;
    double p = exp(log_p), rest = -expm1(log_p);
    double turn = gamma > 0 && rest > 0 ? gamma * p * pow(rest, gamma - 1) * log_p : 0;
    return (turn - pow(rest, gamma)) * ((double)(c == r->label) - exp((double)r->x[c] - r->norm));
}

/* log(1 + exp(x)) */
static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static double focal_sigmoid_value(const loss_row *r)
{
    double sum = 0, alpha = r->call->node->u.loss.alpha, gamma = r->call->node->u.loss.gamma;
    for (int64_t c = 0; c < r->width; c++) {
        double x = (double)r->x[c], t = (double)r->target[c], p = 1 / (1 + exp(-x));
        double away = p + t - 2 * p * t; /* 1 - q */
        sum += (alpha * t + (1 - alpha) * (1 - t)) * pow(away, gamma) * (softplus(x) - t * x);
    }
    return sum;
}

static double focal_sigmoid_slope(const loss_row *r, int64_t c)
{
    double alpha = r->call->node->u.loss.alpha, gamma = r->call->node->u.loss.gamma;
    double x = (double)r->x[c], t = (double)r->target[c], p = 1 / (1 + exp(-x));
    double away = p + t - 2 * p * t;
    double turn = gamma > 0 && away > 0
                      ? gamma * pow(away, gamma - 1) * (1 - 2 * t) * p * (1 - p) * (softplus(x) - t * x)
                      : 0;
    return (alpha * t + (1 - alpha) * (1 - t)) * (turn + pow(away, gamma) * (p - t));
}

static double mse_value(const loss_row *r)
{
    double sum = 0;
    for (int64_t c = 0; c < r->width; c++) {
        double away = (double)r->x[c] - (double)r->target[c];
        sum += away * away;
    }
    return sum / (double)r->width;
}

static double mse_slope(const loss_row *r, int64_t c)
{
    return 2 * ((double)r->x[c] - (double)r->target[c]) / (double)r->width;
}

static double smooth_l1_value(const loss_row *r)
{
    double sum = 0, beta = r->call->node->u.loss.beta;
    for (int64_t c = 0; c < r->width; c++) {
        double away = fabs((double)r->x[c] - (double)r->target[c]);
        sum += away < beta ? away * away / (2 * beta) : away - beta / 2;
    }
    return sum / (double)r->width;
}

static double smooth_l1_slope(const loss_row *r, int64_t c)
{
    double away = (double)r->x[c] - (double)r->target[c], beta = r->call->node->u.loss.beta;
    double slope = fabs(away) < beta ? away / beta : away > 0 ? 1 : -1;
    return slope / (double)r->width;
}

static double kl_distill_value(const loss_row *r)
{
    double sum = 0, warm = r->call->node->u.loss.temperature;
    for (int64_t c = 0; c < r->width; c++) {
        double log_s = (double)r->x[c] / warm - r->norm, log_t = (double)r->target[c] / warm - r->target_norm;
        sum += exp(log_t) * (log_t - log_s);
    }
    return warm * warm * sum;
}

static double kl_distill_slope(const loss_row *r, int64_t c)
{
    double warm = r->call->node->u.loss.temperature;
    return warm * (exp((double)r->x[c] / warm - r->norm) - exp((double)r->target[c] / warm - r->target_norm));
}

/* Here `target` is the log variance. */
static double gaussian_kl_value(const loss_row *r)
{
    double sum = 0;
    for (int64_t c = 0; c < r->width; c++) {
        double mean = (double)r->x[c], log_variance = (double)r->target[c];
        sum += 0.5 * (mean * mean + exp(log_variance) - 1 - log_variance);
    }
    return sum;
}

static double loss_value(const loss_row *r)
{
    switch (r->call->node->op) {
    case BCUE_OP_FOCAL_SOFTMAX:
        return focal_softmax_value(r);
    case BCUE_OP_FOCAL_SIGMOID:
        return focal_sigmoid_value(r);
    case BCUE_OP_MSE:
        return mse_value(r);
    case BCUE_OP_SMOOTH_L1:
        return smooth_l1_value(r);
    case BCUE_OP_KL_DISTILL:
        return kl_distill_value(r);
    case BCUE_OP_GAUSSIAN_KL:
        return gaussian_kl_value(r);
    default:
        return cross_entropy_value(r);
    }
}

static double loss_slope(const loss_row *r, int64_t c)
{
    switch (r->call->node->op) {
    case BCUE_OP_FOCAL_SOFTMAX:
        return focal_softmax_slope(r, c);
    case BCUE_OP_FOCAL_SIGMOID:
        return focal_sigmoid_slope(r, c);
    case BCUE_OP_MSE:
        return mse_slope(r, c);
    case BCUE_OP_SMOOTH_L1:
        return smooth_l1_slope(r, c);
    case BCUE_OP_KL_DISTILL:
        return kl_distill_slope(r, c);
    case BCUE_OP_GAUSSIAN_KL:
        return (double)r->x[c];
    default:
        return cross_entropy_slope(r, c);
    }
}

/* ---- the weighted mean of the rows ---- */

static int64_t loss_width(const bcue_ref_call *call)
{
    return bcue_ref_count(&call->in_shape[0]) / call->in_shape[0].dim[0];
}

static loss_row loss_row_of(const bcue_ref_call *call, int64_t row)
{
    int64_t width = loss_width(call);
    loss_row r = {
        .call = call, .row = row, .width = width, .x = (const BCUE_REAL *)call->in[0] + row * width};
    bcue_op op = call->node->op;
    if (call->labels)
        r.label = ((const int32_t *)call->in[1])[row];
    else
        r.target = (const BCUE_REAL *)call->in[1] + row * width;
    double warm = op == BCUE_OP_KL_DISTILL ? call->node->u.loss.temperature : 1;
    if (op == BCUE_OP_KL_DISTILL || op == BCUE_OP_CROSS_ENTROPY || op == BCUE_OP_FOCAL_SOFTMAX)
        r.norm = log_sum_exp(r.x, width, warm);
    if (op == BCUE_OP_KL_DISTILL)
        r.target_norm = log_sum_exp(r.target, width, warm);
    for (int64_t c = 0; op == BCUE_OP_CROSS_ENTROPY && c < width; c++)
        r.target_sum += target_probability(call, row, c, width);
    return r;
}

static bcue_status loss_forward(const bcue_ref_call *call, bcue_error *error)
{
    int64_t rows = call->in_shape[0].dim[0];
    double sum = 0, total_weight = 0;
    BCUE_TRY(check_rows(call, rows, loss_width(call), error));
    for (int64_t row = 0; row < rows; row++) {
        double weight = row_weight(call, row);
        if (weight > 0) {
            const loss_row r = loss_row_of(call, row);
            sum += weight * loss_value(&r);
            total_weight += weight;
        }
    }
    *(BCUE_REAL *)call->out = (BCUE_REAL)(total_weight > 0 ? sum / total_weight : 0);
    return BCUE_OK;
}

static void loss_backward(const bcue_ref_call *call)
{
    int64_t rows = call->in_shape[0].dim[0], width = loss_width(call);
    BCUE_REAL *dx = call->in_gradient[0], *dt = call->in_gradient[1]; /* dt: Gaussian KL only */
    double total_weight = 0, dy = (double)*(const BCUE_REAL *)call->out_gradient;
    for (int64_t row = 0; row < rows; row++)
        total_weight += row_weight(call, row);
    for (int64_t row = 0; row < rows; row++) {
        double share = row_weight(call, row) / total_weight;
        if (!(share > 0))
            continue;
        const loss_row r = loss_row_of(call, row);
        for (int64_t c = 0; dx != NULL && c < width; c++)
            dx[row * width + c] += (BCUE_REAL)(dy * share * loss_slope(&r, c));
        for (int64_t c = 0; dt != NULL && c < width; c++)
            dt[row * width + c] += (BCUE_REAL)(dy * share * 0.5 * (exp((double)r.target[c]) - 1));
    }
}
