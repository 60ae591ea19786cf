/* Attention on tiles, written once for all vector widths. The including file defines vec, LANES,
   TILE_VECTORS, MAX_COLUMNS, ROWS_OF(columns), ATTENTION_KERNELS and vec_load, vec_store, vec_set1, vec_add,
   vec_sub, vec_mul, vec_div, vec_max, vec_fma (a b + c) and vec_round (to nearest), vec_scale (p 2^n for an
   integral n).

   A tile is TILE_VECTORS * LANES queries of one head. Its scores lie with the queries contiguous,
   [key][query], so that the softmax runs down the keys in all lanes at once, and both products are outer
   products of a broadcast element and vectors. */
#include <math.h>
#include <string.h>
#include "engine/attention.h"

#define INLINE static inline __attribute__((always_inline))
enum { TILE = TILE_VECTORS * LANES };

/* 2^x for x <= 0: x = n + r with |r| <= 1/2, a polynomial of degree 6 for 2^r (Remez; relative error 1.9e-9
   before rounding), scaled by 2^n. */
INLINE vec vec_exp2(vec x)
{
    vec n = vec_round(x), r = vec_sub(x, n);
    vec p = vec_set1(0.000153458134838F);
    p = vec_fma(p, r, vec_set1(0.00133999312496F));
    p = vec_fma(p, r, vec_set1(0.00961848895815F));
    p = vec_fma(p, r, vec_set1(0.0555032877731F));
    p = vec_fma(p, r, vec_set1(0.240226468905F));
    p = vec_fma(p, r, vec_set1(0.693147205736F));
    p = vec_fma(p, r, vec_set1(1.0F));
    return vec_scale(p, n);
}

static void exp2_lanes(const float *x, float *y)
{
    vec_store(y, vec_exp2(vec_load(x)));
}

/* ---- products: C[rows][columns] (+)= A B, A[r][k] at a[r row_step + k k_step], B and C with contiguous
 * columns ---- */

typedef struct product {
    int64_t inner; /* k = 0 .. inner-1 */
    const float *a;
    int64_t row_step, k_step;
    const float *b;
    int64_t b_step;
    float *c;
    int64_t c_step;
    bool add;
} product;

/* `rows` and `columns` (vectors) are constants wherever this is called. */
INLINE void block(const product *p, int rows, int columns)
{
    vec sum[14][4];
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int c = 0; c < columns; c++)
            sum[r][c] = p->add ? vec_load(p->c + r * p->c_step + c * LANES) : vec_set1(0);
    const float *a = p->a, *b = p->b;
    int64_t row_step = p->row_step, k_step = p->k_step, b_step = p->b_step;
    for (int64_t k = p->inner; k > 0; k--) {
        vec line[4];
#pragma GCC unroll 4
        for (int c = 0; c < columns; c++)
            line[c] = vec_load(b + c * LANES);
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++) {
            vec element = vec_set1(a[r * row_step]);
#pragma GCC unroll 4
            for (int c = 0; c < columns; c++)
                sum[r][c] = vec_fma(element, line[c], sum[r][c]);
        }
        a += k_step;
        b += b_step;
    }
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int c = 0; c < columns; c++)
            vec_store(p->c + r * p->c_step + c * LANES, sum[r][c]);
}

/* One column of blocks, all rows. The step that is 1 is passed as a constant, which saves address registers.
 */
INLINE void strip(product p, int64_t rows, int most, int columns)
{
    for (; rows >= most; rows -= most) {
        block(&p, most, columns);
        p.a += most * p.row_step;
        p.c += most * p.c_step;
    }
    for (; rows >= 4; rows -= 4) {
        block(&p, 4, columns);
        p.a += 4 * p.row_step;
        p.c += 4 * p.c_step;
    }
    for (; rows > 0; rows--) {
        block(&p, 1, columns);
        p.a += p.row_step;
        p.c += p.c_step;
    }
}

INLINE void strips(product p, int64_t rows, int64_t vectors)
{
    while (vectors > 0) {
        int columns = vectors < MAX_COLUMNS ? (int)vectors : MAX_COLUMNS;
        if (columns == 1)
            strip(p, rows, ROWS_OF(1), 1);
        else if (columns == 2)
            strip(p, rows, ROWS_OF(2), 2);
        else if (columns == 3)
            strip(p, rows, ROWS_OF(3), 3);
        else
            strip(p, rows, ROWS_OF(4), 4);
        p.b += columns * LANES;
        p.c += columns * LANES;
        vectors -= columns;
    }
}

/* A's rows are contiguous. */
__attribute__((noinline)) static void multiply(product p, int64_t rows, int64_t vectors)
{
    p.k_step = 1;
    strips(p, rows, vectors);
}

