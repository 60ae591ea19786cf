#include "learn/relation_loss.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"

const char *const bcue_relation_names[] = {"euclidean",  "cosine", "cosine-distance",
                                           "hyperbolic", "angle",  NULL};

/* Clamps of the public implementations (survey 6.1, 6.2). */
static const double least_square = 1e-12; /* of a squared distance */
static const double least_norm = 1e-12;   /* of a vector that has a direction */
static const double least_radius = 1e-5, most_argument = 15, edge = 1e-3, tiny = 1e-5, most_tanh = 1 - 1e-5;

/* One side: its features and what is made of them. All arrays are owned, row-major. */
typedef struct side {
    size_t n, width;
    const double *x; /* borrowed: n x width */
    double *y;       /* n x width: the features where the relation is taken (normalised, mapped) */
    double *norm;    /* n: of the rows of x */
    double *square;  /* n x n: squared distances of the rows of y */
    double *r;       /* n x n: the relation, before its mean is taken out */
    double *slope;   /* n x n: derivative of r by `square` (or by the dot product), 0 where clamped */
    double *slope_i; /* n x n: HYPERBOLIC: derivative of r_ij by |y_i|^2 */
    double mean;     /* of the positive relations; 1 when not used */
    size_t positive;
} side;

static void free_side(side *s)
{
    free(s->y);
    free(s->norm);
    free(s->square);
    free(s->r);
    free(s->slope);
    free(s->slope_i);
}

static bcue_status make_side(size_t n, size_t width, const double *x, side *s, bcue_error *error)
{
    *s = (side){.n = n, .width = width, .x = x, .mean = 1};
    size_t pairs;
    if (!bcue_mul_size(n, n, &pairs))
        return bcue_fail_memory(error, "a relational loss");
    s->y = bcue_calloc(n, width * sizeof *s->y);
    s->norm = bcue_calloc(n, sizeof *s->norm);
    s->square = bcue_calloc(pairs, sizeof *s->square);
    s->r = bcue_calloc(pairs, sizeof *s->r);
    s->slope = bcue_calloc(pairs, sizeof *s->slope);
    s->slope_i = bcue_calloc(pairs, sizeof *s->slope_i);
    if (s->y == NULL || s->norm == NULL || s->square == NULL || s->r == NULL || s->slope == NULL ||
        s->slope_i == NULL)
        return bcue_fail_memory(error, "a relational loss");
    for (size_t i = 0; i < n * width; i++) {
        if (!isfinite(x[i]))
            return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                             "a relational loss: number %zu of sample %zu's features is %g", i % width,
                             i / width, x[i]);
    }
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t k = 0; k < width; k++)
            sum += x[i * width + k] * x[i * width + k];
        s->norm[i] = sqrt(sum);
    }
    memcpy(s->y, x, n * width * sizeof *s->y);
    return BCUE_OK;
}

static double dot(const side *s, size_t i, size_t j)
{
    double sum = 0;
    for (size_t k = 0; k < s->width; k++)
        sum += s->y[i * s->width + k] * s->y[j * s->width + k];
    return sum;
}

static void fill_squares(side *s)
{
    for (size_t i = 0; i < s->n; i++) {
        for (size_t j = i + 1; j < s->n; j++) {
            double sum = 0;
            for (size_t k = 0; k < s->width; k++) {
                const double away = s->y[i * s->width + k] - s->y[j * s->width + k];
                sum += away * away;
            }
            s->square[i * s->n + j] = s->square[j * s->n + i] = sum;
        }
    }
}

/* ---- relations ---- */

static void euclidean(side *s)
{
    fill_squares(s);
    for (size_t i = 0; i < s->n * s->n; i++) {
        if (i % (s->n + 1) == 0)
            continue; /* the diagonal */
        const bool clamped = s->square[i] < least_square;
        s->r[i] = sqrt(clamped ? least_square : s->square[i]);
        s->slope[i] = clamped ? 0 : 0.5 / s->r[i];
    }
}

