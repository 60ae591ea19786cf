/* Inside the room: batch norm over one picture's channels that lie beside each other, several at a time. The
   numbers of a channel meet only those of the same channel, with one rounding per operation, so every width
   gives the same bits; the widest that the CPU has and that divides the block of channels is used. */
#ifndef BCUE_ENGINE_NORM_LANES_H
#define BCUE_ENGINE_NORM_LANES_H

#include <stdbool.h>
#include <stddef.h>

/* `width` channels of one picture: pixel p of channel c is at x[p * stride + c]. */
typedef struct bcue_norm_piece {
    size_t pixels, stride;
} bcue_norm_piece;

/* One number for each of the channels. Normalised is (x - mean) * scale + shift. */
typedef struct bcue_norm_line {
    const float *mean, *scale, *shift;
} bcue_norm_line;

/* What a gradient becomes: dx = scale * (dy - level - (x - mean) * slope). */
typedef struct bcue_norm_slope {
    const float *level, *slope;
} bcue_norm_slope;

typedef struct bcue_norm_lanes {
    size_t width;
    /* Mean, and sum of squared distances from it. */
    void (*moments)(bcue_norm_piece piece, const float *x, double *mean, double *squares);
    /* relu: what is below 0 becomes 0. */
    void (*apply)(bcue_norm_piece piece, const float *x, const bcue_norm_line *line, bool relu, float *y);
    /* Sums of dy, and of dy times (x - mean). relu: dy counts where the normalised x is above 0. */
    void (*gradient_sums)(bcue_norm_piece piece, const float *x, const float *dy, const bcue_norm_line *line,
                          bool relu, double *sum, double *sum_centred);
    void (*gradient)(bcue_norm_piece piece, const float *x, const float *dy, const bcue_norm_line *line,
                     const bcue_norm_slope *slope, bool relu, float *dx);
} bcue_norm_lanes;

extern const bcue_norm_lanes bcue_norm_lanes_baseline, bcue_norm_lanes_avx2, bcue_norm_lanes_avx512;
/* The widest for channels in blocks of so many; NULL where none divides the block. */
const bcue_norm_lanes *bcue_norm_lanes_for(size_t block);

#endif
