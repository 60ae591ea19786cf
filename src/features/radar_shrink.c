#include <math.h>

#include "features/radar_map.h"

/* The mean around bin (row, column), weights falling linearly over `factor` bins to every side. */
static double mean_around(const float *map, size_t height, size_t width, size_t factor, size_t row,
                          size_t column)
{
    const size_t span = 2 * factor - 1;
    double sum = 0;
    for (size_t i = 0; i < span; i++) {
        const float *line = map + (row + height + i + 1 - factor) % height * width;
        double along = 0;
        for (size_t j = 0; j < span; j++)
            along += (double)(j < factor ? j + 1 : span - j) *
                     (double)line[(column + width + j + 1 - factor) % width];
        sum += (double)(i < factor ? i + 1 : span - i) * along;
    }
    const double total = (double)(factor * factor);
    return sum / (total * total);
}

void bcue_radar_shrink(const float *map, size_t height, size_t width, size_t factor, float *out)
{
    for (size_t row = 0; row < height; row += factor)
        for (size_t column = 0; column < width; column += factor)
            *out++ = (float)mean_around(map, height, width, factor, row, column);
}