/* Rows of y to length 1; a row without direction to 0. */
static void normalise(side *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const double scale = s->norm[i] < least_norm ? 0 : 1 / s->norm[i];
        for (size_t k = 0; k < s->width; k++)
            s->y[i * s->width + k] = scale * s->x[i * s->width + k];
    }
}

/* slope: by the dot product of y_i and y_j. */
static void cosine(side *s, bool distance)
{
    normalise(s);
    for (size_t i = 0; i < s->n; i++) {
        for (size_t j = 0; j < s->n; j++) {
            const double value = dot(s, i, j);
            if (i == j && distance)
                continue;
            s->r[i * s->n + j] = distance ? 1 - value : value;
            s->slope[i * s->n + j] = i == j ? 0 : distance ? -1 : 1;
        }
    }
}

/* The factor f of y = f x, and its derivative by |x|: exponential map at 0, then the projection into the
 * ball. */
static void ball_factor(double norm, double c, double *factor, double *slope)
{
    const double root = sqrt(c), radius = norm > least_radius ? norm : least_radius;
    const double argument = root * radius, value = tanh(argument < most_argument ? argument : most_argument);
    *factor = value / argument;
    *slope = 0;
    if (norm > least_radius) {
        const double by_argument = argument < most_argument ? 1 - value * value : 0;
        *slope = root * (by_argument - value / argument) / argument;
    }
    const double most = (1 - edge) / root;
    if (*factor * norm > most) {
        *factor = most / norm;
        *slope = -most / (norm * norm);
    }
}

/* |(-a) (+) b| = sqrt(q e) / (e + 1e-5) with q = |a - b|^2 and e = 1 - 2c<a,b> + c^2 |a|^2 |b|^2, because the
   numerator of the Moebius sum has the squared length q e; free of cancellation between near vectors. */
static void hyperbolic(side *s, double c)
{
    const double root = sqrt(c);
    for (size_t i = 0; i < s->n; i++) {
        double factor, slope;
        ball_factor(s->norm[i], c, &factor, &slope);
        for (size_t k = 0; k < s->width; k++)
            s->y[i * s->width + k] = factor * s->x[i * s->width + k];
    }
    fill_squares(s);
    for (size_t i = 0; i < s->n; i++) {
        const double a = dot(s, i, i);
        for (size_t j = 0; j < s->n; j++) {
            const size_t at = i * s->n + j;
            const double b = dot(s, j, j), q = s->square[at];
            if (i == j || q < least_square * least_square)
                continue;
            const double e = 1 - c * (a + b - q) + c * c * a * b, below = e + tiny;
            const double length = root * sqrt(q * e) / below;
            const bool clamped = length > most_tanh;
            const double v = clamped ? most_tanh : length;
            s->r[at] = 2 / root * atanh(v);
            if (clamped)
                continue;
            const double by_v = 2 / root / (1 - v * v);
            const double by_e = v * (0.5 / e - 1 / below);
            s->slope[at] = by_v * (0.5 * v / q + by_e * c);
            s->slope_i[at] = by_v * by_e * (c * c * b - c);
        }
    }
}

/* The mean of the positive relations becomes 1. */
static void take_mean(side *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->n * s->n; i++) {
        if (i % (s->n + 1) == 0 || s->r[i] <= 0)
            continue;
        sum += s->r[i];
        s->positive++;
    }
    s->mean = s->positive > 0 ? sum / (double)s->positive : 1;
}

static void relate(side *s, const bcue_relation_options *options)
{
    switch (options->relation) {
    case BCUE_RELATION_EUCLIDEAN:
        euclidean(s);
        take_mean(s);
        break;
    case BCUE_RELATION_COSINE:
        cosine(s, false);
        break;
    case BCUE_RELATION_COSINE_DISTANCE:
        cosine(s, true);
        take_mean(s);
        break;
    case BCUE_RELATION_HYPERBOLIC:
        hyperbolic(s, options->curvature > 0 ? options->curvature : 0.1);
        take_mean(s);
        break;
    case BCUE_RELATION_ANGLE:
    case BCUE_RELATION_COUNT:
        fill_squares(s);
        break;
    }
}

