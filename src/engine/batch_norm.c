#include "engine/batch_norm.h"

#include <math.h>
#include "base/parallel.h"

enum { GRAIN = 16384 /* numbers that are worth a thread */ };

typedef struct norm_run {
    const bcue_batch_norm *norm;
    const float *x, *dy;
    bcue_norm_line line;
    bcue_norm_slope slope;
    double *first, *second; /* (images, channels) each: what the pictures give to the sums */
    float *to;
} norm_run;

/* Piece k: so many channels as the lanes are wide, of one picture. */
typedef struct norm_at {
    size_t channel; /* the first */
    size_t row;     /* image * channels + channel */
    size_t offset;  /* of its first number */
    bcue_norm_piece piece;
} norm_at;

static norm_at piece_at(const bcue_batch_norm *norm, size_t k)
{
    size_t pieces = norm->channels / norm->lanes->width, image = k / pieces;
    size_t channel = k % pieces * norm->lanes->width;
    return (norm_at){channel,
                     image * norm->channels + channel,
                     (image * norm->channels + channel - channel % norm->block) * norm->area +
                         channel % norm->block,
                     {norm->area, norm->block}};
}

static void for_pieces(norm_run *run, void (*body)(void *context, size_t piece))
{
    const bcue_batch_norm *norm = run->norm;
    size_t size = norm->area * norm->lanes->width, grain = GRAIN / size;
    bcue_parallel_for(norm->images * (norm->channels / norm->lanes->width), grain > 0 ? grain : 1, body, run);
}

static void piece_moments(void *context, size_t k)
{
    const norm_run *run = context;
    norm_at at = piece_at(run->norm, k);
    run->norm->lanes->moments(at.piece, run->x + at.offset, run->first + at.row, run->second + at.row);
}

static bcue_norm_line line_at(const norm_run *run, size_t channel)
{
    return (bcue_norm_line){run->line.mean + channel, run->line.scale + channel, run->line.shift + channel};
}

static void piece_apply(void *context, size_t k)
{
    const norm_run *run = context;
    norm_at at = piece_at(run->norm, k);
    bcue_norm_line line = line_at(run, at.channel);
    run->norm->lanes->apply(at.piece, run->x + at.offset, &line, run->norm->relu, run->to + at.offset);
}

static void piece_sums(void *context, size_t k)
{
    const norm_run *run = context;
    norm_at at = piece_at(run->norm, k);
    bcue_norm_line line = line_at(run, at.channel);
    run->norm->lanes->gradient_sums(at.piece, run->x + at.offset, run->dy + at.offset, &line, run->norm->relu,
                                    run->first + at.row, run->second + at.row);
}

static void piece_gradient(void *context, size_t k)
{
    const norm_run *run = context;
    norm_at at = piece_at(run->norm, k);
    bcue_norm_line line = line_at(run, at.channel);
    bcue_norm_slope slope = {run->slope.level + at.channel, run->slope.slope + at.channel};
    run->norm->lanes->gradient(at.piece, run->x + at.offset, run->dy + at.offset, &line, &slope,
                               run->norm->relu, run->to + at.offset);
}

/* Scratch: two numbers for each channel of each picture, then four floats for each channel. */
size_t bcue_batch_norm_scratch(const bcue_batch_norm *norm)
{
    return 2 * norm->images * norm->channels + 2 * norm->channels;
}

static norm_run run_of(const bcue_batch_norm *norm, const float *x, const float *mean, const float *bias,
                       double *scratch)
{
    size_t rows = norm->images * norm->channels;
    float *floats = (float *)(scratch + 2 * rows);
    return (norm_run){.norm = norm,
                      .x = x,
                      .line = {mean, floats, bias},
                      .slope = {floats + norm->channels, floats + 2 * norm->channels},
                      .first = scratch,
                      .second = scratch + rows};
}

static double inverse_of(const bcue_batch_norm *norm, float variance)
{
    return 1 / sqrt((double)variance + norm->epsilon);
}

/* Moments of the pictures to those of the batch; the pictures are equally large. */
static void combine_moments(const norm_run *run, size_t c, float *mean, float *variance)
{
    const bcue_batch_norm *norm = run->norm;
    double area = (double)norm->area, whole = 0, squares = 0;
    for (size_t n = 0; n < norm->images; n++) {
        double before = (double)n, step = run->first[n * norm->channels + c] - whole;
        squares += run->second[n * norm->channels + c] + step * step * area * before / (before + 1);
        whole += step / (before + 1);
    }
    *mean = (float)whole;
    *variance = (float)(squares / (area * (double)norm->images));
}

void bcue_batch_norm_forward(const bcue_batch_norm *norm, const float *x, const float *weight,
                             const float *bias, float *mean, float *variance, float *y, double *scratch)
{
    norm_run run = run_of(norm, x, mean, bias, scratch);
    float *scale = (float *)(scratch + 2 * norm->images * norm->channels);
    run.to = y;
    for_pieces(&run, piece_moments);
    for (size_t c = 0; c < norm->channels; c++) {
        combine_moments(&run, c, &mean[c], &variance[c]);
        scale[c] = (float)((double)weight[c] * inverse_of(norm, variance[c]));
    }
    for_pieces(&run, piece_apply);
}

void bcue_batch_norm_backward(const bcue_batch_norm *norm, const float *x, const float *dy,
                              const float *weight, const float *bias, const float *mean,
                              const float *variance, float *dx, float *dweight, float *dbias, double *scratch)
{
    norm_run run = run_of(norm, x, mean, bias, scratch);
    float *scale = (float *)(scratch + 2 * norm->images * norm->channels);
    float *level = scale + norm->channels, *slope = level + norm->channels;
    run.dy = dy;
    run.to = dx;
    for (size_t c = 0; c < norm->channels; c++)
        scale[c] = (float)((double)weight[c] * inverse_of(norm, variance[c]));
    for_pieces(&run, piece_sums);
    double count = (double)(norm->images * norm->area);
    for (size_t c = 0; c < norm->channels; c++) {
        double sum = 0, centred = 0, inverse = inverse_of(norm, variance[c]);
        for (size_t n = 0; n < norm->images; n++) {
            sum += run.first[n * norm->channels + c];
            centred += run.second[n * norm->channels + c];
        }
        dbias[c] = (float)sum;
        dweight[c] = (float)(centred * inverse);
        level[c] = (float)(sum / count);
        slope[c] = (float)(centred * inverse * inverse / count);
    }
    for_pieces(&run, piece_gradient);
}
