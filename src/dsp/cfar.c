#include "dsp/cfar.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"

/* e^-x sum x^k / k!, k < looks: the share of sums of `looks` unit exponentials above x. */
static double tail(double x, int looks)
{
    double term = exp(-x), sum = term;
    for (int k = 1; k < looks; k++) {
        term *= x / k;
        sum += term;
    }
    return sum;
}

double bcue_cfar_factor(double rate, int looks)
{
    double low = 0, high = 2.0 * looks + 100;
    for (int i = 0; i < 100; i++) {
        const double middle = 0.5 * (low + high);
        if (tail(middle, looks) > rate)
            low = middle;
        else
            high = middle;
    }
    return high / looks;
}

typedef struct sums {
    double *wide, *narrow; /* (rows, columns): along a row, over the window and over the guard cells */
} sums;

/* Around every column, `half` to each side, round the ends. */
static void sum_row(const float *power, size_t columns, size_t half, double *out)
{
    for (size_t c = 0; c < columns; c++) {
        double sum = 0;
        for (size_t d = 0; d <= 2 * half; d++)
            sum += (double)power[(c + columns + d - half) % columns];
        out[c] = sum;
    }
}

static double sum_rows(const double *sums_of_rows, size_t rows, size_t columns, size_t row, size_t column,
                       size_t half, size_t *counted)
{
    const size_t first = row > half ? row - half : 0, last = row + half < rows ? row + half : rows - 1;
    double sum = 0;
    for (size_t r = first; r <= last; r++)
        sum += sums_of_rows[r * columns + column];
    *counted = last - first + 1;
    return sum;
}

/* Is the cell its neighbourhood's peak? */
static bool is_peak(const float *power, size_t rows, size_t columns, size_t row, size_t column)
{
    const float own = power[row * columns + column];
    for (size_t r = row > 0 ? row - 1 : 0; r <= row + 1 && r < rows; r++)
        for (size_t d = 0; d < 3; d++) {
            const size_t c = (column + columns + d - 1) % columns, at = r * columns + c;
            const bool before = at < row * columns + column;
            if (power[at] > own || (before && power[at] >= own))
                return false;
        }
    return true;
}

static double surroundings(const bcue_cfar *cfar, const sums *s, size_t rows, size_t columns, size_t row,
                           size_t column)
{
    const size_t guard_columns = 2 * cfar->guard[1] + 1,
                 window_columns = guard_columns + 2 * cfar->reference[1];
    size_t window_rows, guard_rows;
    const double all = sum_rows(s->wide, rows, columns, row, column, cfar->guard[0] + cfar->reference[0],
                                &window_rows),
                 inner = sum_rows(s->narrow, rows, columns, row, column, cfar->guard[0], &guard_rows);
    const size_t cells = window_rows * window_columns - guard_rows * guard_columns;
    return cells > 0 ? fmax(all - inner, 0) / (double)cells : HUGE_VAL;
}

static void find(const bcue_cfar *cfar, const sums *s, const float *power, size_t rows, size_t columns,
                 bcue_cfar_cell *found, size_t *count)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            if (is_peak(power, rows, columns, r, c) &&
                (double)power[r * columns + c] > cfar->factor * surroundings(cfar, s, rows, columns, r, c))
                found[(*count)++] = (bcue_cfar_cell){r, c};
}

bcue_status bcue_cfar_detect(const bcue_cfar *cfar, const float *power, size_t rows, size_t columns,
                             bcue_cfar_cell *found, size_t *count, bcue_error *error)
{
    const size_t width = 2 * (cfar->guard[1] + cfar->reference[1]) + 1;
    *count = 0;
    if (cfar->reference[0] + cfar->reference[1] == 0)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "CFAR needs reference cells");
    if (columns < width || columns < 3)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "CFAR windows of %zu columns do not fit in %zu", width,
                         columns);
    sums s = {bcue_calloc(rows * columns, sizeof *s.wide), bcue_calloc(rows * columns, sizeof *s.narrow)};
    const bool room = s.wide != NULL && s.narrow != NULL;
    for (size_t r = 0; room && r < rows; r++) {
        sum_row(power + r * columns, columns, cfar->guard[1] + cfar->reference[1], s.wide + r * columns);
        sum_row(power + r * columns, columns, cfar->guard[1], s.narrow + r * columns);
    }
    if (room)
        find(cfar, &s, power, rows, columns, found, count);
    free(s.wide);
    free(s.narrow);
    return room ? BCUE_OK : bcue_fail_memory(error, "CFAR");
}
