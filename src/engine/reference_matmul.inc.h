/* Batched matrix product and attention in BCUE_REAL; sums in double. Included by reference_dispatch.inc.h
 * only. */

/* Where the batches of a, b and the result start, and how their rows and columns lie. */
typedef struct matmul_size {
    int64_t batches, rows, columns, inner;
    int64_t row_a, inner_a, inner_b, column_b; /* steps */
    bcue_shape batch;
    int64_t batch_a[BCUE_MAX_RANK], batch_b[BCUE_MAX_RANK];
} matmul_size;

static matmul_size matmul_size_of(const bcue_ref_call *call)
{
    bcue_shape a = call->in_shape[0], b = call->in_shape[1];
    bool turn_a = call->node->u.matmul.transpose_a, turn_b = call->node->u.matmul.transpose_b;
    matmul_size s = {.batch = call->out_shape};
    s.rows = call->out_shape.dim[call->out_shape.rank - 2];
    s.columns = call->out_shape.dim[call->out_shape.rank - 1];
    s.inner = a.dim[a.rank - (turn_a ? 2 : 1)];
    s.row_a = turn_a ? 1 : s.inner;
    s.inner_a = turn_a ? s.rows : 1;
    s.inner_b = turn_b ? 1 : s.columns;
    s.column_b = turn_b ? s.inner : 1;
    s.batch.rank -= 2;
    a.rank -= 2;
    b.rank -= 2;
    bcue_ref_broadcast_strides(&a, s.batch.rank, s.batch_a);
    bcue_ref_broadcast_strides(&b, s.batch.rank, s.batch_b);
    s.batches = bcue_ref_count(&s.batch);
    return s;
}

static void matmul_forward(const bcue_ref_call *call)
{
    const matmul_size s = matmul_size_of(call);
    BCUE_REAL *y = call->out;
    for (int64_t n = 0; n < s.batches; n++) {
        const BCUE_REAL *a = (const BCUE_REAL *)call->in[0] +
                             bcue_ref_offset(&s.batch, s.batch_a, n) * s.rows * s.inner,
                        *b = (const BCUE_REAL *)call->in[1] +
                             bcue_ref_offset(&s.batch, s.batch_b, n) * s.inner * s.columns;
        for (int64_t i = 0; i < s.rows; i++) {
            for (int64_t j = 0; j < s.columns; j++) {
                double sum = 0;
                for (int64_t k = 0; k < s.inner; k++)
                    sum += (double)a[i * s.row_a + k * s.inner_a] * (double)b[k * s.inner_b + j * s.column_b];
                y[(n * s.rows + i) * s.columns + j] = (BCUE_REAL)sum;
            }
        }
    }
}

static void matmul_backward(const bcue_ref_call *call)
{
    const matmul_size s = matmul_size_of(call);
    for (int64_t n = 0; n < s.batches; n++) {
        int64_t at_a = bcue_ref_offset(&s.batch, s.batch_a, n) * s.rows * s.inner,
                at_b = bcue_ref_offset(&s.batch, s.batch_b, n) * s.inner * s.columns;
        const BCUE_REAL *a = (const BCUE_REAL *)call->in[0] + at_a,
                        *b = (const BCUE_REAL *)call->in[1] + at_b,
                        *dy = (const BCUE_REAL *)call->out_gradient + n * s.rows * s.columns;
        BCUE_REAL *da = call->in_gradient[0], *db = call->in_gradient[1];
        for (int64_t at = 0; da != NULL && at < s.rows * s.inner; at++) {
            int64_t i = at / s.inner, k = at % s.inner;
            double sum = 0;
            for (int64_t j = 0; j < s.columns; j++)
                sum += (double)dy[i * s.columns + j] * (double)b[k * s.inner_b + j * s.column_b];
            da[at_a + i * s.row_a + k * s.inner_a] += (BCUE_REAL)sum;
        }
        for (int64_t at = 0; db != NULL && at < s.inner * s.columns; at++) {
            int64_t k = at / s.columns, j = at % s.columns;
            double sum = 0;
            for (int64_t i = 0; i < s.rows; i++)
                sum += (double)a[i * s.row_a + k * s.inner_a] * (double)dy[i * s.columns + j];
            db[at_b + k * s.inner_b + j * s.column_b] += (BCUE_REAL)sum;
        }
    }
}

/* One query with the keys and values of its head. */
typedef struct attention_row {
    int64_t keys, width, value_width, head, query, queries; /* head: among all */
    const BCUE_REAL *q, *k, *v;
    double scale, log_sum, keep_probability;
} attention_row;

static double attention_score(const attention_row *r, int64_t s)
{
    double sum = 0;
    for (int64_t i = 0; i < r->width; i++)
        sum += (double)r->q[i] * (double)r->k[s * r->width + i];
    return r->scale * sum;
}

