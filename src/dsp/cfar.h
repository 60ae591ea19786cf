/* Detections in a map of power: cells that stand out of their surroundings at a constant rate of false alarms
   (cell averaging; Finn and Johnson, RCA Review 29, 1968). Any thread. */
#ifndef BCUE_DSP_CFAR_H
#define BCUE_DSP_CFAR_H

#include <stddef.h>
#include "beamcue/status.h"

typedef struct bcue_cfar {
    /* To each side of a cell, along rows and columns: cells next to it that may hold the same target, and
       beyond these the cells whose mean is its surroundings. */
    size_t guard[2], reference[2];
    double factor; /* a detection exceeds so many times the mean */
} bcue_cfar;

typedef struct bcue_cfar_cell {
    size_t row, column;
} bcue_cfar_cell;

/* The factor for which noise alone exceeds it in a share `rate` (0..1) of the cells, when a cell is the sum
   of `looks` (1..1024) powers of complex Gaussian noise and the mean is known: with 100 reference cells or
   more little is wrong with that. */
double bcue_cfar_factor(double rate, int looks);

/* power: (rows, columns), finite and >= 0. Rows end (range), columns go round (Doppler). Of the cells that
   exceed their surroundings those are detections that no neighbour among the eight exceeds; of equal
   neighbours the first. found: room for rows * columns; in order of rows, then columns. BCUE_ERROR_ARGUMENT:
   the columns are fewer than a window is wide, or there is no reference cell. */
bcue_status bcue_cfar_detect(const bcue_cfar *cfar, const float *power, size_t rows, size_t columns,
                             bcue_cfar_cell *found, size_t *count, bcue_error *error);

#endif