/* A's columns are contiguous: the product with the transpose. */
__attribute__((noinline)) static void multiply_turned(product p, int64_t rows, int64_t vectors)
{
    p.row_step = 1;
    strips(p, rows, vectors);
}

/* ---- a tile ---- */

typedef struct tile {
    const bcue_attention_shape *shape;
    int64_t head, first, count; /* head among all; queries first .. first + count - 1 */
    int64_t columns;            /* count, rounded up to whole vectors */
    const float *q, *k, *v;     /* of the head */
} tile;

static int64_t tiles_per_head(const bcue_attention_shape *s)
{
    return (s->queries + TILE - 1) / TILE;
}

static int64_t forward_units(const bcue_attention_shape *s)
{
    return s->batch * s->heads * tiles_per_head(s);
}

static int64_t side_at(const bcue_attention_shape *s, const bcue_attention_side *side, int64_t head)
{
    return head / s->heads * side->batch + head % s->heads * side->head;
}

static tile tile_of(const bcue_attention_run *run, int64_t head, int64_t number)
{
    const bcue_attention_shape *s = run->shape;
    tile t = {.shape = s, .head = head, .first = number * TILE};
    t.count = s->queries - t.first < TILE ? s->queries - t.first : TILE;
    t.columns = (t.count + LANES - 1) / LANES * LANES;
    t.q = run->q + side_at(s, &s->q, head) + t.first * s->q.token;
    t.k = run->k + side_at(s, &s->k, head);
    t.v = run->v + side_at(s, &s->v, head);
    return t;
}

/* turned[i][query] = rows[query][i] * factor, padded with zeros. */
static void turn(const tile *t, const float *rows, int64_t step, int64_t width, float factor, float *turned)
{
    for (int64_t i = 0; i < width; i++) {
        for (int64_t j = 0; j < t->count; j++)
            turned[i * t->columns + j] = rows[j * step + i] * factor;
        for (int64_t j = t->count; j < t->columns; j++)
            turned[i * t->columns + j] = 0;
    }
}

/* The tile's queries, scaled so that their products with the keys are scores in units of ln 2: the softmax
   then takes powers of 2. */
static void turn_queries(const tile *t, float *turned)
{
    turn(t, t->q, t->shape->q.token, t->shape->width, t->shape->scale * 1.44269504088896340736F, turned);
}

/* scores[key][query] for keys first .. stop - 1 */
static void make_scores(const tile *t, int64_t first, int64_t stop, const float *turned, float *scores)
{
    const bcue_attention_shape *s = t->shape;
    multiply((product){.inner = s->width,
                       .a = t->k + first * s->k.token,
                       .row_step = s->k.token,
                       .b = turned,
                       .b_step = t->columns,
                       .c = scores + first * t->columns,
                       .c_step = t->columns},
             stop - first, t->columns / LANES);
}

enum {
    SOME_KEYS = 64
}; /* whose scores stay in the first-level cache; sums of so many terms are summed again, which
      keeps rounding small */

static int64_t end_of(int64_t first, int64_t some, int64_t keys)
{
    return keys - first < some ? keys : first + some;
}

/* All scores, and the largest per query. */
static void scores_and_largest(const tile *t, const float *turned, float *scores, float *largest)
{
    int64_t keys = t->shape->keys, step = t->columns;
    for (int64_t first = 0; first < keys; first += SOME_KEYS) {
        int64_t stop = end_of(first, SOME_KEYS, keys);
        make_scores(t, first, stop, turned, scores);
        for (int64_t j = 0; j < step; j += LANES) {
            vec most = vec_load(first == 0 ? scores + j : largest + j);
            for (int64_t s = first; s < stop; s++)
                most = vec_max(most, vec_load(scores + s * step + j));
            vec_store(largest + j, most);
        }
    }
}

/* Scores of keys first .. stop - 1 become 2^(score - largest), which are added to the sums per query. */
static void exponentials(const tile *t, int64_t first, int64_t stop, const float *largest, float *scores,
                         float *sums)
{
    int64_t step = t->columns;
    for (int64_t j = 0; j < step; j += LANES) {
        vec most = vec_load(largest + j), part = vec_set1(0);
        for (int64_t s = first; s < stop; s++) {
            vec p = vec_exp2(vec_sub(vec_load(scores + s * step + j), most));
            part = vec_add(part, p);
            vec_store(scores + s * step + j, p);
        }
        vec_store(sums + j, first == 0 ? part : vec_add(vec_load(sums + j), part));
    }
}