static attention_row attention_row_of(const bcue_ref_call *call, int64_t row)
{
    const int64_t *q = call->in_shape[0].dim, *v = call->in_shape[2].dim;
    int64_t head = row / q[2];
    attention_row r = {.keys = v[2],
                       .width = q[3],
                       .value_width = v[3],
                       .head = head,
                       .query = row % q[2],
                       .queries = q[2],
                       .q = (const BCUE_REAL *)call->in[0] + row * q[3],
                       .k = (const BCUE_REAL *)call->in[1] + head * v[2] * q[3],
                       .v = (const BCUE_REAL *)call->in[2] + head * v[2] * v[3],
                       .scale = call->node->u.attention.scale,
                       .keep_probability = 1 - (call->drop ? call->node->u.attention.dropout : 0)};
    double largest = attention_score(&r, 0), sum = 0;
    for (int64_t s = 1; s < r.keys; s++)
        largest = fmax(largest, attention_score(&r, s));
    for (int64_t s = 0; s < r.keys; s++)
        sum += exp(attention_score(&r, s) - largest);
    r.log_sum = largest + log(sum);
    return r;
}

static double attention_probability(const attention_row *r, int64_t s)
{
    return exp(attention_score(r, s) - r->log_sum);
}

/* What dropout multiplies probability s with. */
static double attention_keep(const bcue_ref_call *call, const attention_row *r, int64_t s)
{
    uint8_t keep = 1;
    if (call->drop && call->node->u.attention.dropout > 0)
        bcue_dropout_mask(&call->key, call->node->u.attention.dropout,
                          2 * bcue_dropout_pair_of((size_t)r->head, (size_t)s, (size_t)r->query,
                                                   (size_t)r->keys, (size_t)r->queries) +
                              (size_t)(s % 2),
                          1, &keep);
    return keep / r->keep_probability;
}

enum { ATTENTION_BLOCK = 64 }; /* output elements summed at once */

static void attention_forward(const bcue_ref_call *call)
{
    int64_t width = call->out_shape.dim[3], rows = bcue_ref_count(&call->out_shape) / width;
    for (int64_t row = 0; row < rows; row++) {
        const attention_row r = attention_row_of(call, row);
        BCUE_REAL *y = (BCUE_REAL *)call->out + row * width;
        for (int64_t start = 0; start < width; start += ATTENTION_BLOCK) {
            int64_t some = width - start < ATTENTION_BLOCK ? width - start : ATTENTION_BLOCK;
            double sum[ATTENTION_BLOCK] = {0};
            for (int64_t s = 0; s < r.keys; s++) {
                double p = attention_probability(&r, s) * attention_keep(call, &r, s);
                for (int64_t e = 0; e < some; e++)
                    sum[e] += p * (double)r.v[s * width + start + e];
            }
            for (int64_t e = 0; e < some; e++)
                y[start + e] = (BCUE_REAL)sum[e];
        }
    }
}

/* With p the probabilities, m what dropout multiplies them with, and g = dy . v: dv = p m dy, and the
   gradient of a score is p (m g - sum(p m g)), where that sum is dy . y. */
static void attention_backward(const bcue_ref_call *call)
{
    int64_t width = call->out_shape.dim[3], rows = bcue_ref_count(&call->out_shape) / width;
    for (int64_t row = 0; row < rows; row++) {
        const attention_row r = attention_row_of(call, row);
        int64_t head = row / call->out_shape.dim[2];
        const BCUE_REAL *y = (const BCUE_REAL *)call->out + row * width,
                        *dy = (const BCUE_REAL *)call->out_gradient + row * width;
        BCUE_REAL *dq = call->in_gradient[0], *dk = call->in_gradient[1], *dv = call->in_gradient[2];
        double through_sum = 0;
        for (int64_t e = 0; e < width; e++)
            through_sum += (double)dy[e] * (double)y[e];
        for (int64_t s = 0; s < r.keys; s++) {
            double p = attention_probability(&r, s), keep = attention_keep(call, &r, s), g = 0;
            for (int64_t e = 0; e < width; e++)
                g += (double)dy[e] * (double)r.v[s * width + e];
            double slope = p * (keep * g - through_sum) * r.scale;
            for (int64_t e = 0; dv != NULL && e < width; e++)
                dv[(head * r.keys + s) * width + e] += (BCUE_REAL)(p * keep * (double)dy[e]);
            for (int64_t i = 0; dq != NULL && i < r.width; i++)
                dq[row * r.width + i] += (BCUE_REAL)(slope * (double)r.k[s * r.width + i]);
            for (int64_t i = 0; dk != NULL && i < r.width; i++)
                dk[(head * r.keys + s) * r.width + i] += (BCUE_REAL)(slope * (double)r.q[i]);
        }
    }
}
