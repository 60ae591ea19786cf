/* norm_lanes.h with FLOAT_LANES channels at a time. The including file defines FLOAT_LANES and NORM_LANES.
   Sums are float over CHUNK pixels, which stay in the first cache, and double beyond. */
#include "engine/norm_lanes.h"

#include "base/float_lanes.h"

enum { CHUNK = 256, CHAINS = 4 /* sums that do not wait for each other */ };

static inline void store(float *to, lanes x)
{
    memcpy(to, &x, sizeof x);
}

static inline lanes sum_of(const lanes chain[CHAINS])
{
    return (chain[0] + chain[1]) + (chain[2] + chain[3]);
}

static inline size_t chunk_at(const bcue_norm_piece *piece, size_t first)
{
    return piece->pixels - first < CHUNK ? piece->pixels - first : CHUNK;
}

static lanes chunk_sum(const float *x, size_t pixels, size_t stride)
{
    lanes chain[CHAINS] = {{0}};
    size_t p = 0;
    for (; p + CHAINS <= pixels; p += CHAINS) {
        for (size_t k = 0; k < CHAINS; k++)
            chain[k] += load(x + (p + k) * stride);
    }
    for (; p < pixels; p++)
        chain[0] += load(x + p * stride);
    return sum_of(chain);
}

/* Sums of the distances from `centre`, which is the mean but for rounding, and of their squares. */
static lanes chunk_squares(const float *x, size_t pixels, size_t stride, lanes centre, lanes *distances)
{
    lanes chain[CHAINS] = {{0}}, rest[CHAINS] = {{0}};
    size_t p = 0;
    for (; p + CHAINS <= pixels; p += CHAINS) {
        for (size_t k = 0; k < CHAINS; k++) {
            lanes d = load(x + (p + k) * stride) - centre;
            rest[k] += d;
            chain[k] += d * d;
        }
    }
    for (; p < pixels; p++) {
        lanes d = load(x + p * stride) - centre;
        rest[0] += d;
        chain[0] += d * d;
    }
    *distances = sum_of(rest);
    return sum_of(chain);
}

/* Chan, Golub and LeVeque 1983: the moments of two parts give those of the whole. */
static void moments(bcue_norm_piece piece, const float *x, double *mean, double *squares)
{
    for (int c = 0; c < LANES; c++)
        mean[c] = squares[c] = 0;
    for (size_t first = 0; first < piece.pixels; first += CHUNK) {
        size_t pixels = chunk_at(&piece, first);
        const float *from = x + first * piece.stride;
        lanes centre = chunk_sum(from, pixels, piece.stride) / all((float)pixels), distances;
        lanes around = chunk_squares(from, pixels, piece.stride, centre, &distances);
        double before = (double)first, count = (double)pixels;
        for (int c = 0; c < LANES; c++) {
            double off = (double)distances[c] / count, step = (double)centre[c] + off - mean[c];
            squares[c] +=
                (double)around[c] - count * off * off + step * step * before * count / (before + count);
            mean[c] += step * count / (before + count);
        }
    }
}

typedef struct line_lanes {
    lanes mean, scale, shift;
} line_lanes;

static inline line_lanes line_of(const bcue_norm_line *line)
{
    return (line_lanes){load(line->mean), load(line->scale), load(line->shift)};
}

static inline lanes normal(const line_lanes *line, lanes x)
{
    return (x - line->mean) * line->scale + line->shift;
}

static void apply(bcue_norm_piece piece, const float *x, const bcue_norm_line *line, bool relu, float *y)
{
    const line_lanes l = line_of(line);
    if (relu) {
        for (size_t at = 0; at < piece.pixels * piece.stride; at += piece.stride)
            store(y + at, larger(normal(&l, load(x + at)), all(0)));
    } else {
        for (size_t at = 0; at < piece.pixels * piece.stride; at += piece.stride)
            store(y + at, normal(&l, load(x + at)));
    }
}

static inline lanes counted(const line_lanes *line, lanes x, lanes dy, bool relu)
{
    return relu ? choose(normal(line, x) > all(0), dy, all(0)) : dy;
}

static inline void add_pixel(const line_lanes *line, const float *x, const float *dy, bool relu, lanes *sum,
                             lanes *centred)
{
    lanes at = load(x), gradient = counted(line, at, load(dy), relu);
    *sum += gradient;
    *centred += gradient * (at - line->mean);
}

static void gradient_sums(bcue_norm_piece piece, const float *x, const float *dy, const bcue_norm_line *line,
                          bool relu, double *sum, double *sum_centred)
{
    const line_lanes l = line_of(line);
    for (int c = 0; c < LANES; c++)
        sum[c] = sum_centred[c] = 0;
    for (size_t first = 0; first < piece.pixels; first += CHUNK) {
        size_t pixels = chunk_at(&piece, first), p = 0;
        lanes level[CHAINS] = {{0}}, centred[CHAINS] = {{0}};
        const float *from = x + first * piece.stride, *gradient = dy + first * piece.stride;
        for (; p + CHAINS <= pixels; p += CHAINS) {
            for (size_t k = 0; k < CHAINS; k++)
                add_pixel(&l, from + (p + k) * piece.stride, gradient + (p + k) * piece.stride, relu,
                          &level[k], &centred[k]);
        }
        for (; p < pixels; p++)
            add_pixel(&l, from + p * piece.stride, gradient + p * piece.stride, relu, &level[0], &centred[0]);
        lanes all_level = sum_of(level), all_centred = sum_of(centred);
        for (int c = 0; c < LANES; c++) {
            sum[c] += (double)all_level[c];
            sum_centred[c] += (double)all_centred[c];
        }
    }
}

static void gradient(bcue_norm_piece piece, const float *x, const float *dy, const bcue_norm_line *line,
                     const bcue_norm_slope *slope, bool relu, float *dx)
{
    const line_lanes l = line_of(line);
    const lanes level = load(slope->level), steep = load(slope->slope);
    for (size_t at = 0; at < piece.pixels * piece.stride; at += piece.stride) {
        lanes here = load(x + at), own = counted(&l, here, load(dy + at), relu);
        store(dx + at, l.scale * (own - level - (here - l.mean) * steep));
    }
}

const bcue_norm_lanes NORM_LANES = {LANES, moments, apply, gradient_sums, gradient};