/* What dropout multiplies each probability with, [key][query]. */
static void make_factors(const tile *t, const bcue_dropout_stream *stream, float *factors)
{
    const bcue_attention_shape *s = t->shape;
    float scale = (float)(1 / (1 - s->dropout));
    uint8_t keep[2][TILE] = {{0}};
    for (int64_t key = 0; key < s->keys; key += 2) {
        const size_t pair = bcue_dropout_pair_of((size_t)t->head, (size_t)key, (size_t)t->first,
                                                 (size_t)s->keys, (size_t)s->queries);
        bcue_dropout_pairs(stream, pair, (size_t)t->count, keep[0], keep[1]);
        for (int64_t row = key; row < s->keys && row < key + 2; row++)
            for (int64_t j = 0; j < t->columns; j++)
                factors[row * t->columns + j] = keep[row - key][j] ? scale : 0;
    }
}

static void multiply_all(float *x, const float *y, int64_t count)
{
    for (int64_t i = 0; i < count; i += LANES)
        vec_store(x + i, vec_mul(vec_load(x + i), vec_load(y + i)));
}

/* How many rows of values and scores stay in the first-level cache. */
static int64_t rows_in_cache(const tile *t, int64_t width)
{
    int64_t some = 8192 / (width + t->columns);
    return some < 16 ? 16 : some < SOME_KEYS ? some : SOME_KEYS;
}

/* c[query][] (+)= the sum over keys first .. stop - 1 of weights[key][query] rows[key][] */
static void weigh(const tile *t, int64_t first, int64_t stop, const float *weights, const float *rows,
                  int64_t step, int64_t width, float *c)
{
    multiply_turned((product){.inner = stop - first,
                              .a = weights + first * t->columns,
                              .k_step = t->columns,
                              .b = rows + first * step,
                              .b_step = step,
                              .c = c,
                              .c_step = width,
                              .add = first > 0},
                    t->count, width / LANES);
}

static void forward_unit(const bcue_attention_run *run, int64_t unit, float *scratch)
{
    const bcue_attention_shape *s = run->shape;
    const tile t = tile_of(run, unit / tiles_per_head(s), unit % tiles_per_head(s));
    float *turned = scratch, *scores = turned + s->width * TILE, *result = scores + s->keys * TILE;
    float *sums = result + s->value_width * TILE, *largest = sums + TILE, *factors = largest + TILE;
    turn_queries(&t, turned);
    scores_and_largest(&t, turned, scores, largest);
    if (run->stream != NULL)
        make_factors(&t, run->stream, factors);
    int64_t some = rows_in_cache(&t, s->value_width);
    for (int64_t first = 0; first < s->keys; first += some) {
        int64_t stop = end_of(first, some, s->keys), at = first * t.columns;
        exponentials(&t, first, stop, largest, scores, sums);
        if (run->stream != NULL)
            multiply_all(scores + at, factors + at, (stop - first) * t.columns);
        weigh(&t, first, stop, scores, t.v, s->v.token, s->value_width, result);
    }
    float *y = run->y + side_at(s, &s->y, t.head) + t.first * s->y.token;
    for (int64_t j = 0; j < t.count; j++) {
        vec inverse = vec_set1(1 / sums[j]);
        for (int64_t i = 0; i < s->value_width; i += LANES)
            vec_store(y + j * s->y.token + i, vec_mul(vec_load(result + j * s->value_width + i), inverse));
        if (run->log_sum != NULL)
            run->log_sum[t.head * s->queries + t.first + j] = largest[j] + log2f(sums[j]);
    }
}

/* ---- backward: with p the probabilities, m what dropout multiplies them with and g = v dy: dv = (m p) dy,
   and the gradient of a score is p (m g - sum(p m g) / sum(p)), where sum(p) is 1 but for rounding: so these
   gradients sum to nothing, as they must ---- */

/* scores become m p, g becomes the gradients of the scores; both [key][query]. `factors` is m or NULL. */
static void score_gradients(const tile *t, const float *log_sum, const float *factors, float *scores,
                            float *gradients)
{
    int64_t keys = t->shape->keys, step = t->columns;
    vec scale = vec_set1(t->shape->scale);
    for (int64_t j = 0; j < step; j += LANES) {
        vec down = vec_load(log_sum + j), sum = vec_set1(0), sum_g = vec_set1(0);
        for (int64_t first = 0; first < keys; first += SOME_KEYS) {
            int64_t stop = end_of(first, SOME_KEYS, keys);
            vec part = vec_set1(0), part_g = vec_set1(0);
            for (int64_t s = first; s < stop; s++) {
                int64_t at = s * step + j;
                vec p = vec_exp2(vec_sub(vec_load(scores + at), down)), g = vec_load(gradients + at);
                if (factors != NULL)
                    g = vec_mul(g, vec_load(factors + at));
                part = vec_add(part, p);
                part_g = vec_fma(p, g, part_g);
                vec_store(scores + at, p);
                vec_store(gradients + at, g);
            }
            sum = vec_add(sum, part);
            sum_g = vec_add(sum_g, part_g);
        }
        vec through = vec_div(sum_g, sum);
        for (int64_t s = 0; s < keys; s++) {
            int64_t at = s * step + j;
            vec p = vec_load(scores + at);
            vec_store(gradients + at, vec_mul(vec_mul(p, scale), vec_sub(vec_load(gradients + at), through)));
            if (factors != NULL)
                vec_store(scores + at, vec_mul(p, vec_load(factors + at)));
        }
    }
}