static double smooth_l1(double difference, double *slope)
{
    const double size = fabs(difference);
    *slope = size < 1 ? difference : difference > 0 ? 1 : -1;
    return size < 1 ? 0.5 * difference * difference : size - 0.5;
}

/* ---- pairs ---- */

/* dx for y = f(|x|) x from dy, row by row. */
static void back_through_scaling(const side *s, const double *factor, const double *slope, double *gradient)
{
    for (size_t i = 0; i < s->n; i++) {
        const double *x = s->x + i * s->width;
        double *g = gradient + i * s->width, along = 0;
        for (size_t k = 0; k < s->width; k++)
            along += x[k] * g[k];
        const double pull = s->norm[i] > 0 ? slope[i] * along / s->norm[i] : 0;
        for (size_t k = 0; k < s->width; k++)
            g[k] = factor[i] * g[k] + pull * x[k];
    }
}

/* Adds weight (y_i - y_j) to the gradient of i and takes it from that of j. */
static void pull_apart(const side *s, size_t i, size_t j, double weight, double *gradient)
{
    const double *a = s->y + i * s->width, *b = s->y + j * s->width;
    double *to_a = gradient + i * s->width, *to_b = gradient + j * s->width;
    for (size_t k = 0; k < s->width; k++) {
        const double part = weight * (a[k] - b[k]);
        to_a[k] += part;
        to_b[k] -= part;
    }
}

static void add_row(const side *s, size_t from, size_t to, double weight, double *gradient)
{
    for (size_t k = 0; k < s->width; k++)
        gradient[to * s->width + k] += weight * s->y[from * s->width + k];
}

static bcue_status back_to_features(const side *s, const bcue_relation_options *options, const double *by_r,
                                    double *gradient, bcue_error *error)
{
    const bool dots =
        options->relation == BCUE_RELATION_COSINE || options->relation == BCUE_RELATION_COSINE_DISTANCE;
    for (size_t i = 0; i < s->n; i++) {
        for (size_t j = 0; j < s->n; j++) {
            const size_t at = i * s->n + j;
            const double weight = by_r[at] * s->slope[at];
            if (dots) {
                add_row(s, j, i, weight, gradient);
                add_row(s, i, j, weight, gradient);
            } else {
                pull_apart(s, i, j, 2 * weight, gradient);
                add_row(s, i, i, 2 * by_r[at] * s->slope_i[at], gradient);
                add_row(s, j, j, 2 * by_r[at] * s->slope_i[j * s->n + i], gradient);
            }
        }
    }
    if (!dots && options->relation != BCUE_RELATION_HYPERBOLIC)
        return BCUE_OK;
    double *factor = bcue_calloc(2 * s->n, sizeof *factor);
    if (factor == NULL)
        return bcue_fail_memory(error, "a relational loss");
    for (size_t i = 0; i < s->n; i++) {
        const bool there = s->norm[i] >= least_norm;
        factor[i] = there ? 1 / s->norm[i] : 0;
        factor[s->n + i] = there ? -1 / (s->norm[i] * s->norm[i]) : 0;
        if (!dots)
            ball_factor(s->norm[i], options->curvature > 0 ? options->curvature : 0.1, &factor[i],
                        &factor[s->n + i]);
    }
    back_through_scaling(s, factor, factor + s->n, gradient);
    free(factor);
    return BCUE_OK;
}