/* c[key][] += weights[key][query] rows[query][] */
static void collect(const tile *t, const float *weights, const float *rows, int64_t step, int64_t width,
                    float *c)
{
    multiply((product){.inner = t->count,
                       .a = weights,
                       .row_step = t->columns,
                       .b = rows,
                       .b_step = step,
                       .c = c,
                       .c_step = width,
                       .add = true},
             t->shape->keys, width / LANES);
}

static void backward_tile(const bcue_attention_run *run, const tile *t, float *scratch)
{
    const bcue_attention_shape *s = run->shape;
    int64_t widest = s->width > s->value_width ? s->width : s->value_width;
    float *turned = scratch, *scores = turned + widest * TILE, *gradients = scores + s->keys * TILE;
    float *log_sum = gradients + s->keys * TILE, *factors = log_sum + TILE;
    const float *dy = run->dy + (t->head * s->queries + t->first) * s->value_width;
    for (int64_t j = 0; j < t->columns; j++)
        log_sum[j] = j < t->count ? run->log_sum[t->head * s->queries + t->first + j] : 0;
    turn_queries(t, turned);
    make_scores(t, 0, s->keys, turned, scores);
    turn(t, dy, s->value_width, s->value_width, 1, turned);
    multiply((product){.inner = s->value_width,
                       .a = t->v,
                       .row_step = s->v.token,
                       .b = turned,
                       .b_step = t->columns,
                       .c = gradients,
                       .c_step = t->columns},
             s->keys, t->columns / LANES);
    if (run->stream != NULL)
        make_factors(t, run->stream, factors);
    score_gradients(t, log_sum, run->stream != NULL ? factors : NULL, scores, gradients);
    if (run->dv != NULL)
        collect(t, scores, dy, s->value_width, s->value_width, run->dv + t->head * s->keys * s->value_width);
    if (run->dk != NULL)
        collect(t, gradients, t->q, s->q.token, s->width, run->dk + t->head * s->keys * s->width);
    float *dq = run->dq != NULL ? run->dq + (t->head * s->queries + t->first) * s->width : NULL;
    int64_t some = rows_in_cache(t, s->width);
    for (int64_t first = 0; dq != NULL && first < s->keys; first += some)
        weigh(t, first, end_of(first, some, s->keys), gradients, t->k, s->k.token, s->width, dq);
}

/* One head: its tiles add to the same dk and dv, one after the other. */
static void backward_unit(const bcue_attention_run *run, int64_t head, float *scratch)
{
    const bcue_attention_shape *s = run->shape;
    if (run->dk != NULL)
        memset(run->dk + head * s->keys * s->width, 0, (size_t)(s->keys * s->width) * sizeof(float));
    if (run->dv != NULL)
        memset(run->dv + head * s->keys * s->value_width, 0,
               (size_t)(s->keys * s->value_width) * sizeof(float));
    for (int64_t number = 0; number < tiles_per_head(s); number++) {
        const tile t = tile_of(run, head, number);
        backward_tile(run, &t, scratch);
    }
}

static int64_t scratch_floats(const bcue_attention_shape *s, bool backward)
{
    int64_t widest = s->width > s->value_width ? s->width : s->value_width;
    int64_t factors = s->dropout > 0 ? s->keys : 0;
    return TILE * (backward ? widest + 2 * s->keys + 1 + factors
                            : s->width + s->keys + s->value_width + 2 + factors);
}

/* ---- how fast this CPU multiplies and adds ---- */

enum { SPIN_SUMS = ROWS_OF(3) * 3 };

static void spin(int64_t rounds, float *out)
{
    vec sum[SPIN_SUMS], factor = vec_load(out), term = vec_load(out + LANES);
#pragma GCC unroll 32
    for (int i = 0; i < SPIN_SUMS; i++)
        sum[i] = vec_set1((float)i);
    for (int64_t round = 0; round < rounds; round++) {
#pragma GCC unroll 32
        for (int i = 0; i < SPIN_SUMS; i++)
            sum[i] = vec_fma(sum[i], factor, term);
    }
#pragma GCC unroll 32
    for (int i = 1; i < SPIN_SUMS; i++)
        sum[0] = vec_add(sum[0], sum[i]);
    vec_store(out, sum[0]);
}

const bcue_attention_kernels ATTENTION_KERNELS = {LANES,         forward_units,       forward_unit,
                                                  backward_unit, scratch_floats,      exp2_lanes,
                                                  spin,          SPIN_SUMS *LANES * 2};