static bcue_status pair_loss(const bcue_relation_options *options, const side *student, const side *teacher,
                             double *loss, double *gradient, bcue_error *error)
{
    const size_t pairs = student->n * student->n;
    const double share = options->sum ? 1 : 1 / (double)pairs;
    double *by_r = bcue_calloc(pairs, sizeof *by_r), sum = 0, along = 0;
    if (by_r == NULL)
        return bcue_fail_memory(error, "a relational loss");
    for (size_t i = 0; i < pairs; i++) {
        double slope;
        sum += smooth_l1(student->r[i] / student->mean - teacher->r[i] / teacher->mean, &slope);
        by_r[i] = share * slope / student->mean;
        along += by_r[i] * student->r[i] / student->mean;
    }
    *loss = share * sum;
    /* Each positive relation also moves the mean. */
    for (size_t i = 0; i < pairs && student->positive > 0; i++) {
        if (i % (student->n + 1) != 0 && student->r[i] > 0)
            by_r[i] -= along / (double)student->positive;
    }
    bcue_status status =
        gradient == NULL ? BCUE_OK : back_to_features(student, options, by_r, gradient, error);
    free(by_r);
    return status;
}

/* ---- triplets ---- */

/* cos of the angle at j between i and k, by the law of cosines; 0 when i or k lies on j. */
static double corner(const side *s, size_t i, size_t j, size_t k)
{
    const double a = s->square[i * s->n + j], b = s->square[k * s->n + j], c = s->square[i * s->n + k];
    if (a < least_norm * least_norm || b < least_norm * least_norm)
        return 0;
    return (a + b - c) / (2 * sqrt(a) * sqrt(b));
}

static void angle_loss(const bcue_relation_options *options, const side *student, const side *teacher,
                       double *loss, double *by_square)
{
    const size_t n = student->n;
    const double share = options->sum ? 1 : 1 / ((double)n * (double)n * (double)n);
    double sum = 0;
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) {
            for (size_t k = 0; k < n; k++) {
                double slope;
                const double cosine = corner(student, i, j, k);
                sum += smooth_l1(cosine - corner(teacher, i, j, k), &slope);
                const double a = student->square[i * n + j], b = student->square[k * n + j];
                if (i == j || k == j || i == k || a < least_norm * least_norm || b < least_norm * least_norm)
                    continue; /* with i = k the cosine is 1 whatever the features */
                const double below = 1 / (2 * sqrt(a) * sqrt(b));
                by_square[i * n + j] += share * slope * (below - 0.5 * cosine / a);
                by_square[k * n + j] += share * slope * (below - 0.5 * cosine / b);
                by_square[i * n + k] -= share * slope * below;
            }
        }
    }
    *loss = share * sum;
}

static bcue_status triplet_loss(const bcue_relation_options *options, const side *student,
                                const side *teacher, double *loss, double *gradient, bcue_error *error)
{
    const size_t n = student->n;
    double *by_square = bcue_calloc(n * n, sizeof *by_square);
    if (by_square == NULL)
        return bcue_fail_memory(error, "a relational loss");
    angle_loss(options, student, teacher, loss, by_square);
    for (size_t i = 0; gradient != NULL && i < n; i++) {
        for (size_t j = 0; j < n; j++)
            pull_apart(student, i, j, 2 * by_square[i * n + j], gradient);
    }
    free(by_square);
    return BCUE_OK;
}

/* ---- the call ---- */

bcue_status bcue_relation_loss(const bcue_relation_options *options, size_t count, const double *student,
                               size_t student_width, const double *teacher, size_t teacher_width,
                               double *loss, double *gradient, bcue_error *error)
{
    *loss = 0;
    if (gradient != NULL)
        memset(gradient, 0, count * student_width * sizeof *gradient);
    side s = {0}, t = {0};
    bcue_status status = make_side(count, student_width, student, &s, error);
    if (status == BCUE_OK)
        status = make_side(count, teacher_width, teacher, &t, error);
    if (status == BCUE_OK && count > 1) {
        relate(&s, options);
        relate(&t, options);
        status = options->relation == BCUE_RELATION_ANGLE
                     ? triplet_loss(options, &s, &t, loss, gradient, error)
                     : pair_loss(options, &s, &t, loss, gradient, error);
    }
    free_side(&s);
    free_side(&t);
    return status;
}
